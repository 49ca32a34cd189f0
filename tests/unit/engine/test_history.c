#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/history.h"
#include "engine/instant.h"
#include "engine/problem.h"

static struct history history;
static struct facts facts;
static struct problem p;

static int empty(void **state)
{
	(void)state;
	history_init(&history);
	facts_init(&facts);
	memset(&p, 0, sizeof p);
	return 0;
}

static struct release_key key_of(uint32_t kb)
{
	return (struct release_key){ .product = "windows-11-24h2",
				     .kb = kb,
				     .build = { 26100, kb } };
}

static struct mark *open_mark(uint32_t kb, int64_t now_s)
{
	struct release_key key = key_of(kb);
	return history_mark_open(&history, &key, now_s);
}

static const struct mark *find_mark(uint32_t kb)
{
	struct release_key key = key_of(kb);
	return history_mark(&history, &key);
}

static int block(uint32_t kb, bool on, int64_t now_s)
{
	struct release_key key = key_of(kb);
	return history_block(&history, &key, on, now_s, &p);
}

TEST(a_mark_is_made_once_and_found_again)
{
	assert_null(find_mark(1));
	struct mark *mark = open_mark(1, 100);
	assert_int_equal(mark->last_s, 100);
	assert_int_equal(mark->failures, 0);
	mark->failures = 2;
	assert_ptr_equal(open_mark(1, 200), mark);
	assert_int_equal(mark->last_s, 200);
	assert_int_equal(mark->failures, 2);
	assert_ptr_equal(find_mark(1), mark);
	assert_int_equal(history.mark_count, 1);

	/* Product, KB and build all tell. */
	struct release_key other = key_of(1);
	other.build.revision = 9;
	assert_null(history_mark(&history, &other));
}

TEST(the_oldest_mark_makes_room)
{
	for (uint32_t kb = 1; kb <= HISTORY_MARKS; kb++)
		open_mark(kb, 1000 + kb);
	open_mark(1, 9000); /* the first is now the youngest, 2 the oldest */
	struct mark *mark = open_mark(100, 9001);
	assert_int_equal(mark->failures, 0);
	assert_int_equal(history.mark_count, HISTORY_MARKS);
	assert_null(find_mark(2));
	assert_non_null(find_mark(1));
	assert_non_null(find_mark(3));
	assert_non_null(find_mark(100));
}

TEST(a_block_is_never_evicted_while_another_mark_can_go)
{
	for (uint32_t kb = 1; kb <= HISTORY_MARKS; kb++) {
		struct mark *mark = open_mark(kb, kb);
		if (kb <= 20)
			assert_int_equal(block(kb, true, kb), 0);
		else if (kb < HISTORY_MARKS)
			mark->block = BLOCK_UNINSTALLED;
	}
	/* One mark carries no block, and it is the youngest: it goes, every time. */
	for (uint32_t kb = 100; kb < 300; kb++) {
		open_mark(kb, kb);
		assert_null(find_mark(kb == 100 ? HISTORY_MARKS : kb - 1));
	}
	for (uint32_t kb = 1; kb < HISTORY_MARKS; kb++) {
		const struct mark *mark = find_mark(kb);
		assert_non_null(mark);
		assert_int_equal(mark->block,
				 kb <= 20 ? BLOCK_OPERATOR : BLOCK_UNINSTALLED);
	}
}

TEST(when_all_are_blocked_the_oldest_uninstall_goes)
{
	for (uint32_t kb = 1; kb <= HISTORY_MARKS; kb++) {
		struct mark *mark = open_mark(kb, kb);
		mark->block = kb <= HISTORY_BLOCKS ? BLOCK_OPERATOR : BLOCK_UNINSTALLED;
	}
	open_mark(100, 1000);
	assert_null(find_mark(HISTORY_BLOCKS + 1));
	for (uint32_t kb = 1; kb <= HISTORY_BLOCKS; kb++)
		assert_non_null(find_mark(kb));
	assert_non_null(find_mark(HISTORY_BLOCKS + 2));
}

TEST(an_operator_blocks_and_unblocks_within_a_limit)
{
	assert_int_equal(block(1, false, 1), 0); /* nothing to do */
	assert_int_equal(history.mark_count, 0);
	for (uint32_t kb = 1; kb <= HISTORY_BLOCKS; kb++)
		assert_int_equal(block(kb, true, kb), 0);
	assert_int_equal(find_mark(7)->blocked_s, 7);
	assert_int_equal(block(7, true, 70), 0); /* again: no new one */
	assert_int_equal(block(1000, true, 71), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	assert_string_equal(p.text, "32 releases are blocked for this device already: "
				    "unblock one, or use a hold");
	assert_null(find_mark(1000));
	assert_int_equal(block(7, false, 72), 0);
	assert_int_equal(find_mark(7)->block, BLOCK_NONE);
	assert_int_equal(find_mark(7)->blocked_s, 0);
	assert_int_equal(block(1000, true, 73), 0);

	/* What a removal blocked, an operator may block or free. */
	open_mark(2000, 80)->block = BLOCK_UNINSTALLED;
	assert_int_equal(block(2000, true, 81), -1);
	assert_int_equal(find_mark(2000)->block, BLOCK_UNINSTALLED);
	assert_int_equal(block(2000, false, 82), 0);
	assert_int_equal(find_mark(2000)->block, BLOCK_NONE);
}

static void show(const char *kbs, int64_t now_s)
{
	if (kbs == NULL)
		facts_remove(&facts, "os.kbs");
	else if (facts_set(&facts, "os.kbs", kbs, now_s, FACT_REPORTED, NULL, &p) < 0)
		fail_msg("%s", p.text);
	history_saw(&history, &facts, now_s);
}

TEST(a_kb_counts_from_when_it_was_first_shown)
{
	static const struct {
		const char *kbs;
		int64_t now_s, first, second, third; /* -1 for never */
	} steps[] = {
		{ "", 10, -1, -1, -1 },
		{ "KB1", 20, 20, -1, -1 },
		{ "KB1, KB2", 30, 20, 30, -1 },
		{ "kb2 1", 40, 20, 30, -1 },
		{ "KB2", 50, 20, 30, -1 }, /* gone from the list, not forgotten */
		{ "KB1 KB2 KB3", 60, 20, 30, 60 },
		{ "KB3 KB3 KB3", 70, 20, 30, 60 },
		{ NULL, 80, 20, 30, 60 },
		{ "nothing known", 100, 20, 30, 60 },
	};
	assert_int_equal(history_shown_since(&history, 1), INSTANT_NONE);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		const int64_t expected[] = { steps[i].first, steps[i].second,
					     steps[i].third };
		show(steps[i].kbs, steps[i].now_s);
		for (uint32_t kb = 1; kb <= 3; kb++) {
			int64_t since_s = history_shown_since(&history, kb);
			if (since_s == INSTANT_NONE)
				since_s = -1;
			if (since_s != expected[kb - 1])
				fail_msg("step %zu: KB%u since %lld", i, kb,
					 (long long)since_s);
		}
	}
	assert_int_equal(history.sighting_count, 3);
}

TEST(of_more_kbs_than_there_is_room_for_the_newest_stay)
{
	char kbs[LIMIT_FACT_VALUE + 1];
	size_t used = 0;

	/* 100 KBs in a scattered order: 100, 63, 26, 89, ... */
	for (unsigned i = 0; i < 100; i++)
		used += (size_t)snprintf(kbs + used, sizeof kbs - used, "KB%u ",
					 1 + (99 + i * 63) % 100);
	show(kbs, 10);
	show(kbs, 20);
	show(kbs, 30);
	assert_int_equal(history.sighting_count, HISTORY_SIGHTINGS);
	for (uint32_t kb = 1; kb <= 100; kb++)
		assert_int_equal(history_shown_since(&history, kb),
				 kb > 100 - HISTORY_SIGHTINGS ? 10 : INSTANT_NONE);
	/* A newer one comes, and only the lowest number falls out. */
	snprintf(kbs + used, sizeof kbs - used, "KB101");
	show(kbs, 40);
	assert_int_equal(history_shown_since(&history, 101), 40);
	assert_int_equal(history_shown_since(&history, 101 - HISTORY_SIGHTINGS),
			 INSTANT_NONE);
	assert_int_equal(history_shown_since(&history, 102 - HISTORY_SIGHTINGS), 10);
}

TEST(a_list_past_its_limit_is_read_up_to_it)
{
	char kbs[LIMIT_FACT_VALUE + 1] = "";
	size_t used = 0;

	for (unsigned i = 0; i < LIMIT_DEVICE_KBS; i++)
		used += (size_t)snprintf(kbs + used, sizeof kbs - used, "KB1 ");
	snprintf(kbs + used, sizeof kbs - used, "KB2");
	show(kbs, 10);
	assert_int_equal(history_shown_since(&history, 1), 10);
	assert_int_equal(history_shown_since(&history, 2), INSTANT_NONE);
}

TEST(states_of_a_recovery_have_stable_names)
{
	static const char *const names[] = { "none",      "requested",
					     "removing",  "restart-pending",
					     "removed",   "lcu-offered",
					     "recovered", "stuck" };
	assert_int_equal(COUNT_OF(names), RECOVERY_STATES);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(recovery_state_names[i], names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_mark_is_made_once_and_found_again, empty),
		cmocka_unit_test_setup(the_oldest_mark_makes_room, empty),
		cmocka_unit_test_setup(a_block_is_never_evicted_while_another_mark_can_go,
				       empty),
		cmocka_unit_test_setup(when_all_are_blocked_the_oldest_uninstall_goes,
				       empty),
		cmocka_unit_test_setup(an_operator_blocks_and_unblocks_within_a_limit,
				       empty),
		cmocka_unit_test_setup(a_kb_counts_from_when_it_was_first_shown, empty),
		cmocka_unit_test_setup(of_more_kbs_than_there_is_room_for_the_newest_stay,
				       empty),
		cmocka_unit_test_setup(a_list_past_its_limit_is_read_up_to_it, empty),
		cmocka_unit_test_setup(states_of_a_recovery_have_stable_names, empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
