#include "engine/decision.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "engine/facts.h"
#include "engine/hours.h"
#include "engine/judgement.h"
#include "engine/zone.h"

const char *const action_names[ACTIONS] = { "none", "install", "uninstall", "restart" };
const char *const standing_names[STANDINGS] = {
	[STANDING_NOT_READY] = "not-ready", [STANDING_UP_TO_DATE] = "up-to-date",
	[STANDING_OFFERED] = "offered",     [STANDING_RUNNING] = "running",
	[STANDING_WAITING] = "waiting",
};

enum { FAILURES_DOUBLED_MAX = 10, LOOP_SUCCESSES = 2 };

void decision_reason(struct decision *d, enum reason reason)
{
	if (reason == REASON_NONE)
		return;
	for (int i = 0; i < d->reason_count; i++) {
		if (d->reasons[i] == reason)
			return;
	}
	assert(d->reason_count < DECISION_REASONS);
	d->reasons[d->reason_count++] = reason;
}

static void sooner(struct decision *d, int64_t at_s, int64_t now_s)
{
	if (at_s == INSTANT_NONE || at_s <= now_s || at_s == OPENS_SOMETIME)
		return;
	if (d->stands_until_s == INSTANT_NONE || at_s < d->stands_until_s)
		d->stands_until_s = at_s;
}

static void not_ready(struct decision *d, enum reason reason)
{
	d->standing = STANDING_NOT_READY;
	decision_reason(d, reason);
}

static const struct flow *running_flow(const struct judgement *j)
{
	const struct history *history = j->situation->history;
	if (history == NULL || history->flow.state == FLOW_NONE ||
	    flow_state_is_final(history->flow.state))
		return NULL;
	return &history->flow;
}

static int32_t index_of(const struct judgement *j, const struct release_key *key)
{
	for (size_t i = 0; i < j->line->count; i++) {
		if (release_key_is(key, j->line, &j->line->releases[i]))
			return (int32_t)i;
	}
	return -1;
}

static bool restart_is_pending(const struct judgement *j)
{
	const char *pending = facts_known(j->situation->facts, FACT_RESTART_PENDING);
	return pending != NULL && strcasecmp(pending, "yes") == 0;
}

static const struct zone *zone_for(const struct judgement *j, const struct zone *own)
{
	return own != NULL ? own : j->situation->zone;
}

/* DESIGN 2.5: restart_by = max(install_by, pending since + grace); active hours hold
 * the restart back until then. */
static void decide_restart(struct judgement *j, const struct flow *flow)
{
	struct decision *d = j->decision;
	int64_t now_s = j->situation->now_s, since_s = now_s;
	const struct zone *zone = zone_for(j, j->ring->zone);
	const struct fact *fact = facts_find(j->situation->facts, "restart.pending");

	d->action = ACTION_RESTART;
	d->standing = flow != NULL ? STANDING_RUNNING : STANDING_OFFERED;
	decision_reason(d, REASON_RESTART_PENDING);
	if (flow != NULL && flow->pending_since_s != 0)
		since_s = flow->pending_since_s;
	else if (fact != NULL)
		since_s = fact->since_s;
	d->restart_by_s = since_s + j->ring->grace_s;
	if (flow != NULL) {
		d->release = index_of(j, &flow->key);
		d->install_by_s =
			flow->install_by_s == 0 ? INSTANT_NONE : flow->install_by_s;
		if (flow->install_by_s > d->restart_by_s)
			d->restart_by_s = flow->install_by_s;
	}
	if (now_s < d->restart_by_s &&
	    hours_contain(&j->ring->active_hours, zone, now_s)) {
		int64_t end_s = hours_end(&j->ring->active_hours, zone, now_s);
		d->not_before_s = end_s < d->restart_by_s ? end_s : d->restart_by_s;
		sooner(d, d->not_before_s, now_s);
	}
	sooner(d, d->restart_by_s, now_s);
}

/* A flow that has reached `installing` goes on to its end. */
static void decide_running(struct judgement *j, const struct flow *flow)
{
	struct decision *d = j->decision;

	if (flow->state == FLOW_RESTART_PENDING || restart_is_pending(j)) {
		decide_restart(j, flow);
		return;
	}
	d->action = flow->kind == FLOW_INSTALL ? ACTION_INSTALL : ACTION_UNINSTALL;
	d->standing = STANDING_RUNNING;
	d->release = index_of(j, &flow->key);
	d->install_by_s = flow->install_by_s == 0 ? INSTANT_NONE : flow->install_by_s;
	decision_reason(d, REASON_RUNNING);
	sooner(d, flow->lease_s, j->situation->now_s);
}

/* When an install may begin: the window, the schedule; INSTANT_NONE when it may now. */
static int64_t install_waits_until(const struct judgement *j)
{
	const struct ring *ring = j->ring;
	int64_t now_s = j->situation->now_s;
	const struct zone *zone =
		zone_for(j, ring->window_zone != NULL ? ring->window_zone : ring->zone);

	if (ring->behaviour == INSTALL_SCHEDULED) {
		int64_t from_s = j->decision->opens_s != INSTANT_NONE
					 ? j->decision->opens_s
					 : now_s;
		int64_t at_s = hours_occurrence(&ring->schedule, zone, from_s);
		if (at_s != INSTANT_NONE && at_s > now_s)
			return at_s;
	}
	if (ring->window.set && !hours_contain(&ring->window, zone, now_s))
		return hours_next(&ring->window, zone, now_s);
	return INSTANT_NONE;
}

static void hold_back(struct decision *d, enum reason reason)
{
	d->action = ACTION_NONE;
	d->standing = STANDING_WAITING;
	decision_reason(d, reason);
}

/* A failure that repeats: back-off, exhaustion, the reinstall loop. */
static enum reason retry_reason(const struct judgement *j, const struct mark *mark,
				int64_t *until_s)
{
	if (mark == NULL)
		return REASON_NONE;
	if (mark->unshown >= LOOP_SUCCESSES)
		return REASON_REINSTALL_LOOP;
	if (mark->not_applicable)
		return REASON_NOT_APPLICABLE;
	if (mark->unverifiable)
		return REASON_UNVERIFIED;
	if (mark->failures == 0)
		return REASON_NONE;
	if (mark->failures >= j->ring->attempts_max)
		return REASON_RETRY_EXHAUSTED;
	uint32_t doubled = mark->failures - 1 < FAILURES_DOUBLED_MAX
				   ? mark->failures - 1
				   : FAILURES_DOUBLED_MAX;
	*until_s = mark->last_failed_s + (j->ring->retry_s << doubled);
	return j->situation->now_s < *until_s ? REASON_RETRY_BACKOFF : REASON_NONE;
}

/* Facts that only mean "not now": they never change which release is chosen. */
static void apply_not_now(struct judgement *j, const struct mark *mark)
{
	struct decision *d = j->decision;
	const struct situation *s = j->situation;
	const struct flow *flow = running_flow(j);
	bool running = flow != NULL && candidate_is_running(j, d->release);
	int64_t until_s = INSTANT_NONE;

	int64_t fresh_until_s = s->facts->reported_s == INSTANT_NONE
					? INSTANT_NONE
					: s->facts->reported_s + s->plan->facts_fresh_s;
	if (fresh_until_s != INSTANT_NONE && s->now_s > fresh_until_s && !running)
		hold_back(d, REASON_FACTS_STALE);
	sooner(d, fresh_until_s == INSTANT_NONE ? fresh_until_s : fresh_until_s + 1,
	       s->now_s);
	if (s->history != NULL && s->history->paused_until_s > s->now_s && !running) {
		hold_back(d, REASON_DEVICE_PAUSED);
		sooner(d, s->history->paused_until_s, s->now_s);
	}
	enum reason retry = retry_reason(j, mark, &until_s);
	if (retry != REASON_NONE && !running) {
		hold_back(d, retry);
		d->not_before_s = until_s;
		sooner(d, until_s, s->now_s);
	}
	int64_t window_s = install_waits_until(j);
	if (window_s != INSTANT_NONE) {
		d->download_only = d->action != ACTION_NONE;
		hold_back(d, REASON_OUTSIDE_WINDOW);
		d->not_before_s = window_s;
		sooner(d, window_s, s->now_s);
	}
	if (j->ring->window.set)
		sooner(d,
		       hours_end(&j->ring->window,
				 zone_for(j, j->ring->window_zone != NULL
						     ? j->ring->window_zone
						     : j->ring->zone),
				 s->now_s),
		       s->now_s);
	if (j->ring->behaviour == INSTALL_NOTIFY && d->action == ACTION_INSTALL &&
	    (d->install_by_s == INSTANT_NONE || s->now_s < d->install_by_s)) {
		d->download_only = true;
		sooner(d, d->install_by_s, s->now_s);
	}
}

static void set_deadline(struct judgement *j, const struct mark *mark)
{
	struct decision *d = j->decision;
	const struct release *release = &j->line->releases[d->release];
	const struct rollout *rollout =
		rollouts_find(j->situation->rollouts, release->title, d->ring);
	int64_t first_s = mark != NULL && mark->first_offered_s != 0
				  ? mark->first_offered_s
				  : j->situation->now_s;

	d->expedited = rollout->expedited;
	if (rollout->expedited)
		d->install_by_s = first_s + rollout->expedite_deadline_s;
	else if (j->ring->deadline_set)
		d->install_by_s = first_s + j->ring->deadline_s;
	if (d->install_by_s != INSTANT_NONE)
		d->restart_by_s = d->install_by_s;
}

/* The baseline row, now that the candidates are known, and the reasons of an offer: a
 * cumulative one names every row that failed, in order (DESIGN 2.3). */
static void name_reasons(struct judgement *j, const struct choice *choice)
{
	struct decision *d = j->decision;
	const struct release *release = &j->line->releases[choice->release];

	if (release->kind == RELEASE_HOTPATCH) {
		decision_reason(d, d->rows[ROW_LICENCE].reason);
		return;
	}
	for (int row = 0; row < ROWS; row++) {
		if (!d->rows[row].passes)
			decision_reason(d, d->rows[row].reason);
	}
	decision_reason(d, choice->why);
}

static void judge_baseline_row(struct judgement *j, const struct choice *choice)
{
	struct decision *d = j->decision;

	if (d->track != TRACK_HOTPATCH)
		return; /* does not apply off the track */
	bool behind = false;
	for (int32_t i = j->published - 1; i >= j->lowest && !behind; i--) {
		if (!quarter_is_newer(j->line, j->line->releases[i].quarter,
				      j->quarter) ||
		    !candidate_is_possible(j, i))
			continue;
		behind = candidate_way(j, i).obstacles == 0;
	}
	bool moves_on = choice->release >= 0 && choice->rule != 'c' &&
			j->line->releases[choice->release].kind == RELEASE_BASELINE;
	d->rows[ROW_BASELINE] = behind ? (struct row){ VERDICT_FAIL, false,
						       moves_on ? REASON_NEW_QUARTER
								: REASON_BEHIND_BASELINE }
				       : (struct row){ VERDICT_PASS, true, REASON_NONE };
}

static void offer(struct judgement *j, int32_t release, enum action action)
{
	struct decision *d = j->decision;
	const struct history *history = j->situation->history;
	struct release_key key = candidate_key(j, release);
	const struct mark *mark = history == NULL ? NULL : history_mark(history, &key);

	d->release = release;
	d->action = action;
	d->standing = STANDING_OFFERED;
	if (action == ACTION_INSTALL) {
		if (candidate_is_running(j, release))
			d->standing = STANDING_RUNNING;
		d->opens_s = candidate_way(j, release).opens_s;
		set_deadline(j, mark);
	} else {
		mark = NULL; /* failures of the install are no matter to its removal */
	}
	apply_not_now(j, mark);
}

/* The newest active cumulative update published no earlier than what was removed,
 * deferral aside (DESIGN 2.7). */
static int32_t rollback_target(const struct judgement *j, const struct request *request)
{
	for (int32_t i = j->published - 1; i >= 0; i--) {
		const struct release *release = &j->line->releases[i];
		if (release->published_s < request->removed_published_s)
			break;
		if (!release_is_cumulative(release) || release->kind == RELEASE_PREVIEW ||
		    (release->kind != RELEASE_BASELINE && release->quarter >= 0) ||
		    !candidate_is_possible(j, i))
			continue;
		if ((candidate_way(j, i).obstacles & ~(unsigned)OBSTACLES_OPENING) == 0)
			return i;
	}
	return -1;
}

/* DESIGN 2.4 step 3: true when the request decides. */
static bool decide_request(struct judgement *j)
{
	const struct history *history = j->situation->history;
	struct decision *d = j->decision;

	if (history == NULL || history->request.kind == REQUEST_NONE ||
	    history->request.state == RECOVERY_RECOVERED)
		return false;
	const struct request *request = &history->request;
	if (request->state == RECOVERY_STUCK) {
		d->standing = STANDING_WAITING;
		decision_reason(d, REASON_STUCK);
		return true;
	}
	enum reason reason = request->kind == REQUEST_UNINSTALL
				     ? REASON_UNINSTALL_REQUESTED
				     : REASON_ROLLBACK_REQUESTED;
	bool removed = request->state >= RECOVERY_REMOVED;
	if (!removed && d->level.state == LEVEL_KNOWN &&
	    release_key_is(&request->key, j->line, &j->line->releases[d->level.index])) {
		decision_reason(d, reason);
		d->rule = 'r';
		offer(j, d->level.index, ACTION_UNINSTALL);
		return true;
	}
	if (request->kind == REQUEST_UNINSTALL)
		return false; /* done, or moot: 2.4 goes on */
	int32_t target = rollback_target(j, request);
	if (target < 0)
		return false;
	decision_reason(d, reason);
	d->rule = 'r';
	offer(j, target, ACTION_INSTALL);
	return true;
}

static void decide_release(struct judgement *j)
{
	struct decision *d = j->decision;
	struct lens now = { j->situation->now_s, 0 };
	struct choice choice = choose(j, now);

	judge_baseline_row(j, &choice);
	if (choice.release >= 0) {
		d->rule = choice.rule;
		name_reasons(j, &choice);
		offer(j, choice.release, ACTION_INSTALL);
	} else {
		settle_waiting(j, &choice);
	}
	if (d->standing == STANDING_WAITING && d->release >= 0 && j->ring->deadline_set &&
	    d->opens_s != INSTANT_NONE &&
	    j->line->releases[d->release].kind != RELEASE_PREVIEW)
		d->overdue = j->situation->now_s > d->opens_s + j->ring->deadline_s;
}

/* The moments at which time alone may change the answer: what is published next, and
 * what opens next among what was published within reach of the deferral. */
static void find_next_change(struct judgement *j)
{
	struct decision *d = j->decision;
	int64_t now_s = j->situation->now_s;
	int64_t reach_s = j->ring->defer_s + j->ring->gradual_s;

	if ((size_t)j->published < j->line->count)
		sooner(d, j->line->releases[j->published].published_s, now_s);
	for (int32_t i = j->published - 1; i >= 0; i--) {
		if (i < j->lowest && j->line->releases[i].published_s + reach_s <= now_s)
			break;
		sooner(d, candidate_way(j, i).opens_s, now_s);
	}
}

static void start(struct decision *d)
{
	memset(d, 0, sizeof *d);
	d->policy = d->ring = -1;
	d->release = -1;
	d->level.index = -1;
	d->opens_s = d->install_by_s = d->restart_by_s = INSTANT_NONE;
	d->not_before_s = d->rejoin_s = d->stands_until_s = INSTANT_NONE;
}

void decide(const struct situation *s, struct decision *d)
{
	struct judgement j = { .situation = s, .decision = d, .quarter = -1 };

	start(d);
	enum reason unplaced = level_find(&j);
	if (unplaced != REASON_NONE) {
		not_ready(d, unplaced);
		return;
	}
	d->policy = plan_policy_of(s->plan, s->facts);
	j.policy = d->policy < 0 ? NULL : &s->plan->policies[d->policy];
	eligibility_standing_rows(&j);
	d->ring = plan_ring_of(s->plan, s->facts);
	if (d->ring < 0) {
		not_ready(d, REASON_NO_RING);
		return;
	}
	j.ring = &s->plan->rings[d->ring];

	const struct flow *flow = running_flow(&j);
	if (flow != NULL && flow_state_is_committed(flow->state))
		decide_running(&j, flow);
	else if (restart_is_pending(&j))
		decide_restart(&j, flow);
	else if (!decide_request(&j))
		decide_release(&j);
	find_next_change(&j);
}
