/* A year rehearsed, against a count by hand: in 2025 Windows 11 24H2 had twelve monthly
 * releases, four of them baselines.  A device that takes hotpatches restarts for the
 * four, and is spared the eight others; one that does not restarts twelve times.  What
 * came out of band needs an approval, or no restart. */

#include <string.h>

#include "engine/instant.h"
#include "playhouse.h"
#include "tests/lib/case.h"

#define PLAN                                                                             \
	"<policy name='h' hotpatch='allow'><match>any</match></policy>"                  \
	"<ring name='now'><match>any</match></ring>"

/* On around the clock, nobody ill, nobody away. */
#define DEVICE(vbs)                                                                      \
	"<group name='g'><product id='windows-11-24h2' kb='KB5048667'/>"                 \
	"<fact name='os.edition'><value>Enterprise</value></fact>"                       \
	"<fact name='vbs'><value>" vbs "</value></fact></group>"

static void play(const char *fleet, struct rehearsal_result *result)
{
	struct playhouse house;

	playhouse_open(&house, PLAN, fleet);
	playhouse_play(&house, 0, result);
	playhouse_close(&house);
}

TEST(a_device_on_hotpatch_restarts_four_times_in_2025_and_is_spared_eight)
{
	struct rehearsal_result result = { 0 };

	play(DEVICE("running"), &result);
	assert_int_equal(result.devices, 200);
	assert_int_equal(result.days, 365);
	assert_int_equal(result.restarts_of[4], 200);
	assert_int_equal(result.restarts, 4 * 200);
	assert_int_equal(result.avoided, 8 * 200);
	assert_int_equal(result.up_to_date, 200);
	assert_int_equal(result.leaving_count, 0);
	rehearsal_result_free(&result);
}

TEST(a_device_without_vbs_restarts_twelve_times_in_2025)
{
	struct rehearsal_result result = { 0 };

	play(DEVICE("off"), &result);
	assert_int_equal(result.restarts_of[12], 200);
	assert_int_equal(result.restarts, 12 * 200);
	assert_int_equal(result.avoided, 0);
	assert_int_equal(result.hotpatches, 0);
	rehearsal_result_free(&result);
}

TEST(what_restarted_and_what_was_avoided_make_the_twelve_for_everybody)
{
	struct rehearsal_result result = { 0 };
	uint32_t on_days = 0;

	play("<group name='g'><product id='windows-11-24h2' kb='KB5048667'/>"
	     "<fact name='os.edition'><value>Enterprise</value></fact>"
	     "<fact name='vbs'><value share='70'>running</value>"
	     "<value share='30'>off</value></fact></group>",
	     &result);
	assert_int_equal(result.restarts + result.avoided, 12 * 200);
	assert_true(result.restarts_of[4] > 100);
	assert_int_equal(result.restarts_of[4] + result.restarts_of[12], 200);
	for (uint32_t day = 0; day < result.days; day++)
		on_days += result.restarts_on[day];
	assert_int_equal(on_days, result.restarts);
	rehearsal_result_free(&result);
}

TEST(a_ring_reaches_its_devices_after_its_deferral_and_its_polls)
{
	struct playhouse house;
	struct rehearsal_result result = { 0 };

	playhouse_open(&house,
		       "<policy name='h' hotpatch='allow'><match>any</match></policy>"
		       "<ring name='late' defer-days='9'><match>any</match></ring>",
		       DEVICE("running"));
	playhouse_play(&house, 0, &result);
	const struct result_cell *may =
		playhouse_cell(&house, &result, "KB5058497", "late");
	/* The OOB that repairs it (2025-05-16) opens with it and takes its place. */
	assert_null(may);
	const struct result_cell *june =
		playhouse_cell(&house, &result, "KB5060841", "late");
	assert_non_null(june);
	assert_int_equal(june->devices, 200);
	assert_int_equal(june->verified, 200);
	assert_in_range(june->reach_s[0], 9 * DAY_S, 9 * DAY_S + 2 * HOUR_S);
	assert_in_range(june->reach_s[REACH_STEPS - 1], 9 * DAY_S + 2 * HOUR_S,
			9 * DAY_S + 5 * HOUR_S);
	rehearsal_result_free(&result);
	playhouse_close(&house);
}

TEST(each_run_has_throws_of_its_own)
{
	struct playhouse house;
	struct rehearsal_result one = { 0 }, two = { 0 };

	playhouse_open(&house, PLAN, DEVICE("running"));
	playhouse_play(&house, 0, &one);
	playhouse_play(&house, 1, &two);
	assert_memory_not_equal(one.cells[0].reach_s, two.cells[0].reach_s,
				sizeof one.cells[0].reach_s);
	rehearsal_result_free(&one);
	rehearsal_result_free(&two);
	playhouse_close(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_device_on_hotpatch_restarts_four_times_in_2025_and_is_spared_eight),
		cmocka_unit_test(each_run_has_throws_of_its_own),
		cmocka_unit_test(a_device_without_vbs_restarts_twelve_times_in_2025),
		cmocka_unit_test(
			what_restarted_and_what_was_avoided_make_the_twelve_for_everybody),
		cmocka_unit_test(
			a_ring_reaches_its_devices_after_its_deferral_and_its_polls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
