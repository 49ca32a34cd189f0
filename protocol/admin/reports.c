#include "protocol/admin/reports.h"

#include <stdlib.h>
#include <string.h>

#include "engine/decision.h"
#include "engine/plan.h"

static bool has_reason(const struct decision *decision, enum reason reason)
{
	for (int i = 0; i < decision->reason_count; i++) {
		if (decision->reasons[i] == reason)
			return true;
	}
	return false;
}

static bool is_hotpatched(const struct decision *decision)
{
	if (decision->level.state != LEVEL_KNOWN || decision->track != TRACK_HOTPATCH)
		return false;
	const struct release *level = &decision->line->releases[decision->level.index];
	return level->quarter >= 0 && level->kind != RELEASE_BASELINE;
}

/* What is offered only after an approval is no security release: a non-security OOB, a
 * fix for one kind of machine.  A device is not behind for want of it. */
static bool waits_for_optional(const struct decision *decision)
{
	return decision->release >= 0 &&
	       decision->line->releases[decision->release].offer == OFFER_APPROVAL;
}

static void count_reasons(struct hotpatch_report *report, const struct plan *plan,
			  const struct device_seen *seen)
{
	const struct decision *decision = seen->decision;

	if (decision->standing == STANDING_NOT_READY) {
		for (int i = 0; i < decision->reason_count; i++)
			report->reasons[decision->reasons[i]]++;
		return;
	}
	if (seen->policy < 0 || !plan->policies[seen->policy].hotpatch)
		return; /* that is how it was wanted */
	for (int row = 0; row < ROW_TRACK; row++) {
		if (!decision->rows[row].passes)
			report->reasons[decision->rows[row].reason]++;
	}
}

void hotpatch_report_count(struct hotpatch_report *report, const struct plan *plan,
			   const struct device_seen *seen)
{
	struct hotpatch_row *row = &report->rows[seen->policy + 1];
	const struct decision *decision = seen->decision;

	row->devices++;
	count_reasons(report, plan, seen);
	if (is_hotpatched(decision))
		row->hotpatched++;
	switch (decision->standing) {
	case STANDING_UP_TO_DATE:
		row->up_to_date++;
		return;
	case STANDING_NOT_READY:
		row->not_ready++;
		return;
	case STANDING_OFFERED:
	case STANDING_RUNNING:
		row->in_progress++;
		break;
	case STANDING_WAITING:
		if (waits_for_optional(decision)) {
			row->up_to_date++;
			return;
		}
		break;
	case STANDINGS:
		break;
	}
	row->not_up_to_date++;
	if (has_reason(decision, REASON_RING_PAUSED) ||
	    has_reason(decision, REASON_DEVICE_PAUSED))
		row->paused++;
}

double report_percent(int64_t part, int64_t whole)
{
	if (whole == 0)
		return 0.0;
	int64_t tenths = (part * 2000 + whole) / (2 * whole); /* halves up */
	return (double)tenths / 10.0;
}

static bool is_same(const struct level_count *level, const struct decision *decision,
		    const struct release *release)
{
	if (level->product != decision->product ||
	    !build_equal(level->build, decision->build))
		return false;
	if (level->release == NULL || release == NULL)
		return level->release == release;
	return level->release->title == release->title;
}

/* Levels are few: a walk finds the one. */
bool distribution_report_count(struct distribution_report *report,
			       const struct device_seen *seen)
{
	const struct decision *decision = seen->decision;
	const struct release *release =
		decision->level.state == LEVEL_KNOWN
			? &decision->line->releases[decision->level.index]
			: NULL;

	report->devices++;
	for (size_t i = 0; i < report->count; i++) {
		if (is_same(&report->levels[i], decision, release)) {
			report->levels[i].devices++;
			return true;
		}
	}
	if (report->count == report->room) {
		size_t room = report->room == 0 ? 64 : 2 * report->room;
		struct level_count *bigger =
			reallocarray(report->levels, room, sizeof *bigger);
		if (bigger == NULL)
			return false;
		report->levels = bigger;
		report->room = room;
	}
	report->levels[report->count++] =
		(struct level_count){ decision->product, release, decision->build, 1 };
	return true;
}

static int compare_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int newest_first(const void *left, const void *right)
{
	const struct level_count *a = left, *b = right;

	if ((a->release == NULL) != (b->release == NULL))
		return a->release == NULL ? 1 : -1;
	int order = 0;
	if (a->release != NULL)
		order = compare_numbers(b->release->published_s, a->release->published_s);
	if (order == 0 && (a->product == NULL) != (b->product == NULL))
		return a->product == NULL ? 1 : -1;
	if (order == 0 && a->product != NULL)
		order = strcmp(a->product->id, b->product->id);
	if (order == 0)
		order = compare_numbers(b->build.base, a->build.base);
	if (order == 0)
		order = compare_numbers(b->build.revision, a->build.revision);
	if (order == 0 && a->release != NULL)
		order = compare_numbers(b->release->kb, a->release->kb);
	return order;
}

void distribution_report_sort(struct distribution_report *report)
{
	if (report->count > 0)
		qsort(report->levels, report->count, sizeof report->levels[0],
		      newest_first);
}

void distribution_report_fini(struct distribution_report *report)
{
	free(report->levels);
	memset(report, 0, sizeof *report);
}
