/* What a schema cannot know about a catalog: references that must exist, order in
 * time, duplicates and cycles.  Runs once per import, so plain walks are enough. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog_draft.h"

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

static void check_reference(const struct catalog_draft *draft,
			    const struct draft_release *release, const char *attribute,
			    uint32_t kb, enum release_kind kind,
			    struct findings *findings)
{
	char text[200], hint[160], wanted[KB_TEXT];

	kb_format(kb, wanted);
	for (uint8_t arch = ARCH_X64; arch <= ARCH_ARM64; arch <<= 1) {
		if ((release->archs & arch) == 0)
			continue;
		const struct draft_release *named =
			draft_find(draft, release->product, kb, arch, kind);
		if (named != NULL && named->published_s <= release->published_s &&
		    named != release)
			continue;
		hint[0] = '\0';
		if (named == release)
			snprintf(text, sizeof text, "names itself as its %s", attribute);
		else if (named != NULL)
			snprintf(text, sizeof text,
				 "has %s %s, which is published after it", attribute,
				 wanted);
		else if (kind != RELEASE_KINDS && draft_find(draft, release->product, kb,
							     arch, RELEASE_KINDS) != NULL)
			snprintf(text, sizeof text,
				 "has %s %s, which is not of kind baseline", attribute,
				 wanted);
		else
			snprintf(
				text, sizeof text,
				"has %s %s, which is no release of product '%.40s' on %s",
				attribute, wanted,
				draft->products[release->product].product.id,
				arch_name(arch));
		if (named == NULL)
			nearest_kb(draft, release, kb, kind, hint);
		tell(findings, release, hint, text);
		return;
	}
}

static void check_release(const struct catalog_draft *draft,
			  const struct draft_release *release, struct findings *findings)
{
	const struct product *product = &draft->products[release->product].product;
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
		check_reference(draft, release, "baseline", release->baseline,
				RELEASE_BASELINE, findings);
	if (release->repairs != 0)
		check_reference(draft, release, "repairs", release->repairs,
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
	if (a->build.revision != b->build.revision)
		return a->build.revision < b->build.revision ? -1 : 1;
	return a->origin.line < b->origin.line ? -1 : a->origin.line > b->origin.line;
}

static void check_duplicates(const struct catalog_draft *draft, struct findings *findings)
{
	const struct draft_release **sorted =
		calloc(draft->release_count + 1, sizeof(const struct draft_release *));
	if (sorted == NULL) {
		findings_add(findings, SEVERITY_ERROR, (struct origin){ "", 0 }, NULL,
			     "out of memory");
		return;
	}
	for (size_t i = 0; i < draft->release_count; i++)
		sorted[i] = &draft->releases[i];
	qsort(sorted, draft->release_count, sizeof(const struct draft_release *),
	      by_identity);
	for (size_t i = 1; i < draft->release_count; i++) {
		const struct draft_release *a = sorted[i - 1], *b = sorted[i];
		char text[120], build[BUILD_TEXT];
		if (a->product != b->product || a->kb != b->kb ||
		    !build_equal(a->build, b->build))
			continue;
		if ((a->archs & b->archs) == 0) {
			if (a->kind == b->kind && a->published_s == b->published_s)
				continue;
			snprintf(text, sizeof text,
				 "with build %s differs in kind or publication from line "
				 "%u",
				 build_format(b->build, build), a->origin.line);
			tell(findings, b,
			     "one release is one thing on every architecture", text);
			continue;
		}
		snprintf(text, sizeof text, "with build %s is there already, on line %u",
			 build_format(b->build, build), a->origin.line);
		tell(findings, b, "remove one of the two", text);
	}
	free(sorted);
}

/* Depth-first over "supersedes" by KB: a grey release met again closes a cycle. */
enum colour { WHITE, GREY, BLACK };

static bool visit(const struct catalog_draft *draft, size_t index, unsigned char *colours,
		  struct findings *findings)
{
	const struct draft_release *release = &draft->releases[index];

	colours[index] = GREY;
	for (size_t s = 0; s < release->supersedes_count; s++) {
		for (size_t i = 0; i < draft->release_count; i++) {
			const struct draft_release *other = &draft->releases[i];
			if (other->product != release->product || other->kb == 0 ||
			    other->kb != release->supersedes[s] ||
			    (other->archs & release->archs) == 0)
				continue;
			if (colours[i] == GREY) {
				char text[120], kb[KB_TEXT];
				snprintf(text, sizeof text,
					 "supersedes %s, which supersedes it in turn "
					 "(line %u)",
					 kb_format(other->kb, kb), other->origin.line);
				tell(findings, release, "remove one of the two", text);
				colours[index] = BLACK;
				return false;
			}
			if (colours[i] == WHITE && !visit(draft, i, colours, findings)) {
				colours[index] = BLACK;
				return false;
			}
		}
	}
	colours[index] = BLACK;
	return true;
}

static void check_cycles(const struct catalog_draft *draft, struct findings *findings)
{
	unsigned char *colours = calloc(draft->release_count + 1, 1);
	if (colours == NULL)
		return;
	for (size_t i = 0; i < draft->release_count; i++) {
		if (colours[i] == WHITE)
			visit(draft, i, colours, findings);
	}
	free(colours);
}

/* Publication order already refuses a `repairs` that points forward; what is left are
 * two releases of one moment that repair each other. */
static void check_repair_cycles(const struct catalog_draft *draft,
				struct findings *findings)
{
	for (size_t i = 0; i < draft->release_count; i++) {
		const struct draft_release *start = &draft->releases[i], *at = start;
		for (size_t steps = 0; at != NULL && at->repairs != 0; steps++) {
			at = draft_find(draft, at->product, at->repairs, start->archs,
					RELEASE_KINDS);
			if (at == start && steps > 0)
				tell(findings, start, "remove one of the two",
				     "repairs a release that repairs it in turn");
			if (at == start || steps > draft->release_count)
				break;
		}
	}
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
	check_products(draft, findings);
	for (size_t i = 0; i < draft->release_count; i++)
		check_release(draft, &draft->releases[i], findings);
	check_duplicates(draft, findings);
	check_cycles(draft, findings);
	check_repair_cycles(draft, findings);
}
