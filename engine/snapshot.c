#include "engine/snapshot.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/catalog.h"
#include "engine/plan.h"
#include "engine/rollout.h"

struct snapshot *snapshot_new(uint64_t generation, struct catalog *catalog,
			      struct plan *plan, struct rollouts *rollouts)
{
	struct snapshot *snapshot = calloc(1, sizeof *snapshot);
	if (snapshot == NULL)
		return NULL;
	*snapshot = (struct snapshot){ generation, catalog, plan, rollouts, 1 };
	return snapshot;
}

/* Whoever takes holds a reference already, or a lock that keeps one alive, so the count
 * needs no order; the last give must see what every other one did. */
struct snapshot *snapshot_take(struct snapshot *snapshot)
{
	int before = __atomic_fetch_add(&snapshot->references, 1, __ATOMIC_RELAXED);
	assert(before > 0);
	return snapshot;
}

void snapshot_give(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	int left = __atomic_sub_fetch(&snapshot->references, 1, __ATOMIC_ACQ_REL);
	assert(left >= 0);
	if (left > 0)
		return;
	/* The reference was ours to give back, const only for readers. */
	rollouts_give((struct rollouts *)snapshot->rollouts);
	plan_give((struct plan *)snapshot->plan);
	catalog_give((struct catalog *)snapshot->catalog);
	free(snapshot);
}
