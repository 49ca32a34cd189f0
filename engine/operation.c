#include "engine/operation.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/passage.h"
#include "engine/problem.h"
#include "engine/replay.h"
#include "engine/rollout.h"

const char *const operation_kind_names[OPERATION_KINDS] = {
	[OPERATION_UNINSTALL] = "uninstall", [OPERATION_ROLLBACK] = "rollback",
	[OPERATION_PAUSE] = "pause",         [OPERATION_RESUME] = "resume",
	[OPERATION_BLOCK] = "block",         [OPERATION_UNBLOCK] = "unblock",
	[OPERATION_RETRY] = "retry",
};
const char *const operation_step_names[OPERATION_STEPS] = {
	[OPERATION_WAITING] = "waiting",
	[OPERATION_RUNNING] = "running",
	[OPERATION_DONE] = "done",
	[OPERATION_FAILED] = "failed",
};

bool operation_is_instant(enum operation_kind kind)
{
	return kind != OPERATION_UNINSTALL && kind != OPERATION_ROLLBACK;
}

/* Does the operation name this release? */
static bool names(const struct operation *operation, const struct release_key *key)
{
	const struct release_key *asked = &operation->key;

	return (asked->kb == 0 || asked->kb == key->kb) &&
	       (asked->product[0] == '\0' || strcmp(asked->product, key->product) == 0) &&
	       (asked->build.base == 0 || build_equal(asked->build, key->build));
}

static int begin_request(const struct operation *operation, struct device_record *record,
			 const struct decision *d, int64_t now_s, struct outcome *outcome,
			 struct problem *p)
{
	const struct request *request = &record->history.request;
	bool back = operation->kind == OPERATION_ROLLBACK;
	char asked[KB_TEXT];

	if (!request_is_over(request))
		return problem_set(p, PROBLEM_CONFLICT,
				   "'%s' is in the middle of another removal: %s",
				   record->id, recovery_state_names[request->state]);
	if (d->line != NULL && d->level.state == LEVEL_KNOWN) {
		struct release_key level;
		release_key_set(&level, d->line, &d->line->releases[d->level.index]);
		if (operation->key.kb == level.kb && !names(operation, &level))
			return problem_set(p, PROBLEM_CONFLICT,
					   "'%s' stands on another %s than the one that "
					   "is named",
					   record->id, kb_format(level.kb, asked));
	}
	const struct removal removal = { back ? REQUEST_ROLLBACK : REQUEST_UNINSTALL,
					 operation->key.kb, operation->wait };
	return passage_request(record, d, &removal, now_s, outcome, p);
}

static int begin_pause(struct device_record *record, int64_t until_s, int64_t now_s,
		       struct outcome *outcome, struct problem *p)
{
	char until[INSTANT_TEXT];

	if (until_s <= now_s || until_s > now_s + PAUSE_MAX_S)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a pause ends %d days from now at the latest, and not "
				   "before now",
				   PAUSE_MAX_S / DAY_S);
	struct event *event = outcome_add(outcome, EVENT_PAUSED, now_s);
	event->time_s = until_s;
	snprintf(event->note, sizeof event->note, "until %s",
		 instant_format(until_s, until));
	record_apply(record, event);
	outcome->history_changed = true;
	return 0;
}

static int begin_resume(struct device_record *record, int64_t now_s,
			struct outcome *outcome, struct problem *p)
{
	if (record->history.paused_until_s <= now_s)
		return problem_set(p, PROBLEM_CONFLICT, "'%s' is not paused", record->id);
	/* Ends now, rather than never was: a lease it froze begins anew. */
	struct event *event = outcome_add(outcome, EVENT_PAUSED, now_s);
	event->time_s = now_s;
	snprintf(event->note, sizeof event->note, "resumed");
	record_apply(record, event);
	outcome->history_changed = true;
	return 0;
}

/* An event about one release; the caller fills the rest and has it applied. */
static struct event *note(struct outcome *outcome, enum event_kind kind,
			  const struct release_key *key, const char *text, int64_t now_s)
{
	struct event *event = outcome_add(outcome, kind, now_s);

	event->key = *key;
	snprintf(event->note, sizeof event->note, "%s", text);
	outcome->history_changed = true;
	return event;
}

static int block(struct device_record *record, const struct release_key *key, bool on,
		 int64_t now_s, struct outcome *outcome, struct problem *p)
{
	if (history_block(&record->history, key, on, now_s, p) < 0)
		return -1;
	struct event *event =
		note(outcome, EVENT_BLOCK, key, on ? "blocked" : "unblocked", now_s);
	event->block = on ? BLOCK_OPERATOR : BLOCK_NONE;
	record_apply(record, event); /* as it was just tried */
	return 0;
}

/* Every release of its line that is named: a bare KB may be several. */
static int begin_block(const struct operation *operation, struct device_record *record,
		       const struct decision *d, int64_t now_s, struct outcome *outcome,
		       struct problem *p)
{
	char kb[KB_TEXT];
	bool any = false;

	for (size_t i = 0; d->line != NULL && i < d->line->count; i++) {
		struct release_key key;
		release_key_set(&key, d->line, &d->line->releases[i]);
		if (operation->key.kb == 0 || !names(operation, &key))
			continue;
		if (block(record, &key, true, now_s, outcome, p) < 0)
			return -1;
		any = true;
	}
	if (any)
		return 0;
	return problem_set(p, PROBLEM_NOT_FOUND, "%s is no release for '%s'",
			   kb_format(operation->key.kb, kb), record->id);
}

/* By its marks, so that what has left the catalog can still be unblocked. */
static int begin_unblock(const struct operation *operation, struct device_record *record,
			 int64_t now_s, struct outcome *outcome, struct problem *p)
{
	const struct history *history = &record->history;
	bool any = false;

	for (size_t i = 0; i < history->mark_count; i++) {
		struct release_key key = history->marks[i].key;
		if (history->marks[i].block == BLOCK_NONE || !names(operation, &key))
			continue;
		if (block(record, &key, false, now_s, outcome, p) < 0)
			return -1;
		any = true;
	}
	if (any)
		return 0;
	return problem_set(p, PROBLEM_CONFLICT,
			   "nothing of that kind is blocked for '%s'", record->id);
}

/* What got stuck goes on with the step it was at. */
static bool retry_request(const struct operation *operation, struct device_record *record,
			  const struct decision *d, int64_t now_s,
			  struct outcome *outcome)
{
	const struct request *request = &record->history.request;

	if (request->kind == REQUEST_NONE || request->state != RECOVERY_STUCK ||
	    !names(operation, &request->key))
		return false;
	bool shown = d->line != NULL && d->level.state == LEVEL_KNOWN &&
		     release_key_is(&request->key, d->line,
				    &d->line->releases[d->level.index]);
	enum recovery_state state = shown ? RECOVERY_REQUESTED : RECOVERY_REMOVED;
	char text[64];
	snprintf(text, sizeof text, "%s: tried again", recovery_state_names[state]);
	struct event *event = note(outcome, EVENT_REQUEST, &request->key, text, now_s);
	event->recovery = state;
	record_apply(record, event);
	return true;
}

static bool has_failed(const struct mark *mark)
{
	return mark->failures > 0 || mark->unshown > 0 || mark->not_applicable ||
	       mark->unverifiable;
}

static int begin_retry(const struct operation *operation, struct device_record *record,
		       const struct decision *d, int64_t now_s, struct outcome *outcome,
		       struct problem *p)
{
	const struct history *history = &record->history;
	bool any = retry_request(operation, record, d, now_s, outcome);

	for (size_t i = 0; i < history->mark_count; i++) {
		const struct mark *mark = &history->marks[i];
		if (!has_failed(mark) || !names(operation, &mark->key))
			continue;
		record_apply(record, note(outcome, EVENT_RETRY, &mark->key,
					  "failures forgotten", now_s));
		any = true;
	}
	if (any)
		return 0;
	return problem_set(p, PROBLEM_CONFLICT, "nothing of that kind has failed on '%s'",
			   record->id);
}

int operation_begin(const struct operation *operation, struct device_record *record,
		    const struct decision *d, int64_t now_s, struct outcome *outcome,
		    struct problem *p)
{
	switch (operation->kind) {
	case OPERATION_UNINSTALL:
	case OPERATION_ROLLBACK:
		return begin_request(operation, record, d, now_s, outcome, p);
	case OPERATION_PAUSE:
		return begin_pause(record, operation->until_s, now_s, outcome, p);
	case OPERATION_RESUME:
		return begin_resume(record, now_s, outcome, p);
	case OPERATION_BLOCK:
		return begin_block(operation, record, d, now_s, outcome, p);
	case OPERATION_UNBLOCK:
		return begin_unblock(operation, record, now_s, outcome, p);
	case OPERATION_RETRY:
		return begin_retry(operation, record, d, now_s, outcome, p);
	case OPERATION_KINDS:
		break;
	}
	assert(false);
	return -1;
}

enum operation_step operation_progress(const struct operation *operation,
				       const struct device_record *record,
				       int64_t begun_s, char why[static OPERATION_NOTE])
{
	const struct request *request = &record->history.request;
	bool back = operation->kind == OPERATION_ROLLBACK;

	why[0] = '\0';
	if (operation_is_instant(operation->kind))
		return OPERATION_DONE;
	if (request->kind != (back ? REQUEST_ROLLBACK : REQUEST_UNINSTALL) ||
	    request->at_s < begun_s) {
		snprintf(why, OPERATION_NOTE, "another request took its place");
		return OPERATION_FAILED;
	}
	if (request->state == RECOVERY_STUCK) {
		snprintf(why, OPERATION_NOTE, "stuck: %s", request->reason);
		return OPERATION_FAILED;
	}
	return request_is_over(request) ? OPERATION_DONE : OPERATION_RUNNING;
}

static void decide_room(const struct situation *situation,
			const struct device_record *room, struct decision *d)
{
	struct situation own = *situation;

	own.facts = &room->facts;
	own.history = &room->history;
	decide(&own, d);
}

/* The KBs that a device shows once everything of a quarter but its baseline is gone. */
static void kbs_beneath(const struct line *line, int32_t baseline, const char *shown,
			char *text, size_t size)
{
	uint32_t kb;
	char name[KB_TEXT];

	snprintf(text, size, "%s", kb_format(line->releases[baseline].kb, name));
	for (int n = 0; shown != NULL && n < LIMIT_DEVICE_KBS; n++) {
		bool of_quarter = false;
		if (!facts_next_kb(&shown, &kb))
			return;
		for (size_t i = 0; i < line->count; i++)
			of_quarter |= line->releases[i].kb == kb &&
				      line->releases[i].quarter == baseline;
		size_t used = strlen(text);
		if (!of_quarter && used + KB_TEXT + 1 < size)
			snprintf(text + used, size - used, " %s", kb_format(kb, name));
	}
}

/* The device did as it was told: what was asked to go is gone, its baseline shows. */
static int show_baseline(const struct decision *d, struct device_record *room,
			 int64_t now_s, struct problem *p)
{
	const struct line *line = d->line;
	const struct release *level = &line->releases[d->level.index];
	struct flow *flow = &room->history.flow;
	char kbs[LIMIT_FACT_VALUE], build[BUILD_TEXT];

	memset(flow, 0, sizeof *flow);
	flow->id = 1;
	flow->kind = FLOW_UNINSTALL;
	flow->state = FLOW_RESTART_PENDING;
	flow->offered_s = flow->changed_s = now_s;
	release_key_set(&flow->key, line, level);
	kbs_beneath(line, level->quarter, facts_known(&room->facts, FACT_OS_KBS), kbs,
		    sizeof kbs);
	build_format(line->releases[level->quarter].build, build);
	facts_remove(&room->facts, "restart.pending");
	if (facts_set(&room->facts, "os.build", build, now_s, FACT_REPORTED, NULL, p) < 0)
		return -1;
	return facts_set(&room->facts, "os.kbs", kbs, now_s, FACT_REPORTED, NULL, p);
}

static void look_ahead(const struct decision *d, struct operation_outlook *outlook)
{
	/* A rule has chosen it, whatever keeps it back for now. */
	if (d->release >= 0 && d->rule != 0) {
		outlook->installs = true;
		outlook->installed_kind = d->line->releases[d->release].kind;
		release_key_set(&outlook->installed, d->line,
				&d->line->releases[d->release]);
		outlook->restarts += outlook->installed_kind != RELEASE_HOTPATCH;
	} else if (d->standing == STANDING_WAITING && d->reason_count > 0) {
		outlook->stands_in_the_way = d->reasons[d->reason_count - 1];
	}
}

int operation_rehearse(const struct operation *operation,
		       const struct situation *situation, struct device_record *room,
		       struct operation_outlook *outlook, struct problem *p)
{
	struct outcome outcome;
	struct decision d;
	int64_t now_s = situation->now_s;

	memset(outlook, 0, sizeof *outlook);
	device_record_init(room, situation->device, now_s);
	room->facts = *situation->facts;
	if (situation->history != NULL)
		room->history = *situation->history;
	outcome_init(&outcome);
	decide_room(situation, room, &d);
	if (operation_begin(operation, room, &d, now_s, &outcome, p) < 0)
		return -1;
	if (operation_is_instant(operation->kind))
		return 0;
	decide_room(situation, room, &d);
	if (d.rule == 'r' && d.release < 0) {
		outlook->stands_in_the_way = d.reasons[d.reason_count - 1];
		return 0; /* it gets stuck before anything is removed */
	}
	const struct release *level = &d.line->releases[d.level.index];
	outlook->removes = true;
	outlook->restarts = 1;
	release_key_set(&outlook->removed, d.line, level);
	if (level->quarter < 0 || level->kind == RELEASE_BASELINE)
		return 0; /* what lies beneath a cumulative update nobody knows */
	if (show_baseline(&d, room, now_s, p) < 0)
		return -1;
	decide_room(situation, room, &d);
	passage_facts(room, &d, NULL, now_s, &outcome);
	decide_room(situation, room, &d);
	look_ahead(&d, outlook);
	return 0;
}
