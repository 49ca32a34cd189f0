/* What people do to rollouts and holds over the API: every act, its preview, its answer,
 * its undo, and what devices are offered then. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "tests/lib/case.h"
#include "tests/unit/keeper/crew.h"

static const char plan[] =
	"<plan xmlns=\"urn:patchyard:plan:1\">"
	"<policy name=\"hot\" hotpatch=\"allow\"><match>any</match></policy>"
	"<ring name=\"test\"><match>ring = test</match>"
	"<gate min-samples=\"5\" max-failed=\"10%\" soak=\"24h\" "
	"critical=\"0x800F0922\"/></ring>"
	"<ring name=\"broad\" after=\"test\"><match>ring = broad</match></ring>"
	"<ring name=\"slow\" defer-days=\"9\"><match>ring = slow</match></ring>"
	"<ring name=\"manual\" approval=\"manual\"><match>ring = manual</match></ring>"
	"<hold release=\"KB5066835\"><match>site = x</match><reason>ahead</reason></hold>"
	"</plan>";

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

static json_t *post(int status, const char *path, const char *body)
{
	return lab_expect(&lab, status, "POST", path, body);
}

static void expect_problem(int status, const char *path, const char *body,
			   const char *words)
{
	json_t *answer = post(status, path, body);
	const char *detail = json_string_value(json_object_get(answer, "detail"));

	if (detail == NULL || strstr(detail, words) == NULL)
		fail_msg("%s %s: '%s'", path, body, detail);
	json_decref(answer);
}

/* "finished running stopped starts instead not_started; restarts" */
static void expect_sets(const json_t *answer, const char *expected)
{
	static const char *const names[] = { "finished", "running", "stopped",
					     "starts",   "instead", "not_started" };
	char text[128] = "";

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		size_t used = strlen(text);
		snprintf(text + used, sizeof text - used, "%d ",
			 (int)json_integer_value(json_object_get(answer, names[i])));
	}
	size_t used = strlen(text) - 1;
	snprintf(text + used, sizeof text - used, "; %d",
		 (int)json_integer_value(json_object_get(answer, "restarts")));
	assert_string_equal(text, expected);
}

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

/* The set of one device in an answer; "" when it is not named. */
static const char *set_of(const json_t *answer, const char *id)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(answer, "devices"), i, one)
	{
		if (strcmp(member(one, "id"), id) == 0)
			return member(one, "set");
	}
	return "";
}

/* t-00 stands on it, t-01 runs it beyond recall, t-02 has only been offered it; the
 * others, in broad, wait. */
static void set_stage(void)
{
	struct device_record record;

	crew_enrol_many("t", 3, "test");
	crew_enrol_many("b", 2, "broad");
	assert_true(crew_try("t-00", HOTPATCH, FLOW_VERIFIED, 0));
	assert_int_equal(crew_poll("t-01"), HOTPATCH);
	crew_end("t-01", FLOW_INSTALLING, 0);
	crew_record("t-01", &record);
	assert_int_equal(record.history.flow.state, FLOW_INSTALLING);
	assert_int_equal(crew_poll("t-02"), HOTPATCH);
}

TEST(a_preview_names_every_device_and_changes_nothing)
{
	set_stage();
	json_t *answer = post(200, "/rollouts/halt",
			      "{\"kb\":\"KB5058497\",\"ring\":\"test\",\"reason\":\"x\","
			      "\"dry_run\":true}");
	assert_true(json_is_true(json_object_get(answer, "dry_run")));
	expect_sets(answer, "1 1 1 0 0 0; 0");
	assert_string_equal(set_of(answer, "t-00"), "finished");
	assert_string_equal(set_of(answer, "t-01"), "running");
	assert_string_equal(set_of(answer, "b-00"), "");
	json_decref(answer);
	assert_false(crew_rollout(HOTPATCH, "test")->halted);
	assert_int_equal(crew_poll("t-02"), HOTPATCH);
}

TEST(a_paused_ring_lets_what_runs_end_and_begins_nothing)
{
	struct device_record record;

	set_stage();
	crew_enrol("t-03", "test");
	json_t *answer = post(200, "/rollouts/pause",
			      "{\"ring\":\"test\",\"reason\":\"0x800F0922 on lab-7\"}");
	expect_sets(answer, "1 3 0 0 0 0; 0");
	assert_string_equal(member(answer, "until"), "2025-06-17T19:00:00Z");
	assert_string_equal(member(answer, "undo"), "rollout resume test");
	json_t *behind = json_object_get(answer, "rings_behind");
	assert_string_equal(json_string_value(json_array_get(behind, 0)), "broad");
	json_decref(answer);
	crew_enrol("t-04", "test");
	assert_int_equal(crew_poll("t-04"), 0);
	assert_int_equal(crew_poll("t-02"), HOTPATCH);
	crew_end("t-02", FLOW_VERIFIED, 0);
	crew_record("t-02", &record);
	assert_int_equal(record.history.flow.state, FLOW_VERIFIED);

	expect_problem(409, "/rollouts/resume", "{\"ring\":\"broad\"}",
		       "is neither paused nor halted");
	answer = post(200, "/rollouts/resume", "{\"ring\":\"test\"}");
	assert_string_equal(set_of(answer, "t-04"), "starts");
	json_decref(answer);
	assert_int_equal(crew_poll("t-04"), HOTPATCH);
}

TEST(a_pause_ends_by_itself_after_35_days_at_most)
{
	expect_problem(400, "/rollouts/pause", "{\"ring\":\"test\",\"for\":\"36d\"}",
		       "of 35 days at most");
	json_decref(post(200, "/rollouts/pause", "{\"ring\":\"test\",\"for\":\"2d\"}"));
	crew_enrol("t", "test");
	assert_int_equal(crew_poll("t"), 0);
	crew_advance(2 * DAY_S - 1);
	assert_int_equal(crew_poll("t"), 0);
	crew_advance(1);
	assert_int_equal(crew_poll("t"), HOTPATCH);
}

TEST(a_pause_of_one_release_leaves_the_others_alone)
{
	crew_enrol("t", "test");
	crew_enrol("u", "test");
	json_decref(lab_expect(&lab, 200, "PUT", "/devices/u/facts",
			       "{\"facts\":{\"vbs\":\"off\"}}"));
	json_decref(post(200, "/rollouts/pause", "{\"kb\":\"KB5058411\"}"));
	assert_int_equal(crew_poll("t"), HOTPATCH);
	assert_int_equal(crew_poll("u"), 0);
	json_decref(post(200, "/rollouts/resume", "{\"kb\":\"KB5058411\"}"));
	assert_int_equal(crew_poll("u"), LCU);
}

TEST(a_halted_rollout_is_resumed_with_a_reason_and_a_higher_limit_or_a_waiver)
{
	struct rollout_record record;

	crew_enrol_many("t", 8, "test");
	assert_int_equal(crew_try_many("t", 0, 3, 2, HOTPATCH), 5);
	assert_true(crew_rollout(HOTPATCH, "test")->halted);
	static const struct {
		const char *body;
		int status;
		const char *words;
	} rows[] = {
		{ "{\"kb\":\"KB5058497\",\"ring\":\"test\"}", 409, "say why" },
		{ "{\"kb\":\"KB5058497\",\"ring\":\"test\",\"reason\":\"y\"}", 409,
		  "either a higher limit" },
		{ "{\"kb\":\"KB5058497\",\"ring\":\"test\",\"max_failed\":\"50%\"}", 409,
		  "say why" },
		{ "{\"kb\":\"KB5058497\",\"ring\":\"test\",\"reason\":\"y\","
		  "\"max_failed\":\"12%\"}",
		  409, "halt it again at once: 2 of 5 failed (40%)" },
		{ "{\"kb\":\"KB5058497\",\"ring\":\"test\",\"reason\":\"y\","
		  "\"max_failed\":\"120%\"}",
		  400, "a share such as 8%" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		expect_problem(rows[i].status, "/rollouts/resume", rows[i].body,
			       rows[i].words);
		assert_true(crew_rollout(HOTPATCH, "test")->halted);
	}
	json_decref(post(200, "/rollouts/resume",
			 "{\"kb\":\"KB5058497\",\"ring\":\"test\",\"reason\":\"two old "
			 "machines\",\"max_failed\":\"50%\"}"));
	assert_false(crew_rollout(HOTPATCH, "test")->halted);
	assert_true(crew_stored(HOTPATCH, "test", &record));
	assert_int_equal(record.max_failed_permille, 500);
	assert_string_equal(record.reason, "two old machines");
	json_t *audit = lab_expect(&lab, 200, "GET", "/audit?limit=1", NULL);
	json_t *entry = json_array_get(json_object_get(audit, "entries"), 0);
	assert_string_equal(member(entry, "action"), "rollout.resume");
	assert_string_equal(member(entry, "reason"), "two old machines");
	assert_string_equal(member(entry, "subject"), "w24 KB5058497 26100.3981 in test");
	json_decref(audit);
	assert_int_equal(crew_poll("t-05"), HOTPATCH);

	/* A critical failure halts once more; a waiver ends that for good. */
	crew_end("t-05", FLOW_FAILED, 0x800F0922);
	assert_true(crew_rollout(HOTPATCH, "test")->halted);
	json_decref(post(200, "/rollouts/resume",
			 "{\"kb\":\"KB5058497\",\"reason\":\"known\",\"waive\":true}"));
	assert_true(crew_try("t-06", HOTPATCH, FLOW_FAILED, 0x800F0922));
	assert_false(crew_rollout(HOTPATCH, "test")->halted);
	/* Until a limit is named again. */
	json_decref(post(200, "/rollouts/resume",
			 "{\"kb\":\"KB5058497\",\"ring\":\"test\",\"reason\":\"enough\","
			 "\"max_failed\":\"80%\"}"));
	assert_true(crew_try("t-07", HOTPATCH, FLOW_FAILED, 0x800F0922));
	assert_true(crew_rollout(HOTPATCH, "test")->halted);
}

TEST(what_is_halted_in_every_ring_is_not_resumed_in_one)
{
	json_decref(
		post(200, "/rollouts/halt", "{\"kb\":\"KB5058497\",\"reason\":\"x\"}"));
	crew_enrol("t", "test");
	assert_int_equal(crew_poll("t"), 0);
	expect_problem(409, "/rollouts/halt", "{\"kb\":\"KB5058497\",\"reason\":\"x\"}",
		       "halted already: x");
	expect_problem(409, "/rollouts/resume",
		       "{\"kb\":\"KB5058497\",\"ring\":\"test\",\"reason\":\"y\","
		       "\"waive\":true}",
		       "halted in every ring");
	json_decref(post(200, "/rollouts/resume",
			 "{\"kb\":\"KB5058497\",\"reason\":\"y\",\"waive\":true}"));
	assert_int_equal(crew_poll("t"), HOTPATCH);
	json_decref(post(200, "/rollouts/pause", "{\"ring\":\"test\"}"));
	json_decref(
		post(200, "/rollouts/pause", "{\"kb\":\"KB5058497\",\"ring\":\"test\"}"));
	expect_problem(409, "/rollouts/resume",
		       "{\"kb\":\"KB5058497\",\"ring\":\"test\"}",
		       "paused with its whole ring");
}

TEST(an_approval_opens_a_manual_ring_and_is_taken_back)
{
	crew_enrol("m", "manual");
	assert_int_equal(crew_poll("m"), 0);
	json_t *answer = post(200, "/rollouts/approve",
			      "{\"kb\":\"KB5058497\",\"ring\":\"manual\"}");
	expect_sets(answer, "0 0 0 1 0 0; 0");
	assert_string_equal(member(answer, "undo"),
			    "rollout approve KB5058497 --ring manual --undo");
	json_decref(answer);
	assert_int_equal(crew_poll("m"), HOTPATCH);
	answer = post(200, "/rollouts/approve",
		      "{\"kb\":\"KB5058497\",\"ring\":\"manual\",\"undo\":true}");
	assert_string_equal(set_of(answer, "m"), "stopped");
	json_decref(answer);
	expect_problem(409, "/rollouts/approve",
		       "{\"kb\":\"KB5058497\",\"ring\":\"manual\",\"undo\":true}",
		       "was not approved by hand");
	/* For the hotpatch track: a cumulative update leaves it, and costs a restart. */
	answer = post(200, "/rollouts/approve",
		      "{\"kb\":\"KB5058411\",\"ring\":\"manual\",\"for_hotpatch_track\":"
		      "true}");
	expect_sets(answer, "0 0 0 1 0 0; 1");
	json_decref(answer);
}

TEST(expediting_sets_deferral_and_the_ring_before_aside)
{
	struct device_record record;

	crew_enrol("s", "slow");
	crew_enrol("b", "broad");
	assert_int_equal(crew_poll("s"), 0);
	json_t *answer = post(200, "/rollouts/expedite",
			      "{\"kb\":\"KB5058497\",\"deadline\":\"1d\","
			      "\"reason\":\"zero-day\"}");
	expect_sets(answer, "0 0 0 2 0 0; 0");
	json_decref(answer);
	assert_int_equal(crew_poll("s"), HOTPATCH);
	assert_int_equal(crew_poll("b"), HOTPATCH);
	crew_record("s", &record);
	assert_int_equal(record.history.flow.install_by_s, crew_now() + DAY_S);
	json_decref(
		post(200, "/rollouts/expedite", "{\"kb\":\"KB5058497\",\"undo\":true}"));
	assert_false(crew_rollout(HOTPATCH, "slow")->expedited);
	expect_problem(400, "/rollouts/expedite",
		       "{\"kb\":\"KB5058497\",\"deadline\":\"3d\"}", "of 2 days at most");
}

TEST(a_withdrawn_release_is_called_back_and_another_comes_in_its_place)
{
	struct device_record record;

	set_stage();
	json_t *answer = post(200, "/rollouts/withdraw",
			      "{\"kb\":\"KB5058497\",\"reason\":\"printers\"}");
	assert_string_equal(set_of(answer, "t-00"), "finished");
	assert_string_equal(set_of(answer, "t-01"), "running");
	assert_string_equal(set_of(answer, "t-02"), "stopped");
	assert_string_equal(member(answer, "undo"), "rollout withdraw KB5058497 --undo");
	json_decref(answer);
	crew_poll("t-02");
	crew_record("t-02", &record);
	assert_true(record.history.flow.withdrawing);
	json_decref(post(200, "/rollouts/withdraw",
			 "{\"kb\":\"KB5058497\",\"undo\":true,\"reason\":\"mended\"}"));
	assert_false(crew_rollout(HOTPATCH, "test")->withdrawn);
}

TEST(what_is_missing_or_makes_no_sense_is_told)
{
	static const struct {
		int status;
		const char *path, *body, *words;
	} rows[] = {
		{ 400, "/rollouts/pause", "{}", "name a ring, a release" },
		{ 400, "/rollouts/halt", "{\"ring\":\"test\",\"reason\":\"x\"}",
		  "name the release" },
		{ 400, "/rollouts/halt", "{\"kb\":\"KB5058497\"}", "say why" },
		{ 400, "/rollouts/withdraw", "{\"kb\":\"KB5058497\"}", "say why" },
		{ 404, "/rollouts/pause", "{\"ring\":\"tset\"}", "did you mean 'test'" },
		{ 404, "/rollouts/pause", "{\"kb\":\"KB1234567\"}",
		  "the catalog has no KB1234567" },
		{ 404, "/rollouts/pause", "{\"kb\":\"KB5058497\",\"build\":\"26100.1\"}",
		  "of that build" },
		{ 400, "/rollouts/pause", "{\"kb\":\"5b\"}", "a KB such as" },
		{ 400, "/rollouts/pause", "{\"product\":\"w24\",\"ring\":\"test\"}",
		  "name that too" },
		{ 400, "/rollouts/pause", "{\"ring\":7}", "wants a name" },
		{ 400, "/rollouts/pause", "{\"ring\":\"test\",\"undo\":true}",
		  "no part of pause" },
		{ 400, "/rollouts/pause", "{\"ring\":\"test\",\"reason\":7}",
		  "a text of at most 255" },
		{ 400, "/holds", "{\"kb\":\"KB5058497\",\"reason\":\"x\"}", "\"match\"" },
		{ 400, "/holds",
		  "{\"kb\":\"KB5058497\",\"match\":\"site =\",\"reason\":\"x\"}",
		  "match" },
		{ 400, "/holds", "{\"kb\":\"KB5058497\",\"match\":\"any\"}", "say why" },
		{ 404, "/holds",
		  "{\"kb\":\"KB1234567\",\"match\":\"any\",\"reason\":\"x\"}",
		  "the catalog has no KB1234567" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_problem(rows[i].status, rows[i].path, rows[i].body, rows[i].words);
	json_decref(lab_expect(&lab, 405, "GET", "/rollouts/pause", NULL));
	json_decref(lab_expect(&lab, 404, "DELETE", "/holds/7", NULL));
	json_decref(lab_expect(&lab, 404, "DELETE", "/holds/x", NULL));
}

TEST(a_hold_keeps_a_release_from_the_devices_it_names_until_it_is_removed)
{
	crew_enrol("t", "test");
	crew_enrol("u", "test");
	json_decref(lab_expect(&lab, 200, "PUT", "/devices/u/facts",
			       "{\"facts\":{\"site\":\"lab-7\"}}"));
	static const char body[] = "{\"kb\":\"KB5058497\",\"match\":\"site = lab-7\","
				   "\"reason\":\"firmware\"}";
	static const char dry[] = "{\"kb\":\"KB5058497\",\"match\":\"site = lab-7\","
				  "\"reason\":\"firmware\",\"dry_run\":true}";
	json_t *answer = post(200, "/holds", dry);
	assert_string_equal(set_of(answer, "u"), "stopped");
	assert_string_equal(set_of(answer, "t"), "");
	json_decref(answer);
	answer = post(201, "/holds", body);
	assert_int_equal(json_integer_value(json_object_get(answer, "id")), 1);
	assert_string_equal(member(answer, "undo"), "hold remove 1");
	json_decref(answer);
	crew_poll("u"); /* what was offered is called back */
	assert_int_equal(crew_poll("t"), HOTPATCH);

	json_t *holds = lab_expect(&lab, 200, "GET", "/holds", NULL);
	json_t *list = json_object_get(holds, "holds");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(member(json_array_get(list, 0), "by"), "plan");
	assert_string_equal(member(json_array_get(list, 1), "reason"), "firmware");
	json_decref(holds);
	json_t *why =
		lab_expect(&lab, 200, "GET", "/devices/u/explain?update=KB5058497", NULL);
	assert_non_null(strstr(member(why, "text"), "firmware"));
	json_decref(why);

	/* A new plan leaves it standing, and so does a restart. */
	json_decref(lab_expect(&lab, 200, "PUT", "/plan?name=plan.xml", plan));
	crew_restart();
	answer = lab_expect(&lab, 200, "DELETE", "/holds/1?reason=done", NULL);
	json_decref(answer);
	holds = lab_expect(&lab, 200, "GET", "/holds", NULL);
	assert_int_equal(json_array_size(json_object_get(holds, "holds")), 1);
	json_decref(holds);
	json_decref(lab_expect(&lab, 404, "DELETE", "/holds/1", NULL));
}

static json_t *find_row(json_t *answer, const char *kb, const char *ring)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(answer, "rollouts"), i, row)
	{
		if (strcmp(member(row, "kb"), kb) == 0 &&
		    strcmp(member(row, "ring"), ring) == 0)
			return row;
	}
	fail_msg("no row of %s in %s", kb, ring);
	return NULL;
}

static void expect_row(json_t *answer, const char *kb, const char *ring,
		       const char *state, const char *counts, const char *why)
{
	static const char *const names[] = { "verified", "failed", "running", "waiting" };
	json_t *row = find_row(answer, kb, ring);
	char text[64] = "";

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		size_t used = strlen(text);
		snprintf(text + used, sizeof text - used, "%s%d", i > 0 ? " " : "",
			 (int)json_integer_value(json_object_get(row, names[i])));
	}
	if (strcmp(member(row, "state"), state) != 0 || strcmp(text, counts) != 0 ||
	    strcmp(member(row, "why"), why) != 0)
		fail_msg("%s in %s: %s, %s, '%s'", kb, ring, member(row, "state"), text,
			 member(row, "why"));
}

TEST(the_list_says_where_each_rollout_stands_and_why)
{
	set_stage();
	crew_enrol("s", "slow");
	crew_enrol("m", "manual");
	json_t *answer = lab_expect(&lab, 200, "GET", "/rollouts", NULL);
	expect_row(answer, "KB5058497", "test", "open", "1 0 2 0", "1 of 5 outcomes");
	expect_row(answer, "KB5058497", "broad", "waiting", "0 0 0 2",
		   "ring test has not passed");
	expect_row(answer, "KB5058497", "slow", "waiting", "0 0 0 1",
		   "opens 2025-05-22T17:00:00Z");
	expect_row(answer, "KB5058497", "manual", "waiting", "0 0 0 1",
		   "not approved here, or its payload is missing");
	json_decref(answer);
	json_decref(post(200, "/rollouts/pause",
			 "{\"ring\":\"slow\",\"reason\":\"a fair\"}"));
	json_decref(post(200, "/rollouts/halt",
			 "{\"kb\":\"KB5058497\",\"ring\":\"broad\",\"reason\":\"y\"}"));
	answer = lab_expect(&lab, 200, "GET", "/rollouts?kb=KB5058497", NULL);
	assert_int_equal(json_array_size(json_object_get(answer, "rollouts")), 4);
	expect_row(answer, "KB5058497", "slow", "paused", "0 0 0 1", "a fair");
	expect_row(answer, "KB5058497", "broad", "halted", "0 0 0 2", "y");
	json_decref(answer);
	answer = lab_expect(&lab, 200, "GET", "/rollouts?ring=slow&all=1", NULL);
	assert_int_equal(json_array_size(json_object_get(answer, "rollouts")), 3);
	json_decref(answer);
	json_decref(lab_expect(&lab, 404, "GET", "/rollouts?ring=none", NULL));
	json_decref(lab_expect(&lab, 400, "GET", "/rollouts?kb=x", NULL));
}

int main(void)
{
#define ROLLOUT_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ROLLOUT_TEST(a_preview_names_every_device_and_changes_nothing),
		ROLLOUT_TEST(a_paused_ring_lets_what_runs_end_and_begins_nothing),
		ROLLOUT_TEST(a_pause_ends_by_itself_after_35_days_at_most),
		ROLLOUT_TEST(a_pause_of_one_release_leaves_the_others_alone),
		ROLLOUT_TEST(
			a_halted_rollout_is_resumed_with_a_reason_and_a_higher_limit_or_a_waiver),
		ROLLOUT_TEST(what_is_halted_in_every_ring_is_not_resumed_in_one),
		ROLLOUT_TEST(an_approval_opens_a_manual_ring_and_is_taken_back),
		ROLLOUT_TEST(expediting_sets_deferral_and_the_ring_before_aside),
		ROLLOUT_TEST(
			a_withdrawn_release_is_called_back_and_another_comes_in_its_place),
		ROLLOUT_TEST(what_is_missing_or_makes_no_sense_is_told),
		ROLLOUT_TEST(
			a_hold_keeps_a_release_from_the_devices_it_names_until_it_is_removed),
		ROLLOUT_TEST(the_list_says_where_each_rollout_stands_and_why),
	};
	return cmocka_run_group_tests_name("admin rollouts", tests, NULL, NULL);
}
