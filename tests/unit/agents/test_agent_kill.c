/* Killed and started again, wherever it was: the end is always the same.
 *
 * A whole life is played once: enrolment, a hotpatch, its removal, the cumulative update.
 * At every durable write, and before and after every word with the server and the
 * machine, the folder and the server are copied: exactly what a kill at that moment
 * leaves.  From each copy a new agent on a new machine goes on to the end, and nobody may
 * see a difference: not the server in its reports, not the machine in what was done to
 * it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/bench.h"
#include "tests/unit/agents/scratch.h"

enum { SNAPSHOTS_MOST = 400, INSTALL_S = 30, TWICE_EACH = 31 };

struct snapshot {
	char folder[SCRATCH_PATH + 20];
	int64_t now_s;
	struct fake_server server;
};

struct life {
	char folder[SCRATCH_PATH + 20]; /* the agent's */
	int64_t now_s;
	struct fake_server server;
	struct transport inner;
	struct windows *windows;
	struct host host;
	struct agent *agent;
	/* Copies are made while `copies_into` is set. */
	const char *copies_into;
	size_t snapshot_count;
	struct snapshot **snapshots;
	bool overflow;
};

static void take_snapshot(struct life *life)
{
	if (life->copies_into == NULL)
		return;
	if (life->snapshot_count == SNAPSHOTS_MOST) {
		life->overflow = true;
		return;
	}
	struct snapshot *snapshot = malloc(sizeof *snapshot);
	assert_non_null(snapshot);
	snprintf(snapshot->folder, sizeof snapshot->folder, "%s/%zu", life->copies_into,
		 life->snapshot_count);
	scratch_copy(life->folder, snapshot->folder);
	snapshot->now_s = life->now_s;
	snapshot->server = life->server;
	life->snapshots[life->snapshot_count++] = snapshot;
}

static void on_saved(void *owner)
{
	take_snapshot(owner);
}

static int exchange(void *owner, const struct request *request, struct answer *answer,
		    struct problem *p)
{
	struct life *life = owner;

	take_snapshot(life);
	int result = life->inner.exchange(life->inner.owner, request, answer, p);
	take_snapshot(life); /* done by the server, and never heard of here */
	return result;
}

static int facts(void *owner, struct fact_set *set, struct problem *p)
{
	const struct life *life = owner;
	return life->host.facts(life->host.owner, set, p);
}

static int begin(void *owner, const struct host_job *job, int64_t now_s,
		 struct problem *p)
{
	struct life *life = owner;
	int result = life->host.begin(life->host.owner, job, now_s, p);
	take_snapshot(life);
	return result;
}

static enum host_state check(void *owner, int64_t now_s, struct host_result *result)
{
	struct life *life = owner;
	enum host_state state = life->host.check(life->host.owner, now_s, result);
	take_snapshot(life);
	return state;
}

static int restart(void *owner, int64_t now_s, struct problem *p)
{
	struct life *life = owner;
	int result = life->host.restart(life->host.owner, now_s, p);
	take_snapshot(life);
	return result;
}

static void begin_life(struct life *life)
{
	struct windows_model model = machine_model();
	struct agent_options options = { .server = FAKE_URL,
					 .id = "pc",
					 .enrol_token = "gate",
					 .state_dir = life->folder,
					 .transport = { life, exchange },
					 .host = { life, facts, begin, check, restart },
					 .poll_min_s = 1,
					 .poll_max_s = 86400,
					 .piece_bytes = 700,
					 .on_saved = on_saved,
					 .owner = life };
	struct problem p = { 0 };

	life->inner = fake_server_transport(&life->server);
	life->windows = machine_make(&model, life->folder, INSTALL_S);
	life->host = windows_host(life->windows);
	life->agent = agent_new(&options, &p);
	if (life->agent == NULL)
		fail_msg("%s", p.text);
}

/* Long enough for everything, and some polls more. */
static void live(struct life *life)
{
	struct problem p;
	for (int i = 0; i < 60; i++) {
		agent_step(life->agent, life->now_s, &p);
		life->now_s += INSTALL_S / 2;
	}
}

static void end_life(struct life *life)
{
	agent_free(life->agent);
	windows_free(life->windows);
}

static const char whole[] =
	"accepted downloading downloaded installing verified | "
	"accepted removing restart-pending removed | "
	"accepted downloading downloaded installing restart-pending verified |";

static void check_end(struct life *life, const char *name, size_t number)
{
	const struct fake_device *device = fake_server_device(&life->server, "pc");
	const struct windows_tally *tally = windows_tally(life->windows);

	assert_non_null(device);
	if (strcmp(device->trail, whole) != 0)
		fail_msg("%s %zu: the server saw: %s", name, number, device->trail);
	if (strcmp(device->build, "26100.4061") != 0 ||
	    strcmp(device->pending, "no") != 0)
		fail_msg("%s %zu: it shows %s", name, number, device->build);
	if (tally->restarts != 2 || tally->removals != 1 || tally->refused != 0 ||
	    tally->failed != 0 || tally->installs[RELEASE_HOTPATCH] != 1 ||
	    tally->installs[RELEASE_LCU] != 1)
		fail_msg("%s %zu: %u restarts, %u removals, %u and %u installs", name,
			 number, tally->restarts, tally->removals,
			 tally->installs[RELEASE_HOTPATCH], tally->installs[RELEASE_LCU]);
	if (device->late != 0)
		fail_msg("%s %zu: %u late reports", name, number, device->late);
	assert_int_equal(agent_phase(life->agent), PHASE_IDLE);
}

static struct life *new_life(const char *folder, const char *copies_into)
{
	struct life *life = calloc(1, sizeof *life);

	assert_non_null(life);
	snprintf(life->folder, sizeof life->folder, "%s", folder);
	life->copies_into = copies_into;
	life->snapshots = calloc(SNAPSHOTS_MOST, sizeof(struct snapshot *));
	assert_non_null(life->snapshots);
	return life;
}

static void free_life(struct life *life)
{
	for (size_t i = 0; i < life->snapshot_count; i++)
		free(life->snapshots[i]);
	free(life->snapshots);
	free(life);
}

/* A second life from a copy; with `copies_into` it is copied in its turn. */
static struct life *go_on(const struct snapshot *snapshot, const char *copies_into,
			  const char *name, size_t number)
{
	struct life *life = new_life(snapshot->folder, copies_into);

	life->server = snapshot->server;
	life->now_s = snapshot->now_s;
	begin_life(life);
	live(life);
	check_end(life, name, number);
	end_life(life);
	assert_false(life->overflow);
	return life;
}

TEST(killed_at_any_moment_and_started_again_it_comes_to_the_same_end)
{
	const struct fake_step script[] = {
		fake_hotpatch,
		{ .part = "py.uninstall", .payload = { .kb = 5058497 } },
		fake_lcu,
	};
	char place[SCRATCH_PATH], folder[SCRATCH_PATH + 10], again[SCRATCH_PATH + 40];

	scratch_make(place);
	snprintf(folder, sizeof folder, "%s/first", place);
	assert_int_equal(mkdir(folder, 0700), 0);
	struct life *first = new_life(folder, place);
	fake_server_init(&first->server, script, COUNT_OF(script));
	first->now_s = NOW_S;
	begin_life(first);
	live(first);
	check_end(first, "unharmed", 0);
	end_life(first);
	assert_false(first->overflow);
	print_message("%zu moments\n", first->snapshot_count);
	assert_true(first->snapshot_count > 60);

	for (size_t i = 0; i < first->snapshot_count; i++) {
		/* Some second lives are killed at every moment as well. */
		bool twice = i % TWICE_EACH == TWICE_EACH / 2;
		snprintf(again, sizeof again, "%s/again-%zu", place, i);
		if (twice)
			assert_int_equal(mkdir(again, 0700), 0);
		struct life *second = go_on(first->snapshots[i], twice ? again : NULL,
					    "killed once at", i);
		for (size_t j = 0; j < second->snapshot_count; j++)
			free_life(
				go_on(second->snapshots[j], NULL, "killed again at", j));
		free_life(second);
		if (twice)
			scratch_remove(again);
	}
	free_life(first);
	scratch_remove(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			killed_at_any_moment_and_started_again_it_comes_to_the_same_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
