#include "protocol/ddi/offer.h"

#include <stdio.h>
#include <string.h>

#include "engine/decision.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "engine/record.h"
#include "protocol/ddi/sleep.h"
#include "tests/lib/case.h"

static struct device_record record;
static struct decision decision;

static void set_caps(const char *caps)
{
	struct problem p;
	facts_init(&record.facts);
	if (caps != NULL)
		assert_int_equal(facts_set(&record.facts, "py.caps", caps, 1,
					   FACT_REPORTED, NULL, &p),
				 0);
}

TEST(capabilities_are_whole_words_of_a_list)
{
	set_caps(NULL);
	assert_false(offer_device_can(&record.facts, "install"));
	set_caps("install,uninstall, restart");
	assert_true(offer_device_can(&record.facts, "install"));
	assert_true(offer_device_can(&record.facts, "uninstall"));
	assert_true(offer_device_can(&record.facts, "restart"));
	assert_false(offer_device_can(&record.facts, "stall"));
	assert_false(offer_device_can(&record.facts, "defer"));
	set_caps("");
	assert_false(offer_device_can(&record.facts, ""));
}

#define ALL "install,uninstall,restart,defer"

TEST(what_is_offered_follows_from_flow_decision_and_capabilities)
{
	static const struct {
		const char *what;
		enum flow_kind flow_kind;
		enum flow_state state;
		bool withdrawing;
		enum action action;
		bool download_only, outside_window;
		const char *caps;
		enum offer_kind kind;
		bool skip;
	} rows[] = {
		{ "nothing runs", FLOW_INSTALL, FLOW_NONE, false, ACTION_NONE, false,
		  false, ALL, OFFER_NOTHING, false },
		{ "it is over", FLOW_INSTALL, FLOW_VERIFIED, false, ACTION_NONE, false,
		  false, ALL, OFFER_NOTHING, false },
		{ "offered", FLOW_INSTALL, FLOW_OFFERED, false, ACTION_INSTALL, false,
		  false, NULL, OFFER_DEPLOYMENT, false },
		{ "installing", FLOW_INSTALL, FLOW_INSTALLING, false, ACTION_INSTALL,
		  false, false, NULL, OFFER_DEPLOYMENT, false },
		{ "restart pending", FLOW_INSTALL, FLOW_RESTART_PENDING, false,
		  ACTION_RESTART, false, false, NULL, OFFER_DEPLOYMENT, false },
		{ "closed by its client", FLOW_INSTALL, FLOW_INSTALLED, false,
		  ACTION_INSTALL, false, false, ALL, OFFER_NOTHING, false },
		{ "to be stopped", FLOW_INSTALL, FLOW_DOWNLOADING, true, ACTION_NONE,
		  false, false, NULL, OFFER_STOP, false },
		/* windows */
		{ "download only, can defer", FLOW_INSTALL, FLOW_OFFERED, false,
		  ACTION_INSTALL, true, false, ALL, OFFER_DEPLOYMENT, true },
		{ "download only, plain", FLOW_INSTALL, FLOW_OFFERED, false,
		  ACTION_INSTALL, true, false, NULL, OFFER_NOTHING, false },
		{ "the window closed, can defer", FLOW_INSTALL, FLOW_DOWNLOADED, false,
		  ACTION_NONE, false, true, ALL, OFFER_DEPLOYMENT, true },
		{ "the window closed, plain", FLOW_INSTALL, FLOW_DOWNLOADING, false,
		  ACTION_NONE, false, true, "install", OFFER_NOTHING, false },
		{ "the window closed while it installs", FLOW_INSTALL, FLOW_INSTALLING,
		  false, ACTION_NONE, false, true, NULL, OFFER_DEPLOYMENT, false },
		/* removals and restarts */
		{ "uninstall, able", FLOW_UNINSTALL, FLOW_OFFERED, false,
		  ACTION_UNINSTALL, false, false, ALL, OFFER_DEPLOYMENT, false },
		{ "uninstall, plain", FLOW_UNINSTALL, FLOW_OFFERED, false,
		  ACTION_UNINSTALL, false, false, "install", OFFER_NOTHING, false },
		{ "uninstall outside the window", FLOW_UNINSTALL, FLOW_OFFERED, false,
		  ACTION_NONE, false, true, ALL, OFFER_NOTHING, false },
		{ "a restart goes first", FLOW_INSTALL, FLOW_OFFERED, false,
		  ACTION_RESTART, false, false, ALL, OFFER_NOTHING, false },
		{ "a restart left over, able", FLOW_INSTALL, FLOW_FAILED, false,
		  ACTION_RESTART, false, false, ALL, OFFER_RESTART, false },
		{ "a restart left over, plain", FLOW_INSTALL, FLOW_FAILED, false,
		  ACTION_RESTART, false, false, NULL, OFFER_NOTHING, false },
		{ "closed, and a restart is pending", FLOW_INSTALL, FLOW_INSTALLED, false,
		  ACTION_RESTART, false, false, ALL, OFFER_RESTART, false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		device_record_init(&record, "d", 1);
		set_caps(rows[i].caps);
		record.history.flow = (struct flow){ .id = 7,
						     .kind = rows[i].flow_kind,
						     .state = rows[i].state,
						     .withdrawing = rows[i].withdrawing };
		decision = (struct decision){ .action = rows[i].action,
					      .download_only = rows[i].download_only };
		if (rows[i].outside_window)
			decision.reasons[decision.reason_count++] = REASON_OUTSIDE_WINDOW;
		struct offer offer = offer_of(&record, &decision);
		if (offer.kind != rows[i].kind || offer.download_only != rows[i].skip)
			fail_msg("%s: kind %d, skip %d", rows[i].what, offer.kind,
				 offer.download_only);
	}
}

TEST(a_restart_that_no_action_ever_preceded_has_no_number_to_be_offered_by)
{
	device_record_init(&record, "d", 1);
	set_caps(ALL);
	decision = (struct decision){ .action = ACTION_RESTART };
	assert_int_equal(offer_of(&record, &decision).kind, OFFER_NOTHING);
}

TEST(the_deadline_of_a_restart_holds_also_while_the_decision_names_none)
{
	device_record_init(&record, "d", 1);
	decision = (struct decision){ .restart_by_s = INSTANT_NONE };
	assert_true(offer_restart_by(&record, &decision) == INSTANT_NONE);
	record.history.flow.install_by_s = 500;
	assert_int_equal(offer_restart_by(&record, &decision), 500);
	decision.restart_by_s = 900;
	assert_int_equal(offer_restart_by(&record, &decision), 900);
}

static int64_t sleep_of(const char *device, bool running, bool urgent, int64_t boundary_s)
{
	struct sleep_wish wish = { .device = device,
				   .now_s = 1747728000,
				   .steady_s = 300,
				   .running = running,
				   .urgent = urgent,
				   .boundary_s = boundary_s };
	return sleep_choose(&wish);
}

TEST(devices_sleep_about_the_interval_each_its_own_way)
{
	int64_t least = 1000, most = 0;

	for (int i = 0; i < 200; i++) {
		char device[16];
		snprintf(device, sizeof device, "device-%d", i);
		int64_t s = sleep_of(device, false, false, INSTANT_NONE);
		assert_int_equal(s, sleep_of(device, false, false, INSTANT_NONE));
		least = s < least ? s : least;
		most = s > most ? s : most;
	}
	assert_in_range(least, 270, 276);
	assert_in_range(most, 324, 330);
}

TEST(a_running_flow_a_stop_and_a_boundary_shorten_the_sleep)
{
	const int64_t now_s = 1747728000;

	assert_in_range(sleep_of("d", true, false, INSTANT_NONE), 54, 66);
	assert_in_range(sleep_of("d", true, true, INSTANT_NONE), 27, 33);
	for (int i = 0; i < 50; i++) {
		char device[16];
		snprintf(device, sizeof device, "d%d", i);
		assert_in_range(sleep_of(device, false, false, now_s + 100), 101, 176);
		/* Never longer than without it, and never for one that is past. */
		assert_in_range(sleep_of(device, false, false, now_s + 10000), 270, 330);
		assert_in_range(sleep_of(device, false, false, now_s - 10), 270, 330);
		assert_in_range(sleep_of(device, false, false, now_s), 270, 330);
	}
}

TEST(any_interval_comes_out_between_one_second_and_a_day)
{
	static const struct {
		int64_t steady_s, least, most;
	} rows[] = {
		{ 0, 1, 1 },
		{ 1, 1, 1 },
		{ 2, 1, 3 },
		{ 20, 18, 22 },
		{ 86399, 77759, 86399 },
		{ 1000000, 77759, 86399 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sleep_wish wish = { .device = "d",
					   .now_s = 1747728000,
					   .steady_s = rows[i].steady_s,
					   .boundary_s = INSTANT_NONE };
		for (int hour = 0; hour < 100; hour++, wish.now_s += HOUR_S)
			assert_in_range(sleep_choose(&wish), rows[i].least, rows[i].most);
	}
}

TEST(sleep_is_told_in_exactly_eight_characters)
{
	static const struct {
		int64_t sleep_s;
		const char *text;
	} rows[] = { { 1, "00:00:01" },
		     { 300, "00:05:00" },
		     { 3661, "01:01:01" },
		     { 86399, "23:59:59" },
		     { 86400, "23:59:59" } };
	char text[SLEEP_TEXT];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		sleep_format(rows[i].sleep_s, text);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_are_whole_words_of_a_list),
		cmocka_unit_test(
			what_is_offered_follows_from_flow_decision_and_capabilities),
		cmocka_unit_test(
			a_restart_that_no_action_ever_preceded_has_no_number_to_be_offered_by),
		cmocka_unit_test(
			the_deadline_of_a_restart_holds_also_while_the_decision_names_none),
		cmocka_unit_test(devices_sleep_about_the_interval_each_its_own_way),
		cmocka_unit_test(a_running_flow_a_stop_and_a_boundary_shorten_the_sleep),
		cmocka_unit_test(any_interval_comes_out_between_one_second_and_a_day),
		cmocka_unit_test(sleep_is_told_in_exactly_eight_characters),
	};
	return cmocka_run_group_tests_name("ddi_offer", tests, NULL, NULL);
}
