#include "engine/passage.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/ascii.h"
#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/passage_private.h"
#include "engine/replay.h"

bool passage_is_running(const struct flow *flow)
{
	return flow->state != FLOW_NONE && !flow_state_is_final(flow->state);
}

bool passage_shows(const struct decision *d, const struct release_key *key)
{
	return d->line != NULL && d->level.state == LEVEL_KNOWN &&
	       release_key_is(key, d->line, &d->line->releases[d->level.index]);
}

bool passage_shows_other(const struct decision *d, const struct release_key *key)
{
	if (d->line == NULL)
		return false;
	if (d->level.state == LEVEL_KNOWN)
		return !passage_shows(d, key);
	return !build_equal(d->build, key->build);
}

bool passage_shows_beneath(const struct device_record *record, const struct decision *d)
{
	const struct request *request = &record->history.request;

	return request->kind != REQUEST_NONE && d->line != NULL &&
	       d->level.state == LEVEL_KNOWN &&
	       strcmp(d->line->product->id, request->key.product) == 0 &&
	       d->line->releases[d->level.index].published_s <
		       request->removed_published_s;
}

bool passage_restart_pending(const struct device_record *record)
{
	const char *pending = facts_known(&record->facts, FACT_RESTART_PENDING);
	return pending != NULL && ascii_compare(pending, "yes") == 0;
}

/* When the device came into the flow: what happened before is none of its doing. */
static int64_t flow_came_s(const struct flow *flow)
{
	return flow->retrieved_s != 0 ? flow->retrieved_s : flow->offered_s;
}

/* Since then a restart was pending, it came, and none is pending any more: when it came.
 * 0 when that is not what the facts tell. */
static int64_t restart_passed_s(const struct device_record *record)
{
	const struct fact *boot = facts_find(&record->facts, "os.boot");
	const struct fact *pending = facts_find(&record->facts, "restart.pending");
	int64_t came_s = flow_came_s(&record->history.flow);

	if (boot == NULL || pending == NULL || passage_restart_pending(record) ||
	    boot->since_s <= came_s || pending->since_s <= came_s)
		return 0;
	return boot->since_s;
}

static bool build_is_reported(const struct device_record *record)
{
	const struct fact *build = facts_find(&record->facts, "os.build");
	return build != NULL && build->source == FACT_REPORTED;
}

void passage_move(struct device_record *record, enum flow_state to, uint32_t code,
		  const char *note, int64_t now_s, struct outcome *outcome)
{
	const struct flow *flow = &record->history.flow;
	struct event *event = outcome_add(outcome, EVENT_FLOW, now_s);

	assert(flow_may_move(flow->kind, flow->state, to));
	event->flow = flow->id;
	event->key = flow->key;
	memcpy(event->ring, flow->ring, sizeof event->ring);
	event->flow_kind = flow->kind;
	event->from = flow->state;
	event->to = to;
	event->code = code;
	event->unverifiable = to == FLOW_UNVERIFIED && !build_is_reported(record);
	if (to == FLOW_RESTART_PENDING)
		event->time_s = restart_passed_s(record);
	snprintf(event->note, sizeof event->note, "%s", note);
	record_apply(record, event);
	outcome->history_changed = true;
}

void passage_end(struct device_record *record, const struct ending *ending,
		 const struct decision *d, int64_t now_s, struct outcome *outcome)
{
	assert(flow_state_is_final(ending->state));
	passage_move(record, ending->state, ending->code, ending->note, now_s, outcome);
	request_flow_ended(record, ending->state, d, now_s, outcome);
}

enum flow_state passage_achieved(const struct device_record *record,
				 const struct decision *d)
{
	const struct flow *flow = &record->history.flow;

	if (flow->kind == FLOW_INSTALL)
		return passage_shows(d, &flow->key) ? FLOW_VERIFIED : FLOW_NONE;
	return passage_shows_other(d, &flow->key) ? FLOW_REMOVED : FLOW_NONE;
}

static void count_restart(struct device_record *record, const char *boot_before,
			  int64_t now_s, struct outcome *outcome)
{
	const char *boot = facts_known(&record->facts, FACT_OS_BOOT);

	if (boot_before == NULL || boot == NULL || strcmp(boot, boot_before) == 0)
		return;
	struct event *event = outcome_add(outcome, EVENT_RESTARTED, now_s);
	snprintf(event->note, sizeof event->note, "%s", boot);
	record_apply(record, event);
	outcome->identity_changed = true;
}

/* The level came with this report. */
static bool is_new_level(const struct device_record *record, const struct release *level,
			 int64_t now_s)
{
	const struct fact *build = facts_find(&record->facts, "os.build");

	return build->since_s == now_s ||
	       history_shown_since(&record->history, level->kb) == now_s;
}

static void note_adoption(struct device_record *record, const struct decision *d,
			  int64_t now_s, struct outcome *outcome)
{
	const struct flow *flow = &record->history.flow;

	if (d->line == NULL || d->level.state != LEVEL_KNOWN)
		return;
	const struct release *level = &d->line->releases[d->level.index];
	if (!is_new_level(record, level, now_s))
		return;
	if (flow->state != FLOW_NONE && release_key_is(&flow->key, d->line, level))
		return;
	/* After a removal the device shows what lay beneath: nobody installed that. */
	if (flow->kind == FLOW_UNINSTALL && flow->state == FLOW_REMOVED &&
	    flow->changed_s == now_s)
		return;
	struct event *event = outcome_add(outcome, EVENT_ADOPTED, now_s);
	release_key_set(&event->key, d->line, level);
	snprintf(event->note, sizeof event->note, "%s",
		 record->created_s == now_s ? "found on it at enrolment"
					    : "found on a release nobody offered");
}

/* The device says, now, that no restart is pending. */
static bool denies_restart(const struct device_record *record, int64_t now_s)
{
	const struct fact *pending = facts_find(&record->facts, "restart.pending");

	return pending != NULL && pending->observed_s == now_s &&
	       !passage_restart_pending(record);
}

/* Said to be installed, and facts that still show the old level.  They tell when no
 * restart was needed, when one has happened since the offer, or when the device says
 * that none is pending; before that they may be right to show it. */
static bool belie_installed(const struct device_record *record, int64_t now_s)
{
	const struct flow *flow = &record->history.flow;
	const struct fact *boot = facts_find(&record->facts, "os.boot");

	if (passage_restart_pending(record))
		return false;
	return flow->release_kind == RELEASE_HOTPATCH ||
	       (boot != NULL && boot->since_s > flow->offered_s) ||
	       denies_restart(record, now_s);
}

/* Said to wait for a restart, which is over while the level is still the old one.  After
 * it the device has the word, so this is the end where it was `claimed` a success, or
 * where the word of the restart came only after it: then its own has come too. */
static bool belie_restarted(const struct device_record *record, bool claimed,
			    int64_t now_s)
{
	const struct flow *flow = &record->history.flow;
	const struct fact *boot = facts_find(&record->facts, "os.boot");
	bool denied = denies_restart(record, now_s);

	if (claimed && (denied || restart_is_over(flow, &record->facts)))
		return true;
	return denied && boot != NULL && boot->since_s > flow_came_s(flow) &&
	       boot->since_s <= flow->pending_since_s;
}

static bool facts_belie(const struct device_record *record, bool claimed, int64_t now_s)
{
	switch (record->history.flow.state) {
	case FLOW_INSTALLED:
		return belie_installed(record, now_s);
	case FLOW_RESTART_PENDING:
		return belie_restarted(record, claimed, now_s);
	default:
		return false;
	}
}

/* Where the facts show the end of the flow that is on its way; FLOW_NONE.  They show a
 * removal whatever was reported, once they show what lay beneath. */
static enum flow_state end_shown(const struct device_record *record,
				 const struct decision *d)
{
	const struct flow *flow = &record->history.flow;

	if (!passage_is_running(flow))
		return FLOW_NONE;
	if (flow->kind == FLOW_UNINSTALL && !flow_state_is_committed(flow->state) &&
	    !passage_shows_beneath(record, d))
		return FLOW_NONE;
	return passage_achieved(record, d);
}

/* The flow that is on its way, seen in the light of new facts.  `claimed`: the device
 * had claimed success, and its facts were asked for. */
static void follow_facts(struct device_record *record, const struct decision *d,
			 bool claimed, int64_t now_s, struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;
	enum flow_state end = end_shown(record, d);

	if (end != FLOW_NONE) {
		struct ending shown = { end, 0, "the facts show it" };
		passage_end(record, &shown, d, now_s, outcome);
	} else if (facts_belie(record, claimed, now_s)) {
		struct ending belied = { flow->kind == FLOW_INSTALL ? FLOW_UNVERIFIED
								    : FLOW_FAILED,
					 flow->code,
					 "said to be done, but the facts still show the "
					 "old level" };
		passage_end(record, &belied, d, now_s, outcome);
	}
}

/* New facts may make applicable what the device had refused, and a build that is
 * reported makes verifiable what could not be verified. */
static void forget_refusals(struct device_record *record, int64_t now_s,
			    struct outcome *outcome)
{
	bool reported = build_is_reported(record);

	for (size_t i = 0; i < record->history.mark_count; i++) {
		const struct mark *mark = &record->history.marks[i];
		bool unverifiable = mark->unverifiable && !reported;
		if (!mark->not_applicable && mark->unverifiable == unverifiable)
			continue;
		struct event *event = outcome_add(outcome, EVENT_RECONSIDERED, now_s);
		event->key = mark->key;
		event->unverifiable = unverifiable;
		snprintf(event->note, sizeof event->note, "its facts changed");
		record_apply(record, event);
	}
}

void passage_facts(struct device_record *record, const struct decision *d,
		   const char *boot_before, int64_t now_s, struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;
	bool wanted = record->facts_wanted;

	history_saw(&record->history, &record->facts, now_s);
	outcome->history_changed = true;
	if (outcome->facts_changed)
		forget_refusals(record, now_s, outcome);
	count_restart(record, boot_before, now_s, outcome);
	if (passage_is_running(flow)) {
		follow_facts(record, d, wanted, now_s, outcome);
	} else if (flow->state == FLOW_UNVERIFIED && flow->kind == FLOW_INSTALL &&
		   passage_achieved(record, d) == FLOW_VERIFIED) {
		struct ending late = { FLOW_VERIFIED, 0, "the facts came to show it" };
		passage_end(record, &late, d, now_s, outcome);
	}
	/* A success that was claimed before its restart is judged after it. */
	record->facts_wanted = wanted && flow->state == FLOW_RESTART_PENDING &&
			       passage_restart_pending(record);
	outcome->identity_changed |= wanted;
	if (outcome->facts_changed)
		note_adoption(record, d, now_s, outcome);
}

static bool lease_is_out(const struct device_record *record, int64_t now_s)
{
	int64_t end_s = history_lease_end(&record->history);
	return end_s != INSTANT_NONE && now_s > end_s;
}

/* Does the decision ask for something to be on its way, and what?  A payload that may be
 * fetched ahead of the window is offered too. */
static bool wants(const struct decision *d, enum flow_kind *kind)
{
	if (d->line == NULL || d->release < 0)
		return false;
	*kind = d->action == ACTION_UNINSTALL ? FLOW_UNINSTALL : FLOW_INSTALL;
	return d->action == ACTION_INSTALL || d->action == ACTION_UNINSTALL ||
	       d->download_only;
}

/* Is the running flow what the decision asks for? */
static bool flow_fits(const struct device_record *record, const struct decision *d)
{
	const struct flow *flow = &record->history.flow;
	enum flow_kind kind;

	/* Without a place in the plan there is no other answer to give. */
	if (flow_state_is_committed(flow->state) || d->action == ACTION_RESTART ||
	    d->line == NULL)
		return true;
	if (d->standing == STANDING_RUNNING)
		return true;
	return wants(d, &kind) && flow->kind == kind &&
	       release_key_is(&flow->key, d->line, &d->line->releases[d->release]);
}

/* A device that retrieved its offer is told to stop first, and keeps its place. */
static bool may_begin(const struct device_record *record, const struct decision *d)
{
	const struct flow *flow = &record->history.flow;

	return !passage_is_running(flow) ||
	       (flow->retrieved_s == 0 && !flow_fits(record, d));
}

bool passage_wants_flow(const struct device_record *record, const struct decision *d)
{
	enum flow_kind kind;

	return wants(d, &kind) && may_begin(record, d) && !request_moves(record, d);
}

bool passage_is_settled(const struct device_record *record, const struct decision *d,
			int64_t now_s)
{
	const struct flow *flow = &record->history.flow;

	if (lease_is_out(record, now_s) || end_shown(record, d) != FLOW_NONE ||
	    request_moves(record, d) || passage_wants_flow(record, d))
		return false;
	return !passage_is_running(flow) || flow_fits(record, d) || flow->withdrawing;
}

static void begin(struct device_record *record, const struct decision *d,
		  const char *ring, int64_t flow_id, int64_t now_s,
		  struct outcome *outcome)
{
	const struct release *release = &d->line->releases[d->release];
	struct event *event = outcome_add(outcome, EVENT_FLOW, now_s);
	enum flow_kind kind = FLOW_INSTALL;

	assert(flow_id > 0);
	wants(d, &kind);
	event->flow = flow_id;
	release_key_set(&event->key, d->line, release);
	snprintf(event->ring, sizeof event->ring, "%s", ring);
	event->flow_kind = kind;
	event->from = FLOW_NONE;
	event->to = FLOW_OFFERED;
	event->release_kind = release->kind;
	event->ends_recovery = kind == FLOW_INSTALL && d->rule == 'r';
	if (kind == FLOW_INSTALL && d->install_by_s != INSTANT_NONE)
		event->time_s = d->install_by_s;
	snprintf(event->note, sizeof event->note, "%s", reason_face(d->reasons[0])->name);
	record_apply(record, event);
	outcome->history_changed = true;
	if (record->history.flow.ends_recovery)
		request_move(record, RECOVERY_LCU_OFFERED, "", now_s, outcome);
}

/* A device that never saw the offer needs no answer; one that did is told to stop. */
static void withdraw(struct device_record *record, const struct decision *d,
		     int64_t now_s, struct outcome *outcome)
{
	const struct flow *flow = &record->history.flow;
	struct ending unseen = { FLOW_WITHDRAWN, 0, "superseded before it was seen" };

	if (flow->retrieved_s == 0) {
		passage_end(record, &unseen, d, now_s, outcome);
		return;
	}
	struct event *event = outcome_add(outcome, EVENT_RECALLED, now_s);
	event->flow = flow->id;
	event->key = flow->key;
	snprintf(event->note, sizeof event->note, "asked the device to stop: superseded");
	record_apply(record, event);
	outcome->history_changed = true;
}

/* The state a flow ends in when nobody else ends it.  An install that had begun may
 * still come to be shown. */
static enum flow_state expiry(const struct flow *flow)
{
	if (flow->withdrawing)
		return FLOW_WITHDRAWN;
	if (!flow_state_is_committed(flow->state))
		return FLOW_EXPIRED;
	return flow->kind == FLOW_UNINSTALL ? FLOW_FAILED : FLOW_UNVERIFIED;
}

void passage_poll(struct device_record *record, const struct decision *d,
		  const char *ring, int64_t flow_id, int64_t now_s,
		  struct outcome *outcome)
{
	struct flow *flow = &record->history.flow;

	if (lease_is_out(record, now_s)) {
		struct ending out = { expiry(flow), flow->code, "the lease ran out" };
		passage_end(record, &out, d, now_s, outcome);
		return; /* the next poll decides anew, with the back-off in place */
	}
	if (end_shown(record, d) != FLOW_NONE) {
		follow_facts(record, d, false, now_s, outcome);
		return; /* the catalog has come to name what it shows */
	}
	if (passage_is_running(flow) && !flow_fits(record, d) && !flow->withdrawing)
		withdraw(record, d, now_s, outcome);
	if (request_moves(record, d)) {
		request_follow(record, d, now_s, outcome);
		return; /* nothing is begun that was decided before */
	}
	if (flow_id > 0 && !passage_is_running(flow) && passage_wants_flow(record, d))
		begin(record, d, ring, flow_id, now_s, outcome);
}

void passage_retrieved(struct device_record *record, int64_t flow_id, int64_t now_s,
		       struct outcome *outcome)
{
	const struct flow *flow = &record->history.flow;

	if (flow->id != flow_id || flow->retrieved_s != 0)
		return;
	struct event *event = outcome_add(outcome, EVENT_RETRIEVED, now_s);
	event->flow = flow_id;
	event->key = flow->key;
	record_apply(record, event);
	outcome->history_changed = true;
}
