/* The site as a whole: status, rings, clock, enrolment, audit. */

#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "protocol/admin/admin.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/job.h"
#include "protocol/admin/routes.h"
#include "protocol/server/edit.h"
#include "protocol/server/site.h"

/* The devices of one ring: devices = up_to_date + running + waiting + not_ready, where
 * running are those with something to do or under way, of which `offered` have not
 * begun. */
struct ring_count {
	int64_t devices, by_standing[STANDINGS];
};

struct status_job {
	struct job job;
	bool rings_only;
	int64_t devices, by_standing[STANDINGS];
	struct ring_count rings[LIMIT_RINGS];
	int64_t revision; /* of the plan */
};

static int each_device(void *owner, const struct device_seen *seen)
{
	struct status_job *it = owner;
	enum standing standing = seen->decision->standing;

	it->devices++;
	it->by_standing[standing]++;
	if (seen->ring >= 0) {
		it->rings[seen->ring].devices++;
		it->rings[seen->ring].by_standing[standing]++;
	}
	return 0;
}

static void set_counts(json_t *object, const struct ring_count *count)
{
	const int64_t *by = count->by_standing;

	member_set(object, "devices", json_integer(count->devices));
	member_set(object, "up_to_date", json_integer(by[STANDING_UP_TO_DATE]));
	member_set(object, "running",
		   json_integer(by[STANDING_RUNNING] + by[STANDING_OFFERED]));
	member_set(object, "offered", json_integer(by[STANDING_OFFERED]));
	member_set(object, "waiting", json_integer(by[STANDING_WAITING]));
	member_set(object, "not_ready", json_integer(by[STANDING_NOT_READY]));
}

static json_t *days_json(int64_t seconds)
{
	return seconds % DAY_S == 0 ? json_integer(seconds / DAY_S)
				    : json_real((double)seconds / DAY_S);
}

static json_t *ring_json(const struct plan *plan, size_t i,
			 const struct ring_count *count, bool in_full)
{
	const struct ring *ring = &plan->rings[i];
	json_t *object = json_object();

	member_set(object, "name", json_string(ring->name));
	if (in_full) {
		member_set(object, "defer_days", days_json(ring->defer_s));
		if (ring->after >= 0)
			member_set(object, "after",
				   json_string(plan->rings[ring->after].name));
		if (ring->deadline_set) {
			member_set(object, "deadline_days", days_json(ring->deadline_s));
			member_set(object, "grace_days", days_json(ring->grace_s));
		}
		member_set(object, "match", json_string(ring->match_text));
	}
	set_counts(object, count);
	return object;
}

static int each_plan(void *owner, const struct document *document)
{
	*(int64_t *)owner = document->revision;
	return 0;
}

static json_t *status_json(const struct status_job *it)
{
	const struct admin *admin = it->job.call->admin;
	const struct snapshot *snapshot = it->job.view->snapshot;
	json_t *standing = json_object();
	json_t *object = json_object();

	for (int i = 0; i < STANDINGS; i++)
		member_set(standing, standing_names[i], json_integer(it->by_standing[i]));
	member_set(object, "version", json_string(admin->version));
	member_set(object, "now", instant_json(it->job.now_s));
	member_set(object, "clock",
		   json_string(site_clock_is_virtual(it->job.site) ? "virtual" : "real"));
	member_set(object, "address", json_string(admin->address));
	member_set(object, "devices", json_integer(it->devices));
	member_set(object, "catalog",
		   json_pack("{s:I, s:I}", "releases",
			     (json_int_t)snapshot->catalog->title_count, "products",
			     (json_int_t)snapshot->catalog->product_count));
	member_set(object, "plan",
		   json_pack("{s:I, s:I, s:I}", "rings",
			     (json_int_t)snapshot->plan->ring_count, "policies",
			     (json_int_t)snapshot->plan->policy_count, "revision",
			     (json_int_t)it->revision));
	member_set(object, "payloads",
		   json_integer((json_int_t)it->job.view->payload_count));
	member_set(object, "standing", standing);
	return object;
}

static int count_status(struct job *job, struct problem *p)
{
	struct status_job *it = (struct status_job *)job;
	const struct backend_ops *ops = site_backend(job->site)->ops;
	const struct plan *plan = job->view->snapshot->plan;

	if (ops->documents(job->session, "plan", each_plan, &it->revision, p) < 0 ||
	    job_walk_devices(job, "", each_device, it, p) < 0)
		return -1;
	json_t *rings = json_array();
	for (size_t i = 0; i < plan->ring_count; i++)
		json_array_append_new(rings,
				      ring_json(plan, i, &it->rings[i], it->rings_only));
	job->body = it->rings_only ? json_object() : status_json(it);
	member_set(job->body, "rings", rings);
	return 0;
}

static void start_status(struct call *call, bool rings_only)
{
	struct status_job *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;

	if (it == NULL) {
		problem_set(&p, PROBLEM_NO_MEMORY, "counting devices: out of memory");
		call_problem(call, &p);
		return;
	}
	it->rings_only = rings_only;
	it->job.call = call;
	it->job.work = count_status;
	it->job.reply = job_reply_body;
	job_start(&it->job);
}

void api_status(struct call *call)
{
	start_status(call, false);
}

void api_rings(struct call *call)
{
	start_status(call, true);
}

static void reply_clock(struct call *call)
{
	struct site *site = call->desk->site;
	json_t *body = json_object();

	member_set(body, "now", instant_json(site_now(site)));
	member_set(body, "clock",
		   json_string(site_clock_is_virtual(site) ? "virtual" : "real"));
	call_reply(call, 200, body);
}

void api_clock(struct call *call)
{
	reply_clock(call);
}

struct clock_edit {
	struct edit edit;
	struct call *call;
	int64_t to_s;
};

static int move_clock(struct edit *edit, struct session *session, struct problem *p)
{
	struct clock_edit *it = (struct clock_edit *)edit;
	char to[INSTANT_TEXT];
	const struct audit_entry entry =
		call_audit(it->call, "clock.move", instant_format(it->to_s, to), "");

	if (edit_keep_clock(edit, session, it->to_s, p) < 0)
		return -1;
	return edit_audit(edit, session, &entry, p);
}

static void clock_kept(struct edit *edit)
{
	edit_move_clock(edit, ((struct clock_edit *)edit)->to_s);
}

static void answer_clock(struct edit *edit, const struct problem *problem)
{
	struct call *call = ((struct clock_edit *)edit)->call;

	edit_fini(edit);
	if (problem != NULL)
		call_problem(call, problem);
	else
		reply_clock(call);
}

void api_clock_move(struct call *call)
{
	struct problem p;
	json_t *body = call_object(call);

	if (body == NULL)
		return;
	const char *text = json_string_value(json_object_get(body, "now"));
	struct clock_edit *it = exchange_allocate(call->exchange, sizeof *it);
	bool ok = it != NULL && text != NULL && instant_parse(text, &it->to_s);
	json_decref(body);
	if (!ok) {
		if (it == NULL)
			problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
		else
			problem_set(&p, PROBLEM_BAD_INPUT,
				    "the body wants {\"now\": a time such as "
				    "2025-01-01T00:00:00Z}");
		call_problem(call, &p);
		return;
	}
	it->call = call;
	it->edit.site = call->desk->site;
	it->edit.loop = call->desk->loop;
	it->edit.apply = move_clock;
	it->edit.committed = clock_kept;
	it->edit.answer = answer_clock;
	site_edit(&it->edit);
}

void api_enrolment(struct call *call)
{
	struct problem p;

	if (call->admin->enrolment_token[0] == '\0') {
		problem_set(&p, PROBLEM_CONFLICT,
			    "enrolment by token is off; set enrolment = yes, or add each "
			    "device by its name");
		call_problem(call, &p);
		return;
	}
	call_reply(call, 200, json_pack("{s:s}", "token", call->admin->enrolment_token));
}

static int each_audit(void *owner, const struct audit_entry *entry)
{
	json_t *one = json_object();

	member_set(one, "at", instant_json(entry->at_s));
	member_set(one, "by", text_json(entry->by));
	member_set(one, "action", text_json(entry->action));
	member_set(one, "subject", text_json(entry->subject));
	member_set(one, "reason", text_json(entry->reason));
	return json_array_append_new(owner, one);
}

void api_audit(struct call *call)
{
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	int64_t limit = 100;
	struct problem p;

	if (call_query_number(call, "limit", 1, 1000, &limit) < 0)
		return;
	json_t *entries = json_array();
	if (ops->audits(call->desk->session, limit, each_audit, entries, &p) < 0) {
		json_decref(entries);
		call_problem(call, &p);
		return;
	}
	call_reply(call, 200, json_pack("{s:o}", "entries", entries));
}
