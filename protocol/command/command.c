/* Where all commands are named, and how they are found. */

#include "protocol/command/command.h"

#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/command/suggest.h"
#include "protocol/command/tables.h"

/* clang-format off */
const struct noun nouns[] = {
	{ "status",    NULL,    "the yard on one screen" },
	{ "device",    "dev",   "what devices stand on, what they are offered, and why" },
	{ "ring",      "rings", "the rings of the plan and how far they are" },
	{ "rollout",   "ro",    "each release in each ring: to watch, pause, halt, approve" },
	{ "hold",      "holds", "what is kept from which devices" },
	{ "operation", "op",    "what was asked for many devices, and how far it is" },
	{ "catalog",   "cat",   "the releases that are known" },
	{ "plan",      NULL,    "policies, rings and holds, as one file" },
	{ "payload",   NULL,    "the files that are handed out" },
	{ "bundle",    NULL,    "updates on a disk, signed offline" },
	{ "update",    "updates", "what Windows Update Agents are sent" },
	{ "computer",  "computers", "Windows Update Agents, and the devices they are" },
	{ "report",    NULL,    "the fleet in numbers" },
	{ "decide",    NULL,    "what devices should run, without any server" },
	{ "rehearse",  NULL,    "what a plan would do to a fleet, in virtual time" },
	{ "enrolment", NULL,    "how new devices come in" },
	{ "audit",     NULL,    "who did what, and when" },
	{ "clock",     NULL,    "the server's time" },
	{ "version",   NULL,    "the version of this program" },
	{ "help",      NULL,    "how to say things" },
};
/* clang-format on */
const size_t noun_count = sizeof nouns / sizeof nouns[0];

static const struct command *const tables[] = {
	yard_commands,   device_commands,  operation_commands, rollout_commands,
	hold_commands,   catalog_commands, plan_commands,      payload_commands,
	report_commands, decide_commands,  rehearse_commands,  windows_commands,
	bundle_commands, help_commands,
};

const struct command *command_at(size_t n)
{
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		for (const struct command *row = tables[i]; row->noun != NULL; row++) {
			if (n-- == 0)
				return row;
		}
	}
	return NULL;
}

const struct noun *noun_find(const char *word)
{
	for (size_t i = 0; i < noun_count; i++) {
		if (strcmp(nouns[i].name, word) == 0 ||
		    (nouns[i].alias != NULL && strcmp(nouns[i].alias, word) == 0))
			return &nouns[i];
	}
	return NULL;
}

const struct command *command_find(const struct noun *noun, const char *verb)
{
	const struct command *command;

	if (verb != NULL && strcmp(verb, "ls") == 0)
		verb = "list";
	for (size_t n = 0; (command = command_at(n)) != NULL; n++) {
		if (strcmp(command->noun, noun->name) != 0)
			continue;
		if (verb == NULL
			    ? command->verb == NULL
			    : command->verb != NULL && strcmp(command->verb, verb) == 0)
			return command;
	}
	return NULL;
}

enum { WORDS_MOST = 64 };

int noun_unknown(const char *word, struct problem *p)
{
	const char *names[WORDS_MOST];
	size_t count = 0;

	for (size_t i = 0; i < noun_count && count + 2 <= WORDS_MOST; i++) {
		names[count++] = nouns[i].name;
		if (nouns[i].alias != NULL)
			names[count++] = nouns[i].alias;
	}
	return problem_set(p, PROBLEM_BAD_INPUT, "there is no command \"%.100s\"%s", word,
			   suggest(word, names, count).text);
}

int verb_unknown(const struct noun *noun, const char *word, struct problem *p)
{
	const char *names[WORDS_MOST];
	size_t count = 0;
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)) != NULL && count < WORDS_MOST; i++) {
		if (strcmp(command->noun, noun->name) == 0 && command->verb != NULL)
			names[count++] = command->verb;
	}
	return problem_set(p, PROBLEM_BAD_INPUT, "\"%s\" has no \"%.100s\"%s", noun->name,
			   word, suggest(word, names, count).text);
}
