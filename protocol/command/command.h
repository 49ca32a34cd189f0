/* The command for people: what can be said, in tables.
 *
 * `patchyard NOUN VERB [ARGUMENT...]`.  A command is a row of a table in a file named
 * after its noun; options are rows of one table in option.c.  The parser, the help and
 * the suggestions all read those rows, so that a new command is a new row (and a new
 * kind of commands a new file, named in command.c) and none of them can disagree.
 *
 * A struct invocation is one call of the program: argv made sense of.  It borrows from
 * argv, lives in main() and is only read by the commands.  One thread. */

#ifndef PROTOCOL_COMMAND_COMMAND_H
#define PROTOCOL_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/command/status.h"
#include "protocol/command/terminal.h"

struct problem;
struct columns;
struct invocation;

enum option {
	/* every command takes these */
	OPTION_OUTPUT,
	OPTION_COLUMNS,
	OPTION_NO_HEADERS,
	OPTION_QUIET,
	OPTION_COLOR,
	OPTION_SOCKET,
	OPTION_HELP,
	/* those that say so */
	OPTION_WHERE,
	OPTION_LIMIT,
	OPTION_AFTER,
	OPTION_DRY_RUN,
	OPTION_REASON,
	OPTION_UPDATE,
	OPTION_CATALOG,
	OPTION_PLAN,
	OPTION_DEVICES,
	OPTION_ROLLOUTS,
	OPTION_AT,
	OPTION_ASSUME,
	OPTION_RING,
	OPTION_PRODUCT,
	OPTION_ALL,
	OPTION_FOR,
	OPTION_DEADLINE,
	OPTION_MAX_FAILED,
	OPTION_WAIVE,
	OPTION_UNDO,
	OPTION_FOR_TRACK,
	OPTION_TO,
	OPTION_WAIT,
	OPTION_AT_MOST,
	OPTION_FLEET,
	OPTION_FROM,
	OPTION_UNTIL,
	OPTION_RUNS,
	OPTION_SEED,
	OPTION_SAMPLE,
	OPTION_FAIL,
	OPTION_OFFLINE,
	OPTION_JOBS,
	OPTION_SAVE,
	OPTION_AS_OF,
	OPTION_RELEASE,
	OPTION_ARCH,
	OPTION_KEY,
	OPTION_PASSPHRASE_FILE,
	OPTION_DAYS,
	OPTION_REPLACE,
	OPTION_CONTENTS,
	OPTION_SINCE,
	OPTION_MAX_SIZE,
	OPTION_ROOT,
	OPTION_STATE,
	OPTION_METADATA_DIR,
	OPTION_METADATA_URL,
	OPTION_TARGET_NAME,
	OPTION_TARGET_URL,
	OPTION_TARGET_DIR,
	OPTIONS
};
#define TAKES(option) (UINT64_C(1) << (option))

struct option_row {
	const char *name;
	char letter;       /* 0 for none */
	const char *value; /* what it takes, for the help; NULL for a flag */
	bool everywhere;   /* every command takes it */
	bool repeats;      /* may be given several times */
	const char *summary;
};
extern const struct option_row option_rows[OPTIONS];

enum { EXAMPLES_MOST = 3, ANY_NUMBER = 10000 };

struct command {
	const char *noun;
	const char *verb;      /* NULL: the noun says it all */
	const char *arguments; /* for the help: "NAME FACT=VALUE..." */
	int least, most;       /* how many of them */
	uint64_t options;      /* TAKES(...) beside those that every command takes */
	const char *summary;   /* one line, no full stop */
	const char *detail;    /* more lines for its own help; may be NULL */
	const struct columns *columns;       /* of its table; NULL for none */
	const char *examples[EXAMPLES_MOST]; /* without "patchyard " */
	enum status (*run)(const struct invocation *invocation);
	bool draws; /* it takes -o text and -o svg too */
};

/* Nouns in the order of the help. */
struct noun {
	const char *name;
	const char *alias; /* NULL for none */
	const char *summary;
};
extern const struct noun nouns[];
extern const size_t noun_count;

/* The n-th command of all, in the order of the help; NULL past the end. */
const struct command *command_at(size_t n);
/* By the words people say, aliases too; NULL for none.  `verb` may be NULL. */
const struct noun *noun_find(const char *word);
const struct command *command_find(const struct noun *noun, const char *verb);

/* What to say of a word that names none of them: the nearest that does.  Return -1. */
int noun_unknown(const char *word, struct problem *p);
int verb_unknown(const struct noun *noun, const char *word, struct problem *p);

enum format {
	FORMAT_TABLE,
	FORMAT_JSON,
	FORMAT_JSONL,
	FORMAT_CSV,
	/* of commands that draw */
	FORMAT_TEXT,
	FORMAT_SVG,
	FORMATS
};
extern const char *const format_names[FORMATS];

enum { CATALOGS_MOST = 256, ASSUMPTIONS_MOST = 32, FAILS_MOST = 64, KEYS_MOST = 16 };

struct invocation {
	const struct noun *noun;       /* NULL: none was said */
	const struct command *command; /* NULL: help was asked for */
	int argument_count;
	const char *const *arguments;
	const char *options[OPTIONS]; /* as given; NULL not given; "" a flag */
	size_t catalog_count;         /* OPTION_CATALOG repeats */
	const char *catalogs[CATALOGS_MOST];
	size_t assumption_count; /* OPTION_ASSUME likewise */
	const char *assumptions[ASSUMPTIONS_MOST];
	size_t fail_count; /* OPTION_FAIL likewise */
	const char *fails[FAILS_MOST];
	size_t key_count; /* OPTION_KEY likewise */
	const char *keys[KEYS_MOST];
	enum format format;
	int64_t limit; /* INT64_MAX without one */
	struct terminal terminal;
};

/* Make sense of argv, which is reordered.  STATUS_DONE, or STATUS_USAGE with *p told.
 * With --help anywhere, `command` is what the help is wanted of (NULL: of `noun`, or of
 * everything), and nothing else is insisted on. */
int invocation_parse(struct invocation *invocation, int argc, char **argv,
		     struct problem *p);

static inline bool invocation_has(const struct invocation *invocation, enum option option)
{
	return invocation->options[option] != NULL;
}

#endif
