/* One call of the admin API while it is answered, and the ways to answer it.
 *
 * A call lives as long as its exchange, so until exactly one call_reply*() or
 * call_problem*(), on the loop's thread. */

#ifndef PROTOCOL_ADMIN_CALL_H
#define PROTOCOL_ADMIN_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/backend.h"
#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/http/exchange.h"

struct admin;
struct desk;
struct findings;

struct call {
	struct exchange *exchange;
	const struct http_request *request;
	struct admin *admin;
	struct desk *desk;
	char by[LIMIT_NAME + 1];      /* the peer's user name, or its number */
	char id[LIMIT_DEVICE_ID + 1]; /* {id} of the path, decoded; "" without */
};

/* Takes over the reference to `body`; NULL is answered as being out of memory. */
void call_reply(struct call *call, int status, json_t *body);
/* A body that is text already; copied. */
void call_reply_text(struct call *call, int status, const char *type, const char *text,
		     size_t size);
void call_problem(struct call *call, const struct problem *problem);
/* The same with every finding behind it; none when there are none. */
void call_problem_findings(struct call *call, const struct problem *problem,
			   const struct findings *findings);
/* One that is no enum problem_kind.  `allow` goes with 405: the Allow header. */
void call_refuse_caller(struct call *call);
void call_refuse_method(struct call *call, const char *allow);

/* The request's body as a JSON object, to be given back by json_decref().  NULL when it
 * is none; the call is then answered. */
json_t *call_object(struct call *call);

/* A query parameter.  1 there, 0 not, -1 when malformed: the call is then answered. */
int call_query(struct call *call, const char *name, char *out, size_t room);
/* The same for a number from `least` to `most`; *value keeps its default when absent. */
int call_query_number(struct call *call, const char *name, int64_t least, int64_t most,
		      int64_t *value);
/* And for 1, true or yes. */
int call_query_flag(struct call *call, const char *name, bool *flag);

/* Who did what to what; the site sets the time. */
struct audit_entry call_audit(const struct call *call, const char *action,
			      const char *subject, const char *reason);

json_t *findings_json(const struct findings *findings);

#endif
