#include "protocol/http/tls_context.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"

enum {
	SESSIONS = 20480,           /* in the server's cache */
	SESSION_LIFE_S = 12 * 3600, /* agents come back within hours */
};

/* clang-format off */
static const char suites_1_3[] =
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char suites_1_2[] =
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char groups[] = "X25519:P-256:P-384";
/* clang-format on */

struct tls_context {
	SSL_CTX *ssl;
};

const char *tls_error(char *text, size_t room)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	if (reason != NULL && strlen(reason) < room)
		strcpy(text, reason); /* NOLINT: its length was just checked */
	else
		ERR_error_string_n(code, text, room);
	ERR_clear_error();
	return text;
}

static int on_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *size,
		   const unsigned char *offered, unsigned offered_size, void *owner)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *match = NULL;
	(void)ssl;
	(void)owner;

	if (SSL_select_next_proto(&match, size, ours, sizeof ours - 1, offered,
				  offered_size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 3.2 */
	*chosen = match;
	return SSL_TLSEXT_ERR_OK;
}

static int restrict_protocol(SSL_CTX *ssl)
{
	static const unsigned char name[] = "patchyard";

	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_SERVER);
	SSL_CTX_sess_set_cache_size(ssl, SESSIONS);
	SSL_CTX_set_timeout(ssl, SESSION_LIFE_S);
	SSL_CTX_set_alpn_select_cb(ssl, on_alpn, NULL);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
			       SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 &&
			       SSL_CTX_set_ciphersuites(ssl, suites_1_3) == 1 &&
			       SSL_CTX_set_cipher_list(ssl, suites_1_2) == 1 &&
			       SSL_CTX_set1_groups_list(ssl, groups) == 1 &&
			       SSL_CTX_set_session_id_context(ssl, name,
							      sizeof name - 1) == 1 &&
			       SSL_CTX_set_num_tickets(ssl, 1) == 1
		       ? 0
		       : -1;
}

static int load(SSL_CTX *ssl, const char *certificate, const char *key, struct problem *p)
{
	char why[120];

	if (restrict_protocol(ssl) < 0)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "setting up TLS: OpenSSL says %s; is a system-wide "
				   "OpenSSL policy in the way?",
				   tls_error(why, sizeof why));
	if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "reading the server certificate '%s': %s", certificate,
				   tls_error(why, sizeof why));
	if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ssl) != 1)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "reading the private key '%s' of '%s': %s", key,
				   certificate, tls_error(why, sizeof why));
	return 0;
}

struct tls_context *tls_context_new(const char *certificate, const char *key,
				    struct problem *p)
{
	struct tls_context *context = calloc(1, sizeof *context);

	ERR_clear_error();
	if (context != NULL)
		context->ssl = SSL_CTX_new(TLS_server_method());
	if (context == NULL || context->ssl == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for a TLS context");
		free(context);
		return NULL;
	}
	if (load(context->ssl, certificate, key, p) < 0) {
		tls_context_free(context);
		return NULL;
	}
	return context;
}

void tls_context_free(struct tls_context *context)
{
	if (context == NULL)
		return;
	SSL_CTX_free(context->ssl);
	free(context);
}

SSL_CTX *tls_context_ssl(const struct tls_context *context)
{
	return context->ssl;
}
