/* `patchyard rehearse`, the program itself. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "run.h"
#include "tests/lib/case.h"

#define ROOT    PROJECT_SOURCE_DIR
#define CATALOG "--catalog " ROOT "/conf/catalog/windows-11-24h2.xml "
#define PLAN    "--plan " ROOT "/conf/plan.xml "
#define FLEET   "--fleet " ROOT "/conf/fleet.xml "
#define SPAN    "--from 2025-05-01 --until 2025-06-15 "
#define ALL     "rehearse " CATALOG PLAN FLEET SPAN

static char *out_of(const char *line)
{
	struct ran ran = run(line, NULL);

	if (ran.status != 0)
		fail_msg("%s: status %d: %s", line, ran.status, ran.err);
	char *out = strdup(ran.out);
	ran_fini(&ran);
	assert_non_null(out);
	return out;
}

TEST(the_same_seed_gives_the_same_bytes_on_any_number_of_threads)
{
	static const char *const formats[] = { "json", "csv", "svg", "text" };
	char line[1024];

	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		char *outs[3];
		for (int jobs = 1; jobs <= 3; jobs++) {
			snprintf(line, sizeof line,
				 ALL "--sample 150 --runs 7 --seed 5 --jobs %d -o %s "
				     "--fail 'KB5058497=20%%+-10'",
				 jobs, formats[i]);
			outs[jobs - 1] = out_of(line);
		}
		assert_string_equal(outs[0], outs[1]);
		assert_string_equal(outs[0], outs[2]);
		assert_true(strlen(outs[0]) > 500);
		for (int k = 0; k < 3; k++)
			free(outs[k]);
	}
	char *one = out_of(ALL "--sample 150 --runs 2 --seed 5 -o json");
	char *two = out_of(ALL "--sample 150 --runs 2 --seed 6 -o json");
	assert_string_not_equal(one, two);
	free(one);
	free(two);
}

TEST(the_page_says_what_matters)
{
	char *out = out_of(ALL "--sample 200 --runs 3 --fail KB5058497=30%");

	assert_non_null(strstr(out, "200 devices of"));
	assert_non_null(strstr(out, "3 runs, seed 1"));
	assert_non_null(strstr(out, "Made to fail: KB5058497=30%"));
	assert_non_null(strstr(out, "Avoided by hotpatch"));
	assert_non_null(strstr(out, "KB5058497  hotpatch  2025-05-13 first"));
	assert_non_null(strstr(out, "Devices not up to date at the end, and why"));
	free(out);
	out = out_of(ALL "--sample 200 --as-of 2025-05-15");
	assert_non_null(strstr(out, "KB5058497"));
	assert_null(strstr(out, "KB5061258"));
	assert_null(strstr(out, "KB5060841"));
	free(out);
}

TEST(what_is_asked_wrong_is_told)
{
	static const struct {
		const char *line, *says;
		int status;
	} rows[] = {
		{ "rehearse", "needs --catalog PATH", 64 },
		{ "rehearse " CATALOG PLAN SPAN, "needs --fleet FILE.xml", 64 },
		{ "rehearse " CATALOG PLAN FLEET "--from 2025-05-01", "needs --until",
		  64 },
		{ ALL "--runs 0", "--runs takes a number from 1 to 10000", 64 },
		{ ALL "--runs many", "not \"many\"", 64 },
		{ ALL "--fail KB5058497", "--fail takes WHAT=RATE", 64 },
		{ ALL "--fail KB5058497=2%+-x", "wants a share", 64 },
		{ ALL "--fail hotpach=2%", "did you mean \"hotpatch\"?", 64 },
		{ ALL "--fail KB1111111=2%", "which the catalog does not have", 3 },
		{ ALL "--offline 95%", "0% to 90%", 64 },
		{ ALL "-o jsonl", "speaks -o text, json, csv or svg", 64 },
		{ ALL "--until 2025-05-01", "given twice", 64 },
		{ "rehearse " CATALOG PLAN FLEET "--from 2025-05-01 --until 2025-04-01",
		  "end before it begins", 1 },
		{ "rehearse " CATALOG PLAN "--fleet /nowhere.xml " SPAN, "/nowhere.xml",
		  3 },
		{ "rehearse " CATALOG PLAN "--fleet " ROOT "/conf/plan.xml " SPAN,
		  "conf/plan.xml:", 1 },
		{ "rehearse " CATALOG PLAN "--devices - " SPAN, "-:2: ", 1 },
		{ "rehearse compare a", "needs A B", 64 },
		{ "rehearse compare nothing nowhere", "nothing.rehearsal.json", 3 },
		{ "device list -o svg", "--output takes", 64 },
		{ "rehearse --flet x", "did you mean \"--fleet\"?", 64 },
	};
	static const char input[] =
		"{\"id\":\"a\",\"facts\":{\"os.build\":\"26100.2605\"}}\n{\"id\":7}\n";

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ran ran = run(rows[i].line, input);
		if (ran.status != rows[i].status || strstr(ran.err, rows[i].says) == NULL)
			fail_msg("%s: status %d: %s", rows[i].line, ran.status, ran.err);
		assert_string_equal(ran.out, "");
		ran_fini(&ran);
	}
}

TEST(devices_that_are_known_are_rehearsed_with_their_past)
{
	static const char input[] =
		"{\"id\":\"a\",\"facts\":{\"os.family\":\"client\",\"os.arch\":\"x64\","
		"\"os.build\":\"26100.3775\",\"os.kbs\":\"KB5055523\",\"os.edition\":"
		"\"Enterprise\",\"vbs\":\"running\",\"tag.ring\":\"test\"}}\n"
		"{\"id\":\"b\",\"facts\":{\"os.family\":\"client\",\"os.arch\":\"x64\","
		"\"os.build\":\"26100.3775\",\"os.kbs\":\"KB5055523\",\"os.edition\":"
		"\"Professional\",\"tag.ring\":\"test\"},\"history\":[{\"at\":"
		"\"2025-04-20T10:00:00Z\",\"event\":\"blocked\",\"kb\":\"KB5058411\"}]}\n"
		"{\"id\":\"c\",\"facts\":{\"os.family\":\"client\",\"os.arch\":\"x64\"}}"
		"\n";
	struct ran ran = run("rehearse " CATALOG PLAN SPAN "--devices - -o json", input);
	json_error_t error;

	if (ran.status != 0)
		fail_msg("status %d: %s", ran.status, ran.err);
	json_t *doc = json_loads(ran.out, 0, &error);
	assert_non_null(doc);
	assert_int_equal(json_integer_value(json_object_get(doc, "devices")), 3);
	/* a: May's and June's hotpatches.  b: June's update alone.  c: nobody knows. */
	const json_t *spread =
		json_object_get(json_object_get(doc, "restarts"), "devices_by_restarts");
	assert_int_equal(json_array_size(spread), 2);
	assert_true(json_number_value(json_array_get(spread, 0)) == 2);
	assert_true(json_number_value(json_array_get(spread, 1)) == 1);
	assert_non_null(strstr(ran.out, "facts-missing"));
	assert_null(strstr(ran.out, "KB5058411"));
	json_decref(doc);
	ran_fini(&ran);
}

TEST(two_that_were_saved_are_compared_on_one_page)
{
	const char *folder = folder_make();
	const char *text =
		"<plan xmlns=\"urn:patchyard:plan:1\">"
		"<policy name=\"h\" hotpatch=\"allow\"><match>any</match></policy>"
		"<ring name=\"broad\" defer-days=\"1\"><match>any</match></ring>"
		"</plan>";
	char line[2048];

	const char *plan = folder_file("one.xml", text);
	snprintf(line, sizeof line, ALL "--sample 200 --runs 3 --save %s/a.json", folder);
	free(out_of(line));
	snprintf(line, sizeof line,
		 "rehearse " CATALOG "--plan %s " FLEET SPAN
		 "--sample 200 --runs 3 --save %s/b.json",
		 plan, folder);
	free(out_of(line));
	snprintf(line, sizeof line, "rehearse compare %s/a.json %s/b.json", folder,
		 folder);
	char *out = out_of(line);
	assert_non_null(strstr(out, "Restarts of a device"));
	assert_non_null(strstr(out, "d earlier"));
	assert_non_null(strstr(out, "restarts move to another week"));
	assert_non_null(strstr(out, "WHAT GATES WOULD HAVE STOPPED"));
	size_t lines = 0;
	for (const char *at = out; *at != '\0'; at++)
		lines += *at == '\n';
	assert_in_range(lines, 15, 60);
	free(out);
	snprintf(line, sizeof line, "rehearse compare %s/a.json %s/b.json -o json",
		 folder, folder);
	out = out_of(line);
	assert_non_null(strstr(out, "\"comparison\": 1"));
	assert_non_null(strstr(out, "\"half_hours_earlier\""));
	free(out);
	snprintf(line, sizeof line, "rehearse show %s/a.json", folder);
	out = out_of(line);
	snprintf(line, sizeof line, ALL "--sample 200 --runs 3");
	char *again = out_of(line);
	assert_string_equal(out, again);
	free(out);
	free(again);
	folder_remove();
}

/* However many runs are done by then: it ends, and says so. */
TEST(stopped_by_a_signal_it_keeps_what_is_done)
{
	struct running running =
		run_begin(ALL "--sample 2000 --runs 10000 --seed 3 -o json", NULL);
	struct timespec pause = { 1, 0 };

	nanosleep(&pause, NULL);
	assert_int_equal(kill(running.pid, SIGINT), 0);
	struct ran ran = run_end(&running);
	if (ran.status == 0) {
		assert_non_null(strstr(ran.err, "of 10000 runs are done"));
		assert_non_null(strstr(ran.out, "\"runs_asked\": 10000"));
	} else {
		assert_true(ran.status == 1 || ran.status == 130);
	}
	ran_fini(&ran);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_same_seed_gives_the_same_bytes_on_any_number_of_threads),
		cmocka_unit_test(the_page_says_what_matters),
		cmocka_unit_test(what_is_asked_wrong_is_told),
		cmocka_unit_test(devices_that_are_known_are_rehearsed_with_their_past),
		cmocka_unit_test(two_that_were_saved_are_compared_on_one_page),
		cmocka_unit_test(stopped_by_a_signal_it_keeps_what_is_done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
