#include "protocol/server/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/census.h"
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

static void count_device(struct survey *survey, struct site *site,
			 const struct view *view)
{
	const struct census census = { view->snapshot->catalog, view->snapshot->plan,
				       survey->heard_s };
	const struct device_record *record = &survey->record;
	struct census_place place;

	if (census_running(&census, record, &place))
		++*cell(survey, place.title, place.ring);
	site_decide(site, view, record, survey->now_s, &survey->decision);
	if (census_is_busy(&survey->decision)) {
		survey->ahead = survey->record;
		census_look_ahead(&survey->ahead);
		site_decide(site, view, &survey->ahead, survey->now_s, &survey->decision);
		/* Once more what it runs is no other device. */
		if (census_is_the_same(record, &survey->decision))
			return;
		record = &survey->ahead;
	}
	if (census_decided(&census, record, &survey->decision, &place))
		++*cell(survey, place.title, place.ring);
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
