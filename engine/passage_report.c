/* What a device says of its flow, and what becomes of that (DESIGN 2.7): the state table
 * decides which report is legal, the facts how far a success is believed.  Whatever is
 * repeated, late or out of order changes nothing. */

#include <stdio.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/passage_private.h"

static void ignore(struct device_record *record, int64_t flow_id,
		   const struct report *report, const char *why, int64_t now_s,
		   struct outcome *outcome)
{
	struct event *event = outcome_add(outcome, EVENT_IGNORED, now_s);

	event->flow = flow_id;
	event->key = record->history.flow.key;
	event->code = report->code;
	snprintf(event->note, sizeof event->note, "%s: %s %.150s", why,
		 flow_state_name(report->state), report->text);
}

static bool claims_success(enum flow_state state)
{
	return state == FLOW_INSTALLED || state == FLOW_VERIFIED || state == FLOW_REMOVED;
}

/* Offers, expiry and withdrawal are ours to say; unverified is what we make of a
 * claim. */
static bool is_devices_word(enum flow_state state)
{
	return state != FLOW_NONE && state != FLOW_OFFERED && state != FLOW_EXPIRED &&
	       state != FLOW_WITHDRAWN && state != FLOW_UNVERIFIED;
}

/* Success is what the device shows: the claim moves the flow only as far as the facts
 * bear it out. */
static void claim_success(struct device_record *record, const struct report *report,
			  const struct decision *d, int64_t now_s,
			  struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;
	enum flow_state end = passage_achieved(record, d);
	const struct fact *build = facts_find(&record->facts, "os.build");

	if (end != FLOW_NONE) {
		struct ending shown = { end, report->code, report->text };
		passage_end(record, &shown, d, now_s, outcome);
		return;
	}
	if (flow->kind == FLOW_INSTALL && report->state == FLOW_VERIFIED &&
	    (build == NULL || build->source == FACT_ASSERTED)) {
		struct ending unshown = {
			FLOW_UNVERIFIED, report->code,
			"reported as installed; the device reports no build"
		};
		passage_end(record, &unshown, d, now_s, outcome);
		return;
	}
	enum flow_state to =
		flow->kind == FLOW_INSTALL ? FLOW_INSTALLED : FLOW_RESTART_PENDING;
	bool moves = flow_may_move(flow->kind, flow->state, to);
	if (moves)
		passage_move(record, to, report->code, report->text, now_s, outcome);
	if (restart_is_over(flow, &record->facts)) {
		struct ending belied = { flow->kind == FLOW_INSTALL ? FLOW_UNVERIFIED
								    : FLOW_FAILED,
					 report->code,
					 "said to be done, but after its restart the "
					 "facts show the old level" };
		passage_end(record, &belied, d, now_s, outcome);
		return;
	}
	if (!moves)
		ignore(record, flow->id, report, "said again", now_s, outcome);
	record->facts_wanted = true;
	outcome->identity_changed = true;
}

/* A legal report from a flow that is on its way. */
static void take(struct device_record *record, const struct report *report,
		 const struct decision *d, int64_t now_s, struct outcome *outcome)
{
	if (claims_success(report->state)) {
		claim_success(record, report, d, now_s, outcome);
	} else if (flow_state_is_final(report->state)) {
		struct ending said = { report->state, report->code, report->text };
		passage_end(record, &said, d, now_s, outcome);
	} else {
		passage_move(record, report->state, report->code, report->text, now_s,
			     outcome);
	}
}

enum report_result passage_report(struct device_record *record, int64_t flow_id,
				  const struct report *report, const struct decision *d,
				  int64_t now_s, struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;

	if (flow->state == FLOW_NONE || flow->id != flow_id)
		return REPORT_UNKNOWN;
	if (report->sequence != 0 && report->sequence <= flow->sequence)
		return REPORT_REPEATED;
	if (report->sequence != 0) {
		flow->sequence = report->sequence;
		outcome->history_changed = true;
	}
	if (flow->state == report->state)
		return REPORT_REPEATED;
	if (flow_state_is_final(flow->state)) {
		ignore(record, flow_id, report, "after the end", now_s, outcome);
		return flow->state == FLOW_WITHDRAWN || flow->state == FLOW_EXPIRED
			       ? REPORT_LATE
			       : REPORT_REPEATED;
	}
	if (!is_devices_word(report->state) ||
	    !flow_may_move(flow->kind, flow->state, report->state)) {
		ignore(record, flow_id, report, "not legal now", now_s, outcome);
		return REPORT_REPEATED;
	}
	take(record, report, d, now_s, outcome);
	request_flow_moved(record, now_s, outcome);
	return REPORT_TAKEN;
}

void passage_stopped(struct device_record *record, int64_t flow_id, bool did_stop,
		     int64_t now_s, struct outcome *outcome)
{
	static const struct decision none = { .line = NULL };
	struct flow *flow = &record->history.flow;

	if (flow->id != flow_id || !flow->withdrawing)
		return;
	if (did_stop) {
		struct ending stopped = { FLOW_WITHDRAWN, 0, "the device stopped" };
		passage_end(record, &stopped, &none, now_s, outcome);
		return;
	}
	/* It cannot stop any more: so it has begun, goes to its end and is counted. */
	enum flow_state begun =
		flow->kind == FLOW_INSTALL ? FLOW_INSTALLING : FLOW_REMOVING;
	passage_move(record, begun, flow->code, "the device goes on", now_s, outcome);
	request_flow_moved(record, now_s, outcome);
}
