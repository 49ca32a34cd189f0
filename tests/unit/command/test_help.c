#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/command/command.h"
#include "protocol/command/help.h"
#include "protocol/command/sheet.h"
#include "protocol/command/text.h"
#include "tests/lib/case.h"

enum { SCREEN_LINES = 50, SCREEN_COLUMNS = 110 };

static void check_fits(const char *name, const struct noun *noun,
		       const struct command *command)
{
	char *text = NULL;
	size_t size, lines = 0;
	FILE *to = open_memstream(&text, &size);

	help_print(to, noun, command);
	fclose(to);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		lines++;
		if (text_columns(line) > SCREEN_COLUMNS)
			fail_msg("%s: too wide: %s", name, line);
	}
	if (lines > SCREEN_LINES)
		fail_msg("%s: %zu lines", name, lines);
	free(text);
}

TEST(every_help_fits_a_screen)
{
	const struct command *command;
	char name[64];

	check_fits("everything", NULL, NULL);
	for (size_t i = 0; i < noun_count; i++) {
		if (command_find(&nouns[i], NULL) == NULL)
			check_fits(nouns[i].name, &nouns[i], NULL);
	}
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		snprintf(name, sizeof name, "%s %s", command->noun,
			 command->verb == NULL ? "" : command->verb);
		check_fits(name, NULL, command);
	}
}

TEST(every_command_belongs_to_a_noun_and_is_found_by_its_words)
{
	const struct command *command;
	size_t count = 0;

	for (; (command = command_at(count)) != NULL; count++) {
		const struct noun *noun = noun_find(command->noun);
		if (noun == NULL || command_find(noun, command->verb) != command)
			fail_msg("%s %s is not found", command->noun,
				 command->verb == NULL ? "" : command->verb);
		assert_non_null(command->run);
		assert_non_null(command->arguments);
		assert_true(command->least <= command->most);
	}
	assert_true(count > 20);
	for (size_t i = 0; i < noun_count; i++) {
		bool has = false;
		for (size_t n = 0; (command = command_at(n)) != NULL; n++)
			has |= strcmp(command->noun, nouns[i].name) == 0;
		if (!has)
			fail_msg("%s has no command", nouns[i].name);
	}
}

/* Cut at spaces outside of single quotes, up to a redirection. */
static int cut(char *line, char *words[static 32])
{
	static char program[] = "patchyard";
	int count = 0;

	words[count++] = program;
	for (char *at = line; *at != '\0' && *at != '<' && *at != '>' && count < 31;) {
		char quote = *at == '\'' ? '\'' : ' ';
		words[count++] = at + (quote == '\'');
		at += quote == '\'';
		while (*at != '\0' && *at != quote)
			at++;
		if (*at != '\0')
			*at++ = '\0';
		at += strspn(at, " ");
	}
	words[count] = NULL;
	return count;
}

TEST(every_example_is_understood_as_its_own_command)
{
	static struct invocation invocation;
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		assert_non_null(command->examples[0]);
		for (int n = 0; n < EXAMPLES_MOST && command->examples[n] != NULL; n++) {
			char line[256], *words[32];
			struct problem p = { 0 };
			snprintf(line, sizeof line, "%s", command->examples[n]);
			int count = cut(line, words);
			if (invocation_parse(&invocation, count, words, &p) !=
			    STATUS_DONE)
				fail_msg("patchyard %s: %s", command->examples[n],
					 p.text);
			if (invocation.command != command)
				fail_msg("patchyard %s: another command",
					 command->examples[n]);
		}
	}
}

TEST(every_column_has_a_name_of_its_own_and_examples_name_real_ones)
{
	static struct invocation invocation;
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		const struct columns *columns = command->columns;
		for (size_t a = 0; columns != NULL && a < columns->count; a++) {
			for (size_t b = 0; b < a; b++)
				assert_string_not_equal(columns->list[a].name,
							columns->list[b].name);
		}
		for (int n = 0;
		     columns != NULL && n < EXAMPLES_MOST && command->examples[n] != NULL;
		     n++) {
			char line[256], *words[32];
			struct problem p = { 0 };
			snprintf(line, sizeof line, "%s", command->examples[n]);
			int count = cut(line, words);
			assert_int_equal(invocation_parse(&invocation, count, words, &p),
					 STATUS_DONE);
			bool filters = strcmp(command->noun, "device") != 0;
			struct sheet *sheet =
				sheet_new(&invocation, columns, filters, &p);
			if (sheet == NULL)
				fail_msg("patchyard %s: %s", command->examples[n],
					 p.text);
			sheet_free(sheet);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_help_fits_a_screen),
		cmocka_unit_test(
			every_command_belongs_to_a_noun_and_is_found_by_its_words),
		cmocka_unit_test(every_example_is_understood_as_its_own_command),
		cmocka_unit_test(
			every_column_has_a_name_of_its_own_and_examples_name_real_ones),
	};
	text_start();
	return cmocka_run_group_tests_name("help", tests, NULL, NULL);
}
