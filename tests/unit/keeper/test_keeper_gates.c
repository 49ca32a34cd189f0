/* Gates in a running server: halted and passed in the same transaction as the outcome
 * that did it, by time, with canaries, and in small and empty rings. */

#include <stdio.h>
#include <string.h>

#include "engine/instant.h"
#include "tests/lib/case.h"
#include "tests/unit/keeper/crew.h"

#define PLAN(rings)                                                                      \
	"<plan xmlns=\"urn:patchyard:plan:1\">"                                          \
	"<policy name=\"hot\" hotpatch=\"allow\"><match>any</match></policy>" rings      \
	"</plan>"
#define RING(name, attributes, inside)                                                   \
	"<ring name=\"" name "\" " attributes "><match>ring = " name "</match>" inside   \
	"</ring>"

#define TEST_AND_BROAD                                                                   \
	RING("test", "",                                                                 \
	     "<gate min-samples=\"10\" max-failed=\"10%\" soak=\"24h\""                  \
	     " max-silent=\"20%\" critical=\"0x800F0922\"/>")                            \
	RING("broad", "after=\"test\"", "")

static const char plan[] =
	PLAN(TEST_AND_BROAD RING("careful", "canary=\"yes\"", "") RING("plain", "", ""));
static const char plan_with_last[] =
	PLAN(RING("plain", "", "") RING("last", "after=\"plain\"", ""));

/* Two hours after May's releases came. */
static int set_up(void **state)
{
	(void)state;
	crew_open("2025-05-13T19:00:00Z", plan);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	crew_recount();
	crew_close();
	return 0;
}

TEST(a_bad_update_halts_its_ring_with_the_outcome_that_shows_it)
{
	struct rollout_record record;

	crew_enrol_many("t", 14, "test");
	assert_int_equal(crew_try_many("t", 0, 6, 3, HOTPATCH), 9);
	assert_false(crew_rollout(HOTPATCH, "test")->halted);
	/* The tenth is well, and makes ten: three of them are too many. */
	assert_int_equal(crew_try_many("t", 9, 1, 0, HOTPATCH), 1);
	assert_true(crew_rollout(HOTPATCH, "test")->halted);
	/* Nobody is offered it any more; who has it keeps it. */
	assert_int_equal(crew_poll("t-10"), 0);
	assert_int_equal(crew_poll("t-06"), 0);
	assert_true(crew_stored(HOTPATCH, "test", &record));
	assert_string_equal(record.by, "patchyard");
	assert_non_null(strstr(record.reason, "3 of 10 failed (30%)"));
	assert_int_equal(record.halted_s, crew_now());
	/* It is in the audit log, once. */
	json_t *audit = lab_expect(&lab, 200, "GET", "/audit?limit=1", NULL);
	json_t *entry = json_array_get(json_object_get(audit, "entries"), 0);
	assert_string_equal(json_string_value(json_object_get(entry, "action")),
			    "rollout.halt");
	assert_string_equal(json_string_value(json_object_get(entry, "subject")),
			    "w24 KB5058497 26100.3981 in test");
	json_decref(audit);
	/* After a restart it is still so. */
	crew_restart();
	assert_true(crew_rollout(HOTPATCH, "test")->halted);
	assert_int_equal(crew_poll("t-11"), 0);
}

TEST(a_halt_stops_what_has_not_begun_and_lets_the_rest_end)
{
	crew_enrol_many("t", 14, "test");
	for (int i = 10; i < 14; i++) {
		char id[16];
		snprintf(id, sizeof id, "t-%d", i);
		assert_int_equal(crew_poll(id), HOTPATCH);
	}
	assert_int_equal(crew_try_many("t", 0, 5, 5, HOTPATCH), 10);
	assert_true(crew_rollout(HOTPATCH, "test")->halted);
	struct device_record record;
	crew_poll("t-10");
	crew_record("t-10", &record);
	assert_true(record.history.flow.withdrawing);
	/* One that had begun goes to its end, and is counted. */
	crew_end("t-11", FLOW_VERIFIED, 0);
	crew_record("t-11", &record);
	assert_int_equal(record.history.flow.state, FLOW_VERIFIED);
}

TEST(one_critical_failure_halts_at_once)
{
	crew_enrol_many("t", 3, "test");
	assert_true(crew_try("t-00", HOTPATCH, FLOW_FAILED, 0x80070643));
	assert_false(crew_rollout(HOTPATCH, "test")->halted);
	assert_true(crew_try("t-01", HOTPATCH, FLOW_FAILED, 0x800F0922));
	assert_true(crew_rollout(HOTPATCH, "test")->halted);
	assert_int_equal(crew_poll("t-02"), 0);
}

TEST(a_device_that_fails_again_and_again_is_one_failure)
{
	struct rollout_record record;

	crew_enrol_many("t", 12, "test");
	for (int i = 0; i < 3; i++) {
		assert_true(crew_try("t-11", HOTPATCH, FLOW_FAILED, 0x80070643));
		crew_advance(6 * HOUR_S);
	}
	assert_int_equal(crew_try_many("t", 0, 11, 0, HOTPATCH), 11);
	assert_false(crew_rollout(HOTPATCH, "test")->halted);
	/* 1 of 12 is within the limit: it passes when the soak is over. */
	crew_advance(DAY_S);
	assert_true(crew_stored(HOTPATCH, "test", &record));
	assert_true(record.passed_s != 0);
	assert_string_equal(record.reason, "11 verified, 1 failed");
}

TEST(the_next_ring_opens_when_the_soak_is_over_and_not_before)
{
	crew_enrol_many("t", 12, "test");
	crew_enrol_many("b", 2, "broad");
	assert_int_equal(crew_try_many("t", 0, 10, 0, HOTPATCH), 10);
	int64_t first_s = crew_now();
	assert_int_equal(crew_poll("b-00"), 0);
	crew_advance(DAY_S - 1);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
	assert_int_equal(crew_poll("b-00"), 0);
	crew_advance(1);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, first_s + DAY_S);
	assert_int_equal(crew_poll("b-00"), HOTPATCH);
}

TEST(a_ring_that_halts_after_it_passed_shuts_the_next_one_again)
{
	crew_enrol_many("t", 12, "test");
	crew_enrol_many("b", 2, "broad");
	assert_int_equal(crew_try_many("t", 0, 10, 0, HOTPATCH), 10);
	crew_advance(DAY_S);
	assert_int_equal(crew_poll("b-00"), HOTPATCH);
	assert_true(crew_try("t-10", HOTPATCH, FLOW_FAILED, 0x800F0922));
	assert_true(crew_rollout(HOTPATCH, "test")->halted);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
	crew_end("b-00", FLOW_FAILED, 0x80070643);
	crew_advance(2 * HOUR_S);
	assert_int_equal(crew_poll("b-00"), 0);
}

TEST(a_group_that_merely_finished_does_not_open_the_next_ring)
{
	crew_enrol_many("t", 5, "test");
	crew_enrol("b", "broad");
	/* All five have answered, one badly. */
	assert_int_equal(crew_try_many("t", 0, 4, 1, HOTPATCH), 5);
	crew_advance(2 * DAY_S);
	assert_false(crew_rollout(HOTPATCH, "test")->halted);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
	assert_int_equal(crew_poll("b"), 0);
	/* When the last is mended the group has passed. */
	assert_true(crew_try("t-04", HOTPATCH, FLOW_VERIFIED, 0));
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, crew_now());
	assert_int_equal(crew_poll("b"), HOTPATCH);
}

TEST(a_small_ring_passes_with_all_it_has_but_those_that_are_silent)
{
	crew_enrol_many("t", 5, "test");
	crew_enrol("b", "broad");
	assert_int_equal(crew_poll("t-04"), HOTPATCH); /* and is not heard of again */
	assert_int_equal(crew_try_many("t", 0, 4, 0, HOTPATCH), 4);
	crew_advance(DAY_S - HOUR_S);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
	crew_advance(HOUR_S);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
	/* A day after its offer it is silent: one of five is what is allowed. */
	for (int i = 0; i < 4; i++) {
		char id[16];
		snprintf(id, sizeof id, "t-%02d", i);
		crew_poll(id);
	}
	crew_advance(HOUR_S);
	crew_advance(HOUR_S);
	assert_true(crew_rollout(HOTPATCH, "test")->passed_s != 0);
	assert_int_equal(crew_poll("b"), HOTPATCH);
}

TEST(silence_of_many_keeps_a_gate_shut)
{
	crew_enrol_many("t", 14, "test");
	for (int i = 10; i < 14; i++) {
		char id[16];
		snprintf(id, sizeof id, "t-%d", i);
		assert_int_equal(crew_poll(id), HOTPATCH);
	}
	assert_int_equal(crew_try_many("t", 0, 10, 0, HOTPATCH), 10);
	crew_advance(DAY_S);
	crew_advance(HOUR_S);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
	crew_advance(DAY_S);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
	/* Two of them come back: two of fourteen are few. */
	crew_end("t-10", FLOW_VERIFIED, 0);
	crew_end("t-11", FLOW_VERIFIED, 0);
	assert_true(crew_rollout(HOTPATCH, "test")->passed_s != 0);
}

TEST(an_empty_ring_passes_after_its_own_opening_and_soak)
{
	struct rollout_record record;

	crew_enrol("b", "broad");
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
	crew_advance(21 * HOUR_S);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
	crew_advance(HOUR_S); /* published at 17:00, and a day of soak */
	assert_true(crew_stored(HOTPATCH, "test", &record));
	assert_int_equal(record.passed_s, crew_now());
	assert_string_equal(record.reason, "no device of the ring is there to try it");
	assert_int_equal(crew_poll("b"), HOTPATCH);
}

TEST(devices_that_a_release_is_not_for_are_none)
{
	/* Without VBS they take the cumulative update, and nobody takes the hotpatch. */
	crew_enrol_many("t", 3, "test");
	for (int i = 0; i < 3; i++) {
		char path[64];
		snprintf(path, sizeof path, "/devices/t-%02d/facts", i);
		json_decref(lab_expect(&lab, 200, "PUT", path,
				       "{\"facts\":{\"vbs\":\"off\"}}"));
	}
	for (int i = 0; i < 3; i++) {
		char id[16];
		snprintf(id, sizeof id, "t-%02d", i);
		assert_int_equal(crew_poll(id), LCU);
	}
	crew_advance(22 * HOUR_S);
	assert_true(crew_rollout(HOTPATCH, "test")->passed_s != 0);
	assert_int_equal(crew_rollout(LCU, "test")->passed_s, 0);
}

TEST(a_ring_waits_for_devices_that_may_still_come)
{
	crew_enrol_many("t", 2, "test");
	assert_true(crew_try("t-00", HOTPATCH, FLOW_VERIFIED, 0));
	crew_advance(DAY_S);
	/* The other was heard of lately, and has not been offered it yet. */
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
	assert_true(crew_try("t-01", HOTPATCH, FLOW_VERIFIED, 0));
	assert_true(crew_rollout(HOTPATCH, "test")->passed_s != 0);
}

TEST(a_ring_waits_for_devices_whose_turn_has_not_come)
{
	static const char slow[] =
		PLAN(RING("slow", "",
			  "<gate min-samples=\"10\" max-failed=\"10%\" soak=\"1h\"/>"
			  "<gradual days=\"300\"/>"));

	crew_enrol_many("s", 2, "slow");
	json_decref(lab_expect(&lab, 200, "PUT", "/plan?name=plan.xml", slow));
	assert_true(crew_rollout(BASELINE, "slow")->passed_s != 0);
	assert_int_equal(crew_poll("s-00"), 0);
	crew_advance(3 * HOUR_S);
	assert_int_equal(crew_rollout(HOTPATCH, "slow")->passed_s, 0);
}

TEST(a_ring_without_a_gate_passes_by_one_verified_device)
{
	crew_enrol_many("p", 2, "plain");
	json_decref(lab_expect(&lab, 200, "PUT", "/plan?name=plan.xml", plan_with_last));
	crew_enrol("l", "last");
	assert_int_equal(crew_poll("l"), 0);
	assert_true(crew_try("p-00", HOTPATCH, FLOW_FAILED, 0x80070643));
	assert_int_equal(crew_poll("l"), 0);
	assert_true(crew_try("p-01", HOTPATCH, FLOW_VERIFIED, 0));
	assert_int_equal(crew_rollout(HOTPATCH, "plain")->passed_s, crew_now());
	assert_int_equal(crew_poll("l"), HOTPATCH);
}

TEST(a_release_and_its_repairs_pass_together)
{
	crew_enrol_many("t", 12, "test");
	assert_int_equal(crew_try_many("t", 0, 4, 0, HOTPATCH), 4);
	crew_advance(3 * DAY_S);
	/* The repair is out: the others take that. */
	assert_int_equal(crew_try_many("t", 4, 6, 0, REPAIR), 6);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, crew_now());
	assert_int_equal(crew_rollout(REPAIR, "test")->passed_s, 0); /* six of ten */
}

TEST(a_halted_repair_is_not_its_releases_fault)
{
	crew_enrol_many("t", 14, "test");
	assert_int_equal(crew_try_many("t", 0, 4, 0, HOTPATCH), 4);
	crew_advance(3 * DAY_S);
	assert_int_equal(crew_try_many("t", 4, 5, 5, REPAIR), 10);
	assert_true(crew_rollout(REPAIR, "test")->halted);
	assert_false(crew_rollout(HOTPATCH, "test")->halted);
	assert_int_equal(crew_rollout(HOTPATCH, "test")->passed_s, 0);
}

TEST(the_first_that_is_offered_it_is_the_canary_and_the_others_wait)
{
	crew_enrol_many("c", 4, "careful");
	assert_string_equal(crew_rollout(HOTPATCH, "careful")->canary, "c-00");
	assert_int_equal(crew_poll("c-01"), 0);
	assert_int_equal(crew_poll("c-00"), HOTPATCH);
	assert_int_equal(crew_poll("c-02"), 0);
	crew_end("c-00", FLOW_VERIFIED, 0);
	assert_true(crew_rollout(HOTPATCH, "careful")->canary_verified);
	assert_int_equal(crew_poll("c-01"), HOTPATCH);
	assert_int_equal(crew_poll("c-02"), HOTPATCH);
}

static int count_running(const char *prefix, int count)
{
	struct device_record record;
	char id[16];
	int running = 0;

	for (int i = 0; i < count; i++) {
		snprintf(id, sizeof id, "%s-%02d", prefix, i);
		crew_record(id, &record);
		running += record.history.flow.state != FLOW_NONE;
	}
	return running;
}

/* What one unit of a group did, the next already knows. */
TEST(of_many_that_come_at_once_one_is_the_canary)
{
	crew_enrol_at_once("c", 20, "careful");
	assert_int_equal(count_running("c", 20), 1);
	assert_string_equal(crew_rollout(HOTPATCH, "careful")->canary, "c-00");
	crew_enrol_at_once("p", 20, "plain");
	assert_int_equal(count_running("p", 20), 20);
}

TEST(a_canary_that_fails_halts_its_ring)
{
	struct rollout_record record;

	crew_enrol_many("c", 2, "careful");
	assert_true(crew_try("c-00", HOTPATCH, FLOW_FAILED, 0x80070643));
	assert_true(crew_rollout(HOTPATCH, "careful")->halted);
	assert_true(crew_stored(HOTPATCH, "careful", &record));
	assert_string_equal(record.reason, "the canary failed");
	assert_int_equal(crew_poll("c-01"), 0);
	crew_advance(2 * HOUR_S);
	assert_int_equal(crew_poll("c-00"), 0);
}

TEST(a_canary_that_proves_nothing_makes_room_for_the_next)
{
	crew_enrol_many("c", 3, "careful");
	assert_true(crew_try("c-00", HOTPATCH, FLOW_NOT_APPLICABLE, 0x80240017));
	assert_null(crew_rollout(HOTPATCH, "careful")->canary);
	assert_int_equal(crew_poll("c-01"), HOTPATCH);
	assert_string_equal(crew_rollout(HOTPATCH, "careful")->canary, "c-01");
	assert_int_equal(crew_poll("c-02"), 0);
	/* One that is gone for good does so with the next review. */
	json_decref(lab_expect(&lab, 200, "DELETE", "/devices/c-01", NULL));
	assert_int_equal(crew_poll("c-02"), 0);
	crew_advance(HOUR_S);
	assert_null(crew_rollout(HOTPATCH, "careful")->canary);
	assert_int_equal(crew_poll("c-02"), HOTPATCH);
}

TEST(a_new_plan_is_judged_when_it_is_applied)
{
	static const char later[] =
		PLAN(RING("plain", "", "<gate min-samples=\"10\" max-failed=\"10%\"/>"));

	crew_enrol_many("p", 12, "plain");
	assert_int_equal(crew_try_many("p", 0, 6, 6, HOTPATCH), 12);
	assert_false(crew_rollout(HOTPATCH, "plain")->halted);
	json_decref(lab_expect(&lab, 200, "PUT", "/plan?name=plan.xml", later));
	assert_true(crew_rollout(HOTPATCH, "plain")->halted);
}

int main(void)
{
#define KEEPER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		KEEPER_TEST(a_bad_update_halts_its_ring_with_the_outcome_that_shows_it),
		KEEPER_TEST(a_halt_stops_what_has_not_begun_and_lets_the_rest_end),
		KEEPER_TEST(one_critical_failure_halts_at_once),
		KEEPER_TEST(a_device_that_fails_again_and_again_is_one_failure),
		KEEPER_TEST(the_next_ring_opens_when_the_soak_is_over_and_not_before),
		KEEPER_TEST(a_ring_that_halts_after_it_passed_shuts_the_next_one_again),
		KEEPER_TEST(a_group_that_merely_finished_does_not_open_the_next_ring),
		KEEPER_TEST(
			a_small_ring_passes_with_all_it_has_but_those_that_are_silent),
		KEEPER_TEST(silence_of_many_keeps_a_gate_shut),
		KEEPER_TEST(an_empty_ring_passes_after_its_own_opening_and_soak),
		KEEPER_TEST(devices_that_a_release_is_not_for_are_none),
		KEEPER_TEST(a_ring_waits_for_devices_that_may_still_come),
		KEEPER_TEST(a_ring_waits_for_devices_whose_turn_has_not_come),
		KEEPER_TEST(a_ring_without_a_gate_passes_by_one_verified_device),
		KEEPER_TEST(a_release_and_its_repairs_pass_together),
		KEEPER_TEST(a_halted_repair_is_not_its_releases_fault),
		KEEPER_TEST(
			the_first_that_is_offered_it_is_the_canary_and_the_others_wait),
		KEEPER_TEST(of_many_that_come_at_once_one_is_the_canary),
		KEEPER_TEST(a_canary_that_fails_halts_its_ring),
		KEEPER_TEST(a_canary_that_proves_nothing_makes_room_for_the_next),
		KEEPER_TEST(a_new_plan_is_judged_when_it_is_applied),
	};
	return cmocka_run_group_tests_name("keeper gates", tests, NULL, NULL);
}
