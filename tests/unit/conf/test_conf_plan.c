/* The sample plan, as it is in conf/plan.xml. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "protocol/xml/files_read.h"
#include "protocol/xml/plan_xml.h"
#include "protocol/xml/zone_files.h"
#include "tests/lib/case.h"

static struct plan *plan;

/* The plan in `text`; fails on any finding. */
static struct plan *seal(const char *text, size_t size)
{
	struct zone_files *zones = zone_files_new();
	struct findings findings;
	struct plan *sealed = NULL;

	findings_init(&findings);
	struct plan_draft *draft = plan_xml_read("plan.xml", text, size, &findings);
	if (draft != NULL)
		sealed = plan_seal(draft, zone_files_find, zones, &findings);
	for (size_t i = 0; i < findings.count; i++) {
		char line[700];
		puts(finding_format(&findings.list[i], line, sizeof line));
	}
	assert_int_equal(findings.count, 0);
	assert_non_null(sealed);
	plan_draft_free(draft);
	findings_fini(&findings);
	/* The zones of these plans are not looked at; nothing else borrows from them. */
	zone_files_free(zones);
	return sealed;
}

static char *read_plan(size_t *size)
{
	struct problem p = { 0 };
	char *text = files_read(PROJECT_SOURCE_DIR "/conf/plan.xml", 1 << 20, size, &p);
	if (text == NULL)
		puts(p.text);
	assert_non_null(text);
	return text;
}

static int load(void **state)
{
	size_t size;

	(void)state;
	char *text = read_plan(&size);
	plan = seal(text, size);
	free(text);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	plan_give(plan);
	return 0;
}

TEST(the_rings_have_the_days_of_autopatch_and_open_exactly_at_their_deferral)
{
	static const struct {
		const char *name;
		int defer_days, deadline_days, grace_days;
	} rows[] = {
		{ "test", 0, 0, 0 },
		{ "first", 1, 2, 2 },
		{ "fast", 6, 2, 2 },
		{ "broad", 9, 5, 2 },
	};

	assert_int_equal(plan->facts_fresh_s, DAY_S);
	assert_int_equal(plan->hold_count, 0);
	assert_int_equal(plan->ring_count, COUNT_OF(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct ring *ring = &plan->rings[i];
		assert_string_equal(ring->name, rows[i].name);
		assert_int_equal(ring->defer_s, rows[i].defer_days * DAY_S);
		assert_true(ring->deadline_set);
		assert_int_equal(ring->deadline_s, rows[i].deadline_days * DAY_S);
		assert_int_equal(ring->grace_s, rows[i].grace_days * DAY_S);
		assert_int_equal(ring->after, -1);
		assert_false(ring->gate.set);
		assert_false(ring->active_hours.set);
		assert_false(ring->window.set);
		assert_false(ring->canary);
		assert_int_equal(ring->gradual_s, 0);
		assert_int_equal(ring->approval, APPROVE_AUTO);
		assert_int_equal(ring->behaviour, INSTALL_AUTO);
	}
}

TEST(a_device_is_placed_by_its_tags)
{
	static const struct {
		const char *tag, *value, *ring, *policy;
	} rows[] = {
		{ "tag.ring", "test", "test", "hotpatch" },
		{ "tag.ring", "first", "first", "hotpatch" },
		{ "tag.ring", "fast", "fast", "hotpatch" },
		{ "tag.ring", "broad", "broad", "hotpatch" },
		{ "tag.ring", "other", "broad", "hotpatch" },
		{ "site", "lab-1", "broad", "hotpatch" },
		{ "tag.hotpatch", "no", "broad", "no-hotpatch" },
		{ "tag.hotpatch", "yes", "broad", "hotpatch" },
	};
	static struct facts facts;
	struct problem p = { 0 };

	assert_int_equal(plan->policy_count, 2);
	assert_false(plan->policies[0].hotpatch);
	assert_true(plan->policies[1].hotpatch);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		facts_init(&facts);
		assert_int_equal(facts_set(&facts, rows[i].tag, rows[i].value, 0,
					   FACT_REPORTED, NULL, &p),
				 0);
		int ring = plan_ring_of(plan, &facts);
		int policy = plan_policy_of(plan, &facts);
		if (ring < 0 || strcmp(plan->rings[ring].name, rows[i].ring) != 0 ||
		    policy < 0 ||
		    strcmp(plan->policies[policy].name, rows[i].policy) != 0)
			fail_msg("%s = %s: ring %d, policy %d", rows[i].tag,
				 rows[i].value, ring, policy);
	}
}

/* Turn the comment with the examples into what it shows. */
TEST(the_examples_in_its_comments_are_good_plans_too)
{
	size_t size;
	char *text = read_plan(&size);
	static const char words[] =
		"and a hold, which keeps one release from the devices "
		"that match:";

	char *start = strstr(text, "<!-- What else a ring can say");
	assert_non_null(start);
	char *ring = strstr(start, "<ring");
	char *between = strstr(start, words);
	char *end = strstr(start, "-->");
	assert_non_null(ring);
	assert_non_null(between);
	assert_non_null(end);
	memset(start, ' ', (size_t)(ring - start));
	memset(between, ' ', sizeof words - 1);
	memset(end, ' ', 3);
	/* Before `broad`, which matches any. */
	char *broad = strstr(text, "<ring name=\"broad\"");
	assert_non_null(broad);
	size_t piece = (size_t)(start - broad);
	char *moved = malloc(size + 1);
	assert_non_null(moved);
	size_t before = (size_t)(broad - text), example = (size_t)(end - start);
	memcpy(moved, text, before);
	memcpy(moved + before, start, example);
	memcpy(moved + before + example, broad, piece);
	memcpy(moved + before + example + piece, end, size - before - example - piece);

	struct plan *shown = seal(moved, size);
	assert_int_equal(shown->ring_count, 5);
	assert_string_equal(shown->rings[3].name, "servers");
	assert_true(shown->rings[3].gate.set);
	assert_int_equal(shown->hold_count, 1);
	plan_give(shown);
	free(moved);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_rings_have_the_days_of_autopatch_and_open_exactly_at_their_deferral),
		cmocka_unit_test(a_device_is_placed_by_its_tags),
		cmocka_unit_test(the_examples_in_its_comments_are_good_plans_too),
	};
	return cmocka_run_group_tests_name("conf_plan", tests, load, unload);
}
