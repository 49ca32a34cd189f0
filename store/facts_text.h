/* A device's facts as one column of text, and back.
 *
 * The first line is the time of the last report, empty before one.  Then one line for
 * each fact, in the order the engine keeps them:
 *
 *	reported|asserted TAB observed_s TAB since_s TAB name TAB value
 *
 * with the escapes of store/lines.h. */

#ifndef STORE_FACTS_TEXT_H
#define STORE_FACTS_TEXT_H

#include <stddef.h>

#include "engine/facts.h"

struct problem;

/* Enough for any facts: every byte escaped, and the numbers. */
enum { FACTS_TEXT_MAX = 2 * LIMIT_FACTS_TEXT + LIMIT_FACTS * 64 + 64 };

extern const char *const fact_source_words[2];

/* Returns the length; the text ends with a NUL too. */
size_t facts_text_write(const struct facts *facts, char text[static FACTS_TEXT_MAX]);
int facts_text_read(const char *text, size_t size, struct facts *facts,
		    struct problem *p);

#endif
