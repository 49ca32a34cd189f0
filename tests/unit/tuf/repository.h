/* A repository in memory for tests: six keys, and the four files made from them with
 * whatever is wanted wrong about them. */

#ifndef TESTS_UNIT_TUF_REPOSITORY_H
#define TESTS_UNIT_TUF_REPOSITORY_H

#include <stdint.h>

#include "engine/buffer.h"
#include "protocol/tuf/tuf_client.h"
#include "protocol/tuf/tuf_write.h"

/* Every file of a repository expires here, unless it says otherwise. */
#define EXPIRY INT64_C(1760000000)
#define NOW    INT64_C(1750000000)

enum who { ROOT_1, ROOT_2, ROOT_3, TARGETS, SNAPSHOT, TIMESTAMP, SPARE, WHOS };

struct repository {
	struct tuf_secret *secret[WHOS];
	struct buffer file[TUF_ROLES];
};

/* Versions 1 of all, root signed by all three of which two must. */
void repository_init(struct repository *r);
void repository_fini(struct repository *r);

/* Make a file anew, signed by `who`. */
void repository_root(struct repository *r, uint32_t version, const enum who *signers,
		     size_t count);
/* The same with keys of the three lower roles replaced by SPARE, where said so. */
void repository_root_with(struct repository *r, uint32_t version, int64_t expires_s,
			  bool spare_timestamp, bool spare_snapshot);
void repository_targets(struct repository *r, uint32_t version, int64_t expires_s,
			enum who who);
void repository_snapshot(struct repository *r, uint32_t version, int64_t expires_s,
			 enum who who);
void repository_timestamp(struct repository *r, struct tuf_head head, enum who who);

/* Put text in place of what is signed in a file, and sign that. */
void repository_replace(struct repository *r, enum tuf_role role, const char *from,
			const char *to, enum who who);

/* Run a client over the files: the root as anchor, then what was trusted (may be NULL),
 * then the others.  0 and the client, or -1 with *p told. */
int repository_refresh(const struct repository *r, const struct tuf_client *before,
		       int64_t now_s, struct tuf_client **after, struct problem *p);

#endif
