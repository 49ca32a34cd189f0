/* When a gate waits, halts and passes; tables of cases. */

#include "tests/lib/case.h"

#include <math.h>
#include <string.h>

#include "engine/gate.h"
#include "engine/instant.h"

#define OPENED INT64_C(1747155600) /* 2025-05-13T17:00:00Z */
#define LATER  (OPENED + 3 * DAY_S)

/* 20 samples, 5 %, a day of soak, a fifth silent, one critical code. */
static const struct gate gate = {
	.set = true,
	.min_samples = 20,
	.max_failed_permille = 50,
	.soak_s = DAY_S,
	.max_silent_permille = 200,
	.critical_count = 2,
	.critical = { 0x80070005, 0x800F0922 },
};

static struct gate_judgement judge(const struct gate_case *given)
{
	struct gate_judgement judgement;

	gate_judge(given, &judgement);
	return judgement;
}

static void expect(const char *name, const struct gate_judgement *got,
		   enum gate_verdict verdict, enum gate_cause cause)
{
	if (got->verdict != verdict || got->cause != cause)
		fail_msg("%s: %s (cause %d: %s), not %s (cause %d)", name,
			 gate_verdict_names[got->verdict], got->cause, got->text,
			 gate_verdict_names[verdict], cause);
	if (got->text[0] == '\0')
		fail_msg("%s: no words", name);
}

TEST(counts_alone_halt_pass_or_wait)
{
	static const struct {
		const char *name;
		int64_t verified, failed, silent, unverified, eligible;
		enum gate_verdict verdict;
		enum gate_cause cause;
	} rows[] = {
		/* enough of them */
		{ "20 of 20", 20, 0, 0, 0, 100, GATE_PASS, GATE_ENOUGH },
		{ "19 of 20", 19, 0, 0, 0, 100, GATE_WAITING, GATE_SAMPLES },
		{ "nobody looked", 20, 0, 0, 0, GATE_UNKNOWN, GATE_PASS, GATE_ENOUGH },
		{ "few, nobody looked", 5, 0, 0, 0, GATE_UNKNOWN, GATE_WAITING,
		  GATE_SAMPLES },
		{ "none, nobody looked", 0, 0, 0, 0, GATE_UNKNOWN, GATE_WAITING,
		  GATE_SAMPLES },
		{ "at the limit", 19, 1, 0, 0, 100, GATE_PASS, GATE_ENOUGH },
		{ "over it, maybe by bad luck", 18, 2, 0, 0, 100, GATE_WAITING,
		  GATE_RATE },
		/* failures */
		{ "too few to tell", 0, 19, 0, 0, 100, GATE_WAITING, GATE_SAMPLES },
		{ "beyond bad luck", 17, 3, 0, 0, 100, GATE_HALT, GATE_FAILURES },
		{ "the sample that tells", 16, 4, 0, 0, 100, GATE_HALT, GATE_FAILURES },
		/* silence */
		{ "a fifth is silent", 20, 0, 5, 0, 100, GATE_PASS, GATE_ENOUGH },
		{ "more is", 20, 0, 6, 0, 100, GATE_WAITING, GATE_SILENCE },
		{ "unverified is no proof either", 20, 0, 3, 3, 100, GATE_WAITING,
		  GATE_SILENCE },
		{ "silence is no failure", 17, 0, 100, 0, 17, GATE_WAITING,
		  GATE_SILENCE },
		/* small rings: all of them, and within the limit */
		{ "5 of 5", 5, 0, 0, 0, 5, GATE_PASS, GATE_EVERYONE },
		{ "4 of 5", 4, 0, 0, 0, 5, GATE_WAITING, GATE_SAMPLES },
		{ "1 of 1", 1, 0, 0, 0, 1, GATE_PASS, GATE_EVERYONE },
		{ "everybody answered, one failed", 4, 1, 0, 0, 5, GATE_WAITING,
		  GATE_RATE },
		{ "everybody failed", 0, 5, 0, 0, 5, GATE_WAITING, GATE_RATE },
		{ "all that are not silent", 4, 0, 1, 0, 4, GATE_PASS, GATE_EVERYONE },
		/* nobody */
		{ "none", 0, 0, 0, 0, 0, GATE_PASS_WITH_WARNING, GATE_NOBODY },
		{ "the only one is silent", 0, 0, 1, 0, 0, GATE_WAITING, GATE_SAMPLES },
		{ "the only one is unverified", 0, 0, 0, 1, 0, GATE_WAITING,
		  GATE_SAMPLES },
	};
	static const struct rollout rollout;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gate_case given = {
			.gate = &gate,
			.rollout = &rollout,
			.counts = { .verified = rows[i].verified,
				    .failed = rows[i].failed,
				    .all_verified = rows[i].verified,
				    .all_failed = rows[i].failed,
				    .silent = rows[i].silent,
				    .unverified = rows[i].unverified,
				    .eligible = rows[i].eligible,
				    .first_s = rows[i].verified + rows[i].failed > 0
						       ? OPENED + HOUR_S
						       : INSTANT_NONE },
			.opens_s = OPENED,
			.now_s = LATER,
		};
		struct gate_judgement got = judge(&given);
		expect(rows[i].name, &got, rows[i].verdict, rows[i].cause);
	}
}

/* Twenty verified, on the third day. */
static struct gate_case good(const struct rollout *rollout)
{
	return (struct gate_case){
		.gate = &gate,
		.rollout = rollout,
		.counts = { .verified = 20,
			    .all_verified = 20,
			    .eligible = 100,
			    .first_s = OPENED + HOUR_S },
		.opens_s = OPENED,
		.now_s = LATER,
	};
}

TEST(what_was_done_on_the_day_goes_before_the_counts)
{
	static const struct {
		const char *name;
		struct rollout rollout;
		enum gate_verdict verdict;
		enum gate_cause cause;
		int64_t look_s;
	} rows[] = {
		{ "nothing", { 0 }, GATE_PASS, GATE_ENOUGH, INSTANT_NONE },
		{ "withdrawn",
		  { .withdrawn = true, .halted = true },
		  GATE_WAITING,
		  GATE_WITHDRAWN,
		  INSTANT_NONE },
		{ "halted", { .halted = true }, GATE_WAITING, GATE_HALTED, INSTANT_NONE },
		{ "paused",
		  { .paused_until_s = LATER + 1 },
		  GATE_WAITING,
		  GATE_PAUSED,
		  LATER + 1 },
		{ "the pause is over",
		  { .paused_until_s = LATER },
		  GATE_PASS,
		  GATE_ENOUGH,
		  INSTANT_NONE },
		{ "paused, but expedited",
		  { .paused_until_s = LATER + 1, .expedited = true },
		  GATE_PASS,
		  GATE_ENOUGH,
		  INSTANT_NONE },
		{ "passed",
		  { .passed_s = LATER - 1 },
		  GATE_WAITING,
		  GATE_PASSED,
		  INSTANT_NONE },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gate_case given = good(&rows[i].rollout);
		struct gate_judgement got = judge(&given);
		expect(rows[i].name, &got, rows[i].verdict, rows[i].cause);
		if (got.look_s != rows[i].look_s)
			fail_msg("%s: looks again at %lld", rows[i].name,
				 (long long)got.look_s);
	}
}

TEST(opening_and_soak_are_waited_for_and_said_when_they_come)
{
	static const struct rollout rollout;
	struct gate_case given = good(&rollout);

	given.opens_s = INSTANT_NONE; /* an earlier ring has not passed */
	struct gate_judgement got = judge(&given);
	expect("not known", &got, GATE_WAITING, GATE_NOT_OPEN);
	assert_int_equal(got.look_s, INSTANT_NONE);
	given.opens_s = LATER + 5;
	got = judge(&given);
	expect("ahead", &got, GATE_WAITING, GATE_NOT_OPEN);
	assert_int_equal(got.look_s, LATER + 5);

	/* From the first outcome, to the second. */
	given.opens_s = OPENED;
	given.now_s = given.counts.first_s + gate.soak_s - 1;
	got = judge(&given);
	expect("soaking", &got, GATE_WAITING, GATE_SOAK);
	assert_int_equal(got.look_s, given.counts.first_s + gate.soak_s);
	given.now_s++;
	got = judge(&given);
	expect("soaked", &got, GATE_PASS, GATE_ENOUGH);

	/* An empty ring soaks from its opening. */
	given.counts = (struct gate_counts){ .first_s = INSTANT_NONE };
	given.now_s = OPENED + gate.soak_s - 1;
	got = judge(&given);
	expect("empty, soaking", &got, GATE_WAITING, GATE_SOAK);
	assert_int_equal(got.look_s, OPENED + gate.soak_s);
	given.now_s++;
	got = judge(&given);
	expect("empty, soaked", &got, GATE_PASS_WITH_WARNING, GATE_NOBODY);
}

TEST(a_critical_failure_or_the_canarys_halts_at_once)
{
	static const struct {
		const char *name;
		struct gate_outcome outcome;
		struct rollout rollout;
		enum gate_verdict verdict;
		enum gate_cause cause;
	} rows[] = {
		{ "critical",
		  { FLOW_FAILED, 0x800F0922, false },
		  { 0 },
		  GATE_HALT,
		  GATE_CRITICAL },
		{ "the other one",
		  { FLOW_FAILED, 0x80070005, false },
		  { 0 },
		  GATE_HALT,
		  GATE_CRITICAL },
		{ "though it has passed",
		  { FLOW_FAILED, 0x800F0922, false },
		  { .passed_s = OPENED },
		  GATE_HALT,
		  GATE_CRITICAL },
		{ "any code",
		  { FLOW_FAILED, 0x80070643, false },
		  { 0 },
		  GATE_WAITING,
		  GATE_SAMPLES },
		{ "a code on the way to success",
		  { FLOW_VERIFIED, 0x800F0922, false },
		  { 0 },
		  GATE_WAITING,
		  GATE_SAMPLES },
		{ "declined",
		  { FLOW_NOT_APPLICABLE, 0x800F0922, true },
		  { 0 },
		  GATE_WAITING,
		  GATE_SAMPLES },
		{ "the canary",
		  { FLOW_FAILED, 0x80070643, true },
		  { 0 },
		  GATE_HALT,
		  GATE_CANARY },
		{ "the canary is well",
		  { FLOW_VERIFIED, 0, true },
		  { 0 },
		  GATE_WAITING,
		  GATE_SAMPLES },
		{ "waived",
		  { FLOW_FAILED, 0x800F0922, true },
		  { .waived = true },
		  GATE_WAITING,
		  GATE_SAMPLES },
		{ "halted already",
		  { FLOW_FAILED, 0x800F0922, false },
		  { .halted = true },
		  GATE_WAITING,
		  GATE_HALTED },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gate_case given = good(&rows[i].rollout);
		given.outcome = &rows[i].outcome;
		given.counts.verified = given.counts.all_verified = 3;
		given.counts.failed = given.counts.all_failed = 1;
		struct gate_judgement got = judge(&given);
		if (rows[i].rollout.passed_s != 0 && got.cause == GATE_PASSED)
			fail_msg("%s: it only stands", rows[i].name);
		expect(rows[i].name, &got, rows[i].verdict, rows[i].cause);
	}
}

TEST(an_acknowledgement_raises_the_limit_or_waives_it)
{
	static const struct {
		const char *name;
		int64_t failed;
		struct rollout rollout;
		enum gate_verdict verdict;
		enum gate_cause cause;
	} rows[] = {
		{ "the ring's 5 %", 6, { 0 }, GATE_HALT, GATE_FAILURES },
		{ "20 %", 6, { .max_failed_permille = 200 }, GATE_PASS, GATE_ENOUGH },
		{ "20 %, and more than that",
		  20,
		  { .max_failed_permille = 200 },
		  GATE_HALT,
		  GATE_FAILURES },
		{ "1 % is no higher limit",
		  6,
		  { .max_failed_permille = 10 },
		  GATE_HALT,
		  GATE_FAILURES },
		{ "waived", 20, { .waived = true }, GATE_PASS, GATE_ENOUGH },
		{ "100 %", 20, { .max_failed_permille = 1000 }, GATE_PASS, GATE_ENOUGH },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gate_case given = good(&rows[i].rollout);
		given.counts.verified = given.counts.all_verified = 26;
		given.counts.failed = given.counts.all_failed = rows[i].failed;
		struct gate_judgement got = judge(&given);
		expect(rows[i].name, &got, rows[i].verdict, rows[i].cause);
	}
}

TEST(repairs_count_for_passing_and_not_for_halting)
{
	static const struct rollout rollout;
	struct gate_case given = good(&rollout);

	given.counts.verified = 8;
	given.counts.all_verified = 20;
	struct gate_judgement got = judge(&given);
	expect("8 of its own, 12 of a repair", &got, GATE_PASS, GATE_ENOUGH);
	given.counts.failed = 0;
	given.counts.all_failed = 9; /* the repair is bad: it halts alone */
	got = judge(&given);
	expect("the repair fails", &got, GATE_WAITING, GATE_RATE);
}

TEST(a_ring_without_a_gate_passes_by_one_verified_device_and_never_halts)
{
	static const struct ring ring;
	static const struct rollout rollout;
	struct gate_case given = good(&rollout);

	given.gate = gate_of(&ring);
	given.counts.verified = given.counts.all_verified = 1;
	given.counts.failed = given.counts.all_failed = 50;
	struct gate_judgement got = judge(&given);
	expect("one of 51", &got, GATE_PASS, GATE_ENOUGH);
	given.counts.verified = given.counts.all_verified = 0;
	got = judge(&given);
	expect("none of 50", &got, GATE_WAITING, GATE_SAMPLES);
}

TEST(silent_is_who_has_no_outcome_after_the_soak_or_a_day)
{
	static const struct {
		int64_t soak_s, said_s, expected_s;
	} rows[] = {
		{ 0, 0, DAY_S },
		{ HOUR_S, 0, DAY_S },
		{ 3 * DAY_S, 0, 3 * DAY_S },
		{ 3 * DAY_S, HOUR_S, HOUR_S },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gate one = { .soak_s = rows[i].soak_s,
				    .silent_after_s = rows[i].said_s };
		assert_int_equal(gate_silent_after_s(&one), rows[i].expected_s);
	}
}

/* The textbook's formula, in floating point. */
static double wilson_lower(double failed, double outcomes)
{
	const double z = 1.6448536269514722;
	double rate = failed / outcomes, square = z * z / outcomes;

	return (rate + square / 2 -
		z * sqrt(rate * (1 - rate) / outcomes + square / (4 * outcomes))) /
	       (1 + square);
}

TEST(the_bound_is_wilsons)
{
	static const uint32_t limits[] = {
		1, 5, 10, 25, 50, 100, 200, 333, 500, 900, 999
	};

	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		for (int64_t n = 1; n <= 400; n++) {
			for (int64_t x = 0; x <= n; x++) {
				double lower = wilson_lower((double)x, (double)n);
				double limit = limits[i] / 1000.0;
				if (fabs(lower - limit) < 1e-5)
					continue; /* a matter of digits */
				if (gate_rate_is_above(x, n, limits[i]) !=
				    (lower > limit))
					fail_msg("%d of %d at %u permille: %f", (int)x,
						 (int)n, limits[i], lower);
			}
		}
	}
	assert_true(gate_rate_is_above(1, 1000000, 0));
	assert_false(gate_rate_is_above(0, 10, 0));
	assert_false(gate_rate_is_above(10, 10, 1000));
	assert_true(gate_rate_is_above(100000000, 1000000000, 50));
}

TEST(the_words_say_the_numbers)
{
	static const struct rollout rollout;
	struct gate_case given = good(&rollout);

	given.counts.failed = 6;
	given.counts.verified = 35;
	struct gate_judgement got = judge(&given);
	assert_string_equal(got.text, "6 of 41 failed (14.6%), which is more than the "
				      "limit of 5% even with bad luck");
	given = good(&rollout);
	got = judge(&given);
	assert_string_equal(got.text, "20 verified, 0 failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_alone_halt_pass_or_wait),
		cmocka_unit_test(what_was_done_on_the_day_goes_before_the_counts),
		cmocka_unit_test(opening_and_soak_are_waited_for_and_said_when_they_come),
		cmocka_unit_test(a_critical_failure_or_the_canarys_halts_at_once),
		cmocka_unit_test(an_acknowledgement_raises_the_limit_or_waives_it),
		cmocka_unit_test(repairs_count_for_passing_and_not_for_halting),
		cmocka_unit_test(
			a_ring_without_a_gate_passes_by_one_verified_device_and_never_halts),
		cmocka_unit_test(silent_is_who_has_no_outcome_after_the_soak_or_a_day),
		cmocka_unit_test(the_bound_is_wilsons),
		cmocka_unit_test(the_words_say_the_numbers),
	};
	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
