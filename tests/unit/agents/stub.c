#include "tests/unit/agents/stub.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/lib/case.h"

struct link {
	int fd;
	SSL *ssl;
};

/* Wait until there is something, or it is over; never longer than ten seconds. */
static bool is_readable(struct stub *stub, int fd)
{
	for (int i = 0; i < 200 && !atomic_load(&stub->over); i++) {
		struct pollfd one = { .fd = fd, .events = POLLIN };
		if (poll(&one, 1, 50) > 0)
			return true;
	}
	return false;
}

static long receive(struct stub *stub, struct link *link, char *room, size_t size)
{
	if ((link->ssl == NULL || SSL_pending(link->ssl) == 0) &&
	    !is_readable(stub, link->fd))
		return -1;
	return link->ssl != NULL ? SSL_read(link->ssl, room, (int)size)
				 : recv(link->fd, room, size, 0);
}

static bool send_all(struct link *link, const char *data, size_t size)
{
	while (size > 0) {
		size_t piece = size < 16384 ? size : 16384;
		long done = link->ssl != NULL ? SSL_write(link->ssl, data, (int)piece)
					      : send(link->fd, data, piece, MSG_NOSIGNAL);
		if (done <= 0)
			return false;
		data += done;
		size -= (size_t)done;
	}
	return true;
}

/* One request with its body into `room`; false at the end of the connection. */
static bool take_request(struct stub *stub, struct link *link, char *room)
{
	size_t used = 0, wanted = 0;

	for (;;) {
		room[used] = '\0';
		const char *end = strstr(room, "\r\n\r\n");
		const char *length = strcasestr(room, "content-length:");
		if (end != NULL)
			wanted = (size_t)(end + 4 - room) +
				 (length != NULL ? strtoul(length + 15, NULL, 10) : 0);
		if (end != NULL && used >= wanted)
			return true;
		if (used == STUB_TEXT - 1)
			return false;
		long got = receive(stub, link, room + used, STUB_TEXT - 1 - used);
		if (got <= 0)
			return false;
		used += (size_t)got;
	}
}

static bool answer(struct stub *stub, struct link *link, size_t number)
{
	static const char filler[16384] = { 'x' };
	size_t at = number < stub->reply_count ? number : stub->reply_count - 1;
	size_t left = stub->endless;

	if (!send_all(link, stub->replies[at], strlen(stub->replies[at])))
		return false;
	while (left > 0) {
		size_t piece = left < sizeof filler ? left : sizeof filler;
		if (!send_all(link, filler, piece))
			return false;
		left -= piece;
	}
	while (stub->stalls && !atomic_load(&stub->over))
		poll(NULL, 0, 20);
	return true;
}

static void serve(struct stub *stub, struct link *link)
{
	char room[STUB_TEXT];

	while (take_request(stub, link, room)) {
		size_t number = atomic_load(&stub->request_count);
		if (number < STUB_REQUESTS)
			memcpy(stub->requests[number], room, sizeof room);
		atomic_fetch_add(&stub->request_count, 1);
		if (!answer(stub, link, number))
			return;
	}
}

static void *run(void *owner)
{
	struct stub *stub = owner;

	while (!atomic_load(&stub->over)) {
		struct pollfd one = { .fd = stub->listener, .events = POLLIN };
		if (poll(&one, 1, 50) <= 0)
			continue;
		struct link link = { .fd = accept(stub->listener, NULL, NULL) };
		struct timeval most = { .tv_sec = 10 };
		if (link.fd < 0)
			continue;
		setsockopt(link.fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
		setsockopt(link.fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
		atomic_fetch_add(&stub->connection_count, 1);
		bool ready = true;
		if (stub->tls != NULL) {
			link.ssl = SSL_new(stub->tls);
			SSL_set_fd(link.ssl, link.fd);
			ready = SSL_accept(link.ssl) == 1;
		}
		if (ready)
			serve(stub, &link);
		SSL_free(link.ssl);
		close(link.fd);
	}
	return NULL;
}

static void start(struct stub *stub, const char *const *replies, size_t count)
{
	stub->replies = replies;
	stub->reply_count = count;
	assert_int_equal(listen(stub->listener, 8), 0);
	assert_int_equal(pthread_create(&stub->thread, NULL, run, stub), 0);
}

static void listen_on_loopback(struct stub *stub, const char *scheme)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;

	stub->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(stub->listener >= 0);
	assert_int_equal(bind(stub->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(stub->listener, (struct sockaddr *)&address, &size),
			 0);
	snprintf(stub->url, sizeof stub->url, "%s://127.0.0.1:%d", scheme,
		 ntohs(address.sin_port));
}

void stub_start(struct stub *stub, const char *const *replies, size_t count)
{
	listen_on_loopback(stub, "http");
	start(stub, replies, count);
}

void stub_start_unix(struct stub *stub, const char *const *replies, size_t count,
		     const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	assert_in_range(strlen(path), 1, sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path));
	stub->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(stub->listener >= 0);
	assert_int_equal(
		bind(stub->listener, (struct sockaddr *)&address, sizeof address), 0);
	snprintf(stub->url, sizeof stub->url, "http://localhost");
	start(stub, replies, count);
}

static X509 *make_certificate(EVP_PKEY *key, const char *name)
{
	X509 *certificate = X509_new();
	X509V3_CTX context;

	assert_non_null(certificate);
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME *subject = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
				   (const unsigned char *)"stub", -1, -1, 0);
	X509_set_issuer_name(certificate, subject);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	const struct {
		int nid;
		const char *value;
	} parts[] = { { NID_basic_constraints, "critical,CA:TRUE" },
		      { NID_subject_alt_name, name } };
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		X509_EXTENSION *part =
			X509V3_EXT_conf_nid(NULL, &context, parts[i].nid, parts[i].value);
		assert_non_null(part);
		X509_add_ext(certificate, part, -1);
		X509_EXTENSION_free(part);
	}
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

void stub_start_tls(struct stub *stub, const char *const *replies, size_t count,
		    const char *name, const char *ca_path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	assert_non_null(key);
	X509 *certificate = make_certificate(key, name);
	FILE *file = fopen(ca_path, "w");

	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	fclose(file);
	stub->tls = SSL_CTX_new(TLS_server_method());
	assert_non_null(stub->tls);
	assert_int_equal(SSL_CTX_use_certificate(stub->tls, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(stub->tls, key), 1);
	X509_free(certificate);
	EVP_PKEY_free(key);
	listen_on_loopback(stub, "https");
	start(stub, replies, count);
}

void stub_stop(struct stub *stub)
{
	atomic_store(&stub->over, true);
	pthread_join(stub->thread, NULL);
	close(stub->listener);
	SSL_CTX_free(stub->tls);
}
