/* One device's passage through its offers, by polls, reports and facts (DESIGN 2.7). */

#include <stdio.h>
#include <string.h>

#include "engine/passage.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "yard.h"

static const char *const rings[] = {
	"policy all allow match=any",
	"ring now deadline=2 attempts=3 retry=1 match=any",
};

static const char now_text[] = "2025-05-14T08:00:00Z";

static void open_yard(struct yard *y, bool hotpatch)
{
	yard_open(y, NULL, 0, rings, COUNT_OF(rings));
	yard_device(y, "26100.2000", "KB104", at(now_text));
	if (!hotpatch)
		yard_fact(y, "vbs", "off", at(now_text));
	yard_fact(y, "os.boot", "2025-05-01T08:00:00Z", at(now_text));
	history_saw(&y->device.history, &y->device.facts, at(now_text));
}

static const struct mark *mark_of(struct yard *y, uint32_t kb, uint32_t revision)
{
	struct release_key key = { "win11", kb, { 26100, revision } };
	return history_mark(&y->device.history, &key);
}

TEST(a_hotpatch_goes_from_offer_to_verified_without_a_restart)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, true);
	assert_int_equal(yard_poll(&y, t), 1);
	assert_string_equal(yard_state(&y), "offered");
	assert_int_equal(y.device.history.flow.install_by_s, t + DAYS(2));
	assert_int_equal(yard_poll(&y, t + 60), 1); /* the same offer, no new one */
	assert_int_equal(y.outcome.count, 0);
	yard_fetch(&y, t + 61);
	assert_int_equal(y.device.history.flow.retrieved_s, t + 61);
	assert_int_equal(yard_report(&y, FLOW_DOWNLOADING, 1, t + 62), REPORT_TAKEN);
	assert_int_equal(yard_report(&y, FLOW_DOWNLOADED, 2, t + 63), REPORT_TAKEN);
	assert_int_equal(yard_report(&y, FLOW_INSTALLING, 3, t + 64), REPORT_TAKEN);
	assert_int_equal(yard_report(&y, FLOW_VERIFIED, 4, t + 65), REPORT_TAKEN);
	/* Not before the facts bear it out. */
	assert_string_equal(yard_state(&y), "installed");
	assert_true(y.device.facts_wanted);
	yard_shows(&y, "26100.2100", "KB104 KB105", NULL, t + 66);
	assert_string_equal(yard_state(&y), "verified");
	assert_false(y.device.facts_wanted);
	assert_int_equal(y.device.restarts, 0);
	assert_int_equal(yard_events(&y, EVENT_ADOPTED), 0);
	assert_int_equal(yard_poll(&y, t + 67), 0);
	assert_int_equal(y.decision.standing, STANDING_UP_TO_DATE);
	yard_close(&y);
}

TEST(an_update_waits_for_its_restart)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, false);
	yard_poll(&y, t);
	yard_fetch(&y, t);
	yard_report(&y, FLOW_INSTALLING, 1, t + 1);
	yard_report(&y, FLOW_RESTART_PENDING, 2, t + 2);
	assert_int_equal(y.device.history.flow.pending_since_s, t + 2);
	yard_decide(&y, t + 3);
	assert_int_equal(y.decision.action, ACTION_RESTART);
	yard_shows(&y, "26100.2150", "KB104 KB115", "2025-05-14T08:10:00Z", t + 600);
	assert_string_equal(yard_state(&y), "verified");
	assert_int_equal(y.device.restarts, 1);
	assert_int_equal(yard_events(&y, EVENT_RESTARTED), 1);
	yard_close(&y);
}

/* Facts first or the claim first: the same end. */
TEST(a_claim_that_the_facts_already_bear_out_is_verified_at_once)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, true);
	yard_poll(&y, t);
	yard_report(&y, FLOW_INSTALLING, 1, t + 1);
	yard_shows(&y, "26100.2100", "KB104 KB105", NULL, t + 2);
	assert_string_equal(yard_state(&y), "verified");
	assert_int_equal(yard_report(&y, FLOW_VERIFIED, 2, t + 3), REPORT_REPEATED);
	yard_close(&y);
}

TEST(success_that_the_facts_do_not_show_is_unverified_and_twice_is_a_loop)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, true);
	for (int time = 1; time <= 2; time++) {
		assert_int_equal(yard_poll(&y, t), time);
		yard_report(&y, FLOW_VERIFIED, 1, t);
		yard_shows(&y, "26100.2000", "KB104", NULL, t + 1);
		assert_string_equal(yard_state(&y), "unverified");
		t += 60;
	}
	assert_int_equal(mark_of(&y, 105, 2100)->unshown, 2);
	assert_int_equal(yard_poll(&y, t), 0);
	assert_true(has_reason(&y.decision, REASON_REINSTALL_LOOP));
	/* It came to show it after all. */
	yard_shows(&y, "26100.2100", "KB104 KB105", NULL, t + 5);
	assert_string_equal(yard_state(&y), "verified");
	assert_int_equal(mark_of(&y, 105, 2100)->unshown, 0);
	yard_close(&y);
}

/* A client that says "done" before its restart: its facts are right to be old. */
TEST(an_update_said_to_be_installed_is_not_judged_before_its_restart)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, false);
	yard_poll(&y, t);
	yard_report(&y, FLOW_VERIFIED, 0, t + 1);
	yard_shows(&y, "26100.2000", "KB104", NULL, t + 2);
	assert_string_equal(yard_state(&y), "installed");
	yard_shows(&y, "26100.2150", "KB115", "2025-05-15T08:10:00Z", t + DAY_S);
	assert_string_equal(yard_state(&y), "verified");
	yard_close(&y);

	open_yard(&y, false);
	yard_poll(&y, t);
	yard_report(&y, FLOW_VERIFIED, 0, t + 1);
	yard_shows(&y, "26100.2000", "KB104", "2025-05-15T08:10:00Z", t + DAY_S);
	assert_string_equal(yard_state(&y), "unverified");
	yard_close(&y);
}

TEST(after_the_restart_the_device_has_the_word_on_a_failure)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, false);
	yard_poll(&y, t);
	yard_report(&y, FLOW_RESTART_PENDING, 1, t + 1);
	yard_shows(&y, "26100.2000", "KB104", "2025-05-14T09:00:00Z", t + 3600);
	assert_string_equal(yard_state(&y), "restart-pending");
	yard_report(&y, FLOW_FAILED, 2, t + 3601);
	assert_string_equal(yard_state(&y), "failed");
	assert_int_equal(mark_of(&y, 115, 2150)->failures, 1);
	yard_close(&y);

	/* It claims success against its own facts. */
	open_yard(&y, false);
	yard_poll(&y, t);
	yard_report(&y, FLOW_RESTART_PENDING, 1, t + 1);
	yard_shows(&y, "26100.2000", "KB104", "2025-05-14T09:00:00Z", t + 3600);
	yard_report(&y, FLOW_VERIFIED, 2, t + 3601);
	assert_string_equal(yard_state(&y), "unverified");
	yard_close(&y);
}

TEST(a_device_without_a_build_ends_unverified)
{
	struct yard y;
	int64_t t = at(now_text);
	struct problem p = { 0 };

	open_yard(&y, true);
	facts_set(&y.device.facts, "os.build", "26100.2000", t, FACT_ASSERTED, NULL, &p);
	yard_poll(&y, t);
	yard_report(&y, FLOW_VERIFIED, 0, t + 1);
	assert_string_equal(yard_state(&y), "unverified");
	assert_int_equal(yard_poll(&y, t + 2), 0);
	assert_true(has_reason(&y.decision, REASON_UNVERIFIED));
	/* From the day it reports one it is like any other. */
	yard_shows(&y, "26100.2000", "KB104 KB1", NULL, t + 3);
	yard_poll(&y, t + 4);
	assert_string_equal(yard_state(&y), "offered");
	yard_close(&y);
}

TEST(failures_wait_and_are_counted_out)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, true);
	y.device.facts.reported_s = at("2025-06-30"); /* their age is not the matter */
	for (uint32_t failures = 1; failures <= 3; failures++) {
		assert_int_not_equal(yard_poll(&y, t), 0);
		yard_report(&y, FLOW_FAILED, 1, t);
		assert_string_equal(yard_state(&y), "failed");
		assert_int_equal(mark_of(&y, 105, 2100)->failures, failures);
		assert_int_equal(yard_poll(&y, t + 1), 0);
		t += HOUR_S << (failures - 1);
	}
	assert_int_equal(yard_poll(&y, t + DAY_S), 0);
	assert_true(has_reason(&y.decision, REASON_RETRY_EXHAUSTED));
	yard_close(&y);
}

TEST(what_the_device_refuses_is_asked_again_with_new_facts)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, true);
	yard_poll(&y, t);
	yard_report(&y, FLOW_NOT_APPLICABLE, 1, t + 1);
	assert_int_equal(yard_poll(&y, t + 2), 0);
	assert_true(has_reason(&y.decision, REASON_NOT_APPLICABLE));
	yard_shows(&y, NULL, "KB104 KB77", NULL, t + 3);
	assert_int_equal(yard_poll(&y, t + 4), 2);

	/* One that the device declines comes back after a while. */
	yard_report(&y, FLOW_REJECTED, 1, t + 5);
	assert_int_equal(yard_poll(&y, t + 6), 0);
	assert_true(has_reason(&y.decision, REASON_RETRY_BACKOFF));
	assert_int_equal(yard_poll(&y, t + 5 + HOUR_S), 3);
	yard_close(&y);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { ROUNDS = 5000 };
#else
enum { ROUNDS = 100000 };
#endif

/* Every order of the same reports, some twice, some lost: one end. */
TEST(duplicates_reordering_and_loss_change_the_end_in_no_way)
{
	static const enum flow_state steps[] = { FLOW_ACCEPTED, FLOW_DOWNLOADING,
						 FLOW_DOWNLOADED, FLOW_INSTALLING };
	static const struct {
		enum flow_state last;
		const char *end;
	} ends[] = {
		{ FLOW_VERIFIED, "verified" },
		{ FLOW_FAILED, "failed" },
		{ FLOW_NOT_APPLICABLE, "not-applicable" },
	};
	static struct device_record fresh;
	uint32_t random = 1;
	int64_t t = at(now_text);
	struct yard y;

	open_yard(&y, true);
	yard_poll(&y, t);
	fresh = y.device;
	for (int round = 0; round < ROUNDS; round++) {
		size_t which = (size_t)round % COUNT_OF(ends);
		bool done = false, numbered = round % 7 != 0;
		y.device = fresh;
		for (int i = 0; i < 8 || !done; i++) {
			random = random * 1664525 + 1013904223;
			uint32_t pick = (random >> 16) % (COUNT_OF(steps) + 2);
			if (pick < COUNT_OF(steps)) {
				yard_report(&y, steps[pick], numbered ? pick + 1 : 0,
					    t + i);
			} else if (pick == COUNT_OF(steps)) {
				yard_report(&y, ends[which].last, numbered ? 5 : 0,
					    t + i);
				done = true;
			}
		}
		if (ends[which].last == FLOW_VERIFIED)
			yard_shows(&y, "26100.2100", "KB105", NULL, t + 100);
		if (strcmp(yard_state(&y), ends[which].end) != 0)
			fail_msg("round %d: %s", round, yard_state(&y));
	}
	yard_close(&y);
}

TEST(only_a_devices_own_words_are_taken_from_it)
{
	static const enum flow_state ours[] = { FLOW_EXPIRED, FLOW_WITHDRAWN,
						FLOW_UNVERIFIED, FLOW_OFFERED };
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, true);
	yard_poll(&y, t);
	yard_report(&y, FLOW_DOWNLOADING, 1, t);
	for (size_t i = 0; i < COUNT_OF(ours); i++) {
		yard_report(&y, ours[i], 0, t + 1);
		assert_string_equal(yard_state(&y), "downloading");
		assert_int_equal(yard_events(&y, EVENT_IGNORED), 1);
	}
	/* A number that was used is the same report again, whatever it says now. */
	assert_int_equal(yard_report(&y, FLOW_DOWNLOADED, 1, t + 1), REPORT_REPEATED);
	assert_string_equal(yard_state(&y), "downloading");
	struct report report = { .state = FLOW_VERIFIED };
	outcome_init(&y.outcome);
	assert_int_equal(
		passage_report(&y.device, 99, &report, &y.decision, t, &y.outcome),
		REPORT_UNKNOWN);
	assert_int_equal(y.outcome.count, 0);
	yard_close(&y);
}

TEST(an_offer_nobody_saw_is_withdrawn_without_a_word)
{
	struct yard y;
	int64_t t = at("2025-06-10T16:00:00Z");

	open_yard(&y, true);
	y.device.facts.reported_s = t;
	assert_int_equal(yard_poll(&y, t), 1);
	assert_int_equal(y.device.history.flow.key.kb, 105);
	/* June's hotpatch is out: the new choice in the same poll. */
	assert_int_equal(yard_poll(&y, t + HOURS(2)), 2);
	assert_int_equal(y.device.history.flow.key.kb, 106);
	assert_int_equal(y.device.history.flow.generation, 0);
	yard_close(&y);
}

TEST(a_device_that_fetched_it_is_told_to_stop)
{
	struct yard y;
	int64_t t = at("2025-06-10T16:00:00Z");

	open_yard(&y, true);
	y.device.facts.reported_s = t;
	yard_poll(&y, t);
	yard_fetch(&y, t);
	yard_report(&y, FLOW_DOWNLOADING, 1, t + 1);
	t += HOURS(2);
	assert_int_equal(yard_poll(&y, t), 1);
	assert_true(y.device.history.flow.withdrawing);
	assert_int_equal(y.device.history.flow.generation, 1);
	assert_int_equal(yard_poll(&y, t + 1), 1); /* asked once */
	assert_int_equal(y.device.history.flow.generation, 1);
	outcome_init(&y.outcome);
	passage_stopped(&y.device, 1, true, t + 2, &y.outcome);
	assert_string_equal(yard_state(&y), "withdrawn");
	assert_int_equal(yard_poll(&y, t + 3), 2);
	assert_int_equal(y.device.history.flow.key.kb, 106);
	/* What it still says of the old one changes nothing. */
	struct report late = { .state = FLOW_INSTALLING, .sequence = 2 };
	assert_int_equal(
		passage_report(&y.device, 1, &late, &y.decision, t + 4, &y.outcome),
		REPORT_UNKNOWN);
	yard_close(&y);
}

TEST(a_device_that_cannot_stop_goes_on_and_is_counted)
{
	struct yard y;
	int64_t t = at("2025-06-10T16:00:00Z");

	open_yard(&y, true);
	y.device.facts.reported_s = t;
	yard_poll(&y, t);
	yard_fetch(&y, t);
	t += HOURS(2);
	yard_poll(&y, t);
	outcome_init(&y.outcome);
	passage_stopped(&y.device, 1, false, t + 1, &y.outcome);
	assert_string_equal(yard_state(&y), "installing");
	assert_int_equal(yard_poll(&y, t + 2), 1); /* not asked again */
	assert_false(y.device.history.flow.withdrawing);
	yard_report(&y, FLOW_VERIFIED, 2, t + 3);
	yard_shows(&y, "26100.2100", "KB105", NULL, t + 4);
	assert_string_equal(yard_state(&y), "verified");

	/* And one that began before it heard of it. */
	yard_close(&y);
	t = at("2025-06-10T16:00:00Z");
	open_yard(&y, true);
	y.device.facts.reported_s = t;
	yard_poll(&y, t);
	yard_fetch(&y, t);
	yard_poll(&y, t + HOURS(2));
	assert_true(y.device.history.flow.withdrawing);
	yard_report(&y, FLOW_INSTALLING, 1, t + HOURS(2));
	assert_false(y.device.history.flow.withdrawing);
	yard_close(&y);
}

TEST(a_lease_returns_the_device_to_offering)
{
	static const struct {
		const char *what;
		bool fetched;
		enum flow_state reached; /* NONE: nothing was said */
		const char *end;
		uint32_t failures, unshown;
	} cases[] = {
		{ "never fetched: it was away", false, FLOW_NONE, "expired", 0, 0 },
		{ "fetched, and nothing more", true, FLOW_NONE, "expired", 1, 0 },
		{ "stuck in its download", true, FLOW_DOWNLOADING, "expired", 1, 0 },
		{ "stuck in its install", true, FLOW_INSTALLING, "unverified", 1, 0 },
		{ "installed, and never heard of again", true, FLOW_INSTALLED,
		  "unverified", 0, 1 },
		{ "never restarted", true, FLOW_RESTART_PENDING, "unverified", 0, 1 },
	};
	struct yard y;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t t = at(now_text);
		open_yard(&y, true);
		yard_poll(&y, t);
		if (cases[i].fetched)
			yard_fetch(&y, t);
		if (cases[i].reached != FLOW_NONE)
			yard_report(&y, cases[i].reached, 1, t);
		int64_t end_s = y.device.history.flow.lease_s;
		y.device.facts.reported_s = end_s - DAY_S;
		assert_int_equal(yard_poll(&y, end_s), 1);
		outcome_init(&y.outcome);
		passage_poll(&y.device, yard_decide(&y, end_s + 1), "now", 0, end_s + 1,
			     &y.outcome);
		const struct mark *mark = mark_of(&y, 105, 2100);
		if (strcmp(yard_state(&y), cases[i].end) != 0 ||
		    mark->failures != cases[i].failures ||
		    mark->unshown != cases[i].unshown)
			fail_msg("%s: %s, %u, %u", cases[i].what, yard_state(&y),
				 mark->failures, mark->unshown);
		yard_close(&y);
	}
}

TEST(a_device_that_never_answers_a_stop_is_done_with_in_the_end)
{
	struct yard y;
	int64_t t = at("2025-06-10T16:00:00Z");

	open_yard(&y, true);
	y.device.facts.reported_s = t;
	yard_poll(&y, t);
	yard_fetch(&y, t);
	yard_poll(&y, t + HOURS(2));
	assert_true(y.device.history.flow.withdrawing);
	t = y.device.history.flow.lease_s + 1;
	outcome_init(&y.outcome);
	passage_poll(&y.device, yard_decide(&y, t), "now", 0, t, &y.outcome);
	assert_string_equal(yard_state(&y), "withdrawn");
	assert_int_equal(mark_of(&y, 105, 2100)->failures, 0);
	yard_close(&y);
}

TEST(a_pause_of_the_device_freezes_its_lease)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, true);
	yard_poll(&y, t);
	int64_t end_s = y.device.history.flow.lease_s;
	y.device.history.paused_until_s = end_s + DAYS(10);
	assert_int_equal(yard_poll(&y, end_s + DAYS(9)), 1);
	assert_int_equal(yard_poll(&y, end_s + DAYS(11)), 1);
	assert_int_equal(history_lease_end(&y.device.history),
			 end_s + DAYS(10) + flow_lease_s(FLOW_OFFERED));
	yard_close(&y);
}

TEST(a_release_nobody_offered_is_adopted_once)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, true);
	yard_shows(&y, "26100.2150", "KB104 KB115", NULL, t + 1);
	assert_int_equal(yard_events(&y, EVENT_ADOPTED), 1);
	assert_int_equal(y.outcome.events[0].key.kb, 115);
	yard_shows(&y, NULL, "KB104 KB115 KB7", NULL, t + 2);
	assert_int_equal(yard_events(&y, EVENT_ADOPTED), 0);
	/* While another is on its way: that ends by its own choice. */
	yard_close(&y);
	open_yard(&y, true);
	yard_poll(&y, t);
	yard_shows(&y, "26100.2150", "KB104 KB115", NULL, t + 1);
	assert_int_equal(yard_events(&y, EVENT_ADOPTED), 1);
	assert_string_equal(yard_state(&y), "offered");
	assert_int_equal(yard_poll(&y, t + 2), 0);
	assert_string_equal(yard_state(&y), "withdrawn");
	yard_close(&y);
}

TEST(outside_the_window_the_payload_is_offered_and_the_flow_stays)
{
	static const char *const window[] = {
		"policy all allow match=any",
		"ring night window=22-4 match=any",
	};
	struct yard y;
	int64_t t = at(now_text);

	yard_open(&y, NULL, 0, window, COUNT_OF(window));
	yard_device(&y, "26100.2000", "KB104", t);
	assert_int_equal(yard_poll(&y, t), 1);
	assert_string_equal(yard_state(&y), "offered");
	assert_int_equal(y.decision.action, ACTION_NONE);
	assert_true(y.decision.download_only);
	assert_int_equal(y.decision.standing, STANDING_RUNNING);
	yard_fetch(&y, t);
	yard_report(&y, FLOW_DOWNLOADED, 1, t + 1);
	assert_int_equal(yard_poll(&y, t + 2), 1);
	assert_false(y.device.history.flow.withdrawing);
	assert_int_equal(yard_poll(&y, at("2025-05-14T22:00:00Z")), 1);
	assert_int_equal(y.decision.action, ACTION_INSTALL);
	yard_close(&y);
}

TEST(what_is_halted_while_it_is_downloaded_is_called_back)
{
	struct yard y;
	int64_t t = at(now_text);

	open_yard(&y, true);
	yard_poll(&y, t);
	yard_fetch(&y, t);
	yard_record(&y, "KB105", NULL)->halted = true;
	yard_rollouts(&y);
	yard_poll(&y, t + 1);
	assert_true(y.device.history.flow.withdrawing);
	/* A pause lets it finish. */
	yard_close(&y);
	open_yard(&y, true);
	yard_poll(&y, t);
	yard_fetch(&y, t);
	yard_record(&y, NULL, "now")->paused_until_s = t + DAYS(10);
	yard_rollouts(&y);
	yard_poll(&y, t + 1);
	assert_false(y.device.history.flow.withdrawing);
	assert_string_equal(yard_state(&y), "offered");
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_hotpatch_goes_from_offer_to_verified_without_a_restart),
		cmocka_unit_test(an_update_waits_for_its_restart),
		cmocka_unit_test(
			a_claim_that_the_facts_already_bear_out_is_verified_at_once),
		cmocka_unit_test(
			success_that_the_facts_do_not_show_is_unverified_and_twice_is_a_loop),
		cmocka_unit_test(
			an_update_said_to_be_installed_is_not_judged_before_its_restart),
		cmocka_unit_test(after_the_restart_the_device_has_the_word_on_a_failure),
		cmocka_unit_test(a_device_without_a_build_ends_unverified),
		cmocka_unit_test(failures_wait_and_are_counted_out),
		cmocka_unit_test(what_the_device_refuses_is_asked_again_with_new_facts),
		cmocka_unit_test(duplicates_reordering_and_loss_change_the_end_in_no_way),
		cmocka_unit_test(only_a_devices_own_words_are_taken_from_it),
		cmocka_unit_test(an_offer_nobody_saw_is_withdrawn_without_a_word),
		cmocka_unit_test(a_device_that_fetched_it_is_told_to_stop),
		cmocka_unit_test(a_device_that_cannot_stop_goes_on_and_is_counted),
		cmocka_unit_test(a_lease_returns_the_device_to_offering),
		cmocka_unit_test(
			a_device_that_never_answers_a_stop_is_done_with_in_the_end),
		cmocka_unit_test(a_pause_of_the_device_freezes_its_lease),
		cmocka_unit_test(a_release_nobody_offered_is_adopted_once),
		cmocka_unit_test(
			outside_the_window_the_payload_is_offered_and_the_flow_stays),
		cmocka_unit_test(what_is_halted_while_it_is_downloaded_is_called_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
