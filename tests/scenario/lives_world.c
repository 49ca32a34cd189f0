#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/plan.h"
#include "lives_inner.h"

static const struct {
	const char *kb, *build;
	int month;
	const char *baseline;
	enum release_kind kind;
} releases[] = {
	{ "KB101", "26100.1000", 0, NULL, RELEASE_BASELINE },
	{ "KB102", "26100.1100", 1, "KB101", RELEASE_HOTPATCH },
	{ "KB112", "26100.1150", 1, NULL, RELEASE_LCU },
	{ "KB103", "26100.1200", 2, "KB101", RELEASE_HOTPATCH },
	{ "KB113", "26100.1250", 2, NULL, RELEASE_LCU },
	{ "KB104", "26100.2000", 3, NULL, RELEASE_BASELINE },
	{ "KB105", "26100.2100", 4, "KB104", RELEASE_HOTPATCH },
	{ "KB115", "26100.2150", 4, NULL, RELEASE_LCU },
	{ "KB106", "26100.2200", 5, "KB104", RELEASE_HOTPATCH },
	{ "KB116", "26100.2250", 5, NULL, RELEASE_LCU },
};

static struct catalog *make_catalog(void)
{
	static const struct product product = { .id = "p",
						.name = "P",
						.family = FAMILY_CLIENT,
						.base = LIFE_BASE,
						.from = { LIFE_BASE, 1000 },
						.edition_count = 1,
						.editions = { "Enterprise" } };
	struct catalog_draft *draft = catalog_draft_new();
	struct findings findings;

	assert(draft != NULL);
	findings_init(&findings);
	catalog_draft_product(draft, &product, (struct origin){ "lives", 1 });
	for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
		struct release_draft release = {
			.kb = releases[i].kb,
			.build = releases[i].build,
			.kind = releases[i].kind,
			.cadence = -1,
			.offer = -1,
			.archs = ARCH_X64,
			.published_s = LIFE_START_S + releases[i].month * LIFE_MONTH_S,
			.baseline = releases[i].baseline,
			.origin = { "lives", 1 }
		};
		catalog_draft_release(draft, &release);
	}
	struct catalog *catalog = catalog_seal(draft, &findings);
	assert(catalog != NULL);
	findings_fini(&findings);
	catalog_draft_free(draft);
	return catalog;
}

static struct plan *make_plan(void)
{
	struct plan_draft *draft = plan_draft_new((int64_t)7 * DAY_S);
	struct policy policy = { .name = "hotpatch", .hotpatch = true };
	struct ring_draft ring = {
		.ring = { .name = "now", .attempts_max = 3, .retry_s = HOUR_S },
		.match = "any",
	};
	struct findings findings;

	assert(draft != NULL);
	findings_init(&findings);
	plan_draft_policy(draft, &policy, "any");
	plan_draft_ring(draft, &ring);
	struct plan *plan = plan_seal(draft, NULL, NULL, &findings);
	assert(plan != NULL);
	findings_fini(&findings);
	plan_draft_free(draft);
	return plan;
}

struct world *world_new(void)
{
	struct world *world = calloc(1, sizeof *world);

	assert(world != NULL);
	world->catalog = make_catalog();
	world->plan = make_plan();
	return world;
}

void world_free(struct world *world)
{
	plan_give(world->plan);
	catalog_give(world->catalog);
	free(world);
}

/* It was offered, no more: when, is a matter of time. */
static bool says_nothing(const struct mark *mark)
{
	return mark->failures == 0 && mark->unshown == 0 && !mark->not_applicable &&
	       !mark->unverifiable && mark->block == BLOCK_NONE;
}

void life_write_end(struct living *l, char room[static LIFE_TEXT])
{
	const struct history *h = &l->record.history;
	struct decision d;
	size_t used;

	life_decide(l, &d);
	used = (size_t)snprintf(
		room, LIFE_TEXT,
		"flow %s KB%u %s 0x%08X%s; request %d %s %u '%s'; restarts "
		"%u; %s %s",
		flow_kind_names[h->flow.kind], h->flow.key.kb,
		flow_state_name(h->flow.state), h->flow.code,
		h->flow.withdrawing ? " withdrawing" : "", h->request.kind,
		recovery_state_names[h->request.state], h->request.failures,
		h->request.reason, l->record.restarts, action_names[d.action],
		standing_names[d.standing]);
	for (int i = 0; i < d.reason_count; i++)
		used += (size_t)snprintf(room + used, LIFE_TEXT - used, " %s",
					 reason_face(d.reasons[i])->name);
	/* In the order of the catalog, not of their making. */
	for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
		struct release_key key = { .product = "p" };
		kb_parse(releases[i].kb, &key.kb);
		build_parse(releases[i].build, &key.build);
		const struct mark *mark = history_mark(h, &key);
		if (mark == NULL || says_nothing(mark))
			continue;
		used += (size_t)snprintf(room + used, LIFE_TEXT - used,
					 "; %s failures %u unshown %u%s%s block %d",
					 releases[i].kb, mark->failures, mark->unshown,
					 mark->not_applicable ? " not-applicable" : "",
					 mark->unverifiable ? " unverifiable" : "",
					 mark->block);
		assert(used < LIFE_TEXT);
	}
}
