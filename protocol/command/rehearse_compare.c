/* Two rehearsals compared, on one page: who has an update earlier or later, which
 * restarts move, and what gates would have stopped.
 *
 * A is what is, B what would be.  The middle run of each (P50) is compared. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/command/rehearse.h"

enum { RINGS_MOST = 64, ROLLOUTS_MOST = 4096, ROWS_SHOWN = 12, WEEK_DAYS = 7 };

static json_t *real_or_null(double value)
{
	return isnan(value) ? json_null() : json_real(round(value * 100) / 100);
}

static json_t *pair(double a, double b)
{
	return json_pack("{s:o,s:o}", "a", real_or_null(a), "b", real_or_null(b));
}

static double value_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const json_t *restarts_of(const json_t *doc)
{
	return json_object_get(doc, "restarts");
}

static const json_t *rollouts_of(const json_t *doc)
{
	return json_object_get(doc, "rollouts");
}

/* --- figures ------------------------------------------------------------------------ */

static double halts_of(const json_t *doc)
{
	double halts = 0, runs = value_of(doc, "runs");
	const json_t *rollout;
	size_t i;

	json_array_foreach(rollouts_of(doc), i, rollout)
	{
		halts += value_of(rollout, "halted_runs");
	}
	return halts / runs;
}

static double sum_of(const json_t *doc, const char *band)
{
	double sum = 0;
	const json_t *rollout;
	size_t i;

	json_array_foreach(rollouts_of(doc), i, rollout)
	{
		sum += rehearse_band(rollout, band, "p50");
	}
	return sum;
}

static double left_of(const json_t *doc)
{
	double sum = 0;
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(doc, "leaving"), i, one)
	{
		sum += value_of(one, "left");
	}
	return sum;
}

static void add_figure(json_t *list, const char *name, double a, double b)
{
	json_t *figure = pair(a, b);

	json_object_set_new(figure, "name", json_string(name));
	json_array_append_new(list, figure);
}

static json_t *compare_figures(const json_t *a, const json_t *b)
{
	static const struct {
		const char *label, *name;
	} bands[] = {
		{ "Restarts of a device", "per_device" },
		{ "Avoided by hotpatch", "avoided_per_device" },
		{ "Restarts on the busiest day", "busiest_day" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof bands / sizeof bands[0]; i++)
		add_figure(list, bands[i].label,
			   rehearse_band(restarts_of(a), bands[i].name, "p50"),
			   rehearse_band(restarts_of(b), bands[i].name, "p50"));
	add_figure(list, "Devices up to date at the end",
		   rehearse_band(a, "up_to_date", "p50"),
		   rehearse_band(b, "up_to_date", "p50"));
	add_figure(list, "Installs that failed in the end", sum_of(a, "failed"),
		   sum_of(b, "failed"));
	add_figure(list, "Deadlines missed", sum_of(a, "late"), sum_of(b, "late"));
	add_figure(list, "Rollouts halted by a gate, each run", halts_of(a), halts_of(b));
	add_figure(list, "Devices that left the track", left_of(a), left_of(b));
	return list;
}

/* --- rollouts ----------------------------------------------------------------------- */

static const json_t *find_rollout(const json_t *doc, const json_t *like)
{
	static const char *const names[] = { "ring", "kb", "build", "product" };
	const json_t *rollout;
	size_t i;

	json_array_foreach(rollouts_of(doc), i, rollout)
	{
		size_t same = 0;
		while (same < 4 && strcmp(rehearse_word(rollout, names[same]),
					  rehearse_word(like, names[same])) == 0)
			same++;
		if (same == 4)
			return rollout;
	}
	return NULL;
}

static double reach(const json_t *rollout, int share)
{
	return value_of(rehearse_reach(rollout, share), "p50");
}

static json_t *compare_rollout(const json_t *a, const json_t *b)
{
	const json_t *named = a != NULL ? a : b;
	json_t *object = json_object();
	static const char *const names[] = { "product", "kb",        "build",
					     "kind",    "published", "ring" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		json_object_set_new(object, names[i],
				    json_string(rehearse_word(named, names[i])));
	json_object_set_new(object, "devices",
			    pair(rehearse_band(a, "devices", "p50"),
				 rehearse_band(b, "devices", "p50")));
	json_object_set_new(object, "half_hours", pair(reach(a, 50), reach(b, 50)));
	json_object_set_new(object, "most_hours", pair(reach(a, 95), reach(b, 95)));
	json_object_set_new(object, "failed",
			    pair(rehearse_band(a, "failed", "p50"),
				 rehearse_band(b, "failed", "p50")));
	json_object_set_new(object, "halted_runs",
			    pair(value_of(a, "halted_runs"), value_of(b, "halted_runs")));
	json_object_set_new(object, "kept_from",
			    pair(rehearse_band(a, "kept_from", "p50"),
				 rehearse_band(b, "kept_from", "p50")));
	return object;
}

static json_t *compare_rollouts(const json_t *a, const json_t *b)
{
	json_t *list = json_array();
	const json_t *rollout;
	size_t i;

	json_array_foreach(rollouts_of(a), i, rollout)
	{
		json_array_append_new(list,
				      compare_rollout(rollout, find_rollout(b, rollout)));
	}
	json_array_foreach(rollouts_of(b), i, rollout)
	{
		if (find_rollout(a, rollout) == NULL)
			json_array_append_new(list, compare_rollout(NULL, rollout));
	}
	return list;
}

/* --- rings -------------------------------------------------------------------------- */

static int compare_doubles(const void *left, const void *right)
{
	const double *a = left, *b = right;
	return *a < *b ? -1 : *a > *b;
}

static double median(double *values, size_t count)
{
	if (count == 0)
		return (double)NAN;
	qsort(values, count, sizeof values[0], compare_doubles);
	return values[(count - 1) / 2];
}

/* How much earlier B is in this ring, over the releases that both bring to it. */
static json_t *compare_ring(const json_t *rollouts, const char *ring)
{
	static double half[ROLLOUTS_MOST], most[ROLLOUTS_MOST];
	size_t i, half_count = 0, most_count = 0, both = 0;
	const json_t *rollout;

	json_array_foreach(rollouts, i, rollout)
	{
		const json_t *h = json_object_get(rollout, "half_hours");
		const json_t *m = json_object_get(rollout, "most_hours");
		if (strcmp(rehearse_word(rollout, "ring"), ring) != 0 ||
		    half_count == ROLLOUTS_MOST || most_count == ROLLOUTS_MOST)
			continue;
		double by = value_of(h, "a") - value_of(h, "b");
		if (!isnan(by)) {
			half[half_count++] = by;
			both++;
		}
		by = value_of(m, "a") - value_of(m, "b");
		if (!isnan(by))
			most[most_count++] = by;
	}
	return json_pack("{s:s,s:I,s:o,s:o}", "ring", ring, "releases", (json_int_t)both,
			 "half_hours_earlier", real_or_null(median(half, half_count)),
			 "most_hours_earlier", real_or_null(median(most, most_count)));
}

static json_t *compare_rings(const json_t *rollouts)
{
	json_t *list = json_array();
	const char *seen[RINGS_MOST];
	size_t count = 0, i;
	const json_t *rollout;

	json_array_foreach(rollouts, i, rollout)
	{
		const char *ring = rehearse_word(rollout, "ring");
		size_t at = 0;
		while (at < count && strcmp(seen[at], ring) != 0)
			at++;
		if (at < count || count == RINGS_MOST)
			continue;
		seen[count++] = ring;
		json_array_append_new(list, compare_ring(rollouts, ring));
	}
	return list;
}

/* --- restarts ----------------------------------------------------------------------- */

static double restarts_in(const json_t *doc, size_t first, const char **from)
{
	const json_t *days = json_object_get(restarts_of(doc), "days");
	double sum = 0;

	for (size_t i = first; i < first + WEEK_DAYS && i < json_array_size(days); i++)
		sum += value_of(json_array_get(days, i), "p50");
	if (first < json_array_size(days))
		*from = rehearse_word(json_array_get(days, first), "day");
	return sum;
}

/* Weeks of the rehearsal, from its first day. */
static json_t *compare_weeks(const json_t *a, const json_t *b, double *moved)
{
	size_t days = json_array_size(json_object_get(restarts_of(a), "days"));
	size_t others = json_array_size(json_object_get(restarts_of(b), "days"));
	json_t *list = json_array();

	*moved = 0;
	for (size_t first = 0; first < days || first < others; first += WEEK_DAYS) {
		const char *from = "";
		double before = restarts_in(a, first, &from);
		double after = restarts_in(b, first, &from);
		*moved += fabs(before - after) / 2;
		if (before == after)
			continue;
		json_t *week = pair(before, after);
		json_object_set_new(week, "from", json_string(from));
		json_array_append_new(list, week);
	}
	return list;
}

/* --- the whole ---------------------------------------------------------------------- */

static json_t *head_of(const json_t *doc)
{
	json_t *head = json_object();
	static const char *const names[] = { "plan",    "fleet", "from", "until",
					     "devices", "runs",  "seed" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		json_object_set(head, names[i], json_object_get(doc, names[i]));
	return head;
}

json_t *rehearse_compare(const json_t *before, const json_t *after)
{
	json_t *all = json_object(), *rollouts = compare_rollouts(before, after);
	double moved;

	json_object_set_new(all, "comparison", json_integer(1));
	json_object_set_new(all, "a", head_of(before));
	json_object_set_new(all, "b", head_of(after));
	json_object_set_new(all, "figures", compare_figures(before, after));
	json_object_set_new(all, "rings", compare_rings(rollouts));
	json_object_set_new(all, "weeks", compare_weeks(before, after, &moved));
	json_object_set_new(all, "restarts_moved", real_or_null(moved));
	json_object_set_new(all, "rollouts", rollouts);
	return all;
}

/* --- the page ----------------------------------------------------------------------- */

static const char *by_text(double hours, char *text, size_t size)
{
	char time[REHEARSE_TIME];

	if (isnan(hours))
		snprintf(text, size, "-");
	else if (fabs(hours) < 0.5)
		snprintf(text, size, "as before");
	else
		snprintf(text, size, "%s %s", rehearse_time(fabs(hours), time),
			 hours > 0 ? "earlier" : "later");
	return text;
}

static const char *figure_text(double value, char *text, size_t size)
{
	if (isnan(value))
		snprintf(text, size, "-");
	else
		snprintf(text, size, value < 100 ? "%.2f" : "%.0f", value);
	return text;
}

static void print_head(FILE *to, const json_t *all)
{
	static const char *const sides[] = { "a", "b" };

	for (int i = 0; i < 2; i++) {
		const json_t *side = json_object_get(all, sides[i]);
		fprintf(to, "%c  %s, %s: %.0f devices, %.0f runs, %.10s to %.10s\n",
			'A' + i, rehearse_word(side, "plan"),
			rehearse_word(side, "fleet"), value_of(side, "devices"),
			value_of(side, "runs"), rehearse_word(side, "from"),
			rehearse_word(side, "until"));
	}
	const json_t *a = json_object_get(all, "a"), *b = json_object_get(all, "b");
	if (value_of(a, "devices") != value_of(b, "devices") ||
	    strcmp(rehearse_word(a, "from"), rehearse_word(b, "from")) != 0 ||
	    strcmp(rehearse_word(a, "until"), rehearse_word(b, "until")) != 0)
		fputs("   These are not of the same devices and days: compare with "
		      "care.\n",
		      to);
}

static void print_figures(FILE *to, const json_t *all)
{
	const json_t *figure;
	size_t i;

	fprintf(to, "\n%-38s %10s %10s\n", "IN THE MIDDLE RUN", "A", "B");
	json_array_foreach(json_object_get(all, "figures"), i, figure)
	{
		char a[32], b[32];
		fprintf(to, "%-38s %10s %10s\n", rehearse_word(figure, "name"),
			figure_text(value_of(figure, "a"), a, sizeof a),
			figure_text(value_of(figure, "b"), b, sizeof b));
	}
}

static void print_rings(FILE *to, const json_t *all)
{
	const json_t *ring;
	size_t i;

	fprintf(to, "\n%-16s %8s  %-22s %-22s\n", "WHO HAS IT, IN B", "RELEASES",
		"HALF OF THE RING", "95 % OF THE RING");
	json_array_foreach(json_object_get(all, "rings"), i, ring)
	{
		char half[48], most[48];
		fprintf(to, "%-16s %8.0f  %-22s %-22s\n", rehearse_word(ring, "ring"),
			value_of(ring, "releases"),
			by_text(value_of(ring, "half_hours_earlier"), half, sizeof half),
			by_text(value_of(ring, "most_hours_earlier"), most, sizeof most));
	}
}

static double change_of(const json_t *one)
{
	double a = value_of(one, "a"), b = value_of(one, "b");
	return fabs((isnan(a) ? 0 : a) - (isnan(b) ? 0 : b));
}

/* Is it among those that changed most? */
static bool is_shown(const json_t *list, size_t place)
{
	double own = change_of(json_array_get(list, place));
	size_t before = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		double other = change_of(json_array_get(list, i));
		before += other > own || (other == own && i < place);
	}
	return before < ROWS_SHOWN;
}

static void print_weeks(FILE *to, const json_t *all)
{
	const json_t *weeks = json_object_get(all, "weeks"), *week;
	size_t i, count = json_array_size(weeks);

	fprintf(to, "\n%.0f restarts move to another week.",
		value_of(all, "restarts_moved"));
	if (count > ROWS_SHOWN)
		fprintf(to, "  The %d weeks that change most:", ROWS_SHOWN);
	fputc('\n', to);
	if (count > 0)
		fprintf(to, "%-24s %10s %10s %10s\n", "RESTARTS IN THE WEEK OF", "A", "B",
			"CHANGE");
	json_array_foreach(weeks, i, week)
	{
		double a = value_of(week, "a"), b = value_of(week, "b");
		if (is_shown(weeks, i))
			fprintf(to, "%-24s %10.0f %10.0f %+10.0f\n",
				rehearse_word(week, "from"), a, b, b - a);
	}
}

static void print_gate(FILE *to, const json_t *all, const json_t *rollout)
{
	static const char *const sides[] = { "a", "b" };
	const json_t *halts = json_object_get(rollout, "halted_runs");
	const json_t *kept = json_object_get(rollout, "kept_from");

	fprintf(to, "  %-10s in %-12s", rehearse_word(rollout, "kb"),
		rehearse_word(rollout, "ring"));
	for (int i = 0; i < 2; i++) {
		double runs = value_of(json_object_get(all, sides[i]), "runs");
		double halted = value_of(halts, sides[i]);
		double spared = value_of(kept, sides[i]);
		if (isnan(halted) || halted == 0)
			fprintf(to, "  %c: not stopped", 'A' + i);
		else
			fprintf(to, "  %c: in %.0f of %.0f runs, %.0f spared", 'A' + i,
				halted, runs, isnan(spared) ? 0 : spared);
	}
	fputc('\n', to);
}

static void print_gates(FILE *to, const json_t *all)
{
	const json_t *rollout;
	bool any = false;
	size_t i;

	fputs("\nWHAT GATES WOULD HAVE STOPPED\n", to);
	json_array_foreach(json_object_get(all, "rollouts"), i, rollout)
	{
		const json_t *halts = json_object_get(rollout, "halted_runs");
		double a = value_of(halts, "a"), b = value_of(halts, "b");
		if (!(a > 0) && !(b > 0))
			continue;
		print_gate(to, all, rollout);
		any = true;
	}
	if (!any)
		fputs("  nothing, in neither\n", to);
}

void rehearse_compare_text(FILE *to, const json_t *comparison)
{
	print_head(to, comparison);
	print_figures(to, comparison);
	print_rings(to, comparison);
	print_weeks(to, comparison);
	print_gates(to, comparison);
}
