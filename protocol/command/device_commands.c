/* patchyard device ... */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/instant.h"
#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/command/list.h"
#include "protocol/command/tables.h"
#include "protocol/command/text.h"

enum { PAGE_ROWS = 500 };

/* clang-format off */
static const struct column device_list[] = {
	{ "id",         "NAME",      "id",          CELL_TEXT,   0, false },
	{ "ring",       "RING",      "ring",        CELL_TEXT,   0, false },
	{ "product",    "PRODUCT",   "product",     CELL_TEXT,   6, false },
	{ "arch",       "ARCH",      "arch",        CELL_TEXT,   9, true  },
	{ "policy",     "POLICY",    "policy",      CELL_TEXT,   9, true  },
	{ "level_build", "BUILD",    "level.build", CELL_TEXT,   0, false },
	{ "level_kb",   "KB",        "level.kb",    CELL_TEXT,   5, false },
	{ "track",      "TRACK",     "track",       CELL_TEXT,   4, false },
	{ "standing",   "STANDING",  "standing",    CELL_TEXT,   0, false },
	{ "action",     "ACTION",    "action",      CELL_TEXT,   3, false },
	{ "kb",         "UPDATE",    "kb",          CELL_TEXT,   2, false },
	{ "build",      "TO BUILD",  "build",       CELL_TEXT,   9, true  },
	{ "kind",       "KIND",      "kind",        CELL_TEXT,   9, true  },
	{ "install_by", "BY",        "install_by",  CELL_TIME,   9, true  },
	{ "flow",       "FLOW",      "flow.state",  CELL_TEXT,   9, true  },
	{ "reasons",    "REASONS",   "reasons",     CELL_LIST,   1, false },
	{ "restarts",   "RESTARTS",  "restarts",    CELL_NUMBER, 9, true  },
	{ "last_seen",  "SEEN",      "last_seen",   CELL_AGE,    7, false },
	{ "facts_at",   "FACTS",     "facts_at",    CELL_AGE,    9, true  },
	{ "agent",      "AGENT",     "computer.client", CELL_TEXT, 9, true },
	{ "agent_name", "AGENT NAME", "computer.dns_name", CELL_TEXT, 9, true },
	{ "agent_tie",  "TIED BY",   "computer.tie", CELL_TEXT,  9, true  },
};
static const struct columns device_columns = {
	.list = device_list, .count = sizeof device_list / sizeof device_list[0],
	.member = "devices",
	.none = "No devices yet.  New ones come in with the token of \"patchyard enrolment show\",\n"
		"or with one of their own from \"patchyard device add NAME\".",
};
static const struct column fact_list[] = {
	{ "name",     "FACT",     "name",     CELL_TEXT, 0, false },
	{ "value",    "VALUE",    "value",    CELL_TEXT, 0, false },
	{ "source",   "SOURCE",   "source",   CELL_TEXT, 1, false },
	{ "observed", "OBSERVED", "observed", CELL_AGE,  2, false },
	{ "since",    "SINCE",    "since",    CELL_AGE,  3, false },
};
static const struct columns fact_columns = {
	.list = fact_list, .count = sizeof fact_list / sizeof fact_list[0], .member = "facts",
	.none = "It has reported no facts yet.",
};
static const struct column event_list[] = {
	{ "at",   "AT",   "at",   CELL_TIME, 0, false },
	{ "kind", "EVENT", "kind", CELL_TEXT, 0, false },
	{ "kb",   "KB",   "kb",   CELL_TEXT, 0, false },
	{ "from", "FROM", "from", CELL_TEXT, 3, false },
	{ "to",   "TO",   "to",   CELL_TEXT, 2, false },
	{ "code", "CODE", "code", CELL_TEXT, 4, false },
	{ "note", "NOTE", "note", CELL_TEXT, 1, false },
};
static const struct columns event_columns = {
	.list = event_list, .count = sizeof event_list / sizeof event_list[0],
	.member = "events", .none = NULL,
};
/* clang-format on */

/* One page after another, so that no answer grows with the fleet. */
static int list_pages(struct sheet *sheet, const struct invocation *invocation,
		      struct server *server, json_t **last, struct trouble *trouble)
{
	const char *where = invocation->options[OPTION_WHERE];
	char after[LIMIT_DEVICE_ID + 1] = "", path[LIMIT_TARGET], number[24];

	if (invocation_has(invocation, OPTION_AFTER))
		snprintf(after, sizeof after, "%s", invocation->options[OPTION_AFTER]);
	for (;;) {
		int64_t left = sheet_left(sheet);
		snprintf(number, sizeof number, "%d",
			 left < PAGE_ROWS ? (int)left : PAGE_ROWS);
		snprintf(path, sizeof path, "/devices");
		if (path_query(path, sizeof path, "limit", number) < 0 ||
		    (after[0] != '\0' &&
		     path_query(path, sizeof path, "after", after) < 0) ||
		    (where != NULL && path_query(path, sizeof path, "where", where) < 0))
			return trouble_set(trouble, STATUS_FAILED,
					   "--where is too long to be asked");
		json_decref(*last);
		*last = NULL;
		if (server_ask(server, "GET", path, NULL, last, trouble) < 0)
			return -1;
		if (sheet_rows(sheet, json_object_get(*last, "devices")) < 0)
			return trouble_set(trouble, STATUS_FAILED,
					   "no memory for the rows");
		const char *next = json_string_value(json_object_get(*last, "next"));
		if (next == NULL || sheet_left(sheet) <= 0)
			return 0;
		if (strcmp(next, after) == 0)
			return trouble_set(trouble, STATUS_FAILED,
					   "the server gives the same page again");
		snprintf(after, sizeof after, "%s", next);
	}
}

static enum status run_list(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	struct problem p;
	json_t *last = NULL;
	struct sheet *sheet = sheet_new(invocation, &device_columns, false, &p);

	if (sheet == NULL)
		return tell_usage(invocation, "%s", p.text);
	struct server *server = server_open(invocation, &trouble);
	int result = server == NULL ? -1 : sheet_ask_now(sheet, server, &trouble);
	if (result == 0)
		result = list_pages(sheet, invocation, server, &last, &trouble);
	if (result == 0) {
		sheet_end(sheet, last);
		const char *next = json_string_value(json_object_get(last, "next"));
		if (next != NULL && invocation->format == FORMAT_TABLE)
			tell_note(invocation, "%zu shown.  More: add --after %s",
				  sheet_count(sheet), next);
	}
	json_decref(last);
	server_close(server);
	sheet_free(sheet);
	return result == 0 ? STATUS_DONE
			   : tell_trouble(invocation, "list the devices", &trouble);
}

static int print_part(const struct invocation *invocation, const struct columns *columns,
		      const json_t *device, int64_t now_s)
{
	json_t *rows = json_object_get(device, columns->member);
	struct problem p;
	struct invocation plain = *invocation;

	plain.options[OPTION_COLUMNS] = NULL; /* they speak of the device */
	if (json_array_size(rows) == 0)
		return 0;
	struct sheet *sheet = sheet_new(&plain, columns, true, &p);
	if (sheet == NULL)
		return -1;
	fputc('\n', stdout);
	sheet_set_now(sheet, now_s);
	int result = sheet_rows(sheet, rows);
	if (result == 0)
		sheet_end(sheet, NULL);
	sheet_free(sheet);
	return result;
}

static int show_device(const struct invocation *invocation, struct sheet *sheet,
		       json_t *device)
{
	if (sheet_card(sheet, device) < 0)
		return -1;
	if (invocation->format != FORMAT_TABLE)
		return 0;
	int64_t now_s = sheet_get_now(sheet);
	int result = print_part(invocation, &fact_columns, device, now_s);
	return result < 0 ? -1 : print_part(invocation, &event_columns, device, now_s);
}

/* "/devices/NAME" and more; the trouble of a name that cannot be one. */
static int device_path(const struct invocation *invocation, const char *more, char *path,
		       size_t size, struct trouble *trouble)
{
	if (path_join(path, size, "/devices/", invocation->arguments[0], more) == 0 &&
	    strlen(invocation->arguments[0]) <= LIMIT_DEVICE_ID)
		return 0;
	return trouble_set(trouble, STATUS_NOT_FOUND, "no device can be called \"%.80s\"",
			   invocation->arguments[0]);
}

static enum status run_show(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	struct problem p;
	char path[LIMIT_TARGET];
	json_t *device = NULL;
	struct sheet *sheet = sheet_new(invocation, &device_columns, true, &p);

	if (sheet == NULL)
		return tell_usage(invocation, "%s", p.text);
	struct server *server = server_open(invocation, &trouble);
	int result = server == NULL ? -1 : sheet_ask_now(sheet, server, &trouble);
	if (result == 0)
		result = device_path(invocation, "", path, sizeof path, &trouble);
	if (result == 0)
		result = server_ask(server, "GET", path, NULL, &device, &trouble);
	if (result == 0 && show_device(invocation, sheet, device) < 0)
		result = trouble_set(&trouble, STATUS_FAILED, "no memory to show it");
	json_decref(device);
	server_close(server);
	sheet_free(sheet);
	return result == 0 ? STATUS_DONE
			   : tell_trouble(invocation, "show the device", &trouble);
}

/* STATUS_DONE, or told what is no question. */
static enum status check_question(const struct invocation *invocation, uint32_t *kb)
{
	const char *update = invocation->options[OPTION_UPDATE];
	const char *at = invocation->options[OPTION_AT];
	int64_t at_s;

	*kb = 0;
	if (update != NULL && !kb_parse(update, kb))
		return tell_usage(invocation,
				  "--update takes a KB such as KB5058497, not "
				  "\"%.60s\"",
				  update);
	if (at != NULL && !instant_parse(at, &at_s))
		return tell_usage(invocation,
				  "--at takes a time such as 2025-05-21T09:42:00Z, not "
				  "\"%.60s\"",
				  at);
	for (size_t i = 0; i < invocation->assumption_count; i++) {
		const char *text = invocation->assumptions[i];
		if (text[0] == '=' || strchr(text, '=') == NULL)
			return tell_usage(invocation,
					  "--assume takes a fact as NAME=VALUE, or "
					  "NAME= for one that is not reported, not "
					  "\"%.60s\"",
					  text);
	}
	return STATUS_DONE;
}

static int explain_path(const struct invocation *invocation, uint32_t kb, char *path,
			size_t size, struct trouble *trouble)
{
	const char *at = invocation->options[OPTION_AT];
	char name[KB_TEXT];

	if (device_path(invocation, "/explain", path, size, trouble) < 0)
		return -1;
	int result = kb == 0 ? 0 : path_query(path, size, "update", kb_format(kb, name));
	if (result == 0 && at != NULL)
		result = path_query(path, size, "at", at);
	for (size_t i = 0; result == 0 && i < invocation->assumption_count; i++)
		result = path_query(path, size, "assume", invocation->assumptions[i]);
	if (result < 0)
		trouble_set(trouble, STATUS_FAILED, "--assume is too long to be asked");
	return result;
}

static enum status run_explain(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[LIMIT_TARGET];
	uint32_t kb;
	json_t *answer;

	enum status status = check_question(invocation, &kb);
	if (status != STATUS_DONE)
		return status;
	if (explain_path(invocation, kb, path, sizeof path, &trouble) < 0)
		return tell_trouble(invocation, "explain", &trouble);
	status = change_make(invocation, "explain", "GET", path, NULL, &answer);
	if (status != STATUS_DONE)
		return status;
	const char *text = json_string_value(json_object_get(answer, "text"));
	if (text != NULL && invocation->format != FORMAT_JSON &&
	    invocation->format != FORMAT_JSONL) {
		text_print(stdout, text);
		if (text[0] != '\0' && text[strlen(text) - 1] != '\n')
			fputc('\n', stdout);
	}
	json_decref(answer);
	return STATUS_DONE;
}

static enum status run_add(const struct invocation *invocation)
{
	const char *id = invocation->arguments[0];
	json_t *answer, *body = json_pack("{s:s}", "id", id);

	if (body == NULL)
		return tell_usage(invocation, "a name is text in UTF-8");
	enum status status = change_make(invocation, "add the device", "POST", "/devices",
					 body, &answer);
	if (status != STATUS_DONE)
		return status;
	const char *token = json_string_value(json_object_get(answer, "token"));
	if (invocation->format == FORMAT_TABLE || invocation->format == FORMAT_CSV) {
		tell_note(invocation, "%s is added.  Its token, shown this once:", id);
		printf("%s\n", token == NULL ? "" : token);
		tell_note(invocation, "A client sends it as \"Authorization: TargetToken "
				      "TOKEN\".  Undo: patchyard device forget NAME");
	}
	json_decref(answer);
	return STATUS_DONE;
}

static enum status run_forget(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[LIMIT_TARGET];

	if (device_path(invocation, "", path, sizeof path, &trouble) < 0)
		return tell_trouble(invocation, "forget the device", &trouble);
	enum status status =
		change_make(invocation, "forget the device", "DELETE", path, NULL, NULL);
	if (status == STATUS_DONE && invocation->format == FORMAT_TABLE)
		tell_note(invocation, "%s is forgotten.  It may enrol again, as new.",
			  invocation->arguments[0]);
	return status;
}

/* FACT=VALUE...: an empty value takes the assertion back. */
static json_t *read_facts(const struct invocation *invocation)
{
	json_t *facts = json_object();

	for (int i = 1; i < invocation->argument_count; i++) {
		const char *word = invocation->arguments[i];
		size_t size = strcspn(word, "=");
		char name[LIMIT_FACT_NAME + 1];
		if (word[size] == '\0' || size == 0 || size > LIMIT_FACT_NAME) {
			tell_usage(invocation,
				   "a fact is given as NAME=VALUE, not \"%.100s\"", word);
			json_decref(facts);
			return NULL;
		}
		memcpy(name, word, size);
		name[size] = '\0';
		const char *value = word + size + 1;
		if (json_object_set_new(facts, name,
					value[0] == '\0' ? json_null()
							 : json_string(value)) < 0) {
			tell_usage(invocation, "a fact is text in UTF-8: \"%.100s\"",
				   word);
			json_decref(facts);
			return NULL;
		}
	}
	return facts;
}

static enum status run_assert(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[LIMIT_TARGET];

	if (device_path(invocation, "/facts", path, sizeof path, &trouble) < 0)
		return tell_trouble(invocation, "assert facts", &trouble);
	json_t *facts = read_facts(invocation);
	if (facts == NULL)
		return STATUS_USAGE;
	const char *reason = invocation->options[OPTION_REASON];
	json_t *body = json_pack("{s:o}", "facts", facts);
	if (body == NULL ||
	    (reason != NULL &&
	     json_object_set_new(body, "reason", json_string(reason)) < 0)) {
		json_decref(body);
		return tell_usage(invocation, "--reason is text in UTF-8");
	}
	enum status status =
		change_make(invocation, "assert facts", "PUT", path, body, NULL);
	if (status == STATUS_DONE && invocation->format == FORMAT_TABLE)
		tell_note(invocation,
			  "Kept as asserted by you.  Undo: the same with NAME= "
			  "and no value.");
	return status;
}

/* clang-format off */
const struct command device_commands[] = {
	{ "device", "list", "", 0, 0, TAKES(OPTION_WHERE) | TAKES(OPTION_LIMIT) | TAKES(OPTION_AFTER),
	  "every device, what it stands on and what it is offered",
	  "--where speaks of facts and of id, ring, policy, product, level.kb, level.build, track,\n"
	  "standing, action and flow.state.",
	  &device_columns,
	  { "device list --where 'standing = not-ready' --limit 20",
	    "device list --where 'ring = broad and not vbs = running' -o csv",
	    "device list --columns id,level_build,kb,reasons" }, run_list },
	{ "device", "show", "NAME", 1, 1, 0,
	  "one device: its facts, its decision, what happened lately", NULL, &device_columns,
	  { "device show BEN-LAB7-0412", "device show BEN-LAB7-0412 -o json" }, run_show },
	{ "device", "explain", "NAME", 1, 1,
	  TAKES(OPTION_UPDATE) | TAKES(OPTION_AT) | TAKES(OPTION_ASSUME),
	  "why it is offered what it is offered, rule by rule",
	  "--at answers for the past from what was logged: its facts and history, catalog, plan and\n"
	  "rollouts as they were then.  For a time to come it decides what is known now at that time.\n"
	  "--assume asks what other facts would change; nothing is kept.", NULL,
	  { "device explain BEN-LAB7-0412 --update KB5058497",
	    "device explain BEN-LAB7-0412 --at 2025-05-21T09:42:00Z",
	    "device explain BEN-LAB7-0412 --assume vbs=running --assume chpe=" },
	  run_explain },
	{ "device", "add", "NAME", 1, 1, 0,
	  "make a device known and print its token",
	  "For clients that cannot enrol.  Only the token goes to standard output.", NULL,
	  { "device add kiosk-03", "device add kiosk-03 -q > kiosk-03.token" }, run_add },
	{ "device", "forget", "NAME", 1, 1, 0,
	  "remove a device and its token", NULL, NULL,
	  { "device forget kiosk-03" }, run_forget },
	{ "device", "assert", "NAME FACT=VALUE...", 2, ANY_NUMBER, TAKES(OPTION_REASON),
	  "set facts that the device cannot report itself",
	  "FACT= without a value takes an assertion back.", NULL,
	  { "device assert kiosk-03 vbs=running chpe=off --reason 'seen on site'",
	    "device assert kiosk-03 vbs=" }, run_assert },
	{ 0 },
};
/* clang-format on */
