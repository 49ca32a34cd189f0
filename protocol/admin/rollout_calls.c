/* POST /rollouts/{act}: read, done or only tried as an edit, and answered with what it
 * does to the fleet. */

#include <stdio.h>
#include <string.h>

#include "engine/plan.h"
#include "engine/snapshot.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/job.h"
#include "protocol/admin/rollout_act.h"
#include "protocol/admin/rollout_effect.h"
#include "protocol/admin/routes.h"
#include "protocol/server/edit.h"
#include "protocol/server/site.h"

/* One call: first an edit, then a job.  It lies in the exchange's memory. */
struct act_call {
	struct edit edit; /* first: cast back */
	struct job job;
	struct call *call;
	struct rollout_act act;
	struct rollout_effect effect;
};

static struct act_call *call_of_job(struct job *job)
{
	return (struct act_call *)((char *)job - offsetof(struct act_call, job));
}

static int apply(struct edit *edit, struct session *session, struct problem *p)
{
	struct act_call *it = (struct act_call *)edit;
	return rollout_act_apply(&it->act, edit, session, p);
}

static int count(struct job *job, struct problem *p)
{
	return rollout_effect_count(&call_of_job(job)->effect, job, p);
}

/* The rings that wait for this one: a pause or a halt keeps them shut. */
static json_t *rings_behind(const struct act_call *it)
{
	const struct plan *plan = it->edit.view->snapshot->plan;
	json_t *list = json_array();

	for (size_t i = 0; i < plan->ring_count; i++) {
		if (plan->rings[i].after >= 0 &&
		    plan->rings[i].after == it->act.target.ring_index)
			json_array_append_new(list, json_string(plan->rings[i].name));
	}
	return list;
}

static json_t *answer_json(struct act_call *it)
{
	const struct rollout_target *target = &it->act.target;
	json_t *answer = json_object();
	char undo[ACT_UNDO];

	member_set(answer, "act", json_string(act_names[it->act.kind]));
	member_set(answer, "dry_run", json_boolean(it->act.dry_run));
	if (target->ring[0] != '\0')
		member_set(answer, "ring", json_string(target->ring));
	if (target->count > 0)
		member_set(answer, "releases",
			   rollout_target_json(target, it->edit.view->snapshot));
	if (it->act.kind == ACT_PAUSE)
		member_set(answer, "until",
			   instant_json(it->edit.now_s + it->act.pause_s));
	rollout_effect_tell(&it->effect, answer);
	member_set(answer, "rings_behind", rings_behind(it));
	if (rollout_act_undo(&it->act, undo)[0] != '\0')
		member_set(answer, "undo", json_string(undo));
	return answer;
}

static void reply(struct job *job, const struct problem *problem)
{
	struct act_call *it = call_of_job(job);
	struct call *call = it->call;
	struct edit ended = it->edit; /* the exchange's memory goes with the reply */
	json_t *answer = problem == NULL ? answer_json(it) : NULL;

	json_decref(it->effect.devices);
	edit_fini(&ended);
	if (problem != NULL)
		call_problem(call, problem);
	else
		call_reply(call, 200, answer);
}

static void answer(struct edit *edit, const struct problem *problem)
{
	struct act_call *it = (struct act_call *)edit;

	if (problem != NULL) {
		struct edit ended = *edit;
		call_problem_findings(it->call, problem, &ended.check.findings);
		edit_fini(&ended);
		return;
	}
	it->effect.target = &it->act.target;
	it->effect.before = edit->before;
	it->effect.after = edit->view;
	it->job.call = it->call;
	it->job.work = count;
	it->job.reply = reply;
	job_start(&it->job);
}

static void start(struct call *call, enum act_kind kind)
{
	struct act_call *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;
	int rc = 0;

	json_t *body = call_object(call);
	if (body == NULL)
		return;
	if (it == NULL)
		rc = problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
	else
		rc = rollout_act_read(&it->act, kind, body, &p);
	json_decref(body);
	if (rc < 0) {
		call_problem(call, &p);
		return;
	}
	it->call = call;
	snprintf(it->act.by, sizeof it->act.by, "%s", call->by);
	it->edit.site = call->desk->site;
	it->edit.loop = call->desk->loop;
	it->edit.changes_view = true;
	it->edit.dry_run = it->act.dry_run;
	it->edit.apply = apply;
	it->edit.answer = answer;
	site_edit(&it->edit);
}

void api_rollout_pause(struct call *call)
{
	start(call, ACT_PAUSE);
}

void api_rollout_resume(struct call *call)
{
	start(call, ACT_RESUME);
}

void api_rollout_halt(struct call *call)
{
	start(call, ACT_HALT);
}

void api_rollout_approve(struct call *call)
{
	start(call, ACT_APPROVE);
}

void api_rollout_expedite(struct call *call)
{
	start(call, ACT_EXPEDITE);
}

void api_rollout_withdraw(struct call *call)
{
	start(call, ACT_WITHDRAW);
}
