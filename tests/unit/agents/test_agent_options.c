#include "agents/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"

enum { WORDS = 40 };

/* Read a command line of words between blanks; the words stay in `line`. */
static int parse(struct run_options *options, char *line, struct problem *p)
{
	char name[] = "patchyard-agent", *argv[WORDS] = { name }, *rest;
	int argc = 1;

	for (char *word = strtok_r(line, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		assert_in_range(argc, 1, WORDS - 2);
		argv[argc++] = word;
	}
	memset(p, 0, sizeof *p);
	return options_parse(options, argc, argv, p);
}

#define DEVICE "--server https://yard:8443 --id pc --state s "
#define FLEET  "--server https://yard:8443 --fleet 60 "

static const struct {
	const char *line, *why; /* NULL: good */
} lines[] = {
	{ "--help", NULL },
	{ "--fleet 3 --version", NULL },
	{ DEVICE "--simulate", NULL },
	{ DEVICE "--install-command=run --facts-file=f --fact a=b --fact c=d", NULL },
	{ DEVICE "--simulate --fact vbs=off --once --active-hours 22:00-06:30", NULL },
	{ FLEET "--seed 0 --workers 16 --run-for 2h", NULL },
	{ FLEET "--admin a.sock --from 2025-01-01 --to 2025-07-01 --step 6h", NULL },
	{ "--make-payloads - --into d", NULL },
	{ "", "--server is missing" },
	{ "word", "'word' is not an option" },
	{ "-x", "'-x' is not an option" },
	{ "--", "is not an option" },
	{ "--colour red", "no option --colour" },
	{ "--server", "--server needs a value: --server URL" },
	{ "--server=", "--server needs a value" },
	{ "--once=yes", "--once takes no value" },
	{ DEVICE "--id pc2", "--id is given twice" },
	{ "--server http://yard", "https://host:port" },
	{ "--server https://", "https://host:port" },
	{ "--server https://yard/base", "more than a host" },
	{ "--server https://user@yard", "more than a host" },
	{ "--server https://yard --state s", "needs --id" },
	{ "--server https://yard --id pc", "needs --state" },
	{ DEVICE, "--install-command or --simulate" },
	{ DEVICE "--simulate --install-command run", "--install-command or" },
	{ DEVICE "--simulate --facts-file f", "knows its facts" },
	{ DEVICE "--install-command run --failures 5", "simulated installs" },
	{ DEVICE "--simulate --fact word", "name=value" },
	{ DEVICE "--simulate --poll-min 0s", "a time such as" },
	{ DEVICE "--simulate --poll-min 10s --poll-max 5s", "shorter" },
	{ DEVICE "--simulate --active-hours 8-18", "hours such as" },
	{ DEVICE "--simulate --active-hours 08:00-24:00", "hours such as" },
	{ DEVICE "--simulate --active-hours 08:60-18:00", "hours such as" },
	{ DEVICE "--simulate --enrol-token a --enrol-token-file f", "not both" },
	{ DEVICE "--simulate --workers 2", "--workers does not go with a single" },
	{ FLEET "--id pc", "--id does not go with --fleet" },
	{ FLEET "--fleet", "--fleet needs a value" },
	{ "--server https://yard --fleet 0", "1 to 100000" },
	{ "--server https://yard --fleet 100001", "1 to 100000" },
	{ FLEET "--seed -1", "a number from 0" },
	{ FLEET "--seed 99999999999999999999", "a number from 0" },
	{ FLEET "--workers 2x", "a number from 1" },
	{ FLEET "--admin a.sock", "--from and --to" },
	{ FLEET "--admin a --from 2025-07-01 --to 2025-01-01", "before --from" },
	{ FLEET "--admin a --from 2025-01-01 --to 2025-02-01 --run-for 1h",
	  "of real time" },
	{ FLEET "--step 6h", "give --admin" },
	{ FLEET "--from then", "a time such as 2025-01-01" },
	{ "--make-payloads list", "--into DIR" },
	{ "--make-payloads list --into d --seed 1",
	  "--seed does not go with --make-payloads" },
	{ DEVICE "--simulate --enrol-token \x80", "visible characters" },
};

TEST(a_command_line_is_read_or_says_what_is_wrong)
{
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		static struct run_options options;
		char line[400];
		struct problem p;
		snprintf(line, sizeof line, "%s", lines[i].line);
		int result = parse(&options, line, &p);
		if ((result == 0) != (lines[i].why == NULL) ||
		    (result < 0 && strstr(p.text, lines[i].why) == NULL))
			fail_msg("'%s' gives: %s", lines[i].line, p.text);
	}
}

TEST(values_land_where_they_belong)
{
	static struct run_options options;
	struct problem p;
	char device[] =
		DEVICE "--simulate --fact vbs=off --fact=tag.ring=test --ca ca.pem "
		       "--enrol-token T --poll-min 2s --active-hours 08:30-18:00";
	char fleet[] =
		"--server https://yard:8443// --fleet 60 --seed 7 --admin a.sock "
		"--from 2025-01-01 --to 2025-07-01T00:00:00Z --report r.json --quiet";

	assert_int_equal(parse(&options, device, &p), 0);
	assert_int_equal(options.mode, RUN_AGENT);
	assert_string_equal(options.server, "https://yard:8443");
	assert_string_equal(options.id, "pc");
	assert_string_equal(options.ca_file, "ca.pem");
	assert_string_equal(fact_set_find(&options.facts, "tag.ring"), "test");
	assert_int_equal(options.poll_min_s, 2);
	assert_int_equal(options.poll_max_s, 86400);
	assert_int_equal(options.active_from_min, 510);
	assert_int_equal(options.active_to_min, 1080);
	assert_int_equal(options.install_s, 5);
	assert_int_equal(parse(&options, fleet, &p), 0);
	assert_int_equal(options.mode, RUN_FLEET);
	assert_string_equal(options.server, "https://yard:8443");
	assert_int_equal(options.fleet_count, 60);
	assert_int_equal(options.seed, 7);
	assert_int_equal(options.workers, 2);
	assert_int_equal(options.from_s, 1735689600);
	assert_int_equal(options.to_s, 1751328000);
	assert_int_equal(options.step_s, 21600);
	assert_int_equal(options.install_s, 0); /* in virtual time at once */
	assert_true(options.quiet);
}

TEST(help_names_every_option_and_shows_each_way_to_run_it)
{
	static const char *const words[] = {
		"--server URL", "--fleet N", "--make-payloads LIST", "--fact NAME=VALUE",
		"--once",       "--version", "Exit status",          "--simulate --fact"
	};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	options_print_help(out);
	fclose(out);
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strstr(text, words[i]) == NULL)
			fail_msg("'%s' is missing", words[i]);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_line_is_read_or_says_what_is_wrong),
		cmocka_unit_test(values_land_where_they_belong),
		cmocka_unit_test(help_names_every_option_and_shows_each_way_to_run_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
