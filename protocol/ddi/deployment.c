/* What an action is: deploymentBase, installedBase and cancelAction, for reading.
 *
 * The first GET of a running action is noted with the flow before it is answered, for a
 * device that never saw its offer needs not be told to stop. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/passage.h"
#include "engine/problem.h"
#include "protocol/ddi/call.h"
#include "protocol/ddi/document.h"
#include "protocol/ddi/json_out.h"
#include "protocol/ddi/scene.h"

static const char not_yours[] = "this device has no such action";

static bool is_running(const struct flow *flow)
{
	return flow->state != FLOW_NONE && !flow_state_is_final(flow->state);
}

const struct flow *ddi_find_flow(struct ddi_call *call, struct flow *room,
				 struct problem *p)
{
	const struct device_record *record = &call->desk->record;
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	char device[LIMIT_DEVICE_ID + 1];

	if (call->route.id == 0)
		return NULL;
	if (record->history.flow.id == call->route.id)
		return &record->history.flow;
	int rc = ops->flow_read(call->desk->session, call->route.id, room, device, p);
	if (rc < 0)
		call->fault = FAULT_BROKEN;
	return rc == 1 && strcmp(device, call->route.device) == 0 ? room : NULL;
}

/* As ddi_find_flow, but answers when there is none. */
static const struct flow *find_or_refuse(struct ddi_call *call, struct flow *room)
{
	struct problem p;
	const struct flow *flow = ddi_find_flow(call, room, &p);

	if (flow == NULL && call->fault != FAULT_NONE)
		ddi_reply_problem(call, &p);
	else if (flow == NULL)
		ddi_reply_fault(call, FAULT_NOT_FOUND, not_yours);
	return flow;
}

/* How many lines of history are asked for: 0 for none.  False when it is no number. */
static bool read_history_query(const struct http_request *request, size_t *lines)
{
	char text[24], *end;

	*lines = 0;
	if (!http_query(request, "actionHistory", text, sizeof text) || text[0] == '\0')
		return true;
	long value = strtol(text, &end, 10);
	if (*end != '\0')
		return false;
	*lines = value < 0 || value > HISTORY_LINES ? HISTORY_LINES : (size_t)value;
	return true;
}

/* The device's own words, kept in a ring while they come in oldest first. */
struct gathering {
	struct action_history *history;
	size_t wanted, seen;
};

/* The server's own notes are about what it did by itself. */
static bool is_of_the_device(const struct event *event)
{
	if (event->note[0] == '\0' || event->kind != EVENT_FLOW)
		return false;
	return event->to != FLOW_OFFERED && event->to != FLOW_WITHDRAWN &&
	       event->to != FLOW_EXPIRED;
}

static int gather(void *owner, const struct event *event)
{
	struct gathering *g = owner;

	if (!is_of_the_device(event))
		return 0;
	snprintf(g->history->lines[g->seen++ % g->wanted], HISTORY_LINE, "%s",
		 event->note);
	return 0;
}

static void turn_newest_first(struct gathering *g, struct action_history *out)
{
	out->count = g->seen < g->wanted ? g->seen : g->wanted;
	for (size_t i = 0; i < out->count; i++)
		memcpy(out->lines[i], g->history->lines[(g->seen - 1 - i) % g->wanted],
		       HISTORY_LINE);
}

/* NULL without memory or with *p told. */
static struct action_history *read_history(struct ddi_call *call, size_t lines,
					   struct problem *p)
{
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	struct action_history *out = exchange_allocate(call->exchange, sizeof *out);
	struct action_history *ring = exchange_allocate(call->exchange, sizeof *ring);
	struct gathering g = { ring, lines, 0 };

	if (out == NULL || ring == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "the server is short of memory");
		return NULL;
	}
	if (ops->flow_events(call->desk->session, call->route.device, call->route.id,
			     gather, &g, p) < 0)
		return NULL;
	turn_newest_first(&g, out);
	return out;
}

static void answer(struct ddi_call *call, const struct flow *flow, struct offer offer,
		   const struct view *view)
{
	struct scene_room room;
	struct scene scene = scene_of(call, view, &room);
	const struct action_history *history = NULL;
	struct buffer buffer;
	struct problem p;
	size_t lines;

	if (!read_history_query(exchange_request(call->exchange), &lines)) {
		ddi_reply_fault(call, FAULT_BAD_REQUEST, "actionHistory is no number");
		return;
	}
	if (lines > 0) {
		history = read_history(call, lines, &p);
		if (history == NULL) {
			ddi_reply_problem(call, &p);
			return;
		}
	}
	buffer_init(&buffer, DOCUMENT_MOST);
	if (document_deployment(&buffer, &scene, flow, offer, history))
		ddi_reply_document(call, &buffer, false);
	else
		ddi_reply_fault(call, FAULT_BUSY, "the server is short of memory");
	buffer_fini(&buffer);
}

/* Finished actions are still told what they were; stopped ones are not. */
static struct offer offer_to_read(const struct ddi_call *call, const struct flow *flow)
{
	const struct device_record *record = &call->desk->record;
	struct offer plain = { OFFER_DEPLOYMENT, false };
	struct offer nothing = { OFFER_NOTHING, false };

	if (flow->id == record->history.flow.id) {
		struct offer offer = offer_of(record, &call->desk->decision);
		if (offer.kind == OFFER_STOP)
			return nothing;
		if (offer.kind != OFFER_NOTHING ||
		    (is_running(flow) && flow->state != FLOW_INSTALLED))
			return offer;
	}
	switch (flow->state) {
	case FLOW_WITHDRAWN:
	case FLOW_EXPIRED:
		return nothing;
	default:
		return plain;
	}
}

static void answer_deployment(struct ddi_call *call)
{
	struct desk *desk = call->desk;
	struct flow room;
	const struct flow *flow = find_or_refuse(call, &room);

	if (flow == NULL)
		return;
	struct view *view = site_view(desk->site);
	site_decide(desk->site, view, &desk->record, site_now(desk->site),
		    &desk->decision);
	struct offer offer = offer_to_read(call, flow);
	if (offer.kind == OFFER_NOTHING)
		ddi_reply_fault(call, FAULT_NOT_FOUND,
				"this action is not offered any more, or not yet");
	else
		answer(call, flow, offer, view);
	view_give(view);
}

static int note_retrieved(struct ddi_call *call, struct problem *p)
{
	struct change *change = &call->change;
	(void)p;
	passage_retrieved(change->record, call->route.id, change->now_s, change->outcome);
	return 0;
}

void ddi_deployment(struct ddi_call *call)
{
	const struct flow *flow = &call->desk->record.history.flow;

	if (flow->id == call->route.id && is_running(flow) && flow->retrieved_s == 0)
		ddi_change(call, note_retrieved, answer_deployment);
	else
		answer_deployment(call);
}

void ddi_installed(struct ddi_call *call)
{
	struct desk *desk = call->desk;
	struct flow room;
	const struct flow *flow = find_or_refuse(call, &room);

	if (flow == NULL)
		return;
	if (flow->state != FLOW_VERIFIED && flow->state != FLOW_UNVERIFIED) {
		ddi_reply_fault(call, FAULT_NOT_FOUND,
				"this action did not end as installed");
		return;
	}
	struct view *view = site_view(desk->site);
	site_decide(desk->site, view, &desk->record, site_now(desk->site),
		    &desk->decision);
	answer(call, flow, (struct offer){ OFFER_DEPLOYMENT, false }, view);
	view_give(view);
}

void ddi_cancel(struct ddi_call *call)
{
	struct flow room;
	const struct flow *flow = find_or_refuse(call, &room);
	char json[128], id[24];
	struct buffer buffer;

	if (flow == NULL)
		return;
	if (flow->state != FLOW_WITHDRAWN && !(is_running(flow) && flow->withdrawing)) {
		ddi_reply_fault(call, FAULT_NOT_FOUND,
				"this action is not to be stopped");
		return;
	}
	snprintf(id, sizeof id, "%" PRId64, flow->id);
	snprintf(json, sizeof json,
		 "{\"id\":\"%s\",\"cancelAction\":{\"stopId\":\"%s\"}}", id, id);
	buffer_init(&buffer, sizeof json);
	if (buffer_text(&buffer, json))
		ddi_reply_document(call, &buffer, false);
	else
		ddi_reply_fault(call, FAULT_BUSY, "the server is short of memory");
	buffer_fini(&buffer);
}
