/* The wide parts of a device as text and back (store/facts_text.h, history_text.h). */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "store/facts_text.h"
#include "store/history_text.h"
#include "store/lines.h"
#include "tests/lib/case.h"
#include "tests/unit/store/sample.h"

enum { ROUNDS = 3000 };

TEST(a_field_survives_whatever_bytes_it_holds)
{
	static const char *const rows[] = {
		"",     "plain",      "\t",       "a\tb",
		"\n",   "\r\n",       "\\",       "\\t",
		"\\\\", "ends in \\", "\t\t\t",   "tab\tline\nback\\",
		"\x01", "\x7f\xff",   "\xc3\xa4", " spaces ",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[128], back[64];
		struct lines_out out;
		struct lines_in in;

		lines_out_init(&out, text, sizeof text);
		lines_out_text(&out, rows[i]);
		lines_out_int(&out, -7);
		lines_out_text(&out, rows[i]);
		lines_out_end(&out);
		assert_false(out.full);
		assert_ptr_equal(memchr(text, '\n', out.used), text + out.used - 1);

		lines_in_init(&in, text, out.used);
		assert_true(lines_in_next(&in));
		lines_in_text(&in, back, sizeof back);
		if (strcmp(back, rows[i]) != 0)
			fail_msg("row %zu: came back as '%s'", i, back);
		assert_int_equal(lines_in_int(&in), -7);
		assert_int_equal(lines_in_text(&in, back, sizeof back), strlen(rows[i]));
		assert_string_equal(back, rows[i]);
		assert_false(lines_in_next(&in));
		assert_false(in.bad);
	}
}

TEST(a_number_is_read_only_when_it_is_one_and_fits)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} rows[] = {
		{ "0\n", true, 0 },
		{ "-0\n", true, 0 },
		{ "42\n", true, 42 },
		{ "-42\n", true, -42 },
		{ "9223372036854775807\n", true, INT64_MAX },
		{ "-9223372036854775808\n", true, INT64_MIN },
		{ "9223372036854775808\n", false, 0 },
		{ "-9223372036854775809\n", false, 0 },
		{ "99999999999999999999\n", false, 0 },
		{ "\n", false, 0 },
		{ "-\n", false, 0 },
		{ "+1\n", false, 0 },
		{ "1 \n", false, 0 },
		{ " 1\n", false, 0 },
		{ "0x1\n", false, 0 },
		{ "1", false, 0 }, /* a line that does not end */
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct lines_in in;
		int64_t value = 0;

		lines_in_init(&in, rows[i].text, strlen(rows[i].text));
		if (lines_in_next(&in))
			value = lines_in_int(&in);
		lines_in_next(&in);
		if (in.bad == rows[i].good || value != rows[i].value)
			fail_msg("'%s': %s, %" PRId64, rows[i].text,
				 in.bad ? "refused" : "taken", value);
	}
}

TEST(a_writer_that_runs_out_of_room_says_so_and_stays_within_it)
{
	char text[16] = "................";

	for (size_t size = 0; size < 9; size++) {
		struct lines_out out;
		lines_out_init(&out, text, size);
		lines_out_text(&out, "a\tb"); /* four bytes */
		lines_out_int(&out, 123);     /* tab, three */
		lines_out_end(&out);
		assert_true(out.full);
		assert_true(out.used <= size);
		assert_int_equal(text[9], '.');
	}
}

TEST(facts_come_back_as_they_were)
{
	static char text[FACTS_TEXT_MAX];
	static struct facts facts, back;
	struct problem p = { 0 };

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct dice dice = { seed };
		sample_facts(&dice, &facts);
		size_t size = facts_text_write(&facts, text);
		assert_int_equal(size, strlen(text));
		if (facts_text_read(text, size, &back, &p) < 0)
			fail_msg("seed %" PRIu64 ": %s", seed, p.text);
		const char *what = facts_difference(&facts, &back);
		if (what != NULL)
			fail_msg("seed %" PRIu64 ": %s differs", seed, what);
	}
}

TEST(a_history_comes_back_as_it_was)
{
	static char text[HISTORY_TEXT_MAX];
	static struct history history, back;
	struct problem p = { 0 };

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct dice dice = { seed };
		sample_history(&dice, &history);
		size_t size = history_text_write(&history, text);
		assert_int_equal(size, strlen(text));
		if (history_text_read(text, size, &back, &p) < 0)
			fail_msg("seed %" PRIu64 ": %s", seed, p.text);
		const char *what = history_difference(&history, &back);
		if (what != NULL)
			fail_msg("seed %" PRIu64 ": %s differs", seed, what);
	}
}

/* Every byte needs an escape, every number is as long as can be. */
static void fill_facts(struct facts *facts)
{
	size_t share = LIMIT_FACTS_TEXT / LIMIT_FACTS;

	facts_init(facts);
	facts->reported_s = INT64_MIN + 1;
	memset(facts->text, '\t', sizeof facts->text);
	for (facts->count = 0; facts->count < LIMIT_FACTS; facts->count++) {
		struct fact *fact = &facts->fact[facts->count];
		size_t at = facts->count * share;
		*fact = (struct fact){ .name_at = (uint16_t)at,
				       .value_at = (uint16_t)(at + 4),
				       .observed_s = INT64_MIN,
				       .since_s = INT64_MIN };
		facts->text[at + 3] = '\0';
		facts->text[at + share - 1] = '\0';
		facts->used = (uint16_t)(at + share);
	}
}

static void fill_text(char *text, size_t size)
{
	memset(text, '\n', size - 1);
	text[size - 1] = '\0';
}

static void fill_key(struct release_key *key)
{
	fill_text(key->product, sizeof key->product);
	key->kb = key->build.base = key->build.revision = UINT32_MAX;
}

static void fill_history(struct history *history)
{
	history_init(history);
	history->paused_until_s = INT64_MIN;
	history->request = (struct request){ .kind = REQUEST_UNINSTALL,
					     .state = RECOVERY_REMOVE_RESTART,
					     .wait = true,
					     .removed_published_s = INT64_MIN,
					     .at_s = INT64_MIN,
					     .failures = UINT32_MAX };
	fill_key(&history->request.key);
	fill_text(history->request.reason, sizeof history->request.reason);
	history->mark_count = HISTORY_MARKS;
	for (int i = 0; i < HISTORY_MARKS; i++) {
		history->marks[i] = (struct mark){ .first_offered_s = INT64_MIN,
						   .last_s = INT64_MIN,
						   .failures = UINT32_MAX,
						   .last_failed_s = INT64_MIN,
						   .unshown = UINT32_MAX,
						   .not_applicable = true,
						   .unverifiable = true,
						   .block = BLOCK_UNINSTALLED,
						   .blocked_s = INT64_MIN };
		fill_key(&history->marks[i].key);
	}
	history->sighting_count = HISTORY_SIGHTINGS;
	for (int i = 0; i < HISTORY_SIGHTINGS; i++)
		history->sightings[i] = (struct sighting){ UINT32_MAX, INT64_MIN };
}

TEST(the_longest_that_the_limits_allow_fits)
{
	static char facts_text[FACTS_TEXT_MAX], history_text[HISTORY_TEXT_MAX];
	static struct facts facts, facts_back;
	static struct history history, history_back;
	struct problem p = { 0 };

	fill_facts(&facts);
	size_t size = facts_text_write(&facts, facts_text); /* asserts that it fits */
	assert_int_equal(facts_text_read(facts_text, size, &facts_back, &p), 0);
	assert_null(facts_difference(&facts, &facts_back));

	fill_history(&history);
	size = history_text_write(&history, history_text);
	assert_int_equal(history_text_read(history_text, size, &history_back, &p), 0);
	assert_null(history_difference(&history, &history_back));
}

TEST(damaged_facts_are_refused_in_words_and_leave_none)
{
	static const struct {
		const char *what, *text;
	} rows[] = {
		{ "nothing at all", "" },
		{ "no end of the first line", "170" },
		{ "a first line that is no time", "soon\n" },
		{ "a source nobody knows", "\nguessed\t1\t1\tvbs\toff\n" },
		{ "a time that is no number", "\nreported\tx\t1\tvbs\toff\n" },
		{ "a field too many", "\nreported\t1\t1\tvbs\toff\tmore\n" },
		{ "two times on the first line", "1\t2\n" },
		{ "an escape nobody knows", "\nreported\t1\t1\tvbs\to\\x\n" },
		{ "an escape that ends early", "\nreported\t1\t1\tvbs\to\\\n" },
		{ "a last line cut short", "\nreported\t1\t1\tvbs\toff" },
	};
	static struct facts facts;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		facts.count = 1;
		if (facts_text_read(rows[i].text, strlen(rows[i].text), &facts, &p) == 0)
			fail_msg("%s: taken", rows[i].what);
		assert_int_equal(p.kind, PROBLEM_EXTERNAL);
		assert_non_null(strstr(p.text, "damaged"));
		assert_int_equal(facts.count, 0);
	}
}

TEST(a_damaged_history_is_refused_in_words_and_leaves_none)
{
	static const struct {
		const char *what, *text;
	} rows[] = {
		{ "a word nobody knows", "future\t1\n" },
		{ "an empty line", "\n" },
		{ "a pause without end", "paused\n" },
		{ "a sighting of a KB below zero", "seen\t-1\t5\n" },
		{ "a sighting of a KB too big", "seen\t4294967296\t5\n" },
		{ "a mark cut short", "mark\tw11\t1\t2\t3\n" },
		{ "a block nobody knows",
		  "mark\tw11\t1\t2\t3\t0\t0\t0\t0\t0\t0\t0\tby-magic\t0\n" },
		{ "a request nobody knows",
		  "request\tdance\tnone\t0\tw\t1\t2\t3\t0\t0\t0\t\n" },
		{ "a field too many", "seen\t1\t5\t6\n" },
	};
	static struct history history;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		if (history_text_read(rows[i].text, strlen(rows[i].text), &history, &p) ==
		    0)
			fail_msg("%s: taken", rows[i].what);
		assert_int_equal(p.kind, PROBLEM_EXTERNAL);
		assert_int_equal(history.mark_count, 0);
		assert_int_equal(history.sighting_count, 0);
	}
}

/* Up to a random place and with a random byte of it changed; of the exact size on the
 * heap, so that a sanitizer sees one byte over. */
static char *damaged_copy(struct dice *dice, const char *text, size_t *size)
{
	*size = dice_below(dice, (uint32_t)*size + 1);
	unsigned char *copy = malloc(*size == 0 ? 1 : *size);

	assert_non_null(copy);
	memcpy(copy, text, *size);
	if (*size > 0)
		copy[dice_below(dice, (uint32_t)*size)] ^=
			(unsigned char)dice_below(dice, 256);
	return (char *)copy;
}

TEST(text_that_was_cut_or_changed_anywhere_is_read_or_refused_but_never_past_its_end)
{
	static char text[FACTS_TEXT_MAX], history_text[HISTORY_TEXT_MAX];
	static struct facts facts;
	static struct history history;

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct dice dice = { seed };
		struct problem p = { 0 };

		sample_facts(&dice, &facts);
		size_t size = facts_text_write(&facts, text);
		char *copy = damaged_copy(&dice, text, &size);
		(void)facts_text_read(copy, size, &facts, &p);
		assert_true(facts.count <= LIMIT_FACTS);
		assert_true(facts.used <= LIMIT_FACTS_TEXT);
		free(copy);

		sample_history(&dice, &history);
		size = history_text_write(&history, history_text);
		copy = damaged_copy(&dice, history_text, &size);
		(void)history_text_read(copy, size, &history, &p);
		assert_true(history.mark_count <= HISTORY_MARKS);
		assert_true(history.sighting_count <= HISTORY_SIGHTINGS);
		free(copy);
	}
}

TEST(more_facts_or_marks_than_there_may_be_are_refused)
{
	static char text[LIMIT_FACTS_TEXT * 4];
	static struct facts facts;
	static struct history history;
	struct problem p = { 0 };
	size_t used = 0;

	used += (size_t)snprintf(text, sizeof text, "\n");
	for (int i = 0; i <= LIMIT_FACTS; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "reported\t1\t1\tn%d\tv\n", i);
	assert_int_equal(facts_text_read(text, used, &facts, &p), -1);

	used = 0;
	for (int i = 0; i <= HISTORY_SIGHTINGS; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "seen\t%d\t1\n",
					 i);
	assert_int_equal(history_text_read(text, used, &history, &p), -1);

	used = 0;
	for (int i = 0; i <= HISTORY_MARKS; i++)
		used += (size_t)snprintf(
			text + used, sizeof text - used,
			"mark\tw\t%d\t2\t3\t0\t0\t0\t0\t0\t0\t0\tnone\t0\n", i);
	assert_int_equal(history_text_read(text, used, &history, &p), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_survives_whatever_bytes_it_holds),
		cmocka_unit_test(a_number_is_read_only_when_it_is_one_and_fits),
		cmocka_unit_test(
			a_writer_that_runs_out_of_room_says_so_and_stays_within_it),
		cmocka_unit_test(facts_come_back_as_they_were),
		cmocka_unit_test(a_history_comes_back_as_it_was),
		cmocka_unit_test(the_longest_that_the_limits_allow_fits),
		cmocka_unit_test(damaged_facts_are_refused_in_words_and_leave_none),
		cmocka_unit_test(a_damaged_history_is_refused_in_words_and_leaves_none),
		cmocka_unit_test(
			text_that_was_cut_or_changed_anywhere_is_read_or_refused_but_never_past_its_end),
		cmocka_unit_test(more_facts_or_marks_than_there_may_be_are_refused),
	};
	return cmocka_run_group_tests_name("store text", tests, NULL, NULL);
}
