/* When a gate waits, halts and passes; tables of cases. */

#include "tests/lib/case.h"

#include <math.h>
#include <string.h>

#include "engine/gate.h"
#include "engine/instant.h"
#include "engine/plan.h"

#define OPENED INT64_C(1747155600) /* 2025-05-13T17:00:00Z */
#define LATER  (OPENED + 3 * DAY_S)

/* 20 samples, 5 %, a day of soak, a fifth silent, two critical codes. */
static const struct gate gate = {
	.set = true,
	.min_samples = 20,
	.max_failed_permille = 50,
	.soak_s = DAY_S,
	.max_silent_permille = 200,
	.critical_count = 2,
	.critical = { 0x80070005, 0x800F0922 },
};

static void expect(const char *name, const struct gate_question *question,
		   enum gate_state state, enum gate_why why)
{
	struct gate_verdict got = gate_judge(question);
	char text[GATE_TEXT] = "";

	gate_text(question, &got, text);
	if (got.state != state || got.why != why)
		fail_msg("%s: %s %s (%s), not %s %s", name, gate_state_names[got.state],
			 gate_why_names[got.why], text, gate_state_names[state],
			 gate_why_names[why]);
	if (text[0] == '\0')
		fail_msg("%s: no words", name);
}

TEST(counts_alone_halt_pass_or_wait)
{
	static const struct {
		const char *name;
		int64_t verified, failed, silent, unverified, devices;
		enum gate_state state;
		enum gate_why why;
	} rows[] = {
		/* enough of them */
		{ "20 of 20", 20, 0, 0, 0, 100, GATE_PASSED, GATE_WHY_NONE },
		{ "19 of 20", 19, 0, 0, 0, 100, GATE_COLLECTING, GATE_WHY_SAMPLES },
		{ "nobody counted", 20, 0, 0, 0, GATE_DEVICES_UNKNOWN, GATE_PASSED,
		  GATE_WHY_NONE },
		{ "few, nobody counted", 5, 0, 0, 0, GATE_DEVICES_UNKNOWN,
		  GATE_COLLECTING, GATE_WHY_SAMPLES },
		{ "none, nobody counted", 0, 0, 0, 0, GATE_DEVICES_UNKNOWN,
		  GATE_COLLECTING, GATE_WHY_SAMPLES },
		{ "at the limit", 19, 1, 0, 0, 100, GATE_PASSED, GATE_WHY_NONE },
		{ "over it, maybe by bad luck", 18, 2, 0, 0, 100, GATE_COLLECTING,
		  GATE_WHY_FAILURES },
		/* failures */
		{ "too few to tell", 0, 19, 0, 0, 100, GATE_COLLECTING,
		  GATE_WHY_SAMPLES },
		{ "beyond bad luck", 17, 3, 0, 0, 100, GATE_HALTED, GATE_WHY_FAILURES },
		/* silence */
		{ "a fifth is silent", 20, 0, 5, 0, 100, GATE_PASSED, GATE_WHY_NONE },
		{ "more is", 20, 0, 6, 0, 100, GATE_COLLECTING, GATE_WHY_SILENT },
		{ "unverified is no proof either", 20, 0, 3, 3, 100, GATE_COLLECTING,
		  GATE_WHY_SILENT },
		{ "silence is no failure", 17, 0, 100, 0, 17, GATE_COLLECTING,
		  GATE_WHY_SILENT },
		/* small rings: all of them, and within the limit */
		{ "5 of 5", 5, 0, 0, 0, 5, GATE_PASSED, GATE_WHY_NONE },
		{ "4 of 5", 4, 0, 0, 0, 5, GATE_COLLECTING, GATE_WHY_SAMPLES },
		{ "1 of 1", 1, 0, 0, 0, 1, GATE_PASSED, GATE_WHY_NONE },
		{ "all that are not silent", 4, 0, 1, 0, 4, GATE_PASSED, GATE_WHY_NONE },
		{ "everybody answered, and all but one failed", 1, 4, 0, 0, 5,
		  GATE_HALTED, GATE_WHY_FAILURES },
		{ "everybody answered, a failure in 13", 12, 1, 0, 0, 13, GATE_COLLECTING,
		  GATE_WHY_FAILURES },
		/* nobody */
		{ "none", 0, 0, 0, 0, 0, GATE_PASSED, GATE_WHY_EMPTY },
		{ "the only one is silent", 0, 0, 1, 0, 0, GATE_COLLECTING,
		  GATE_WHY_SAMPLES },
		{ "the only one is unverified", 0, 0, 0, 1, 0, GATE_COLLECTING,
		  GATE_WHY_SAMPLES },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gate_question question = {
			.gate = &gate,
			.alone = { .verified = rows[i].verified,
				   .failed = rows[i].failed,
				   .silent = rows[i].silent,
				   .unverified = rows[i].unverified,
				   .not_applicable = 40,
				   .declined = 50 },
			.devices = rows[i].devices,
			.opened_s = OPENED,
			.now_s = LATER,
		};
		question.together = question.alone;
		expect(rows[i].name, &question, rows[i].state, rows[i].why);
	}
}

/* Twenty verified, on the third day. */
static struct gate_question good(void)
{
	return (struct gate_question){
		.gate = &gate,
		.alone = { .verified = 20 },
		.together = { .verified = 20 },
		.devices = 100,
		.opened_s = OPENED,
		.first_s = OPENED + HOUR_S,
		.now_s = LATER,
	};
}

TEST(a_soak_begins_with_the_first_outcome_or_the_opening_of_an_empty_ring)
{
	struct gate_question question = good();

	question.now_s = question.first_s + gate.soak_s - 1;
	expect("soaking", &question, GATE_COLLECTING, GATE_WHY_SOAK);
	assert_int_equal(gate_judge(&question).stands_until_s,
			 question.first_s + gate.soak_s);
	question.now_s++;
	expect("soaked", &question, GATE_PASSED, GATE_WHY_NONE);

	question = (struct gate_question){ .gate = &gate, .opened_s = OPENED };
	question.first_s = INSTANT_NONE;
	question.now_s = OPENED + gate.soak_s - 1;
	expect("empty, soaking", &question, GATE_COLLECTING, GATE_WHY_SOAK);
	assert_int_equal(gate_judge(&question).stands_until_s, OPENED + gate.soak_s);
	question.now_s++;
	expect("empty, soaked", &question, GATE_PASSED, GATE_WHY_EMPTY);
}

TEST(a_critical_failure_or_the_canarys_halts_at_once)
{
	static const struct {
		const char *name;
		bool critical, canary_failed, waived;
		enum gate_state state;
		enum gate_why why;
	} rows[] = {
		{ "neither", false, false, false, GATE_COLLECTING, GATE_WHY_SAMPLES },
		{ "critical", true, false, false, GATE_HALTED, GATE_WHY_CRITICAL },
		{ "the canary", false, true, false, GATE_HALTED, GATE_WHY_CANARY },
		{ "both", true, true, false, GATE_HALTED, GATE_WHY_CRITICAL },
		{ "waived", true, true, true, GATE_COLLECTING, GATE_WHY_SAMPLES },
	};
	static const struct gate none;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gate_question question = good();
		question.alone.verified = question.together.verified = 3;
		question.critical = rows[i].critical;
		question.canary_failed = rows[i].canary_failed;
		question.waived = rows[i].waived;
		expect(rows[i].name, &question, rows[i].state, rows[i].why);
	}
	struct gate_question question = good();
	question.gate = &none;
	question.canary_failed = true;
	expect("without a gate", &question, GATE_HALTED, GATE_WHY_CANARY);
	assert_true(gate_is_critical(&gate, 0x800F0922));
	assert_true(gate_is_critical(&gate, 0x80070005));
	assert_false(gate_is_critical(&gate, 0x80070643));
	assert_false(gate_is_critical(&none, 0));
}

TEST(an_acknowledgement_raises_the_limit_or_waives_it)
{
	static const struct {
		const char *name;
		int64_t failed;
		uint32_t max_failed_permille;
		bool waived;
		enum gate_state state;
		enum gate_why why;
	} rows[] = {
		{ "the ring's 5 %", 6, 0, false, GATE_HALTED, GATE_WHY_FAILURES },
		{ "20 %", 6, 200, false, GATE_PASSED, GATE_WHY_NONE },
		{ "20 %, and more than that", 20, 200, false, GATE_HALTED,
		  GATE_WHY_FAILURES },
		{ "1 % is no higher limit", 6, 10, false, GATE_HALTED,
		  GATE_WHY_FAILURES },
		{ "waived", 20, 0, true, GATE_PASSED, GATE_WHY_NONE },
		{ "100 %", 20, 1000, false, GATE_PASSED, GATE_WHY_NONE },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gate_question question = good();
		question.alone.verified = question.together.verified = 26;
		question.alone.failed = question.together.failed = rows[i].failed;
		question.max_failed_permille = rows[i].max_failed_permille;
		question.waived = rows[i].waived;
		expect(rows[i].name, &question, rows[i].state, rows[i].why);
	}
}

TEST(failures_alone_pass_no_gate_whatever_its_limit)
{
	struct gate_question question = good();

	question.max_failed_permille = 1000;
	question.alone = question.together = (struct gate_counts){ .failed = 30 };
	expect("none verified", &question, GATE_COLLECTING, GATE_WHY_SAMPLES);
	question.waived = true;
	expect("and waived", &question, GATE_COLLECTING, GATE_WHY_SAMPLES);
}

TEST(a_repair_helps_its_release_to_pass_and_halts_alone)
{
	struct gate_question question = good();

	question.alone.verified = 8;
	expect("8 of its own, 12 of a repair", &question, GATE_PASSED, GATE_WHY_NONE);
	question.together.failed = 9;
	expect("the repair fails", &question, GATE_COLLECTING, GATE_WHY_FAILURES);
}

TEST(a_ring_without_a_gate_passes_by_one_verified_device_and_never_halts)
{
	static const struct ring ring;
	struct gate_question question = good();

	question.gate = gate_of(&ring);
	question.alone.verified = question.together.verified = 1;
	question.alone.failed = question.together.failed = 50;
	expect("one of 51", &question, GATE_PASSED, GATE_WHY_NONE);
	question.alone.verified = question.together.verified = 0;
	expect("none of 50", &question, GATE_COLLECTING, GATE_WHY_SAMPLES);
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
				if (fabs(lower - limit) < 1e-7)
					continue; /* a matter of digits */
				if (gate_bound_exceeds(x, n, limits[i]) !=
				    (lower > limit))
					fail_msg("%d of %d at %u permille: %f", (int)x,
						 (int)n, limits[i], lower);
			}
		}
	}
	assert_true(gate_bound_exceeds(1, 1000000, 0));
	assert_false(gate_bound_exceeds(0, 10, 0));
	assert_false(gate_bound_exceeds(10, 10, 1000));
	assert_true(gate_bound_exceeds(100000000, 1000000000, 50));
}

TEST(the_words_say_the_numbers)
{
	struct gate_question question = good();
	struct gate_verdict verdict;
	char text[GATE_TEXT];

	question.alone.failed = 6;
	question.alone.verified = 35;
	verdict = gate_judge(&question);
	assert_string_equal(gate_text(&question, &verdict, text),
			    "6 of 41 failed (14.6%): more than 5%, and not by bad luck");
	question = good();
	verdict = gate_judge(&question);
	assert_string_equal(gate_text(&question, &verdict, text),
			    "20 verified, 0 failed");
	question.together = (struct gate_counts){ .verified = 7 };
	verdict = gate_judge(&question);
	assert_string_equal(gate_text(&question, &verdict, text), "7 of 20 outcomes");
	question = good();
	question.together.silent = 10;
	verdict = gate_judge(&question);
	assert_string_equal(gate_text(&question, &verdict, text),
			    "10 of 30 are silent or unverified, and 20% may be");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_alone_halt_pass_or_wait),
		cmocka_unit_test(
			a_soak_begins_with_the_first_outcome_or_the_opening_of_an_empty_ring),
		cmocka_unit_test(a_critical_failure_or_the_canarys_halts_at_once),
		cmocka_unit_test(an_acknowledgement_raises_the_limit_or_waives_it),
		cmocka_unit_test(failures_alone_pass_no_gate_whatever_its_limit),
		cmocka_unit_test(a_repair_helps_its_release_to_pass_and_halts_alone),
		cmocka_unit_test(
			a_ring_without_a_gate_passes_by_one_verified_device_and_never_halts),
		cmocka_unit_test(silent_is_who_has_no_outcome_after_the_soak_or_a_day),
		cmocka_unit_test(the_bound_is_wilsons),
		cmocka_unit_test(the_words_say_the_numbers),
	};
	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
