#include "agents/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/scratch.h"

TEST(a_file_is_replaced_whole_and_leaves_nothing_beside_it)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 10];
	struct problem p = { 0 };
	size_t size = 0;

	scratch_make(folder);
	assert_int_equal(disk_write(folder, "a", "first", 5, &p), 0);
	assert_int_equal(disk_write(folder, "a", "second\0!", 8, &p), 0);
	char *text = disk_read(folder, "a", 100, &size, &p);
	assert_int_equal(size, 8);
	assert_memory_equal(text, "second\0!", 9); /* with its terminator */
	free(text);
	snprintf(path, sizeof path, "%s/a.new", folder);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(disk_remove(folder, "a", &p), 0);
	assert_int_equal(disk_remove(folder, "a", &p), 0);
	scratch_remove(folder);
}

TEST(what_cannot_be_read_says_why)
{
	char folder[SCRATCH_PATH], far[SCRATCH_PATH + 10];
	struct problem p = { 0 };
	size_t size = 0;

	scratch_make(folder);
	assert_null(disk_read(folder, "none", 100, &size, &p));
	assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
	assert_int_equal(disk_write(folder, "a", "12345", 5, &p), 0);
	assert_null(disk_read(folder, "a", 4, &size, &p));
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	snprintf(far, sizeof far, "%s/none", folder);
	assert_int_equal(disk_write(far, "a", "1", 1, &p), -1);
	assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
	assert_int_equal(disk_sync_folder(far, &p), -1);
	scratch_remove(folder);
}

TEST(a_folder_may_be_there_already_but_not_a_file_in_its_place)
{
	char folder[SCRATCH_PATH], inner[SCRATCH_PATH + 10];
	struct problem p = { 0 };
	struct stat found;

	scratch_make(folder);
	snprintf(inner, sizeof inner, "%s/inner", folder);
	assert_int_equal(disk_make_folder(inner, &p), 0);
	assert_int_equal(disk_make_folder(inner, &p), 0);
	assert_int_equal(stat(inner, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0700);
	snprintf(inner, sizeof inner, "%s/file", folder);
	assert_int_equal(disk_write(folder, "file", "1", 1, &p), 0);
	assert_int_equal(disk_make_folder(inner, &p), -1);
	assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
	snprintf(inner, sizeof inner, "%s/not/there", folder);
	assert_int_equal(disk_make_folder(inner, &p), -1);
	scratch_remove(folder);
}

TEST(a_locked_folder_is_taken_until_it_is_given_back)
{
	char folder[SCRATCH_PATH];
	struct problem p = { 0 };

	scratch_make(folder);
	int lock = disk_lock(folder, "lock", &p);
	assert_true(lock >= 0);
	assert_int_equal(disk_lock(folder, "lock", &p), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	close(lock);
	lock = disk_lock(folder, "lock", &p);
	assert_true(lock >= 0);
	close(lock);
	scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_replaced_whole_and_leaves_nothing_beside_it),
		cmocka_unit_test(what_cannot_be_read_says_why),
		cmocka_unit_test(
			a_folder_may_be_there_already_but_not_a_file_in_its_place),
		cmocka_unit_test(a_locked_folder_is_taken_until_it_is_given_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
