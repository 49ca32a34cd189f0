/* patchyard device uninstall, rollback, pause, ..., and patchyard operation ... */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "protocol/command/act.h"
#include "protocol/command/list.h"
#include "protocol/command/operation_words.h"
#include "protocol/command/tables.h"
#include "protocol/command/text.h"

/* clang-format off */
static const struct column operation_list[] = {
	{ "id",      "ID",      "id",      CELL_NUMBER, 0, false },
	{ "kind",    "KIND",    "kind",    CELL_TEXT,   0, false },
	{ "kb",      "KB",      "kb",      CELL_TEXT,   0, false },
	{ "waiting", "WAITING", "waiting", CELL_NUMBER, 0, false },
	{ "running", "RUNNING", "running", CELL_NUMBER, 0, false },
	{ "done",    "DONE",    "done",    CELL_NUMBER, 0, false },
	{ "failed",  "FAILED",  "failed",  CELL_NUMBER, 0, false },
	{ "at_most", "AT MOST", "at_most", CELL_NUMBER, 4, false },
	{ "by",      "BY",      "by",      CELL_TEXT,   3, false },
	{ "reason",  "REASON",  "reason",  CELL_TEXT,   2, false },
	{ "made",    "MADE",    "made",    CELL_TIME,   5, false },
	{ "ended",   "ENDED",   "ended",   CELL_TIME,   6, false },
};
static const struct columns operation_columns = {
	.list = operation_list, .count = sizeof operation_list / sizeof operation_list[0],
	.member = "operations", .none = "Nothing was ever asked for many devices.",
};
static const struct column step_list[] = {
	{ "id",    "DEVICE", "id",    CELL_TEXT, 0, false },
	{ "step",  "STEP",   "step",  CELL_TEXT, 0, false },
	{ "since", "SINCE",  "since", CELL_TIME, 2, false },
	{ "note",  "NOTE",   "note",  CELL_TEXT, 1, false },
};
static const struct columns step_columns = {
	.list = step_list, .count = sizeof step_list / sizeof step_list[0],
	.member = "devices", .none = NULL,
};
static const struct column outlook_list[] = {
	{ "id",        "DEVICE",    "id",        CELL_TEXT,   0, false },
	{ "removes",   "GOES",      "removes",   CELL_TEXT,   1, false },
	{ "installs",  "COMES",     "installs",  CELL_TEXT,   1, false },
	{ "restarts",  "RESTARTS",  "restarts",  CELL_NUMBER, 1, false },
	{ "waits_for", "WAITS FOR", "waits_for", CELL_TEXT,   2, false },
	{ "refused",   "REFUSED",   "refused",   CELL_TEXT,   0, false },
};
static const struct columns outlook_columns = {
	.list = outlook_list, .count = sizeof outlook_list / sizeof outlook_list[0],
	.member = "devices", .none = NULL,
};
/* clang-format on */

/* What each kind is called in a sentence. */
static const struct {
	const char *doing, *done, *would;
} words[OPERATION_KINDS] = {
	[OPERATION_UNINSTALL] = { "uninstall it", "Uninstalling it from",
				  "Would uninstall it from" },
	[OPERATION_ROLLBACK] = { "roll back", "Rolling back", "Would roll back" },
	[OPERATION_PAUSE] = { "pause", "Paused", "Would pause" },
	[OPERATION_RESUME] = { "resume", "Resumed", "Would resume" },
	[OPERATION_BLOCK] = { "block it", "Blocked it for", "Would block it for" },
	[OPERATION_UNBLOCK] = { "unblock it", "Unblocked it for",
				"Would unblock it for" },
	[OPERATION_RETRY] = { "try again", "Trying again:", "Would try again:" },
};

static long long number_of(const json_t *answer, const char *member)
{
	return (long long)json_integer_value(json_object_get(answer, member));
}

static void tell_cost(const json_t *answer)
{
	long long restarts = number_of(answer, "restarts");
	long long at_most = number_of(answer, "at_most");
	long long count = number_of(answer, "count");
	const char *until = json_string_value(json_object_get(answer, "until"));

	if (until != NULL)
		printf("  Until %s.\n", until);
	if (restarts > 0)
		printf("  %lld restart%s in all", restarts, restarts == 1 ? "" : "s");
	if (restarts > 0 && at_most > 0 && at_most < count)
		printf("; at most %lld devices at a time", at_most);
	if (restarts > 0)
		printf(".\n");
}

static void tell_refused(const json_t *answer)
{
	long long refused = number_of(answer, "refused");
	const json_t *devices = json_object_get(answer, "devices"), *device;
	char count[40], line[400];
	size_t i;

	if (refused == 0)
		return;
	json_array_foreach(devices, i, device)
	{
		const char *why = json_string_value(json_object_get(device, "refused"));
		if (why == NULL)
			continue;
		snprintf(line, sizeof line, "  It fits not on %s: %s%s\n",
			 count_things((size_t)refused, "device", count, sizeof count),
			 why, refused > 1 ? ", for one" : "");
		text_print(stdout, line);
		return;
	}
}

static void tell_operation(const struct invocation *invocation, json_t *answer,
			   enum operation_kind kind)
{
	bool dry = invocation_has(invocation, OPTION_DRY_RUN);
	long long id = number_of(answer, "operation");
	char count[40];

	act_tell_releases(answer);
	printf("%s %s.\n", dry ? words[kind].would : words[kind].done,
	       count_things((size_t)number_of(answer, "count"), "device", count,
			    sizeof count));
	tell_cost(answer);
	tell_refused(answer);
	if (dry) {
		act_tell_devices(invocation, answer, &outlook_columns);
		tell_note(invocation, "Nothing is done: --dry-run.");
	} else if (number_of(answer, "running") + number_of(answer, "waiting") > 0) {
		tell_note(invocation, "How far it is: patchyard operation show %lld", id);
	}
	act_tell_undo(invocation, answer);
}

int operation_check_to(const struct invocation *invocation, struct trouble *trouble)
{
	const char *to = invocation->options[OPTION_TO];

	if (to == NULL || strcmp(to, "lcu") == 0)
		return 0;
	return trouble_set(trouble, STATUS_USAGE,
			   "--to takes lcu, the latest cumulative update, not \"%.60s\"",
			   to);
}

enum status operation_post(const struct invocation *invocation, json_t *body,
			   enum operation_kind kind)
{
	json_t *answer = NULL;
	enum status status = change_make(invocation, words[kind].doing, "POST",
					 "/operations", body, &answer);

	if (status != STATUS_DONE)
		return status;
	if (invocation->format != FORMAT_JSON && invocation->format != FORMAT_JSONL)
		tell_operation(invocation, answer, kind);
	json_decref(answer);
	return STATUS_DONE;
}

/* Devices by name, from the argument `first` on, or by --where and --ring. */
static int name_devices(const struct invocation *invocation, int first, json_t *body,
			struct trouble *trouble)
{
	bool by_where = invocation_has(invocation, OPTION_WHERE) ||
			invocation_has(invocation, OPTION_RING);

	if (invocation->argument_count == first && !by_where)
		return trouble_set(trouble, STATUS_USAGE,
				   "say which devices: their names, --where or --ring");
	if (invocation->argument_count == first)
		return 0;
	if (by_where)
		return trouble_set(trouble, STATUS_USAGE,
				   "devices are named, or found by --where and --ring, "
				   "not both");
	json_t *names = json_array();
	json_object_set_new(body, "devices", names);
	for (int i = first; i < invocation->argument_count; i++) {
		if (json_array_append_new(names, json_string(invocation->arguments[i])) <
		    0)
			return trouble_set(trouble, STATUS_USAGE,
					   "\"%.60s\" is no text in UTF-8",
					   invocation->arguments[i]);
	}
	return 0;
}

static enum status operate(const struct invocation *invocation, enum operation_kind kind,
			   bool names_release)
{
	struct trouble trouble = { 0 };
	json_t *body = json_pack("{s:s}", "kind", operation_kind_names[kind]);
	int first = names_release ? 1 : 0;
	const char *update = invocation->options[OPTION_UPDATE];

	if ((names_release &&
	     act_name_release(body, invocation->arguments[0], &trouble) < 0) ||
	    (update != NULL && act_name_release(body, update, &trouble) < 0) ||
	    operation_check_to(invocation, &trouble) < 0 ||
	    name_devices(invocation, first, body, &trouble) < 0 ||
	    act_set_options(body, invocation, &trouble) < 0) {
		json_decref(body);
		return tell_trouble(invocation, words[kind].doing, &trouble);
	}
	return operation_post(invocation, body, kind);
}

static enum status run_uninstall(const struct invocation *invocation)
{
	return operate(invocation, OPERATION_UNINSTALL, true);
}

static enum status run_rollback(const struct invocation *invocation)
{
	return operate(invocation, OPERATION_ROLLBACK, false);
}

static enum status run_pause(const struct invocation *invocation)
{
	return operate(invocation, OPERATION_PAUSE, false);
}

static enum status run_resume(const struct invocation *invocation)
{
	return operate(invocation, OPERATION_RESUME, false);
}

static enum status run_block(const struct invocation *invocation)
{
	return operate(invocation, OPERATION_BLOCK, true);
}

static enum status run_unblock(const struct invocation *invocation)
{
	return operate(invocation, OPERATION_UNBLOCK, true);
}

static enum status run_retry(const struct invocation *invocation)
{
	return operate(invocation, OPERATION_RETRY, false);
}

/* --- operations --------------------------------------------------------------------- */

static enum status run_list(const struct invocation *invocation)
{
	return list_show(invocation, "list the operations", "/operations", NULL);
}

static enum status run_show(const struct invocation *invocation)
{
	char path[LIMIT_TARGET];

	if (path_join(path, sizeof path, "/operations/", invocation->arguments[0], "") <
	    0)
		return tell_usage(invocation, "an operation is named by its number");
	return list_show(invocation, "show the operation", path, NULL);
}

static enum status run_stop(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[LIMIT_TARGET], count[40];
	json_t *answer = NULL, *body = json_object();

	if (path_join(path, sizeof path, "/operations/", invocation->arguments[0],
		      "/stop") < 0 ||
	    act_set_options(body, invocation, &trouble) < 0) {
		json_decref(body);
		return tell_usage(invocation, "an operation is named by its number");
	}
	enum status status = change_make(invocation, "stop the operation", "POST", path,
					 body, &answer);
	if (status != STATUS_DONE)
		return status;
	if (invocation->format != FORMAT_JSON && invocation->format != FORMAT_JSONL)
		printf("Stopped.  %s on the way will finish; no more begin.\n",
		       count_things((size_t)number_of(answer, "running"), "device", count,
				    sizeof count));
	json_decref(answer);
	return STATUS_DONE;
}

#define WHICH                                                                            \
	(TAKES(OPTION_WHERE) | TAKES(OPTION_RING) | TAKES(OPTION_REASON) |               \
	 TAKES(OPTION_DRY_RUN))

/* clang-format off */
const struct command operation_commands[] = {
	{ "device", "uninstall", "KB[@BUILD] [NAME...]", 1, ANY_NUMBER,
	  TAKES(OPTION_WAIT) | TAKES(OPTION_AT_MOST) | WHICH,
	  "remove the update that devices stand on",
	  "Only their present level can be removed.  It is not offered to them again; with --wait\n"
	  "nothing is, until a newer one of the quarter.", NULL,
	  { "device uninstall KB5058497 BEN-LAB7-0412",
	    "device uninstall KB5058497 --where 'site = lab-7' --at-most 10 --dry-run" },
	  run_uninstall },
	{ "device", "rollback", "[NAME...]", 0, ANY_NUMBER,
	  TAKES(OPTION_TO) | TAKES(OPTION_AT_MOST) | WHICH,
	  "remove the hotpatch, and install the latest cumulative update",
	  "Two restarts each, where both steps need one.", NULL,
	  { "device rollback BEN-LAB7-0412 --to lcu --dry-run",
	    "device rollback --to lcu --where 'site = lab-7' --at-most 40" }, run_rollback },
	{ "device", "pause", "[NAME...]", 0, ANY_NUMBER, TAKES(OPTION_FOR) | WHICH,
	  "offer devices nothing new for a while",
	  "Ends by itself, after 35 days at the latest.", NULL,
	  { "device pause BEN-LAB7-0412 --for 3d --reason 'demonstration'" }, run_pause },
	{ "device", "resume", "[NAME...]", 0, ANY_NUMBER, WHICH, "end a pause of devices", NULL,
	  NULL, { "device resume BEN-LAB7-0412" }, run_resume },
	{ "device", "block", "KB[@BUILD] [NAME...]", 1, ANY_NUMBER, WHICH,
	  "never offer a release to devices", "For many devices a hold says it better.", NULL,
	  { "device block KB5058497 BEN-LAB7-0412 --reason 'dongle driver'" }, run_block },
	{ "device", "unblock", "KB[@BUILD] [NAME...]", 1, ANY_NUMBER, WHICH,
	  "take a block back, or what a removal blocked", NULL, NULL,
	  { "device unblock KB5058497 BEN-LAB7-0412" }, run_unblock },
	{ "device", "retry", "[NAME...]", 0, ANY_NUMBER, TAKES(OPTION_UPDATE) | WHICH,
	  "forget failures, so that devices try again", NULL, NULL,
	  { "device retry BEN-LAB7-0412", "device retry --update KB5058497 --ring test" },
	  run_retry },
	{ "operation", "list", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "what was asked for many devices, and how far it is", NULL, &operation_columns,
	  { "operation list", "operation list --where 'running > 0'" }, run_list },
	{ "operation", "show", "ID", 1, 1, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "how far each device is", NULL, &step_columns,
	  { "operation show 3", "operation show 3 --where 'step = failed'" }, run_show },
	{ "operation", "stop", "ID", 1, 1, TAKES(OPTION_REASON),
	  "begin no more devices; those on the way finish", NULL, NULL,
	  { "operation stop 3 --reason 'wrong ring'" }, run_stop },
	{ 0 },
};
/* clang-format on */
