#include "engine/record.h"

#include <stdio.h>
#include <string.h>

const char *const event_kind_names[EVENT_KINDS] = {
	[EVENT_ENROLLED] = "enrolled",
	[EVENT_FACTS] = "facts",
	[EVENT_FLOW] = "flow",
	[EVENT_RETRIEVED] = "retrieved",
	[EVENT_IGNORED] = "ignored",
	[EVENT_ADOPTED] = "adopted",
	[EVENT_REQUEST] = "request",
	[EVENT_BLOCK] = "block",
	[EVENT_RESTARTED] = "restarted",
	[EVENT_PAUSED] = "paused",
	[EVENT_RETRY] = "retry",
	[EVENT_RECALLED] = "recalled",
	[EVENT_RECONSIDERED] = "reconsidered",
	[EVENT_FORGOTTEN] = "forgotten",
};

void device_record_init(struct device_record *record, const char *id, int64_t now_s)
{
	memset(record, 0, sizeof *record);
	snprintf(record->id, sizeof record->id, "%s", id);
	record->created_s = record->last_seen_s = now_s;
	record->facts_wanted = true;
	facts_init(&record->facts);
	history_init(&record->history);
}

/* The slots are cleared as they are taken: an outcome is large, and most hold none. */
void outcome_init(struct outcome *outcome)
{
	outcome->count = 0;
	outcome->facts_changed = outcome->history_changed = false;
	outcome->identity_changed = outcome->cut = false;
}

struct event *outcome_add(struct outcome *outcome, enum event_kind kind, int64_t now_s)
{
	if (outcome->count == OUTCOME_EVENTS)
		outcome->cut = true;
	else
		outcome->count++;
	struct event *event = &outcome->events[outcome->count - 1];
	memset(event, 0, sizeof *event);
	event->kind = kind;
	event->at_s = now_s;
	return event;
}
