#include "protocol/server/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/gate.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/server/ring_gate.h"
#include "protocol/server/site.h"
#include "protocol/server/view.h"

struct survey {
	uint64_t catalog_mark, plan_mark;
	int64_t now_s, heard_s;
	size_t title_count, ring_count;
	int32_t *cells; /* titles x rings: devices */
	char last[LIMIT_DEVICE_ID + 1];
	/* Working room. */
	struct device_record record, ahead;
	struct decision decision;
};

struct survey *survey_new(const struct view *view, int64_t now_s, int64_t heard_s)
{
	struct survey *survey = calloc(1, sizeof *survey);

	if (survey == NULL)
		return NULL;
	survey->catalog_mark = view->catalog_mark;
	survey->plan_mark = view->plan_mark;
	survey->now_s = now_s;
	survey->heard_s = heard_s;
	survey->title_count = view->snapshot->catalog->title_count;
	survey->ring_count = view->snapshot->plan->ring_count;
	survey->cells = calloc(survey->title_count * survey->ring_count + 1,
			       sizeof survey->cells[0]);
	if (survey->cells == NULL) {
		free(survey);
		return NULL;
	}
	return survey;
}

void survey_free(struct survey *survey)
{
	if (survey == NULL)
		return;
	free(survey->cells);
	free(survey);
}

bool survey_fits(const struct survey *survey, const struct view *view)
{
	return survey->catalog_mark == view->catalog_mark &&
	       survey->plan_mark == view->plan_mark;
}

int64_t survey_eligible(const struct survey *survey, uint32_t title, int ring)
{
	return survey->cells[title * survey->ring_count + (size_t)ring];
}

int64_t survey_time(const struct survey *survey)
{
	return survey->now_s;
}

static int32_t *cell(struct survey *survey, uint32_t title, int ring)
{
	return &survey->cells[title * survey->ring_count + (size_t)ring];
}

static bool is_running(const struct flow *flow)
{
	return flow->state != FLOW_NONE && !flow_state_is_final(flow->state);
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

static bool is_in_contact(const struct survey *survey, const struct facts *facts,
			  const struct plan *plan, const struct gate *gate)
{
	return facts->reported_s != INSTANT_NONE &&
	       survey->heard_s - facts->reported_s <=
		       plan->facts_fresh_s + gate_silent_after_s(gate);
}

static bool has_failed(const struct history *history, const struct release_key *key)
{
	const struct mark *mark = history_mark(history, key);
	return mark != NULL && mark->failures > 0;
}

/* A running install counts in the ring it was offered in. */
static void count_running(struct survey *survey, const struct view *view)
{
	const struct flow *flow = &survey->record.history.flow;
	const struct plan *plan = view->snapshot->plan;
	int64_t title = title_of_key(view->snapshot->catalog, &flow->key);
	int ring = plan_ring_named(plan, flow->ring);

	if (title < 0 || ring < 0 || has_failed(&survey->record.history, &flow->key))
		return;
	int64_t silent_s = gate_silent_after_s(gate_of(&plan->rings[ring]));
	if (survey->heard_s - flow->offered_s < silent_s)
		++*cell(survey, (uint32_t)title, ring);
}

/* What a decision says of a device that is not busy. */
static void count_decided(struct survey *survey, const struct device_record *record,
			  const struct view *view)
{
	const struct decision *d = &survey->decision;
	const struct plan *plan = view->snapshot->plan;
	struct release_key key;

	if (d->line == NULL || d->release < 0 || d->ring < 0 || d->rule == 'r')
		return;
	bool due = d->action == ACTION_INSTALL || d->download_only;
	if (!due && !(d->standing == STANDING_WAITING && waits_for_time(d)))
		return;
	release_key_set(&key, d->line, &d->line->releases[d->release]);
	if (has_failed(&record->history, &key) ||
	    !is_in_contact(survey, &record->facts, plan, gate_of(&plan->rings[d->ring])))
		return;
	++*cell(survey, d->line->releases[d->release].title, d->ring);
}

/* The device as it is once it is done with what it does now. */
static void look_ahead(struct survey *survey)
{
	survey->ahead = survey->record;
	memset(&survey->ahead.history.flow, 0, sizeof survey->ahead.history.flow);
	facts_remove(&survey->ahead.facts, "restart.pending");
}

static void count_device(struct survey *survey, struct site *site,
			 const struct view *view)
{
	const struct device_record *record = &survey->record;
	const struct flow *flow = &record->history.flow;
	bool runs = is_running(flow) && flow->kind == FLOW_INSTALL;

	if (runs)
		count_running(survey, view);
	site_decide(site, view, record, survey->now_s, &survey->decision);
	bool busy = survey->decision.action == ACTION_RESTART ||
		    survey->decision.standing == STANDING_RUNNING;
	if (busy) {
		look_ahead(survey);
		record = &survey->ahead;
		site_decide(site, view, record, survey->now_s, &survey->decision);
		/* Once more what it runs is no other device. */
		if (runs && survey->decision.release >= 0 &&
		    release_key_is(
			    &flow->key, survey->decision.line,
			    &survey->decision.line->releases[survey->decision.release]))
			return;
	}
	count_decided(survey, record, view);
}

/* Who answered by now is added to who still may. */
static int add_answers(struct survey *survey, struct site *site, struct session *session,
		       const struct view *view, struct problem *p)
{
	const struct backend_ops *ops = site_backend(site)->ops;
	const struct snapshot *snapshot = view->snapshot;

	for (int ring = 0; ring < (int)survey->ring_count; ring++) {
		if (!ring_is_gated(snapshot->plan, ring))
			continue;
		for (uint32_t title = 0; title < survey->title_count; title++) {
			struct release_key key;
			struct ring_results results;
			if (rollouts_find(snapshot->rollouts, title, ring)->passed_s != 0)
				continue;
			title_key(snapshot->catalog, title, &key);
			if (ops->results(session, &key, snapshot->plan->rings[ring].name,
					 &results, p) < 0)
				return -1;
			*cell(survey, title, ring) +=
				(int32_t)(results.verified + results.failed);
		}
	}
	return 0;
}

int survey_walk(struct survey *survey, struct site *site, struct session *session,
		const struct view *view, int most, struct problem *p)
{
	const struct backend_ops *ops = site_backend(site)->ops;

	for (int i = 0; i < most; i++) {
		int rc = ops->device_next(session, survey->last, &survey->record, p);
		if (rc < 0)
			return problem_while(p, "counting devices for gates");
		if (rc == 0)
			return add_answers(survey, site, session, view, p);
		count_device(survey, site, view);
		memcpy(survey->last, survey->record.id, sizeof survey->last);
	}
	return 1;
}
