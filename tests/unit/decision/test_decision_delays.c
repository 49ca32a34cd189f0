/* What only means "not now": facts, pauses, windows, the user, failures, restarts; and
 * the deadlines (DESIGN 2.1, 2.5, 2.7). */

#include <stdio.h>
#include <string.h>

#include "engine/judgement.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "yard.h"

static const char *const rings[] = {
	"policy all allow match=any",
	"ring plain deadline=2 grace=1 match=tag.ring = plain",
	"ring window window=22-4 deadline=2 match=tag.ring = window",
	"ring scheduled scheduled=3 match=tag.ring = scheduled",
	"ring notify notify deadline=2 match=tag.ring = notify",
	"ring active active=8-18 deadline=1 grace=2 match=tag.ring = active",
	"ring tries attempts=3 retry=2 match=tag.ring = tries",
};

/* On the baseline of April, with the hotpatch of May open since the 13th, 17:00. */
static void open_in(struct yard *y, const char *ring, const char *when)
{
	yard_open(y, NULL, 0, rings, COUNT_OF(rings));
	yard_device(y, "26100.2000", "KB104", at(when));
	yard_fact(y, "tag.ring", ring, at(when));
}

static struct mark *mark_of(struct yard *y, uint32_t kb, uint32_t revision)
{
	struct release_key key = { "win11", kb, { 26100, revision } };
	return history_mark_open(&y->device.history, &key, at("2025-05-14"));
}

TEST(old_facts_are_asked_for_and_offered_nothing_new)
{
	struct yard y;
	int64_t reported_s = at("2025-05-14");

	open_in(&y, "plain", "2025-05-14");
	assert_string_equal(yard_line(&y, reported_s + DAY_S), "install KB105 a");
	assert_false(y.decision.facts_stale);
	assert_int_equal(y.decision.stands_until_s, reported_s + DAY_S + 1);
	assert_string_equal(yard_line(&y, reported_s + DAY_S + 1),
			    "waiting KB105 a: facts-stale");
	assert_true(y.decision.facts_stale);
	assert_int_equal(y.decision.install_by_s, INSTANT_NONE);

	/* An offer that is on its way stays. */
	struct flow *flow = &y.device.history.flow;
	*flow = (struct flow){ .id = 1, .state = FLOW_DOWNLOADING };
	flow->key = (struct release_key){ "win11", 105, { 26100, 2100 } };
	assert_string_equal(yard_line(&y, reported_s + DAYS(2)), "install KB105 a");
	assert_int_equal(y.decision.standing, STANDING_RUNNING);
	yard_close(&y);
}

TEST(a_paused_device_is_offered_nothing_new)
{
	struct yard y;

	open_in(&y, "plain", "2025-05-14");
	y.device.history.paused_until_s = at("2025-05-15T00:00:00Z");
	assert_string_equal(yard_line(&y, at("2025-05-14")),
			    "waiting KB105 a: device-paused");
	assert_int_equal(y.decision.not_before_s, at("2025-05-15T00:00:00Z"));
	assert_int_equal(y.decision.stands_until_s, at("2025-05-15T00:00:00Z"));
	assert_string_equal(yard_line(&y, at("2025-05-15T00:00:00Z")), "install KB105 a");
	yard_close(&y);
}

TEST(a_pending_restart_comes_first)
{
	struct yard y;

	open_in(&y, "plain", "2025-05-14");
	yard_fact(&y, "restart.pending", "yes", at("2025-05-14"));
	assert_string_equal(yard_line(&y, at("2025-05-14T18:00:00Z")),
			    "restart -: restart-pending");
	/* Of its own: since it was seen, plus grace. */
	assert_int_equal(y.decision.restart_by_s, at("2025-05-15"));
	yard_fact(&y, "restart.pending", "no", at("2025-05-14T18:00:00Z"));
	assert_string_equal(yard_line(&y, at("2025-05-14T18:00:00Z")), "install KB105 a");
	yard_close(&y);
}

TEST(restart_by_is_the_later_of_the_deadline_and_the_grace)
{
	static const struct {
		const char *what;
		const char *install_by, *pending_since, *restart_by;
	} cases[] = {
		{ "deadline later", "2025-05-20T00:00:00Z", "2025-05-14T00:00:00Z",
		  "2025-05-20T00:00:00Z" },
		{ "grace later", "2025-05-14T00:00:00Z", "2025-05-14T12:00:00Z",
		  "2025-05-16T12:00:00Z" },
	};
	struct yard y;

	open_in(&y, "active", "2025-05-14");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct flow *flow = &y.device.history.flow;
		*flow = (struct flow){ .id = 1, .state = FLOW_RESTART_PENDING };
		flow->key = (struct release_key){ "win11", 115, { 26100, 2150 } };
		flow->install_by_s = at(cases[i].install_by);
		flow->pending_since_s = at(cases[i].pending_since);
		flow->lease_s = at("2025-06-30");
		yard_decide(&y, at("2025-05-14T19:00:00Z"));
		assert_int_equal(y.decision.action, ACTION_RESTART);
		if (y.decision.restart_by_s != at(cases[i].restart_by))
			fail_msg("%s", cases[i].what);
	}
	yard_close(&y);
}

TEST(active_hours_hold_a_restart_back_until_it_must_be)
{
	static const struct {
		const char *what, *now, *not_before, *stands;
	} cases[] = {
		{ "before them", "2025-05-15T06:00:00Z", NULL, "2025-05-15T08:00:00Z" },
		{ "within", "2025-05-15T10:00:00Z", "2025-05-15T18:00:00Z",
		  "2025-05-15T18:00:00Z" },
		{ "after", "2025-05-15T18:00:00Z", NULL, "2025-05-16T08:00:00Z" },
		{ "within, and it must be before they end", "2025-05-16T10:00:00Z",
		  "2025-05-16T12:00:00Z", "2025-05-16T12:00:00Z" },
		{ "past the moment", "2025-05-16T12:00:00Z", NULL, NULL },
	};
	struct yard y;

	open_in(&y, "active", "2025-05-14T12:00:00Z");
	yard_fact(&y, "restart.pending", "yes", at("2025-05-14T12:00:00Z"));
	/* Fresh facts, so that their age does not speak. */
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		y.device.facts.reported_s = at("2025-06-30");
		yard_decide(&y, at(cases[i].now));
		int64_t not_before_s = cases[i].not_before == NULL
					       ? INSTANT_NONE
					       : at(cases[i].not_before);
		if (y.decision.action != ACTION_RESTART ||
		    y.decision.not_before_s != not_before_s)
			fail_msg("%s: not before %lld", cases[i].what,
				 (long long)y.decision.not_before_s);
		if (cases[i].stands != NULL &&
		    y.decision.stands_until_s != at(cases[i].stands))
			fail_msg("%s: stands until %lld", cases[i].what,
				 (long long)y.decision.stands_until_s);
	}
	yard_close(&y);
}

TEST(a_window_holds_the_install_back_and_lets_the_payload_come)
{
	struct yard y;

	open_in(&y, "window", "2025-05-14");
	assert_string_equal(yard_line(&y, at("2025-05-14T18:00:00Z")),
			    "waiting KB105 a: outside-window");
	assert_true(y.decision.download_only);
	assert_int_equal(y.decision.not_before_s, at("2025-05-14T22:00:00Z"));
	assert_int_equal(y.decision.stands_until_s, at("2025-05-14T22:00:00Z"));
	assert_string_equal(yard_line(&y, at("2025-05-14T22:00:00Z")), "install KB105 a");
	assert_false(y.decision.download_only);
	assert_int_equal(y.decision.stands_until_s, at("2025-05-15T04:00:00Z"));
	/* Not even the payload for a device that is paused. */
	y.device.history.paused_until_s = at("2025-05-20");
	assert_string_equal(yard_line(&y, at("2025-05-14T18:00:00Z")),
			    "waiting KB105 a: device-paused outside-window");
	assert_false(y.decision.download_only);
	assert_int_equal(y.decision.not_before_s, at("2025-05-20"));
	yard_close(&y);
}

TEST(a_schedule_is_the_first_such_hour_after_the_opening)
{
	struct yard y;

	open_in(&y, "scheduled", "2025-05-13");
	assert_string_equal(yard_line(&y, at("2025-05-13T17:00:00Z")),
			    "waiting KB105 a: outside-window");
	assert_int_equal(y.decision.not_before_s, at("2025-05-14T03:00:00Z"));
	assert_string_equal(yard_line(&y, at("2025-05-14T02:59:59Z")),
			    "waiting KB105 a: outside-window");
	assert_string_equal(yard_line(&y, at("2025-05-14T03:00:00Z")), "install KB105 a");
	/* One that slept through it does not wait another day. */
	assert_string_equal(yard_line(&y, at("2025-05-14T15:00:00Z")), "install KB105 a");
	yard_close(&y);
}

TEST(a_removal_waits_for_the_first_such_hour_after_it_was_asked_for)
{
	const struct removal removal = { REQUEST_UNINSTALL, 0, true };
	int64_t asked_s = at("2025-05-14T20:00:00Z");
	struct yard y;
	struct problem p;

	open_in(&y, "scheduled", "2025-05-14");
	yard_device(&y, "26100.2100", "KB104 KB105", asked_s);
	yard_fact(&y, "tag.ring", "scheduled", asked_s);
	outcome_init(&y.outcome);
	assert_int_equal(passage_request(&y.device, yard_decide(&y, asked_s), &removal,
					 asked_s, &y.outcome, &p),
			 0);
	assert_string_equal(yard_line(&y, asked_s),
			    "waiting KB105 r: uninstall-requested outside-window");
	assert_int_equal(y.decision.not_before_s, at("2025-05-15T03:00:00Z"));
	assert_string_equal(yard_line(&y, at("2025-05-15T03:00:00Z")),
			    "uninstall KB105 r: uninstall-requested");
	/* Also by a poll that comes a little later. */
	assert_string_equal(yard_line(&y, at("2025-05-15T03:04:00Z")),
			    "uninstall KB105 r: uninstall-requested");
	yard_close(&y);
}

TEST(a_user_who_is_asked_may_wait_until_the_deadline)
{
	struct yard y;

	open_in(&y, "notify", "2025-05-14");
	mark_of(&y, 105, 2100)->first_offered_s = at("2025-05-14");
	assert_string_equal(yard_line(&y, at("2025-05-14")), "install KB105 a");
	assert_true(y.decision.download_only);
	assert_int_equal(y.decision.install_by_s, at("2025-05-16"));
	y.device.facts.reported_s = at("2025-05-16");
	yard_decide(&y, at("2025-05-16") - 1);
	assert_true(y.decision.download_only);
	assert_int_equal(y.decision.stands_until_s, at("2025-05-16"));
	yard_decide(&y, at("2025-05-16"));
	assert_false(y.decision.download_only);
	assert_int_equal(y.decision.action, ACTION_INSTALL);
	yard_close(&y);
}

TEST(a_deadline_counts_from_the_first_offer)
{
	struct yard y;

	open_in(&y, "plain", "2025-05-14");
	/* Without history the offer counts as made now. */
	yard_decide(&y, at("2025-05-14"));
	assert_int_equal(y.decision.install_by_s, at("2025-05-16"));
	/* A hotpatch takes no restart. */
	assert_int_equal(y.decision.restart_by_s, INSTANT_NONE);
	yard_fact(&y, "vbs", "off", at("2025-05-14"));
	yard_decide(&y, at("2025-05-14"));
	assert_int_equal(y.decision.restart_by_s, at("2025-05-16"));
	mark_of(&y, 115, 2150)->first_offered_s = at("2025-05-13");
	yard_decide(&y, at("2025-05-14"));
	assert_int_equal(y.decision.install_by_s, at("2025-05-15"));
	yard_close(&y);
}

TEST(failures_are_tried_again_later_and_later_and_then_no_more)
{
	static const struct {
		const char *what;
		uint32_t failures;
		int64_t waits_hours;
	} cases[] = {
		{ "one", 1, 2 },
		{ "two: doubled", 2, 4 },
	};
	struct yard y;

	open_in(&y, "tries", "2025-05-14");
	struct mark *mark = mark_of(&y, 105, 2100);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t end_s = at("2025-05-14") + cases[i].waits_hours * HOUR_S;
		mark->failures = cases[i].failures;
		mark->last_failed_s = at("2025-05-14");
		if (strcmp(yard_line(&y, end_s - 1), "waiting KB105 a: retry-backoff") !=
			    0 ||
		    y.decision.stands_until_s != end_s)
			fail_msg("%s: %s", cases[i].what, yard_line(&y, end_s - 1));
		assert_string_equal(yard_line(&y, end_s), "install KB105 a");
	}
	mark->failures = 3;
	assert_string_equal(yard_line(&y, at("2025-05-15")),
			    "waiting KB105 a: retry-exhausted");
	/* A newer release moves it. */
	yard_fact(&y, "vbs", "running", at("2025-06-11"));
	assert_string_equal(yard_line(&y, at("2025-06-11")), "install KB106 a");
	yard_close(&y);
}

TEST(a_release_that_is_said_to_be_there_and_is_not_stops)
{
	static const struct {
		const char *what;
		uint32_t unshown;
		bool not_applicable, unverifiable;
		const char *line;
	} cases[] = {
		{ "once", 1, false, false, "install KB105 a" },
		{ "twice", 2, false, false, "waiting KB105 a: reinstall-loop" },
		{ "refused by the device", 0, true, false,
		  "waiting KB105 a: not-applicable" },
		{ "no build to verify it by", 1, false, true,
		  "waiting KB105 a: unverified" },
	};
	struct yard y;

	open_in(&y, "plain", "2025-05-14");
	struct mark *mark = mark_of(&y, 105, 2100);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		mark->unshown = cases[i].unshown;
		mark->not_applicable = cases[i].not_applicable;
		mark->unverifiable = cases[i].unverifiable;
		if (strcmp(yard_line(&y, at("2025-05-14")), cases[i].line) != 0)
			fail_msg("%s: %s", cases[i].what,
				 yard_line(&y, at("2025-05-14")));
	}
	yard_close(&y);
}

TEST(what_has_begun_goes_on_whatever_else_changes)
{
	static const struct {
		const char *what;
		enum flow_state state;
		const char *pending, *line;
	} cases[] = {
		{ "installing", FLOW_INSTALLING, NULL, "install KB102: running" },
		{ "installed, facts to come", FLOW_INSTALLED, NULL,
		  "install KB102: running" },
		{ "a restart that came with it", FLOW_INSTALLED, "yes",
		  "restart KB102: restart-pending" },
		{ "waiting for its restart", FLOW_RESTART_PENDING, NULL,
		  "restart KB102: restart-pending" },
		{ "not begun: another is chosen by now", FLOW_DOWNLOADED, NULL,
		  "install KB105 a" },
	};
	struct yard y;

	open_in(&y, "plain", "2025-05-14");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct flow *flow = &y.device.history.flow;
		*flow = (struct flow){ .id = 1, .state = cases[i].state };
		flow->key = (struct release_key){ "win11", 102, { 26100, 1100 } };
		flow->lease_s = at("2025-05-20");
		flow->changed_s = at("2025-05-14");
		yard_fact(&y, "restart.pending", cases[i].pending, at("2025-05-14"));
		if (strcmp(yard_line(&y, at("2025-05-14")), cases[i].line) != 0)
			fail_msg("%s: %s", cases[i].what,
				 yard_line(&y, at("2025-05-14")));
	}
	/* A restart that was pending before the install began is not its end. */
	y.device.history.flow.state = FLOW_INSTALLING;
	yard_fact(&y, "restart.pending", "yes", at("2025-05-14") - 60);
	assert_string_equal(yard_line(&y, at("2025-05-14")), "install KB102: running");
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_facts_are_asked_for_and_offered_nothing_new),
		cmocka_unit_test(a_paused_device_is_offered_nothing_new),
		cmocka_unit_test(a_pending_restart_comes_first),
		cmocka_unit_test(restart_by_is_the_later_of_the_deadline_and_the_grace),
		cmocka_unit_test(active_hours_hold_a_restart_back_until_it_must_be),
		cmocka_unit_test(
			a_window_holds_the_install_back_and_lets_the_payload_come),
		cmocka_unit_test(a_schedule_is_the_first_such_hour_after_the_opening),
		cmocka_unit_test(
			a_removal_waits_for_the_first_such_hour_after_it_was_asked_for),
		cmocka_unit_test(a_user_who_is_asked_may_wait_until_the_deadline),
		cmocka_unit_test(a_deadline_counts_from_the_first_offer),
		cmocka_unit_test(
			failures_are_tried_again_later_and_later_and_then_no_more),
		cmocka_unit_test(a_release_that_is_said_to_be_there_and_is_not_stops),
		cmocka_unit_test(what_has_begun_goes_on_whatever_else_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
