/* What bundle_export.c makes and bundle_volumes.c writes: one export, in parts.
 *
 * A struct export lives in run_bundle_export(); everything in it is freed there. */

#ifndef PROTOCOL_COMMAND_BUNDLE_EXPORT_H
#define PROTOCOL_COMMAND_BUNDLE_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/command/bundle.h"
#include "protocol/command/bundle_contents.h"

struct problem;

enum { EXPORT_LEFT_OUT = 0 }; /* volumes count from 1 */

struct export_item {
	const struct tuf_target *target;
	const struct bundle_content *content;
	size_t volume; /* from 1, or EXPORT_LEFT_OUT */
};

struct export
{
	int repository;
	int64_t now_s;
	struct bundle_contents contents;
	struct bundle_keys keys;
	struct tuf_metadata *root;
	struct tuf_metadata *file[TUF_ROLES]; /* but the root */
	uint64_t most;                        /* bytes on one volume */
	bool splits;                          /* into folders 1, 2, ... */
	size_t volumes;
	struct export_item *items; /* one for each target */
	size_t written, left_out, removed;
};

/* Which target goes onto which volume; `since` (may be NULL) is the folder of an earlier
 * bundle.  -1 with *p told: a target whose file is not at hand, or too large. */
int export_plan(struct export *export, const char *since, struct problem *p);
/* All volumes. */
int export_write(struct export *export, const char *path, struct problem *p);

#endif
