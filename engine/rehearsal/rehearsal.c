#include "engine/rehearsal/rehearsal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "engine/rehearsal/device_memory.h"
#include "engine/rehearsal/inner.h"

/* 1971 to 2100: with what lies before and after, all times fit. */
#define EARLIEST_S INT64_C(31536000)
#define LATEST_S   INT64_C(4102444800)
#define LONGEST_S  (INT64_C(20) * 366 * DAY_S)

static int no_memory(struct problem *p)
{
	return problem_set(p, PROBLEM_NO_MEMORY, "no memory for the rehearsal");
}

static int check_ask(const struct rehearsal_ask *ask, struct problem *p)
{
	const struct fleet *fleet = ask->fleet;

	if (ask->from_s < EARLIEST_S || ask->until_s > LATEST_S)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a rehearsal lies between 1971 and 2100");
	if (ask->until_s <= ask->from_s)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "it would end before it begins: `until` must be later "
				   "than `from`");
	if (ask->until_s - ask->from_s > LONGEST_S)
		return problem_set(p, PROBLEM_TOO_LARGE, "it is longer than 20 years");
	if (fleet->group_count == 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the fleet has no group: nobody says how devices "
				   "behave");
	if (ask->catalog->title_count > INT32_MAX || ask->plan->ring_count == 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the plan has no ring: nothing would be offered");
	return 0;
}

static int write_line(struct stage_line *stage, const struct line *line)
{
	int64_t cumulative_s = 0;

	stage->line = line;
	stage->words = calloc(line->count + 1, sizeof stage->words[0]);
	if (stage->words == NULL)
		return -1;
	for (size_t i = 0; i < line->count; i++) {
		const struct release *release = &line->releases[i];
		build_format(release->build, stage->words[i].build);
		kb_format(release->kb, stage->words[i].kb);
		if (release_is_cumulative(release) && release->kind != RELEASE_PREVIEW &&
		    release->kind != RELEASE_RTM && release->offer == OFFER_AUTO)
			cumulative_s = release->published_s;
		stage->words[i].cumulative_s = cumulative_s;
	}
	/* What came at the same time came with it. */
	for (size_t i = line->count; i > 1; i--) {
		if (line->releases[i - 2].published_s ==
		    line->releases[i - 1].published_s)
			stage->words[i - 2].cumulative_s =
				stage->words[i - 1].cumulative_s;
	}
	return 0;
}

/* An insertion sort: the catalog is nearly in order. */
static void sort_titles(struct rehearsal *r, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t title = (uint32_t)i;
		size_t at = i;
		while (at > 0 && r->titles[r->by_publication[at - 1]].published >
					 r->titles[title].published) {
			r->by_publication[at] = r->by_publication[at - 1];
			at--;
		}
		r->by_publication[at] = title;
	}
}

static int write_catalog(struct rehearsal *r)
{
	const struct catalog *catalog = r->ask.catalog;

	r->line_count = 2 * catalog->product_count;
	r->lines = calloc(r->line_count + 1, sizeof r->lines[0]);
	r->titles = calloc(catalog->title_count + 1, sizeof r->titles[0]);
	r->by_publication = calloc(catalog->title_count + 1, sizeof(uint32_t));
	if (r->lines == NULL || r->titles == NULL || r->by_publication == NULL)
		return -1;
	for (size_t i = 0; i < r->line_count; i++) {
		if (write_line(&r->lines[i], &catalog->products[i / 2].lines[i % 2]) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < catalog->title_count; i++) {
		struct stage_title *title = &r->titles[i];
		int64_t published_s = catalog->titles[i].published_s;
		title_key(catalog, i, &title->key);
		title_kin(catalog, i, &title->kin);
		title_repaired(catalog, i, &title->repaired);
		title->published = published_s <= 0 ? 1
				   : published_s >= (int64_t)NEVER
					   ? NEVER - 1
					   : (uint32_t)published_s;
	}
	sort_titles(r, catalog->title_count);
	return 0;
}

static int write_fleet(struct rehearsal *r)
{
	const struct fleet *fleet = r->ask.fleet;
	const struct plan *plan = r->ask.plan;

	r->shifts = calloc(fleet->pattern_count + 1, sizeof r->shifts[0]);
	r->gated = calloc(plan->ring_count + 1, sizeof r->gated[0]);
	if (r->shifts == NULL || r->gated == NULL)
		return -1;
	for (size_t i = 0; i < fleet->pattern_count; i++) {
		if (shifts_write(&r->shifts[i], &fleet->patterns[i], r->from, r->until) <
		    0)
			return -1;
	}
	for (size_t i = 0; i < plan->ring_count; i++)
		r->gated[i] = ring_is_gated(plan, (int)i) || plan->rings[i].canary;
	uint32_t all =
		fleet->device_count > 0 ? (uint32_t)fleet->device_count : fleet->devices;
	/* Made-up devices there are as many as are asked for. */
	r->devices = r->ask.devices == 0                               ? all
		     : fleet->device_count > 0 && r->ask.devices > all ? all
								       : r->ask.devices;
	return 0;
}

struct rehearsal *rehearsal_new(const struct rehearsal_ask *ask, struct problem *p)
{
	if (check_ask(ask, p) < 0)
		return NULL;
	struct rehearsal *r = calloc(1, sizeof *r);
	if (r == NULL) {
		no_memory(p);
		return NULL;
	}
	r->ask = *ask;
	r->from = (uint32_t)ask->from_s;
	r->until = (uint32_t)ask->until_s;
	if (write_catalog(r) < 0 || write_fleet(r) < 0) {
		rehearsal_free(r);
		no_memory(p);
		return NULL;
	}
	if (r->devices == 0 || r->devices > FLEET_DEVICES) {
		rehearsal_free(r);
		problem_set(p, PROBLEM_BAD_INPUT, "the fleet has to have 1 to %d devices",
			    FLEET_DEVICES);
		return NULL;
	}
	return r;
}

void rehearsal_free(struct rehearsal *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; r->lines != NULL && i < r->line_count; i++)
		free(r->lines[i].words);
	for (size_t i = 0; r->shifts != NULL && i < r->ask.fleet->pattern_count; i++)
		shifts_fini(&r->shifts[i]);
	free(r->lines);
	free(r->titles);
	free(r->by_publication);
	free(r->shifts);
	free(r->gated);
	free(r);
}

uint32_t rehearsal_devices(const struct rehearsal *rehearsal)
{
	return rehearsal->devices;
}

uint32_t rehearsal_days(const struct rehearsal *rehearsal)
{
	return (rehearsal->until - rehearsal->from + DAY_S - 1) / DAY_S;
}

void rehearsal_result_free(struct rehearsal_result *result)
{
	free(result->restarts_on);
	free(result->cells);
	free(result->reasons);
	free(result->leavings);
	memset(result, 0, sizeof *result);
}
