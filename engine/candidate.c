#include <assert.h>
#include <string.h>

#include "engine/expression.h"
#include "engine/judgement.h"

struct release_key candidate_key(const struct judgement *j, int32_t index)
{
	struct release_key key;
	release_key_set(&key, j->line, &j->line->releases[index]);
	return key;
}

static const struct mark *find_mark(const struct judgement *j, int32_t index)
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
	const struct history *history = j->situation->history;

	return history != NULL && history->flow.state != FLOW_NONE &&
	       !flow_state_is_final(history->flow.state) &&
	       history->flow.kind == FLOW_INSTALL &&
	       release_key_is(&history->flow.key, j->line, &j->line->releases[index]);
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

bool candidate_is_possible(const struct judgement *j, int32_t index)
{
	const struct release *release = &j->line->releases[index];
	bool optional = j->policy != NULL && j->policy->optional_updates;

	assert(index < j->published);
	if (release->offer == OFFER_NEVER || !level_is_below(j, index))
		return false;
	if (!optional && release->kind == RELEASE_PREVIEW)
		return false;
	if (!optional && release->cadence == CADENCE_OOB &&
	    j->line->releases[release->anchor].kind == RELEASE_PREVIEW &&
	    !preview_chain_fits(j, release))
		return false;
	if (release->match != NULL &&
	    expression_test(release->match, j->situation->facts) != TRUTH_TRUE)
		return false;
	int ring = j->decision->ring;
	return !rollouts_find(j->situation->rollouts, release->title, ring)->withdrawn;
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

static void meet(struct way *way, enum obstacle obstacle, int64_t until_s,
		 enum reason reason)
{
	way->obstacles |= obstacle;
	if (until_s >= way->opens_s || way->opening_reason == REASON_NONE)
		way->opening_reason = reason;
	if (until_s > way->opens_s)
		way->opens_s = until_s;
}

static void judge_opening(const struct judgement *j, int32_t index,
			  const struct rollout *rollout, struct way *way)
{
	int64_t now_s = j->situation->now_s;
	const struct release *release = &j->line->releases[index];

	if (!rollout->expedited) {
		int64_t deferred_s = release_opens(j->line, index, j->ring->defer_s);
		int64_t gradual_s = deferred_s + gradual_delay(j, index);
		way->opens_s = gradual_s;
		if (deferred_s > now_s)
			meet(way, OBSTACLE_DEFERRED, gradual_s, REASON_DEFERRED);
		else if (gradual_s > now_s)
			meet(way, OBSTACLE_GRADUAL, gradual_s, REASON_GRADUAL);
		if (j->ring->after >= 0) {
			int64_t passed_s = rollouts_find(j->situation->rollouts,
							 release->title, j->ring->after)
						   ->passed_s;
			if (passed_s == 0 || passed_s > now_s)
				meet(way, OBSTACLE_GATE, OPENS_SOMETIME,
				     REASON_GATE_WAITING);
			else if (passed_s > way->opens_s)
				way->opens_s = passed_s;
		}
		if (rollout->paused_until_s > now_s && !candidate_is_running(j, index))
			meet(way, OBSTACLE_PAUSED, rollout->paused_until_s,
			     REASON_RING_PAUSED);
	}
	if (j->ring->canary && !rollout->canary_verified && rollout->canary != NULL &&
	    strcmp(rollout->canary, j->situation->device) != 0)
		meet(way, OBSTACLE_CANARY, OPENS_SOMETIME, REASON_CANARY_WAITING);
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

static bool is_held(const struct judgement *j, const struct release *release)
{
	const struct plan *plan = j->situation->plan;

	for (size_t i = 0; i < plan->hold_count; i++) {
		const struct hold *hold = &plan->holds[i];
		if (hold->kb != release->kb)
			continue;
		if (hold->has_build && (hold->base != release->build.base ||
					hold->revision != release->build.revision))
			continue;
		if (hold->product[0] != '\0' &&
		    strcmp(hold->product, j->line->product->id) != 0)
			continue;
		if (expression_test(hold->match, j->situation->facts) == TRUTH_TRUE)
			return true;
	}
	return false;
}

struct way candidate_way(const struct judgement *j, int32_t index)
{
	const struct release *release = &j->line->releases[index];
	const struct rollout *rollout =
		rollouts_find(j->situation->rollouts, release->title, j->decision->ring);
	const struct mark *mark = find_mark(j, index);
	struct way way = { 0, release->published_s, REASON_NONE };

	judge_opening(j, index, rollout, &way);
	if (rollout->halted)
		way.obstacles |= OBSTACLE_HALTED;
	if (is_held(j, release))
		way.obstacles |= OBSTACLE_HELD;
	if (!is_approved(j, release, rollout))
		way.obstacles |= OBSTACLE_NOT_APPROVED;
	if (!rollouts_has_payload(j->situation->rollouts, release->title, j->line->arch))
		way.obstacles |= OBSTACLE_PAYLOAD;
	if (mark != NULL && mark->block == BLOCK_OPERATOR)
		way.obstacles |= OBSTACLE_BLOCKED;
	if (mark != NULL && mark->block == BLOCK_UNINSTALLED)
		way.obstacles |= OBSTACLE_UNINSTALLED;
	return way;
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
