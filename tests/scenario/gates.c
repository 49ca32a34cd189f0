/* Gates on the stage: outcomes are counted from the flows there were, judged by
 * engine/gate.h, and what it says is done to the rollouts. */

#include <stdio.h>
#include <string.h>

#include "actor.h"
#include "engine/gate.h"

/* Older releases than this are no longer waited for. */
#define LOOKED_AT_S ((int64_t)120 * DAY_S)

/* One release in one ring. */
struct looking {
	struct stage *stage;
	const struct line *line;
	int32_t index;
	int ring;
	struct release_key key;
};

static bool is_of(const struct looking *l, const struct trial *trial)
{
	return strcmp(trial->ring, l->stage->plan->rings[l->ring].name) == 0;
}

static bool is_of_release(const struct looking *l, const struct trial *trial)
{
	return is_of(l, trial) && release_key_equal(&trial->key, &l->key);
}

/* The release, or one that repairs it, or repairs that. */
static bool is_of_repairs(const struct looking *l, const struct trial *trial)
{
	if (!is_of(l, trial))
		return false;
	for (size_t i = 0; i < l->line->count; i++) {
		if (!release_key_is(&trial->key, l->line, &l->line->releases[i]))
			continue;
		int32_t at = (int32_t)i;
		while (at >= 0 && at != l->index)
			at = l->line->releases[at].repairs;
		return at == l->index;
	}
	return false;
}

static bool has_outcome(const struct trial *trial)
{
	return trial->state == FLOW_VERIFIED || trial->state == FLOW_FAILED ||
	       trial->state == FLOW_UNVERIFIED || trial->state == FLOW_NOT_APPLICABLE ||
	       trial->state == FLOW_REJECTED;
}

/* The actor's last trial with an outcome, else its last one; NULL for none. */
static const struct trial *last_trial(const struct looking *l, const struct actor *actor,
				      bool (*fits)(const struct looking *l,
						   const struct trial *trial))
{
	const struct trial *last = NULL;

	for (size_t i = 0; i < l->stage->trial_count; i++) {
		const struct trial *trial = &l->stage->trials[i];
		if (trial->actor != actor || trial->state == FLOW_WITHDRAWN ||
		    !fits(l, trial))
			continue;
		if (last == NULL || has_outcome(trial) || !has_outcome(last))
			last = trial;
	}
	return last;
}

static bool is_silent(const struct looking *l, const struct trial *trial)
{
	const struct gate *gate = gate_of(&l->stage->plan->rings[l->ring]);

	return !has_outcome(trial) &&
	       trial->offered_s + gate_silent_after_s(gate) <= l->stage->now_s;
}

static void add(const struct looking *l, const struct trial *trial,
		struct gate_counts *counts)
{
	counts->verified += trial->state == FLOW_VERIFIED;
	counts->failed += trial->state == FLOW_FAILED;
	counts->unverified += trial->state == FLOW_UNVERIFIED;
	counts->declined += trial->state == FLOW_REJECTED;
	counts->not_applicable += trial->state == FLOW_NOT_APPLICABLE;
	counts->silent += is_silent(l, trial);
}

static void count(const struct looking *l, struct gate_question *question)
{
	for (size_t i = 0; i < l->stage->actor_count; i++) {
		const struct actor *actor = l->stage->actors[i];
		const struct trial *alone = last_trial(l, actor, is_of_release);
		const struct trial *together = last_trial(l, actor, is_of_repairs);
		if (alone != NULL)
			add(l, alone, &question->alone);
		if (together == NULL)
			continue;
		add(l, together, &question->together);
		question->devices +=
			together->state != FLOW_NOT_APPLICABLE && !is_silent(l, together);
		bool weighs = together->state == FLOW_VERIFIED ||
			      together->state == FLOW_FAILED;
		if (weighs && (question->first_s == INSTANT_NONE ||
			       together->ended_s < question->first_s))
			question->first_s = together->ended_s;
	}
}

static const struct rollout *rollout_of(const struct looking *l, int ring)
{
	return rollouts_find(l->stage->rollouts, l->line->releases[l->index].title, ring);
}

static int64_t opening(const struct looking *l)
{
	const struct ring *ring = &l->stage->plan->rings[l->ring];
	int64_t opens_s = release_opens(l->line, l->index, ring->defer_s);

	if (rollout_of(l, l->ring)->expedited)
		return l->line->releases[l->index].published_s;
	if (ring->after < 0)
		return opens_s;
	int64_t passed_s = rollout_of(l, ring->after)->passed_s;
	if (passed_s == 0)
		return INSTANT_NONE;
	return passed_s > opens_s ? passed_s : opens_s;
}

/* Outcomes that were not looked at yet. */
struct news {
	bool critical, canary_verified, canary_failed;
};

static struct news read_news(const struct looking *l)
{
	const struct gate *gate = gate_of(&l->stage->plan->rings[l->ring]);
	const char *canary = rollout_of(l, l->ring)->canary;
	struct news news = { false };

	for (size_t i = 0; i < l->stage->trial_count; i++) {
		struct trial *trial = &l->stage->trials[i];
		if (trial->is_judged || !has_outcome(trial) || !is_of_release(l, trial))
			continue;
		trial->is_judged = true;
		bool by_canary =
			canary != NULL && strcmp(canary, trial->actor->record.id) == 0;
		bool failed = trial->state == FLOW_FAILED;
		news.critical |= failed && gate_is_critical(gate, trial->code);
		news.canary_failed |= failed && by_canary;
		news.canary_verified |= by_canary && trial->state == FLOW_VERIFIED;
	}
	return news;
}

static int act(const struct looking *l, bool halts, bool passes, bool canary_verified,
	       const struct words *words)
{
	if (!halts && !passes && !canary_verified)
		return 0;
	struct rollout_record *record = stage_record(
		l->stage, &l->key, l->stage->plan->rings[l->ring].name, words);
	if (record == NULL)
		return -1;
	if (halts) {
		record->halted = true;
		record->halted_s = l->stage->now_s;
	}
	if (passes)
		record->passed_s = l->stage->now_s;
	record->canary_verified |= canary_verified;
	return stage_ready(l->stage, words);
}

static int judge(const struct looking *l, const struct words *words)
{
	const struct rollout *rollout = rollout_of(l, l->ring);
	int64_t opened_s = opening(l);
	struct news news = read_news(l);
	struct gate_question question = {
		.gate = gate_of(&l->stage->plan->rings[l->ring]),
		.opened_s = opened_s,
		.first_s = INSTANT_NONE,
		.now_s = l->stage->now_s,
		.max_failed_permille = rollout->max_failed_permille,
		.waived = rollout->waived,
		.critical = news.critical,
		.canary_failed = news.canary_failed,
	};

	if (rollout->withdrawn || rollout->halted)
		return 0;
	count(l, &question);
	bool open = opened_s != INSTANT_NONE && opened_s <= l->stage->now_s &&
		    (rollout->paused_until_s <= l->stage->now_s || rollout->expedited);
	struct gate_verdict verdict = gate_judge(&question);
	return act(l, verdict.state == GATE_HALTED,
		   open && verdict.state == GATE_PASSED && rollout->passed_s == 0,
		   news.canary_verified, words);
}

/* Somebody waits for it, or it can halt. */
static bool matters(const struct plan *plan, int ring)
{
	if (plan->rings[ring].gate.set || plan->rings[ring].canary)
		return true;
	for (size_t i = 0; i < plan->ring_count; i++) {
		if (plan->rings[i].after == ring)
			return true;
	}
	return false;
}

/* The line that has the devices of a title: the first of its architectures. */
static bool find_line(struct looking *l, const struct title *title)
{
	const struct product *product = &l->stage->catalog->products[title->product];

	l->line = product_line(product,
			       (title->archs & ARCH_X64) != 0 ? ARCH_X64 : ARCH_ARM64);
	for (size_t i = 0; l->line != NULL && i < l->line->count; i++) {
		const struct release *release = &l->line->releases[i];
		if (release->kb != title->kb ||
		    !build_equal(release->build, title->build))
			continue;
		l->index = (int32_t)i;
		release_key_set(&l->key, l->line, release);
		return true;
	}
	return false;
}

int gates_judge(struct stage *stage, const struct words *words)
{
	struct looking l = { .stage = stage };

	for (int ring = 0; ring < (int)stage->plan->ring_count; ring++) {
		if (!matters(stage->plan, ring))
			continue;
		l.ring = ring;
		for (size_t t = 0; t < stage->catalog->title_count; t++) {
			const struct title *title = &stage->catalog->titles[t];
			if (title->published_s > stage->now_s ||
			    title->published_s + LOOKED_AT_S < stage->now_s ||
			    title->kind == RELEASE_RTM || !find_line(&l, title))
				continue;
			if (judge(&l, words) < 0)
				return -1;
		}
	}
	return 0;
}
