#include "protocol/admin/job.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/plan.h"
#include "protocol/admin/admin.h"

static void on_work(uv_work_t *request)
{
	struct job *job = request->data;
	struct backend *backend = site_backend(job->site);

	job->session = backend->ops->open(backend, &job->problem);
	if (job->session == NULL) {
		job->failed = true;
		return;
	}
	job->view = site_view(job->site);
	job->now_s = site_now(job->site);
	job->failed = job->work(job, &job->problem) < 0;
	view_give(job->view);
	backend->ops->close(job->session);
}

static void on_done(uv_work_t *request, int status);

static void hand_over(struct admin *admin, struct job *job)
{
	admin->jobs_running++;
	int rc = uv_queue_work(loop_uv(job->call->desk->loop), &job->request, on_work,
			       on_done);
	assert(rc == 0); /* fails without a callback only */
	(void)rc;
}

static void on_done(uv_work_t *request, int status)
{
	struct job *job = request->data;
	struct admin *admin = job->call->admin;
	struct job *next = admin->jobs_first;

	assert(status == 0); /* nobody cancels it */
	(void)status;
	admin->jobs_running--;
	if (next != NULL) {
		admin->jobs_first = next->next;
		hand_over(admin, next);
	}
	job->reply(job, job->failed ? &job->problem : NULL);
}

void job_start(struct job *job)
{
	struct admin *admin = job->call->admin;

	job->site = job->call->desk->site;
	job->request.data = job;
	if (admin->jobs_running < admin->jobs_most) {
		hand_over(admin, job);
		return;
	}
	if (admin->jobs_first == NULL)
		admin->jobs_first = job;
	else
		admin->jobs_last->next = job;
	admin->jobs_last = job;
}

int job_may_go_on(const struct job *job, struct problem *p)
{
	if (!site_is_stopping(job->site))
		return 0;
	return problem_set(p, PROBLEM_BUSY,
			   "the server is stopping; ask again when it is back");
}

void job_reply_body(struct job *job, const struct problem *problem)
{
	struct call *call = job->call;
	json_t *body = job->body;

	/* The job may lie in the exchange's memory: it is gone after the reply. */
	if (problem == NULL) {
		call_reply(call, 200, body);
		return;
	}
	json_decref(body);
	call_problem(call, problem);
}

int job_walk_devices(struct job *job, const char *after,
		     int (*each)(void *owner, const struct device_seen *seen),
		     void *owner, struct problem *p)
{
	const struct backend_ops *ops = site_backend(job->site)->ops;
	const struct plan *plan = job->view->snapshot->plan;
	struct decision decision;
	char last[LIMIT_DEVICE_ID + 1];
	struct device_record *record = malloc(sizeof *record);
	int rc;

	if (record == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY,
				   "looking at the devices: out of memory");
	snprintf(last, sizeof last, "%s", after);
	while ((rc = ops->device_next(job->session, last, record, p)) == 1) {
		site_decide(job->site, job->view, record, job->now_s, &decision);
		const struct device_seen seen = {
			.record = record,
			.decision = &decision,
			.policy = plan_policy_of(plan, &record->facts),
			.ring = plan_ring_of(plan, &record->facts),
		};
		if (each(owner, &seen) != 0)
			break;
		memcpy(last, record->id, sizeof last);
		rc = job_may_go_on(job, p);
		if (rc < 0)
			break;
	}
	free(record);
	return rc < 0 ? -1 : 0;
}
