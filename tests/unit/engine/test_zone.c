#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/limits.h"
#include "engine/problem.h"
#include "engine/zone.h"
#include "tests/unit/engine/zone_file.h"

static struct zone *parse(const struct zone_file *file, struct problem *p)
{
	struct zone_bytes bytes;

	zone_file_write(file, &bytes);
	return zone_parse("Lab/Made_up", bytes.at, bytes.size, p);
}

static int64_t at(const char *text)
{
	int64_t at_s = 0;
	if (!instant_parse(text, &at_s))
		fail_msg("%s", text);
	return at_s;
}

TEST(no_zone_is_utc)
{
	assert_int_equal(zone_offset(NULL, 0), 0);
	assert_int_equal(zone_offset(NULL, INT64_MAX), 0);
}

TEST(an_offset_holds_from_its_transition_on)
{
	static const struct {
		const char *at;
		int32_t offset_s;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 3600 }, /* before the first: the first kind */
		{ "2025-03-30T00:59:59Z", 3600 },
		{ "2025-03-30T01:00:00Z", 7200 },
		{ "2025-10-26T00:59:59Z", 7200 },
		{ "2025-10-26T01:00:00Z", 3600 },
		{ "2026-03-29T00:59:59Z", 3600 },
		{ "2026-03-29T01:00:00Z", 7200 },
		{ "2026-10-25T01:00:00Z", 3600 },
		{ "9999-01-01T00:00:00Z", 3600 }, /* after the last: its kind */
	};
	struct problem p = { 0 };
	struct zone *zone = parse(&zone_file_berlin, &p);

	if (zone == NULL)
		fail_msg("%s", p.text);
	assert_string_equal(zone_name(zone), "Lab/Made_up");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (zone_offset(zone, at(cases[i].at)) != cases[i].offset_s)
			fail_msg("%s", cases[i].at);
	}
	zone_free(zone);
	zone_free(NULL);
}

TEST(files_of_the_first_version_have_32_bit_times)
{
	struct problem p = { 0 };
	struct zone_file file = zone_file_berlin;

	file.version = 0;
	file.footer = NULL;
	file.times[0] = -2000000000;
	struct zone *zone = parse(&file, &p);
	if (zone == NULL)
		fail_msg("%s", p.text);
	assert_int_equal(zone_offset(zone, -2000000001), 3600);
	assert_int_equal(zone_offset(zone, -2000000000), 7200);
	assert_int_equal(zone_offset(zone, at("2026-10-25T01:00:00Z")), 3600);
	zone_free(zone);
}

TEST(a_zone_may_have_no_transition_at_all)
{
	struct problem p = { 0 };
	struct zone_file file = { .version = '3',
				  .kind_count = 1,
				  .offsets = { -34200 },
				  .footer = "<-0930>9:30" };
	struct zone *zone = parse(&file, &p);

	if (zone == NULL)
		fail_msg("%s", p.text);
	assert_int_equal(zone_offset(zone, 0), -34200);
	assert_int_equal(zone_offset(zone, INT64_MIN), -34200);
	zone_free(zone);
}

TEST(every_truncation_is_refused)
{
	struct zone_bytes bytes;

	for (int version = 0; version <= 2; version += 2) {
		struct zone_file file = zone_file_berlin;
		file.version = version == 0 ? 0 : '2';
		if (version == 0)
			file.footer = NULL;
		zone_file_write(&file, &bytes);
		for (size_t size = 0; size < bytes.size; size++) {
			struct problem p = { 0 };
			/* A copy of exact size lets the sanitizer see a read past it. */
			unsigned char *part = malloc(size + 1);
			assert_non_null(part);
			memcpy(part, bytes.at, size);
			part = realloc(part, size == 0 ? 1 : size);
			assert_non_null(part);
			struct zone *zone = zone_parse("Cut", part, size, &p);
			free(part);
			if (zone != NULL)
				fail_msg("%zu of %zu bytes were taken", size, bytes.size);
			assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
		}
	}
}

/* Any byte in any place: taken or refused, but never a fault. */
TEST(every_changed_byte_is_taken_or_refused)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x02, 0x7f, 0x80, 0xff };
	struct zone_bytes bytes, changed;

	zone_file_write(&zone_file_berlin, &bytes);
	for (size_t i = 0; i < bytes.size; i++) {
		for (size_t v = 0; v < COUNT_OF(values); v++) {
			struct problem p = { 0 };
			changed = bytes;
			changed.at[i] = values[v];
			struct zone *zone =
				zone_parse("Changed", changed.at, changed.size, &p);
			if (zone == NULL)
				assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
			else
				assert_in_range(zone_offset(zone, 1750000000) + 89999, 0,
						89999 + 93599);
			zone_free(zone);
		}
	}
}

static void spoil_magic(struct zone_file *file, struct zone_bytes *bytes)
{
	zone_file_write(file, bytes);
	bytes->at[0] = 'X';
}

static void spoil_second_magic(struct zone_file *file, struct zone_bytes *bytes)
{
	zone_file_write(file, bytes);
	bytes->at[44 + 6 + 4] = 'X';
}

static void spoil_counts(struct zone_file *file, struct zone_bytes *bytes)
{
	file->version = 0;
	zone_file_write(file, bytes);
	bytes->at[23] = 1; /* one universal-or-local mark for two kinds */
}

static void spoil_huge_counts(struct zone_file *file, struct zone_bytes *bytes)
{
	file->version = 0;
	zone_file_write(file, bytes);
	memset(bytes->at + 32, 0xff, 4);
}

static void spoil_kinds(struct zone_file *file, struct zone_bytes *bytes)
{
	file->kind_count = 0;
	file->time_count = 0;
	zone_file_write(file, bytes);
}

static void spoil_kind_of_transition(struct zone_file *file, struct zone_bytes *bytes)
{
	file->kinds[2] = 2;
	zone_file_write(file, bytes);
}

static void spoil_order(struct zone_file *file, struct zone_bytes *bytes)
{
	file->times[3] = file->times[2];
	zone_file_write(file, bytes);
}

static void spoil_offset(struct zone_file *file, struct zone_bytes *bytes)
{
	file->offsets[1] = 93600;
	zone_file_write(file, bytes);
}

static void spoil_offset_west(struct zone_file *file, struct zone_bytes *bytes)
{
	file->offsets[0] = -90000;
	zone_file_write(file, bytes);
}

static void spoil_leap(struct zone_file *file, struct zone_bytes *bytes)
{
	file->leap_count = 1;
	zone_file_write(file, bytes);
}

static void spoil_rule(struct zone_file *file, struct zone_bytes *bytes)
{
	file->footer = "CET-1CEST,M3.5.0,M10.5.0/3";
	zone_file_write(file, bytes);
}

static void spoil_footer(struct zone_file *file, struct zone_bytes *bytes)
{
	file->footer = NULL;
	zone_file_write(file, bytes);
}

TEST(every_refusal_says_why)
{
	static const struct {
		void (*spoil)(struct zone_file *file, struct zone_bytes *bytes);
		const char *told;
	} cases[] = {
		{ spoil_magic, "it is no compiled time zone: TZif is missing" },
		{ spoil_second_magic, "it is no compiled time zone: TZif is missing" },
		{ spoil_counts, "its counts contradict each other" },
		{ spoil_huge_counts, "the file ends in the middle: copy it again" },
		{ spoil_kinds, "it names 0 kinds of local time; 1 to 256 can be" },
		{ spoil_kind_of_transition,
		  "transition 3 names a kind of local time that is not there" },
		{ spoil_order, "transition 4 is not later than the one before it" },
		{ spoil_offset, "an offset of 93600 seconds is out of range" },
		{ spoil_offset_west, "an offset of -90000 seconds is out of range" },
		{ spoil_leap, "it counts leap seconds, as the zones under right/ do: use "
			      "the plain one" },
		{ spoil_rule,
		  "it leaves coming changes of the clock to a rule: compile it "
		  "with 'zic -b fat'" },
		{ spoil_footer, "the file ends in the middle: copy it again" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct zone_file file = zone_file_berlin;
		struct zone_bytes bytes;
		struct problem p = { 0 };
		char told[300];

		cases[i].spoil(&file, &bytes);
		snprintf(told, sizeof told, "time zone 'Lab/Made_up': %s", cases[i].told);
		assert_null(zone_parse("Lab/Made_up", bytes.at, bytes.size, &p));
		assert_string_equal(p.text, told);
	}
}

TEST(names_and_sizes_have_limits)
{
	static const unsigned char large[64 * 1024 + 1];
	struct problem p = { 0 };
	char name[LIMIT_NAME + 2];

	assert_null(zone_parse("Large", large, sizeof large, &p));
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	assert_string_equal(p.text,
			    "time zone 'Large': it has 65537 bytes; at most 65536 "
			    "are read");
	assert_null(zone_parse("", large, 0, &p));
	assert_string_equal(p.text, "time zone '': a name has 1 to 64 bytes");
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_null(zone_parse(name, large, 0, &p));
	assert_non_null(strstr(p.text, "a name has 1 to 64 bytes"));
}

static struct zone *load(const char *name)
{
	static char bytes[64 * 1024];
	struct problem p = { 0 };
	char path[200];

	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return NULL;
	size_t size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	struct zone *zone = zone_parse(name, bytes, size, &p);
	if (zone == NULL)
		fail_msg("%s", p.text);
	return zone;
}

TEST(the_systems_zones_are_read_where_there_are_any)
{
	static const struct {
		const char *zone, *at;
		int32_t offset_s;
	} cases[] = {
		{ "Europe/Berlin", "2025-01-15T12:00:00Z", 3600 },
		{ "Europe/Berlin", "2025-07-15T12:00:00Z", 7200 },
		{ "Europe/Berlin", "2036-07-15T12:00:00Z", 7200 },
		{ "America/Los_Angeles", "2025-04-08T17:00:00Z", -25200 },
		{ "America/Los_Angeles", "2025-12-09T18:00:00Z", -28800 },
		{ "Asia/Kolkata", "2025-04-08T17:00:00Z", 19800 },
		{ "Australia/Lord_Howe", "2025-07-15T12:00:00Z", 37800 },
		{ "Australia/Lord_Howe", "2025-01-15T12:00:00Z", 39600 },
		{ "Pacific/Kiritimati", "2025-01-15T12:00:00Z", 50400 },
		{ "UTC", "2025-01-15T12:00:00Z", 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct zone *zone = load(cases[i].zone);
		if (zone == NULL)
			skip();
		if (zone_offset(zone, at(cases[i].at)) != cases[i].offset_s)
			fail_msg("%s at %s: %d", cases[i].zone, cases[i].at,
				 (int)zone_offset(zone, at(cases[i].at)));
		zone_free(zone);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_zone_is_utc),
		cmocka_unit_test(an_offset_holds_from_its_transition_on),
		cmocka_unit_test(files_of_the_first_version_have_32_bit_times),
		cmocka_unit_test(a_zone_may_have_no_transition_at_all),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_changed_byte_is_taken_or_refused),
		cmocka_unit_test(every_refusal_says_why),
		cmocka_unit_test(names_and_sizes_have_limits),
		cmocka_unit_test(the_systems_zones_are_read_where_there_are_any),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
