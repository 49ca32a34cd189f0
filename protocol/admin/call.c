#include "protocol/admin/call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/findings.h"
#include "protocol/admin/decision_json.h"

static const char plain_type[] = "application/json";
static const char problem_type[] = "application/problem+json";

/* Six digits are enough for a percentage, and 47.3 then reads as such. */
enum { DUMP_FLAGS = JSON_COMPACT | JSON_REAL_PRECISION(6) };

static const char *title_of(enum problem_kind kind)
{
	static const char *const titles[PROBLEM_KINDS] = {
		[PROBLEM_NONE] = "Nothing is wrong",
		[PROBLEM_BAD_INPUT] = "The request is malformed",
		[PROBLEM_NOT_FOUND] = "There is no such thing",
		[PROBLEM_CONFLICT] = "It does not fit what is there",
		[PROBLEM_TOO_LARGE] = "It is past a limit",
		[PROBLEM_BUSY] = "The server is busy",
		[PROBLEM_EXTERNAL] = "The server failed",
		[PROBLEM_NO_MEMORY] = "The server is out of memory",
	};
	return titles[kind];
}

static void reply_json(struct call *call, int status, const char *type, json_t *body,
		       const struct http_header *extra)
{
	static const char sorry[] = "{\"type\":\"no-memory\",\"title\":\"The server is "
				    "out of memory\",\"status\":503}\n";
	char *text = body != NULL ? json_dumps(body, DUMP_FLAGS) : NULL;

	json_decref(body);
	if (text == NULL)
		exchange_reply(call->exchange, 503, problem_type, sorry, sizeof sorry - 1,
			       NULL);
	else
		exchange_reply(call->exchange, status, type, text, strlen(text), extra);
	free(text);
}

void call_reply(struct call *call, int status, json_t *body)
{
	reply_json(call, status, plain_type, body, NULL);
}

void call_reply_text(struct call *call, int status, const char *type, const char *text,
		     size_t size)
{
	exchange_reply(call->exchange, status, type, text, size, NULL);
}

void call_problem_findings(struct call *call, const struct problem *problem,
			   const struct findings *findings)
{
	static const struct http_header retry[] = { { "Retry-After", "5" },
						    { NULL, NULL } };
	const struct problem_face *face = problem_face(problem->kind);
	json_t *body = json_pack("{s:s, s:s, s:i, s:s}", "type", face->slug, "title",
				 title_of(problem->kind), "status", face->http_status,
				 "detail", problem->text);

	if (body != NULL && findings != NULL && findings->count > 0)
		member_set(body, "findings", findings_json(findings));
	reply_json(call, face->http_status, problem_type, body,
		   face->http_status == 503 ? retry : NULL);
}

void call_problem(struct call *call, const struct problem *problem)
{
	call_problem_findings(call, problem, NULL);
}

void call_refuse_caller(struct call *call)
{
	reply_json(call, 403, problem_type,
		   json_pack("{s:s, s:s, s:i, s:s}", "type", "forbidden", "title",
			     "You may not call this", "status", 403, "detail",
			     "the admin API is for the server's user, root, and members "
			     "of the socket's group"),
		   NULL);
}

void call_refuse_method(struct call *call, const char *allow)
{
	const struct http_header extra[] = { { "Allow", allow }, { NULL, NULL } };

	reply_json(call, 405, problem_type,
		   json_pack("{s:s, s:s, s:i, s:s}", "type", "method-not-allowed",
			     "title", "This path knows other methods", "status", 405,
			     "detail", allow),
		   extra);
}

static void refuse_parameter(struct call *call, const char *name, const char *why)
{
	struct problem p;

	problem_set(&p, PROBLEM_BAD_INPUT, "the parameter '%s' %s", name, why);
	call_problem(call, &p);
}

json_t *call_object(struct call *call)
{
	json_error_t error;
	struct problem p;
	json_t *body = json_loadb(call->request->body, call->request->body_size,
				  JSON_REJECT_DUPLICATES, &error);

	if (body != NULL && json_is_object(body))
		return body;
	if (body != NULL)
		problem_set(&p, PROBLEM_BAD_INPUT, "the body is no JSON object");
	else if (json_error_code(&error) == json_error_out_of_memory)
		problem_set(&p, PROBLEM_NO_MEMORY, "reading the body: out of memory");
	else
		problem_set(&p, PROBLEM_BAD_INPUT, "the body is no JSON: line %d: %s",
			    error.line, error.text);
	json_decref(body);
	call_problem(call, &p);
	return NULL;
}

/* Is the parameter written at all?  http_query() takes malformed for absent. */
static bool has_query(const struct http_request *request, const char *name)
{
	size_t size = strlen(name);

	for (const char *pair = request->query; *pair != '\0';) {
		size_t length = strcspn(pair, "&");
		if (length >= size && strncmp(pair, name, size) == 0 &&
		    (length == size || pair[size] == '='))
			return true;
		pair += length;
		pair += *pair == '&';
	}
	return false;
}

int call_query(struct call *call, const char *name, char *out, size_t room)
{
	if (http_query(call->request, name, out, room))
		return 1;
	if (!has_query(call->request, name))
		return 0;
	refuse_parameter(call, name, "is malformed, empty or too long");
	return -1;
}

int call_query_number(struct call *call, const char *name, int64_t least, int64_t most,
		      int64_t *value)
{
	char text[24], *end;
	int rc = call_query(call, name, text, sizeof text);

	if (rc <= 0)
		return rc;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || end == text || number < least ||
	    number > most) {
		char why[80];
		snprintf(why, sizeof why, "wants a whole number from %lld to %lld",
			 (long long)least, (long long)most);
		refuse_parameter(call, name, why);
		return -1;
	}
	*value = number;
	return 1;
}

int call_query_flag(struct call *call, const char *name, bool *flag)
{
	char text[8];
	int rc = call_query(call, name, text, sizeof text);

	if (rc <= 0)
		return rc;
	bool yes = strcmp(text, "1") == 0 || strcmp(text, "true") == 0 ||
		   strcmp(text, "yes") == 0;
	if (!yes && strcmp(text, "0") != 0 && strcmp(text, "false") != 0 &&
	    strcmp(text, "no") != 0) {
		refuse_parameter(call, name, "wants 1 or 0");
		return -1;
	}
	*flag = yes;
	return 1;
}

struct audit_entry call_audit(const struct call *call, const char *action,
			      const char *subject, const char *reason)
{
	struct audit_entry entry = { 0 };

	snprintf(entry.by, sizeof entry.by, "%s", call->by);
	snprintf(entry.action, sizeof entry.action, "%s", action);
	snprintf(entry.subject, sizeof entry.subject, "%s", subject);
	snprintf(entry.reason, sizeof entry.reason, "%s", reason);
	return entry;
}

json_t *findings_json(const struct findings *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		json_t *one = json_pack(
			"{s:s, s:i, s:s, s:s}", "file",
			finding->origin.file != NULL ? finding->origin.file : "", "line",
			(int)finding->origin.line, "severity",
			finding->severity == SEVERITY_ERROR ? "error" : "warning", "text",
			finding->text);
		if (one != NULL && finding->hint[0] != '\0')
			member_set(one, "hint", json_string(finding->hint));
		json_array_append_new(list, one);
	}
	return list;
}
