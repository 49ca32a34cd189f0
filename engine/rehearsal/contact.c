/* When a device is there: its shifts of work, its polls, and its spells out of reach.
 *
 * Spells are drawn one after the other as time passes; the next one is always known. */

#include "engine/rehearsal/inner.h"

enum { START_JITTER_S = 20 * MINUTE_S };

static const struct fleet_group *group_of(const struct run *run,
					  const struct actor *actor)
{
	return run->classes[actor->class].group;
}

/* Out of reach for `ppm` of the time: so long between two spells, on average. */
static int64_t usual_gap(const struct fleet_group *group)
{
	int64_t spell_s = (group->offline.least_s + group->offline.most_s) / 2;
	return spell_s * (DICE_PPM - group->offline_ppm) / group->offline_ppm;
}

static uint32_t later(uint32_t time, int64_t by_s)
{
	return (int64_t)time + by_s >= (int64_t)NEVER ? NEVER
						      : (uint32_t)((int64_t)time + by_s);
}

static void draw_spell(const struct run *run, struct actor *actor, uint32_t after,
		       bool first)
{
	const struct fleet_group *group = group_of(run, actor);

	actor->spell_from = actor->spell_until = NEVER;
	if (group->offline_ppm == 0)
		return;
	int64_t gap_s = usual_gap(group);
	int64_t spell_s =
		dice_between(&actor->dice, group->offline.least_s, group->offline.most_s);
	if (first) {
		/* At the beginning some are in the middle of one. */
		int64_t cycle_s = gap_s + spell_s;
		int64_t ahead_s =
			(int64_t)dice_below(&actor->dice, (uint64_t)cycle_s + 1);
		int64_t from_s = (int64_t)after + ahead_s - spell_s;
		actor->spell_from = from_s < (int64_t)after ? after : (uint32_t)from_s;
		actor->spell_until = later(after, ahead_s);
		return;
	}
	actor->spell_from =
		later(after, dice_between(&actor->dice, gap_s / 2, gap_s + gap_s / 2));
	actor->spell_until = later(actor->spell_from, spell_s);
}

void contact_begin(const struct run *run, struct actor *actor)
{
	draw_spell(run, actor, run->of->from, true);
}

/* Past spells are forgotten. */
static void pass_spells(const struct run *run, struct actor *actor)
{
	while (actor->spell_until <= run->now)
		draw_spell(run, actor, actor->spell_until, false);
}

static uint32_t start_jitter(const struct actor *actor, const struct shift *shift)
{
	return shift->on == 0
		       ? 0
		       : (uint32_t)(dice_mix(actor->phase ^ shift->on) % START_JITTER_S);
}

/* The first moment from `from` on at which it is switched on and within reach. */
uint32_t contact_on(const struct run *run, struct actor *actor, uint32_t from)
{
	const struct shifts *shifts = &run->of->shifts[actor->pattern];
	struct shift shift;

	pass_spells(run, actor);
	for (int i = 0; i < 2; i++) {
		if (from >= actor->spell_from && from < actor->spell_until)
			from = actor->spell_until;
		if (from >= run->of->until || !shifts_find(shifts, from, &shift))
			return NEVER;
		if (shift.on > from)
			from = shift.on + start_jitter(actor, &shift);
		if (from < actor->spell_from || from >= actor->spell_until)
			break;
	}
	return from;
}

/* Its first poll from `from` on: by its interval while it is on, and soon after it is
 * switched on. */
uint32_t contact_poll(const struct run *run, struct actor *actor, uint32_t from)
{
	uint32_t past = (from - actor->phase) % actor->poll;
	uint32_t poll = past == 0 ? from : later(from, actor->poll - past);

	/* Switched on in between, it polls then. */
	uint32_t on = contact_on(run, actor, from);
	if (on != from)
		return on;
	return contact_on(run, actor, poll);
}

/* When it is off next, from `from` on, at which it is on. */
uint32_t contact_off(const struct run *run, const struct actor *actor, uint32_t from)
{
	const struct shifts *shifts = &run->of->shifts[actor->pattern];
	struct shift shift;

	if (!shifts_find(shifts, from, &shift))
		return from;
	uint32_t off = shift.on > from ? from : shift.off;
	return actor->spell_from >= from && actor->spell_from < off ? actor->spell_from
								    : off;
}

/* When it was last there. */
uint32_t contact_last(const struct run *run, const struct actor *actor, uint32_t time)
{
	const struct shifts *shifts = &run->of->shifts[actor->pattern];

	if (time >= actor->spell_from && time < actor->spell_until)
		time = actor->spell_from;
	return shifts_last_on(shifts, time);
}
