/* What an operator does to one device, what it would cost, and how far it is. */

#include <stdio.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/decision/yard.h"

static const char *const rings[] = {
	"policy all allow match=any",
	"ring slow defer=9 retry=1 match=any",
};

#define NOW at("2025-05-16")

/* On May's hotpatch, three days after it came: the update of May is not open yet. */
static void open_yard(struct yard *y)
{
	yard_open(y, NULL, 0, rings, COUNT_OF(rings));
	yard_device(y, "26100.2100", "KB104 KB105", NOW);
	history_saw(&y->device.history, &y->device.facts, NOW);
}

static int begin(struct yard *y, const struct operation *operation, int64_t now_s,
		 struct problem *p)
{
	outcome_init(&y->outcome);
	return operation_begin(operation, &y->device, yard_decide(y, now_s), now_s,
			       &y->outcome, p);
}

static struct operation of(enum operation_kind kind, uint32_t kb)
{
	return (struct operation){ .kind = kind,
				   .key = { .kb = kb },
				   .until_s = NOW + DAY_S };
}

TEST(an_operation_names_what_it_means_or_is_refused)
{
	static const struct {
		const char *name;
		enum operation_kind kind;
		uint32_t kb;
		const char *product, *build;
		const char *refusal; /* NULL: it begins */
	} rows[] = {
		{ "the level", OPERATION_UNINSTALL, 105, "", NULL, NULL },
		{ "whatever it is", OPERATION_UNINSTALL, 0, "", NULL, NULL },
		{ "in full", OPERATION_UNINSTALL, 105, "win11", "26100.2100", NULL },
		{ "another build", OPERATION_UNINSTALL, 105, "", "26100.2101",
		  "stands on another KB105" },
		{ "another product", OPERATION_ROLLBACK, 105, "server", NULL,
		  "stands on another KB105" },
		{ "another KB", OPERATION_UNINSTALL, 104, "", NULL,
		  "only the KB of its present level" },
		{ "back", OPERATION_ROLLBACK, 0, "", NULL, NULL },
		{ "block", OPERATION_BLOCK, 115, "", NULL, NULL },
		{ "block no release", OPERATION_BLOCK, 999, "", NULL,
		  "KB999 is no release for 'd-1'" },
		{ "block another product's", OPERATION_BLOCK, 115, "server", NULL,
		  "KB115 is no release for 'd-1'" },
		{ "unblock what is free", OPERATION_UNBLOCK, 115, "", NULL,
		  "nothing of that kind is blocked" },
		{ "retry what never failed", OPERATION_RETRY, 0, "", NULL,
		  "nothing of that kind has failed" },
		{ "pause", OPERATION_PAUSE, 0, "", NULL, NULL },
		{ "resume what runs", OPERATION_RESUME, 0, "", NULL, "is not paused" },
	};
	struct yard y;

	open_yard(&y);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct operation operation = of(rows[i].kind, rows[i].kb);
		struct problem p = { 0 };
		history_init(&y.device.history);
		strcpy(y.device.id, "d-1");
		strcpy(operation.key.product, rows[i].product);
		if (rows[i].build != NULL)
			assert_true(build_parse(rows[i].build, &operation.key.build));
		int rc = begin(&y, &operation, NOW, &p);
		if ((rc == 0) != (rows[i].refusal == NULL) ||
		    (rc < 0 && strstr(p.text, rows[i].refusal) == NULL))
			fail_msg("%s: %d %s", rows[i].name, rc, p.text);
		if (rc == 0 && (y.outcome.count == 0 || !y.outcome.history_changed))
			fail_msg("%s: leaves no event", rows[i].name);
	}
	yard_close(&y);
}

TEST(one_removal_at_a_time)
{
	struct yard y;
	struct problem p = { 0 };
	struct operation back = of(OPERATION_ROLLBACK, 0);

	open_yard(&y);
	assert_int_equal(begin(&y, &back, NOW, &p), 0);
	assert_int_equal(begin(&y, &back, NOW, &p), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	assert_non_null(strstr(p.text, "in the middle of another removal: requested"));
	yard_close(&y);
}

TEST(a_pause_ends_after_35_days_at_most_and_holds_back_what_is_new)
{
	static const struct {
		int64_t until_s;
		bool good;
	} rows[] = {
		{ 0, false },         { 1, true },
		{ 35 * DAY_S, true }, { 35 * DAY_S + 1, false },
		{ -DAY_S, false },
	};
	struct operation pause = of(OPERATION_PAUSE, 0), resume = of(OPERATION_RESUME, 0);
	struct yard y;
	struct problem p;

	open_yard(&y);
	yard_device(&y, "26100.2000", "KB104", at("2025-05-23"));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		pause.until_s = at("2025-05-23") + rows[i].until_s;
		assert_int_equal(begin(&y, &pause, at("2025-05-23"), &p) == 0,
				 rows[i].good);
	}
	pause.until_s = at("2025-05-23") + DAY_S;
	assert_int_equal(begin(&y, &pause, at("2025-05-23"), &p), 0);
	assert_string_equal(y.outcome.events[0].note, "until 2025-05-24T17:00:00Z");
	assert_true(has_reason(yard_decide(&y, at("2025-05-23")), REASON_DEVICE_PAUSED));
	assert_int_equal(begin(&y, &resume, at("2025-05-23") + 5, &p), 0);
	assert_int_equal(yard_decide(&y, at("2025-05-23") + 5)->action, ACTION_INSTALL);
	yard_close(&y);
}

TEST(a_resumed_device_keeps_the_flow_whose_lease_the_pause_had_frozen)
{
	struct operation pause = of(OPERATION_PAUSE, 0), resume = of(OPERATION_RESUME, 0);
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-23");

	open_yard(&y);
	yard_device(&y, "26100.2000", "KB104", t);
	assert_int_not_equal(yard_poll(&y, t), 0);
	yard_fetch(&y, t);
	yard_report(&y, FLOW_DOWNLOADING, 1, t + 1); /* a lease of three days */
	pause.until_s = t + 10 * DAY_S;
	assert_int_equal(begin(&y, &pause, t + 2, &p), 0);
	t += 9 * DAY_S;
	yard_fact(&y, "vbs", "running", t);
	assert_int_equal(begin(&y, &resume, t, &p), 0);
	yard_poll(&y, t);
	assert_string_equal(yard_state(&y), "downloading");
	yard_close(&y);
}

TEST(a_block_keeps_a_release_away_until_it_is_taken_back)
{
	struct operation block = of(OPERATION_BLOCK, 115);
	struct operation unblock = of(OPERATION_UNBLOCK, 115);
	struct yard y;
	struct problem p;
	int64_t t = at("2025-05-23");

	open_yard(&y);
	yard_device(&y, "26100.2000", "KB104", t);
	yard_fact(&y, "vbs", "off", t);
	assert_string_equal(yard_line(&y, t), "install KB115 d: vbs-not-running");
	assert_int_equal(begin(&y, &block, t, &p), 0);
	assert_string_equal(y.outcome.events[0].note, "blocked");
	assert_int_equal(y.outcome.events[0].key.kb, 115);
	assert_string_equal(yard_line(&y, t), "waiting KB115: blocked");
	assert_int_equal(begin(&y, &unblock, t, &p), 0);
	assert_string_equal(yard_line(&y, t), "install KB115 d: vbs-not-running");
	yard_close(&y);
}

TEST(a_retry_forgets_failures_and_moves_what_was_stuck)
{
	struct operation back = of(OPERATION_ROLLBACK, 0), retry = of(OPERATION_RETRY, 0);
	struct yard y;
	struct problem p;
	char why[OPERATION_NOTE];
	int64_t t = NOW;

	open_yard(&y);
	assert_int_equal(begin(&y, &back, t, &p), 0);
	for (int attempt = 0; attempt < 3; attempt++) {
		yard_fact(&y, "vbs", "running", t);
		assert_int_not_equal(yard_poll(&y, t), 0);
		yard_fetch(&y, t);
		yard_report(&y, FLOW_FAILED, 1, t);
		t += DAY_S;
	}
	assert_int_equal(operation_progress(&back, &y.device, NOW, why),
			 OPERATION_FAILED);
	assert_non_null(strstr(why, "stuck: uninstall failed"));
	yard_fact(&y, "vbs", "running", t);
	assert_int_equal(yard_poll(&y, t), 0);
	assert_int_equal(begin(&y, &retry, t, &p), 0);
	assert_int_equal(operation_progress(&back, &y.device, NOW, why),
			 OPERATION_RUNNING);
	assert_int_not_equal(yard_poll(&y, t), 0);
	assert_int_equal(y.device.history.flow.kind, FLOW_UNINSTALL);

	yard_close(&y);

	/* And a mark. */
	open_yard(&y);
	yard_device(&y, "26100.2000", "KB104", t);
	struct release_key key = { "win11", 105, { 26100, 2100 } };
	struct mark *mark = history_mark_open(&y.device.history, &key, t);
	mark->failures = 3;
	mark->last_failed_s = t;
	assert_true(has_reason(yard_decide(&y, t + 6 * DAY_S), REASON_RETRY_EXHAUSTED));
	retry.key.kb = 106;
	assert_int_equal(begin(&y, &retry, t, &p), -1);
	retry.key.kb = 105;
	assert_int_equal(begin(&y, &retry, t, &p), 0);
	assert_false(has_reason(yard_decide(&y, t + 6 * DAY_S), REASON_RETRY_EXHAUSTED));
	yard_close(&y);
}

TEST(progress_follows_the_request_to_its_end)
{
	static const struct {
		enum request_kind kind;
		enum recovery_state state;
		int64_t at_s;
		enum operation_step rolling_back, removing;
	} rows[] = {
		{ REQUEST_ROLLBACK, RECOVERY_REQUESTED, 10, OPERATION_RUNNING,
		  OPERATION_FAILED },
		{ REQUEST_ROLLBACK, RECOVERY_REMOVED, 10, OPERATION_RUNNING,
		  OPERATION_FAILED },
		{ REQUEST_ROLLBACK, RECOVERY_RECOVERED, 10, OPERATION_DONE,
		  OPERATION_FAILED },
		{ REQUEST_ROLLBACK, RECOVERY_STUCK, 10, OPERATION_FAILED,
		  OPERATION_FAILED },
		{ REQUEST_ROLLBACK, RECOVERY_RECOVERED, 9, OPERATION_FAILED,
		  OPERATION_FAILED },
		{ REQUEST_UNINSTALL, RECOVERY_REMOVING, 10, OPERATION_FAILED,
		  OPERATION_RUNNING },
		{ REQUEST_UNINSTALL, RECOVERY_REMOVED, 11, OPERATION_FAILED,
		  OPERATION_DONE },
		{ REQUEST_NONE, RECOVERY_NONE, 0, OPERATION_FAILED, OPERATION_FAILED },
	};
	static struct device_record record;
	struct operation back = of(OPERATION_ROLLBACK, 0);
	struct operation away = of(OPERATION_UNINSTALL, 0);
	struct operation block = of(OPERATION_BLOCK, 1);
	char why[OPERATION_NOTE];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		record.history.request = (struct request){ .kind = rows[i].kind,
							   .state = rows[i].state,
							   .at_s = rows[i].at_s };
		assert_int_equal(operation_progress(&back, &record, 10, why),
				 rows[i].rolling_back);
		assert_int_equal((why[0] != '\0'),
				 rows[i].rolling_back == OPERATION_FAILED);
		assert_int_equal(operation_progress(&away, &record, 10, why),
				 rows[i].removing);
		assert_int_equal(operation_progress(&block, &record, 10, why),
				 OPERATION_DONE);
	}
}

static struct device_record room;

static struct operation_outlook rehearse(struct yard *y, struct operation operation,
					 int64_t now_s)
{
	struct operation_outlook outlook;
	struct problem p = { 0 };
	struct situation situation = yard_situation(y, now_s);

	if (operation_rehearse(&operation, &situation, &room, &outlook, &p) < 0)
		fail_msg("%s", p.text);
	return outlook;
}

TEST(a_rehearsal_says_what_goes_what_comes_and_how_many_restarts)
{
	struct operation away = of(OPERATION_UNINSTALL, 0);
	struct yard y;
	struct problem p;
	static struct device_record before;

	open_yard(&y);
	before = y.device;
	/* Back to the cumulative update, deferral aside: one restart for each half. */
	struct operation_outlook got = rehearse(&y, of(OPERATION_ROLLBACK, 0), NOW);
	assert_true(got.removes && got.installs);
	assert_int_equal(got.removed.kb, 105);
	assert_int_equal(got.installed.kb, 115);
	assert_int_equal(got.restarts, 2);
	/* An uninstall: the update follows in its ring's own time. */
	got = rehearse(&y, away, NOW);
	assert_true(got.removes && !got.installs);
	assert_int_equal(got.restarts, 1);
	assert_int_equal(got.stands_in_the_way, REASON_DEFERRED);
	yard_fact(&y, "vbs", "running", at("2025-05-23"));
	got = rehearse(&y, away, at("2025-05-23"));
	assert_true(got.removes && got.installs);
	assert_int_equal(got.installed.kb, 115);
	assert_int_equal(got.restarts, 2);
	away.wait = true;
	got = rehearse(&y, away, at("2025-05-23"));
	assert_true(got.removes && !got.installs);
	assert_int_equal(got.restarts, 1);
	/* What costs nothing says so; what is refused is refused. */
	got = rehearse(&y, of(OPERATION_PAUSE, 0), NOW);
	assert_int_equal(got.restarts, 0);
	struct situation situation = yard_situation(&y, NOW);
	struct operation resume = of(OPERATION_RESUME, 0);
	assert_int_equal(operation_rehearse(&resume, &situation, &room, &got, &p), -1);
	/* The device itself was left alone. */
	assert_memory_equal(&before.history, &y.device.history, sizeof before.history);
	yard_close(&y);
}

TEST(a_rollback_with_nothing_to_go_to_is_known_before)
{
	struct yard y;

	open_yard(&y);
	yard_no_payload(&y, "KB115");
	struct operation_outlook got = rehearse(&y, of(OPERATION_ROLLBACK, 0), NOW);
	assert_false(got.removes);
	assert_int_equal(got.restarts, 0);
	assert_int_equal(got.stands_in_the_way, REASON_PAYLOAD_MISSING);
	yard_close(&y);
}

/* The rehearsal is of the same device that then does it. */
TEST(what_was_rehearsed_is_what_happens)
{
	struct yard y;
	struct problem p;
	struct operation back = of(OPERATION_ROLLBACK, 0);
	char why[OPERATION_NOTE];
	int64_t t = NOW;
	int restarts = 0;

	open_yard(&y);
	yard_shows(&y, NULL, NULL, "2025-05-01T08:00:00Z", t);
	struct operation_outlook got = rehearse(&y, back, t);
	assert_int_equal(begin(&y, &back, t, &p), 0);
	assert_int_not_equal(yard_poll(&y, t), 0);
	yard_fetch(&y, t);
	yard_report(&y, FLOW_REMOVING, 1, t);
	yard_report(&y, FLOW_RESTART_PENDING, 2, t);
	yard_shows(&y, "26100.2000", "KB104", "2025-05-16T19:00:00Z", t += 2 * HOUR_S);
	restarts += yard_events(&y, EVENT_RESTARTED);
	assert_int_equal(operation_progress(&back, &y.device, NOW, why),
			 OPERATION_RUNNING);
	assert_int_not_equal(yard_poll(&y, t), 0);
	assert_int_equal(y.device.history.flow.key.kb, got.installed.kb);
	yard_fetch(&y, t);
	yard_report(&y, FLOW_RESTART_PENDING, 1, t);
	yard_shows(&y, "26100.2150", "KB115", "2025-05-16T21:00:00Z", t += 2 * HOUR_S);
	restarts += yard_events(&y, EVENT_RESTARTED);
	assert_int_equal(restarts, got.restarts);
	assert_int_equal(operation_progress(&back, &y.device, NOW, why), OPERATION_DONE);
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_operation_names_what_it_means_or_is_refused),
		cmocka_unit_test(one_removal_at_a_time),
		cmocka_unit_test(
			a_pause_ends_after_35_days_at_most_and_holds_back_what_is_new),
		cmocka_unit_test(
			a_resumed_device_keeps_the_flow_whose_lease_the_pause_had_frozen),
		cmocka_unit_test(a_block_keeps_a_release_away_until_it_is_taken_back),
		cmocka_unit_test(a_retry_forgets_failures_and_moves_what_was_stuck),
		cmocka_unit_test(progress_follows_the_request_to_its_end),
		cmocka_unit_test(
			a_rehearsal_says_what_goes_what_comes_and_how_many_restarts),
		cmocka_unit_test(a_rollback_with_nothing_to_go_to_is_known_before),
		cmocka_unit_test(what_was_rehearsed_is_what_happens),
	};
	return cmocka_run_group_tests_name("operation", tests, NULL, NULL);
}
