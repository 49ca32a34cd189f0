#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/command/command.h"
#include "tests/lib/case.h"

enum { WORDS_MOST = 32 };

static struct invocation invocation;

/* argv from one line of text, cut at its spaces. */
static int parse(const char *line, struct problem *p)
{
	static char copy[512];
	static char *words[WORDS_MOST];
	int count = 0;

	snprintf(copy, sizeof copy, "patchyard %s", line);
	for (char *word = strtok(copy, " "); word != NULL && count < WORDS_MOST - 1;
	     word = strtok(NULL, " "))
		words[count++] = word;
	words[count] = NULL;
	return invocation_parse(&invocation, count, words, p);
}

TEST(words_are_understood_wherever_the_options_stand)
{
	static const struct {
		const char *line, *noun, *verb;
		int arguments;
		enum format format;
	} rows[] = {
		{ "status", "status", NULL, 0, FORMAT_TABLE },
		{ "-o json status", "status", NULL, 0, FORMAT_JSON },
		{ "device list -o csv", "device", "list", 0, FORMAT_CSV },
		{ "device -ojsonl list", "device", "list", 0, FORMAT_JSONL },
		{ "--output=csv dev ls", "device", "list", 0, FORMAT_CSV },
		{ "rings list --no-headers", "ring", "list", 0, FORMAT_TABLE },
		{ "device show -q a", "device", "show", 1, FORMAT_TABLE },
		{ "device show -- -a", "device", "show", 1, FORMAT_TABLE },
		{ "device assert a vbs=off chpe=off", "device", "assert", 3,
		  FORMAT_TABLE },
		{ "payload import -", "payload", "import", 1, FORMAT_TABLE },
		{ "plan check p.xml --catalog a --catalog b", "plan", "check", 1,
		  FORMAT_TABLE },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		if (parse(rows[i].line, &p) != STATUS_DONE)
			fail_msg("%s: %s", rows[i].line, p.text);
		const char *verb = invocation.command->verb;
		if (strcmp(invocation.noun->name, rows[i].noun) != 0 ||
		    (verb == NULL) != (rows[i].verb == NULL) ||
		    (verb != NULL && strcmp(verb, rows[i].verb) != 0) ||
		    invocation.argument_count != rows[i].arguments ||
		    invocation.format != rows[i].format)
			fail_msg("%s: understood as %s %s with %d arguments, %s",
				 rows[i].line, invocation.noun->name,
				 verb == NULL ? "" : verb, invocation.argument_count,
				 format_names[invocation.format]);
	}
}

TEST(wrong_words_are_told_with_the_nearest_right_one)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "devise list",
		  "there is no command \"devise\"; did you mean \"device\"?" },
		{ "zzzzzzzz", "there is no command \"zzzzzzzz\"" },
		{ "device lisst", "\"device\" has no \"lisst\"; did you mean \"list\"?" },
		{ "device list --wehre x", "there is no option \"--wehre\"; did you mean "
					   "\"--where\"?" },
		{ "device list -x", "there is no option \"-x\"" },
		{ "status -o jason", "--output takes table, json, jsonl or csv, not "
				     "\"jason\"; did you mean \"json\"?" },
		{ "status --color alway",
		  "--color takes auto, always or never; NO_COLOR is "
		  "obeyed, not \"alway\"; did you mean "
		  "\"always\"?" },
		{ "status -o", "--output needs FORMAT: table, json, jsonl or csv" },
		{ "status -o csv -o json", "--output is given twice" },
		{ "status --quiet=yes", "--quiet takes no value" },
		{ "status now", "\"status\" takes no arguments, but got \"now\"" },
		{ "status --where x", "\"status\" takes no --where" },
		{ "clock show --columns a", "\"clock show\" takes no --columns" },
		{ "device show", "\"device show\" needs NAME" },
		{ "device show a b",
		  "\"device show\" takes NAME and no more, but got \"b\"" },
		{ "device assert a", "\"device assert\" needs NAME FACT=VALUE..." },
		{ "device list --limit 0",
		  "--limit takes a number of rows from 1 on, not "
		  "\"0\"" },
		{ "device list --limit 5x",
		  "--limit takes a number of rows from 1 on, not "
		  "\"5x\"" },
		{ "device list --limit -5",
		  "--limit takes a number of rows from 1 on, not "
		  "\"-5\"" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		int status = parse(rows[i].line, &p);
		if (status != STATUS_USAGE || strcmp(p.text, rows[i].text) != 0)
			fail_msg("%s: %d, \"%s\"", rows[i].line, status, p.text);
	}
}

TEST(help_is_given_whatever_else_is_said)
{
	static const char *const lines[] = { "--help", "device --help",
					     "device show --help", "-h device show a b c",
					     "clock set --help" };

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct problem p = { 0 };
		if (parse(lines[i], &p) != STATUS_DONE ||
		    !invocation_has(&invocation, OPTION_HELP))
			fail_msg("%s: %s", lines[i], p.text);
	}
}

TEST(a_repeated_option_is_kept_in_order)
{
	struct problem p = { 0 };

	assert_int_equal(parse("plan check p.xml --catalog b --catalog=a", &p),
			 STATUS_DONE);
	assert_int_equal(invocation.catalog_count, 2);
	assert_string_equal(invocation.catalogs[0], "b");
	assert_string_equal(invocation.catalogs[1], "a");
}

TEST(the_limit_is_a_number_and_none_without_one)
{
	struct problem p = { 0 };

	assert_int_equal(parse("device list --limit 20", &p), STATUS_DONE);
	assert_int_equal(invocation.limit, 20);
	assert_int_equal(parse("device list", &p), STATUS_DONE);
	assert_true(invocation.limit == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_understood_wherever_the_options_stand),
		cmocka_unit_test(wrong_words_are_told_with_the_nearest_right_one),
		cmocka_unit_test(help_is_given_whatever_else_is_said),
		cmocka_unit_test(a_repeated_option_is_kept_in_order),
		cmocka_unit_test(the_limit_is_a_number_and_none_without_one),
	};
	return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
