#include "protocol/ddi/feedback.h"

#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"

#define STATUS(execution, finished, rest)                                                \
	"{\"status\":{\"execution\":\"" execution                                        \
	"\",\"result\":{\"finished\":\"" finished "\"}" rest "}}"

static int read_text(const char *body, struct feedback *feedback, struct problem *p)
{
	return feedback_read(body, strlen(body), feedback, p);
}

/* What clients really send, and the state it stands for. */
static const struct {
	const char *body;
	enum flow_kind kind;
	enum flow_state from, claim;
} words[] = {
	/* swupdate 2022.12 */
	{ "{\"id\":7,\"status\":{\"result\":{\"finished\":\"none\",\"progress\":{"
	  "\"cnt\":0,\"of\":1}},\"execution\":\"proceeding\",\"details\":["
	  "\"Installing Update Chunk Artifacts.\"]}}",
	  FLOW_INSTALL, FLOW_OFFERED, FLOW_DOWNLOADING },
	{ STATUS("proceeding", "none", ",\"details\":[\"Installed Chunk.\"]"),
	  FLOW_INSTALL, FLOW_DOWNLOADING, FLOW_INSTALLING },
	{ STATUS("proceeding", "none", ",\"details\":[\"All Chunks Installed.\"]"),
	  FLOW_INSTALL, FLOW_INSTALLING, FLOW_RESTART_PENDING },
	{ STATUS("proceeding", "none",
		 ",\"details\":[\"Update Installed, Testing Pending.\"]"),
	  FLOW_INSTALL, FLOW_INSTALLING, FLOW_RESTART_PENDING },
	{ STATUS("closed", "success", ",\"details\":[\"Update Installed.\"]"),
	  FLOW_INSTALL, FLOW_RESTART_PENDING, FLOW_VERIFIED },
	{ STATUS("closed", "failure", ",\"details\":[\"Update Failed.\"]"), FLOW_INSTALL,
	  FLOW_RESTART_PENDING, FLOW_FAILED },
	/* rauc-hawkbit-updater */
	{ STATUS("proceeding", "none", ",\"details\":[\"Download complete. 1.00 MB/s\"]"),
	  FLOW_INSTALL, FLOW_DOWNLOADING, FLOW_DOWNLOADED },
	{ STATUS("proceeding", "none", ",\"details\":[\"File checksum OK.\"]"),
	  FLOW_INSTALL, FLOW_DOWNLOADING, FLOW_DOWNLOADED },
	{ STATUS("proceeding", "none", ",\"details\":[\"20% Checking slot\"]"),
	  FLOW_INSTALL, FLOW_DOWNLOADED, FLOW_INSTALLING },
	{ STATUS("downloaded", "success", ""), FLOW_INSTALL, FLOW_DOWNLOADING,
	  FLOW_DOWNLOADED },
	/* a plain client without known lines: fetching first, then at work */
	{ STATUS("proceeding", "none", ""), FLOW_INSTALL, FLOW_OFFERED,
	  FLOW_DOWNLOADING },
	{ STATUS("proceeding", "none", ""), FLOW_INSTALL, FLOW_DOWNLOADING,
	  FLOW_INSTALLING },
	{ STATUS("proceeding", "none", ""), FLOW_INSTALL, FLOW_INSTALLING, FLOW_NONE },
	{ STATUS("proceeding", "none", ""), FLOW_INSTALL, FLOW_RESTART_PENDING,
	  FLOW_NONE },
	{ STATUS("resumed", "none", ""), FLOW_INSTALL, FLOW_OFFERED, FLOW_DOWNLOADING },
	{ STATUS("scheduled", "none", ""), FLOW_INSTALL, FLOW_OFFERED, FLOW_ACCEPTED },
	{ STATUS("download", "none", ""), FLOW_INSTALL, FLOW_OFFERED, FLOW_DOWNLOADING },
	{ STATUS("closed", "none", ""), FLOW_INSTALL, FLOW_OFFERED, FLOW_VERIFIED },
	/* hawkBit keeps these open */
	{ STATUS("canceled", "failure", ""), FLOW_INSTALL, FLOW_INSTALLING, FLOW_NONE },
	{ STATUS("rejected", "none", ",\"details\":[\"py:defer-until=x\"]"), FLOW_INSTALL,
	  FLOW_OFFERED, FLOW_NONE },
	{ STATUS("rejected", "none", ""), FLOW_INSTALL, FLOW_OFFERED,
	  FLOW_NOT_APPLICABLE },
	{ STATUS("closed", "failure", ",\"code\":-2145124329"), FLOW_INSTALL,
	  FLOW_INSTALLING, FLOW_NOT_APPLICABLE },
	{ STATUS("closed", "failure", ",\"details\":[\"refused with 0x80240017\"]"),
	  FLOW_INSTALL, FLOW_INSTALLING, FLOW_NOT_APPLICABLE },
	/* our own agent */
	{ STATUS("proceeding", "none",
		 ",\"details\":[\"py:seq=4\",\"py:state=installing\"]"),
	  FLOW_INSTALL, FLOW_DOWNLOADED, FLOW_INSTALLING },
	{ STATUS("proceeding", "none",
		 ",\"code\":3010,\"details\":[\"py:state=restart-pending\"]"),
	  FLOW_INSTALL, FLOW_INSTALLING, FLOW_RESTART_PENDING },
	{ STATUS("proceeding", "none", ",\"code\":3010"), FLOW_INSTALL, FLOW_INSTALLING,
	  FLOW_RESTART_PENDING },
	{ STATUS("proceeding", "none", ",\"code\":\"0x80070BC2\""), FLOW_INSTALL,
	  FLOW_INSTALLING, FLOW_RESTART_PENDING },
	{ STATUS("proceeding", "none", ",\"details\":[\"py:state=removing\"]"),
	  FLOW_UNINSTALL, FLOW_OFFERED, FLOW_REMOVING },
	{ STATUS("proceeding", "none", ""), FLOW_UNINSTALL, FLOW_OFFERED, FLOW_REMOVING },
	{ STATUS("scheduled", "none", ""), FLOW_UNINSTALL, FLOW_OFFERED, FLOW_NONE },
	{ STATUS("closed", "success", ""), FLOW_UNINSTALL, FLOW_REMOVING, FLOW_REMOVED },
	/* a final state is not theirs to name while they proceed */
	{ STATUS("proceeding", "none", ",\"details\":[\"py:state=verified\"]"),
	  FLOW_INSTALL, FLOW_DOWNLOADING, FLOW_INSTALLING },
	{ STATUS("proceeding", "none", ",\"details\":[\"py:state=offered\"]"),
	  FLOW_INSTALL, FLOW_INSTALLING, FLOW_NONE },
	{ STATUS("closed", "failure", ",\"details\":[\"py:state=verified\"]"),
	  FLOW_INSTALL, FLOW_INSTALLING, FLOW_FAILED },
};

TEST(each_clients_words_mean_a_state)
{
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct flow flow = { .id = 7,
				     .kind = words[i].kind,
				     .state = words[i].from };
		struct feedback feedback;
		struct problem p;
		if (read_text(words[i].body, &feedback, &p) < 0)
			fail_msg("row %zu: %s", i, p.text);
		enum flow_state claim = feedback_claim(&feedback, &flow);
		if (claim != words[i].claim)
			fail_msg("row %zu claims %s", i, flow_state_name(claim));
	}
}

TEST(result_codes_come_in_every_form)
{
	static const struct {
		const char *code;
		bool ok, has;
		uint32_t value;
	} rows[] = {
		{ "0", true, true, 0 },
		{ "3010", true, true, 3010 },
		{ "-2146498270", true, true, 0x800F0922 },
		{ "2148469026", true, true, 0x800F0922 },
		{ "\"0x800F0922\"", true, true, 0x800F0922 },
		{ "\"0X800f0922\"", true, true, 0x800F0922 },
		{ "\"2148469026\"", true, true, 0x800F0922 },
		{ "\"-2146498270\"", true, true, 0x800F0922 },
		{ "null", true, false, 0 },
		{ "4294967295", true, true, UINT32_MAX },
		{ "4294967296", false, false, 0 },
		{ "-2147483648", true, true, 0x80000000 },
		{ "-2147483649", false, false, 0 },
		{ "99999999999999999999", false, false, 0 },
		{ "\"99999999999999999999\"", false, false, 0 },
		{ "\"\"", false, false, 0 },
		{ "\"12x\"", false, false, 0 },
		{ "1.5", false, false, 0 },
		{ "true", false, false, 0 },
		{ "[]", false, false, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char body[256];
		struct feedback feedback;
		struct problem p;
		snprintf(body, sizeof body, STATUS("closed", "failure", ",\"code\":%s"),
			 rows[i].code);
		bool ok = read_text(body, &feedback, &p) == 0;
		if (ok != rows[i].ok || (ok && (feedback.has_code != rows[i].has ||
						feedback.code != rows[i].value)))
			fail_msg("code %s", rows[i].code);
	}
}

TEST(a_failures_lines_are_searched_for_a_code)
{
	static const struct {
		const char *finished, *line;
		uint32_t code;
	} rows[] = {
		{ "failure", "py:hresult=0x800F0922", 0x800F0922 },
		{ "none", "py:hresult=0x800F0922", 0x800F0922 },
		{ "failure", "it said 0x800F0831, and more", 0x800F0831 },
		{ "failure", "0x1 0x80 then 0x80070BC9.", 0x80070BC9 },
		{ "failure", "0x800F08311", 0 },
		{ "failure", "0x", 0 },
		{ "failure", "800F0831", 0 },
		{ "none", "mapped at 0x7fffabcd", 0 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char body[256];
		struct feedback feedback;
		struct problem p;
		snprintf(body, sizeof body,
			 "{\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":"
			 "\"%s\"},\"details\":[\"%s\"]}}",
			 rows[i].finished, rows[i].line);
		assert_int_equal(read_text(body, &feedback, &p), 0);
		if (feedback.code != rows[i].code)
			fail_msg("'%s' gave 0x%08X", rows[i].line, feedback.code);
	}
}

TEST(a_body_that_is_not_what_hawkbit_asks_for_says_what_is_wrong)
{
	static const struct {
		const char *body, *words;
	} rows[] = {
		{ "", "no body" },
		{ "{", "line 1" },
		{ "[]", "no object" },
		{ "7", "no" },
		{ "{}", "status is missing" },
		{ "{\"status\":[]}", "status is missing" },
		{ "{\"status\":{}}", "status.execution is missing" },
		{ "{\"status\":{\"execution\":7}}", "status.execution" },
		{ "{\"status\":{\"execution\":\"closed\"}}", "status.result is missing" },
		{ "{\"status\":{\"execution\":\"closed\",\"result\":{}}}",
		  "status.result.finished is missing" },
		{ STATUS("done", "none", ""), "'done' is not one of: closed" },
		{ STATUS("Closed", "none", ""), "'Closed' is not one of" },
		{ STATUS("closed", "ok", ""), "'ok' is not one of: none, success" },
		{ "{\"status\":{},\"status\":{}}", "duplicate" },
		{ STATUS("closed", "none", "") "x", "end of file" },
		{ "\xff\xfe", "line 1" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct feedback feedback;
		struct problem p = { 0 };
		assert_int_equal(read_text(rows[i].body, &feedback, &p), -1);
		assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
		if (strstr(p.text, rows[i].words) == NULL)
			fail_msg("'%s': %s", rows[i].body, p.text);
	}
	struct feedback feedback;
	struct problem p;
	assert_int_equal(feedback_read("{\"a\":\"b\0c\"}", 11, &feedback, &p), -1);
}

TEST(members_of_no_use_are_passed_over)
{
	static const char *const bodies[] = {
		"{\"id\":7,\"time\":\"20261123T183738\",\"timestamp\":1627997501890,"
		"\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":"
		"\"success\",\"progress\":{\"cnt\":2,\"of\":0}},\"details\":[]}}",
		"{\"id\":\"7\",\"status\":{\"execution\":\"closed\",\"result\":{"
		"\"finished\":\"success\"},\"details\":null},\"new\":{\"x\":[1]}}",
		STATUS("closed", "success", ",\"details\":[1,null,{},[],true]"),
		STATUS("closed", "success", ",\"details\":\"one line\""),
		STATUS("closed", "success", ",\"details\":7"),
	};

	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct feedback feedback;
		struct problem p;
		if (read_text(bodies[i], &feedback, &p) < 0)
			fail_msg("body %zu: %s", i, p.text);
		assert_int_equal(feedback.execution, EXECUTION_CLOSED);
		assert_int_equal(feedback.finished, FINISHED_SUCCESS);
	}
}

TEST(sequence_numbers_and_the_devices_own_words_are_kept)
{
	struct feedback feedback;
	struct problem p;

	assert_int_equal(read_text(STATUS("proceeding", "none",
					  ",\"details\":[\"py:seq=4294967295\","
					  "\"first\",\"a\\tb\\nc\",\"\",\"py:x=y\"]"),
				   &feedback, &p),
			 0);
	assert_int_equal(feedback.sequence, UINT32_MAX);
	assert_string_equal(feedback.text, "a b c");

	static const char *const wrong[] = { "py:seq=",
					     "py:seq=-1",
					     "py:seq=x",
					     "py:seq=4294967296",
					     "py:seq=99999999999999999999",
					     "py:seq= 1" };
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		char body[256];
		snprintf(body, sizeof body,
			 STATUS("proceeding", "none", ",\"details\":[\"%s\"]"), wrong[i]);
		assert_int_equal(read_text(body, &feedback, &p), 0);
		assert_int_equal(feedback.sequence, 0);
	}
}

static int read_details(const char *details, struct feedback *feedback)
{
	char body[4096];
	struct problem p;

	snprintf(body, sizeof body,
		 "{\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":"
		 "\"none\"},"
		 "\"details\":[%s]}}",
		 details);
	return read_text(body, feedback, &p);
}

TEST(a_long_line_is_cut_at_a_whole_character)
{
	char line[1024];
	size_t used = (size_t)snprintf(line, sizeof line, "\"");
	struct feedback feedback;
	const size_t kept = 126;

	for (int i = 0; i < 200; i++)
		used += (size_t)snprintf(line + used, sizeof line - used, "\xc3\xbc");
	snprintf(line + used, sizeof line - used, "\"");
	assert_int_equal(read_details(line, &feedback), 0);
	assert_int_equal(strlen(feedback.text), kept * 2 + 3);
	assert_string_equal(feedback.text + kept * 2 - 2, "\xc3\xbc...");
}

TEST(lines_past_the_fiftieth_are_passed_over)
{
	char lines[2048];
	size_t used = 0;
	struct feedback feedback;

	for (int i = 0; i < 60; i++)
		used += (size_t)snprintf(lines + used, sizeof lines - used,
					 "%s\"line %d\"", i > 0 ? "," : "", i);
	assert_int_equal(read_details(lines, &feedback), 0);
	assert_string_equal(feedback.text, "line 49");
}

TEST(the_answer_to_a_stop_is_done_refused_or_a_note)
{
	static const struct {
		const char *execution, *finished;
		enum stop_answer stop;
	} rows[] = {
		{ "closed", "success", STOP_DONE },
		{ "closed", "none", STOP_DONE },
		{ "closed", "failure", STOP_REFUSED },
		{ "rejected", "none", STOP_REFUSED },
		{ "rejected", "failure", STOP_REFUSED },
		{ "canceled", "success", STOP_DONE },
		{ "canceled", "none", STOP_DONE },
		{ "proceeding", "none", STOP_NOTE },
		{ "scheduled", "none", STOP_NOTE },
		{ "resumed", "none", STOP_NOTE },
		{ "download", "none", STOP_NOTE },
		{ "downloaded", "success", STOP_NOTE },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char body[256];
		struct feedback feedback;
		struct problem p;
		snprintf(body, sizeof body,
			 "{\"status\":{\"execution\":\"%s\",\"result\":{\"finished\":"
			 "\"%s\"}}}",
			 rows[i].execution, rows[i].finished);
		assert_int_equal(read_text(body, &feedback, &p), 0);
		if (feedback_stop(&feedback) != rows[i].stop)
			fail_msg("%s/%s", rows[i].execution, rows[i].finished);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_clients_words_mean_a_state),
		cmocka_unit_test(result_codes_come_in_every_form),
		cmocka_unit_test(a_failures_lines_are_searched_for_a_code),
		cmocka_unit_test(
			a_body_that_is_not_what_hawkbit_asks_for_says_what_is_wrong),
		cmocka_unit_test(members_of_no_use_are_passed_over),
		cmocka_unit_test(sequence_numbers_and_the_devices_own_words_are_kept),
		cmocka_unit_test(a_long_line_is_cut_at_a_whole_character),
		cmocka_unit_test(lines_past_the_fiftieth_are_passed_over),
		cmocka_unit_test(the_answer_to_a_stop_is_done_refused_or_a_note),
	};
	return cmocka_run_group_tests_name("ddi_feedback", tests, NULL, NULL);
}
