/* A generated world: a catalog, a plan, a fleet and what happens to them, all drawn from
 * one seed.  Every step draws from the seed and its own number alone, so that a failing
 * run can be replayed with steps left out: that is how it is made short.
 *
 * A world knows its releases twice: as the sealed catalog that decisions use, and as the
 * plain list below, which the oracle in world_check.c reads with rules of its own. */

#ifndef TESTS_UNIT_DECISION_WORLD_H
#define TESTS_UNIT_DECISION_WORLD_H

#include "yard.h"

enum {
	WORLD_RELEASES = 160,
	WORLD_DEVICES = 6,
	WORLD_RINGS = 4,
	WORLD_POLICIES = 4,
	WORLD_HOLDS = 3,
	WORLD_RECORDS = 24,
	WORLD_FLOWS = 4096,
};

struct dice {
	uint64_t state;
};
uint64_t roll(struct dice *dice, uint64_t sides);
bool chance(struct dice *dice, unsigned percent);

/* A release as it was written, not as it was laid out. */
struct written {
	uint32_t kb, revision;
	enum release_kind kind;
	enum cadence cadence;
	int64_t published_s;
	uint32_t baseline, repairs; /* KBs, 0 none */
	bool approval, targeted;
};

struct written_ring {
	int64_t defer_s, gradual_s;
	int after; /* -1 */
	bool canary, manual;
};

struct written_policy {
	bool allow, optional, behind_baseline, payload_wait, exists;
};

/* What a device is, whatever the server knows of it. */
struct truth {
	uint32_t kb, revision;
	bool pending;                          /* a restart */
	uint32_t pending_kb, pending_revision; /* what it then shows; 0 nothing new */
	uint32_t boots;
	uint32_t last_sequence;
	bool shows_enablement;
};

struct counter_cell {
	uint32_t kb, revision;
	char ring[LIMIT_NAME + 1];
	enum flow_kind kind;
	int64_t in_state[FLOW_STATES];
};

struct world {
	uint64_t seed;
	int64_t now_s;
	size_t release_count;
	struct written releases[WORLD_RELEASES];
	struct written_ring rings[WORLD_RINGS];
	struct written_policy policies[WORLD_POLICIES];
	size_t hold_count;
	uint32_t holds[WORLD_HOLDS];
	struct catalog *catalog;
	struct plan *plan;
	struct rollouts *rollouts;
	size_t record_count;
	struct rollout_record records[WORLD_RECORDS];
	size_t missing_count;
	uint32_t missing[4];
	struct device_record devices[WORLD_DEVICES];
	struct truth truths[WORLD_DEVICES];
	int64_t next_flow_id;
	/* Every flow there ever was, and the counters moved by events alone. */
	size_t flow_count;
	struct flow flows[WORLD_FLOWS];
	size_t cell_count;
	struct counter_cell cells[512];
	/* Told of every outcome that is kept; NULL: nobody. */
	void (*told)(struct world *world, int device, const struct outcome *outcome);
	struct decision decision; /* the last one */
	char story[160];          /* of the last step */
};

void world_open(struct world *world, uint64_t seed);
void world_close(struct world *world);

/* One step, told in world->story.  NULL, or what must hold and did not. */
const char *world_step(struct world *world, uint64_t number);

struct situation world_situation(struct world *world, int device);

/* world_check.c: what must hold for one device now (DESIGN 2.9). */
const char *world_check(struct world *world, int device, struct dice *dice);
/* A flow has just begun: nothing that was to be kept back. */
const char *world_check_begun(struct world *world, int device);
/* Counters moved by events equal a recount of the flows. */
const char *world_check_counters(struct world *world);

/* oracle.c: which release, by a plain reading of the rules. */
struct wish {
	const struct written *release; /* NULL: none */
	char rule;
	bool known; /* false: a gradual opening is not for the oracle to know */
};
struct wish oracle(struct world *world, int device);
int64_t oracle_opens(const struct world *world, const struct written *release,
		     int64_t defer_s);
const struct rollout *world_rollout(const struct world *world, uint32_t kb,
				    uint32_t revision, int ring);

#endif
