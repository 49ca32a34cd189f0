#include "engine/catalog.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog_draft.h"
#include "engine/expression.h"

struct catalog_memory {
	atomic_int references;
	struct product *products;
	struct title *titles;
	struct release *releases; /* all lines, one after the other */
	int32_t *by_build;        /* likewise */
	size_t supersedes_count;
	uint32_t *supersedes; /* of all titles, one after the other */
	size_t match_count;
	struct match {
		struct expression *expression;
		char *text;
	} * matches;
};

static void release_memory(struct catalog *catalog)
{
	struct catalog_memory *memory = catalog->memory;
	if (memory != NULL) {
		struct match *matches = memory->matches;
		for (size_t i = 0; matches != NULL && i < memory->match_count; i++) {
			expression_free(matches[i].expression);
			free(matches[i].text);
		}
		free(matches);
		free(memory->products);
		free(memory->titles);
		free(memory->releases);
		free(memory->by_build);
		free(memory->supersedes);
		free(memory);
	}
	free(catalog);
}

struct catalog *catalog_take(struct catalog *catalog)
{
	atomic_fetch_add(&catalog->memory->references, 1);
	return catalog;
}

void catalog_give(struct catalog *catalog)
{
	if (catalog != NULL && atomic_fetch_sub(&catalog->memory->references, 1) == 1)
		release_memory(catalog);
}

static size_t count_supersedes(const struct catalog_draft *draft)
{
	size_t count = 0;
	for (size_t i = 0; i < draft->release_count; i++)
		count += draft->releases[i].supersedes_count;
	return count;
}

static struct catalog *allocate(const struct catalog_draft *draft)
{
	struct catalog *catalog = calloc(1, sizeof *catalog);
	if (catalog == NULL)
		return NULL;
	struct catalog_memory *memory = calloc(1, sizeof *memory);
	catalog->memory = memory;
	if (memory == NULL) {
		free(catalog);
		return NULL;
	}
	atomic_init(&memory->references, 1);
	memory->products = calloc(draft->product_count + 1, sizeof(struct product));
	memory->titles = calloc(draft->release_count + 1, sizeof(struct title));
	memory->releases = calloc(2 * draft->release_count + 1, sizeof(struct release));
	memory->by_build = calloc(2 * draft->release_count + 1, sizeof(int32_t));
	memory->matches = calloc(draft->release_count + 1, sizeof(struct match));
	memory->supersedes = calloc(count_supersedes(draft) + 1, sizeof(uint32_t));
	if (memory->products == NULL || memory->titles == NULL ||
	    memory->releases == NULL || memory->by_build == NULL ||
	    memory->matches == NULL || memory->supersedes == NULL) {
		release_memory(catalog);
		return NULL;
	}
	catalog->products = memory->products;
	catalog->titles = memory->titles;
	return catalog;
}

static const uint32_t *keep_supersedes(struct catalog_memory *memory,
				       const struct draft_release *from)
{
	uint32_t *kept = memory->supersedes + memory->supersedes_count;
	memcpy(kept, from->supersedes, from->supersedes_count * sizeof(uint32_t));
	memory->supersedes_count += from->supersedes_count;
	return kept;
}

static int compare_builds(struct build a, struct build b)
{
	if (a.base != b.base)
		return a.base < b.base ? -1 : 1;
	return a.revision < b.revision ? -1 : a.revision > b.revision;
}

static int by_publication(const void *left, const void *right)
{
	const struct draft_release *a = *(struct draft_release *const *)left;
	const struct draft_release *b = *(struct draft_release *const *)right;
	if (a->published_s != b->published_s)
		return a->published_s < b->published_s ? -1 : 1;
	if (a->build.revision != b->build.revision)
		return a->build.revision < b->build.revision ? -1 : 1;
	return a->kb < b->kb ? -1 : a->kb > b->kb;
}

/* A line's releases by KB, for the references between them. */
struct by_kb {
	uint32_t kb;
	int32_t index;
};

static int compare_kbs(const void *left, const void *right)
{
	const struct by_kb *a = left, *b = right;
	if (a->kb != b->kb)
		return a->kb < b->kb ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* The release that `kb` names from the place of `from`: another one, the newest
 * published by then where a KB has several builds; baselines only when asked.  -1 none.
 */
static int32_t index_of(const struct line *line, const struct by_kb *sorted, uint32_t kb,
			int32_t from, bool baseline_only)
{
	size_t low = 0, high = line->count;
	int32_t found = -1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sorted[middle].kb < kb)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < line->count && sorted[low].kb == kb; low++) {
		int32_t i = sorted[low].index;
		const struct release *named = &line->releases[i];
		if (i != from && named->published_s <= line->releases[from].published_s &&
		    (!baseline_only || named->kind == RELEASE_BASELINE))
			found = i;
	}
	return found;
}

/* An OOB that does not say what it repairs, repairs the newest B release before it: of
 * its own quarter if it belongs to one, else of the standard line (DESIGN 2.5). */
static int32_t implied_repair(const struct release *releases, int32_t index)
{
	const struct release *oob = &releases[index];
	for (int32_t i = index - 1; i >= 0; i--) {
		const struct release *before = &releases[i];
		if (before->cadence != CADENCE_B ||
		    before->published_s >= oob->published_s)
			continue;
		bool standard = before->kind == RELEASE_BASELINE ||
				(before->kind == RELEASE_LCU && before->quarter < 0);
		if (oob->quarter >= 0 ? before->quarter == oob->quarter : standard)
			return i;
	}
	return -1;
}

/* What it repairs is earlier, or of the same moment: ends are found from there on. */
static int32_t anchor_of(const struct release *releases, size_t count, int32_t at)
{
	for (size_t steps = 0; steps < count; steps++) {
		if (releases[at].cadence != CADENCE_OOB || releases[at].repairs < 0)
			break;
		int32_t next = releases[at].repairs;
		if (next < at)
			return releases[next].anchor;
		at = next;
	}
	return at;
}

static void resolve(const struct line *line, struct draft_release *const *drafts,
		    const struct by_kb *sorted)
{
	struct release *releases = (struct release *)line->releases;
	int32_t count = (int32_t)line->count;

	for (int32_t i = 0; i < count; i++) {
		releases[i].quarter = -1;
		if (releases[i].kind == RELEASE_BASELINE)
			releases[i].quarter = i;
		else if (drafts[i]->baseline != 0)
			releases[i].quarter =
				index_of(line, sorted, drafts[i]->baseline, i, true);
	}
	for (int32_t i = 0; i < count; i++) {
		releases[i].repairs = -1;
		if (drafts[i]->repairs != 0)
			releases[i].repairs =
				index_of(line, sorted, drafts[i]->repairs, i, false);
		else if (releases[i].cadence == CADENCE_OOB)
			releases[i].repairs = implied_repair(releases, i);
	}
	for (int32_t i = 0; i < count; i++)
		releases[i].anchor = anchor_of(releases, line->count, i);
}

/* A few thousand at most, and nearly sorted by publication already: insertion. */
static void sort_by_build(const struct line *line, int32_t *by_build)
{
	for (int32_t i = 0; i < (int32_t)line->count; i++) {
		int32_t at = i;
		for (; at > 0 && compare_builds(line->releases[by_build[at - 1]].build,
						line->releases[i].build) > 0;
		     at--)
			by_build[at] = by_build[at - 1];
		by_build[at] = i;
	}
}

static int64_t title_on(const struct line *line, uint32_t kb, struct build build)
{
	for (size_t at = line_find_build(line, build); at < line->count; at++) {
		const struct release *release = &line->releases[line->by_build[at]];
		if (!build_equal(release->build, build))
			break;
		if (release->kb == kb)
			return release->title;
	}
	return -1;
}

/* One title whatever the architecture: the other line, laid out before, may have it. */
static uint32_t title_of(struct catalog *catalog, const struct product *product,
			 const struct draft_release *from)
{
	struct title *titles = catalog->memory->titles;
	int64_t present = title_on(&product->lines[0], from->kb, from->build);

	if (present >= 0) {
		titles[present].archs |= from->archs;
		return (uint32_t)present;
	}
	titles[catalog->title_count] = (struct title){
		.product = (uint16_t)from->product,
		.kb = from->kb,
		.build = from->build,
		.archs = from->archs,
		.kind = from->kind,
		.published_s = from->published_s,
		.supersedes_count = from->supersedes_count,
		.supersedes = keep_supersedes(catalog->memory, from),
	};
	return (uint32_t)catalog->title_count++;
}

/* Room for one line's worth of sorting. */
struct scratch {
	struct draft_release **drafts;
	struct by_kb *by_kb;
};

static void lay_out_line(struct catalog *catalog, const struct catalog_draft *draft,
			 size_t product, enum arch arch, struct scratch *scratch)
{
	struct product *of = &catalog->memory->products[product];
	struct line *line = &of->lines[arch == ARCH_ARM64];
	struct release *releases = (struct release *)line->releases;
	size_t count = 0;

	for (size_t i = 0; i < draft->release_count; i++) {
		if (draft->releases[i].product == product &&
		    (draft->releases[i].archs & arch) != 0)
			scratch->drafts[count++] = &draft->releases[i];
	}
	qsort(scratch->drafts, count, sizeof(struct draft_release *), by_publication);
	for (size_t i = 0; i < count; i++) {
		const struct draft_release *from = scratch->drafts[i];
		scratch->by_kb[i] = (struct by_kb){ from->kb, (int32_t)i };
		releases[i] = (struct release){
			.title = title_of(catalog, of, from),
			.kb = from->kb,
			.build = from->build,
			.kind = from->kind,
			.cadence = from->cadence,
			.offer = from->offer,
			.published_s = from->published_s,
			.match = from->match,
			.match_text = from->match_text,
		};
	}
	qsort(scratch->by_kb, count, sizeof(struct by_kb), compare_kbs);
	line->product = &catalog->products[product];
	line->arch = arch;
	line->count = count;
	resolve(line, scratch->drafts, scratch->by_kb);
	sort_by_build(line, (int32_t *)line->by_build);
}

/* The expressions pass from the draft to the catalog. */
static void take_matches(struct catalog *catalog, struct catalog_draft *draft)
{
	struct catalog_memory *memory = catalog->memory;
	for (size_t i = 0; i < draft->release_count; i++) {
		struct draft_release *from = &draft->releases[i];
		if (from->match == NULL)
			continue;
		memory->matches[memory->match_count++] =
			(struct match){ from->match, from->match_text };
		from->match = NULL;
		from->match_text = NULL;
	}
}

static int by_date(const void *left, const void *right)
{
	const struct planned *a = left, *b = right;
	return a->date_s < b->date_s ? -1 : a->date_s > b->date_s;
}

static struct catalog *lay_out(struct catalog_draft *draft)
{
	struct catalog *catalog = allocate(draft);
	struct scratch scratch = {
		.drafts =
			calloc(draft->release_count + 1, sizeof(struct draft_release *)),
		.by_kb = calloc(draft->release_count + 1, sizeof(struct by_kb)),
	};
	if (catalog == NULL || scratch.drafts == NULL || scratch.by_kb == NULL) {
		free(scratch.drafts);
		free(scratch.by_kb);
		if (catalog != NULL)
			release_memory(catalog);
		return NULL;
	}
	struct release *next = catalog->memory->releases;
	int32_t *next_by_build = catalog->memory->by_build;
	catalog->product_count = draft->product_count;
	for (size_t i = 0; i < draft->product_count; i++) {
		struct product *product = &catalog->memory->products[i];
		*product = draft->products[i].product;
		qsort(product->planned, product->planned_count, sizeof(struct planned),
		      by_date);
		for (int l = 0; l < 2; l++) {
			enum arch arch = l == 0 ? ARCH_X64 : ARCH_ARM64;
			product->lines[l].releases = next;
			product->lines[l].by_build = next_by_build;
			lay_out_line(catalog, draft, i, arch, &scratch);
			next += product->lines[l].count;
			next_by_build += product->lines[l].count;
		}
	}
	take_matches(catalog, draft);
	free(scratch.drafts);
	free(scratch.by_kb);
	return catalog;
}

struct catalog *catalog_seal(struct catalog_draft *draft, struct findings *findings)
{
	size_t before = findings->errors;

	for (size_t i = 0; i < draft->early.count; i++) {
		const struct finding *told = &draft->early.list[i];
		findings_add(findings, told->severity, told->origin, told->hint, "%s",
			     told->text);
	}
	catalog_check(draft, findings);
	if (findings->errors != before)
		return NULL;
	struct catalog *catalog = lay_out(draft);
	if (catalog == NULL)
		findings_add(findings, SEVERITY_ERROR, (struct origin){ "catalog", 0 },
			     NULL, "out of memory");
	return catalog;
}

const struct product *catalog_product(const struct catalog *catalog, const char *id)
{
	for (size_t i = 0; i < catalog->product_count; i++) {
		if (strcmp(catalog->products[i].id, id) == 0)
			return &catalog->products[i];
	}
	return NULL;
}

int64_t catalog_title(const struct catalog *catalog, const struct product *product,
		      uint32_t kb, struct build build)
{
	(void)catalog; /* the product is of it */
	int64_t title = title_on(&product->lines[0], kb, build);
	return title >= 0 ? title : title_on(&product->lines[1], kb, build);
}

const struct line *product_line(const struct product *product, enum arch arch)
{
	if (arch == ARCH_NONE)
		return NULL;
	const struct line *line = &product->lines[arch == ARCH_ARM64];
	return line->count > 0 ? line : NULL;
}

size_t line_find_build(const struct line *line, struct build build)
{
	size_t low = 0, high = line->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct build other = line->releases[line->by_build[middle]].build;
		if (compare_builds(other, build) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < line->count &&
	    build_equal(line->releases[line->by_build[low]].build, build))
		return low;
	return line->count;
}

bool release_is_cumulative(const struct release *release)
{
	return release->kind != RELEASE_HOTPATCH;
}
