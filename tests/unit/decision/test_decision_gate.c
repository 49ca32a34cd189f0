/* Gates: halting by Wilson's bound, passing by samples, rate, soak and silence
 * (DESIGN 2.6). */

#include <stdio.h>
#include <stdlib.h>

#include "engine/gate.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "tests/lib/case.h"

static const struct gate usual = {
	.set = true,
	.min_samples = 40,
	.max_failed_permille = 50,
	.soak_s = DAY_S,
	.max_silent_permille = 200,
};

/* Values of the closed form (p + z2/2n - z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n). */
TEST(the_bound_is_wilsons)
{
	static const struct {
		int64_t failed, total, lower_ppm;
	} cases[] = {
		{ 0, 10, 0 },        { 1, 1, 269865 },   { 1, 10, 22634 },
		{ 1, 40, 5597 },     { 4, 40, 45692 },   { 5, 40, 62191 },
		{ 6, 60, 52597 },    { 12, 60, 128854 }, { 50, 1000, 39828 },
		{ 63, 1000, 51503 }, { 10, 10, 787058 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t ppm = gate_bound_ppm(cases[i].failed, cases[i].total);
		if (ppm < cases[i].lower_ppm - 1 || ppm > cases[i].lower_ppm + 1)
			fail_msg("%lld of %lld: %lld", (long long)cases[i].failed,
				 (long long)cases[i].total, (long long)ppm);
		for (uint32_t permille = 0; permille <= 1000; permille++) {
			bool exceeds = gate_bound_exceeds(cases[i].failed, cases[i].total,
							  permille);
			assert_int_equal(exceeds, ppm >= (int64_t)permille * 1000 &&
							  cases[i].failed > 0 &&
							  permille < 1000);
		}
	}
	/* A million devices are no matter for it. */
	assert_true(gate_bound_exceeds(60000, 1000000, 50));
	assert_false(gate_bound_exceeds(50000, 1000000, 50));
}

TEST(a_rollout_halts_passes_or_goes_on_collecting)
{
	static const struct {
		const char *what;
		int64_t verified, failed, silent, devices;
		int64_t hours; /* since it opened */
		enum gate_state state;
		enum gate_why why;
	} cases[] = {
		{ "nothing yet", 0, 0, 0, 100, 0, GATE_COLLECTING, GATE_WHY_SAMPLES },
		{ "all failed, too few to say", 0, 10, 0, 100, 1, GATE_COLLECTING,
		  GATE_WHY_SAMPLES },
		{ "five of forty", 35, 5, 0, 100, 1, GATE_HALTED, GATE_WHY_FAILURES },
		{ "four of forty: over, but maybe luck", 36, 4, 0, 100, 48,
		  GATE_COLLECTING, GATE_WHY_FAILURES },
		{ "within, still soaking", 40, 1, 0, 100, 23, GATE_COLLECTING,
		  GATE_WHY_SOAK },
		{ "soaked", 40, 1, 0, 100, 24, GATE_PASSED, GATE_WHY_NONE },
		{ "many are silent", 60, 1, 16, 100, 48, GATE_COLLECTING,
		  GATE_WHY_SILENT },
		{ "as many as are allowed", 60, 1, 15, 100, 48, GATE_PASSED,
		  GATE_WHY_NONE },
		{ "everybody answered, and that alone is nothing", 30, 0, 0, 100, 48,
		  GATE_COLLECTING, GATE_WHY_SAMPLES },
		{ "a small ring: all of its devices", 4, 0, 0, 5, 48, GATE_COLLECTING,
		  GATE_WHY_SAMPLES },
		{ "and they are all there", 5, 0, 0, 5, 48, GATE_PASSED, GATE_WHY_NONE },
		{ "a small ring that fails", 2, 3, 0, 5, 48, GATE_HALTED,
		  GATE_WHY_FAILURES },
		{ "no device: opening and soak", 0, 0, 0, 0, 23, GATE_COLLECTING,
		  GATE_WHY_SOAK },
		{ "no device: passed, with a warning", 0, 0, 0, 0, 24, GATE_PASSED,
		  GATE_WHY_EMPTY },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gate_question question = {
			.gate = &usual,
			.alone = { cases[i].verified, cases[i].failed, cases[i].silent, 7,
				   9 },
			.devices = cases[i].devices,
			.opened_s = 1000 * DAY_S,
			.now_s = 1000 * DAY_S + cases[i].hours * HOUR_S,
		};
		question.together = question.alone;
		struct gate_verdict verdict = gate_judge(&question);
		if (verdict.state != cases[i].state || verdict.why != cases[i].why)
			fail_msg("%s: %s %s", cases[i].what,
				 gate_state_names[verdict.state],
				 gate_why_names[verdict.why]);
		if (verdict.why == GATE_WHY_SOAK)
			assert_int_equal(verdict.stands_until_s, 1001 * DAY_S);
	}
}

TEST(a_critical_failure_halts_at_once_and_an_acknowledgement_goes_on)
{
	struct gate_question question = {
		.gate = &usual,
		.alone = { .verified = 1, .failed = 1 },
		.together = { .verified = 1, .failed = 1 },
		.devices = 100,
		.critical = true,
	};

	assert_int_equal(gate_judge(&question).state, GATE_HALTED);
	assert_int_equal(gate_judge(&question).why, GATE_WHY_CRITICAL);
	question.waived = true;
	assert_int_equal(gate_judge(&question).state, GATE_COLLECTING);
	question.waived = question.critical = false;
	question.alone.verified = question.together.verified = 35;
	question.alone.failed = question.together.failed = 5;
	assert_int_equal(gate_judge(&question).state, GATE_HALTED);
	question.max_failed_permille = 130;
	question.now_s = 2 * DAY_S;
	assert_int_equal(gate_judge(&question).state, GATE_PASSED);
}

/* Its repair's outcomes help it pass, and never hide what it did itself. */
TEST(repairs_count_for_passing_and_not_for_halting)
{
	struct gate_question question = {
		.gate = &usual,
		.alone = { .verified = 35, .failed = 5 },
		.together = { .verified = 235, .failed = 5 },
		.devices = 300,
		.now_s = 2 * DAY_S,
	};

	assert_int_equal(gate_judge(&question).state, GATE_HALTED);
	question.alone = (struct gate_counts){ .verified = 36, .failed = 4 };
	question.together.failed = 4;
	assert_int_equal(gate_judge(&question).state, GATE_PASSED);
}

TEST(a_ring_without_a_gate_passes_with_its_first_verified_device)
{
	static const struct gate none;
	struct gate_question question = { .gate = &none, .devices = 10 };

	assert_int_equal(gate_judge(&question).why, GATE_WHY_SAMPLES);
	question.together.verified = question.alone.verified = 1;
	assert_int_equal(gate_judge(&question).state, GATE_PASSED);
}

/* One run: outcomes one by one, looked at after each; how many it took to halt, 0 for
 * not within `most`. */
static int run(uint32_t *random, unsigned true_permille, int most)
{
	int64_t failed = 0;

	for (int n = 1; n <= most; n++) {
		*random = *random * 1664525 + 1013904223;
		failed += (*random >> 8) % 1000 < true_permille;
		if (n >= 40 && gate_bound_exceeds(failed, n, 50))
			return n;
	}
	return 0;
}

TEST(it_halts_on_a_bad_update_and_rarely_on_bad_luck)
{
	enum { RUNS = 10000 };
	uint32_t random = 20250513;
	int unlucky = 0, caught = 0;

	for (int i = 0; i < RUNS; i++) {
		unlucky += run(&random, 25, 1000) != 0;
		caught += run(&random, 200, 60) != 0;
	}
	printf("true 2.5 %%: %.2f %% halt; true 20 %%: %.2f %% halt within 60\n",
	       unlucky * 100.0 / RUNS, caught * 100.0 / RUNS);
	assert_in_range(unlucky, 0, RUNS * 5 / 100);
	assert_in_range(caught, RUNS * 95 / 100, RUNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bound_is_wilsons),
		cmocka_unit_test(a_rollout_halts_passes_or_goes_on_collecting),
		cmocka_unit_test(
			a_critical_failure_halts_at_once_and_an_acknowledgement_goes_on),
		cmocka_unit_test(repairs_count_for_passing_and_not_for_halting),
		cmocka_unit_test(
			a_ring_without_a_gate_passes_with_its_first_verified_device),
		cmocka_unit_test(it_halts_on_a_bad_update_and_rarely_on_bad_luck),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
