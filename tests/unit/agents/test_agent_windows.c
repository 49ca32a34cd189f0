#include "agents/windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/fact_set.h"
#include "agents/payload.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/machine.h"
#include "tests/unit/agents/scratch.h"

TEST(it_shows_what_it_is)
{
	struct windows_model model = machine_model();
	model.arch = ARCH_ARM64;
	snprintf(model.chpe, sizeof model.chpe, "off");
	model.tag_count = 1;
	snprintf(model.tags[0].name, sizeof model.tags[0].name, "tag.ring");
	snprintf(model.tags[0].value, sizeof model.tags[0].value, "test");
	struct windows *windows = machine_make(&model, NULL, 0);
	struct host host = windows_host(windows);

	static const char *const rows[][2] = {
		{ "os.family", "client" },
		{ "os.build", "26100.3775" },
		{ "os.edition", "Enterprise" },
		{ "os.arch", "arm64" },
		{ "os.kbs", "KB5055523" },
		{ "vbs", "running" },
		{ "chpe", "off" },
		{ "licence.hotpatch", "yes" },
		{ "restart.pending", "no" },
		{ "os.boot", "2025-04-07T04:10:00Z" },
		{ "tz", "Europe/Berlin" },
		{ "tag.ring", "test" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(machine_fact(&host, rows[i][0]), rows[i][1]);
	windows_free(windows);

	/* What is not known is not shown; CHPE is of arm64 alone. */
	model = machine_model();
	snprintf(model.chpe, sizeof model.chpe, "on");
	model.vbs[0] = model.licence[0] = model.zone[0] = '\0';
	model.base.kb = 0;
	windows = machine_make(&model, NULL, 0);
	host = windows_host(windows);
	assert_null(machine_fact(&host, "chpe"));
	assert_null(machine_fact(&host, "vbs"));
	assert_null(machine_fact(&host, "licence.hotpatch"));
	assert_null(machine_fact(&host, "tz"));
	assert_string_equal(machine_fact(&host, "os.kbs"), "");
	windows_free(windows);
}

TEST(a_hotpatch_takes_effect_at_once)
{
	struct windows_model model = machine_model();
	struct windows *windows = machine_make(&model, NULL, 0);
	struct host host = windows_host(windows);
	struct payload may = machine_payload(RELEASE_HOTPATCH, 5058497, 3981);
	struct payload june = machine_payload(RELEASE_HOTPATCH, 5060841, 4270);
	struct host_result result;

	assert_int_equal(machine_install(&host, &may, &result), HOST_DONE);
	machine_check_shows(&host, "26100.3981", "KB5055523,KB5058497", "no");
	assert_int_equal(machine_install(&host, &june, &result), HOST_DONE);
	machine_check_shows(&host, "26100.4270", "KB5055523,KB5060841", "no");
	assert_int_equal(windows_tally(windows)->restarts, 0);
	assert_int_equal(windows_tally(windows)->installs[RELEASE_HOTPATCH], 2);
	windows_free(windows);
}

TEST(a_cumulative_update_shows_its_build_only_after_the_restart)
{
	struct windows_model model = machine_model();
	struct windows *windows = machine_make(&model, NULL, 0);
	struct host host = windows_host(windows);
	struct payload hotpatch = machine_payload(RELEASE_HOTPATCH, 5058497, 3981);
	struct payload july = machine_payload(RELEASE_BASELINE, 5062553, 4652);
	struct host_result result;

	assert_int_equal(machine_install(&host, &hotpatch, &result), HOST_DONE);
	char boot[40];
	snprintf(boot, sizeof boot, "%s", machine_fact(&host, "os.boot"));
	assert_int_equal(machine_install(&host, &july, &result), HOST_NEEDS_RESTART);
	machine_check_shows(&host, "26100.3981", "KB5055523,KB5058497", "yes");
	machine_restart(&host);
	machine_check_shows(&host, "26100.4652", "KB5062553", "no");
	assert_string_not_equal(machine_fact(&host, "os.boot"), boot);
	assert_int_equal(windows_tally(windows)->restarts, 1);
	/* Two restarts within one second are two. */
	snprintf(boot, sizeof boot, "%s", machine_fact(&host, "os.boot"));
	machine_restart(&host);
	assert_string_not_equal(machine_fact(&host, "os.boot"), boot);
	windows_free(windows);
}

TEST(a_removed_hotpatch_leaves_its_baseline_after_the_restart)
{
	struct windows_model model = machine_model();
	struct windows *windows = machine_make(&model, NULL, 0);
	struct host host = windows_host(windows);
	struct payload june = machine_payload(RELEASE_HOTPATCH, 5060841, 4270);
	struct payload lcu = machine_payload(RELEASE_LCU, 5060842, 4349);
	struct host_result result;

	assert_int_equal(machine_install(&host, &june, &result), HOST_DONE);
	assert_int_equal(machine_uninstall(&host, 5060841, &result), HOST_NEEDS_RESTART);
	machine_check_shows(&host, "26100.4270", "KB5055523,KB5060841", "yes");
	machine_restart(&host);
	machine_check_shows(&host, "26100.3775", "KB5055523", "no");
	assert_int_equal(machine_install(&host, &lcu, &result), HOST_NEEDS_RESTART);
	machine_restart(&host);
	machine_check_shows(&host, "26100.4349", "KB5060842", "no");
	/* And an update leaves the one before it. */
	assert_int_equal(machine_uninstall(&host, 5060842, &result), HOST_NEEDS_RESTART);
	machine_restart(&host);
	machine_check_shows(&host, "26100.3775", "KB5055523", "no");
	assert_int_equal(machine_uninstall(&host, 5055523, &result), HOST_FAILED);
	assert_int_equal(result.code, HRESULT_CANNOT_UNINSTALL);
	assert_int_equal(windows_tally(windows)->removals, 2);
	windows_free(windows);
}

TEST(while_a_restart_is_pending_nothing_else_goes)
{
	struct windows_model model = machine_model();
	struct windows *windows = machine_make(&model, NULL, 0);
	struct host host = windows_host(windows);
	struct payload lcu = machine_payload(RELEASE_LCU, 5058411, 4061);
	struct payload newer = machine_payload(RELEASE_LCU, 5060842, 4349);
	struct host_result result;

	assert_int_equal(machine_install(&host, &lcu, &result), HOST_NEEDS_RESTART);
	assert_int_equal(machine_install(&host, &newer, &result), HOST_FAILED);
	assert_int_equal(result.code, HRESULT_RESTART_FIRST);
	assert_int_equal(machine_uninstall(&host, 5055523, &result), HOST_FAILED);
	assert_int_equal(result.code, HRESULT_RESTART_FIRST);
	assert_int_equal(windows_tally(windows)->refused, 0);
	assert_int_equal(windows_tally(windows)->failed, 2);
	windows_free(windows);
}

TEST(an_install_takes_its_time_and_is_alone)
{
	char folder[SCRATCH_PATH], text[PAYLOAD_SIZE], path[SCRATCH_PATH + 10];
	struct windows_model model = machine_model();
	struct windows *windows = machine_make(&model, NULL, 60);
	struct host host = windows_host(windows);
	struct payload lcu = machine_payload(RELEASE_LCU, 5058411, 4061);
	struct host_result result;
	struct problem p = { 0 };

	payload_write(&lcu, text);
	scratch_write(scratch_make(folder), "a.msu", text, sizeof text);
	snprintf(path, sizeof path, "%s/a.msu", folder);
	struct host_job job = { .kb = lcu.kb, .build = lcu.build, .path = path };
	assert_int_equal(host.begin(host.owner, &job, NOW_S, &p), 0);
	assert_int_equal(host.begin(host.owner, &job, NOW_S, &p), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	assert_int_equal(machine_end(&host, NOW_S + 59, &result), HOST_RUNNING);
	machine_check_shows(&host, "26100.3775", "KB5055523", "no");
	assert_int_equal(machine_end(&host, NOW_S + 60, &result), HOST_NEEDS_RESTART);
	windows_free(windows);
	scratch_remove(folder);
}

TEST(what_it_has_on_disk_survives_a_kill_and_a_running_install_does_not)
{
	char folder[SCRATCH_PATH], text[PAYLOAD_SIZE];
	struct windows_model model = machine_model(), other = machine_model();
	struct payload lcu = machine_payload(RELEASE_LCU, 5058411, 4061);
	struct host_result result;
	struct problem p = { 0 };

	scratch_make(folder);
	other.base.kb = 5058411; /* what the disk holds wins */
	struct windows *windows = machine_make(&model, folder, 60);
	struct host host = windows_host(windows);
	payload_write(&lcu, text);
	struct host_job job = {
		.kb = lcu.kb, .build = lcu.build, .head = text, .head_size = sizeof text
	};
	assert_int_equal(host.begin(host.owner, &job, NOW_S, &p), 0);
	windows_free(windows);
	windows = machine_make(&other, folder, 0);
	host = windows_host(windows);
	assert_int_equal(host.check(host.owner, NOW_S + 100, &result), HOST_IDLE);
	machine_check_shows(&host, "26100.3775", "KB5055523", "no");

	assert_int_equal(machine_install(&host, &lcu, &result), HOST_NEEDS_RESTART);
	windows_free(windows);
	windows = machine_make(&other, folder, 0);
	host = windows_host(windows);
	machine_check_shows(&host, "26100.3775", "KB5055523", "yes");
	machine_restart(&host);
	windows_free(windows);
	windows = machine_make(&other, folder, 0);
	host = windows_host(windows);
	machine_check_shows(&host, "26100.4061", "KB5058411", "no");
	assert_int_equal(windows_tally(windows)->restarts, 1);
	assert_int_equal(windows_tally(windows)->installs[RELEASE_LCU], 1);
	windows_free(windows);

	static const char *const damaged[] = { "", "{}", "[", "{\"pending\":9}" };
	for (size_t i = 0; i < COUNT_OF(damaged); i++) {
		struct windows_knobs knobs = { 0 };
		scratch_write(folder, "windows.json", damaged[i], strlen(damaged[i]));
		assert_null(windows_new(&model, &knobs, folder, &p));
		assert_non_null(strstr(p.text, "is damaged: remove it"));
	}
	scratch_remove(folder);
}

TEST(some_owners_never_restart_and_some_installs_fail_for_no_reason)
{
	struct windows_model model = machine_model();
	struct windows_knobs knobs = { .refuses_restart = true };
	struct payload lcu = machine_payload(RELEASE_LCU, 5058411, 4061);
	struct host_result result;
	struct problem p = { 0 };

	struct windows *windows = windows_new(&model, &knobs, NULL, &p);
	struct host host = windows_host(windows);
	assert_int_equal(machine_install(&host, &lcu, &result), HOST_NEEDS_RESTART);
	machine_restart(&host);
	machine_check_shows(&host, "26100.3775", "KB5055523", "yes");
	assert_true(windows_restart_is_pending(windows));
	windows_free(windows);

	unsigned failed[2];
	for (int again = 0; again < 2; again++) {
		knobs = (struct windows_knobs){ .failure_permille = 300, .seed = 5 };
		windows = windows_new(&model, &knobs, NULL, &p);
		host = windows_host(windows);
		for (uint32_t i = 0; i < 1000; i++) {
			struct payload one =
				machine_payload(RELEASE_HOTPATCH, 5060000 + i, 4000 + i);
			if (machine_install(&host, &one, &result) == HOST_FAILED)
				assert_int_equal(result.code, HRESULT_INSTALL_FAILED);
		}
		failed[again] = windows_tally(windows)->simulated;
		assert_int_equal(windows_tally(windows)->failed, 0);
		assert_false(windows_in_error(windows));
		windows_free(windows);
	}
	assert_in_range(failed[0], 250, 350);
	assert_int_equal(failed[0], failed[1]); /* the same seed, the same bad luck */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_shows_what_it_is),
		cmocka_unit_test(a_hotpatch_takes_effect_at_once),
		cmocka_unit_test(
			a_cumulative_update_shows_its_build_only_after_the_restart),
		cmocka_unit_test(
			a_removed_hotpatch_leaves_its_baseline_after_the_restart),
		cmocka_unit_test(while_a_restart_is_pending_nothing_else_goes),
		cmocka_unit_test(an_install_takes_its_time_and_is_alone),
		cmocka_unit_test(
			what_it_has_on_disk_survives_a_kill_and_a_running_install_does_not),
		cmocka_unit_test(
			some_owners_never_restart_and_some_installs_fail_for_no_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
