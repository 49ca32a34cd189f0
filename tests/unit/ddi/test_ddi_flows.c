/* Flows from end to end, each as the words of a client on the wire. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/ddi/flow_case.h"

TEST(nothing_is_offered_before_facts_come_and_at_once_after)
{
	assert_true(talk_poll(&talk, &poll));
	assert_true(poll.wants_facts);
	assert_int_equal(poll.deployment, 0);
	assert_int_equal(talk_facts(&talk, MACHINE APRIL LAB), 200);
	/* The flow was begun with the facts, so the very next poll finds it. */
	expect_state(FLOW_OFFERED);
	assert_true(talk_poll(&talk, &poll));
	assert_false(poll.wants_facts);
	assert_int_equal(poll.deployment, record.history.flow.id);
}

TEST(a_hotpatch_goes_from_offer_to_verified_in_our_agents_words)
{
	int64_t id = offer_for(MACHINE APRIL LAB CAPS);
	json_t *json = deployment(id);

	assert_non_null(json);
	assert_string_equal(talk_text(json, "deployment.download"), "forced");
	assert_string_equal(talk_text(json, "deployment.update"), "forced");
	assert_null(talk_text(json, "deployment.maintenanceWindow"));
	assert_string_equal(talk_text(json, "deployment.chunks.0.part"), "os");
	assert_string_equal(talk_text(json, "deployment.chunks.0.name"), "KB5058497");
	assert_string_equal(talk_text(json, "deployment.chunks.0.version"),
			    "10.0.26100.3981");
	assert_string_equal(talk_metadata(json, "py.kind"), "hotpatch");
	assert_string_equal(talk_metadata(json, "py.baseline"), "26100.3775");
	assert_string_equal(talk_metadata(json, "py.requires"), "vbs=running");
	assert_string_equal(talk_metadata(json, "py.restart"), "none");
	assert_null(talk_metadata(json, "py.restart.deadline"));
	json_decref(json);

	assert_int_equal(say(id, "scheduled", "none",
			     ",\"details\":[\"py:seq=1\",\"py:state=accepted\"]"),
			 200);
	expect_state(FLOW_ACCEPTED);
	assert_true(record.history.flow.retrieved_s > 0);
	assert_int_equal(say(id, "download", "none", ",\"details\":[\"py:seq=2\"]"), 200);
	expect_state(FLOW_DOWNLOADING);
	assert_int_equal(say(id, "downloaded", "none", ",\"details\":[\"py:seq=3\"]"),
			 200);
	expect_state(FLOW_DOWNLOADED);
	assert_int_equal(say(id, "proceeding", "none",
			     ",\"details\":[\"py:seq=4\",\"py:state=installing\"]"),
			 200);
	expect_state(FLOW_INSTALLING);
	/* The facts show it, and the flow is at its end before the device says so. */
	assert_int_equal(talk_facts(&talk, MACHINE MAY_HOTPATCH LAB CAPS), 200);
	expect_state(FLOW_VERIFIED);
	assert_int_equal(say(id, "closed", "success",
			     ",\"code\":0,\"details\":[\"py:seq=5\","
			     "\"py:state=verified\",\"py:build=26100.3981\"]"),
			 200);
	expect_state(FLOW_VERIFIED);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
	assert_int_equal(poll.installed, id);
	assert_int_equal(record.restarts, 0);
}

TEST(a_cumulative_update_keeps_its_action_until_the_restart_shows_it)
{
	int64_t id =
		offer_for(MACHINE APRIL CAPS ",\"os.boot\":\"2025-05-01T00:00:00Z\"");
	char before[24];
	json_t *json = deployment(id);

	assert_string_equal(talk_text(json, "deployment.chunks.0.name"), "KB5058411");
	assert_string_equal(talk_metadata(json, "py.kind"), "lcu");
	assert_string_equal(talk_metadata(json, "py.restart"), "required");
	assert_string_equal(talk_metadata(json, "py.restart.deadline"),
			    "2025-05-25T08:00:00Z");
	assert_string_equal(talk_metadata(json, "py.restart.ah"),
			    "08:00-18:00 Europe/Berlin");
	assert_string_equal(talk_metadata(json, "py.restart.grace"), "PT2880M");
	json_decref(json);
	snprintf(before, sizeof before, "%s", poll.c);
	assert_int_equal(
		say(id, "proceeding", "none", ",\"details\":[\"py:state=installing\"]"),
		200);
	/* While it installs the deadline stays what it was, and so does the link. */
	assert_true(talk_poll(&talk, &poll));
	assert_string_equal(poll.c, before);
	assert_true(yard_advance(&yard, DAYS(4)));
	assert_int_equal(say(id, "proceeding", "none",
			     ",\"code\":3010,\"details\":[\"py:state=restart-pending\"]"),
			 200);
	expect_state(FLOW_RESTART_PENDING);
	assert_int_equal(talk_facts(&talk, "\"restart.pending\":\"yes\""), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, id);
	json = deployment(id);
	assert_string_equal(talk_metadata(json, "py.restart.deadline"),
			    "2025-05-26T08:00:00Z");
	json_decref(json);
	assert_string_not_equal(poll.c, before);

	assert_int_equal(talk_facts(&talk,
				    MACHINE MAY_LCU CAPS ",\"restart.pending\":\"no\","
							 "\"os.boot\":\"2025-05-24T09:00:"
							 "00Z\""),
			 200);
	expect_state(FLOW_VERIFIED);
	assert_int_equal(record.restarts, 1);
	assert_int_equal(say(id, "closed", "success", ""), 200);
}

static int assert_facts(struct change *change, struct problem *p)
{
	static const char *const facts[][2] = { { "os.family", "client" },
						{ "os.build", "26100.3775" },
						{ "os.kbs", "KB5055523" },
						{ "os.arch", "x64" } };
	for (size_t i = 0; i < COUNT_OF(facts); i++) {
		if (facts_set(&change->record->facts, facts[i][0], facts[i][1],
			      change->now_s, FACT_ASSERTED, NULL, p) < 0)
			return -1;
	}
	change->outcome->facts_changed = true;
	return 0;
}

TEST(swupdate_ends_as_unverified_since_it_reports_no_build)
{
	/* It sends what its configuration says, whether asked or not. */
	assert_int_equal(talk_facts(&talk, "\"serial\":\"4711\""), 200);
	assert_true(yard_change(&yard, "d-1", assert_facts));
	assert_true(talk_poll(&talk, &poll));
	int64_t id = poll.deployment;
	assert_true(id > 0);
	/* It asks twice, and the second time is nothing new. */
	assert_int_equal(deployment_status(id), 200);
	assert_true(yard_device(&yard, "d-1", &record));
	int64_t retrieved_s = record.history.flow.retrieved_s;
	assert_true(yard_advance(&yard, 5));
	assert_int_equal(deployment_status(id), 200);
	assert_int_equal(say(id, "proceeding", "none",
			     ",\"details\":[\"Installing Update Chunk Artifacts.\"]"),
			 200);
	expect_state(FLOW_DOWNLOADING);
	assert_int_equal(record.history.flow.retrieved_s, retrieved_s);
	assert_int_equal(say(id, "proceeding", "none",
			     ",\"details\":[\"[TRACE] a\",\"[TRACE] b\"]"),
			 200);
	expect_state(FLOW_INSTALLING);
	assert_int_equal(
		say(id, "proceeding", "none", ",\"details\":[\"Installed Chunk.\"]"),
		200);
	expect_state(FLOW_INSTALLING);
	assert_int_equal(
		say(id, "proceeding", "none", ",\"details\":[\"All Chunks Installed.\"]"),
		200);
	expect_state(FLOW_RESTART_PENDING);
	/* After its restart it reports only for what it is still offered. */
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, id);
	assert_int_equal(deployment_status(id), 200);
	assert_int_equal(
		say(id, "closed", "success", ",\"details\":[\"Update Installed.\"]"),
		200);
	expect_state(FLOW_UNVERIFIED);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
	assert_int_equal(talk_facts(&talk, "\"serial\":\"4711\""), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
}

TEST(rauc_closes_before_its_restart_and_is_believed_only_after)
{
	int64_t id = offer_for(MACHINE APRIL);

	assert_int_equal(deployment_status(id), 200);
	assert_int_equal(
		say(id, "proceeding", "none", ",\"details\":[\"Download complete.\"]"),
		200);
	expect_state(FLOW_DOWNLOADED);
	assert_int_equal(
		say(id, "proceeding", "none", ",\"details\":[\"20% Checking bundle\"]"),
		200);
	expect_state(FLOW_INSTALLING);
	assert_int_equal(say(id, "closed", "success",
			     ",\"details\":[\"Software bundle installed.\"]"),
			 200);
	expect_state(FLOW_INSTALLED);
	/* It is not offered again, or it would install again; its facts are wanted. */
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
	assert_true(poll.wants_facts);
	assert_int_equal(deployment_status(id), 200);
	assert_int_equal(talk_facts(&talk, MACHINE MAY_LCU), 200);
	expect_state(FLOW_VERIFIED);
}

TEST(a_failure_is_kept_with_its_code_and_tried_again_after_a_pause)
{
	int64_t id = offer_for(MACHINE APRIL);

	assert_int_equal(deployment_status(id), 200);
	assert_int_equal(say(id, "closed", "failure",
			     ",\"code\":-2146498270,\"details\":[\"py:phase=commit\","
			     "\"the store is corrupt\"]"),
			 200);
	expect_state(FLOW_FAILED);
	assert_int_equal(record.history.flow.code, 0x800F0922);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
	/* Said again, it is the same failure. */
	assert_int_equal(say(id, "closed", "failure", ",\"code\":-2146498270"), 200);
	assert_true(yard_advance(&yard, HOURS(1) + 1));
	assert_true(talk_poll(&talk, &poll));
	assert_true(poll.deployment > id);
	/* The old action is over, and so says the server. */
	assert_int_equal(say(id, "proceeding", "none", ""), 410);
	expect_state(FLOW_OFFERED);
	assert_int_equal(deployment_status(id), 200);
}

TEST(what_the_device_finds_not_applicable_is_not_a_failure)
{
	int64_t id = offer_for(MACHINE APRIL);

	assert_int_equal(deployment_status(id), 200);
	assert_int_equal(say(id, "closed", "failure", ",\"code\":\"0x80240017\""), 200);
	expect_state(FLOW_NOT_APPLICABLE);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
}

static int count_notes(void *owner, const struct event *event)
{
	*(unsigned *)owner += event->kind == EVENT_IGNORED && event->flow != 0;
	return 0;
}

TEST(a_device_that_puts_it_off_or_calls_it_canceled_keeps_its_action)
{
	int64_t id = offer_for(MACHINE APRIL CAPS);

	assert_int_equal(say(id, "rejected", "none",
			     ",\"details\":[\"py:defer-until=2025-05-21T00:00:00Z\"]"),
			 200);
	assert_int_equal(say(id, "canceled", "failure", ""), 200);
	expect_state(FLOW_OFFERED);
	unsigned notes = 0;
	assert_true(yard_events(&yard, "d-1", count_notes, &notes));
	assert_int_equal(notes, 2);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, id);
	assert_int_equal(say(id, "rejected", "failure", ""), 200);
	expect_state(FLOW_NOT_APPLICABLE);
}

static int count(void *owner, const struct event *event)
{
	(void)event;
	++*(unsigned *)owner;
	return 0;
}

TEST(a_report_for_another_devices_offer_is_404_logged_and_nothing_else)
{
	char path[] = "/tmp/patchyard-log-XXXXXX", text[4096] = "";
	struct talk other;
	unsigned before[2] = { 0 }, after[2] = { 0 };
	int64_t id = offer_for(MACHINE APRIL);

	assert_true(talk_open(&other, &yard, "d-2"));
	assert_true(talk_enrol(&other));
	assert_int_equal(talk_status(&other, "GET", "", NULL), 200);
	assert_true(yard_events(&yard, "d-1", count, &before[0]));
	assert_true(yard_events(&yard, "d-2", count, &before[1]));

	int log = mkstemp(path), saved = dup(STDERR_FILENO);
	assert_true(log >= 0 && saved >= 0);
	assert_int_equal(dup2(log, STDERR_FILENO), STDERR_FILENO);
	int status = talk_feedback(&other, "deploymentBase", id, "closed", "failure", "");
	int stop = talk_feedback(&other, "cancelAction", id, "closed", "success", "");
	int unknown =
		talk_feedback(&other, "deploymentBase", 999, "closed", "success", "");
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(log, text, sizeof text - 1, 0) > 0);
	close(log);
	unlink(path);

	assert_int_equal(status, 404);
	assert_int_equal(stop, 404);
	assert_int_equal(unknown, 404);
	char *line = strstr(text, "event=report.foreign device=d-2 flow=");
	assert_non_null(line);
	assert_non_null(strstr(line, "owner=d-1 peer=127.0.0.1:"));
	char *second = strstr(line + 1, "event=report.foreign");
	assert_non_null(second);
	assert_null(strstr(second + 1, "event=report.foreign")); /* 999 is nobody's */

	char rest[64];
	snprintf(rest, sizeof rest, "/deploymentBase/%lld", (long long)id);
	assert_int_equal(talk_status(&other, "GET", rest, NULL), 404);
	snprintf(rest, sizeof rest, "/cancelAction/%lld", (long long)id);
	assert_int_equal(talk_status(&other, "GET", rest, NULL), 404);
	snprintf(rest, sizeof rest, "/softwaremodules/%lld/artifacts", (long long)id);
	assert_int_equal(talk_status(&other, "GET", rest, NULL), 404);

	assert_true(yard_events(&yard, "d-1", count, &after[0]));
	assert_true(yard_events(&yard, "d-2", count, &after[1]));
	assert_memory_equal(before, after, sizeof before);
	expect_state(FLOW_OFFERED);
	talk_close(&other);
}

TEST(reports_said_twice_or_out_of_order_change_nothing)
{
	int64_t id = offer_for(MACHINE APRIL LAB);

	assert_int_equal(deployment_status(id), 200);
	assert_int_equal(say(id, "downloaded", "none", ",\"details\":[\"py:seq=3\"]"),
			 200);
	assert_int_equal(say(id, "download", "none", ",\"details\":[\"py:seq=2\"]"), 200);
	assert_int_equal(say(id, "scheduled", "none", ",\"details\":[\"py:seq=1\"]"),
			 200);
	assert_int_equal(say(id, "closed", "failure", ",\"details\":[\"py:seq=3\"]"),
			 200);
	expect_state(FLOW_DOWNLOADED);
}

TEST(an_offer_that_was_never_fetched_is_dropped_without_a_word)
{
	int64_t id = offer_for(MACHINE APRIL);

	assert_true(yard_withdraw(&yard, 5058411));
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.cancel, 0);
	assert_int_equal(poll.deployment, 0);
	assert_int_equal(deployment_status(id), 404);
	/* Too late, but kept as evidence. */
	assert_int_equal(say(id, "closed", "success", ""), 410);
	expect_state(FLOW_WITHDRAWN);
}

TEST(an_offer_that_another_takes_the_place_of_in_one_step_is_over)
{
	int64_t id = offer_for(MACHINE APRIL LAB);

	assert_int_equal(talk_facts(&talk, "\"vbs\":\"off\""), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_true(poll.deployment > id);
	assert_int_equal(poll.cancel, 0);
	assert_int_equal(deployment_status(id), 404);
	assert_int_equal(say(id, "closed", "failure", ""), 410);
}

TEST(an_offer_that_was_fetched_is_called_back_and_the_next_one_waits_for_the_answer)
{
	int64_t id = offer_for(MACHINE APRIL LAB);
	char rest[64];

	assert_int_equal(deployment_status(id), 200);
	assert_int_equal(say(id, "download", "none", ""), 200);
	assert_int_equal(say_stop(id, "closed", "success"), 405);
	snprintf(rest, sizeof rest, "/cancelAction/%lld", (long long)id);
	assert_int_equal(talk_status(&talk, "GET", rest, NULL), 404);

	assert_true(yard_withdraw(&yard, 5058497));
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.cancel, id);
	assert_int_equal(poll.deployment, 0);
	assert_true(strcmp(poll.sleep, "00:00:34") < 0);
	assert_int_equal(deployment_status(id), 404);
	json_t *json = talk_get(&talk, rest);
	assert_string_equal(talk_text(json, "id"),
			    talk_text(json, "cancelAction.stopId"));
	json_decref(json);

	assert_int_equal(say_stop(id, "proceeding", "none"), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.cancel, id);
	assert_int_equal(say_stop(id, "closed", "success"), 200);
	assert_int_equal(say_stop(id, "closed", "success"), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.cancel, 0);
	assert_int_equal(say_stop(id, "closed", "failure"), 405);
}

TEST(a_device_may_refuse_to_stop_or_say_canceled_as_some_clients_do)
{
	int64_t id = offer_for(MACHINE APRIL LAB);

	assert_int_equal(deployment_status(id), 200);
	assert_true(yard_withdraw(&yard, 5058497));
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.cancel, id);
	assert_int_equal(say_stop(id, "rejected", "none"), 200);
	/* It goes on to its end, and is counted. */
	expect_state(FLOW_INSTALLING);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.cancel, 0);
	assert_int_equal(poll.deployment, id);
	assert_int_equal(say(id, "closed", "failure", ""), 200);

	talk_close(&talk);
	assert_true(talk_open(&talk, &yard, "d-3"));
	assert_true(talk_enrol(&talk));
	id = offer_for(MACHINE APRIL);
	assert_int_equal(deployment_status(id), 200);
	assert_true(yard_withdraw(&yard, 5058411));
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.cancel, id);
	assert_int_equal(say_stop(id, "canceled", "success"), 200);
	expect_state(FLOW_WITHDRAWN);
}

TEST(an_action_that_is_called_back_may_still_end_by_itself)
{
	int64_t id = offer_for(MACHINE APRIL);

	assert_int_equal(deployment_status(id), 200);
	assert_true(yard_withdraw(&yard, 5058411));
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(say(id, "closed", "failure", ",\"code\":1"), 200);
	expect_state(FLOW_FAILED);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.cancel, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW_CASE(nothing_is_offered_before_facts_come_and_at_once_after),
		FLOW_CASE(a_hotpatch_goes_from_offer_to_verified_in_our_agents_words),
		FLOW_CASE(
			a_cumulative_update_keeps_its_action_until_the_restart_shows_it),
		FLOW_CASE(swupdate_ends_as_unverified_since_it_reports_no_build),
		FLOW_CASE(rauc_closes_before_its_restart_and_is_believed_only_after),
		FLOW_CASE(a_failure_is_kept_with_its_code_and_tried_again_after_a_pause),
		FLOW_CASE(what_the_device_finds_not_applicable_is_not_a_failure),
		FLOW_CASE(
			a_device_that_puts_it_off_or_calls_it_canceled_keeps_its_action),
		FLOW_CASE(
			a_report_for_another_devices_offer_is_404_logged_and_nothing_else),
		FLOW_CASE(reports_said_twice_or_out_of_order_change_nothing),
		FLOW_CASE(an_offer_that_was_never_fetched_is_dropped_without_a_word),
		FLOW_CASE(an_offer_that_another_takes_the_place_of_in_one_step_is_over),
		FLOW_CASE(
			an_offer_that_was_fetched_is_called_back_and_the_next_one_waits_for_the_answer),
		FLOW_CASE(a_device_may_refuse_to_stop_or_say_canceled_as_some_clients_do),
		FLOW_CASE(an_action_that_is_called_back_may_still_end_by_itself),
	};
	return cmocka_run_group_tests_name("ddi_flows", tests, NULL, NULL);
}
