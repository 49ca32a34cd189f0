/* Options: the table, and argv made sense of. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/command/command.h"
#include "protocol/command/suggest.h"

/* clang-format off */
const struct option_row option_rows[OPTIONS] = {
	[OPTION_OUTPUT]     = { "output", 'o', "FORMAT", true, false, "table, json, jsonl or csv" },
	[OPTION_COLUMNS]    = { "columns", 0, "A,B,...", true, false, "these columns only, in this order" },
	[OPTION_NO_HEADERS] = { "no-headers", 0, NULL, true, false, "leave the header line out" },
	[OPTION_QUIET]      = { "quiet", 'q', NULL, true, false, "nothing but results and errors" },
	[OPTION_COLOR]      = { "color", 0, "WHEN", true, false, "auto, always or never; NO_COLOR is obeyed" },
	[OPTION_SOCKET]     = { "socket", 0, "PATH", true, false, "the server's socket; or PATCHYARD_SOCKET" },
	[OPTION_HELP]       = { "help", 'h', NULL, true, false, "this text" },
	[OPTION_WHERE]      = { "where", 0, "EXPR", false, false, "only rows that match, as in a plan" },
	[OPTION_LIMIT]      = { "limit", 0, "N", false, false, "at most N rows" },
	[OPTION_AFTER]      = { "after", 0, "NAME", false, false, "go on after this device" },
	[OPTION_DRY_RUN]    = { "dry-run", 0, NULL, false, false, "say what would happen, and do nothing" },
	[OPTION_REASON]     = { "reason", 0, "TEXT", false, false, "why; it is kept in the audit log" },
	[OPTION_UPDATE]     = { "update", 0, "KB", false, false, "about this release, not the one decided for" },
	[OPTION_CATALOG]    = { "catalog", 0, "PATH", false, true, "a catalog file, or a folder of *.xml; may be repeated" },
	[OPTION_PLAN]       = { "plan", 0, "FILE", false, false, "the plan" },
	[OPTION_DEVICES]    = { "devices", 0, "FILE", false, false, "one device a line, as JSON; - is standard input" },
	[OPTION_ROLLOUTS]   = { "rollouts", 0, "FILE", false, false, "what was done on the day, as a JSON array" },
	[OPTION_AT]         = { "at", 0, "TIME", false, false, "the moment of the decision, as 2025-05-21T09:42:00Z" },
	[OPTION_ASSUME]     = { "assume", 0, "FACT=VALUE", false, true, "for this question only; FACT= for one not reported; may be repeated" },
	[OPTION_RING]       = { "ring", 0, "RING", false, false, "in this ring alone" },
	[OPTION_RELEASE]    = { "release", 0, "KB", false, false, "the release that the update stands for" },
	[OPTION_ARCH]       = { "arch", 0, "ARCH", false, false, "x64 or arm64" },
	[OPTION_PRODUCT]    = { "product", 0, "ID", false, false, "the KB of this product alone" },
	[OPTION_ALL]        = { "all", 0, NULL, false, false, "also what nobody has to do with any more" },
	[OPTION_FOR]        = { "for", 0, "DURATION", false, false, "so long, as 36h or 7d; 35d at most" },
	[OPTION_DEADLINE]   = { "deadline", 0, "DURATION", false, false, "to be installed by then; 2d at most" },
	[OPTION_MAX_FAILED] = { "max-failed", 0, "SHARE", false, false, "the limit of failures from now on, as 8%" },
	[OPTION_WAIVE]      = { "waive", 0, NULL, false, false, "failures stop it no more" },
	[OPTION_UNDO]       = { "undo", 0, NULL, false, false, "take it back" },
	[OPTION_FOR_TRACK]  = { "for-hotpatch-track", 0, NULL, false, false, "for devices that take hotpatches too" },
	[OPTION_TO]         = { "to", 0, "lcu", false, false, "what to go back to" },
	[OPTION_WAIT]       = { "wait", 0, NULL, false, false, "offer nothing in its place for now" },
	[OPTION_AT_MOST]    = { "at-most", 0, "N", false, false, "so many devices at a time" },
	[OPTION_FLEET]      = { "fleet", 0, "FILE", false, false, "a made-up fleet (conf/fleet.xml); with --devices only how they behave" },
	[OPTION_FROM]       = { "from", 0, "TIME", false, false, "when the rehearsal begins, as 2025-01-01" },
	[OPTION_UNTIL]      = { "until", 0, "TIME", false, false, "when it ends" },
	[OPTION_RUNS]       = { "runs", 0, "N", false, false, "so many runs (1), each with throws of its own" },
	[OPTION_SEED]       = { "seed", 0, "N", false, false, "where the throws come from (1): the same seed, the same result" },
	[OPTION_SAMPLE]     = { "sample", 0, "N", false, false, "so many devices of the fleet, not all" },
	[OPTION_FAIL]       = { "fail", 0, "WHAT=RATE", false, true, "installs that fail, as KB5058497=2%+-1; may be repeated" },
	[OPTION_OFFLINE]    = { "offline", 0, "SHARE", false, false, "of the time that devices are out of reach, as 5%" },
	[OPTION_JOBS]       = { "jobs", 0, "N", false, false, "so many threads; one for each core" },
	[OPTION_SAVE]       = { "save", 0, "NAME", false, false, "keep it as NAME.rehearsal.json, or in a file, as out/may.json" },
	[OPTION_AS_OF]      = { "as-of", 0, "TIME", false, false, "know no release that was published later" },
	[OPTION_KEY]        = { "key", 0, "FILE", false, true, "a private key to sign with; may be repeated" },
	[OPTION_PASSPHRASE_FILE] = { "passphrase-file", 0, "FILE", false, false, "its first line opens the keys; else the terminal is asked" },
	[OPTION_DAYS]       = { "days", 0, "N", false, false, "so long it is good" },
	[OPTION_REPLACE]    = { "replace", 0, "ID=FILE", false, false, "this .pub in place of the key whose id begins so" },
	[OPTION_CONTENTS]   = { "contents", 0, "FOLDER", false, false, "the files, and contents.tsv that says what they are" },
	[OPTION_SINCE]      = { "since", 0, "FOLDER", false, false, "leave out what this earlier bundle had" },
	[OPTION_MAX_SIZE]   = { "max-size", 0, "SIZE", false, false, "at most so much on a volume, as 4G or 650M" },
	[OPTION_ROOT]       = { "root", 0, "FILE", false, false, "the root to trust, for the first time" },
	[OPTION_STATE]      = { "state", 0, "FOLDER", false, false, "what was imported and trusted before" },
	[OPTION_METADATA_DIR] = { "metadata-dir", 0, "FOLDER", false, false, "where the trusted files are kept" },
	[OPTION_METADATA_URL] = { "metadata-url", 0, "URL", false, false, "where the metadata are served" },
	[OPTION_TARGET_NAME] = { "target-name", 0, "NAME", false, false, "the file to download" },
	[OPTION_TARGET_URL] = { "target-base-url", 0, "URL", false, false, "where the files are served" },
	[OPTION_TARGET_DIR] = { "target-dir", 0, "FOLDER", false, false, "where the download goes" },
};
/* clang-format on */

const char *const format_names[FORMATS] = {
	"table", "json", "jsonl", "csv", "text", "svg"
};
static const char *const color_names[] = { "auto", "always", "never" };

static int unknown_option(const char *word, struct problem *p)
{
	char dashed[OPTIONS][24];
	const char *names[OPTIONS];

	for (size_t i = 0; i < OPTIONS; i++) {
		snprintf(dashed[i], sizeof dashed[i], "--%s", option_rows[i].name);
		names[i] = dashed[i];
	}
	return problem_set(p, PROBLEM_BAD_INPUT, "there is no option \"%.100s\"%s", word,
			   suggest(word, names, OPTIONS).text);
}

static int find_long(const char *name, size_t size)
{
	for (int i = 0; i < OPTIONS; i++) {
		if (strlen(option_rows[i].name) == size &&
		    strncmp(option_rows[i].name, name, size) == 0)
			return i;
	}
	return -1;
}

static int find_letter(char letter)
{
	for (int i = 0; i < OPTIONS; i++) {
		if (option_rows[i].letter != 0 && option_rows[i].letter == letter)
			return i;
	}
	return -1;
}

/* One more of an option that repeats. */
static int keep_one(const struct option_row *row, const char **list, size_t *count,
		    size_t most, const char *value, struct problem *p)
{
	if (*count == most)
		return problem_set(p, PROBLEM_TOO_LARGE, "--%s: at most %zu of them",
				   row->name, most);
	list[(*count)++] = value;
	return 0;
}

static int keep(struct invocation *invocation, int option, const char *value,
		struct problem *p)
{
	const struct option_row *row = &option_rows[option];

	if (invocation->options[option] != NULL && !row->repeats && row->value != NULL)
		return problem_set(p, PROBLEM_BAD_INPUT, "--%s is given twice",
				   row->name);
	invocation->options[option] = value;
	if (option == OPTION_CATALOG)
		return keep_one(row, invocation->catalogs, &invocation->catalog_count,
				CATALOGS_MOST, value, p);
	if (option == OPTION_FAIL)
		return keep_one(row, invocation->fails, &invocation->fail_count,
				FAILS_MOST, value, p);
	if (option == OPTION_KEY)
		return keep_one(row, invocation->keys, &invocation->key_count, KEYS_MOST,
				value, p);
	if (option == OPTION_ASSUME)
		return keep_one(row, invocation->assumptions,
				&invocation->assumption_count, ASSUMPTIONS_MOST, value,
				p);
	return 0;
}

/* One word that begins with a dash, and the value behind it.  Returns how many words
 * were used up, or -1. */
static int take_option(struct invocation *invocation, char **words, int left,
		       struct problem *p)
{
	const char *word = words[0], *value = NULL;
	bool is_long = word[1] == '-';
	size_t size = is_long ? strcspn(word + 2, "=") : 1;
	int option = is_long ? find_long(word + 2, size) : find_letter(word[1]);

	if (option < 0)
		return unknown_option(word, p);
	if (is_long && word[2 + size] == '=')
		value = word + 2 + size + 1;
	else if (!is_long && word[2] != '\0')
		value = word + 2 + (word[2] == '=');
	if (option_rows[option].value == NULL) {
		if (value != NULL)
			return problem_set(p, PROBLEM_BAD_INPUT, "--%s takes no value",
					   option_rows[option].name);
		return keep(invocation, option, "", p) < 0 ? -1 : 1;
	}
	int used = value == NULL ? 2 : 1;
	if (value == NULL && left < 2)
		return problem_set(p, PROBLEM_BAD_INPUT, "--%s needs %s: %s",
				   option_rows[option].name, option_rows[option].value,
				   option_rows[option].summary);
	return keep(invocation, option, value == NULL ? words[1] : value, p) < 0 ? -1
										 : used;
}

/* Options may stand anywhere; what is no option is moved to the front of `words`. */
static int split(struct invocation *invocation, int *count, char **words,
		 struct problem *p)
{
	int kept = 0;
	bool ended = false;

	for (int i = 0; i < *count;) {
		if (ended || words[i][0] != '-' || words[i][1] == '\0') {
			words[kept++] = words[i++];
		} else if (strcmp(words[i], "--") == 0) {
			ended = true;
			i++;
		} else {
			int used = take_option(invocation, words + i, *count - i, p);
			if (used < 0)
				return -1;
			i += used;
		}
	}
	*count = kept;
	return 0;
}

/* The words that are no options: noun, verb, arguments. */
static int find_command(struct invocation *invocation, int count, char **words,
			struct problem *p)
{
	int used = 1;

	if (count == 0)
		return 0;
	invocation->noun = noun_find(words[0]);
	if (invocation->noun == NULL)
		return noun_unknown(words[0], p);
	/* A noun that says it all may have verbs beside. */
	invocation->command = count > 1 ? command_find(invocation->noun, words[1]) : NULL;
	if (invocation->command != NULL)
		used = 2;
	else
		invocation->command = command_find(invocation->noun, NULL);
	if (invocation->command == NULL && count > 1)
		return verb_unknown(invocation->noun, words[1], p);
	invocation->arguments = (const char *const *)words + used;
	invocation->argument_count = count - used;
	return 0;
}

static int check_arguments(const struct invocation *invocation, struct problem *p)
{
	const struct command *command = invocation->command;
	char name[128];

	snprintf(name, sizeof name, "%s%s%s", command->noun,
		 command->verb != NULL ? " " : "",
		 command->verb != NULL ? command->verb : "");
	if (invocation->argument_count < command->least)
		return problem_set(p, PROBLEM_BAD_INPUT, "\"%s\" needs %s", name,
				   command->arguments);
	if (invocation->argument_count > command->most && command->most == 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"%s\" takes no arguments, but got \"%.80s\"", name,
				   invocation->arguments[0]);
	if (invocation->argument_count > command->most)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"%s\" takes %s and no more, but got \"%.80s\"", name,
				   command->arguments,
				   invocation->arguments[command->most]);
	for (int i = 0; i < OPTIONS; i++) {
		bool taken = i == OPTION_COLUMNS
				     ? command->columns != NULL
				     : option_rows[i].everywhere ||
					       (command->options & TAKES(i)) != 0;
		if (invocation->options[i] != NULL && !taken)
			return problem_set(p, PROBLEM_BAD_INPUT, "\"%s\" takes no --%s",
					   name, option_rows[i].name);
	}
	return 0;
}

/* The position of `word` among `names`, or -1 with the nearest one told. */
static int one_of(enum option option, const char *word, const char *const *names,
		  size_t count, struct problem *p)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], word) == 0)
			return (int)i;
	}
	return problem_set(p, PROBLEM_BAD_INPUT, "--%s takes %s, not \"%.60s\"%s",
			   option_rows[option].name, option_rows[option].summary, word,
			   suggest(word, names, count).text);
}

static int check_values(struct invocation *invocation, struct problem *p)
{
	const char *format = invocation->options[OPTION_OUTPUT];
	const char *color = invocation->options[OPTION_COLOR];
	const char *limit = invocation->options[OPTION_LIMIT];

	if (format != NULL) {
		const struct command *command = invocation->command;
		bool draws = command != NULL && command->draws;
		int found = one_of(OPTION_OUTPUT, format, format_names,
				   draws ? FORMATS : FORMAT_TEXT, p);
		if (found < 0)
			return -1;
		invocation->format = (enum format)found;
	}
	if (color != NULL && one_of(OPTION_COLOR, color, color_names, 3, p) < 0)
		return -1;
	invocation->limit = INT64_MAX;
	if (limit != NULL) {
		char *end;
		invocation->limit = strtoll(limit, &end, 10);
		if (limit[0] < '0' || limit[0] > '9' || *end != '\0' ||
		    invocation->limit < 1)
			return problem_set(
				p, PROBLEM_BAD_INPUT,
				"--limit takes a number of rows from 1 on, not \"%.60s\"",
				limit);
	}
	return 0;
}

int invocation_parse(struct invocation *invocation, int argc, char **argv,
		     struct problem *p)
{
	int count = argc > 0 ? argc - 1 : 0;
	char **words = argv + 1;

	memset(invocation, 0, sizeof *invocation);
	int result = split(invocation, &count, words, p);
	terminal_find(&invocation->terminal, invocation->options[OPTION_COLOR]);
	if (result < 0 || find_command(invocation, count, words, p) < 0)
		return STATUS_USAGE;
	if (invocation_has(invocation, OPTION_HELP) || invocation->command == NULL)
		return STATUS_DONE;
	if (check_values(invocation, p) < 0 || check_arguments(invocation, p) < 0)
		return STATUS_USAGE;
	return STATUS_DONE;
}
