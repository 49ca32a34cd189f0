/* Which release a device should get, by a plain reading of the rules over plain lists:
 * slow, and written without a look at the engine's way of doing it. */

#include <string.h>

#include "tests/lib/case.h"
#include "world.h"

struct view {
	struct world *w;
	const struct device_record *record;
	const struct written_policy *policy; /* NULL: none */
	const struct written_ring *ring;
	int ring_index;
	bool known; /* the level */
	const struct written *level;
	uint32_t revision;
	uint32_t quarter; /* KB of the baseline, while on the track; 0 */
};

static const struct written *by_kb(const struct world *w, uint32_t kb)
{
	for (size_t i = 0; i < w->release_count; i++) {
		if (kb != 0 && w->releases[i].kb == kb)
			return &w->releases[i];
	}
	return NULL;
}

static uint32_t quarter_of(const struct written *release)
{
	return release->kind == RELEASE_BASELINE ? release->kb : release->baseline;
}

static bool fact_is(const struct view *v, const char *name, const char *value)
{
	const char *have = facts_get(&v->record->facts, name);
	return have != NULL && strcmp(have, value) == 0;
}

static bool newer(const struct written *a, const struct written *b)
{
	if (a->published_s != b->published_s)
		return a->published_s > b->published_s;
	if (a->revision != b->revision)
		return a->revision > b->revision;
	return a->kb > b->kb;
}

static bool cumulative(const struct written *release)
{
	return release->kind != RELEASE_HOTPATCH;
}

/* "Repairs": named; or the newest B release before it, of its own quarter or else of the
 * standard line. */
static const struct written *repaired(const struct world *w, const struct written *fix)
{
	const struct written *found = NULL;

	if (fix->repairs != 0)
		return by_kb(w, fix->repairs);
	for (size_t i = 0; i < w->release_count; i++) {
		const struct written *one = &w->releases[i];
		bool fits = quarter_of(fix) != 0 ? quarter_of(one) == quarter_of(fix)
						 : one->kind == RELEASE_BASELINE ||
							   (one->kind == RELEASE_LCU &&
							    one->baseline == 0);
		if (one->cadence == CADENCE_B && one->kind != RELEASE_RTM && fits &&
		    one->published_s < fix->published_s &&
		    (found == NULL || newer(one, found)))
			found = one;
	}
	return found;
}

static const struct written *chain_end(const struct world *w, const struct written *fix)
{
	while (fix != NULL && fix->cadence == CADENCE_OOB)
		fix = repaired(w, fix);
	return fix;
}

int64_t oracle_opens(const struct world *w, const struct written *release,
		     int64_t defer_s)
{
	const struct written *end = chain_end(w, release);

	if (end == NULL)
		return release->published_s;
	int64_t opens_s = end->published_s + defer_s;
	return opens_s > release->published_s ? opens_s : release->published_s;
}

static bool above(const struct view *v, const struct written *r)
{
	const struct written *l = v->level;

	if (!v->known)
		return cumulative(r) && r->revision > v->revision;
	if (r == l)
		return false;
	if (r->kind == RELEASE_BASELINE && quarter_of(l) != 0 &&
	    newer(r, by_kb(v->w, quarter_of(l))))
		return true;
	if (l->kind == RELEASE_BASELINE && quarter_of(r) != 0 &&
	    newer(l, by_kb(v->w, quarter_of(r))))
		return false;
	if (r->published_s != l->published_s)
		return r->published_s > l->published_s;
	bool both = cumulative(r) && cumulative(l);
	bool one_quarter = quarter_of(r) != 0 && quarter_of(r) == quarter_of(l) &&
			   r->kind != RELEASE_BASELINE && l->kind != RELEASE_BASELINE;
	return (both || one_quarter) && r->revision > l->revision;
}

static bool takes_preview_chain(const struct view *v, const struct written *r)
{
	const struct written *end = chain_end(v->w, r);

	if (v->policy != NULL && v->policy->optional)
		return true;
	if (r->kind == RELEASE_PREVIEW)
		return false;
	if (r->cadence != CADENCE_OOB || end == NULL || end->kind != RELEASE_PREVIEW)
		return true;
	return v->known && (v->level == end || (v->level->cadence == CADENCE_OOB &&
						chain_end(v->w, v->level) == end));
}

static bool is_open(const struct view *v, const struct written *r,
		    const struct rollout *rollout)
{
	/* A pause is no matter of which, only of when. */
	if (v->ring->canary && rollout->canary != NULL && !rollout->canary_verified &&
	    strcmp(rollout->canary, v->record->id) != 0)
		return false;
	if (rollout->expedited)
		return true;
	if (oracle_opens(v->w, r, v->ring->defer_s) > v->w->now_s)
		return false;
	if (v->ring->after < 0)
		return true;
	int64_t passed_s =
		world_rollout(v->w, r->kb, r->revision, v->ring->after)->passed_s;
	return passed_s != 0 && passed_s <= v->w->now_s;
}

static bool is_held(const struct view *v, uint32_t kb)
{
	for (size_t i = 0; i < v->w->hold_count; i++) {
		if (v->w->holds[i] == kb && fact_is(v, "tag.held", "yes"))
			return true;
	}
	return false;
}

static bool has_payload(const struct view *v, uint32_t kb)
{
	for (size_t i = 0; i < v->w->missing_count; i++) {
		if (v->w->missing[i] == kb)
			return false;
	}
	return true;
}

enum { SANS_PAYLOAD = 1 };

static bool in_c(const struct view *v, const struct written *r, int sans)
{
	const struct rollout *rollout =
		world_rollout(v->w, r->kb, r->revision, v->ring_index);
	struct release_key key = { "p", r->kb, { 26100, r->revision } };
	const struct mark *mark = history_mark(&v->record->history, &key);
	bool approved = rollout->approval != APPROVAL_UNSET
				? rollout->approval == APPROVAL_GIVEN
				: r->kind == RELEASE_PREVIEW ||
					  (!r->approval && !v->ring->manual);

	if (r->kind == RELEASE_RTM || r->published_s > v->w->now_s || !above(v, r) ||
	    rollout->withdrawn || rollout->halted || !approved || is_held(v, r->kb))
		return false;
	if (!takes_preview_chain(v, r) || (r->targeted && !fact_is(v, "tag.fix", "yes")))
		return false;
	if ((sans & SANS_PAYLOAD) == 0 && !has_payload(v, r->kb))
		return false;
	if (mark != NULL && mark->block != BLOCK_NONE)
		return false;
	return is_open(v, r, rollout);
}

enum want { OWN_QUARTER, NEWER_QUARTER, BASELINES, STANDARD, MONTHLY, FOR_TRACK };

static bool is_wanted(const struct view *v, const struct written *r, enum want want)
{
	const struct written *own = by_kb(v->w, v->quarter);
	bool standard =
		r->kind == RELEASE_BASELINE || (cumulative(r) && r->baseline == 0);

	switch (want) {
	case OWN_QUARTER:
		return own != NULL && quarter_of(r) == v->quarter;
	case NEWER_QUARTER:
		return own != NULL && quarter_of(r) != 0 && quarter_of(r) != v->quarter &&
		       newer(by_kb(v->w, quarter_of(r)), own);
	case BASELINES:
		return r->kind == RELEASE_BASELINE;
	case STANDARD:
		return standard;
	case MONTHLY:
		return r->kind == RELEASE_LCU && r->cadence == CADENCE_B &&
		       r->baseline == 0;
	case FOR_TRACK:
		return standard && world_rollout(v->w, r->kb, r->revision, v->ring_index)
					   ->approved_for_track;
	}
	return false;
}

static const struct written *newest(const struct view *v, enum want want, int sans)
{
	const struct written *found = NULL;

	for (size_t i = 0; i < v->w->release_count; i++) {
		const struct written *r = &v->w->releases[i];
		if (is_wanted(v, r, want) && (found == NULL || newer(r, found)) &&
		    in_c(v, r, sans))
			found = r;
	}
	return found;
}

static struct wish none(void)
{
	return (struct wish){ NULL, 0, true };
}

static struct wish rule_d(const struct view *v)
{
	const struct written *r = newest(v, STANDARD, 0);
	return r == NULL ? none() : (struct wish){ r, 'd', true };
}

static struct wish paid(const struct view *v, const struct written *r, char rule)
{
	if (has_payload(v, r->kb))
		return (struct wish){ r, rule, true };
	return v->policy->payload_wait ? none() : rule_d(v);
}

/* Its own uninstall blocks something newer of its quarter, whatever else does. */
static bool has_removed(const struct view *v)
{
	for (size_t i = 0; i < v->w->release_count; i++) {
		const struct written *r = &v->w->releases[i];
		struct release_key key = { "p", r->kb, { 26100, r->revision } };
		const struct mark *mark = history_mark(&v->record->history, &key);
		if (mark != NULL && mark->block == BLOCK_UNINSTALLED &&
		    is_wanted(v, r, OWN_QUARTER) && r->published_s <= v->w->now_s &&
		    above(v, r))
			return true;
	}
	return false;
}

static struct wish rule_a(const struct view *v)
{
	const struct written *own = newest(v, OWN_QUARTER, SANS_PAYLOAD);
	const struct written *leaving = newest(v, FOR_TRACK, 0);
	const struct request *request = &v->record->history.request;

	if (leaving != NULL && (own == NULL || leaving->published_s >= own->published_s))
		return (struct wish){ leaving, 'a', true };
	if (own != NULL)
		return paid(v, own, 'a');
	if (!has_removed(v))
		return none();
	if (request->kind == REQUEST_UNINSTALL && request->wait)
		return none();
	return rule_d(v);
}

static bool qualifies(const struct view *v)
{
	const struct product *product = &v->w->catalog->products[0];

	return v->policy != NULL && v->policy->allow &&
	       fact_is(v, "os.edition", "Enterprise") && product->from.base != 0 &&
	       v->revision >= product->from.revision &&
	       !fact_is(v, "licence.hotpatch", "no") && fact_is(v, "vbs", "running") &&
	       (!fact_is(v, "os.arch", "arm64") || fact_is(v, "chpe", "off"));
}

/* The next quarter's baseline; without its payload an update, unless the device's own
 * quarter holds one as new. */
static struct wish next_quarter(const struct view *v, const struct written *baseline,
				char rule)
{
	struct wish wish = paid(v, baseline, rule);
	const struct written *own = newest(v, OWN_QUARTER, 0);

	if (wish.rule == 'd' && own != NULL && newest(v, NEWER_QUARTER, 0) == NULL &&
	    own->published_s >= wish.release->published_s)
		return (struct wish){ own, 'a', true };
	return wish;
}

struct wish oracle(struct world *w, int device)
{
	const struct decision *d = &w->decision;
	struct view v = { .w = w, .record = &w->devices[device] };
	const char *tag = facts_get(&v.record->facts, "tag.p");
	int policy = tag[0] - '0';

	v.policy = w->policies[policy].exists ? &w->policies[policy] : NULL;
	v.ring_index = facts_get(&v.record->facts, "tag.r")[0] - '0';
	v.ring = &w->rings[v.ring_index];
	if (v.ring->gradual_s != 0)
		return (struct wish){ .known = false };
	v.revision = d->build.revision;
	v.known = d->level.state == LEVEL_KNOWN;
	for (size_t i = 0; v.known && i < w->release_count; i++) {
		if (w->releases[i].kb == d->level.kb &&
		    w->releases[i].revision == v.revision)
			v.level = &w->releases[i];
	}
	if (d->track == TRACK_HOTPATCH && v.level != NULL)
		v.quarter = quarter_of(v.level);
	if (!qualifies(&v))
		return rule_d(&v);
	bool on_track = v.quarter != 0;
	if (on_track && newest(&v, NEWER_QUARTER, SANS_PAYLOAD) == NULL)
		return rule_a(&v);
	const struct written *baseline = newest(&v, BASELINES, SANS_PAYLOAD);
	const struct written *monthly = newest(&v, MONTHLY, 0);
	if (baseline != NULL && (monthly == NULL || !newer(monthly, baseline)))
		return next_quarter(&v, baseline, 'b');
	if (on_track && v.policy->behind_baseline)
		return baseline == NULL ? none() : next_quarter(&v, baseline, 'c');
	return rule_d(&v);
}
