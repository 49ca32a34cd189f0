#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/hours.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "engine/zone.h"
#include "tests/unit/engine/zone_file.h"

enum {
	SUNDAY = 1 << 0,
	MONDAY = 1 << 1,
	TUESDAY = 1 << 2,
	SATURDAY = 1 << 6,
	EVERY_DAY = 0,
	WEEK_MINUTES = 7 * 24 * 60,
};

static struct zone *berlin;

/* Berlin turned round: clocks go back in spring and forward in autumn, by 30 minutes, and
 * lie far west. */
static struct zone *strange;

static struct zone *make(const char *name, const struct zone_file *file)
{
	struct zone_bytes bytes;
	struct problem p = { 0 };

	zone_file_write(file, &bytes);
	struct zone *zone = zone_parse(name, bytes.at, bytes.size, &p);
	if (zone == NULL)
		fprintf(stderr, "%s\n", p.text);
	return zone;
}

static int open_zones(void **state)
{
	struct zone_file file = zone_file_berlin;
	(void)state;
	berlin = make("Lab/Berlin", &file);
	file.offsets[0] = -34200;
	file.offsets[1] = -36000;
	strange = make("Lab/Strange", &file);
	return berlin == NULL || strange == NULL ? -1 : 0;
}

static int close_zones(void **state)
{
	(void)state;
	zone_free(berlin);
	zone_free(strange);
	return 0;
}

static int64_t at(const char *text)
{
	int64_t at_s = 0;
	if (!instant_parse(text, &at_s))
		fail_msg("%s is no moment", text);
	return at_s;
}

/* "08:30" as minutes of the day. */
static uint16_t minutes(const char *time)
{
	assert_int_equal(strlen(time), 5);
	return (uint16_t)((time[0] - '0') * 600 + (time[1] - '0') * 60 +
			  (time[3] - '0') * 10 + (time[4] - '0'));
}

static struct hours between(const char *from, const char *to, uint8_t weekdays)
{
	return (struct hours){ .from_minute = minutes(from),
			       .to_minute = minutes(to),
			       .weekdays = weekdays,
			       .set = true };
}

TEST(hours_that_are_not_set_hold_nothing)
{
	static const struct hours none = { 0 };
	const struct hours empty = between("08:00", "08:00", EVERY_DAY);
	int64_t now_s = at("2025-06-02T08:00:00Z");

	assert_false(hours_contain(&none, NULL, now_s));
	assert_false(hours_contain(&empty, NULL, now_s));
	assert_int_equal(hours_next(&none, NULL, now_s), INSTANT_NONE);
	assert_int_equal(hours_next(&empty, NULL, now_s), INSTANT_NONE);
	assert_int_equal(hours_end(&none, NULL, now_s), now_s);
}

/* 2025-06-01 is a Sunday. */
TEST(hours_hold_their_minutes_on_their_days)
{
	static const struct {
		const char *from, *to;
		uint8_t weekdays;
		const char *at;
		bool inside;
	} cases[] = {
		{ "08:00", "18:00", EVERY_DAY, "2025-06-01T07:59:59Z", false },
		{ "08:00", "18:00", EVERY_DAY, "2025-06-01T08:00:00Z", true },
		{ "08:00", "18:00", EVERY_DAY, "2025-06-01T17:59:59Z", true },
		{ "08:00", "18:00", EVERY_DAY, "2025-06-01T18:00:00Z", false },
		{ "08:00", "18:00", MONDAY, "2025-06-01T12:00:00Z", false },
		{ "08:00", "18:00", MONDAY, "2025-06-02T12:00:00Z", true },
		{ "08:00", "18:00", SUNDAY | MONDAY, "2025-06-01T12:00:00Z", true },
		{ "08:00", "18:00", SUNDAY | MONDAY, "2025-06-03T12:00:00Z", false },
		/* past midnight: of the day it starts on */
		{ "22:00", "04:00", EVERY_DAY, "2025-06-01T21:59:59Z", false },
		{ "22:00", "04:00", EVERY_DAY, "2025-06-01T22:00:00Z", true },
		{ "22:00", "04:00", EVERY_DAY, "2025-06-01T03:59:59Z", true },
		{ "22:00", "04:00", EVERY_DAY, "2025-06-01T04:00:00Z", false },
		{ "22:00", "04:00", SATURDAY, "2025-05-31T22:00:00Z", true },
		{ "22:00", "04:00", SATURDAY, "2025-06-01T03:59:59Z", true },
		{ "22:00", "04:00", SATURDAY, "2025-06-01T22:00:00Z", false },
		{ "22:00", "04:00", SATURDAY, "2025-05-31T03:00:00Z", false },
		{ "22:00", "00:00", SATURDAY, "2025-05-31T23:59:59Z", true },
		{ "22:00", "00:00", SATURDAY, "2025-06-01T00:00:00Z", false },
		{ "00:00", "24:00", EVERY_DAY, "2025-06-01T00:00:00Z", true },
		{ "00:00", "24:00", EVERY_DAY, "2025-06-01T23:59:59Z", true },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct hours hours =
			between(cases[i].from, cases[i].to, cases[i].weekdays);
		if (hours_contain(&hours, NULL, at(cases[i].at)) != cases[i].inside)
			fail_msg("case %zu: %s in %s to %s", i, cases[i].at,
				 cases[i].from, cases[i].to);
	}
}

/* In Berlin: 2025-03-30 has no 02:00 to 03:00 local, 2025-10-26 has it twice. */
TEST(the_next_and_the_last_moment_inside_are_these)
{
	static const struct {
		const char *from, *to;
		uint8_t weekdays;
		const char *now, *next, *end; /* end: of what `next` is in */
	} cases[] = {
		{ "08:00", "18:00", EVERY_DAY, "2025-06-01T05:00:00Z",
		  "2025-06-01T06:00:00Z", "2025-06-01T16:00:00Z" },
		{ "08:00", "18:00", EVERY_DAY, "2025-06-01T12:34:56Z",
		  "2025-06-01T12:34:56Z", "2025-06-01T16:00:00Z" },
		{ "08:00", "18:00", EVERY_DAY, "2025-06-01T16:00:00Z",
		  "2025-06-02T06:00:00Z", "2025-06-02T16:00:00Z" },
		{ "08:00", "18:00", EVERY_DAY, "2025-12-01T05:00:00Z",
		  "2025-12-01T07:00:00Z", "2025-12-01T17:00:00Z" },
		{ "22:00", "04:00", SATURDAY, "2025-06-01T02:00:00Z",
		  "2025-06-07T20:00:00Z", "2025-06-08T02:00:00Z" },
		{ "22:00", "04:00", SATURDAY, "2025-06-01T01:00:00Z",
		  "2025-06-01T01:00:00Z", "2025-06-01T02:00:00Z" },
		{ "22:00", "00:00", SATURDAY, "2025-06-07T12:00:00Z",
		  "2025-06-07T20:00:00Z", "2025-06-07T22:00:00Z" },
		/* touching windows are one */
		{ "00:00", "24:00", SATURDAY | SUNDAY, "2025-06-04T12:00:00Z",
		  "2025-06-06T22:00:00Z", "2025-06-08T22:00:00Z" },
		/* the clock goes forward: 02:00 to 03:00 is not there that day */
		{ "02:00", "03:00", EVERY_DAY, "2025-03-30T00:30:00Z",
		  "2025-03-31T00:00:00Z", "2025-03-31T01:00:00Z" },
		{ "01:00", "02:30", EVERY_DAY, "2025-03-30T00:00:00Z",
		  "2025-03-30T00:00:00Z", "2025-03-30T01:00:00Z" },
		{ "02:30", "06:00", EVERY_DAY, "2025-03-30T00:00:00Z",
		  "2025-03-30T01:00:00Z", "2025-03-30T04:00:00Z" },
		{ "22:00", "04:00", EVERY_DAY, "2025-03-29T22:00:00Z",
		  "2025-03-29T22:00:00Z", "2025-03-30T02:00:00Z" },
		/* the clock goes back: 02:00 to 03:00 comes twice */
		{ "01:00", "02:30", EVERY_DAY, "2025-10-25T23:00:00Z",
		  "2025-10-25T23:00:00Z", "2025-10-26T00:30:00Z" },
		{ "01:00", "02:30", EVERY_DAY, "2025-10-26T00:30:00Z",
		  "2025-10-26T01:00:00Z", "2025-10-26T01:30:00Z" },
		{ "22:00", "04:00", EVERY_DAY, "2025-10-25T20:00:00Z",
		  "2025-10-25T20:00:00Z", "2025-10-26T03:00:00Z" },
	};
	char told[INSTANT_TEXT];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct hours hours =
			between(cases[i].from, cases[i].to, cases[i].weekdays);
		int64_t next_s = hours_next(&hours, berlin, at(cases[i].now));
		if (next_s != at(cases[i].next))
			fail_msg("case %zu: next %s", i, instant_format(next_s, told));
		int64_t end_s = hours_end(&hours, berlin, next_s);
		if (end_s != at(cases[i].end))
			fail_msg("case %zu: end %s", i, instant_format(end_s, told));
	}
}

TEST(hours_that_never_end_end_eight_days_on)
{
	struct hours hours = between("00:00", "24:00", EVERY_DAY);
	int64_t now_s = at("2025-06-01T12:00:00Z");

	assert_int_equal(hours_end(&hours, NULL, now_s), now_s + INT64_C(8) * DAY_S);
}

TEST(a_schedule_comes_on_its_days_at_its_time)
{
	static const struct {
		const char *time;
		uint8_t weekdays;
		const char *now, *next;
	} cases[] = {
		{ "03:00", EVERY_DAY, "2025-06-01T00:00:00Z", "2025-06-01T01:00:00Z" },
		{ "03:00", EVERY_DAY, "2025-06-01T01:00:00Z", "2025-06-01T01:00:00Z" },
		{ "03:00", EVERY_DAY, "2025-06-01T01:00:01Z", "2025-06-02T01:00:00Z" },
		{ "00:30", EVERY_DAY, "2025-06-01T12:00:00Z", "2025-06-01T22:30:00Z" },
		{ "03:00", TUESDAY, "2025-06-01T12:00:00Z", "2025-06-03T01:00:00Z" },
		{ "03:00", SUNDAY, "2025-06-01T01:00:01Z", "2025-06-08T01:00:00Z" },
		/* skipped: the change itself; twice: the first */
		{ "02:30", SUNDAY, "2025-03-29T12:00:00Z", "2025-03-30T01:00:00Z" },
		{ "02:30", SUNDAY, "2025-10-25T12:00:00Z", "2025-10-26T00:30:00Z" },
		{ "02:30", EVERY_DAY, "2025-10-26T00:45:00Z", "2025-10-27T01:30:00Z" },
		{ "03:00", SUNDAY, "2025-10-25T12:00:00Z", "2025-10-26T02:00:00Z" },
	};
	char told[INSTANT_TEXT];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct hours hours =
			between(cases[i].time, cases[i].time, cases[i].weekdays);
		int64_t next_s = hours_occurrence(&hours, berlin, at(cases[i].now));
		if (next_s != at(cases[i].next))
			fail_msg("case %zu: %s", i, instant_format(next_s, told));
	}
}

/* The same by the calendar, one minute at a time. */
static bool contains(const struct hours *hours, const struct zone *zone, int64_t at_s)
{
	struct civil c = civil_of(at_s + zone_offset(zone, at_s));
	int minute = c.hour * 60 + c.minute;
	bool passes_midnight = hours->from_minute > hours->to_minute;
	bool of_yesterday = passes_midnight && minute < hours->to_minute;
	int day = of_yesterday ? (c.weekday + 6) % 7 : c.weekday;

	if (hours->weekdays != 0 && (hours->weekdays >> day & 1) == 0)
		return false;
	if (passes_midnight)
		return of_yesterday || minute >= hours->from_minute;
	return minute >= hours->from_minute && minute < hours->to_minute;
}

static void check_week(const struct hours *hours, const struct zone *zone, int64_t from_s)
{
	static bool inside[2 * WEEK_MINUTES + 2];
	enum { MINUTES = 2 * WEEK_MINUTES };

	for (int i = 0; i < MINUTES; i++) {
		int64_t at_s = from_s + (int64_t)i * MINUTE_S;
		inside[i] = contains(hours, zone, at_s);
		if (hours_contain(hours, zone, at_s) != inside[i])
			fail_msg("%u to %u on %x: minute %d", hours->from_minute,
				 hours->to_minute, hours->weekdays, i);
	}
	for (int i = 0; i < WEEK_MINUTES; i += 7) {
		int64_t at_s = from_s + (int64_t)i * MINUTE_S;
		int next = i, end = i;
		while (next < MINUTES && !inside[next])
			next++;
		while (end < MINUTES && inside[end])
			end++;
		int64_t next_s = hours_next(hours, zone, at_s);
		int64_t end_s = hours_end(hours, zone, at_s);
		if ((next < MINUTES && next_s != from_s + (int64_t)next * MINUTE_S) ||
		    (end < MINUTES && end_s != from_s + (int64_t)end * MINUTE_S))
			fail_msg("%u to %u on %x: minute %d", hours->from_minute,
				 hours->to_minute, hours->weekdays, i);
	}
}

TEST(next_and_end_agree_with_a_walk_by_minutes)
{
	static const struct {
		const char *from, *to;
		uint8_t weekdays;
	} cases[] = {
		{ "08:00", "18:00", EVERY_DAY },       { "22:00", "04:00", EVERY_DAY },
		{ "02:15", "02:45", EVERY_DAY },       { "02:30", "03:30", SUNDAY },
		{ "01:00", "02:00", SUNDAY },          { "23:30", "02:30", SATURDAY },
		{ "00:00", "24:00", SUNDAY | MONDAY }, { "03:00", "02:59", EVERY_DAY },
		{ "00:00", "00:01", TUESDAY },
	};
	/* Weeks around both changes, and one without. */
	static const char *const starts[] = { "2025-03-24T00:00:00Z",
					      "2025-10-20T00:00:00Z",
					      "2025-06-01T00:00:00Z" };
	const struct zone *const zones[] = { NULL, berlin, strange };

	for (size_t c = 0; c < COUNT_OF(cases); c++) {
		struct hours hours =
			between(cases[c].from, cases[c].to, cases[c].weekdays);
		for (size_t s = 0; s < COUNT_OF(starts); s++) {
			for (size_t z = 0; z < COUNT_OF(zones); z++)
				check_week(&hours, zones[z], at(starts[s]));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours_that_are_not_set_hold_nothing),
		cmocka_unit_test(hours_hold_their_minutes_on_their_days),
		cmocka_unit_test(the_next_and_the_last_moment_inside_are_these),
		cmocka_unit_test(hours_that_never_end_end_eight_days_on),
		cmocka_unit_test(a_schedule_comes_on_its_days_at_its_time),
		cmocka_unit_test(next_and_end_agree_with_a_walk_by_minutes),
	};
	return cmocka_run_group_tests(tests, open_zones, close_zones);
}
