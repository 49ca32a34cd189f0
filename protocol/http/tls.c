#include "protocol/http/tls.h"

#include <assert.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buffer.h"
#include "protocol/http/tls_context.h"

struct tls {
	SSL *ssl;
	struct buffer *sealed;
	const char *received; /* lent by the caller */
	size_t received_size;
	bool broken;
};

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static int bio_read(BIO *bio, char *room, int size)
{
	struct tls *tls = BIO_get_data(bio);
	size_t taken = (size_t)size;

	BIO_clear_retry_flags(bio);
	if (tls->received_size == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (taken > tls->received_size)
		taken = tls->received_size;
	memcpy(room, tls->received, taken);
	tls->received += taken;
	tls->received_size -= taken;
	return (int)taken;
}

static int bio_write(BIO *bio, const char *data, int size)
{
	struct tls *tls = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	return buffer_append(tls->sealed, data, (size_t)size) ? size : -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static void make_method(void)
{
	BIO_METHOD *made =
		BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "patchyard");
	if (made != NULL && BIO_meth_set_read(made, bio_read) == 1 &&
	    BIO_meth_set_write(made, bio_write) == 1 &&
	    BIO_meth_set_ctrl(made, bio_ctrl) == 1 &&
	    BIO_meth_set_create(made, bio_create) == 1)
		method = made;
	else
		BIO_meth_free(made);
}

struct tls *tls_new(struct tls_context *context, struct buffer *sealed)
{
	if (pthread_once(&method_once, make_method) != 0 || method == NULL)
		return NULL;
	struct tls *tls = calloc(1, sizeof *tls);
	if (tls == NULL)
		return NULL;
	ERR_clear_error();
	tls->sealed = sealed;
	tls->ssl = SSL_new(tls_context_ssl(context));
	BIO *bio = BIO_new(method);
	if (tls->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		SSL_free(tls->ssl);
		free(tls);
		return NULL;
	}
	BIO_set_data(bio, tls);
	SSL_set_bio(tls->ssl, bio, bio); /* takes the one reference for both sides */
	SSL_set_accept_state(tls->ssl);
	return tls;
}

void tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	/* OpenSSL forgets the session of a connection that was not shut down in both
	 * directions; a peer that merely left may still come back with it. */
	if (!tls->broken && tls_is_open(tls))
		SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(tls->ssl);
	free(tls);
}

void tls_receive(struct tls *tls, const char *data, size_t size)
{
	assert(tls->received_size == 0 || tls->broken);
	tls->received = data;
	tls->received_size = size;
}

ssize_t tls_read(struct tls *tls, char *room, size_t size)
{
	if (tls->broken)
		return TLS_BROKEN;
	assert(size > 0 && size <= INT_MAX);
	ERR_clear_error();
	int got = SSL_read(tls->ssl, room, (int)size);
	if (got > 0)
		return got;
	switch (SSL_get_error(tls->ssl, got)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return TLS_WAITS;
	case SSL_ERROR_ZERO_RETURN:
		tls->received_size = 0; /* nothing after a close_notify counts */
		return TLS_ENDED;
	default:
		tls->broken = true;
		ERR_clear_error();
		return TLS_BROKEN;
	}
}

bool tls_write(struct tls *tls, const char *data, size_t size)
{
	while (size > 0 && !tls->broken) {
		int part = size < INT_MAX ? (int)size : INT_MAX;
		ERR_clear_error();
		int wrote = SSL_write(tls->ssl, data, part);
		if (wrote <= 0) {
			/* The BIO never makes it wait: only a broken one stops here. */
			tls->broken = true;
			ERR_clear_error();
			break;
		}
		data += wrote;
		size -= (size_t)wrote;
	}
	return !tls->broken;
}

void tls_shutdown(struct tls *tls)
{
	if (tls->broken || !tls_is_open(tls))
		return;
	ERR_clear_error();
	if (SSL_shutdown(tls->ssl) < 0) {
		tls->broken = true;
		ERR_clear_error();
	}
}

bool tls_is_open(const struct tls *tls)
{
	return SSL_is_init_finished(tls->ssl) == 1;
}
