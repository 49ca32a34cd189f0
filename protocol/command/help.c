/* patchyard help: everything it says comes from the tables of commands and options. */

#include "protocol/command/help.h"

#include <string.h>

#include "engine/problem.h"
#include "protocol/command/sheet.h"
#include "protocol/command/tables.h"
#include "protocol/command/tell.h"

enum { NAME_COLUMNS = 24, VERB_COLUMNS = 72 };

static void print_option(FILE *to, const struct option_row *row)
{
	char name[64];

	snprintf(name, sizeof name, "%c%c%s --%s%s%s", row->letter != 0 ? '-' : ' ',
		 row->letter != 0 ? row->letter : ' ', row->letter != 0 ? "," : " ",
		 row->name, row->value != NULL ? " " : "",
		 row->value != NULL ? row->value : "");
	fprintf(to, "  %-*s %s\n", NAME_COLUMNS, name, row->summary);
}

static void print_examples(FILE *to, const struct command *command)
{
	fputs("\nExamples:\n", to);
	for (int i = 0; i < EXAMPLES_MOST && command->examples[i] != NULL; i++)
		fprintf(to, "  patchyard %s\n", command->examples[i]);
}

static void print_columns(FILE *to, const struct columns *columns)
{
	size_t used = 9;

	fputs("\nColumns:", to);
	for (size_t i = 0; i < columns->count; i++) {
		size_t size = strlen(columns->list[i].name);
		if (used + size + 1 > 88) {
			fputs("\n        ", to);
			used = 9;
		}
		fprintf(to, " %s", columns->list[i].name);
		used += size + 1;
	}
	fputc('\n', to);
}

static void print_command(FILE *to, const struct command *command)
{
	fprintf(to, "patchyard %s%s%s: %s.\n\nUsage: patchyard %s%s%s%s%s [options]\n",
		command->noun, command->verb != NULL ? " " : "",
		command->verb != NULL ? command->verb : "", command->summary,
		command->noun, command->verb != NULL ? " " : "",
		command->verb != NULL ? command->verb : "",
		command->arguments[0] != '\0' ? " " : "", command->arguments);
	if (command->detail != NULL)
		fprintf(to, "\n%s\n", command->detail);
	if (command->columns != NULL)
		print_columns(to, command->columns);
	print_examples(to, command);
	fputs("\nOptions:\n", to);
	for (int i = 0; i < OPTIONS; i++) {
		if ((command->options & TAKES(i)) != 0)
			print_option(to, &option_rows[i]);
	}
	for (int i = 0; i < OPTIONS; i++) {
		if (option_rows[i].everywhere &&
		    (i != OPTION_COLUMNS || command->columns != NULL))
			print_option(to, &option_rows[i]);
	}
}

static void print_noun(FILE *to, const struct noun *noun)
{
	const struct command *command;
	char name[64];

	fprintf(to, "patchyard %s: %s.\n\n", noun->name, noun->summary);
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		if (strcmp(command->noun, noun->name) != 0)
			continue;
		snprintf(name, sizeof name, "%s%s%s", command->verb,
			 command->arguments[0] != '\0' ? " " : "", command->arguments);
		fprintf(to, "  %-*s %s\n", NAME_COLUMNS, name, command->summary);
	}
	fprintf(to, "\nMore: patchyard %s VERB --help\n", noun->name);
}

/* "list show explain", or nothing for a noun that says it all. */
static void verbs_of(const struct noun *noun, char *room, size_t size)
{
	const struct command *command;
	size_t used = 0, line = 0; /* where the present line begins */

	room[0] = '\0';
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		if (strcmp(command->noun, noun->name) != 0 || command->verb == NULL)
			continue;
		bool wraps = used - line + strlen(command->verb) > VERB_COLUMNS;
		int wanted = snprintf(room + used, size - used, "%s%s",
				      used == 0 ? ""
				      : wraps   ? " |\n             "
						: " | ",
				      command->verb);
		if (wanted < 0 || (size_t)wanted >= size - used)
			return;
		used += (size_t)wanted;
		line = wraps ? used : line;
	}
}

static void print_all(FILE *to)
{
	char verbs[320];

	fputs("patchyard: the lab's own Windows Update, from the command line.\n\n"
	      "Usage: patchyard NOUN VERB [ARGUMENT...] [options]\n\n",
	      to);
	for (size_t i = 0; i < noun_count; i++) {
		verbs_of(&nouns[i], verbs, sizeof verbs);
		fprintf(to, "  %-11s%s\n", nouns[i].name,
			verbs[0] == '\0' || command_find(&nouns[i], NULL) != NULL
				? nouns[i].summary
				: verbs);
	}
	fputs("\nOptions of every command:\n", to);
	for (int i = 0; i < OPTIONS; i++) {
		if (option_rows[i].everywhere)
			print_option(to, &option_rows[i]);
	}
	fputs("\nExit status: 0 done, 1 failed, 2 the answer is no, 3 not found, 4 "
	      "refused,\n"
	      "5 no server, 6 conflict, 64 wrong usage.\n"
	      "\nExamples:\n"
	      "  patchyard status\n"
	      "  patchyard device list --where 'standing = not-ready'\n"
	      "  patchyard device explain NAME\n"
	      "\nMore: patchyard NOUN --help, patchyard NOUN VERB --help\n",
	      to);
}

void help_print(FILE *to, const struct noun *noun, const struct command *command)
{
	if (command != NULL)
		print_command(to, command);
	else if (noun != NULL)
		print_noun(to, noun);
	else
		print_all(to);
}

static enum status run_help(const struct invocation *invocation)
{
	const char *const *words = invocation->arguments;
	const struct noun *noun = NULL;
	const struct command *command = NULL;
	struct problem p;

	if (invocation->argument_count > 0) {
		noun = noun_find(words[0]);
		if (noun == NULL) {
			noun_unknown(words[0], &p);
			return tell_usage(invocation, "%s", p.text);
		}
		command = command_find(noun, NULL);
	}
	if (invocation->argument_count > 1) {
		command = command_find(noun, words[1]);
		if (command == NULL) {
			verb_unknown(noun, words[1], &p);
			return tell_usage(invocation, "%s", p.text);
		}
	}
	help_print(stdout, noun, command);
	return STATUS_DONE;
}

/* clang-format off */
const struct command help_commands[] = {
	{ "help", NULL, "[NOUN [VERB]]", 0, 2, 0, "how to say things", NULL, NULL,
	  { "help", "help device", "help device list" }, run_help },
	{ 0 },
};
/* clang-format on */
