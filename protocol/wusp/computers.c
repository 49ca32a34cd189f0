#include "protocol/wusp/computers.h"

#include <stdio.h>
#include <string.h>

#include "engine/ascii.h"
#include "engine/passage.h"
#include "engine/problem.h"
#include "engine/utf8.h"
#include "protocol/server/log.h"
#include "protocol/wusp/room.h"

static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || (unsigned char)c >= 0x80;
}

bool computer_name_fold(const struct soap_text *name, char out[static DNS_NAME])
{
	if (name->at == NULL || name->size == 0 || name->size >= DNS_NAME)
		return false;
	for (size_t i = 0; i < name->size; i++) {
		out[i] = ascii_lower(name->at[i]);
		if (!in_name(out[i]))
			return false;
	}
	out[name->size] = '\0';
	for (size_t at = 0, size; at < name->size; at += size) {
		size = utf8_printable(out + at);
		if (size == 0)
			return false;
	}
	return true;
}

void computer_tell(struct change *change, const struct attributes *told, bool again)
{
	struct device_record *record = change->record;

	if (told->count == 0 || (!again && !attributes_are_news(told, &record->facts)))
		return;
	unsigned changed = attributes_take(told, &record->facts, change->now_s);
	if (changed > 0) {
		struct event *event =
			outcome_add(change->outcome, EVENT_FACTS, change->now_s);
		snprintf(event->note, sizeof event->note, "%u changed", changed);
	}
	change->outcome->facts_changed = changed > 0;
	if (attributes_name_level(told)) {
		change_decide(change);
		passage_facts(record, change->decision, NULL, change->now_s,
			      change->outcome);
	}
	/* That they were confirmed is kept too: facts have an age. */
	change->outcome->facts_changed = true;
}

static void tell(enum log_level level, const char *event, const struct wusp_call *call,
		 const struct joining *joining)
{
	log_event(level, event, "client", joining->client_id, "dns", joining->dns_name,
		  "device", call->change.device, "peer",
		  exchange_request(call->exchange)->peer, NULL);
}

/* Is the device tied to another agent already?  1, 0, or -1 with *p told. */
static int is_taken(const struct wusp_call *call, const struct joining *joining,
		    struct problem *p)
{
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	struct computer other;
	int rc = ops->computer_of(call->change.session, call->change.device, &other, p);

	return rc == 1 ? strcmp(other.client_id, joining->client_id) != 0 : rc;
}

/* Ties an agent that is still unknown to the change's device. */
static int tie(struct wusp_call *call, const struct joining *joining,
	       struct computer *computer, struct problem *p)
{
	const struct change *change = &call->change;
	int rc = is_taken(call, joining, p);

	if (rc < 0)
		return -1;
	if (rc == 1)
		return problem_set(p, PROBLEM_CONFLICT,
				   "the device '%.80s' is another agent's",
				   change->device);
	*computer =
		(struct computer){ .tie = change->record->key == 0 ? TIE_OWN : TIE_RULE,
				   .first_s = change->now_s };
	snprintf(computer->client_id, sizeof computer->client_id, "%s",
		 joining->client_id);
	snprintf(computer->device, sizeof computer->device, "%s", change->device);
	return 0;
}

static int apply_join(struct wusp_call *call, struct problem *p)
{
	const struct joining *joining = call->scratch;
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	struct change *change = &call->change;
	struct computer computer;

	int rc = ops->computer_read(change->session, joining->client_id, &computer, p);
	if (rc < 0 || (rc == 0 && tie(call, joining, &computer, p) < 0))
		return -1;
	if (strcmp(computer.device, change->device) != 0)
		return problem_set(p, PROBLEM_BUSY, "the agent was tied just now");
	if (change->record->key == 0) {
		if (!site_wusp_terms(change->site)->joins) {
			call->fault = WUSP_INTERNAL_ERROR;
			return problem_set(p, PROBLEM_CONFLICT,
					   "agents nobody knows are not taken in");
		}
		outcome_add(change->outcome, EVENT_ENROLLED, change->now_s);
		change->outcome->identity_changed = true;
		computer.is_registered = false; /* its facts are to come */
	}
	memcpy(computer.dns_name, joining->dns_name, sizeof computer.dns_name);
	computer.changed_s = change->now_s;
	if (ops->computer_put(change->session, &computer, p) < 0)
		return -1;
	computer_tell(change, &joining->told, false);
	return 0;
}

static void joined(struct wusp_call *call)
{
	struct joining *joining = call->scratch;

	if (joining->is_new)
		tell(LOG_LEVEL_INFO, "computer.joined", call, joining);
	joining->welcome(call);
}

static void refused(struct wusp_call *call, const struct problem *p)
{
	struct joining *joining = call->scratch;

	/* The name is another's: it is a device of its own then. */
	if (p->kind == PROBLEM_CONFLICT && call->fault == WUSP_FAULT_NONE &&
	    joining->by_name) {
		tell(LOG_LEVEL_WARNING, "computer.name-taken", call, joining);
		joining->by_name = false;
		wusp_change(call, joining->client_id, apply_join, joined);
		return;
	}
	if (p->kind == PROBLEM_CONFLICT)
		tell(LOG_LEVEL_WARNING, "computer.turned-away", call, joining);
	if (p->kind == PROBLEM_CONFLICT)
		wusp_reply_fault(call, WUSP_INTERNAL_ERROR, NULL);
	else
		wusp_reply_problem(call, p);
}

/* Nothing to write: agent and device are known, and what it tells is no news. */
static bool is_settled(struct wusp_call *call, const struct joining *joining, bool known)
{
	return known && strcmp(call->computer.dns_name, joining->dns_name) == 0 &&
	       !attributes_are_news(&joining->told, &call->desk->record.facts);
}

void computer_join(struct wusp_call *call, struct joining *joining)
{
	const struct wusp_terms *terms = site_wusp_terms(call->desk->site);
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	const char *device = call->computer.device;
	struct problem p;
	int rc = ops->computer_read(call->desk->session, joining->client_id,
				    &call->computer, &p);

	call->scratch = joining;
	call->refused = refused;
	call->may_create = true;
	joining->is_new = rc == 0;
	if (rc == 0) {
		joining->by_name = terms->identity == WUSP_BY_DNS_NAME;
		device = joining->by_name ? joining->dns_name : joining->client_id;
	}
	bool was_tied = rc == 1;
	if (rc >= 0)
		rc = ops->device_read(call->desk->session, device, &call->desk->record,
				      &p);
	if (rc < 0)
		wusp_reply_problem(call, &p);
	else if (is_settled(call, joining, was_tied && rc == 1))
		joining->welcome(call);
	else if (rc == 0 && !wusp_room_admits(call->room, call->desk))
		wusp_reply_fault(call, WUSP_SERVER_BUSY, NULL);
	else
		wusp_change(call, device, apply_join, joined);
}
