#include "protocol/command/list.h"

#include "engine/instant.h"
#include "engine/problem.h"

bool json_shown(const struct invocation *invocation, const json_t *object)
{
	if (invocation->format != FORMAT_JSON && invocation->format != FORMAT_JSONL)
		return false;
	size_t flags = invocation->format == FORMAT_JSON ? JSON_INDENT(2) : JSON_COMPACT;
	(void)json_dumpf(object, stdout, flags | JSON_REAL_PRECISION(15));
	fputc('\n', stdout);
	return true;
}

int sheet_ask_now(struct sheet *sheet, struct server *server, struct trouble *trouble)
{
	json_t *answer;
	int64_t now_s;

	if (!sheet_wants_now(sheet))
		return 0;
	if (server_ask(server, "GET", "/clock", NULL, &answer, trouble) < 0)
		return -1;
	const char *now = json_string_value(json_object_get(answer, "now"));
	if (now != NULL && instant_parse(now, &now_s))
		sheet_set_now(sheet, now_s);
	json_decref(answer);
	return 0;
}

enum status list_show(const struct invocation *invocation, const char *doing,
		      const char *path,
		      void (*after)(const struct invocation *invocation,
				    const json_t *answer))
{
	const struct columns *columns = invocation->command->columns;
	struct trouble trouble = { 0 };
	struct problem p;
	json_t *answer = NULL;
	struct sheet *sheet = sheet_new(invocation, columns, true, &p);

	if (sheet == NULL)
		return tell_usage(invocation, "%s", p.text);
	struct server *server = server_open(invocation, &trouble);
	int result = server == NULL ? -1 : sheet_ask_now(sheet, server, &trouble);
	if (result == 0)
		result = server_ask(server, "GET", path, NULL, &answer, &trouble);
	if (result == 0 &&
	    sheet_rows(sheet, json_object_get(answer, columns->member)) < 0)
		result = trouble_set(&trouble, STATUS_FAILED, "no memory for the rows");
	if (result == 0) {
		sheet_end(sheet, answer);
		if (after != NULL && invocation->format == FORMAT_TABLE)
			after(invocation, answer);
	}
	json_decref(answer);
	server_close(server);
	sheet_free(sheet);
	return result == 0 ? STATUS_DONE : tell_trouble(invocation, doing, &trouble);
}

enum status change_make(const struct invocation *invocation, const char *doing,
			const char *method, const char *path, json_t *body,
			json_t **answer)
{
	struct trouble trouble = { 0 };
	json_t *reply = NULL;
	struct server *server = server_open(invocation, &trouble);
	int result = -1;

	if (server != NULL)
		result = server_ask(server, method, path, body, &reply, &trouble);
	else
		json_decref(body);
	server_close(server);
	if (result < 0)
		return tell_trouble(invocation, doing, &trouble);
	(void)json_shown(invocation, reply);
	if (answer != NULL)
		*answer = reply;
	else
		json_decref(reply);
	return STATUS_DONE;
}

enum status status_of_change(const struct invocation *invocation, enum status status)
{
	if (status == STATUS_NO && !invocation_has(invocation, OPTION_DRY_RUN))
		return STATUS_FAILED;
	return status;
}
