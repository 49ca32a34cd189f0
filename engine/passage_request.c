/* What a person asked of a device, followed to its end: removed, recovered or stuck
 * (DESIGN 2.7). */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/passage_private.h"
#include "engine/problem.h"
#include "engine/replay.h"

enum { REQUEST_ATTEMPTS = 3 };

void request_move(struct device_record *record, enum recovery_state state,
		  const char *reason, int64_t now_s, struct outcome *outcome)
{
	const struct request *request = &record->history.request;

	if (request->kind == REQUEST_NONE || request->state == state)
		return;
	struct event *event = outcome_add(outcome, EVENT_REQUEST, now_s);
	event->key = request->key;
	event->flow = record->history.flow.id;
	event->recovery = state;
	snprintf(event->note, sizeof event->note, "%s%s%s", recovery_state_names[state],
		 reason[0] != '\0' ? ": " : "", reason);
	record_apply(record, event);
	outcome->history_changed = true;
}

static int32_t find_release(const struct line *line, const struct release_key *key)
{
	for (size_t i = 0; line != NULL && i < line->count; i++) {
		if (release_key_is(key, line, &line->releases[i]))
			return (int32_t)i;
	}
	return -1;
}

static void block(struct device_record *record, const struct line *line, int32_t index,
		  int64_t now_s, struct outcome *outcome)
{
	struct release_key key;

	release_key_set(&key, line, &line->releases[index]);
	const struct mark *mark = history_mark(&record->history, &key);
	if (mark != NULL && mark->block == BLOCK_OPERATOR)
		return; /* a person's own block outlives this one */
	struct event *event = outcome_add(outcome, EVENT_BLOCK, now_s);
	event->key = key;
	event->block = BLOCK_UNINSTALLED;
	snprintf(event->note, sizeof event->note, "blocked: uninstalled by request");
	record_apply(record, event);
	outcome->history_changed = true;
}

/* "A hotpatch removed by request, and everything of its quarter published until then,
 * is blocked for that device" (DESIGN 2.7). */
static void block_removed(struct device_record *record, const struct decision *d,
			  int64_t now_s, struct outcome *outcome)
{
	const struct line *line = d->line;
	int32_t removed = find_release(line, &record->history.request.key);

	if (removed < 0)
		return;
	block(record, line, removed, now_s, outcome);
	if (line->releases[removed].kind == RELEASE_BASELINE)
		return;
	for (int32_t i = 0; i < (int32_t)line->count; i++) {
		const struct release *release = &line->releases[i];
		if (i != removed && release->quarter >= 0 &&
		    release->kind != RELEASE_BASELINE &&
		    release->quarter == line->releases[removed].quarter &&
		    release->published_s <= now_s)
			block(record, line, i, now_s, outcome);
	}
}

/* The step is to be taken again. */
static void step_back(struct device_record *record, int64_t now_s,
		      struct outcome *outcome)
{
	request_move(record,
		     record->history.flow.kind == FLOW_UNINSTALL ? RECOVERY_REQUESTED
								 : RECOVERY_REMOVED,
		     "", now_s, outcome);
}

/* The failures are counted: are they too many? */
static void judge_failures(struct device_record *record, enum flow_state ended,
			   int64_t now_s, struct outcome *outcome)
{
	const struct request *request = &record->history.request;
	const struct flow *flow = &record->history.flow;
	char why[sizeof request->reason];

	if (request->failures < REQUEST_ATTEMPTS) {
		step_back(record, now_s, outcome);
		return;
	}
	snprintf(why, sizeof why, "%s %s, code 0x%08X", flow_kind_names[flow->kind],
		 flow_state_name(ended), flow->code);
	request_move(record, RECOVERY_STUCK, why, now_s, outcome);
}

void request_flow_moved(struct device_record *record, int64_t now_s,
			struct outcome *outcome)
{
	const struct flow *flow = &record->history.flow;

	if (flow->kind != FLOW_UNINSTALL ||
	    !request_owns_flow(&record->history.request, flow))
		return;
	if (flow->state == FLOW_REMOVING)
		request_move(record, RECOVERY_REMOVING, "", now_s, outcome);
	else if (flow->state == FLOW_RESTART_PENDING)
		request_move(record, RECOVERY_REMOVE_RESTART, "", now_s, outcome);
}

void request_flow_ended(struct device_record *record, enum flow_state ended,
			const struct decision *d, int64_t now_s, struct outcome *outcome)
{
	if (!request_owns_flow(&record->history.request, &record->history.flow))
		return;
	switch (ended) {
	case FLOW_REMOVED:
		request_move(record, RECOVERY_REMOVED, "", now_s, outcome);
		block_removed(record, d, now_s, outcome);
		break;
	case FLOW_VERIFIED:
		request_move(record, RECOVERY_RECOVERED, "", now_s, outcome);
		break;
	case FLOW_FAILED:
	case FLOW_NOT_APPLICABLE:
	case FLOW_UNVERIFIED:
	case FLOW_EXPIRED:
		judge_failures(record, ended, now_s, outcome);
		break;
	default: /* withdrawn or declined: the next decision says what follows */
		step_back(record, now_s, outcome);
		break;
	}
}

/* Removed by hand, or beyond what was to be removed: then nothing is left to do. */
static enum recovery_state rollback_state(const struct device_record *record,
					  const struct decision *d)
{
	const struct request *request = &record->history.request;
	const struct release *level = &d->line->releases[d->level.index];

	if (level->published_s >= request->removed_published_s)
		return RECOVERY_RECOVERED;
	return request->state < RECOVERY_REMOVED ? RECOVERY_REMOVED : request->state;
}

/* The state it has come to by what the device shows. */
static enum recovery_state state_now(const struct device_record *record,
				     const struct decision *d)
{
	const struct request *request = &record->history.request;

	if (request_is_over(request) || d->line == NULL ||
	    passage_is_running(&record->history.flow))
		return request->state;
	if (d->rule == 'r' && d->release < 0)
		return RECOVERY_STUCK; /* nothing to go to */
	if (!passage_shows_other(d, &request->key))
		return request->state;
	if (request->kind == REQUEST_UNINSTALL)
		return RECOVERY_REMOVED;
	return d->level.state == LEVEL_KNOWN ? rollback_state(record, d) : request->state;
}

bool request_moves(const struct device_record *record, const struct decision *d)
{
	return state_now(record, d) != record->history.request.state;
}

/* Kept with the request: what is in the way now may be gone when somebody looks. */
static void tell_obstacle(const struct decision *d, char *why, size_t size)
{
	enum reason last = d->reasons[d->reason_count - 1];

	snprintf(why, size, "no cumulative update is there to go to%s%s",
		 last == REASON_STUCK ? "" : ": ",
		 last == REASON_STUCK ? "" : reason_face(last)->name);
}

void request_follow(struct device_record *record, const struct decision *d, int64_t now_s,
		    struct outcome *outcome)
{
	enum recovery_state state = state_now(record, d);
	char why[sizeof record->history.request.reason] = "";

	if (state == RECOVERY_STUCK)
		tell_obstacle(d, why, sizeof why);
	request_move(record, state, why, now_s, outcome);
	/* It went by another hand than ours: what was asked for holds all the same. */
	if (state == RECOVERY_REMOVED && passage_shows_beneath(record, d))
		block_removed(record, d, now_s, outcome);
}

static int refuse(const struct device_record *record, const struct decision *d,
		  const struct removal *removal, struct problem *p)
{
	char asked[KB_TEXT], have[KB_TEXT];

	if (d->line == NULL || d->level.state != LEVEL_KNOWN)
		return problem_set(p, PROBLEM_CONFLICT,
				   "the level of '%s' is not known, so nothing can be "
				   "removed from it",
				   record->id);
	const struct release *level = &d->line->releases[d->level.index];
	kb_format(level->kb, have);
	if (removal->kb != 0 && level->kb != removal->kb)
		return problem_set(
			p, PROBLEM_CONFLICT,
			"'%s' stands on %s; only the KB of its present level can "
			"be removed, not %s",
			record->id, have, kb_format(removal->kb, asked));
	if (level->kind == RELEASE_RTM || level->kb == 0)
		return problem_set(p, PROBLEM_CONFLICT,
				   "'%s' stands on the level it was delivered with",
				   record->id);
	if (removal->kind == REQUEST_ROLLBACK && level->kind != RELEASE_HOTPATCH)
		return problem_set(p, PROBLEM_CONFLICT,
				   "'%s' stands on %s, which is no hotpatch: there is "
				   "nothing to roll back",
				   record->id, have);
	return 0;
}

int passage_request(struct device_record *record, const struct decision *d,
		    const struct removal *removal, int64_t now_s, struct outcome *outcome,
		    struct problem *p)
{
	assert(removal->kind != REQUEST_NONE);
	if (refuse(record, d, removal, p) < 0)
		return -1;
	const struct release *level = &d->line->releases[d->level.index];
	struct event *event = outcome_add(outcome, EVENT_REQUEST, now_s);
	release_key_set(&event->key, d->line, level);
	event->flow = record->history.flow.id;
	event->request = removal->kind;
	event->recovery = RECOVERY_REQUESTED;
	event->wait = removal->wait;
	event->time_s = level->published_s;
	snprintf(event->note, sizeof event->note, "%s",
		 recovery_state_names[RECOVERY_REQUESTED]);
	record_apply(record, event);
	outcome->history_changed = true;
	return 0;
}
