/* A table for people: columns aligned by what characters are wide, headers first.
 *
 * Rows are kept until the end, since only then the widths are known.  On a terminal the
 * table never wraps: columns that matter least are left out until it fits, then the
 * widest that may be cut is cut.  Elsewhere everything is written whole. */

#ifndef PROTOCOL_COMMAND_TABLE_H
#define PROTOCOL_COMMAND_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "protocol/command/terminal.h"

enum { TABLE_COLUMNS = 32 };

struct table_column {
	const char *heading;
	bool right;         /* numbers */
	unsigned char rank; /* 0 stays; the highest is left out first */
};

struct table;

/* NULL without memory.  `columns` is copied, its headings are borrowed. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *table); /* accepts NULL */

/* One row of as many cells as there are columns; copied and cleaned.  An ink for each
 * cell, or NULL.  -1 without memory. */
int table_row(struct table *table, const char *const *cells, const enum ink *inks);

void table_print(const struct table *table, const struct terminal *terminal, bool headers,
		 FILE *to);

#endif
