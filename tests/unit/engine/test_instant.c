#include "tests/lib/case.h"

#include <stdbool.h>
#include <string.h>

#include "engine/instant.h"

static const struct {
	const char *text;
	int64_t at_s;
} moments[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1970-01-01", 0 },
	{ "2025-04-08T17:00:00Z", INT64_C(1744131600) },
	{ "2025-04-08T19:00:00+02:00", INT64_C(1744131600) },
	{ "2025-04-08T10:00:00-07:00", INT64_C(1744131600) },
	{ "2025-04-08t17:00:00z", INT64_C(1744131600) },
	{ "2025-04-08T17:00:00.999999Z", INT64_C(1744131600) },
	{ "2025-04-08", INT64_C(1744070400) },
	{ "2000-02-29T00:00:00Z", INT64_C(951782400) },
	{ "2024-02-29T12:34:56Z", INT64_C(1709210096) },
	{ "1970-01-01T00:30:00+00:30", 0 },
	{ "2016-12-31T23:59:60Z", INT64_C(1483228800) },
	{ "2017-01-01T00:59:60+01:00", INT64_C(1483228800) },
	{ "9999-12-31T23:59:59Z", INT64_C(253402300799) },
};

TEST(every_form_of_a_moment_is_read)
{
	for (size_t i = 0; i < COUNT_OF(moments); i++) {
		int64_t at_s = -1;
		if (!instant_parse(moments[i].text, &at_s) || at_s != moments[i].at_s)
			fail_msg("%s: read as %lld", moments[i].text, (long long)at_s);
	}
}

TEST(whatever_else_is_refused_and_changes_nothing)
{
	static const char *const bad[] = {
		"",
		"now",
		"2025",
		"2025-4-08",
		"2025-04-08T",
		"2025-04-08T17:00Z",
		"2025-04-08T17:00:00",
		"2025-04-08 17:00:00Z",
		"2025-04-08T17:00:00Zulu",
		"2025-04-08T17:00:00.Z",
		"2025-04-08T24:00:00Z",
		"2025-04-08T17:60:00Z",
		"2025-04-08T17:00:61Z",
		"2025-04-08T17:00:60Z",
		"2025-04-08T17:00:00+0200",
		"2025-04-08T17:00:00+24:00",
		"2025-04-08T17:00:00+02:60",
		"2025-13-01",
		"2025-00-01",
		"2025-04-31",
		"2025-04-00",
		"2025-02-29",
		"2100-02-29",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
		"+2025-04-08",
		"2025-04-08x",
		" 2025-04-08",
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		int64_t at_s = 42;
		if (instant_parse(bad[i], &at_s) || at_s != 42)
			fail_msg("'%s' was taken", bad[i]);
	}
}

TEST(a_moment_survives_text_and_back)
{
	char text[INSTANT_TEXT];

	assert_string_equal(instant_format(INT64_C(1744131600), text),
			    "2025-04-08T17:00:00Z");
	/* Every 97th hour of the years that text can name, or nearly. */
	for (int64_t at_s = 0; at_s < INT64_C(253402300800);
	     at_s += INT64_C(97) * HOUR_S + 61) {
		int64_t back_s = -1;
		if (!instant_parse(instant_format(at_s, text), &back_s) || back_s != at_s)
			fail_msg("%lld became %s", (long long)at_s, text);
	}
}

TEST(what_is_no_moment_has_no_text)
{
	static const int64_t outside[] = { INSTANT_NONE, -1, INT64_C(253402300800),
					   INT64_MAX };
	char text[INSTANT_TEXT] = "before";
	for (size_t i = 0; i < COUNT_OF(outside); i++)
		assert_string_equal(instant_format(outside[i], text), "");
}

TEST(the_parts_of_a_moment_are_those_of_the_calendar)
{
	static const struct {
		int64_t at_s;
		struct civil is;
	} cases[] = {
		{ 0, { 1970, 1, 1, 0, 0, 0, 4 } },
		{ -1, { 1969, 12, 31, 23, 59, 59, 3 } },
		{ INT64_C(951782400), { 2000, 2, 29, 0, 0, 0, 2 } },
		{ INT64_C(951868799), { 2000, 2, 29, 23, 59, 59, 2 } },
		{ INT64_C(951868800), { 2000, 3, 1, 0, 0, 0, 3 } },
		{ INT64_C(1744131600), { 2025, 4, 8, 17, 0, 0, 2 } },
		{ INT64_C(4107542400), { 2100, 3, 1, 0, 0, 0, 1 } },
		{ INT64_C(253402300799), { 9999, 12, 31, 23, 59, 59, 5 } },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct civil c = civil_of(cases[i].at_s);
		if (c.year != cases[i].is.year || c.month != cases[i].is.month ||
		    c.day != cases[i].is.day || c.hour != cases[i].is.hour ||
		    c.minute != cases[i].is.minute || c.second != cases[i].is.second ||
		    c.weekday != cases[i].is.weekday)
			fail_msg("%lld is %d-%d-%d %d:%d:%d, weekday %d",
				 (long long)cases[i].at_s, c.year, c.month, c.day, c.hour,
				 c.minute, c.second, c.weekday);
		assert_int_equal(instant_of(&c), cases[i].at_s);
	}
}

TEST(durations_have_one_unit_or_none)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
		{ "0", 0 },
		{ "30", 30 },
		{ "30s", 30 },
		{ "90m", 5400 },
		{ "24h", 86400 },
		{ "2d", 172800 },
		{ "1w", 604800 },
		{ "007d", 604800 },
		{ "3653d", INT64_C(315619200) },
		{ "315619200", INT64_C(315619200) },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t seconds = -1;
		if (!duration_parse(cases[i].text, &seconds) ||
		    seconds != cases[i].seconds)
			fail_msg("%s: read as %lld", cases[i].text, (long long)seconds);
	}
}

TEST(other_durations_are_refused_and_change_nothing)
{
	static const char *const bad[] = {
		"",
		"h",
		"-1h",
		"+1h",
		"1.5h",
		"1 h",
		"1h ",
		"1H",
		"1y",
		"1d12h",
		"1hh",
		"3654d",
		"522w",
		"315619201",
		"1m0",
		"0x1",
		"99999999999999999999d",
		"88000h",
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		int64_t seconds = 42;
		if (duration_parse(bad[i], &seconds) || seconds != 42)
			fail_msg("'%s' was taken", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_a_moment_is_read),
		cmocka_unit_test(whatever_else_is_refused_and_changes_nothing),
		cmocka_unit_test(a_moment_survives_text_and_back),
		cmocka_unit_test(what_is_no_moment_has_no_text),
		cmocka_unit_test(the_parts_of_a_moment_are_those_of_the_calendar),
		cmocka_unit_test(durations_have_one_unit_or_none),
		cmocka_unit_test(other_durations_are_refused_and_change_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
