/* A device's history as one column of text, and back; its flow has a table of its own.
 *
 * One line for each thing, named by its first field, with the escapes of
 * store/lines.h.  What is not there is as history_init() leaves it.
 *
 *	paused    until_s
 *	request   kind state wait product kb base revision removed_published_s at_s
 *	          failures reason
 *	mark      product kb base revision first_offered_s last_s failures
 *	          last_failed_s unshown not_applicable unverifiable block blocked_s
 *	seen      kb since_s
 *
 * A later version adds words, or fields at the end of a line; it never moves one. */

#ifndef STORE_HISTORY_TEXT_H
#define STORE_HISTORY_TEXT_H

#include <stddef.h>

#include "engine/history.h"

struct problem;

enum { HISTORY_TEXT_MAX = HISTORY_MARKS * 384 + HISTORY_SIGHTINGS * 40 + 1024 };

/* The words of these columns and of those in the log. */
enum { REQUEST_WORDS = REQUEST_ROLLBACK + 1, BLOCK_WORDS = BLOCK_UNINSTALLED + 1 };
extern const char *const request_words[REQUEST_WORDS], *const block_words[BLOCK_WORDS];
extern const char *const recovery_words[RECOVERY_STATES];

/* Returns the length; the text ends with a NUL too. */
size_t history_text_write(const struct history *history,
			  char text[static HISTORY_TEXT_MAX]);
/* Leaves history->flow as history_init() does. */
int history_text_read(const char *text, size_t size, struct history *history,
		      struct problem *p);

#endif
