/* A blocking client for tests: raw bytes to a loop and back, plain or over TLS.
 *
 * It knows just enough HTTP to find where a reply ends, so that a test can look at the
 * exact bytes.  Every wait is bounded by a socket timeout of ten seconds; past it a
 * call fails the way it fails when the peer has gone. */

#ifndef TESTS_UNIT_HTTP_HTTP_CLIENT_H
#define TESTS_UNIT_HTTP_HTTP_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct http_client {
	int fd;
	SSL *ssl;      /* NULL for plain */
	char *pending; /* came after the last reply */
	size_t pending_size;
};

struct http_answer {
	int status; /* 0: the peer closed, or said nothing that is a reply */
	char *head; /* NUL-terminated, with the empty line */
	char *body; /* NUL-terminated */
	size_t body_size;
};

bool http_client_unix(struct http_client *client, const char *path);
/* `session` to resume may be NULL. */
bool http_client_tls(struct http_client *client, int port, SSL_CTX *context,
		     SSL_SESSION *session);
/* With `politely` close_notify is sent first. */
void http_client_close(struct http_client *client, bool politely);

bool http_client_send(struct http_client *client, const void *data, size_t size);
/* Bytes, 0 at the end, -1 on error or after the timeout. */
long http_client_read(struct http_client *client, void *room, size_t size);

/* The next reply; 100 Continue is a reply of its own.  `is_head`: without a body. */
struct http_answer http_client_answer(struct http_client *client, bool is_head);
void http_answer_free(struct http_answer *answer);
/* The value of a header into `room`; false when absent. */
bool http_answer_header(const struct http_answer *answer, const char *name, char *room,
			size_t size);

/* One request on an open connection. */
struct http_answer http_client_ask(struct http_client *client, const char *request);

#endif
