/* The yard as a whole: status, rings, clock, audit log, enrolment, version. */

#include <stdio.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/command/list.h"
#include "protocol/command/tables.h"
#include "protocol/command/text.h"

static void add_percent(json_t *row)
{
	double devices = json_number_value(json_object_get(row, "devices"));
	double current = json_number_value(json_object_get(row, "up_to_date"));

	if (devices > 0)
		json_object_set_new(row, "percent", json_real(current * 100 / devices));
}

/* clang-format off */
static const struct column status_list[] = {
	{ "name",       "RING",       "name",       CELL_TEXT,   0, false },
	{ "devices",    "DEVICES",    "devices",    CELL_NUMBER, 0, false },
	{ "up_to_date", "UP TO DATE", "up_to_date", CELL_NUMBER, 0, false },
	{ "percent",    "",           "percent",    CELL_BAR,    1, false },
	{ "running",    "RUNNING",    "running",    CELL_NUMBER, 0, false },
	{ "waiting",    "WAITING",    "waiting",    CELL_NUMBER, 0, false },
	{ "not_ready",  "NOT READY",  "not_ready",  CELL_NUMBER, 0, false },
};
static const struct columns status_columns = {
	.list = status_list, .count = sizeof status_list / sizeof status_list[0],
	.member = "rings", .prepare = add_percent,
	.none = "No plan yet.  Give it one: patchyard plan apply FILE",
};
static const struct column ring_list[] = {
	{ "name",          "RING",       "name",          CELL_TEXT,   0, false },
	{ "defer_days",    "DEFERS",     "defer_days",    CELL_NUMBER, 0, false },
	{ "after",         "AFTER",      "after",         CELL_TEXT,   2, false },
	{ "deadline_days", "DEADLINE",   "deadline_days", CELL_NUMBER, 3, false },
	{ "grace_days",    "GRACE",      "grace_days",    CELL_NUMBER, 4, false },
	{ "devices",       "DEVICES",    "devices",       CELL_NUMBER, 0, false },
	{ "up_to_date",    "UP TO DATE", "up_to_date",    CELL_NUMBER, 0, false },
	{ "percent",       "%",          "percent",       CELL_PERCENT, 5, false },
	{ "running",       "RUNNING",    "running",       CELL_NUMBER, 0, false },
	{ "waiting",       "WAITING",    "waiting",       CELL_NUMBER, 0, false },
	{ "not_ready",     "NOT READY",  "not_ready",     CELL_NUMBER, 0, false },
	{ "match",         "MATCH",      "match",         CELL_TEXT,   1, false },
};
static const struct columns ring_columns = {
	.list = ring_list, .count = sizeof ring_list / sizeof ring_list[0],
	.member = "rings", .prepare = add_percent,
	.none = "No plan yet.  Give it one: patchyard plan apply FILE",
};
static const struct column audit_rows[] = {
	{ "at",      "AT",      "at",      CELL_TIME, 0, false },
	{ "by",      "BY",      "by",      CELL_TEXT, 0, false },
	{ "action",  "ACTION",  "action",  CELL_TEXT, 0, false },
	{ "subject", "SUBJECT", "subject", CELL_TEXT, 0, false },
	{ "reason",  "REASON",  "reason",  CELL_TEXT, 1, false },
};
static const struct columns audit_columns = {
	.list = audit_rows, .count = sizeof audit_rows / sizeof audit_rows[0],
	.member = "entries", .none = "Nobody has done anything yet.",
};
/* clang-format on */

/* What the server gives at most, the newest first. */
enum { AUDIT_MOST = 1000 };

static long long number_at(const json_t *object, const char *group, const char *member)
{
	const json_t *holder = group == NULL ? object : json_object_get(object, group);
	return (long long)json_integer_value(json_object_get(holder, member));
}

static const char *text_at(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text == NULL ? "" : text;
}

static void print_heading(const json_t *answer)
{
	char line[512];
	bool is_virtual = strcmp(text_at(answer, "clock"), "virtual") == 0;

	snprintf(line, sizeof line,
		 "patchyardd %s   %s   plan %lld   %lld releases of %lld products   "
		 "as of %s%s\n",
		 text_at(answer, "version"), text_at(answer, "address"),
		 number_at(answer, "plan", "revision"),
		 number_at(answer, "catalog", "releases"),
		 number_at(answer, "catalog", "products"), text_at(answer, "now"),
		 is_virtual ? " (virtual)" : "");
	text_print(stdout, line);
	printf("%lld devices", number_at(answer, NULL, "devices"));
	const char *name, *separator = ": ";
	json_t *count;
	json_object_foreach(json_object_get(answer, "standing"), name, count)
	{
		if (json_integer_value(count) == 0)
			continue;
		snprintf(line, sizeof line, "%s%lld %s", separator,
			 (long long)json_integer_value(count), name);
		text_print(stdout, line);
		separator = ", ";
	}
	printf("\n\n");
}

/* What to do first on an empty yard. */
static void print_next(const struct invocation *invocation, const json_t *answer)
{
	if (number_at(answer, "catalog", "releases") == 0)
		tell_note(
			invocation,
			"Next: patchyard catalog import FILE...  (there is no catalog)");
	else if (number_at(answer, "plan", "rings") == 0)
		tell_note(invocation, "Next: patchyard plan apply FILE  (there is no "
				      "plan, so nobody gets anything)");
	else if (number_at(answer, NULL, "devices") == 0)
		tell_note(invocation, "Next: patchyard enrolment show  (there are no "
				      "devices)");
}

static int show_status(const struct invocation *invocation, struct sheet *sheet,
		       json_t *answer)
{
	if (json_shown(invocation, answer))
		return 0;
	if (invocation->format == FORMAT_TABLE &&
	    !invocation_has(invocation, OPTION_NO_HEADERS))
		print_heading(answer);
	if (sheet_rows(sheet, json_object_get(answer, "rings")) < 0)
		return -1;
	sheet_end(sheet, answer);
	if (invocation->format == FORMAT_TABLE)
		print_next(invocation, answer);
	return 0;
}

static enum status run_status(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	struct problem p;
	json_t *answer = NULL;
	struct sheet *sheet = sheet_new(invocation, &status_columns, true, &p);

	if (sheet == NULL)
		return tell_usage(invocation, "%s", p.text);
	struct server *server = server_open(invocation, &trouble);
	int result = server == NULL ? -1
				    : server_ask(server, "GET", "/status", NULL, &answer,
						 &trouble);
	if (result == 0 && show_status(invocation, sheet, answer) < 0)
		result = trouble_set(&trouble, STATUS_FAILED, "no memory for the rows");
	json_decref(answer);
	server_close(server);
	sheet_free(sheet);
	return result == 0 ? STATUS_DONE
			   : tell_trouble(invocation, "show the status", &trouble);
}

static enum status run_rings(const struct invocation *invocation)
{
	return list_show(invocation, "list the rings", "/rings", NULL);
}

static enum status run_audit(const struct invocation *invocation)
{
	bool filters = invocation_has(invocation, OPTION_WHERE);
	char path[64];

	/* with --where the limit is one of what matches */
	snprintf(path, sizeof path, "/audit?limit=%d",
		 filters || invocation->limit > AUDIT_MOST ? AUDIT_MOST
							   : (int)invocation->limit);
	return list_show(invocation, "list the audit log", path, NULL);
}

static void print_clock(const struct invocation *invocation, const json_t *answer)
{
	if (invocation->format == FORMAT_TABLE || invocation->format == FORMAT_CSV)
		printf("%s %s\n", text_at(answer, "now"), text_at(answer, "clock"));
}

static enum status run_clock_show(const struct invocation *invocation)
{
	json_t *answer;
	enum status status =
		change_make(invocation, "show the clock", "GET", "/clock", NULL, &answer);

	if (status != STATUS_DONE)
		return status;
	print_clock(invocation, answer);
	json_decref(answer);
	return STATUS_DONE;
}

/* TIME, or +DURATION from the server's own now. */
static enum status find_time(const struct invocation *invocation, int64_t *at_s)
{
	const char *word = invocation->arguments[0];
	struct trouble trouble = { 0 };
	int64_t later_s;
	json_t *answer;

	if (instant_parse(word, at_s))
		return STATUS_DONE;
	if (word[0] != '+' || !duration_parse(word + 1, &later_s))
		return tell_usage(invocation,
				  "a time is 2025-05-21T09:42:00Z or +6h, not \"%.60s\"",
				  word);
	struct server *server = server_open(invocation, &trouble);
	int result = server == NULL ? -1
				    : server_ask(server, "GET", "/clock", NULL, &answer,
						 &trouble);
	server_close(server);
	if (result < 0)
		return tell_trouble(invocation, "set the clock", &trouble);
	bool is_good = instant_parse(text_at(answer, "now"), at_s);
	json_decref(answer);
	*at_s += later_s;
	if (is_good)
		return STATUS_DONE;
	trouble_set(&trouble, STATUS_FAILED, "the server does not say what time it is");
	return tell_trouble(invocation, "set the clock", &trouble);
}

static enum status run_clock_set(const struct invocation *invocation)
{
	char text[INSTANT_TEXT];
	int64_t at_s = 0;
	json_t *answer;
	enum status status = find_time(invocation, &at_s);

	if (status != STATUS_DONE)
		return status;
	status = change_make(invocation, "set the clock", "POST", "/clock",
			     json_pack("{s:s}", "now", instant_format(at_s, text)),
			     &answer);
	if (status != STATUS_DONE)
		return status;
	if (!invocation_has(invocation, OPTION_QUIET))
		print_clock(invocation, answer);
	json_decref(answer);
	return STATUS_DONE;
}

static enum status run_enrolment(const struct invocation *invocation)
{
	json_t *answer;
	enum status status = change_make(invocation, "show the enrolment token", "GET",
					 "/enrolment", NULL, &answer);

	if (status != STATUS_DONE)
		return status;
	if (invocation->format == FORMAT_TABLE || invocation->format == FORMAT_CSV) {
		printf("%s\n", text_at(answer, "token"));
		tell_note(
			invocation,
			"New devices send it as \"Authorization: GatewayToken TOKEN\".  "
			"Keep it secret.");
	}
	json_decref(answer);
	return STATUS_DONE;
}

static enum status run_version(const struct invocation *invocation)
{
	json_t *object = json_pack("{s:s}", "version", PATCHYARD_VERSION);

	if (!json_shown(invocation, object))
		printf("patchyard %s\n", PATCHYARD_VERSION);
	json_decref(object);
	return STATUS_DONE;
}

/* clang-format off */
const struct command yard_commands[] = {
	{ "status", NULL, "", 0, 0, 0, "the yard on one screen: rings, devices, what comes next",
	  NULL, &status_columns, { "status", "status -o json" }, run_status },
	{ "ring", "list", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "the rings in order, with their delays and how far they are", NULL, &ring_columns,
	  { "ring list", "ring list -o csv --columns name,devices,up_to_date" }, run_rings },
	{ "enrolment", "show", "", 0, 0, 0, "the token with which new devices come in",
	  "Only the token goes to standard output.", NULL,
	  { "enrolment show", "enrolment show -q > enrolment-token" }, run_enrolment },
	{ "audit", "list", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "who did what and why, newest first", "Of the newest 1000 entries.", &audit_columns,
	  { "audit list --limit 20", "audit list --where 'action = plan.apply' -o json" }, run_audit },
	{ "clock", "show", "", 0, 0, 0, "the server's time, and whether it is real or virtual",
	  NULL, NULL, { "clock show" }, run_clock_show },
	{ "clock", "set", "TIME", 1, 1, 0, "move a virtual clock forward",
	  "TIME is 2025-05-21T09:42:00Z, or +6h from the server's now.  A real clock, and a step\n"
	  "backwards, are refused.", NULL,
	  { "clock set 2025-05-21T09:42:00Z", "clock set +6h" }, run_clock_set },
	{ "version", NULL, "", 0, 0, 0, "the version of this program", NULL, NULL,
	  { "version" }, run_version },
	{ 0 },
};
/* clang-format on */
