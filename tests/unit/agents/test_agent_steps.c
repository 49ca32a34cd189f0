/* One agent against a server that stands in memory: every phase, every answer a server
 * can give, and a cancellation wherever it may come. */

#include "agents/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/bench.h"

static const struct windows_knobs slow = { .install_s = 60 };

TEST(it_enrols_once_and_then_uses_its_own_token)
{
	struct bench *bench = bench_set_up(NULL, 0, NULL);
	struct problem p;

	assert_false(agent_is_enrolled(bench->agent));
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_true(agent_is_enrolled(bench->agent));
	assert_true(bench_device(bench)->token_used);
	assert_int_equal(bench_device(bench)->facts_count, 1);
	assert_string_equal(bench_device(bench)->build, "26100.3775");
	/* Settled, a poll is one request. */
	unsigned before = bench->server.requests;
	assert_int_equal(bench_step(bench, &p), AGENT_STILL);
	assert_int_equal(bench->server.requests, before + 1);
	assert_in_range(agent_next_poll_s(bench->agent), NOW_S + 53, NOW_S + 67);
	bench_tear_down(bench);
}

TEST(a_device_that_comes_without_any_token_is_told_so)
{
	struct bench *bench = bench_set_up(NULL, 0, NULL);
	struct agent_options options = { .server = FAKE_URL, .id = "pc" };
	struct problem p = { 0 };

	assert_null(agent_new(&options, &p));
	assert_non_null(strstr(p.text, "give an enrolment token"));
	options.enrol_token = "wrong";
	options.transport = fake_server_transport(&bench->server);
	options.host = windows_host(bench->windows);
	struct agent *agent = agent_new(&options, &p);
	assert_int_equal(agent_step(agent, NOW_S, &p), AGENT_TROUBLE);
	assert_non_null(strstr(p.text, "refuses the enrolment token"));
	agent_free(agent);
	bench_tear_down(bench);
}

TEST(its_id_is_one_segment_of_the_path)
{
	struct bench *bench = bench_set_up(NULL, 0, NULL);
	struct agent_options options = { .server = FAKE_URL,
					 .id = "a/b c%\xc3\xbc?",
					 .enrol_token = "gate",
					 .transport =
						 fake_server_transport(&bench->server),
					 .host = windows_host(bench->windows) };
	struct problem p = { 0 };
	struct agent *agent = agent_new(&options, &p);

	agent_step(agent, NOW_S, &p);
	assert_non_null(fake_server_device(&bench->server, "a%2Fb%20c%25%C3%BC%3F"));
	agent_free(agent);
	bench_tear_down(bench);
}

#define WHOLE "accepted downloading downloaded installing "

TEST(a_cumulative_update_goes_through_every_phase_and_a_restart)
{
	struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
	struct problem p;

	if (bench_settle(bench, &p) != AGENT_STILL)
		fail_msg("%s", p.text);
	assert_string_equal(bench_device(bench)->trail,
			    WHOLE "restart-pending verified |");
	assert_string_equal(bench_device(bench)->build, "26100.4061");
	assert_string_equal(bench_device(bench)->kbs, "KB5058411");
	assert_int_equal(bench_device(bench)->boots, 1);
	assert_int_equal(agent_last_code(bench->agent), 0);
	assert_int_equal(agent_phase(bench->agent), PHASE_IDLE);
	bench_tear_down(bench);
}

TEST(a_hotpatch_needs_no_restart)
{
	struct bench *bench = bench_set_up(&fake_hotpatch, 1, NULL);
	struct problem p;

	if (bench_settle(bench, &p) != AGENT_STILL)
		fail_msg("%s", p.text);
	assert_string_equal(bench_device(bench)->trail, WHOLE "verified |");
	assert_string_equal(bench_device(bench)->build, "26100.3981");
	assert_int_equal(bench_device(bench)->boots, 0);
	bench_tear_down(bench);
}

TEST(a_hotpatch_is_removed_and_the_update_follows)
{
	const struct fake_step script[] = {
		fake_hotpatch,
		{ .part = "py.uninstall", .payload = { .kb = 5058497 } },
		fake_lcu,
		{ .part = "py.restart" },
	};
	struct bench *bench = bench_set_up(script, COUNT_OF(script), NULL);
	struct problem p;

	if (bench_settle(bench, &p) != AGENT_STILL)
		fail_msg("%s", p.text);
	assert_string_equal(bench_device(bench)->trail,
			    WHOLE "verified | "
				  "accepted removing restart-pending removed | " WHOLE
				  "restart-pending verified | "
				  "accepted restart-pending verified |");
	assert_string_equal(bench_device(bench)->build, "26100.4061");
	assert_int_equal(bench_device(bench)->boots, 3);
	assert_int_equal(windows_tally(bench->windows)->restarts, 3);
	bench_tear_down(bench);
}

TEST(what_is_installed_already_is_only_verified)
{
	static const struct fake_step script[] = { { FAKE_OS(RELEASE_BASELINE, 5055523,
							     3775) } };
	struct bench *bench = bench_set_up(script, COUNT_OF(script), NULL);
	struct problem p;

	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail, "accepted verified |");
	bench_tear_down(bench);
}

TEST(what_does_not_apply_is_refused_with_the_code_for_it)
{
	static const struct fake_step script[] = { { FAKE_OS(RELEASE_LCU, 5048667,
							     2605) } };
	struct bench *bench = bench_set_up(script, COUNT_OF(script), NULL);
	struct problem p;

	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail, WHOLE "0x80240017 |");
	assert_int_equal(agent_last_code(bench->agent), HRESULT_NOT_APPLICABLE);
	bench_tear_down(bench);
}

TEST(an_offer_that_makes_no_sense_is_answered_once)
{
	static const struct fake_step script[] = { { .part = "M\xc3\xbcnchen" } };
	struct bench *bench = bench_set_up(script, COUNT_OF(script), NULL);
	struct problem p;

	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail, "0x80070057 |");
	bench_tear_down(bench);
}

TEST(it_polls_on_while_an_install_runs)
{
	struct bench *bench = bench_set_up(&fake_lcu, 1, &slow);
	struct problem p;

	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_int_equal(agent_phase(bench->agent), PHASE_INSTALLING);
	assert_in_range(agent_next_poll_s(bench->agent), NOW_S + 1, NOW_S + 2);
	bench->now_s += 60;
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail,
			    WHOLE "restart-pending verified |");
	bench_tear_down(bench);
}

/* A host that is busy with something of its own at first. */
struct busy_host {
	struct host inner;
	unsigned times;
};

static int busy_facts(void *owner, struct fact_set *facts, struct problem *p)
{
	struct busy_host *host = owner;
	return host->inner.facts(host->inner.owner, facts, p);
}

static int busy_begin(void *owner, const struct host_job *job, int64_t now_s,
		      struct problem *p)
{
	struct busy_host *host = owner;
	return host->times > 0 ? problem_set(p, PROBLEM_BUSY, "at work")
			       : host->inner.begin(host->inner.owner, job, now_s, p);
}

static enum host_state busy_check(void *owner, int64_t now_s, struct host_result *result)
{
	struct busy_host *host = owner;
	if (host->times == 0)
		return host->inner.check(host->inner.owner, now_s, result);
	host->times--;
	return HOST_RUNNING;
}

static int busy_restart(void *owner, int64_t now_s, struct problem *p)
{
	struct busy_host *host = owner;
	return host->inner.restart(host->inner.owner, now_s, p);
}

TEST(a_host_that_is_busy_is_waited_for)
{
	struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
	struct busy_host busy = { windows_host(bench->windows), 3 };
	struct agent_options options = {
		.server = FAKE_URL,
		.id = "pc",
		.enrol_token = "gate",
		.transport = fake_server_transport(&bench->server),
		.host = { &busy, busy_facts, busy_begin, busy_check, busy_restart },
		.poll_min_s = 1,
		.poll_max_s = 60,
	};
	struct problem p = { 0 };

	agent_free(bench->agent);
	bench->agent = agent_new(&options, &p);
	for (int i = 0; i < 4; i++)
		assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail,
			    WHOLE "restart-pending verified |");
	bench_tear_down(bench);
}

TEST(a_shut_window_holds_back_the_install_and_not_the_download)
{
	struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
	struct problem p;

	bench->server.holds_back = true;
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail,
			    "accepted downloading downloaded");
	bench->server.holds_back = false;
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail,
			    WHOLE "restart-pending verified |");
	bench_tear_down(bench);
}

TEST(facts_go_out_when_they_change_or_are_asked_for)
{
	struct bench *bench = bench_set_up(NULL, 0, NULL);
	struct problem p;

	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	bench->server.wants_facts = true;
	assert_int_equal(bench_step(bench, &p), AGENT_MOVED);
	assert_int_equal(bench_device(bench)->facts_count, 2);
	bench->server.wants_facts = false;
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_int_equal(bench_device(bench)->facts_count, 2);
	struct host host = windows_host(bench->windows);
	machine_restart(&host); /* somebody restarts the machine */
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_int_equal(bench_device(bench)->facts_count, 3);
	assert_int_equal(bench_device(bench)->boots, 1);
	bench_tear_down(bench);
}

TEST(the_servers_trouble_is_waited_out_and_nothing_is_lost)
{
	static const struct {
		const char *at;
		int status; /* 0: the connection breaks */
		const char *why;
	} rows[] = {
		{ "GET https://fake:8443/DEFAULT/controller/v1/pc", 503, "busy (503)" },
		{ "GET https://fake:8443/DEFAULT/controller/v1/pc", 429, "busy (429)" },
		{ "GET https://fake:8443/DEFAULT/controller/v1/pc", 401, "refuses" },
		{ "GET https://fake:8443/DEFAULT/controller/v1/pc", 404,
		  "404 to a poll" },
		{ "GET https://fake:8443/DEFAULT/controller/v1/pc", 500,
		  "500 to a poll" },
		{ "GET https://fake:8443/DEFAULT/controller/v1/pc", 200, "not JSON" },
		{ "GET https://fake:8443/DEFAULT/controller/v1/pc", 0, "broke" },
		{ "configData", 503, "busy" },
		{ "configData", 400, "400 to the facts" },
		{ "configData", 0, "broke" },
		{ "GET https://fake:8443/DEFAULT/controller/v1/pc/deploymentBase", 500,
		  "500 to GET" },
		{ "GET https://fake:8443/DEFAULT/controller/v1/pc/deploymentBase", 0,
		  "broke" },
		{ "feedback", 503, "busy" },
		{ "feedback", 429, "busy" },
		{ "feedback", 401, "refuses" },
		{ "feedback", 500, "500 to a report" },
		{ "feedback", 0, "broke" },
		{ "artifacts", 503, "503 to the download" },
		{ "artifacts", 429, "429 to the download" },
		{ "artifacts", 404, "404 to the download" },
		{ "artifacts", 410, "410 to the download" },
		{ "artifacts", 0, "broke" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
		struct problem p;
		bench->server.fault_at = rows[i].at;
		bench->server.fault_count = 1;
		bench->server.fault_status = rows[i].status;
		bench->server.breaks_before = rows[i].status == 0;
		bool busy = rows[i].status == 503 || rows[i].status == 429;
		bench->server.retry_after_s = busy ? 77 : 0;
		if (bench_settle(bench, &p) != AGENT_TROUBLE ||
		    strstr(p.text, rows[i].why) == NULL)
			fail_msg("%s %d: %s", rows[i].at, rows[i].status, p.text);
		int64_t wait_s = agent_next_poll_s(bench->agent) - bench->now_s;
		if (busy)
			assert_in_range(wait_s, 69, 85);
		else
			assert_in_range(wait_s, 4, 11);
		if (bench_settle(bench, &p) != AGENT_STILL ||
		    strcmp(bench_device(bench)->trail,
			   WHOLE "restart-pending verified |") != 0)
			fail_msg("%s %d, then: %s %s", rows[i].at, rows[i].status, p.text,
				 bench_device(bench)->trail);
		bench_tear_down(bench);
	}
}

TEST(an_answer_that_was_lost_is_only_a_repetition)
{
	static const char *const rows[] = { "v1/pc", "configData", "feedback",
					    "artifacts" };

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
		struct problem p;
		bench->server.fault_at = rows[i];
		bench->server.breaks_after = true;
		/* Every other request from now on. */
		for (int n = 0; n < 60; n++) {
			bench->server.fault_count = (unsigned)(n % 2);
			bench_step(bench, &p);
		}
		if (strcmp(bench_device(bench)->trail,
			   WHOLE "restart-pending verified |") != 0)
			fail_msg("%s: %s", rows[i], bench_device(bench)->trail);
		assert_int_equal(bench_device(bench)->boots, 1);
		bench_tear_down(bench);
	}
}

TEST(a_broken_download_resumes)
{
	struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
	struct problem p;

	bench->server.break_file_after = 400;
	assert_int_equal(bench_settle(bench, &p), AGENT_TROUBLE);
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail,
			    WHOLE "restart-pending verified |");
	bench_tear_down(bench);
}

TEST(a_file_that_stays_wrong_or_away_ends_the_action)
{
	static const struct {
		bool bad_file;
		int status;
		const char *trail;
	} rows[] = {
		{ true, 0, "accepted downloading 0x80246002 |" },
		{ false, 404, "accepted downloading 0x80246001 |" },
		{ false, 410, "accepted downloading 0x80246001 |" },
		{ false, 416, "accepted downloading 0x80246002 |" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
		struct problem p;
		bench->server.bad_file = rows[i].bad_file;
		bench->server.fault_at = "artifacts";
		bench->server.fault_count = rows[i].status == 0 ? 0 : 100;
		bench->server.fault_status = rows[i].status;
		for (int n = 0; n < 5; n++)
			bench_settle(bench, &p);
		if (strcmp(bench_device(bench)->trail, rows[i].trail) != 0)
			fail_msg("row %zu: %s", i, bench_device(bench)->trail);
		assert_int_equal(windows_tally(bench->windows)->installs[RELEASE_LCU], 0);
		bench_tear_down(bench);
	}
}

TEST(a_report_that_can_never_be_taken_does_not_hold_up_the_others)
{
	static const int rows[] = { 400, 404, 405, 410, 413, 415 };

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
		struct problem p;
		bench->server.fault_at = "feedback";
		bench->server.fault_count = 1; /* the first: accepted */
		bench->server.fault_status = rows[i];
		assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
		assert_string_equal(bench_device(bench)->trail,
				    "downloading downloaded installing restart-pending "
				    "verified |");
		bench_tear_down(bench);
	}
}

TEST(a_link_that_is_no_address_is_not_followed)
{
	static const char *const rows[] = { "deploymentBase/100", "https://h",
					    "https://h/a b", "/a\r\nX: 1",
					    "/M\xc3\xbcnchen" };

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *bench = bench_set_up(&fake_lcu, 1, NULL);
		struct problem p;
		bench->server.odd_href = rows[i];
		if (bench_settle(bench, &p) != AGENT_TROUBLE ||
		    strstr(p.text, "no address") == NULL)
			fail_msg("'%s': %s", rows[i], p.text);
		bench->server.odd_href = NULL;
		assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
		bench_tear_down(bench);
	}
}

TEST(what_has_begun_is_ended_before_another_offer_is_taken)
{
	const struct fake_step script[] = { fake_hotpatch, fake_lcu };
	struct bench *bench = bench_set_up(script, COUNT_OF(script), &slow);
	struct problem p;

	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_int_equal(agent_phase(bench->agent), PHASE_INSTALLING);
	bench_device(bench)->step = 1; /* the server has forgotten, and offers the next */
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(agent_offer(bench->agent)->action, "100");
	bench->now_s += 60;
	bench_settle(bench, &p);
	assert_int_equal(windows_tally(bench->windows)->installs[RELEASE_HOTPATCH], 1);
	bench->now_s += 60;
	bench_settle(bench, &p);
	assert_string_equal(bench_device(bench)->build, "26100.4061");
	bench_tear_down(bench);
}

TEST(what_has_begun_ends_without_the_server)
{
	struct bench *bench = bench_set_up(&fake_lcu, 1, &slow);
	struct problem p;

	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_int_equal(agent_phase(bench->agent), PHASE_INSTALLING);
	bench->server.fault_at = "";
	bench->server.fault_count = 1000;
	bench->server.breaks_before = true;
	bench->now_s += 60;
	for (int i = 0; i < 5; i++)
		assert_int_equal(bench_step(bench, &p), AGENT_TROUBLE);
	assert_int_equal(windows_tally(bench->windows)->restarts, 1);
	assert_int_equal(agent_phase(bench->agent), PHASE_VERIFYING);
	bench->server.fault_count = 0;
	assert_int_equal(bench_settle(bench, &p), AGENT_STILL);
	assert_string_equal(bench_device(bench)->trail,
			    WHOLE "restart-pending verified |");
	bench_tear_down(bench);
}

TEST(trouble_is_asked_about_less_and_less_often)
{
	struct bench *bench = bench_set_up(NULL, 0, NULL);
	struct problem p;
	int64_t before = 0;

	bench->server.fault_at = "";
	bench->server.fault_count = 1000;
	bench->server.breaks_before = true;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(bench_step(bench, &p), AGENT_TROUBLE);
		int64_t wait_s = agent_next_poll_s(bench->agent) - bench->now_s;
		assert_true(wait_s > before);
		before = wait_s;
	}
	for (int i = 0; i < 20; i++)
		bench_step(bench, &p);
	assert_in_range(agent_next_poll_s(bench->agent) - bench->now_s, 1100, 1500);
	bench_tear_down(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_enrols_once_and_then_uses_its_own_token),
		cmocka_unit_test(a_device_that_comes_without_any_token_is_told_so),
		cmocka_unit_test(its_id_is_one_segment_of_the_path),
		cmocka_unit_test(
			a_cumulative_update_goes_through_every_phase_and_a_restart),
		cmocka_unit_test(a_hotpatch_needs_no_restart),
		cmocka_unit_test(a_hotpatch_is_removed_and_the_update_follows),
		cmocka_unit_test(what_is_installed_already_is_only_verified),
		cmocka_unit_test(what_does_not_apply_is_refused_with_the_code_for_it),
		cmocka_unit_test(an_offer_that_makes_no_sense_is_answered_once),
		cmocka_unit_test(a_host_that_is_busy_is_waited_for),
		cmocka_unit_test(it_polls_on_while_an_install_runs),
		cmocka_unit_test(
			a_shut_window_holds_back_the_install_and_not_the_download),
		cmocka_unit_test(facts_go_out_when_they_change_or_are_asked_for),
		cmocka_unit_test(the_servers_trouble_is_waited_out_and_nothing_is_lost),
		cmocka_unit_test(an_answer_that_was_lost_is_only_a_repetition),
		cmocka_unit_test(a_broken_download_resumes),
		cmocka_unit_test(a_file_that_stays_wrong_or_away_ends_the_action),
		cmocka_unit_test(
			a_report_that_can_never_be_taken_does_not_hold_up_the_others),
		cmocka_unit_test(a_link_that_is_no_address_is_not_followed),
		cmocka_unit_test(what_has_begun_is_ended_before_another_offer_is_taken),
		cmocka_unit_test(what_has_begun_ends_without_the_server),
		cmocka_unit_test(trouble_is_asked_about_less_and_less_often),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
