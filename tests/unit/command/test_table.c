#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/command/csv.h"
#include "protocol/command/table.h"
#include "protocol/command/text.h"
#include "tests/lib/case.h"

static const struct table_column columns[] = {
	{ "NAME", false, 0 },
	{ "DEVICES", true, 0 },
	{ "NOTE", false, 1 },
	{ "MORE", false, 2 },
};
static const char *const cells[][4] = {
	{ "test", "7", "on its way", "a" },
	{ "bröad", "12 480", "", "b" },
	{ "東京", "3", "後", "" },
};

/* The table on a terminal so wide; 0 is none.  Free it. */
static char *print(size_t width, bool paints, bool headers)
{
	struct terminal terminal = { .is_there = width > 0,
				     .columns = width,
				     .paints = paints };
	static const enum ink inks[] = { INK_PLAIN, INK_GOOD, INK_PLAIN, INK_PLAIN };
	struct table *table = table_new(columns, COUNT_OF(columns));
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	assert_non_null(table);
	for (size_t i = 0; i < COUNT_OF(cells); i++)
		assert_int_equal(table_row(table, cells[i], inks), 0);
	table_print(table, &terminal, headers, to);
	fclose(to);
	table_free(table);
	return text;
}

TEST(columns_are_aligned_by_what_characters_are_wide)
{
	char *text = print(0, false, true);

	assert_string_equal(text, "NAME   DEVICES  NOTE        MORE\n"
				  "test         7  on its way  a\n"
				  "bröad   12 480              b\n"
				  "東京         3  後\n");
	free(text);
}

TEST(a_terminal_that_is_too_narrow_loses_what_matters_least_and_then_cuts)
{
	static const struct {
		size_t width;
		const char *text;
	} rows[] = {
		{ 32, "NAME   DEVICES  NOTE        MORE\n"
		      "test         7  on its way  a\n"
		      "bröad   12 480              b\n"
		      "東京         3  後\n" },
		{ 31, "NAME   DEVICES  NOTE\n"
		      "test         7  on its way\n"
		      "bröad   12 480\n"
		      "東京         3  後\n" },
		{ 25, "NAME   DEVICES\n"
		      "test         7\n"
		      "bröad   12 480\n"
		      "東京         3\n" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = print(rows[i].width, false, true);
		if (strcmp(text, rows[i].text) != 0)
			fail_msg("%zu columns:\n%s", rows[i].width, text);
		free(text);
	}
}

TEST(what_stays_but_does_not_fit_is_cut_with_dots)
{
	static const struct table_column two[] = { { "A", false, 0 }, { "B", true, 0 } };
	static const char *const row[] = { "a rather long text", "5" };
	struct terminal terminal = { .is_there = true, .columns = 15 };
	struct table *table = table_new(two, 2);
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_int_equal(table_row(table, row, NULL), 0);
	table_print(table, &terminal, true, to);
	fclose(to);
	assert_string_equal(text, "A             B\n"
				  "a rather lo…  5\n");
	table_free(table);
	free(text);
}

TEST(headers_may_be_left_out_and_colours_only_wrap_words)
{
	char *text = print(0, true, false);

	assert_non_null(strstr(text, "test   \033[32m     7\033[0m  on its way  a\n"));
	assert_null(strstr(text, "NAME"));
	free(text);
}

TEST(nothing_a_device_says_reaches_the_terminal_raw)
{
	static const struct {
		const char *what;
		char text[32];
		const char *clean;
	} rows[] = {
		{ "an escape", "a\033[31mb", "a?[31mb" },
		{ "a line end", "a\nb", "a?b" },
		{ "delete", "a\177b", "a?b" },
		{ "a C1 control",
		  "a\xc2\x9b"
		  "31m",
		  "a?31m" },
		{ "text that turns around",
		  { 'a', '\xe2', '\x80', '\xae', 'b', '\0' },
		  "a?b" },
		{ "broken UTF-8", "a\xc3(", "a?(" },
		{ "an overlong form", "\xc0\xaf", "??" },
		{ "a surrogate", "\xed\xa0\x80", "???" },
		{ "plain text", "bröad 東京", "bröad 東京" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[32];
		memcpy(text, rows[i].text, sizeof text);
		text_clean(text);
		if (strcmp(text, rows[i].clean) != 0)
			fail_msg("%s: \"%s\"", rows[i].what, text);
	}
}

TEST(a_text_is_fitted_in_whole_characters)
{
	size_t used;

	assert_int_equal(text_fit("東京", 3, &used), 3);
	assert_int_equal(used, 2);
	assert_int_equal(text_columns("e\xcc\x81"), 1); /* a combining accent */
	assert_int_equal(text_fit("abc", 0, &used), 0);
}

TEST(csv_is_quoted_where_it_must_be)
{
	static const char *const values[] = { "plain",      "a,b", "say \"hi\"",
					      "two\nlines", "",    " sp " };
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	csv_line(to, values, COUNT_OF(values));
	fclose(to);
	assert_string_equal(text, "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",, sp "
				  "\r\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned_by_what_characters_are_wide),
		cmocka_unit_test(
			a_terminal_that_is_too_narrow_loses_what_matters_least_and_then_cuts),
		cmocka_unit_test(what_stays_but_does_not_fit_is_cut_with_dots),
		cmocka_unit_test(headers_may_be_left_out_and_colours_only_wrap_words),
		cmocka_unit_test(nothing_a_device_says_reaches_the_terminal_raw),
		cmocka_unit_test(a_text_is_fitted_in_whole_characters),
		cmocka_unit_test(csv_is_quoted_where_it_must_be),
	};
	text_start();
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
