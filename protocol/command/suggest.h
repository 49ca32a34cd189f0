/* The nearest right word, as the end of a sentence about a wrong one. */

#ifndef PROTOCOL_COMMAND_SUGGEST_H
#define PROTOCOL_COMMAND_SUGGEST_H

#include <stddef.h>

struct suggestion {
	char text[100]; /* `; did you mean "list"?`, or nothing */
};

struct suggestion suggest(const char *word, const char *const *candidates, size_t count);

#endif
