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

/* The action is none of this device's present ones: say whose it is. */
static int refuse_foreign(struct ddi_call *call, enum fault when_own, struct problem *p)
{
	struct change *change = &call->change;
	struct flow flow;
	int rc = site_backend(change->site)
			 ->ops->flow_read(change->session, call->route.id, &flow,
					  call->owner, p);

	if (rc < 0)
		return -1;
	if (rc == 0)
		call->owner[0] = '\0';
	if (rc == 1 && strcmp(call->owner, call->route.device) == 0) {
		call->owner[0] = '\0';
		call->fault = when_own;
		return problem_set(p, PROBLEM_CONFLICT, "this action is over");
	}
	call->fault = FAULT_NOT_FOUND;
	return problem_set(p, PROBLEM_NOT_FOUND, "this device has no such action");
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

	if (flow->id != call->route.id)
		return refuse_foreign(call, FAULT_CLOSED, p);
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

	if (flow->id != call->route.id)
		return refuse_foreign(call, FAULT_NOT_CANCELABLE, p);
	if (!flow->withdrawing) {
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
