#include <assert.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/judgement.h"

static bool kbs_contain(const char *kbs, uint32_t kb)
{
	uint32_t one;

	while (facts_next_kb(&kbs, &one)) {
		if (one == kb)
			return true;
	}
	return false;
}

/* By family and base; the family may be missing where the base alone fits one.  A
 * family that is reported, but is neither client nor server, fits none. */
static enum reason find_product(struct judgement *j, const char *reported, uint32_t base)
{
	const struct catalog *catalog = j->situation->catalog;
	enum family family = reported == NULL ? FAMILY_NONE : family_parse(reported);
	const struct product *found = NULL;

	if (reported != NULL && family == FAMILY_NONE)
		return REASON_NO_PRODUCT;
	for (size_t i = 0; i < catalog->product_count; i++) {
		const struct product *product = &catalog->products[i];
		if (product->base != base ||
		    (family != FAMILY_NONE && product->family != family))
			continue;
		if (found != NULL)
			return REASON_FACTS_MISSING;
		found = product;
	}
	j->decision->product = found;
	return found == NULL ? REASON_NO_PRODUCT : REASON_NONE;
}

/* The one of several releases with this build whose KB is reported; -1 when none or more
 * than one is. */
static int32_t single_out(const struct line *line, size_t at, size_t end, const char *kbs)
{
	int32_t named = -1;

	for (; at < end; at++) {
		int32_t i = line->by_build[at];
		if (kbs == NULL || line->releases[i].kb == 0 ||
		    !kbs_contain(kbs, line->releases[i].kb))
			continue;
		if (named >= 0)
			return -1;
		named = i;
	}
	return named;
}

/* Whether it is published does not matter: a fact is a fact.  Where one release alone has
 * the build, it is that one whatever KBs are reported. */
static void find_level(struct judgement *j, const char *kbs)
{
	struct level *level = &j->decision->level;
	const struct line *line = j->line;
	size_t first = line_find_build(line, level->build), end = first;

	while (end < line->count &&
	       build_equal(line->releases[line->by_build[end]].build, level->build))
		end++;
	level->index = end - first == 1 ? line->by_build[first]
					: single_out(line, first, end, kbs);
	level->state = level->index >= 0 ? LEVEL_KNOWN
		       : end > first     ? LEVEL_AMBIGUOUS
					 : LEVEL_UNKNOWN;
	if (level->index >= 0)
		level->kb = line->releases[level->index].kb;
}

/* Since when the device is in the quarter: its list of KBs may name no more than the
 * latest of it. */
static int64_t in_quarter_since(const struct judgement *j, int32_t quarter)
{
	const struct history *history = j->situation->history;
	int64_t since_s = INSTANT_NONE;

	for (int32_t i = quarter; i < (int32_t)j->line->count; i++) {
		if (j->line->releases[i].quarter != quarter)
			continue;
		int64_t one_s = history_shown_since(history, j->line->releases[i].kb);
		if (one_s != INSTANT_NONE && (since_s == INSTANT_NONE || one_s < since_s))
			since_s = one_s;
	}
	return since_s;
}

/* A feature update that came after the quarter's baseline ends the quarter. */
static bool has_left_track(const struct judgement *j, int32_t quarter)
{
	const struct history *history = j->situation->history;
	const struct product *product = j->decision->product;

	if (history == NULL)
		return false;
	for (size_t i = 0; i < product->leaves_track_count; i++) {
		int64_t left_s = history_shown_since(history, product->leaves_track[i]);
		if (left_s == INSTANT_NONE)
			continue;
		int64_t since_s = in_quarter_since(j, quarter);
		if (since_s != INSTANT_NONE && left_s > since_s)
			return true;
	}
	return false;
}

static void find_track(struct judgement *j)
{
	struct decision *d = j->decision;

	j->quarter = -1;
	d->track = TRACK_STANDARD;
	if (d->level.state != LEVEL_KNOWN)
		return;
	int32_t quarter = j->line->releases[d->level.index].quarter;
	if (quarter < 0)
		return;
	d->left_track = has_left_track(j, quarter);
	if (d->left_track)
		return;
	d->track = TRACK_HOTPATCH;
	j->quarter = quarter;
}

/* A planned day counts until it is over, since the hour of publication is not known
 * ahead.  Where no day is planned, a baseline the catalog already holds for later does.
 */
int64_t level_next_baseline(const struct judgement *j, bool *planned)
{
	const struct product *product = j->decision->product;

	*planned = true;
	for (size_t i = 0; i < product->planned_count; i++) {
		if (product->planned[i].kind == RELEASE_BASELINE &&
		    product->planned[i].date_s + DAY_S > j->situation->now_s)
			return product->planned[i].date_s;
	}
	*planned = false;
	for (size_t i = (size_t)j->published; i < j->line->count; i++) {
		if (j->line->releases[i].kind == RELEASE_BASELINE)
			return j->line->releases[i].published_s;
	}
	return INSTANT_NONE;
}

/* When a device off the track can come back (DESIGN 2.2). */
static void find_rejoin(struct judgement *j)
{
	struct decision *d = j->decision;
	bool planned;

	if (d->track == TRACK_HOTPATCH || d->product->from.base == 0)
		return;
	d->rejoin_s = level_next_baseline(j, &planned);
	if (planned)
		stands_until(j, d->rejoin_s + DAY_S);
}

/* How many of the line are published by now: a binary search. */
static int32_t count_published(const struct line *line, int64_t now_s)
{
	size_t low = 0, high = line->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (line->releases[middle].published_s <= now_s)
			low = middle + 1;
		else
			high = middle;
	}
	return (int32_t)low;
}

/* Nothing below this index can be above the level: the level itself, or an earlier
 * baseline of a newer quarter than the level's. */
static int32_t lowest_above(const struct judgement *j)
{
	const struct level *level = &j->decision->level;

	if (level->state != LEVEL_KNOWN)
		return 0;
	int32_t quarter = j->line->releases[level->index].quarter;
	if (quarter < 0)
		return level->index;
	for (int32_t i = quarter + 1; i < level->index; i++) {
		if (j->line->releases[i].kind == RELEASE_BASELINE)
			return i;
	}
	return level->index;
}

enum reason level_find(struct judgement *j)
{
	const struct facts *facts = j->situation->facts;
	const char *build = facts_known(facts, FACT_OS_BUILD);
	const char *arch = facts_known(facts, FACT_OS_ARCH);
	const char *family = facts_known(facts, FACT_OS_FAMILY);
	struct decision *d = j->decision;

	if (arch != NULL)
		d->arch = arch_parse(arch);
	if (build == NULL || !build_parse(build, &d->build))
		return REASON_FACTS_MISSING;
	enum reason reason = find_product(j, family, d->build.base);
	if (arch == NULL || reason == REASON_FACTS_MISSING)
		return REASON_FACTS_MISSING;
	if (reason != REASON_NONE)
		return reason;
	d->line = product_line(d->product, d->arch);
	if (d->line == NULL)
		return REASON_NO_PRODUCT;
	j->line = d->line;
	d->level.build = d->build;
	j->published = count_published(j->line, j->situation->now_s);
	find_level(j, facts_known(facts, FACT_OS_KBS));
	find_track(j);
	find_rejoin(j);
	j->lowest = lowest_above(j);
	return REASON_NONE;
}

/* A line is in order of publication, so the indices of two baselines tell. */
bool quarter_is_newer(int32_t newer, int32_t older)
{
	return newer >= 0 && older >= 0 && newer > older;
}

bool release_above(const struct line *line, int32_t release, int32_t level)
{
	const struct release *r = &line->releases[release], *l = &line->releases[level];

	if (release == level)
		return false;
	if (r->kind == RELEASE_BASELINE && quarter_is_newer(release, l->quarter))
		return true;
	if (l->kind == RELEASE_BASELINE && quarter_is_newer(level, r->quarter))
		return false;
	if (r->published_s != l->published_s)
		return r->published_s > l->published_s;
	bool comparable = (release_is_cumulative(r) && release_is_cumulative(l)) ||
			  (r->quarter >= 0 && r->quarter == l->quarter &&
			   r->kind != RELEASE_BASELINE && l->kind != RELEASE_BASELINE);
	return comparable && r->build.revision > l->build.revision;
}

bool level_is_below(const struct judgement *j, int32_t index)
{
	const struct level *level = &j->decision->level;
	const struct release *release = &j->line->releases[index];

	if (level->state == LEVEL_KNOWN)
		return release_above(j->line, index, level->index);
	return release_is_cumulative(release) &&
	       release->build.revision > level->build.revision;
}

int64_t release_opens(const struct line *line, int32_t release, int64_t defer_s)
{
	const struct release *r = &line->releases[release];

	if (r->cadence != CADENCE_OOB)
		return r->published_s + defer_s;
	if (line->releases[r->anchor].cadence == CADENCE_OOB)
		return r->published_s; /* the chain ends nowhere: at once */
	int64_t opens_s = line->releases[r->anchor].published_s + defer_s;
	return opens_s > r->published_s ? opens_s : r->published_s;
}
