#include "agents/installer.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/scratch.h"

static const struct host_job install_job = { .kb = 5055523,
					     .build = { 26100, 3775 },
					     .path = "/a file" };
static const struct host_job removal_job = { .remove = true, .kb = 5055523 };

static struct installer *make(const char *folder, const char *command,
			      const char *facts_file)
{
	struct installer_options options = { .command = command,
					     .facts_file = facts_file,
					     .state_dir = folder };
	struct problem p = { 0 };
	struct installer *installer = installer_new(&options, &p);
	assert_non_null(installer);
	return installer;
}

/* Until it is no longer running; ten seconds at most. */
static enum host_state finish(const struct host *host, struct host_result *result)
{
	enum host_state state = HOST_RUNNING;
	for (int i = 0; i < 1000 && state == HOST_RUNNING; i++) {
		state = host->check(host->owner, 0, result);
		if (state == HOST_RUNNING)
			poll(NULL, 0, 10);
	}
	return state;
}

TEST(how_a_command_ends_is_what_became_of_the_update)
{
	static const struct {
		const char *command;
		enum host_state state;
		uint32_t code;
	} rows[] = {
		{ "true", HOST_DONE, 0 },
		{ "exit 194", HOST_NEEDS_RESTART, 0 },
		{ "echo restart; true", HOST_NEEDS_RESTART, 0 },
		{ "echo restart later; true", HOST_DONE, 0 },
		{ "false", HOST_FAILED, 0x80070001 },
		{ "exit 5 #", HOST_FAILED, 0x80070005 },
		{ "echo 0x800F0922; exit 3 #", HOST_FAILED, 0x800F0922 },
		{ "echo 0x800F0922; true", HOST_DONE, 0 },
		{ "kill -9 $$ #", HOST_FAILED, 0x80070089 },
		{ "/no/such/installer", HOST_FAILED, 0x8007007f },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char folder[SCRATCH_PATH];
		struct host_result result;
		struct problem p = { 0 };
		struct installer *installer =
			make(scratch_make(folder), rows[i].command, NULL);
		struct host host = installer_host(installer);
		assert_int_equal(host.check(host.owner, 0, &result), HOST_IDLE);
		if (host.begin(host.owner, &install_job, 0, &p) < 0)
			fail_msg("%s: %s", rows[i].command, p.text);
		if (finish(&host, &result) != rows[i].state ||
		    result.code != rows[i].code)
			fail_msg("%s: 0x%08X %s", rows[i].command, result.code,
				 result.text);
		assert_int_equal(host.check(host.owner, 0, &result), HOST_IDLE);
		installer_free(installer);
		scratch_remove(folder);
	}
}

TEST(the_command_is_told_what_to_do_in_four_words)
{
	char folder[SCRATCH_PATH], command[SCRATCH_PATH + 80];
	struct host_result result;
	struct problem p = { 0 };
	size_t size = 0;

	snprintf(command, sizeof command, "printf '<%%s>' >>%s/told",
		 scratch_make(folder));
	struct installer *installer = make(folder, command, NULL);
	struct host host = installer_host(installer);
	assert_int_equal(host.begin(host.owner, &install_job, 0, &p), 0);
	assert_int_equal(finish(&host, &result), HOST_DONE);
	assert_int_equal(host.begin(host.owner, &removal_job, 0, &p), 0);
	assert_int_equal(finish(&host, &result), HOST_DONE);
	assert_int_equal(host.restart(host.owner, 0, &p), 0);
	char *told = NULL;
	for (int i = 0; i < 1000 && (told == NULL || strstr(told, "restart") == NULL);
	     i++) {
		poll(NULL, 0, 10);
		free(told);
		told = scratch_read(folder, "told", &size);
	}
	/* A file with a blank in its name stays one word. */
	assert_non_null(strstr(told, "<install><KB5055523><26100.3775></a file>"
				     "<uninstall><KB5055523><-><->"));
	free(told);
	/* The restart has ended as well once the log is free. */
	for (int i = 0; i < 1000 && host.begin(host.owner, &install_job, 0, &p) < 0; i++)
		poll(NULL, 0, 10);
	assert_int_equal(finish(&host, &result), HOST_DONE);
	installer_free(installer);
	scratch_remove(folder);
}

TEST(an_install_left_behind_is_waited_for_and_its_end_is_heard)
{
	char folder[SCRATCH_PATH], command[2 * SCRATCH_PATH], gate[SCRATCH_PATH + 10];
	struct host_result result;
	struct problem p = { 0 };

	snprintf(gate, sizeof gate, "%s/gate", scratch_make(folder));
	assert_int_equal(mkfifo(gate, 0600), 0);
	snprintf(command, sizeof command, "read x <%s; exit 194 #", gate);
	struct installer *installer = make(folder, command, NULL);
	struct host host = installer_host(installer);
	assert_int_equal(host.begin(host.owner, &install_job, 0, &p), 0);
	installer_free(installer); /* the agent is killed */

	installer = make(folder, command, NULL);
	host = installer_host(installer);
	assert_int_equal(host.check(host.owner, 0, &result), HOST_RUNNING);
	assert_int_equal(host.begin(host.owner, &install_job, 0, &p), -1);
	assert_int_equal(p.kind, PROBLEM_BUSY);
	FILE *file = fopen(gate, "w");
	assert_non_null(file);
	fputs("go\n", file);
	fclose(file);
	assert_int_equal(finish(&host, &result), HOST_NEEDS_RESTART);
	assert_int_equal(host.check(host.owner, 0, &result), HOST_IDLE);
	installer_free(installer);
	scratch_remove(folder);
}

TEST(a_command_that_never_ends_is_ended)
{
	char folder[SCRATCH_PATH];
	struct installer_options options = { .command = "sleep 1000 #",
					     .state_dir = scratch_make(folder),
					     .patience_s = 60 };
	struct host_result result;
	struct problem p = { 0 };
	struct installer *installer = installer_new(&options, &p);
	struct host host = installer_host(installer);

	assert_int_equal(host.begin(host.owner, &install_job, 1000, &p), 0);
	assert_int_equal(host.check(host.owner, 1059, &result), HOST_RUNNING);
	assert_int_equal(host.check(host.owner, 1060, &result), HOST_FAILED);
	assert_int_equal(result.code, 0x800705B4);
	/* Its last process may take a moment to die. */
	assert_int_equal(finish(&host, &result), HOST_IDLE);
	installer_free(installer);
	scratch_remove(folder);
}

TEST(without_a_command_every_job_says_so)
{
	char folder[SCRATCH_PATH];
	struct problem p = { 0 };
	struct installer *installer = make(scratch_make(folder), NULL, NULL);
	struct host host = installer_host(installer);

	assert_int_equal(host.begin(host.owner, &install_job, 0, &p), -1);
	assert_non_null(strstr(p.text, "--install-command"));
	assert_int_equal(host.restart(host.owner, 0, &p), -1);
	installer_free(installer);
	scratch_remove(folder);
}

TEST(facts_are_the_given_ones_overlaid_by_the_file)
{
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 10];
	static const char first[] = "# a comment\n\nvbs=running\r\nsite=lab=2\n";
	static const char broken[] = "vbs\n";
	struct installer_options options = { .state_dir = scratch_make(folder) };
	struct fact_set facts;
	struct problem p = { 0 };

	snprintf(path, sizeof path, "%s/facts", folder);
	options.facts_file = path;
	fact_set_clear(&options.facts);
	assert_int_equal(fact_set_put(&options.facts, "vbs", "off", &p), 0);
	assert_int_equal(fact_set_put(&options.facts, "os.arch", "x64", &p), 0);
	struct installer *installer = installer_new(&options, &p);
	struct host host = installer_host(installer);
	fact_set_clear(&facts);
	assert_int_equal(host.facts(host.owner, &facts, &p), -1);
	assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
	scratch_write(folder, "facts", first, sizeof first - 1);
	fact_set_clear(&facts);
	assert_int_equal(host.facts(host.owner, &facts, &p), 0);
	assert_string_equal(fact_set_find(&facts, "vbs"), "running");
	assert_string_equal(fact_set_find(&facts, "site"), "lab=2");
	assert_string_equal(fact_set_find(&facts, "os.arch"), "x64");
	assert_non_null(fact_set_find(&facts, "os.boot"));
	scratch_write(folder, "facts", broken, sizeof broken - 1);
	fact_set_clear(&facts);
	assert_int_equal(host.facts(host.owner, &facts, &p), -1);
	assert_non_null(strstr(p.text, "/facts"));
	installer_free(installer);
	scratch_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(how_a_command_ends_is_what_became_of_the_update),
		cmocka_unit_test(the_command_is_told_what_to_do_in_four_words),
		cmocka_unit_test(
			an_install_left_behind_is_waited_for_and_its_end_is_heard),
		cmocka_unit_test(a_command_that_never_ends_is_ended),
		cmocka_unit_test(without_a_command_every_job_says_so),
		cmocka_unit_test(facts_are_the_given_ones_overlaid_by_the_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
