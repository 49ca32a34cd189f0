/* Whom a release is for (engine/census.h), kept as it goes: a device is looked at again
 * when its decision may change, when it falls out of contact or comes back, and when its
 * offer has been open for so long that it is silent.  Only where a gate asks. */

#include "engine/census.h"
#include "engine/rehearsal/inner.h"

enum { GAPS_LOOKED_AT = 64 };

static struct census_place nowhere(void)
{
	return (struct census_place){ 0, -1 };
}

/* Take it out of one cell, and put it into another. */
static void move(struct run *run, int32_t *title, int8_t *ring,
		 const struct census_place *to)
{
	if (*title >= 0)
		cell_at(run, (uint32_t)*title, *ring)->census--;
	*title = to->ring < 0 ? -1 : (int32_t)to->title;
	*ring = (int8_t)to->ring;
	if (*title >= 0)
		cell_at(run, (uint32_t)*title, *ring)->census++;
}

static uint32_t sooner(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* When it is out of contact next, at the latest by `until`; or back in it. */
static uint32_t contact_changes(struct run *run, struct actor *actor, uint32_t limit,
				uint32_t until)
{
	uint32_t off = contact_last(run, actor, run->now);

	if (run->now - off > limit)
		return contact_on(run, actor, run->now);
	if (off == run->now)
		off = contact_off(run, actor, run->now);
	for (int i = 0; i < GAPS_LOOKED_AT && off < until; i++) {
		uint32_t on = contact_on(run, actor, off);
		if (on - off > limit)
			return off + limit + 1;
		off = contact_off(run, actor, on);
		if (off <= on)
			break;
	}
	return off < until ? off : NEVER;
}

/* An offer that is open for so long is silent. */
static void count_silent(struct run *run, struct actor *actor)
{
	const struct actor_flow *flow = &actor->flow;

	if (flow->title < 0 || flow->ring < 0 || flow->kind != FLOW_INSTALL ||
	    flow_state_is_final((enum flow_state)flow->state) || actor->is_silent)
		return;
	int64_t after_s =
		gate_silent_after_s(gate_of(&run->of->ask.plan->rings[flow->ring]));
	if (run->now - flow->offered < after_s) {
		actor->look = sooner(actor->look, flow->offered + (uint32_t)after_s);
		return;
	}
	actor->is_silent = true;
	cell_at(run, (uint32_t)flow->title, flow->ring)->counts.silent++;
}

/* Its decision, and the record that goes with it. */
static const struct decision *consider(struct run *run, struct actor *actor)
{
	const struct decision *d = thought_find(run, actor);

	if (d != NULL) {
		/* At rest: nothing that it would run has failed on it. */
		run->record.history.mark_count = 0;
		run->record.history.flow.state = FLOW_NONE;
		return d;
	}
	actor_recall(run, actor);
	think(run, actor);
	thought_keep(run, actor);
	return &run->decision;
}

static struct census_place next_place(struct run *run, struct actor *actor,
				      const struct census *census,
				      const struct decision *d, uint32_t *changes)
{
	const struct ring *ring = &run->of->ask.plan->rings[actor->ring];
	struct census_place place;

	run->record.facts.reported_s = run->now;
	*changes = NEVER;
	if (!census_decided(census, &run->record, d, &place))
		return nowhere();
	uint32_t limit = (uint32_t)(census->plan->facts_fresh_s +
				    gate_silent_after_s(gate_of(ring)));
	*changes =
		contact_changes(run, actor, limit, sooner(actor->look, actor->contact));
	run->record.facts.reported_s = contact_last(run, actor, run->now);
	return census_decided(census, &run->record, d, &place) ? place : nowhere();
}

void ward_census(struct run *run, struct actor *actor)
{
	const struct census census = { run->of->ask.catalog, run->of->ask.plan,
				       run->now };
	struct census_place runs = nowhere(), waits = nowhere();
	uint32_t changes = NEVER;

	actor->look = NEVER;
	if (actor->ring < 0 || !run->of->gated[actor->ring]) {
		move(run, &actor->runs, &actor->runs_ring, &runs);
		move(run, &actor->waits, &actor->waits_ring, &waits);
		return;
	}
	const struct decision *d = consider(run, actor);
	if (!census_running(&census, &run->record, &runs))
		runs = nowhere();
	if (d->stands_until_s != INSTANT_NONE &&
	    d->stands_until_s < (int64_t)run->of->until)
		actor->look = (uint32_t)d->stands_until_s;
	bool is_the_same = false;
	if (census_is_busy(d)) {
		const struct flow flow = run->record.history.flow;
		census_look_ahead(&run->record);
		think(run, actor);
		d = &run->decision;
		run->record.history.flow = flow;
		is_the_same = census_is_the_same(&run->record, d);
		run->record.history.flow.state = FLOW_NONE;
	}
	if (!is_the_same)
		waits = next_place(run, actor, &census, d, &changes);
	/* Time goes on, whatever was found. */
	actor->look = sooner(actor->look, changes > run->now ? changes : run->now + 1);
	count_silent(run, actor);
	/* Its own turn looks too. */
	if (actor->look >= actor->contact)
		actor->look = NEVER;
	move(run, &actor->runs, &actor->runs_ring, &runs);
	move(run, &actor->waits, &actor->waits_ring, &waits);
}
