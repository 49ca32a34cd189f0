#include "engine/flow.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/instant.h"

const char *const flow_kind_names[FLOW_KINDS] = { "install", "uninstall" };

#define TO(state) (UINT32_C(1) << (state))
#define DAYS(n)   ((int64_t)(n)*DAY_S)

/* What may follow, in sets that name each other from the end backwards: a plain client
 * may leave progress out, so every earlier state takes all that a later one takes.
 * Nothing goes back.
 *
 * A claim of success ends as verified, unverified or removed by what the facts show.
 * Until an install has begun the offer can still lapse, be withdrawn or be declined;
 * from then on it goes to its end and is counted. */
enum {
	LATE = TO(FLOW_VERIFIED) | TO(FLOW_UNVERIFIED) | TO(FLOW_FAILED),
	AFTER_INSTALLED = LATE | TO(FLOW_RESTART_PENDING),
	AFTER_INSTALLING = AFTER_INSTALLED | TO(FLOW_INSTALLED) | TO(FLOW_NOT_APPLICABLE),
	CALLED_BACK = TO(FLOW_REJECTED) | TO(FLOW_EXPIRED) | TO(FLOW_WITHDRAWN),
	AFTER_DOWNLOADED = AFTER_INSTALLING | TO(FLOW_INSTALLING) | CALLED_BACK,
	AFTER_DOWNLOADING = AFTER_DOWNLOADED | TO(FLOW_DOWNLOADED),
	AFTER_ACCEPTED = AFTER_DOWNLOADING | TO(FLOW_DOWNLOADING),
	AFTER_OFFERED = AFTER_ACCEPTED | TO(FLOW_ACCEPTED),

	REMOVED_LATE = TO(FLOW_REMOVED) | TO(FLOW_FAILED),
	REMOVED_EARLY = REMOVED_LATE | TO(FLOW_RESTART_PENDING) | TO(FLOW_NOT_APPLICABLE),
	REMOVED_FIRST = REMOVED_EARLY | TO(FLOW_REMOVING) | CALLED_BACK,
};

/* The whole machine on one page: a state, its name, whether an install or removal has
 * begun, where it may go in an install and in an uninstall, and its lease.
 *
 * Leases end what nobody will end, so they are longer than any wait a plan can ask for:
 *  - offered, accepted: a weekly window may be a week away, and a device may have been
 *    switched off the week before it: 14 days;
 *  - downloading: the slowest link we serve, over a long weekend: 3 days;
 *  - downloaded: waits for its window, or where the user decides for the deadline, of
 *    30 days at most and a week of grace: 40 days;
 *  - installing, removing: the longest install takes hours: 1 day;
 *  - installed: facts follow at the next poll; a device on leave for two: 14 days;
 *  - restart-pending: until the deadline and its grace, as above: 40 days. */
/* clang-format off */
static const struct {
	const char *name;
	bool final, committed;
	uint32_t may_become[FLOW_KINDS];
	int64_t lease_s;
} table[FLOW_STATES] = {
	[FLOW_NONE]            = { "none",            false, false, { TO(FLOW_OFFERED), TO(FLOW_OFFERED) }, 0 },
	[FLOW_OFFERED]         = { "offered",         false, false, { AFTER_OFFERED, REMOVED_FIRST }, DAYS(14) },
	[FLOW_ACCEPTED]        = { "accepted",        false, false, { AFTER_ACCEPTED, 0 },            DAYS(14) },
	[FLOW_DOWNLOADING]     = { "downloading",     false, false, { AFTER_DOWNLOADING, 0 },         DAYS(3) },
	[FLOW_DOWNLOADED]      = { "downloaded",      false, false, { AFTER_DOWNLOADED, 0 },          DAYS(40) },
	[FLOW_INSTALLING]      = { "installing",      false, true,  { AFTER_INSTALLING, 0 },          DAYS(1) },
	[FLOW_INSTALLED]       = { "installed",       false, true,  { AFTER_INSTALLED, 0 },           DAYS(14) },
	[FLOW_REMOVING]        = { "removing",        false, true,  { 0, REMOVED_EARLY },             DAYS(1) },
	[FLOW_RESTART_PENDING] = { "restart-pending", false, true,  { LATE, REMOVED_LATE },           DAYS(40) },
	[FLOW_VERIFIED]        = { "verified",        true,  false, { 0, 0 }, 0 },
	[FLOW_REMOVED]         = { "removed",         true,  false, { 0, 0 }, 0 },
	/* The facts may come to show it after all. */
	[FLOW_UNVERIFIED]      = { "unverified",      true,  false, { TO(FLOW_VERIFIED), 0 }, 0 },
	[FLOW_FAILED]          = { "failed",          true,  false, { 0, 0 }, 0 },
	[FLOW_NOT_APPLICABLE]  = { "not-applicable",  true,  false, { 0, 0 }, 0 },
	[FLOW_REJECTED]        = { "rejected",        true,  false, { 0, 0 }, 0 },
	[FLOW_EXPIRED]         = { "expired",         true,  false, { 0, 0 }, 0 },
	[FLOW_WITHDRAWN]       = { "withdrawn",       true,  false, { 0, 0 }, 0 },
};
/* clang-format on */

_Static_assert(FLOW_STATES <= 31, "a set of states is an int");

const char *flow_state_name(enum flow_state state)
{
	assert(state < FLOW_STATES);
	return table[state].name;
}

enum flow_state flow_state_of(const char *name)
{
	for (int state = FLOW_NONE + 1; state < FLOW_STATES; state++) {
		if (strcmp(table[state].name, name) == 0)
			return (enum flow_state)state;
	}
	return FLOW_NONE;
}

bool flow_state_is_final(enum flow_state state)
{
	assert(state < FLOW_STATES);
	return table[state].final;
}

bool flow_state_is_committed(enum flow_state state)
{
	assert(state < FLOW_STATES);
	return table[state].committed;
}

bool flow_may_move(enum flow_kind kind, enum flow_state from, enum flow_state to)
{
	assert(kind < FLOW_KINDS);
	assert(from < FLOW_STATES);
	assert(to < FLOW_STATES);
	return (table[from].may_become[kind] & TO(to)) != 0;
}

int64_t flow_lease_s(enum flow_state state)
{
	assert(state < FLOW_STATES);
	return table[state].lease_s;
}

bool release_key_equal(const struct release_key *a, const struct release_key *b)
{
	return a->kb == b->kb && build_equal(a->build, b->build) &&
	       strcmp(a->product, b->product) == 0;
}

bool release_key_is(const struct release_key *key, const struct line *line,
		    const struct release *release)
{
	return key->kb == release->kb && build_equal(key->build, release->build) &&
	       strcmp(key->product, line->product->id) == 0;
}

void release_key_set(struct release_key *key, const struct line *line,
		     const struct release *release)
{
	memset(key, 0, sizeof *key);
	snprintf(key->product, sizeof key->product, "%s", line->product->id);
	key->kb = release->kb;
	key->build = release->build;
}
