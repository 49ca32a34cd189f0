/* HTTP as an agent sees it: one request, one answer.
 *
 * A struct transport is a function and its owner, so that tests stand in for a server.
 * The real one is struct client: libcurl over TLS, verified against the operator's CA
 * file, always; connections are kept and shared by all devices that use the same client,
 * for the Authorization header goes with each request.  A client belongs to one thread.
 *
 * A large body goes to a sink piece by piece and is never held whole; everything else is
 * read into memory and bounded. */

#ifndef AGENTS_CLIENT_H
#define AGENTS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct problem;

enum { ETAG_MOST = 96, ANSWER_BODY_MOST = 1024 * 1024 };

struct answer {
	int status;
	int64_t length;        /* Content-Length, -1 unknown */
	int64_t range_from;    /* Content-Range's first byte, -1 none */
	int64_t retry_after_s; /* -1 none */
	char etag[ETAG_MOST];  /* empty: none */
	char *body; /* NUL-terminated; freed by answer_fini; NULL with a sink */
	size_t body_size;
	bool cut;       /* the sink wanted no more */
	bool is_xpress; /* Content-Encoding; the body is as it came */
};

/* Takes the body of a 200 or 206.  Either returns false to end the transfer. */
struct sink {
	void *owner;
	bool (*open)(void *owner, const struct answer *answer); /* headers are there */
	bool (*take)(void *owner, const void *data, size_t size);
};

struct request {
	const char *method; /* GET | PUT | POST */
	const char *url;
	const char *authorization;    /* header value, NULL for none */
	const char *body;             /* NULL for none */
	const char *type;             /* its Content-Type; NULL: JSON */
	const char *soap_action;      /* without its quotes; NULL: no SOAP */
	int64_t range_from, range_to; /* inclusive; to -1: to the end; from -1: whole */
	const char *if_range;         /* ETag, NULL for none */
	const struct sink *sink;      /* NULL: into answer.body */
};

struct transport {
	void *owner;
	/* 0 when an answer came, whatever its status, or the sink cut it. */
	int (*exchange)(void *owner, const struct request *request, struct answer *answer,
			struct problem *p);
};

void answer_fini(struct answer *answer);

/* Once in a program, before the first client and before any thread. */
int client_start(struct problem *p);
void client_stop(void);

struct client_options {
	const char *ca_file;       /* PEM; NULL: the system's certificates */
	const char *unix_socket;   /* connect there instead; allows http://localhost/ */
	bool allow_plain_loopback; /* tests in code only: http://127.0.0.1 */
	bool (*is_stopped)(void);  /* asked during a transfer, which then ends; or NULL */
};

struct client;
struct client *client_new(const struct client_options *options, struct problem *p);
void client_free(struct client *client); /* accepts NULL */
struct transport client_transport(struct client *client);

#endif
