/* Where the output goes: onto a terminal with some width and perhaps colours, or into a
 * file or pipe, where nothing is cut and nothing is painted. */

#ifndef PROTOCOL_COMMAND_TERMINAL_H
#define PROTOCOL_COMMAND_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct terminal {
	bool is_there;      /* standard output is one */
	size_t columns;     /* its width; 0 when it is none */
	bool paints;        /* colours on standard output */
	bool paints_errors; /* colours on standard error */
};

/* Look at the two streams and the environment.  `when` is "auto", "always" or "never";
 * NULL is "auto": colours on a terminal unless NO_COLOR is set, and anywhere when
 * CLICOLOR_FORCE is. */
void terminal_find(struct terminal *terminal, const char *when);

enum ink { INK_PLAIN, INK_HEADER, INK_GOOD, INK_BAD, INK_WARN, INK_FAINT, INKS };

/* The escape that begins an ink and, for INK_PLAIN, ends any; "" when not painting. */
const char *terminal_ink(bool paints, enum ink ink);

#endif
