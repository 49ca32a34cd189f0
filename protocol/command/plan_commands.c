/* patchyard plan ... */

#include <stdio.h>
#include <stdlib.h>

#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/command/check_commands.h"
#include "protocol/command/list.h"
#include "protocol/command/tables.h"

static enum status show_applied(const struct invocation *invocation, const json_t *answer)
{
	long long revision = json_integer_value(json_object_get(answer, "revision"));

	if (json_shown(invocation, answer))
		return STATUS_DONE;
	tell_warnings(invocation, answer);
	if (invocation_has(invocation, OPTION_DRY_RUN))
		tell_note(invocation,
			  "The plan is good.  Nothing is changed: --dry-run.");
	else
		tell_note(invocation,
			  "The plan is applied, as revision %lld.  Undo: apply the file "
			  "of before.",
			  revision);
	return STATUS_DONE;
}

static int apply(const struct invocation *invocation, const char *path, json_t **answer,
		 struct trouble *trouble)
{
	struct call call = { .method = "PUT",
			     .path = path,
			     .body_type = "application/xml" };
	struct problem p;
	char *reply = NULL;
	char *text =
		file_read(invocation->arguments[0], LIMIT_XML_DOCUMENT, &call.size, &p);

	if (text == NULL)
		return trouble_set(trouble,
				   p.kind == PROBLEM_NOT_FOUND ? STATUS_NOT_FOUND
							       : STATUS_FAILED,
				   "%s", p.text);
	call.body = text;
	struct server *server = server_open(invocation, trouble);
	int result = server == NULL ? -1 : server_call(server, &call, &reply, trouble);
	server_close(server);
	free(text);
	if (result < 0)
		return -1;
	*answer = json_loads(reply, 0, NULL);
	free(reply);
	return 0;
}

static enum status run_apply(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	char path[1024] = "/plan";
	json_t *answer = NULL;
	const char *name = file_name(invocation->arguments[0]);

	if (path_query(path, sizeof path, "name", name) < 0)
		return tell_usage(invocation, "the name of the file is too long");
	if (invocation_has(invocation, OPTION_DRY_RUN))
		(void)path_query(path, sizeof path, "dry-run", "1");
	if (apply(invocation, path, &answer, &trouble) < 0)
		return status_of_change(
			invocation, tell_trouble(invocation, "apply the plan", &trouble));
	enum status status = show_applied(invocation, answer);
	json_decref(answer);
	return status;
}

static enum status run_show(const struct invocation *invocation)
{
	struct trouble trouble = { 0 };
	struct call call = { .method = "GET", .path = "/plan" };
	char *text = NULL;
	struct server *server = server_open(invocation, &trouble);
	int result = server == NULL ? -1 : server_call(server, &call, &text, &trouble);

	server_close(server);
	if (result < 0)
		return tell_trouble(invocation, "show the plan", &trouble);
	fputs(text, stdout);
	free(text);
	return STATUS_DONE;
}

/* clang-format off */
const struct command plan_commands[] = {
	{ "plan", "check", "FILE", 1, 1, TAKES(OPTION_CATALOG),
	  "check a plan, with no server",
	  "With --catalog, what the plan says of releases is checked too.  Exit status 2 when there\n"
	  "are errors; each is a line FILE:LINE: error: what, why (nearest right answer).",
	  NULL, { "plan check plan.xml", "plan check plan.xml --catalog conf/catalog" },
	  run_plan_check },
	{ "plan", "apply", "FILE", 1, 1, TAKES(OPTION_DRY_RUN),
	  "make it the server's plan, as a new revision",
	  "One error and nothing is changed.", NULL,
	  { "plan apply plan.xml --dry-run", "plan apply plan.xml" }, run_apply },
	{ "plan", "show", "", 0, 0, 0, "the plan as it was applied, in XML", NULL, NULL,
	  { "plan show > plan.xml" }, run_show },
	{ 0 },
};
/* clang-format on */
