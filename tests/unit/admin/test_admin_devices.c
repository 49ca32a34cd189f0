/* Devices: added, asserted about, listed, explained, forgotten. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/case.h"
#include "tests/unit/server/lab.h"

static struct lab lab;

static int set_up(void **state)
{
	(void)state;
	lab_open(&lab, "2025-05-20T00:00:00Z");
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

TEST(a_device_is_added_once_and_gets_a_token_of_its_own)
{
	json_t *first = lab_expect(&lab, 201, "POST", "/devices", "{\"id\":\"pc-1\"}");
	assert_string_equal(text_of(first, "id"), "pc-1");
	assert_int_equal(strlen(text_of(first, "token")), 32);
	json_t *second = lab_expect(&lab, 201, "POST", "/devices", "{\"id\":\"pc-2\"}");
	assert_string_not_equal(text_of(first, "token"), text_of(second, "token"));
	json_decref(first);
	json_decref(second);
	json_t *again = lab_expect(&lab, 409, "POST", "/devices", "{\"id\":\"pc-1\"}");
	assert_string_equal(text_of(again, "detail"), "there is a device 'pc-1' already");
	json_decref(again);
}

TEST(a_body_that_is_not_right_changes_nothing)
{
	static const struct {
		const char *method, *path, *body, *detail;
	} rows[] = {
		{ "POST", "/devices", "{}", "the body wants {\"id\"" },
		{ "POST", "/devices", "{\"id\":\"\"}", "the body wants {\"id\"" },
		{ "POST", "/devices", "{\"id\":7}", "the body wants {\"id\"" },
		{ "POST", "/devices", "{\"id\":\"a\\nb\"}", "the body wants {\"id\"" },
		{ "PUT", "/devices/pc-1/facts", "{}", "the body wants {\"facts\"" },
		{ "PUT", "/devices/pc-1/facts", "{\"facts\":{}}",
		  "the body wants {\"facts\"" },
		{ "PUT", "/devices/pc-1/facts", "{\"facts\":[1]}",
		  "the body wants {\"facts\"" },
		{ "PUT", "/devices/pc-1/facts", "{\"facts\":{\"vbs\":1}}",
		  "the fact 'vbs' wants text, or null" },
		{ "PUT", "/devices/pc-1/facts",
		  "{\"facts\":{\"vbs\":\"off\"},\"reason\":1}", "the reason is no text" },
		{ "PUT", "/devices/pc-1/facts",
		  "{\"facts\":{\"vbs\":\"off\",\"bad name\":\"x\"}}", "" },
	};
	char long_id[400];

	lab_device(&lab, "pc-1", "");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct answer answer =
			lab_call(&lab, rows[i].method, rows[i].path, rows[i].body);
		if (answer.status != 400 ||
		    strncmp(text_of(answer.json, "detail"), rows[i].detail,
			    strlen(rows[i].detail)) != 0)
			fail_msg("%s: %d %s", rows[i].body, answer.status, answer.text);
		answer_free(&answer);
	}
	snprintf(long_id, sizeof long_id, "{\"id\":\"%0257d\"}", 0);
	json_decref(lab_expect(&lab, 400, "POST", "/devices", long_id));
	json_t *device = lab_expect(&lab, 200, "GET", "/devices/pc-1", NULL);
	assert_int_equal(json_array_size(json_object_get(device, "facts")), 0);
	json_decref(device);
}

static const json_t *fact_of(const json_t *device, const char *name)
{
	const json_t *facts = json_object_get(device, "facts"), *fact;
	size_t i;

	json_array_foreach(facts, i, fact)
	{
		if (strcmp(text_of(fact, "name"), name) == 0)
			return fact;
	}
	return NULL;
}

TEST(an_asserted_fact_is_marked_and_counts)
{
	lab_load(&lab);
	lab_device(&lab, "pc-1",
		   "os.family=client os.arch=x64 os.build=26100.3775 os.kbs=KB5055523 "
		   "os.edition=Enterprise site=lab");
	json_t *before = lab_expect(&lab, 200, "GET", "/devices/pc-1", NULL);
	assert_string_equal(text_of(before, "kb"), "KB5058411");
	assert_string_equal(text_of(json_object_get(before, "level"), "kb"), "KB5055523");
	assert_string_equal(text_of(before, "track"), "hotpatch");
	json_t *after = lab_expect(&lab, 200, "PUT", "/devices/pc-1/facts",
				   "{\"facts\":{\"vbs\":\"running\"}}");
	assert_string_equal(text_of(after, "kb"), "KB5058497");
	assert_string_equal(text_of(after, "kind"), "hotpatch");
	assert_string_equal(text_of(after, "action"), "install");
	assert_string_equal(text_of(after, "policy"), "lab");
	assert_string_equal(text_of(after, "ring"), "all");
	assert_string_equal(text_of(fact_of(after, "vbs"), "value"), "running");
	assert_string_equal(text_of(fact_of(after, "vbs"), "source"), "asserted");
	const json_t *events = json_object_get(after, "events");
	assert_string_equal(text_of(json_array_get(events, 0), "kind"), "facts");
	assert_int_equal(json_array_size(json_object_get(
				 json_object_get(after, "decision"), "rows")),
			 8);
	json_decref(before);
	json_decref(after);
	after = lab_expect(&lab, 200, "PUT", "/devices/pc-1/facts",
			   "{\"facts\":{\"vbs\":null}}");
	assert_null(fact_of(after, "vbs"));
	assert_string_equal(text_of(after, "kb"), "KB5058411");
	json_decref(after);
}

TEST(an_explanation_answers_as_data_and_as_text)
{
	lab_load(&lab);
	lab_device(&lab, "pc-1",
		   "os.family=client os.arch=x64 os.build=26100.3775 os.kbs=KB5055523 "
		   "os.edition=Enterprise site=lab vbs=off");
	json_t *body = lab_expect(&lab, 200, "GET",
				  "/devices/pc-1/explain?update=KB5058497", NULL);
	const json_t *rule = NULL, *one;
	size_t i;
	assert_string_equal(text_of(body, "id"), "pc-1");
	assert_string_equal(text_of(body, "at"), "2025-05-20T00:00:00Z");
	assert_non_null(strstr(text_of(body, "text"), "KB5058411"));
	json_array_foreach(json_object_get(body, "rules"), i, one)
	{
		if (strcmp(text_of(one, "rule"), "vbs") == 0)
			rule = one;
	}
	assert_non_null(rule);
	assert_string_equal(text_of(rule, "verdict"), "fail");
	assert_string_equal(text_of(rule, "observed"), "off");
	assert_string_equal(text_of(rule, "expected"), "running");
	assert_string_equal(text_of(rule, "reason"), "vbs-not-running");
	assert_string_equal(text_of(rule, "observed_at"), "2025-05-20T00:00:00Z");
	assert_true(strlen(text_of(rule, "remedy")) > 0);
	assert_string_equal(text_of(json_object_get(body, "decision"), "kb"),
			    "KB5058411");
	json_decref(body);
	json_decref(lab_expect(&lab, 200, "GET",
			       "/devices/pc-1/explain?update=KB5058497@26100.3981",
			       NULL));
	json_decref(
		lab_expect(&lab, 200, "GET", "/devices/pc-1/explain?update=KB1", NULL));
	json_decref(
		lab_expect(&lab, 400, "GET", "/devices/pc-1/explain?update=May", NULL));
	json_decref(lab_expect(&lab, 400, "GET",
			       "/devices/pc-1/explain?update=KB5058497@x", NULL));
}

static void expect_ids(const char *path, const char *ids, const char *next)
{
	json_t *body = lab_expect(&lab, 200, "GET", path, NULL);
	const json_t *row;
	char got[300] = "";
	size_t i;

	json_array_foreach(json_object_get(body, "devices"), i, row)
	{
		size_t used = strlen(got);
		snprintf(got + used, sizeof got - used, "%s%s", i > 0 ? " " : "",
			 text_of(row, "id"));
	}
	if (strcmp(got, ids) != 0 || strcmp(text_of(body, "next"), next) != 0)
		fail_msg("%s: '%s' next '%s'", path, got, text_of(body, "next"));
	json_decref(body);
}

TEST(the_list_is_filtered_by_facts_and_by_what_was_decided)
{
	static const struct {
		const char *where, *ids;
	} rows[] = {
		{ "any", "a b c d" },
		{ "vbs%20%3D%20running", "a b" },
		{ "not%20vbs%20%3D%20running", "c" }, /* d reports nothing */
		{ "id%20%3D%20b", "b" },
		{ "ring%20%3D%20slow", "b" },
		{ "policy%20%3D%20lab", "a b c" },
		{ "product%20%3D%20w24", "a b c" },
		{ "level.kb%20%3D%20KB5058497", "a" },
		{ "level.build%20%3D%2026100.3775", "b c" },
		{ "track%20%3D%20hotpatch", "a b c" },
		{ "standing%20%3D%20up-to-date", "a" },
		{ "standing%20%3D%20waiting", "b" },
		{ "action%20%3D%20install", "c" },
		{ "standing%20%3D%20not-ready", "d" },
		{ "flow.state%20%3D%20offered", "" },
		{ "policy%20%3D%20lab%20and%20not%20action%20%3D%20install", "a b" },
	};
	char path[256];

	lab_load(&lab);
	lab_device(&lab, "a",
		   "os.family=client os.arch=x64 os.build=26100.3981 "
		   "os.kbs=KB5055523,KB5058497 os.edition=Enterprise site=lab "
		   "vbs=running");
	lab_device(&lab, "b",
		   "os.family=client os.arch=x64 os.build=26100.3775 os.kbs=KB5055523 "
		   "os.edition=Enterprise site=lab vbs=running tag.ring=slow");
	lab_device(&lab, "c",
		   "os.family=client os.arch=x64 os.build=26100.3775 os.kbs=KB5055523 "
		   "os.edition=Enterprise site=lab vbs=off");
	lab_device(&lab, "d", "");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		snprintf(path, sizeof path, "/devices?where=%s", rows[i].where);
		expect_ids(path, rows[i].ids, "");
	}
}

TEST(the_list_comes_in_pages)
{
	for (char id[2] = "a"; id[0] <= 'e'; id[0]++)
		lab_device(&lab, id, id[0] == 'c' ? "" : "tag.even=yes");
	expect_ids("/devices?limit=2", "a b", "b");
	expect_ids("/devices?limit=2&after=b", "c d", "d");
	expect_ids("/devices?limit=2&after=d", "e", "");
	expect_ids("/devices?limit=5", "a b c d e", "");
	expect_ids("/devices?after=zzz", "", "");
	expect_ids("/devices?limit=2&where=tag.even%3Dyes", "a b", "b");
	expect_ids("/devices?limit=2&where=tag.even%3Dyes&after=b", "d e", "");
}

TEST(an_id_may_hold_anything_that_can_be_shown)
{
	json_decref(lab_expect(&lab, 201, "POST", "/devices",
			       "{\"id\":\"Lab 7/\\u00fc 100%\"}"));
	json_t *body =
		lab_expect(&lab, 200, "GET", "/devices/Lab%207%2F%C3%BC%20100%25", NULL);
	assert_string_equal(text_of(body, "id"), "Lab 7/\xc3\xbc 100%");
	json_decref(body);
}

TEST(a_forgotten_device_is_gone_and_may_come_back)
{
	lab_device(&lab, "pc-1", "vbs=off");
	json_decref(lab_expect(&lab, 200, "DELETE", "/devices/pc-1", NULL));
	json_decref(lab_expect(&lab, 404, "GET", "/devices/pc-1", NULL));
	expect_ids("/devices", "", "");
	lab_device(&lab, "pc-1", "");
	json_t *body = lab_expect(&lab, 200, "GET", "/devices/pc-1", NULL);
	assert_int_equal(json_array_size(json_object_get(body, "facts")), 0);
	json_decref(body);
}

int main(void)
{
#define DEVICE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		DEVICE_TEST(a_device_is_added_once_and_gets_a_token_of_its_own),
		DEVICE_TEST(a_body_that_is_not_right_changes_nothing),
		DEVICE_TEST(an_asserted_fact_is_marked_and_counts),
		DEVICE_TEST(an_explanation_answers_as_data_and_as_text),
		DEVICE_TEST(the_list_is_filtered_by_facts_and_by_what_was_decided),
		DEVICE_TEST(the_list_comes_in_pages),
		DEVICE_TEST(an_id_may_hold_anything_that_can_be_shown),
		DEVICE_TEST(a_forgotten_device_is_gone_and_may_come_back),
	};
	return cmocka_run_group_tests_name("admin devices", tests, NULL, NULL);
}
