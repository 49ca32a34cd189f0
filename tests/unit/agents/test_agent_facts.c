#include "agents/fact_set.h"

#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"

TEST(a_fact_put_twice_has_the_second_value)
{
	struct fact_set set;
	struct problem p = { 0 };

	fact_set_clear(&set);
	assert_null(fact_set_find(&set, "vbs"));
	assert_int_equal(fact_set_put(&set, "vbs", "off", &p), 0);
	assert_int_equal(fact_set_put_pair(&set, "site=a=b", &p), 0);
	assert_int_equal(fact_set_put(&set, "vbs", "running", &p), 0);
	assert_int_equal(set.count, 2);
	assert_string_equal(fact_set_find(&set, "vbs"), "running");
	assert_string_equal(fact_set_find(&set, "site"), "a=b");
	assert_string_equal(fact_set_name(&set, 0), "vbs");
}

TEST(what_attributes_cannot_carry_is_refused)
{
	char long_word[FACT_WORD + 2];
	memset(long_word, 'a', sizeof long_word - 1);
	long_word[sizeof long_word - 1] = '\0';
	const struct {
		const char *name, *value;
		enum problem_kind kind;
	} rows[] = {
		{ "", "x", PROBLEM_BAD_INPUT },
		{ long_word, "x", PROBLEM_BAD_INPUT },
		{ "site", long_word, PROBLEM_TOO_LARGE },
		{ "site", "M\xc3\xbcnchen", PROBLEM_BAD_INPUT },
		{ "site", "a\nb", PROBLEM_BAD_INPUT },
		{ "site", "~", PROBLEM_BAD_INPUT },
		{ "site", "`id`", PROBLEM_BAD_INPUT },
		{ "s\xffite", "x", PROBLEM_BAD_INPUT },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fact_set set;
		struct problem p = { 0 };
		fact_set_clear(&set);
		if (fact_set_put(&set, rows[i].name, rows[i].value, &p) == 0 ||
		    p.kind != rows[i].kind || set.count != 0)
			fail_msg("row %zu", i);
	}
	struct fact_set set;
	struct problem p = { 0 };
	fact_set_clear(&set);
	assert_int_equal(fact_set_put_pair(&set, "no sign", &p), -1);
	assert_non_null(strstr(p.text, "name=value"));
}

TEST(only_the_list_of_kbs_may_be_long)
{
	char list[FACT_WORD * 4];
	struct fact_set set;
	struct problem p = { 0 };

	memset(list, '1', sizeof list - 1);
	list[sizeof list - 1] = '\0';
	fact_set_clear(&set);
	assert_int_equal(fact_set_put(&set, "os.kbs", list, &p), 0);
}

TEST(a_set_is_bounded_and_stays_whole_when_full)
{
	struct fact_set set;
	struct problem p = { 0 };
	char name[16];

	fact_set_clear(&set);
	for (int i = 0; i < FACT_SET_COUNT; i++) {
		snprintf(name, sizeof name, "tag.%d", i);
		assert_int_equal(fact_set_put(&set, name, "x", &p), 0);
	}
	assert_int_equal(fact_set_put(&set, "one.more", "x", &p), -1);
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	assert_int_equal(fact_set_put(&set, "tag.3", "y", &p), 0);
	while (fact_set_put(&set, "tag.4", "a value that needs some room again", &p) == 0)
		continue;
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	assert_string_equal(fact_set_find(&set, "tag.63"), "x");
}

TEST(a_kb_is_found_by_number_wherever_it_stands)
{
	static const struct {
		const char *kbs;
		uint32_t kb;
		bool there;
	} rows[] = {
		{ "KB5055523", 5055523, true },
		{ "kb1, KB2\tKB3", 3, true },
		{ "KB1,KB2,KB3", 2, true },
		{ "KB50555231", 5055523, false },
		{ "KB5055523x", 5055523, false },
		{ "", 5055523, false },
		{ ", ,", 1, false },
		{ "KB123456789012345678", 1, false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fact_set set;
		struct problem p = { 0 };
		fact_set_clear(&set);
		assert_int_equal(fact_set_put(&set, "os.kbs", rows[i].kbs, &p), 0);
		if (fact_set_has_kb(&set, rows[i].kb) != rows[i].there)
			fail_msg("%u in '%s'", rows[i].kb, rows[i].kbs);
	}
	struct fact_set none;
	fact_set_clear(&none);
	assert_true(fact_set_has_kb(&none, 1));
}

TEST(the_digest_sees_every_change)
{
	static const char *const rows[][2] = {
		{ "a", "bc" }, { "ab", "c" }, { "abc", "" }, { "a", "bd" }, { "A", "bc" },
	};
	uint64_t seen[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fact_set set;
		struct problem p = { 0 };
		fact_set_clear(&set);
		assert_int_equal(fact_set_put(&set, rows[i][0], rows[i][1], &p), 0);
		seen[i] = fact_set_digest(&set);
		assert_int_not_equal(seen[i], 0);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fact_put_twice_has_the_second_value),
		cmocka_unit_test(what_attributes_cannot_carry_is_refused),
		cmocka_unit_test(only_the_list_of_kbs_may_be_long),
		cmocka_unit_test(a_set_is_bounded_and_stays_whole_when_full),
		cmocka_unit_test(a_kb_is_found_by_number_wherever_it_stands),
		cmocka_unit_test(the_digest_sees_every_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
