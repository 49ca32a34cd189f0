#include "protocol/content/range.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/case.h"

enum { SIZE = 1000 };

/* The set as text, "0-9 20-29", so that a table row says what it means. */
static void describe(const struct range_set *set, char *out, size_t room)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < set->count; i++)
		used += (size_t)snprintf(
			out + used, room - used, "%s%lld-%lld", i > 0 ? " " : "",
			(long long)set->ranges[i].from,
			(long long)(set->ranges[i].from + set->ranges[i].size - 1));
}

struct row {
	const char *text;
	enum range_verdict verdict;
	const char *set;
};

static void walk(const struct row *rows, size_t count, int64_t size)
{
	for (size_t i = 0; i < count; i++) {
		struct range_set set;
		char text[512];
		enum range_verdict verdict = range_parse(rows[i].text, size, &set);
		describe(&set, text, sizeof text);
		if (verdict != rows[i].verdict ||
		    (verdict == RANGE_PARTS && strcmp(text, rows[i].set) != 0))
			fail_msg("'%s' gave verdict %d and '%s'", rows[i].text, verdict,
				 text);
	}
}

TEST(every_form_of_rfc_9110_picks_its_bytes)
{
	static const struct row rows[] = {
		{ "bytes=0-499", RANGE_PARTS, "0-499" },
		{ "bytes=500-999", RANGE_PARTS, "500-999" },
		{ "bytes=0-0", RANGE_PARTS, "0-0" },
		{ "bytes=999-999", RANGE_PARTS, "999-999" },
		{ "bytes=-500", RANGE_PARTS, "500-999" },
		{ "bytes=-1", RANGE_PARTS, "999-999" },
		{ "bytes=-1000", RANGE_PARTS, "0-999" },
		{ "bytes=-5000", RANGE_PARTS, "0-999" },
		{ "bytes=9-", RANGE_PARTS, "9-999" },
		{ "bytes=0-", RANGE_PARTS, "0-999" },
		{ "bytes=500-1000", RANGE_PARTS, "500-999" },
		{ "bytes=500-99999999999999999999999999", RANGE_PARTS, "500-999" },
		{ "bytes=0-0,-1", RANGE_PARTS, "0-0 999-999" },
		{ "bytes=0-9, 20-29 ,\t40-49", RANGE_PARTS, "0-9 20-29 40-49" },
		{ "bytes=20-29,0-9", RANGE_PARTS, "20-29 0-9" },
		{ "bytes= 0-9", RANGE_PARTS, "0-9" },
		{ "Bytes=0-9", RANGE_PARTS, "0-9" },
		{ "bytes=0-9,2000-3000", RANGE_PARTS, "0-9" },
		{ "bytes=1000-,0-9", RANGE_PARTS, "0-9" },
	};
	walk(rows, COUNT_OF(rows), SIZE);
}

TEST(no_range_and_other_units_mean_the_whole_file)
{
	static const struct row rows[] = {
		{ NULL, RANGE_WHOLE, "" },        { "", RANGE_WHOLE, "" },
		{ "lines=1-2", RANGE_WHOLE, "" }, { "byte=1-2", RANGE_WHOLE, "" },
		{ "bytes 1-2", RANGE_WHOLE, "" },
	};
	walk(rows, COUNT_OF(rows), SIZE);
}

TEST(what_is_malformed_overlapping_or_past_the_end_is_refused)
{
	static const struct row rows[] = {
		{ "bytes=", RANGE_REFUSED, "" },
		{ "bytes=-", RANGE_REFUSED, "" },
		{ "bytes=,", RANGE_REFUSED, "" },
		{ "bytes=0-9,", RANGE_REFUSED, "" },
		{ "bytes=,0-9", RANGE_REFUSED, "" },
		{ "bytes=5", RANGE_REFUSED, "" },
		{ "bytes=a-b", RANGE_REFUSED, "" },
		{ "bytes=1-b", RANGE_REFUSED, "" },
		{ "bytes=+1-2", RANGE_REFUSED, "" },
		{ "bytes=--1", RANGE_REFUSED, "" },
		{ "bytes=1 - 2", RANGE_REFUSED, "" },
		{ "bytes=0-9 20-29", RANGE_REFUSED, "" },
		{ "bytes=0-9;20-29", RANGE_REFUSED, "" },
		{ "bytes=9-0", RANGE_REFUSED, "" },
		{ "bytes=3000-2000", RANGE_REFUSED, "" },
		{ "bytes=1000-", RANGE_REFUSED, "" },
		{ "bytes=1000-2000", RANGE_REFUSED, "" },
		{ "bytes=-0", RANGE_REFUSED, "" },
		{ "bytes=99999999999999999999-", RANGE_REFUSED, "" },
		{ "bytes=0-9,5-14", RANGE_REFUSED, "" },
		{ "bytes=5-14,0-9", RANGE_REFUSED, "" },
		{ "bytes=0-,-1", RANGE_REFUSED, "" },
		{ "bytes=0-9,0-9", RANGE_REFUSED, "" },
	};
	walk(rows, COUNT_OF(rows), SIZE);
}

TEST(an_empty_file_has_no_ranges)
{
	static const struct row rows[] = {
		{ NULL, RANGE_WHOLE, "" },
		{ "bytes=0-", RANGE_REFUSED, "" },
		{ "bytes=0-0", RANGE_REFUSED, "" },
		{ "bytes=-1", RANGE_REFUSED, "" },
	};
	walk(rows, COUNT_OF(rows), 0);
}

TEST(sixteen_ranges_are_taken_and_a_seventeenth_refuses_the_set)
{
	char text[512] = "bytes=";
	struct range_set set;

	for (int i = 0; i < RANGES_MOST; i++) {
		char one[32];
		snprintf(one, sizeof one, "%s%d-%d", i > 0 ? "," : "", i * 10,
			 i * 10 + 4);
		strcat(text, one);
	}
	assert_int_equal(range_parse(text, SIZE, &set), RANGE_PARTS);
	assert_int_equal(set.count, RANGES_MOST);
	/* Also one that lies past the end counts: it costs work too. */
	strcat(text, ",5000-");
	assert_int_equal(range_parse(text, SIZE, &set), RANGE_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_rfc_9110_picks_its_bytes),
		cmocka_unit_test(no_range_and_other_units_mean_the_whole_file),
		cmocka_unit_test(
			what_is_malformed_overlapping_or_past_the_end_is_refused),
		cmocka_unit_test(an_empty_file_has_no_ranges),
		cmocka_unit_test(
			sixteen_ranges_are_taken_and_a_seventeenth_refuses_the_set),
	};
	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
