/* POST /operations, and stopping one: rehearsed on the pool, then begun on the writer
 * thread, as many devices at once as was asked for. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/snapshot.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/job.h"
#include "protocol/admin/operation_ask.h"
#include "protocol/admin/routes.h"
#include "protocol/server/edit.h"
#include "protocol/server/keeper.h"
#include "protocol/server/site.h"

/* First a job, then an edit.  In the exchange's memory. */
struct operation_call {
	struct edit edit; /* first: cast back */
	struct job job;
	struct call *call;
	struct operation_ask ask;
	struct operation_record record;
	json_t *releases; /* that the KB names */
};

static struct operation_call *call_of_job(struct job *job)
{
	return (struct operation_call *)((char *)job -
					 offsetof(struct operation_call, job));
}

/* --- the answer --------------------------------------------------------------------- */

static void set_undo(const struct operation_call *it, json_t *answer)
{
	static const char *const back[OPERATION_KINDS] = {
		[OPERATION_UNINSTALL] = "unblock", [OPERATION_ROLLBACK] = "unblock",
		[OPERATION_PAUSE] = "resume",      [OPERATION_BLOCK] = "unblock",
		[OPERATION_UNBLOCK] = "block",
	};
	const struct operation *operation = &it->ask.operation;
	const char *verb = back[operation->kind];
	char kb[KB_TEXT], undo[LIMIT_DEVICE_ID + 80];

	if (it->record.id != 0 && it->ask.count > 1)
		snprintf(undo, sizeof undo, "operation stop %lld",
			 (long long)it->record.id);
	else if (verb != NULL && it->ask.count == 1 &&
		 (operation->key.kb != 0 || operation->kind == OPERATION_PAUSE))
		snprintf(undo, sizeof undo, "device %s %s%s%.256s", verb,
			 operation->kind == OPERATION_PAUSE
				 ? ""
				 : kb_format(operation->key.kb, kb),
			 operation->kind == OPERATION_PAUSE ? "" : " ",
			 it->ask.devices[0]);
	else
		return;
	member_set(answer, "undo", text_json(undo));
}

static json_t *answer_json(struct operation_call *it)
{
	struct operation_ask *ask = &it->ask;
	json_t *answer = json_object();

	member_set(answer, "kind",
		   json_string(operation_kind_names[ask->operation.kind]));
	member_set(answer, "dry_run", json_boolean(ask->dry_run));
	if (it->record.id != 0)
		member_set(answer, "operation", json_integer((json_int_t)it->record.id));
	member_set(answer, "count", json_integer((json_int_t)ask->count));
	member_set(answer, "refused", json_integer((json_int_t)ask->refused));
	member_set(answer, "restarts", json_integer((json_int_t)ask->restarts));
	member_set(answer, "installs", json_integer((json_int_t)ask->installs));
	if (ask->at_most != 0)
		member_set(answer, "at_most", json_integer((json_int_t)ask->at_most));
	if (ask->operation.kind == OPERATION_PAUSE)
		member_set(answer, "until", instant_json(ask->operation.until_s));
	for (int step = 0; step < OPERATION_STEPS && it->record.id != 0; step++)
		member_set(answer, operation_step_names[step],
			   json_integer((json_int_t)it->record.in_step[step]));
	if (it->releases != NULL && json_array_size(it->releases) > 0)
		member_set(answer, "releases", json_incref(it->releases));
	member_set(answer, "devices", json_incref(ask->shown));
	if (ask->not_shown > 0)
		member_set(answer, "more", json_integer((json_int_t)ask->not_shown));
	set_undo(it, answer);
	return answer;
}

/* The exchange's memory goes with the reply, so all else goes first. */
static void finish(struct operation_call *it, int status, const struct problem *problem)
{
	struct call *call = it->call;
	struct edit ended = it->edit;
	struct problem told;
	json_t *answer = problem == NULL ? answer_json(it) : NULL;

	if (problem != NULL)
		told = *problem;
	operation_ask_fini(&it->ask);
	json_decref(it->releases);
	edit_fini(&ended);
	if (problem != NULL)
		call_problem(call, &told);
	else
		call_reply(call, status, answer);
}

/* --- beginning ---------------------------------------------------------------------- */

static int add_devices(struct operation_call *it, struct session *session,
		       struct problem *p)
{
	for (size_t i = 0; i < it->ask.count; i++) {
		struct operation_device device = { .step = OPERATION_WAITING,
						   .changed_s = it->edit.now_s };
		snprintf(device.device, sizeof device.device, "%s", it->ask.devices[i]);
		if (edit_ops(&it->edit)->operation_device_put(session, it->record.id,
							      &device, p) < 0)
			return -1;
	}
	return 0;
}

static int keep_audit(struct operation_call *it, struct session *session,
		      struct problem *p)
{
	char action[40], kb[KB_TEXT], subject[LIMIT_DEVICE_ID + 120];
	const struct release_key *key = &it->ask.operation.key;

	snprintf(action, sizeof action, "device.%s",
		 operation_kind_names[it->ask.operation.kind]);
	if (it->ask.count == 1)
		snprintf(subject, sizeof subject, "%s%s%s", it->ask.devices[0],
			 key->kb != 0 ? " " : "", kb_format(key->kb, kb));
	else
		snprintf(subject, sizeof subject, "%zu devices, operation %lld%s%s",
			 it->ask.count, (long long)it->record.id, key->kb != 0 ? " " : "",
			 kb_format(key->kb, kb));
	const struct audit_entry entry =
		call_audit(it->call, action, subject, it->ask.reason);
	return edit_audit(&it->edit, session, &entry, p);
}

static int begin(struct edit *edit, struct session *session, struct problem *p)
{
	struct operation_call *it = (struct operation_call *)edit;
	const struct backend_ops *ops = edit_ops(edit);
	bool more;

	it->record.operation = it->ask.operation;
	it->record.at_most = it->ask.at_most;
	it->record.made_s = edit->now_s;
	snprintf(it->record.by, sizeof it->record.by, "%s", it->call->by);
	memcpy(it->record.reason, it->ask.reason, sizeof it->record.reason);
	if (ops->operation_add(session, &it->record, p) < 0 ||
	    add_devices(it, session, p) < 0 || keep_audit(it, session, p) < 0 ||
	    keeper_operations(edit->site, session, &edit->view, &more, p) < 0)
		return -1;
	if (more)
		keeper_poke(edit->site);
	return ops->operation_read(session, it->record.id, &it->record, p) == 1 ? 0 : -1;
}

static void begun(struct edit *edit, const struct problem *problem)
{
	finish((struct operation_call *)edit, 201, problem);
}

static int rehearse(struct job *job, struct problem *p)
{
	struct operation_call *it = call_of_job(job);

	if (operation_ask_rehearse(&it->ask, job, p) < 0)
		return -1;
	if (it->ask.target.count > 0)
		it->releases = rollout_target_json(&it->ask.target, job->view->snapshot);
	return 0;
}

static void rehearsed(struct job *job, const struct problem *problem)
{
	struct operation_call *it = call_of_job(job);

	if (problem != NULL || it->ask.dry_run) {
		finish(it, 200, problem);
		return;
	}
	it->edit.site = it->call->desk->site;
	it->edit.loop = it->call->desk->loop;
	it->edit.apply = begin;
	it->edit.answer = begun;
	site_edit(&it->edit);
}

void api_operation_begin(struct call *call)
{
	struct operation_call *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;
	int rc;

	json_t *body = call_object(call);
	if (body == NULL)
		return;
	if (it == NULL)
		rc = problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
	else
		rc = operation_ask_read(&it->ask, body, &p);
	json_decref(body);
	if (rc < 0) {
		if (it != NULL)
			operation_ask_fini(&it->ask);
		call_problem(call, &p);
		return;
	}
	it->call = call;
	it->job.call = call;
	it->job.work = rehearse;
	it->job.reply = rehearsed;
	job_start(&it->job);
}

/* --- stopping ----------------------------------------------------------------------- */

struct stop_call {
	struct edit edit; /* first: cast back */
	struct call *call;
	int64_t id;
	char reason[256];
	struct operation_record record;
};

static int stop_waiting(struct stop_call *it, struct session *session, struct problem *p)
{
	const struct backend_ops *ops = edit_ops(&it->edit);
	int rc;

	for (;;) {
		struct operation_device device = { .device = "" };
		rc = ops->operation_next(session, it->id, OPERATION_WAITING, &device, p);
		if (rc <= 0)
			return rc;
		device.step = OPERATION_FAILED;
		device.changed_s = it->edit.now_s;
		snprintf(device.note, sizeof device.note, "stopped before it began");
		if (ops->operation_device_put(session, it->id, &device, p) < 0)
			return -1;
	}
}

static int stop(struct edit *edit, struct session *session, struct problem *p)
{
	struct stop_call *it = (struct stop_call *)edit;
	const struct backend_ops *ops = edit_ops(edit);
	char subject[40];
	bool more;

	int rc = ops->operation_read(session, it->id, &it->record, p);
	if (rc == 0)
		return problem_set(p, PROBLEM_NOT_FOUND, "there is no operation %lld",
				   (long long)it->id);
	if (rc < 0)
		return -1;
	if (it->record.ended_s != 0)
		return problem_set(p, PROBLEM_CONFLICT, "operation %lld has ended",
				   (long long)it->id);
	snprintf(subject, sizeof subject, "operation %lld", (long long)it->id);
	const struct audit_entry entry =
		call_audit(it->call, "operation.stop", subject, it->reason);
	if (stop_waiting(it, session, p) < 0 ||
	    edit_audit(edit, session, &entry, p) < 0 ||
	    keeper_operations(edit->site, session, &edit->view, &more, p) < 0)
		return -1;
	return ops->operation_read(session, it->id, &it->record, p) == 1 ? 0 : -1;
}

static void stopped(struct edit *edit, const struct problem *problem)
{
	struct stop_call *it = (struct stop_call *)edit;
	struct call *call = it->call;
	struct edit ended = *edit;
	json_t *answer = json_object();

	member_set(answer, "operation", json_integer((json_int_t)it->id));
	for (int step = 0; step < OPERATION_STEPS; step++)
		member_set(answer, operation_step_names[step],
			   json_integer((json_int_t)it->record.in_step[step]));
	edit_fini(&ended);
	if (problem == NULL) {
		call_reply(call, 200, answer);
		return;
	}
	json_decref(answer);
	call_problem(call, problem);
}

void api_operation_stop(struct call *call)
{
	struct stop_call *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;
	char *end;

	json_t *body = call_object(call);
	if (body == NULL)
		return;
	const char *reason = json_string_value(json_object_get(body, "reason"));
	if (it != NULL && reason != NULL)
		snprintf(it->reason, sizeof it->reason, "%s", reason);
	json_decref(body);
	if (it == NULL) {
		problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
		call_problem(call, &p);
		return;
	}
	it->call = call;
	it->id = strtoll(call->id, &end, 10);
	if (*end != '\0')
		it->id = 0; /* which none is */
	it->edit.site = call->desk->site;
	it->edit.loop = call->desk->loop;
	it->edit.apply = stop;
	it->edit.answer = stopped;
	site_edit(&it->edit);
}
