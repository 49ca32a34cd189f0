/* The reports as calls: a walk over the devices on the pool, then JSON. */

#include <stdlib.h>

#include "engine/plan.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/job.h"
#include "protocol/admin/reports.h"
#include "protocol/admin/routes.h"

struct report_job {
	struct job job;
	struct hotpatch_report hotpatch;
	struct distribution_report distribution;
	bool lost; /* out of memory */
};

static void start(struct call *call, int (*work)(struct job *, struct problem *))
{
	struct report_job *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;

	if (it == NULL) {
		problem_set(&p, PROBLEM_NO_MEMORY, "making a report: out of memory");
		call_problem(call, &p);
		return;
	}
	it->job.call = call;
	it->job.work = work;
	it->job.reply = job_reply_body;
	job_start(&it->job);
}

static int each_hotpatch(void *owner, const struct device_seen *seen)
{
	struct report_job *it = owner;

	hotpatch_report_count(&it->hotpatch, it->job.view->snapshot->plan, seen);
	return 0;
}

static json_t *hotpatch_row_json(const char *policy, const struct hotpatch_row *row)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:I}", "policy",
			 policy, "devices", (json_int_t)row->devices, "up_to_date",
			 (json_int_t)row->up_to_date, "hotpatched",
			 (json_int_t)row->hotpatched, "not_up_to_date",
			 (json_int_t)row->not_up_to_date, "in_progress",
			 (json_int_t)row->in_progress, "percent_latest",
			 report_percent(row->up_to_date, row->devices), "not_ready",
			 (json_int_t)row->not_ready, "paused", (json_int_t)row->paused);
}

static json_t *hotpatch_rows_json(const struct report_job *it)
{
	const struct plan *plan = it->job.view->snapshot->plan;
	json_t *rows = json_array();

	for (size_t i = 0; i < plan->policy_count; i++)
		json_array_append_new(rows, hotpatch_row_json(plan->policies[i].name,
							      &it->hotpatch.rows[i + 1]));
	if (it->hotpatch.rows[0].devices > 0)
		json_array_append_new(rows, hotpatch_row_json("", &it->hotpatch.rows[0]));
	return rows;
}

/* Most devices first.  Two reasons of one name, which differ in a detail only, are told
 * one after the other. */
static json_t *reasons_json(const int64_t counts[REASONS])
{
	json_t *list = json_array();
	int64_t below = INT64_MAX;

	for (;;) {
		int64_t most = 0;
		for (int i = 0; i < REASONS; i++) {
			if (counts[i] > most && counts[i] < below)
				most = counts[i];
		}
		if (most == 0)
			return list;
		for (int i = 0; i < REASONS; i++) {
			if (counts[i] != most)
				continue;
			const struct reason_face *face = reason_face((enum reason)i);
			json_array_append_new(
				list, json_pack("{s:s, s:I, s:s}", "reason", face->name,
						"devices", (json_int_t)most, "sentence",
						face->sentence));
		}
		below = most;
	}
}

static int make_hotpatch(struct job *job, struct problem *p)
{
	struct report_job *it = (struct report_job *)job;

	if (job_walk_devices(job, "", each_hotpatch, it, p) < 0)
		return -1;
	job->body = json_object();
	member_set(job->body, "as_of", instant_json(job->now_s));
	member_set(job->body, "rows", hotpatch_rows_json(it));
	member_set(job->body, "reasons", reasons_json(it->hotpatch.reasons));
	return 0;
}

void api_report_hotpatch(struct call *call)
{
	start(call, make_hotpatch);
}

static int each_level(void *owner, const struct device_seen *seen)
{
	struct report_job *it = owner;

	it->lost = !distribution_report_count(&it->distribution, seen);
	return it->lost;
}

static json_t *level_json(const struct level_count *level, int64_t devices)
{
	const struct release *release = level->release;
	char kb[KB_TEXT] = "", build[BUILD_TEXT] = "";
	json_t *one = json_object();

	if (release != NULL)
		kb_format(release->kb, kb);
	if (level->build.base != 0)
		build_format(level->build, build);
	member_set(one, "product",
		   json_string(level->product != NULL ? level->product->id : ""));
	member_set(one, "kb", json_string(kb));
	member_set(one, "build", json_string(build));
	if (release != NULL) {
		member_set(one, "kind", json_string(release_kind_names[release->kind]));
		member_set(one, "cadence", json_string(cadence_names[release->cadence]));
		member_set(one, "published", instant_json(release->published_s));
	}
	member_set(one, "devices", json_integer(level->devices));
	member_set(one, "percent", json_real(report_percent(level->devices, devices)));
	return one;
}

static int make_distribution(struct job *job, struct problem *p)
{
	struct report_job *it = (struct report_job *)job;
	struct distribution_report *report = &it->distribution;
	json_t *rows = json_array();

	int rc = job_walk_devices(job, "", each_level, it, p);
	if (rc == 0 && it->lost)
		rc = problem_set(p, PROBLEM_NO_MEMORY, "making a report: out of memory");
	distribution_report_sort(report);
	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(rows,
				      level_json(&report->levels[i], report->devices));
	distribution_report_fini(report);
	job->body = json_object();
	member_set(job->body, "as_of", instant_json(job->now_s));
	member_set(job->body, "rows", rows);
	return rc;
}

void api_report_distribution(struct call *call)
{
	start(call, make_distribution);
}
