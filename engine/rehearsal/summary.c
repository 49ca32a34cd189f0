#include "engine/rehearsal/summary.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"

/* What is put together at the moment. */
struct making {
	struct summary *summary;
	const struct rehearsal_result *results;
	size_t count;
	/* Working room: one number, and one cell, of each run. */
	uint32_t *numbers;
	size_t number_count;
	const struct result_cell **cells;
};

static int compare_numbers(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;
	return *a < *b ? -1 : *a > *b;
}

/* The nearest rank. */
static uint32_t percentile(const struct making *m, size_t percent)
{
	size_t rank = (m->number_count * percent + 99) / 100;
	return m->numbers[rank > 0 ? rank - 1 : 0];
}

static struct band band_of(struct making *m)
{
	if (m->number_count == 0)
		return (struct band){ 0, 0, 0 };
	qsort(m->numbers, m->number_count, sizeof m->numbers[0], compare_numbers);
	struct band band = { percentile(m, 10), percentile(m, 50), percentile(m, 90) };
	m->number_count = 0;
	return band;
}

static void note(struct making *m, uint32_t number)
{
	m->numbers[m->number_count++] = number;
}

/* --- cells -------------------------------------------------------------------------- */

static struct band band_of_cells(struct making *m, size_t offset)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct result_cell *cell = m->cells[i];
		if (cell != NULL)
			note(m, *(const uint32_t *)((const char *)cell + offset));
	}
	return band_of(m);
}

static struct band band_of_halts(struct making *m, size_t offset)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct result_cell *cell = m->cells[i];
		if (cell != NULL && cell->halted_s != REACH_NEVER)
			note(m, *(const uint32_t *)((const char *)cell + offset));
	}
	return band_of(m);
}

static void count_runs(struct making *m, struct summary_cell *to)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct result_cell *cell = m->cells[i];
		if (cell == NULL)
			continue;
		to->runs++;
		to->halts += cell->halted_s != REACH_NEVER;
		to->passes += cell->passed_s != REACH_NEVER;
		to->passed_empty += cell->passed_s != REACH_NEVER && cell->passed_empty;
		if (cell->halted_s != REACH_NEVER)
			note(m, cell->kept);
	}
	to->kept = band_of(m);
}

#define OF(member) offsetof(struct result_cell, member)

static void put_together(struct making *m, struct summary_cell *to)
{
	count_runs(m, to);
	to->devices = band_of_cells(m, OF(devices));
	to->offered = band_of_cells(m, OF(offered));
	to->verified = band_of_cells(m, OF(verified));
	to->failed = band_of_cells(m, OF(failed));
	to->late = band_of_cells(m, OF(late));
	for (size_t i = 0; i < REACH_STEPS; i++)
		to->reach_s[i] = band_of_cells(m, OF(reach_s) + i * sizeof(uint32_t));
	to->halted_s = band_of_halts(m, OF(halted_s));
	to->verified_at_halt = band_of_halts(m, OF(verified_at_halt));
	to->failed_at_halt = band_of_halts(m, OF(failed_at_halt));
}

/* Where each run's list is; all are in one order. */
static bool is_same(const struct result_cell *a, const struct result_cell *b)
{
	return a->title == b->title && a->ring == b->ring;
}

static const struct result_cell *find(const struct rehearsal_result *result,
				      const struct result_cell *like, size_t near)
{
	for (size_t i = near; i < result->cell_count; i++) {
		if (is_same(&result->cells[i], like))
			return &result->cells[i];
	}
	for (size_t i = 0; i < near && i < result->cell_count; i++) {
		if (is_same(&result->cells[i], like))
			return &result->cells[i];
	}
	return NULL;
}

static bool is_there(const struct summary *s, const struct result_cell *cell)
{
	for (size_t i = s->cell_count; i > 0; i--) {
		if (s->cells[i - 1].title == cell->title &&
		    s->cells[i - 1].ring == cell->ring)
			return true;
	}
	return false;
}

/* What comes up in a later run alone stands where that run has it: behind what comes
 * before it there. */
static void insert(struct summary *s, const struct rehearsal_result *result, size_t i)
{
	size_t at = 0;

	for (size_t k = 0; i > 0 && k < s->cell_count; k++) {
		if (s->cells[k].title == result->cells[i - 1].title &&
		    s->cells[k].ring == result->cells[i - 1].ring)
			at = k + 1;
	}
	memmove(&s->cells[at + 1], &s->cells[at],
		(s->cell_count - at) * sizeof s->cells[0]);
	memset(&s->cells[at], 0, sizeof s->cells[0]);
	s->cells[at].title = result->cells[i].title;
	s->cells[at].ring = result->cells[i].ring;
	s->cell_count++;
}

static int find_cells(struct making *m)
{
	struct summary *s = m->summary;

	for (size_t run = 0; run < m->count; run++) {
		const struct rehearsal_result *result = &m->results[run];
		struct summary_cell *bigger = reallocarray(
			s->cells, s->cell_count + result->cell_count + 1, sizeof *bigger);
		if (bigger == NULL)
			return -1;
		s->cells = bigger;
		for (size_t i = 0; i < result->cell_count; i++) {
			if (!is_there(s, &result->cells[i]))
				insert(s, result, i);
		}
	}
	return 0;
}

static void make_cells(struct making *m)
{
	struct summary *s = m->summary;

	for (size_t i = 0; i < s->cell_count; i++) {
		const struct result_cell like = { .title = s->cells[i].title,
						  .ring = s->cells[i].ring };
		for (size_t run = 0; run < m->count; run++)
			m->cells[run] = find(&m->results[run], &like, i);
		put_together(m, &s->cells[i]);
	}
}

/* --- lists -------------------------------------------------------------------------- */

static int make_reasons(struct making *m)
{
	struct summary *s = m->summary;
	size_t most = 1;

	for (size_t run = 0; run < m->count; run++)
		most += m->results[run].reason_count;
	s->reasons = calloc(most, sizeof s->reasons[0]);
	if (s->reasons == NULL)
		return -1;
	for (size_t run = 0; run < m->count; run++) {
		for (size_t i = 0; i < m->results[run].reason_count; i++) {
			const struct result_reason *from = &m->results[run].reasons[i];
			size_t at = 0;
			while (at < s->reason_count &&
			       (s->reasons[at].ring != from->ring ||
				s->reasons[at].reason != from->reason))
				at++;
			if (at == s->reason_count)
				s->reason_count++;
			s->reasons[at].ring = from->ring;
			s->reasons[at].reason = from->reason;
			s->reasons[at].devices += from->devices;
			s->reasons[at].never += from->never;
		}
	}
	return 0;
}

static uint32_t sooner(uint32_t a, uint32_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static uint32_t later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void add_leaving(struct summary_leaving *to, const struct result_leaving *from)
{
	to->title = from->title;
	to->left += from->left;
	to->back += from->back;
	to->first_left_s = sooner(to->first_left_s, from->first_left_s);
	to->last_left_s = later(to->last_left_s, from->last_left_s);
	to->first_back_s = sooner(to->first_back_s, from->first_back_s);
	to->last_back_s = later(to->last_back_s, from->last_back_s);
}

static int compare_leavings(const void *left, const void *right)
{
	const struct summary_leaving *a = left, *b = right;

	if (a->first_left_s != b->first_left_s)
		return a->first_left_s < b->first_left_s ? -1 : 1;
	return a->title < b->title ? -1 : a->title > b->title;
}

static int make_leavings(struct making *m)
{
	struct summary *s = m->summary;
	size_t most = 1;

	for (size_t run = 0; run < m->count; run++)
		most += m->results[run].leaving_count;
	s->leavings = calloc(most, sizeof s->leavings[0]);
	if (s->leavings == NULL)
		return -1;
	for (size_t run = 0; run < m->count; run++) {
		for (size_t i = 0; i < m->results[run].leaving_count; i++) {
			const struct result_leaving *from = &m->results[run].leavings[i];
			size_t at = 0;
			while (at < s->leaving_count &&
			       s->leavings[at].title != from->title)
				at++;
			if (at == s->leaving_count)
				s->leaving_count++;
			add_leaving(&s->leavings[at], from);
		}
	}
	qsort(s->leavings, s->leaving_count, sizeof s->leavings[0], compare_leavings);
	return 0;
}

/* --- the whole ---------------------------------------------------------------------- */

static struct band of_a_device(struct making *m, size_t offset)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct rehearsal_result *r = &m->results[i];
		uint32_t number = *(const uint32_t *)((const char *)r + offset);
		note(m, (uint32_t)((uint64_t)number * 1000 / r->devices));
	}
	return band_of(m);
}

static int make_days(struct making *m)
{
	struct summary *s = m->summary;

	s->restarts_on = calloc((size_t)s->days + 1, sizeof s->restarts_on[0]);
	if (s->restarts_on == NULL)
		return -1;
	for (uint32_t day = 0; day < s->days; day++) {
		for (size_t i = 0; i < m->count; i++)
			note(m, m->results[i].restarts_on[day]);
		s->restarts_on[day] = band_of(m);
	}
	for (size_t i = 0; i < m->count; i++) {
		uint32_t most = 0;
		for (uint32_t day = 0; day < s->days; day++)
			most = later(most, m->results[i].restarts_on[day]);
		note(m, most);
	}
	s->busiest_day = band_of(m);
	return 0;
}

static void make_device_figures(struct making *m)
{
	struct summary *s = m->summary;

	for (size_t i = 0; i < m->count; i++)
		note(m, m->results[i].up_to_date);
	s->up_to_date = band_of(m);
	s->restarts = of_a_device(m, offsetof(struct rehearsal_result, restarts));
	s->avoided = of_a_device(m, offsetof(struct rehearsal_result, avoided));
	s->hotpatches = of_a_device(m, offsetof(struct rehearsal_result, hotpatches));
	for (size_t i = 0; i < m->count; i++) {
		for (int k = 0; k < RESTARTS_MOST; k++)
			s->restarts_of[k] += m->results[i].restarts_of[k];
	}
}

int summary_make(struct summary *summary, const struct rehearsal_result *results,
		 size_t count, struct problem *p)
{
	struct making making = {
		.summary = summary,
		.results = results,
		.count = count,
		.numbers = calloc(count + 1, sizeof(uint32_t)),
		.cells = calloc(count + 1, sizeof(struct result_cell *)),
	};
	int rc = -1;

	assert(count > 0);
	memset(summary, 0, sizeof *summary);
	summary->runs = (uint32_t)count;
	summary->devices = results[0].devices;
	summary->days = results[0].days;
	if (making.numbers != NULL && making.cells != NULL && find_cells(&making) == 0 &&
	    make_reasons(&making) == 0 && make_leavings(&making) == 0 &&
	    make_days(&making) == 0) {
		make_cells(&making);
		make_device_figures(&making);
		rc = 0;
	}
	free(making.numbers);
	free(making.cells);
	if (rc < 0) {
		summary_fini(summary);
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for the results of %zu runs",
			    count);
	}
	return rc;
}

void summary_fini(struct summary *summary)
{
	free(summary->restarts_on);
	free(summary->cells);
	free(summary->reasons);
	free(summary->leavings);
	memset(summary, 0, sizeof *summary);
}
