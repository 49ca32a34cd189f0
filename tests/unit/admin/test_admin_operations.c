/* What people do to devices over the API: one at a time or many, at a bounded rate, with
 * its preview, to its end. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "protocol/server/keeper.h"
#include "protocol/server/unit.h"
#include "tests/lib/case.h"
#include "tests/unit/keeper/crew.h"

static const char plan[] =
	"<plan xmlns=\"urn:patchyard:plan:1\">"
	"<policy name=\"hot\" hotpatch=\"allow\"><match>any</match></policy>"
	"<ring name=\"test\"><match>ring = test</match></ring>"
	"<ring name=\"broad\"><match>ring = broad</match></ring>"
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

static void expect_problem(int status, const char *body, const char *words)
{
	json_t *answer = post(status, "/operations", body);
	const char *detail = json_string_value(json_object_get(answer, "detail"));

	if (detail == NULL || strstr(detail, words) == NULL)
		fail_msg("%s: '%s'", body, detail);
	json_decref(answer);
}

static int number(const json_t *object, const char *name)
{
	return (int)json_integer_value(json_object_get(object, name));
}

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

/* "waiting running done failed" of an operation, with " ended". */
static void expect_steps(int id, const char *expected)
{
	char path[40], text[64];

	snprintf(path, sizeof path, "/operations/%d", id);
	json_t *answer = lab_expect(&lab, 200, "GET", path, NULL);
	snprintf(text, sizeof text, "%d %d %d %d%s", number(answer, "waiting"),
		 number(answer, "running"), number(answer, "done"),
		 number(answer, "failed"),
		 json_object_get(answer, "ended") != NULL ? " ended" : "");
	json_decref(answer);
	assert_string_equal(text, expected);
}

static int do_nothing(void *owner, struct session *session, struct problem *p)
{
	(void)owner;
	(void)session;
	(void)p;
	return 0;
}

/* What the keeper was poked to do is done. */
static void settle(void)
{
	struct problem p;

	for (int i = 0; i < 3; i++)
		assert_int_equal(unit_run(lab.backend, do_nothing, NULL, &p), 0);
}

static enum recovery_state request_of(const char *id)
{
	struct device_record record;

	crew_record(id, &record);
	return record.history.request.state;
}

/* All of them stand on the hotpatch. */
static void hotpatch_all(const char *prefix, int count, const char *ring)
{
	crew_enrol_many(prefix, count, ring);
	assert_int_equal(crew_try_many(prefix, 0, count, 0, HOTPATCH), count);
}

/* The hotpatch goes, the update comes. */
static void go_back(const char *id)
{
	assert_int_equal(crew_poll(id), HOTPATCH);
	crew_end(id, FLOW_REMOVED, 0);
	assert_int_equal(crew_poll(id), LCU);
	crew_end(id, FLOW_VERIFIED, 0);
	assert_int_equal(request_of(id), RECOVERY_RECOVERED);
	settle();
}

TEST(one_device_goes_back_to_the_update_and_is_not_offered_the_hotpatch_again)
{
	struct device_record record;

	hotpatch_all("d", 1, "test");
	json_t *answer = post(200, "/operations",
			      "{\"kind\":\"rollback\",\"devices\":[\"d-00\"],"
			      "\"dry_run\":true}");
	json_t *device = json_array_get(json_object_get(answer, "devices"), 0);
	assert_string_equal(member(device, "removes"), "KB5058497");
	assert_string_equal(member(device, "installs"), "KB5058411");
	assert_int_equal(number(device, "restarts"), 2);
	assert_null(json_object_get(answer, "operation"));
	json_decref(answer);
	assert_int_equal(request_of("d-00"), RECOVERY_NONE);

	answer = post(201, "/operations",
		      "{\"kind\":\"rollback\",\"devices\":[\"d-00\"],"
		      "\"reason\":\"printers\"}");
	assert_int_equal(number(answer, "operation"), 1);
	assert_int_equal(number(answer, "running"), 1);
	json_decref(answer);
	assert_int_equal(request_of("d-00"), RECOVERY_REQUESTED);
	expect_problem(409, "{\"kind\":\"rollback\",\"devices\":[\"d-00\"]}",
		       "in the middle of another removal");
	go_back("d-00");
	expect_steps(1, "0 0 1 0 ended");
	crew_record("d-00", &record);
	crew_advance(DAY_S);
	assert_int_equal(crew_poll("d-00"), 0);
	json_t *audit = lab_expect(&lab, 200, "GET", "/audit?limit=2", NULL);
	json_t *entry = json_array_get(json_object_get(audit, "entries"), 1);
	assert_string_equal(member(entry, "action"), "device.rollback");
	assert_string_equal(member(entry, "subject"), "d-00");
	assert_string_equal(member(entry, "reason"), "printers");
	json_decref(audit);
}

TEST(many_devices_go_back_as_many_at_a_time_as_was_asked_for)
{
	char id[16];

	hotpatch_all("d", 5, "test");
	hotpatch_all("e", 2, "broad");
	json_t *answer = post(201, "/operations",
			      "{\"kind\":\"rollback\",\"ring\":\"test\",\"at_most\":2}");
	assert_int_equal(number(answer, "count"), 5);
	assert_int_equal(number(answer, "restarts"), 10);
	assert_int_equal(number(answer, "running"), 2);
	assert_int_equal(number(answer, "waiting"), 3);
	assert_string_equal(member(answer, "undo"), "operation stop 1");
	json_decref(answer);
	for (int i = 0; i < 5; i++) {
		snprintf(id, sizeof id, "d-%02d", i);
		assert_int_equal(request_of(id),
				 i < 2 ? RECOVERY_REQUESTED : RECOVERY_NONE);
	}
	go_back("d-00"); /* the next one begins by that */
	expect_steps(1, "2 2 1 0");
	assert_int_equal(request_of("d-02"), RECOVERY_REQUESTED);
	assert_int_equal(request_of("d-03"), RECOVERY_NONE);
	crew_restart(); /* and what is left survives a restart */
	go_back("d-01");
	go_back("d-02");
	go_back("d-03");
	go_back("d-04");
	expect_steps(1, "0 0 5 0 ended");
	assert_int_equal(request_of("e-00"), RECOVERY_NONE);
}

TEST(a_device_that_is_stuck_or_gone_makes_room_for_the_next)
{
	hotpatch_all("d", 3, "test");
	json_decref(post(201, "/operations",
			 "{\"kind\":\"rollback\",\"where\":\"ring = test\","
			 "\"at_most\":1}"));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(crew_poll("d-00"), HOTPATCH);
		crew_end("d-00", FLOW_FAILED, 0x80070643);
		crew_advance((int64_t)12 * HOUR_S);
	}
	assert_int_equal(request_of("d-00"), RECOVERY_STUCK);
	settle();
	expect_steps(1, "1 1 0 1");
	json_decref(lab_expect(&lab, 200, "DELETE", "/devices/d-01", NULL));
	keeper_poke(lab.site);
	settle();
	expect_steps(1, "0 1 0 2");
	go_back("d-02");
	expect_steps(1, "0 0 1 2 ended");
	json_t *answer = lab_expect(&lab, 200, "GET", "/operations/1", NULL);
	json_t *first = json_array_get(json_object_get(answer, "devices"), 1);
	assert_string_equal(member(first, "id"), "d-00");
	assert_non_null(strstr(member(first, "note"), "stuck: uninstall failed"));
	json_decref(answer);

	/* Tried again by hand it goes on. */
	json_decref(
		post(201, "/operations", "{\"kind\":\"retry\",\"devices\":[\"d-00\"]}"));
	go_back("d-00");
}

TEST(one_that_is_switched_off_is_not_waited_for)
{
	hotpatch_all("d", 3, "test");
	json_decref(post(201, "/operations",
			 "{\"kind\":\"rollback\",\"ring\":\"test\",\"at_most\":1}"));
	expect_steps(1, "2 1 0 0");
	crew_advance(DAY_S + 1);
	keeper_poke(lab.site);
	settle();
	expect_steps(1, "1 2 0 0");
	assert_int_equal(request_of("d-01"), RECOVERY_REQUESTED);
}

TEST(one_that_failed_has_another_day_to_come_back)
{
	hotpatch_all("d", 2, "test");
	json_decref(post(201, "/operations",
			 "{\"kind\":\"rollback\",\"ring\":\"test\",\"at_most\":1}"));
	crew_advance(DAY_S);
	assert_int_equal(crew_poll("d-00"), HOTPATCH);
	crew_end("d-00", FLOW_FAILED, 0x80070643);
	assert_int_equal(request_of("d-00"), RECOVERY_REQUESTED);
	crew_advance(HOUR_S);
	keeper_poke(lab.site);
	settle();
	expect_steps(1, "1 1 0 0");
	crew_advance(DAY_S);
	keeper_poke(lab.site);
	settle();
	expect_steps(1, "0 2 0 0");
}

TEST(a_stopped_operation_begins_no_more_devices)
{
	hotpatch_all("d", 4, "test");
	json_decref(post(201, "/operations",
			 "{\"kind\":\"rollback\",\"ring\":\"test\",\"at_most\":1}"));
	json_t *answer = post(200, "/operations/1/stop", "{\"reason\":\"wrong ring\"}");
	assert_int_equal(number(answer, "running"), 1);
	assert_int_equal(number(answer, "failed"), 3);
	json_decref(answer);
	go_back("d-00");
	expect_steps(1, "0 0 1 3 ended");
	assert_int_equal(request_of("d-01"), RECOVERY_NONE);
	json_decref(post(409, "/operations/1/stop", "{}"));
	json_decref(post(404, "/operations/9/stop", "{}"));
	json_decref(post(404, "/operations/x/stop", "{}"));
}

TEST(a_removal_says_what_follows_and_waits_if_it_is_asked_to)
{
	hotpatch_all("d", 2, "test");
	json_t *answer = post(200, "/operations",
			      "{\"kind\":\"uninstall\",\"kb\":\"KB5058497\","
			      "\"where\":\"any\",\"dry_run\":true}");
	assert_int_equal(number(answer, "count"), 2);
	assert_int_equal(number(answer, "installs"), 2);
	assert_int_equal(number(answer, "restarts"), 4);
	json_decref(answer);
	answer = post(201, "/operations",
		      "{\"kind\":\"uninstall\",\"kb\":\"KB5058497\",\"devices\":"
		      "[\"d-00\"],\"wait\":true}");
	assert_int_equal(number(answer, "restarts"), 1);
	assert_string_equal(member(answer, "undo"), "device unblock KB5058497 d-00");
	json_decref(answer);
	assert_int_equal(crew_poll("d-00"), HOTPATCH);
	crew_end("d-00", FLOW_REMOVED, 0);
	settle();
	expect_steps(1, "0 0 1 0 ended");
	assert_int_equal(crew_poll("d-00"), 0);
	json_decref(post(201, "/operations",
			 "{\"kind\":\"unblock\",\"kb\":\"KB5058497\",\"devices\":"
			 "[\"d-00\"]}"));
	assert_int_equal(crew_poll("d-00"), HOTPATCH);
}

TEST(blocks_pauses_and_retries_are_done_at_once)
{
	crew_enrol_many("d", 3, "test");
	json_t *answer = post(201, "/operations",
			      "{\"kind\":\"block\",\"kb\":\"KB5058497\",\"devices\":"
			      "[\"d-00\",\"d-01\"],\"reason\":\"x\"}");
	assert_int_equal(number(answer, "done"), 2);
	assert_int_equal(json_array_size(json_object_get(answer, "releases")), 1);
	json_decref(answer);
	expect_steps(1, "0 0 2 0 ended");
	crew_poll("d-00");
	assert_int_equal(crew_poll("d-02"), HOTPATCH);
	json_decref(post(201, "/operations",
			 "{\"kind\":\"unblock\",\"kb\":\"KB5058497\",\"devices\":"
			 "[\"d-01\"]}"));

	answer = post(201, "/operations",
		      "{\"kind\":\"pause\",\"devices\":[\"d-01\"],\"for\":\"2d\"}");
	assert_string_equal(member(answer, "until"), "2025-05-15T19:00:00Z");
	assert_string_equal(member(answer, "undo"), "device resume d-01");
	json_decref(answer);
	crew_end("d-02", FLOW_FAILED, 0x80070643);
	assert_int_equal(crew_poll("d-02"), 0);
	json_decref(
		post(201, "/operations", "{\"kind\":\"retry\",\"devices\":[\"d-02\"]}"));
	assert_int_equal(crew_poll("d-02"), HOTPATCH);
	answer = post(201, "/operations", "{\"kind\":\"resume\",\"where\":\"any\"}");
	assert_int_equal(number(answer, "count"), 1);
	assert_int_equal(number(answer, "refused"), 2);
	json_decref(answer);
}

TEST(what_is_missing_or_fits_nobody_is_told_and_nothing_is_begun)
{
	static const struct {
		int status;
		const char *body, *words;
	} rows[] = {
		{ 400, "{}", "\"kind\" wants" },
		{ 400, "{\"kind\":\"unistall\"}", "did you mean uninstall?" },
		{ 400, "{\"kind\":\"pause\"}", "say which devices" },
		{ 400, "{\"kind\":\"pause\",\"devices\":[]}", "a list of 1 to 1000" },
		{ 400, "{\"kind\":\"pause\",\"devices\":[7]}", "names of 1 to 256" },
		{ 400, "{\"kind\":\"pause\",\"devices\":[\"d\"],\"where\":\"any\"}",
		  "not both" },
		{ 400, "{\"kind\":\"pause\",\"where\":\"site =\"}", "where" },
		{ 400, "{\"kind\":\"pause\",\"where\":\"any\",\"for\":\"36d\"}",
		  "of 35 days at most" },
		{ 400, "{\"kind\":\"pause\",\"where\":\"any\",\"kb\":\"KB5058497\"}",
		  "paused as a whole" },
		{ 400, "{\"kind\":\"block\",\"where\":\"any\"}", "name the release" },
		{ 400, "{\"kind\":\"rollback\",\"where\":\"any\",\"at_most\":0}",
		  "from 1 to 10000" },
		{ 404, "{\"kind\":\"pause\",\"devices\":[\"nobody\"]}",
		  "there is no device 'nobody'" },
		{ 404, "{\"kind\":\"pause\",\"ring\":\"tset\"}", "did you mean 'test'" },
		{ 404, "{\"kind\":\"block\",\"kb\":\"KB1234567\",\"where\":\"any\"}",
		  "the catalog has no KB1234567" },
		{ 409, "{\"kind\":\"rollback\",\"devices\":[\"d-00\"]}",
		  "which is no hotpatch" },
		{ 409, "{\"kind\":\"rollback\",\"where\":\"any\"}",
		  "no device is meant by that" },
		{ 409, "{\"kind\":\"resume\",\"where\":\"any\"}", "none of 2 devices" },
		{ 409, "{\"kind\":\"resume\",\"ring\":\"broad\"}",
		  "no device is meant by that" },
	};

	crew_enrol_many("d", 2, "test");
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_problem(rows[i].status, rows[i].body, rows[i].words);
	json_t *answer = lab_expect(&lab, 200, "GET", "/operations", NULL);
	assert_int_equal(json_array_size(json_object_get(answer, "operations")), 0);
	json_decref(answer);
	json_decref(lab_expect(&lab, 404, "GET", "/operations/1", NULL));
	json_decref(lab_expect(&lab, 404, "GET", "/operations/x", NULL));
}

TEST(a_large_operation_is_begun_in_several_units)
{
	enum { MANY = 250 };
	char id[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "n-%03d", i);
		crew_enrol(id, "broad");
	}
	json_t *answer = post(201, "/operations",
			      "{\"kind\":\"pause\",\"ring\":\"broad\",\"for\":\"1d\"}");
	assert_int_equal(number(answer, "count"), MANY);
	json_decref(answer);
	settle();
	settle();
	expect_steps(1, "0 0 250 0 ended");
}

int main(void)
{
#define OPERATION_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		OPERATION_TEST(
			one_device_goes_back_to_the_update_and_is_not_offered_the_hotpatch_again),
		OPERATION_TEST(many_devices_go_back_as_many_at_a_time_as_was_asked_for),
		OPERATION_TEST(a_device_that_is_stuck_or_gone_makes_room_for_the_next),
		OPERATION_TEST(one_that_is_switched_off_is_not_waited_for),
		OPERATION_TEST(one_that_failed_has_another_day_to_come_back),
		OPERATION_TEST(a_stopped_operation_begins_no_more_devices),
		OPERATION_TEST(a_removal_says_what_follows_and_waits_if_it_is_asked_to),
		OPERATION_TEST(blocks_pauses_and_retries_are_done_at_once),
		OPERATION_TEST(
			what_is_missing_or_fits_nobody_is_told_and_nothing_is_begun),
		OPERATION_TEST(a_large_operation_is_begun_in_several_units),
	};
	return cmocka_run_group_tests_name("admin operations", tests, NULL, NULL);
}
