/* A stage for rehearsals in tests: the real catalog, and a plan and a fleet as text.
 *
 * What is wrong with either fails the test. */

#ifndef TESTS_UNIT_REHEARSE_PLAYHOUSE_H
#define TESTS_UNIT_REHEARSE_PLAYHOUSE_H

#include "engine/catalog.h"
#include "engine/plan.h"
#include "engine/rehearsal/fleet.h"
#include "engine/rehearsal/rehearsal.h"

struct zone_files;

struct playhouse {
	struct zone_files *zones;
	struct catalog *catalog;
	struct plan *plan;
	struct fleet *fleet;
	struct rehearsal_ask ask; /* change it, then play */
};

/* `plan` and `fleet` are what stands within <plan> and <fleet>; the fleet has 200
 * devices. From 2025-01-01 to 2026-01-01. */
void playhouse_open(struct playhouse *house, const char *plan, const char *fleet);
void playhouse_close(struct playhouse *house);
/* Another plan. */
void playhouse_plan(struct playhouse *house, const char *plan);
void playhouse_span(struct playhouse *house, const char *from, const char *until);

/* Play run `number`; free the result. */
void playhouse_play(const struct playhouse *house, uint32_t number,
		    struct rehearsal_result *result);
/* One release in one ring; NULL when nobody had to do with it. */
const struct result_cell *playhouse_cell(const struct playhouse *house,
					 const struct rehearsal_result *result,
					 const char *kb, const char *ring);

#endif
