#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/problem.h"

static struct facts facts;
static struct problem p;

static int empty(void **state)
{
	(void)state;
	facts_init(&facts);
	memset(&p, 0, sizeof p);
	return 0;
}

static void set(const char *name, const char *value, int64_t now_s)
{
	if (facts_set(&facts, name, value, now_s, FACT_REPORTED, NULL, &p) < 0)
		fail_msg("%s: %s", name, p.text);
}

TEST(a_fact_is_not_reported_until_it_is)
{
	assert_null(facts_get(&facts, "vbs"));
	assert_null(facts_known(&facts, FACT_VBS));
	assert_null(facts_find(&facts, "vbs"));
	assert_int_equal(facts.reported_s, INSTANT_NONE);

	set("vbs", "running", 100);
	assert_string_equal(facts_get(&facts, "vbs"), "running");
	assert_string_equal(facts_known(&facts, FACT_VBS), "running");
	assert_int_equal(facts.reported_s, 100);
	assert_null(facts_known(&facts, FACT_CHPE));
}

TEST(the_same_value_again_only_moves_when_it_was_observed)
{
	bool changed = false;

	facts_set(&facts, "site", "lab-1", 100, FACT_REPORTED, &changed, &p);
	assert_true(changed);
	facts_set(&facts, "site", "lab-1", 200, FACT_REPORTED, &changed, &p);
	assert_false(changed);
	const struct fact *fact = facts_find(&facts, "site");
	assert_int_equal(fact->observed_s, 200);
	assert_int_equal(fact->since_s, 100);
	assert_int_equal(facts.count, 1);

	facts_set(&facts, "site", "lab-2", 300, FACT_REPORTED, &changed, &p);
	assert_true(changed);
	fact = facts_find(&facts, "site");
	assert_int_equal(fact->since_s, 300);
	assert_string_equal(fact_value(&facts, fact), "lab-2");
	assert_string_equal(fact_name(&facts, fact), "site");
}

TEST(an_assertion_is_marked_and_is_no_report)
{
	bool changed = false;

	facts_set(&facts, "vbs", "running", 100, FACT_ASSERTED, &changed, &p);
	assert_true(changed);
	assert_int_equal(facts_find(&facts, "vbs")->source, FACT_ASSERTED);
	assert_int_equal(facts.reported_s, INSTANT_NONE);

	/* The device comes to report it: the same value, from another mouth. */
	facts_set(&facts, "vbs", "running", 200, FACT_REPORTED, &changed, &p);
	assert_true(changed);
	assert_int_equal(facts_find(&facts, "vbs")->source, FACT_REPORTED);
	assert_int_equal(facts_find(&facts, "vbs")->since_s, 100);
	assert_int_equal(facts.reported_s, 200);
}

TEST(a_late_report_does_not_move_time_back)
{
	set("a", "1", 200);
	set("b", "1", 100);
	assert_int_equal(facts.reported_s, 200);
}

TEST(names_are_folded_and_aliases_stand_for_their_fact)
{
	static const struct {
		const char *written, *kept;
		enum fact_id id;
	} cases[] = {
		{ "osVersion", "os.build", FACT_OS_BUILD },
		{ "os.version", "os.build", FACT_OS_BUILD },
		{ "OS.Build", "os.build", FACT_OS_BUILD },
		{ "os.family", "os.family", FACT_OS_FAMILY },
		{ "os.edition", "os.edition", FACT_OS_EDITION },
		{ "os.arch", "os.arch", FACT_OS_ARCH },
		{ "os.kbs", "os.kbs", FACT_OS_KBS },
		{ "vbs", "vbs", FACT_VBS },
		{ "chpe", "chpe", FACT_CHPE },
		{ "licence.hotpatch", "licence.hotpatch", FACT_LICENCE_HOTPATCH },
		{ "license.hotpatch", "licence.hotpatch", FACT_LICENCE_HOTPATCH },
		{ "restart.pending", "restart.pending", FACT_RESTART_PENDING },
		{ "os.boot", "os.boot", FACT_OS_BOOT },
		{ "hwRevision", "hwrevision", FACT_OTHER },
		{ "serial_number-2.x", "serial_number-2.x", FACT_OTHER },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		facts_init(&facts);
		set(cases[i].written, "value", 1);
		const struct fact *fact = facts_find(&facts, cases[i].kept);
		if (fact == NULL || fact->id != cases[i].id ||
		    fact_id_of(cases[i].written) != cases[i].id)
			fail_msg("%s is not kept as %s", cases[i].written, cases[i].kept);
		if (cases[i].id != FACT_OTHER)
			assert_string_equal(fact_id_name(cases[i].id), cases[i].kept);
		assert_true(facts_remove(&facts, cases[i].written));
		assert_int_equal(facts.count, 0);
	}
}

TEST(two_names_of_one_fact_are_one_fact)
{
	set("os.version", "26100.1", 1);
	set("osVersion", "26100.2", 2);
	assert_int_equal(facts.count, 1);
	assert_string_equal(facts_known(&facts, FACT_OS_BUILD), "26100.2");
}

static const char name_129[] =
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";

TEST(malformed_names_and_values_are_refused_and_change_nothing)
{
	static const struct {
		const char *name, *value, *text;
	} cases[] = {
		{ "", "x", "'' is not a fact name" },
		{ "a b", "x", "'a b' is not a fact name" },
		{ "a~b", "x", "'a~b' is not a fact name" },
		{ "stra\xc3\x9f"
		  "e",
		  "x", "is not a fact name" },
		{ name_129, "x", "1 to 128 letters" },
		{ "site", "a\x01", "no printable UTF-8 at byte 2" },
		{ "site", "\x7f", "at byte 1" },
		{ "site", "\xc2\x85", "at byte 1" },         /* a control of Latin-1 */
		{ "site", "ok\x80", "at byte 3" },           /* a tail without a head */
		{ "site", "\xc3", "at byte 1" },             /* a head without a tail */
		{ "site", "\xc0\xaf", "at byte 1" },         /* longer than needed */
		{ "site", "\xe0\x80\xaf", "at byte 1" },     /* longer than needed */
		{ "site", "\xed\xa0\x80", "at byte 1" },     /* a surrogate */
		{ "site", "\xf4\x90\x80\x80", "at byte 1" }, /* past U+10FFFF */
		{ "site", "\xff", "at byte 1" },
	};
	set("site", "lab-1", 100);
	struct facts before = facts;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool changed = true;
		p.text[0] = '\0';
		int rc = facts_set(&facts, cases[i].name, cases[i].value, 200,
				   FACT_REPORTED, &changed, &p);
		if (rc == 0 || strstr(p.text, cases[i].text) == NULL)
			fail_msg("case %zu: %s", i, p.text);
		assert_memory_equal(&facts, &before, sizeof facts);
		assert_true(changed);
	}
}

TEST(every_printable_character_is_kept)
{
	static const char text[] = "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x92\xbb";

	set("site", text, 1);
	assert_string_equal(facts_get(&facts, "site"), text);
	set("site", "", 2);
	assert_string_equal(facts_get(&facts, "site"), "");
}

TEST(tabs_and_line_ends_become_spaces)
{
	bool changed = true;

	set("os.kbs", "KB1\r\nKB2\tKB3", 1);
	assert_string_equal(facts_get(&facts, "os.kbs"), "KB1  KB2 KB3");
	facts_set(&facts, "os.kbs", "KB1\r\nKB2\tKB3", 2, FACT_REPORTED, &changed, &p);
	assert_false(changed);
}

TEST(a_value_has_its_limit)
{
	char value[LIMIT_FACT_VALUE + 2];

	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	assert_int_equal(facts_set(&facts, "a", value, 1, FACT_REPORTED, NULL, &p), -1);
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	assert_string_equal(
		p.text, "the value of fact 'a' has 2049 bytes; at most 2048 are kept");
	value[LIMIT_FACT_VALUE] = '\0';
	set("a", value, 1);
	assert_int_equal(strlen(facts_get(&facts, "a")), LIMIT_FACT_VALUE);
}

TEST(their_number_has_its_limit)
{
	char name[16];

	for (int i = 0; i < LIMIT_FACTS; i++) {
		snprintf(name, sizeof name, "tag.%d", i);
		set(name, "x", 1);
	}
	assert_int_equal(facts_set(&facts, "more", "x", 1, FACT_REPORTED, NULL, &p), -1);
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	assert_string_equal(p.text,
			    "a device has at most 112 facts: 'more' is one too many");
	set("tag.0", "changed", 2); /* those that are there may still change */
	assert_string_equal(facts_get(&facts, "tag.0"), "changed");
}

TEST(their_text_has_its_limit)
{
	char name[16], value[LIMIT_FACT_VALUE + 1];

	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof name, "tag.%d", i);
		set(name, value, 1);
	}
	struct facts before = facts;
	assert_int_equal(facts_set(&facts, "more", value, 1, FACT_REPORTED, NULL, &p),
			 -1);
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	assert_string_equal(p.text, "the facts of a device have at most 12288 bytes in "
				    "all: there is no room for 'more'");
	assert_memory_equal(&facts, &before, sizeof facts);
	/* What an old value gives back counts as room. */
	value[0] = 'w';
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof name, "tag.%d", i);
		set(name, value, 2);
	}
}

/* Many sets and removals in a fixed but scattered order, against a plain model. */
TEST(facts_stay_what_was_set_through_many_changes)
{
	enum { NAMES = 40, STEPS = 20000 };
	static char model[NAMES][64];
	static bool there[NAMES];
	uint32_t seed = 1;

	for (int step = 0; step < STEPS; step++) {
		char name[16];
		seed = seed * 1664525 + 1013904223;
		unsigned which = (seed >> 16) % NAMES;
		snprintf(name, sizeof name, "n%u", which);
		if ((seed >> 8) % 3 == 0) {
			assert_int_equal(facts_remove(&facts, name), there[which]);
			there[which] = false;
		} else {
			snprintf(model[which], sizeof model[which], "%.*s%d",
				 (int)(seed >> 24) % 50,
				 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
				 step % 7);
			set(name, model[which], step);
			there[which] = true;
		}
		for (int i = 0; i < NAMES; i++) {
			snprintf(name, sizeof name, "n%d", i);
			const char *value = facts_get(&facts, name);
			if ((value != NULL) != there[i] ||
			    (there[i] && strcmp(value, model[i]) != 0))
				fail_msg("step %d: %s is '%s'", step, name,
					 value == NULL ? "(none)" : value);
		}
	}
	for (int i = 0; i < NAMES; i++) {
		char name[16];
		snprintf(name, sizeof name, "n%d", i);
		facts_remove(&facts, name);
	}
	assert_int_equal(facts.count, 0);
	assert_int_equal(facts.used, 0);
}

/* By a hash they would all be looked for in the same place. */
TEST(names_whose_hashes_collide_are_told_apart)
{
	enum { COLLIDING = 40 };
	static char names[COLLIDING][32];
	size_t count = 0;

	for (int i = 0; count < COLLIDING; i++) {
		snprintf(names[count], sizeof names[0], "tag.%d", i);
		/* The last slots, so that they go on at the first. */
		if (fact_name_hash(names[count]) % FACT_SLOTS >= FACT_SLOTS - 2)
			count++;
	}
	for (size_t i = 0; i < COLLIDING; i++) {
		assert_null(facts_find(&facts, names[i]));
		set(names[i], names[i] + 4, 100);
	}
	set("vbs", "running", 100);
	for (size_t gone = 0; gone < COLLIDING; gone += 3)
		assert_true(facts_remove(&facts, names[gone]));
	for (size_t i = 0; i < COLLIDING; i++) {
		if (i % 3 == 0)
			assert_null(facts_get(&facts, names[i]));
		else
			assert_string_equal(facts_get(&facts, names[i]), names[i] + 4);
	}
	assert_string_equal(facts_known(&facts, FACT_VBS), "running");
	/* The same after they were filled in by another way. */
	memset(facts.slot, 0, sizeof facts.slot);
	memset(facts.known, 0, sizeof facts.known);
	facts_index(&facts);
	assert_string_equal(facts_get(&facts, names[1]), names[1] + 4);
	assert_string_equal(facts_known(&facts, FACT_VBS), "running");
}

TEST(a_confirmation_is_of_what_is_reported)
{
	set("vbs", "running", 100);
	assert_int_equal(facts_set(&facts, "chpe", "off", 100, FACT_ASSERTED, NULL, &p),
			 0);
	facts_confirm(&facts, 200);
	assert_int_equal(facts_find(&facts, "vbs")->observed_s, 200);
	assert_int_equal(facts_find(&facts, "vbs")->since_s, 100);
	assert_int_equal(facts_find(&facts, "chpe")->observed_s, 100);
	assert_int_equal(facts.reported_s, 200);
}

TEST(removing_what_is_not_there_says_so)
{
	assert_false(facts_remove(&facts, "site"));
	assert_false(facts_remove(&facts, "no name"));
	set("site", "x", 1);
	assert_true(facts_remove(&facts, "SITE"));
	assert_false(facts_remove(&facts, "site"));
}

TEST(a_list_of_kbs_is_walked_past_what_is_none)
{
	static const char text[] =
		",KB5055523 kb5058497;;5061258\tKB KB0 nonsense KB99999999999999999,KB7 ";
	static const uint32_t expected[] = { 5055523, 5058497, 5061258, 7 };
	const char *at = text;
	uint32_t kb = 0;

	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		assert_true(facts_next_kb(&at, &kb));
		assert_int_equal(kb, expected[i]);
	}
	assert_false(facts_next_kb(&at, &kb));
	assert_false(facts_next_kb(&at, &kb));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_fact_is_not_reported_until_it_is, empty),
		cmocka_unit_test_setup(
			the_same_value_again_only_moves_when_it_was_observed, empty),
		cmocka_unit_test_setup(an_assertion_is_marked_and_is_no_report, empty),
		cmocka_unit_test_setup(a_late_report_does_not_move_time_back, empty),
		cmocka_unit_test_setup(names_are_folded_and_aliases_stand_for_their_fact,
				       empty),
		cmocka_unit_test_setup(two_names_of_one_fact_are_one_fact, empty),
		cmocka_unit_test_setup(
			malformed_names_and_values_are_refused_and_change_nothing, empty),
		cmocka_unit_test_setup(every_printable_character_is_kept, empty),
		cmocka_unit_test_setup(tabs_and_line_ends_become_spaces, empty),
		cmocka_unit_test_setup(a_value_has_its_limit, empty),
		cmocka_unit_test_setup(their_number_has_its_limit, empty),
		cmocka_unit_test_setup(their_text_has_its_limit, empty),
		cmocka_unit_test_setup(facts_stay_what_was_set_through_many_changes,
				       empty),
		cmocka_unit_test_setup(names_whose_hashes_collide_are_told_apart, empty),
		cmocka_unit_test_setup(a_confirmation_is_of_what_is_reported, empty),
		cmocka_unit_test_setup(removing_what_is_not_there_says_so, empty),
		cmocka_unit_test_setup(a_list_of_kbs_is_walked_past_what_is_none, empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
