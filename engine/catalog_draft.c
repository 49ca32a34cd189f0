#include "engine/catalog_draft.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/expression.h"
#include "engine/problem.h"

struct catalog_draft *catalog_draft_new(void)
{
	struct catalog_draft *draft = calloc(1, sizeof *draft);
	if (draft != NULL)
		findings_init(&draft->early);
	return draft;
}

void catalog_draft_free(struct catalog_draft *draft)
{
	if (draft == NULL)
		return;
	for (size_t i = 0; i < draft->release_count; i++) {
		free(draft->releases[i].match_text);
		expression_free(draft->releases[i].match);
	}
	free(draft->releases);
	free(draft->products);
	findings_fini(&draft->early);
	free(draft);
}

/* Room for one more in a growing array; false without memory. */
static bool grow(void **list, size_t *room, size_t count, size_t size)
{
	if (count < *room)
		return true;
	size_t wanted = *room == 0 ? 16 : *room * 2;
	void *bigger = reallocarray(*list, wanted, size);
	if (bigger == NULL)
		return false;
	*list = bigger;
	*room = wanted;
	return true;
}

int catalog_draft_product(struct catalog_draft *draft, const struct product *product,
			  struct origin origin)
{
	if (draft->product_count == LIMIT_PRODUCTS) {
		findings_add(&draft->early, SEVERITY_ERROR, origin, NULL,
			     "a catalog holds at most %d products", LIMIT_PRODUCTS);
		return -1;
	}
	if (!grow((void **)&draft->products, &draft->product_room, draft->product_count,
		  sizeof *draft->products)) {
		findings_add(&draft->early, SEVERITY_ERROR, origin, NULL,
			     "out of memory");
		return -1;
	}
	struct draft_product *added = &draft->products[draft->product_count++];
	added->product = *product;
	added->origin = origin;
	memset(added->product.lines, 0, sizeof added->product.lines);
	return 0;
}

/* A KB attribute: 0 when absent, a finding when malformed. */
static uint32_t kb_of(struct catalog_draft *draft, const char *attribute,
		      const char *text, struct origin origin)
{
	uint32_t kb = 0;
	if (text == NULL || text[0] == '\0')
		return 0;
	if (!kb_parse(text, &kb))
		findings_add(&draft->early, SEVERITY_ERROR, origin,
			     "write it as KB and digits, such as KB5055523",
			     "%s='%.40s' is not a KB", attribute, text);
	return kb;
}

static enum cadence default_cadence(enum release_kind kind)
{
	return kind == RELEASE_PREVIEW ? CADENCE_D : CADENCE_B;
}

static int copy_match(struct catalog_draft *draft, struct draft_release *to,
		      const char *match)
{
	struct problem p = { 0 };

	if (match == NULL)
		return 0;
	to->match_text = strdup(match);
	to->match = expression_compile(match, &p);
	if (to->match != NULL && to->match_text != NULL)
		return 0;
	findings_add(&draft->early, SEVERITY_ERROR, to->origin, NULL,
		     "the match expression of this release: %s", p.text);
	return -1;
}

int catalog_draft_release(struct catalog_draft *draft,
			  const struct release_draft *release)
{
	assert(draft->product_count > 0); /* a release is written inside its product */

	if (draft->release_count == LIMIT_RELEASES ||
	    !grow((void **)&draft->releases, &draft->release_room, draft->release_count,
		  sizeof *draft->releases)) {
		findings_add(&draft->early, SEVERITY_ERROR, release->origin, NULL,
			     "a catalog holds at most %d releases", LIMIT_RELEASES);
		return -1;
	}
	size_t errors = draft->early.errors;
	struct draft_release *to = &draft->releases[draft->release_count++];
	memset(to, 0, sizeof *to);
	to->product = draft->product_count - 1;
	to->origin = release->origin;
	to->kb = kb_of(draft, "kb", release->kb, release->origin);
	if (!build_parse(release->build == NULL ? "" : release->build, &to->build))
		findings_add(&draft->early, SEVERITY_ERROR, release->origin,
			     "write it as base and revision, such as 26100.3775",
			     "build='%.40s' is not a build",
			     release->build == NULL ? "" : release->build);
	to->kind = release->kind;
	to->cadence = release->cadence < 0 ? default_cadence(release->kind)
					   : (enum cadence)release->cadence;
	to->offer = release->offer >= 0            ? (enum release_offer)release->offer
		    : release->kind == RELEASE_RTM ? OFFER_NEVER
						   : OFFER_AUTO;
	to->archs = release->archs;
	to->published_s = release->published_s;
	to->baseline = kb_of(draft, "baseline", release->baseline, release->origin);
	to->repairs = kb_of(draft, "repairs", release->repairs, release->origin);
	to->track_hotpatch = release->track_hotpatch;
	assert(release->supersedes_count <= SUPERSEDES_MAX);
	for (size_t i = 0; i < release->supersedes_count; i++)
		to->supersedes[to->supersedes_count++] = kb_of(
			draft, "supersedes", release->supersedes[i], release->origin);
	copy_match(draft, to, release->match);
	return draft->early.errors == errors ? 0 : -1;
}
