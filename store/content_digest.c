#include "store/content_digest.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"

/* clang-format off */
static const struct {
	const char *name;
	unsigned size;
	const EVP_MD *(*kind)(void);
} hash_table[CONTENT_HASHES] = {
	[CONTENT_SHA256] = { "SHA-256", 32, EVP_sha256 },
	[CONTENT_SHA1]   = { "SHA-1",   20, EVP_sha1 },
	[CONTENT_MD5]    = { "MD5",     16, EVP_md5 },
};
/* clang-format on */

struct content_digest {
	int count;
	EVP_MD_CTX *context[CONTENT_HASHES];
};

/* A library that runs in FIPS mode has no MD5, for one. */
static int tell(int hash, struct problem *p)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return problem_set(p, PROBLEM_EXTERNAL, "OpenSSL could not make the %s: %s",
			   hash_table[hash].name,
			   reason != NULL ? reason : "no reason given");
}

struct content_digest *content_digest_new(int count, struct problem *p)
{
	assert(count > 0);
	assert(count <= CONTENT_HASHES);
	struct content_digest *digest = calloc(1, sizeof *digest);

	if (digest == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "hashing: out of memory");
		return NULL;
	}
	digest->count = count;
	ERR_clear_error();
	for (int i = 0; i < count; i++) {
		digest->context[i] = EVP_MD_CTX_new();
		if (digest->context[i] == NULL ||
		    EVP_DigestInit_ex(digest->context[i], hash_table[i].kind(), NULL) !=
			    1) {
			tell(i, p);
			content_digest_free(digest);
			return NULL;
		}
	}
	return digest;
}

void content_digest_free(struct content_digest *digest)
{
	if (digest == NULL)
		return;
	for (int i = 0; i < CONTENT_HASHES; i++)
		EVP_MD_CTX_free(digest->context[i]); /* NULL is allowed */
	free(digest);
}

int content_digest_add(struct content_digest *digest, const void *bytes, size_t size,
		       struct problem *p)
{
	ERR_clear_error();
	for (int i = 0; i < digest->count; i++) {
		if (EVP_DigestUpdate(digest->context[i], bytes, size) != 1)
			return tell(i, p);
	}
	return 0;
}

static void to_hex(const unsigned char *bytes, unsigned size, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < size; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 0xf];
	}
	*text = '\0';
}

int content_digest_end(struct content_digest *digest, struct content_hashes *hashes,
		       struct problem *p)
{
	char *const text[CONTENT_HASHES] = { hashes->sha256, hashes->sha1, hashes->md5 };
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned size;

	assert(digest->count <= CONTENT_HASHES);
	memset(hashes, 0, sizeof *hashes);
	ERR_clear_error();
	for (int i = 0; i < digest->count; i++) {
		if (EVP_DigestFinal_ex(digest->context[i], bytes, &size) != 1)
			return tell(i, p);
		assert(size == hash_table[i].size);
		to_hex(bytes, size, text[i]);
	}
	return 0;
}
