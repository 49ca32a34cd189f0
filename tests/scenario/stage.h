/* The stage a scenario plays on: catalog, plan, what was done on the day, a fleet of
 * device records and a virtual clock, held together as the server holds them.
 *
 * Everything a device does goes through engine/passage.h in the server's own order: new
 * facts are set, decided upon and passed on, then the record is settled by polls until
 * nothing moves; reports likewise.  So flows, leases, marks, blocks and gates are real,
 * and only wire, store and threads are missing.
 *
 * One thread.  Faults of a script are told in stage->trouble; failing functions return -1
 * and leave the rest of the script without meaning. */

#ifndef TESTS_SCENARIO_STAGE_H
#define TESTS_SCENARIO_STAGE_H

#include "engine/decision.h"
#include "engine/instant.h"
#include "engine/passage.h"
#include "engine/plan.h"
#include "engine/rollout.h"
#include "words.h"

struct actor;
struct zone_files;

enum {
	STAGE_ACTORS = 256,
	STAGE_RECORDS = 256,
	STAGE_PLAN_LINES = 64,
	STAGE_TARGETS = 8,
	STAGE_MISSING = 16,
	STAGE_OUTCOMES = 8192,
};

/* "ring broad defer 9", to be read when the plan is needed. */
struct plan_line {
	char text[STATEMENT_MOST];
	struct origin origin;
};

/* A release that is only for the devices that match. */
struct target {
	char product[LIMIT_NAME + 1];
	uint32_t kb;
	char match[LIMIT_EXPRESSION + 1];
};

/* What one flow came to, for the gates; in order of beginning. */
struct trial {
	const struct actor *actor;
	struct release_key key;
	char ring[LIMIT_NAME + 1];
	int64_t flow, offered_s, ended_s;
	enum flow_state state;
	uint32_t code;
	bool is_judged;
};

struct stage {
	struct trouble *trouble;
	const char *folder; /* what paths in a script are under */
	bool has_begun;     /* the clock runs */
	int64_t now_s;

	char catalog_path[256];
	size_t target_count;
	struct target targets[STAGE_TARGETS];
	struct catalog *catalog; /* sealed when the clock starts */

	char plan_path[256]; /* a file, or lines */
	size_t plan_line_count;
	struct plan_line plan_lines[STAGE_PLAN_LINES];
	bool plan_is_new;
	struct plan *plan;
	struct zone_files *zones;

	size_t record_count;
	struct rollout_record records[STAGE_RECORDS];
	size_t missing_count;
	struct release_key missing[STAGE_MISSING];
	bool rollouts_are_new;
	struct rollouts *rollouts;

	size_t actor_count;
	struct actor *actors[STAGE_ACTORS];
	int64_t next_flow_id;
	size_t trial_count;
	struct trial trials[STAGE_OUTCOMES];
};

/* NULL without memory.  `folder` and `trouble` are borrowed. */
struct stage *stage_new(const char *folder, struct trouble *trouble);
void stage_free(struct stage *stage);

/* Read what changed: catalog, plan, rollouts. */
int stage_ready(struct stage *stage, const struct words *words);
/* Move the clock, never back; everybody that is not away reports and polls, and gates are
 * judged. */
int stage_move(struct stage *stage, int64_t to_s, const struct words *words);

/* The record of what was done to a release in a ring, made when there is none.  kb 0: the
 * whole ring.  NULL told when there are too many. */
struct rollout_record *stage_record(struct stage *stage, const struct release_key *key,
				    const char *ring, const struct words *words);

struct situation stage_situation(struct stage *stage, const struct actor *actor);
void stage_decide(struct stage *stage, const struct actor *actor,
		  struct decision *decision);

/* What an outcome leaves behind: trials, the actor's counts. */
void stage_keep(struct stage *stage, struct actor *actor, const struct outcome *outcome);

/* plan_words.c: a plan from its lines; NULL told. */
struct plan *plan_from_lines(struct stage *stage, const struct words *words);
/* Keep a line, in place of one that speaks of the same; "drop ring x" removes one. */
int plan_line_add(struct stage *stage, const char *text, const struct words *words);

/* gates.c: judge every gate that somebody waits for or that can halt. */
int gates_judge(struct stage *stage, const struct words *words);

/* A word that begins a statement: run with what follows it, or a deed done to each
 * device that the next word names. */
typedef int actor_deed(struct stage *stage, struct actor *actor, struct words *words);
struct verb {
	const char *name; /* NULL ends a table */
	int (*run)(struct stage *stage, struct words *words);
	actor_deed *deed;
};
extern const struct verb deed_verbs[]; /* deeds.c: devices, and people to devices */
extern const struct verb day_verbs[];  /* day.c: what an operator does on the day */
extern const struct verb expect_verb;  /* expect.c */
/* verbs.c: one statement. */
int verbs_run(struct stage *stage, struct words *words);

#endif
