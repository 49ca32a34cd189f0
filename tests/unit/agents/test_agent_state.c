#include "agents/agent_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/scratch.h"

static struct agent_state full_state(void)
{
	struct agent_state state = {
		.phase = PHASE_RESTARTING,
		.offer = { .action = "7",
			   .op = OFFER_UNINSTALL,
			   .kb = 5060841,
			   .build = { 26100, 4270 },
			   .url = "https://h/f?a=\"b\"",
			   .file = "a.msu",
			   .sha256 = "00ff",
			   .size_bytes = INT64_MAX,
			   .may_download = true,
			   .needs_restart = true,
			   .restart_deadline_s = INT64_MIN },
		.href = "https://h/deploymentBase/7?c=-1",
		.seq = UINT32_MAX,
		.attempts = 2,
		.begun = 1,
		.boot_before = "2025-01-01T00:00:00Z",
		.facts_digest = UINT64_MAX - 1,
		.done_action = "6",
		.done_seq = 5,
		.owed = { .cancel = true,
			  .action = "7",
			  .seq = 4,
			  .body = "{\"id\":\"7\"}" },
	};
	return state;
}

static void check_equal(const struct agent_state *a, const struct agent_state *b)
{
	assert_int_equal(a->phase, b->phase);
	assert_string_equal(a->offer.action, b->offer.action);
	assert_int_equal(a->offer.op, b->offer.op);
	assert_int_equal(a->offer.kb, b->offer.kb);
	assert_memory_equal(&a->offer.build, &b->offer.build, sizeof a->offer.build);
	assert_string_equal(a->offer.url, b->offer.url);
	assert_string_equal(a->offer.file, b->offer.file);
	assert_string_equal(a->offer.sha256, b->offer.sha256);
	assert_int_equal(a->offer.size_bytes, b->offer.size_bytes);
	assert_int_equal(a->offer.may_download, b->offer.may_download);
	assert_int_equal(a->offer.may_install, b->offer.may_install);
	assert_int_equal(a->offer.needs_restart, b->offer.needs_restart);
	assert_int_equal(a->offer.restart_deadline_s, b->offer.restart_deadline_s);
	assert_string_equal(a->href, b->href);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->attempts, b->attempts);
	assert_int_equal(a->begun, b->begun);
	assert_string_equal(a->boot_before, b->boot_before);
	assert_int_equal(a->facts_digest, b->facts_digest);
	assert_string_equal(a->done_action, b->done_action);
	assert_int_equal(a->done_seq, b->done_seq);
	assert_int_equal(a->owed.cancel, b->owed.cancel);
	assert_string_equal(a->owed.action, b->owed.action);
	assert_int_equal(a->owed.seq, b->owed.seq);
	assert_string_equal(a->owed.body, b->owed.body);
}

TEST(every_member_comes_back)
{
	char folder[SCRATCH_PATH];
	struct agent_state kept = full_state(), found;
	struct problem p = { 0 };

	scratch_make(folder);
	for (int phase = 0; phase < PHASES; phase++) {
		kept.phase = (enum phase)phase;
		assert_int_equal(agent_state_save(&kept, folder, &p), 0);
		assert_int_equal(agent_state_load(&found, folder, &p), 0);
		check_equal(&found, &kept);
	}
	scratch_remove(folder);
}

TEST(nothing_kept_is_a_state_at_rest)
{
	char folder[SCRATCH_PATH], token[TOKEN_TEXT];
	struct agent_state found = full_state();
	struct agent_state none = { 0 };
	struct problem p = { 0 };

	scratch_make(folder);
	assert_int_equal(agent_state_load(&found, folder, &p), 0);
	check_equal(&found, &none);
	assert_int_equal(p.kind, PROBLEM_NONE);
	assert_int_equal(agent_state_load(&found, NULL, &p), 0);
	assert_int_equal(agent_state_save(&found, NULL, &p), 0);
	assert_int_equal(agent_token_load(token, folder, &p), 0);
	assert_string_equal(token, "");
	scratch_remove(folder);
}

TEST(a_damaged_state_is_refused_with_the_way_out)
{
	static const char *const rows[] = {
		"",         "{}",
		"[1]",      "{\"phase\":\"idle\"}",
		"not json", "{\"phase\":\"flying\"}",
	};
	char folder[SCRATCH_PATH];
	struct agent_state kept = full_state(), found;
	struct problem p = { 0 };
	size_t size = 0;

	scratch_make(folder);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		scratch_write(folder, "state.json", rows[i], strlen(rows[i]));
		if (agent_state_load(&found, folder, &p) == 0 ||
		    strstr(p.text, "remove it") == NULL)
			fail_msg("taken: %s", rows[i]);
	}
	assert_int_equal(agent_state_save(&kept, folder, &p), 0);
	char *whole = scratch_read(folder, "state.json", &size);
	for (size_t cut = 1; cut < size; cut++) {
		scratch_write(folder, "state.json", whole, cut);
		assert_int_equal(agent_state_load(&found, folder, &p), -1);
	}
	/* A phase, an operation and a text that cannot be. */
	static const char *const swaps[][2] = { { "restarting", "unknowable" },
						{ "\"op\": 1", "\"op\": 9" },
						{ "\"op\": 1", "\"op\":-1" } };
	for (size_t i = 0; i < COUNT_OF(swaps); i++) {
		char *at = strstr(whole, swaps[i][0]);
		assert_non_null(at);
		memcpy(at, swaps[i][1], strlen(swaps[i][1]));
		scratch_write(folder, "state.json", whole, size);
		memcpy(at, swaps[i][0], strlen(swaps[i][0]));
		assert_int_equal(agent_state_load(&found, folder, &p), -1);
	}
	free(whole);
	scratch_remove(folder);
}

TEST(a_token_comes_back_and_is_nobody_elses_to_read)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 10], token[TOKEN_TEXT];
	struct problem p = { 0 };
	struct stat found;

	scratch_make(folder);
	assert_int_equal(agent_token_save("abc.DEF-1", folder, &p), 0);
	assert_int_equal(agent_token_load(token, folder, &p), 0);
	assert_string_equal(token, "abc.DEF-1");
	snprintf(path, sizeof path, "%s/token", folder);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
	scratch_write(folder, "token", "two words", 9);
	assert_int_equal(agent_token_load(token, folder, &p), -1);
	assert_string_equal(token, "");
	scratch_write(folder, "token", "", 0);
	assert_int_equal(agent_token_load(token, folder, &p), -1);
	scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_comes_back),
		cmocka_unit_test(nothing_kept_is_a_state_at_rest),
		cmocka_unit_test(a_damaged_state_is_refused_with_the_way_out),
		cmocka_unit_test(a_token_comes_back_and_is_nobody_elses_to_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
