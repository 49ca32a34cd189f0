/* Which device an agent is: by the site's rule, by hand, never by guess. */

#include <stdio.h>
#include <string.h>

#include "engine/backend.h"
#include "protocol/server/unit.h"
#include "tests/unit/wusp/wusp_case.h"

#define OTHER_ID "0e3c6fa1-11aa-42f0-b1c9-2f6a9d0e7a55"

static struct computer computer;

static bool computer_of(const char *client_id)
{
	struct problem p;
	struct session *session = yard.backend->ops->open(yard.backend, &p);

	int rc = yard.backend->ops->computer_read(session, client_id, &computer, &p);
	yard.backend->ops->close(session);
	return rc == 1;
}

static int put_computer(void *owner, struct session *session, struct problem *p)
{
	return yard.backend->ops->computer_put(session, owner, p);
}

/* patchyard computer tie. */
static void tie(const char *client_id, const char *device)
{
	struct computer by_hand = { .tie = TIE_HAND, .by = "anna" };
	struct problem p;

	snprintf(by_hand.client_id, sizeof by_hand.client_id, "%s", client_id);
	snprintf(by_hand.device, sizeof by_hand.device, "%s", device);
	assert_int_equal(unit_run(yard.backend, put_computer, &by_hand, &p), 0);
}

static int enrol(struct change *change, struct problem *p)
{
	(void)p;
	outcome_add(change->outcome, EVENT_ENROLLED, change->now_s);
	change->outcome->identity_changed = true;
	return 0;
}

static void add_device(const char *id)
{
	assert_true(yard_change(&yard, id, enrol));
}

TEST(an_agent_is_a_device_of_its_own_by_its_id_in_lower_case)
{
	agent.id = "6F9619FF-8B86-D011-B42D-00C04FC964FF";
	assert_true(agent_login(&agent));
	assert_true(computer_of(AGENT_ID));
	assert_string_equal(computer.device, AGENT_ID);
	assert_string_equal(computer.dns_name, "pc-17.lab");
	assert_int_equal(computer.tie, TIE_OWN);
	assert_true(computer.is_registered);
	assert_int_equal(computer.first_s, YARD_START);
	assert_true(yard_device(&yard, AGENT_ID, &record));
	assert_false(yard_device(&yard, "pc-17.lab", &record));
}

TEST(an_agent_whose_id_a_device_has_already_is_that_device)
{
	add_device(AGENT_ID);
	assert_true(agent_login(&agent));
	assert_true(computer_of(AGENT_ID));
	assert_int_equal(computer.tie, TIE_RULE);
}

TEST(a_name_that_changes_is_kept_and_changes_no_device)
{
	assert_true(agent_login(&agent));
	agent.dns = "pc-18.LAB";
	assert_true(agent_authorize(&agent));
	assert_true(computer_of(AGENT_ID));
	assert_string_equal(computer.dns_name, "pc-18.lab");
	assert_string_equal(computer.device, AGENT_ID);
	expect_fact("dns.name", "pc-18.lab");
}

TEST(by_the_rule_of_names_an_agent_is_the_device_of_its_name)
{
	yard_terms(&yard)->identity = WUSP_BY_DNS_NAME;
	add_device("pc-17.lab");
	assert_true(agent_login(&agent));
	assert_true(computer_of(AGENT_ID));
	assert_string_equal(computer.device, "pc-17.lab");
	assert_int_equal(computer.tie, TIE_RULE);
	assert_false(yard_device(&yard, AGENT_ID, &record));
	assert_true(yard_device(&yard, "pc-17.lab", &record));
	assert_string_equal(facts_get(&record.facts, "hardware.model"), "Gen2");
	assert_true(agent_scan(&agent));
}

TEST(a_name_that_is_another_agents_makes_a_device_of_its_own)
{
	struct agent second;

	yard_terms(&yard)->identity = WUSP_BY_DNS_NAME;
	assert_true(agent_login(&agent));
	assert_true(computer_of(AGENT_ID));
	assert_string_equal(computer.device, "pc-17.lab");
	assert_int_equal(computer.tie, TIE_OWN);
	assert_true(agent_open(&second, &yard, OTHER_ID, "pc-17.lab"));
	assert_true(agent_login(&second));
	agent_close(&second);
	assert_true(computer_of(OTHER_ID));
	assert_string_equal(computer.device, OTHER_ID);
	assert_true(computer_of(AGENT_ID));
	assert_string_equal(computer.device, "pc-17.lab");
}

TEST(by_hand_an_agent_is_the_device_that_was_said)
{
	add_device("bench-4");
	tie(AGENT_ID, "bench-4");
	assert_true(agent_login(&agent));
	assert_true(computer_of(AGENT_ID));
	assert_int_equal(computer.tie, TIE_HAND);
	assert_string_equal(computer.by, "anna");
	assert_string_equal(computer.device, "bench-4");
	assert_true(computer.is_registered);
	assert_true(yard_device(&yard, "bench-4", &record));
	assert_string_equal(facts_get(&record.facts, "dns.name"), "pc-17.lab");
	assert_true(agent_scan(&agent));
}

TEST(a_device_that_is_another_agents_is_not_had_by_the_rule)
{
	add_device(AGENT_ID);
	tie(OTHER_ID, AGENT_ID);
	assert_false(agent_login(&agent));
	assert_true(agent_failed(&agent, "InternalServerError", NULL));
	assert_false(computer_of(AGENT_ID));
}

TEST(where_agents_do_not_join_only_known_devices_are_served)
{
	yard_terms(&yard)->joins = false;
	assert_false(agent_login(&agent));
	assert_true(agent_failed(&agent, "InternalServerError", NULL));
	assert_false(computer_of(AGENT_ID));
	assert_false(yard_device(&yard, AGENT_ID, &record));
	add_device(AGENT_ID);
	assert_true(agent_login(&agent));
}

TEST(more_agents_than_may_join_in_a_minute_come_back_later)
{
	struct agent second;

	yard_terms(&yard)->joins_per_minute = 1;
	assert_true(agent_login(&agent));
	assert_true(agent_open(&second, &yard, OTHER_ID, "pc-18.lab"));
	assert_false(agent_login(&second));
	assert_true(agent_failed(&second, "ServerBusy", NULL));
	agent_close(&second);
	assert_false(computer_of(OTHER_ID));
	/* Those that are known are served. */
	assert_true(agent_login(&agent));
}

TEST(where_agents_are_not_served_there_is_nothing_at_their_paths)
{
	yard_terms(&yard)->serves = false;
	assert_false(agent_config(&agent));
	assert_int_equal(agent.status, 404);
}

TEST(a_site_may_keep_its_files_elsewhere)
{
	static const char elsewhere[] = "http://cache.lab:8530/Content";

	snprintf(yard_terms(&yard)->content_url, sizeof elsewhere, "%s", elsewhere);
	assert_int_equal(first_scan(), 5058411);
	char inner[2048];
	snprintf(inner, sizeof inner, "%s<revisionIDs>", agent_cookie_element(&agent));
	for (size_t i = 0; i < agent.count; i++)
		snprintf(inner + strlen(inner), sizeof inner - strlen(inner),
			 agent.updates[i].is_leaf ? "<int>%d</int>" : "",
			 (int)agent.updates[i].id);
	snprintf(inner + strlen(inner), sizeof inner - strlen(inner),
		 "</revisionIDs><infoTypes><XmlUpdateFragmentType>Extended"
		 "</XmlUpdateFragmentType></infoTypes>");
	assert_int_equal(agent_ask(&agent, "GetExtendedUpdateInfo", inner), 200);
	assert_int_equal(
		strncmp(agent_said(&agent, "Url", 0), elsewhere, strlen(elsewhere)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WUSP_CASE(an_agent_is_a_device_of_its_own_by_its_id_in_lower_case),
		WUSP_CASE(an_agent_whose_id_a_device_has_already_is_that_device),
		WUSP_CASE(a_name_that_changes_is_kept_and_changes_no_device),
		WUSP_CASE(by_the_rule_of_names_an_agent_is_the_device_of_its_name),
		WUSP_CASE(a_name_that_is_another_agents_makes_a_device_of_its_own),
		WUSP_CASE(by_hand_an_agent_is_the_device_that_was_said),
		WUSP_CASE(a_device_that_is_another_agents_is_not_had_by_the_rule),
		WUSP_CASE(where_agents_do_not_join_only_known_devices_are_served),
		WUSP_CASE(more_agents_than_may_join_in_a_minute_come_back_later),
		WUSP_CASE(where_agents_are_not_served_there_is_nothing_at_their_paths),
		WUSP_CASE(a_site_may_keep_its_files_elsewhere),
	};
	return cmocka_run_group_tests_name("wusp/computers", tests, NULL, NULL);
}
