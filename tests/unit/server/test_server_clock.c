#include "protocol/server/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/backend.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "tests/lib/case.h"

enum { JANUARY = 1735689600, FEBRUARY = 1738368000 };

/* A store that remembers one setting. */
static char kept[INSTANT_TEXT];

static int read_setting(struct session *session, const char *name, char *value,
			size_t size, struct problem *p)
{
	(void)session;
	(void)p;
	assert_string_equal(name, "clock");
	if (kept[0] == '\0')
		return 0;
	snprintf(value, size, "%s", kept);
	return 1;
}

static int put_setting(struct session *session, const char *name, const char *value,
		       struct problem *p)
{
	(void)session;
	(void)p;
	assert_string_equal(name, "clock");
	snprintf(kept, sizeof kept, "%s", value);
	return 0;
}

static const struct backend_ops ops = { .setting_read = read_setting,
					.setting_put = put_setting };
static const struct backend backend = { &ops };

static int forget(void **state)
{
	(void)state;
	kept[0] = '\0';
	return 0;
}

TEST(a_virtual_clock_starts_where_it_stood_or_where_it_is_told)
{
	static const struct {
		const char *what;
		int64_t from_s, remembered_s, now_s;
	} rows[] = {
		{ "told", JANUARY, INSTANT_NONE, JANUARY },
		{ "remembered", INSTANT_NONE, FEBRUARY, FEBRUARY },
		{ "remembered is later", JANUARY, FEBRUARY, FEBRUARY },
		{ "told is later", FEBRUARY, JANUARY, FEBRUARY },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct clock clock;
		struct problem p;
		int rc = clock_init(&clock, true, rows[i].from_s, rows[i].remembered_s,
				    &p);
		if (rc != 0 || clock_now(&clock) != rows[i].now_s)
			fail_msg("%s: %lld", rows[i].what, (long long)clock_now(&clock));
	}
}

TEST(a_virtual_clock_without_a_start_begins_at_the_real_time_and_stands_still)
{
	struct clock clock;
	struct problem p;
	int64_t before_s = (int64_t)time(NULL);

	assert_int_equal(clock_init(&clock, true, INSTANT_NONE, INSTANT_NONE, &p), 0);
	assert_true(clock_now(&clock) >= before_s);
	assert_true(clock_now(&clock) <= (int64_t)time(NULL));
	clock.now_s = JANUARY;
	assert_int_equal(clock_now(&clock), JANUARY);
}

TEST(a_real_clock_before_a_virtual_one_is_refused)
{
	struct clock clock;
	struct problem p;

	assert_int_equal(
		clock_init(&clock, false, INSTANT_NONE, (int64_t)time(NULL) + DAY_S, &p),
		-1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	assert_non_null(strstr(p.text, "--clock virtual"));
	assert_int_equal(clock_init(&clock, false, JANUARY, FEBRUARY, &p), 0);
	assert_true(clock_now(&clock) > FEBRUARY);
}

TEST(a_virtual_clock_moves_forwards_only_and_is_remembered)
{
	struct clock clock;
	struct problem p;
	int64_t at_s;

	assert_int_equal(clock_init(&clock, true, JANUARY, INSTANT_NONE, &p), 0);
	assert_int_equal(clock_keep(&clock, &backend, NULL, FEBRUARY, &p), 0);
	assert_int_equal(clock_now(&clock), JANUARY); /* not before the commit */
	clock_move(&clock, FEBRUARY);
	assert_int_equal(clock_now(&clock), FEBRUARY);
	assert_int_equal(clock_keep(&clock, &backend, NULL, FEBRUARY, &p), 0);
	assert_int_equal(clock_keep(&clock, &backend, NULL, JANUARY, &p), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	assert_string_equal(p.text, "the clock stands at 2025-02-01T00:00:00Z and never "
				    "goes back, to 2025-01-01T00:00:00Z");
	assert_int_equal(clock_recall(&backend, NULL, &at_s, &p), 0);
	assert_int_equal(at_s, FEBRUARY);
}

TEST(a_move_that_another_one_of_its_group_overtook_is_refused)
{
	struct clock clock;
	struct problem p;

	assert_int_equal(clock_init(&clock, true, JANUARY, INSTANT_NONE, &p), 0);
	assert_int_equal(clock_keep(&clock, &backend, NULL, FEBRUARY, &p), 0);
	assert_int_equal(clock_keep(&clock, &backend, NULL, FEBRUARY - DAY_S, &p), -1);
}

TEST(the_real_clock_cannot_be_moved)
{
	struct clock clock;
	struct problem p;

	assert_int_equal(clock_init(&clock, false, INSTANT_NONE, INSTANT_NONE, &p), 0);
	assert_int_equal(
		clock_keep(&clock, &backend, NULL, clock_now(&clock) + DAY_S, &p), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	assert_string_equal(kept, "");
}

TEST(a_remembered_clock_that_is_no_time_is_told)
{
	struct problem p;
	int64_t at_s;

	snprintf(kept, sizeof kept, "%s", "noon");
	assert_int_equal(clock_recall(&backend, NULL, &at_s, &p), -1);
	assert_int_equal(p.kind, PROBLEM_EXTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_virtual_clock_starts_where_it_stood_or_where_it_is_told),
		cmocka_unit_test(
			a_virtual_clock_without_a_start_begins_at_the_real_time_and_stands_still),
		cmocka_unit_test(a_real_clock_before_a_virtual_one_is_refused),
		cmocka_unit_test_setup(
			a_virtual_clock_moves_forwards_only_and_is_remembered, forget),
		cmocka_unit_test_setup(
			a_move_that_another_one_of_its_group_overtook_is_refused, forget),
		cmocka_unit_test_setup(the_real_clock_cannot_be_moved, forget),
		cmocka_unit_test_setup(a_remembered_clock_that_is_no_time_is_told,
				       forget),
	};
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
