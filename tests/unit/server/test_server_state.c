/* The state directory, tokens and the log: small things that guard large ones. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/problem.h"
#include "protocol/server/log.h"
#include "protocol/server/state_dir.h"
#include "protocol/server/token.h"
#include "tests/lib/case.h"
#include "tests/unit/server/scratch.h"

static struct scratch scratch;

static int set_up(void **state)
{
	(void)state;
	return scratch_init(&scratch) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_fini(&scratch);
	return 0;
}

static unsigned mode_of(const char *name)
{
	struct stat found;
	assert_int_equal(stat(scratch_path(&scratch, name), &found), 0);
	return found.st_mode & 0777;
}

TEST(the_first_start_makes_a_private_directory_and_a_token_that_stays)
{
	struct state_dir dir;
	struct problem p;
	char token[STATE_TOKEN];

	assert_int_equal(state_dir_open(&dir, scratch_path(&scratch, "s"), &p), 0);
	assert_int_equal(mode_of("s"), 0700);
	assert_int_equal(mode_of("s/enrolment-token"), 0600);
	assert_int_equal(strlen(dir.enrolment_token), TOKEN_LETTERS);
	snprintf(token, sizeof token, "%s", dir.enrolment_token);
	state_dir_close(&dir);
	assert_int_equal(state_dir_open(&dir, scratch_path(&scratch, "s"), &p), 0);
	assert_string_equal(dir.enrolment_token, token);
	state_dir_close(&dir);
}

TEST(there_is_never_a_second_server_on_a_directory)
{
	struct state_dir first, second;
	struct problem p;

	assert_int_equal(state_dir_open(&first, scratch_path(&scratch, "s"), &p), 0);
	assert_int_equal(state_dir_open(&second, scratch_path(&scratch, "s"), &p), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	char said[64];
	snprintf(said, sizeof said, "process %d: stop it first", (int)getpid());
	assert_non_null(strstr(p.text, said));
	state_dir_close(&first);
	assert_int_equal(state_dir_open(&second, scratch_path(&scratch, "s"), &p), 0);
	state_dir_close(&second);
}

TEST(a_directory_that_cannot_be_trusted_is_refused)
{
	struct state_dir dir;
	struct problem p;

	assert_int_equal(mkdir(scratch_path(&scratch, "open"), 0755), 0);
	assert_int_equal(state_dir_open(&dir, scratch_path(&scratch, "open"), &p), -1);
	assert_non_null(strstr(p.text, "chmod 700"));
	scratch_write(&scratch, "file", "x");
	assert_int_equal(state_dir_open(&dir, scratch_path(&scratch, "file"), &p), -1);
	assert_non_null(strstr(p.text, "is no directory"));
	assert_int_equal(state_dir_open(&dir, scratch_path(&scratch, "no/where"), &p),
			 -1);
	assert_non_null(strstr(p.text, "No such file"));
}

TEST(a_token_file_without_a_token_is_refused)
{
	struct state_dir dir;
	struct problem p;

	scratch_write(&scratch, "s/enrolment-token", "short\n");
	assert_int_equal(state_dir_open(&dir, scratch_path(&scratch, "s"), &p), -1);
	assert_non_null(strstr(p.text, "remove it"));
	/* And the lock was given back. */
	scratch_write(&scratch, "s/enrolment-token", "long-enough-for-a-token\n");
	assert_int_equal(state_dir_open(&dir, scratch_path(&scratch, "s"), &p), 0);
	assert_string_equal(dir.enrolment_token, "long-enough-for-a-token");
	state_dir_close(&dir);
}

TEST(tokens_differ_and_are_letters_and_digits)
{
	char one[TOKEN_TEXT], other[TOKEN_TEXT];
	uint8_t a[TOKEN_HASH], b[TOKEN_HASH];
	struct problem p;

	assert_int_equal(token_new(one, &p), 0);
	assert_int_equal(token_new(other, &p), 0);
	assert_string_not_equal(one, other);
	assert_int_equal(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789"),
			 TOKEN_LETTERS);
	assert_true(token_hash(one, a) && token_hash(other, b));
	assert_false(token_hash_equal(a, b));
	assert_true(token_hash(one, b));
	assert_true(token_hash_equal(a, b));
}

TEST(no_value_can_forge_a_log_line)
{
	static const struct {
		const char *value, *line;
	} rows[] = {
		{ "dev-1", " device=dev-1" },
		{ "", " device=\"\"" },
		{ "two words", " device=\"two words\"" },
		{ "a\nevent=forged", " device=\"a\\x0aevent=forged\"" },
		{ "say \"hi\" \\", " device=\"say \\\"hi\\\" \\\\\"" },
		{ "k=v", " device=\"k=v\"" },
		{ "\x1b[31m", " device=\"\\x1b[31m\"" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct log_line line;
		log_begin(&line, LOG_LEVEL_ERROR, "test");
		size_t before = line.size;
		log_text(&line, "device", rows[i].value);
		line.text[line.size] = '\0';
		if (strcmp(line.text + before, rows[i].line) != 0)
			fail_msg("%s: %s", rows[i].value, line.text + before);
	}
}

TEST(a_log_line_too_long_is_cut_and_one_not_wanted_is_not_made)
{
	struct log_line line;
	char value[3000];

	memset(value, 'x', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	log_begin(&line, LOG_LEVEL_ERROR, "test");
	log_text(&line, "a", value);
	log_number(&line, "b", 1);
	assert_int_equal(line.size, sizeof line.text - 1);
	log_set_level(LOG_LEVEL_WARNING);
	log_begin(&line, LOG_LEVEL_INFO, "test");
	log_text(&line, "a", "b");
	assert_int_equal(line.size, 0);
	log_set_level(LOG_LEVEL_INFO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_first_start_makes_a_private_directory_and_a_token_that_stays,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			there_is_never_a_second_server_on_a_directory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_directory_that_cannot_be_trusted_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_token_file_without_a_token_is_refused,
						set_up, tear_down),
		cmocka_unit_test(tokens_differ_and_are_letters_and_digits),
		cmocka_unit_test(no_value_can_forge_a_log_line),
		cmocka_unit_test(
			a_log_line_too_long_is_cut_and_one_not_wanted_is_not_made),
	};
	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
