/* What is answered is on the disk; a disk that fails fails units, never lies. */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/case.h"
#include "tests/unit/store/faulty_disk.h"
#include "tests/unit/store/fixture.h"

enum { UNITS = 2000, WIDE_BYTES = 24 * 1024 * 1024 /* more than the page cache */ };

struct unit {
	struct work work;
	const struct backend_ops *ops;
	size_t wide_bytes; /* of a document it puts first; 0 none */
	int number;
	bool answered, early; /* answered before the log was synced */
	struct problem problem;
	struct door *last;
	struct door *entered; /* opened when the writer runs it */
};

static int put_wide(struct unit *unit, struct session *session, struct problem *p)
{
	struct document document = { .kind = "plan", .name = "wide" };
	char *text = malloc(unit->wide_bytes);

	if (text == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
	memset(text, 'w', unit->wide_bytes);
	document.text = text;
	document.size = unit->wide_bytes;
	int rc = unit->ops->document_put(session, &document, p);
	free(text);
	return rc;
}

static int run_unit(struct work *work, struct session *session, struct problem *p)
{
	struct unit *unit = (struct unit *)work;
	char name[32];

	snprintf(name, sizeof name, "unit-%d", unit->number);
	if (unit->wide_bytes > 0 && put_wide(unit, session, p) < 0)
		return -1;
	return unit->ops->setting_put(session, name, "put", p);
}

static void end_unit(struct work *work, const struct problem *p)
{
	struct unit *unit = (struct unit *)work;

	unit->answered = true;
	unit->early = p == NULL && !faulty_disk_log_is_synced();
	if (p != NULL)
		unit->problem = *p;
	if (unit->last != NULL)
		door_open(unit->last);
}

static int run_gate(struct work *work, struct session *session, struct problem *p)
{
	(void)session;
	(void)p;
	door_open(((struct unit *)work)->entered);
	door_await(((struct unit *)work)->last);
	return 0;
}

static void end_gate(struct work *work, const struct problem *p)
{
	(void)work;
	(void)p;
}

/* The units of one call are one group, as far as a group goes: the writer is held in a
 * group of its own until all of them wait.  They are handed over only once it is there,
 * or it might take some of them along. */
static void play(struct fixture *fixture, struct unit *units, int count)
{
	struct door entered, open, done;
	struct unit gate = { .work = { .run = run_gate, .done = end_gate },
			     .last = &open,
			     .entered = &entered };

	door_init(&entered);
	door_init(&open);
	door_init(&done);
	fixture->ops->submit(fixture->backend, &gate.work);
	if (!door_await(&entered))
		abort();
	for (int i = 0; i < count; i++) {
		units[i].work = (struct work){ .run = run_unit, .done = end_unit };
		units[i].ops = fixture->ops;
		units[i].number = i;
		units[i].last = i == count - 1 ? &done : NULL;
		fixture->ops->submit(fixture->backend, &units[i].work);
	}
	door_open(&open);
	if (!door_await(&done))
		abort(); /* the writer holds what is on this stack */
}

static bool is_kept(struct fixture *fixture, int number)
{
	struct problem p = { 0 };
	char name[32], value[8];

	snprintf(name, sizeof name, "unit-%d", number);
	int rc = fixture->ops->setting_read(fixture->reader, name, value, sizeof value,
					    &p);
	if (rc < 0)
		fail_msg("reading goes on: %s", p.text);
	return rc == 1;
}

TEST(a_unit_is_answered_when_the_log_is_synced_and_many_share_one_sync)
{
	struct fixture fixture;
	struct unit *units = calloc(UNITS, sizeof *units);

	assert_non_null(units);
	fixture_init(&fixture);
	fixture_open(&fixture);
	unsigned before = faulty_disk_syncs();
	play(&fixture, units, UNITS);
	unsigned syncs = faulty_disk_syncs() - before;
	for (int i = 0; i < UNITS; i++) {
		assert_true(units[i].answered);
		if (units[i].early)
			fail_msg("unit %d was answered before it was on the disk", i);
	}
	assert_true(syncs >= 1);
	assert_true(syncs <= UNITS / 50);
	fixture_fini(&fixture);
	free(units);
}

/* The failure meets the commit, for small units stay in memory until then. */
TEST(a_disk_that_fails_at_the_commit_fails_the_whole_group_and_the_next_goes_well)
{
	static const struct {
		const char *what;
		enum disk_fault fault;
		enum problem_kind kind;
		const char *words;
	} rows[] = {
		{ "no space", DISK_FULL, PROBLEM_BUSY, "free some space" },
		{ "a write error", DISK_WRITE_FAILS, PROBLEM_EXTERNAL, "check the disk" },
		{ "a sync error", DISK_SYNC_FAILS, PROBLEM_EXTERNAL, "check the disk" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;
		struct unit units[5] = { 0 }, again[5] = { 0 };

		fixture_init(&fixture);
		fixture_open(&fixture);
		faulty_disk_set(rows[i].fault, 1);
		play(&fixture, units, COUNT_OF(units));
		faulty_disk_set(DISK_WELL, 0);
		for (int j = 0; j < 5; j++) {
			const struct problem *p = &units[j].problem;
			if (p->kind != rows[i].kind || !strstr(p->text, rows[i].words))
				fail_msg("%s: unit %d heard '%s'", rows[i].what, j,
					 p->text);
			assert_false(is_kept(&fixture, j));
		}
		play(&fixture, again, COUNT_OF(again));
		for (int j = 0; j < 5; j++) {
			assert_int_equal(again[j].problem.kind, PROBLEM_NONE);
			assert_true(is_kept(&fixture, j));
		}
		fixture_fini(&fixture);
	}
}

/* The database gives the transaction up in the middle of a unit that is too big for
 * memory: whoever ran before it in the group is lost with it, and hears so; whoever
 * comes after runs in a transaction of its own. */
TEST(a_transaction_lost_in_the_middle_fails_those_that_ran_and_no_others)
{
	struct fixture fixture;
	struct unit units[5] = { [2] = { .wide_bytes = WIDE_BYTES } };

	fixture_init(&fixture);
	fixture_open(&fixture);
	faulty_disk_set(DISK_WRITE_FAILS, 1);
	play(&fixture, units, COUNT_OF(units));
	faulty_disk_set(DISK_WELL, 0);
	for (int i = 0; i < 5; i++) {
		if ((units[i].problem.kind == PROBLEM_NONE) != (i > 2))
			fail_msg("unit %d heard '%s'", i, units[i].problem.text);
		assert_int_equal(is_kept(&fixture, i), i > 2);
	}
	assert_int_equal(fixture_number(&fixture, "SELECT count(*) FROM document"), 0);
	fixture_fini(&fixture);
}

TEST(while_the_disk_stays_full_writes_are_refused_and_reads_go_on)
{
	struct fixture fixture;
	struct unit first[1] = { 0 }, refused[3] = { 0 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	play(&fixture, first, 1);
	faulty_disk_set(DISK_FULL, -1);
	for (int round = 0; round < 3; round++) {
		play(&fixture, refused, COUNT_OF(refused));
		for (int i = 0; i < 3; i++)
			assert_int_equal(refused[i].problem.kind, PROBLEM_BUSY);
		assert_true(is_kept(&fixture, 0));
		assert_false(is_kept(&fixture, 1));
	}
	faulty_disk_set(DISK_WELL, 0);
	memset(refused, 0, sizeof refused);
	play(&fixture, refused, COUNT_OF(refused));
	assert_int_equal(refused[1].problem.kind, PROBLEM_NONE);
	assert_true(is_kept(&fixture, 1));
	fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_unit_is_answered_when_the_log_is_synced_and_many_share_one_sync),
		cmocka_unit_test(
			a_disk_that_fails_at_the_commit_fails_the_whole_group_and_the_next_goes_well),
		cmocka_unit_test(
			a_transaction_lost_in_the_middle_fails_those_that_ran_and_no_others),
		cmocka_unit_test(
			while_the_disk_stays_full_writes_are_refused_and_reads_go_on),
	};
	faulty_disk_install();
	return cmocka_run_group_tests_name("store disk", tests, NULL, NULL);
}
