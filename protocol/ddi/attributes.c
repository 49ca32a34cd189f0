/* PUT configData: a device's facts, taken as one.
 *
 * The flow is judged by the new facts at once, and what they make due is begun in the
 * same transaction, so that the very next poll can offer it. */

#include <stdio.h>
#include <string.h>

#include "engine/passage.h"
#include "engine/problem.h"
#include "protocol/ddi/call.h"
#include "protocol/ddi/config_data.h"

static enum fault fault_for(const struct problem *p)
{
	switch (p->kind) {
	case PROBLEM_BAD_INPUT:
		return FAULT_BAD_ATTRIBUTES;
	case PROBLEM_TOO_LARGE:
		return FAULT_TOO_MANY;
	default:
		return FAULT_BUSY;
	}
}

static int take_facts(struct ddi_call *call, struct problem *p)
{
	struct change *change = &call->change;
	struct device_record *record = change->record;
	const char *boot = facts_known(&record->facts, FACT_OS_BOOT);
	char boot_before[LIMIT_FACT_VALUE + 1];
	unsigned changed;

	if (boot != NULL)
		memcpy(boot_before, boot, strlen(boot) + 1);
	if (config_data_apply(call->body, &record->facts, change->now_s, &changed, p) <
	    0) {
		call->fault = fault_for(p);
		return -1;
	}
	if (changed > 0) {
		struct event *event =
			outcome_add(change->outcome, EVENT_FACTS, change->now_s);
		snprintf(event->note, sizeof event->note, "%u changed", changed);
	}
	change->outcome->facts_changed = changed > 0;
	change->outcome->identity_changed = true;
	change_decide(change);
	passage_facts(record, change->decision, boot != NULL ? boot_before : NULL,
		      change->now_s, change->outcome);
	/* That they were confirmed is kept too: facts have an age. */
	change->outcome->facts_changed = true;
	return change_settle(change, p);
}

void ddi_config_data(struct ddi_call *call)
{
	const struct http_request *request = exchange_request(call->exchange);
	struct config_data *data = exchange_allocate(call->exchange, sizeof *data);
	struct problem p;

	if (data == NULL) {
		ddi_reply_fault(call, FAULT_BUSY, "the server is short of memory");
		return;
	}
	if (config_data_read(request->body, request->body_size, data, &p) < 0) {
		ddi_reply_fault(call, fault_for(&p), p.text);
		return;
	}
	call->body = data;
	ddi_change(call, take_facts, ddi_reply_done);
}
