/* The server's own certificate, made on first start so that nobody has to run openssl.
 *
 * A state directory holds a lab CA (ca.crt, ca.key) and the server's certificate under
 * it (server.crt, server.key): EC P-256, keys readable by the server alone.  Agents are
 * given ca.crt, once.  The server certificate is renewed when it has less than 30 days
 * left or lacks a name it should have; its key stays.  A certificate that another CA
 * issued is the operator's: it is checked and never replaced.
 *
 * Every file is written under a temporary name, synced and renamed, and keys come before
 * their certificates: a start that was cut short is finished by the next one. */

#ifndef PROTOCOL_HTTP_TLS_IDENTITY_H
#define PROTOCOL_HTTP_TLS_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

struct problem;

/* Make what is missing in `directory`, which exists, and check what is there.  The
 * certificate is for localhost, 127.0.0.1, ::1, this host's name and `names`: host
 * names or IP addresses.  0, or -1 with *p told. */
int tls_identity_ensure(const char *directory, const char *const *names, size_t count,
			struct problem *p);

/* The same at a given time. */
int tls_identity_ensure_at(const char *directory, const char *const *names, size_t count,
			   int64_t now_s, struct problem *p);

#endif
