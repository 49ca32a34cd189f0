/* The same engine in virtual time: what a plan would do to a fleet.
 *
 * A rehearsal is catalog, plan, fleet, span and seed, made ready once; it is then only
 * read.  A run plays it: every device lives through the span, asks decide() at each
 * moment at which its answer may change, and goes through passage_*() as on the server;
 * gates are asked after every outcome, and once an hour.  What a run throws depends on
 * seed and number of the run alone, so runs may be played in any order, on any number of
 * threads, and come out the same to the last byte.
 *
 * How to call it from a pool: rehearsal_new() on any thread; then rehearsal_run() on as
 * many threads at once as there are cores, each with a run number, a watch and a result
 * of its own.  There are no globals; nothing blocks.  A watch is asked every few thousand
 * turns and stops the run by returning false.  A run takes some 700 bytes for a device
 * and a few MiB beside, and gives everything back but its result: a few tens of KiB. What
 * is borrowed (catalog, plan, fleet, records) must outlive the rehearsal.
 *
 * What a device is taken to do: it polls while it is on, and reports its facts with every
 * contact, so facts are stale on no poll; what is offered it fetches, installs when the
 * decision lets it, and shows as Windows does: a hotpatch at once, a cumulative update
 * after the restart.  A request that a person made before (a rollback) is not followed.
 *
 * The answer of a device that is at rest is remembered for its like (thought.c), and is
 * the engine's own: without `no_memo` and with it runs come out alike, which a test
 * holds.  All times are seconds since 1970 and lie before 2106. */

#ifndef ENGINE_REHEARSAL_REHEARSAL_H
#define ENGINE_REHEARSAL_REHEARSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/reason.h"

struct catalog;
struct fleet;
struct plan;
struct problem;
struct rehearsal;
struct rollout_record;

struct rehearsal_ask {
	const struct catalog *catalog;
	const struct plan *plan;
	const struct fleet *fleet;
	const struct rollout_record *records; /* what was done on the day, before it */
	size_t record_count;
	int64_t from_s, until_s;
	uint32_t devices; /* a sample of so many; 0: all */
	uint64_t seed;
	bool no_memo;
};

/* NULL with *p told. */
struct rehearsal *rehearsal_new(const struct rehearsal_ask *ask, struct problem *p);
void rehearsal_free(struct rehearsal *rehearsal); /* accepts NULL */
uint32_t rehearsal_devices(const struct rehearsal *rehearsal);
uint32_t rehearsal_days(const struct rehearsal *rehearsal); /* begun ones count */

struct rehearsal_watch {
	/* How far this run is, in thousandths.  False: stop. */
	bool (*on_progress)(void *owner, uint32_t permille);
	void *owner;
};

/* Times of one release in one ring are seconds since its publication. */
enum { REACH_STEPS = 20, RESTARTS_MOST = 64 };
#define REACH_NEVER UINT32_MAX

struct result_cell {
	uint32_t title;
	int32_t ring;
	uint32_t devices; /* that were offered it, wait for it at the end, or were kept
			     from it by a halt */
	uint32_t offered, verified, failed, late;
	uint32_t silent;               /* when the ring halted, else at the end */
	uint32_t reach_s[REACH_STEPS]; /* 5 %, 10 %, .. of them have it */
	uint32_t halted_s, passed_s;   /* REACH_NEVER: it did not */
	uint32_t failed_at_halt, verified_at_halt;
	uint32_t kept;     /* devices that the halt spared it */
	bool passed_empty; /* with nobody there */
};

/* Devices that are not up to date at the end, by what they wait for. */
struct result_reason {
	int32_t ring; /* -1: in none */
	enum reason reason;
	uint32_t devices;
	uint32_t never; /* of them: got nothing in all the time */
};

/* Devices that qualify and left the hotpatch track, by what took them off. */
struct result_leaving {
	uint32_t title;
	uint32_t left, back;
	uint32_t first_left_s, last_left_s;
	uint32_t first_back_s, last_back_s; /* 0: none came back */
};

struct rehearsal_result {
	uint32_t devices, days;
	uint32_t up_to_date; /* at the end */
	uint32_t restarts, avoided, hotpatches;
	uint32_t restarts_of[RESTARTS_MOST]; /* devices with so many; the last: or more */
	uint32_t *restarts_on;               /* each day */
	size_t cell_count, reason_count, leaving_count;
	struct result_cell *cells;
	struct result_reason *reasons;
	struct result_leaving *leavings;
	/* What it took, which is no part of what came out. */
	uint64_t turns, decisions, remembered;
};

enum rehearsal_end { REHEARSAL_DONE = 0, REHEARSAL_STOPPED = 1 };

/* Play one run.  A result is to be zeroed or freed before; it is filled only by
 * REHEARSAL_DONE.  -1 with *p told. */
int rehearsal_run(const struct rehearsal *rehearsal, uint32_t number,
		  const struct rehearsal_watch *watch, struct rehearsal_result *result,
		  struct problem *p);
void rehearsal_result_free(struct rehearsal_result *result);

#endif
