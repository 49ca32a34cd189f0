/* Asking the engine.
 *
 * A device at rest has no flow on its way, nothing marked above its level, no request, no
 * pause, no restart to do, and saw nothing that ends a quarter; where its ring opens
 * neither gradually nor behind a canary, nothing in its past or its name can then matter
 * to a decision.  So all devices of one class on one level get the same answer, until
 * time alone changes it (stands_until_s) or something is done to a rollout.  Most moments
 * at which a device has to be asked are of that kind: something was published that is not
 * for it, or is deferred. */

#include <string.h>

#include "engine/rehearsal/inner.h"

void think(struct run *run, const struct actor *actor)
{
	const struct situation situation = {
		.device = run->record.id,
		.facts = &run->record.facts,
		.history = &run->record.history,
		.catalog = run->of->ask.catalog,
		.plan = run->of->ask.plan,
		.rollouts = run->rollouts,
		.zone = run->classes[actor->class].zone,
		.now_s = run->now,
	};

	run->decisions++;
	decide(&situation, &run->decision);
}

static bool saw_an_end(const struct actor *actor, const struct product *product)
{
	for (size_t i = 0; i < product->leaves_track_count; i++) {
		for (int k = 0; k < actor->sighting_count; k++) {
			if (actor->sightings[k].kb == product->leaves_track[i])
				return true;
		}
	}
	return false;
}

bool rests(const struct run *run, const struct actor *actor)
{
	const struct stage_line *stage = line_of(run, actor);
	const struct actor_flow *flow = &actor->flow;

	if (stage == NULL || actor->level < 0 || actor->pending || actor->ring < 0 ||
	    actor->paused_until > run->now ||
	    (flow->title >= 0 && !flow_state_is_final((enum flow_state)flow->state)))
		return false;
	const struct ring *ring = &run->of->ask.plan->rings[actor->ring];
	if (ring->gradual_s > 0 || ring->canary)
		return false;
	for (int i = 0; i < actor->mark_count; i++) {
		const struct actor_mark *mark = &actor->marks[i];
		if (mark->index < 0 || mark->block != BLOCK_NONE ||
		    release_above(stage->line, mark->index, actor->level))
			return false;
	}
	return !saw_an_end(actor, stage->line->product);
}

static struct thought *place(const struct run *run, const struct actor *actor)
{
	uint64_t hash =
		dice_mix((uint64_t)actor->class << 32 |
			 (uint64_t)(uint16_t)actor->level << 16 | (uint16_t)actor->base);
	return &run->thoughts[hash % THOUGHTS];
}

const struct decision *thought_find(struct run *run, const struct actor *actor)
{
	if (!actor->rests || run->of->ask.no_memo)
		return NULL;
	const struct thought *thought = place(run, actor);
	if (!thought->is_there || thought->class != actor->class ||
	    thought->level != actor->level || thought->base != actor->base ||
	    thought->generation != run->generation || run->now < thought->from ||
	    run->now >= thought->until)
		return NULL;
	run->remembered++;
	return &thought->decision;
}

void thought_keep(struct run *run, const struct actor *actor)
{
	const struct decision *d = &run->decision;

	if (!actor->rests || run->of->ask.no_memo)
		return;
	uint32_t until =
		d->stands_until_s == INSTANT_NONE || d->stands_until_s >= (int64_t)NEVER
			? NEVER
			: (uint32_t)d->stands_until_s;
	*place(run, actor) = (struct thought){ .class = actor->class,
					       .generation = run->generation,
					       .from = run->now,
					       .until = until,
					       .level = actor->level,
					       .base = actor->base,
					       .is_there = true,
					       .decision = *d };
}
