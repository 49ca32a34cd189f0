/* The device list: filtered by an expression over facts and what was decided, in pages
 * by id. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/expression.h"
#include "engine/plan.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/device_match.h"
#include "protocol/admin/job.h"
#include "protocol/admin/routes.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

struct list_job {
	struct job job;
	struct expression *where; /* NULL: all */
	char after[LIMIT_DEVICE_ID + 1];
	int64_t limit;
	json_t *rows;
	char last[LIMIT_DEVICE_ID + 1]; /* of the rows */
	bool has_more;
};

static int each_device(void *owner, const struct device_seen *seen)
{
	struct list_job *it = owner;
	const struct plan *plan = it->job.view->snapshot->plan;

	if (it->where != NULL && !device_matches(it->where, seen, plan))
		return 0;
	if ((int64_t)json_array_size(it->rows) == it->limit) {
		it->has_more = true;
		return 1;
	}
	memcpy(it->last, seen->record->id, sizeof it->last);
	json_array_append_new(it->rows,
			      device_json_row(seen->record, seen->decision, plan));
	return 0;
}

static int list_devices(struct job *job, struct problem *p)
{
	struct list_job *it = (struct list_job *)job;

	it->rows = json_array();
	int rc = job_walk_devices(job, it->after, each_device, it, p);
	job->body = json_pack("{s:o}", "devices", it->rows);
	if (it->has_more)
		member_set(job->body, "next", text_json(it->last));
	return rc;
}

static void reply_list(struct job *job, const struct problem *problem)
{
	expression_free(((struct list_job *)job)->where);
	job_reply_body(job, problem);
}

void api_devices(struct call *call)
{
	struct list_job *it = exchange_allocate(call->exchange, sizeof *it);
	char text[LIMIT_EXPRESSION + 1];
	struct problem p;

	if (it == NULL) {
		problem_set(&p, PROBLEM_NO_MEMORY, "listing devices: out of memory");
		call_problem(call, &p);
		return;
	}
	it->limit = PAGE_DEFAULT;
	int has_where = call_query(call, "where", text, sizeof text);
	if (has_where < 0 || call_query(call, "after", it->after, sizeof it->after) < 0 ||
	    call_query_number(call, "limit", 1, PAGE_MAX, &it->limit) < 0)
		return;
	if (has_where == 1) {
		it->where = expression_compile(text, &p);
		if (it->where == NULL) {
			problem_while(&p, "where");
			call_problem(call, &p);
			return;
		}
	}
	it->job.call = call;
	it->job.work = list_devices;
	it->job.reply = reply_list;
	job_start(&it->job);
}
