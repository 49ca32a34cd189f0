#include <string.h>

#include "engine/expression.h"
#include "engine/judgement.h"

const struct mark *candidate_mark(const struct judgement *j, int32_t index)
{
	const struct history *history = j->situation->history;
	const struct release *release = &j->line->releases[index];

	if (history == NULL)
		return NULL;
	for (size_t i = 0; i < history->mark_count; i++) {
		if (history->marks[i].key.kb == release->kb &&
		    release_key_is(&history->marks[i].key, j->line, release))
			return &history->marks[i];
	}
	return NULL;
}

bool candidate_is_running(const struct judgement *j, int32_t index)
{
	const struct flow *flow = running_flow(j);

	return flow != NULL && flow->kind == FLOW_INSTALL &&
	       release_key_is(&flow->key, j->line, &j->line->releases[index]);
}

/* An OOB whose chain of repairs ends at a preview is for devices whose level is that
 * preview or a repair of it, or whose policy takes optional updates. */
static bool preview_chain_fits(const struct judgement *j, const struct release *release)
{
	const struct level *level = &j->decision->level;

	if (level->state != LEVEL_KNOWN)
		return false;
	return level->index == release->anchor ||
	       (j->line->releases[level->index].cadence == CADENCE_OOB &&
		j->line->releases[level->index].anchor == release->anchor);
}

static const struct rollout *rollout_of(const struct judgement *j, int32_t index)
{
	return rollouts_find(j->situation->rollouts, j->line->releases[index].title,
			     j->decision->ring);
}

enum impossible candidate_unfit(const struct judgement *j, int32_t index)
{
	const struct release *release = &j->line->releases[index];
	bool optional = j->policy != NULL && j->policy->optional_updates;

	if (index >= j->published)
		return IMPOSSIBLE_NOT_PUBLISHED;
	if (release->offer == OFFER_NEVER || rollout_of(j, index)->withdrawn)
		return IMPOSSIBLE_NOT_ACTIVE;
	if (!optional && release->kind == RELEASE_PREVIEW)
		return IMPOSSIBLE_OPTIONAL;
	if (!optional && release->cadence == CADENCE_OOB &&
	    j->line->releases[release->anchor].kind == RELEASE_PREVIEW &&
	    !preview_chain_fits(j, release))
		return IMPOSSIBLE_OPTIONAL;
	if (release->match != NULL &&
	    expression_test(release->match, j->situation->facts) != TRUTH_TRUE)
		return IMPOSSIBLE_NOT_TARGETED;
	return POSSIBLE;
}

enum impossible candidate_impossible(const struct judgement *j, int32_t index)
{
	if (index < j->published && !level_is_below(j, index))
		return IMPOSSIBLE_NOT_ABOVE;
	return candidate_unfit(j, index);
}

/* The same on every server of one site: no state, no order of arrival. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* This device's place in [0, gradual_s) of the release's spread over the ring. */
static int64_t gradual_delay(const struct judgement *j, int32_t index)
{
	const struct release *release = &j->line->releases[index];

	if (j->ring->gradual_s <= 0)
		return 0;
	uint64_t hash =
		UINT64_C(0xcbf29ce484222325) ^ rollouts_salt_of(j->situation->rollouts);
	hash = hash_text(hash, j->situation->device);
	hash = hash_text(hash, j->line->product->id);
	hash = mix(hash ^ ((uint64_t)release->kb << 32 | release->build.revision));
	return (int64_t)((unsigned __int128)hash * (uint64_t)j->ring->gradual_s >> 64);
}

static void changes_at(struct way *way, int64_t at_s)
{
	if (way->changes_s == INSTANT_NONE || at_s < way->changes_s)
		way->changes_s = at_s;
}

/* An obstacle that falls at `until_s`; the one that falls last gives the reason. */
static void meet(struct way *way, enum obstacle obstacle, int64_t until_s,
		 enum reason reason)
{
	way->obstacles |= obstacle;
	if (until_s >= way->opens_s || way->opening_reason == REASON_NONE)
		way->opening_reason = reason;
	if (until_s > way->opens_s)
		way->opens_s = until_s;
	if (until_s != OPENS_SOMETIME)
		changes_at(way, until_s);
}

/* An earlier ring opens it when that passed for this release. */
static void judge_gate(const struct judgement *j, int32_t index, struct way *way)
{
	if (j->ring->after < 0)
		return;
	const struct rollout *earlier = rollouts_find(
		j->situation->rollouts, j->line->releases[index].title, j->ring->after);
	if (earlier->passed_s == 0) {
		meet(way, OBSTACLE_GATE, OPENS_SOMETIME, REASON_GATE_WAITING);
		return;
	}
	way->passed_s = earlier->passed_s;
	if (earlier->passed_s > j->situation->now_s)
		meet(way, OBSTACLE_GATE, earlier->passed_s, REASON_GATE_WAITING);
	else if (earlier->passed_s > way->opens_s)
		way->opens_s = earlier->passed_s;
}

/* Expediting sets all of this aside (DESIGN 2.5). */
static void judge_ring(const struct judgement *j, int32_t index, struct way *way)
{
	int64_t now_s = j->situation->now_s;

	way->deferred_until_s = release_opens(j->line, index, j->ring->defer_s);
	way->turn_s = way->deferred_until_s + gradual_delay(j, index);
	way->opens_s = way->turn_s;
	if (way->deferred_until_s > now_s)
		meet(way, OBSTACLE_DEFERRED, way->deferred_until_s, REASON_DEFERRED);
	if (way->turn_s > now_s && way->turn_s > way->deferred_until_s)
		meet(way, OBSTACLE_GRADUAL, way->turn_s, REASON_GRADUAL);
	judge_gate(j, index, way);
	if (way->rollout->paused_until_s > now_s && !candidate_is_running(j, index)) {
		way->paused_until_s = way->rollout->paused_until_s;
		way->obstacles |= OBSTACLE_PAUSED;
		changes_at(way, way->paused_until_s);
	}
}

static bool is_approved(const struct judgement *j, const struct release *release,
			const struct rollout *rollout)
{
	if (rollout->approval != APPROVAL_UNSET)
		return rollout->approval == APPROVAL_GIVEN;
	if (release->kind == RELEASE_PREVIEW)
		return true; /* possible only where the policy takes optional updates */
	return release->offer == OFFER_AUTO && j->ring->approval == APPROVE_AUTO;
}

static const struct hold *find_hold(const struct judgement *j,
				    const struct release *release)
{
	const struct plan *plan = j->situation->plan;
	const struct hold_place *place;
	size_t count = plan_holds_of(plan, release->kb, &place);

	for (size_t i = 0; i < count; i++) {
		const struct hold *hold = &plan->holds[place[i].hold];
		if (hold->has_build && (hold->base != release->build.base ||
					hold->revision != release->build.revision))
			continue;
		if (hold->product[0] != '\0' &&
		    strcmp(hold->product, j->line->product->id) != 0)
			continue;
		if (expression_test(hold->match, j->situation->facts) == TRUTH_TRUE)
			return hold;
	}
	return NULL;
}

static struct way find_way(const struct judgement *j, int32_t index)
{
	const struct release *release = &j->line->releases[index];
	const struct mark *mark = candidate_mark(j, index);
	struct way way = {
		.opens_s = release->published_s,
		.changes_s = INSTANT_NONE,
		.deferred_until_s = INSTANT_NONE,
		.turn_s = INSTANT_NONE,
		.passed_s = INSTANT_NONE,
		.paused_until_s = INSTANT_NONE,
		.rollout = rollout_of(j, index),
	};

	if (!way.rollout->expedited)
		judge_ring(j, index, &way);
	if (j->ring->canary && !way.rollout->canary_verified &&
	    way.rollout->canary != NULL &&
	    strcmp(way.rollout->canary, j->situation->device) != 0)
		meet(&way, OBSTACLE_CANARY, OPENS_SOMETIME, REASON_CANARY_WAITING);
	if (way.rollout->halted)
		way.obstacles |= OBSTACLE_HALTED;
	way.hold = find_hold(j, release);
	if (way.hold != NULL)
		way.obstacles |= OBSTACLE_HELD;
	if (!is_approved(j, release, way.rollout))
		way.obstacles |= OBSTACLE_NOT_APPROVED;
	if (!rollouts_has_payload(j->situation->rollouts, release->title, j->line->arch))
		way.obstacles |= OBSTACLE_PAYLOAD;
	if (mark != NULL && mark->block == BLOCK_OPERATOR)
		way.obstacles |= OBSTACLE_BLOCKED;
	if (mark != NULL && mark->block == BLOCK_UNINSTALLED)
		way.obstacles |= OBSTACLE_UNINSTALLED;
	return way;
}

struct way candidate_way(const struct judgement *j, int32_t index)
{
	struct ways *ways = j->ways;
	unsigned place = (unsigned)index % WAYS_KEPT;
	uint64_t bit = UINT64_C(1) << place;

	if ((ways->known & bit) == 0 || ways->index[place] != index) {
		ways->way[place] = find_way(j, index);
		ways->index[place] = index;
		ways->known |= bit;
	}
	return ways->way[place];
}

enum reason obstacle_reason(unsigned obstacles)
{
	static const struct {
		enum obstacle obstacle;
		enum reason reason;
	} order[] = {
		{ OBSTACLE_HALTED, REASON_HALTED },
		{ OBSTACLE_HELD, REASON_HELD },
		{ OBSTACLE_NOT_APPROVED, REASON_NOT_APPROVED },
		{ OBSTACLE_PAYLOAD, REASON_PAYLOAD_MISSING },
		{ OBSTACLE_UNINSTALLED, REASON_UNINSTALLED_BY_REQUEST },
		{ OBSTACLE_BLOCKED, REASON_BLOCKED },
	};
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		if ((obstacles & order[i].obstacle) != 0)
			return order[i].reason;
	}
	return REASON_NONE;
}
