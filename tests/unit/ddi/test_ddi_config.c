#include "protocol/ddi/config_data.h"

#include <stdio.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/problem.h"
#include "tests/lib/case.h"

static struct config_data data;
static struct facts facts;
static char body[64 * 1024];

static int read_text(const char *text, struct problem *p)
{
	return config_data_read(text, strlen(text), &data, p);
}

/* Reads and applies; the number of changes, or -1. */
static int take(const char *text)
{
	struct problem p;
	unsigned changed;

	if (read_text(text, &p) < 0 ||
	    config_data_apply(&data, &facts, 1000, &changed, &p) < 0) {
		print_message("%s\n", p.text);
		return -1;
	}
	return (int)changed;
}

static void expect(const char *name, const char *value)
{
	const char *found = facts_get(&facts, name);
	if (value == NULL ? found != NULL : found == NULL || strcmp(found, value) != 0)
		fail_msg("%s is '%s'", name, found != NULL ? found : "(absent)");
}

static int setup(void **state)
{
	(void)state;
	facts_init(&facts);
	return 0;
}

TEST(merge_sets_replaces_and_removes)
{
	assert_int_equal(take("{\"data\":{\"a\":\"1\",\"b\":\"2\"}}"), 2);
	assert_int_equal(take("{\"mode\":\"merge\",\"data\":{\"b\":\"3\",\"a\":null}}"),
			 2);
	expect("a", NULL);
	expect("b", "3");
	assert_int_equal(take("{\"mode\":null,\"data\":{\"b\":\"3\"}}"), 0);
	assert_int_equal(facts.reported_s, 1000);
}

TEST(replace_removes_what_is_not_listed_and_was_reported)
{
	struct problem p;

	assert_int_equal(take("{\"data\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}"), 3);
	assert_int_equal(facts_set(&facts, "vbs", "running", 1, FACT_ASSERTED, NULL, &p),
			 0);
	assert_int_equal(take("{\"mode\":\"replace\",\"data\":{\"B\":\"2\",\"c\":null}}"),
			 2);
	expect("a", NULL);
	expect("b", "2");
	expect("c", NULL);
	expect("vbs", "running");
}

TEST(remove_takes_away_by_name_but_nothing_an_operator_asserted)
{
	struct problem p;

	assert_int_equal(take("{\"data\":{\"a\":\"1\",\"os.kbs.0\":\"KB1\"}}"), 2);
	assert_int_equal(facts_set(&facts, "vbs", "on", 1, FACT_ASSERTED, NULL, &p), 0);
	assert_int_equal(take("{\"mode\":\"remove\",\"data\":{\"a\":\"\",\"vbs\":\"x\","
			      "\"os.kbs.0\":\"\",\"none\":\"x\"}}"),
			 2);
	expect("a", NULL);
	expect("os.kbs", NULL);
	expect("vbs", "on");
	/* A report of its own is the device's to take back. */
	assert_int_equal(take("{\"data\":{\"vbs\":\"running\"}}"), 1);
	assert_int_equal(take("{\"data\":{\"vbs\":null}}"), 1);
	expect("vbs", NULL);
}

TEST(numbers_and_booleans_become_text_and_aliases_their_names)
{
	assert_true(take("{\"data\":{\"i\":-5,\"r\":1.5,\"t\":true,\"f\":false,"
			 "\"osVersion\":\"10.0.26100.3775\","
			 "\"License.Hotpatch\":\"yes\"}}") > 0);
	expect("i", "-5");
	expect("r", "1.5");
	expect("t", "true");
	expect("f", "false");
	expect("os.build", "10.0.26100.3775");
	expect("licence.hotpatch", "yes");
}

TEST(keys_that_are_no_fact_names_are_folded)
{
	assert_int_equal(take("{\"data\":{\"HW Revision\":\"2\",\"a/b:c\":\"3\","
			      "\"Gr\xc3\xb6\xc3\x9f"
			      "e\":\"4\"}}"),
			 3);
	expect("hw-revision", "2");
	expect("a-b-c", "3");
	expect("gr--e", "4");
}

TEST(a_kb_list_in_pieces_is_joined_and_counted)
{
	assert_int_equal(take("{\"data\":{\"os.kbs.1\":\"KB3\",\"os.kbs.n\":\"3\","
			      "\"os.kbs.0\":\"KB1,KB2\"}}"),
			 1);
	expect("os.kbs", "KB1,KB2,KB3");
	expect("os.kbs.n", NULL);
	expect("os.kbs.0", NULL);
	/* A number does as a count, and none left is a list of none. */
	assert_int_equal(take("{\"data\":{\"os.kbs.n\":0}}"), 1);
	expect("os.kbs", "");
	assert_int_equal(take("{\"data\":{\"os.kbs.0\":\"KB7\"}}"), 1);
	expect("os.kbs", "KB7");
	assert_int_equal(take("{\"data\":{\"os.kbs\":\"KB8 KB9\"}}"), 1);
	expect("os.kbs", "KB8 KB9");
	assert_int_equal(take("{\"data\":{\"os.kbs.0\":null,\"os.kbs.n\":null}}"), 1);
	expect("os.kbs", NULL);
}

TEST(what_is_wrong_with_a_body_is_said_and_nothing_is_taken)
{
	static const struct {
		const char *text;
		enum problem_kind kind;
		const char *words;
	} rows[] = {
		{ "", PROBLEM_BAD_INPUT, "no body" },
		{ "{", PROBLEM_BAD_INPUT, "not JSON at line 1" },
		{ "[]", PROBLEM_BAD_INPUT, "no object" },
		{ "{}", PROBLEM_BAD_INPUT, "data is missing" },
		{ "{\"data\":{}}", PROBLEM_BAD_INPUT, "data is missing" },
		{ "{\"data\":null}", PROBLEM_BAD_INPUT, "data is missing" },
		{ "{\"data\":[1]}", PROBLEM_BAD_INPUT, "data is missing" },
		{ "{\"mode\":\"add\",\"data\":{\"a\":\"b\"}}", PROBLEM_BAD_INPUT,
		  "'add' is not one of: merge, replace, remove" },
		{ "{\"mode\":7,\"data\":{\"a\":\"b\"}}", PROBLEM_BAD_INPUT, "mode" },
		{ "{\"data\":{\"a\":{}}}", PROBLEM_BAD_INPUT, "'a' is no text" },
		{ "{\"data\":{\"a\":[\"b\"]}}", PROBLEM_BAD_INPUT, "'a' is no text" },
		{ "{\"data\":{\"\":\"b\"}}", PROBLEM_BAD_INPUT, "1 to 128" },
		{ "{\"data\":{\"a\":\"b\",\"a\":\"c\"}}", PROBLEM_BAD_INPUT,
		  "duplicate" },
		{ "{\"data\":{\"os.kbs.0\":\"KB1,KB2\",\"os.kbs.n\":\"3\"}}",
		  PROBLEM_BAD_INPUT, "says 3 KBs, but os.kbs.0 and following hold 2" },
		{ "{\"data\":{\"os.kbs.n\":\"many\"}}", PROBLEM_BAD_INPUT, "'many'" },
		{ "{\"data\":{\"os.kbs.x\":\"KB1\"}}", PROBLEM_BAD_INPUT, "no piece" },
		{ "{\"data\":{\"os.kbs.100\":\"KB1\"}}", PROBLEM_BAD_INPUT, "no piece" },
		{ "{\"data\":{\"os.kbs.-1\":\"KB1\"}}", PROBLEM_BAD_INPUT, "no piece" },
		{ "{\"data\":{\"os.kbs.0\":5058497}}", PROBLEM_BAD_INPUT, "no list" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		if (read_text(rows[i].text, &p) == 0)
			fail_msg("'%s' is taken", rows[i].text);
		assert_int_equal(p.kind, rows[i].kind);
		if (strstr(p.text, rows[i].words) == NULL)
			fail_msg("'%s': %s", rows[i].text, p.text);
	}
}

static int take_entries(size_t count, size_t key_size, size_t value_size)
{
	size_t used = (size_t)snprintf(body, sizeof body, "{\"data\":{");
	struct problem p;
	unsigned changed;

	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(body + used, sizeof body - used,
					 "%s\"%0*zu\":\"%0*d\"", i > 0 ? "," : "",
					 (int)key_size, i, (int)value_size, 0);
	snprintf(body + used, sizeof body - used, "}}");
	if (read_text(body, &p) < 0 ||
	    config_data_apply(&data, &facts, 1, &changed, &p) < 0)
		return -(int)p.kind;
	return (int)changed;
}

TEST(the_limits_are_those_of_hawkbit)
{
	assert_int_equal(take_entries(100, 10, 10), 100);
	assert_int_equal(take_entries(101, 10, 10), -PROBLEM_TOO_LARGE);
	facts_init(&facts);
	assert_int_equal(take_entries(1, 128, 128), 1);
	assert_int_equal(take_entries(1, 129, 1), -PROBLEM_BAD_INPUT);
	assert_int_equal(take_entries(1, 1, 129), -PROBLEM_BAD_INPUT);
	/* Together they may be more than a device can have. */
	facts_init(&facts);
	assert_int_equal(take_entries(100, 128, 128), -PROBLEM_TOO_LARGE);
}

TEST(a_value_counts_in_characters_and_must_print)
{
	size_t used = (size_t)snprintf(body, sizeof body, "{\"data\":{\"a\":\"");
	for (int i = 0; i < 128; i++)
		used += (size_t)snprintf(body + used, sizeof body - used,
					 "\xf0\x9f\x98\x80");
	snprintf(body + used, sizeof body - used, "\"}}");
	assert_int_equal(take(body), 1);
	assert_int_equal(strlen(facts_get(&facts, "a")), 512);

	struct problem p;
	unsigned changed;
	assert_int_equal(read_text("{\"data\":{\"a\":\"x\\u0007\"}}", &p), 0);
	assert_int_equal(config_data_apply(&data, &facts, 1, &changed, &p), -1);
	assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
}

TEST(the_whole_of_a_body_at_its_limits_fits)
{
	/* Keys and values as long as they may be, in characters of four bytes. */
	size_t used = (size_t)snprintf(body, sizeof body, "{\"data\":{");
	for (int i = 0; i < 100; i++) {
		used += (size_t)snprintf(body + used, sizeof body - used,
					 "%s\"%0126d%d%d\":\"", i > 0 ? "," : "", 0,
					 i / 10, i % 10);
		for (int c = 0; c < 120; c++)
			used += (size_t)snprintf(body + used, sizeof body - used,
						 "\xf0\x9f\x98\x80");
		used += (size_t)snprintf(body + used, sizeof body - used, "\"");
	}
	snprintf(body + used, sizeof body - used, "}}");
	struct problem p;
	assert_int_equal(read_text(body, &p), 0);
	assert_int_equal(data.count, 100);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(merge_sets_replaces_and_removes),
		CASE(replace_removes_what_is_not_listed_and_was_reported),
		CASE(remove_takes_away_by_name_but_nothing_an_operator_asserted),
		CASE(numbers_and_booleans_become_text_and_aliases_their_names),
		CASE(keys_that_are_no_fact_names_are_folded),
		CASE(a_kb_list_in_pieces_is_joined_and_counted),
		CASE(what_is_wrong_with_a_body_is_said_and_nothing_is_taken),
		CASE(the_limits_are_those_of_hawkbit),
		CASE(a_value_counts_in_characters_and_must_print),
		CASE(the_whole_of_a_body_at_its_limits_fits),
	};
	return cmocka_run_group_tests_name("ddi_config", tests, NULL, NULL);
}
