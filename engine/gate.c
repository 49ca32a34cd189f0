#include "engine/gate.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/instant.h"

const char *const gate_verdict_names[GATE_VERDICTS] = {
	[GATE_WAITING] = "waiting",
	[GATE_HALT] = "halt",
	[GATE_PASS] = "pass",
	[GATE_PASS_WITH_WARNING] = "pass-with-warning",
};

const struct gate *gate_of(const struct ring *ring)
{
	static const struct gate plain = { .min_samples = 1,
					   .max_failed_permille = 1000,
					   .max_silent_permille = 1000 };
	return ring->gate.set ? &ring->gate : &plain;
}

int64_t gate_silent_after_s(const struct gate *gate)
{
	if (gate->silent_after_s > 0)
		return gate->silent_after_s;
	return gate->soak_s > DAY_S ? gate->soak_s : DAY_S;
}

uint32_t gate_limit_permille(const struct gate *gate, const struct rollout *rollout)
{
	return rollout->max_failed_permille > gate->max_failed_permille
		       ? rollout->max_failed_permille
		       : gate->max_failed_permille;
}

/* The lower Wilson bound is above the limit L exactly when the score of L is above the
 * quantile z: (x - nL) / sqrt(nL(1 - L)) > z.  Squared and with L in permille that is
 * arithmetic on whole numbers; z is the 95 % quantile of the normal distribution. */
bool gate_rate_is_above(int64_t failed, int64_t outcomes, uint32_t limit_permille)
{
	static const int64_t z_squared_e4 = 27055; /* 1.64485 squared, times 10^4 */
	int64_t limit = limit_permille;
	int64_t excess = 1000 * failed - outcomes * limit;

	if (excess <= 0)
		return false;
	__int128 square = (__int128)excess * excess * 10000;
	return square > (__int128)z_squared_e4 * outcomes * limit * (1000 - limit);
}

static void say(struct gate_judgement *judgement, enum gate_verdict verdict,
		enum gate_cause cause, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void say(struct gate_judgement *judgement, enum gate_verdict verdict,
		enum gate_cause cause, const char *fmt, ...)
{
	va_list args;

	judgement->verdict = verdict;
	judgement->cause = cause;
	va_start(args, fmt);
	vsnprintf(judgement->text, sizeof judgement->text, fmt, args);
	va_end(args);
}

/* Halves up; 100 % of nothing is 0. */
static int64_t permille(int64_t part, int64_t whole)
{
	return whole == 0 ? 0 : (part * 2000 + whole) / (2 * whole);
}

enum { RATE_TEXT = 24 };

/* "5%", "2.5%" */
static const char *rate_text(int64_t value, char text[static RATE_TEXT])
{
	if (value % 10 == 0)
		snprintf(text, RATE_TEXT, "%lld%%", (long long)(value / 10));
	else
		snprintf(text, RATE_TEXT, "%lld.%lld%%", (long long)(value / 10),
			 (long long)(value % 10));
	return text;
}

static bool is_critical(const struct gate *gate, uint32_t code)
{
	for (int i = 0; i < gate->critical_count; i++) {
		if (gate->critical[i] == code)
			return true;
	}
	return false;
}

static bool judge_halt(const struct gate_case *given, struct gate_judgement *judgement)
{
	const struct gate *gate = given->gate;
	const struct gate_outcome *outcome = given->outcome;
	int64_t failed = given->counts.failed;
	int64_t outcomes = failed + given->counts.verified;
	uint32_t limit = gate_limit_permille(gate, given->rollout);
	char rate[RATE_TEXT], bound[RATE_TEXT];

	if (given->rollout->waived)
		return false;
	if (outcome != NULL && outcome->state == FLOW_FAILED &&
	    is_critical(gate, outcome->code)) {
		say(judgement, GATE_HALT, GATE_CRITICAL,
		    "a device failed with 0x%08X, which the plan calls critical",
		    outcome->code);
		return true;
	}
	if (outcome != NULL && outcome->state == FLOW_FAILED && outcome->by_canary) {
		say(judgement, GATE_HALT, GATE_CANARY, "the canary failed with 0x%08X",
		    outcome->code);
		return true;
	}
	if (outcomes < gate->min_samples || !gate_rate_is_above(failed, outcomes, limit))
		return false;
	say(judgement, GATE_HALT, GATE_FAILURES,
	    "%lld of %lld failed (%s), which is more than the limit of %s even with bad "
	    "luck",
	    (long long)failed, (long long)outcomes,
	    rate_text(permille(failed, outcomes), rate), rate_text(limit, bound));
	return true;
}

/* What a person or the calendar decides, whatever the counts are. */
static bool judge_standing(const struct gate_case *given,
			   struct gate_judgement *judgement)
{
	const struct rollout *rollout = given->rollout;

	if (rollout->withdrawn)
		say(judgement, GATE_WAITING, GATE_WITHDRAWN, "it is withdrawn");
	else if (rollout->halted)
		say(judgement, GATE_WAITING, GATE_HALTED,
		    "it is halted; resuming it wants a reason, and a higher limit or a "
		    "waiver");
	else
		return false;
	return true;
}

static bool judge_opening(const struct gate_case *given, struct gate_judgement *judgement)
{
	const struct rollout *rollout = given->rollout;

	if (rollout->paused_until_s > given->now_s && !rollout->expedited) {
		judgement->look_s = rollout->paused_until_s;
		say(judgement, GATE_WAITING, GATE_PAUSED, "it is paused");
	} else if (given->opens_s == INSTANT_NONE || given->opens_s > given->now_s) {
		judgement->look_s = given->opens_s;
		say(judgement, GATE_WAITING, GATE_NOT_OPEN,
		    "the ring is not open for it");
	} else {
		return false;
	}
	return true;
}

/* Those that should have answered and did not: they must not be many. */
static bool judge_silence(const struct gate_case *given, struct gate_judgement *judgement)
{
	const struct gate_counts *counts = &given->counts;
	int64_t mute = counts->silent + counts->unverified;
	int64_t heard = counts->all_verified + counts->all_failed;
	char share[RATE_TEXT], bound[RATE_TEXT];

	if (mute * 1000 <= given->gate->max_silent_permille * (mute + heard))
		return false;
	say(judgement, GATE_WAITING, GATE_SILENCE,
	    "%lld silent and %lld unverified of %lld (%s), more than the %s that are "
	    "allowed",
	    (long long)counts->silent, (long long)counts->unverified,
	    (long long)(mute + heard), rate_text(permille(mute, mute + heard), share),
	    rate_text(given->gate->max_silent_permille, bound));
	return true;
}

static bool judge_soak(const struct gate_case *given, struct gate_judgement *judgement)
{
	bool any = given->counts.first_s != INSTANT_NONE;
	int64_t over_s =
		(any ? given->counts.first_s : given->opens_s) + given->gate->soak_s;
	char until[INSTANT_TEXT];

	if (over_s <= given->now_s)
		return false;
	judgement->look_s = over_s;
	say(judgement, GATE_WAITING, GATE_SOAK, "the soak is over at %s",
	    instant_format(over_s, until));
	return true;
}

/* Nobody there for it: no outcome, nobody that may give one, and nobody gone silent. */
static bool is_empty(const struct gate_counts *counts)
{
	return counts->eligible == 0 && counts->all_verified + counts->all_failed == 0 &&
	       counts->silent + counts->unverified == 0;
}

static void judge_pass(const struct gate_case *given, struct gate_judgement *judgement)
{
	const struct gate_counts *counts = &given->counts;
	const struct gate *gate = given->gate;
	int64_t failed = counts->all_failed, outcomes = failed + counts->all_verified;
	uint32_t limit = gate_limit_permille(gate, given->rollout);
	bool small =
		counts->eligible != GATE_UNKNOWN && counts->eligible < gate->min_samples;
	int64_t wanted = small ? counts->eligible : gate->min_samples;
	char rate[RATE_TEXT], bound[RATE_TEXT];

	if (is_empty(counts)) {
		if (!judge_soak(given, judgement))
			say(judgement, GATE_PASS_WITH_WARNING, GATE_NOBODY,
			    "no device of the ring is there to try it");
	} else if (outcomes < wanted || outcomes == 0) {
		say(judgement, GATE_WAITING, GATE_SAMPLES, "%lld of %lld outcomes",
		    (long long)outcomes, (long long)(wanted > 0 ? wanted : 1));
	} else if (!given->rollout->waived && failed * 1000 > limit * outcomes) {
		say(judgement, GATE_WAITING, GATE_RATE,
		    "%lld of %lld failed (%s), over the limit of %s", (long long)failed,
		    (long long)outcomes, rate_text(permille(failed, outcomes), rate),
		    rate_text(limit, bound));
	} else if (counts->all_verified == 0) {
		say(judgement, GATE_WAITING, GATE_SAMPLES, "%lld outcomes, none verified",
		    (long long)outcomes);
	} else if (!judge_silence(given, judgement) && !judge_soak(given, judgement)) {
		say(judgement, GATE_PASS, small ? GATE_EVERYONE : GATE_ENOUGH,
		    "%lld verified, %lld failed%s", (long long)counts->all_verified,
		    (long long)failed, small ? ": all there are" : "");
	}
}

void gate_judge(const struct gate_case *given, struct gate_judgement *judgement)
{
	*judgement = (struct gate_judgement){ .look_s = INSTANT_NONE };
	if (judge_standing(given, judgement) || judge_halt(given, judgement))
		return;
	if (given->rollout->passed_s != 0 && given->rollout->passed_s <= given->now_s)
		say(judgement, GATE_WAITING, GATE_PASSED, "it has passed");
	else if (!judge_opening(given, judgement))
		judge_pass(given, judgement);
}
