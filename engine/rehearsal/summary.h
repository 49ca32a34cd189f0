/* Many runs put together: what comes out in one run of ten, in the one in the middle, and
 * in nine of ten.
 *
 * A band is of the runs in which a thing came up at all; what never happened in a run
 * (REACH_NEVER) is later than everything.  Results go in by the number of their run, so
 * the summary is the same however many threads played them.  Pure; one thread. */

#ifndef ENGINE_REHEARSAL_SUMMARY_H
#define ENGINE_REHEARSAL_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/rehearsal/rehearsal.h"

struct problem;

struct band {
	uint32_t p10, p50, p90;
};

struct summary_cell {
	uint32_t title;
	int32_t ring;
	uint32_t runs; /* in which anybody had to do with it */
	struct band devices, offered, verified, failed, late;
	struct band reach_s[REACH_STEPS];
	uint32_t halts, passes, passed_empty; /* runs */
	/* Of the runs that halted. */
	struct band halted_s, verified_at_halt, failed_at_halt;
	struct band kept; /* devices that the halt spared it */
};

/* Sums over all runs. */
struct summary_reason {
	int32_t ring;
	enum reason reason;
	uint64_t devices, never;
};

struct summary_leaving {
	uint32_t title;
	uint64_t left, back;
	uint32_t first_left_s, last_left_s, first_back_s, last_back_s;
};

struct summary {
	uint32_t runs, devices, days;
	struct band up_to_date;
	struct band restarts, avoided, hotpatches; /* of a device, in thousandths */
	struct band busiest_day;                   /* restarts on it */
	uint64_t restarts_of[RESTARTS_MOST];       /* devices, over all runs */
	struct band *restarts_on;                  /* each day */
	size_t cell_count, reason_count, leaving_count;
	struct summary_cell *cells; /* in the order of publication, then of rings */
	struct summary_reason *reasons;
	struct summary_leaving *leavings;
};

/* `results` of runs that are done, at least one, all of one rehearsal.  -1 with *p told.
 */
int summary_make(struct summary *summary, const struct rehearsal_result *results,
		 size_t count, struct problem *p);
void summary_fini(struct summary *summary);

#endif
