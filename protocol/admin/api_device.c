/* One device: to look at, to have explained, to add, to change by hand, to forget. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/history.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/routes.h"
#include "protocol/server/edit.h"
#include "protocol/server/site.h"
#include "protocol/server/token.h"

enum { EVENTS_SHOWN = 50 };

static void answer_no_memory(struct call *call)
{
	struct problem p;

	problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
	call_problem(call, &p);
}

/* Into the desk's record.  False when the call is answered. */
static bool read_device(struct call *call)
{
	struct desk *desk = call->desk;
	const struct backend_ops *ops = site_backend(desk->site)->ops;
	struct problem p;

	int rc = ops->device_read(desk->session, call->id, &desk->record, &p);
	if (rc == 1)
		return true;
	if (rc == 0)
		problem_set(&p, PROBLEM_NOT_FOUND, "there is no device '%.150s'",
			    call->id);
	call_problem(call, &p);
	return false;
}

/* The newest of an ascending walk. */
struct newest {
	size_t count; /* seen so far */
	json_t *events[EVENTS_SHOWN];
};

static int each_event(void *owner, const struct event *event)
{
	struct newest *newest = owner;
	json_t **slot = &newest->events[newest->count++ % EVENTS_SHOWN];

	json_decref(*slot);
	*slot = event_json(event);
	return 0;
}

static json_t *newest_json(const struct newest *newest)
{
	json_t *list = json_array();
	size_t shown = newest->count < EVENTS_SHOWN ? newest->count : EVENTS_SHOWN;

	for (size_t i = 1; i <= shown; i++)
		json_array_append_new(list,
				      newest->events[(newest->count - i) % EVENTS_SHOWN]);
	return list;
}

/* The Windows Update Agent that it is; nothing for one that speaks DDI alone. */
static void set_computer(json_t *body, const struct computer *computer)
{
	member_set(body, "computer",
		   json_pack("{s:s,s:o,s:s}", "client", computer->client_id, "dns_name",
			     text_json(computer->dns_name), "tie",
			     computer_tie_names[computer->tie]));
}

void api_device(struct call *call)
{
	struct desk *desk = call->desk;
	const struct backend_ops *ops = site_backend(desk->site)->ops;
	struct newest newest = { 0 };
	struct computer computer;
	struct problem p;
	int has_computer = 0;

	if (!read_device(call))
		return;
	int rc = ops->events(desk->session, call->id, INT64_MAX, each_event, &newest, &p);
	if (rc == 0)
		rc = has_computer =
			ops->computer_of(desk->session, call->id, &computer, &p);
	json_t *events = newest_json(&newest);
	if (rc < 0) {
		json_decref(events);
		call_problem(call, &p);
		return;
	}
	struct view *view = site_view(desk->site);
	const struct plan *plan = view->snapshot->plan;
	site_decide(desk->site, view, &desk->record, site_now(desk->site),
		    &desk->decision);
	json_t *body = device_json_row(&desk->record, &desk->decision, plan);
	member_set(body, "created", instant_json(desk->record.created_s));
	member_set(body, "facts", facts_json(&desk->record));
	member_set(body, "decision", decision_json_all(NULL, &desk->decision, plan));
	member_set(body, "flow", flow_json(&desk->record));
	member_set(body, "marks", marks_json(&desk->record.history));
	if (has_computer == 1)
		set_computer(body, &computer);
	member_set(body, "events", events);
	view_give(view);
	call_reply(call, 200, body);
}

/* Calls that change one device: the body's part and the audit entry go along. */
struct device_change {
	struct change change;
	struct call *call;
	struct audit_entry audit;
	char token[TOKEN_TEXT];
	uint8_t hash[TOKEN_HASH];
	json_t *facts; /* name: value or null */
};

static int keep_audit(struct change *change, struct problem *p)
{
	struct device_change *it = (struct device_change *)change;

	it->audit.at_s = change->now_s;
	return site_backend(change->site)->ops->audit_put(change->session, &it->audit, p);
}

static void start_change(struct call *call, struct device_change *it)
{
	it->call = call;
	it->change.site = call->desk->site;
	it->change.loop = call->desk->loop;
	site_change(&it->change);
}

static int add_device(struct change *change, struct problem *p)
{
	struct device_change *it = (struct device_change *)change;
	struct device_record *record = change->record;

	if (record->key != 0)
		return problem_set(p, PROBLEM_CONFLICT,
				   "there is a device '%.150s' already", record->id);
	record->has_token = true;
	memcpy(record->token_hash, it->hash, sizeof record->token_hash);
	record->facts_wanted = true;
	struct event *event = outcome_add(change->outcome, EVENT_ENROLLED, change->now_s);
	snprintf(event->note, sizeof event->note, "added by %s", it->call->by);
	change->outcome->identity_changed = true;
	return keep_audit(change, p);
}

static void answer_added(struct change *change, const struct problem *problem)
{
	struct device_change *it = (struct device_change *)change;

	if (problem != NULL)
		call_problem(it->call, problem);
	else
		call_reply(it->call, 201,
			   json_pack("{s:s, s:s}", "id", change->device, "token",
				     it->token));
}

/* What may stand in a path segment and on a terminal. */
static bool id_is_legal(const char *id)
{
	size_t size = strlen(id);

	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)id[i] < ' ' || id[i] == 0x7f)
			return false;
	}
	return size >= 1 && size <= LIMIT_DEVICE_ID;
}

/* The body's id, and a token for it. */
static int prepare_add(struct device_change *it, const json_t *body, struct problem *p)
{
	const char *id = json_string_value(json_object_get(body, "id"));

	if (id == NULL || !id_is_legal(id))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the body wants {\"id\": a name of 1 to %d bytes}",
				   LIMIT_DEVICE_ID);
	snprintf(it->change.device, sizeof it->change.device, "%s", id);
	if (token_new(it->token, p) < 0)
		return -1;
	return token_hash(it->token, it->hash)
		       ? 0
		       : problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
}

void api_device_add(struct call *call)
{
	struct device_change *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;

	if (it == NULL) {
		answer_no_memory(call);
		return;
	}
	json_t *body = call_object(call);
	if (body == NULL)
		return;
	int rc = prepare_add(it, body, &p);
	json_decref(body);
	if (rc < 0) {
		call_problem(call, &p);
		return;
	}
	it->audit = call_audit(call, "device.add", it->change.device, "");
	it->change.apply = add_device;
	it->change.answer = answer_added;
	start_change(call, it);
}

static int assert_one(struct change *change, const char *name, const json_t *value,
		      bool *changed, struct problem *p)
{
	struct device_record *record = change->record;
	bool is_new = false;

	if (json_is_null(value)) {
		*changed |= facts_remove(&record->facts, name);
		return 0;
	}
	if (!json_is_string(value))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the fact '%.80s' wants text, or null to remove it",
				   name);
	if (facts_set(&record->facts, name, json_string_value(value), change->now_s,
		      FACT_ASSERTED, &is_new, p) < 0)
		return -1;
	*changed |= is_new;
	return 0;
}

static int assert_facts(struct change *change, struct problem *p)
{
	struct device_change *it = (struct device_change *)change;
	struct device_record *record = change->record;
	bool changed = false;
	const char *name;
	json_t *value;

	if (record->key == 0)
		return problem_set(p, PROBLEM_NOT_FOUND, "there is no device '%.150s'",
				   record->id);
	json_object_foreach(it->facts, name, value)
	{
		if (assert_one(change, name, value, &changed, p) < 0)
			return -1;
	}
	/* Also a fact whose value stays is from now on asserted. */
	change->outcome->facts_changed = true;
	if (changed) {
		history_saw(&record->history, &record->facts, change->now_s);
		change->outcome->history_changed = true;
	}
	struct event *event = outcome_add(change->outcome, EVENT_FACTS, change->now_s);
	snprintf(event->note, sizeof event->note, "asserted by %s", it->call->by);
	/* What follows from it the next poll brings: until then no flow begins. */
	return keep_audit(change, p);
}

static void answer_facts(struct change *change, const struct problem *problem)
{
	struct device_change *it = (struct device_change *)change;

	json_decref(it->facts);
	if (problem != NULL)
		call_problem(it->call, problem);
	else
		api_device(it->call);
}

static int prepare_facts(struct device_change *it, const json_t *body, struct problem *p)
{
	json_t *facts = json_object_get(body, "facts");
	const json_t *reason = json_object_get(body, "reason");

	if (!json_is_object(facts) || json_object_size(facts) == 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the body wants {\"facts\": {name: value or null}}");
	if (reason != NULL && !json_is_string(reason))
		return problem_set(p, PROBLEM_BAD_INPUT, "the reason is no text");
	it->audit = call_audit(it->call, "device.facts", it->call->id,
			       reason != NULL ? json_string_value(reason) : "");
	it->facts = json_incref(facts);
	return 0;
}

void api_device_facts(struct call *call)
{
	struct device_change *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;

	if (it == NULL) {
		answer_no_memory(call);
		return;
	}
	json_t *body = call_object(call);
	if (body == NULL)
		return;
	it->call = call;
	int rc = prepare_facts(it, body, &p);
	json_decref(body);
	if (rc < 0) {
		call_problem(call, &p);
		return;
	}
	snprintf(it->change.device, sizeof it->change.device, "%s", call->id);
	it->change.apply = assert_facts;
	it->change.answer = answer_facts;
	start_change(call, it);
}

struct forget_edit {
	struct edit edit;
	struct call *call;
};

static int forget(struct edit *edit, struct session *session, struct problem *p)
{
	struct call *call = ((struct forget_edit *)edit)->call;
	const struct audit_entry entry = call_audit(call, "device.forget", call->id, "");

	if (edit_ops(edit)->device_forget(session, call->id, edit->now_s, p) < 0)
		return -1;
	return edit_audit(edit, session, &entry, p);
}

static void answer_forgotten(struct edit *edit, const struct problem *problem)
{
	struct call *call = ((struct forget_edit *)edit)->call;

	edit_fini(edit);
	if (problem != NULL)
		call_problem(call, problem);
	else
		call_reply(call, 200, json_pack("{s:s}", "forgotten", call->id));
}

void api_device_forget(struct call *call)
{
	struct forget_edit *it = exchange_allocate(call->exchange, sizeof *it);

	if (it == NULL) {
		answer_no_memory(call);
		return;
	}
	it->call = call;
	it->edit.site = call->desk->site;
	it->edit.loop = call->desk->loop;
	it->edit.apply = forget;
	it->edit.answer = answer_forgotten;
	site_edit(&it->edit);
}
