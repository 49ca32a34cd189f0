#include "engine/decision.h"

#include <assert.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/judgement.h"

const char *const action_names[ACTIONS] = { "none", "install", "uninstall", "restart" };
const char *const standing_names[STANDINGS] = {
	[STANDING_NOT_READY] = "not-ready", [STANDING_UP_TO_DATE] = "up-to-date",
	[STANDING_OFFERED] = "offered",     [STANDING_RUNNING] = "running",
	[STANDING_WAITING] = "waiting",
};

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

void stands_until(struct judgement *j, int64_t at_s)
{
	struct decision *d = j->decision;

	if (at_s == INSTANT_NONE || at_s <= j->situation->now_s || at_s >= OPENS_SOMETIME)
		return;
	if (d->stands_until_s == INSTANT_NONE || at_s < d->stands_until_s)
		d->stands_until_s = at_s;
}

static int32_t index_of(const struct judgement *j, const struct release_key *key)
{
	const struct line *line = j->line;

	for (size_t at = line_find_build(line, key->build); at < line->count; at++) {
		int32_t index = line->by_build[at];
		if (release_key_is(key, line, &line->releases[index]))
			return index;
		if (!build_equal(line->releases[index].build, key->build))
			break;
	}
	return -1;
}

/* A flow that has reached `installing` goes on to its end. */
static void decide_running(struct judgement *j, const struct flow *flow)
{
	struct decision *d = j->decision;

	d->action = flow->kind == FLOW_INSTALL ? ACTION_INSTALL : ACTION_UNINSTALL;
	d->standing = STANDING_RUNNING;
	d->install_by_s = flow->install_by_s == 0 ? INSTANT_NONE : flow->install_by_s;
	decision_reason(d, REASON_RUNNING);
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
	if (release->kind != RELEASE_HOTPATCH)
		d->restart_by_s = d->install_by_s;
}

void name_failed_rows(struct decision *d)
{
	for (int row = 0; row < ROWS; row++) {
		if (!d->rows[row].passes)
			decision_reason(d, d->rows[row].reason);
	}
}

/* A cumulative offer names every row that failed, in order; a hotpatch only says when it
 * counts on a licence that was not reported (DESIGN 2.3). */
static void name_reasons(struct judgement *j, const struct choice *choice)
{
	struct decision *d = j->decision;

	const struct release *release = &j->line->releases[choice->release];

	/* A release of the device's own quarter: every row passes, one may be said. */
	if (release->quarter >= 0 && release->kind != RELEASE_BASELINE)
		decision_reason(d, d->rows[ROW_LICENCE].reason);
	else
		name_failed_rows(d);
	decision_reason(d, choice->why);
}

/* The row that needs the candidates; it does not apply off the track.  The move to a new
 * baseline is the normal one, and is called so. */
static void judge_baseline_row(struct judgement *j, const struct choice *choice)
{
	struct decision *d = j->decision;
	struct row *row = &d->rows[ROW_BASELINE];

	if (d->track != TRACK_HOTPATCH)
		return;
	if (!choice_is_behind(j)) {
		*row = (struct row){ VERDICT_PASS, true, REASON_NONE };
		return;
	}
	bool moves_on = choice->release >= 0 && choice->rule != 'c' &&
			j->line->releases[choice->release].kind == RELEASE_BASELINE;
	*row = (struct row){ VERDICT_FAIL, false,
			     moves_on ? REASON_NEW_QUARTER : REASON_BEHIND_BASELINE };
}

void offer(struct judgement *j, int32_t release, enum action action)
{
	struct decision *d = j->decision;
	const struct mark *mark = candidate_mark(j, release);
	const struct flow *flow = running_flow(j);

	d->release = release;
	d->action = action;
	d->standing = STANDING_OFFERED;
	if (action == ACTION_INSTALL) {
		/* What a person asked for may go before its opening. */
		int64_t opens_s = candidate_way(j, release).opens_s;
		d->opens_s = opens_s > j->situation->now_s ? INSTANT_NONE : opens_s;
		set_deadline(j, mark);
	}
	if (flow != NULL &&
	    flow->kind == (action == ACTION_INSTALL ? FLOW_INSTALL : FLOW_UNINSTALL) &&
	    release_key_is(&flow->key, j->line, &j->line->releases[release]))
		d->standing = STANDING_RUNNING;

	struct delays delays = delays_of(j, release, action);
	delays_apply(j, &delays);
	/* A deadline counts from the first offer: without one there is none. */
	if (d->action == ACTION_NONE && !d->download_only &&
	    (mark == NULL || mark->first_offered_s == 0))
		d->install_by_s = d->restart_by_s = INSTANT_NONE;
}

/* Waiting on a security release past its deadline is never shown as healthy. */
static void judge_overdue(struct judgement *j)
{
	struct decision *d = j->decision;

	if (d->standing != STANDING_WAITING || d->release < 0)
		return;
	const struct release *release = &j->line->releases[d->release];
	if (release->kind == RELEASE_PREVIEW || release->offer != OFFER_AUTO)
		return;
	int64_t deadline_s = d->install_by_s;
	if (deadline_s == INSTANT_NONE && j->ring->deadline_set &&
	    d->opens_s != INSTANT_NONE)
		deadline_s = d->opens_s + j->ring->deadline_s;
	if (deadline_s == INSTANT_NONE)
		return;
	d->overdue = j->situation->now_s > deadline_s;
	stands_until(j, deadline_s + 1);
}

static void decide_release(struct judgement *j, const struct choice *choice)
{
	if (choice->release >= 0) {
		j->decision->rule = choice->rule;
		/* What waits tells what it waits for, not why it would be offered. */
		if (candidate_way(j, choice->release).paused_until_s == INSTANT_NONE)
			name_reasons(j, choice);
		offer(j, choice->release, ACTION_INSTALL);
	} else {
		settle_waiting(j, choice);
	}
	judge_overdue(j);
}

/* The moments at which time alone may change what is open: the next publication, what
 * opens among the releases above the level, and what was done on the day and ends by
 * itself.  Those published longer ago than the ring reaches are open but for that. */
static void find_next_change(struct judgement *j)
{
	const struct rollouts *rollouts = j->situation->rollouts;
	const struct product *product = j->line->product;
	int64_t now_s = j->situation->now_s;
	int64_t reach_s = j->ring->defer_s + j->ring->gradual_s;

	if ((size_t)j->published < j->line->count)
		stands_until(j, j->line->releases[j->published].published_s);
	stands_until(j,
		     rollouts_next_change(rollouts, product, j->decision->ring, now_s));
	if (j->ring->after >= 0)
		stands_until(j, rollouts_next_change(rollouts, product, j->ring->after,
						     now_s));
	for (int32_t i = j->published - 1; i >= j->lowest; i--) {
		if (j->line->releases[i].published_s + reach_s <= now_s)
			break;
		stands_until(j, candidate_way(j, i).changes_s);
	}
}

/* Facts age, pauses end and leases run out whatever is offered. */
static void find_next_event(struct judgement *j)
{
	const struct situation *s = j->situation;

	if (s->facts->reported_s != INSTANT_NONE) {
		int64_t fresh_s = s->facts->reported_s + s->plan->facts_fresh_s;
		j->decision->facts_stale = s->now_s > fresh_s;
		stands_until(j, fresh_s + 1);
	}
	if (s->history == NULL)
		return;
	stands_until(j, s->history->paused_until_s);
	int64_t lease_s = history_lease_end(s->history);
	if (lease_s != INSTANT_NONE)
		stands_until(j, lease_s + 1);
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

static bool not_ready(struct decision *d, enum reason reason)
{
	d->standing = STANDING_NOT_READY;
	decision_reason(d, reason);
	return false;
}

bool judgement_begin(struct judgement *j, struct ways *ways, const struct situation *s,
		     struct decision *d)
{
	*j = (struct judgement){
		.situation = s, .decision = d, .ways = ways, .quarter = -1
	};
	ways->known = 0;
	start(d);
	find_next_event(j);
	enum reason unplaced = level_find(j);
	d->policy = plan_policy_of(s->plan, s->facts);
	j->policy = d->policy < 0 ? NULL : &s->plan->policies[d->policy];
	d->ring = plan_ring_of(s->plan, s->facts);
	j->ring = d->ring < 0 ? NULL : &s->plan->rings[d->ring];
	eligibility_standing_rows(j);
	if (unplaced != REASON_NONE)
		return not_ready(d, unplaced);
	if (d->track == TRACK_HOTPATCH)
		d->rows[ROW_BASELINE] = (struct row){ VERDICT_PASS, true, REASON_NONE };
	if (j->ring == NULL)
		return not_ready(d, REASON_NO_RING);
	return true;
}

void decide(const struct situation *situation, struct decision *decision)
{
	struct judgement j;
	struct ways ways;
	const struct flow *flow;

	if (!judgement_begin(&j, &ways, situation, decision))
		return;
	struct choice choice = choose(&j, (struct lens){ .until_s = situation->now_s });
	judge_baseline_row(&j, &choice);
	bool restart = restart_is_due(&j, &flow);
	const struct flow *running = running_flow(&j);
	if (running != NULL && !flow_state_is_committed(running->state))
		running = NULL;
	if (running != NULL)
		decision->release = index_of(&j, &running->key);
	if (restart)
		restart_decide(&j, flow);
	else if (running != NULL)
		decide_running(&j, running);
	else if (!recovery_decide(&j))
		decide_release(&j, &choice);
	find_next_change(&j);
}
