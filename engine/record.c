#include "engine/record.h"

#include <stdio.h>
#include <string.h>

#include "engine/problem.h"

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

int device_record_assume(struct device_record *record, const char *text, int64_t now_s,
			 struct problem *p)
{
	char name[LIMIT_FACT_NAME + 1];
	size_t size = strcspn(text, "=");

	if (text[size] != '=' || size == 0 || size > LIMIT_FACT_NAME)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"'%.80s' assumes nothing: it wants NAME=VALUE, or NAME= "
			"for a fact that is not reported",
			text);
	memcpy(name, text, size);
	name[size] = '\0';
	if (text[size + 1] == '\0') {
		char folded[LIMIT_FACT_NAME + 1];
		if (!fact_name_fold(name, folded))
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "'%.80s' is not a fact name", name);
		facts_remove(&record->facts, folded);
	} else if (facts_set(&record->facts, name, text + size + 1, now_s, FACT_ASSUMED,
			     NULL, p) < 0) {
		return -1;
	}
	history_saw(&record->history, &record->facts, now_s);
	return 0;
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
