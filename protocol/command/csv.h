/* Comma separated values as RFC 4180 has them: CRLF at the end of a line, quotes where
 * a value holds a comma, a quote or a line end. */

#ifndef PROTOCOL_COMMAND_CSV_H
#define PROTOCOL_COMMAND_CSV_H

#include <stddef.h>
#include <stdio.h>

void csv_line(FILE *to, const char *const *values, size_t count);

#endif
