/* Keys, signatures and digests: ed25519 and SHA-256, by OpenSSL.
 *
 * A public key is what metadata names; its id is the SHA-256 of its canonical JSON, so an
 * id says which key it is and nobody can hang another one on it.  A private key lives in
 * an encrypted PEM file, and in memory only as long as something is signed with it. */

#ifndef PROTOCOL_TUF_TUF_KEY_H
#define PROTOCOL_TUF_TUF_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct problem;
struct tuf_json;
struct tuf_secret; /* a private key */

enum {
	TUF_DIGEST = 32,
	TUF_DIGEST_TEXT = 2 * TUF_DIGEST + 1,
	TUF_SIGNATURE = 64,
	TUF_SIGNATURE_TEXT = 2 * TUF_SIGNATURE + 1,
	TUF_PASSPHRASE_LEAST = 8,
};

struct tuf_key {
	uint8_t public[TUF_DIGEST];
	char id[TUF_DIGEST_TEXT];
};

/* Lower case hex, and back: exactly `size` bytes, or false. */
void tuf_hex(const uint8_t *bytes, size_t size, char *text);
bool tuf_unhex(const char *text, uint8_t *bytes, size_t size);

/* SHA-256 of bytes; -1 with *p told when OpenSSL cannot. */
int tuf_digest(const void *bytes, size_t size, uint8_t digest[TUF_DIGEST],
	       struct problem *p);
/* The same of what a descriptor has from here to its end.  `most` bytes at most are read:
 * one more is a refusal.  *size is how many there were. */
int tuf_digest_fd(int fd, uint64_t most, uint8_t digest[TUF_DIGEST], uint64_t *size,
		  struct problem *p);

/* Read a key object of metadata, listed as `id` in the file `name`.  -1 with *p told: no
 * ed25519, or an id that is not the key's own. */
int tuf_key_read(struct tuf_key *key, const char *name, const char *id,
		 const struct tuf_json *object, struct problem *p);
/* Append the key's canonical object. */
bool tuf_key_write(const struct tuf_key *key, struct buffer *to);

/* Is `signature` (hex) made by `key` over the bytes?  Whatever cannot be is not. */
bool tuf_key_verifies(const struct tuf_key *key, const char *signature, const void *bytes,
		      size_t size);

/* A new one, from OpenSSL's generator.  NULL with *p told. */
struct tuf_secret *tuf_secret_new(struct problem *p);
void tuf_secret_free(struct tuf_secret *secret); /* accepts NULL */
const struct tuf_key *tuf_secret_key(const struct tuf_secret *secret);
int tuf_secret_sign(const struct tuf_secret *secret, const void *bytes, size_t size,
		    char signature[TUF_SIGNATURE_TEXT], struct problem *p);

/* Encrypted PKCS#8 as PEM, into memory and out of it; `name` is for refusals.  A file
 * that is not encrypted is refused. */
int tuf_secret_write(const struct tuf_secret *secret, const char *passphrase,
		     struct buffer *pem, struct problem *p);
struct tuf_secret *tuf_secret_read(const char *name, const char *pem, size_t size,
				   const char *passphrase, struct problem *p);

#endif
