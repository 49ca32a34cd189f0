/* A script's text, statement by statement, and a statement's words.
 *
 * A statement is a line, with the indented lines that follow it.  Words stand between
 * blanks; a comma or semicolon at a word's end is only for the eye; "double quotes" make
 * one word of several; # begins a comment.  What is wrong is told in a struct trouble,
 * whose text begins with file and line. */

#ifndef TESTS_SCENARIO_WORDS_H
#define TESTS_SCENARIO_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/catalog.h"
#include "engine/findings.h"

enum { STATEMENT_MOST = 2048, WORDS_MOST = 128, TROUBLE_TEXT = 2400 };

struct trouble {
	char text[TROUBLE_TEXT];
};

struct script {
	const char *file; /* outlives the script */
	const char *at;   /* what is still to be read */
	unsigned line;
};

struct words {
	struct origin origin;
	struct trouble *trouble;
	size_t count, next;
	size_t from[WORDS_MOST];   /* where each begins, in `text` and `cut` alike */
	char text[STATEMENT_MOST]; /* as written, in one line */
	char cut[STATEMENT_MOST];  /* the words, each ended by a NUL */
};

/* `text` must outlive the script. */
void script_open(struct script *script, const char *file, const char *text);
/* 1 with the next statement, 0 at the end, -1 told. */
int script_next(struct script *script, struct words *words, struct trouble *trouble);

/* A statement that stands alone; -1 told when it is too long or a quote is not closed. */
int words_split(struct words *words, const char *text, struct origin origin,
		struct trouble *trouble);

/* The next word and pass it; NULL at the end. */
const char *words_take(struct words *words);
/* The same; "" and a trouble told at the end: `what` was expected. */
const char *words_need(struct words *words, const char *what);
/* Pass the next word if it is this one. */
bool words_take_if(struct words *words, const char *word);
const char *words_peek(const struct words *words);
/* What is left, as written, and pass it; NULL when nothing is. */
const char *words_rest(struct words *words);
/* -1 told when words are left over. */
int words_end(struct words *words);

/* Values.  -1 told when the next word is none. */
int words_number(struct words *words, int64_t *number);
int words_kb(struct words *words, uint32_t *kb);
/* A build may follow; base 0 when none does. */
void words_maybe_build(struct words *words, struct build *build);
/* 2025-10-24, 2025-10-24 12:00 or a whole RFC 3339 time, in UTC; or +6h from now. */
int words_time(struct words *words, int64_t now_s, int64_t *at_s);
int words_duration(struct words *words, int64_t *seconds);

/* Says what is wrong with the statement, unless something was said before.  Always -1. */
int trouble_tell(const struct words *words, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
