/* Uninstall and rollback-to-LCU, as a person asks for them, to a verified end or to a
 * reason why not (DESIGN 2.7). */

#include <stdio.h>
#include <string.h>

#include "engine/passage.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "yard.h"

static const char *const rings[] = {
	"policy all allow match=any",
	"ring slow defer=9 retry=1 match=any",
};

/* On May's hotpatch, three days after it came: the update of May is not open yet. */
static void open_yard(struct yard *y)
{
	yard_open(y, NULL, 0, rings, COUNT_OF(rings));
	yard_device(y, "26100.2100", "KB104 KB105", at("2025-05-16"));
	yard_fact(y, "os.boot", "2025-05-01T08:00:00Z", at("2025-05-16"));
	history_saw(&y->device.history, &y->device.facts, at("2025-05-16"));
}

static int ask(struct yard *y, enum request_kind kind, uint32_t kb, bool wait,
	       int64_t now_s, struct problem *p)
{
	const struct removal removal = { kind, kb, wait };

	outcome_init(&y->outcome);
	return passage_request(&y->device, yard_decide(y, now_s), &removal, now_s,
			       &y->outcome, p);
}

static const char *request_state(const struct yard *y)
{
	return recovery_state_names[y->device.history.request.state];
}

/* The removal: told, done, restarted. */
static int64_t remove_it(struct yard *y, int64_t t)
{
	assert_int_not_equal(yard_poll(y, t), 0);
	assert_int_equal(y->device.history.flow.kind, FLOW_UNINSTALL);
	yard_fetch(y, t);
	yard_report(y, FLOW_REMOVING, 1, t + 1);
	assert_string_equal(request_state(y), "removing");
	yard_report(y, FLOW_RESTART_PENDING, 2, t + 2);
	assert_string_equal(request_state(y), "restart-pending");
	yard_decide(y, t + 3);
	assert_int_equal(y->decision.action, ACTION_RESTART);
	yard_shows(y, "26100.2000", "KB104", "2025-05-16T18:00:00Z", t + HOUR_S);
	assert_string_equal(yard_state(y), "removed");
	assert_string_equal(request_state(y), "removed");
	return t + HOUR_S;
}

TEST(only_the_present_level_can_be_removed)
{
	static const struct {
		const char *what, *build, *kbs;
		enum request_kind kind;
		uint32_t kb;
		const char *problem; /* NULL: it can */
	} cases[] = {
		{ "the level", "26100.2100", "KB105", REQUEST_UNINSTALL, 105, NULL },
		{ "whatever it is", "26100.2100", "KB105", REQUEST_UNINSTALL, 0, NULL },
		{ "its baseline", "26100.2100", "KB105", REQUEST_UNINSTALL, 104,
		  "only the KB of its present level" },
		{ "as delivered", "26100.500", "", REQUEST_UNINSTALL, 0,
		  "delivered with" },
		{ "not known", "26100.2101", "", REQUEST_UNINSTALL, 0, "is not known" },
		{ "roll back an update", "26100.2150", "KB115", REQUEST_ROLLBACK, 0,
		  "no hotpatch" },
		{ "roll back a hotpatch", "26100.2100", "KB105", REQUEST_ROLLBACK, 105,
		  NULL },
	};
	struct yard y;

	open_yard(&y);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct problem p = { 0 };
		yard_device(&y, cases[i].build, cases[i].kbs, at("2025-05-16"));
		int rc = ask(&y, cases[i].kind, cases[i].kb, false, at("2025-05-16"), &p);
		if ((rc == 0) != (cases[i].problem == NULL) ||
		    (rc < 0 && strstr(p.text, cases[i].problem) == NULL))
			fail_msg("%s: %s", cases[i].what, p.text);
	}
	yard_close(&y);
}

TEST(an_uninstall_shows_the_baseline_and_goes_on_to_the_update)
{
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-16");

	open_yard(&y);
	assert_int_equal(ask(&y, REQUEST_UNINSTALL, 105, false, t, &p), 0);
	assert_string_equal(yard_line(&y, t), "uninstall KB105 r: uninstall-requested");
	t = remove_it(&y, t);
	/* Everything of its quarter published until then is blocked for this device. */
	yard_fact(&y, "vbs", "running", at("2025-05-23"));
	assert_string_equal(yard_line(&y, at("2025-05-23")),
			    "install KB115 d: uninstalled-by-request");
	/* In its ring's own time: there is no hurry in it. */
	assert_string_equal(yard_line(&y, t), "waiting KB115: deferred");
	/* A newer hotpatch of the quarter is offered again. */
	yard_fact(&y, "vbs", "running", at("2025-06-20"));
	assert_string_equal(yard_line(&y, at("2025-06-20")), "install KB106 a");
	yard_close(&y);
}

TEST(an_uninstall_that_waits_gets_the_next_hotpatch)
{
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-16");

	open_yard(&y);
	ask(&y, REQUEST_UNINSTALL, 105, true, t, &p);
	remove_it(&y, t);
	yard_fact(&y, "vbs", "running", at("2025-05-23"));
	assert_string_equal(yard_line(&y, at("2025-05-23")),
			    "waiting KB105: uninstalled-by-request");
	yard_fact(&y, "vbs", "running", at("2025-06-11"));
	assert_string_equal(yard_line(&y, at("2025-06-11")),
			    "waiting KB106: uninstalled-by-request deferred");
	yard_fact(&y, "vbs", "running", at("2025-06-20"));
	assert_string_equal(yard_line(&y, at("2025-06-20")), "install KB106 a");
	yard_close(&y);
}

TEST(a_rollback_ends_recovered_on_the_newest_update)
{
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-16");

	open_yard(&y);
	ask(&y, REQUEST_ROLLBACK, 0, false, t, &p);
	assert_string_equal(request_state(&y), "requested");
	assert_string_equal(yard_line(&y, t), "uninstall KB105 r: rollback-requested");
	t = remove_it(&y, t);
	/* Deferral aside: the update of May would open on the 22nd. */
	assert_string_equal(yard_line(&y, t), "install KB115 r: rollback-requested");
	assert_int_equal(yard_poll(&y, t), 2);
	assert_string_equal(request_state(&y), "lcu-offered");
	assert_true(y.device.history.flow.ends_recovery);
	yard_report(&y, FLOW_RESTART_PENDING, 1, t + 1);
	yard_shows(&y, "26100.2150", "KB115", "2025-05-16T20:00:00Z", t + HOUR_S);
	assert_string_equal(yard_state(&y), "verified");
	assert_string_equal(request_state(&y), "recovered");
	/* And it is not offered that hotpatch again. */
	assert_int_equal(yard_poll(&y, t + HOURS(2)), 0);
	assert_int_equal(y.decision.standing, STANDING_UP_TO_DATE);
	yard_close(&y);
}

TEST(a_rollback_with_nowhere_to_go_says_so_before_it_removes_anything)
{
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-16");

	open_yard(&y);
	yard_no_payload(&y, "KB115");
	ask(&y, REQUEST_ROLLBACK, 0, false, t, &p);
	assert_string_equal(yard_line(&y, t),
			    "waiting - r: rollback-requested stuck payload-missing");
	assert_int_equal(yard_poll(&y, t), 0);
	assert_string_equal(request_state(&y), "stuck");
	/* What is in the way is said as long as it is, and why it got stuck is kept. */
	assert_string_equal(yard_line(&y, t), "waiting - r: stuck payload-missing");
	yard_rollouts(&y);
	assert_int_equal(yard_poll(&y, t), 0);
	assert_string_equal(yard_line(&y, t), "waiting - r: stuck");
	assert_string_equal(y.device.history.request.reason,
			    "no cumulative update is there to go to: payload-missing");
	/* Asked again, with the update there. */
	ask(&y, REQUEST_ROLLBACK, 0, false, t + 1, &p);
	assert_string_equal(yard_line(&y, t + 1),
			    "uninstall KB105 r: rollback-requested");
	yard_close(&y);
}

TEST(a_rollback_never_goes_to_what_a_person_keeps_back)
{
	struct yard y;
	struct problem p;
	int64_t t = at("2025-06-20");

	open_yard(&y);
	y.device.facts.reported_s = t;
	yard_record(&y, "KB116", NULL)->halted = true;
	yard_rollouts(&y);
	ask(&y, REQUEST_ROLLBACK, 0, false, t, &p);
	remove_it(&y, t);
	/* June's is halted: May's is no earlier than the hotpatch that was removed. */
	assert_string_equal(yard_line(&y, t + HOUR_S),
			    "install KB115 r: rollback-requested");
	yard_close(&y);
}

/* The person who asks for it knows of the pause. */
TEST(a_rollback_goes_on_through_a_pause_of_its_ring)
{
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-16");

	open_yard(&y);
	yard_record(&y, NULL, "slow")->paused_until_s = t + DAYS(10);
	yard_rollouts(&y);
	ask(&y, REQUEST_ROLLBACK, 0, false, t, &p);
	t = remove_it(&y, t);
	assert_string_equal(yard_line(&y, t), "install KB115 r: rollback-requested");
	yard_close(&y);
}

/* Another request takes the place of one that is on its way. */
TEST(what_becomes_of_an_earlier_requests_flow_is_not_the_later_ones)
{
	static const struct {
		const char *what;
		enum flow_state ends; /* NONE: the offer is withdrawn, unseen */
	} cases[] = {
		{ "withdrawn", FLOW_NONE },
		{ "failed", FLOW_FAILED },
		{ "verified", FLOW_VERIFIED },
	};
	struct yard y;
	struct problem p;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t t = at("2025-05-16");
		open_yard(&y);
		ask(&y, REQUEST_ROLLBACK, 0, false, t, &p);
		t = remove_it(&y, t);
		yard_poll(&y, t);
		assert_true(y.device.history.flow.ends_recovery);
		assert_int_equal(ask(&y, REQUEST_UNINSTALL, 104, false, t, &p), 0);
		if (cases[i].ends == FLOW_VERIFIED)
			yard_shows(&y, "26100.2150", "KB104 KB115", NULL, t + 1);
		else if (cases[i].ends != FLOW_NONE)
			yard_report(&y, cases[i].ends, 1, t + 1);
		else
			assert_int_not_equal(yard_poll(&y, t + 1), 0);
		if (strcmp(request_state(&y), "requested") != 0 ||
		    y.device.history.request.failures != 0)
			fail_msg("%s: %s, %u", cases[i].what, request_state(&y),
				 y.device.history.request.failures);
		yard_close(&y);
	}
}

TEST(failing_removals_wait_and_end_stuck_with_their_reason)
{
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-16");

	open_yard(&y);
	ask(&y, REQUEST_ROLLBACK, 0, false, t, &p);
	for (int attempt = 1; attempt <= 3; attempt++) {
		y.device.facts.reported_s = t;
		assert_int_equal(yard_poll(&y, t), attempt);
		yard_fetch(&y, t);
		yard_report(&y, FLOW_REMOVING, 1, t);
		yard_report(&y, FLOW_FAILED, 2, t);
		if (attempt == 3)
			break;
		assert_string_equal(request_state(&y), "requested"); /* the step again */
		assert_int_equal(yard_poll(&y, t + 1), 0);
		assert_true(has_reason(&y.decision, REASON_RETRY_BACKOFF));
		t += HOURS(attempt);
	}
	assert_string_equal(request_state(&y), "stuck");
	assert_string_equal(y.device.history.request.reason,
			    "uninstall failed, code 0x00000000");
	assert_string_equal(yard_line(&y, t), "waiting - r: stuck");
	yard_close(&y);
}

TEST(a_removal_by_another_hand_counts)
{
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-16");

	open_yard(&y);
	ask(&y, REQUEST_UNINSTALL, 105, true, t, &p);
	yard_shows(&y, "26100.2000", "KB104", "2025-05-16T18:00:00Z", t + 1);
	yard_poll(&y, t + 2);
	assert_string_equal(request_state(&y), "removed");
	assert_string_equal(yard_line(&y, at("2025-05-17")),
			    "waiting KB105: uninstalled-by-request");
	yard_close(&y);

	/* A rollback whose device went on to the update by itself is over. */
	open_yard(&y);
	ask(&y, REQUEST_ROLLBACK, 0, false, t, &p);
	yard_poll(&y, t);
	yard_shows(&y, "26100.2150", "KB115", "2025-05-16T18:00:00Z", t + 1);
	yard_poll(&y, t + 2);
	assert_string_equal(request_state(&y), "recovered");
	yard_close(&y);
}

TEST(a_device_that_dies_on_the_way_resumes_where_it_is)
{
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-16");

	open_yard(&y);
	ask(&y, REQUEST_ROLLBACK, 0, false, t, &p);
	yard_poll(&y, t);
	yard_fetch(&y, t);
	yard_report(&y, FLOW_REMOVING, 1, t + 1);
	/* Dead for three days, and back with the hotpatch still there. */
	t += DAYS(3);
	yard_poll(&y, t);
	assert_string_equal(yard_state(&y), "failed");
	yard_shows(&y, "26100.2100", "KB104 KB105", "2025-05-19T18:00:00Z", t + 1);
	assert_int_equal(yard_poll(&y, t + HOURS(2)), 2);
	assert_int_equal(y.device.history.flow.kind, FLOW_UNINSTALL);
	yard_shows(&y, "26100.2000", "KB104", "2025-05-19T20:00:00Z", t + HOURS(3));
	yard_poll(&y, t + HOURS(4));
	/* Dead again on its way to the update. */
	assert_string_equal(yard_state(&y), "offered");
	assert_int_equal(y.device.history.flow.key.kb, 115);
	yard_report(&y, FLOW_INSTALLING, 1, t + HOURS(5));
	t += DAYS(10);
	yard_poll(&y, t);
	assert_string_equal(yard_state(&y), "unverified");
	assert_string_equal(request_state(&y), "removed");
	yard_shows(&y, "26100.2000", "KB104", NULL, t + 1);
	yard_poll(&y, t + HOURS(2));
	assert_string_equal(yard_state(&y), "offered");
	yard_report(&y, FLOW_RESTART_PENDING, 1, t + HOURS(3));
	yard_shows(&y, "26100.2150", "KB115", "2025-06-01T20:00:00Z", t + HOURS(4));
	assert_string_equal(request_state(&y), "recovered");
	yard_close(&y);
}

TEST(a_level_that_cannot_be_told_is_not_taken_for_removed)
{
	static const char *const october[] = {
		"product win11 client 26100 from=26100.1",
		"KB10 26100.10 baseline 2025-10-14",
		"KB11 26100.20 hotpatch 2025-10-24 OOB baseline=KB10",
		"KB12 26100.20 lcu 2025-10-24 OOB",
	};
	struct yard y;
	struct problem p;
	int64_t t = at("2025-10-26");

	yard_open(&y, october, COUNT_OF(october), rings, COUNT_OF(rings));
	yard_device(&y, "26100.20", "KB10 KB11", t);
	ask(&y, REQUEST_UNINSTALL, 11, false, t, &p);
	yard_poll(&y, t);
	yard_report(&y, FLOW_REMOVING, 1, t);
	yard_shows(&y, NULL, "KB10", NULL, t + 1); /* ambiguous, the build is there */
	assert_string_equal(yard_state(&y), "removing");
	yard_shows(&y, "26100.10", "KB10", NULL, t + 2);
	assert_string_equal(yard_state(&y), "removed");
	yard_close(&y);
}

TEST(an_operators_block_outlives_a_removal)
{
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-16");
	struct release_key key = { "win11", 105, { 26100, 2100 } };

	open_yard(&y);
	assert_int_equal(history_block(&y.device.history, &key, true, t, &p), 0);
	ask(&y, REQUEST_UNINSTALL, 105, false, t, &p);
	remove_it(&y, t);
	assert_int_equal(history_mark(&y.device.history, &key)->block, BLOCK_OPERATOR);
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_present_level_can_be_removed),
		cmocka_unit_test(
			an_uninstall_shows_the_baseline_and_goes_on_to_the_update),
		cmocka_unit_test(an_uninstall_that_waits_gets_the_next_hotpatch),
		cmocka_unit_test(a_rollback_ends_recovered_on_the_newest_update),
		cmocka_unit_test(
			a_rollback_with_nowhere_to_go_says_so_before_it_removes_anything),
		cmocka_unit_test(a_rollback_never_goes_to_what_a_person_keeps_back),
		cmocka_unit_test(a_rollback_goes_on_through_a_pause_of_its_ring),
		cmocka_unit_test(
			what_becomes_of_an_earlier_requests_flow_is_not_the_later_ones),
		cmocka_unit_test(failing_removals_wait_and_end_stuck_with_their_reason),
		cmocka_unit_test(a_removal_by_another_hand_counts),
		cmocka_unit_test(a_device_that_dies_on_the_way_resumes_where_it_is),
		cmocka_unit_test(a_level_that_cannot_be_told_is_not_taken_for_removed),
		cmocka_unit_test(an_operators_block_outlives_a_removal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
