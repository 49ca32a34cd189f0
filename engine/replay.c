#include "engine/replay.h"

#include <stdio.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"

static bool is_running(const struct flow *flow)
{
	return flow->state != FLOW_NONE && !flow_state_is_final(flow->state);
}

static void begin_flow(struct device_record *record, const struct event *event)
{
	struct flow *flow = &record->history.flow;

	*flow = (struct flow){ .id = event->flow,
			       .kind = event->flow_kind,
			       .key = event->key,
			       .release_kind = event->release_kind,
			       .offered_s = event->at_s,
			       .install_by_s = event->time_s,
			       .ends_recovery = event->ends_recovery };
	memcpy(flow->ring, event->ring, sizeof flow->ring);
	if (flow->kind != FLOW_INSTALL)
		return;
	struct mark *mark = history_mark_open(&record->history, &flow->key, event->at_s);
	if (mark->first_offered_s == 0)
		mark->first_offered_s = event->at_s;
}

static void enter_state(struct flow *flow, const struct event *event)
{
	enum flow_state to = event->to;

	/* What was never fetched is withdrawn without asking anybody to stop. */
	if (to == FLOW_WITHDRAWN && !flow->withdrawing)
		flow->generation++;
	flow->state = to;
	flow->changed_s = event->at_s;
	flow->code = event->code;
	flow->lease_s = flow_state_is_final(to) ? 0 : event->at_s + flow_lease_s(to);
	if (to == FLOW_RESTART_PENDING && flow->pending_since_s == 0)
		flow->pending_since_s = event->at_s;
	if (to == FLOW_RESTART_PENDING && event->time_s != 0) {
		/* That word came late: the restart was before it. */
		flow->pending_since_s = event->time_s - 1;
		flow->lease_s = event->at_s + flow_lease_s(FLOW_INSTALLING);
	}
	if (flow_state_is_final(to) || flow_state_is_committed(to))
		flow->withdrawing = false; /* it ended, or goes to its end */
}

/* What the end of an install leaves on the mark of its release. */
static void leave_mark(struct device_record *record, const struct event *event)
{
	const struct flow *flow = &record->history.flow;
	struct mark *mark = history_mark_open(&record->history, &flow->key, event->at_s);
	bool said_so = event->from != FLOW_INSTALLING;

	switch (event->to) {
	case FLOW_VERIFIED:
		mark->failures = mark->unshown = 0;
		mark->not_applicable = mark->unverifiable = false;
		break;
	case FLOW_EXPIRED:
		if (flow->retrieved_s == 0)
			break; /* a device that was away has not failed */
		mark->failures++;
		mark->last_failed_s = event->at_s;
		break;
	case FLOW_FAILED:
		mark->failures++;
		mark->last_failed_s = event->at_s;
		break;
	case FLOW_NOT_APPLICABLE:
		mark->not_applicable = true;
		break;
	case FLOW_UNVERIFIED:
		mark->unshown += said_so;
		mark->failures += !said_so;
		mark->last_failed_s = event->at_s;
		mark->unverifiable |= event->unverifiable;
		break;
	default:
		break;
	}
}

/* A step of what a person asked for has ended: failures are counted, and the next step
 * starts afresh. */
static void count_step(struct device_record *record, enum flow_state ended)
{
	struct request *request = &record->history.request;
	const struct flow *flow = &record->history.flow;

	if (!request_owns_flow(request, flow))
		return;
	switch (ended) {
	case FLOW_REMOVED:
		request->failures = 0;
		break;
	case FLOW_EXPIRED:
		request->failures += flow->retrieved_s != 0;
		break;
	case FLOW_FAILED:
	case FLOW_NOT_APPLICABLE:
	case FLOW_UNVERIFIED:
		request->failures++;
		break;
	default:
		break; /* withdrawn or declined */
	}
}

static void apply_flow(struct device_record *record, const struct event *event)
{
	struct flow *flow = &record->history.flow;

	if (event->from == FLOW_NONE)
		begin_flow(record, event);
	if (flow->id != event->flow)
		return;
	enter_state(flow, event);
	if (!flow_state_is_final(event->to))
		return;
	if (flow->kind == FLOW_INSTALL)
		leave_mark(record, event);
	count_step(record, event->to);
}

static void apply_request(struct device_record *record, const struct event *event)
{
	struct request *request = &record->history.request;

	if (event->request != REQUEST_NONE)
		*request = (struct request){ .kind = event->request,
					     .wait = event->wait,
					     .key = event->key,
					     .removed_published_s = event->time_s,
					     .at_s = event->at_s };
	else if (request->state == RECOVERY_STUCK)
		request->failures = 0; /* tried again */
	request->state = event->recovery;
	/* "stuck: why" */
	const char *why = strstr(event->note, ": ");
	snprintf(request->reason, sizeof request->reason, "%.*s",
		 (int)sizeof request->reason - 1,
		 event->recovery == RECOVERY_STUCK && why != NULL ? why + 2 : "");
}

static void apply_block(struct device_record *record, const struct event *event)
{
	struct problem ignored; /* it was allowed when it happened */

	if (event->block != BLOCK_UNINSTALLED) {
		(void)history_block(&record->history, &event->key,
				    event->block == BLOCK_OPERATOR, event->at_s,
				    &ignored);
		return;
	}
	struct mark *mark = history_mark_open(&record->history, &event->key, event->at_s);
	mark->block = BLOCK_UNINSTALLED;
	mark->blocked_s = event->at_s;
}

static void apply_retry(struct device_record *record, const struct event *event)
{
	struct mark *mark = (struct mark *)history_mark(&record->history, &event->key);

	if (mark == NULL)
		return;
	mark->not_applicable = false;
	mark->unverifiable = event->unverifiable;
	if (event->kind == EVENT_RETRY)
		mark->failures = mark->unshown = 0;
}

/* The device's own word on the restart it was waiting for comes now or not at all. */
static void apply_restart(struct device_record *record, int64_t at_s)
{
	struct flow *flow = &record->history.flow;
	int64_t lease_s = at_s + flow_lease_s(FLOW_INSTALLING);

	record->restarts++;
	if (flow->state == FLOW_RESTART_PENDING && lease_s < flow->lease_s)
		flow->lease_s = lease_s;
}

void record_apply(struct device_record *record, const struct event *event)
{
	struct flow *flow = &record->history.flow;
	bool ours = flow->state != FLOW_NONE && flow->id == event->flow;

	switch (event->kind) {
	case EVENT_FLOW:
		apply_flow(record, event);
		break;
	case EVENT_RETRIEVED:
		if (ours)
			flow->retrieved_s = event->at_s;
		break;
	case EVENT_RECALLED:
		flow->generation += ours;
		flow->withdrawing |= ours && is_running(flow);
		break;
	case EVENT_REQUEST:
		apply_request(record, event);
		break;
	case EVENT_BLOCK:
		apply_block(record, event);
		break;
	case EVENT_RETRY:
	case EVENT_RECONSIDERED:
		apply_retry(record, event);
		break;
	case EVENT_RESTARTED:
		apply_restart(record, event->at_s);
		break;
	case EVENT_PAUSED:
		record->history.paused_until_s = event->time_s;
		break;
	case EVENT_ENROLLED:
	case EVENT_FACTS:
	case EVENT_IGNORED:
	case EVENT_ADOPTED:
	case EVENT_FORGOTTEN:
	case EVENT_KINDS:
		break;
	}
}

void replay_init(struct replay *replay, const char *device)
{
	device_record_init(&replay->record, device, 0);
	replay->known = false;
	replay->first_s = replay->forgotten_s = INSTANT_NONE;
}

/* It is there from now on, as new. */
static void come(struct replay *replay, int64_t at_s)
{
	char id[sizeof replay->record.id];

	memcpy(id, replay->record.id, sizeof id);
	device_record_init(&replay->record, id, at_s);
	replay->known = true;
	if (replay->first_s == INSTANT_NONE)
		replay->first_s = at_s;
}

void replay_event(struct replay *replay, const struct event *event)
{
	if (event->kind == EVENT_FORGOTTEN) {
		replay->known = false;
		replay->forgotten_s = event->at_s;
		return;
	}
	/* Whatever is told of a device tells that it is there. */
	if (event->kind == EVENT_ENROLLED || !replay->known)
		come(replay, event->at_s);
	record_apply(&replay->record, event);
}

int replay_fact(struct replay *replay, const struct fact_change *change,
		struct problem *p)
{
	struct device_record *record = &replay->record;

	if (replay->first_s == INSTANT_NONE)
		come(replay, change->at_s);
	if (change->name[0] == '\0' && change->removed) {
		/* Also of KBs that it showed; those of a device of that name follow. */
		facts_init(&record->facts);
		record->history.sighting_count = 0;
		return 0;
	}
	if (change->name[0] == '\0')
		facts_confirm(&record->facts, change->at_s);
	else if (change->removed)
		facts_remove(&record->facts, change->name);
	else if (facts_set(&record->facts, change->name, change->value, change->at_s,
			   change->source, NULL, p) < 0)
		return problem_while(p, "replaying the facts of '%s'", record->id);
	history_saw(&record->history, &record->facts, change->at_s);
	return 0;
}
