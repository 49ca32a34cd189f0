/* Text as it looks: how wide UTF-8 is on a terminal, and what may go there.
 *
 * Names and messages come from devices and servers, so they may hold anything.  What is
 * printed for people is cleaned first: control characters and broken UTF-8 become "?",
 * so that no device can paint on, or type into, an operator's terminal. */

#ifndef PROTOCOL_COMMAND_TEXT_H
#define PROTOCOL_COMMAND_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Once, at start: the tables of character widths. */
void text_start(void);

/* How many columns the text takes. */
size_t text_columns(const char *text);

/* How many of its bytes fit into so many columns, whole characters only; *used of the
 * columns they take. */
size_t text_fit(const char *text, size_t columns, size_t *used);

/* Clean it in place, which never makes it longer.  Line ends become "?" too. */
void text_clean(char *text);

/* Write it cleaned, but keep its line ends. */
void text_print(FILE *to, const char *text);

#endif
