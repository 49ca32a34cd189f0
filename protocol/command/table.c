#include "protocol/command/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/command/text.h"

enum { GAP = 2, CUT_LEAST = 6 };

struct cell {
	char *text;
	enum ink ink;
};

struct table {
	size_t count; /* columns */
	struct table_column columns[TABLE_COLUMNS];
	size_t rows, room;
	struct cell *cells; /* rows x count */
};

/* Which columns are shown, and how wide. */
struct layout {
	bool shown[TABLE_COLUMNS];
	size_t widths[TABLE_COLUMNS];
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	assert(count > 0 && count <= TABLE_COLUMNS);
	struct table *table = calloc(1, sizeof *table);
	if (table == NULL)
		return NULL;
	table->count = count;
	memcpy(table->columns, columns, count * sizeof *columns);
	return table;
}

void table_free(struct table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->rows * table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

int table_row(struct table *table, const char *const *cells, const enum ink *inks)
{
	if (table->rows == table->room) {
		size_t room = table->room == 0 ? 32 : table->room * 2;
		struct cell *bigger =
			reallocarray(table->cells, room * table->count, sizeof *bigger);
		if (bigger == NULL)
			return -1;
		table->cells = bigger;
		table->room = room;
	}
	struct cell *row = table->cells + table->rows * table->count;
	for (size_t i = 0; i < table->count; i++) {
		row[i].text = strdup(cells[i]);
		row[i].ink = inks == NULL ? INK_PLAIN : inks[i];
		if (row[i].text == NULL) {
			while (i-- > 0)
				free(row[i].text);
			return -1;
		}
		text_clean(row[i].text);
	}
	table->rows++;
	return 0;
}

static size_t total(const struct table *table, const struct layout *layout)
{
	size_t sum = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (layout->shown[i])
			sum += layout->widths[i] + (sum == 0 ? 0 : GAP);
	}
	return sum;
}

static void measure(const struct table *table, bool headers, struct layout *layout)
{
	for (size_t i = 0; i < table->count; i++) {
		layout->shown[i] = true;
		layout->widths[i] = headers ? text_columns(table->columns[i].heading) : 0;
	}
	for (size_t n = 0; n < table->rows * table->count; n++) {
		size_t columns = text_columns(table->cells[n].text);
		size_t *width = &layout->widths[n % table->count];
		if (columns > *width)
			*width = columns;
	}
}

static void fit(const struct table *table, size_t columns, struct layout *layout)
{
	while (total(table, layout) > columns) {
		size_t worst = 0;
		for (size_t i = 0; i < table->count; i++) {
			if (layout->shown[i] &&
			    (!layout->shown[worst] ||
			     table->columns[i].rank > table->columns[worst].rank))
				worst = i;
		}
		if (!layout->shown[worst] || table->columns[worst].rank == 0)
			break;
		layout->shown[worst] = false;
	}
	while (total(table, layout) > columns) {
		size_t widest = table->count;
		for (size_t i = 0; i < table->count; i++) {
			if (layout->shown[i] && !table->columns[i].right &&
			    layout->widths[i] > CUT_LEAST &&
			    (widest == table->count ||
			     layout->widths[i] > layout->widths[widest]))
				widest = i;
		}
		if (widest == table->count)
			return; /* narrower than any table can be */
		layout->widths[widest]--;
	}
}

static void pad(FILE *to, size_t columns)
{
	for (; columns > 0; columns--)
		fputc(' ', to);
}

/* One cell; the last of a line is not padded. */
static void print_cell(FILE *to, const char *text, size_t width, bool right, bool last)
{
	size_t columns = text_columns(text);

	if (columns > width) {
		size_t used, size = text_fit(text, width - 1, &used);
		fwrite(text, 1, size, to);
		fputs("…", to);
		pad(to, last ? 0 : width - 1 - used);
		return;
	}
	if (right)
		pad(to, width - columns);
	fputs(text, to);
	if (!right && !last)
		pad(to, width - columns);
}

static void print_line(const struct table *table, const struct layout *layout,
		       const struct terminal *terminal, const struct cell *row, FILE *to)
{
	size_t last = 0;
	bool first = true;

	for (size_t i = 0; i < table->count; i++) {
		const char *text = row == NULL ? table->columns[i].heading : row[i].text;
		if (layout->shown[i] && text[0] != '\0')
			last = i;
	}
	for (size_t i = 0; i <= last; i++) {
		if (!layout->shown[i])
			continue;
		if (!first)
			pad(to, GAP);
		first = false;
		enum ink ink = row == NULL ? INK_HEADER : row[i].ink;
		bool inked = ink != INK_PLAIN && terminal->paints;
		fputs(inked ? terminal_ink(true, ink) : "", to);
		print_cell(to, row == NULL ? table->columns[i].heading : row[i].text,
			   layout->widths[i], table->columns[i].right, i == last);
		fputs(inked ? terminal_ink(true, INK_PLAIN) : "", to);
	}
	fputc('\n', to);
}

void table_print(const struct table *table, const struct terminal *terminal, bool headers,
		 FILE *to)
{
	struct layout layout = { 0 };

	measure(table, headers, &layout);
	if (terminal->columns > 0)
		fit(table, terminal->columns, &layout);
	if (headers)
		print_line(table, &layout, terminal, NULL, to);
	for (size_t i = 0; i < table->rows; i++)
		print_line(table, &layout, terminal, table->cells + i * table->count, to);
}
