/* Holds made on the day: to list with those of the plan, to add, to remove. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/expression.h"
#include "engine/plan.h"
#include "engine/snapshot.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/job.h"
#include "protocol/admin/rollout_effect.h"
#include "protocol/admin/rollout_target.h"
#include "protocol/admin/routes.h"
#include "protocol/server/edit.h"
#include "protocol/server/site.h"

/* --- the list ----------------------------------------------------------------------- */

static json_t *hold_json(uint32_t kb, struct build build, const char *product,
			 const char *match, const char *reason)
{
	json_t *one = json_object();
	char kb_text[KB_TEXT], build_text[BUILD_TEXT];

	member_set(one, "kb", json_string(kb_format(kb, kb_text)));
	if (build.base != 0)
		member_set(one, "build", json_string(build_format(build, build_text)));
	if (product[0] != '\0')
		member_set(one, "product", json_string(product));
	member_set(one, "match", text_json(match));
	member_set(one, "reason", text_json(reason));
	return one;
}

static int each_hold(void *owner, const struct hold_record *hold)
{
	json_t *one = hold_json(hold->key.kb, hold->key.build, hold->key.product,
				hold->match, hold->reason);

	member_set(one, "id", json_integer((json_int_t)hold->id));
	member_set(one, "by", text_json(hold->by));
	member_set(one, "made", instant_json(hold->made_s));
	return json_array_append_new(owner, one);
}

static void add_plans(json_t *list, const struct plan *plan)
{
	for (size_t i = 0; i < plan->hold_count; i++) {
		const struct hold *hold = &plan->holds[i];
		struct build build = { hold->base, hold->revision };
		if (hold->id != 0)
			continue; /* told by the store, with more */
		json_t *one =
			hold_json(hold->kb, hold->has_build ? build : (struct build){ 0 },
				  hold->product, hold->match_text, hold->reason);
		member_set(one, "by", json_string("plan"));
		json_array_append_new(list, one);
	}
}

void api_holds(struct call *call)
{
	struct desk *desk = call->desk;
	const struct backend_ops *ops = site_backend(desk->site)->ops;
	json_t *list = json_array();
	struct problem p;

	struct view *view = site_view(desk->site);
	add_plans(list, view->snapshot->plan);
	view_give(view);
	if (ops->holds(desk->session, each_hold, list, &p) < 0) {
		json_decref(list);
		call_problem(call, &p);
		return;
	}
	call_reply(call, 200, json_pack("{s:o}", "holds", list));
}

/* --- adding and removing ------------------------------------------------------------ */

/* First an edit, then a job that says what it does.  In the exchange's memory. */
struct hold_call {
	struct edit edit; /* first: cast back */
	struct job job;
	struct call *call;
	struct hold_record hold;
	struct rollout_target target;
	struct expression *match;
	bool dry_run, removes;
	struct rollout_effect effect;
};

static struct hold_call *call_of_job(struct job *job)
{
	return (struct hold_call *)((char *)job - offsetof(struct hold_call, job));
}

static int keep_audit(struct hold_call *it, struct session *session,
		      const struct snapshot *snapshot, struct problem *p)
{
	char subject[TARGET_TEXT];
	const struct audit_entry entry = call_audit(
		it->call, it->removes ? "hold.remove" : "hold.add",
		rollout_target_text(&it->target, snapshot, subject), it->hold.reason);

	return edit_audit(&it->edit, session, &entry, p);
}

static int add(struct edit *edit, struct session *session, struct problem *p)
{
	struct hold_call *it = (struct hold_call *)edit;
	struct view *view = site_view(edit->site);
	int rc = rollout_target_find(&it->target, view->snapshot, p);

	it->hold.made_s = edit->now_s;
	if (rc == 0)
		rc = edit_ops(edit)->hold_add(session, &it->hold, p);
	if (rc == 0)
		rc = keep_audit(it, session, view->snapshot, p);
	view_give(view);
	return rc;
}

/* The hold whose number is asked for, among those that stand. */
static int pick(void *owner, const struct hold_record *hold)
{
	struct hold_record *wanted = owner;

	if (hold->id != wanted->id)
		return 0;
	*wanted = *hold;
	return 1;
}

static int take_away(struct edit *edit, struct session *session, struct problem *p)
{
	struct hold_call *it = (struct hold_call *)edit;
	struct view *view = site_view(edit->site);
	char reason[sizeof it->hold.reason];
	struct problem ignored;

	memcpy(reason, it->hold.reason, sizeof reason);
	int rc = edit_ops(edit)->holds(session, pick, &it->hold, p);
	if (rc == 0 && it->hold.key.kb == 0)
		rc = problem_set(p, PROBLEM_NOT_FOUND,
				 "there is no hold %lld that was made on the day; the "
				 "plan's are changed with the plan",
				 (long long)it->hold.id);
	if (rc == 0 &&
	    edit_ops(edit)->hold_remove(session, it->hold.id, edit->now_s, p) < 0)
		rc = -1;
	if (rc == 0) {
		memcpy(it->hold.reason, reason, sizeof reason);
		it->target.key = it->hold.key;
		/* Its release may have left the catalog: then it is nothing to anybody.
		 */
		if (rollout_target_find(&it->target, view->snapshot, &ignored) < 0)
			it->target.titles[it->target.count++] = TARGET_GONE;
		it->match = expression_compile(it->hold.match, p);
		rc = it->match != NULL ? 0 : -1;
	}
	if (rc == 0)
		rc = keep_audit(it, session, view->snapshot, p);
	view_give(view);
	return rc;
}

static int count(struct job *job, struct problem *p)
{
	return rollout_effect_count(&call_of_job(job)->effect, job, p);
}

static json_t *answer_json(struct hold_call *it)
{
	const struct hold_record *hold = &it->hold;
	json_t *answer = hold_json(hold->key.kb, hold->key.build, hold->key.product,
				   hold->match, hold->reason);
	char undo[64];

	member_set(answer, "dry_run", json_boolean(it->dry_run));
	if (!it->dry_run || it->removes)
		member_set(answer, "id", json_integer((json_int_t)hold->id));
	member_set(answer, "releases",
		   rollout_target_json(&it->target, it->edit.before->snapshot));
	rollout_effect_tell(&it->effect, answer);
	if (!it->removes && !it->dry_run) {
		snprintf(undo, sizeof undo, "hold remove %lld", (long long)hold->id);
		member_set(answer, "undo", json_string(undo));
	}
	return answer;
}

static void reply(struct job *job, const struct problem *problem)
{
	struct hold_call *it = call_of_job(job);
	struct call *call = it->call;
	struct edit ended = it->edit; /* the exchange's memory goes with the reply */
	int status = it->removes || it->dry_run ? 200 : 201;
	json_t *answer = problem == NULL ? answer_json(it) : NULL;

	json_decref(it->effect.devices);
	expression_free(it->match);
	edit_fini(&ended);
	if (problem != NULL)
		call_problem(call, problem);
	else
		call_reply(call, status, answer);
}

static void answer(struct edit *edit, const struct problem *problem)
{
	struct hold_call *it = (struct hold_call *)edit;

	if (problem != NULL) {
		struct edit ended = *edit;
		expression_free(it->match);
		call_problem_findings(it->call, problem, &ended.check.findings);
		edit_fini(&ended);
		return;
	}
	it->effect.target = &it->target;
	it->effect.before = edit->before;
	it->effect.after = edit->view;
	it->effect.match = it->match;
	it->job.call = it->call;
	it->job.work = count;
	it->job.reply = reply;
	job_start(&it->job);
}

static void start(struct hold_call *it, struct call *call)
{
	it->call = call;
	it->edit.site = call->desk->site;
	it->edit.loop = call->desk->loop;
	it->edit.changes_view = true;
	it->edit.dry_run = it->dry_run;
	it->edit.answer = answer;
	site_edit(&it->edit);
}

static int read_reason(struct hold_call *it, const char *text, struct problem *p)
{
	if (text == NULL)
		return 0;
	if (strlen(text) >= sizeof it->hold.reason)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the reason is over %zu bytes long",
				   sizeof it->hold.reason - 1);
	snprintf(it->hold.reason, sizeof it->hold.reason, "%s", text);
	return 0;
}

static int read_hold(struct hold_call *it, const json_t *body, struct problem *p)
{
	const char *match = json_string_value(json_object_get(body, "match"));

	if (rollout_target_read(&it->target, body, p) < 0)
		return -1;
	if (it->target.key.kb == 0 || it->target.ring[0] != '\0')
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"a hold is of a release: name \"kb\"; its \"match\" says "
			"for which devices");
	if (match == NULL || strlen(match) > LIMIT_EXPRESSION)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"\"match\" wants an expression over facts, of %d bytes "
			"at most; any is every device",
			LIMIT_EXPRESSION);
	it->match = expression_compile(match, p);
	if (it->match == NULL)
		return problem_while(p, "match");
	it->hold.key = it->target.key;
	snprintf(it->hold.match, sizeof it->hold.match, "%s", match);
	it->dry_run = json_is_true(json_object_get(body, "dry_run"));
	const char *reason = json_string_value(json_object_get(body, "reason"));
	if (reason == NULL || reason[0] == '\0')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "say why: \"reason\" is kept with the hold");
	return read_reason(it, reason, p);
}

void api_hold_add(struct call *call)
{
	struct hold_call *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;
	int rc;

	json_t *body = call_object(call);
	if (body == NULL)
		return;
	if (it == NULL)
		rc = problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
	else
		rc = read_hold(it, body, &p);
	json_decref(body);
	if (rc < 0) {
		if (it != NULL)
			expression_free(it->match);
		call_problem(call, &p);
		return;
	}
	snprintf(it->hold.by, sizeof it->hold.by, "%s", call->by);
	it->edit.apply = add;
	start(it, call);
}

void api_hold_remove(struct call *call)
{
	struct hold_call *it = exchange_allocate(call->exchange, sizeof *it);
	char reason[sizeof it->hold.reason] = "", *end;
	struct problem p;

	if (it == NULL) {
		problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
		call_problem(call, &p);
		return;
	}
	it->removes = true;
	it->hold.id = strtoll(call->id, &end, 10);
	if (*end != '\0' || it->hold.id <= 0) {
		problem_set(&p, PROBLEM_NOT_FOUND,
			    "a hold is named by its number, not '%.60s'", call->id);
		call_problem(call, &p);
		return;
	}
	if (call_query(call, "reason", reason, sizeof reason) < 0 ||
	    call_query_flag(call, "dry-run", &it->dry_run) < 0)
		return;
	memcpy(it->hold.reason, reason, sizeof reason);
	it->edit.apply = take_away;
	start(it, call);
}
