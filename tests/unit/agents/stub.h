/* A stub of an HTTP server: one thread, one connection at a time, canned replies.
 *
 * It listens on 127.0.0.1, in the clear or over TLS with a certificate of its own, or on
 * a Unix socket.  Each request gets the next reply as it stands; the last one is
 * repeated. What was asked is kept.  The thread never asserts. */

#ifndef TESTS_UNIT_AGENTS_STUB_H
#define TESTS_UNIT_AGENTS_STUB_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { STUB_REQUESTS = 8, STUB_TEXT = 4096 };

struct stub {
	int listener;
	char url[64];
	SSL_CTX *tls; /* NULL: in the clear */
	const char *const *replies;
	size_t reply_count;
	size_t endless; /* bytes of 'x' sent after each reply */
	bool stalls;    /* says nothing after the reply, and keeps the connection */
	atomic_bool over;
	pthread_t thread;
	atomic_size_t request_count, connection_count;
	char requests[STUB_REQUESTS][STUB_TEXT];
};

/* With a certificate for `name` ("IP:127.0.0.1") it speaks TLS, and the certificate is
 * written to `ca_path`. */
void stub_start(struct stub *stub, const char *const *replies, size_t count);
void stub_start_tls(struct stub *stub, const char *const *replies, size_t count,
		    const char *name, const char *ca_path);
void stub_start_unix(struct stub *stub, const char *const *replies, size_t count,
		     const char *path);
void stub_stop(struct stub *stub);

#endif
