/* The terms of an action: windows, deadlines, capabilities, and when facts are wanted. */

#include <stdio.h>
#include <string.h>

#include "engine/passage.h"
#include "tests/unit/ddi/flow_case.h"

TEST(plain_clients_get_no_link_until_the_window_opens)
{
	assert_int_equal(talk_facts(&talk, MACHINE APRIL ",\"tag.ring\":\"night\""), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
	assert_true(yard_advance(&yard, HOURS(14)));
	assert_true(talk_poll(&talk, &poll));
	int64_t id = poll.deployment;
	assert_true(id > 0);
	json_t *json = deployment(id);
	assert_string_equal(talk_text(json, "deployment.maintenanceWindow"), "available");
	assert_string_equal(talk_text(json, "deployment.update"), "forced");
	json_decref(json);
	assert_int_equal(say(id, "download", "none", ""), 200);
	/* It closed before the device was ready: the link goes, the action stays. */
	assert_true(yard_advance(&yard, HOURS(1)));
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
	assert_int_equal(poll.cancel, 0);
	assert_int_equal(deployment_status(id), 404);
	assert_true(yard_advance(&yard, HOURS(23)));
	assert_int_equal(talk_facts(&talk, "\"a\":\"b\""), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, id);
}

TEST(clients_that_can_defer_fetch_before_the_window_opens)
{
	char closed[24];

	assert_int_equal(talk_facts(&talk, MACHINE APRIL CAPS ",\"tag.ring\":\"night\""),
			 200);
	assert_true(yard_advance(&yard, HOURS(14)));
	assert_true(talk_poll(&talk, &poll));
	int64_t id = poll.deployment;
	assert_int_equal(deployment_status(id), 200);
	assert_true(yard_advance(&yard, HOURS(1)));
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, id);
	snprintf(closed, sizeof closed, "%s", poll.c);
	json_t *json = deployment(id);
	assert_string_equal(talk_text(json, "deployment.download"), "forced");
	assert_string_equal(talk_text(json, "deployment.update"), "skip");
	assert_string_equal(talk_text(json, "deployment.maintenanceWindow"),
			    "unavailable");
	json_decref(json);
	assert_true(yard_advance(&yard, HOURS(23)));
	assert_true(talk_poll(&talk, &poll));
	assert_string_not_equal(poll.c, closed);
}

TEST(where_the_user_decides_plain_clients_wait_for_the_deadline)
{
	assert_int_equal(talk_facts(&talk, MACHINE APRIL ",\"tag.ring\":\"ask\""), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
	expect_state(FLOW_OFFERED);
	assert_int_equal(talk_facts(&talk, "\"py.caps\":\"defer\""), 200);
	assert_true(talk_poll(&talk, &poll));
	int64_t id = poll.deployment;
	json_t *json = deployment(id);
	assert_string_equal(talk_text(json, "deployment.update"), "skip");
	json_decref(json);
	assert_int_equal(talk_facts(&talk, "\"py.caps\":null"), 200);
	assert_true(yard_advance(&yard, DAYS(2)));
	assert_int_equal(talk_facts(&talk, "\"a\":\"b\""), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, id);
}

static int ask_uninstall(struct change *change, struct problem *p)
{
	static const struct removal removal = { .kind = REQUEST_UNINSTALL };

	return passage_request(change->record, change->decision, &removal, change->now_s,
			       change->outcome, p);
}

TEST(a_removal_goes_to_those_who_can_do_it_and_to_no_one_else)
{
	assert_int_equal(talk_facts(&talk, MACHINE MAY_HOTPATCH LAB), 200);
	assert_true(yard_change(&yard, "d-1", ask_uninstall));
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
	assert_int_equal(talk_facts(&talk, "\"py.caps\":\"install,uninstall\""), 200);
	assert_true(talk_poll(&talk, &poll));
	int64_t id = poll.deployment;
	assert_true(id > 0);
	json_t *json = deployment(id);
	assert_string_equal(talk_text(json, "deployment.chunks.0.part"), "py.uninstall");
	assert_string_equal(talk_text(json, "deployment.chunks.0.version"), "-");
	assert_string_equal(talk_metadata(json, "py.op"), "uninstall");
	assert_string_equal(talk_metadata(json, "py.target"), "KB5058497");
	assert_string_equal(talk_metadata(json, "py.restart"), "required");
	json_t *chunk = json_array_get(
		json_object_get(json_object_get(json, "deployment"), "chunks"), 0);
	assert_int_equal(json_array_size(json_object_get(chunk, "artifacts")), 0);
	json_decref(json);

	assert_int_equal(say(id, "proceeding", "none",
			     ",\"details\":[\"py:seq=1\",\"py:state=removing\"]"),
			 200);
	expect_state(FLOW_REMOVING);
	assert_int_equal(say(id, "proceeding", "none",
			     ",\"code\":3010,\"details\":[\"py:seq=2\","
			     "\"py:state=restart-pending\"]"),
			 200);
	expect_state(FLOW_RESTART_PENDING);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, id);
	assert_int_equal(talk_facts(&talk, MACHINE APRIL LAB), 200);
	assert_int_equal(say(id, "closed", "success",
			     ",\"details\":[\"py:seq=3\",\"py:state=removed\"]"),
			 200);
	assert_true(talk_poll(&talk, &poll));
	/* In effect the cumulative update: the hotpatch is blocked for this device. */
	assert_true(poll.deployment > id);
	json = deployment(poll.deployment);
	assert_string_equal(talk_text(json, "deployment.chunks.0.name"), "KB5058411");
	json_decref(json);
}

TEST(a_restart_left_over_is_asked_for_under_the_last_action)
{
	int64_t id = offer_for(MACHINE APRIL CAPS);

	assert_int_equal(deployment_status(id), 200);
	assert_int_equal(say(id, "closed", "failure", ",\"code\":5"), 200);
	assert_int_equal(talk_facts(&talk, "\"restart.pending\":\"yes\""), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, id);
	json_t *json = deployment(id);
	assert_string_equal(talk_text(json, "deployment.chunks.0.part"), "py.restart");
	assert_string_equal(talk_metadata(json, "py.op"), "restart");
	json_decref(json);
	assert_int_equal(say(id, "closed", "success", ",\"details\":[\"py:seq=9\"]"),
			 200);
	expect_state(FLOW_FAILED);
	assert_int_equal(talk_facts(&talk, "\"restart.pending\":\"no\""), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_int_equal(poll.deployment, 0);
}

TEST(an_old_action_is_over_but_can_still_be_read)
{
	int64_t id = offer_for(MACHINE APRIL LAB);
	char rest[64];

	assert_int_equal(deployment_status(id), 200);
	snprintf(rest, sizeof rest, "/installedBase/%lld", (long long)id);
	assert_int_equal(talk_status(&talk, "GET", rest, NULL), 404);
	assert_int_equal(talk_facts(&talk, MACHINE MAY_HOTPATCH LAB), 200);
	assert_int_equal(talk_status(&talk, "GET", rest, NULL), 200);
	assert_true(yard_advance(&yard, DAYS(22))); /* June has come */
	assert_int_equal(talk_facts(&talk, "\"vbs\":\"off\""), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_true(poll.deployment > id);
	assert_int_equal(poll.installed, id);
	json_t *json = talk_get(&talk, rest);
	assert_string_equal(talk_text(json, "deployment.chunks.0.name"), "KB5058497");
	json_decref(json);
	assert_int_equal(say(id, "closed", "failure", ""), 410);
	assert_int_equal(say_stop(id, "closed", "success"), 405);
	expect_state(FLOW_OFFERED);
}

TEST(facts_are_asked_for_again_before_they_grow_stale)
{
	assert_int_equal(talk_facts(&talk, MACHINE MAY_HOTPATCH LAB), 200);
	assert_true(yard_advance(&yard, HOURS(12)));
	assert_true(talk_poll(&talk, &poll));
	assert_false(poll.wants_facts);
	assert_true(yard_advance(&yard, 1));
	assert_true(talk_poll(&talk, &poll));
	assert_true(poll.wants_facts);
	/* The same values again are news of their own: they hold now. */
	assert_int_equal(talk_facts(&talk, MACHINE MAY_HOTPATCH LAB), 200);
	assert_true(talk_poll(&talk, &poll));
	assert_false(poll.wants_facts);
	assert_true(yard_device(&yard, "d-1", &record));
	assert_int_equal(record.facts.reported_s, YARD_START + HOURS(12) + 1);
}

TEST(facts_are_taken_whole_or_not_at_all)
{
	char many[8192];
	size_t used = (size_t)snprintf(many, sizeof many, "\"site\":\"lab\"");

	assert_int_equal(talk_facts(&talk, "\"site\":\"one\",\"bad\":\"a\\u0001\""), 400);
	for (int i = 0; i < 100; i++)
		used += (size_t)snprintf(many + used, sizeof many - used,
					 ",\"a%d\":\"b\"", i);
	assert_int_equal(talk_facts(&talk, many), 429);
	assert_true(yard_device(&yard, "d-1", &record));
	assert_int_equal(record.facts.count, 0);
	assert_true(record.facts_wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW_CASE(plain_clients_get_no_link_until_the_window_opens),
		FLOW_CASE(clients_that_can_defer_fetch_before_the_window_opens),
		FLOW_CASE(where_the_user_decides_plain_clients_wait_for_the_deadline),
		FLOW_CASE(a_removal_goes_to_those_who_can_do_it_and_to_no_one_else),
		FLOW_CASE(a_restart_left_over_is_asked_for_under_the_last_action),
		FLOW_CASE(an_old_action_is_over_but_can_still_be_read),
		FLOW_CASE(facts_are_asked_for_again_before_they_grow_stale),
		FLOW_CASE(facts_are_taken_whole_or_not_at_all),
	};
	return cmocka_run_group_tests_name("ddi_terms", tests, NULL, NULL);
}
