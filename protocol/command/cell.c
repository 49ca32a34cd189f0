#include "protocol/command/cell.h"

#include <stdio.h>
#include <string.h>

#include "engine/instant.h"

enum { BAR_COLUMNS = 15, BAR_EIGHTHS = BAR_COLUMNS * 8 };

const json_t *cell_member(const json_t *row, const char *path)
{
	char name[64];

	for (;;) {
		size_t size = strcspn(path, ".");
		if (size >= sizeof name)
			return NULL;
		memcpy(name, path, size);
		name[size] = '\0';
		row = json_object_get(row, name);
		if (row == NULL || path[size] == '\0')
			return json_is_null(row) ? NULL : row;
		path += size + 1;
	}
}

static void append(char room[static CELL_TEXT_MOST], const char *text)
{
	size_t size = strlen(room);
	snprintf(room + size, CELL_TEXT_MOST - size, "%s", text);
}

static void plain_value(const json_t *value, char room[static CELL_TEXT_MOST])
{
	char number[40] = "";

	switch (json_typeof(value)) {
	case JSON_STRING:
		append(room, json_string_value(value));
		return;
	case JSON_INTEGER:
		snprintf(number, sizeof number, "%lld",
			 (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		snprintf(number, sizeof number, "%.15g", json_real_value(value));
		break;
	case JSON_TRUE:
		append(room, "yes");
		return;
	case JSON_FALSE:
		append(room, "no");
		return;
	default:
		return;
	}
	append(room, number);
}

/* A text of the list, or what names an object of it. */
static void list_value(const json_t *list, char room[static CELL_TEXT_MOST])
{
	size_t i;
	const json_t *value;

	json_array_foreach(list, i, value)
	{
		if (i > 0)
			append(room, " ");
		const json_t *named = json_object_get(value, "kb");
		plain_value(named != NULL ? named : value, room);
	}
}

char *cell_plain(const struct column *column, const json_t *row,
		 char room[static CELL_TEXT_MOST])
{
	const json_t *value = cell_member(row, column->path);

	room[0] = '\0';
	if (value == NULL)
		return room;
	if (json_is_array(value))
		list_value(value, room);
	else if ((column->kind == CELL_PERCENT || column->kind == CELL_BAR) &&
		 json_is_number(value))
		snprintf(room, CELL_TEXT_MOST, "%.1f", json_number_value(value));
	else
		plain_value(value, room);
	return room;
}

/* 12480 as "12 480". */
static void group_digits(char room[static CELL_TEXT_MOST])
{
	char grouped[64];
	size_t digits = strspn(room, "0123456789"), size = 0;

	if (digits < 5 || digits > 20 || room[digits] != '\0')
		return; /* four digits read well as they are */
	for (size_t i = 0; i < digits; i++) {
		if (i > 0 && (digits - i) % 3 == 0)
			grouped[size++] = ' ';
		grouped[size++] = room[i];
	}
	memcpy(room, grouped, size);
	room[size] = '\0';
}

static void draw_bar(char room[static CELL_TEXT_MOST], double percent)
{
	static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	char number[16];

	if (percent < 0)
		percent = 0;
	int eighths = (int)(percent > 100 ? BAR_EIGHTHS : percent * BAR_EIGHTHS / 100);
	room[0] = '\0';
	for (int i = 0; i < eighths / 8; i++)
		append(room, "█");
	append(room, parts[eighths % 8]);
	for (int i = (eighths + 7) / 8; i < BAR_COLUMNS; i++)
		append(room, " ");
	snprintf(number, sizeof number, " %5.1f%%", percent);
	append(room, number);
}

static void relative(char room[static CELL_TEXT_MOST], int64_t age_s)
{
	static const struct {
		int64_t unit_s;
		const char *name;
	} units[] = { { DAY_S, "d" }, { HOUR_S, "h" }, { MINUTE_S, "m" }, { 1, "s" } };
	const char *sign = age_s < 0 ? "in " : "";

	if (age_s < 0)
		age_s = -age_s;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (age_s < units[i].unit_s && units[i].unit_s > 1)
			continue;
		snprintf(room, CELL_TEXT_MOST, "%s%lld %s", sign,
			 (long long)(age_s / units[i].unit_s), units[i].name);
		return;
	}
}

/* 2025-05-21T09:42:00Z as 2025-05-21 09:42 */
static void shorten_time(char room[static CELL_TEXT_MOST])
{
	if (strlen(room) != 20 || room[10] != 'T')
		return;
	room[10] = ' ';
	room[16] = '\0';
}

char *cell_human(const struct column *column, const json_t *row, int64_t now_s,
		 char room[static CELL_TEXT_MOST])
{
	const json_t *value = cell_member(row, column->path);
	int64_t at_s;

	cell_plain(column, row, room);
	if (value == NULL) {
		snprintf(room, CELL_TEXT_MOST, "%s",
			 column->kind == CELL_TEXT || column->kind == CELL_LIST ? ""
										: "–");
		return room;
	}
	switch (column->kind) {
	case CELL_NUMBER:
		group_digits(room);
		break;
	case CELL_PERCENT:
		append(room, "%");
		break;
	case CELL_BAR:
		draw_bar(room, json_number_value(value));
		break;
	case CELL_AGE:
		if (now_s != INSTANT_NONE && instant_parse(room, &at_s))
			relative(room, now_s - at_s);
		else
			shorten_time(room);
		break;
	case CELL_TIME:
		shorten_time(room);
		break;
	default:
		break;
	}
	return room;
}

enum ink cell_ink(const struct column *column, const json_t *row)
{
	static const struct {
		const char *word;
		enum ink ink;
	} words[] = {
		{ "up-to-date", INK_GOOD }, { "verified", INK_GOOD },
		{ "offered", INK_WARN },    { "running", INK_WARN },
		{ "not-ready", INK_BAD },   { "failed", INK_BAD },
		{ "halted", INK_BAD },      { "stuck", INK_BAD },
		{ "waiting", INK_FAINT },
	};
	const char *text = json_string_value(cell_member(row, column->path));

	for (size_t i = 0; text != NULL && i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].word, text) == 0)
			return words[i].ink;
	}
	return INK_PLAIN;
}
