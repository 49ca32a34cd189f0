/* The device list: filtered by an expression over facts and what was decided, in pages
 * by id. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/expression.h"
#include "engine/plan.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
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

/* What an expression may name beside facts. */
struct names {
	const struct device_seen *seen;
	const struct plan *plan;
	char kb[KB_TEXT], build[BUILD_TEXT];
};

static const char *name_id(struct names *names)
{
	return names->seen->record->id;
}

static const char *name_ring(struct names *names)
{
	int ring = names->seen->ring;
	return ring >= 0 ? names->plan->rings[ring].name : NULL;
}

static const char *name_policy(struct names *names)
{
	int policy = names->seen->policy;
	return policy >= 0 ? names->plan->policies[policy].name : NULL;
}

static const char *name_product(struct names *names)
{
	const struct product *product = names->seen->decision->product;
	return product != NULL ? product->id : NULL;
}

static const char *name_level_kb(struct names *names)
{
	const struct level *level = &names->seen->decision->level;
	return level->state == LEVEL_KNOWN ? kb_format(level->kb, names->kb) : NULL;
}

static const char *name_level_build(struct names *names)
{
	struct build build = names->seen->decision->build;
	return build.base != 0 ? build_format(build, names->build) : NULL;
}

static const char *name_track(struct names *names)
{
	const struct decision *decision = names->seen->decision;
	if (decision->line == NULL)
		return NULL;
	return decision->track == TRACK_HOTPATCH ? "hotpatch" : "standard";
}

static const char *name_standing(struct names *names)
{
	return standing_names[names->seen->decision->standing];
}

static const char *name_action(struct names *names)
{
	return action_names[names->seen->decision->action];
}

static const char *name_flow_state(struct names *names)
{
	enum flow_state state = names->seen->record->history.flow.state;
	return state != FLOW_NONE ? flow_state_name(state) : NULL;
}

/* clang-format off */
static const struct {
	const char *name;
	const char *(*value)(struct names *names);
} derived[] = {
	{ "id",          name_id },
	{ "ring",        name_ring },
	{ "policy",      name_policy },
	{ "product",     name_product },
	{ "level.kb",    name_level_kb },
	{ "level.build", name_level_build },
	{ "track",       name_track },
	{ "standing",    name_standing },
	{ "action",      name_action },
	{ "flow.state",  name_flow_state },
};
/* clang-format on */

static const char *look_up(void *owner, const char *name)
{
	for (size_t i = 0; i < sizeof derived / sizeof derived[0]; i++) {
		if (strcmp(derived[i].name, name) == 0)
			return derived[i].value(owner);
	}
	return NULL;
}

static int each_device(void *owner, const struct device_seen *seen)
{
	struct list_job *it = owner;
	const struct plan *plan = it->job.view->snapshot->plan;
	struct names names = { .seen = seen, .plan = plan };

	if (it->where != NULL && expression_test_with(it->where, &seen->record->facts,
						      look_up, &names) != TRUTH_TRUE)
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
