/* Feedback: what a device says of an action, taken into its flow on the writer thread.
 *
 * A report is answered after the commit that holds it.  One for another device's action
 * is 404, leaves a line in the log and nothing else.  One for an action of its own that
 * is over: repeated and harmless is 200, what came too late is kept as evidence and told
 * 410.
 */

#include <string.h>

#include "engine/passage.h"
#include "engine/problem.h"
#include "protocol/ddi/call.h"
#include "protocol/ddi/feedback.h"
#include "protocol/server/log.h"

/* The flow that the path names, when it is not the device's present one: 1 and one of its
 * own that is over, or -1 with *p told. */
static int find_old(struct ddi_call *call, struct flow *flow, struct problem *p)
{
	struct change *change = &call->change;
	int rc = site_backend(change->site)
			 ->ops->flow_read(change->session, call->route.id, flow,
					  call->owner, p);

	if (rc < 0)
		return -1;
	if (rc == 0)
		call->owner[0] = '\0';
	if (rc == 1 && strcmp(call->owner, call->route.device) == 0) {
		call->owner[0] = '\0';
		return 1;
	}
	call->fault = FAULT_NOT_FOUND;
	return problem_set(p, PROBLEM_NOT_FOUND, "this device has no such action");
}

/* The next action may have begun with the very facts that ended the last one: a device
 * that now says what they showed is no news, and in no error. */
static bool agrees(enum flow_state claim, enum flow_state ended)
{
	bool succeeds = claim == FLOW_VERIFIED || claim == FLOW_REMOVED;

	return claim == ended || (succeeds && ended == FLOW_UNVERIFIED);
}

static int take_old_report(struct ddi_call *call, struct problem *p)
{
	struct flow flow;

	if (find_old(call, &flow, p) < 0)
		return -1;
	if (agrees(feedback_claim(call->body, &flow), flow.state))
		return 0;
	call->fault = FAULT_CLOSED;
	return problem_set(p, PROBLEM_CONFLICT, "this action is over");
}

/* A word that moves nothing, and is worth keeping all the same. */
static void note(struct ddi_call *call, const struct feedback *feedback)
{
	struct change *change = &call->change;
	const struct flow *flow = &change->record->history.flow;

	if (feedback->execution != EXECUTION_CANCELED &&
	    feedback->execution != EXECUTION_REJECTED)
		return;
	struct event *event = outcome_add(change->outcome, EVENT_IGNORED, change->now_s);
	event->flow = flow->id;
	event->key = flow->key;
	event->code = feedback->code;
	snprintf(event->note, sizeof event->note, "%s: %.200s",
		 feedback->defers ? "the device puts it off" : "the device refuses",
		 feedback->text);
}

static int take_report(struct ddi_call *call, struct problem *p)
{
	struct change *change = &call->change;
	const struct feedback *feedback = call->body;
	const struct flow *flow = &change->record->history.flow;
	struct report report = { .sequence = feedback->sequence, .code = feedback->code };

	if (flow->state == FLOW_NONE || flow->id != call->route.id)
		return take_old_report(call, p);
	_Static_assert(sizeof report.text == sizeof feedback->text, "one line");
	memcpy(report.text, feedback->text, sizeof report.text);
	report.state = feedback_claim(feedback, flow);
	if (report.state == FLOW_NONE) {
		if (flow->state == FLOW_WITHDRAWN || flow->state == FLOW_EXPIRED)
			call->fault = FAULT_CLOSED;
		else
			note(call, feedback);
		return 0;
	}
	bool was_final = flow_state_is_final(flow->state);
	enum report_result result =
		passage_report(change->record, flow->id, &report, change->decision,
			       change->now_s, change->outcome);
	if (result == REPORT_LATE)
		call->fault = FAULT_CLOSED;
	/* What comes next is begun here, so that the next poll finds it without a write.
	 */
	if (!was_final && flow_state_is_final(flow->state))
		return change_settle(change, p);
	return 0;
}

static int take_stop(struct ddi_call *call, struct problem *p)
{
	struct change *change = &call->change;
	const struct feedback *feedback = call->body;
	const struct flow *flow = &change->record->history.flow;
	enum stop_answer stop = feedback_stop(feedback);
	struct flow old;

	if (flow->state == FLOW_NONE || flow->id != call->route.id) {
		if (find_old(call, &old, p) < 0)
			return -1;
		flow = &old;
	}
	if (flow == &old || !flow->withdrawing) {
		if (flow->state == FLOW_WITHDRAWN && stop == STOP_DONE)
			return 0; /* said twice */
		call->fault = FAULT_NOT_CANCELABLE;
		return problem_set(p, PROBLEM_CONFLICT,
				   "nobody asked to stop this action");
	}
	if (stop == STOP_NOTE)
		return 0;
	passage_stopped(change->record, flow->id, stop == STOP_DONE, change->now_s,
			change->outcome);
	return change_settle(change, p);
}

static void answer(struct ddi_call *call)
{
	if (call->fault != FAULT_NONE)
		ddi_reply_fault(call, call->fault, "this action is over");
	else
		ddi_reply_done(call);
}

static void log_foreign(struct ddi_call *call)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, "report.foreign");
	log_text(&line, "device", call->route.device);
	log_number(&line, "flow", call->route.id);
	log_text(&line, "owner", call->owner);
	log_text(&line, "peer", exchange_request(call->exchange)->peer);
	log_end(&line);
}

/* Before the answer, for the call is gone after it. */
static void on_refused(struct ddi_call *call)
{
	if (call->owner[0] != '\0')
		log_foreign(call);
}

static void take(struct ddi_call *call, int (*apply)(struct ddi_call *, struct problem *))
{
	const struct http_request *request = exchange_request(call->exchange);
	struct feedback *feedback = exchange_allocate(call->exchange, sizeof *feedback);
	struct problem p;

	if (feedback == NULL) {
		ddi_reply_fault(call, FAULT_BUSY, "the server is short of memory");
		return;
	}
	if (feedback_read(request->body, request->body_size, feedback, &p) < 0) {
		ddi_reply_fault(call,
				p.kind == PROBLEM_BAD_INPUT ? FAULT_BAD_BODY : FAULT_BUSY,
				p.text);
		return;
	}
	call->body = feedback;
	call->refused = on_refused;
	ddi_change(call, apply, answer);
}

void ddi_deployment_feedback(struct ddi_call *call)
{
	take(call, take_report);
}

void ddi_cancel_feedback(struct ddi_call *call)
{
	take(call, take_stop);
}
