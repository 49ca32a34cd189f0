/* What a schema cannot know about a catalog: references that must exist, order in
 * time, duplicates and cycles.  Runs once per import, so plain walks are enough. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog_draft.h"

/* The draft in order of product, KB and publication, so that each question is a binary
 * search: a catalog may hold twenty thousand releases. */
struct index {
	const struct catalog_draft *draft;
	const struct draft_release **sorted;
};

static void tell(struct findings *findings, const struct draft_release *release,
		 const char *hint, const char *what)
{
	char kb[KB_TEXT];
	findings_add(findings, SEVERITY_ERROR, release->origin, hint, "%s %s",
		     release->kb == 0 ? "this rtm" : kb_format(release->kb, kb), what);
}

static bool cumulative(const struct draft_release *release)
{
	return release->kind != RELEASE_HOTPATCH;
}

/* The nearest KB of the product by its digits, among releases `kind` (or all). */
static void nearest_kb(const struct catalog_draft *draft,
		       const struct draft_release *near, uint32_t kb,
		       enum release_kind kind, char hint[static 160])
{
	const struct draft_release *best = NULL;
	const struct draft_release *latest = NULL;
	char wanted[KB_TEXT], have[KB_TEXT];

	hint[0] = '\0';
	for (size_t i = 0; i < draft->release_count; i++) {
		const struct draft_release *other = &draft->releases[i];
		if (other->product != near->product || other == near || other->kb == 0 ||
		    (kind != RELEASE_KINDS && other->kind != kind))
			continue;
		const char *one[] = { kb_format(other->kb, have) };
		if (best == NULL && nearest_word(kb_format(kb, wanted), one, 1) != NULL)
			best = other;
		if (other->published_s <= near->published_s &&
		    (latest == NULL || other->published_s > latest->published_s))
			latest = other;
	}
	if (best == NULL)
		best = latest;
	if (best != NULL)
		snprintf(hint, 160, "%s %s?",
			 best == latest ? "the newest before it is" : "did you mean",
			 kb_format(best->kb, have));
}

/* The first of the releases of `product` that are `kb`; its place, or the count. */
static size_t first_of(const struct index *index, size_t product, uint32_t kb)
{
	size_t low = 0, high = index->draft->release_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct draft_release *one = index->sorted[middle];
		if (one->product < product || (one->product == product && one->kb < kb))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of(const struct index *index, size_t place, size_t product, uint32_t kb)
{
	return place < index->draft->release_count &&
	       index->sorted[place]->product == product && index->sorted[place]->kb == kb;
}

/* The other release that `kb` names for `from` on `arch`: the newest published by then,
 * or where there is none by then, any.  NULL for none. */
static const struct draft_release *named_by(const struct index *index,
					    const struct draft_release *from, uint32_t kb,
					    uint8_t archs, enum release_kind kind)
{
	const struct draft_release *found = NULL;

	for (size_t at = first_of(index, from->product, kb);
	     is_of(index, at, from->product, kb); at++) {
		const struct draft_release *one = index->sorted[at];
		if (one == from || (one->archs & archs) == 0 ||
		    (kind != RELEASE_KINDS && one->kind != kind))
			continue;
		if (found == NULL || one->published_s <= from->published_s)
			found = one;
	}
	return found;
}

static void check_reference(const struct index *index,
			    const struct draft_release *release, const char *attribute,
			    uint32_t kb, enum release_kind kind,
			    struct findings *findings)
{
	char text[200], hint[160], wanted[KB_TEXT];

	kb_format(kb, wanted);
	for (unsigned arch = ARCH_X64; arch <= ARCH_ARM64; arch <<= 1) {
		if ((release->archs & arch) == 0)
			continue;
		const struct draft_release *named =
			named_by(index, release, kb, (uint8_t)arch, kind);
		if (named != NULL && named->published_s <= release->published_s)
			continue;
		hint[0] = '\0';
		if (named == NULL && kb == release->kb)
			snprintf(text, sizeof text, "names itself as its %s", attribute);
		else if (named != NULL)
			snprintf(text, sizeof text,
				 "has %s %s, which is published after it", attribute,
				 wanted);
		else if (named_by(index, release, kb, (uint8_t)arch, RELEASE_KINDS) !=
			 NULL)
			snprintf(text, sizeof text,
				 "has %s %s, which is not of kind baseline", attribute,
				 wanted);
		else
			snprintf(
				text, sizeof text,
				"has %s %s, which is no release of product '%.40s' on %s",
				attribute, wanted,
				index->draft->products[release->product].product.id,
				arch_name((enum arch)arch));
		if (named == NULL && kb != release->kb)
			nearest_kb(index->draft, release, kb, kind, hint);
		tell(findings, release, hint, text);
		return;
	}
}

static void check_release(const struct index *index, const struct draft_release *release,
			  struct findings *findings)
{
	const struct product *product = &index->draft->products[release->product].product;
	char text[160], hint[80], build[BUILD_TEXT];

	if (release->kb == 0 && release->kind != RELEASE_RTM)
		tell(findings, release, "only an rtm may go without one", "needs a kb");
	if (release->archs == 0)
		tell(findings, release, "x64, arm64 or both", "names no architecture");
	if (release->build.base != product->base && release->build.base != 0) {
		snprintf(text, sizeof text,
			 "has build %s, but product '%.40s' has base %u",
			 build_format(release->build, build), product->id, product->base);
		snprintf(hint, sizeof hint, "%u.%u?", product->base,
			 release->build.revision);
		tell(findings, release, hint, text);
	}
	if (release->kind == RELEASE_HOTPATCH && release->baseline == 0)
		tell(findings, release, "add baseline=\"KB...\"",
		     "is a hotpatch and names no baseline");
	if (release->kind == RELEASE_BASELINE && release->baseline != 0)
		tell(findings, release, "remove baseline",
		     "is a baseline itself and cannot name one");
	if (cumulative(release) && release->kind != RELEASE_BASELINE &&
	    (release->baseline != 0) != release->track_hotpatch)
		tell(findings, release,
		     "a cumulative release of a quarter says both baseline and "
		     "track=\"hotpatch\"",
		     release->track_hotpatch
			     ? "says track=\"hotpatch\" without a baseline"
			     : "names a baseline but not its track");
	if (release->track_hotpatch && !cumulative(release))
		tell(findings, release, "remove track",
		     "is a hotpatch: its track needs no saying");
	if (release->track_hotpatch && release->kind == RELEASE_BASELINE)
		tell(findings, release, "remove track",
		     "is a baseline: it starts a quarter");
	if (release->baseline != 0)
		check_reference(index, release, "baseline", release->baseline,
				RELEASE_BASELINE, findings);
	if (release->repairs != 0)
		check_reference(index, release, "repairs", release->repairs,
				RELEASE_KINDS, findings);
}

static int by_identity(const void *left, const void *right)
{
	const struct draft_release *a = *(const struct draft_release *const *)left;
	const struct draft_release *b = *(const struct draft_release *const *)right;
	if (a->product != b->product)
		return a->product < b->product ? -1 : 1;
	if (a->kb != b->kb)
		return a->kb < b->kb ? -1 : 1;
	if (a->published_s != b->published_s)
		return a->published_s < b->published_s ? -1 : 1;
	if (a->build.revision != b->build.revision)
		return a->build.revision < b->build.revision ? -1 : 1;
	return a->origin.line < b->origin.line ? -1 : a->origin.line > b->origin.line;
}

static void check_pair(const struct draft_release *a, const struct draft_release *b,
		       struct findings *findings)
{
	char text[120], build[BUILD_TEXT];

	if (!build_equal(a->build, b->build))
		return;
	if ((a->archs & b->archs) != 0) {
		snprintf(text, sizeof text, "with build %s is there already, on line %u",
			 build_format(b->build, build), a->origin.line);
		tell(findings, b, "remove one of the two", text);
	} else if (a->kind != b->kind || a->published_s != b->published_s) {
		snprintf(text, sizeof text,
			 "with build %s differs in kind or publication from line %u",
			 build_format(b->build, build), a->origin.line);
		tell(findings, b, "one release is one thing on every architecture", text);
	}
}

/* Every pair of one KB; of an rtm without one, too. */
static void check_duplicates(const struct index *index, struct findings *findings)
{
	for (size_t i = 0; i < index->draft->release_count; i++) {
		const struct draft_release *one = index->sorted[i];
		for (size_t j = i; j-- > 0 && is_of(index, j, one->product, one->kb);) {
			const struct draft_release *other = index->sorted[j];
			bool later = other->origin.line > one->origin.line;
			check_pair(later ? one : other, later ? other : one, findings);
		}
	}
}

/* Depth-first over "supersedes": a grey release met again closes a circle.  The way from
 * the root is kept in a list of its own, for a chain may be as long as the catalog. */
enum colour { WHITE, GREY, BLACK };

struct walk {
	const struct index *index;
	unsigned char *colours;
	size_t depth;
	struct place {
		size_t release;   /* index into the draft */
		size_t supersede; /* which of its KBs is looked at */
		size_t at;        /* and which release of that KB */
	} * way;
};

static void enter(struct walk *walk, size_t release)
{
	walk->colours[release] = GREY;
	walk->way[walk->depth++] = (struct place){ release, 0, SIZE_MAX };
}

/* The next release that the last one on the way supersedes; NULL when all were seen. */
static const struct draft_release *next_superseded(struct walk *walk)
{
	const struct index *index = walk->index;
	struct place *place = &walk->way[walk->depth - 1];
	const struct draft_release *from = &index->draft->releases[place->release];

	for (; place->supersede < from->supersedes_count; place->supersede++) {
		uint32_t kb = from->supersedes[place->supersede];
		if (place->at == SIZE_MAX)
			place->at = first_of(index, from->product, kb);
		while (kb != 0 && is_of(index, place->at, from->product, kb)) {
			const struct draft_release *one = index->sorted[place->at++];
			if ((one->archs & from->archs) != 0)
				return one;
		}
		place->at = SIZE_MAX;
	}
	return NULL;
}

static void walk_from(struct walk *walk, size_t root, struct findings *findings)
{
	const struct catalog_draft *draft = walk->index->draft;

	enter(walk, root);
	while (walk->depth > 0) {
		size_t from = walk->way[walk->depth - 1].release;
		const struct draft_release *to = next_superseded(walk);
		if (to == NULL) {
			walk->colours[from] = BLACK;
			walk->depth--;
			continue;
		}
		size_t at = (size_t)(to - draft->releases);
		if (walk->colours[at] == WHITE) {
			enter(walk, at);
		} else if (walk->colours[at] == GREY) {
			char text[120], kb[KB_TEXT];
			snprintf(text, sizeof text,
				 "supersedes %s, which supersedes it in turn (line %u)",
				 kb_format(to->kb, kb), to->origin.line);
			tell(findings, &draft->releases[from], "remove one of the two",
			     text);
		}
	}
}

static void check_cycles(const struct index *index, struct findings *findings)
{
	size_t count = index->draft->release_count;
	struct walk walk = {
		.index = index,
		.colours = calloc(count + 1, 1),
		.way = calloc(count + 1, sizeof(struct place)),
	};

	for (size_t i = 0; walk.colours != NULL && walk.way != NULL && i < count; i++) {
		if (walk.colours[i] == WHITE)
			walk_from(&walk, i, findings);
	}
	free(walk.colours);
	free(walk.way);
}

/* Publication order already refuses a `repairs` that points forward; what is left are
 * releases of one moment that repair each other.  Each repairs one at most, so a way is
 * followed until it meets itself, or what was followed before. */
static void check_repair_cycles(const struct index *index, struct findings *findings)
{
	const struct catalog_draft *draft = index->draft;
	size_t *way_of = calloc(draft->release_count + 1, sizeof *way_of);

	for (size_t i = 0; way_of != NULL && i < draft->release_count; i++) {
		const struct draft_release *at = &draft->releases[i];
		while (at != NULL && way_of[at - draft->releases] == 0) {
			way_of[at - draft->releases] = i + 1;
			at = at->repairs == 0 ? NULL
					      : named_by(index, at, at->repairs,
							 at->archs, RELEASE_KINDS);
		}
		if (at != NULL && way_of[at - draft->releases] == i + 1)
			tell(findings, at, "remove one of the two",
			     "repairs a release that repairs it in turn");
	}
	free(way_of);
}

static void check_products(const struct catalog_draft *draft, struct findings *findings)
{
	for (size_t i = 0; i < draft->product_count; i++) {
		const struct draft_product *one = &draft->products[i];
		if (one->product.family == FAMILY_NONE)
			findings_add(findings, SEVERITY_ERROR, one->origin,
				     "family=\"client\" or family=\"server\"",
				     "product '%s' names no family", one->product.id);
		for (size_t j = 0; j < i; j++) {
			const struct draft_product *other = &draft->products[j];
			if (strcmp(one->product.id, other->product.id) == 0)
				findings_add(findings, SEVERITY_ERROR, one->origin,
					     "write each product once",
					     "product '%s' is there already (%s:%u)",
					     one->product.id, other->origin.file,
					     other->origin.line);
			else if (one->product.base == other->product.base &&
				 one->product.family == other->product.family)
				findings_add(
					findings, SEVERITY_ERROR, one->origin,
					"a device is told apart by family and base",
					"product '%s' has the family and base of '%s'",
					one->product.id, other->product.id);
		}
	}
}

void catalog_check(const struct catalog_draft *draft, struct findings *findings)
{
	struct index index = {
		.draft = draft,
		.sorted = calloc(draft->release_count + 1,
				 sizeof(const struct draft_release *)),
	};

	if (index.sorted == NULL) {
		findings_add(findings, SEVERITY_ERROR, (struct origin){ "", 0 }, NULL,
			     "out of memory");
		return;
	}
	for (size_t i = 0; i < draft->release_count; i++)
		index.sorted[i] = &draft->releases[i];
	qsort(index.sorted, draft->release_count, sizeof(const struct draft_release *),
	      by_identity);
	check_products(draft, findings);
	for (size_t i = 0; i < draft->release_count; i++)
		check_release(&index, &draft->releases[i], findings);
	check_duplicates(&index, findings);
	check_cycles(&index, findings);
	check_repair_cycles(&index, findings);
	free(index.sorted);
}
