#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "engine/utf8.h"

TEST(a_problem_is_told_once_and_gathers_clauses_in_front)
{
	struct problem p = { 0 };

	assert_int_equal(problem_set(&p, PROBLEM_BAD_INPUT, "'%s' is odd", "x"), -1);
	assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
	assert_string_equal(p.text, "'x' is odd");
	assert_int_equal(problem_while(&p, "reading line %d", 7), -1);
	assert_int_equal(problem_while(&p, "loading plan.xml"), -1);
	assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
	assert_string_equal(p.text, "loading plan.xml: reading line 7: 'x' is odd");
	problem_set(&p, PROBLEM_BUSY, "later");
	assert_string_equal(p.text, "later");
}

TEST(a_long_problem_is_cut_with_dots)
{
	struct problem p = { 0 };
	char text[400];

	for (size_t size = sizeof p.text - 3; size < sizeof p.text + 3; size++) {
		memset(text, 'x', size);
		text[size] = '\0';
		problem_set(&p, PROBLEM_EXTERNAL, "%s", text);
		bool fits = size < sizeof p.text;
		assert_int_equal(strlen(p.text), fits ? size : sizeof p.text - 1);
		assert_int_equal(strstr(p.text, "...") == NULL, fits);
	}
	problem_set(&p, PROBLEM_EXTERNAL, "the cause");
	problem_while(&p, "%s", text);
	assert_int_equal(strlen(p.text), sizeof p.text - 1);
	assert_string_equal(p.text + sizeof p.text - 4, "...");
	problem_set(&p, PROBLEM_EXTERNAL, "the cause");
	text[sizeof p.text - 6] = '\0';
	problem_while(&p, "%s", text);
	assert_string_equal(p.text + sizeof p.text - 7, "x: ...");
}

TEST(what_peers_sent_leaves_as_plain_text)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "Z\xc3\xbcrich \xf0\x9f\x92\xbb", "Z\xc3\xbcrich \xf0\x9f\x92\xbb" },
		{ "a\nb\tc\x1b[0m", "a b c [0m" },
		{ "\x7f\xc2\x85!", "   !" },
		{ "\xff\xfe", "??" },
		{ "cut \xe2\x82", "cut ??" },
		{ "\xed\xa0\x80", "???" },
		{ "\xc0\xaf", "??" },
		{ "\xf4\x90\x80\x80", "????" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct problem p = { 0 };
		problem_set(&p, PROBLEM_BAD_INPUT, "%s", cases[i].in);
		assert_string_equal(p.text, cases[i].out);
	}
}

TEST(a_cut_falls_between_characters)
{
	char text[16];

	static const char whole[] = "xxx\xf0\x9f\x92\xbb\xf0\x9f\x92\xbb\xf0\x9f\x92\xbb"
				    "\xf0\x9f\x92\xbb";

	for (size_t shift = 0; shift < 4; shift++) {
		const char *from = whole + 3 - shift;
		int wanted = (int)strlen(from);
		memcpy(text, from, sizeof text - 1);
		text[sizeof text - 1] = '\0';
		utf8_mark_cut(text, sizeof text, wanted);
		size_t size = strlen(text);
		assert_string_equal(text + size - 3, "...");
		assert_int_equal((size - 3 - shift) % 4, 0);
		assert_true(size - 3 >= 8);
	}
	strcpy(text, "whole");
	utf8_mark_cut(text, sizeof text, 5);
	assert_string_equal(text, "whole");
}

/* Slugs are in logs, metrics and the API: they may not change. */
TEST(every_kind_has_a_face_at_every_edge)
{
	static const struct {
		enum problem_kind kind;
		const char *slug;
		int http, exit;
	} cases[] = {
		{ PROBLEM_NONE, "none", 200, 0 },
		{ PROBLEM_BAD_INPUT, "bad-input", 400, 65 },
		{ PROBLEM_NOT_FOUND, "not-found", 404, 66 },
		{ PROBLEM_CONFLICT, "conflict", 409, 65 },
		{ PROBLEM_TOO_LARGE, "too-large", 413, 65 },
		{ PROBLEM_BUSY, "busy", 503, 75 },
		{ PROBLEM_EXTERNAL, "external", 500, 74 },
		{ PROBLEM_NO_MEMORY, "no-memory", 503, 71 },
	};
	assert_int_equal(COUNT_OF(cases), PROBLEM_KINDS);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct problem_face *face = problem_face(cases[i].kind);
		assert_string_equal(face->slug, cases[i].slug);
		assert_int_equal(face->http_status, cases[i].http);
		assert_int_equal(face->exit_status, cases[i].exit);
		assert_non_null(face->soap_code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_problem_is_told_once_and_gathers_clauses_in_front),
		cmocka_unit_test(a_long_problem_is_cut_with_dots),
		cmocka_unit_test(what_peers_sent_leaves_as_plain_text),
		cmocka_unit_test(a_cut_falls_between_characters),
		cmocka_unit_test(every_kind_has_a_face_at_every_edge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
