/* The bytes of payloads: files named by what is in them.
 *
 *	<root>/sha256/ab/abcdef...	whole files, never changed
 *	<root>/incoming/		copies under way; what a crash left is removed
 *	<root>/quarantine/		files whose bytes no longer fit their name
 *
 * A file comes to its name by rename() once it is on the disk, so whoever finds it finds
 * all of it.  Every function may be called from any thread; adding and verifying read
 * whole files and belong on a pool. */

#ifndef STORE_CONTENT_STORE_H
#define STORE_CONTENT_STORE_H

#include <stdbool.h>

struct content_store;
struct payload;
struct problem;

enum { CONTENT_PATH = 4096 };

/* Makes the directories that are missing; `root`'s own parent must exist. */
struct content_store *content_store_open(const char *root, struct problem *p);
void content_store_close(struct content_store *store); /* accepts NULL */

/* Copy a regular file in.  Fills size_bytes, sha256, sha1 and md5 of *out and nothing
 * else.  A file of the same bytes that is there already is fine, and is replaced, which
 * also heals one that was damaged.  Refuses to fill the disk: 64 MiB or 1 % of it,
 * whichever is more, stay free. */
int content_store_add(struct content_store *store, const char *source_path,
		      struct payload *out, struct problem *p);

/* Where the file is, or would be.  False when `sha256` is not 64 lower-case hex digits,
 * so that no name from a wire ever leads elsewhere. */
bool content_store_path(const struct content_store *store, const char *sha256,
			char path[static CONTENT_PATH]);

/* Read the file again.  PROBLEM_NOT_FOUND when it is not there; PROBLEM_CONFLICT when
 * its bytes do not fit its name: it is then in quarantine and no longer served. */
int content_store_verify(struct content_store *store, const char *sha256,
			 struct problem *p);

#endif
