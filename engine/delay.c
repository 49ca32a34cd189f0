/* What only means "not now" (DESIGN 2.3, 2.4, 2.5): stale facts, a pause of the device
 * or of the ring, back-off after a failure, the window, the user's choice, and a restart
 * that is due. None of it ever changes which release is chosen. */

#include "engine/ascii.h"
#include "engine/facts.h"
#include "engine/hours.h"
#include "engine/judgement.h"
#include "engine/zone.h"

enum { FAILURES_DOUBLED_MAX = 10, LOOP_SUCCESSES = 2 };

const struct flow *running_flow(const struct judgement *j)
{
	const struct history *history = j->situation->history;
	if (history == NULL || history->flow.state == FLOW_NONE ||
	    flow_state_is_final(history->flow.state))
		return NULL;
	return &history->flow;
}

int64_t history_lease_end(const struct history *history)
{
	const struct flow *flow = &history->flow;

	if (flow->state == FLOW_NONE || flow_state_is_final(flow->state) ||
	    flow->lease_s == 0)
		return INSTANT_NONE;
	/* When a pause began is not kept: what it may have frozen counts whole. */
	if (flow->lease_s <= history->paused_until_s)
		return history->paused_until_s + flow_lease_s(flow->state);
	return flow->lease_s;
}

static const struct zone *zone_for(const struct judgement *j, const struct zone *own)
{
	return own != NULL ? own : j->situation->zone;
}

static const struct zone *window_zone(const struct judgement *j)
{
	const struct ring *ring = j->ring;
	return zone_for(j, ring->window_zone != NULL ? ring->window_zone : ring->zone);
}

/* The back-off after so many failures: doubled each time, to a limit. */
static int64_t backoff_s(const struct ring *ring, uint32_t failures)
{
	uint32_t doubled = failures < 1 ? 0 : failures - 1;
	return ring->retry_s << (doubled < FAILURES_DOUBLED_MAX ? doubled
								: FAILURES_DOUBLED_MAX);
}

static bool is_last_flow(const struct judgement *j, enum flow_kind kind, int32_t release)
{
	const struct flow *flow = &j->situation->history->flow;
	return flow->state != FLOW_NONE && flow->kind == kind &&
	       release_key_is(&flow->key, j->line, &j->line->releases[release]);
}

static void wait_until(struct delays *delays, const struct judgement *j, int64_t until_s)
{
	if (until_s <= j->situation->now_s)
		return;
	delays->retry = REASON_RETRY_BACKOFF;
	delays->retry_until_s = until_s;
}

/* A failure that repeats: back-off, exhaustion, the reinstall loop; or the device's own
 * refusal. */
static void judge_install_retry(const struct judgement *j, int32_t release,
				struct delays *delays)
{
	const struct mark *mark = candidate_mark(j, release);
	const struct flow *flow = &j->situation->history->flow;

	if (mark == NULL)
		return;
	if (mark->unshown >= LOOP_SUCCESSES)
		delays->retry = REASON_REINSTALL_LOOP;
	else if (mark->not_applicable)
		delays->retry = REASON_NOT_APPLICABLE;
	else if (mark->unverifiable)
		delays->retry = REASON_UNVERIFIED;
	else if (mark->failures > 0 && mark->failures >= j->ring->attempts_max)
		delays->retry = REASON_RETRY_EXHAUSTED;
	else if (mark->failures > 0)
		wait_until(delays, j,
			   mark->last_failed_s + backoff_s(j->ring, mark->failures));
	else if (is_last_flow(j, FLOW_INSTALL, release) && flow->state == FLOW_REJECTED)
		wait_until(delays, j, flow->changed_s + backoff_s(j->ring, 1));
}

static void judge_removal_retry(const struct judgement *j, int32_t release,
				struct delays *delays)
{
	const struct history *history = j->situation->history;

	if (history->request.failures == 0 || !is_last_flow(j, FLOW_UNINSTALL, release) ||
	    !flow_state_is_final(history->flow.state))
		return;
	wait_until(delays, j,
		   history->flow.changed_s +
			   backoff_s(j->ring, history->request.failures));
}

/* The schedule's hour is the first after what is to be done became due: by its opening,
 * or by the word of the person who asked for it, whatever its opening. */
static int64_t due_since(const struct judgement *j)
{
	const struct history *history = j->situation->history;

	if (j->decision->opens_s != INSTANT_NONE)
		return j->decision->opens_s;
	if (history != NULL && !request_is_over(&history->request))
		return history->request.at_s;
	return j->situation->now_s;
}

/* When an install may begin: the window and the schedule. */
static void judge_window(const struct judgement *j, struct delays *delays)
{
	const struct ring *ring = j->ring;
	int64_t now_s = j->situation->now_s;

	if (ring->behaviour == INSTALL_SCHEDULED) {
		int64_t at_s = hours_occurrence(&ring->schedule, zone_for(j, ring->zone),
						due_since(j));
		if (at_s != INSTANT_NONE && at_s > now_s) {
			delays->window_s = at_s;
			return;
		}
	}
	if (!ring->window.set)
		return;
	const struct zone *zone = window_zone(j);
	if (hours_contain(&ring->window, zone, now_s))
		delays->window_ends_s = hours_end(&ring->window, zone, now_s);
	else
		delays->window_s = hours_next(&ring->window, zone, now_s);
}

struct delays delays_of(const struct judgement *j, int32_t release, enum action action)
{
	const struct situation *s = j->situation;
	struct delays delays = {
		.fresh_until_s = INSTANT_NONE,
		.paused_until_s = INSTANT_NONE,
		.ring_paused_until_s = INSTANT_NONE,
		.retry_until_s = INSTANT_NONE,
		.window_s = INSTANT_NONE,
		.window_ends_s = INSTANT_NONE,
	};

	if (s->facts->reported_s != INSTANT_NONE)
		delays.fresh_until_s = s->facts->reported_s + s->plan->facts_fresh_s;
	if (s->history != NULL && s->history->paused_until_s > s->now_s)
		delays.paused_until_s = s->history->paused_until_s;
	/* What a person asked for goes on through a pause. */
	if (action == ACTION_INSTALL && j->decision->rule != 'r')
		delays.ring_paused_until_s = candidate_way(j, release).paused_until_s;
	if (s->history != NULL && action == ACTION_INSTALL)
		judge_install_retry(j, release, &delays);
	else if (s->history != NULL && action == ACTION_UNINSTALL)
		judge_removal_retry(j, release, &delays);
	judge_window(j, &delays);
	return delays;
}

static void not_before(struct judgement *j, int64_t at_s)
{
	if (at_s == INSTANT_NONE)
		return;
	if (j->decision->not_before_s == INSTANT_NONE || at_s > j->decision->not_before_s)
		j->decision->not_before_s = at_s;
	stands_until(j, at_s);
}

void hold_back(struct decision *d, enum reason reason)
{
	d->action = ACTION_NONE;
	if (d->standing != STANDING_RUNNING)
		d->standing = STANDING_WAITING;
	decision_reason(d, reason);
}

/* A running flow has begun already: only the window still holds its install back. */
static void hold_back_new(struct judgement *j, const struct delays *delays)
{
	struct decision *d = j->decision;

	if (d->facts_stale)
		hold_back(d, REASON_FACTS_STALE);
	if (delays->paused_until_s != INSTANT_NONE) {
		hold_back(d, REASON_DEVICE_PAUSED);
		not_before(j, delays->paused_until_s);
	}
	if (delays->ring_paused_until_s != INSTANT_NONE) {
		hold_back(d, REASON_RING_PAUSED);
		d->opens_s = delays->ring_paused_until_s;
		not_before(j, delays->ring_paused_until_s);
	}
	if (delays->retry != REASON_NONE) {
		hold_back(d, delays->retry);
		not_before(j, delays->retry_until_s);
	}
}

void delays_apply(struct judgement *j, const struct delays *delays)
{
	struct decision *d = j->decision;
	int64_t now_s = j->situation->now_s;

	if (d->standing != STANDING_RUNNING)
		hold_back_new(j, delays);
	if (delays->window_s != INSTANT_NONE) {
		d->download_only = d->action == ACTION_INSTALL;
		hold_back(d, REASON_OUTSIDE_WINDOW);
		not_before(j, delays->window_s);
	}
	stands_until(j, delays->window_ends_s);
	if (j->ring->behaviour == INSTALL_NOTIFY && d->action == ACTION_INSTALL &&
	    (d->install_by_s == INSTANT_NONE || now_s < d->install_by_s)) {
		d->download_only = true;
		stands_until(j, d->install_by_s);
	}
}

static bool restart_is_pending(const struct facts *facts)
{
	const char *reported = facts_known(facts, FACT_RESTART_PENDING);
	return reported != NULL && ascii_compare(reported, "yes") == 0;
}

bool restart_is_over(const struct flow *flow, const struct facts *facts)
{
	if (flow->state != FLOW_RESTART_PENDING || restart_is_pending(facts))
		return false;
	const struct fact *boot = facts_find(facts, "os.boot");
	return boot != NULL && boot->since_s > flow->pending_since_s;
}

bool restart_is_due(const struct judgement *j, const struct flow **flow)
{
	const struct facts *facts = j->situation->facts;
	bool pending = restart_is_pending(facts);
	const struct flow *running = running_flow(j);

	*flow = NULL;
	if (running == NULL || !flow_state_is_committed(running->state))
		return pending;
	*flow = running;
	if (running->state == FLOW_RESTART_PENDING)
		return !restart_is_over(running, facts);
	/* One that was pending before an install began is no end of that install. */
	return pending &&
	       (running->state == FLOW_INSTALLED ||
		facts_find(facts, "restart.pending")->since_s >= running->changed_s);
}

/* restart_by = max(install_by, pending since + grace); active hours hold the restart
 * back until then. */
void restart_decide(struct judgement *j, const struct flow *flow)
{
	struct decision *d = j->decision;
	int64_t now_s = j->situation->now_s, since_s = now_s;
	const struct hours *active = &j->ring->active_hours;
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
	if (flow != NULL && flow->install_by_s != 0) {
		d->install_by_s = flow->install_by_s;
		if (flow->install_by_s > d->restart_by_s)
			d->restart_by_s = flow->install_by_s;
	}
	stands_until(j, d->restart_by_s);
	if (now_s >= d->restart_by_s)
		return;
	if (hours_contain(active, zone, now_s)) {
		int64_t end_s = hours_end(active, zone, now_s);
		not_before(j, end_s < d->restart_by_s ? end_s : d->restart_by_s);
	} else {
		stands_until(j, hours_next(active, zone, now_s));
	}
}
