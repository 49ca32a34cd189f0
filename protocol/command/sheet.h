/* Rows of JSON objects as a table, CSV or JSON, by a list of columns.
 *
 * A command that lists things says which member of an object stands in which column;
 * filters, limits, column choice and the four formats are done here for all of them.
 * JSON is the server's objects unchanged; the other formats show what the columns say:
 * numbers grouped, times short or relative on a terminal, whole and plain elsewhere.
 *
 * A sheet borrows from the invocation and is filled from one thread. */

#ifndef PROTOCOL_COMMAND_SHEET_H
#define PROTOCOL_COMMAND_SHEET_H

#include <jansson.h>

#include "protocol/command/command.h"
#include "protocol/command/table.h"

enum cell_kind {
	CELL_TEXT,
	CELL_NUMBER,
	CELL_PERCENT, /* of a number that is one */
	CELL_BAR,     /* the same, drawn on a terminal */
	CELL_TIME,    /* RFC 3339 */
	CELL_AGE,     /* the same, relative to the server's now on a terminal */
	CELL_LIST,    /* an array of texts */
	CELL_YES,     /* a boolean */
};

struct column {
	const char *name;    /* in --columns and the CSV header */
	const char *heading; /* in a table */
	const char *path;    /* of the member: "level.build" */
	enum cell_kind kind;
	unsigned char rank; /* as of a table_column */
	bool hidden;        /* only when asked for by --columns */
};

struct columns {
	const struct column *list;
	size_t count;
	const char *member; /* the array in the server's answer */
	/* Derived members, for the formats that are not JSON; or NULL. */
	void (*prepare)(json_t *row);
	const char *none; /* what to say when there is no row at all */
};

struct sheet;

/* NULL with *p told: a column or a word of --where that is not there.  `filters` when
 * the server has not applied --where. */
struct sheet *sheet_new(const struct invocation *invocation,
			const struct columns *columns, bool filters, struct problem *p);
void sheet_free(struct sheet *sheet); /* accepts NULL */

/* Does it want to know the server's now?  Then tell it, before the first row. */
bool sheet_wants_now(const struct sheet *sheet);
void sheet_set_now(struct sheet *sheet, int64_t now_s);
int64_t sheet_get_now(const struct sheet *sheet); /* INSTANT_NONE until told */

/* All rows of an array, up to the limit.  -1 without memory. */
int sheet_rows(struct sheet *sheet, json_t *rows);

/* How many more the limit lets in. */
int64_t sheet_left(const struct sheet *sheet);
size_t sheet_count(const struct sheet *sheet);

/* The end: the table, or what else `answer` holds (may be NULL) beside the rows. */
void sheet_end(struct sheet *sheet, const json_t *answer);

/* One object alone, in place of rows and end: for people a line for each column that
 * has a value.  -1 without memory. */
int sheet_card(struct sheet *sheet, json_t *object);

#endif
