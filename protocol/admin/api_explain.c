/* Why a device is offered what it is: now, at a moment of the past, at one to come, and
 * with other facts than it has.
 *
 *	update=KB[@BUILD]	about this release
 *	at=TIME			as it was then, from the logs; or the present at that time
 *	assume=FACT=VALUE	for this question only, and may be repeated; "FACT=" takes
 *				the fact away */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/explain.h"
#include "engine/instant.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/job.h"
#include "protocol/admin/routes.h"
#include "protocol/server/past.h"
#include "protocol/server/site.h"

enum basis { BASIS_PRESENT, BASIS_PAST, BASIS_AHEAD };
static const char *const basis_names[] = { "present", "past", "ahead" };

struct explain_job {
	struct job job;
	struct explain_question question;
	bool asked;
	int64_t at_s; /* INSTANT_NONE: now */
	enum basis basis;
	struct session *session; /* that the record came from */
};

/* Too big for a stack. */
struct explain_room {
	struct device_record record;
	struct past past;
	struct explanation explanation;
};

/* "KB5058497", or "KB5058497@26100.3981" where one KB has several builds. */
static bool parse_update(char *text, struct explain_question *question)
{
	char *at = strchr(text, '@');

	*question = (struct explain_question){ 0 };
	if (at != NULL) {
		*at++ = '\0';
		if (!build_parse(at, &question->build))
			return false;
	}
	return kb_parse(text, &question->kb);
}

/* False when the call is answered. */
static bool read_question(struct call *call, struct explain_job *it)
{
	struct problem p;
	char text[64];

	int asked = call_query(call, "update", text, sizeof text);
	if (asked < 0)
		return false;
	if (asked == 1 && !parse_update(text, &it->question)) {
		problem_set(&p, PROBLEM_BAD_INPUT,
			    "the parameter 'update' wants a KB such as KB5058497, or "
			    "KB5058497@26100.3981");
		call_problem(call, &p);
		return false;
	}
	it->asked = asked == 1;
	it->at_s = INSTANT_NONE;
	int timed = call_query(call, "at", text, sizeof text);
	if (timed == 1 && !instant_parse(text, &it->at_s)) {
		problem_set(&p, PROBLEM_BAD_INPUT,
			    "the parameter 'at' wants a time such as "
			    "2025-05-21T09:42:00Z");
		call_problem(call, &p);
		return false;
	}
	return timed >= 0;
}

/* "vbs=running" as the notes and the answer have it. */
static void note_assumption(const char *text, struct explanation *explanation,
			    json_t *assumed)
{
	char name[LIMIT_FACT_NAME + 1], folded[LIMIT_FACT_NAME + 1];
	size_t size = strcspn(text, "=");
	const char *value = text + size + 1;

	snprintf(name, sizeof name, "%.*s", (int)size, text);
	fact_name_fold(name, folded);
	if (value[0] == '\0')
		explanation_note(explanation, "assumed", "%s is not reported", folded);
	else
		explanation_note(explanation, "assumed", "%s = %s", folded, value);
	member_set(assumed, folded, value[0] == '\0' ? json_null() : text_json(value));
}

/* Each assumption of the call in turn; the first time they are made, the second time
 * (`assumed` not NULL) noted. */
static int assume(const struct call *call, struct explain_room *room, int64_t at_s,
		  json_t *assumed, struct problem *p)
{
	char text[LIMIT_FACT_NAME + LIMIT_FACT_VALUE + 2];
	int rc;

	for (size_t n = 0;
	     (rc = http_query_nth(call->request, "assume", n, text, sizeof text)) == 1;
	     n++) {
		if (n == LIMIT_FACTS)
			return problem_set(p, PROBLEM_TOO_LARGE,
					   "at most %d facts can be assumed",
					   LIMIT_FACTS);
		if (assumed != NULL)
			note_assumption(text, &room->explanation, assumed);
		else if (device_record_assume(&room->record, text, at_s, p) < 0)
			return -1;
	}
	if (rc < 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the parameter 'assume' is malformed, empty or too "
				   "long");
	return 0;
}

static void note_basis(struct explanation *e, enum basis basis)
{
	if (basis == BASIS_PAST)
		explanation_note(e, "from",
				 "the logs: facts, history, catalog, plan, "
				 "rollouts and payloads of then");
	else if (basis == BASIS_AHEAD)
		explanation_note(e, "from",
				 "what is known now, decided as if it were "
				 "that time already");
}

/* Who said what the device does not say itself: the log has it. */
struct asserter {
	int64_t at_s; /* of the fact that is looked for */
	char by[LIMIT_NAME + 1];
};

static int each_assertion(void *owner, const struct event *event)
{
	static const char words[] = "asserted by ";
	struct asserter *asserter = owner;

	if (event->kind == EVENT_FACTS && event->at_s == asserter->at_s &&
	    strncmp(event->note, words, sizeof words - 1) == 0)
		snprintf(asserter->by, sizeof asserter->by, "%.*s", LIMIT_NAME,
			 event->note + sizeof words - 1);
	return 0;
}

static bool is_told(const struct explanation *e, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (e->rules[i].fact != NULL &&
		    strcmp(e->rules[i].fact, e->rules[index].fact) == 0)
			return true;
	}
	return false;
}

static int note_asserted(const struct call *call, const struct explain_job *it,
			 struct explanation *e, struct problem *p)
{
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	char moment[INSTANT_TEXT];

	for (size_t i = 0; i < e->rule_count; i++) {
		const struct rule *rule = &e->rules[i];
		struct asserter asserter = { .at_s = rule->observed_s };
		if (rule->fact == NULL || rule->observed_s == INSTANT_NONE ||
		    rule->fact_source != FACT_ASSERTED || is_told(e, i))
			continue;
		if (ops->events(it->session, call->id, it->at_s, each_assertion,
				&asserter, p) < 0)
			return -1;
		/* What is only assumed for this question nobody asserted. */
		if (asserter.by[0] != '\0')
			explanation_note(e, "asserted", "%s by %s, %s", rule->fact,
					 asserter.by,
					 instant_format(rule->observed_s, moment));
	}
	return 0;
}

/* The record is in the room; time and basis are set.  NULL with *p told. */
static json_t *answer(const struct call *call, const struct explain_job *it,
		      struct explain_room *room, const struct view *view,
		      struct problem *p)
{
	struct explanation *e = &room->explanation;
	json_t *assumed = json_object();

	if (assume(call, room, it->at_s, NULL, p) < 0) {
		json_decref(assumed);
		return NULL;
	}
	struct situation situation =
		site_situation(call->desk->site, view, &room->record, it->at_s);
	/* A release it does not know is said in the headline. */
	explain(&situation, it->asked ? &it->question : NULL, e);
	note_basis(e, it->basis);
	(void)assume(call, room, it->at_s, assumed, p); /* all were made already */
	if (note_asserted(call, it, e, p) < 0) {
		json_decref(assumed);
		return NULL;
	}
	json_t *body = explanation_json(e, view->snapshot->plan);
	member_set(body, "basis", json_string(basis_names[it->basis]));
	if (json_object_size(assumed) > 0)
		member_set(body, "assumed", json_incref(assumed));
	json_decref(assumed);
	if (body == NULL)
		problem_set(p, PROBLEM_NO_MEMORY, "explaining: out of memory");
	return body;
}

static int read_device(const struct backend_ops *ops, struct session *session,
		       const char *id, struct device_record *record, struct problem *p)
{
	int rc = ops->device_read(session, id, record, p);

	if (rc == 0)
		return problem_set(p, PROBLEM_NOT_FOUND, "there is no device '%.150s'",
				   id);
	return rc < 0 ? -1 : 0;
}

static int explain_past(struct explain_job *it, struct explain_room *room,
			struct problem *p)
{
	struct past *past = &room->past;

	past->site = it->job.site;
	past->session = it->session = it->job.session;
	past->present = it->job.view;
	past->device = it->job.call->id;
	past->then_s = it->at_s;
	if (past_open(past, p) < 0)
		return -1;
	room->record = past->replay.record;
	it->basis = BASIS_PAST;
	it->job.body = answer(it->job.call, it, room, past->view, p);
	past_close(past);
	return it->job.body != NULL ? 0 : -1;
}

static int explain_ahead(struct explain_job *it, struct explain_room *room,
			 struct problem *p)
{
	struct job *job = &it->job;

	if (read_device(site_backend(job->site)->ops, job->session, job->call->id,
			&room->record, p) < 0)
		return -1;
	it->session = job->session;
	it->basis = it->at_s > job->now_s ? BASIS_AHEAD : BASIS_PRESENT;
	job->body = answer(job->call, it, room, job->view, p);
	return job->body != NULL ? 0 : -1;
}

static int explain_at(struct job *job, struct problem *p)
{
	struct explain_job *it = (struct explain_job *)job;
	struct explain_room *room = malloc(sizeof *room);

	if (room == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "explaining: out of memory");
	int rc = it->at_s < job->now_s ? explain_past(it, room, p)
				       : explain_ahead(it, room, p);
	free(room);
	return rc;
}

static void explain_now(struct call *call, struct explain_job *it)
{
	struct desk *desk = call->desk;
	struct explain_room *room = exchange_allocate(call->exchange, sizeof *room);
	struct problem p;

	problem_set(&p, PROBLEM_NO_MEMORY, "explaining: out of memory");
	if (room == NULL || read_device(site_backend(desk->site)->ops, desk->session,
					call->id, &room->record, &p) < 0) {
		call_problem(call, &p);
		return;
	}
	struct view *view = site_view(desk->site);
	it->at_s = site_now(desk->site);
	it->basis = BASIS_PRESENT;
	it->session = desk->session;
	json_t *body = answer(call, it, room, view, &p);
	view_give(view);
	if (body != NULL)
		call_reply(call, 200, body);
	else
		call_problem(call, &p);
}

void api_device_explain(struct call *call)
{
	struct explain_job *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;

	if (it == NULL) {
		problem_set(&p, PROBLEM_NO_MEMORY, "explaining: out of memory");
		call_problem(call, &p);
		return;
	}
	if (!read_question(call, it))
		return;
	if (it->at_s == INSTANT_NONE) {
		explain_now(call, it);
		return;
	}
	it->job.call = call;
	it->job.work = explain_at;
	it->job.reply = job_reply_body;
	job_start(&it->job);
}
