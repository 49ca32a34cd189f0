/* `patchyard decide` as a filter, on the real catalog and the sample plan. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "tests/lib/case.h"

#define FILES                                                                            \
	"--catalog " PROJECT_SOURCE_DIR "/conf/catalog --plan " PROJECT_SOURCE_DIR       \
	"/conf/plan.xml"
#define CLIENT                                                                           \
	"\"os.family\":\"client\",\"os.edition\":\"Enterprise\",\"os.arch\":\"x64\","    \
	"\"licence.hotpatch\":\"yes\",\"os.build\":"
#define SERVER                                                                           \
	"\"os.family\":\"server\",\"os.edition\":\"ServerDatacenter\",\"os.arch\":"      \
	"\"x64\","                                                                       \
	"\"licence.hotpatch\":\"yes\",\"vbs\":\"running\",\"os.build\":"
#define VBS       "\"vbs\":\"running\""
#define TEST_RING "\"tag.ring\":\"test\""

static int set_up(void **state)
{
	(void)state;
	folder_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	folder_remove();
	return 0;
}

/* One decision to the letter, for {"id":"d", <rest of the line>. */
static void expect(const char *what, const char *at, const char *rollouts,
		   const char *device, const char *decision)
{
	char line[1024], input[2048], output[2048];

	snprintf(line, sizeof line, "decide " FILES " --devices - --at %s%s%s", at,
		 rollouts == NULL ? "" : " --rollouts ",
		 rollouts == NULL ? "" : folder_file("rollouts.json", rollouts));
	snprintf(input, sizeof input, "{\"id\":\"d\",%s}\n", device);
	snprintf(output, sizeof output, "{\"id\":\"d\",%s}\n", decision);
	struct ran ran = run(line, input);
	if (ran.status != 0 || strcmp(ran.out, output) != 0 || ran.err[0] != '\0')
		fail_msg("%s: %d\n%s%snot\n%s", what, ran.status, ran.out, ran.err,
			 output);
	ran_fini(&ran);
}

#define ON_BASELINE                                                                      \
	"\"product\":\"windows-11-24h2\",\"level\":{\"kb\":\"KB5055523\",\"build\":"     \
	"\"26100.3775\"},\"track\":\"hotpatch\","
#define THE_HOTPATCH                                                                     \
	"\"kb\":\"KB5058497\",\"build\":\"26100.3981\",\"kind\":\"hotpatch\","
#define THE_LCU "\"kb\":\"KB5058411\",\"build\":\"26100.4061\",\"kind\":\"lcu\","
#define NO_RELEASE                                                                       \
	"\"kb\":null,\"build\":null,\"kind\":null,\"opens\":null,\"install_by\":null,"

TEST(a_device_gets_what_the_calendar_has_for_it)
{
	static const struct {
		const char *what, *at, *device, *decision;
	} rows[] = {
		{ "an eligible one takes the hotpatch", "2025-05-14",
		  "\"facts\":{" CLIENT "\"26100.3775\"," VBS "," TEST_RING "}",
		  ON_BASELINE "\"action\":\"install\"," THE_HOTPATCH
			      "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":"
			      "\"2025-05-14T00:00:00Z\",\"reasons\":[]" },
		{ "one without VBS takes the cumulative update", "2025-05-14",
		  "\"facts\":{" CLIENT "\"26100.3775\",\"vbs\":\"off\"," TEST_RING "}",
		  ON_BASELINE
		  "\"action\":\"install\"," THE_LCU
		  "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":"
		  "\"2025-05-14T00:00:00Z\",\"reasons\":[\"vbs-not-running\"]" },
		{ "a later ring waits and knows until when", "2025-05-14",
		  "\"facts\":{" CLIENT "\"26100.3775\"," VBS "}",
		  ON_BASELINE "\"action\":\"none\"," THE_HOTPATCH
			      "\"opens\":\"2025-05-22T17:00:00Z\",\"install_by\":null,"
			      "\"reasons\":[\"deferred\"]" },
		{ "one on the hotpatch has nothing to do", "2025-05-14",
		  "\"facts\":{" CLIENT "\"26100.3981\"," VBS "," TEST_RING "}",
		  "\"product\":\"windows-11-24h2\",\"level\":{\"kb\":\"KB5058497\","
		  "\"build\":\"26100.3981\"},\"track\":\"hotpatch\",\"action\":"
		  "\"none\"," NO_RELEASE "\"reasons\":[\"up-to-date\"]" },
		{ "facts that are too thin are named", "2025-05-14", "\"facts\":{}",
		  "\"product\":null,\"level\":{\"kb\":null,\"build\":null},\"track\":"
		  "null,"
		  "\"action\":\"none\"," NO_RELEASE "\"reasons\":[\"facts-missing\"]" },
		{ "one build, two KBs: the standard track", "2025-10-25",
		  "\"facts\":{" SERVER "\"26100.6905\",\"os.kbs\":\"KB5070881\"}",
		  "\"product\":\"windows-server-2025\",\"level\":{\"kb\":\"KB5070881\","
		  "\"build\":\"26100.6905\"},\"track\":\"standard\",\"action\":"
		  "\"none\"," NO_RELEASE "\"reasons\":[\"up-to-date\"]" },
		{ "one build, two KBs: the hotpatch track", "2025-10-25",
		  "\"facts\":{" SERVER "\"26100.6905\",\"os.kbs\":\"KB5070893\"}",
		  "\"product\":\"windows-server-2025\",\"level\":{\"kb\":\"KB5070893\","
		  "\"build\":\"26100.6905\"},\"track\":\"hotpatch\",\"action\":"
		  "\"none\"," NO_RELEASE "\"reasons\":[\"up-to-date\"]" },
		{ "stale facts hold an offer back", "2025-05-15",
		  "\"observed\":\"2025-05-13T00:00:00Z\",\"facts\":{" CLIENT
		  "\"26100.3775\"," VBS "," TEST_RING "}",
		  ON_BASELINE "\"action\":\"none\"," THE_HOTPATCH
			      "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":null,"
			      "\"reasons\":[\"facts-stale\"]" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect(rows[i].what, rows[i].at, NULL, rows[i].device, rows[i].decision);
}

#define HAPPENED(time, event)                                                            \
	"{\"at\":\"2025-05-13T" time ":00Z\",\"event\":\"" event                         \
	"\",\"kb\":\"KB5058497\"}"

TEST(what_has_happened_to_a_device_counts)
{
	static const char facts[] = "\"facts\":{" CLIENT "\"26100.3775\"," VBS
				    "," TEST_RING "},\"history\":[";
	static const struct {
		const char *what, *history, *decision;
	} rows[] = {
		{ "the deadline runs from the first offer", HAPPENED("18:00", "offered"),
		  ON_BASELINE "\"action\":\"install\"," THE_HOTPATCH
			      "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":"
			      "\"2025-05-13T18:00:00Z\",\"reasons\":[]" },
		{ "a failure waits before it is tried again",
		  HAPPENED("18:00", "offered") "," HAPPENED("23:30", "failed"),
		  ON_BASELINE
		  "\"action\":\"none\"," THE_HOTPATCH
		  "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":"
		  "\"2025-05-13T18:00:00Z\",\"reasons\":[\"retry-backoff\"]" },
		{ "what was removed by request is not offered again",
		  HAPPENED("18:00", "uninstall-requested") "," HAPPENED("23:30",
									"removed"),
		  ON_BASELINE "\"action\":\"install\"," THE_LCU
			      "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":"
			      "\"2025-05-14T00:00:00Z\",\"reasons\":[\"uninstalled-by-"
			      "request\"]" },
		{ "a person's block holds", HAPPENED("18:00", "blocked"),
		  ON_BASELINE "\"action\":\"none\"," THE_HOTPATCH
			      "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":null,"
			      "\"reasons\":[\"blocked\"]" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char device[1024];
		snprintf(device, sizeof device, "%s%s]", facts, rows[i].history);
		expect(rows[i].what, "2025-05-14", NULL, device, rows[i].decision);
	}
}

TEST(what_was_done_on_the_day_counts)
{
	static const struct {
		const char *what, *rollouts, *facts, *decision;
	} rows[] = {
		{ "nothing was done", "[]", VBS "," TEST_RING,
		  "\"action\":\"install\"," THE_HOTPATCH
		  "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":\"2025-05-14T00:00:"
		  "00Z\",\"reasons\":[]" },
		{ "halted in this ring",
		  "[{\"kb\":\"KB5058497\",\"ring\":\"test\",\"halted\":true}]",
		  VBS "," TEST_RING,
		  "\"action\":\"none\"," THE_HOTPATCH
		  "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":null,\"reasons\":["
		  "\"halted\"]" },
		{ "halted in another ring",
		  "[{\"kb\":\"KB5058497\",\"ring\":\"broad\",\"halted\":true}]",
		  VBS "," TEST_RING,
		  "\"action\":\"install\"," THE_HOTPATCH
		  "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":\"2025-05-14T00:00:"
		  "00Z\",\"reasons\":[]" },
		{ "a ring is paused",
		  "[{\"ring\":\"test\",\"paused_until\":\"2025-05-20\"}]",
		  VBS "," TEST_RING,
		  "\"action\":\"none\"," THE_HOTPATCH
		  "\"opens\":\"2025-05-20T00:00:00Z\",\"install_by\":null,\"reasons\":["
		  "\"ring-paused\"]" },
		{ "expedited past the deferral",
		  "[{\"product\":\"windows-11-24h2\",\"kb\":\"KB5058497\",\"build\":"
		  "\"26100.3981\",\"expedited\":true,\"expedite_deadline_days\":1}]",
		  VBS,
		  "\"action\":\"install\"," THE_HOTPATCH
		  "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":\"2025-05-15T00:00:"
		  "00Z\",\"reasons\":[]" },
		{ "no payload: the policy takes the cumulative update",
		  "[{\"kb\":\"KB5058497\",\"payload\":\"missing\"}]", VBS "," TEST_RING,
		  "\"action\":\"install\"," THE_LCU
		  "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":\"2025-05-14T00:00:"
		  "00Z\",\"reasons\":[\"payload-missing\"]" },
		{ "no payload for the other architecture",
		  "[{\"kb\":\"KB5058497\",\"arch\":\"arm64\",\"payload\":\"missing\"}]",
		  VBS "," TEST_RING,
		  "\"action\":\"install\"," THE_HOTPATCH
		  "\"opens\":\"2025-05-13T17:00:00Z\",\"install_by\":\"2025-05-14T00:00:"
		  "00Z\",\"reasons\":[]" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char device[1024], decision[1024];
		snprintf(device, sizeof device, "\"facts\":{" CLIENT "\"26100.3775\",%s}",
			 rows[i].facts);
		snprintf(decision, sizeof decision, ON_BASELINE "%s", rows[i].decision);
		expect(rows[i].what, "2025-05-14", rows[i].rollouts, device, decision);
	}
}

TEST(a_wrong_line_is_told_in_its_place_and_the_others_go_on)
{
	run_expect(
		"decide " FILES " --devices - --at 2025-05-14 -o jsonl",
		"{\"id\":\"a\",\"facts\":{}}\n"
		"\n"
		"{\"id\":\"b\\u0009\\\"\",\"facts\":5}\r\n"
		"{\"id\":\"c\",\"facts\":{}}",
		2,
		"{\"id\":\"a\",\"product\":null,\"level\":{\"kb\":null,\"build\":null},"
		"\"track\":null,\"action\":\"none\"," NO_RELEASE
		"\"reasons\":[\"facts-missing\"]}\n"
		"{\"id\":\"b\\u0009\\\"\",\"line\":3,\"error\":\"an object is expected, "
		"at byte 27\"}\n"
		"{\"id\":\"c\",\"product\":null,\"level\":{\"kb\":null,\"build\":null},"
		"\"track\":null,\"action\":\"none\"," NO_RELEASE
		"\"reasons\":[\"facts-missing\"]}\n",
		"");
	run_expect("decide " FILES " --devices - --at 2025-05-14", "", 0, "", "");
}

TEST(what_is_needed_is_asked_for_and_wrong_files_stop_it)
{
	static const struct {
		const char *line;
		int status;
		const char *err;
	} rows[] = {
		{ "decide", 64,
		  "error: \"decide\" needs --catalog PATH: a catalog file, or a folder "
		  "of "
		  "*.xml; may be repeated\n  Help: patchyard decide --help\n" },
		{ "decide " FILES " --devices -", 64,
		  "error: \"decide\" needs --at TIME: the moment of the decision, as "
		  "2025-05-21T09:42:00Z\n  Help: patchyard decide --help\n" },
		{ "decide " FILES " --devices - --at noon", 64,
		  "error: --at takes a time such as 2025-05-21T09:42:00Z, not \"noon\"\n"
		  "  Help: patchyard decide --help\n" },
		{ "decide " FILES " --devices - --at 2025-05-14 -o json", 64,
		  "error: \"decide\" speaks -o jsonl only\n"
		  "  Help: patchyard decide --help\n" },
		{ "decide " FILES " --devices /nowhere/d.jsonl --at 2025-05-14", 3,
		  "error: cannot decide: cannot read '/nowhere/d.jsonl': No such file or "
		  "directory\n" },
		{ "decide --catalog /nowhere --plan p.xml --devices - --at 2025-05-14", 3,
		  "error: cannot decide: cannot read '/nowhere': No such file or "
		  "directory\n" },
	};
	char line[1024];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		run_expect(rows[i].line, NULL, rows[i].status, "", rows[i].err);
	snprintf(line, sizeof line,
		 "decide --catalog " PROJECT_SOURCE_DIR
		 "/conf/catalog --plan %s --devices - --at 2025-05-14",
		 folder_file("bad.xml", "<plan xmlns=\"urn:patchyard:plan:1\"><rang/>"
					"</plan>"));
	struct ran ran = run(line, NULL);
	assert_int_equal(ran.status, 1);
	assert_string_equal(ran.out, "");
	assert_non_null(strstr(ran.err, "bad.xml:1: error: "));
	assert_non_null(strstr(ran.err, "error: cannot decide: catalog and plan have "));
	ran_fini(&ran);
}

TEST(rollouts_that_name_nothing_there_is_are_refused)
{
	static const struct {
		const char *text, *fault;
	} rows[] = {
		{ "{}", ":1: an array of records is expected" },
		{ "[{\"halted\":1}]", ": record 1: \"halted\" takes true or false" },
		{ "[{},{\"haltet\":true}]", ": record 2: a record has no member "
					    "\"haltet\"; did you mean \"halted\"?" },
		{ "[{\"ring\":\"brod\"}]",
		  ": record 1: the plan has no ring \"brod\"; did you mean \"broad\"?" },
		{ "[{\"kb\":\"KB5999999\"}]",
		  ": record 1: the catalog has no such release as KB5999999" },
		{ "[{\"kb\":\"KB5058497\",\"build\":\"26100.1\"}]",
		  ": record 1: the catalog has no such release as KB5058497" },
		{ "[{\"product\":\"windows-11-24h3\"}]",
		  ": record 1: the catalog has no product \"windows-11-24h3\"; did you "
		  "mean "
		  "\"windows-11-24h2\"?" },
		{ "[{\"payload\":\"missing\"}]", ": record 1: a payload needs a kb" },
		{ "[{\"approval\":\"yes\"}]",
		  ": record 1: \"approval\" takes \"given\" or \"refused\"" },
		{ "[{\"expedite_deadline_days\":3}]",
		  ": record 1: \"expedite_deadline_days\" takes 0, 1 or 2" },
		{ "[{\"passed\":\"yes\"}]", ": record 1: \"passed\" takes a time such as "
					    "\"2025-05-21T06:00:00Z\"" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char line[1024];
		snprintf(line, sizeof line,
			 "decide " FILES " --devices - --at 2025-05-14 --rollouts %s",
			 folder_file("rollouts.json", rows[i].text));
		struct ran ran = run(line, NULL);
		char *end = strchr(ran.err, '\n');
		if (end != NULL)
			*end = '\0';
		size_t size = strlen(ran.err), wanted = strlen(rows[i].fault);
		if (ran.status != 1 || size < wanted ||
		    strcmp(ran.err + size - wanted, rows[i].fault) != 0)
			fail_msg("%s: %d %s", rows[i].text, ran.status, ran.err);
		ran_fini(&ran);
	}
}

/* Whoever writes a line and waits for its answer gets it before the input ends. */
TEST(an_answer_does_not_wait_for_the_next_question)
{
	static const char question[] = "{\"id\":\"a\",\"facts\":{}}\n";
	int in[2], out[2], status;
	char answer[1024];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)dup2(in[0], STDIN_FILENO);
		(void)dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		close(out[0]);
		execl(PATCHYARD_PROGRAM, "patchyard", "decide", "--catalog",
		      PROJECT_SOURCE_DIR "/conf/catalog", "--plan",
		      PROJECT_SOURCE_DIR "/conf/plan.xml", "--devices", "-", "--at",
		      "2025-05-14", (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	for (int i = 0; i < 2; i++) {
		struct pollfd wait = { .fd = out[0], .events = POLLIN };
		assert_int_equal(write(in[1], question, strlen(question)),
				 strlen(question));
		assert_int_equal(poll(&wait, 1, 60000), 1);
		ssize_t got = read(out[0], answer, sizeof answer - 1);
		assert_true(got > 0);
		assert_int_equal(answer[got - 1], '\n');
	}
	close(in[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(out[0]);
}

TEST(ten_thousand_lines_come_out_in_their_order)
{
	enum { LINES = 10000 };
	size_t room = (size_t)LINES * 256, used = 0;
	char *input = malloc(room), *at;

	assert_non_null(input);
	for (int i = 0; i < LINES; i++)
		used += (size_t)snprintf(
			input + used, room - used,
			"{\"id\":\"dev-%d\",\"facts\":{" CLIENT "\"26100.3775\"}}\n", i);
	struct ran ran = run("decide " FILES " --devices - --at 2025-06-14", input);
	assert_int_equal(ran.status, 0);
	at = ran.out;
	for (int i = 0; i < LINES; i++) {
		char start[64];
		int size = snprintf(start, sizeof start, "{\"id\":\"dev-%d\",", i);
		if (strncmp(at, start, (size_t)size) != 0)
			fail_msg("line %d: %.60s", i + 1, at);
		at = strchr(at, '\n') + 1;
	}
	assert_int_equal(*at, '\0');
	ran_fini(&ran);
	free(input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_gets_what_the_calendar_has_for_it),
		cmocka_unit_test(what_has_happened_to_a_device_counts),
		cmocka_unit_test(what_was_done_on_the_day_counts),
		cmocka_unit_test(a_wrong_line_is_told_in_its_place_and_the_others_go_on),
		cmocka_unit_test(what_is_needed_is_asked_for_and_wrong_files_stop_it),
		cmocka_unit_test(rollouts_that_name_nothing_there_is_are_refused),
		cmocka_unit_test(an_answer_does_not_wait_for_the_next_question),
		cmocka_unit_test(ten_thousand_lines_come_out_in_their_order),
	};
	return cmocka_run_group_tests_name("decide", tests, set_up, tear_down);
}
