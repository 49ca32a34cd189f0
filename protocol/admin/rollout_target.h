/* What a call speaks of: a release in a ring, a release in every ring, or a whole ring.
 *
 * A release is (product, KB, build); a bare KB means all that carry it, and the answer
 * names them.  Words are read from a body first, and found in a snapshot then; what is
 * not there is told with the nearest that is. */

#ifndef PROTOCOL_ADMIN_ROLLOUT_TARGET_H
#define PROTOCOL_ADMIN_ROLLOUT_TARGET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/flow.h"
#include "engine/limits.h"

struct problem;
struct snapshot;

enum { TARGET_TITLES = 64, TARGET_TEXT = 512 };
/* Among its titles: a release that has left the catalog, and is nothing to anybody. */
#define TARGET_GONE UINT32_MAX

struct rollout_target {
	/* As it was said: product "" any, kb 0 none, build 0 any, ring "" every. */
	struct release_key key;
	char ring[LIMIT_NAME + 1];
	/* As it was found. */
	int ring_index; /* -1: every */
	size_t count;   /* 0 when no release was named */
	uint32_t titles[TARGET_TITLES];
};

/* The members product, kb, build and ring of a body; all may be missing. */
int rollout_target_read(struct rollout_target *target, const json_t *body,
			struct problem *p);
int rollout_target_find(struct rollout_target *target, const struct snapshot *snapshot,
			struct problem *p);
/* Does it speak of this release in this ring?  Of one in no ring (-1) too. */
bool rollout_target_has(const struct rollout_target *target, uint32_t title, int ring);
/* "w24 KB5058497 26100.3981 in broad", for the audit log. */
char *rollout_target_text(const struct rollout_target *target,
			  const struct snapshot *snapshot, char text[static TARGET_TEXT]);
/* The releases that it names, as [{"product","kb","build","kind"}]. */
json_t *rollout_target_json(const struct rollout_target *target,
			    const struct snapshot *snapshot);

#endif
