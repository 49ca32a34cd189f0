/* What a device does at its turn: it polls, fetches, installs, restarts and reports, and
 * every step of it goes through the engine as on the server. */

#include <assert.h>
#include <string.h>

#include "engine/expression.h"
#include "engine/rehearsal/inner.h"
#include "engine/rehearsal/queue.h"

enum { SETTLE_STEPS = 8 };

static const struct fleet_group *group_of(const struct run *run,
					  const struct actor *actor)
{
	return run->classes[actor->class].group;
}

static uint32_t draw_span(struct actor *actor, struct fleet_span span)
{
	return (uint32_t)dice_between(&actor->dice, span.least_s, span.most_s);
}

static uint32_t moment(int64_t at_s)
{
	return at_s == INSTANT_NONE || at_s >= (int64_t)NEVER ? NEVER : (uint32_t)at_s;
}

static bool wants(const struct decision *d)
{
	return d->action != ACTION_NONE || d->download_only;
}

static bool is_running(const struct flow *flow)
{
	return flow->state != FLOW_NONE && !flow_state_is_final(flow->state);
}

/* --- the engine's answer ------------------------------------------------------------ */

/* Fetched; or told to stop, which it does where it has not begun. */
static void answer(struct run *run, struct actor *actor)
{
	const struct flow *flow = &run->record.history.flow;

	if (flow->retrieved_s == 0) {
		outcome_init(&run->outcome);
		passage_retrieved(&run->record, flow->id, run->now, &run->outcome);
		actor->has_payload = false;
	}
	if (!flow->withdrawing)
		return;
	outcome_init(&run->outcome);
	passage_stopped(&run->record, flow->id, true, run->now, &run->outcome);
	ward_follow(run, actor);
}

/* Poll until nothing moves; the decision at hand is then of the record as it stands. */
static void settle(struct run *run, struct actor *actor)
{
	const struct plan *plan = run->of->ask.plan;

	for (int i = 0; i < SETTLE_STEPS; i++) {
		think(run, actor);
		const struct decision *d = &run->decision;
		actor->ring = (int8_t)d->ring;
		if (passage_is_settled(&run->record, d, run->now))
			return;
		int64_t id = passage_wants_flow(&run->record, d) ? ++run->flow_id : 0;
		const char *ring = d->ring < 0 ? "" : plan->rings[d->ring].name;
		outcome_init(&run->outcome);
		passage_poll(&run->record, d, ring, id, run->now, &run->outcome);
		ward_follow(run, actor);
		if (is_running(&run->record.history.flow))
			answer(run, actor);
	}
}

static void say(struct run *run, struct actor *actor, enum flow_state state,
		uint32_t code)
{
	const struct report report = { .state = state, .code = code };

	think(run, actor);
	outcome_init(&run->outcome);
	passage_report(&run->record, run->record.history.flow.id, &report, &run->decision,
		       run->now, &run->outcome);
	ward_follow(run, actor);
}

/* What it shows has changed. */
static void show(struct run *run, struct actor *actor, const char *boot_before)
{
	actor->reported = run->now;
	actor_report(run, actor);
	think(run, actor);
	outcome_init(&run->outcome);
	run->outcome.facts_changed = true;
	passage_facts(&run->record, &run->decision, boot_before, run->now, &run->outcome);
	ward_follow(run, actor);
}

/* --- the track ---------------------------------------------------------------------- */

static void follow_track(struct run *run, struct actor *actor)
{
	const struct decision *d = &run->decision;
	bool on_track = d->track == TRACK_HOTPATCH;

	if (d->level.state != LEVEL_KNOWN || on_track == actor->on_track)
		return;
	actor->on_track = on_track;
	if (!on_track && d->qualifies && run->now > run->of->from) {
		uint32_t title = d->line->releases[d->level.index].title;
		struct leaving *leaving = &run->tally.leavings[title];
		leaving->left++;
		if (leaving->first_left == 0)
			leaving->first_left = run->now;
		leaving->last_left = run->now;
		actor->left = run->now;
		actor->left_by = (int32_t)title;
	} else if (on_track && actor->left != 0) {
		struct leaving *leaving = &run->tally.leavings[actor->left_by];
		leaving->back++;
		if (leaving->first_back == 0)
			leaving->first_back = run->now;
		leaving->last_back = run->now;
		actor->left = 0;
	}
}

/* --- what comes next ---------------------------------------------------------------- */

static void begin_install(struct run *run, struct actor *actor)
{
	const struct fleet_group *group = group_of(run, actor);
	const struct flow *flow = &run->record.history.flow;
	bool hotpatch = flow->release_kind == RELEASE_HOTPATCH;

	say(run, actor, FLOW_INSTALLING, 0);
	actor->step = STEP_INSTALL;
	actor->contact = contact_on(
		run, actor,
		run->now + draw_span(actor, hotpatch ? group->hotpatch : group->install));
}

/* Its user is asked once, and lets it begin after a while; the deadline is later, or
 * decides itself. */
static bool user_agrees(struct run *run, struct actor *actor)
{
	if (actor->agreed == 0)
		actor->agreed =
			run->now + draw_span(actor, group_of(run, actor)->consent);
	return run->now >= actor->agreed;
}

/* The payload is there: begin, or wait for the hour or for the user. */
static void go_on(struct run *run, struct actor *actor)
{
	const struct decision *d = &run->decision;
	uint32_t again = moment(d->stands_until_s);

	if (d->action == ACTION_INSTALL &&
	    (!d->download_only || user_agrees(run, actor))) {
		begin_install(run, actor);
		return;
	}
	if (run->record.history.flow.state < FLOW_DOWNLOADED) {
		say(run, actor, FLOW_DOWNLOADED, 0);
		think(run, actor);
		again = moment(d->stands_until_s);
	}
	if (d->action == ACTION_INSTALL && d->download_only && actor->agreed < again)
		again = actor->agreed;
	actor->step = STEP_HELD;
	actor->contact = again == NEVER ? NEVER : contact_on(run, actor, again);
}

static uint32_t restart_time(struct run *run, struct actor *actor)
{
	const struct decision *d = &run->decision;
	uint32_t allowed = d->not_before_s > (int64_t)run->now ? (uint32_t)d->not_before_s
							       : run->now;
	uint32_t forced = moment(d->restart_by_s), wish = allowed;

	if (actor->habit == HABIT_END_OF_DAY)
		wish = contact_off(run, actor, run->now);
	else if (actor->habit == HABIT_DEADLINE)
		wish = forced;
	/* One that is never switched off: some time within a day. */
	if (wish == NEVER)
		wish = run->now + (uint32_t)dice_below(&actor->dice, DAY_S);
	if (forced != NEVER && wish > forced)
		wish = forced;
	if (wish < run->now)
		wish = run->now;
	return wish + draw_span(actor, group_of(run, actor)->restart);
}

/* By the decision and the record at hand. */
static void arrange(struct run *run, struct actor *actor)
{
	const struct flow *flow = &run->record.history.flow;
	const struct decision *d = &run->decision;

	follow_track(run, actor);
	if (d->action == ACTION_RESTART) {
		actor->step = STEP_RESTART;
		actor->contact = contact_on(run, actor, restart_time(run, actor));
	} else if (is_running(flow) && flow->kind == FLOW_INSTALL &&
		   !flow_state_is_committed(flow->state)) {
		if (actor->has_payload) {
			go_on(run, actor);
			return;
		}
		actor->step = STEP_FETCH;
		actor->agreed = 0;
		actor->contact = contact_on(
			run, actor,
			run->now + draw_span(actor, group_of(run, actor)->download));
	} else {
		uint32_t again = moment(d->stands_until_s);
		actor->step = STEP_IDLE;
		actor->contact = again == NEVER ? NEVER : contact_poll(run, actor, again);
	}
}

/* --- the turns ---------------------------------------------------------------------- */

static int32_t level_of_flow(const struct run *run, const struct actor *actor)
{
	const struct stage_line *stage = line_of(run, actor);
	const struct release_key *key = &run->record.history.flow.key;

	for (size_t i = 0; stage != NULL && i < stage->line->count; i++) {
		if (release_key_is(key, stage->line, &stage->line->releases[i]))
			return (int32_t)i;
	}
	return -1;
}

static bool speaks_of(const struct fleet_failure *failure, const struct run *run)
{
	const struct flow *flow = &run->record.history.flow;

	if (failure->kb != 0 && failure->kb != flow->key.kb)
		return false;
	if (failure->build.base != 0 && !build_equal(failure->build, flow->key.build))
		return false;
	if (failure->has_kind && failure->kind != flow->release_kind)
		return false;
	return failure->match == NULL ||
	       expression_test(failure->match, &run->record.facts) == TRUTH_TRUE;
}

/* The code that it fails with; 0 when it does well. */
static uint32_t draw_failure(struct run *run, struct actor *actor)
{
	const struct fleet *fleet = run->of->ask.fleet;
	const struct mark *mark =
		history_mark(&run->record.history, &run->record.history.flow.key);

	for (size_t i = 0; i < fleet->failure_count; i++) {
		const struct fleet_failure *failure = &fleet->failures[i];
		if (!speaks_of(failure, run))
			continue;
		bool again = mark != NULL && mark->failures > 0;
		uint32_t ppm = again ? failure->again_ppm : run->rates_ppm[i];
		return dice_chance(&actor->dice, ppm) ? failure->code : 0;
	}
	return 0;
}

static void boot_text(const struct actor *actor, char text[static INSTANT_TEXT])
{
	instant_format(actor->boot, text);
}

static void end_hotpatch(struct run *run, struct actor *actor, int32_t level)
{
	const struct stage_line *stage = line_of(run, actor);
	char boot[INSTANT_TEXT];

	boot_text(actor, boot);
	actor->previous = actor->level;
	actor->base = (int16_t)stage->line->releases[level].quarter;
	actor->level = (int16_t)level;
	actor->build_since = run->now;
	show(run, actor, boot);
}

static void end_install(struct run *run, struct actor *actor)
{
	int32_t level = level_of_flow(run, actor);
	uint32_t code = draw_failure(run, actor);
	char boot[INSTANT_TEXT];

	if (code != 0 || level < 0) {
		say(run, actor, FLOW_FAILED, code);
	} else if (run->record.history.flow.release_kind == RELEASE_HOTPATCH) {
		end_hotpatch(run, actor, level);
	} else {
		boot_text(actor, boot);
		say(run, actor, FLOW_RESTART_PENDING, 0);
		actor->next_level = (int16_t)level;
		actor->pending = true;
		actor->pending_since = run->now;
		show(run, actor, boot);
	}
}

static void restart(struct run *run, struct actor *actor)
{
	char boot[INSTANT_TEXT];

	boot_text(actor, boot);
	if (actor->next_level >= 0) {
		actor->previous = actor->level;
		actor->level = actor->next_level;
		actor->base = actor->next_level = -1;
		actor->build_since = run->now;
	}
	actor->pending = false;
	actor->pending_since = actor->boot = actor->boot_since = run->now;
	actor->restarts++;
	tally_restart(run);
	show(run, actor, boot);
}

/* A decision that asks for nothing: the next contact is when it may change. */
static void rest_on(struct run *run, struct actor *actor, const struct decision *d)
{
	uint32_t again = moment(d->stands_until_s);

	actor->ring = (int8_t)d->ring;
	actor->contact = again == NEVER ? NEVER : contact_poll(run, actor, again);
}

static void wake(struct run *run, struct actor *actor)
{
	actor->reported = run->now;
	actor_recall(run, actor);
	if (actor->step == STEP_FETCH)
		actor->has_payload = true;
	else if (actor->step == STEP_INSTALL)
		end_install(run, actor);
	else if (actor->step == STEP_RESTART)
		restart(run, actor);
	settle(run, actor);
	arrange(run, actor);
	actor_keep(run, actor);
	if (actor->step == STEP_IDLE && !wants(&run->decision))
		thought_keep(run, actor);
}

void life_turn(struct run *run, struct actor *actor)
{
	const struct decision *known;

	contact_pass(run, actor);
	if (run->now >= actor->contact) {
		known = actor->step == STEP_IDLE ? thought_find(run, actor) : NULL;
		if (known != NULL && !wants(known))
			rest_on(run, actor, known);
		else
			wake(run, actor);
	}
	ward_census(run, actor);
}

int life_queue(struct run *run, struct actor *actor)
{
	uint32_t turn = actor->contact < actor->look ? actor->contact : actor->look;

	actor->turn = turn;
	if (turn == NEVER)
		return 0;
	assert(turn >= run->now);
	return queue_put(run->queue, turn, (uint32_t)(actor - run->actors)) < 0
		       ? run_no_memory(run)
		       : 0;
}
