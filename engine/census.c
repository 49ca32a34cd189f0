#include "engine/census.h"

#include <string.h>

#include "engine/gate.h"
#include "engine/instant.h"
#include "engine/opening.h"
#include "engine/plan.h"

static bool runs_install(const struct device_record *record)
{
	const struct flow *flow = &record->history.flow;

	return flow->state != FLOW_NONE && !flow_state_is_final(flow->state) &&
	       flow->kind == FLOW_INSTALL;
}

static bool is_among(enum reason reason, const enum reason *reasons, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (reasons[i] == reason)
			return true;
	}
	return false;
}

/* What it waits for comes by itself; what holds it back is said last. */
static bool waits_for_time(const struct decision *d)
{
	static const enum reason coming[] = {
		REASON_DEFERRED,       REASON_GRADUAL,     REASON_GATE_WAITING,
		REASON_CANARY_WAITING, REASON_RING_PAUSED, REASON_OUTSIDE_WINDOW,
		REASON_FACTS_STALE,
	};
	static const enum reason kept[] = {
		REASON_DEVICE_PAUSED,  REASON_RETRY_BACKOFF,  REASON_RETRY_EXHAUSTED,
		REASON_REINSTALL_LOOP, REASON_NOT_APPLICABLE, REASON_UNVERIFIED,
	};

	for (int i = 0; i < d->reason_count; i++) {
		if (is_among(d->reasons[i], kept, sizeof kept / sizeof kept[0]))
			return false;
	}
	return d->reason_count > 0 && is_among(d->reasons[d->reason_count - 1], coming,
					       sizeof coming / sizeof coming[0]);
}

static bool is_in_contact(const struct census *census, const struct facts *facts,
			  const struct gate *gate)
{
	return facts->reported_s != INSTANT_NONE &&
	       census->heard_s - facts->reported_s <=
		       census->plan->facts_fresh_s + gate_silent_after_s(gate);
}

static bool has_failed(const struct history *history, const struct release_key *key)
{
	const struct mark *mark = history_mark(history, key);
	return mark != NULL && mark->failures > 0;
}

bool census_running(const struct census *census, const struct device_record *record,
		    struct census_place *place)
{
	const struct flow *flow = &record->history.flow;

	if (!runs_install(record))
		return false;
	int64_t title = title_of_key(census->catalog, &flow->key);
	int ring = plan_ring_named(census->plan, flow->ring);
	if (title < 0 || ring < 0 || has_failed(&record->history, &flow->key))
		return false;
	int64_t silent_s = gate_silent_after_s(gate_of(&census->plan->rings[ring]));
	*place = (struct census_place){ (uint32_t)title, ring };
	return census->heard_s - flow->offered_s < silent_s;
}

bool census_is_busy(const struct decision *d)
{
	return d->action == ACTION_RESTART || d->standing == STANDING_RUNNING;
}

void census_look_ahead(struct device_record *record)
{
	memset(&record->history.flow, 0, sizeof record->history.flow);
	facts_remove(&record->facts, "restart.pending");
}

bool census_is_the_same(const struct device_record *record, const struct decision *next)
{
	return runs_install(record) && next->release >= 0 &&
	       release_key_is(&record->history.flow.key, next->line,
			      &next->line->releases[next->release]);
}

bool census_decided(const struct census *census, const struct device_record *record,
		    const struct decision *d, struct census_place *place)
{
	struct release_key key;

	if (d->line == NULL || d->release < 0 || d->ring < 0 || d->rule == 'r')
		return false;
	bool due = d->action == ACTION_INSTALL || d->download_only;
	if (!due && !(d->standing == STANDING_WAITING && waits_for_time(d)))
		return false;
	release_key_set(&key, d->line, &d->line->releases[d->release]);
	if (has_failed(&record->history, &key) ||
	    !is_in_contact(census, &record->facts,
			   gate_of(&census->plan->rings[d->ring])))
		return false;
	*place = (struct census_place){ d->line->releases[d->release].title, d->ring };
	return true;
}
