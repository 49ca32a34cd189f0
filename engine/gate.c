#include "engine/gate.h"

#include <assert.h>

#include "engine/instant.h"
#include "engine/plan.h"

const char *const gate_state_names[GATE_STATES] = { "collecting", "passed", "halted" };
const char *const gate_why_names[GATE_WHYS] = {
	[GATE_WHY_NONE] = "",
	[GATE_WHY_CRITICAL] = "critical-failure",
	[GATE_WHY_FAILURES] = "failure-rate",
	[GATE_WHY_SAMPLES] = "too-few-outcomes",
	[GATE_WHY_SOAK] = "soaking",
	[GATE_WHY_SILENT] = "silent-devices",
	[GATE_WHY_EMPTY] = "no-devices",
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

static int64_t limit_of(const struct gate_question *q)
{
	if (q->max_failed_permille != 0)
		return q->max_failed_permille;
	/* A ring without a gate: anything that verified passes it. */
	return q->gate->set ? q->gate->max_failed_permille : 1000;
}

static bool is_over(const struct gate_counts *counts, int64_t permille)
{
	return counts->failed * 1000 > permille * (counts->verified + counts->failed);
}

static bool halts(const struct gate_question *q, int64_t needed, enum gate_why *why)
{
	int64_t total = q->alone.verified + q->alone.failed;

	if (q->waived || !q->gate->set)
		return false;
	*why = q->critical ? GATE_WHY_CRITICAL : GATE_WHY_FAILURES;
	if (q->critical)
		return true;
	return total >= needed && total > 0 &&
	       gate_bound_exceeds(q->alone.failed, total, (uint32_t)limit_of(q));
}

/* What passing still waits for; NONE when it has passed. */
static enum gate_why waits_for(const struct gate_question *q, int64_t needed)
{
	int64_t total = q->together.verified + q->together.failed;

	if (total < needed)
		return GATE_WHY_SAMPLES;
	if (is_over(&q->together, limit_of(q)))
		return GATE_WHY_FAILURES;
	if (q->now_s < q->opened_s + q->gate->soak_s)
		return GATE_WHY_SOAK;
	if (q->gate->set && q->together.silent * 1000 >
				    (int64_t)q->gate->max_silent_permille * q->devices)
		return GATE_WHY_SILENT;
	return GATE_WHY_NONE;
}

struct gate_verdict gate_judge(const struct gate_question *q)
{
	int64_t least =
		q->gate->set && q->gate->min_samples > 0 ? q->gate->min_samples : 1;
	struct gate_verdict verdict = {
		/* A ring of fewer devices than that: all of them. */
		.needed = q->devices < least ? q->devices : least,
		.stands_until_s = INSTANT_NONE,
	};
	int64_t soaked_s = q->opened_s + q->gate->soak_s;
	int64_t total = q->alone.verified + q->alone.failed;

	verdict.lower_ppm = total > 0 ? gate_bound_ppm(q->alone.failed, total) : 0;
	if (halts(q, verdict.needed, &verdict.why)) {
		verdict.state = GATE_HALTED;
		return verdict;
	}
	verdict.why = waits_for(q, verdict.needed);
	if (verdict.why == GATE_WHY_SOAK)
		verdict.stands_until_s = soaked_s;
	if (verdict.why != GATE_WHY_NONE)
		return verdict;
	verdict.state = GATE_PASSED;
	if (q->devices == 0)
		verdict.why = GATE_WHY_EMPTY;
	return verdict;
}
