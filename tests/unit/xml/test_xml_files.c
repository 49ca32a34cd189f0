#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "engine/zone.h"
#include "protocol/xml/files_read.h"
#include "protocol/xml/zone_files.h"
#include "tests/lib/case.h"

static char folder[] = "/tmp/xml-files-XXXXXX";

static void write_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	for (size_t i = 0; i < size; i++)
		assert_int_not_equal(fputc('a' + (int)(i % 26), file), EOF);
	assert_int_equal(fclose(file), 0);
}

TEST(a_file_is_read_whole_up_to_the_limit_and_refused_beyond)
{
	static const struct {
		size_t bytes, limit;
	} rows[] = {
		{ 0, 10 },           { 1, 10 },          { 10, 10 },
		{ 11, 10 },          { 16384, 1 << 20 }, { 16383, 1 << 20 },
		{ 100000, 1 << 20 }, { 100000, 99999 },
	};
	char path[64], expected[64];

	snprintf(path, sizeof path, "%s/file", folder);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		size_t size = 7;

		write_file(path, rows[i].bytes);
		char *bytes = files_read(path, rows[i].limit, &size, &p);
		if (rows[i].bytes > rows[i].limit) {
			assert_null(bytes);
			assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
			snprintf(expected, sizeof expected, "larger than %zu bytes",
				 rows[i].limit);
			assert_non_null(strstr(p.text, expected));
			assert_non_null(strstr(p.text, path));
			continue;
		}
		assert_non_null(bytes);
		assert_int_equal(size, rows[i].bytes);
		assert_int_equal(strlen(bytes), size);
		free(bytes);
	}
	unlink(path);
}

TEST(what_is_no_file_is_named_with_the_reason)
{
	struct problem p = { 0 };
	char path[64];
	size_t size;

	snprintf(path, sizeof path, "%s/none", folder);
	assert_null(files_read(path, 10, &size, &p));
	assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
	assert_non_null(strstr(p.text, path));
	assert_null(files_read(folder, 10, &size, &p));
	assert_int_equal(p.kind, PROBLEM_EXTERNAL);
	assert_non_null(strstr(p.text, "it is a folder"));
}

TEST(a_zone_is_read_once_and_lent_again)
{
	struct zone_files *zones = zone_files_new();
	int64_t summer_s = 0, winter_s = 0;

	assert_true(instant_parse("2025-07-01T00:00:00Z", &summer_s));
	assert_true(instant_parse("2025-01-01T00:00:00Z", &winter_s));
	const struct zone *berlin = zone_files_find(zones, "Europe/Berlin");
	assert_non_null(berlin);
	assert_int_equal(zone_offset(berlin, summer_s), 7200);
	assert_int_equal(zone_offset(berlin, winter_s), 3600);
	assert_ptr_equal(zone_files_find(zones, "Europe/Berlin"), berlin);
	assert_ptr_not_equal(zone_files_find(zones, "UTC"), berlin);
	zone_files_free(zones);
	zone_files_free(NULL);
}

TEST(a_name_that_is_no_zone_finds_nothing_however_often_it_is_asked)
{
	static const char *const bad[] = {
		"",
		"/etc/passwd",
		"../../../etc/hostname",
		"Europe/../UTC",
		"Europe",
		"zone.tab",
		"Europe/Berlin ",
		"Nowhere/City",
		"Europe/\nBe",
		"Etc/UTC\"",
		"/Europe/Berlin",
	};
	struct zone_files *zones = zone_files_new();
	char name[400];

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_null(zone_files_find(zones, bad[i]));
		assert_null(zone_files_find(zones, bad[i]));
	}
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_null(zone_files_find(zones, name));
	for (int i = 0; i < 1000; i++) { /* more than are remembered */
		snprintf(name, sizeof name, "Made/Up%d", i);
		assert_null(zone_files_find(zones, name));
	}
	assert_non_null(zone_files_find(zones, "Asia/Tokyo"));
	zone_files_free(zones);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_whole_up_to_the_limit_and_refused_beyond),
		cmocka_unit_test(what_is_no_file_is_named_with_the_reason),
		cmocka_unit_test(a_zone_is_read_once_and_lent_again),
		cmocka_unit_test(
			a_name_that_is_no_zone_finds_nothing_however_often_it_is_asked),
	};
	if (mkdtemp(folder) == NULL)
		return EXIT_FAILURE;
	int rc = cmocka_run_group_tests_name("xml_files", tests, NULL, NULL);
	rmdir(folder);
	return rc;
}
