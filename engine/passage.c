#include "engine/passage.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/problem.h"

enum { REQUEST_ATTEMPTS = 3 };

static bool is_running(const struct flow *flow)
{
	return flow->state != FLOW_NONE && !flow_state_is_final(flow->state);
}

static bool shows(const struct decision *d, const struct release_key *key)
{
	return d->line != NULL && d->level.state == LEVEL_KNOWN &&
	       release_key_is(key, d->line, &d->line->releases[d->level.index]);
}

static void set_request_state(struct device_record *record, enum recovery_state state,
			      const char *reason, int64_t now_s, struct outcome *outcome)
{
	struct request *request = &record->history.request;

	if (request->kind == REQUEST_NONE || request->state == state)
		return;
	request->state = state;
	snprintf(request->reason, sizeof request->reason, "%s", reason);
	struct event *event = outcome_add(outcome, EVENT_REQUEST, now_s);
	event->key = request->key;
	event->flow = record->history.flow.id;
	snprintf(event->note, sizeof event->note, "%s%s%s", recovery_state_names[state],
		 reason[0] != '\0' ? ": " : "", reason);
	outcome->history_changed = true;
}

static void move(struct device_record *record, enum flow_state to, uint32_t code,
		 const char *note, int64_t now_s, struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;
	struct event *event = outcome_add(outcome, EVENT_FLOW, now_s);

	assert(flow_may_move(flow->kind, flow->state, to));
	event->flow = flow->id;
	event->key = flow->key;
	memcpy(event->ring, flow->ring, sizeof event->ring);
	event->flow_kind = flow->kind;
	event->from = flow->state;
	event->to = to;
	event->code = code;
	snprintf(event->note, sizeof event->note, "%s", note);

	flow->state = to;
	flow->changed_s = now_s;
	flow->code = code;
	flow->lease_s = flow_state_is_final(to) ? 0 : now_s + flow_lease_s(to);
	if (to == FLOW_RESTART_PENDING && flow->pending_since_s == 0)
		flow->pending_since_s = now_s;
	if (flow_state_is_final(to))
		flow->withdrawing = false;
	outcome->history_changed = true;
}

/* "A hotpatch removed by request, and everything of its quarter published until then,
 * is blocked for that device" (DESIGN 2.7). */
static void block_removed(struct device_record *record, const struct decision *d,
			  int64_t now_s)
{
	const struct request *request = &record->history.request;
	const struct line *line = d->line;
	int32_t removed = -1;

	if (request->kind == REQUEST_NONE || line == NULL)
		return;
	for (size_t i = 0; i < line->count && removed < 0; i++) {
		if (release_key_is(&request->key, line, &line->releases[i]))
			removed = (int32_t)i;
	}
	for (size_t i = 0; removed >= 0 && i < line->count; i++) {
		const struct release *release = &line->releases[i];
		bool same = (int32_t)i == removed ||
			    (release->quarter >= 0 && release->kind != RELEASE_BASELINE &&
			     release->quarter == line->releases[removed].quarter &&
			     release->published_s <= now_s);
		if (!same)
			continue;
		struct release_key key;
		release_key_set(&key, line, release);
		struct mark *mark = history_mark_open(&record->history, &key, now_s);
		mark->block = BLOCK_UNINSTALLED;
		mark->blocked_s = now_s;
	}
}

static void finish_request(struct device_record *record, enum flow_state ended,
			   const struct decision *d, int64_t now_s,
			   struct outcome *outcome)
{
	struct request *request = &record->history.request;
	const struct flow *flow = &record->history.flow;
	char why[64];

	if (request->kind == REQUEST_NONE || request->state == RECOVERY_RECOVERED ||
	    request->state == RECOVERY_STUCK)
		return;
	if (ended == FLOW_REMOVED) {
		set_request_state(record, RECOVERY_REMOVED, "", now_s, outcome);
		block_removed(record, d, now_s);
	} else if (ended == FLOW_VERIFIED && flow->ends_recovery) {
		set_request_state(record, RECOVERY_RECOVERED, "", now_s, outcome);
	} else if ((ended == FLOW_FAILED || ended == FLOW_NOT_APPLICABLE ||
		    ended == FLOW_UNVERIFIED || ended == FLOW_EXPIRED) &&
		   (flow->kind == FLOW_UNINSTALL || flow->ends_recovery)) {
		request->failures++;
		outcome->history_changed = true;
		if (request->failures < REQUEST_ATTEMPTS)
			return;
		snprintf(why, sizeof why, "%s %s, code 0x%08X",
			 flow->kind == FLOW_UNINSTALL ? "uninstall" : "install",
			 flow_state_name(ended), flow->code);
		set_request_state(record, RECOVERY_STUCK, why, now_s, outcome);
	}
}

/* A final state, and what it leaves on the release's mark. */
static void end_flow(struct device_record *record, enum flow_state to, uint32_t code,
		     const char *note, const struct decision *d, int64_t now_s,
		     struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;
	struct mark *mark =
		flow->kind == FLOW_INSTALL
			? history_mark_open(&record->history, &flow->key, now_s)
			: NULL;

	move(record, to, code, note, now_s, outcome);
	if (mark != NULL && to == FLOW_VERIFIED) {
		mark->failures = mark->unshown = 0;
		mark->not_applicable = mark->unverifiable = false;
	} else if (mark != NULL && (to == FLOW_FAILED || to == FLOW_EXPIRED)) {
		mark->failures++;
		mark->last_failed_s = now_s;
	} else if (mark != NULL && to == FLOW_NOT_APPLICABLE) {
		mark->not_applicable = true;
	} else if (mark != NULL && to == FLOW_UNVERIFIED) {
		mark->unshown++;
		if (facts_known(&record->facts, FACT_OS_BUILD) == NULL ||
		    facts_find(&record->facts, "os.build")->source == FACT_ASSERTED)
			mark->unverifiable = true;
	}
	finish_request(record, to, d, now_s, outcome);
}

/* Does the device show what the flow was for? */
static enum flow_state achieved(const struct device_record *record,
				const struct decision *d)
{
	const struct flow *flow = &record->history.flow;

	if (flow->kind == FLOW_INSTALL)
		return shows(d, &flow->key) ? FLOW_VERIFIED : FLOW_NONE;
	/* The build must be there to say anything, and no longer the removed one's. */
	return d->line != NULL && !shows(d, &flow->key) ? FLOW_REMOVED : FLOW_NONE;
}

static bool restart_is_pending(const struct device_record *record)
{
	const char *pending = facts_known(&record->facts, FACT_RESTART_PENDING);
	return pending != NULL && strcmp(pending, "yes") == 0;
}

static void count_restart(struct device_record *record, const char *boot_before,
			  int64_t now_s, struct outcome *outcome)
{
	const char *boot = facts_known(&record->facts, FACT_OS_BOOT);

	if (boot_before == NULL || boot == NULL || strcmp(boot, boot_before) == 0)
		return;
	record->restarts++;
	outcome->identity_changed = true;
	struct event *event = outcome_add(outcome, EVENT_RESTARTED, now_s);
	snprintf(event->note, sizeof event->note, "%s", boot);
}

/* New facts may make applicable what the device had refused. */
static void forget_refusals(struct device_record *record)
{
	for (size_t i = 0; i < record->history.mark_count; i++)
		record->history.marks[i].not_applicable = false;
}

static void note_adoption(struct device_record *record, const struct decision *d,
			  int64_t now_s, struct outcome *outcome)
{
	const struct flow *flow = &record->history.flow;

	if (d->line == NULL || d->level.state != LEVEL_KNOWN)
		return;
	const struct release *level = &d->line->releases[d->level.index];
	if (release_key_is(&flow->key, d->line, level))
		return;
	/* After a removal the device shows what lay beneath: nobody installed that. */
	if (flow->kind == FLOW_UNINSTALL && flow->state == FLOW_REMOVED)
		return;
	struct event *event = outcome_add(outcome, EVENT_ADOPTED, now_s);
	release_key_set(&event->key, d->line, level);
	snprintf(event->note, sizeof event->note, "%s",
		 record->created_s == now_s ? "found on it at enrolment"
					    : "found on a release nobody offered");
}

void passage_facts(struct device_record *record, const struct decision *d,
		   const char *boot_before, int64_t now_s, struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;

	history_saw(&record->history, &record->facts, now_s);
	outcome->history_changed = true;
	if (outcome->facts_changed)
		forget_refusals(record);
	count_restart(record, boot_before, now_s, outcome);
	record->facts_wanted = false;

	if (flow->state == FLOW_UNVERIFIED && flow->kind == FLOW_INSTALL &&
	    achieved(record, d) == FLOW_VERIFIED) {
		end_flow(record, FLOW_VERIFIED, 0, "the facts came to show it", d, now_s,
			 outcome);
		return;
	}
	if (!is_running(flow)) {
		if (outcome->facts_changed)
			note_adoption(record, d, now_s, outcome);
		return;
	}
	enum flow_state end = achieved(record, d);
	bool begun = flow->kind == FLOW_INSTALL || flow_state_is_committed(flow->state);
	if (end != FLOW_NONE && begun)
		end_flow(record, end, 0, "the facts show it", d, now_s, outcome);
	else if (flow->state == FLOW_INSTALLED && !restart_is_pending(record))
		end_flow(record, FLOW_UNVERIFIED, flow->code,
			 "reported as installed, but the facts still show the old level",
			 d, now_s, outcome);
}

static bool lease_is_out(const struct device_record *record, int64_t now_s)
{
	const struct history *history = &record->history;
	return is_running(&history->flow) && history->flow.lease_s != 0 &&
	       now_s > history->flow.lease_s && history->paused_until_s <= now_s;
}

/* Is the running flow what the decision asks for? */
static bool flow_fits(const struct device_record *record, const struct decision *d)
{
	const struct flow *flow = &record->history.flow;

	if (flow_state_is_committed(flow->state) || d->action == ACTION_RESTART ||
	    d->line == NULL)
		return true;
	if (d->action == ACTION_NONE)
		/* waiting for a window keeps the flow; every other wait ends it */
		return d->release >= 0 && d->reason_count > 0 &&
		       d->reasons[d->reason_count - 1] == REASON_OUTSIDE_WINDOW &&
		       flow->kind == FLOW_INSTALL &&
		       release_key_is(&flow->key, d->line,
				      &d->line->releases[d->release]);
	enum flow_kind wanted =
		d->action == ACTION_INSTALL ? FLOW_INSTALL : FLOW_UNINSTALL;
	return flow->kind == wanted &&
	       release_key_is(&flow->key, d->line, &d->line->releases[d->release]);
}

bool passage_wants_flow(const struct device_record *record, const struct decision *d)
{
	if (d->action != ACTION_INSTALL && d->action != ACTION_UNINSTALL)
		return false;
	return !is_running(&record->history.flow) || !flow_fits(record, d);
}

/* A rollback that has nowhere to go says so; one whose device already stands on a
 * cumulative update of no quarter has arrived. */
static enum recovery_state recovery_now(const struct device_record *record,
					const struct decision *d)
{
	const struct request *request = &record->history.request;

	if (request->kind == REQUEST_NONE || d->line == NULL ||
	    request->state >= RECOVERY_RECOVERED)
		return request->state;
	bool shown = shows(d, &request->key);
	if (request->kind == REQUEST_UNINSTALL)
		return shown || request->state >= RECOVERY_REMOVED ? request->state
								   : RECOVERY_REMOVED;
	if (shown || is_running(&record->history.flow) || d->level.state != LEVEL_KNOWN)
		return request->state;
	const struct release *level = &d->line->releases[d->level.index];
	if (level->published_s >= request->removed_published_s &&
	    release_is_cumulative(level) && level->quarter < 0)
		return RECOVERY_RECOVERED;
	if (d->rule != 'r' && d->action == ACTION_NONE &&
	    d->standing != STANDING_NOT_READY)
		return RECOVERY_STUCK;
	return request->state < RECOVERY_REMOVED ? RECOVERY_REMOVED : request->state;
}

bool passage_is_settled(const struct device_record *record, const struct decision *d,
			int64_t now_s)
{
	const struct flow *flow = &record->history.flow;

	if (lease_is_out(record, now_s) || passage_wants_flow(record, d) ||
	    recovery_now(record, d) != record->history.request.state)
		return false;
	return !is_running(flow) || flow_fits(record, d) || flow->withdrawing;
}

static void begin(struct device_record *record, const struct decision *d,
		  const char *ring, int64_t flow_id, int64_t now_s,
		  struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;
	const struct release *release = &d->line->releases[d->release];

	assert(flow_id > 0);
	memset(flow, 0, sizeof *flow);
	flow->id = flow_id;
	flow->kind = d->action == ACTION_INSTALL ? FLOW_INSTALL : FLOW_UNINSTALL;
	release_key_set(&flow->key, d->line, release);
	flow->release_kind = release->kind;
	snprintf(flow->ring, sizeof flow->ring, "%s", ring);
	flow->offered_s = now_s;
	flow->ends_recovery = flow->kind == FLOW_INSTALL && d->rule == 'r';
	if (flow->kind == FLOW_INSTALL) {
		struct mark *mark =
			history_mark_open(&record->history, &flow->key, now_s);
		if (mark->first_offered_s == 0)
			mark->first_offered_s = now_s;
		if (d->install_by_s != INSTANT_NONE)
			flow->install_by_s = d->install_by_s;
	}
	flow->state = FLOW_NONE;
	move(record, FLOW_OFFERED, 0, reason_face(d->reasons[0])->name, now_s, outcome);
	if (record->history.request.kind == REQUEST_ROLLBACK && flow->ends_recovery)
		set_request_state(record, RECOVERY_LCU_OFFERED, "", now_s, outcome);
}

/* A device that never saw the offer needs no answer; one that did is told to stop. */
static void withdraw(struct device_record *record, const struct decision *d,
		     int64_t now_s, struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;

	flow->generation++;
	outcome->history_changed = true;
	if (flow->retrieved_s == 0) {
		end_flow(record, FLOW_WITHDRAWN, 0, "superseded before it was seen", d,
			 now_s, outcome);
		return;
	}
	flow->withdrawing = true;
	struct event *event = outcome_add(outcome, EVENT_IGNORED, now_s);
	event->flow = flow->id;
	event->key = flow->key;
	snprintf(event->note, sizeof event->note, "asked the device to stop: superseded");
}

void passage_poll(struct device_record *record, const struct decision *d,
		  const char *ring, int64_t flow_id, int64_t now_s,
		  struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;

	if (lease_is_out(record, now_s)) {
		bool committed = flow_state_is_committed(flow->state);
		enum flow_state to = flow->kind == FLOW_UNINSTALL && committed
					     ? FLOW_FAILED
				     : committed ? FLOW_UNVERIFIED
						 : FLOW_EXPIRED;
		end_flow(record, to, flow->code, "the lease ran out", d, now_s, outcome);
		return; /* the next poll decides anew, with the back-off in place */
	}
	if (is_running(flow) && !flow_fits(record, d) && !flow->withdrawing)
		withdraw(record, d, now_s, outcome);
	if (!is_running(flow) && flow_id > 0 && passage_wants_flow(record, d))
		begin(record, d, ring, flow_id, now_s, outcome);
	enum recovery_state state = recovery_now(record, d);
	if (state == RECOVERY_STUCK)
		set_request_state(record, state, "no cumulative update is open to go to",
				  now_s, outcome);
	else
		set_request_state(record, state, "", now_s, outcome);
}

void passage_retrieved(struct device_record *record, int64_t flow_id, int64_t now_s,
		       struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;

	if (flow->id != flow_id || flow->retrieved_s != 0)
		return;
	flow->retrieved_s = now_s;
	outcome->history_changed = true;
	struct event *event = outcome_add(outcome, EVENT_RETRIEVED, now_s);
	event->flow = flow_id;
	event->key = flow->key;
}

static void ignore(struct device_record *record, int64_t flow_id,
		   const struct report *report, const char *why, int64_t now_s,
		   struct outcome *outcome)
{
	struct event *event = outcome_add(outcome, EVENT_IGNORED, now_s);

	event->flow = flow_id;
	event->key = record->history.flow.key;
	event->code = report->code;
	snprintf(event->note, sizeof event->note, "%s: %s %.150s", why,
		 flow_state_name(report->state), report->text);
}

/* Success is what the device shows: the claim moves the flow only as far as the facts
 * bear it out. */
static void claim_success(struct device_record *record, const struct report *report,
			  const struct decision *d, int64_t now_s,
			  struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;
	enum flow_state end = achieved(record, d);
	const struct fact *build = facts_find(&record->facts, "os.build");

	if (end != FLOW_NONE) {
		end_flow(record, end, report->code, report->text, d, now_s, outcome);
		return;
	}
	if (flow->kind == FLOW_INSTALL &&
	    (build == NULL || build->source == FACT_ASSERTED)) {
		end_flow(record, FLOW_UNVERIFIED, report->code,
			 "reported as installed; the device reports no build", d, now_s,
			 outcome);
		return;
	}
	record->facts_wanted = true;
	outcome->identity_changed = true;
	enum flow_state to =
		flow->kind == FLOW_INSTALL ? FLOW_INSTALLED : FLOW_RESTART_PENDING;
	if (flow_may_move(flow->kind, flow->state, to))
		move(record, to, report->code, report->text, now_s, outcome);
}

enum report_result passage_report(struct device_record *record, int64_t flow_id,
				  const struct report *report, const struct decision *d,
				  int64_t now_s, struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;

	if (flow->id != flow_id)
		return REPORT_UNKNOWN;
	if (report->sequence != 0 && report->sequence <= flow->sequence)
		return REPORT_REPEATED;
	if (report->sequence != 0) {
		flow->sequence = report->sequence;
		outcome->history_changed = true;
	}
	if (flow->state == report->state)
		return REPORT_REPEATED;
	if (flow_state_is_final(flow->state)) {
		ignore(record, flow_id, report, "after the end", now_s, outcome);
		return flow->state == FLOW_WITHDRAWN || flow->state == FLOW_EXPIRED
			       ? REPORT_LATE
			       : REPORT_REPEATED;
	}
	if (!flow_may_move(flow->kind, flow->state, report->state)) {
		ignore(record, flow_id, report, "not legal now", now_s, outcome);
		return REPORT_REPEATED;
	}
	if (report->state == FLOW_VERIFIED || report->state == FLOW_REMOVED)
		claim_success(record, report, d, now_s, outcome);
	else if (flow_state_is_final(report->state))
		end_flow(record, report->state, report->code, report->text, d, now_s,
			 outcome);
	else
		move(record, report->state, report->code, report->text, now_s, outcome);

	if (flow->kind == FLOW_UNINSTALL && flow->state == FLOW_REMOVING)
		set_request_state(record, RECOVERY_REMOVING, "", now_s, outcome);
	else if (flow->kind == FLOW_UNINSTALL && flow->state == FLOW_RESTART_PENDING)
		set_request_state(record, RECOVERY_REMOVE_RESTART, "", now_s, outcome);
	return REPORT_TAKEN;
}

void passage_stopped(struct device_record *record, int64_t flow_id, bool did_stop,
		     int64_t now_s, struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;

	if (flow->id != flow_id || !flow->withdrawing)
		return;
	if (did_stop && !flow_state_is_committed(flow->state)) {
		struct decision none = { .line = NULL };
		end_flow(record, FLOW_WITHDRAWN, 0, "the device stopped", &none, now_s,
			 outcome);
		return;
	}
	flow->withdrawing = false; /* it goes on to its end and is counted */
	outcome->history_changed = true;
	struct event *event = outcome_add(outcome, EVENT_IGNORED, now_s);
	event->flow = flow_id;
	event->key = flow->key;
	snprintf(event->note, sizeof event->note, "the device goes on");
}

int passage_request(struct device_record *record, const struct decision *d,
		    enum request_kind kind, uint32_t kb, bool wait, int64_t now_s,
		    struct outcome *outcome, struct problem *p)
{
	struct request *request = &record->history.request;
	char text[KB_TEXT], have[KB_TEXT];

	if (d->line == NULL || d->level.state != LEVEL_KNOWN)
		return problem_set(p, PROBLEM_CONFLICT,
				   "the level of '%s' is not known, so nothing can be "
				   "removed from it",
				   record->id);
	const struct release *level = &d->line->releases[d->level.index];
	if (kb != 0 && level->kb != kb)
		return problem_set(
			p, PROBLEM_CONFLICT,
			"'%s' stands on %s; only the KB of its present level can "
			"be removed, not %s",
			record->id, kb_format(level->kb, have), kb_format(kb, text));
	if (level->kind == RELEASE_RTM || level->kb == 0)
		return problem_set(p, PROBLEM_CONFLICT,
				   "'%s' stands on the level it was delivered with",
				   record->id);
	if (kind == REQUEST_ROLLBACK && level->kind != RELEASE_HOTPATCH)
		return problem_set(p, PROBLEM_CONFLICT,
				   "'%s' stands on %s, which is no hotpatch: there is "
				   "nothing to roll back",
				   record->id, kb_format(level->kb, have));
	memset(request, 0, sizeof *request);
	request->kind = kind;
	request->wait = wait;
	request->at_s = now_s;
	request->removed_published_s = level->published_s;
	release_key_set(&request->key, d->line, level);
	set_request_state(record, RECOVERY_REQUESTED, "", now_s, outcome);
	return 0;
}
