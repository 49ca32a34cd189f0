/* How a session begins, and each way in which it may not go on. */

#include <stdio.h>
#include <string.h>

#include "protocol/server/keeper.h"
#include "protocol/wusp/library.h"
#include "tests/unit/wusp/wusp_case.h"

TEST(the_configuration_has_every_property_in_its_place)
{
	static const char *const wanted[][2] = {
		{ "MaxExtendedUpdatesPerRequest", "50" },
		{ "PackageServerShare", "\\\\lab\\UpdateServicesPackages" },
		{ "ProtocolVersion", "3.2" },
		{ "IsInventoryRequired", "0" },
		{ "ClientReportingLevel", "2" },
	};
	char before[40];

	assert_true(agent_config(&agent));
	for (unsigned i = 0; i < COUNT_OF(wanted); i++) {
		assert_string_equal(agent_said(&agent, "Name", i), wanted[i][0]);
		assert_string_equal(agent_said(&agent, "Value", i), wanted[i][1]);
	}
	assert_string_equal(agent_said(&agent, "IsRegistrationRequired", 0), "true");
	assert_string_equal(agent_said(&agent, "PlugInID", 0), "SimpleTargeting");
	assert_string_equal(agent_said(&agent, "ServiceUrl", 0),
			    "SimpleAuthWebService/SimpleAuth.asmx");
	assert_null(strstr(agent.text, "AllowedEventIds"));
	assert_string_not_equal(agent.last_change, "");
	snprintf(before, sizeof before, "%s", agent.last_change);
	assert_int_equal(agent_ask(&agent, "GetConfig", ""), 200);
	assert_string_equal(agent_said(&agent, "LastChange", 0), before);
}

TEST(a_session_is_had_by_four_calls_and_leaves_a_device_with_its_facts)
{
	assert_true(agent_login(&agent));
	expect_fact("dns.name", "pc-17.lab");
	expect_fact("os.family", "client");
	expect_fact("os.arch", "x64");
	expect_fact("os.edition", "Enterprise");
	expect_fact("hardware.manufacturer", "Contoso");
	expect_fact("hardware.model", "Gen2");
	expect_fact("wua.version", "1507.2601.30012.0");
	/* It says neither: a build without its revision is no level. */
	expect_fact("os.build", NULL);
	expect_fact("vbs", NULL);
	expect_fact("os.kbs", NULL);
	assert_false(record.has_token);
	assert_string_equal(agent.expiration, "2025-05-20T09:00:00Z");
	int64_t events = events_written(AGENT_ID);
	assert_true(agent_login(&agent));
	assert_int_equal(events_written(AGENT_ID), events);
}

static const struct {
	const char *client_id, *dns_name, *about;
} strangers[] = {
	{ "", "pc", "clientId" },
	{ "no guid", "pc", "clientId" },
	{ AGENT_ID "0", "pc", "clientId" },
	{ AGENT_ID, "", "dnsName" },
	{ AGENT_ID, "two words", "dnsName" },
	{ AGENT_ID, "&lt;script&gt;", "dnsName" },
	{ AGENT_ID, "../../etc", "dnsName" },
	{ AGENT_ID, "a\xff", "" }, /* no XML at all */
};

TEST(who_does_not_say_who_it_is_gets_no_authorization)
{
	char long_name[4200];

	for (size_t i = 0; i < COUNT_OF(strangers); i++) {
		agent.id = strangers[i].client_id;
		agent.dns = strangers[i].dns_name;
		assert_false(agent_authorize(&agent));
		if (strangers[i].about[0] != '\0')
			assert_true(agent_failed(&agent, "InvalidParameters",
						 strangers[i].about));
		assert_int_equal(agent.status, 500);
	}
	memset(long_name, 'a', 4096);
	long_name[4096] = '\0';
	agent.id = AGENT_ID;
	agent.dns = long_name;
	assert_false(agent_authorize(&agent));
	assert_true(agent_failed(&agent, "InvalidParameters", "dnsName"));
	assert_false(yard_device(&yard, AGENT_ID, &record));
}

/* GetCookie checks in this order; each wrong thing is told before the next is looked
 * at. */
static int get_cookie(const char *authorizations, const char *old,
		      const char *last_change, const char *version)
{
	char inner[4096];

	snprintf(inner, sizeof inner,
		 "<authCookies>%s</authCookies><oldCookie>%s</oldCookie>"
		 "<lastChange>%s</lastChange><currentTime>2025-05-20T08:00:00Z"
		 "</currentTime><protocolVersion>%s</protocolVersion>",
		 authorizations, old, last_change, version);
	return agent_ask(&agent, "GetCookie", inner);
}

TEST(a_cookie_is_given_after_four_checks_in_their_order)
{
	char good[1024], two[2100], cut[1024], renamed[1024];
	const char *wrong_old = "<EncryptedData>AAAA</EncryptedData>";
	const char *none = "<Expiration>2025-05-20T08:00:00Z</Expiration>";
	const char *never = "1999-01-01T00:00:00Z";

	assert_true(agent_config(&agent) && agent_authorize(&agent));
	snprintf(good, sizeof good,
		 "<AuthorizationCookie><PlugInId>SimpleTargeting</PlugInId>"
		 "<CookieData>%s</CookieData></AuthorizationCookie>",
		 agent.authorization);
	snprintf(two, sizeof two, "%s%s", good, good);
	snprintf(renamed, sizeof renamed,
		 "<AuthorizationCookie><PlugInId>Anonymous</PlugInId>"
		 "<CookieData>%s</CookieData></AuthorizationCookie>",
		 agent.authorization);
	agent.authorization[8] ^= 1;
	snprintf(cut, sizeof cut,
		 "<AuthorizationCookie><PlugInId>SimpleTargeting</PlugInId>"
		 "<CookieData>%s</CookieData></AuthorizationCookie>",
		 agent.authorization);
	const char *const bad[] = { "", two, cut, renamed };
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		get_cookie(bad[i], wrong_old, never, "x");
		assert_true(agent_failed(&agent, "InvalidAuthorizationCookie", NULL));
	}
	get_cookie(good, wrong_old, never, "x");
	assert_true(agent_failed(&agent, "InvalidCookie", NULL));
	get_cookie(good, none, never, "x");
	assert_true(agent_failed(&agent, "ConfigChanged", NULL));
	get_cookie(good, none, agent.last_change, "x");
	assert_true(agent_failed(&agent, "InvalidParameters", "protocolVersion"));
	get_cookie(good, none, agent.last_change, "2.");
	assert_true(agent_failed(&agent, "InvalidParameters", "protocolVersion"));
	assert_int_equal(get_cookie(good, none, agent.last_change, "1.0"), 200);
}

TEST(an_authorization_is_no_session_and_a_session_no_authorization)
{
	assert_true(agent_login(&agent));
	snprintf(agent.cookie, sizeof agent.cookie, "%s", agent.authorization);
	assert_int_equal(agent_sync(&agent, ""), 500);
	assert_true(agent_failed(&agent, "InvalidCookie", NULL));
	agent.cookie[0] = '\0';
	assert_true(agent_cookie(&agent));
	snprintf(agent.authorization, sizeof agent.authorization, "%s", agent.cookie);
	agent.cookie[0] = '\0';
	assert_false(agent_cookie(&agent));
	assert_true(agent_failed(&agent, "InvalidAuthorizationCookie", NULL));
}

/* What every operation with a cookie says to a bad one, before anything else. */
static const struct {
	const char *operation, *rest;
	bool wants_configuration;
} operations[] = {
	{ "RegisterComputer", "<computerInfo/>", false },
	{ "SyncUpdates",
	  "<parameters><SkipSoftwareSync>false</SkipSoftwareSync>"
	  "<SystemSpec/></parameters>",
	  true },
	{ "SyncPrinterCatalog", "", true },
	{ "RefreshCache", "<globalIDs/>", false },
	{ "GetExtendedUpdateInfo", "<revisionIDs/><infoTypes/>", false },
	{ "GetExtendedUpdateInfo2", "<updateIDs/><infoTypes/>", false },
	{ "GetFileLocations", "<fileDigests/>", false },
};

static void expect_everywhere(const char *code, bool configured_only)
{
	char inner[2048];

	for (size_t i = 0; i < COUNT_OF(operations); i++) {
		if (configured_only && !operations[i].wants_configuration)
			continue;
		snprintf(inner, sizeof inner, "%s%s", agent_cookie_element(&agent),
			 operations[i].rest);
		agent_ask(&agent, operations[i].operation, inner);
		if (!agent_failed(&agent, code, NULL))
			fail_msg("%s", operations[i].operation);
		/* The fault says which call it was, and is none of the others. */
		char method[256];
		snprintf(method, sizeof method, "\"" CLIENT_SPACE "/%s\"",
			 operations[i].operation);
		const char *said = agent_said(&agent, "Method", 0);
		if (strcmp(said, method) != 0 && strstr(said, "&quot;") == NULL)
			fail_msg("%s: %s", operations[i].operation, said);
	}
}

TEST(a_cookie_that_is_not_ours_is_told_so_before_anything_else)
{
	assert_true(agent_login(&agent));
	agent.cookie[20] ^= 1;
	expect_everywhere("InvalidCookie", false);
	snprintf(agent.cookie, sizeof agent.cookie, "%s", "not base64 at all");
	expect_everywhere("InvalidCookie", false);
	agent.cookie[0] = '\0';
	expect_everywhere("InvalidCookie", false);
}

TEST(a_cookie_goes_before_a_parameter_that_cannot_be_read)
{
	static const char bad[] = "<parameters><InstalledNonLeafUpdateIDs><int>many"
				  "</int></InstalledNonLeafUpdateIDs></parameters>";
	char inner[2048];

	assert_true(agent_login(&agent));
	snprintf(inner, sizeof inner, "%s%s", agent_cookie_element(&agent), bad);
	agent_ask(&agent, "SyncUpdates", inner);
	assert_true(agent_failed(&agent, "InvalidParameters",
				 "parameters.InstalledNonLeafUpdateIDs"));
	agent.cookie[20] ^= 1;
	snprintf(inner, sizeof inner, "%s%s", agent_cookie_element(&agent), bad);
	agent_ask(&agent, "SyncUpdates", inner);
	assert_true(agent_failed(&agent, "InvalidCookie", NULL));
}

TEST(a_foreign_servers_cookie_makes_the_agent_refresh_what_it_holds)
{
	struct cookie cookie = { 0 };

	assert_true(agent_login(&agent) && cookie_peek(&cookie));
	cookie.server.bytes[3] ^= 1;
	cookie.expires_s = 1; /* whoever made it, it says nothing of ours */
	cookie_poke(&cookie);
	expect_everywhere("ServerChanged", false);
	agent.cookie[0] = '\0';
	assert_true(agent_login(&agent));
	assert_true(agent_scan(&agent));
}

TEST(a_restored_database_is_found_by_the_first_cookie_that_knows_more)
{
	struct cookie cookie = { 0 }, fresh = { 0 };
	char inner[2048], id[GUID_TEXT];

	assert_int_equal(first_scan(), 5058411);
	struct view *view = site_view(yard.site);
	const struct update *root =
		library_by_revision(view->library, agent_task(&agent)->id);
	guid_format(&root->document.identity.id, id);
	int32_t revision = root->document.identity.revision;
	view_give(view);
	assert_true(cookie_peek(&cookie));
	cookie.store_generation += 7;
	cookie_poke(&cookie);
	expect_everywhere("ServerChanged", false);
	assert_true(yard_advance(&yard, 1)); /* behind it in the writer's queue */
	/* From now on it is another server, also to cookies of before. */
	cookie.store_generation -= 7;
	cookie_poke(&cookie);
	expect_everywhere("ServerChanged", false);
	agent.cookie[0] = '\0';
	assert_true(agent_login(&agent) && cookie_peek(&fresh));
	assert_false(guid_equal(&fresh.server, &cookie.server));
	assert_true(fresh.store_generation > cookie.store_generation);
	snprintf(inner, sizeof inner,
		 "%s<globalIDs><UpdateIdentity><UpdateID>%s</UpdateID><RevisionNumber>%d"
		 "</RevisionNumber></UpdateIdentity></globalIDs>",
		 agent_cookie_element(&agent), id, (int)revision);
	assert_int_equal(agent_ask(&agent, "RefreshCache", inner), 200);
	assert_string_equal(agent_said(&agent, "Action", 0), "Install");
	assert_true(agent_scan(&agent));
	assert_int_equal(agent_kb(&agent, agent_task(&agent)), 5058411);
}

TEST(a_session_ends_after_its_hour_and_goes_on_with_what_the_agent_was_told)
{
	struct cookie before = { 0 }, after = { 0 };

	assert_true(agent_login(&agent));
	assert_true(agent_scan(&agent));
	assert_true(cookie_peek(&before));
	assert_true(before.told_known);
	assert_true(yard_advance(&yard, HOUR_S));
	expect_everywhere("CookieExpired", false);
	assert_true(agent_authorize(&agent) && agent_cookie(&agent));
	assert_true(cookie_peek(&after));
	assert_true(after.told_known);
	assert_int_equal(after.told.revision_id, before.told.revision_id);
	assert_true(agent_scan(&agent));
	assert_int_equal(agent.syncs, 1);
}

TEST(what_another_agent_was_told_is_not_carried_over)
{
	struct cookie cookie = { 0 };

	assert_true(agent_login(&agent) && agent_scan(&agent));
	agent.id = "0e3c6fa1-11aa-42f0-b1c9-2f6a9d0e7a55";
	assert_true(agent_authorize(&agent) && agent_cookie(&agent));
	assert_true(cookie_peek(&cookie));
	assert_false(cookie.told_known);
}

TEST(an_authorization_is_good_for_half_a_day)
{
	assert_true(agent_login(&agent));
	assert_true(yard_advance(&yard, HOURS(11)));
	assert_true(agent_cookie(&agent));
	assert_true(yard_advance(&yard, HOURS(1)));
	assert_false(agent_cookie(&agent));
	assert_true(agent_failed(&agent, "InvalidAuthorizationCookie", NULL));
}

TEST(another_configuration_is_told_by_the_operations_that_depend_on_it)
{
	struct cookie cookie = { 0 };

	assert_true(agent_login(&agent) && cookie_peek(&cookie));
	cookie.configuration ^= 1;
	cookie_poke(&cookie);
	expect_everywhere("ConfigChanged", true);
	char inner[1024];
	snprintf(inner, sizeof inner, "%s<globalIDs/>", agent_cookie_element(&agent));
	assert_int_equal(agent_ask(&agent, "RefreshCache", inner), 200);
	/* Its age goes first. */
	assert_true(yard_advance(&yard, HOUR_S));
	expect_everywhere("CookieExpired", false);
}

TEST(files_that_moved_are_asked_for_anew_and_then_the_scan_goes_on)
{
	struct cookie cookie = { 0 };
	char inner[1024];

	assert_true(agent_login(&agent) && cookie_peek(&cookie));
	cookie.configuration ^= UINT64_C(1) << 40;
	cookie_poke(&cookie);
	expect_everywhere("FileLocationChanged", true);
	/* Logging in alone does not tell it where they are now. */
	assert_true(agent_authorize(&agent) && agent_cookie(&agent));
	expect_everywhere("FileLocationChanged", true);
	snprintf(inner, sizeof inner,
		 "%s<fileDigests><base64Binary>AAAAAAAAAAAAAAAAAAAAAAAAAAA="
		 "</base64Binary></fileDigests>",
		 agent_cookie_element(&agent));
	assert_int_equal(agent_ask(&agent, "GetFileLocations", inner), 200);
	snprintf(agent.cookie, sizeof agent.cookie, "%s",
		 agent_said(&agent, "EncryptedData", 0));
	assert_true(agent_scan(&agent));
}

TEST(who_never_registered_is_asked_to_and_may_then_go_on)
{
	assert_true(agent_config(&agent) && agent_authorize(&agent) &&
		    agent_cookie(&agent));
	assert_int_equal(agent_sync(&agent, ""), 500);
	assert_true(agent_failed(&agent, "RegistrationRequired", NULL));
	assert_true(agent_register(&agent));
	assert_int_equal(agent_sync(&agent, ""), 200);
	/* Again is no fault: it tells what changed. */
	assert_true(agent_register(&agent));
}

TEST(a_device_that_was_forgotten_begins_anew)
{
	assert_true(agent_login(&agent));
	yard_forget(&yard, AGENT_ID);
	assert_true(yard_plan(&yard, "<plan xmlns=\"urn:patchyard:plan:1\"/>"));
	assert_int_equal(agent_sync(&agent, ""), 500);
	assert_true(agent_failed(&agent, "InvalidCookie", NULL));
	agent.cookie[0] = '\0';
	assert_true(agent_config(&agent) && agent_authorize(&agent) &&
		    agent_cookie(&agent));
	assert_int_equal(agent_sync(&agent, ""), 500);
	assert_true(agent_failed(&agent, "RegistrationRequired", NULL));
	assert_true(agent_register(&agent));
	expect_fact("hardware.model", "Gen2");
}

TEST(what_a_registration_says_in_markup_is_kept_as_text)
{
	char inner[8192], name[4097];

	assert_true(agent_login(&agent));
	memset(name, 'm', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	snprintf(inner, sizeof inner,
		 "%s<computerInfo><ComputerManufacturer>&lt;b onload='x'&gt;&amp;"
		 "</ComputerManufacturer><ComputerModel>%s</ComputerModel>"
		 "<OldProductType>3</OldProductType></computerInfo>",
		 agent_cookie_element(&agent), name);
	assert_int_equal(agent_ask(&agent, "RegisterComputer", inner), 200);
	expect_fact("hardware.manufacturer", "<b onload='x'>&");
	expect_fact("os.family", "server");
	assert_true(strlen(facts_get(&record.facts, "hardware.model")) == 255);
}

static int nothing(struct change *change, struct problem *p)
{
	(void)change;
	(void)p;
	return 0;
}

/* The keeper's next unit, and one behind it that is waited for. */
static struct cookie_keys keys_after_a_tick(void)
{
	keeper_poke(yard.site);
	assert_true(yard_change(&yard, AGENT_ID, nothing));
	struct view *view = site_view(yard.site);
	struct cookie_keys keys = view->wusp.keys;
	view_give(view);
	return keys;
}

TEST(keys_are_changed_by_themselves_and_what_the_old_one_signed_stays_good)
{
	struct cookie_keys keys = keys_after_a_tick();

	assert_int_equal(keys.keys[0].id, 1);
	assert_int_equal(keys.keys[1].id, 0);
	assert_true(yard_advance(&yard, DAYS(30) - 600));
	assert_int_equal(keys_after_a_tick().keys[0].id, 1);
	assert_true(agent_login(&agent));
	assert_true(yard_advance(&yard, 1200));
	keys = keys_after_a_tick();
	assert_int_equal(keys.keys[0].id, 2);
	assert_int_equal(keys.keys[1].id, 1);
	assert_memory_not_equal(keys.keys[0].bytes, keys.keys[1].bytes, COOKIE_KEY);
	assert_int_equal(agent_sync(&agent, ""), 200);
	assert_true(yard_advance(&yard, DAYS(2)));
	keys = keys_after_a_tick();
	assert_int_equal(keys.keys[0].id, 2);
	assert_int_equal(keys.keys[1].id, 0);
	assert_int_equal(agent_sync(&agent, ""), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WUSP_CASE(the_configuration_has_every_property_in_its_place),
		WUSP_CASE(
			a_session_is_had_by_four_calls_and_leaves_a_device_with_its_facts),
		WUSP_CASE(who_does_not_say_who_it_is_gets_no_authorization),
		WUSP_CASE(a_cookie_is_given_after_four_checks_in_their_order),
		WUSP_CASE(an_authorization_is_no_session_and_a_session_no_authorization),
		WUSP_CASE(a_cookie_that_is_not_ours_is_told_so_before_anything_else),
		WUSP_CASE(a_cookie_goes_before_a_parameter_that_cannot_be_read),
		WUSP_CASE(a_foreign_servers_cookie_makes_the_agent_refresh_what_it_holds),
		WUSP_CASE(
			a_restored_database_is_found_by_the_first_cookie_that_knows_more),
		WUSP_CASE(
			a_session_ends_after_its_hour_and_goes_on_with_what_the_agent_was_told),
		WUSP_CASE(what_another_agent_was_told_is_not_carried_over),
		WUSP_CASE(an_authorization_is_good_for_half_a_day),
		WUSP_CASE(
			another_configuration_is_told_by_the_operations_that_depend_on_it),
		WUSP_CASE(files_that_moved_are_asked_for_anew_and_then_the_scan_goes_on),
		WUSP_CASE(who_never_registered_is_asked_to_and_may_then_go_on),
		WUSP_CASE(a_device_that_was_forgotten_begins_anew),
		WUSP_CASE(what_a_registration_says_in_markup_is_kept_as_text),
		WUSP_CASE(
			keys_are_changed_by_themselves_and_what_the_old_one_signed_stays_good),
	};
	return cmocka_run_group_tests_name("wusp/session", tests, NULL, NULL);
}
