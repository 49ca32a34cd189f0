/* SHA-256, SHA-1 and MD5 of a stream of bytes, in one pass.
 *
 * SHA-256 is what a file is named and judged by.  The other two prove nothing any more;
 * device protocols name files by them.  One digest is used by one thread at a time and
 * for one stream. */

#ifndef STORE_CONTENT_DIGEST_H
#define STORE_CONTENT_DIGEST_H

#include <stddef.h>

struct content_digest;
struct problem;

enum content_hash { CONTENT_SHA256, CONTENT_SHA1, CONTENT_MD5, CONTENT_HASHES };

/* Lower-case hex. */
struct content_hashes {
	char sha256[65], sha1[41], md5[33];
};

/* The first `count` of the hashes above, at least one. */
struct content_digest *content_digest_new(int count, struct problem *p);
void content_digest_free(struct content_digest *digest); /* accepts NULL */
int content_digest_add(struct content_digest *digest, const void *bytes, size_t size,
		       struct problem *p);
/* The stream is over.  Hashes that were not asked for become "". */
int content_digest_end(struct content_digest *digest, struct content_hashes *hashes,
		       struct problem *p);

#endif
