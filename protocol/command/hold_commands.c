/* patchyard hold ... */

#include <stdio.h>
#include <string.h>

#include "engine/limits.h"
#include "protocol/command/act.h"
#include "protocol/command/list.h"
#include "protocol/command/tables.h"

/* clang-format off */
static const struct column hold_list[] = {
	{ "id",      "ID",      "id",      CELL_NUMBER, 0, false },
	{ "kb",      "KB",      "kb",      CELL_TEXT,   0, false },
	{ "build",   "BUILD",   "build",   CELL_TEXT,   3, false },
	{ "product", "PRODUCT", "product", CELL_TEXT,   4, false },
	{ "match",   "MATCH",   "match",   CELL_TEXT,   0, false },
	{ "reason",  "REASON",  "reason",  CELL_TEXT,   1, false },
	{ "by",      "BY",      "by",      CELL_TEXT,   2, false },
	{ "made",    "MADE",    "made",    CELL_TIME,   5, false },
};
static const struct columns hold_columns = {
	.list = hold_list, .count = sizeof hold_list / sizeof hold_list[0],
	.member = "holds", .none = "Nothing is held.",
};
/* clang-format on */

static const struct act_words adding = { "add the hold", "Held", "Would hold",
					 "not started, and will not" };
static const struct act_words removing = { "remove the hold",
					   "No longer held:", "Would no longer hold",
					   "waiting for something else" };

static enum status run_list(const struct invocation *invocation)
{
	return list_show(invocation, "list the holds", "/holds", NULL);
}

static enum status run_add(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	const char *where = invocation->options[OPTION_WHERE];
	struct invocation plain = *invocation;
	json_t *body = json_object();

	/* Here it is the hold's own, not a filter of what is shown. */
	plain.options[OPTION_WHERE] = NULL;
	if (where == NULL)
		trouble_set(
			&trouble, STATUS_USAGE,
			"say for which devices: --where EXPR, where any is every one");
	else if (act_name_release(body, invocation->arguments[0], &trouble) == 0 &&
		 act_set_options(body, &plain, &trouble) == 0) {
		json_object_set_new(body, "match", json_string(where));
		return act_post(&plain, "/holds", body, invocation->arguments[0],
				&adding);
	}
	json_decref(body);
	return tell_trouble(invocation, adding.doing, &trouble);
}

static enum status run_remove(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[LIMIT_TARGET], subject[64];
	const char *reason = invocation->options[OPTION_REASON];
	json_t *answer = NULL;

	if (path_join(path, sizeof path, "/holds/", invocation->arguments[0], "") < 0 ||
	    (reason != NULL && path_query(path, sizeof path, "reason", reason) < 0) ||
	    (invocation_has(invocation, OPTION_DRY_RUN) &&
	     path_query(path, sizeof path, "dry-run", "1") < 0)) {
		trouble_set(&trouble, STATUS_USAGE, "that is too long");
		return tell_trouble(invocation, removing.doing, &trouble);
	}
	enum status status =
		change_make(invocation, removing.doing, "DELETE", path, NULL, &answer);
	if (status != STATUS_DONE)
		return status;
	const char *kb = json_string_value(json_object_get(answer, "kb"));
	snprintf(subject, sizeof subject, "%.40s", kb == NULL ? "" : kb);
	if (invocation->format != FORMAT_JSON && invocation->format != FORMAT_JSONL)
		act_tell(invocation, answer, subject, &removing);
	json_decref(answer);
	return STATUS_DONE;
}

/* clang-format off */
const struct command hold_commands[] = {
	{ "hold", "list", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "what is kept from which devices, and why",
	  "Those without an ID are the plan's own.", &hold_columns,
	  { "hold list", "hold list -o csv" }, run_list },
	{ "hold", "add", "KB[@BUILD]", 1, 1,
	  TAKES(OPTION_WHERE) | TAKES(OPTION_PRODUCT) | TAKES(OPTION_REASON) |
	  TAKES(OPTION_DRY_RUN),
	  "keep a release from the devices that match",
	  "It stands beside those of the plan, until it is removed.", NULL,
	  { "hold add KB5066835 --where 'hardware.model ~ \"Gen1\"' --reason 'firmware first'" },
	  run_add },
	{ "hold", "remove", "ID", 1, 1, TAKES(OPTION_REASON) | TAKES(OPTION_DRY_RUN),
	  "end a hold that was made on the day", NULL, NULL,
	  { "hold remove 3 --reason 'firmware is out'" }, run_remove },
	{ 0 },
};
/* clang-format on */
