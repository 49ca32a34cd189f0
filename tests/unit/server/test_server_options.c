#include "protocol/server/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/server/scratch.h"

enum { WORDS_MAX = 8 };

static int count_words(const char *const *words)
{
	int count = 0;
	while (words[count] != NULL)
		count++;
	return count;
}

TEST(wrong_usage_is_refused_with_the_nearest_right_word)
{
	static const struct {
		const char *words[WORDS_MAX];
		const char *said;
	} rows[] = {
		{ { "patchyardd", "--prot", "1" },
		  "there is no option --prot; did you mean --port?" },
		{ { "patchyardd", "--chekc" },
		  "there is no option --chekc; did you mean --check?" },
		{ { "patchyardd", "--zzzzzz=1" },
		  "there is no option --zzzzzz; see patchyardd --help" },
		{ { "patchyardd", "--port" }, "--port needs a value" },
		{ { "patchyardd", "--help=yes" }, "--help takes no value" },
		{ { "patchyardd", "serve" },
		  "'serve' is no option; see patchyardd --help" },
		{ { "patchyardd", "-p" }, "'-p' is no option; see patchyardd --help" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct options options;
		struct problem p = { 0 };
		int rc = options_read(&options, count_words(rows[i].words),
				      (char **)rows[i].words, &p);
		options_fini(&options);
		if (rc == 0 || strcmp(p.text, rows[i].said) != 0)
			fail_msg("%s: '%s'", rows[i].words[1], p.text);
	}
}

TEST(an_option_goes_before_the_file)
{
	struct scratch scratch;
	struct options options;
	struct problem p;

	assert_true(scratch_init(&scratch));
	char path[256];
	snprintf(path, sizeof path, "%s",
		 scratch_write(&scratch, "a.conf",
			       "[server]\nport = 1\nloops = 3\n"
			       "[agents]\nenrolment = no\n"));
	const char *words[] = { "patchyardd",  "--port=2", "--config", path,
				"--enrolment", "--clock",  "virtual",  NULL };
	assert_int_equal(options_read(&options, 7, (char **)words, &p), 0);
	assert_int_equal(options.task, TASK_SERVE);
	assert_int_equal(options.findings.count, 0);
	assert_int_equal(options.settings.port, 2);
	assert_int_equal(options.settings.loops, 3);
	assert_true(options.settings.enrolment);
	assert_int_equal(options.settings.clock, CLOCK_VIRTUAL);
	options_fini(&options);
	scratch_fini(&scratch);
}

TEST(a_wrong_value_on_the_command_line_is_a_finding)
{
	struct options options;
	struct problem p;
	const char *words[] = { "patchyardd", "--check", "--port", "many", NULL };
	char text[300];

	assert_int_equal(options_read(&options, 4, (char **)words, &p), 0);
	assert_int_equal(options.task, TASK_CHECK);
	assert_int_equal(options.findings.errors, 1);
	assert_string_equal(finding_format(&options.findings.list[0], text, sizeof text),
			    "command line: error: port is 'many'; a whole number from 0 "
			    "to 65535 is wanted");
	options_fini(&options);
}

TEST(help_names_every_setting)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	options_help(out);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; settings_name(i) != NULL; i++) {
		char word[64];
		snprintf(word, sizeof word, "--%s ", settings_name(i));
		if (strstr(text, word) == NULL)
			fail_msg("%s is not in the help", settings_name(i));
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_usage_is_refused_with_the_nearest_right_word),
		cmocka_unit_test(an_option_goes_before_the_file),
		cmocka_unit_test(a_wrong_value_on_the_command_line_is_a_finding),
		cmocka_unit_test(help_names_every_setting),
	};
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
