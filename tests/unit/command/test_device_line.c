/* Lines of devices and their history, read into what the engine wants. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "protocol/command/check.h"
#include "protocol/command/device_line.h"
#include "tests/lib/case.h"

static struct yard_files files;
static struct situation situation;
static struct device_line line;

static int set_up(void **state)
{
	static const char *const catalog[] = { PROJECT_SOURCE_DIR "/conf/catalog" };
	struct problem p;

	(void)state;
	assert_int_equal(yard_files_init(&files, &p), 0);
	assert_int_equal(yard_files_catalog(&files, catalog, 1, &p), 0);
	assert_int_equal(yard_files_plan(&files, PROJECT_SOURCE_DIR "/conf/plan.xml", &p),
			 0);
	assert_non_null(files.catalog);
	assert_non_null(files.plan);
	situation.catalog = files.catalog;
	situation.plan = files.plan;
	assert_true(instant_parse("2025-06-01T00:00:00Z", &situation.now_s));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	yard_files_fini(&files);
	return 0;
}

static int read_text(const char *text, size_t size, struct problem *p)
{
	static char copy[8192];

	memcpy(copy, text, size);
	copy[size] = '\0';
	return device_line_read(&line, copy, size, &situation, p);
}

static int64_t at(const char *text)
{
	int64_t at_s = 0;

	assert_true(instant_parse(text, &at_s));
	return at_s;
}

TEST(a_device_is_read_whatever_the_order_of_its_members)
{
	static const char *const texts[] = {
		"{\"id\":\"a\",\"facts\":{\"vbs\":\"running\",\"osVersion\":\"26100."
		"3775\","
		"\"site\":null},\"observed\":\"2025-05-31T12:00:00Z\"}",
		" { \"observed\" : \"2025-05-31T14:00:00+02:00\" , \"facts\" : { "
		"\"os.build\""
		":\"26100.3775\", \"vbs\": \"r\\u0075nning\" } , \"id\" : \"\\u0061\" } "
		"\r",
	};
	struct problem p = { 0 };

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (read_text(texts[i], strlen(texts[i]), &p) < 0)
			fail_msg("%s: %s", texts[i], p.text);
		assert_string_equal(line.id, "a");
		assert_string_equal(facts_known(&line.facts, FACT_VBS), "running");
		assert_string_equal(facts_known(&line.facts, FACT_OS_BUILD),
				    "26100.3775");
		assert_null(facts_get(&line.facts, "site"));
		assert_int_equal(line.facts.reported_s, at("2025-05-31T12:00:00Z"));
		assert_null(situation.history);
	}
}

TEST(a_malformed_line_is_refused_with_its_id_when_that_was_there)
{
	static const struct {
		const char *text, *id, *fault;
	} rows[] = {
		{ "nonsense", NULL, "an object is expected, at byte 1" },
		{ "[]", NULL, "an object is expected, at byte 1" },
		{ "{}", NULL, "the member \"id\" is missing" },
		{ "{\"id\":5,\"facts\":{}}", NULL,
		  "text in quotes is expected, at byte 7" },
		{ "{\"id\":\"\",\"facts\":{}}", NULL, "an id has 1 to 256 bytes" },
		{ "{\"id\":\"a\"}", "a", "the member \"facts\" is missing" },
		{ "{\"id\":\"a\",\"facts\":[]}", "a",
		  "an object is expected, at byte 19" },
		{ "{\"id\":\"a\",\"facts\":{}} {}", "a",
		  "something follows the JSON, at byte 23" },
		{ "{\"id\":\"a\",\"facts\":{},\"id\":\"b\"}", "a",
		  "the member \"id\" is there twice" },
		{ "{\"id\":\"a\",\"fact\":{}}", "a",
		  "a device has no member \"fact\"; it has id, facts, observed and "
		  "history; "
		  "did you mean \"facts\"?" },
		{ "{\"id\":\"a\",\"facts\":{\"vbs\":true}}", "a",
		  "the fact 'vbs' is no text; facts are texts, in quotes" },
		{ "{\"id\":\"a\",\"facts\":{\"vbs\":\"off\",\"VBS\":\"on\"}}", "a",
		  "the fact 'VBS' is there twice" },
		{ "{\"id\":\"a\",\"facts\":{\"vbs\":\"off\",\"vbs\":\"off\"}}", "a",
		  "the fact 'vbs' is there twice" },
		{ "{\"id\":\"a\",\"facts\":{},\"observed\":\"today\"}", "a",
		  "\"observed\" is no time such as 2025-05-21T06:00:00Z: \"today\"" },
		{ "{\"id\":\"a\",\"facts\":{},\"observed\":\"2025-06-02\"}", "a",
		  "\"observed\" is later than the moment of the decision: "
		  "\"2025-06-02\"" },
		{ "{\"id\":\"a\",\"facts\":{},\"history\":{}}", "a",
		  "an array is expected, at byte 32" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		int result = read_text(rows[i].text, strlen(rows[i].text), &p);
		bool same_id = (line.id == NULL) == (rows[i].id == NULL) &&
			       (line.id == NULL || strcmp(line.id, rows[i].id) == 0);
		if (result == 0 || strcmp(p.text, rows[i].fault) != 0 || !same_id)
			fail_msg("%s: %d \"%s\", id %s", rows[i].text, result, p.text,
				 line.id == NULL ? "(none)" : line.id);
	}
}

TEST(nothing_can_hide_behind_a_nul)
{
	static const char text[] = "{\"id\":\"a\",\"facts\":{}}\0{\"id\":\"b\"}";
	struct problem p = { 0 };

	assert_int_equal(read_text(text, sizeof text - 1, &p), -1);
	assert_string_equal(p.text, "a NUL is in it, at byte 22");
}

/* One device on the hotpatch of May 2025, and what has happened to it. */
static int read_history(const char *history, struct problem *p)
{
	char text[4096];
	int size = snprintf(
		text, sizeof text,
		"{\"id\":\"a\",\"facts\":{\"os.family\":\"client\",\"os.build\":"
		"\"26100.3981\",\"os.arch\":\"x64\",\"os.kbs\":\"KB5055523 KB5058497\"},"
		"\"history\":[%s]}",
		history);

	return read_text(text, (size_t)size, p);
}

static const struct mark *mark_of(const char *kb)
{
	for (size_t i = 0; i < line.history.mark_count; i++) {
		uint32_t number;
		assert_true(kb_parse(kb, &number));
		if (line.history.marks[i].key.kb == number)
			return &line.history.marks[i];
	}
	fail_msg("no mark for %s", kb);
	return NULL;
}

#define EVENT(time, event, more)                                                         \
	"{\"at\":\"2025-05-" time "T00:00:00Z\",\"event\":\"" event "\"" more "}"
#define HOTPATCH ",\"kb\":\"KB5058497\""

TEST(an_install_is_folded_into_its_flow_and_its_mark)
{
	static const struct {
		const char *events;
		enum flow_state state;
		uint32_t failures, unshown;
		bool not_applicable;
	} rows[] = {
		{ EVENT("14", "offered", HOTPATCH), FLOW_OFFERED, 0, 0, false },
		{ EVENT("14", "offered", HOTPATCH) "," EVENT("15", "installing",
							     HOTPATCH),
		  FLOW_INSTALLING, 0, 0, false },
		{ EVENT("14", "offered", HOTPATCH) "," EVENT(
			  "15", "failed", HOTPATCH) "," EVENT("16", "failed", HOTPATCH),
		  FLOW_FAILED, 2, 0, false },
		{ EVENT("14", "failed", HOTPATCH) "," EVENT(
			  "15", "expired", HOTPATCH) "," EVENT("16", "verified",
							       HOTPATCH),
		  FLOW_VERIFIED, 0, 0, false },
		{ EVENT("14", "failed", HOTPATCH) "," EVENT("15", "retry", HOTPATCH),
		  FLOW_FAILED, 0, 0, false },
		{ EVENT("14", "unverified", HOTPATCH) "," EVENT("15", "unverified",
								HOTPATCH),
		  FLOW_UNVERIFIED, 0, 2, false },
		{ EVENT("14", "not-applicable", HOTPATCH), FLOW_NOT_APPLICABLE, 0, 0,
		  true },
		/* what is later than the moment of the decision has not happened */
		{ EVENT("14", "offered", HOTPATCH) ",{\"at\":\"2025-06-02\",\"event\":"
						   "\"failed\"" HOTPATCH "}",
		  FLOW_OFFERED, 0, 0, false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		if (read_history(rows[i].events, &p) < 0)
			fail_msg("%s: %s", rows[i].events, p.text);
		const struct flow *flow = &line.history.flow;
		const struct mark *mark = mark_of("KB5058497");
		if (flow->state != rows[i].state || mark->failures != rows[i].failures ||
		    mark->unshown != rows[i].unshown ||
		    mark->not_applicable != rows[i].not_applicable)
			fail_msg("%s: %s, %u failures, %u unshown", rows[i].events,
				 flow_state_name(flow->state), mark->failures,
				 mark->unshown);
		assert_int_equal(mark->first_offered_s, at("2025-05-14"));
		assert_string_equal(flow->key.product, "windows-11-24h2");
		assert_int_equal(flow->key.build.revision, 3981);
		assert_ptr_equal(situation.history, &line.history);
	}
}

TEST(a_removal_blocks_the_quarter_until_then_and_leaves_the_baseline_alone)
{
	struct problem p = { 0 };

	assert_int_equal(
		read_history(
			EVENT("20", "uninstall-requested", HOTPATCH ",\"wait\":true") "," EVENT(
				"21", "removing",
				HOTPATCH) "," EVENT("21", "restart-pending",
						    HOTPATCH) "," EVENT("22", "removed",
									HOTPATCH),
			&p),
		0);
	assert_int_equal(line.history.request.kind, REQUEST_UNINSTALL);
	assert_int_equal(line.history.request.state, RECOVERY_REMOVED);
	assert_true(line.history.request.wait);
	assert_int_equal(line.history.flow.kind, FLOW_UNINSTALL);
	assert_int_equal(line.history.flow.state, FLOW_REMOVED);
	assert_int_equal(mark_of("KB5058497")->block, BLOCK_UNINSTALLED);
	/* KB5061258 of 16 May belongs to the same quarter */
	assert_int_equal(mark_of("KB5061258")->block, BLOCK_UNINSTALLED);
	assert_int_equal(line.history.mark_count, 2);
}

TEST(requests_blocks_and_pauses_are_kept_as_a_person_said_them)
{
	struct problem p = { 0 };

	assert_int_equal(read_history(EVENT("20", "rollback-requested", HOTPATCH), &p),
			 0);
	assert_int_equal(line.history.request.kind, REQUEST_ROLLBACK);
	assert_int_equal(line.history.request.removed_published_s,
			 at("2025-05-13T17:00:00Z"));
	assert_int_equal(read_history(EVENT("20", "rollback-requested",
					    HOTPATCH) "," EVENT("21", "stuck", ""),
				      &p),
			 0);
	assert_int_equal(line.history.request.state, RECOVERY_STUCK);
	assert_int_equal(read_history(EVENT("20", "blocked", HOTPATCH), &p), 0);
	assert_int_equal(mark_of("KB5058497")->block, BLOCK_OPERATOR);
	assert_int_equal(read_history(EVENT("20", "blocked", HOTPATCH) "," EVENT(
					      "21", "unblocked", HOTPATCH),
				      &p),
			 0);
	assert_int_equal(mark_of("KB5058497")->block, BLOCK_NONE);
	assert_int_equal(
		read_history(EVENT("20", "paused", ",\"until\":\"2025-06-05\""), &p), 0);
	assert_int_equal(line.history.paused_until_s, at("2025-06-05"));
	assert_int_equal(
		read_history(EVENT("20", "paused", ",\"until\":\"2025-06-05\"") "," EVENT(
				     "21", "resumed", ""),
			     &p),
		0);
	assert_int_equal(line.history.paused_until_s, 0);
}

TEST(sightings_say_since_when_each_kb_is_shown)
{
	struct problem p = { 0 };
	uint32_t kb = 5055523;

	assert_int_equal(
		read_history(EVENT("01", "seen", ",\"kbs\":\"KB5050009\"") "," EVENT(
				     "10", "seen", ",\"kbs\":\"KB5055523,KB5050009\""),
			     &p),
		0);
	assert_int_equal(history_shown_since(&line.history, kb), at("2025-05-10"));
	/* Gone from the facts of now, and not forgotten. */
	assert_int_equal(history_shown_since(&line.history, 5050009), at("2025-05-01"));
	assert_int_equal(history_shown_since(&line.history, 5058497), situation.now_s);
}

TEST(a_malformed_event_is_refused_by_its_number)
{
	static const struct {
		const char *events, *fault;
	} rows[] = {
		{ "{}", "history, event 1: the member \"at\" is missing" },
		{ "5", "history, event 1: an object is expected, at byte 124" },
		{ EVENT("14", "offerd", HOTPATCH),
		  "history, event 1: there is no event \"offerd\"; did you mean "
		  "\"offered\"?" },
		{ EVENT("14", "offered", ""),
		  "history, event 1: the event \"offered\" needs \"kb\"" },
		{ EVENT("14", "paused", ""),
		  "history, event 1: the event \"paused\" needs \"until\"" },
		{ EVENT("14", "offered", HOTPATCH ",\"why\":\"x\""),
		  "history, event 1: an event has no member \"why\"" },
		{ EVENT("14", "offered", HOTPATCH) "," EVENT("13", "failed", HOTPATCH),
		  "history, event 2: it is earlier than the event before it" },
		{ EVENT("14", "offered", ",\"kb\":\"5x\""),
		  "history, event 1: \"5x\" is no KB such as KB5058497" },
		{ EVENT("14", "offered", ",\"kb\":\"KB5999999\""),
		  "history, event 1: \"KB5999999\" names no release of windows-11-24h2; "
		  "say "
		  "\"build\" too" },
		{ EVENT("14", "offered", HOTPATCH ",\"build\":\"3981\""),
		  "history, event 1: \"3981\" is no build such as 26100.3775" },
		{ EVENT("14", "offered", HOTPATCH ",\"wait\":\"yes\""), NULL },
		{ EVENT("14", "offered", HOTPATCH) ",", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problem p = { 0 };
		int result = read_history(rows[i].events, &p);
		if (result == 0 ||
		    (rows[i].fault != NULL && strcmp(p.text, rows[i].fault) != 0))
			fail_msg("%s: %d \"%s\"", rows[i].events, result, p.text);
	}
}

TEST(a_release_the_catalog_lacks_can_be_named_in_full)
{
	struct problem p = { 0 };

	assert_int_equal(read_history(EVENT("14", "failed",
					    ",\"kb\":\"KB5999999\",\"build\":\"26100."
					    "9\",\"product\":\"other\""),
				      &p),
			 0);
	assert_string_equal(mark_of("KB5999999")->key.product, "other");
	assert_int_equal(mark_of("KB5999999")->failures, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_read_whatever_the_order_of_its_members),
		cmocka_unit_test(
			a_malformed_line_is_refused_with_its_id_when_that_was_there),
		cmocka_unit_test(nothing_can_hide_behind_a_nul),
		cmocka_unit_test(an_install_is_folded_into_its_flow_and_its_mark),
		cmocka_unit_test(
			a_removal_blocks_the_quarter_until_then_and_leaves_the_baseline_alone),
		cmocka_unit_test(
			requests_blocks_and_pauses_are_kept_as_a_person_said_them),
		cmocka_unit_test(sightings_say_since_when_each_kb_is_shown),
		cmocka_unit_test(a_malformed_event_is_refused_by_its_number),
		cmocka_unit_test(a_release_the_catalog_lacks_can_be_named_in_full),
	};
	return cmocka_run_group_tests_name("device_line", tests, set_up, tear_down);
}
