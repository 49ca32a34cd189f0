/* patchyard update ..., patchyard computer ...: for stock Windows Update Agents. */

#include <stdio.h>

#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/command/act.h"
#include "protocol/command/documents.h"
#include "protocol/command/list.h"
#include "protocol/command/sheet.h"
#include "protocol/command/tables.h"
#include "protocol/command/tell.h"
#include "protocol/command/text.h"

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
static const struct column update_one[] = {
	{ "id",         "ID",         "id",         CELL_TEXT,   0, false },
	{ "revision",   "REVISION",   "revision",   CELL_NUMBER, 0, false },
	{ "number",     "NUMBER",     "number",     CELL_NUMBER, 0, false },
	{ "title",      "TITLE",      "title",      CELL_TEXT,   0, false },
	{ "type",       "TYPE",       "type",       CELL_TEXT,   0, false },
	{ "origin",     "ORIGIN",     "origin",     CELL_TEXT,   0, false },
	{ "added",      "ADDED",      "added",      CELL_TIME,   0, false },
	{ "kb",         "STANDS FOR", "kb",         CELL_TEXT,   0, false },
	{ "build",      "BUILD",      "build",      CELL_TEXT,   0, false },
	{ "product",    "PRODUCT",    "product",    CELL_TEXT,   0, false },
	{ "arch",       "ARCH",       "arch",       CELL_TEXT,   0, false },
	{ "kbs",        "KBS",        "kbs",        CELL_LIST,   0, false },
	{ "handler",    "HANDLER",    "handler",    CELL_TEXT,   0, false },
	{ "uninstalls", "UNINSTALLS", "uninstalls", CELL_YES,    0, false },
	{ "bundled",    "BUNDLED",    "bundled",    CELL_YES,    0, false },
};
static const struct columns update_one_columns = {
	.list = update_one, .count = sizeof update_one / sizeof update_one[0],
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

/* An object as a card of the command's columns, and then what `more` prints of it. */
static enum status show_one(const struct invocation *invocation, const char *doing,
			    const char *path, void (*more)(const json_t *object))
{
	struct trouble trouble = { 0 };
	struct problem p;
	json_t *object = NULL;
	struct sheet *sheet =
		sheet_new(invocation, invocation->command->columns, true, &p);

	if (sheet == NULL)
		return tell_usage(invocation, "%s", p.text);
	struct server *server = server_open(invocation, &trouble);
	int result = server == NULL ? -1 : sheet_ask_now(sheet, server, &trouble);
	if (result == 0)
		result = server_ask(server, "GET", path, NULL, &object, &trouble);
	if (result == 0 && sheet_card(sheet, object) < 0)
		result = trouble_set(&trouble, STATUS_FAILED, "no memory to show it");
	if (result == 0 && more != NULL && invocation->format == FORMAT_TABLE)
		more(object);
	json_decref(object);
	server_close(server);
	sheet_free(sheet);
	return result == 0 ? STATUS_DONE : tell_trouble(invocation, doing, &trouble);
}

/* "/updates/ID"; the trouble of one that is too long. */
static int one_path(const struct invocation *invocation, const char *before, char *path,
		    size_t size, struct trouble *trouble)
{
	if (path_join(path, size, before, invocation->arguments[0], "") == 0)
		return 0;
	return trouble_set(trouble, STATUS_USAGE, "that is too long");
}

/* The same for a call that takes something away, with the reason and whether to only
 * try. */
static int removal_path(const struct invocation *invocation, const char *before,
			char *path, size_t size, struct trouble *trouble)
{
	const char *reason = invocation->options[OPTION_REASON];

	if (one_path(invocation, before, path, size, trouble) < 0)
		return -1;
	if ((reason != NULL && path_query(path, size, "reason", reason) < 0) ||
	    (invocation_has(invocation, OPTION_DRY_RUN) &&
	     path_query(path, size, "dry-run", "1") < 0))
		return trouble_set(trouble, STATUS_USAGE, "the reason is too long");
	return 0;
}

static void print_list(const char *heading, const json_t *list, const char *between)
{
	size_t index, k;
	const json_t *one, *part;

	json_array_foreach(list, index, one)
	{
		printf("%s", heading);
		if (json_is_string(one)) {
			text_print(stdout, json_string_value(one));
		} else {
			json_array_foreach(one, k, part)
			{
				printf("%s", k > 0 ? between : "");
				text_print(stdout, json_string_value(part));
			}
		}
		putchar('\n');
	}
}

static void print_update(const json_t *update)
{
	size_t index;
	const json_t *file;

	putchar('\n');
	print_list("needs       ", json_object_get(update, "needs"), "\n         or ");
	print_list("bundles     ", json_object_get(update, "bundles"), "");
	print_list("supersedes  ", json_object_get(update, "supersedes"), "");
	json_array_foreach(json_object_get(update, "files"), index, file)
	{
		bool is_here = json_is_true(json_object_get(file, "here"));
		printf("file        ");
		text_print(stdout, json_string_value(json_object_get(file, "name")));
		printf(", %lld bytes%s\n",
		       (long long)json_integer_value(json_object_get(file, "size")),
		       is_here ? "" : ", not among the payloads");
	}
}

static enum status run_update(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[LIMIT_TARGET];

	if (one_path(invocation, "/updates/", path, sizeof path, &trouble) < 0)
		return tell_trouble(invocation, "show the update", &trouble);
	return show_one(invocation, "show the update", path, print_update);
}

static enum status run_computer(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[LIMIT_TARGET];

	if (one_path(invocation, "/computers/", path, sizeof path, &trouble) < 0)
		return tell_trouble(invocation, "show the computer", &trouble);
	return show_one(invocation, "show the computer", path, NULL);
}

static enum status run_retire(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[LIMIT_TARGET];
	json_t *answer = NULL;
	size_t index;
	const json_t *one;

	if (removal_path(invocation, "/updates/", path, sizeof path, &trouble) < 0)
		return tell_trouble(invocation, "retire the update", &trouble);
	enum status status = change_make(invocation, "retire the update", "DELETE", path,
					 NULL, &answer);
	if (status != STATUS_DONE)
		return status;
	bool tried = json_is_true(json_object_get(answer, "dry_run"));
	if (invocation->format == FORMAT_TABLE) {
		json_array_foreach(json_object_get(answer, "retired"), index, one)
			tell_note(invocation, "%s %s", tried ? "Would retire" : "Retired",
				  json_string_value(one));
	}
	json_decref(answer);
	return STATUS_DONE;
}

static enum status run_untie(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[LIMIT_TARGET];
	json_t *answer = NULL;

	if (removal_path(invocation, "/computers/", path, sizeof path, &trouble) < 0)
		return tell_trouble(invocation, "untie the computer", &trouble);
	enum status status = change_make(invocation, "untie the computer", "DELETE", path,
					 NULL, &answer);
	if (status != STATUS_DONE)
		return status;
	bool tried = json_is_true(json_object_get(answer, "dry_run"));
	if (invocation->format == FORMAT_TABLE)
		tell_note(invocation, "%s %s no longer %s, but a device of its own.",
			  json_string_value(json_object_get(answer, "client")),
			  tried ? "would be" : "is",
			  json_string_value(json_object_get(answer, "was")));
	json_decref(answer);
	return STATUS_DONE;
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

	tell_warnings(invocation, answer);
	json_array_foreach(json_object_get(answer, "imported"), index, one)
	{
		const char *kb = json_string_value(json_object_get(one, "kb"));
		const char *arch = json_string_value(json_object_get(one, "arch"));
		bool is_known = json_is_true(json_object_get(one, "known"));
		tell_note(invocation, "%s: %s%s%s%s",
			  json_string_value(json_object_get(one, "title")),
			  kb == NULL ? "for what others need" : kb,
			  arch == NULL ? "" : " on ", arch == NULL ? "" : arch,
			  is_known ? ", which is here already" : "");
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
	{ "update", "show", "ID", 1, 1, 0,
	  "one update: what it stands for, needs, bundles, and its files",
	  "With -o json its document too.", &update_one_columns,
	  { "update show 0a1b2c3d-1111-4222-8333-444455556666",
	    "update show 0a1b2c3d-1111-4222-8333-444455556666 -o json" },
	  run_update },
	{ "update", "import", "FILE...", 1, ANY_NUMBER,
	  TAKES(OPTION_RELEASE) | TAKES(OPTION_ARCH) | TAKES(OPTION_PRODUCT) |
	  TAKES(OPTION_REASON) | TAKES(OPTION_DRY_RUN),
	  "take genuine update metadata; all or nothing",
	  "One update document for each file, with all that its prerequisites and bundles name\n"
	  "that is not here yet; what is here already may be among them.  It takes the place of\n"
	  "what the server made for that release.  Cabinets and gzip are to be unpacked first.",
	  NULL,
	  { "update import ./kb5060842 --dry-run",
	    "update import *.xml --release KB5060842 --arch x64 --product windows-11-24h2" },
	  run_import },
	{ "update", "retire", "ID", 1, 1, TAKES(OPTION_REASON) | TAKES(OPTION_DRY_RUN),
	  "take genuine update metadata away again, with what only it bundles",
	  "The server makes its own for that release again.  The same file may be imported once\n"
	  "more.", NULL,
	  { "update retire 0a1b2c3d-1111-4222-8333-444455556666 --reason 'wrong product'" },
	  run_retire },
	{ "computer", "list", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT),
	  "Windows Update Agents, and the devices they are", NULL, &computer_columns,
	  { "computer list --where 'tie = own'" }, run_computers },
	{ "computer", "show", "CLIENT-ID", 1, 1, 0, "one Windows Update Agent", NULL,
	  &computer_columns, { "computer show 6f9619ff-8b86-d011-b42d-00c04fc964ff" },
	  run_computer },
	{ "computer", "tie", "CLIENT-ID DEVICE", 2, 2,
	  TAKES(OPTION_REASON) | TAKES(OPTION_DRY_RUN),
	  "say by hand which device an agent is",
	  "CLIENT-ID is its SusClientId.  The device keeps its history; from its next scan on\n"
	  "the agent is that device.", NULL,
	  { "computer tie 6f9619ff-8b86-d011-b42d-00c04fc964ff pc-17 --reason 'moved from DDI'" },
	  run_tie },
	{ "computer", "untie", "CLIENT-ID", 1, 1, TAKES(OPTION_REASON) | TAKES(OPTION_DRY_RUN),
	  "make an agent a device of its own",
	  "Under its own id, from its next scan on.  The device that it was keeps its history.",
	  NULL,
	  { "computer untie 6f9619ff-8b86-d011-b42d-00c04fc964ff --reason 'reinstalled'" },
	  run_untie },
	{ 0 },
};
/* clang-format on */
