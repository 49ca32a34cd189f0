/* When a ring opens for a release, and what its gate (engine/gate.h) is asked about it.
 *
 * Releases are named by their title, rings by their place in the plan, both of one
 * snapshot.  Pure: who keeps the counters adds them to the question. */

#ifndef ENGINE_OPENING_H
#define ENGINE_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/flow.h"
#include "engine/snapshot.h"

struct gate_question;
struct plan;

/* Is there something to judge: has the ring a gate, or does another wait for it? */
bool ring_is_gated(const struct plan *plan, int ring);

void title_key(const struct catalog *catalog, uint32_t title, struct release_key *key);
/* -1 when the catalog has none. */
int64_t title_of_key(const struct catalog *catalog, const struct release_key *key);

/* May the ring's devices be offered it at all: published, active, approved there, and
 * its payload at hand for one architecture at least? */
bool title_is_out(const struct snapshot *snapshot, uint32_t title, int ring,
		  int64_t now_s);
/* When the ring opens for it: its deferral, and the ring it waits for.  INSTANT_NONE
 * while that has not passed. */
int64_t title_opens(const struct snapshot *snapshot, uint32_t title, int ring);

/* A release and those that repair it, directly or through others. */
enum { KIN_MOST = 32 };
struct kin {
	size_t count;
	uint32_t titles[KIN_MOST]; /* [0] is the release itself */
};
void title_kin(const struct catalog *catalog, uint32_t title, struct kin *kin);
/* The other way round: those that it repairs; without itself. */
void title_repaired(const struct catalog *catalog, uint32_t title, struct kin *kin);

/* Begin the question of its gate: all but the counts.  True when the rollout may pass by
 * now: offered, opened, and not paused. */
bool opening_ask(const struct snapshot *snapshot, uint32_t title, int ring, int64_t now_s,
		 struct gate_question *question);

#endif
