#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "engine/rehearsal/inner.h"
#include "engine/rehearsal/queue.h"

/* Above those that known devices may have. */
enum { REVIEW_S = HOUR_S, TURNS_UNWATCHED = 4096, FLOW_ID_BEFORE_FIRST = 1 << 30 };

int run_no_memory(struct run *run)
{
	if (!run->failed)
		problem_set(run->p, PROBLEM_NO_MEMORY,
			    "no memory for a rehearsal of %u "
			    "devices",
			    run->of->devices);
	run->failed = true;
	return -1;
}

void run_close(struct run *run)
{
	size_t cells = run->of->ask.catalog->title_count * run->of->ask.plan->ring_count;

	for (size_t i = 0; run->cells != NULL && i < cells; i++) {
		free(run->cells[i].reach);
		free(run->cells[i].canary);
	}
	cast_fini(run);
	tally_fini(run);
	rollouts_give(run->rollouts);
	queue_free(run->queue);
	free(run->cells);
	free(run->review);
	free(run->thoughts);
	free(run);
}

static int init(struct run *run)
{
	const struct rehearsal_ask *ask = &run->of->ask;
	size_t cells = ask->catalog->title_count * ask->plan->ring_count;

	run->now = run->of->from;
	device_record_init(&run->record, "", run->now);
	run->rollouts =
		rollouts_build(ask->catalog, ask->plan, ask->records, ask->record_count);
	run->queue = queue_new(run->of->from, run->of->until - 1);
	run->cells = calloc(cells + 1, sizeof run->cells[0]);
	run->review = calloc(cells + 1, sizeof run->review[0]);
	run->thoughts = calloc(THOUGHTS, sizeof run->thoughts[0]);
	if (run->rollouts == NULL || run->queue == NULL || run->cells == NULL ||
	    run->review == NULL || run->thoughts == NULL || tally_init(run) < 0)
		return run_no_memory(run);
	rollouts_salt(run->rollouts, ask->seed);
	run->view = (struct snapshot){ .catalog = ask->catalog,
				       .plan = ask->plan,
				       .rollouts = run->rollouts };
	return cast_draw(run);
}

/* What a known device was about when the rehearsal begins, it goes on with. */
static void take_up(struct run *run, struct actor *actor)
{
	const struct stage_line *stage = line_of(run, actor);
	const struct actor_flow *flow = &actor->flow;

	if (flow->title < 0 || flow->kind != FLOW_INSTALL || stage == NULL)
		return;
	if (flow->state == FLOW_INSTALLING)
		actor->step = STEP_INSTALL;
	if (flow->state != FLOW_INSTALLED && flow->state != FLOW_RESTART_PENDING)
		return;
	for (size_t i = 0; i < stage->line->count; i++) {
		if (stage->line->releases[i].title == (uint32_t)flow->title)
			actor->next_level = (int16_t)i;
	}
	actor->pending = true;
	actor->step = STEP_RESTART;
}

/* Every device is seen at the beginning, and comes to its first poll. */
static int begin(struct run *run)
{
	for (uint32_t i = 0; i < run->count && !run->failed; i++) {
		struct actor *actor = &run->actors[i];
		actor_recall(run, actor);
		history_saw(&run->record.history, &run->record.facts, run->now);
		think(run, actor);
		actor->ring = (int8_t)run->decision.ring;
		actor->on_track = run->decision.track == TRACK_HOTPATCH;
		actor_keep(run, actor);
		take_up(run, actor);
		actor->contact = contact_poll(run, actor, run->now);
		ward_census(run, actor);
		life_queue(run, actor);
	}
	return run->failed ? -1 : 0;
}

static uint32_t first_review(const struct run *run)
{
	for (size_t i = 0; i < run->of->ask.plan->ring_count; i++) {
		if (run->of->gated[i])
			return run->of->from + REVIEW_S;
	}
	return NEVER;
}

static void review(struct run *run)
{
	run->now = run->next_review;
	ward_review(run);
	ward_tell(run);
	run->next_review += REVIEW_S;
}

int run_turn(struct run *run)
{
	uint32_t time, number;
	int rc;

	while ((rc = queue_take(run->queue, &time, &number)) == 1) {
		struct actor *actor = &run->actors[number];
		if (actor->turn != time)
			continue; /* it has been put elsewhere */
		if (run->next_review <= time) {
			/* Whom it wakes may come before. */
			if (queue_put(run->queue, time, number) < 0)
				return run_no_memory(run);
			review(run);
			continue;
		}
		run->now = time;
		actor->turn = NEVER;
		life_turn(run, actor);
		life_queue(run, actor);
		ward_tell(run);
		run->turns++;
		return run->failed ? -1 : 1;
	}
	run->now = run->of->until;
	return rc < 0 ? run_no_memory(run) : 0;
}

struct run *run_open(const struct rehearsal *rehearsal, uint32_t number,
		     struct problem *p)
{
	struct run *run = calloc(1, sizeof *run);

	if (run == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for a rehearsal");
		return NULL;
	}
	run->of = rehearsal;
	run->number = number;
	run->p = p;
	run->flow_id = FLOW_ID_BEFORE_FIRST;
	run->next_review = first_review(run);
	if (init(run) == 0 && begin(run) == 0)
		return run;
	run_close(run);
	return NULL;
}

static bool goes_on(struct run *run, const struct rehearsal_watch *watch)
{
	uint64_t past = run->now - run->of->from, all = run->of->until - run->of->from;

	return watch == NULL || watch->on_progress == NULL ||
	       watch->on_progress(watch->owner, (uint32_t)(past * 1000 / all));
}

int rehearsal_run(const struct rehearsal *rehearsal, uint32_t number,
		  const struct rehearsal_watch *watch, struct rehearsal_result *result,
		  struct problem *p)
{
	struct run *run = run_open(rehearsal, number, p);
	int rc = 1;

	if (run == NULL)
		return -1;
	while (rc == 1) {
		rc = run_turn(run);
		if (rc == 1 && run->turns % TURNS_UNWATCHED == 0 &&
		    !goes_on(run, watch)) {
			run_close(run);
			return REHEARSAL_STOPPED;
		}
	}
	if (rc == 0)
		rc = tally_end(run, result);
	run_close(run);
	return rc;
}
