/* patchyard report ... */

#include <stdio.h>
#include <string.h>

#include "protocol/command/list.h"
#include "protocol/command/tables.h"
#include "protocol/command/text.h"

/* "2025-05 B": how people name a month's release. */
static void add_update(json_t *row)
{
	const char *published = json_string_value(json_object_get(row, "published"));
	const char *cadence = json_string_value(json_object_get(row, "cadence"));
	char update[40];

	if (published == NULL || strlen(published) < 7)
		return;
	snprintf(update, sizeof update, "%.7s %.16s", published,
		 cadence == NULL ? "" : cadence);
	json_object_set_new(row, "update", json_string(update));
}

/* clang-format off */
static const struct column hotpatch_list[] = {
	{ "policy",         "POLICY",         "policy",         CELL_TEXT,    0, false },
	{ "devices",        "DEVICES",        "devices",        CELL_NUMBER,  0, false },
	{ "up_to_date",     "UP TO DATE",     "up_to_date",     CELL_NUMBER,  0, false },
	{ "hotpatched",     "HOTPATCHED",     "hotpatched",     CELL_NUMBER,  0, false },
	{ "not_up_to_date", "NOT UP TO DATE", "not_up_to_date", CELL_NUMBER,  0, false },
	{ "in_progress",    "IN PROGRESS",    "in_progress",    CELL_NUMBER,  2, false },
	{ "percent_latest", "% LATEST",       "percent_latest", CELL_PERCENT, 1, false },
	{ "not_ready",      "NOT READY",      "not_ready",      CELL_NUMBER,  0, false },
	{ "paused",         "PAUSED",         "paused",         CELL_NUMBER,  3, false },
};
static const struct columns hotpatch_columns = {
	.list = hotpatch_list, .count = sizeof hotpatch_list / sizeof hotpatch_list[0],
	.member = "rows", .none = "No plan yet, so there is no policy to report on.",
};
static const struct column distribution_list[] = {
	{ "update",    "UPDATE",   "update",    CELL_TEXT,    0, false },
	{ "kind",      "KIND",     "kind",      CELL_TEXT,    0, false },
	{ "build",     "BUILD",    "build",     CELL_TEXT,    0, false },
	{ "kb",        "KB",       "kb",        CELL_TEXT,    0, false },
	{ "product",   "PRODUCT",  "product",   CELL_TEXT,    2, false },
	{ "cadence",   "CADENCE",  "cadence",   CELL_TEXT,    9, true  },
	{ "published", "RELEASED", "published", CELL_TIME,    3, false },
	{ "devices",   "DEVICES",  "devices",   CELL_NUMBER,  0, false },
	{ "percent",   "SHARE",    "percent",   CELL_BAR,     1, false },
};
static const struct columns distribution_columns = {
	.list = distribution_list,
	.count = sizeof distribution_list / sizeof distribution_list[0],
	.member = "rows", .prepare = add_update,
	.none = "No device has shown what it stands on yet.",
};
/* clang-format on */

static void print_as_of(const struct invocation *invocation, const json_t *answer)
{
	const char *as_of = json_string_value(json_object_get(answer, "as_of"));

	if (as_of != NULL && invocation->terminal.is_there)
		tell_note(invocation, "\nAs of %s.", as_of);
}

static void print_reasons(const struct invocation *invocation, const json_t *answer)
{
	const json_t *reasons = json_object_get(answer, "reasons");
	const json_t *row;
	char line[600];
	size_t i;

	if (json_array_size(reasons) > 0 && !invocation_has(invocation, OPTION_QUIET)) {
		printf("\nWhy devices take no hotpatch, or are not ready:\n");
		json_array_foreach(reasons, i, row)
		{
			const char *reason =
				json_string_value(json_object_get(row, "reason"));
			const char *sentence =
				json_string_value(json_object_get(row, "sentence"));
			snprintf(line, sizeof line, "  %6lld  %-24s %s\n",
				 (long long)json_integer_value(
					 json_object_get(row, "devices")),
				 reason == NULL ? "" : reason,
				 sentence == NULL ? "" : sentence);
			text_print(stdout, line);
		}
	}
	print_as_of(invocation, answer);
}

static enum status run_hotpatch(const struct invocation *invocation)
{
	return list_show(invocation, "report on hotpatches", "/reports/hotpatch",
			 print_reasons);
}

static enum status run_distribution(const struct invocation *invocation)
{
	return list_show(invocation, "report on the distribution",
			 "/reports/distribution", print_as_of);
}

/* clang-format off */
const struct command report_commands[] = {
	{ "report", "hotpatch", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "each policy: how many devices run hotpatches, are current, or are not ready", NULL,
	  &hotpatch_columns, { "report hotpatch", "report hotpatch -o csv" }, run_hotpatch },
	{ "report", "distribution", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "every level that devices stand on, newest first",
	  "A hotpatch and the cumulative update of its month are equally current, though the\n"
	  "hotpatch has the lower build.", &distribution_columns,
	  { "report distribution", "report distribution --where 'kind = hotpatch' -o csv" },
	  run_distribution },
	{ 0 },
};
/* clang-format on */
