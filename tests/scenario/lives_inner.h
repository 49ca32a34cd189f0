/* The inside of a life, shared by its files: lives.c is the server and the network,
 * lives_machine.c the device, lives_world.c the catalog and how an end is written down.
 */

#ifndef TESTS_SCENARIO_LIVES_INNER_H
#define TESTS_SCENARIO_LIVES_INNER_H

#include "engine/decision.h"
#include "engine/instant.h"
#include "engine/passage.h"
#include "engine/rollout.h"
#include "lives.h"

enum { LIFE_BASE = 26100, BATCH = 32 };
#define LIFE_START_S   INT64_C(1736877600) /* 2025-01-14T18:00:00Z */
#define LIFE_CHAPTER_S ((int64_t)60 * DAY_S)
/* A month of the catalog's calendar is a chapter and a half. */
#define LIFE_MONTH_S (LIFE_CHAPTER_S * 3 / 2)

struct world {
	struct catalog *catalog;
	struct plan *plan;
};

struct dice {
	uint64_t state;
};

/* 0 to sides - 1 */
uint64_t roll(struct dice *dice, uint64_t sides);
bool chance(struct dice *dice, unsigned percent);

/* What a device sends.  Facts are all it shows at that time. */
struct message {
	enum { SENDS_FACTS, SENDS_REPORT, SENDS_STOP } kind;
	size_t number; /* in its life */
	int64_t flow;
	struct report report;
	bool did_stop;
	uint32_t kb, base_kb, revision, boots;
	bool pending;
	bool must_arrive;
};

struct machine {
	uint32_t base_kb, base_revision, kb, revision; /* kb 0: no hotpatch over it */
	uint32_t next_kb, next_revision;               /* after the restart; kb 0: none */
	uint32_t below_kb, below_revision;             /* what lies beneath the base */
	uint32_t boots;
	bool pending;
	int64_t flow; /* it has worked on */
	uint32_t sequence;
	enum flow_state reached;
};

struct living {
	struct world *world;
	struct rollouts *rollouts;
	size_t record_count;
	struct rollout_record records[LIFE_CHAPTERS];
	const struct network *network;
	bool tells;
	struct life *life;
	struct dice fate, weather;
	int64_t now_s, next_flow_id;
	struct device_record record;
	struct machine machine;
	size_t batch_count, old_count;
	struct message batch[BATCH], old[BATCH];
};

/* lives.c */
void life_decide(struct living *l, struct decision *d);
/* One more message that is to be delivered; fill it. */
struct message *life_send(struct living *l);
/* What was sent, as the network brings it. */
void life_deliver(struct living *l);

/* lives_machine.c */
/* Facts at a quiet time: the newest arrive. */
void machine_report_in(struct living *l);
/* One go at what is offered; what it sends is not delivered yet. */
void machine_work(struct living *l);

/* lives_world.c */
/* All that matters of how it stands, but for ids and times. */
void life_write_end(struct living *l, char room[static LIFE_TEXT]);

#endif
