#include "protocol/server/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/server/log.h"
#include "protocol/wusp/terms.h"
#include "tests/lib/case.h"
#include "tests/unit/server/scratch.h"

static struct scratch scratch;

static int set_up(void **state)
{
	(void)state;
	return scratch_init(&scratch) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_fini(&scratch);
	return 0;
}

/* Reads `text` as the settings file and gives its first finding, "" without one. */
static const char *first_finding(const char *text)
{
	static char said[600];
	struct settings settings;
	struct findings findings;
	struct problem p;

	settings_init(&settings);
	findings_init(&findings);
	said[0] = '\0';
	const char *path = scratch_write(&scratch, "a.conf", text);
	if (settings_read(&settings, path, true, &findings, &p) < 0)
		snprintf(said, sizeof said, "problem: %s", p.text);
	settings_check(&settings, &findings);
	if (findings.count > 0) {
		char whole[600];
		finding_format(&findings.list[0], whole, sizeof whole);
		const char *name = strstr(whole, "a.conf:");
		snprintf(said, sizeof said, "%s", name != NULL ? name : whole);
	}
	findings_fini(&findings);
	settings_fini(&settings);
	return said;
}

static const struct {
	const char *text;
	const char *said;
} faults[] = {
	{ "", "" },
	{ "[server]\nport = 443\n", "" },
	{ "# all\n; quiet\n\n[agents]\npoll-interval = 90s ; often\n", "" },
	{ "[server]\n\nport = 65536\n",
	  "a.conf:3: error: port is '65536'; a whole number from 0 to 65535 is "
	  "wanted" },
	{ "[server]\nport = -1\n",
	  "a.conf:2: error: port is '-1'; a whole number from 0 to 65535 is "
	  "wanted" },
	{ "[server]\nport = 99999999999999999999\n",
	  "a.conf:2: error: port is '99999999999999999999'; a whole number from "
	  "0 "
	  "to 65535 is wanted" },
	{ "[server]\nport =\n",
	  "a.conf:2: error: port is ''; a whole number from 0 to 65535 is "
	  "wanted" },
	{ "[server]\nloops = 1.5\n",
	  "a.conf:2: error: loops is '1.5'; a whole number from 0 to 256 is "
	  "wanted" },
	{ "[agents]\npoll-interval = soon\n",
	  "a.conf:2: error: poll-interval is 'soon'; a time such as 30s, 5m or "
	  "2h "
	  "is wanted, from 1 to 86399 seconds" },
	{ "[agents]\npoll-interval = 1d\n",
	  "a.conf:2: error: poll-interval is '1d'; a time such as 30s, 5m or 2h "
	  "is wanted, from 1 to 86399 seconds" },
	{ "[agents]\nenrolment = perhaps\n",
	  "a.conf:2: error: enrolment is 'perhaps'; yes or no is wanted" },
	{ "[clock]\nclock = vitrual\n",
	  "a.conf:2: error: clock is 'vitrual'; one of: real virtual (did you "
	  "mean 'virtual'?)" },
	{ "[log]\nlog-level = chatty\n",
	  "a.conf:2: error: log-level is 'chatty'; one of: error warning info "
	  "debug" },
	{ "[clock]\nclock = virtual\nclock-from = New Year\n",
	  "a.conf:3: error: clock-from is 'New Year'; a time such as "
	  "2025-01-01T00:00:00Z is wanted" },
	{ "[clock]\nclock-from = 2025-01-01\n",
	  "a.conf:2: warning: clock-from says nothing to a real clock (clock = "
	  "virtual)" },
	{ "[server]\nprot = 443\n",
	  "a.conf:2: error: there is no setting 'prot' (did you mean 'port'?)" },
	{ "[server]\ncolour = red\n", "a.conf:2: error: there is no setting 'colour'" },
	{ "[sever]\nport = 443\n",
	  "a.conf:2: error: there is no section 'sever' (did you mean "
	  "'server'?)" },
	{ "[agents]\nport = 443\n", "a.conf:2: error: port belongs under [server]" },
	{ "port = 443\n", "a.conf:1: error: port belongs under [server]" },
	{ "[server]\nport = 443\nport = 444\n",
	  "a.conf:3: error: port was given in line 2 already" },
	{ "[server]\nport\n", "a.conf:2: error: the line is neither a section "
			      "nor a setting ([section] "
			      "or name = value)" },
	{ "[server\nport = 1\n", "a.conf:1: error: the line is neither a section "
				 "nor a setting ([section] "
				 "or name = value)" },
	{ "[server]\nbase-url = http://yard:80\n",
	  "a.conf:2: error: base-url is 'http://yard:80'; it begins with "
	  "https://, "
	  "for there is no plain port" },
	{ "[wusp]\ncontent-url = ftp://cache.lab\n",
	  "a.conf:2: error: content-url is 'ftp://cache.lab'; it begins with "
	  "https:// or http://" },
	{ "[wusp]\nwusp-identity = dns\n",
	  "a.conf:2: error: wusp-identity is 'dns'; one of: client-id dns-name" },
	{ "[wusp]\nwusp-cookie = 30s\n",
	  "a.conf:2: error: wusp-cookie is '30s'; a time such as 30s, 5m or 2h "
	  "is wanted, from 60 to 43200 seconds" },
	{ "[server]\nstate-dir = here\n",
	  "a.conf:2: error: state-dir is 'here'; a path from / is wanted" },
	{ "[server]\naddress =\n",
	  "a.conf:2: error: address is empty; 127.0.0.1 serves this machine" },
};

TEST(what_is_wrong_with_a_setting_is_said_with_file_and_line)
{
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		const char *said = first_finding(faults[i].text);
		if (strcmp(said, faults[i].said) != 0)
			fail_msg("%s: '%s'", faults[i].text, said);
	}
}

TEST(a_line_too_long_is_refused_and_its_tail_is_no_line_of_its_own)
{
	char text[600] = "[server]\nbase-url = https://";
	size_t used = strlen(text);

	memset(text + used, 'a', 300);
	snprintf(text + used + 300, sizeof text - used - 300, "\nport = 70000\n");
	assert_string_equal(first_finding(text),
			    "a.conf:2: error: the line has 319 bytes; at most 198 are "
			    "taken");
}

TEST(a_file_that_is_no_text_is_refused)
{
	struct settings settings;
	struct findings findings;
	struct problem p;

	settings_init(&settings);
	findings_init(&findings);
	const char *path = scratch_write(&scratch, "a.conf", "[server]\nport = 1\n");
	FILE *file = fopen(path, "ae");
	assert_non_null(file);
	fputc('\0', file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(settings_read(&settings, path, true, &findings, &p), 0);
	assert_int_equal(findings.errors, 1);
	assert_string_equal(findings.list[0].text, "the file holds a NUL byte; it is no "
						   "text");
	assert_int_equal(settings.port, 8443);
	findings_fini(&findings);
	settings_fini(&settings);
}

TEST(a_fault_leaves_the_setting_as_it_was)
{
	struct settings settings;
	struct findings findings;
	const struct origin origin = { "command line", 0 };

	settings_init(&settings);
	findings_init(&findings);
	assert_int_equal(settings_set(&settings, NULL, "port", "x", origin, &findings),
			 -1);
	assert_int_equal(settings.port, 8443);
	assert_int_equal(settings_set(&settings, NULL, "port", "1", origin, &findings),
			 0);
	assert_int_equal(settings.port, 1);
	assert_int_equal(findings.errors, 1);
	findings_fini(&findings);
	settings_fini(&settings);
}

TEST(what_nobody_sets_is_built_in)
{
	struct settings settings;

	settings_init(&settings);
	assert_string_equal(settings.address, "127.0.0.1");
	assert_int_equal(settings.port, 8443);
	assert_int_equal(settings.poll_interval_s, 300);
	assert_true(settings.enrolment);
	assert_true(settings.wusp && settings.wusp_join);
	assert_int_equal(settings.wusp_identity, WUSP_BY_CLIENT_ID);
	assert_int_equal(settings.wusp_cookie_s, 3600);
	assert_string_equal(settings.content_url, "");
	assert_int_equal(settings.clock, CLOCK_REAL);
	assert_true(settings.clock_from_s == INSTANT_NONE);
	assert_int_equal(settings.keep_alive_s, 75);
	assert_int_equal(settings.log_level, LOG_LEVEL_INFO);
	settings_fini(&settings);
}

TEST(drop_ins_go_before_the_file_in_order_of_their_names)
{
	struct settings settings;
	struct findings findings;
	struct problem p;

	settings_init(&settings);
	findings_init(&findings);
	scratch_write(&scratch, "conf.d/20-second.conf", "[server]\nport = 3\n");
	scratch_write(&scratch, "conf.d/10-first.conf",
		      "[server]\nport = 2\n[limits]\ndrain = 5s\n");
	scratch_write(&scratch, "conf.d/30-not.txt", "[server]\nport = 4\n");
	scratch_write(&scratch, "conf.d/.hidden.conf", "[server]\nport = 5\n");
	const char *path =
		scratch_write(&scratch, "a.conf", "[server]\nport = 1\nloops = 7\n");
	assert_int_equal(settings_read(&settings, path, true, &findings, &p), 0);
	assert_int_equal(findings.count, 0);
	assert_int_equal(settings.port, 3);
	assert_int_equal(settings.drain_s, 5);
	assert_int_equal(settings.loops, 7);
	assert_int_equal(settings.file_count, 3);
	findings_fini(&findings);
	settings_fini(&settings);
}

TEST(a_missing_file_matters_only_when_it_was_named)
{
	struct settings settings;
	struct findings findings;
	struct problem p;

	settings_init(&settings);
	findings_init(&findings);
	const char *path = scratch_path(&scratch, "none.conf");
	assert_int_equal(settings_read(&settings, path, false, &findings, &p), 0);
	path = scratch_path(&scratch, "none.conf");
	assert_int_equal(settings_read(&settings, path, true, &findings, &p), -1);
	assert_int_equal(p.kind, PROBLEM_NOT_FOUND);
	findings_fini(&findings);
	settings_fini(&settings);
}

/* All of a small file. */
static char *load(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 65536);
	assert_non_null(file);
	assert_non_null(text);
	size_t got = fread(text, 1, 65535, file);
	assert_true(got > 0);
	assert_int_equal(fclose(file), 0);
	return text;
}

TEST(the_sample_file_shows_every_setting_with_its_built_in_value)
{
	struct settings settings, plain;
	struct findings findings;
	struct problem p;
	char *text = load(PROJECT_SOURCE_DIR "/conf/patchyardd.conf");

	for (size_t i = 0; settings_name(i) != NULL; i++) {
		char line[64];
		snprintf(line, sizeof line, "\n;%s =", settings_name(i));
		if (strstr(text, line) == NULL)
			fail_msg("%s is not in the sample", settings_name(i));
	}
	/* Take away the marks: nothing may change. */
	for (char *at = text; *at != '\0'; at++) {
		if (at[0] == '\n' && at[1] == ';' && at[2] >= 'a' && at[2] <= 'z')
			at[1] = ' ';
	}
	settings_init(&settings);
	settings_init(&plain);
	findings_init(&findings);
	const char *path = scratch_write(&scratch, "sample.conf", text);
	assert_int_equal(settings_read(&settings, path, true, &findings, &p), 0);
	assert_int_equal(findings.count, 0);
	size_t values = offsetof(struct settings, origins);
	assert_memory_equal(&settings, &plain, values);
	findings_fini(&findings);
	settings_fini(&settings);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_wrong_with_a_setting_is_said_with_file_and_line, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_line_too_long_is_refused_and_its_tail_is_no_line_of_its_own,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_is_no_text_is_refused, set_up,
						tear_down),
		cmocka_unit_test(a_fault_leaves_the_setting_as_it_was),
		cmocka_unit_test(what_nobody_sets_is_built_in),
		cmocka_unit_test_setup_teardown(
			drop_ins_go_before_the_file_in_order_of_their_names, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_missing_file_matters_only_when_it_was_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_sample_file_shows_every_setting_with_its_built_in_value,
			set_up, tear_down),
	};
	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
