/* Explanations of the past, of times to come, and under assumptions. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/case.h"
#include "tests/unit/server/lab.h"

static struct lab lab;

static const char facts[] = "os.family=client os.arch=x64 os.build=26100.3775 "
			    "os.kbs=KB5055523 os.edition=Enterprise site=lab";

static void advance(const char *to)
{
	char body[64];

	snprintf(body, sizeof body, "{\"now\":\"%s\"}", to);
	json_decref(lab_expect(&lab, 200, "POST", "/clock", body));
}

static void set_fact(const char *body)
{
	json_decref(lab_expect(&lab, 200, "PUT", "/devices/pc-1/facts", body));
}

static int set_up(void **state)
{
	(void)state;
	lab_open(&lab, "2025-05-20T08:00:00Z");
	lab_load(&lab);
	advance("2025-05-20T09:00:00Z");
	lab_device(&lab, "pc-1", facts);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lab_close(&lab);
	return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

static json_t *explain(const char *query)
{
	char path[512];

	snprintf(path, sizeof path, "/devices/pc-1/explain%s", query);
	return lab_expect(&lab, 200, "GET", path, NULL);
}

static void expect_offer(const char *query, const char *kb, const char *basis)
{
	json_t *body = explain(query);
	const json_t *decision = json_object_get(body, "decision");

	if (strcmp(text_of(decision, "kb"), kb) != 0 ||
	    strcmp(text_of(body, "basis"), basis) != 0)
		fail_msg("%s: %s from the %s", query, text_of(decision, "kb"),
			 text_of(body, "basis"));
	json_decref(body);
}

static const json_t *rule_of(const json_t *body, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(body, "rules"), i, one)
	{
		if (strcmp(text_of(one, "rule"), name) == 0)
			return one;
	}
	fail_msg("no rule '%s'", name);
	return NULL;
}

static size_t notes_with(const json_t *body, const char *words)
{
	const json_t *one;
	size_t i, count = 0;

	json_array_foreach(json_object_get(body, "notes"), i, one) count +=
		strstr(json_string_value(one), words) != NULL;
	return count;
}

TEST(the_past_is_told_with_the_facts_and_the_plan_of_then)
{
	advance("2025-05-20T10:00:00Z");
	set_fact("{\"facts\":{\"vbs\":\"running\"}}");
	advance("2025-05-20T11:00:00Z");
	json_decref(lab_expect(&lab, 200, "PUT", "/plan?name=none.xml",
			       "<plan xmlns=\"urn:patchyard:plan:1\"><ring "
			       "name=\"other\"><match>any</match></ring></plan>"));
	advance("2025-05-20T12:00:00Z");

	expect_offer("?at=2025-05-20T09:30:00Z", "KB5058411", "past");
	expect_offer("?at=2025-05-20T09:59:59Z", "KB5058411", "past");
	expect_offer("?at=2025-05-20T10:00:00Z", "KB5058497", "past");
	expect_offer("?at=2025-05-20T10:59:59Z", "KB5058497", "past");
	/* No policy allows hotpatches any more. */
	expect_offer("?at=2025-05-20T11:00:00Z", "KB5058411", "past");
	expect_offer("", "KB5058411", "present");
	expect_offer("?at=2025-05-20T12:00:00Z", "KB5058411", "present");
	expect_offer("?at=2025-05-20T12:30:00%2B02:00", "KB5058497", "past");

	json_t *body = explain("?at=2025-05-20T10:30:00Z&update=KB5058411");
	assert_string_equal(text_of(body, "at"), "2025-05-20T10:30:00Z");
	assert_non_null(strstr(text_of(body, "headline"), "is not offered KB5058411"));
	assert_non_null(strstr(text_of(body, "text"), "from        the logs: facts"));
	assert_string_equal(text_of(rule_of(body, "vbs"), "observed"), "running");
	assert_string_equal(text_of(rule_of(body, "vbs"), "observed_at"),
			    "2025-05-20T10:00:00Z");
	assert_int_equal(notes_with(body, " vbs by "), 1);
	assert_int_equal(notes_with(body, ", 2025-05-20T10:00:00Z"), 1);
	assert_non_null(strstr(text_of(rule_of(body, "ring"), "observed"), "all: any"));
	json_decref(body);
}

TEST(a_payload_was_not_there_before_it_came)
{
	advance("2025-05-20T10:00:00Z");
	/* A later update, and its file an hour after it. */
	char *text = strdup(lab_catalog), *end = strstr(text, "</product>");
	char more[4096];
	snprintf(more, sizeof more,
		 "%.*s<release kb=\"KB5060842\" build=\"26100.4349\" kind=\"lcu\""
		 " published=\"2025-05-20T09:30:00Z\" arch=\"x64\"/>%s",
		 (int)(end - text), text, end);
	json_t *import =
		json_pack("{s:[{s:s, s:s}]}", "files", "name", "w24.xml", "text", more);
	char *body = json_dumps(import, 0);
	json_decref(lab_expect(&lab, 200, "POST", "/catalog", body));
	free(body);
	json_decref(import);
	free(text);
	advance("2025-05-20T11:00:00Z");
	import = json_pack("{s:[{s:s, s:s, s:s, s:s, s:s}]}", "payloads", "product",
			   "w24", "kb", "KB5060842", "build", "26100.4349", "arch", "x64",
			   "path", scratch_write(&lab.scratch, "june.msu", "june"));
	body = json_dumps(import, 0);
	json_decref(lab_expect(&lab, 200, "POST", "/payloads", body));
	free(body);
	json_decref(import);
	advance("2025-05-20T12:00:00Z");
	expect_offer("?at=2025-05-20T09:45:00Z", "KB5058411", "past");
	expect_offer("?at=2025-05-20T10:30:00Z", "KB5058411", "past");
	expect_offer("?at=2025-05-20T11:00:00Z", "KB5060842", "past");
	json_t *answer = explain("?at=2025-05-20T10:30:00Z&update=KB5060842");
	assert_string_equal(text_of(rule_of(answer, "payload"), "verdict"), "fail");
	json_decref(answer);
}

TEST(a_time_to_come_is_decided_by_what_is_known_now)
{
	json_t *body = explain("?at=2025-05-27T09:00:00Z");
	assert_string_equal(text_of(body, "basis"), "ahead");
	assert_string_equal(text_of(body, "at"), "2025-05-27T09:00:00Z");
	assert_non_null(strstr(text_of(body, "text"),
			       "what is known now, decided as if it were that time"));
	json_decref(body);
}

static void expect_absence(int status, const char *query, const char *detail)
{
	char path[256];

	snprintf(path, sizeof path, "/devices/%s", query);
	json_t *body = lab_expect(&lab, status, "GET", path, NULL);
	assert_string_equal(text_of(body, "detail"), detail);
	json_decref(body);
}

TEST(when_it_was_not_there_is_said_and_when_it_was)
{
	advance("2025-05-21T08:00:00Z");
	expect_absence(404, "pc-1/explain?at=2025-05-20T08:59:59Z",
		       "there was no device 'pc-1' yet at 2025-05-20T08:59:59Z: it was "
		       "first heard of at 2025-05-20T09:00:00Z");
	expect_absence(404, "pc-9/explain?at=2025-05-20T08:59:59Z",
		       "there is no device 'pc-9', and the log knows of none");
	expect_absence(404, "pc-9/explain?at=2026-05-20T08:59:59Z",
		       "there is no device 'pc-9'");
	json_decref(lab_expect(&lab, 200, "DELETE", "/devices/pc-1", NULL));
	advance("2025-05-22T08:00:00Z");
	/* Forgotten, and still in the log. */
	expect_offer("?at=2025-05-21T07:59:59Z", "KB5058411", "past");
	expect_absence(404, "pc-1/explain", "there is no device 'pc-1'");
	expect_absence(404, "pc-1/explain?at=2025-05-21T09:00:00Z",
		       "there was no device 'pc-1' any more at 2025-05-21T09:00:00Z: it "
		       "was forgotten at 2025-05-21T08:00:00Z");
	lab_device(&lab, "pc-1", "os.arch=x64");
	advance("2025-05-23T08:00:00Z");
	expect_absence(404, "pc-1/explain?at=2025-05-21T09:00:00Z",
		       "there was no device 'pc-1' any more at 2025-05-21T09:00:00Z: it "
		       "was forgotten at 2025-05-21T08:00:00Z, and came back at "
		       "2025-05-22T08:00:00Z");
	json_t *body = explain("?at=2025-05-22T12:00:00Z");
	assert_string_equal(text_of(rule_of(body, "facts"), "verdict"), "not reported");
	json_decref(body);
}

TEST(an_assumption_counts_for_one_question)
{
	expect_offer("?assume=vbs%3Drunning", "KB5058497", "present");
	expect_offer("", "KB5058411", "present");
	json_t *body = explain("?assume=vbs%3Drunning&assume=os.edition%3D");
	const json_t *assumed = json_object_get(body, "assumed");
	assert_string_equal(text_of(assumed, "vbs"), "running");
	assert_true(json_is_null(json_object_get(assumed, "os.edition")));
	assert_string_equal(text_of(rule_of(body, "vbs"), "source"), "fact vbs, assumed");
	assert_string_equal(text_of(rule_of(body, "edition"), "observed"),
			    "not reported");
	assert_non_null(strstr(text_of(body, "text"), "assumed     vbs = running\n"));
	assert_non_null(
		strstr(text_of(body, "text"), "assumed     os.edition is not reported"));
	assert_int_equal(notes_with(body, "assumed "), 2);
	/* An assumption is nobody's assertion. */
	assert_int_equal(notes_with(body, " vbs by "), 0);
	json_decref(body);

	/* Of the past too, and by other names. */
	advance("2025-05-20T12:00:00Z");
	expect_offer("?at=2025-05-20T09:30:00Z&assume=VBS%3Drunning", "KB5058497",
		     "past");
	expect_offer("?at=2025-05-20T09:30:00Z&assume=vbs%3Drunning"
		     "&assume=os.version%3D10.0.26100.3981"
		     "&assume=os.kbs%3DKB5055523+KB5058497",
		     "", "past");
}

TEST(what_is_no_question_is_refused)
{
	static const struct {
		const char *query, *detail;
	} rows[] = {
		{ "at=yesterday", "the parameter 'at' wants a time" },
		{ "at=", "the parameter 'at' wants a time" },
		{ "at=2025-05-20T08:59:59Z&update=x", "the parameter 'update' wants" },
		{ "assume=vbs", "'vbs' assumes nothing" },
		{ "assume=%3Doff", "'=off' assumes nothing" },
		{ "assume=", "the parameter 'assume' is malformed" },
		{ "assume", "the parameter 'assume' is malformed" },
		{ "assume=vbs%3Doff&assume=vbs", "'vbs' assumes nothing" },
		{ "assume=a+b%3Doff", "'a b' is not a fact name" },
		{ "assume=a+b%3D", "'a b' is not a fact name" },
		{ "at=2025-05-20T09:00:00Z&assume=vbs", "'vbs' assumes nothing" },
		{ "at=2026-05-20T09:00:00Z&assume=vbs", "'vbs' assumes nothing" },
	};

	advance("2025-05-20T12:00:00Z");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char path[256];
		snprintf(path, sizeof path, "/devices/pc-1/explain?%s", rows[i].query);
		json_t *body = lab_expect(&lab, 400, "GET", path, NULL);
		if (strncmp(text_of(body, "detail"), rows[i].detail,
			    strlen(rows[i].detail)) != 0)
			fail_msg("%s: %s", rows[i].query, text_of(body, "detail"));
		json_decref(body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_past_is_told_with_the_facts_and_the_plan_of_then, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_payload_was_not_there_before_it_came,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_time_to_come_is_decided_by_what_is_known_now, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			when_it_was_not_there_is_said_and_when_it_was, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_assumption_counts_for_one_question,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_question_is_refused, set_up,
						tear_down),
	};
	return cmocka_run_group_tests_name("admin explain", tests, NULL, NULL);
}
