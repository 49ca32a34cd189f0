/* The program against a server whose every answer is known: what it asks, what it prints
 * where, and how it ends. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fake_server.h"
#include "run.h"
#include "tests/lib/case.h"

#define API "/api/v1"
#define RINGS                                                                            \
	"{\"rings\":[{\"name\":\"test\",\"defer_days\":0,\"match\":\"tag.ring = test\"," \
	"\"devices\":240,\"up_to_date\":237},{\"name\":\"broad, all\",\"defer_days\":9," \
	"\"after\":\"test\",\"match\":\"any\",\"devices\":0,\"up_to_date\":0}]}"
#define PROBLEM(type, status, detail)                                                    \
	"{\"type\":\"" type "\",\"title\":\"T\",\"status\":" #status                     \
	",\"detail\":\"" detail "\"}"

static const struct fake_answer answers[] = {
	{ "GET " API "/rings", 200, RINGS },
	{ "GET " API "/devices?limit=500&after=dev-2", 200,
	  "{\"devices\":[{\"id\":\"dev-3\",\"ring\":\"broad\"}]}" },
	{ "GET " API "/devices?limit=1&where=ring%20%3D%20test", 200,
	  "{\"devices\":[{\"id\":\"dev-1\",\"ring\":\"test\",\"level\":{\"kb\":"
	  "\"KB5055523\",\"build\":\"26100.3775\"},\"standing\":\"waiting\",\"action\":"
	  "\"none\",\"reasons\":[\"deferred\",\"ring-paused\"],\"restarts\":2}],"
	  "\"next\":\"dev-1\"}" },
	{ "GET " API "/devices?limit=500", 200,
	  "{\"devices\":[{\"id\":\"dev-1\",\"x\":1},{\"id\":\"dev-2\"}],\"next\":\"dev-"
	  "2\"}" },
	{ "GET " API "/devices/a%2Fb%20c/explain?update=KB5058497", 200,
	  "{\"id\":\"a/b c\",\"text\":\"It is \\u001b[31mnot\\u001b[0m offered.\\n\"}" },
	{ "GET " API "/devices/dev-1/explain?at=2025-05-21T09%3A42%3A00%2B02%3A00"
	  "&assume=vbs%3Drunning&assume=chpe%3D ",
	  200, "{\"text\":\"So it was.\\n\"}" },
	{ "PUT " API "/devices/dev-1/facts", 200, "{}" },
	{ "DELETE " API "/devices/dev-1", 200, "" },
	{ "POST " API "/devices", 201, "{\"id\":\"dev-9\",\"token\":\"secret\"}" },
	{ "GET " API "/enrolment", 200, "{\"token\":\"join\"}" },
	{ "POST " API "/clock", 409, PROBLEM("conflict", 409, "the clock is real") },
	{ "GET " API "/clock", 200,
	  "{\"now\":\"2025-05-01T00:00:00Z\",\"clock\":\"virtual\"}" },
	{ "GET " API "/audit?limit=2 ", 200,
	  "{\"entries\":[{\"at\":\"2025-05-01T00:00:00Z\",\"by\":\"root\",\"action\":"
	  "\"plan.apply\",\"subject\":\"plan.xml\",\"reason\":\"say \\\"hi\\\", "
	  "all\"}]}" },
	{ "GET " API "/audit?limit=1000 ", 403, PROBLEM("refused", 403, "not for you") },
	{ "GET " API "/reports/distribution", 200,
	  "{\"as_of\":\"2025-05-21T00:00:00Z\",\"rows\":[{\"product\":\"w\",\"kb\":"
	  "\"KB5058497\",\"build\":\"26100.3981\",\"kind\":\"hotpatch\",\"cadence\":"
	  "\"B\","
	  "\"published\":\"2025-05-13T17:00:00Z\",\"devices\":5448,\"percent\":43.7}]}" },
	{ "GET " API "/reports/hotpatch", 503, PROBLEM("busy", 503, "come back later") },
	{ "GET " API "/status", 200, "no JSON at all" },
	{ "GET " API "/plan", 200, "<plan/>\n" },
	{ "PUT " API "/plan?name=bad.xml", 400,
	  "{\"type\":\"bad-input\",\"title\":\"T\",\"status\":400,\"detail\":\"the plan "
	  "has 1 error\",\"findings\":[{\"file\":\"bad.xml\",\"line\":3,\"severity\":"
	  "\"error\",\"text\":\"what, why\",\"hint\":\"right\"}]}" },
	{ "PUT " API "/plan?name=good.xml", 200,
	  "{\"revision\":7,\"warnings\":[{\"file\":\"good.xml\",\"line\":4,\"severity\":"
	  "\"warning\",\"text\":\"hm\"}]}" },
	{ "POST " API "/catalog", 200, "{\"releases\":255,\"warnings\":[]}" },
	{ "POST " API "/payloads", 200, "{\"added\":2}" },
	{ "GET " API "/catalog", 200, NULL },
	{ "DELETE " API "/devices/slow", 0, NULL },
	{ NULL, 0, NULL },
};

static struct fake_server *server;
static struct fake_request requests[REQUESTS_MOST];

static int set_up(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof path, "%s/api.sock", folder_make());
	setenv("PATCHYARD_SOCKET", path, 1);
	setenv("NO_COLOR", "1", 1);
	server = fake_server_start(path, answers);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_server_stop(server, requests);
	folder_remove();
	return 0;
}

TEST(answers_become_tables_csv_and_json)
{
	static const struct {
		const char *line;
		int status;
		const char *out, *err;
	} rows[] = {
		{ "ring list --columns name,devices,percent,after", 0,
		  "RING        DEVICES     %  AFTER\n"
		  "test            240  98.8\n"
		  "broad, all        0        test\n",
		  "" },
		{ "ring list -o csv --columns name,defer_days,percent --no-headers", 0,
		  "test,0,98.8\r\n\"broad, all\",9,\r\n", "" },
		{ "ring list -o json", 0,
		  "{\"rings\":[\n{\"name\":\"test\",\"defer_days\":0,\"match\":\"tag."
		  "ring = "
		  "test\",\"devices\":240,\"up_to_date\":237},\n{\"name\":\"broad, all\","
		  "\"defer_days\":9,\"after\":\"test\",\"match\":\"any\",\"devices\":0,"
		  "\"up_to_date\":0}\n]}\n",
		  "" },
		{ "ring list -o jsonl --where 'percent > 90'", 0,
		  "{\"name\":\"test\",\"defer_days\":0,\"match\":\"tag.ring = test\","
		  "\"devices\":240,\"up_to_date\":237}\n",
		  "" },
		{ "ring list --where 'after = test' --columns name", 0,
		  "RING\nbroad, all\n", "" },
		{ "ring list --where 'name = nobody'", 0, "",
		  "Nothing matches: --where 'name = nobody'\n" },
		{ "ring list --where 'nam = test'", 64, "",
		  "error: --where: there is no column \"nam\"; did you mean \"name\"?\n"
		  "  Help: patchyard ring list --help\n" },
		{ "ring list --columns nam", 64, "",
		  "error: --columns: there is no column \"nam\"; did you mean \"name\"?\n"
		  "  Help: patchyard ring list --help\n" },
		{ "ring list -o json --columns name", 64, "",
		  "error: --columns goes with -o table and -o csv; JSON is always whole\n"
		  "  Help: patchyard ring list --help\n" },
		{ "device list -o jsonl", 0,
		  "{\"id\":\"dev-1\",\"x\":1}\n{\"id\":\"dev-2\"}\n"
		  "{\"id\":\"dev-3\",\"ring\":\"broad\"}\n",
		  "" },
		{ "device list -o json", 0,
		  "{\"devices\":[\n{\"id\":\"dev-1\",\"x\":1},\n{\"id\":\"dev-2\"},\n"
		  "{\"id\":\"dev-3\",\"ring\":\"broad\"}\n]}\n",
		  "" },
		{ "device list --limit 1 --where 'ring = test' --columns "
		  "id,level_build,reasons,restarts",
		  0,
		  "NAME   BUILD       REASONS               RESTARTS\n"
		  "dev-1  26100.3775  deferred ring-paused         2\n",
		  "1 shown.  More: add --after dev-1\n" },
		{ "audit list --limit 2 -o csv", 0,
		  "at,by,action,subject,reason\r\n"
		  "2025-05-01T00:00:00Z,root,plan.apply,plan.xml,\"say \"\"hi\"\", "
		  "all\"\r\n",
		  "" },
		{ "report distribution -o csv", 0,
		  "update,kind,build,kb,product,published,devices,percent\r\n"
		  "2025-05 B,hotpatch,26100.3981,KB5058497,w,2025-05-13T17:00:00Z,5448,"
		  "43.7\r\n",
		  "" },
		{ "clock show", 0, "2025-05-01T00:00:00Z virtual\n", "" },
		{ "plan show", 0, "<plan/>\n", "" },
		{ "version", 0, "patchyard 0.1.0\n", "" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		run_expect(rows[i].line, NULL, rows[i].status, rows[i].out, rows[i].err);
}

TEST(every_end_has_its_own_exit_status)
{
	static const struct {
		const char *line;
		int status;
		const char *err;
	} rows[] = {
		{ "device show nope", 3,
		  "error: cannot show the device: nothing is there\n" },
		{ "device show nope -o json", 3,
		  "{\"type\":\"not-found\",\"title\":\"Not found\",\"status\":404,"
		  "\"detail\":\"nothing is there\"}\n" },
		{ "device show ..", 3,
		  "error: cannot show the device: no device can be called \"..\"\n" },
		{ "audit list", 4, "error: cannot list the audit log: not for you\n" },
		{ "clock set 2025-01-01", 6,
		  "error: cannot set the clock: the clock is real\n" },
		{ "clock set noon", 64,
		  "error: a time is 2025-05-21T09:42:00Z or +6h, not \"noon\"\n"
		  "  Help: patchyard clock set --help\n" },
		{ "report hotpatch", 1,
		  "error: cannot report on hotpatches: come back later\n" },
		{ "catalog list", 5, NULL }, /* closed without a word */
		{ "status", 1, NULL },       /* no JSON */
		{ "device list --socket /nowhere/api.sock", 5,
		  "error: cannot list the devices: no server answers on "
		  "/nowhere/api.sock (there is no such socket)\n"
		  "  Is patchyardd running?  Another socket: --socket PATH, or "
		  "PATCHYARD_SOCKET.\n" },
		{ "device list --where 'ring ='", 64, NULL },
		{ "device explain a --update fifty", 64,
		  "error: --update takes a KB such as KB5058497, not \"fifty\"\n"
		  "  Help: patchyard device explain --help\n" },
		{ "device explain a --at yesterday", 64,
		  "error: --at takes a time such as 2025-05-21T09:42:00Z, not "
		  "\"yesterday\"\n  Help: patchyard device explain --help\n" },
		{ "device explain a --assume vbs=on --assume vbs", 64,
		  "error: --assume takes a fact as NAME=VALUE, or NAME= for one that "
		  "is not reported, not \"vbs\"\n"
		  "  Help: patchyard device explain --help\n" },
		{ "device explain a --at 2025-05-21 --at 2025-05-22", 64,
		  "error: --at is given twice\n  Help: patchyard --help\n" },
		{ "device assert dev-1 vbs", 64,
		  "error: a fact is given as NAME=VALUE, not \"vbs\"\n"
		  "  Help: patchyard device assert --help\n" },
		{ "plan apply /nowhere/plan.xml", 3,
		  "error: cannot apply the plan: cannot read '/nowhere/plan.xml': No "
		  "such "
		  "file or directory\n" },
		{ "help devise", 64,
		  "error: there is no command \"devise\"; did you mean \"device\"?\n"
		  "  Help: patchyard help --help\n" },
		{ "devices", 64,
		  "error: there is no command \"devices\"; did you mean \"device\"?\n"
		  "  Help: patchyard --help\n" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		run_expect(rows[i].line, NULL, rows[i].status, "", rows[i].err);
	run_expect("device", NULL, 64, "", NULL);
	run_expect("", NULL, 64, "", NULL);
	run_expect("--help", NULL, 0, NULL, "");
}

TEST(results_alone_go_to_standard_output)
{
	static const struct {
		const char *line, *out, *err;
	} rows[] = {
		{ "device add dev-9", "secret\n",
		  "dev-9 is added.  Its token, shown this once:\n"
		  "A client sends it as \"Authorization: TargetToken TOKEN\".  Undo: "
		  "patchyard device forget NAME\n" },
		{ "device add dev-9 -q", "secret\n", "" },
		{ "enrolment show -q", "join\n", "" },
		{ "device add dev-9 -o jsonl",
		  "{\"id\":\"dev-9\",\"token\":\"secret\"}\n", "" },
		{ "device forget dev-1", "",
		  "dev-1 is forgotten.  It may enrol again, as new.\n" },
		{ "device forget dev-1 -q", "", "" },
		/* what a server or device says cannot paint on a terminal */
		{ "device explain 'a/b c' --update 5058497",
		  "It is ?[31mnot?[0m offered.\n", "" },
		{ "device explain dev-1 --at 2025-05-21T09:42:00+02:00"
		  " --assume vbs=running --assume chpe=",
		  "So it was.\n", "" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		run_expect(rows[i].line, NULL, 0, rows[i].out, rows[i].err);
}

TEST(files_go_to_the_server_whole_and_its_findings_come_back_as_lines)
{
	char line[512];
	const char *bad = folder_file("bad.xml", "<plan>\n");
	const char *good = folder_file("good.xml", "<plan xmlns=\"é\"/>\n");

	snprintf(line, sizeof line, "plan apply %s", bad);
	run_expect(line, NULL, 1, "",
		   "bad.xml:3: error: what, why (right)\n"
		   "error: cannot apply the plan: 1 error.  Nothing was changed.\n");
	snprintf(line, sizeof line, "plan apply %s --dry-run", bad);
	run_expect(line, NULL, 2, "", NULL);
	snprintf(line, sizeof line, "plan apply %s", good);
	run_expect(line, NULL, 0, "",
		   "good.xml:4: warning: hm\n"
		   "The plan is applied, as revision 7.  Undo: apply the file of "
		   "before.\n");
	snprintf(line, sizeof line, "catalog import %s %s --dry-run", bad, good);
	run_expect(line, NULL, 0, "",
		   "The catalog would hold 255 releases.  Nothing is changed: "
		   "--dry-run.\n");
}

TEST(a_list_of_payloads_is_read_line_by_line)
{
	run_expect("payload import -",
		   "# product kb build arch path\n\n"
		   "w\tKB5055523\t26100.3775\tx64\t/srv/a.msu\r\n"
		   "w\tKB5055523\t26100.3775\tarm64\tb c.msu\n",
		   0, "", "2 added.\n");
	run_expect("payload import -", "", 1, "",
		   "standard input: error: the list names no file\n"
		   "1 error.  Nothing was changed.\n");
	run_expect("payload import -",
		   "w\tKB5055523\t26100.3775\tx64\n"
		   "w\tfive\t26100\tx32\t\n",
		   1, "",
		   "standard input:1: error: a line has five fields with tabs between "
		   "them (product, KB, build, architecture, path)\n"
		   "standard input:2: error: the path is empty\n"
		   "standard input:2: error: \"five\" is no KB (as in KB5055523)\n"
		   "standard input:2: error: \"26100\" is no build (as in 26100.3775)\n"
		   "standard input:2: error: \"x32\" is no architecture (x64 or arm64)\n"
		   "5 errors.  Nothing was changed.\n");
}

TEST(a_signal_ends_it_and_says_that_the_server_goes_on)
{
	static const struct {
		int number, status;
	} rows[] = { { SIGINT, 130 }, { SIGTERM, 143 } };

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t before = fake_server_count(server);
		struct running running = run_begin("device forget slow", NULL);
		struct timespec pause = { .tv_nsec = 5000000 };
		/* the request is there, so the program is inside the call */
		for (int n = 0; n < 4000 && fake_server_count(server) == before; n++)
			nanosleep(&pause, NULL);
		assert_int_equal(fake_server_count(server), before + 1);
		assert_int_equal(kill(running.pid, rows[i].number), 0);
		struct ran ran = run_end(&running);
		assert_int_equal(ran.status, rows[i].status);
		assert_string_equal(
			ran.err,
			"\nStopped.  The server goes on with what it was told.\n");
		assert_string_equal(ran.out, "");
		ran_fini(&ran);
	}
}

/* The requests of all that was run on a server of its own. */
TEST(the_server_is_asked_in_its_own_words)
{
	char path[256], line[512], here[512], body[1024];
	const char *file = folder_file("cat.xml", "<catalog>\"é\"</catalog>");

	snprintf(path, sizeof path, "%s.2", getenv("PATCHYARD_SOCKET"));
	struct fake_server *other = fake_server_start(path, answers);
	snprintf(line, sizeof line,
		 "device assert dev-1 vbs=running chpe= --reason 'seen' --socket %s",
		 path);
	run_expect(line, NULL, 0, "", NULL);
	snprintf(line, sizeof line, "device forget dev-1 --socket=%s -q", path);
	run_expect(line, NULL, 0, "", "");
	snprintf(line, sizeof line, "clock set +36h --socket %s", path);
	run_expect(line, NULL, 6, "", NULL);
	snprintf(line, sizeof line, "catalog import %s --socket %s", file, path);
	run_expect(line, NULL, 0, "", NULL);
	snprintf(line, sizeof line, "plan apply %s --dry-run --socket %s", file, path);
	run_expect(line, NULL, 3, "", NULL);
	snprintf(line, sizeof line, "payload import - --socket %s", path);
	run_expect(line, "w\tKB1\t1.2\tx64\tb.msu\n", 0, "", NULL);

	struct fake_request got[REQUESTS_MOST];
	size_t count = fake_server_stop(other, got);
	assert_non_null(getcwd(here, sizeof here));
	snprintf(body, sizeof body,
		 "{\"payloads\":[{\"product\":\"w\",\"kb\":\"KB1\",\"build\":\"1.2\","
		 "\"arch\":\"x64\",\"path\":\"%s/b.msu\"}]}",
		 here);
	const struct fake_request wanted[] = {
		{ "PUT " API "/devices/dev-1/facts", "application/json",
		  "{\"facts\":{\"vbs\":\"running\",\"chpe\":null},\"reason\":\"seen\"}" },
		{ "DELETE " API "/devices/dev-1", "", "" },
		{ "GET " API "/clock", "", "" },
		{ "POST " API "/clock", "application/json",
		  "{\"now\":\"2025-05-02T12:00:00Z\"}" },
		{ "POST " API "/catalog", "application/json",
		  "{\"files\":[{\"name\":\"cat.xml\",\"text\":\"<catalog>\\\"é\\\"</"
		  "catalog>\"}],\"dry_run\":false}" },
		{ "PUT " API "/plan?name=cat.xml&dry-run=1", "application/xml",
		  "<catalog>\"é\"</catalog>" },
		{ "POST " API "/payloads", "application/json", "" },
	};
	assert_int_equal(count, COUNT_OF(wanted));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(got[i].line, wanted[i].line);
		assert_string_equal(got[i].type, wanted[i].type);
		assert_string_equal(got[i].body,
				    i == COUNT_OF(wanted) - 1 ? body : wanted[i].body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_become_tables_csv_and_json),
		cmocka_unit_test(every_end_has_its_own_exit_status),
		cmocka_unit_test(results_alone_go_to_standard_output),
		cmocka_unit_test(
			files_go_to_the_server_whole_and_its_findings_come_back_as_lines),
		cmocka_unit_test(a_list_of_payloads_is_read_line_by_line),
		cmocka_unit_test(a_signal_ends_it_and_says_that_the_server_goes_on),
		cmocka_unit_test(the_server_is_asked_in_its_own_words),
	};
	return cmocka_run_group_tests_name("command", tests, set_up, tear_down);
}
