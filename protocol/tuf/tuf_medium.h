/* A medium: one bundle, on one folder or split over several, and what it takes to believe
 * it.
 *
 *	medium = tuf_medium_open(paths, count, client, ...)	signed metadata
 *	tuf_medium_survey(medium, have, ...)			which files are where
 *	tuf_medium_copy(medium, i, work, ...)			one file, at home
 *
 * Layout: metadata/N.root.json ..., metadata/timestamp.json, metadata/N.snapshot.json,
 * metadata/N.targets.json, targets/<sha256>.<name>, and bundle.json, which is for people
 * and is never read here.  Anything else on the medium is a refusal.
 *
 * A medium may change while it is read, so no decision hangs on what it said twice: the
 * bytes are copied into a folder of ours, and the copy is what is verified and handed on.
 * A copy that was broken off goes on where it stopped.
 *
 * The medium borrows the client, which has the trusted files, and keeps its targets.  One
 * thread; calls block on disks. */

#ifndef PROTOCOL_TUF_TUF_MEDIUM_H
#define PROTOCOL_TUF_TUF_MEDIUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/tuf/tuf_client.h"

struct problem;
struct tuf_medium;

enum {
	TUF_VOLUMES_MOST = 64,
	TUF_FILE_NAME = TUF_DIGEST_TEXT + TUF_NAME_MOST + 1, /* "<sha256>.<name>" */
};

enum tuf_place {
	TUF_PLACE_MISSING,
	TUF_PLACE_MEDIUM, /* on one of its volumes, with the right size */
	TUF_PLACE_HOME,   /* the importer has it already */
};

struct tuf_item {
	const struct tuf_target *target;
	char file[TUF_FILE_NAME];
	enum tuf_place place;
	size_t volume; /* which path, if TUF_PLACE_MEDIUM */
};

/* Open the folders and judge their metadata with a client that trusts a root.  Every
 * volume must carry the very same metadata.  NULL with *p told. */
struct tuf_medium *tuf_medium_open(const char *const *paths, size_t count,
				   struct tuf_client *client, struct problem *p);
void tuf_medium_close(struct tuf_medium *medium); /* accepts NULL */

/* Find the files: 0 also when some are missing, see the items.  -1 with *p told for what
 * may not be there, or has another size than was signed.  `have` (may be NULL) says
 * which targets need not come from the medium. */
int tuf_medium_survey(struct tuf_medium *medium,
		      bool (*have)(void *owner, const struct tuf_item *item), void *owner,
		      struct problem *p);
size_t tuf_medium_count(const struct tuf_medium *medium);
const struct tuf_item *tuf_medium_item(const struct tuf_medium *medium, size_t i);

/* How many bytes the items on the medium have together. */
uint64_t tuf_medium_bytes(const struct tuf_medium *medium);
/* Does the folder `work` have room for them beside `reserve` bytes?  What lies there
 * already from an earlier attempt counts as copied. */
int tuf_medium_room(const struct tuf_medium *medium, int work, uint64_t reserve,
		    struct problem *p);

/* Read an item where it lies and compare it with what was signed.  For looking only: what
 * is to be used must be copied. */
int tuf_medium_check(const struct tuf_medium *medium, size_t i, struct problem *p);
/* Copy an item into the folder `work` as item->file, and verify the copy.  Goes on with
 * item->file.part if that is there; one that is whole and good is left as it is. */
int tuf_medium_copy(const struct tuf_medium *medium, size_t i, int work,
		    struct problem *p);

/* Does `file` in `folder` hold what was signed of the target?  What tuf_medium_copy()
 * ends with; also for an importer's `have`. */
int tuf_target_verify(const struct tuf_target *target, int folder, const char *file,
		      struct problem *p);
/* Copy the file at `from` into `work` as `file`, by way of file.part, which it goes on
 * with if it is there, and verify the copy before it gets its name. */
int tuf_target_copy(const struct tuf_target *target, int from, int work, const char *file,
		    struct problem *p);
/* "<sha256>.<name>" */
void tuf_target_file(const struct tuf_target *target, char file[TUF_FILE_NAME]);

#endif
