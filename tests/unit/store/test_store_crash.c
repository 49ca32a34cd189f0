/* Killed at any moment, the store keeps every unit it answered.
 *
 * A child, this program started anew, writes devices in units of several threads' worth
 * and sends a number through a pipe for each that was answered.  The parent kills it
 * when some numbers have come, reads the rest of the pipe, opens the same database and
 * looks each of them up.  Round after round the log of the last crash is what the next
 * child finds. */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/sample.h"

enum {
	ROUNDS = 20,
	IN_FLIGHT = 64, /* units the child keeps submitted */
	ACKS_MAX = 200000,
	PATIENCE_MS = 30 * 1000,
	T0 = 1700000000,
};

/* The child. */

struct unit {
	struct work work;
	struct backend *backend;
	struct device_record record;
	int32_t number;
};

static struct {
	int32_t next;
	int pipe;
} child;

static int run_unit(struct work *work, struct session *session, struct problem *p)
{
	struct unit *unit = (struct unit *)work;
	const struct backend_ops *ops = unit->backend->ops;
	struct device_record *record = &unit->record;
	struct outcome outcome;
	char id[32], value[16];

	snprintf(id, sizeof id, "device-%d", unit->number);
	snprintf(value, sizeof value, "%d", unit->number);
	device_record_init(record, id, T0);
	outcome_init(&outcome);
	if (ops->flow_id_new(session, &record->history.flow.id, p) < 0 ||
	    facts_set(&record->facts, "tag.number", value, T0, FACT_REPORTED, NULL, p) <
		    0)
		return -1;
	record->history.flow.state = FLOW_OFFERED;
	struct event *event = outcome_add(&outcome, EVENT_FLOW, T0);
	event->flow = record->history.flow.id;
	event->to = FLOW_OFFERED;
	return ops->device_write(session, record, &outcome, p);
}

/* On the writer's thread: acknowledge, then go round with the next number. */
static void end_unit(struct work *work, const struct problem *p)
{
	struct unit *unit = (struct unit *)work;

	if (p != NULL) {
		fprintf(stderr, "child: %s\n", p->text);
		_exit(2);
	}
	if (write(child.pipe, &unit->number, sizeof unit->number) !=
	    (ssize_t)sizeof unit->number)
		_exit(3);
	unit->number = child.next++;
	unit->backend->ops->submit(unit->backend, work);
}

static int be_child(const char *path, const char *first, const char *pipe)
{
	static struct unit units[IN_FLIGHT];
	struct problem p = { 0 };

	child.next = (int32_t)strtol(first, NULL, 10);
	child.pipe = (int)strtol(pipe, NULL, 10);
	struct backend *backend = store_open(path, &p);
	if (backend == NULL) {
		fprintf(stderr, "child: %s\n", p.text);
		return 1;
	}
	int32_t number = child.next;
	child.next += IN_FLIGHT;
	for (int i = 0; i < IN_FLIGHT; i++) {
		units[i].work = (struct work){ .run = run_unit, .done = end_unit };
		units[i].backend = backend;
		units[i].number = number + i;
		backend->ops->submit(backend, &units[i].work);
	}
	for (;;)
		pause(); /* until killed; a parent that dies breaks the pipe */
}

/* The parent. */

static struct {
	int32_t at[ACKS_MAX];
	int count;
} acks;

static pid_t start_child(const struct fixture *fixture, int32_t first, int *from)
{
	int ends[2];
	char first_text[16], pipe_text[16];

	assert_int_equal(pipe(ends), 0);
	snprintf(first_text, sizeof first_text, "%d", first);
	snprintf(pipe_text, sizeof pipe_text, "%d", ends[1]);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		execl("/proc/self/exe", "test_store_crash", fixture->path, first_text,
		      pipe_text, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	*from = ends[0];
	return pid;
}

/* 1 number taken, 0 the pipe is at its end. */
static int take_ack(int from)
{
	struct pollfd one = { .fd = from, .events = POLLIN };
	int32_t number;

	if (poll(&one, 1, PATIENCE_MS) != 1)
		fail_msg("the child says nothing");
	ssize_t got = read(from, &number, sizeof number);
	if (got == 0)
		return 0;
	assert_int_equal(got, sizeof number);
	assert_true(acks.count < ACKS_MAX);
	acks.at[acks.count++] = number;
	return 1;
}

static void kill_at_random(struct dice *dice, const struct fixture *fixture,
			   int32_t first)
{
	int from, status;
	pid_t pid = start_child(fixture, first, &from);
	uint32_t wanted = 1 + dice_below(dice, 600);
	struct timespec moment = { 0, (long)dice_below(dice, 3 * 1000 * 1000) };

	for (uint32_t i = 0; i < wanted; i++) {
		if (take_ack(from) == 0)
			fail_msg("the child ended by itself");
	}
	nanosleep(&moment, NULL); /* any place in a group is as good as another */
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (take_ack(from) == 1)
		continue;
	close(from);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void check_device(struct fixture *fixture, int32_t number)
{
	static struct device_record record;
	struct problem p = { 0 };
	char id[32], value[16];

	snprintf(id, sizeof id, "device-%d", number);
	snprintf(value, sizeof value, "%d", number);
	int rc = fixture->ops->device_read(fixture->reader, id, &record, &p);
	if (rc != 1)
		fail_msg("%s was acknowledged and is lost: %s", id, p.text);
	assert_string_equal(facts_get(&record.facts, "tag.number"), value);
	assert_int_equal(record.history.flow.state, FLOW_OFFERED);
}

/* Nothing half done: each device that is there is there with flow, event and count. */
static void check_whole(struct fixture *fixture)
{
	struct problem p = { 0 };
	int64_t astray = -1;

	assert_int_equal(store_recount(fixture->reader, &astray, &p), 0);
	assert_int_equal(astray, 0);
	int64_t devices = fixture_number(fixture, "SELECT count(*) FROM device");
	assert_int_equal(fixture_number(fixture, "SELECT sum(n) FROM counter"), devices);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event"), devices);
	assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM flow"), devices);
	assert_int_equal(fixture_number(fixture,
					"SELECT count(*) FROM pragma_integrity_check"
					" WHERE integrity_check <> 'ok'"),
			 0);
}

TEST(every_unit_that_was_answered_is_there_after_a_kill_at_any_moment)
{
	struct fixture fixture;
	const char *given = getenv("SEED");
	struct dice dice = { given != NULL ? strtoull(given, NULL, 0)
					   : (uint64_t)time(NULL) };

	print_message("SEED=%" PRIu64 "\n", dice.state);
	fixture_init(&fixture);
	for (int round = 0; round < ROUNDS; round++) {
		int first_ack = acks.count;

		kill_at_random(&dice, &fixture, (round + 1) * 1000000);
		fixture_open(&fixture);
		for (int i = first_ack; i < acks.count; i++)
			check_device(&fixture, acks.at[i]);
		if (round % 5 == 4)
			check_whole(&fixture);
		fixture_close(&fixture);
	}
	fixture_open(&fixture);
	for (int i = 0; i < acks.count; i++)
		check_device(&fixture,
			     acks.at[i]); /* no later crash took an earlier one */
	print_message("%d units answered over %d kills\n", acks.count, ROUNDS);
	fixture_fini(&fixture);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_unit_that_was_answered_is_there_after_a_kill_at_any_moment),
	};
	if (argc == 4)
		return be_child(argv[1], argv[2], argv[3]);
	return cmocka_run_group_tests_name("store crash", tests, NULL, NULL);
}
