/* A rehearsal for people: a page with a small chart. */

#include <math.h>
#include <string.h>

#include "protocol/command/rehearse.h"
#include "protocol/command/text.h"

enum { DAYS_OF_A_BAR = 7, BARS_MOST = 160, HOURS_SHOWN_TO = 48, ROLLOUT_COLUMNS = 130 };

static const char *ink(const struct terminal *terminal, enum ink which)
{
	return terminal_ink(terminal->paints, which);
}

const char *rehearse_time(double hours, char text[static REHEARSE_TIME])
{
	if (isnan(hours))
		snprintf(text, REHEARSE_TIME, "never");
	else if (hours < HOURS_SHOWN_TO)
		snprintf(text, REHEARSE_TIME, "%.0f h", hours);
	else
		snprintf(text, REHEARSE_TIME, "%.1f d", hours / 24);
	return text;
}

static int whole(const json_t *object, const char *name)
{
	return (int)json_integer_value(json_object_get(object, name));
}

static const json_t *rollouts_of(const json_t *doc)
{
	return json_object_get(doc, "rollouts");
}

/* --- the top ------------------------------------------------------------------------ */

static void print_head(FILE *to, const json_t *doc, const struct terminal *terminal)
{
	int runs = whole(doc, "runs"), asked = whole(doc, "runs_asked");
	int devices = whole(doc, "devices"), all = whole(doc, "of_devices");
	const json_t *fails = json_object_get(doc, "fail"), *one;
	size_t i;

	fprintf(to, "%sRehearsal of %s%s: ", ink(terminal, INK_HEADER),
		rehearse_word(doc, "plan"), ink(terminal, INK_PLAIN));
	if (devices != all)
		fprintf(to, "%d devices of %s (%d)", devices, rehearse_word(doc, "fleet"),
			all);
	else
		fprintf(to, "the %d devices of %s", devices, rehearse_word(doc, "fleet"));
	fprintf(to, ", %.10s to %.10s, %d run%s, seed %d\n", rehearse_word(doc, "from"),
		rehearse_word(doc, "until"), runs, runs == 1 ? "" : "s",
		whole(doc, "seed"));
	if (rehearse_word(doc, "as_of")[0] != '\0')
		fprintf(to, "With what was known by %s.\n", rehearse_word(doc, "as_of"));
	json_array_foreach(fails, i, one)
	{
		fprintf(to, "%s%s", i == 0 ? "Made to fail: " : ", ",
			json_string_value(one));
	}
	if (i > 0)
		fputs(".\n", to);
	if (runs < asked)
		fprintf(to,
			"%sStopped after %d of %d runs; what follows is of those.%s\n",
			ink(terminal, INK_WARN), runs, asked, ink(terminal, INK_PLAIN));
	fputc('\n', to);
}

static void print_figures(FILE *to, const json_t *doc)
{
	const json_t *restarts = json_object_get(doc, "restarts");
	const struct {
		const char *label, *name, *format;
		const json_t *of;
	} lines[] = {
		{ "Restarts of a device", "per_device", "%.2f", restarts },
		{ "Avoided by hotpatch", "avoided_per_device", "%.2f", restarts },
		{ "Restarts on the busiest day", "busiest_day", "%.0f", restarts },
		{ "Devices up to date at the end", "up_to_date", "%.0f", doc },
	};
	bool many = whole(doc, "runs") > 1;

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		char middle[32], low[32], high[32];
		const char *name = lines[i].name;
		int digits = lines[i].format[2] == '2' ? 2 : 0;
		snprintf(middle, sizeof middle, "%.*f", digits,
			 rehearse_band(lines[i].of, name, "p50"));
		snprintf(low, sizeof low, "%.*f", digits,
			 rehearse_band(lines[i].of, name, "p10"));
		snprintf(high, sizeof high, "%.*f", digits,
			 rehearse_band(lines[i].of, name, "p90"));
		fprintf(to, "  %-30s %8s", lines[i].label, middle);
		if (many)
			fprintf(to, "   (%s to %s in eight runs of ten)", low, high);
		fputc('\n', to);
	}
	fputc('\n', to);
}

/* --- the chart ---------------------------------------------------------------------- */

static void print_bars(FILE *to, const double *bars, size_t count, double most)
{
	static const char *const blocks[] = {
		" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"
	};

	for (size_t i = 0; i < count; i++) {
		int height = most <= 0 ? 0 : (int)ceil(bars[i] * 8 / most);
		fputs(blocks[height < 0 ? 0 : height > 8 ? 8 : height], to);
	}
}

static void print_chart(FILE *to, const json_t *doc, const struct terminal *terminal)
{
	const json_t *days = json_object_get(json_object_get(doc, "restarts"), "days");
	size_t room = terminal->columns > 8 ? terminal->columns - 4 : 72;
	size_t count = json_array_size(days), width = DAYS_OF_A_BAR, bars = 0;
	double sums[BARS_MOST] = { 0 }, most = 0;

	room = room > BARS_MOST ? BARS_MOST : room;
	if (count <= room)
		width = 1;
	while ((count + width - 1) / width > room)
		width++;
	for (size_t i = 0; i < count; i++) {
		const json_t *day = json_array_get(days, i);
		bars = i / width;
		sums[bars] += json_number_value(json_object_get(day, "p50"));
		most = sums[bars] > most ? sums[bars] : most;
	}
	if (count == 0 || most <= 0)
		return;
	fprintf(to, "%sRestarts, a bar for %s%zu day%s; the highest is %.0f%s\n  ",
		ink(terminal, INK_HEADER), width == 1 ? "each of " : "",
		width == 1 ? count : width, width == 1 && count == 1 ? "" : "s", most,
		ink(terminal, INK_PLAIN));
	print_bars(to, sums, bars + 1, most);
	fprintf(to, "\n  %-.10s%*s\n\n", rehearse_word(doc, "from"),
		(int)(bars + 1 > 20 ? bars + 1 - 10 : 12),
		rehearse_word(json_array_get(days, count - 1), "day"));
}

/* --- rollouts ----------------------------------------------------------------------- */

static void reach_text(const json_t *rollout, int share, bool many, char *text,
		       size_t size)
{
	char middle[REHEARSE_TIME], low[REHEARSE_TIME], high[REHEARSE_TIME];
	const json_t *reach = rehearse_reach(rollout, share);
	const json_t *p50 = json_object_get(reach, "p50");
	const json_t *p10 = json_object_get(reach, "p10"),
		     *p90 = json_object_get(reach, "p90");
	double none = (double)NAN;

	rehearse_time(json_is_number(p50) ? json_number_value(p50) : none, middle);
	rehearse_time(json_is_number(p10) ? json_number_value(p10) : none, low);
	rehearse_time(json_is_number(p90) ? json_number_value(p90) : none, high);
	if (many && (strcmp(low, middle) != 0 || strcmp(high, middle) != 0))
		snprintf(text, size, "%s (%s-%s)", middle, low, high);
	else
		snprintf(text, size, "%s", middle);
}

static void print_rollouts(FILE *to, const json_t *doc, const struct terminal *terminal)
{
	/* A narrow terminal has no room for the bands. */
	bool many = whole(doc, "runs") > 1 &&
		    (terminal->columns == 0 || terminal->columns >= ROLLOUT_COLUMNS);
	int width = many ? 22 : 10;
	const json_t *rollout;
	size_t i;

	fprintf(to, "%s%-10s %-9s %-10s %-12s %8s  %-*s %-*s %6s %6s  %s%s\n",
		ink(terminal, INK_HEADER), "UPDATE", "KIND", "PUBLISHED", "RING",
		"DEVICES", width, "50 % AFTER", width, "95 % AFTER", "FAILED", "LATE",
		"HALTED", ink(terminal, INK_PLAIN));
	json_array_foreach(rollouts_of(doc), i, rollout)
	{
		char half[96], most[96], halted[48] = "";
		int halts = whole(rollout, "halted_runs");
		reach_text(rollout, 50, many, half, sizeof half);
		reach_text(rollout, 95, many, most, sizeof most);
		if (halts > 0)
			snprintf(halted, sizeof halted, "%d of %d runs", halts,
				 whole(doc, "runs"));
		fprintf(to,
			"%-10s %-9s %-10.10s %-12s %8.0f  %-*s %-*s %6.0f %6.0f  "
			"%s%s%s\n",
			rehearse_word(rollout, "kb"), rehearse_word(rollout, "kind"),
			rehearse_word(rollout, "published"),
			rehearse_word(rollout, "ring"),
			rehearse_band(rollout, "devices", "p50"), width, half, width,
			most, rehearse_band(rollout, "failed", "p50"),
			rehearse_band(rollout, "late", "p50"),
			halts > 0 ? ink(terminal, INK_BAD) : "", halted,
			halts > 0 ? ink(terminal, INK_PLAIN) : "");
	}
	fputc('\n', to);
}

static void print_halts(FILE *to, const json_t *doc, const struct terminal *terminal)
{
	const json_t *rollout;
	bool any = false;
	size_t i;

	json_array_foreach(rollouts_of(doc), i, rollout)
	{
		char after[REHEARSE_TIME];
		int halts = whole(rollout, "halted_runs");
		if (halts == 0)
			continue;
		if (!any)
			fprintf(to, "%sWhat gates stopped%s\n", ink(terminal, INK_HEADER),
				ink(terminal, INK_PLAIN));
		any = true;
		fprintf(to,
			"  %s in %s: in %d of %d runs, %s after publication; %.0f had "
			"failed and %.0f\n    verified by then, and %.0f more of the "
			"ring were spared it\n",
			rehearse_word(rollout, "kb"), rehearse_word(rollout, "ring"),
			halts, whole(doc, "runs"),
			rehearse_time(rehearse_band(rollout, "halted_hours", "p50"),
				      after),
			rehearse_band(rollout, "failed_at_halt", "p50"),
			rehearse_band(rollout, "verified_at_halt", "p50"),
			rehearse_band(rollout, "kept_from", "p50"));
	}
	if (any)
		fputc('\n', to);
}

/* --- the bottom --------------------------------------------------------------------- */

static double number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static void print_leaving(FILE *to, const json_t *doc, const struct terminal *terminal)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(doc, "leaving"), i, one)
	{
		if (i == 0)
			fprintf(to, "%sDevices that left the hotpatch track%s\n",
				ink(terminal, INK_HEADER), ink(terminal, INK_PLAIN));
		fprintf(to, "  %.1f by %s, %.10s to %.10s; ", number(one, "left"),
			rehearse_word(one, "kb"), rehearse_word(one, "first_left"),
			rehearse_word(one, "last_left"));
		if (number(one, "back") > 0)
			fprintf(to, "%.1f came back, %.10s to %.10s\n",
				number(one, "back"), rehearse_word(one, "first_back"),
				rehearse_word(one, "last_back"));
		else
			fputs("none came back\n", to);
	}
	if (i > 0)
		fputc('\n', to);
}

static void print_unreached(FILE *to, const json_t *doc, const struct terminal *terminal)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(doc, "unreached"), i, one)
	{
		const char *ring = rehearse_word(one, "ring");
		if (i == 0)
			fprintf(to,
				"%sDevices not up to date at the end, and why%s\n"
				"  %8s %8s  %-12s %s\n",
				ink(terminal, INK_HEADER), ink(terminal, INK_PLAIN),
				"DEVICES", "NEVER", "RING", "REASON");
		fprintf(to, "  %8.1f %8.1f  %-12s %s\n", number(one, "devices"),
			number(one, "never"), ring[0] == '\0' ? "-" : ring,
			rehearse_word(one, "reason"));
	}
	if (i > 0)
		fputs("  NEVER: of those, the ones that got nothing in all the time\n",
		      to);
}

void rehearse_text(FILE *to, const json_t *document, const struct terminal *terminal)
{
	print_head(to, document, terminal);
	print_figures(to, document);
	print_chart(to, document, terminal);
	print_rollouts(to, document, terminal);
	print_halts(to, document, terminal);
	print_leaving(to, document, terminal);
	print_unreached(to, document, terminal);
}
