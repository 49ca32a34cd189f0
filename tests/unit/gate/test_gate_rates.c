/* How often the halting rule errs, when it is looked at after every outcome.
 *
 * Rollouts are drawn from a fixed seed, 10,000 for each true rate of failure, and judged
 * outcome by outcome as the server does it.  The rates are printed. */

#include "tests/lib/case.h"

#include <stdio.h>

#include "engine/gate.h"
#include "engine/instant.h"
#include "engine/plan.h"

enum { RUNS = 10000, LONG_RUN = 1000 };

static const uint64_t seed = UINT64_C(20250513);
static uint64_t state_now;

/* splitmix64 */
static uint64_t draw(void)
{
	uint64_t x = state_now += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static bool happens(int permille)
{
	return draw() % 1000 < (uint64_t)permille;
}

static const struct gate gate = {
	.set = true,
	.min_samples = 40,
	.max_failed_permille = 50,
	.soak_s = DAY_S,
	.max_silent_permille = 200,
};

/* After how many outcomes a rollout halts; 0: it does not, in so many. */
static int halts_after(int true_permille, int outcomes)
{
	struct gate_question question = { .gate = &gate,
					  .devices = GATE_DEVICES_UNKNOWN,
					  .now_s = HOUR_S };

	for (int n = 1; n <= outcomes; n++) {
		bool failed = happens(true_permille);
		question.alone.failed += failed;
		question.alone.verified += !failed;
		question.together = question.alone;
		if (gate_judge(&question).state == GATE_HALTED)
			return n;
	}
	return 0;
}

/* Runs of 10,000 that halt. */
static int count_halts(int true_permille, int outcomes)
{
	int halts = 0;

	state_now = seed;
	for (int run = 0; run < RUNS; run++)
		halts += halts_after(true_permille, outcomes) != 0;
	printf("[ rates    ] limit 5 %%, 40 samples: a true rate of %d.%d %% halts "
	       "within "
	       "%d outcomes in %d.%02d %% of %d runs\n",
	       true_permille / 10, true_permille % 10, outcomes, halts * 100 / RUNS,
	       halts * 10000 / RUNS % 100, RUNS);
	return halts;
}

TEST(bad_luck_rarely_halts_a_good_update)
{
	assert_true(count_halts(25, LONG_RUN) < RUNS * 5 / 100);
	assert_true(count_halts(25, 60) < RUNS * 5 / 100);
}

TEST(a_bad_update_halts_within_sixty_outcomes)
{
	assert_true(count_halts(200, 60) > RUNS * 95 / 100);
}

TEST(the_longer_a_rate_at_the_limit_is_watched_the_more_often_it_halts)
{
	int soon = count_halts(50, 60), late = count_halts(50, LONG_RUN);

	assert_true(soon < late);
	assert_true(late < RUNS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_luck_rarely_halts_a_good_update),
		cmocka_unit_test(a_bad_update_halts_within_sixty_outcomes),
		cmocka_unit_test(
			the_longer_a_rate_at_the_limit_is_watched_the_more_often_it_halts),
	};
	printf("[ rates    ] seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests_name("gate rates", tests, NULL, NULL);
}
