/* The commands for the day, said to a real server: what they print and how they end. */

#include <stdio.h>
#include <string.h>

#include "engine/instant.h"
#include "protocol/server/daemon.h"
#include "tests/lib/case.h"
#include "tests/unit/command/run.h"
#include "tests/unit/keeper/crew.h"

static const char plan[] =
	"<plan xmlns=\"urn:patchyard:plan:1\">"
	"<policy name=\"hot\" hotpatch=\"allow\"><match>any</match></policy>"
	"<ring name=\"test\"><match>ring = test</match>"
	"<gate min-samples=\"5\" max-failed=\"10%\" soak=\"24h\"/></ring>"
	"<ring name=\"broad\" after=\"test\"><match>ring = broad</match></ring>"
	"</plan>";

static int set_up(void **state)
{
	(void)state;
	crew_open("2025-05-13T19:00:00Z", plan);
	crew_enrol_many("t", 3, "test");
	crew_enrol_many("b", 2, "broad");
	assert_true(crew_try("t-00", HOTPATCH, FLOW_VERIFIED, 0));
	assert_int_equal(crew_poll("t-01"), HOTPATCH);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	crew_close();
	return 0;
}

/* `out` and `err` are parts that have to be there; NULL: nothing is looked for. */
static void say(const char *line, int status, const char *out, const char *err)
{
	char whole[1024];

	snprintf(whole, sizeof whole, "%s --socket %s", line, daemon_socket(lab.daemon));
	struct ran ran = run(whole, NULL);
	if (ran.status != status || (out != NULL && strstr(ran.out, out) == NULL) ||
	    (err != NULL && strstr(ran.err, err) == NULL))
		fail_msg("%s: %d\n%s\n%s", line, ran.status, ran.out, ran.err);
	ran_fini(&ran);
}

TEST(every_act_says_what_it_did_and_how_to_take_it_back)
{
	say("rollout pause test --for 2d --reason 'a fair' --dry-run", 0,
	    "Would pause test until 2025-05-15T19:00:00Z.",
	    "Nothing is done: --dry-run.");
	assert_int_equal(crew_rollout(HOTPATCH, "test")->paused_until_s, 0);
	say("rollout pause test --dry-run", 0, "t-01", NULL);
	say("rollout pause test --reason 'a fair'", 0,
	    "  finished, and stay so                   1\n"
	    "  on the way, and will finish             2\n",
	    "Undo: patchyard rollout resume test");
	say("rollout pause test", 0, "broad stays closed while test has not passed.",
	    NULL);
	say("rollout list --ring test", 0, "paused", NULL);
	say("rollout resume test", 0, "Resumed test.", NULL);
	say("rollout resume test", 6, NULL, "neither paused nor halted");
	say("rollout halt KB5058497 --ring test", 1, NULL, "say why");
	say("rollout halt KB5058497 --ring test --reason 'printers'", 0,
	    "Halted KB5058497 in test.",
	    "Undo: patchyard rollout resume KB5058497 --ring test --waive --reason TEXT");
	say("rollout show KB5058497@26100.3981", 0, "printers", NULL);
	say("rollout resume KB5058497 --ring test --max-failed 20% --reason 'two of "
	    "them'",
	    0, "Resumed KB5058497 in test.", NULL);
	say("rollout expedite KB5058497 --deadline 1d", 0,
	    "  offered it from now on                  2\n",
	    "Undo: patchyard rollout expedite KB5058497 --undo");
	say("rollout expedite KB5058497 --undo", 0, "No longer expedited: KB5058497.",
	    NULL);
	say("rollout approve KB5058411 --for-hotpatch-track --dry-run", 0,
	    "Would approve KB5058411.", NULL);
	say("rollout withdraw KB5058497 --reason 'recalled'", 0, "Withdrew KB5058497.",
	    "Undo: patchyard rollout withdraw KB5058497 --undo");
	say("rollout withdraw KB5058497 --undo", 0, "Reinstated KB5058497.", NULL);
}

TEST(holds_are_added_listed_and_removed)
{
	say("hold list", 0, NULL, "Nothing is held.");
	say("hold add KB5058497 --reason x", 64, NULL, "--where EXPR");
	say("hold add KB5058497 --where 'ring = broad' --reason 'firmware first'", 0,
	    "Held KB5058497.\n  not started, and will not               2\n",
	    "Undo: patchyard hold remove 1");
	say("hold list -o csv", 0, "1,KB5058497,,,ring = broad,firmware first,", NULL);
	say("hold remove 1 --dry-run", 0, "Would no longer hold KB5058497.", NULL);
	say("hold remove 1 --reason done", 0, "No longer held: KB5058497.", NULL);
	say("hold remove 1", 3, NULL, "there is no hold 1");
}

TEST(devices_are_operated_on_by_name_or_by_expression)
{
	say("device rollback t-00 --to lcu --dry-run", 0,
	    "Would roll back 1 device.\n  2 restarts in all.", NULL);
	say("device rollback t-00 --to lcu --dry-run", 0, "KB5058411", NULL);
	say("device uninstall KB5058497 --ring test --dry-run -o json", 0,
	    "\"restarts\": 2", NULL);
	say("device rollback t-00 --to baseline", 64, NULL, "--to takes lcu");
	say("device rollback", 64, NULL, "say which devices");
	say("device rollback t-00 --where any", 64, NULL, "not both");
	say("rollout rollback test --to lcu --where 'id = t-00' --at-most 1", 0,
	    "Rolling back 1 device.", "How far it is: patchyard operation show 1");
	say("device rollback t-00", 6, NULL, "in the middle of another removal");
	say("operation list -o csv", 0, "1,rollback,,0,1,0,0,1,", NULL);
	say("operation show 1", 0, "running", NULL);
	say("operation stop 1", 0, "1 device on the way will finish", NULL);
	say("operation show 7", 3, NULL, "there is no operation");
	say("device block KB5058497 b-00 b-01 --reason x", 0, "Blocked it for 2 devices.",
	    NULL);
	say("device unblock KB5058497 b-00", 0, "Unblocked it for 1 device.",
	    "Undo: patchyard device block KB5058497 b-00");
	say("device pause --ring broad --for 2d", 0,
	    "Paused 2 devices.\n  Until 2025-05-15T19:00:00Z.", NULL);
	say("device resume b-00 b-01", 0, "Resumed 2 devices.", NULL);
	say("device resume b-00", 6, NULL, "'b-00' is not paused");
	say("device uninstall KB5058497 t-01 --dry-run", 6, NULL,
	    "only the KB of its present level");
	say("device retry nobody", 3, NULL, "there is no device 'nobody'");
	say("device uninstall x t-00", 64, NULL, "a release is KB5058497");
}

int main(void)
{
#define COMMAND_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		COMMAND_TEST(every_act_says_what_it_did_and_how_to_take_it_back),
		COMMAND_TEST(holds_are_added_listed_and_removed),
		COMMAND_TEST(devices_are_operated_on_by_name_or_by_expression),
	};
	return cmocka_run_group_tests_name("admin commands", tests, NULL, NULL);
}
