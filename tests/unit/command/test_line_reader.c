#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/problem.h"
#include "protocol/command/line_reader.h"
#include "run.h"
#include "tests/lib/case.h"

static int set_up(void **state)
{
	(void)state;
	folder_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	folder_remove();
	return 0;
}

TEST(lines_come_one_by_one_whatever_ends_the_file)
{
	static const struct {
		const char *text;
		const char *lines[4];
	} rows[] = {
		{ "", { NULL } },
		{ "a", { "a", NULL } },
		{ "a\n", { "a", NULL } },
		{ "\n", { "", NULL } },
		{ "a\n\nb", { "a", "", "b", NULL } },
		{ "a\r\nb\n", { "a\r", "b", NULL } },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		struct line_reader *reader =
			line_reader_open(folder_file("lines", rows[i].text), &p);
		char *text;
		size_t size;
		assert_non_null(reader);
		for (const char *const *line = rows[i].lines; *line != NULL; line++) {
			assert_int_equal(line_reader_next(reader, &text, &size, &p),
					 LINE_READ);
			assert_string_equal(text, *line);
			assert_int_equal(size, strlen(*line));
		}
		assert_int_equal(line_reader_next(reader, &text, &size, &p), LINE_END);
		assert_int_equal(line_reader_next(reader, &text, &size, &p), LINE_END);
		line_reader_close(reader);
	}
}

TEST(a_line_may_have_just_as_many_bytes_as_promised_and_no_more)
{
	enum { SIZE = 2 * LINE_MOST + 5 };
	char *whole = malloc(SIZE + 1), *text;
	struct problem p = { 0 };
	size_t size;

	memset(whole, 'x', SIZE);
	whole[SIZE] = '\0';
	whole[LINE_MOST] = '\n';         /* as many as promised */
	whole[2 * LINE_MOST + 2] = '\n'; /* one more */
	whole[SIZE - 2] = 'y';
	whole[SIZE - 1] = '\n';
	struct line_reader *reader = line_reader_open(folder_file("long", whole), &p);
	assert_non_null(reader);
	assert_int_equal(line_reader_next(reader, &text, &size, &p), LINE_READ);
	assert_int_equal(size, LINE_MOST);
	assert_int_equal(line_reader_next(reader, &text, &size, &p), LINE_TOO_LONG);
	assert_int_equal(line_reader_next(reader, &text, &size, &p), LINE_READ);
	assert_string_equal(text, "y");
	assert_int_equal(line_reader_next(reader, &text, &size, &p), LINE_END);
	line_reader_close(reader);

	whole[LINE_MOST] = 'x';
	whole[LINE_MOST + 1] = '\0'; /* too long, and no line end */
	reader = line_reader_open(folder_file("long", whole), &p);
	assert_int_equal(line_reader_next(reader, &text, &size, &p), LINE_TOO_LONG);
	assert_int_equal(line_reader_next(reader, &text, &size, &p), LINE_END);
	line_reader_close(reader);
	free(whole);
}

TEST(many_lines_survive_the_turn_of_the_room)
{
	enum { LINES = 300000 };
	char *whole = malloc(LINES * 12 + 1), *text;
	struct problem p = { 0 };
	size_t size, used = 0;

	for (int i = 0; i < LINES; i++)
		used += (size_t)sprintf(whole + used, "line %d\n", i);
	struct line_reader *reader = line_reader_open(folder_file("many", whole), &p);
	for (int i = 0; i < LINES; i++) {
		char expected[32];
		snprintf(expected, sizeof expected, "line %d", i);
		assert_int_equal(line_reader_next(reader, &text, &size, &p), LINE_READ);
		if (strcmp(text, expected) != 0)
			fail_msg("%s, not %s", text, expected);
	}
	assert_int_equal(line_reader_next(reader, &text, &size, &p), LINE_END);
	line_reader_close(reader);
	free(whole);
}

TEST(a_file_that_is_not_there_is_told_by_name)
{
	struct problem p = { 0 };

	assert_null(line_reader_open("/nowhere/at-all", &p));
	assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
	assert_string_equal(p.text,
			    "cannot read '/nowhere/at-all': No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_one_by_one_whatever_ends_the_file),
		cmocka_unit_test(
			a_line_may_have_just_as_many_bytes_as_promised_and_no_more),
		cmocka_unit_test(many_lines_survive_the_turn_of_the_room),
		cmocka_unit_test(a_file_that_is_not_there_is_told_by_name),
	};
	return cmocka_run_group_tests_name("line_reader", tests, set_up, tear_down);
}
