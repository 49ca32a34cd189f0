#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/findings.h"

TEST(a_finding_reads_as_file_line_what_and_the_right_answer)
{
	static const struct {
		struct finding finding;
		const char *text;
	} cases[] = {
		{ { SEVERITY_ERROR, { "plan.xml", 12 }, "ring 'x' is odd", "try 'y'" },
		  "plan.xml:12: error: ring 'x' is odd (try 'y')" },
		{ { SEVERITY_WARNING, { "plan.xml", 3 }, "never reached", "" },
		  "plan.xml:3: warning: never reached" },
		{ { SEVERITY_ERROR, { "catalog", 0 }, "out of memory", "" },
		  "catalog: error: out of memory" },
		{ { SEVERITY_ERROR, { "", 0 }, "out of memory", "" },
		  "error: out of memory" },
		{ { SEVERITY_ERROR, { NULL, 7 }, "odd", "" }, "error: odd" },
	};
	char room[200];
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(finding_format(&cases[i].finding, room, sizeof room),
				    cases[i].text);
}

TEST(what_does_not_fit_ends_in_dots_and_in_whole_characters)
{
	struct findings findings;
	char room[24], text[500];

	findings_init(&findings);
	/* "ü" at even places: the cut falls inside one of the two texts. */
	for (int shift = 0; shift < 2; shift++) {
		text[0] = 'x';
		for (size_t i = (size_t)shift; i + 2 < sizeof text; i += 2)
			memcpy(text + i, "\xc3\xbc", 2);
		text[sizeof text - 2 + shift] = '\0';
		text[sizeof text - 1] = '\0';
		findings_add(&findings, SEVERITY_ERROR, (struct origin){ "f", 1 }, text,
			     "%s", text);
		const struct finding *finding = &findings.list[shift];
		const char *both[] = { finding->text, finding->hint };
		for (size_t i = 0; i < COUNT_OF(both); i++) {
			size_t size = strlen(both[i]);
			assert_string_equal(both[i] + size - 3, "...");
			assert_int_equal((size - 3 - (size_t)shift) % 2, 0);
		}
	}
	finding_format(&findings.list[0], room, sizeof room);
	assert_true(strlen(room) < sizeof room);
	assert_string_equal(room + strlen(room) - 3, "...");
	findings_fini(&findings);
}

TEST(findings_are_kept_in_order_and_counted_by_severity)
{
	struct findings findings;

	findings_init(&findings);
	for (unsigned i = 1; i <= 20; i++)
		findings_add(&findings, i % 4 == 0 ? SEVERITY_WARNING : SEVERITY_ERROR,
			     (struct origin){ "f", i }, NULL, "number %u", i);
	assert_int_equal(findings.count, 20);
	assert_int_equal(findings.errors, 15);
	assert_int_equal(findings.warnings, 5);
	assert_false(findings.cut);
	for (unsigned i = 1; i <= 20; i++) {
		assert_int_equal(findings.list[i - 1].origin.line, i);
		assert_string_equal(findings.list[i - 1].hint, "");
	}
	assert_string_equal(findings.list[19].text, "number 20");
	findings_fini(&findings);
	assert_int_equal(findings.count, 0);
	assert_null(findings.list);
}

TEST(past_the_limit_they_are_counted_and_cut)
{
	struct findings findings;

	findings_init(&findings);
	for (int i = 0; i < LIMIT_FINDINGS; i++)
		findings_add(&findings, SEVERITY_ERROR, (struct origin){ "f", 1 }, NULL,
			     "one");
	assert_false(findings.cut);
	findings_add(&findings, SEVERITY_ERROR, (struct origin){ "f", 1 }, NULL, "more");
	assert_true(findings.cut);
	assert_int_equal(findings.count, LIMIT_FINDINGS);
	assert_int_equal(findings.errors, LIMIT_FINDINGS + 1);
	findings_fini(&findings);
}

TEST(the_nearest_word_is_found_when_one_is_near)
{
	static const char *const rings[] = { "test",       "broad",           "pilot",
					     "Production", "windows-11-24h2", "KB5055523",
					     "KB5058411" };
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{ "test", "test" },
		{ "tset", "test" },   /* two swapped */
		{ "tests", "test" },  /* one more */
		{ "boad", "broad" },  /* one less */
		{ "briad", "broad" }, /* another */
		{ "BROAD", "broad" }, /* only the case */
		{ "prodution", "Production" },
		{ "windows-11-24h1", "windows-11-24h2" },
		{ "KB5055532", "KB5055523" },
		{ "KB5055500", "KB5055523" },
		{ "KB5099999", NULL }, /* half its digits are those of any KB */
		{ "nothing", NULL },
		{ "tint", NULL }, /* two of four */
		{ "x", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *nearest = nearest_word(cases[i].word, rings, COUNT_OF(rings));
		if ((nearest == NULL) != (cases[i].nearest == NULL) ||
		    (nearest != NULL && strcmp(nearest, cases[i].nearest) != 0))
			fail_msg("%s: %s", cases[i].word,
				 nearest == NULL ? "(none)" : nearest);
	}
	assert_null(nearest_word("test", NULL, 0));
}

TEST(words_too_long_to_compare_are_passed_over)
{
	char word[200];
	const char *candidates[] = { word, "short" };

	memset(word, 'w', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	assert_null(nearest_word(word, candidates, COUNT_OF(candidates)));
	assert_string_equal(nearest_word("shor", candidates, COUNT_OF(candidates)),
			    "short");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_reads_as_file_line_what_and_the_right_answer),
		cmocka_unit_test(what_does_not_fit_ends_in_dots_and_in_whole_characters),
		cmocka_unit_test(findings_are_kept_in_order_and_counted_by_severity),
		cmocka_unit_test(past_the_limit_they_are_counted_and_cut),
		cmocka_unit_test(the_nearest_word_is_found_when_one_is_near),
		cmocka_unit_test(words_too_long_to_compare_are_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
