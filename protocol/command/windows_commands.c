/* patchyard update ..., patchyard computer ...: for stock Windows Update Agents. */

#include "engine/limits.h"
#include "protocol/command/act.h"
#include "protocol/command/documents.h"
#include "protocol/command/list.h"
#include "protocol/command/tables.h"
#include "protocol/command/tell.h"

/* clang-format off */
static const struct column update_list[] = {
	{ "kb",       "KB",       "kb",       CELL_TEXT,   0, false },
	{ "build",    "BUILD",    "build",    CELL_TEXT,   4, false },
	{ "product",  "PRODUCT",  "product",  CELL_TEXT,   3, false },
	{ "arch",     "ARCH",     "arch",     CELL_TEXT,   5, false },
	{ "type",     "TYPE",     "type",     CELL_TEXT,   2, false },
	{ "origin",   "ORIGIN",   "origin",   CELL_TEXT,   0, false },
	{ "bundled",  "BUNDLED",  "bundled",  CELL_YES,    6, false },
	{ "files",    "FILES",    "files",    CELL_NUMBER, 7, false },
	{ "title",    "TITLE",    "title",    CELL_TEXT,   1, false },
	{ "id",       "ID",       "id",       CELL_TEXT,   8, true  },
	{ "revision", "REVISION", "revision", CELL_NUMBER, 9, true  },
	{ "number",   "NUMBER",   "number",   CELL_NUMBER, 9, true  },
	{ "added",    "ADDED",    "added",    CELL_TIME,   9, true  },
};
static const struct columns update_columns = {
	.list = update_list, .count = sizeof update_list / sizeof update_list[0],
	.member = "updates",
	.none = "No updates yet: they are made for each release whose payload is here.",
};
static const struct column computer_list[] = {
	{ "client",     "CLIENT",     "client",     CELL_TEXT, 0, false },
	{ "device",     "DEVICE",     "device",     CELL_TEXT, 0, false },
	{ "dns_name",   "DNS NAME",   "dns_name",   CELL_TEXT, 1, false },
	{ "tie",        "TIE",        "tie",        CELL_TEXT, 0, false },
	{ "by",         "BY",         "by",         CELL_TEXT, 2, false },
	{ "registered", "REGISTERED", "registered", CELL_YES,  3, false },
	{ "first",      "FIRST",      "first",      CELL_TIME, 4, false },
};
static const struct columns computer_columns = {
	.list = computer_list, .count = sizeof computer_list / sizeof computer_list[0],
	.member = "computers", .none = "No Windows Update Agent was here yet.",
};
/* clang-format on */

static enum status run_updates(const struct invocation *invocation)
{
	return list_show(invocation, "list the updates", "/updates", NULL);
}

static enum status run_computers(const struct invocation *invocation)
{
	return list_show(invocation, "list the computers", "/computers", NULL);
}

static void set_option(json_t *body, const struct invocation *invocation,
		       const char *name, enum option option)
{
	if (invocation_has(invocation, option))
		json_object_set_new(body, name, json_string(invocation->options[option]));
}

static void tell_imported(const struct invocation *invocation, const json_t *answer)
{
	size_t index;
	const json_t *one;

	json_array_foreach(json_object_get(answer, "imported"), index, one)
	{
		const char *kb = json_string_value(json_object_get(one, "kb"));
		const char *arch = json_string_value(json_object_get(one, "arch"));
		tell_note(invocation, "%s: %s%s%s",
			  json_string_value(json_object_get(one, "title")),
			  kb == NULL ? "for what others need" : kb,
			  arch == NULL ? "" : " on ", arch == NULL ? "" : arch);
	}
	if (json_is_true(json_object_get(answer, "dry_run")))
		tell_note(invocation, "Nothing is changed: --dry-run.");
}

static enum status run_import(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	json_t *answer, *body = documents_read(invocation, "documents", &trouble);

	if (body == NULL)
		return tell_trouble(invocation, "import updates", &trouble);
	set_option(body, invocation, "kb", OPTION_RELEASE);
	set_option(body, invocation, "arch", OPTION_ARCH);
	set_option(body, invocation, "product", OPTION_PRODUCT);
	set_option(body, invocation, "reason", OPTION_REASON);
	enum status status = change_make(invocation, "import updates", "POST", "/updates",
					 body, &answer);
	if (status != STATUS_DONE)
		return status_of_change(invocation, status);
	if (invocation->format == FORMAT_TABLE)
		tell_imported(invocation, answer);
	json_decref(answer);
	return STATUS_DONE;
}

static enum status run_tie(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[LIMIT_TARGET];
	json_t *answer = NULL;

	if (path_join(path, sizeof path, "/computers/", invocation->arguments[0], "") <
	    0) {
		trouble_set(&trouble, STATUS_USAGE, "that is too long");
		return tell_trouble(invocation, "tie the computer", &trouble);
	}
	json_t *body = json_pack("{s:s,s:b}", "device", invocation->arguments[1],
				 "dry_run", invocation_has(invocation, OPTION_DRY_RUN));
	set_option(body, invocation, "reason", OPTION_REASON);
	enum status status =
		change_make(invocation, "tie the computer", "PUT", path, body, &answer);
	if (status != STATUS_DONE)
		return status;
	if (invocation->format == FORMAT_TABLE) {
		const char *was = json_string_value(json_object_get(answer, "was"));
		tell_note(invocation, "%s %s %s%s%s%s", invocation->arguments[0],
			  invocation_has(invocation, OPTION_DRY_RUN) ? "would be" : "is",
			  invocation->arguments[1], was == NULL ? "" : "; it was ",
			  was == NULL ? "" : was, ".");
	}
	json_decref(answer);
	return STATUS_DONE;
}

/* clang-format off */
const struct command windows_commands[] = {
	{ "update", "list", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "the update metadata that Windows Update Agents are sent",
	  "Made by the server for each release whose payload is here, or imported.",
	  &update_columns,
	  { "update list --where 'origin = imported'", "update list -o csv" }, run_updates },
	{ "update", "import", "FILE...", 1, ANY_NUMBER,
	  TAKES(OPTION_RELEASE) | TAKES(OPTION_ARCH) | TAKES(OPTION_PRODUCT) |
	  TAKES(OPTION_REASON) | TAKES(OPTION_DRY_RUN),
	  "take genuine update metadata; all or nothing",
	  "One update document for each file, with all that its prerequisites and bundles name\n"
	  "that is not here yet.  It takes the place of what the server made for that release.",
	  NULL,
	  { "update import ./kb5060842 --dry-run",
	    "update import *.xml --release KB5060842 --arch x64 --product windows-11-24h2" },
	  run_import },
	{ "computer", "list", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "Windows Update Agents, and the devices they are", NULL, &computer_columns,
	  { "computer list --where 'tie = own'" }, run_computers },
	{ "computer", "tie", "CLIENT-ID DEVICE", 2, 2,
	  TAKES(OPTION_REASON) | TAKES(OPTION_DRY_RUN),
	  "say by hand which device an agent is",
	  "CLIENT-ID is its SusClientId.  The device keeps its history; from its next scan on\n"
	  "the agent is that device.", NULL,
	  { "computer tie 6f9619ff-8b86-d011-b42d-00c04fc964ff pc-17 --reason 'moved from DDI'" },
	  run_tie },
	{ 0 },
};
/* clang-format on */
