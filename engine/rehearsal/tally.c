/* What comes out of one run. */

#include <stdlib.h>
#include <string.h>

#include "engine/rehearsal/inner.h"

/* A deadline is missed by a device that has not installed it a day after: one that is on
 * begins at its deadline. */
enum { MISSED_AFTER_S = DAY_S };

int tally_init(struct run *run)
{
	const struct rehearsal_ask *ask = &run->of->ask;
	size_t reasons = (ask->plan->ring_count + 1) * REASONS;

	run->tally.restarts_on =
		calloc(rehearsal_days(run->of) + 1, sizeof run->tally.restarts_on[0]);
	run->tally.leavings =
		calloc(ask->catalog->title_count + 1, sizeof run->tally.leavings[0]);
	run->tally.reasons = calloc(reasons, sizeof run->tally.reasons[0]);
	run->tally.reasons_never = calloc(reasons, sizeof run->tally.reasons_never[0]);
	return run->tally.restarts_on == NULL || run->tally.leavings == NULL ||
			       run->tally.reasons == NULL ||
			       run->tally.reasons_never == NULL
		       ? -1
		       : 0;
}

void tally_fini(struct run *run)
{
	free(run->tally.restarts_on);
	free(run->tally.leavings);
	free(run->tally.reasons);
	free(run->tally.reasons_never);
}

void tally_restart(struct run *run)
{
	run->tally.restarts++;
	run->tally.restarts_on[(run->now - run->of->from) / DAY_S]++;
}

/* A hotpatch saved a restart where, since what the device had, a cumulative update came
 * that others restart for: each month's.  The second of a month saved none. */
static void count_hotpatch(struct run *run, const struct actor *actor, uint32_t title)
{
	const struct stage_line *stage = line_of(run, actor);

	if (run->of->ask.catalog->titles[title].kind != RELEASE_HOTPATCH || stage == NULL)
		return;
	run->tally.hotpatches++;
	if (actor->level < 0 || actor->previous < 0)
		return;
	run->tally.avoided += stage->words[actor->level].cumulative_s >
			      stage->line->releases[actor->previous].published_s;
}

void tally_install(struct run *run, struct actor *actor, const struct event *event)
{
	int64_t title = title_of_key(run->of->ask.catalog, &event->key);
	int ring = plan_ring_named(run->of->ask.plan, event->ring);
	struct cell *cell = cell_at(run, (uint32_t)title, ring);
	const struct flow *flow = &run->record.history.flow;
	int64_t installed_s =
		flow->pending_since_s != 0 ? flow->pending_since_s : (int64_t)run->now;

	actor->installs++;
	cell->late += flow->install_by_s != 0 &&
		      installed_s > flow->install_by_s + MISSED_AFTER_S;
	count_hotpatch(run, actor, (uint32_t)title);
	if (cell->reach_count == cell->reach_room) {
		size_t room = cell->reach_room == 0 ? 16 : 2 * cell->reach_room;
		uint32_t *bigger = reallocarray(cell->reach, room, sizeof *bigger);
		if (bigger == NULL) {
			run_no_memory(run);
			return;
		}
		cell->reach = bigger;
		cell->reach_room = room;
	}
	cell->reach[cell->reach_count++] = run->now;
}

/* --- the end ------------------------------------------------------------------------ */

/* What it waits for is said last; why it has no place, first.  One that is offered
 * something is on its way. */
static enum reason main_reason(const struct decision *d)
{
	if (d->action == ACTION_INSTALL || d->reason_count == 0)
		return REASON_RUNNING;
	return d->reasons[d->standing == STANDING_NOT_READY ? 0 : d->reason_count - 1];
}

static void count_wait(struct run *run, const struct actor *actor,
		       const struct decision *d)
{
	bool due = d->install_by_s != INSTANT_NONE && d->action != ACTION_RESTART &&
		   d->install_by_s + MISSED_AFTER_S < (int64_t)run->now;

	if (d->line == NULL || d->release < 0 || d->ring < 0)
		return;
	uint32_t title = d->line->releases[d->release].title;
	struct cell *cell = cell_at(run, title, d->ring);
	const struct actor_mark *mark = actor_mark((struct actor *)actor, title);
	cell->waiting += mark == NULL || mark->first_offered == 0;
	cell->late += due;
}

static void look_at_end(struct run *run, struct rehearsal_result *result)
{
	for (uint32_t i = 0; i < run->count; i++) {
		struct actor *actor = &run->actors[i];
		const struct decision *d = thought_find(run, actor);
		if (d == NULL) {
			actor_recall(run, actor);
			think(run, actor);
			thought_keep(run, actor);
			d = &run->decision;
		}
		uint32_t restarts = actor->restarts;
		result->restarts_of[restarts < RESTARTS_MOST ? restarts
							     : RESTARTS_MOST - 1]++;
		if (d->standing == STANDING_UP_TO_DATE) {
			result->up_to_date++;
			continue;
		}
		count_wait(run, actor, d);
		size_t at = (size_t)(d->ring + 1) * REASONS + main_reason(d);
		run->tally.reasons[at]++;
		run->tally.reasons_never[at] += actor->installs == 0;
	}
}

static uint32_t since(uint32_t time, uint32_t published)
{
	return time == 0 ? REACH_NEVER : time > published ? time - published : 0;
}

static void write_cell(const struct run *run, const struct cell *cell, uint32_t title,
		       struct result_cell *to)
{
	uint32_t published = run->of->titles[title].published;

	to->title = title;
	/* A newer one may have taken its place for those that it was kept from. */
	to->devices =
		cell->offered + (cell->waiting > cell->kept ? cell->waiting : cell->kept);
	if (to->devices < cell->reach_count)
		to->devices = (uint32_t)cell->reach_count;
	uint32_t tried = (uint32_t)(cell->counts.verified + cell->counts.failed +
				    cell->counts.unverified);
	to->kept = cell->halted != 0 && to->devices > tried ? to->devices - tried : 0;
	to->offered = cell->offered;
	to->verified = (uint32_t)cell->counts.verified;
	to->failed = (uint32_t)cell->counts.failed;
	to->late = cell->late;
	to->silent =
		cell->halted != 0 ? cell->silent_at_halt : (uint32_t)cell->counts.silent;
	to->halted_s = since(cell->halted, published);
	to->passed_s = since(cell->passed, published);
	to->verified_at_halt = cell->verified_at_halt;
	to->failed_at_halt = cell->failed_at_halt;
	to->passed_empty = cell->passed_empty;
	for (uint32_t i = 0; i < REACH_STEPS; i++) {
		uint64_t wanted =
			((uint64_t)to->devices * (i + 1) + REACH_STEPS - 1) / REACH_STEPS;
		to->reach_s[i] = wanted == 0 || wanted > cell->reach_count
					 ? REACH_NEVER
					 : since(cell->reach[wanted - 1], published);
	}
}

/* Those that anybody had to do with. */
static void write_cells(struct run *run, struct rehearsal_result *result)
{
	size_t rings = run->of->ask.plan->ring_count;

	for (uint32_t place = 0; place < run->of->ask.catalog->title_count; place++) {
		uint32_t title = run->of->by_publication[place];
		for (size_t ring = 0; ring < rings; ring++) {
			const struct cell *cell = cell_at(run, title, (int)ring);
			if (cell->offered + cell->waiting + cell->reach_count == 0)
				continue;
			struct result_cell *to = &result->cells[result->cell_count++];
			write_cell(run, cell, title, to);
			to->ring = (int32_t)ring;
		}
	}
}

static void write_lists(struct run *run, struct rehearsal_result *result)
{
	size_t rings = run->of->ask.plan->ring_count;

	for (size_t ring = 0; ring <= rings; ring++) {
		for (int reason = 0; reason < REASONS; reason++) {
			size_t at = ring * REASONS + (size_t)reason;
			if (run->tally.reasons[at] == 0)
				continue;
			result->reasons[result->reason_count++] = (struct result_reason){
				(int32_t)ring - 1, (enum reason)reason,
				run->tally.reasons[at], run->tally.reasons_never[at]
			};
		}
	}
	for (uint32_t title = 0; title < run->of->ask.catalog->title_count; title++) {
		const struct leaving *l = &run->tally.leavings[title];
		if (l->left == 0)
			continue;
		result->leavings[result->leaving_count++] = (struct result_leaving){
			title,        l->left,       l->back,      l->first_left,
			l->last_left, l->first_back, l->last_back,
		};
	}
}

int tally_end(struct run *run, struct rehearsal_result *result)
{
	const struct rehearsal_ask *ask = &run->of->ask;
	size_t rings = ask->plan->ring_count, titles = ask->catalog->title_count;

	memset(result, 0, sizeof *result);
	result->cells = calloc(titles * rings + 1, sizeof result->cells[0]);
	result->reasons = calloc((rings + 1) * REASONS, sizeof result->reasons[0]);
	result->leavings = calloc(titles + 1, sizeof result->leavings[0]);
	if (result->cells == NULL || result->reasons == NULL ||
	    result->leavings == NULL) {
		rehearsal_result_free(result);
		return run_no_memory(run);
	}
	result->devices = run->count;
	result->days = rehearsal_days(run->of);
	look_at_end(run, result);
	write_cells(run, result);
	write_lists(run, result);
	result->restarts = run->tally.restarts;
	result->avoided = run->tally.avoided;
	result->hotpatches = run->tally.hotpatches;
	result->restarts_on = run->tally.restarts_on;
	run->tally.restarts_on = NULL;
	result->turns = run->turns;
	result->decisions = run->decisions;
	result->remembered = run->remembered;
	/* As much as is in use. */
	void *cells = reallocarray(result->cells, result->cell_count + 1,
				   sizeof result->cells[0]);
	void *reasons = reallocarray(result->reasons, result->reason_count + 1,
				     sizeof result->reasons[0]);
	void *leavings = reallocarray(result->leavings, result->leaving_count + 1,
				      sizeof result->leavings[0]);
	result->cells = cells != NULL ? cells : result->cells;
	result->reasons = reasons != NULL ? reasons : result->reasons;
	result->leavings = leavings != NULL ? leavings : result->leavings;
	return 0;
}
