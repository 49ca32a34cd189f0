#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/rollout.h"
#include "engine/snapshot.h"

#define CLIENT "windows-11-24h2"
#define SERVER "server-2025"

static struct catalog *catalog;
static struct plan *plan;

static void add_product(struct catalog_draft *draft, const char *id, enum family family)
{
	struct product product = { .family = family, .base = 26100 };

	snprintf(product.id, sizeof product.id, "%s", id);
	catalog_draft_product(draft, &product, (struct origin){ "c", 1 });
}

static void add_release(struct catalog_draft *draft, const char *kb, const char *build)
{
	struct release_draft release = {
		.kb = kb,
		.build = build,
		.kind = RELEASE_LCU,
		.cadence = -1,
		.offer = -1,
		.archs = ARCH_X64 | ARCH_ARM64,
		.published_s = 1000,
		.origin = { "c", 2 },
	};
	catalog_draft_release(draft, &release);
}

/* The client has KB1 twice, with two builds; the server has KB1 with one of them. */
static int make(void **state)
{
	static const char *const rings[] = { "test", "broad" };
	struct catalog_draft *catalog_draft = catalog_draft_new();
	struct plan_draft *plan_draft = plan_draft_new(86400);
	struct findings findings;

	(void)state;
	if (catalog_draft == NULL || plan_draft == NULL)
		return -1;
	findings_init(&findings);
	add_product(catalog_draft, CLIENT, FAMILY_CLIENT);
	add_release(catalog_draft, "KB1", "26100.10");
	add_release(catalog_draft, "KB1", "26100.11");
	add_release(catalog_draft, "KB2", "26100.20");
	add_product(catalog_draft, SERVER, FAMILY_SERVER);
	add_release(catalog_draft, "KB1", "26100.10");
	catalog = catalog_seal(catalog_draft, &findings);
	for (size_t i = 0; i < COUNT_OF(rings); i++) {
		struct ring_draft ring = { .match = "site = x", .origin = { "p", 1 } };
		snprintf(ring.ring.name, sizeof ring.ring.name, "%s", rings[i]);
		plan_draft_ring(plan_draft, &ring);
	}
	plan = plan_seal(plan_draft, NULL, NULL, &findings);
	for (size_t i = 0; i < findings.count; i++)
		fprintf(stderr, "%s\n", findings.list[i].text);
	catalog_draft_free(catalog_draft);
	plan_draft_free(plan_draft);
	findings_fini(&findings);
	return catalog == NULL || plan == NULL ? -1 : 0;
}

static int unmake(void **state)
{
	(void)state;
	catalog_give(catalog);
	plan_give(plan);
	return 0;
}

static struct release_key key_of(const char *product, uint32_t kb, uint32_t revision)
{
	struct release_key key = { .kb = kb };

	snprintf(key.product, sizeof key.product, "%s", product);
	if (revision != 0)
		key.build = (struct build){ 26100, revision };
	return key;
}

static struct rollout_record speak(const char *product, uint32_t kb, uint32_t revision,
				   const char *ring)
{
	struct rollout_record record = { .key = key_of(product, kb, revision) };

	snprintf(record.ring, sizeof record.ring, "%s", ring);
	return record;
}

static struct rollouts *build(const struct rollout_record *records, size_t count)
{
	struct rollouts *rollouts = rollouts_build(catalog, plan, records, count);
	assert_non_null(rollouts);
	return rollouts;
}

static const struct rollout *find(const struct rollouts *rollouts, const char *product,
				  uint32_t kb, uint32_t revision, const char *ring)
{
	int64_t title = catalog_title(catalog, catalog_product(catalog, product), kb,
				      (struct build){ 26100, revision });

	if (title < 0)
		fail_msg("%s KB%u %u is not in the catalog", product, kb, revision);
	return rollouts_find(rollouts, (uint32_t)title, plan_ring_named(plan, ring));
}

/* Every (title, ring), and which of them a record of these names reaches. */
TEST(a_record_speaks_of_what_it_names_and_of_all_where_it_names_nothing)
{
	static const struct {
		const char *product;
		uint32_t kb, revision;
		const char *ring;
		const char *reached; /* by first letters, see below */
	} cases[] = {
		{ "", 0, 0, "", "1t 1b 2t 2b 3t 3b 4t 4b" },
		{ "", 0, 0, "test", "1t 2t 3t 4t" },
		{ "", 1, 0, "", "1t 1b 2t 2b 4t 4b" },
		{ "", 1, 0, "broad", "1b 2b 4b" },
		{ CLIENT, 1, 0, "", "1t 1b 2t 2b" },
		{ CLIENT, 1, 11, "", "2t 2b" },
		{ "", 1, 10, "test", "1t 4t" },
		{ SERVER, 1, 10, "test", "4t" },
		{ CLIENT, 2, 20, "broad", "3b" },
		{ CLIENT, 3, 0, "", "" },
		{ "another", 1, 0, "", "" },
		{ CLIENT, 1, 12, "", "" },
		{ CLIENT, 1, 10, "none", "" },
	};
	static const struct {
		const char *letters, *product;
		uint32_t kb, revision;
		const char *ring;
	} places[] = {
		{ "1t", CLIENT, 1, 10, "test" }, { "1b", CLIENT, 1, 10, "broad" },
		{ "2t", CLIENT, 1, 11, "test" }, { "2b", CLIENT, 1, 11, "broad" },
		{ "3t", CLIENT, 2, 20, "test" }, { "3b", CLIENT, 2, 20, "broad" },
		{ "4t", SERVER, 1, 10, "test" }, { "4b", SERVER, 1, 10, "broad" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rollout_record record = speak(cases[i].product, cases[i].kb,
						     cases[i].revision, cases[i].ring);
		record.withdrawn = true;
		struct rollouts *rollouts = build(&record, 1);
		for (size_t j = 0; j < COUNT_OF(places); j++) {
			bool reached =
				strstr(cases[i].reached, places[j].letters) != NULL;
			const struct rollout *rollout =
				find(rollouts, places[j].product, places[j].kb,
				     places[j].revision, places[j].ring);
			if (rollout->withdrawn != reached)
				fail_msg("case %zu: %s", i, places[j].letters);
		}
		rollouts_give(rollouts);
	}
}

TEST(the_closest_record_decides_where_only_one_can)
{
	/* In every order, for records may come as they please. */
	static const int orders[][4] = {
		{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 }, { 1, 3, 0, 2 }
	};
	struct rollout_record records[] = {
		speak("", 0, 0, ""),
		speak("", 0, 0, "test"),
		speak(CLIENT, 1, 10, ""),
		speak(CLIENT, 1, 10, "test"),
	};
	records[0].approval = APPROVAL_GIVEN;
	records[0].passed_s = 10;
	records[1].approval = APPROVAL_REFUSED;
	records[1].passed_s = 11;
	records[2].approval = APPROVAL_GIVEN;
	records[2].approved_for_track = true;
	records[2].expedited = true;
	records[2].expedite_deadline_s = 12;
	strcpy(records[2].canary, "pc-2");
	records[2].canary_verified = true;
	records[3].expedited = true;
	records[3].expedite_deadline_s = 13;
	strcpy(records[3].canary, "pc-3");

	for (size_t o = 0; o < COUNT_OF(orders); o++) {
		struct rollout_record ordered[4];
		for (int i = 0; i < 4; i++)
			ordered[i] = records[orders[o][i]];
		struct rollouts *rollouts = build(ordered, 4);
		memset(ordered, 0, sizeof ordered); /* nothing of them is borrowed */

		const struct rollout *other = find(rollouts, CLIENT, 2, 20, "broad");
		assert_int_equal(other->approval, APPROVAL_GIVEN);
		assert_int_equal(other->passed_s, 10);
		const struct rollout *ring = find(rollouts, CLIENT, 2, 20, "test");
		assert_int_equal(ring->approval, APPROVAL_REFUSED);
		assert_int_equal(ring->passed_s, 11);
		assert_null(ring->canary);
		const struct rollout *title = find(rollouts, CLIENT, 1, 10, "broad");
		assert_int_equal(title->approval, APPROVAL_GIVEN);
		assert_true(title->approved_for_track);
		assert_int_equal(title->passed_s, 10); /* the wider one still speaks */
		assert_int_equal(title->expedite_deadline_s, 12);
		assert_string_equal(title->canary, "pc-2");
		assert_true(title->canary_verified);
		/* The closest says nothing of approval, so the next one does. */
		const struct rollout *both = find(rollouts, CLIENT, 1, 10, "test");
		assert_int_equal(both->approval, APPROVAL_GIVEN);
		assert_int_equal(both->passed_s, 11);
		assert_int_equal(both->expedite_deadline_s, 13);
		assert_string_equal(both->canary, "pc-3");
		assert_false(both->canary_verified);
		rollouts_give(rollouts);
	}
}

TEST(what_stops_an_offer_adds_up)
{
	struct rollout_record records[] = {
		speak("", 0, 0, "test"),
		speak(CLIENT, 1, 10, ""),
		speak(CLIENT, 1, 10, "test"),
	};
	records[0].paused_until_s = 500;
	records[1].withdrawn = true;
	records[1].halted = true;
	records[1].paused_until_s = 400;
	struct rollouts *rollouts = build(records, 3);

	const struct rollout *all = find(rollouts, CLIENT, 1, 10, "test");
	assert_true(all->withdrawn);
	assert_true(all->halted);
	assert_int_equal(all->paused_until_s, 500); /* the longest pause */
	const struct rollout *ring = find(rollouts, SERVER, 1, 10, "test");
	assert_false(ring->withdrawn || ring->halted);
	assert_int_equal(ring->paused_until_s, 500);
	const struct rollout *title = find(rollouts, CLIENT, 1, 10, "broad");
	assert_true(title->withdrawn && title->halted);
	assert_int_equal(title->paused_until_s, 400);
	rollouts_give(rollouts);
}

TEST(where_nothing_was_done_everything_is_plain)
{
	struct rollouts *rollouts = build(NULL, 0);
	const struct rollout *const plain[] = {
		find(rollouts, CLIENT, 1, 10, "test"),
		rollouts_find(NULL, 99999, 99),
	};
	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		assert_int_equal(plain[i]->approval, APPROVAL_UNSET);
		assert_false(plain[i]->withdrawn || plain[i]->halted ||
			     plain[i]->expedited || plain[i]->canary_verified);
		assert_int_equal(plain[i]->paused_until_s, 0);
		assert_int_equal(plain[i]->passed_s, 0);
		assert_null(plain[i]->canary);
	}
	assert_int_equal(rollouts_salt_of(NULL), 0);
	assert_int_equal(rollouts_salt_of(rollouts), 0);
	rollouts_salt(rollouts, 42);
	assert_int_equal(rollouts_salt_of(rollouts), 42);
	assert_ptr_equal(rollouts_take(rollouts), rollouts);
	rollouts_give(rollouts);
	assert_int_equal(rollouts_salt_of(rollouts), 42); /* one reference is left */
	rollouts_give(rollouts);
	rollouts_give(NULL);
}

static bool has(const struct rollouts *rollouts, const char *product, uint32_t kb,
		uint32_t revision, enum arch arch)
{
	int64_t title = catalog_title(catalog, catalog_product(catalog, product), kb,
				      (struct build){ 26100, revision });
	return rollouts_has_payload(rollouts, (uint32_t)title, arch);
}

TEST(the_next_moment_is_that_of_the_product_and_the_ring)
{
	struct rollout_record records[] = {
		speak(CLIENT, 1, 10, "test"), speak("", 0, 0, "broad"),
		speak(SERVER, 1, 0, ""),      speak("", 2, 0, "test"),
		speak("gone", 1, 0, ""),      speak(CLIENT, 1, 0, "gone"),
		speak(CLIENT, 2, 20, "test"),
	};
	static const struct {
		const char *product, *ring;
		int64_t now_s, next_s;
	} rows[] = {
		{ CLIENT, "test", 0, 100 },
		{ CLIENT, "test", 100, 400 },
		{ CLIENT, "test", 400, 700 },
		{ CLIENT, "test", 700, INSTANT_NONE },
		{ CLIENT, "broad", 0, 200 },
		{ CLIENT, "broad", 200, INSTANT_NONE },
		{ SERVER, "test", 0, 300 },
		{ SERVER, "test", 300, 400 },
		{ SERVER, "broad", 0, 200 },
		{ SERVER, "broad", 200, 300 },
		{ SERVER, "broad", 300, INSTANT_NONE },
	};

	for (size_t i = 0; i < COUNT_OF(records); i++)
		records[i].paused_until_s = (int64_t)(i + 1) * 100;
	records[6].paused_until_s = 0;
	records[6].passed_s = 700;
	struct rollouts *rollouts = build(records, COUNT_OF(records));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t next_s = rollouts_next_change(
			rollouts, catalog_product(catalog, rows[i].product),
			plan_ring_named(plan, rows[i].ring), rows[i].now_s);
		if (next_s != rows[i].next_s)
			fail_msg("row %zu: %lld", i, (long long)next_s);
	}
	rollouts_give(rollouts);
	assert_int_equal(
		rollouts_next_change(NULL, catalog_product(catalog, CLIENT), 0, 0),
		INSTANT_NONE);
}

TEST(every_payload_is_there_until_one_is_named)
{
	struct rollouts *rollouts = build(NULL, 0);
	struct release_key one = key_of(CLIENT, 1, 10), any = key_of("", 1, 0);

	assert_true(rollouts_has_payload(NULL, 99999, ARCH_X64));
	assert_true(has(rollouts, CLIENT, 1, 10, ARCH_X64));
	assert_true(has(rollouts, SERVER, 1, 10, ARCH_ARM64));
	rollouts_payload(rollouts, &one, ARCH_X64);
	assert_true(has(rollouts, CLIENT, 1, 10, ARCH_X64));
	assert_false(has(rollouts, CLIENT, 1, 10, ARCH_ARM64));
	assert_false(has(rollouts, CLIENT, 1, 11, ARCH_X64));
	assert_false(has(rollouts, SERVER, 1, 10, ARCH_X64));
	rollouts_payload(rollouts, &one, ARCH_ARM64);
	assert_true(has(rollouts, CLIENT, 1, 10, ARCH_X64));
	assert_true(has(rollouts, CLIENT, 1, 10, ARCH_ARM64));
	rollouts_payload(rollouts, &any, ARCH_X64);
	assert_true(has(rollouts, CLIENT, 1, 11, ARCH_X64));
	assert_true(has(rollouts, SERVER, 1, 10, ARCH_X64));
	assert_false(has(rollouts, CLIENT, 2, 20, ARCH_X64));
	rollouts_give(rollouts);
}

TEST(one_payload_may_be_missing_while_all_others_are_there)
{
	struct rollouts *rollouts = build(NULL, 0);
	struct release_key one = key_of(CLIENT, 1, 11);

	rollouts_payload_missing(rollouts, &one, ARCH_ARM64);
	assert_false(has(rollouts, CLIENT, 1, 11, ARCH_ARM64));
	assert_true(has(rollouts, CLIENT, 1, 11, ARCH_X64));
	assert_true(has(rollouts, CLIENT, 1, 10, ARCH_ARM64));
	rollouts_payload(rollouts, &one, ARCH_ARM64);
	assert_false(has(rollouts, CLIENT, 1, 11, ARCH_ARM64)); /* missing goes first */
	rollouts_give(rollouts);
}

TEST(a_snapshot_keeps_its_parts_until_the_last_gives_it_back)
{
	struct rollouts *rollouts = build(NULL, 0);
	struct snapshot *snapshot = snapshot_new(
		7, catalog_take(catalog), plan_take(plan), rollouts_take(rollouts));

	assert_non_null(snapshot);
	assert_int_equal(snapshot->generation, 7);
	assert_ptr_equal(snapshot->catalog, catalog);
	assert_ptr_equal(snapshot->plan, plan);
	assert_ptr_equal(snapshot->rollouts, rollouts);
	assert_ptr_equal(snapshot_take(snapshot), snapshot);
	snapshot_give(snapshot);
	rollouts_give(rollouts); /* now only the snapshot holds them */
	assert_int_equal(find(snapshot->rollouts, CLIENT, 1, 10, "test")->approval,
			 APPROVAL_UNSET);
	snapshot_give(snapshot);
	snapshot_give(NULL);
	assert_int_equal(catalog->product_count, 2); /* ours is still held */
	assert_int_equal(plan->ring_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_record_speaks_of_what_it_names_and_of_all_where_it_names_nothing),
		cmocka_unit_test(the_closest_record_decides_where_only_one_can),
		cmocka_unit_test(what_stops_an_offer_adds_up),
		cmocka_unit_test(where_nothing_was_done_everything_is_plain),
		cmocka_unit_test(the_next_moment_is_that_of_the_product_and_the_ring),
		cmocka_unit_test(every_payload_is_there_until_one_is_named),
		cmocka_unit_test(one_payload_may_be_missing_while_all_others_are_there),
		cmocka_unit_test(a_snapshot_keeps_its_parts_until_the_last_gives_it_back),
	};
	return cmocka_run_group_tests(tests, make, unmake);
}
