#include "agents/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/scratch.h"

static struct spool_record record_of(const char *action, uint32_t seq)
{
	struct spool_record record = { .seq = seq };
	snprintf(record.action, sizeof record.action, "%s", action);
	snprintf(record.body, sizeof record.body, "{\"id\":\"%s\",\"seq\":%u}", action,
		 seq);
	return record;
}

static void append(struct spool *spool, const char *action, uint32_t seq)
{
	struct spool_record record = record_of(action, seq);
	struct problem p = { 0 };
	assert_int_equal(spool_append(spool, &record, &p), 0);
}

static struct spool *reopen(struct spool *spool, const char *folder)
{
	struct problem p = { 0 };
	spool_close(spool);
	spool = spool_open(folder, &p);
	if (spool == NULL)
		fail_msg("%s", p.text);
	return spool;
}

/* The sequence numbers that wait, in order, as text. */
static const char *waiting(struct spool *spool, char room[static 200])
{
	struct problem p = { 0 };
	const struct spool_record *record;
	size_t used = 0;

	room[0] = '\0';
	while ((record = spool_first(spool)) != NULL) {
		struct spool_record wanted = record_of(record->action, record->seq);
		assert_string_equal(record->body, wanted.body);
		used += (size_t)snprintf(room + used, 200 - used, "%s%s:%u%s",
					 used > 0 ? " " : "", record->action, record->seq,
					 record->cancel ? "c" : "");
		assert_int_equal(spool_drop_first(spool, &p), 0);
	}
	return room;
}

TEST(reports_outlive_the_process_in_their_order)
{
	char folder[SCRATCH_PATH], room[200];
	struct problem p = { 0 };
	struct spool *spool = reopen(NULL, scratch_make(folder));

	append(spool, "7", 1);
	append(spool, "7", 2);
	struct spool_record cancel = record_of("6", 9);
	cancel.cancel = true;
	assert_int_equal(spool_append(spool, &cancel, &p), 0);
	append(spool, "8", 1);
	assert_int_equal(spool_drop_first(spool, &p), 0);
	spool = reopen(spool, folder);
	assert_int_equal(spool_count(spool), 3);
	assert_int_equal(spool_last_seq(spool, "7"), 2);
	assert_int_equal(spool_last_seq(spool, "6"), 9);
	assert_int_equal(spool_last_seq(spool, "5"), 0);
	assert_string_equal(waiting(spool, room), "7:2 6:9c 8:1");
	spool = reopen(spool, folder);
	assert_null(spool_first(spool));
	spool_close(spool);
	scratch_remove(folder);
}

TEST(an_emptied_spool_leaves_an_empty_file)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 10];
	struct problem p = { 0 };
	struct stat found;
	struct spool *spool = reopen(NULL, scratch_make(folder));

	for (uint32_t i = 1; i <= 100; i++) {
		append(spool, "7", i);
		assert_int_equal(spool_drop_first(spool, &p), 0);
	}
	snprintf(path, sizeof path, "%s/spool", folder);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_size, 0);
	spool_close(spool);
	scratch_remove(folder);
}

TEST(without_a_folder_it_works_in_memory)
{
	char room[200];
	struct spool *spool = reopen(NULL, NULL);

	append(spool, "7", 1);
	append(spool, "7", 2);
	assert_string_equal(waiting(spool, room), "7:1 7:2");
	spool_close(spool);
}

TEST(a_torn_line_is_cut_off_wherever_it_was_torn)
{
	char folder[SCRATCH_PATH], room[200];
	size_t size = 0;
	struct spool *spool = reopen(NULL, scratch_make(folder));

	append(spool, "7", 1);
	append(spool, "7", 2);
	spool_close(spool);
	char *whole = scratch_read(folder, "spool", &size);
	size_t first = (size_t)(strchr(whole, '\n') - whole) + 1;
	for (size_t cut = 0; cut <= size; cut++) {
		const char *wanted = cut == size   ? "7:1 7:2 7:3"
				     : cut < first ? "7:3"
						   : "7:1 7:3";
		scratch_write(folder, "spool", whole, cut);
		spool = reopen(NULL, folder);
		assert_int_equal(spool_damaged(spool), 0);
		append(spool, "7", 3);
		spool = reopen(spool, folder);
		if (strcmp(waiting(spool, room), wanted) != 0)
			fail_msg("cut at %zu: %s", cut, room);
		spool_close(spool);
	}
	free(whole);
	scratch_remove(folder);
}

TEST(a_damaged_line_is_skipped_and_counted)
{
	char folder[SCRATCH_PATH], room[200];
	size_t size = 0;
	struct spool *spool = reopen(NULL, scratch_make(folder));

	append(spool, "7", 1);
	append(spool, "7", 2);
	append(spool, "7", 3);
	spool_close(spool);
	char *whole = scratch_read(folder, "spool", &size);
	size_t first = (size_t)(strchr(whole, '\n') - whole) + 1;
	size_t second = (size_t)(strchr(whole + first, '\n') - whole);
	for (size_t at = first; at < second; at++) {
		char kept = whole[at];
		whole[at] = (char)(kept == '0' ? 0 : '0');
		scratch_write(folder, "spool", whole, size);
		whole[at] = kept;
		spool = reopen(NULL, folder);
		if (spool_damaged(spool) != 1 ||
		    strcmp(waiting(spool, room), "7:1 7:3") != 0)
			fail_msg("damaged at %zu: %s", at, room);
		spool_close(spool);
	}
	free(whole);
	scratch_remove(folder);
}

static uint64_t sum_of(const char *text)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	for (; *text != '\0'; text++)
		sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return sum;
}

TEST(a_line_with_the_right_sum_and_no_meaning_is_damaged)
{
	static const char *const rows[] = {
		"R 1 x 7 1 {}",  "R 1 d 7 99999999999 {}",
		"R x d 7 1 {}",  "R 1 d 123456789012345678901234567890 1 {}",
		"R 1 d  1 {}",   "A x",
		"A 1 2",         "B 1",
		"RR 1 d 7 1 {}", "R -1 d 7 1 {}",
	};
	char folder[SCRATCH_PATH], line[200];

	scratch_make(folder);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		snprintf(line, sizeof line, "%016lx %s\n", (unsigned long)sum_of(rows[i]),
			 rows[i]);
		scratch_write(folder, "spool", line, strlen(line));
		struct spool *spool = reopen(NULL, folder);
		if (spool_damaged(spool) != 1 || spool_count(spool) != 0)
			fail_msg("%s", rows[i]);
		spool_close(spool);
	}
	scratch_remove(folder);
}

TEST(a_spool_is_bounded)
{
	struct spool *spool = reopen(NULL, NULL);
	struct spool_record record = record_of("7", 1);
	struct problem p = { 0 };

	for (uint32_t i = 0; i < SPOOL_MOST; i++)
		append(spool, "7", i + 1);
	assert_int_equal(spool_append(spool, &record, &p), -1);
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	assert_int_equal(spool_count(spool), SPOOL_MOST);
	spool_close(spool);
}

TEST(the_longest_report_fits)
{
	char folder[SCRATCH_PATH];
	struct problem p = { 0 };
	struct spool_record record = { .seq = UINT32_MAX };
	struct spool *spool = reopen(NULL, scratch_make(folder));

	memset(record.action, '9', sizeof record.action - 1);
	memset(record.body, 'x', sizeof record.body - 1);
	assert_int_equal(spool_append(spool, &record, &p), 0);
	spool = reopen(spool, folder);
	assert_memory_equal(spool_first(spool), &record, sizeof record);
	spool_close(spool);
	scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_outlive_the_process_in_their_order),
		cmocka_unit_test(an_emptied_spool_leaves_an_empty_file),
		cmocka_unit_test(without_a_folder_it_works_in_memory),
		cmocka_unit_test(a_torn_line_is_cut_off_wherever_it_was_torn),
		cmocka_unit_test(a_damaged_line_is_skipped_and_counted),
		cmocka_unit_test(a_line_with_the_right_sum_and_no_meaning_is_damaged),
		cmocka_unit_test(a_spool_is_bounded),
		cmocka_unit_test(the_longest_report_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
