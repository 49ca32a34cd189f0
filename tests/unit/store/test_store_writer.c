/* The group writer: who shares a commit, who hears what, and when. */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/group_writer.h"
#include "store/session.h"
#include "store/store.h"
#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"

enum { UNITS = 40 };

/* What one unit does, and what became of it.  The writer's thread only records. */
enum deed { DEED_PUT, DEED_FAIL, DEED_FAIL_SILENTLY, DEED_MEND, DEED_SPOIL_COMMIT };

struct unit {
	struct work work;
	struct stage *stage;
	enum deed deed;
	int number;
	bool ran, answered, seen_in_done;
	int run_turn, done_turn;
	struct problem problem;
};

/* Units of one test.  The first waits in its run() until the door opens, so that those
 * behind it become one group. */
struct stage {
	struct fixture fixture;
	struct unit units[UNITS];
	int count;
	struct unit gate;
	struct door started, open, all_done;
	int runs, dones, expected;
	struct session *witness; /* another connection, used by the writer's thread */
};

static void name_of(const struct unit *unit, char name[static 32])
{
	snprintf(name, 32, "unit-%d", unit->number);
}

static int refuse_commit(void *owner)
{
	(void)owner;
	return 1;
}

static int run_unit(struct work *work, struct session *session, struct problem *p)
{
	struct unit *unit = (struct unit *)work;
	const struct backend_ops *ops = unit->stage->fixture.ops;
	char name[32];

	unit->ran = true;
	unit->run_turn = unit->stage->runs++;
	name_of(unit, name);
	if (ops->setting_put(session, name, "put", p) < 0)
		return -1;
	switch (unit->deed) {
	case DEED_PUT:
		return 0;
	case DEED_FAIL:
		return problem_set(p, PROBLEM_CONFLICT, "unit %d thinks better of it",
				   unit->number);
	case DEED_FAIL_SILENTLY:
		return -1;
	case DEED_MEND:
		problem_set(p, PROBLEM_BUSY, "met and mended");
		return 0;
	case DEED_SPOIL_COMMIT:
		sqlite3_commit_hook(session->db, refuse_commit, NULL);
		return 0;
	}
	return 0;
}

static void end_unit(struct work *work, const struct problem *p)
{
	struct unit *unit = (struct unit *)work;
	struct stage *stage = unit->stage;
	struct problem ignored;
	char name[32], value[8];

	unit->answered = true;
	unit->done_turn = stage->dones++;
	if (p != NULL)
		unit->problem = *p;
	name_of(unit, name);
	unit->seen_in_done =
		stage->fixture.ops->setting_read(stage->witness, name, value,
						 sizeof value, &ignored) == 1;
	if (stage->dones == stage->expected)
		door_open(&stage->all_done);
}

static int run_gate(struct work *work, struct session *session, struct problem *p)
{
	struct stage *stage = ((struct unit *)work)->stage;

	(void)session;
	(void)p;
	door_open(&stage->started);
	door_await(&stage->open);
	return 0;
}

static void end_gate(struct work *work, const struct problem *p)
{
	(void)work;
	(void)p;
}

static struct stage *stage_new(void)
{
	struct problem p = { 0 };
	struct stage *stage = calloc(1, sizeof *stage);

	assert_non_null(stage);
	fixture_init(&stage->fixture);
	fixture_open(&stage->fixture);
	stage->witness = stage->fixture.ops->open(stage->fixture.backend, &p);
	assert_non_null(stage->witness);
	door_init(&stage->started);
	door_init(&stage->open);
	door_init(&stage->all_done);
	stage->gate = (struct unit){ .work = { .run = run_gate, .done = end_gate },
				     .stage = stage };
	return stage;
}

/* The writer is in the gate's run() when this returns: it takes no other unit. */
static void stage_shut(struct stage *stage)
{
	stage->fixture.ops->submit(stage->fixture.backend, &stage->gate.work);
	assert_true(door_await(&stage->started));
}

static void stage_submit(struct stage *stage, enum deed deed)
{
	assert_true(stage->count < UNITS);
	struct unit *unit = &stage->units[stage->count];

	*unit = (struct unit){ .work = { .run = run_unit, .done = end_unit },
			       .stage = stage,
			       .deed = deed,
			       .number = stage->count };
	stage->count++;
	stage->fixture.ops->submit(stage->fixture.backend, &unit->work);
}

static void stage_play(struct stage *stage)
{
	stage->expected = stage->count;
	door_open(&stage->open);
	assert_true(door_await(&stage->all_done));
}

static void stage_free(struct stage *stage)
{
	fixture_close(&stage->fixture);
	stage->fixture.ops->close(stage->witness);
	fixture_fini(&stage->fixture);
	free(stage);
}

static bool is_kept(struct stage *stage, int number)
{
	struct problem p = { 0 };
	char name[32], value[8];

	name_of(&stage->units[number], name);
	return stage->fixture.ops->setting_read(stage->fixture.reader, name, value,
						sizeof value, &p) == 1;
}

TEST(a_unit_that_fails_leaves_no_trace_and_disturbs_no_other_of_its_group)
{
	static const struct {
		enum deed deed;
		enum problem_kind kind;
		const char *words;
	} rows[] = {
		{ DEED_PUT, PROBLEM_NONE, "" },
		{ DEED_FAIL, PROBLEM_CONFLICT, "unit 1 thinks better of it" },
		{ DEED_PUT, PROBLEM_NONE, "" },
		{ DEED_FAIL_SILENTLY, PROBLEM_EXTERNAL,
		  "the change failed and did not say why" },
		{ DEED_MEND, PROBLEM_NONE, "" },
		{ DEED_FAIL, PROBLEM_CONFLICT, "unit 5 thinks better of it" },
		{ DEED_PUT, PROBLEM_NONE, "" },
	};
	struct stage *stage = stage_new();

	stage_shut(stage);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		stage_submit(stage, rows[i].deed);
	stage_play(stage);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct unit *unit = &stage->units[i];
		if (!unit->ran || unit->problem.kind != rows[i].kind ||
		    strcmp(unit->problem.text, rows[i].words) != 0)
			fail_msg("unit %zu heard '%s'", i, unit->problem.text);
		if (is_kept(stage, (int)i) != (rows[i].kind == PROBLEM_NONE))
			fail_msg("unit %zu: kept is wrong", i);
	}
	stage_free(stage);
}

TEST(done_comes_after_the_commit_as_another_connection_sees_it)
{
	struct stage *stage = stage_new();

	stage_shut(stage);
	for (int i = 0; i < UNITS; i++)
		stage_submit(stage, i % 5 == 3 ? DEED_FAIL : DEED_PUT);
	stage_play(stage);
	for (int i = 0; i < UNITS; i++) {
		if (stage->units[i].seen_in_done != (i % 5 != 3))
			fail_msg("unit %d: seen from outside in its done(): %d", i,
				 stage->units[i].seen_in_done);
	}
	stage_free(stage);
}

TEST(units_run_and_are_answered_in_the_order_they_came)
{
	struct stage *stage = stage_new();

	stage_shut(stage);
	for (int i = 0; i < UNITS; i++)
		stage_submit(stage, i % 3 == 1 ? DEED_FAIL : DEED_PUT);
	stage_play(stage);
	for (int i = 0; i < UNITS; i++) {
		assert_int_equal(stage->units[i].run_turn, i);
		assert_int_equal(stage->units[i].done_turn, i);
	}
	stage_free(stage);
}

TEST(a_commit_that_fails_fails_every_unit_that_had_run_in_it)
{
	struct stage *stage = stage_new();

	stage_shut(stage);
	stage_submit(stage, DEED_PUT);
	stage_submit(stage, DEED_FAIL);
	stage_submit(stage, DEED_SPOIL_COMMIT);
	stage_submit(stage, DEED_PUT);
	stage_play(stage);
	for (int i = 0; i < stage->count; i++) {
		const struct unit *unit = &stage->units[i];
		assert_false(is_kept(stage, i));
		assert_false(unit->seen_in_done);
		assert_int_not_equal(unit->problem.kind, PROBLEM_NONE);
		if ((strstr(unit->problem.text, "committing: ") != NULL) == (i == 1))
			fail_msg("unit %d heard '%s'", i, unit->problem.text);
	}
	stage_free(stage);
}

static int mend_commit(const struct backend_ops *ops, struct session *session,
		       void *owner, struct problem *p)
{
	(void)owner;
	sqlite3_commit_hook(session->db, NULL, NULL);
	return ops->setting_put(session, "after", "put", p);
}

TEST(after_a_failed_commit_the_next_goes_well)
{
	struct stage *stage = stage_new();

	stage_shut(stage);
	stage_submit(stage, DEED_SPOIL_COMMIT);
	stage_play(stage);
	assert_int_not_equal(stage->units[0].problem.kind, PROBLEM_NONE);
	fixture_must_write(&stage->fixture, (struct change){ mend_commit, NULL });
	assert_int_equal(fixture_number(&stage->fixture, "SELECT count(*) FROM setting"),
			 1);
	stage_free(stage);
}

/* Closing. */

TEST(closing_answers_what_was_queued_and_keeps_it)
{
	struct stage *stage = stage_new();

	stage_shut(stage);
	for (int i = 0; i < UNITS; i++)
		stage_submit(stage, DEED_PUT);
	door_open(&stage->open);
	fixture_close(&stage->fixture); /* returns when all are answered */
	for (int i = 0; i < UNITS; i++) {
		assert_true(stage->units[i].answered);
		assert_int_equal(stage->units[i].problem.kind, PROBLEM_NONE);
	}
	assert_int_equal(fixture_number(&stage->fixture, "SELECT count(*) FROM setting"),
			 UNITS);
	stage_free(stage);
}

/* A unit that, when it is done, submits the next. */
struct relay {
	struct work work;
	struct backend *backend;
	int left;
	struct problem problem;
	struct door done;
};

static int run_relay(struct work *work, struct session *session, struct problem *p)
{
	struct relay *relay = (struct relay *)work;
	char value[16];

	snprintf(value, sizeof value, "%d", relay->left);
	return relay->backend->ops->setting_put(session, "left", value, p);
}

static void end_relay(struct work *work, const struct problem *p)
{
	struct relay *relay = (struct relay *)work;

	if (p != NULL)
		relay->problem = *p;
	if (p != NULL || --relay->left == 0)
		door_open(&relay->done);
	else
		relay->backend->ops->submit(relay->backend, work);
}

TEST(a_unit_may_be_submitted_again_from_its_own_done)
{
	struct fixture fixture;
	struct relay relay = { .work = { .run = run_relay, .done = end_relay },
			       .left = 50 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	door_init(&relay.done);
	relay.backend = fixture.backend;
	fixture.ops->submit(fixture.backend, &relay.work);
	assert_true(door_await(&relay.done));
	assert_int_equal(relay.problem.kind, PROBLEM_NONE);
	assert_int_equal(relay.left, 0);
	fixture_fini(&fixture);
}

TEST(a_unit_submitted_while_the_store_closes_hears_that_it_is_closing)
{
	struct fixture fixture;
	struct relay relay = { .work = { .run = run_relay, .done = end_relay },
			       .left = 1 << 30 };

	fixture_init(&fixture);
	fixture_open(&fixture);
	door_init(&relay.done);
	relay.backend = fixture.backend;
	fixture.ops->submit(fixture.backend, &relay.work);
	fixture_close(&fixture); /* it goes round until then */
	assert_true(door_await(&relay.done));
	assert_int_equal(relay.problem.kind, PROBLEM_BUSY);
	assert_non_null(strstr(relay.problem.text, "closing"));
	fixture_fini(&fixture);
}

/* A full queue. */

struct crowd {
	struct work work;
	atomic_int *answered, *refused;
};

static int run_crowd(struct work *work, struct session *session, struct problem *p)
{
	(void)work;
	(void)session;
	(void)p;
	return 0;
}

static void end_crowd(struct work *work, const struct problem *p)
{
	struct crowd *one = (struct crowd *)work;

	(*one->answered)++;
	if (p != NULL && p->kind == PROBLEM_BUSY)
		(*one->refused)++;
}

TEST(past_the_longest_queue_units_are_told_to_come_back)
{
	enum { TOO_MANY = 100 };
	struct stage *stage = stage_new();
	struct crowd *crowd = calloc(QUEUE_UNITS_MAX + TOO_MANY, sizeof *crowd);
	atomic_int answered = 0, refused = 0;

	assert_non_null(crowd);
	stage_shut(stage);
	for (int i = 0; i < QUEUE_UNITS_MAX + TOO_MANY; i++) {
		crowd[i] = (struct crowd){ { .run = run_crowd, .done = end_crowd },
					   &answered,
					   &refused };
		stage->fixture.ops->submit(stage->fixture.backend, &crowd[i].work);
	}
	door_open(&stage->open);
	fixture_close(&stage->fixture);
	assert_int_equal(answered, QUEUE_UNITS_MAX + TOO_MANY);
	assert_int_equal(refused, TOO_MANY);
	free(crowd);
	stage_free(stage);
}

/* Many threads. */

enum { THREADS = 4, PER_THREAD = 200 };

struct worker {
	struct fixture *fixture;
	int number;
	bool lost; /* a write was not seen by the reader right after its answer */
};

struct worker_put {
	int thread, turn;
};

static int put_turn(const struct backend_ops *ops, struct session *session, void *owner,
		    struct problem *p)
{
	const struct worker_put *put = owner;
	char name[32], value[16];

	snprintf(name, sizeof name, "thread-%d", put->thread);
	snprintf(value, sizeof value, "%d", put->turn);
	return ops->setting_put(session, name, value, p);
}

static void *work_along(void *owner)
{
	struct worker *worker = owner;
	const struct backend_ops *ops = worker->fixture->ops;
	struct problem p = { 0 };
	struct session *reader = ops->open(worker->fixture->backend, &p);

	for (int turn = 0; turn < PER_THREAD; turn++) {
		struct worker_put put = { worker->number, turn };
		char name[32], value[16] = "";

		snprintf(name, sizeof name, "thread-%d", worker->number);
		if (fixture_write(worker->fixture, (struct change){ put_turn, &put },
				  &p) < 0 ||
		    ops->setting_read(reader, name, value, sizeof value, &p) != 1 ||
		    strtol(value, NULL, 10) != turn)
			worker->lost = true;
	}
	ops->close(reader);
	return NULL;
}

TEST(every_thread_reads_its_own_writes_as_soon_as_they_are_answered)
{
	struct fixture fixture;
	pthread_t threads[THREADS];
	struct worker workers[THREADS];

	fixture_init(&fixture);
	fixture_open(&fixture);
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ &fixture, i, false };
		assert_int_equal(
			pthread_create(&threads[i], NULL, work_along, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_false(workers[i].lost);
	}
	fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_unit_that_fails_leaves_no_trace_and_disturbs_no_other_of_its_group),
		cmocka_unit_test(
			done_comes_after_the_commit_as_another_connection_sees_it),
		cmocka_unit_test(units_run_and_are_answered_in_the_order_they_came),
		cmocka_unit_test(a_commit_that_fails_fails_every_unit_that_had_run_in_it),
		cmocka_unit_test(after_a_failed_commit_the_next_goes_well),
		cmocka_unit_test(closing_answers_what_was_queued_and_keeps_it),
		cmocka_unit_test(a_unit_may_be_submitted_again_from_its_own_done),
		cmocka_unit_test(
			a_unit_submitted_while_the_store_closes_hears_that_it_is_closing),
		cmocka_unit_test(past_the_longest_queue_units_are_told_to_come_back),
		cmocka_unit_test(
			every_thread_reads_its_own_writes_as_soon_as_they_are_answered),
	};
	return cmocka_run_group_tests_name("store writer", tests, NULL, NULL);
}
