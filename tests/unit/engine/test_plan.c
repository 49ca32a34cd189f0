#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/expression.h"
#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "engine/zone.h"
#include "tests/unit/engine/zone_file.h"

static struct plan_draft *draft;
static struct findings findings;

static int new_draft(void **state)
{
	(void)state;
	draft = plan_draft_new(DAY_S);
	findings_init(&findings);
	return draft == NULL ? -1 : 0;
}

static int free_draft(void **state)
{
	(void)state;
	plan_draft_free(draft);
	findings_fini(&findings);
	return 0;
}

static int add_policy(const char *name, const char *match, unsigned line)
{
	struct policy policy = { .hotpatch = true, .origin = { "plan.xml", line } };

	snprintf(policy.name, sizeof policy.name, "%s", name);
	return plan_draft_policy(draft, &policy, match);
}

struct ring_words {
	const char *name, *match, *after, *zone;
	int defer_days;
	bool gated;
};

static int add_ring(struct ring_words words, unsigned line)
{
	struct ring_draft ring = { .after = words.after,
				   .match = words.match,
				   .zone = words.zone,
				   .origin = { "plan.xml", line } };

	snprintf(ring.ring.name, sizeof ring.ring.name, "%s", words.name);
	ring.ring.defer_s = (int64_t)words.defer_days * DAY_S;
	ring.ring.gate.set = words.gated;
	return plan_draft_ring(draft, &ring);
}

static int add_hold(uint32_t kb, const char *match, unsigned line)
{
	struct hold hold = { .kb = kb, .origin = { "plan.xml", line } };
	return plan_draft_hold(draft, &hold, match);
}

/* The findings are these, in this order, and as they say the plan is sealed or not. */
static void check_findings(const char *const *expected, size_t count)
{
	struct plan *plan = plan_seal(draft, NULL, NULL, &findings);
	char text[700];

	for (size_t i = 0; i < findings.count && i < count; i++) {
		finding_format(&findings.list[i], text, sizeof text);
		if (strcmp(text, expected[i]) != 0)
			fail_msg("finding %zu:\n  found    %s\n  expected %s", i, text,
				 expected[i]);
	}
	if (findings.count != count)
		fail_msg("%zu findings, not %zu; the last: %s", findings.count, count,
			 findings.count == 0 ? ""
					     : findings.list[findings.count - 1].text);
	assert_int_equal(plan == NULL, findings.errors > 0);
	plan_give(plan);
}

TEST(what_has_no_match_expression_says_so)
{
	static const char *const expected[] = {
		"plan.xml:1: error: policy 'a' has no match expression "
		"(<match>any</match> takes every device)",
		"plan.xml:2: error: ring 'b' has no match expression "
		"(<match>any</match> takes every device)",
		"plan.xml:3: error: hold 'KB5066835' has no match expression "
		"(<match>any</match> takes every device)",
	};
	assert_int_equal(add_policy("a", NULL, 1), -1);
	assert_int_equal(add_ring((struct ring_words){ "b", "" }, 2), -1);
	assert_int_equal(add_hold(5066835, NULL, 3), -1);
	check_findings(expected, COUNT_OF(expected));
}

TEST(a_fault_in_an_expression_is_told_with_its_column)
{
	static const char *const expected[] = {
		"plan.xml:1: error: the match expression of policy 'a': column 6: '==' "
		"is "
		"no operator here: write '=' once",
		"plan.xml:2: error: the match expression of ring 'b': column 5: the '(' "
		"of "
		"column 1 is never closed",
		"plan.xml:3: error: the match expression of hold 'KB5066835': column 4: "
		"expected a fact name, 'not', 'any' or '(', found the end",
	};
	assert_int_equal(add_policy("a", "site == x", 1), -1);
	assert_int_equal(add_ring((struct ring_words){ "b", "(any" }, 2), -1);
	assert_int_equal(add_hold(5066835, "not", 3), -1);
	check_findings(expected, COUNT_OF(expected));
}

TEST(a_plan_without_rings_is_warned_of)
{
	static const char *const expected[] = {
		"plan: warning: the plan has no ring: no device gets anything (add a "
		"<ring>)",
	};
	assert_int_equal(add_policy("a", "any", 1), 0);
	check_findings(expected, COUNT_OF(expected));
}

TEST(a_ring_waits_for_one_that_is_there)
{
	static const char *const expected[] = {
		"plan.xml:2: error: ring 'broad' waits for ring 'tset', which is not in "
		"the "
		"plan (did you mean 'test'?)",
		"plan.xml:3: error: ring 'last' waits for ring 'nothing-like-it', which "
		"is "
		"not in the plan",
	};
	add_ring((struct ring_words){ "test", "site = a" }, 1);
	add_ring((struct ring_words){ "broad", "site = b", "tset" }, 2);
	add_ring((struct ring_words){ "last", "any", "nothing-like-it" }, 3);
	check_findings(expected, COUNT_OF(expected));
}

TEST(rings_may_not_wait_in_a_circle)
{
	static const char *const expected[] = {
		"plan.xml:1: error: ring 'a' waits for itself, through 'c' (one ring of "
		"the "
		"circle must wait for none)",
		"plan.xml:2: error: ring 'b' waits for itself, through 'a' (one ring of "
		"the "
		"circle must wait for none)",
		"plan.xml:3: error: ring 'c' waits for itself, through 'b' (one ring of "
		"the "
		"circle must wait for none)",
		"plan.xml:4: error: ring 'self' waits for itself, through 'self' (one "
		"ring "
		"of the circle must wait for none)",
	};
	add_ring((struct ring_words){ "a", "site = a", "c" }, 1);
	add_ring((struct ring_words){ "b", "site = b", "a" }, 2);
	add_ring((struct ring_words){ "c", "site = c", "b" }, 3);
	add_ring((struct ring_words){ "self", "site = d", "self" }, 4);
	add_ring((struct ring_words){ "beside", "any", "a" }, 5); /* no part of it */
	check_findings(expected, COUNT_OF(expected));
}

TEST(a_time_zone_must_be_known)
{
	static const char *const expected[] = {
		"plan.xml:1: error: ring 'a' names time zone 'Europe/Berlni', which is "
		"not "
		"known (an IANA name such as Europe/Berlin)",
	};
	add_ring((struct ring_words){ .name = "a",
				      .match = "any",
				      .zone = "Europe/Berlni" },
		 1);
	check_findings(expected, COUNT_OF(expected));
}

TEST(names_are_unique_and_nothing_stands_behind_any)
{
	static const char *const expected[] = {
		"plan.xml:2: error: policy 'a' is there already (names are unique)",
		"plan.xml:4: warning: policy 'c' is never reached: 'b' before it matches "
		"any device (put the one that matches any last)",
		"plan.xml:6: error: ring 'a' is there already (names are unique)",
		"plan.xml:8: warning: ring 'c' is never reached: 'b' before it matches "
		"any "
		"device (put the one that matches any last)",
	};
	add_policy("a", "site = a", 1);
	add_policy("a", "site = b", 2);
	add_policy("b", "any", 3);
	add_policy("c", "site = c", 4);
	add_ring((struct ring_words){ "a", "site = a" }, 5);
	add_ring((struct ring_words){ "a", "site = b" }, 6);
	add_ring((struct ring_words){ "b", "any" }, 7);
	add_ring((struct ring_words){ "c", "site = c" }, 8);
	check_findings(expected, COUNT_OF(expected));
}

TEST(rings_that_make_little_sense_are_warned_of)
{
	static const char *const expected[] = {
		"plan.xml:2: warning: ring 'broad' has a shorter deferral than 'test', "
		"which "
		"it waits for",
		"plan.xml:3: warning: ring 'last' waits for 'broad', which has no gate: "
		"one "
		"verified device will pass it (give that ring a <gate>)",
	};
	add_ring((struct ring_words){ "test", "site = a", NULL, NULL, 7, true }, 1);
	add_ring((struct ring_words){ "broad", "site = b", "test", NULL, 3, false }, 2);
	add_ring((struct ring_words){ "last", "any", "broad", NULL, 9, false }, 3);
	check_findings(expected, COUNT_OF(expected));
}

TEST(policies_rings_and_holds_have_limits)
{
	static const char *const expected[] = {
		"plan.xml:1000: error: a plan holds at most 256 policies",
		"plan.xml:2000: error: a plan holds at most 64 rings",
		"plan.xml:3000: error: a plan holds at most 1024 holds",
	};
	char name[16];

	for (unsigned i = 0; i < LIMIT_POLICIES; i++) {
		snprintf(name, sizeof name, "policy-%u", i);
		assert_int_equal(add_policy(name, "site = x", i), 0);
	}
	assert_int_equal(add_policy("more", "site = x", 1000), -1);
	for (unsigned i = 0; i < LIMIT_RINGS; i++) {
		snprintf(name, sizeof name, "ring-%u", i);
		assert_int_equal(add_ring((struct ring_words){ name, "site = x" }, i), 0);
	}
	assert_int_equal(add_ring((struct ring_words){ "more", "site = x" }, 2000), -1);
	for (unsigned i = 0; i < LIMIT_HOLDS; i++)
		assert_int_equal(add_hold(i + 1, "site = x", i), 0);
	assert_int_equal(add_hold(1, "site = x", 3000), -1);
	check_findings(expected, COUNT_OF(expected));
}

static const struct zone *known_zones(void *owner, const char *name)
{
	const struct zone *zone = owner;
	return strcmp(name, zone_name(zone)) == 0 ? zone : NULL;
}

static void set_fact(struct facts *facts, const char *name, const char *value)
{
	struct problem p;
	assert_int_equal(facts_set(facts, name, value, 1, FACT_REPORTED, NULL, &p), 0);
}

TEST(the_holds_of_a_kb_are_found_in_their_order)
{
	static const uint32_t kbs[] = { 7, 5, 9, 5, 7, 5 };
	static const struct {
		uint32_t kb;
		size_t count;
		uint32_t places[3];
	} rows[] = {
		{ 5, 3, { 1, 3, 5 } }, { 7, 2, { 0, 4 } }, { 9, 1, { 2 } },
		{ 4, 0, { 0 } },       { 6, 0, { 0 } },    { 10, 0, { 0 } },
	};
	const struct hold_place *first;

	for (unsigned i = 0; i < COUNT_OF(kbs); i++)
		assert_int_equal(add_hold(kbs[i], "any", i + 1), 0);
	struct plan *plan = plan_seal(draft, NULL, NULL, &findings);
	assert_non_null(plan);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(plan_holds_of(plan, rows[i].kb, &first), rows[i].count);
		for (size_t n = 0; n < rows[i].count; n++)
			assert_int_equal(first[n].hold, rows[i].places[n]);
	}
	plan_give(plan);
}

TEST(a_sealed_plan_holds_what_was_drafted_and_outlives_the_draft)
{
	struct zone_bytes bytes;
	struct problem p = { 0 };
	struct facts facts;

	zone_file_write(&zone_file_berlin, &bytes);
	struct zone *zone = zone_parse("Europe/Berlin", bytes.at, bytes.size, &p);
	assert_non_null(zone);
	assert_int_equal(add_policy("lab", "site = lab-1", 1), 0);
	assert_int_equal(add_policy("rest", "any", 2), 0);
	assert_int_equal(add_ring((struct ring_words){ "test", "tag.role = canary", NULL,
						       "Europe/Berlin", 0, true },
				  3),
			 0);
	assert_int_equal(add_ring((struct ring_words){ "broad", "site != hall", "test",
						       NULL, 9, false },
				  4),
			 0);
	assert_int_equal(add_hold(5066835, "hardware.model ~ Gen1", 5), 0);

	struct plan *plan = plan_seal(draft, known_zones, zone, &findings);
	assert_non_null(plan);
	assert_int_equal(findings.count, 0);
	plan_draft_free(draft);
	draft = NULL;

	assert_int_equal(plan->facts_fresh_s, DAY_S);
	assert_int_equal(plan->policy_count, 2);
	assert_int_equal(plan->ring_count, 2);
	assert_int_equal(plan->hold_count, 1);
	assert_string_equal(plan->policies[0].match_text, "site = lab-1");
	assert_int_equal(plan->rings[0].after, -1);
	assert_int_equal(plan->rings[1].after, 0);
	assert_ptr_equal(plan->rings[0].zone, zone);
	assert_null(plan->rings[0].window_zone);
	assert_null(plan->rings[1].zone);
	assert_int_equal(plan->rings[1].defer_s, 9 * DAY_S);
	assert_int_equal(plan->holds[0].kb, 5066835);
	assert_int_equal(plan->holds[0].origin.line, 5);
	assert_string_equal(expression_name_at(plan->holds[0].match, 0),
			    "hardware.model");
	assert_int_equal(plan_ring_named(plan, "broad"), 1);
	assert_int_equal(plan_ring_named(plan, "Broad"), -1);

	/* The first that matches takes the device; what is unknown does not match. */
	facts_init(&facts);
	assert_int_equal(plan_policy_of(plan, &facts), 1);
	assert_int_equal(plan_ring_of(plan, &facts), -1);
	set_fact(&facts, "site", "lab-1");
	assert_int_equal(plan_policy_of(plan, &facts), 0);
	assert_int_equal(plan_ring_of(plan, &facts), 1);
	set_fact(&facts, "tag.role", "canary");
	assert_int_equal(plan_ring_of(plan, &facts), 0);

	assert_ptr_equal(plan_take(plan), plan);
	plan_give(plan);
	assert_int_equal(plan->ring_count, 2); /* one reference is left */
	plan_give(plan);
	plan_give(NULL);
	zone_free(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_has_no_match_expression_says_so,
						new_draft, free_draft),
		cmocka_unit_test_setup_teardown(
			a_fault_in_an_expression_is_told_with_its_column, new_draft,
			free_draft),
		cmocka_unit_test_setup_teardown(a_plan_without_rings_is_warned_of,
						new_draft, free_draft),
		cmocka_unit_test_setup_teardown(a_ring_waits_for_one_that_is_there,
						new_draft, free_draft),
		cmocka_unit_test_setup_teardown(rings_may_not_wait_in_a_circle, new_draft,
						free_draft),
		cmocka_unit_test_setup_teardown(a_time_zone_must_be_known, new_draft,
						free_draft),
		cmocka_unit_test_setup_teardown(
			names_are_unique_and_nothing_stands_behind_any, new_draft,
			free_draft),
		cmocka_unit_test_setup_teardown(
			rings_that_make_little_sense_are_warned_of, new_draft,
			free_draft),
		cmocka_unit_test_setup_teardown(
			the_holds_of_a_kb_are_found_in_their_order, new_draft,
			free_draft),
		cmocka_unit_test_setup_teardown(policies_rings_and_holds_have_limits,
						new_draft, free_draft),
		cmocka_unit_test_setup_teardown(
			a_sealed_plan_holds_what_was_drafted_and_outlives_the_draft,
			new_draft, free_draft),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
