/* What all TLS connections of the server share: certificate, key, suites, sessions.
 *
 * One context is made at start and used by every loop; OpenSSL locks inside it.  TLS
 * 1.2 and 1.3 only, forward-secret suites only, no renegotiation, no compression, and
 * http/1.1 is the one protocol we agree to speak. */

#ifndef PROTOCOL_HTTP_TLS_CONTEXT_H
#define PROTOCOL_HTTP_TLS_CONTEXT_H

#include <openssl/ssl.h>

struct problem;
struct tls_context;

/* `certificate` is a PEM chain, leaf first; `key` a PEM private key.  NULL with *p
 * told. */
struct tls_context *tls_context_new(const char *certificate, const char *key,
				    struct problem *p);
/* Accepts NULL.  Connections that live on keep what they need. */
void tls_context_free(struct tls_context *context);

SSL_CTX *tls_context_ssl(const struct tls_context *context);

/* The newest OpenSSL error in words; empties its queue. */
const char *tls_error(char *text, size_t room);

#endif
