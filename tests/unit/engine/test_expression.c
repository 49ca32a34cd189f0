#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/expression.h"
#include "engine/facts.h"
#include "engine/problem.h"

enum { F = TRUTH_FALSE, T = TRUTH_TRUE, U = TRUTH_UNKNOWN };

static struct facts facts;

static int some_facts(void **state)
{
	static const struct {
		const char *name, *value;
	} known[] = {
		{ "os.family", "client" },
		{ "os.build", "10.0.26100.3775" },
		{ "os.edition", "Enterprise" },
		{ "os.kbs", "KB5055523 KB5054156,kb5058497" },
		{ "vbs", "running" },
		{ "site", "lab-1" },
		{ "hardware.model", "Virtual Machine Gen1 (2024)" },
		{ "hardware.cores", "8" },
		{ "hardware.city", "Z\xc3\xbcrich" },
		{ "version", "2.10" },
		{ "temperature", "-5.50" },
		{ "empty", "" },
		{ "padded", "007.08" },
	};
	(void)state;
	facts_init(&facts);
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct problem p;
		if (facts_set(&facts, known[i].name, known[i].value, 1, FACT_REPORTED,
			      NULL, &p) < 0)
			return -1;
	}
	return 0;
}

static enum truth answer(const char *text)
{
	struct problem p = { 0 };
	struct expression *expression = expression_compile(text, &p);

	if (expression == NULL)
		fail_msg("%s: %s", text, p.text);
	enum truth truth = expression_test(expression, &facts);
	expression_free(expression);
	return truth;
}

struct expected {
	const char *text;
	int truth;
};

static void check(const struct expected *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int truth = (int)answer(cases[i].text);
		if (truth != cases[i].truth)
			fail_msg("%s: %s", cases[i].text,
				 truth == T   ? "true"
				 : truth == F ? "false"
					      : "unknown");
	}
}

TEST(comparisons_say_what_they_say)
{
	static const struct expected cases[] = {
		{ "any", T },
		{ "ANY", T },
		{ "site = lab-1", T },
		{ "site=lab-1", T },
		{ "  site\t=\n'lab-1'  ", T },
		{ "site = \"lab-1\"", T },
		{ "Site = LAB-1", T }, /* names and values fold case */
		{ "site = lab-2", F },
		{ "site != lab-2", T },
		{ "site != lab-1", F },
		{ "site in (lab-2)", F },
		{ "site in (lab-2, 'lab-1')", T },
		{ "site in ( lab-3 , lab-2 ,lab-1)", T },
		{ "site IN (lab-1)", T },
		{ "empty = ''", T },
		{ "empty != ''", F },
		{ "site = ''", F },
		{ "hardware.city = 'Z\xc3\xbcrich'", T },
		{ "hardware.city = Z\xc3\xbcrich", T }, /* bare words may have accents */
		{ "site = \"it's\"", F },
		{ "site = 'say \"yes\"'", F },
	};
	check(cases, COUNT_OF(cases));
}

TEST(contains_takes_wildcards_and_folds_case)
{
	static const struct expected cases[] = {
		{ "hardware.model ~ gen1", T },
		{ "hardware.model ~ 'virtual machine'", T },
		{ "hardware.model ~ Gen2", F },
		{ "hardware.model ~ ''", T },
		{ "hardware.model ~ *", T },
		{ "hardware.model ~ 'v*gen1'", T },
		{ "hardware.model ~ 'v*gen1*)'", T },
		{ "hardware.model ~ 'gen1*virtual'", F },
		{ "hardware.model ~ gen?", T },
		{ "hardware.model ~ 'gen??2024'", F },
		{ "hardware.model ~ 'gen1 ?2024?'", T },
		{ "hardware.model ~ '(2024)?'", F }, /* one more character is not there */
		{ "hardware.model ~ 'm*m*m'", F },
		{ "hardware.model ~ 'a*a*a'", F },
		{ "hardware.model ~ 'i*t*a*a*e*e'", T },
		{ "hardware.city ~ 'z?rich'", T }, /* ? is a character, not a byte */
		{ "hardware.city ~ 'z??rich'", F },
		{ "hardware.city ~ '\xc3\xbc'", T },
		{ "empty ~ ''", T },
		{ "empty ~ '*'", T },
		{ "empty ~ '?'", F },
		{ "os.kbs ~ '58497'", T }, /* as text, unlike = */
	};
	check(cases, COUNT_OF(cases));
}

TEST(order_is_of_dotted_numbers_then_numbers_then_text)
{
	static const struct expected cases[] = {
		{ "version < 2.9", F },
		{ "version > 2.9", T }, /* dotted: 10 is more than 9 */
		{ "version < 2.10", F },
		{ "version > 2.10", F },
		{ "version > 2", T },
		{ "version < 2.10.0", F }, /* what is not there is 0 */
		{ "version < 2.10.1", T },
		{ "version > 2.0010", F },
		{ "version < 10", T },
		{ "version < 99999999999999999999999999", T },
		{ "hardware.cores < 16", T }, /* as text it would not be */
		{ "hardware.cores > 16", F },
		{ "hardware.cores > 08", F },
		{ "padded < 7.9", T },
		{ "padded > 7.7", T },
		{ "padded > 8", F },
		{ "hardware.cores > -16", T },
		{ "hardware.cores < +9.5", T },
		{ "temperature < 0", T },
		{ "temperature < -5.5", F }, /* equal */
		{ "temperature > -5.5", F },
		{ "temperature > -5.51", T },
		{ "temperature > -6", T },
		{ "temperature < -4", T },
		{ "temperature > -0", F },
		{ "site < lab-2", T }, /* text, case folded */
		{ "site < LAB-2", T },
		{ "site > LAB-0", T },
		{ "site > 5", T },
		{ "version < 2.x", T }, /* one side is no number: text */
		{ "empty < a", T },
	};
	check(cases, COUNT_OF(cases));
}

TEST(a_build_is_the_same_with_windows_version_in_front)
{
	static const struct expected cases[] = {
		{ "os.build = 26100.3775", T },
		{ "os.build = 10.0.26100.3775", T },
		{ "os.build in (26100.1, 26100.3775)", T },
		{ "os.build != 26100.3775", F },
		{ "os.build > 26100.3774", T },
		{ "os.build < 26100.10000", T },
		{ "os.build < 26100.3775", F },
		{ "os.build > 22631.9999", T },
		{ "osVersion = 26100.3775", T }, /* an alias, as when facts are set */
		{ "os.build ~ '10.0.'", T },
	};
	check(cases, COUNT_OF(cases));
}

TEST(os_kbs_is_asked_for_members)
{
	static const struct expected cases[] = {
		{ "os.kbs = KB5055523", T },
		{ "os.kbs = kb5058497", T },
		{ "os.kbs = 5054156", T },
		{ "os.kbs = KB505415", F }, /* a part of a number is no member */
		{ "os.kbs = KB5060000", F },
		{ "os.kbs != KB5055523", F },
		{ "os.kbs != KB5060000", T },
		{ "os.kbs in (KB5060000, KB5058497)", T },
		{ "os.kbs in (KB5060000)", F },
		{ "not os.kbs = KB5054156", F },
	};
	check(cases, COUNT_OF(cases));
	facts_remove(&facts, "os.kbs");
	assert_int_equal(answer("os.kbs = KB5055523"), U);
	assert_int_equal(answer("os.kbs != KB5055523"), U);
	facts_set(&facts, "os.kbs", "", 1, FACT_REPORTED, NULL, NULL);
	assert_int_equal(answer("os.kbs = KB5055523"), F);
	assert_int_equal(answer("os.kbs != KB5055523"), T);
}

TEST(what_was_not_reported_is_unknown_whatever_is_asked)
{
	static const struct expected cases[] = {
		{ "chpe = on", U },           { "chpe != on", U },
		{ "chpe < on", U },           { "chpe > on", U },
		{ "chpe ~ on", U },           { "chpe in (on, off)", U },
		{ "tag.x = yes", U },         { "not tag.x = yes", U },
		{ "not not tag.x = yes", U },
	};
	check(cases, COUNT_OF(cases));
}

/* Every pair of false, true, unknown, as Kleene has it. */
TEST(logic_has_three_values)
{
	static const char *const side[] = {
		[F] = "vbs = off", [T] = "vbs = running", [U] = "tag.x = 1"
	};
	static const int both[3][3] = {
		[F] = { [F] = F, [T] = F, [U] = F },
		[T] = { [F] = F, [T] = T, [U] = U },
		[U] = { [F] = F, [T] = U, [U] = U },
	};
	static const int either[3][3] = {
		[F] = { [F] = F, [T] = T, [U] = U },
		[T] = { [F] = T, [T] = T, [U] = T },
		[U] = { [F] = U, [T] = T, [U] = U },
	};
	static const int negated[] = { [F] = T, [T] = F, [U] = U };
	char text[120];

	for (int a = 0; a < 3; a++) {
		snprintf(text, sizeof text, "not %s", side[a]);
		check(&(struct expected){ text, negated[a] }, 1);
		for (int b = 0; b < 3; b++) {
			snprintf(text, sizeof text, "%s and %s", side[a], side[b]);
			check(&(struct expected){ text, both[a][b] }, 1);
			snprintf(text, sizeof text, "%s or %s", side[a], side[b]);
			check(&(struct expected){ text, either[a][b] }, 1);
		}
	}
}

TEST(not_binds_closer_than_and_and_and_closer_than_or)
{
	static const struct expected cases[] = {
		{ "any or any and not any", T }, /* or last: true or (..) */
		{ "(any or any) and not any", F },
		{ "not any and not any or any", T },
		{ "not (any and not any or any)", F },
		{ "not any or any", T }, /* (not any) or any */
		{ "not (any or any)", F },
		{ "not not any", T },
		{ "not not not any", F },
		{ "not any and any or any and any", T },
		{ "any and not any or not any and any", F },
		{ "((((any))))", T },
		{ "site = lab-1 and not vbs = off", T },
		{ "site = lab-2 or vbs = running and os.family = client", T },
		{ "(site = lab-2 or vbs = running) and os.family = server", F },
		{ "any AND NOT any OR any", T },
	};
	check(cases, COUNT_OF(cases));
}

static const struct {
	const char *text, *told;
} errors[] = {
	{ "", "column 1: the expression is empty: 'any' takes every device" },
	{ "   ", "column 4: the expression is empty: 'any' takes every device" },
	{ "site", "column 5: expected =, !=, <, >, ~ or in after 'site', found the end" },
	{ "site lab-1", "column 6: expected =, !=, <, >, ~ or in after 'site', "
			"found 'lab-1'" },
	{ "site =", "column 7: expected a value after '=', found the end" },
	{ "site = )", "column 8: expected a value after '=', found ')'" },
	{ "site ~ = x", "column 8: expected a value after '~', found '='" },
	{ "site = and vbs = on", "column 8: expected a value after '=', found "
				 "'and': put it in quotes if "
				 "it is the value" },
	{ "tag.x = Any", "column 9: expected a value after '=', found 'Any': put "
			 "it in quotes if "
			 "it is the value" },
	{ "site = lab 1", "column 12: expected 'and', 'or' or the end, found '1'" },
	{ "any any", "column 5: expected 'and', 'or' or the end, found 'any'" },
	{ "any)", "column 4: this ')' closes nothing" },
	{ "(any", "column 5: the '(' of column 1 is never closed" },
	{ "any and (any or (any)", "column 22: the '(' of column 9 is never closed" },
	{ "(any any)", "column 6: expected 'and', 'or' or ')', found 'any'" },
	{ "()", "column 2: expected a fact name, 'not', 'any' or '(', found ')'" },
	{ "any and", "column 8: expected a fact name, 'not', 'any' or '(', found "
		     "the end" },
	{ "or any", "column 1: expected a fact name, 'not', 'any' or '(', found "
		    "'or'" },
	{ "not", "column 4: expected a fact name, 'not', 'any' or '(', found the "
		 "end" },
	{ "'site' = x", "column 1: expected a fact name, 'not', 'any' or '(', found "
			"'site'" },
	{ "site in lab-1", "column 9: expected '(' after 'in', found 'lab-1'" },
	{ "site in (", "column 10: expected a value after '(', found the end" },
	{ "site in ()", "column 10: expected a value after '(', found ')'" },
	{ "site in (a,)", "column 12: expected a value after ',', found ')'" },
	{ "site in (a b)", "column 12: expected ',' or ')' in the list, found 'b'" },
	{ "site in (a", "column 11: expected ',' or ')' in the list, found the end" },
	{ "site = 'lab-1", "column 8: the quote that opens here is never closed" },
	{ "site = \"lab-1'", "column 8: the quote that opens here is never closed" },
	{ "s\xc3\xbc = 'x", "column 1: 's\xc3\xbc' is not a fact name: 1 to 128 "
			    "letters, digits, '.', '_' and '-'" },
	{ "tag.\xc3\xbc\xc3\xbc = x and", "column 1: 'tag.\xc3\xbc\xc3\xbc' is "
					  "not a fact name: 1 to 128 letters, "
					  "digits, '.', '_' and '-'" },
	{ "site = '\xc3\xbc\xc3\xbc' x", /* columns count characters */
	  "column 13: expected 'and', 'or' or the end, found 'x'" },
	{ "a/b = 1", "column 1: 'a/b' is not a fact name: 1 to 128 letters, digits, "
		     "'.', '_' and '-'" },
	{ "site == x", "column 6: '==' is no operator here: write '=' once" },
	{ "site =~ x", "column 6: '=~' is no operator here: write '~'" },
	{ "site <> x", "column 6: '<>' is no operator here: write '!='" },
	{ "n <= 5", "column 3: '<=' is no operator here: write 'not' in front of a "
		    "comparison with '>'" },
	{ "n >= 5", "column 3: '>=' is no operator here: write 'not' in front of a "
		    "comparison with '<'" },
	{ "n !~ 5", "column 3: '!~' is no operator here: write 'not' in front of "
		    "the comparison, and '~'" },
	{ "any && any", "column 5: '&&' is no operator here: write 'and'" },
	{ "any || any", "column 5: '||' is no operator here: write 'or'" },
	{ "!any", "column 1: '!' is no operator here: write 'not'" },
	{ "os.kbs = latest", "column 10: os.kbs is compared with a KB such as "
			     "KB5055523, not 'latest'" },
	{ "os.kbs in (KB1, x)", "column 17: os.kbs is compared with a KB such as "
				"KB5055523, not 'x'" },
	{ "os.kbs < KB5055523",
	  "column 8: os.kbs is a list: it has no '<'; use =, !=, ~ or in" },
	{ "os.kbs > KB5055523",
	  "column 8: os.kbs is a list: it has no '>'; use =, !=, ~ or in" },
	{ "vbs = 1 , 2", "column 9: expected 'and', 'or' or the end, found ','" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b",
	  "column 52: expected =, !=, <, >, ~ or in after "
	  "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', found 'b'" },
};

TEST(every_error_says_where_what_and_what_was_expected)
{
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		struct problem p = { 0 };
		struct expression *expression = expression_compile(errors[i].text, &p);
		if (expression != NULL)
			fail_msg("%s: was taken", errors[i].text);
		if (strcmp(p.text, errors[i].told) != 0)
			fail_msg("%s:\n  told     %s\n  expected %s", errors[i].text,
				 p.text, errors[i].told);
		assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
	}
}

enum { ROOM = 4 * LIMIT_EXPRESSION };

static void repeat(char room[static ROOM], const char *before, const char *part,
		   int times, const char *after)
{
	size_t used = (size_t)snprintf(room, ROOM, "%s", before);

	for (int i = 0; i < times && used < ROOM; i++)
		used += (size_t)snprintf(room + used, ROOM - used, "%s", part);
	assert_true(used < ROOM);
	snprintf(room + used, ROOM - used, "%s", after);
}

static void check_limit(const char *text, const char *told)
{
	struct problem p = { 0 };
	struct expression *expression = expression_compile(text, &p);

	if (told == NULL) {
		if (expression == NULL)
			fail_msg("%.60s...: %s", text, p.text);
		assert_int_equal(expression_test(expression, &facts), T);
		expression_free(expression);
		return;
	}
	assert_null(expression);
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	assert_string_equal(p.text, told);
}

TEST(depth_parts_and_length_have_limits)
{
	static char text[ROOM];
	char closing[LIMIT_EXPRESSION_DEPTH + 4] = "any";

	memset(closing + 3, ')', LIMIT_EXPRESSION_DEPTH);
	repeat(text, "", "(", LIMIT_EXPRESSION_DEPTH, closing);
	check_limit(text, NULL);
	repeat(text, "", "(", LIMIT_EXPRESSION_DEPTH + 1, "any");
	check_limit(text, "column 33: 'not' and '(' are nested more than 32 deep");
	repeat(text, "", "not ", LIMIT_EXPRESSION_DEPTH, "any");
	check_limit(text, NULL);
	repeat(text, "", "not ", LIMIT_EXPRESSION_DEPTH + 1, "any");
	check_limit(text, "column 129: 'not' and '(' are nested more than 32 deep");
	/* Depth is of what is open, not of what there was. */
	repeat(text, "any", " and (any)", 100, "");
	check_limit(text, NULL);

	/* 128 times any and 127 times or: 255 parts. */
	repeat(text, "any", " or any", 127, "");
	check_limit(text, NULL);
	repeat(text, "any", " or any", 128, "");
	check_limit(text, "column 900: an expression has at most 256 parts");

	repeat(text, "any", " ", LIMIT_EXPRESSION - 3, "");
	check_limit(text, NULL);
	repeat(text, "any", " ", LIMIT_EXPRESSION - 2, "");
	check_limit(text, "the expression has 2049 bytes; at most 2048 are read");

	/* The longest list fills the room for values exactly, and no more. */
	repeat(text, "site in (lab-1", ",x", (LIMIT_EXPRESSION - 15) / 2, ")");
	check_limit(text, NULL);
	repeat(text, "site in (lab-1", ",''", (LIMIT_EXPRESSION - 15) / 3, ")");
	check_limit(text, NULL);
}

static const char *derived(void *owner, const char *name)
{
	const char **asked = owner;
	*asked = name;
	if (strcmp(name, "ring") == 0)
		return "broad";
	if (strcmp(name, "vbs") == 0)
		return "derived";
	return NULL;
}

TEST(derived_names_are_asked_before_the_facts)
{
	struct problem p;
	const char *asked = NULL;
	static const struct expected cases[] = {
		{ "ring = broad", T },  { "ring ~ roa", T }, { "vbs = derived", T },
		{ "site = lab-1", T }, /* falls through */
		{ "vbs = running", F }, { "policy = x", U }, { "RING in (Broad)", T },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expression *expression = expression_compile(cases[i].text, &p);
		assert_non_null(expression);
		if ((int)expression_test_with(expression, &facts, derived, &asked) !=
		    cases[i].truth)
			fail_msg("%s", cases[i].text);
		assert_non_null(asked);
		expression_free(expression);
	}
	assert_int_equal(answer("ring = broad"), U);
}

TEST(the_names_it_mentions_are_listed_in_order)
{
	struct problem p;
	struct expression *expression = expression_compile(
		"not site = a and (vbs ~ b or site in (c) or any) or OSVersion > 1", &p);
	static const char *const names[] = { "site", "vbs", "site", "os.build" };

	assert_non_null(expression);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(expression_name_at(expression, i), names[i]);
	assert_null(expression_name_at(expression, COUNT_OF(names)));
	assert_null(expression_name_at(expression, SIZE_MAX));
	expression_free(expression);
	expression_free(NULL);
}

/* A text cut anywhere, or with any byte in any place, is compiled or refused with a
 * column; the sanitizers watch. */
TEST(damaged_text_is_refused_or_taken_but_never_trips)
{
	static const char whole[] =
		"not (site in ('a', \"b\") or os.kbs = KB1) and x ~ '*?' and y != 2.0";
	char text[sizeof whole];

	for (size_t i = 0; i < sizeof whole; i++) {
		for (int byte = 0; byte < 256; byte++) {
			struct problem p = { 0 };
			memcpy(text, whole, sizeof whole);
			text[i] = (char)byte;
			text[sizeof whole - 1] = '\0';
			struct expression *expression = expression_compile(text, &p);
			if (expression == NULL)
				assert_memory_equal(p.text, "column ", 7);
			else
				(void)expression_test(expression, &facts);
			expression_free(expression);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(comparisons_say_what_they_say, some_facts),
		cmocka_unit_test_setup(contains_takes_wildcards_and_folds_case,
				       some_facts),
		cmocka_unit_test_setup(order_is_of_dotted_numbers_then_numbers_then_text,
				       some_facts),
		cmocka_unit_test_setup(a_build_is_the_same_with_windows_version_in_front,
				       some_facts),
		cmocka_unit_test_setup(os_kbs_is_asked_for_members, some_facts),
		cmocka_unit_test_setup(what_was_not_reported_is_unknown_whatever_is_asked,
				       some_facts),
		cmocka_unit_test_setup(logic_has_three_values, some_facts),
		cmocka_unit_test_setup(not_binds_closer_than_and_and_and_closer_than_or,
				       some_facts),
		cmocka_unit_test_setup(every_error_says_where_what_and_what_was_expected,
				       some_facts),
		cmocka_unit_test_setup(depth_parts_and_length_have_limits, some_facts),
		cmocka_unit_test_setup(derived_names_are_asked_before_the_facts,
				       some_facts),
		cmocka_unit_test_setup(the_names_it_mentions_are_listed_in_order,
				       some_facts),
		cmocka_unit_test_setup(damaged_text_is_refused_or_taken_but_never_trips,
				       some_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
