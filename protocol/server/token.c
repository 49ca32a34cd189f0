#include "protocol/server/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

#include "engine/problem.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			      "0123456789";
enum { LETTERS = sizeof letters - 1 };

int token_new(char text[static TOKEN_TEXT], struct problem *p)
{
	size_t used = 0;

	while (used < TOKEN_LETTERS) {
		unsigned char bytes[TOKEN_LETTERS];
		if (RAND_bytes(bytes, sizeof bytes) != 1)
			return problem_set(p, PROBLEM_EXTERNAL,
					   "making a token: no randomness to be had");
		for (size_t i = 0; i < sizeof bytes && used < TOKEN_LETTERS; i++) {
			/* Past the last whole round of letters some would be likelier. */
			if (bytes[i] < 256 / LETTERS * LETTERS)
				text[used++] = letters[bytes[i] % LETTERS];
		}
	}
	text[used] = '\0';
	return 0;
}

/* Fetched once: looking an algorithm up costs more than hashing a token. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

bool token_hash(const char *text, uint8_t hash[static TOKEN_HASH])
{
	unsigned int size = 0;

	pthread_once(&sha256_once, fetch);
	return sha256 != NULL &&
	       EVP_Digest(text, strlen(text), hash, &size, sha256, NULL) == 1 &&
	       size == TOKEN_HASH;
}

bool token_hash_equal(const uint8_t a[static TOKEN_HASH],
		      const uint8_t b[static TOKEN_HASH])
{
	return CRYPTO_memcmp(a, b, TOKEN_HASH) == 0;
}
