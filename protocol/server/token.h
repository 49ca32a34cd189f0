/* Secrets that devices carry: made at random, kept as a hash, compared in constant time.
 *
 * A token is 32 letters and digits, some 190 bits; that is why a plain SHA-256 of it is
 * enough to keep.  struct device_record.token_hash is token_hash() of a device's own. */

#ifndef PROTOCOL_SERVER_TOKEN_H
#define PROTOCOL_SERVER_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

struct problem;

enum { TOKEN_LETTERS = 32, TOKEN_TEXT = TOKEN_LETTERS + 1, TOKEN_HASH = 32 };

/* A fresh one.  -1 with *p told when there is no randomness to be had. */
int token_new(char text[static TOKEN_TEXT], struct problem *p);

/* SHA-256 of the text as it travels, of any length.  False without memory. */
bool token_hash(const char *text, uint8_t hash[static TOKEN_HASH]);

bool token_hash_equal(const uint8_t a[static TOKEN_HASH],
		      const uint8_t b[static TOKEN_HASH]);

#endif
