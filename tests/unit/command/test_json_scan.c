#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/command/json_scan.h"
#include "tests/lib/case.h"

static bool accepts(const char *text, struct problem *p)
{
	char copy[512];
	struct json_scan scan;

	snprintf(copy, sizeof copy, "%s", text);
	json_scan_init(&scan, copy);
	if (json_scan_skip(&scan) && json_scan_end(&scan))
		return true;
	json_scan_fault(&scan, p);
	return false;
}

TEST(json_is_taken_and_nothing_else)
{
	static const char *const good[] = {
		"{}",
		"[]",
		" [ ] ",
		"null",
		"true",
		"false",
		"0",
		"-0",
		"-1.5e+10",
		"1E9",
		"\"\"",
		"\"a\\u00e9\\ud83d\\ude00\\n\"",
		"{\"a\":[1,{\"b\":null}]}",
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
		"\"\xc3\xa9\xf0\x9f\x98\x80\"",
	};
	static const struct {
		const char *text, *fault;
	} bad[] = {
		{ "", "the JSON ends too early, at byte 1" },
		{ "nul", "this is no value, at byte 1" },
		{ "True", "this is no value, at byte 1" },
		{ "{} x", "something follows the JSON, at byte 4" },
		{ "{\"a\":1,}", "the name of a member is expected, at byte 8" },
		{ "[1,]", "this is no value, at byte 4" },
		{ "[1 2]", "a , or ] is missing, at byte 4" },
		{ "{\"a\" 1}", "a : is missing, at byte 6" },
		{ "{a:1}", "the name of a member is expected, at byte 2" },
		{ "{'a':1}", "the name of a member is expected, at byte 2" },
		{ "\"abc", "a string does not end, at byte 5" },
		{ "\"a\tb\"", "a control character is in a string, at byte 3" },
		{ "\"\\x41\"", "this escape is none, at byte 2" },
		{ "\"\\u12g4\"", "this escape is none, at byte 2" },
		{ "\"\\u0000\"", "this escape is none, at byte 2" },
		{ "\"\\ud83d\"", "this escape is none, at byte 2" },
		{ "\"\\ude00\"", "this escape is none, at byte 2" },
		{ "\"\xc3(\"", "this is no UTF-8, at byte 2" },
		{ "\"\xed\xa0\x80\"", "this is no UTF-8, at byte 2" },
		{ "\"\xf4\x90\x80\x80\"", "this is no UTF-8, at byte 2" },
		{ "01", "something follows the JSON, at byte 2" },
		{ "1.", "a digit is missing, at byte 3" },
		{ "-", "a digit is missing, at byte 2" },
		{ "1e", "a digit is missing, at byte 3" },
		{ ".5", "this is no value, at byte 1" },
		{ "+1", "this is no value, at byte 1" },
	};
	struct problem p;

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		if (!accepts(good[i], &p))
			fail_msg("%s: %s", good[i], p.text);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (accepts(bad[i].text, &p) || strcmp(p.text, bad[i].fault) != 0)
			fail_msg("%s: %s", bad[i].text, p.text);
	}
}

TEST(depth_is_bounded)
{
	struct problem p;
	char text[128];

	memset(text, '[', 64);
	memset(text + 64, ']', 63);
	text[127] = '\0';
	assert_false(accepts(text, &p));
	assert_string_equal(p.text, "the JSON is nested too deep, at byte 33");
}

TEST(strings_are_unescaped_where_they_lie)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{ "\"\"", "" },
		{ "\"plain\"", "plain" },
		{ "\"a\\\"b\\\\c\\/d\"", "a\"b\\c/d" },
		{ "\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t" },
		{ "\"\\u00e9t\\u00C9\"", "étÉ" },
		{ "\"x\\u20acy\"", "x€y" },
		{ "\"\\ud83d\\ude00!\"", "😀!" },
		{ "\"é\\u0041é\"", "éAé" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char copy[64];
		struct json_scan scan;
		snprintf(copy, sizeof copy, "%s", rows[i].json);
		json_scan_init(&scan, copy);
		const char *text = json_scan_text(&scan);
		if (text == NULL || strcmp(text, rows[i].text) != 0)
			fail_msg("%s: %s", rows[i].json, text == NULL ? "(none)" : text);
		assert_true(json_scan_end(&scan));
	}
}

TEST(a_value_that_was_skipped_can_be_read_later)
{
	char text[] = "{\"a\":[\"x\\ny\"],\"b\":true}";
	struct json_scan scan, later;
	bool first = true, truth = false;

	json_scan_init(&scan, text);
	assert_true(json_scan_open(&scan, '{'));
	assert_true(json_scan_more(&scan, &first, '}'));
	assert_string_equal(json_scan_name(&scan), "a");
	later = scan;
	assert_true(json_scan_skip(&scan));
	assert_true(json_scan_more(&scan, &first, '}'));
	assert_string_equal(json_scan_name(&scan), "b");
	assert_true(json_scan_truth(&scan, &truth));
	assert_true(truth);
	assert_false(json_scan_more(&scan, &first, '}'));
	assert_true(json_scan_end(&scan));

	first = true;
	assert_true(json_scan_open(&later, '['));
	assert_true(json_scan_more(&later, &first, ']'));
	assert_string_equal(json_scan_text(&later), "x\ny");
	assert_false(json_scan_more(&later, &first, ']'));
}

/* Another reader of JSON as the judge: both take the same texts, but for NUL, which we
 * refuse, and depth. */
TEST(a_hundred_thousand_mutated_texts_are_judged_as_another_reader_judges_them)
{
	static const char seed[] =
		"{\"id\":\"a\\u00e9\\ud83d\\ude00\",\"facts\":{\"os.build\":\"26100.1\"},"
		"\"h\":[1,-2.5e3,true,null,{\"x\":[]},\"\xc3\xa9\xe2\x82\xac\"]}";
	static const char bytes[] = "{}[]\":,\\u0123dDeE+-.tfn \x80\xc3\xed\xf0\xff\t";
	uint32_t random = 1;

	for (int round = 0; round < 100000; round++) {
		char text[sizeof seed];
		memcpy(text, seed, sizeof seed);
		for (int change = 0; change < 1 + round % 3; change++) {
			random = random * 1664525 + 1013904223;
			size_t at = (random >> 8) % (sizeof seed - 1);
			random = random * 1664525 + 1013904223;
			text[at] = bytes[(random >> 8) % (sizeof bytes - 1)];
		}
		char copy[sizeof seed];
		memcpy(copy, text, sizeof seed);
		struct json_scan scan;
		json_scan_init(&scan, copy);
		bool ours = json_scan_skip(&scan) && json_scan_end(&scan);
		json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
		if (ours != (value != NULL))
			fail_msg("round %d: %s by us: %s", round,
				 ours ? "taken" : "refused", text);
		json_decref(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_taken_and_nothing_else),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(strings_are_unescaped_where_they_lie),
		cmocka_unit_test(a_value_that_was_skipped_can_be_read_later),
		cmocka_unit_test(
			a_hundred_thousand_mutated_texts_are_judged_as_another_reader_judges_them),
	};
	return cmocka_run_group_tests_name("json_scan", tests, NULL, NULL);
}
