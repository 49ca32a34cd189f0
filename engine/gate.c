#include "engine/gate.h"

#include <assert.h>
#include <stdio.h>

#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/rollout.h"

const char *const gate_state_names[GATE_STATES] = { "collecting", "passed", "halted" };
const char *const gate_why_names[GATE_WHYS] = {
	[GATE_WHY_NONE] = "",
	[GATE_WHY_CRITICAL] = "critical-failure",
	[GATE_WHY_FAILURES] = "failure-rate",
	[GATE_WHY_SAMPLES] = "too-few-outcomes",
	[GATE_WHY_SOAK] = "soaking",
	[GATE_WHY_SILENT] = "silent-devices",
	[GATE_WHY_EMPTY] = "no-devices",
	[GATE_WHY_CANARY] = "canary-failure",
};

enum { PPM = 1000000 };
/* z squared of the one-sided 95 % quantile, 1.6448536 squared, in ten-millionths. */
#define Z2_SCALED INT64_C(27055435)
#define Z2_SCALE  INT64_C(10000000)

/* (f/n - p)^2 > z^2 p (1-p) / n, with p in millionths, multiplied out. */
static bool exceeds_ppm(int64_t failed, int64_t total, int64_t ppm)
{
	__int128 over = (__int128)failed * PPM - (__int128)total * ppm;

	if (over <= 0)
		return false;
	return over * over * Z2_SCALE > (__int128)Z2_SCALED * total * ppm * (PPM - ppm);
}

bool gate_bound_exceeds(int64_t failed, int64_t total, uint32_t permille)
{
	assert(failed >= 0);
	assert(failed <= total);
	return permille < 1000 && exceeds_ppm(failed, total, (int64_t)permille * 1000);
}

int64_t gate_bound_ppm(int64_t failed, int64_t total)
{
	int64_t low = 0, high = PPM;

	assert(failed >= 0);
	assert(failed <= total);
	/* The greatest rate that the outcomes still reject from below. */
	while (low + 1 < high) {
		int64_t middle = low + (high - low) / 2;
		if (exceeds_ppm(failed, total, middle))
			low = middle;
		else
			high = middle;
	}
	return low;
}

const struct gate *gate_of(const struct ring *ring)
{
	return &ring->gate;
}

int64_t gate_silent_after_s(const struct gate *gate)
{
	if (gate->silent_after_s > 0)
		return gate->silent_after_s;
	return gate->soak_s > DAY_S ? gate->soak_s : DAY_S;
}

bool gate_is_critical(const struct gate *gate, uint32_t code)
{
	for (int i = 0; i < gate->critical_count; i++) {
		if (gate->critical[i] == code)
			return true;
	}
	return false;
}

/* The higher of the gate's and what was acknowledged. */
static int64_t limit_of(const struct gate_question *q)
{
	/* A ring without a gate: anything that verified passes it. */
	if (!q->gate->set)
		return 1000;
	return q->max_failed_permille > q->gate->max_failed_permille
		       ? q->max_failed_permille
		       : q->gate->max_failed_permille;
}

static int64_t outcomes_of(const struct gate_counts *counts)
{
	return counts->verified + counts->failed;
}

/* Those that should have told, and did not. */
static int64_t mute_of(const struct gate_counts *counts)
{
	return counts->silent + counts->unverified;
}

static bool is_over(const struct gate_counts *counts, int64_t permille)
{
	return counts->failed * 1000 > permille * outcomes_of(counts);
}

/* Measured against those that were heard, not against those that were not asked yet. */
static bool is_silent(const struct gate_question *q)
{
	int64_t mute = mute_of(&q->together);

	return q->gate->set && mute * 1000 > (int64_t)q->gate->max_silent_permille *
						     (mute + outcomes_of(&q->together));
}

/* Nobody there: nobody that answered or may, and nobody gone silent. */
static bool is_empty(const struct gate_question *q)
{
	return q->devices == 0 && outcomes_of(&q->together) == 0 &&
	       mute_of(&q->together) == 0;
}

static bool halts(const struct gate_question *q, int64_t needed, enum gate_why *why)
{
	int64_t total = outcomes_of(&q->alone);

	if (q->waived)
		return false;
	if (q->canary_failed || q->critical) {
		*why = q->critical ? GATE_WHY_CRITICAL : GATE_WHY_CANARY;
		return true;
	}
	*why = GATE_WHY_FAILURES;
	return q->gate->set && total >= needed && total > 0 &&
	       gate_bound_exceeds(q->alone.failed, total, (uint32_t)limit_of(q));
}

/* The soak begins with the first outcome; where nobody is there, with the opening. */
static int64_t soaked_s(const struct gate_question *q)
{
	bool any = q->first_s != 0 && q->first_s != INSTANT_NONE;

	return (any ? q->first_s : q->opened_s) + q->gate->soak_s;
}

/* What passing still waits for; NONE when it has passed. */
static enum gate_why waits_for(const struct gate_question *q, int64_t needed)
{
	int64_t total = outcomes_of(&q->together);

	if (total < needed || (total == 0 && !is_empty(q)))
		return GATE_WHY_SAMPLES;
	if (!q->waived && is_over(&q->together, limit_of(q)))
		return GATE_WHY_FAILURES;
	if (q->together.verified == 0 && !is_empty(q))
		return GATE_WHY_SAMPLES; /* failures alone pass no gate */
	if (q->now_s < soaked_s(q))
		return GATE_WHY_SOAK;
	return is_silent(q) ? GATE_WHY_SILENT : GATE_WHY_NONE;
}

struct gate_verdict gate_judge(const struct gate_question *q)
{
	int64_t least =
		q->gate->set && q->gate->min_samples > 0 ? q->gate->min_samples : 1;
	bool small = q->devices != GATE_DEVICES_UNKNOWN && q->devices < least;
	struct gate_verdict verdict = {
		/* A ring of fewer devices than that: all of them. */
		.needed = small ? q->devices : least,
		.stands_until_s = INSTANT_NONE,
	};
	int64_t total = outcomes_of(&q->alone);

	verdict.lower_ppm = total > 0 ? gate_bound_ppm(q->alone.failed, total) : 0;
	if (halts(q, verdict.needed, &verdict.why)) {
		verdict.state = GATE_HALTED;
		return verdict;
	}
	verdict.why = waits_for(q, verdict.needed);
	if (verdict.why == GATE_WHY_SOAK)
		verdict.stands_until_s = soaked_s(q);
	if (verdict.why != GATE_WHY_NONE)
		return verdict;
	verdict.state = GATE_PASSED;
	if (is_empty(q))
		verdict.why = GATE_WHY_EMPTY;
	return verdict;
}

enum gate_act gate_act(const struct rollout *rollout, const struct gate_verdict *verdict,
		       bool may_pass)
{
	if (rollout->withdrawn || rollout->halted || verdict->state == GATE_COLLECTING)
		return GATE_ACT_NONE;
	if (verdict->state == GATE_HALTED)
		return GATE_ACT_HALT;
	return rollout->passed_s == 0 && may_pass ? GATE_ACT_PASS : GATE_ACT_NONE;
}

enum canary_act canary_act(enum flow_state end, bool waived)
{
	if (end == FLOW_VERIFIED)
		return CANARY_VERIFIED;
	return end == FLOW_FAILED && !waived ? CANARY_STAYS : CANARY_ANOTHER;
}

enum { RATE_TEXT = 24 };

/* "5%", "2.5%" */
static const char *rate_text(int64_t permille, char text[static RATE_TEXT])
{
	if (permille % 10 == 0)
		snprintf(text, RATE_TEXT, "%lld%%", (long long)(permille / 10));
	else
		snprintf(text, RATE_TEXT, "%lld.%lld%%", (long long)(permille / 10),
			 (long long)(permille % 10));
	return text;
}

static void counts_text(const struct gate_counts *counts, char *text, size_t size)
{
	int64_t total = outcomes_of(counts);
	char rate[RATE_TEXT];

	snprintf(text, size, "%lld of %lld failed (%s)", (long long)counts->failed,
		 (long long)total,
		 rate_text(total == 0 ? 0 : (counts->failed * 2000 + total) / (2 * total),
			   rate));
}

static void text_of_waiting(const struct gate_question *q,
			    const struct gate_verdict *verdict, char *text)
{
	char counts[80], rate[RATE_TEXT], until[INSTANT_TEXT];
	int64_t mute = mute_of(&q->together), total = outcomes_of(&q->together);
	int64_t asked = mute + total;

	counts_text(&q->together, counts, sizeof counts);
	switch (verdict->why) {
	case GATE_WHY_FAILURES:
		snprintf(text, GATE_TEXT, "%s, over the limit of %s", counts,
			 rate_text(limit_of(q), rate));
		break;
	case GATE_WHY_SOAK:
		snprintf(text, GATE_TEXT, "%lld verified, soaking until %s",
			 (long long)q->together.verified,
			 instant_format(verdict->stands_until_s, until));
		break;
	case GATE_WHY_SILENT:
		snprintf(text, GATE_TEXT,
			 "%lld of %lld are silent or unverified, and %s may be",
			 (long long)mute, (long long)asked,
			 rate_text(q->gate->max_silent_permille, rate));
		break;
	default:
		snprintf(text, GATE_TEXT, "%lld of %lld outcomes%s", (long long)total,
			 (long long)(verdict->needed > 0 ? verdict->needed : 1),
			 total > 0 && q->together.verified == 0
				 ? ", none of them verified"
				 : "");
		break;
	}
}

char *gate_text(const struct gate_question *q, const struct gate_verdict *verdict,
		char text[static GATE_TEXT])
{
	char counts[80], rate[RATE_TEXT];

	counts_text(&q->alone, counts, sizeof counts);
	if (verdict->state == GATE_COLLECTING)
		text_of_waiting(q, verdict, text);
	else if (verdict->why == GATE_WHY_CRITICAL)
		snprintf(text, GATE_TEXT, "a failure that the plan calls critical; %s",
			 counts);
	else if (verdict->why == GATE_WHY_CANARY)
		snprintf(text, GATE_TEXT, "the canary failed");
	else if (verdict->state == GATE_HALTED)
		snprintf(text, GATE_TEXT, "%s: more than %s, and not by bad luck", counts,
			 rate_text(limit_of(q), rate));
	else if (verdict->why == GATE_WHY_EMPTY)
		snprintf(text, GATE_TEXT, "no device of the ring is there to try it");
	else
		snprintf(text, GATE_TEXT, "%lld verified, %lld failed",
			 (long long)q->together.verified, (long long)q->together.failed);
	return text;
}
