/* The rollouts of a rehearsal as a table: one line for each release in each ring.  Times
 * are hours since publication; what never came is empty. */

#include <math.h>

#include "protocol/command/csv.h"
#include "protocol/command/rehearse.h"

enum { TEXTS = 6, BANDS = 5, REACHES = 2, VALUES = 3, FIELD = 40 };

static const char *const texts[TEXTS] = { "product", "kb",        "build",
					  "kind",    "published", "ring" };
static const char *const bands[BANDS] = { "devices", "offered", "verified", "failed",
					  "late" };
static const int reaches[REACHES] = { 50, 95 };
static const char *const values[VALUES] = { "p10", "p50", "p90" };

enum { COLUMNS = TEXTS + (BANDS + REACHES + 1) * VALUES + 2 };

static void print_header(FILE *to)
{
	char room[COLUMNS][FIELD];
	const char *fields[COLUMNS];
	size_t count = 0;

	for (int i = 0; i < TEXTS; i++)
		fields[count++] = texts[i];
	for (int i = 0; i < BANDS * VALUES; i++, count++) {
		snprintf(room[count], FIELD, "%s_%s", bands[i / VALUES],
			 values[i % VALUES]);
		fields[count] = room[count];
	}
	for (int i = 0; i < REACHES * VALUES; i++, count++) {
		snprintf(room[count], FIELD, "hours_to_%d_%s", reaches[i / VALUES],
			 values[i % VALUES]);
		fields[count] = room[count];
	}
	fields[count++] = "runs";
	fields[count++] = "halted_runs";
	for (int i = 0; i < VALUES; i++, count++) {
		snprintf(room[count], FIELD, "halted_hours_%s", values[i]);
		fields[count] = room[count];
	}
	csv_line(to, fields, count);
}

static const char *field_of(double value, int digits, char room[static FIELD])
{
	room[0] = '\0';
	if (!isnan(value))
		snprintf(room, FIELD, "%.*f", digits, value);
	return room;
}

static double value_of(const json_t *band, const char *which)
{
	const json_t *value = json_object_get(band, which);
	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static double number_of(const json_t *rollout, const char *name)
{
	return (double)json_integer_value(json_object_get(rollout, name));
}

static void print_rollout(FILE *to, const json_t *rollout)
{
	char room[COLUMNS][FIELD];
	const char *fields[COLUMNS];
	size_t count = 0;

	for (int i = 0; i < TEXTS; i++)
		fields[count++] = rehearse_word(rollout, texts[i]);
	for (int i = 0; i < BANDS * VALUES; i++, count++)
		fields[count] = field_of(
			rehearse_band(rollout, bands[i / VALUES], values[i % VALUES]), 0,
			room[count]);
	for (int i = 0; i < REACHES * VALUES; i++, count++)
		fields[count] =
			field_of(value_of(rehearse_reach(rollout, reaches[i / VALUES]),
					  values[i % VALUES]),
				 1, room[count]);
	fields[count] = field_of(number_of(rollout, "runs"), 0, room[count]);
	count++;
	fields[count] = field_of(number_of(rollout, "halted_runs"), 0, room[count]);
	count++;
	for (int i = 0; i < VALUES; i++, count++)
		fields[count] =
			field_of(rehearse_band(rollout, "halted_hours", values[i]), 1,
				 room[count]);
	csv_line(to, fields, count);
}

void rehearse_csv(FILE *to, const json_t *document)
{
	const json_t *rollout;
	size_t i;

	print_header(to);
	json_array_foreach(json_object_get(document, "rollouts"), i, rollout)
	{
		print_rollout(to, rollout);
	}
}
