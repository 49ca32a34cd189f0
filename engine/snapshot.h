/* Catalog, plan and rollouts of one moment, as one counted immutable thing.
 *
 * The writer builds a new one after each commit that changed any of the three and
 * publishes it; whoever works with one takes it first and gives it back. */

#ifndef ENGINE_SNAPSHOT_H
#define ENGINE_SNAPSHOT_H

#include <stdint.h>

struct catalog;
struct plan;
struct rollouts;

struct snapshot {
	uint64_t generation;
	const struct catalog *catalog;
	const struct plan *plan;
	const struct rollouts *rollouts;
	/* not for readers */
	int references;
};

/* Takes over one reference of each part.  NULL only without memory. */
struct snapshot *snapshot_new(uint64_t generation, struct catalog *catalog,
			      struct plan *plan, struct rollouts *rollouts);
struct snapshot *snapshot_take(struct snapshot *snapshot);
void snapshot_give(struct snapshot *snapshot); /* accepts NULL */

#endif
