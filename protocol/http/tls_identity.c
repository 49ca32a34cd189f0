#include "protocol/http/tls_identity.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/problem.h"
#include "protocol/http/tls_certificate.h"
#include "protocol/http/tls_context.h"

enum { NAMES_MOST = 32, PATH_ROOM = 4096, DAY = 24 * 60 * 60 };

/* A certificate and its key, as found in the directory. */
struct pair {
	const char *certificate_name, *key_name;
	X509 *certificate; /* NULL when there is none */
	EVP_PKEY *key;     /* likewise */
};

static void pair_fini(struct pair *pair)
{
	X509_free(pair->certificate);
	EVP_PKEY_free(pair->key);
}

static int path_of(char path[static PATH_ROOM], const char *directory, const char *name,
		   struct problem *p)
{
	int size = snprintf(path, PATH_ROOM, "%s/%s", directory, name);
	if (size > 0 && size < PATH_ROOM)
		return 0;
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "the path of the state directory is too "
			   "long");
}

/* 1 and *file, 0 when there is none, -1 with *p told. */
static int open_file(const char *directory, const char *name, FILE **file,
		     struct problem *p)
{
	char path[PATH_ROOM];

	if (path_of(path, directory, name, p) < 0)
		return -1;
	*file = fopen(path, "re");
	if (*file != NULL)
		return 1;
	if (errno == ENOENT)
		return 0;
	return problem_set(p, PROBLEM_EXTERNAL, "reading '%s': %s", path,
			   strerror(errno));
}

static int tell_damaged(struct problem *p, const char *directory, const char *name)
{
	char why[120];
	return problem_set(
		p, PROBLEM_EXTERNAL,
		"'%s/%s' is not in PEM form (%s): restore it from a backup, or "
		"move it and its partner away to have both made anew",
		directory, name, tls_error(why, sizeof why));
}

static int pair_load(struct pair *pair, const char *directory, struct problem *p)
{
	FILE *file;

	ERR_clear_error();
	int found = open_file(directory, pair->certificate_name, &file, p);
	if (found < 0)
		return -1;
	if (found > 0) {
		pair->certificate = PEM_read_X509(file, NULL, NULL, NULL);
		fclose(file); /* only read: nothing to lose */
		if (pair->certificate == NULL)
			return tell_damaged(p, directory, pair->certificate_name);
	}
	found = open_file(directory, pair->key_name, &file, p);
	if (found < 0)
		return -1;
	if (found > 0) {
		pair->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
		fclose(file);
		if (pair->key == NULL)
			return tell_damaged(p, directory, pair->key_name);
	}
	if (pair->certificate != NULL && pair->key != NULL &&
	    X509_check_private_key(pair->certificate, pair->key) != 1) {
		ERR_clear_error();
		return problem_set(
			p, PROBLEM_CONFLICT,
			"in '%s' the key '%s' does not belong to '%s': restore "
			"the two from one backup, or move both away",
			directory, pair->key_name, pair->certificate_name);
	}
	return 0;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t wrote = write(fd, data, size);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -1;
		data += wrote;
		size -= (size_t)wrote;
	}
	return 0;
}

static int sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int rc = fsync(fd);
	close(fd);
	return rc;
}

/* A temporary file left by a start that was cut short is ours to overwrite: one server
 * at a time owns the directory. */
static int write_file(const char *directory, const char *name, BIO *bytes, mode_t mode,
		      struct problem *p)
{
	char path[PATH_ROOM], temporary[PATH_ROOM];
	char new_name[64];
	char *data;
	long size = BIO_get_mem_data(bytes, &data);

	int wanted = snprintf(new_name, sizeof new_name, "%s.new", name);
	if (wanted < 0 || path_of(path, directory, name, p) < 0 ||
	    path_of(temporary, directory, new_name, p) < 0)
		return -1;
	if (unlink(temporary) != 0 && errno != ENOENT)
		return problem_set(p, PROBLEM_EXTERNAL, "removing '%s': %s", temporary,
				   strerror(errno));
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		      mode);
	bool ok = fd >= 0 && fchmod(fd, mode) == 0 &&
		  write_all(fd, data, (size_t)size) == 0 && fsync(fd) == 0;
	int error = errno;
	if (fd >= 0 && close(fd) != 0 && ok) {
		ok = false;
		error = errno;
	}
	if (ok && (rename(temporary, path) != 0 || sync_directory(directory) != 0)) {
		ok = false;
		error = errno;
	}
	if (ok)
		return 0;
	return problem_set(p, PROBLEM_EXTERNAL, "writing '%s': %s", path,
			   strerror(error));
}

static int write_key(const char *directory, const char *name, EVP_PKEY *key,
		     struct problem *p)
{
	BIO *bytes = BIO_new(BIO_s_secmem()); /* wiped when freed */
	int rc;

	if (bytes == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(bytes, key, NULL, NULL, 0, NULL, NULL) != 1)
		rc = problem_set(p, PROBLEM_NO_MEMORY, "no memory to write '%s'", name);
	else
		rc = write_file(directory, name, bytes, 0600, p);
	BIO_free(bytes);
	return rc;
}

static int write_certificate(const char *directory, const char *name, X509 *certificate,
			     struct problem *p)
{
	BIO *bytes = BIO_new(BIO_s_mem());
	int rc;

	if (bytes == NULL || PEM_write_bio_X509(bytes, certificate) != 1)
		rc = problem_set(p, PROBLEM_NO_MEMORY, "no memory to write '%s'", name);
	else
		rc = write_file(directory, name, bytes, 0644, p);
	BIO_free(bytes);
	return rc;
}

static int ensure_key(struct pair *pair, const char *directory, struct problem *p)
{
	if (pair->key != NULL)
		return 0;
	pair->key = certificate_key_new(p);
	if (pair->key == NULL)
		return -1;
	return write_key(directory, pair->key_name, pair->key, p);
}

static int ensure_ca(struct pair *ca, const char *directory, const char *host,
		     int64_t now_s, struct problem *p)
{
	if (ca->certificate != NULL && ca->key != NULL)
		return 0;
	if (ca->certificate != NULL)
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "'%s' has ca.crt but no ca.key, which is needed to "
				   "issue a server certificate: restore it, or put "
				   "server.crt and server.key there yourself",
				   directory);
	if (ensure_key(ca, directory, p) < 0)
		return -1;
	ca->certificate = certificate_ca_new(ca->key, host, now_s, p);
	if (ca->certificate == NULL)
		return -1;
	return write_certificate(directory, ca->certificate_name, ca->certificate, p);
}

static bool ends_within(X509 *certificate, int64_t now_s, int days)
{
	time_t then = (time_t)(now_s + (int64_t)days * DAY);
	return X509_cmp_time(X509_get0_notAfter(certificate), &then) < 0;
}

static bool is_issued_by(X509 *leaf, X509 *ca)
{
	bool ours = ca != NULL && X509_check_issued(ca, leaf) == X509_V_OK &&
		    X509_verify(leaf, X509_get0_pubkey(ca)) == 1;
	ERR_clear_error();
	return ours;
}

/* 1 when a certificate has to be issued, 0 when the present one will do. */
static int judge_server(const struct pair *server, const struct pair *ca,
			const struct certificate_names *names, int64_t now_s,
			struct problem *p)
{
	X509 *leaf = server->certificate;

	if (leaf == NULL)
		return 1;
	if (server->key == NULL)
		return problem_set(
			p, PROBLEM_NOT_FOUND,
			"server.crt is there but server.key is not: restore it, "
			"or move server.crt away to have both made anew");
	if (ca->key != NULL && is_issued_by(leaf, ca->certificate))
		return ends_within(leaf, now_s, RENEW_DAYS) ||
		       !certificate_covers(leaf, names);
	if (ends_within(leaf, now_s, 0))
		return problem_set(
			p, PROBLEM_CONFLICT,
			"server.crt has run out and was issued by another CA: "
			"put a new one there, or move it away to have one made");
	return 0;
}

static int ensure_server(struct pair *server, const struct pair *ca,
			 const char *directory, const struct certificate_names *names,
			 int64_t now_s, struct problem *p)
{
	const struct certificate_issuer issuer = { ca->certificate, ca->key };

	if (ends_within(ca->certificate, now_s, 0))
		return problem_set(
			p, PROBLEM_CONFLICT,
			"the lab CA in '%s' has run out: move ca.* and server.* "
			"away, start again, and give the new ca.crt to the "
			"agents",
			directory);
	if (ensure_key(server, directory, p) < 0)
		return -1;
	X509 *leaf = certificate_server_new(server->key, &issuer, names, now_s, p);
	if (leaf == NULL)
		return -1;
	X509_free(server->certificate);
	server->certificate = leaf;
	return write_certificate(directory, server->certificate_name, leaf, p);
}

static int ensure(const char *directory, const char *host,
		  const struct certificate_names *names, int64_t now_s, struct problem *p)
{
	struct pair ca = { "ca.crt", "ca.key", NULL, NULL };
	struct pair server = { "server.crt", "server.key", NULL, NULL };
	int rc = pair_load(&ca, directory, p);

	if (rc == 0)
		rc = pair_load(&server, directory, p);
	if (rc == 0)
		rc = judge_server(&server, &ca, names, now_s, p);
	if (rc > 0) {
		rc = ensure_ca(&ca, directory, host, now_s, p);
		if (rc == 0)
			rc = ensure_server(&server, &ca, directory, names, now_s, p);
	}
	pair_fini(&ca);
	pair_fini(&server);
	return rc;
}

int tls_identity_ensure_at(const char *directory, const char *const *names, size_t count,
			   int64_t now_s, struct problem *p)
{
	const char *all[NAMES_MOST + 4] = { "localhost", "127.0.0.1", "::1" };
	struct certificate_names wanted = { all, 3 };
	char host[256] = "";

	if (gethostname(host, sizeof host - 1) == 0 && certificate_name_is_legal(host) &&
	    strcmp(host, "localhost") != 0)
		all[wanted.count++] = host;
	if (count > NAMES_MOST)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "a certificate for %zu names: %d are allowed", count,
				   NAMES_MOST);
	for (size_t i = 0; i < count; i++) {
		if (!certificate_name_is_legal(names[i]))
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "'%.100s' is neither a host name nor an IP "
					   "address, so no certificate can name it",
					   names[i]);
		all[wanted.count++] = names[i];
	}
	if (ensure(directory, host[0] != '\0' ? host : "this host", &wanted, now_s, p) <
	    0)
		return problem_while(p, "preparing the server's TLS certificate");
	return 0;
}

int tls_identity_ensure(const char *directory, const char *const *names, size_t count,
			struct problem *p)
{
	return tls_identity_ensure_at(directory, names, count, (int64_t)time(NULL), p);
}
