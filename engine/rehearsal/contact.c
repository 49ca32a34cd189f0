/* When a device is there: its shifts of work, its polls, and its spells out of reach.
 *
 * Spells follow each other by dice of their own, so those to come can be looked at
 * without being drawn; the one at hand, or the next, is kept, and the last one. */

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

/* The next spell out of reach. */
static void next_spell(const struct fleet_group *group, struct spell *spell)
{
	int64_t gap_s = usual_gap(group);

	spell->from = later(spell->until,
			    dice_between(&spell->dice, gap_s / 2, gap_s + gap_s / 2));
	spell->until =
		later(spell->from, dice_between(&spell->dice, group->offline.least_s,
						group->offline.most_s));
}

void contact_begin(const struct run *run, struct actor *actor)
{
	const struct fleet_group *group = group_of(run, actor);
	struct spell *spell = &actor->spell;
	uint32_t begins = run->of->from;

	*spell = (struct spell){ { dice_roll(&actor->dice) }, NEVER, NEVER };
	if (group->offline_ppm == 0)
		return;
	/* At the beginning some are in the middle of one. */
	int64_t spell_s =
		dice_between(&spell->dice, group->offline.least_s, group->offline.most_s);
	int64_t cycle_s = usual_gap(group) + spell_s;
	int64_t ahead_s = (int64_t)dice_below(&spell->dice, (uint64_t)cycle_s) + 1;
	spell->from = ahead_s < spell_s ? begins
					: (uint32_t)((int64_t)begins + ahead_s - spell_s);
	spell->until = later(begins, ahead_s);
}

/* The one that holds `time`, else the first after it. */
static struct spell spell_at(const struct run *run, const struct actor *actor,
			     uint32_t time)
{
	struct spell spell = actor->spell;

	while (spell.until <= time && spell.until != NEVER)
		next_spell(group_of(run, actor), &spell);
	return spell;
}

static uint32_t start_jitter(const struct actor *actor, const struct shift *shift)
{
	uint32_t room = shift->off - shift->on;
	uint64_t hash = dice_mix(actor->phase ^ (uint64_t)shift->on << 20);

	return shift->on == 0 ? 0
			      : (uint32_t)(hash % (room < START_JITTER_S
							   ? room
							   : (uint32_t)START_JITTER_S));
}

/* The shift that holds `time`, else the first after it, from when the device is heard of
 * in it. */
static bool shift_at(const struct run *run, const struct actor *actor, uint32_t time,
		     struct shift *shift)
{
	if (!shifts_find(&run->of->shifts[actor->pattern], time, shift))
		return false;
	shift->on += start_jitter(actor, shift);
	return true;
}

/* The first moment from `from` on at which it is switched on and within reach. */
uint32_t contact_on(const struct run *run, const struct actor *actor, uint32_t from)
{
	struct shift shift;

	for (;;) {
		struct spell spell = spell_at(run, actor, from);
		if (from >= spell.from)
			from = spell.until;
		if (from >= run->of->until || !shift_at(run, actor, from, &shift))
			return NEVER;
		if (shift.on <= from && from < spell.from)
			return from;
		if (shift.on > from)
			from = shift.on;
		if (from < spell.from)
			return from;
	}
}

/* Its first poll from `from` on: by its interval while it is on, and soon after it is
 * switched on. */
uint32_t contact_poll(const struct run *run, const struct actor *actor, uint32_t from)
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
	struct spell spell = spell_at(run, actor, from);
	struct shift shift;

	if (!shift_at(run, actor, from, &shift) || shift.on > from || spell.from <= from)
		return from;
	return spell.from < shift.off ? spell.from : shift.off;
}

static uint32_t last_switched_on(const struct run *run, const struct actor *actor,
				 uint32_t time)
{
	const struct shifts *shifts = &run->of->shifts[actor->pattern];
	struct shift shift;

	if (shift_at(run, actor, time, &shift) && shift.on <= time)
		return time;
	/* In the minutes before it is heard of, as in the night. */
	uint32_t last = shifts_last_on(shifts, time);
	if (last == time && shifts_find(shifts, time, &shift))
		last = shift.on == 0 ? time : shifts_last_on(shifts, shift.on - 1);
	return last;
}

/* Until when it was last there. */
uint32_t contact_last(const struct run *run, const struct actor *actor, uint32_t time)
{
	struct spell spells[2] = { actor->past_spell, actor->spell };

	while (spells[1].until <= time && spells[1].until != NEVER) {
		spells[0] = spells[1];
		next_spell(group_of(run, actor), &spells[1]);
	}
	uint32_t last = last_switched_on(run, actor, time);
	for (int i = 1; i >= 0; i--) {
		if (last > spells[i].from && last < spells[i].until)
			last = last_switched_on(run, actor, spells[i].from);
	}
	return last;
}

void contact_pass(const struct run *run, struct actor *actor)
{
	while (actor->spell.until <= run->now && actor->spell.until != NEVER) {
		actor->past_spell = actor->spell;
		next_spell(group_of(run, actor), &actor->spell);
	}
}
