#include "protocol/command/sheet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/expression.h"
#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/cell.h"
#include "protocol/command/csv.h"
#include "protocol/command/suggest.h"
#include "protocol/command/text.h"

/* 15 digits give back every decimal the server wrote. */
enum { JSON_AS_IT_CAME = JSON_COMPACT | JSON_REAL_PRECISION(15) };

struct sheet {
	const struct invocation *invocation;
	const struct columns *columns;
	size_t chosen_count;
	const struct column *chosen[TABLE_COLUMNS];
	struct expression *where; /* NULL: every row */
	struct table *table;
	size_t count;
	int64_t now_s;
	char cells[TABLE_COLUMNS][CELL_TEXT_MOST];
};

static const struct column *find_column(const struct columns *columns, const char *name,
					size_t size)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (strlen(columns->list[i].name) == size &&
		    strncmp(columns->list[i].name, name, size) == 0)
			return &columns->list[i];
	}
	return NULL;
}

static int unknown_column(const struct columns *columns, enum option option,
			  const char *word, struct problem *p)
{
	const char *names[TABLE_COLUMNS];

	for (size_t i = 0; i < columns->count; i++)
		names[i] = columns->list[i].name;
	return problem_set(p, PROBLEM_BAD_INPUT, "--%s: there is no column \"%.60s\"%s",
			   option_rows[option].name, word,
			   suggest(word, names, columns->count).text);
}

static int choose_columns(struct sheet *sheet, struct problem *p)
{
	const char *wanted = sheet->invocation->options[OPTION_COLUMNS];
	const struct columns *columns = sheet->columns;

	assert(columns->count <= TABLE_COLUMNS);
	for (size_t i = 0; wanted == NULL && i < columns->count; i++) {
		if (!columns->list[i].hidden)
			sheet->chosen[sheet->chosen_count++] = &columns->list[i];
	}
	while (wanted != NULL && *wanted != '\0') {
		size_t size = strcspn(wanted, ",");
		const struct column *column = find_column(columns, wanted, size);
		if (column == NULL) {
			char word[64];
			size_t cut = size < sizeof word ? size : sizeof word - 1;
			memcpy(word, wanted, cut);
			word[cut] = '\0';
			return unknown_column(columns, OPTION_COLUMNS, word, p);
		}
		if (sheet->chosen_count == TABLE_COLUMNS)
			return problem_set(p, PROBLEM_TOO_LARGE,
					   "--columns takes at most %d of them",
					   TABLE_COLUMNS);
		sheet->chosen[sheet->chosen_count++] = column;
		wanted += size + (wanted[size] == ',');
	}
	if (sheet->chosen_count == 0)
		return problem_set(p, PROBLEM_BAD_INPUT, "--columns names no column");
	return 0;
}

static int compile_where(struct sheet *sheet, bool filters, struct problem *p)
{
	const char *text = sheet->invocation->options[OPTION_WHERE];

	if (text == NULL)
		return 0;
	struct expression *where = expression_compile(text, p);
	if (where == NULL)
		return problem_while(p, "--where");
	if (!filters) { /* it is only looked at, the server applies it */
		expression_free(where);
		return 0;
	}
	sheet->where = where;
	const char *name;
	for (size_t i = 0; (name = expression_name_at(where, i)) != NULL; i++) {
		if (find_column(sheet->columns, name, strlen(name)) == NULL)
			return unknown_column(sheet->columns, OPTION_WHERE, name, p);
	}
	return 0;
}

static int make_table(struct sheet *sheet, struct problem *p)
{
	struct table_column columns[TABLE_COLUMNS];
	bool asked = invocation_has(sheet->invocation, OPTION_COLUMNS);

	for (size_t i = 0; i < sheet->chosen_count; i++) {
		const struct column *column = sheet->chosen[i];
		columns[i] = (struct table_column){
			.heading = column->heading,
			.right = column->kind == CELL_NUMBER ||
				 column->kind == CELL_PERCENT ||
				 (column->kind == CELL_AGE &&
				  sheet->invocation->terminal.is_there),
			.rank = asked ? 0 : column->rank,
		};
	}
	sheet->table = table_new(columns, sheet->chosen_count);
	if (sheet->table == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for the table");
	return 0;
}

struct sheet *sheet_new(const struct invocation *invocation,
			const struct columns *columns, bool filters, struct problem *p)
{
	struct sheet *sheet = calloc(1, sizeof *sheet);

	if (sheet == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for the table");
		return NULL;
	}
	sheet->invocation = invocation;
	sheet->columns = columns;
	sheet->now_s = INSTANT_NONE;
	bool tabular =
		invocation->format == FORMAT_TABLE || invocation->format == FORMAT_CSV;
	int result = 0;
	if (!tabular && invocation_has(invocation, OPTION_COLUMNS))
		result = problem_set(p, PROBLEM_BAD_INPUT,
				     "--columns goes with -o table and -o csv; JSON is "
				     "always whole");
	if (result < 0 || choose_columns(sheet, p) < 0 ||
	    compile_where(sheet, filters, p) < 0 ||
	    (invocation->format == FORMAT_TABLE && make_table(sheet, p) < 0)) {
		sheet_free(sheet);
		return NULL;
	}
	return sheet;
}

void sheet_free(struct sheet *sheet)
{
	if (sheet == NULL)
		return;
	expression_free(sheet->where);
	table_free(sheet->table);
	free(sheet);
}

bool sheet_wants_now(const struct sheet *sheet)
{
	if (sheet->table == NULL || !sheet->invocation->terminal.is_there)
		return false;
	for (size_t i = 0; i < sheet->chosen_count; i++) {
		if (sheet->chosen[i]->kind == CELL_AGE)
			return true;
	}
	return false;
}

void sheet_set_now(struct sheet *sheet, int64_t now_s)
{
	sheet->now_s = now_s;
}

int64_t sheet_get_now(const struct sheet *sheet)
{
	return sheet->now_s;
}

int64_t sheet_left(const struct sheet *sheet)
{
	return sheet->invocation->limit - (int64_t)sheet->count;
}

size_t sheet_count(const struct sheet *sheet)
{
	return sheet->count;
}

/* The row and the columns it is looked at through, for --where. */
struct looking {
	struct sheet *sheet;
	const json_t *row;
};

static const char *look_up(void *owner, const char *name)
{
	const struct looking *looking = owner;
	struct sheet *sheet = looking->sheet;
	const struct column *column = find_column(sheet->columns, name, strlen(name));

	if (column == NULL || cell_member(looking->row, column->path) == NULL)
		return NULL;
	/* a place of its own for each column: two may be compared in one expression */
	return cell_plain(column, looking->row,
			  sheet->cells[column - sheet->columns->list]);
}

static bool matches(struct sheet *sheet, const json_t *row)
{
	static struct facts no_facts;
	struct looking looking = { sheet, row };

	if (sheet->where == NULL)
		return true;
	facts_init(&no_facts);
	return expression_test_with(sheet->where, &no_facts, look_up, &looking) ==
	       TRUTH_TRUE;
}

static void print_csv_header(const struct sheet *sheet)
{
	const char *names[TABLE_COLUMNS];

	if (invocation_has(sheet->invocation, OPTION_NO_HEADERS))
		return;
	for (size_t i = 0; i < sheet->chosen_count; i++)
		names[i] = sheet->chosen[i]->name;
	csv_line(stdout, names, sheet->chosen_count);
}

static int add_cells(struct sheet *sheet, const json_t *row)
{
	const char *texts[TABLE_COLUMNS];
	enum ink inks[TABLE_COLUMNS];
	bool human = sheet->table != NULL && sheet->invocation->terminal.is_there;

	for (size_t i = 0; i < sheet->chosen_count; i++) {
		const struct column *column = sheet->chosen[i];
		texts[i] = human ? cell_human(column, row, sheet->now_s, sheet->cells[i])
				 : cell_plain(column, row, sheet->cells[i]);
		inks[i] = cell_ink(column, row);
	}
	if (sheet->table != NULL)
		return table_row(sheet->table, texts, inks);
	csv_line(stdout, texts, sheet->chosen_count);
	return 0;
}

/* JSON shows the row as it came; the rest shows it with what is derived from it. */
static int print_row(struct sheet *sheet, const json_t *row, const json_t *prepared)
{
	bool is_first = sheet->count++ == 0;

	switch (sheet->invocation->format) {
	case FORMAT_JSON:
		if (is_first)
			fprintf(stdout, "{\"%s\":[\n", sheet->columns->member);
		else
			fputs(",\n", stdout);
		return json_dumpf(row, stdout, JSON_AS_IT_CAME);
	case FORMAT_JSONL:
		if (json_dumpf(row, stdout, JSON_AS_IT_CAME) < 0)
			return -1;
		fputc('\n', stdout);
		return 0;
	case FORMAT_CSV:
		if (is_first)
			print_csv_header(sheet);
		return add_cells(sheet, prepared);
	default:
		return add_cells(sheet, prepared);
	}
}

static int add_row(struct sheet *sheet, json_t *row)
{
	json_t *prepared = json_incref(row);
	int result = 0;

	if (sheet->columns->prepare != NULL) {
		json_decref(prepared);
		prepared = json_copy(row);
		if (prepared == NULL)
			return -1;
		sheet->columns->prepare(prepared);
	}
	if (matches(sheet, prepared))
		result = print_row(sheet, row, prepared);
	json_decref(prepared);
	return result;
}

int sheet_rows(struct sheet *sheet, json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		if (sheet_left(sheet) <= 0)
			return 0;
		if (add_row(sheet, row) < 0)
			return -1;
	}
	return 0;
}

/* The other members of the server's answer, behind the rows. */
static void end_json(const struct sheet *sheet, const json_t *answer)
{
	const char *name;
	json_t *value;

	if (sheet->count == 0)
		fprintf(stdout, "{\"%s\":[", sheet->columns->member);
	fputs(sheet->count == 0 ? "]" : "\n]", stdout);
	json_object_foreach((json_t *)answer, name, value)
	{
		if (strcmp(name, sheet->columns->member) == 0)
			continue;
		char *text = json_dumps(value, JSON_AS_IT_CAME | JSON_ENCODE_ANY);
		fprintf(stdout, ",\n\"%s\":%s", name, text == NULL ? "null" : text);
		free(text);
	}
	fputs("}\n", stdout);
}

void sheet_end(struct sheet *sheet, const json_t *answer)
{
	const struct invocation *invocation = sheet->invocation;
	bool headers = !invocation_has(invocation, OPTION_NO_HEADERS);

	switch (invocation->format) {
	case FORMAT_JSON:
		end_json(sheet, answer);
		return;
	case FORMAT_CSV:
		if (sheet->count == 0)
			print_csv_header(sheet);
		return;
	case FORMAT_TABLE:
		break;
	default:
		return;
	}
	if (sheet->count > 0) {
		table_print(sheet->table, &invocation->terminal, headers, stdout);
	} else if (!invocation_has(invocation, OPTION_QUIET)) {
		const char *where = invocation->options[OPTION_WHERE];
		if (where != NULL)
			fprintf(stderr, "Nothing matches: --where '%s'\n", where);
		else if (sheet->columns->none != NULL)
			fprintf(stderr, "%s\n", sheet->columns->none);
	}
}

/* For people: a line for each column that has a value. */
static int print_card(struct sheet *sheet, const json_t *object)
{
	static const struct table_column pair[] = { { "", false, 0 }, { "", false, 0 } };
	struct table *table = table_new(pair, 2);

	if (table == NULL)
		return -1;
	for (size_t i = 0; i < sheet->chosen_count; i++) {
		const struct column *column = sheet->chosen[i];
		if (cell_member(object, column->path) == NULL)
			continue;
		char *text = cell_human(column, object, sheet->now_s, sheet->cells[i]);
		if (!sheet->invocation->terminal.is_there)
			text = cell_plain(column, object, sheet->cells[i]);
		const char *const cells[] = { column->heading, text };
		const enum ink inks[] = { INK_FAINT, cell_ink(column, object) };
		if (text[0] != '\0' && table_row(table, cells, inks) < 0) {
			table_free(table);
			return -1;
		}
	}
	table_print(table, &sheet->invocation->terminal, false, stdout);
	table_free(table);
	return 0;
}

int sheet_card(struct sheet *sheet, json_t *object)
{
	int result = 0;

	switch (sheet->invocation->format) {
	case FORMAT_JSON:
		result = json_dumpf(object, stdout,
				    JSON_INDENT(2) | JSON_REAL_PRECISION(15));
		fputc('\n', stdout);
		return result;
	case FORMAT_TABLE:
		return print_card(sheet, object);
	default:
		return add_row(sheet, object);
	}
}
