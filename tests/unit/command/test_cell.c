/* Members of JSON objects as text: for programs, and for people on a terminal. */

#include <string.h>

#include "engine/instant.h"
#include "protocol/command/cell.h"
#include "protocol/command/text.h"
#include "tests/lib/case.h"

static json_t *row_make(void)
{
	return json_pack(
		"{s:s,s:{s:s},s:I,s:I,s:f,s:s,s:s,s:[s,s],s:[{s:s}],s:b,s:n,s:f}", "text",
		"plain", "level", "build", "26100.3775", "many", (json_int_t)12480, "few",
		(json_int_t)1240, "share", 52.349, "seen", "2025-05-21T09:41:22Z", "next",
		"2025-05-22T17:00:00Z", "reasons", "deferred", "ring-paused", "replaces",
		"kb", "KB5055523", "payload", 0, "nothing", "odd", 0.1);
}

TEST(a_cell_is_plain_for_programs_and_short_for_people)
{
	static const struct {
		const char *path;
		enum cell_kind kind;
		const char *plain, *human;
	} rows[] = {
		{ "text", CELL_TEXT, "plain", "plain" },
		{ "level.build", CELL_TEXT, "26100.3775", "26100.3775" },
		{ "level.kb", CELL_TEXT, "", "" },
		{ "level.build.x", CELL_TEXT, "", "" },
		{ "many", CELL_NUMBER, "12480", "12 480" },
		{ "few", CELL_NUMBER, "1240", "1240" },
		{ "absent", CELL_NUMBER, "", "–" },
		{ "nothing", CELL_TEXT, "", "" },
		{ "share", CELL_PERCENT, "52.3", "52.3%" },
		{ "share", CELL_BAR, "52.3", "███████▊         52.3%" },
		{ "odd", CELL_NUMBER, "0.1", "0.1" },
		{ "seen", CELL_TIME, "2025-05-21T09:41:22Z", "2025-05-21 09:41" },
		{ "seen", CELL_AGE, "2025-05-21T09:41:22Z", "38 s" },
		{ "next", CELL_AGE, "2025-05-22T17:00:00Z", "in 1 d" },
		{ "text", CELL_AGE, "plain", "plain" },
		{ "reasons", CELL_LIST, "deferred ring-paused", "deferred ring-paused" },
		{ "replaces", CELL_LIST, "KB5055523", "KB5055523" },
		{ "payload", CELL_YES, "no", "no" },
	};
	int64_t now_s = 0;
	json_t *row = row_make();

	assert_non_null(row);
	assert_true(instant_parse("2025-05-21T09:42:00Z", &now_s));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct column column = { "c", "C", rows[i].path, rows[i].kind, 0, false };
		char plain[CELL_TEXT_MOST], human[CELL_TEXT_MOST];
		cell_plain(&column, row, plain);
		cell_human(&column, row, now_s, human);
		if (strcmp(plain, rows[i].plain) != 0 ||
		    strcmp(human, rows[i].human) != 0)
			fail_msg("%s: \"%s\", \"%s\"", rows[i].path, plain, human);
	}
	json_decref(row);
}

TEST(an_age_counts_in_its_largest_unit)
{
	static const struct {
		const char *now, *human;
	} rows[] = {
		{ "2025-05-21T09:41:22Z", "0 s" },
		{ "2025-05-21T09:42:21Z", "59 s" },
		{ "2025-05-21T09:42:22Z", "1 m" },
		{ "2025-05-21T10:41:21Z", "59 m" },
		{ "2025-05-21T10:41:22Z", "1 h" },
		{ "2025-05-22T09:41:21Z", "23 h" },
		{ "2025-05-22T09:41:22Z", "1 d" },
		{ "2026-05-21T09:41:22Z", "365 d" },
		{ "2025-05-21T09:41:12Z", "in 10 s" },
	};
	static const struct column column = { "c", "C", "seen", CELL_AGE, 0, false };
	json_t *row = row_make();
	char human[CELL_TEXT_MOST];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t now_s = 0;
		assert_true(instant_parse(rows[i].now, &now_s));
		cell_human(&column, row, now_s, human);
		if (strcmp(human, rows[i].human) != 0)
			fail_msg("%s: %s", rows[i].now, human);
	}
	/* a server that told no time */
	cell_human(&column, row, INSTANT_NONE, human);
	assert_string_equal(human, "2025-05-21 09:41");
	json_decref(row);
}

TEST(a_bar_is_as_wide_at_nothing_as_at_everything)
{
	static const double shares[] = { 0, 0.01, 6.67, 50, 99.99, 100, 250, -3 };
	static const struct column column = { "c", "C", "share", CELL_BAR, 0, false };
	char human[CELL_TEXT_MOST];

	for (size_t i = 0; i < COUNT_OF(shares); i++) {
		json_t *row = json_pack("{s:f}", "share", shares[i]);
		cell_human(&column, row, 0, human);
		if (text_columns(human) != 22)
			fail_msg("%g: \"%s\"", shares[i], human);
		json_decref(row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cell_is_plain_for_programs_and_short_for_people),
		cmocka_unit_test(an_age_counts_in_its_largest_unit),
		cmocka_unit_test(a_bar_is_as_wide_at_nothing_as_at_everything),
	};
	text_start();
	return cmocka_run_group_tests_name("cell", tests, NULL, NULL);
}
