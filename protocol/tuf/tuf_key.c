#include "protocol/tuf/tuf_key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/tuf/tuf_json.h"

enum { KEY_OBJECT_MOST = 4096, READ_ROOM = 128 * 1024 };

struct tuf_secret {
	EVP_PKEY *pkey;
	struct tuf_key key;
};

void tuf_hex(const uint8_t *bytes, size_t size, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * size] = '\0';
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tuf_unhex(const char *text, uint8_t *bytes, size_t size)
{
	if (strlen(text) != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static int no_digest(struct problem *p)
{
	return problem_set(p, PROBLEM_EXTERNAL, "OpenSSL made no SHA-256 digest");
}

int tuf_digest(const void *bytes, size_t size, uint8_t digest[TUF_DIGEST],
	       struct problem *p)
{
	if (EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) != 1)
		return no_digest(p);
	return 0;
}

static int digest_all(EVP_MD_CTX *context, int fd, uint64_t most, uint64_t *size,
		      struct problem *p)
{
	char *room = malloc(READ_ROOM);
	int result = 0;

	if (room == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory to read a file");
	for (*size = 0; result == 0;) {
		ssize_t got = read(fd, room, READ_ROOM);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			result = problem_set(p, PROBLEM_EXTERNAL, "it cannot be read: %s",
					     strerror(errno));
		if (got <= 0)
			break;
		*size += (uint64_t)got;
		if (*size > most)
			result =
				problem_set(p, PROBLEM_TOO_LARGE,
					    "it has more than the %llu bytes it may have",
					    (unsigned long long)most);
		else if (EVP_DigestUpdate(context, room, (size_t)got) != 1)
			result = no_digest(p);
	}
	free(room);
	return result;
}

int tuf_digest_fd(int fd, uint64_t most, uint8_t digest[TUF_DIGEST], uint64_t *size,
		  struct problem *p)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int result;

	if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		result = no_digest(p);
	else
		result = digest_all(context, fd, most, size, p);
	if (result == 0 && EVP_DigestFinal_ex(context, digest, NULL) != 1)
		result = no_digest(p);
	EVP_MD_CTX_free(context);
	return result;
}

static int name_key(struct tuf_key *key, const struct tuf_json *object, struct problem *p)
{
	struct buffer text;
	uint8_t digest[TUF_DIGEST];
	int result = -1;

	buffer_init(&text, KEY_OBJECT_MOST);
	if (object == NULL ? !tuf_key_write(key, &text)
			   : !tuf_json_canonical(object, &text))
		problem_set(p, PROBLEM_TOO_LARGE, "a key is too large, or memory is out");
	else
		result = tuf_digest(text.at, text.size, digest, p);
	if (result == 0)
		tuf_hex(digest, sizeof digest, key->id);
	buffer_fini(&text);
	return result;
}

int tuf_key_read(struct tuf_key *key, const char *name, const char *id,
		 const struct tuf_json *object, struct problem *p)
{
	const char *type = tuf_json_text(object, "keytype");
	const char *scheme = tuf_json_text(object, "scheme");
	const char *public = tuf_json_text(tuf_json_member(object, "keyval"), "public");

	if (type == NULL || scheme == NULL || strcmp(type, "ed25519") != 0 ||
	    strcmp(scheme, "ed25519") != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "%s: key '%.16s' is no ed25519 key, the only kind "
				   "that is read here; replace it",
				   name, id);
	if (public == NULL || !tuf_unhex(public, key->public, sizeof key->public))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "%s: key '%.16s' has no public part of 64 lower case "
				   "hex digits; have the file made anew",
				   name, id);
	if (name_key(key, object, p) < 0)
		return problem_while(p, "%s: key '%.16s'", name, id);
	if (strcmp(key->id, id) != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "%s: key '%.16s' is listed under an id that is not "
				   "its own (%.16s); do not trust this file",
				   name, id, key->id);
	return 0;
}

bool tuf_key_write(const struct tuf_key *key, struct buffer *to)
{
	char public[TUF_DIGEST_TEXT];

	tuf_hex(key->public, sizeof key->public, public);
	return buffer_text(to, "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"") &&
	       buffer_text(to, public) && buffer_text(to, "\"},\"scheme\":\"ed25519\"}");
}

bool tuf_key_verifies(const struct tuf_key *key, const char *signature, const void *bytes,
		      size_t size)
{
	uint8_t raw[TUF_SIGNATURE];

	if (!tuf_unhex(signature, raw, sizeof raw))
		return false;
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->public,
						     sizeof key->public);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool verified = pkey != NULL && context != NULL &&
			EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
			EVP_DigestVerify(context, raw, sizeof raw, bytes, size) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	return verified;
}

/* Takes the key over, also when it fails. */
static struct tuf_secret *secret_of(EVP_PKEY *pkey, const char *name, struct problem *p)
{
	struct tuf_secret *secret = calloc(1, sizeof *secret);
	size_t size = sizeof secret->key.public;

	if (secret == NULL) {
		EVP_PKEY_free(pkey);
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for a key");
		return NULL;
	}
	secret->pkey = pkey;
	if (EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519 ||
	    EVP_PKEY_get_raw_public_key(pkey, secret->key.public, &size) != 1 ||
	    size != sizeof secret->key.public) {
		problem_set(p, PROBLEM_BAD_INPUT,
			    "%s: this is no ed25519 key, the only kind that signs here",
			    name);
		tuf_secret_free(secret);
		return NULL;
	}
	if (name_key(&secret->key, NULL, p) < 0) {
		tuf_secret_free(secret);
		return NULL;
	}
	return secret;
}

struct tuf_secret *tuf_secret_new(struct problem *p)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (pkey == NULL) {
		problem_set(p, PROBLEM_EXTERNAL, "OpenSSL made no ed25519 key");
		return NULL;
	}
	return secret_of(pkey, "a new key", p);
}

void tuf_secret_free(struct tuf_secret *secret)
{
	if (secret == NULL)
		return;
	EVP_PKEY_free(secret->pkey);
	free(secret);
}

const struct tuf_key *tuf_secret_key(const struct tuf_secret *secret)
{
	return &secret->key;
}

int tuf_secret_sign(const struct tuf_secret *secret, const void *bytes, size_t size,
		    char signature[TUF_SIGNATURE_TEXT], struct problem *p)
{
	uint8_t raw[TUF_SIGNATURE];
	size_t made = sizeof raw;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context != NULL &&
		    EVP_DigestSignInit(context, NULL, NULL, NULL, secret->pkey) == 1 &&
		    EVP_DigestSign(context, raw, &made, bytes, size) == 1 &&
		    made == sizeof raw;

	EVP_MD_CTX_free(context);
	if (!done)
		return problem_set(p, PROBLEM_EXTERNAL, "OpenSSL made no signature");
	tuf_hex(raw, sizeof raw, signature);
	return 0;
}

int tuf_secret_write(const struct tuf_secret *secret, const char *passphrase,
		     struct buffer *pem, struct problem *p)
{
	size_t size = strlen(passphrase);
	BIO *bio;
	char *text;
	int result = 0;

	if (size < TUF_PASSPHRASE_LEAST)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a passphrase of %zu bytes keeps nobody out; take %d "
				   "or more",
				   size, TUF_PASSPHRASE_LEAST);
	bio = BIO_new(BIO_s_secmem());
	if (bio == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(bio, secret->pkey, EVP_aes_256_cbc(),
					  passphrase, (int)size, NULL, NULL) != 1) {
		result = problem_set(p, PROBLEM_EXTERNAL, "OpenSSL encrypted no key");
	} else {
		long length = BIO_get_mem_data(bio, &text);
		if (length <= 0 || !buffer_append(pem, text, (size_t)length))
			result = problem_set(p, PROBLEM_NO_MEMORY, "no memory for a key");
	}
	BIO_free(bio);
	return result;
}

static int on_passphrase(char *room, int size, int writing, void *owner)
{
	const char *passphrase = owner;
	size_t length = strlen(passphrase);

	(void)writing;
	if (length > (size_t)size)
		return -1;
	memcpy(room, passphrase, length); /* NOLINT: no text, it has a length */
	return (int)length;
}

struct tuf_secret *tuf_secret_read(const char *name, const char *pem, size_t size,
				   const char *passphrase, struct problem *p)
{
	static const char begin[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

	if (size < sizeof begin - 1 || memcmp(pem, begin, sizeof begin - 1) != 0) {
		problem_set(p, PROBLEM_BAD_INPUT,
			    "%s: this is no encrypted private key in PEM; name a file "
			    "that 'bundle init-keys' wrote",
			    name);
		return NULL;
	}
	BIO *bio = BIO_new_mem_buf(pem, (int)size);
	EVP_PKEY *pkey = bio == NULL ? NULL
				     : PEM_read_bio_PrivateKey(bio, NULL, on_passphrase,
							       (void *)passphrase);
	BIO_free(bio);
	if (pkey == NULL) {
		problem_set(p, PROBLEM_BAD_INPUT,
			    "%s: the passphrase does not open this key, or the file is "
			    "damaged; try another passphrase",
			    name);
		return NULL;
	}
	return secret_of(pkey, name, p);
}
