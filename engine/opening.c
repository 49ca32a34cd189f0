#include "engine/opening.h"

#include <stdio.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/decision.h"
#include "engine/gate.h"
#include "engine/instant.h"
#include "engine/rollout.h"

enum { LINES = 2 }; /* of a product: x64 and arm64 */
_Static_assert(sizeof((struct product *)NULL)->lines == LINES * sizeof(struct line),
	       "all lines are walked");

bool ring_is_gated(const struct plan *plan, int ring)
{
	if (plan->rings[ring].gate.set)
		return true;
	for (size_t i = 0; i < plan->ring_count; i++) {
		if (plan->rings[i].after == ring)
			return true;
	}
	return false;
}

void title_key(const struct catalog *catalog, uint32_t title, struct release_key *key)
{
	const struct title *named = &catalog->titles[title];

	memset(key, 0, sizeof *key);
	snprintf(key->product, sizeof key->product, "%s",
		 catalog->products[named->product].id);
	key->kb = named->kb;
	key->build = named->build;
}

int64_t title_of_key(const struct catalog *catalog, const struct release_key *key)
{
	const struct product *product = catalog_product(catalog, key->product);

	return product == NULL ? -1
			       : catalog_title(catalog, product, key->kb, key->build);
}

/* Where a line has the title; -1 when it has not. */
static int32_t find_on_line(const struct catalog *catalog, const struct line *line,
			    uint32_t title)
{
	struct build build = catalog->titles[title].build;

	for (size_t i = line_find_build(line, build); i < line->count; i++) {
		int32_t index = line->by_build[i];
		if (!build_equal(line->releases[index].build, build))
			break;
		if (line->releases[index].title == title)
			return index;
	}
	return -1;
}

/* The title's release on the first line that has it, with the line. */
static const struct release *find_release(const struct catalog *catalog, uint32_t title,
					  const struct line **line, int32_t *index)
{
	const struct product *product =
		&catalog->products[catalog->titles[title].product];

	for (size_t i = 0; i < LINES; i++) {
		*line = &product->lines[i];
		*index = find_on_line(catalog, *line, title);
		if (*index >= 0)
			return &(*line)->releases[*index];
	}
	return NULL;
}

static bool is_approved(const struct release *release, const struct ring *ring,
			const struct rollout *rollout)
{
	if (rollout->approval != APPROVAL_UNSET)
		return rollout->approval == APPROVAL_GIVEN;
	if (release->kind == RELEASE_PREVIEW)
		return true; /* the policy decides */
	return release->offer == OFFER_AUTO && ring->approval == APPROVE_AUTO;
}

bool title_is_out(const struct snapshot *snapshot, uint32_t title, int ring,
		  int64_t now_s)
{
	const struct catalog *catalog = snapshot->catalog;
	const struct rollouts *rollouts = snapshot->rollouts;
	const struct rollout *rollout = rollouts_find(rollouts, title, ring);
	const struct line *line;
	int32_t index;
	const struct release *release = find_release(catalog, title, &line, &index);

	if (release == NULL || release->offer == OFFER_NEVER || rollout->withdrawn ||
	    release->published_s > now_s)
		return false;
	if (!is_approved(release, &snapshot->plan->rings[ring], rollout))
		return false;
	return rollouts_has_payload(rollouts, title, ARCH_X64) ||
	       rollouts_has_payload(rollouts, title, ARCH_ARM64);
}

int64_t title_opens(const struct snapshot *snapshot, uint32_t title, int ring)
{
	const struct ring *opening = &snapshot->plan->rings[ring];
	const struct rollout *rollout = rollouts_find(snapshot->rollouts, title, ring);
	const struct line *line;
	int32_t index;
	const struct release *release =
		find_release(snapshot->catalog, title, &line, &index);

	if (release == NULL)
		return INSTANT_NONE;
	if (rollout->expedited)
		return release->published_s;
	int64_t opens_s = release_opens(line, index, opening->defer_s);
	if (opening->after < 0)
		return opens_s;
	const struct rollout *earlier =
		rollouts_find(snapshot->rollouts, title, opening->after);
	if (earlier->passed_s == 0)
		return INSTANT_NONE;
	return earlier->passed_s > opens_s ? earlier->passed_s : opens_s;
}

static bool repairs(const struct line *line, int32_t index, int32_t repaired)
{
	/* A chain is no longer than the line, and never a circle. */
	for (int32_t at = line->releases[index].repairs; at >= 0;
	     at = line->releases[at].repairs) {
		if (at == repaired)
			return true;
	}
	return false;
}

static void kin_add(struct kin *kin, uint32_t title)
{
	for (size_t i = 0; i < kin->count; i++) {
		if (kin->titles[i] == title)
			return;
	}
	if (kin->count < KIN_MOST)
		kin->titles[kin->count++] = title;
}

void title_kin(const struct catalog *catalog, uint32_t title, struct kin *kin)
{
	const struct product *product =
		&catalog->products[catalog->titles[title].product];

	kin->count = 0;
	kin_add(kin, title);
	for (size_t i = 0; i < LINES; i++) {
		const struct line *line = &product->lines[i];
		int32_t own = find_on_line(catalog, line, title);
		for (int32_t at = own + 1; own >= 0 && at < (int32_t)line->count; at++) {
			if (line->releases[at].anchor == line->releases[own].anchor &&
			    repairs(line, at, own))
				kin_add(kin, line->releases[at].title);
		}
	}
}

void title_repaired(const struct catalog *catalog, uint32_t title, struct kin *kin)
{
	const struct product *product =
		&catalog->products[catalog->titles[title].product];

	kin->count = 0;
	for (size_t i = 0; i < LINES; i++) {
		const struct line *line = &product->lines[i];
		int32_t at = find_on_line(catalog, line, title);
		for (at = at < 0 ? -1 : line->releases[at].repairs; at >= 0;
		     at = line->releases[at].repairs)
			kin_add(kin, line->releases[at].title);
	}
}

bool opening_ask(const struct snapshot *snapshot, uint32_t title, int ring, int64_t now_s,
		 struct gate_question *question)
{
	const struct ring *judged = &snapshot->plan->rings[ring];
	const struct rollout *rollout = rollouts_find(snapshot->rollouts, title, ring);

	*question = (struct gate_question){
		.gate = gate_of(judged),
		.opened_s = INSTANT_NONE,
		.first_s = INSTANT_NONE,
		.now_s = now_s,
		.max_failed_permille = rollout->max_failed_permille,
		.waived = rollout->waived,
	};
	if (title_is_out(snapshot, title, ring, now_s))
		question->opened_s = title_opens(snapshot, title, ring);
	return question->opened_s != INSTANT_NONE && question->opened_s <= now_s &&
	       (rollout->expedited || rollout->paused_until_s <= now_s);
}
