/* Makes certificates: the lab's own CA, and the server's under it. */

#ifndef PROTOCOL_HTTP_TLS_CERTIFICATE_H
#define PROTOCOL_HTTP_TLS_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct problem;

enum { CA_DAYS = 3652, SERVER_DAYS = 398, RENEW_DAYS = 30 };

/* All NULL with *p told when OpenSSL fails. */
EVP_PKEY *certificate_key_new(struct problem *p); /* EC P-256 */
X509 *certificate_ca_new(EVP_PKEY *key, const char *host, int64_t now_s,
			 struct problem *p);

struct certificate_issuer {
	X509 *certificate;
	EVP_PKEY *key;
};
struct certificate_names {
	const char *const *names; /* host names and IP addresses */
	size_t count;
};
X509 *certificate_server_new(EVP_PKEY *key, const struct certificate_issuer *issuer,
			     const struct certificate_names *names, int64_t now_s,
			     struct problem *p);

/* Does it hold every one of the names? */
bool certificate_covers(X509 *certificate, const struct certificate_names *names);
/* A host name of letters, digits, '-', '.', '_', or an IP address. */
bool certificate_name_is_legal(const char *name);

#endif
