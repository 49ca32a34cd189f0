/* A cancellation in every phase: what has not begun is stopped, what has begun is not. */

#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/bench.h"

/* How the agent is brought into a phase and kept there. */
struct row {
	enum phase phase;
	struct windows_knobs knobs;
	int64_t piece_bytes;
	bool holds_back;
	const char *fault_at; /* NULL: none */
	const char *trail;
};

static const struct row rows[] = {
	{ .phase = PHASE_DOWNLOADING,
	  .piece_bytes = 100,
	  .trail = "accepted downloading stopped |" },
	{ .phase = PHASE_DOWNLOADED,
	  .holds_back = true,
	  .trail = "accepted downloading downloaded stopped |" },
	{ .phase = PHASE_INSTALLING,
	  .knobs = { .install_s = 60 },
	  .trail = "accepted downloading downloaded installing too-late restart-pending "
		   "verified |" },
	{ .phase = PHASE_RESTARTING,
	  .knobs = { .refuses_restart = true },
	  .trail =
		  "accepted downloading downloaded installing restart-pending too-late" },
	{ .phase = PHASE_VERIFYING,
	  .fault_at = "configData",
	  .trail = "accepted downloading downloaded installing restart-pending too-late "
		   "verified |" },
};

/* Steps until the agent is in the phase of the row. */
static void reach(struct bench *bench, const struct row *row)
{
	struct problem p;

	for (int i = 0; i < 20 && agent_phase(bench->agent) != row->phase; i++) {
		bench_step(bench, &p);
		if (row->fault_at != NULL && i == 0) {
			bench->server.fault_at = row->fault_at;
			bench->server.fault_count = 1;
			bench->server.fault_status = 500;
		}
	}
	assert_int_equal(agent_phase(bench->agent), row->phase);
	bench->server.fault_count = 0;
}

TEST(what_has_not_begun_is_stopped_and_what_has_begun_goes_on)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *bench = bench_set_up(&fake_lcu, 1, &rows[i].knobs);
		struct problem p;

		bench_restart_agent(bench, rows[i].piece_bytes);
		bench->server.holds_back = rows[i].holds_back;
		reach(bench, &rows[i]);
		bench_device(bench)->cancelling = true;
		bench_settle(bench, &p);
		bench->now_s += 60;
		bench_settle(bench, &p);
		if (strcmp(bench_device(bench)->trail, rows[i].trail) != 0)
			fail_msg("%s: %s", phase_names[rows[i].phase],
				 bench_device(bench)->trail);
		bool stopped = strstr(rows[i].trail, "stopped") != NULL;
		assert_int_equal(windows_tally(bench->windows)->installs[RELEASE_LCU],
				 stopped ? 0 : 1);
		bench_tear_down(bench);
	}
}

TEST(an_action_that_never_came_is_given_up_gladly)
{
	struct bench *bench = bench_set_up(NULL, 0, NULL);
	struct problem p;

	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	bench->server.script = &fake_lcu;
	bench->server.script_count = 1;
	bench_device(bench)->cancelling = true;
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail, "stopped |");
	bench_tear_down(bench);
}

TEST(an_action_that_has_ended_cannot_be_stopped)
{
	struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
	struct problem p;

	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	bench_device(bench)->step = 0;
	bench_device(bench)->cancelling = true;
	bench_device(bench)->trail[0] = '\0';
	bench_step(bench, &p);
	assert_string_equal(bench_device(bench)->trail, "too-late");
	bench_tear_down(bench);
}

TEST(a_cancellation_that_stands_is_answered_once)
{
	struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
	struct problem p;

	bench->server.holds_back = true;
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	bench_device(bench)->cancelling = true;
	bench_step(bench, &p);
	/* The server has lost the answer's effect, and says the same again. */
	bench_device(bench)->step = 0;
	bench_device(bench)->cancelling = true;
	unsigned before = bench->server.requests;
	assert_int_equal(bench_step(bench, &p), AGENT_STILL);
	assert_int_equal(bench->server.requests,
			 before + 2); /* the poll and the document */
	bench_tear_down(bench);
}

TEST(after_a_cancellation_the_next_offer_is_taken)
{
	const struct fake_step script[] = { fake_lcu, fake_hotpatch };
	struct bench *bench = bench_set_up(script, COUNT_OF(script), NULL);
	struct problem p;

	bench->server.holds_back = true;
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	bench_device(bench)->cancelling = true;
	bench->server.holds_back = false;
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(
		bench_device(bench)->trail,
		"accepted downloading downloaded stopped | accepted downloading "
		"downloaded installing verified |");
	bench_tear_down(bench);
}

TEST(another_offer_takes_the_place_of_one_that_has_not_begun)
{
	const struct fake_step script[] = { fake_lcu, fake_hotpatch };
	struct bench *bench = bench_set_up(script, COUNT_OF(script), NULL);
	struct problem p;

	bench->server.holds_back = true;
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_int_equal(agent_phase(bench->agent), PHASE_DOWNLOADED);
	bench->server.holds_back = false;
	bench_device(bench)->step = 1; /* superseded, without a word */
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail,
			    "accepted downloading downloaded accepted downloading "
			    "downloaded installing verified |");
	assert_int_equal(windows_tally(bench->windows)->installs[RELEASE_LCU], 0);
	bench_tear_down(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_has_not_begun_is_stopped_and_what_has_begun_goes_on),
		cmocka_unit_test(an_action_that_never_came_is_given_up_gladly),
		cmocka_unit_test(an_action_that_has_ended_cannot_be_stopped),
		cmocka_unit_test(a_cancellation_that_stands_is_answered_once),
		cmocka_unit_test(after_a_cancellation_the_next_offer_is_taken),
		cmocka_unit_test(another_offer_takes_the_place_of_one_that_has_not_begun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
