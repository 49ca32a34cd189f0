/* The reporting service: what became of what agents were told (MS-WUSP 3.1.5.11 and on).
 *
 * A batch of events is one change of its device, answered after the commit that holds it.
 * Events are taken by the time they happened; one whose id was seen before is no news.
 * One about the update that the running flow is for becomes a report of that flow; any
 * other is kept as evidence where it is about an update at all. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/passage.h"
#include "engine/problem.h"
#include "engine/utf8.h"
#include "protocol/server/log.h"
#include "protocol/wusp/computers.h"
#include "protocol/wusp/events.h"
#include "protocol/wusp/library.h"

/* A batch is what gathered since the last one; agents send a few dozen at most.  What a
 * flow does in it, to its end and into the next, needs less than EVENTS_SPARE places of
 * an outcome; evidence takes no more than the others. */
enum {
	EVENTS_MOST = 1000,
	EVENTS_SPARE = 32,
	STRINGS_MOST = 64,
	STRING_MOST = 64 * 1024,
	LATE_S = 60
};
_Static_assert((int)EVENTS_SPARE < (int)OUTCOME_EVENTS, "there is room for evidence");

struct strings {
	struct soap_list list; /* struct soap_text */
};

struct sent_event {
	struct basic_data {
		struct target {
			struct guid sid;
		} target;
		int64_t at_s;
		bool has_time;
		struct guid instance;
		int64_t event, result;
		struct update_id {
			struct guid id;
			int64_t revision;
		} update;
	} basic;
	struct extended_data {
		struct strings replacements, more;
	} extended;
};

struct event_batch {
	struct soap_list list; /* struct sent_event */
};

struct report_event_batch {
	struct wusp_cookie cookie;
	struct soap_text computer_id; /* of the second form, which has no cookie */
	int64_t client_time_s;
	bool has_client_time;
	struct event_batch batch;
};

/* --- the messages ----------------------------------------------------------------- */

#define ONE(type, member, word, what)                                                    \
	{                                                                                \
		.name = word, .kind = what, .offset = offsetof(type, member)             \
	}
#define PART(type, member, word, of)                                                     \
	{                                                                                \
		.name = word, .kind = SOAP_GROUP, .offset = offsetof(type, member),      \
		.group = &(of)                                                           \
	}
#define GROUP(type, fields)                                                              \
	{                                                                                \
		sizeof(type), sizeof(fields) / sizeof(fields[0]), fields                 \
	}

static const struct soap_field target_fields[] = {
	ONE(struct target, sid, "Sid", SOAP_GUID),
};
static const struct soap_group target = GROUP(struct target, target_fields);
static const struct soap_field update_fields[] = {
	ONE(struct update_id, id, "UpdateID", SOAP_GUID),
	ONE(struct update_id, revision, "RevisionNumber", SOAP_INT),
};
static const struct soap_group update_group = GROUP(struct update_id, update_fields);
static const struct soap_field basic_fields[] = {
	PART(struct basic_data, target, "TargetID", target),
	{ .name = "TimeAtTarget",
	  .kind = SOAP_TIME,
	  .offset = offsetof(struct basic_data, at_s),
	  .tells = true,
	  .tells_offset = offsetof(struct basic_data, has_time) },
	ONE(struct basic_data, instance, "EventInstanceID", SOAP_GUID),
	ONE(struct basic_data, event, "EventID", SOAP_INT),
	PART(struct basic_data, update, "UpdateID", update_group),
	ONE(struct basic_data, result, "Win32HResult", SOAP_INT),
};
static const struct soap_group basic = GROUP(struct basic_data, basic_fields);
static const struct soap_field string_fields[] = {
	{ .name = "string",
	  .kind = SOAP_TEXT,
	  .most = STRINGS_MOST,
	  .size_most = STRING_MOST },
};
static const struct soap_group strings = GROUP(struct strings, string_fields);
static const struct soap_field extended_fields[] = {
	PART(struct extended_data, replacements, "ReplacementStrings", strings),
	PART(struct extended_data, more, "MiscData", strings),
};
static const struct soap_group extended = GROUP(struct extended_data, extended_fields);
static const struct soap_field event_fields[] = {
	PART(struct sent_event, basic, "BasicData", basic),
	PART(struct sent_event, extended, "ExtendedData", extended),
};
static const struct soap_group event_group = GROUP(struct sent_event, event_fields);
static const struct soap_field batch_fields[] = {
	{ .name = "ReportingEvent",
	  .kind = SOAP_GROUP,
	  .most = EVENTS_MOST,
	  .group = &event_group },
};
static const struct soap_group batch = GROUP(struct event_batch, batch_fields);

#define CLIENT_TIME                                                                      \
	{                                                                                \
		.name = "clientTime", .kind = SOAP_TIME,                                 \
		.offset = offsetof(struct report_event_batch, client_time_s),            \
		.tells = true,                                                           \
		.tells_offset = offsetof(struct report_event_batch, has_client_time)     \
	}
static const struct soap_field report_fields[] = {
	WUSP_COOKIE_FIELD(struct report_event_batch, cookie),
	CLIENT_TIME,
	PART(struct report_event_batch, batch, "eventBatch", batch),
};
static const struct soap_group report_group =
	GROUP(struct report_event_batch, report_fields);
static const struct soap_field report2_fields[] = {
	ONE(struct report_event_batch, computer_id, "computerId", SOAP_TEXT),
	CLIENT_TIME,
	PART(struct report_event_batch, batch, "eventBatch", batch),
};
static const struct soap_group report2_group =
	GROUP(struct report_event_batch, report2_fields);
static const struct soap_field inventory_fields[] = {
	WUSP_COOKIE_FIELD(struct report_event_batch, cookie),
};
static const struct soap_group inventory_group =
	GROUP(struct report_event_batch, inventory_fields);

/* --- events ----------------------------------------------------------------------- */

/* By the server's clock, as far as the agent says how far its own is off. */
static int64_t event_time(const struct report_event_batch *sent,
			  const struct sent_event *event, int64_t now_s)
{
	if (!event->basic.has_time || !sent->has_client_time)
		return now_s;
	int64_t age_s = sent->client_time_s - event->basic.at_s;
	return age_s > 0 ? now_s - age_s : now_s;
}

static void write_note(const struct sent_event *event,
		       const struct event_meaning *meaning, char *note, size_t size)
{
	const struct strings *texts = &event->extended.replacements;
	const struct soap_text *last =
		texts->list.count == 0 ? NULL
				       : (const struct soap_text *)texts->list.items +
						 texts->list.count - 1;

	snprintf(note, size, "%" PRId64 " %s%s%.120s", event->basic.event,
		 meaning->words == NULL ? "an event nobody knows" : meaning->words,
		 last == NULL || last->size == 0 ? "" : ": ",
		 last == NULL || last->at == NULL ? "" : last->at);
	utf8_scrub(note);
}

static bool has_room(const struct change *change)
{
	return change->outcome->count + EVENTS_SPARE < OUTCOME_EVENTS;
}

static void keep_evidence(struct change *change, const struct sent_event *event,
			  const struct event_meaning *meaning,
			  const struct update *update)
{
	struct event *kept = outcome_add(change->outcome, EVENT_IGNORED, change->now_s);

	if (update != NULL)
		kept->key = update->key;
	kept->code = (uint32_t)event->basic.result;
	write_note(event, meaning, kept->note, sizeof kept->note);
}

/* How many updates a status names under a letter: "V=ID;ID;ID", and nothing for none. */
static size_t count_named(const struct sent_event *event, char letter)
{
	const struct soap_text *texts = event->extended.more.list.items;
	size_t count = 0;

	for (size_t i = 0; i < event->extended.more.list.count; i++) {
		const struct soap_text *text = &texts[i];
		if (text->size < 3 || text->at[0] != letter || text->at[1] != '=')
			continue;
		count++;
		for (size_t k = 2; k + 1 < text->size; k++)
			count += text->at[k] == ';';
	}
	return count;
}

static void add_count(struct attributes *told, const char *fact, size_t count)
{
	char text[24];
	int size = snprintf(text, sizeof text, "%zu", count);

	attributes_add(told, fact, text, (size_t)size);
}

/* Status (156): what is needed, what is installed, and what waits for its restart.  That
 * none is pending is news only to who ever heard of one. */
static void take_status(struct change *change, const struct sent_event *event)
{
	struct attributes told = { .count = 0 };
	bool waits = count_named(event, 'W') > 0;

	if (waits || facts_known(&change->record->facts, FACT_RESTART_PENDING) != NULL)
		attributes_add(&told, "restart.pending", waits ? "yes" : "no",
			       waits ? 3 : 2);
	add_count(&told, "wua.needed", count_named(event, 'U'));
	add_count(&told, "wua.installed", count_named(event, 'V'));
	computer_tell(change, &told, false);
}

static bool take_claim(struct change *change, const struct sent_event *event,
		       const struct event_meaning *meaning)
{
	const struct flow *flow = &change->record->history.flow;
	struct report report = { .state = meaning->claim[flow->kind],
				 .code = (uint32_t)event->basic.result };

	/* What cannot move it is only evidence. */
	if (!has_room(change) && !flow_may_move(flow->kind, flow->state, report.state))
		return false;
	write_note(event, meaning, report.text, sizeof report.text);
	change_decide(change);
	(void)passage_report(change->record, flow->id, &report, change->decision,
			     change->now_s, change->outcome);
	return true;
}

static bool is_member_of(const struct update *root, const struct update *update)
{
	const struct update_document *document = &root->document;

	for (size_t i = 0; i < document->member_count; i++) {
		if (guid_equal(&document->members[i].id, &update->document.identity.id))
			return true;
	}
	return false;
}

/* Agents report of the bundle or of its member, and a genuine member names no release. */
static bool is_about(const struct flow *flow, const struct library *library,
		     const struct update *update)
{
	if (flow->state == FLOW_NONE || update == NULL)
		return false;
	if (update->key.kb != 0 || !update->is_member)
		return release_key_equal(&flow->key, &update->key);
	for (size_t i = 0; i < library_count(library); i++) {
		const struct update *root = library_at(library, i);
		if (release_key_equal(&flow->key, &root->key) &&
		    is_member_of(root, update))
			return true;
	}
	return false;
}

/* False where it could not even be kept. */
static bool take_event(struct change *change, const struct report_event_batch *sent,
		       const struct sent_event *event)
{
	const struct flow *flow = &change->record->history.flow;
	const struct update_identity identity = { event->basic.update.id, 0 };
	struct event_meaning meaning =
		event_meaning(event->basic.event, event->basic.result);
	const struct update *update =
		guid_is_zero(&identity.id)
			? NULL
			: library_by_identity(change->view->library, &identity);

	if (guid_is_zero(&identity.id))
		return true; /* about the agent itself: scans, its own updates */
	bool is_late = event_time(sent, event, change->now_s) + LATE_S < flow->offered_s;
	if (is_about(flow, change->view->library, update) && !is_late)
		return meaning.claim[flow->kind] == FLOW_NONE ||
		       take_claim(change, event, &meaning);
	if (!has_room(change))
		return false;
	keep_evidence(change, event, &meaning, update);
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct sent_event *const *one = a, *const *two = b;
	int64_t x = (*one)->basic.at_s, y = (*two)->basic.at_s;

	/* As they came where they happened together. */
	return x != y ? (x > y) - (x < y) : (*one > *two) - (*one < *two);
}

/* The computer's own events, in the order in which they happened. */
static size_t order_events(const struct wusp_call *call,
			   const struct sent_event *ordered[static EVENTS_MOST])
{
	const struct report_event_batch *sent = call->request;
	const struct sent_event *events = sent->batch.list.items;
	size_t count = 0;

	for (size_t i = 0; i < sent->batch.list.count; i++) {
		if (guid_equal(&events[i].basic.target.sid, &call->cookie.computer))
			ordered[count++] = &events[i];
	}
	qsort(ordered, count, sizeof ordered[0], by_time);
	return count;
}

static void tell_dropped(const struct change *change, size_t dropped)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, "report.dropped");
	log_text(&line, "device", change->device);
	log_number(&line, "events", (int64_t)dropped);
	log_text(&line, "why", "one batch says more than is kept of it");
	log_end(&line);
}

static int take_batch(struct wusp_call *call, struct problem *p)
{
	struct change *change = &call->change;
	const struct backend_ops *ops = site_backend(change->site)->ops;
	const struct sent_event *ordered[EVENTS_MOST];
	size_t count = order_events(call, ordered), last_status = count, dropped = 0;

	for (size_t i = 0; i < count; i++) {
		if (ordered[i]->basic.event == EVENT_STATUS)
			last_status = i; /* what it says goes before the others */
	}
	for (size_t i = 0; i < count; i++) {
		int news = ops->report_note(change->session, change->record->key,
					    ordered[i]->basic.instance.bytes,
					    change->now_s, p);
		if (news < 0)
			return -1;
		if (news == 1 && i == last_status)
			take_status(change, ordered[i]);
		else if (news == 1 && ordered[i]->basic.event != EVENT_STATUS &&
			 !take_event(change, call->request, ordered[i]))
			dropped++;
	}
	if (dropped > 0)
		tell_dropped(change, dropped);
	change_decide(change);
	return change_settle(change, p);
}

/* Events of another computer than the one whose cookie it is: somebody lies. */
static void tell_foreign(struct wusp_call *call)
{
	const struct report_event_batch *sent = call->request;
	const struct sent_event *events = sent->batch.list.items;
	struct log_line line;
	size_t foreign = 0;

	for (size_t i = 0; i < sent->batch.list.count; i++)
		foreign +=
			!guid_equal(&events[i].basic.target.sid, &call->cookie.computer);
	if (foreign == 0)
		return;
	log_begin(&line, LOG_LEVEL_WARNING, "report.foreign");
	log_text(&line, "device", call->computer.device);
	log_number(&line, "events", (int64_t)foreign);
	log_text(&line, "peer", exchange_request(call->exchange)->peer);
	log_end(&line);
}

/* --- the operations --------------------------------------------------------------- */

static void say_true(struct wusp_call *call, const char *result)
{
	struct soap_writer out;

	wusp_answer(call, &out);
	soap_bool(&out, result, true);
	wusp_reply(call, &out);
}

static void answer_batch(struct wusp_call *call)
{
	const struct report_event_batch *sent = call->request;

	say_true(call, sent->cookie.is_there ? "ReportEventBatchResult"
					     : "ReportEventBatch2Result");
}

static void take(struct wusp_call *call)
{
	const struct report_event_batch *sent = call->request;

	tell_foreign(call);
	if (sent->batch.list.count == 0)
		answer_batch(call);
	else
		wusp_change(call, call->computer.device, take_batch, answer_batch);
}

static void report_event_batch(struct wusp_call *call)
{
	const struct report_event_batch *sent = call->request;

	if (wusp_session(call, &sent->cookie, 0))
		take(call);
}

/* Without a cookie: for an agent that is known by its id. */
static void report_event_batch2(struct wusp_call *call)
{
	const struct report_event_batch *sent = call->request;
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	struct guid client;
	char id[UPDATE_ID_TEXT];
	struct problem p;

	if (sent->computer_id.at == NULL ||
	    !guid_parse(sent->computer_id.at, sent->computer_id.size, &client)) {
		wusp_reply_fault(call, WUSP_INVALID_PARAMETERS, "computerId");
		return;
	}
	wusp_client_id(&client, id);
	int rc = ops->computer_read(call->desk->session, id, &call->computer, &p);
	if (rc < 0) {
		wusp_reply_problem(call, &p);
	} else if (rc == 0) {
		wusp_reply_fault(call, WUSP_INVALID_PARAMETERS, "computerId");
	} else {
		call->cookie.computer = client;
		take(call);
	}
}

/* GetConfig says that none is wanted; who asks all the same is told so. */
static void get_required_inventory_type(struct wusp_call *call)
{
	const struct report_event_batch *sent = call->request;
	struct soap_writer out;

	if (!wusp_session(call, &sent->cookie, 0))
		return;
	wusp_answer(call, &out);
	soap_int(&out, "GetRequiredInventoryTypeResult", 0);
	wusp_reply(call, &out);
}

static void report_inventory(struct wusp_call *call)
{
	const struct report_event_batch *sent = call->request;

	if (wusp_session(call, &sent->cookie, 0))
		say_true(call, "ReportInventoryResult");
}

static const struct soap_operation messages[] = {
	{ "ReportEventBatch", &report_group },
	{ "ReportEventBatch2", &report2_group },
	{ "GetRequiredInventoryType", &inventory_group },
	{ "ReportInventory", &inventory_group },
};
enum { COOKIE_AT = offsetof(struct report_event_batch, cookie) };
static const struct wusp_operation operations[] = {
	{ "ReportEventBatchResponse", report_event_batch, COOKIE_AT },
	{ "ReportEventBatch2Response", report_event_batch2, -1 },
	{ "GetRequiredInventoryTypeResponse", get_required_inventory_type, COOKIE_AT },
	{ "ReportInventoryResponse", report_inventory, COOKIE_AT },
};
const struct wusp_service wusp_reporting = {
	.soap = { "http://www.microsoft.com/SoftwareDistribution",
		  sizeof messages / sizeof messages[0], messages },
	.operations = operations,
};
