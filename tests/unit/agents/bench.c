#include "tests/unit/agents/bench.h"

#include <stdlib.h>

#include "engine/problem.h"
#include "tests/lib/case.h"

const struct fake_step fake_lcu = { FAKE_OS(RELEASE_LCU, 5058411, 4061),
				    .restart = "required" };
const struct fake_step fake_hotpatch = {
	.part = "os",
	.payload = { .product = "windows-11-24h2",
		     .family = FAMILY_CLIENT,
		     .kb = 5058497,
		     .build = { 26100, 3981 },
		     .kind = RELEASE_HOTPATCH,
		     .arch = ARCH_X64,
		     .baseline_kb = 5055523,
		     .baseline_build = { 26100, 3775 } },
	.restart = "none",
};

void bench_restart_agent(struct bench *bench, int64_t piece_bytes)
{
	struct agent_options options = { .server = FAKE_URL,
					 .id = "pc",
					 .enrol_token = "gate",
					 .transport =
						 fake_server_transport(&bench->server),
					 .host = windows_host(bench->windows),
					 .poll_min_s = 1,
					 .poll_max_s = 86400,
					 .piece_bytes = piece_bytes };
	struct problem p = { 0 };

	agent_free(bench->agent);
	bench->agent = agent_new(&options, &p);
	if (bench->agent == NULL)
		fail_msg("%s", p.text);
}

struct bench *bench_set_up(const struct fake_step *script, size_t count,
			   const struct windows_knobs *knobs)
{
	static const struct windows_knobs none;
	struct bench *bench = calloc(1, sizeof *bench);
	struct windows_model model = machine_model();
	struct problem p = { 0 };

	assert_non_null(bench);
	fake_server_init(&bench->server, script, count);
	bench->now_s = NOW_S;
	bench->windows = windows_new(&model, knobs == NULL ? &none : knobs, NULL, &p);
	assert_non_null(bench->windows);
	bench_restart_agent(bench, 0);
	return bench;
}

void bench_tear_down(struct bench *bench)
{
	agent_free(bench->agent);
	windows_free(bench->windows);
	free(bench);
}

enum agent_turn bench_step(struct bench *bench, struct problem *p)
{
	return agent_step(bench->agent, bench->now_s, p);
}

enum agent_turn bench_settle(struct bench *bench, struct problem *p)
{
	enum agent_turn turn = AGENT_MOVED;
	for (int i = 0; i < 20 && turn == AGENT_MOVED; i++)
		turn = bench_step(bench, p);
	assert_int_not_equal(turn, AGENT_MOVED);
	return turn;
}

struct fake_device *bench_device(struct bench *bench)
{
	struct fake_device *found = fake_server_device(&bench->server, "pc");
	assert_non_null(found);
	return found;
}
