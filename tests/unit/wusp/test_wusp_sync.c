/* The decision for a device as a stock agent comes to see it. */

#include <stdio.h>
#include <string.h>

#include "engine/passage.h"
#include "protocol/wusp/library.h"
#include "tests/unit/wusp/wusp_case.h"

static const char *const lab[] = { "site=lab", "vbs=running", NULL };

TEST(a_stock_agent_gets_the_cumulative_update_for_it_names_no_vbs)
{
	assert_int_equal(first_scan(), 5058411);
	const struct agent_update *task = agent_task(&agent);
	assert_string_equal(task->action, "Install");
	assert_true(task->is_assigned);
	assert_string_equal(task->deadline, "2025-05-25T08:00:00Z");
	assert_string_equal(task->last_change, "2025-05-20");
	expect_state(FLOW_OFFERED);
	expect_fact("os.build", "26100.3775");
	expect_fact("vbs", NULL);
	expect_fact("wua.vbsstate", "0");
	assert_int_equal(record.history.flow.retrieved_s, 0);
}

/* Which row of the explanation failed, for want of a fact. */
static enum reason reason_of(enum row_id row)
{
	struct view *view = site_view(yard.site);
	struct decision decision;

	assert_true(yard_device(&yard, AGENT_ID, &record));
	site_decide(yard.site, view, &record, site_now(yard.site), &decision);
	view_give(view);
	return decision.rows[row].reason;
}

TEST(what_an_operator_asserts_for_an_agent_brings_it_the_hotpatch)
{
	static const char *const site[] = { "site=lab", NULL };

	/* Under the same policy, without a word of VBS: */
	assert_true(agent_login(&agent));
	assert_true(assert_facts(AGENT_ID, site));
	assert_true(agent_scan(&agent));
	assert_int_equal(agent_kb(&agent, agent_task(&agent)), 5058411);
	assert_int_equal(reason_of(ROW_VBS), REASON_VBS_NOT_REPORTED);
	assert_string_equal(reason_face(REASON_VBS_NOT_REPORTED)->name,
			    "vbs-not-reported");
	/* And with it: the same scan goes on, and ends with another task. */
	assert_true(assert_facts(AGENT_ID, lab));
	assert_true(agent_scan(&agent));
	assert_int_equal(agent_kb(&agent, agent_task(&agent)), 5058497);
	assert_int_equal(reason_of(ROW_VBS), REASON_NONE);
}

TEST(a_scan_comes_in_layers_and_the_next_one_finds_nothing_new)
{
	assert_int_equal(first_scan(), 5058411);
	assert_true(agent.syncs > 2);
	size_t known = agent.count;
	int64_t events = events_written(AGENT_ID);
	for (size_t i = 0; i < agent.count; i++) {
		const struct agent_update *update = &agent.updates[i];
		bool fits = update->is_leaf || strcmp(update->action, "Evaluate") == 0;
		if (!fits || strlen(update->last_change) != 10)
			fail_msg("%d is deployed as %s, %s", update->id, update->action,
				 update->last_change);
	}
	assert_true(agent_scan(&agent));
	assert_int_equal(agent.syncs, 1);
	assert_int_equal(agent.count, known);
	assert_null(strstr(agent.text, "<UpdateInfo>"));
	assert_null(strstr(agent.text, "OutOfScopeRevisionIDs"));
	assert_int_equal(events_written(AGENT_ID), events);
	assert_string_equal(agent_said(&agent, "DriverSyncNotNeeded", 0), "false");
}

TEST(every_update_comes_with_the_seven_fields_of_its_deployment)
{
	static const char *const fields[] = { "<ID>",
					      "<Action>",
					      "<IsAssigned>",
					      "<LastChangeTime>",
					      "<AutoSelect>0<",
					      "<AutoDownload>0<",
					      "<SupersedenceBehavior>0<" };

	assert_true(agent_login(&agent));
	assert_int_equal(agent_sync(&agent, ""), 200);
	unsigned count = 0;
	for (const char *at = strstr(agent.text, "<Deployment>"); at != NULL;
	     at = strstr(at + 1, "<Deployment>")) {
		const char *end = strstr(at, "</Deployment>");
		count++;
		for (size_t i = 0; i < COUNT_OF(fields); i++) {
			const char *field = strstr(at, fields[i]);
			if (field == NULL || field > end)
				fail_msg("no %s in %.*s", fields[i], (int)(end - at), at);
		}
	}
	assert_true(count > 0);
}

TEST(a_task_that_changes_is_told_as_changed_and_the_new_one_shown)
{
	assert_int_equal(first_scan(), 5058411);
	int32_t first = agent_task(&agent)->id;
	assert_true(yard_withdraw(&yard, 5058411));
	assert_int_equal(agent_sync(&agent, ""), 200);
	assert_non_null(strstr(agent.text, "<ChangedUpdates>"));
	assert_true(agent_scan(&agent));
	/* Nothing else stands above April's baseline. */
	assert_null(agent_task(&agent));
	for (size_t i = 0; i < agent.count; i++) {
		if (agent.updates[i].id == first)
			assert_string_equal(agent.updates[i].action,
					    "PreDeploymentCheck");
	}
	expect_state(FLOW_WITHDRAWN);
}

TEST(what_a_silent_call_cannot_be_told_is_told_by_the_next)
{
	assert_int_equal(first_scan(), 5058411);
	assert_true(yard_withdraw(&yard, 5058411));
	size_t known = agent.count;
	struct agent_update before[AGENT_UPDATES];
	memcpy(before, agent.updates, sizeof before);
	agent.count = 0; /* as the first call of a scan says nothing of what it has */
	assert_int_equal(agent_sync(&agent, ""), 200);
	assert_null(strstr(agent.text, "<ChangedUpdates>"));
	memcpy(agent.updates, before, sizeof before);
	agent.count = known;
	assert_int_equal(agent_sync(&agent, ""), 200);
	assert_non_null(strstr(agent.text, "<ChangedUpdates>"));
	assert_null(agent_task(&agent));
}

TEST(a_steady_scan_waits_for_no_writer)
{
	assert_int_equal(first_scan(), 5058411);
	assert_true(yard_hold(&yard));
	int status = agent_sync(&agent, "");
	yard_go_on(&yard);
	assert_int_equal(status, 200);
	assert_null(strstr(agent.text, "<UpdateInfo>"));
}

static int retrieve(struct change *change, struct problem *p)
{
	(void)p;
	passage_retrieved(change->record, change->record->history.flow.id, change->now_s,
			  change->outcome);
	return 0;
}

TEST(what_an_agent_has_fetched_is_withdrawn_once_it_comes_back_without_having_begun)
{
	assert_int_equal(first_scan(), 5058411);
	assert_true(yard_change(&yard, AGENT_ID, retrieve));
	assert_true(yard_withdraw(&yard, 5058411));
	assert_int_equal(agent_sync(&agent, ""), 200);
	/* It is told; whether it had begun is not known yet. */
	assert_non_null(strstr(agent.text, "<ChangedUpdates>"));
	assert_null(agent_task(&agent));
	expect_state(FLOW_OFFERED);
	assert_true(record.history.flow.withdrawing);
	assert_int_equal(agent_sync(&agent, ""), 200);
	expect_state(FLOW_WITHDRAWN);
}

static int begin_install(struct change *change, struct problem *p)
{
	const struct report report = { .state = FLOW_INSTALLING };
	(void)p;
	passage_report(change->record, change->record->history.flow.id, &report,
		       change->decision, change->now_s, change->outcome);
	return 0;
}

TEST(what_has_begun_stays_shown_to_its_end)
{
	assert_int_equal(first_scan(), 5058411);
	assert_true(yard_change(&yard, AGENT_ID, begin_install));
	assert_true(yard_withdraw(&yard, 5058411));
	assert_true(agent_scan(&agent));
	assert_int_equal(agent_kb(&agent, agent_task(&agent)), 5058411);
	expect_state(FLOW_INSTALLING);
	/* Its next facts show the level: that is the end. */
	snprintf(agent.attributes, sizeof agent.attributes, "%s", ENTERPRISE MAY);
	assert_true(agent_scan(&agent));
	expect_state(FLOW_VERIFIED);
	assert_null(agent_task(&agent));
}

TEST(a_ring_that_asks_its_users_assigns_nothing_before_the_deadline)
{
	static const char *const asks[] = { "tag.ring=ask", NULL };

	assert_true(agent_login(&agent));
	assert_true(assert_facts(AGENT_ID, asks));
	assert_true(agent_scan(&agent));
	const struct agent_update *task = agent_task(&agent);
	assert_non_null(task);
	assert_string_equal(task->action, "Install");
	assert_false(task->is_assigned);
	assert_string_equal(task->deadline, "2025-05-22T08:00:00Z");
	assert_true(yard_advance(&yard, DAYS(2)));
	assert_true(agent_authorize(&agent) && agent_cookie(&agent));
	assert_true(agent_scan(&agent));
	task = agent_task(&agent);
	assert_non_null(task);
	assert_true(task->is_assigned);
	assert_string_equal(task->deadline, "2025-05-22T08:00:00Z");
}

TEST(outside_its_window_an_agent_is_shown_no_install)
{
	static const char *const night[] = { "tag.ring=night", NULL };

	assert_true(agent_login(&agent));
	assert_true(assert_facts(AGENT_ID, night));
	assert_true(agent_scan(&agent));
	assert_null(agent_task(&agent));
	assert_true(yard_advance(&yard, HOURS(14) + 600)); /* 22:10 */
	assert_true(agent_login(&agent));
	assert_true(agent_scan(&agent));
	assert_int_equal(agent_kb(&agent, agent_task(&agent)), 5058411);
}

static int ask_removal(struct change *change, struct problem *p)
{
	const struct removal removal = { .kind = REQUEST_UNINSTALL, .kb = 5058497 };
	return passage_request(change->record, change->decision, &removal, change->now_s,
			       change->outcome, p);
}

TEST(a_removal_is_shown_as_uninstall_of_the_release_that_is_to_go)
{
	assert_true(agent_login(&agent));
	assert_true(assert_facts(AGENT_ID, lab));
	snprintf(agent.attributes, sizeof agent.attributes, "%s", ENTERPRISE MAY_H);
	assert_true(agent_scan(&agent));
	assert_null(agent_task(&agent));
	assert_true(yard_change(&yard, AGENT_ID, ask_removal));
	assert_true(agent_scan(&agent));
	const struct agent_update *task = agent_task(&agent);
	assert_non_null(task);
	assert_string_equal(task->action, "Uninstall");
	assert_true(task->is_assigned);
	assert_int_equal(agent_kb(&agent, task), 5058497);
	/* It shows what lay beneath: it was removed, and the LCU takes its place. */
	snprintf(agent.attributes, sizeof agent.attributes, "%s", ENTERPRISE APRIL);
	assert_true(agent_scan(&agent));
	assert_int_equal(agent_kb(&agent, agent_task(&agent)), 5058411);
	assert_string_equal(agent_task(&agent)->action, "Install");
}

TEST(facts_are_written_when_they_change_or_are_half_stale)
{
	assert_int_equal(first_scan(), 5058411);
	int64_t reported_s = site_now(yard.site);
	expect_state(FLOW_OFFERED);
	assert_int_equal(record.facts.reported_s, reported_s);
	assert_true(yard_advance(&yard, HOURS(11)));
	assert_true(agent_authorize(&agent) && agent_cookie(&agent));
	assert_true(agent_scan(&agent));
	expect_state(FLOW_OFFERED);
	assert_int_equal(record.facts.reported_s, reported_s);
	assert_true(yard_advance(&yard, HOURS(2)));
	assert_true(agent_authorize(&agent) && agent_cookie(&agent));
	assert_true(agent_scan(&agent));
	expect_state(FLOW_OFFERED);
	assert_int_equal(record.facts.reported_s, reported_s + HOURS(13));
}

TEST(attributes_nobody_knows_change_nothing)
{
	snprintf(agent.attributes, sizeof agent.attributes, "%s%s", ENTERPRISE APRIL,
		 "Unheard=of;vbs=running;os.kbs=KB1;=;;;E:&amp;=&lt;x&gt;;");
	assert_int_equal(first_scan(), 5058411);
	expect_fact("vbs", NULL);
	expect_fact("os.kbs", NULL);
	expect_fact("wua.unheard", NULL);
}

TEST(an_agent_that_names_no_build_is_shown_nothing)
{
	snprintf(agent.attributes, sizeof agent.attributes, "%s", ENTERPRISE);
	assert_int_equal(first_scan(), 0);
	assert_int_equal(agent.count, 0);
}

TEST(the_limits_of_a_scan_are_those_of_the_original_server)
{
	static char inner[64 * 1024];

	assert_true(agent_login(&agent));
	size_t at = (size_t)snprintf(inner, sizeof inner,
				     "%s<parameters><InstalledNonLeafUpdateIDs>",
				     agent_cookie_element(&agent));
	for (int i = 0; i < 401; i++)
		at += (size_t)snprintf(inner + at, sizeof inner - at, "<int>1</int>");
	snprintf(inner + at, sizeof inner - at,
		 "</InstalledNonLeafUpdateIDs><SkipSoftwareSync>false</SkipSoftwareSync>"
		 "</parameters>");
	agent_ask(&agent, "SyncUpdates", inner);
	assert_true(agent_failed(&agent, "InvalidParameters",
				 "parameters.InstalledNonLeafUpdateIDs"));
	/* One fewer is fine, and what nobody knows is out of scope. */
	memmove(strstr(inner, "<int>"), strstr(inner, "<int>") + strlen("<int>1</int>"),
		strlen(strstr(inner, "<int>")) - strlen("<int>1</int>") + 1);
	assert_int_equal(agent_ask(&agent, "SyncUpdates", inner), 200);
	snprintf(inner, sizeof inner,
		 "%s<parameters><SystemSpec><Device/></SystemSpec>"
		 "<SkipSoftwareSync>false</SkipSoftwareSync></parameters>",
		 agent_cookie_element(&agent));
	agent_ask(&agent, "SyncUpdates", inner);
	assert_true(agent_failed(&agent, "InvalidParameters", "parameters.SystemSpec"));
	agent_ask(&agent, "SyncUpdates", agent_cookie_element(&agent));
	assert_true(agent_failed(&agent, "InvalidParameters", "parameters"));
	agent_ask(&agent, "SyncUpdates", "<parameters/>");
	assert_true(agent_failed(&agent, "InvalidParameters", "cookie"));
}

TEST(the_pass_for_drivers_and_the_printers_catalog_bring_nothing)
{
	char inner[2048];

	assert_int_equal(first_scan(), 5058411);
	snprintf(inner, sizeof inner,
		 "%s<parameters><SystemSpec><Device><HardwareIDs><string>PCI\\1</string>"
		 "</HardwareIDs></Device></SystemSpec><CachedDriverIDs/>"
		 "<SkipSoftwareSync>true</SkipSoftwareSync></parameters>",
		 agent_cookie_element(&agent));
	assert_int_equal(agent_ask(&agent, "SyncUpdates", inner), 200);
	assert_null(strstr(agent.text, "UpdateInfo"));
	assert_string_equal(agent_said(&agent, "Truncated", 0), "false");
	assert_string_equal(agent_said(&agent, "DriverSyncNotNeeded", 0), "true");
	assert_string_not_equal(agent_said(&agent, "EncryptedData", 0), "");
	snprintf(inner, sizeof inner, "%s<installedNonLeafUpdateIDs/><printerUpdateIDs/>",
		 agent_cookie_element(&agent));
	assert_int_equal(agent_ask(&agent, "SyncPrinterCatalog", inner), 200);
	assert_non_null(strstr(agent.text, "<SyncPrinterCatalogResult>"));
	assert_null(strstr(agent.text, "UpdateInfo"));
}

TEST(a_scan_of_a_category_asks_first_which_ones_are_known)
{
	static const char product[] = "72e7624a-5b00-45d2-b92f-e561c0a6a160";
	static const char unknown[] = "dd78b8a1-0b20-45c1-add6-4da72e9364cf";
	char inner[1024], rest[256];

	snprintf(inner, sizeof inner,
		 "<requestedCategories><CategoryRelationship><IndexOfAndGroup>1"
		 "</IndexOfAndGroup><CategoryId>%s</CategoryId></CategoryRelationship>"
		 "<CategoryRelationship><IndexOfAndGroup>2</IndexOfAndGroup><CategoryId>"
		 "%s</CategoryId></CategoryRelationship></requestedCategories>",
		 product, unknown);
	assert_int_equal(agent_ask(&agent, "StartCategoryScan", inner), 200);
	assert_non_null(
		strstr(agent_said(&agent, "requestedCategoryIdsInError", 0), unknown));
	assert_int_equal(first_scan(), 5058411);
	snprintf(rest, sizeof rest,
		 "<FilterCategoryIds><CategoryIdentifier><Id>%s</Id></CategoryIdentifier>"
		 "</FilterCategoryIds>",
		 unknown);
	assert_int_equal(agent_sync(&agent, rest), 200);
	assert_string_equal(agent_said(&agent, "DriverSyncNotNeeded", 0), "true");
	assert_null(strstr(agent.text, "<NewUpdates>"));
	agent_ask(&agent, "StartCategoryScan", "");
	assert_true(agent_failed(&agent, "InvalidParameters", "requestedCategories"));
}

TEST(too_many_categories_are_refused)
{
	static char inner[64 * 1024];
	size_t at = (size_t)snprintf(inner, sizeof inner, "<requestedCategories>");

	for (int i = 0; i < 200; i++)
		at += (size_t)snprintf(
			inner + at, sizeof inner - at,
			"<CategoryRelationship><IndexOfAndGroup>%d</IndexOfAndGroup>"
			"<CategoryId>dd78b8a1-0b20-45c1-add6-4da72e9364cf</CategoryId>"
			"</CategoryRelationship>",
			i);
	snprintf(inner + at, sizeof inner - at, "</requestedCategories>");
	agent_ask(&agent, "StartCategoryScan", inner);
	assert_true(agent_failed(&agent, "InvalidParameters", "requestedCategories"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WUSP_CASE(a_stock_agent_gets_the_cumulative_update_for_it_names_no_vbs),
		WUSP_CASE(what_an_operator_asserts_for_an_agent_brings_it_the_hotpatch),
		WUSP_CASE(a_scan_comes_in_layers_and_the_next_one_finds_nothing_new),
		WUSP_CASE(every_update_comes_with_the_seven_fields_of_its_deployment),
		WUSP_CASE(a_task_that_changes_is_told_as_changed_and_the_new_one_shown),
		WUSP_CASE(
			what_an_agent_has_fetched_is_withdrawn_once_it_comes_back_without_having_begun),
		WUSP_CASE(what_a_silent_call_cannot_be_told_is_told_by_the_next),
		WUSP_CASE(a_steady_scan_waits_for_no_writer),
		WUSP_CASE(what_has_begun_stays_shown_to_its_end),
		WUSP_CASE(a_ring_that_asks_its_users_assigns_nothing_before_the_deadline),
		WUSP_CASE(outside_its_window_an_agent_is_shown_no_install),
		WUSP_CASE(a_removal_is_shown_as_uninstall_of_the_release_that_is_to_go),
		WUSP_CASE(facts_are_written_when_they_change_or_are_half_stale),
		WUSP_CASE(attributes_nobody_knows_change_nothing),
		WUSP_CASE(an_agent_that_names_no_build_is_shown_nothing),
		WUSP_CASE(the_limits_of_a_scan_are_those_of_the_original_server),
		WUSP_CASE(the_pass_for_drivers_and_the_printers_catalog_bring_nothing),
		WUSP_CASE(a_scan_of_a_category_asks_first_which_ones_are_known),
		WUSP_CASE(too_many_categories_are_refused),
	};
	return cmocka_run_group_tests_name("wusp/sync", tests, NULL, NULL);
}
