/* A server in memory, a simulated machine and its agent, at one place and time. */

#ifndef TESTS_UNIT_AGENTS_BENCH_H
#define TESTS_UNIT_AGENTS_BENCH_H

#include "agents/agent.h"
#include "tests/unit/agents/fake_server.h"
#include "tests/unit/agents/machine.h"

struct bench {
	struct fake_server server;
	struct windows *windows;
	struct agent *agent;
	int64_t now_s;
};

/* An update for the machine of machine.h, as the members of a struct fake_step. */
#define FAKE_OS(release_kind, number, rev)                                               \
	.part = "os", .payload = { .product = "windows-11-24h2",                         \
				   .family = FAMILY_CLIENT,                              \
				   .kb = (number),                                       \
				   .build = { 26100, (rev) },                            \
				   .kind = (release_kind),                               \
				   .arch = ARCH_X64 }

/* KB5058411 (26100.4061), and KB5058497 (26100.3981) upon the baseline of April. */
extern const struct fake_step fake_lcu, fake_hotpatch;

/* Everything in memory. */
struct bench *bench_set_up(const struct fake_step *script, size_t count,
			   const struct windows_knobs *knobs);
void bench_tear_down(struct bench *bench);

/* The agent again, with downloads in pieces of this size; 0 for the default. */
void bench_restart_agent(struct bench *bench, int64_t piece_bytes);

enum agent_turn bench_step(struct bench *bench, struct problem *p);

/* Until nothing moves, or there is trouble. */
enum agent_turn bench_settle(struct bench *bench, struct problem *p);

/* What the server knows of the device; it has come at least once. */
struct fake_device *bench_device(struct bench *bench);

#endif
