/* One TLS connection as a pump: bytes from the peer in, plain bytes out, and back.
 *
 * It never touches a socket.  What OpenSSL wants sent is appended to the `sealed` buffer
 * given at birth; the caller sends it on after *every* call here, also after one that
 * failed, for then it holds the alert.  OpenSSL reads through a BIO of ours straight
 * from the bytes just received, so an idle connection keeps no buffers of its own. */

#ifndef PROTOCOL_HTTP_TLS_H
#define PROTOCOL_HTTP_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buffer;
struct tls;
struct tls_context;

enum tls_result {
	TLS_WAITS = 0,   /* everything received is used up */
	TLS_ENDED = -1,  /* the peer said that it will send no more */
	TLS_BROKEN = -2, /* nothing can be read or written any more */
};

/* The server's side.  NULL without memory. */
struct tls *tls_new(struct tls_context *context, struct buffer *sealed);
void tls_free(struct tls *tls); /* accepts NULL */

/* Lend bytes from the peer.  They must stay until tls_read() says TLS_WAITS or worse. */
void tls_receive(struct tls *tls, const char *data, size_t size);

/* Plain bytes into `room`, or a tls_result.  Runs the handshake as needed. */
ssize_t tls_read(struct tls *tls, char *room, size_t size);

/* Seal all of `data`.  False when the connection is broken. */
bool tls_write(struct tls *tls, const char *data, size_t size);

/* Seal our close_notify. */
void tls_shutdown(struct tls *tls);

bool tls_is_open(const struct tls *tls); /* the handshake is done */

#endif
