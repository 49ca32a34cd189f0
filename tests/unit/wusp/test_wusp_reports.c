/* What agents report, and what becomes of the flow: the sequences that real ones were
 * seen to send, and what must not move anything. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/passage.h"
#include "engine/utf8.h"
#include "protocol/wusp/library.h"
#include "tests/unit/wusp/wusp_case.h"

#define REPORT_PATH "/ReportingWebService/ReportingWebService.asmx"
#define OTHER_PATH  "/reportingwebservice/WEBSERVICE.asmx"
#define SPACE       "http://www.microsoft.com/SoftwareDistribution"
#define NOBODY      "00000000-0000-0000-0000-000000000000"

enum { BATCH = 1200000 };

static char batch[BATCH];
static size_t used;
static unsigned instance;
static char root[40]; /* the update that is to be installed or removed */

/* Its identity, out of the last page that showed it. */
static void note_root(void)
{
	struct view *view = site_view(yard.site);
	const struct update *update =
		library_by_revision(view->library, agent_task(&agent)->id);

	guid_format(&update->document.identity.id, root);
	view_give(view);
}

struct sent {
	int number;
	int64_t result;
	const char *update, *text, *misc;
	int ago_s; /* how long before the batch */
	unsigned instance;
	const char *sid;
};

static void add(const struct sent *event)
{
	char at[INSTANT_TEXT];

	instant_format(site_now(yard.site) - event->ago_s, at);
	used += (size_t)snprintf(
		batch + used, sizeof batch - used,
		"<ReportingEvent><BasicData><TargetID><Sid>%s</Sid></TargetID>"
		"<SequenceNumber>0</SequenceNumber><TimeAtTarget>%s</TimeAtTarget>"
		"<EventInstanceID>00000000-1111-4222-8333-%012u</EventInstanceID>"
		"<NamespaceID>1</NamespaceID><EventID>%d</EventID><SourceID>101</"
		"SourceID>"
		"<UpdateID><UpdateID>%s</UpdateID><RevisionNumber>1</RevisionNumber></"
		"UpdateID>"
		"<Win32HResult>%lld</Win32HResult><AppName>t</AppName></BasicData>"
		"<ExtendedData><ReplacementStrings><string>%s</string></"
		"ReplacementStrings>"
		"<MiscData><string>D=1</string>%s</MiscData>"
		"<ProcessorArchitecture>Amd64Compatible</ProcessorArchitecture>"
		"<OSLocaleID>1033</OSLocaleID></ExtendedData><PrivateData/></"
		"ReportingEvent>",
		event->sid != NULL ? event->sid : AGENT_ID, at,
		event->instance != 0 ? event->instance : ++instance, event->number,
		event->update != NULL ? event->update : root, (long long)event->result,
		event->text != NULL ? event->text : "",
		event->misc != NULL ? event->misc : "");
}

static int send_to(const char *path, const char *operation, const char *who)
{
	static char body[BATCH + 3000];
	char at[INSTANT_TEXT];

	snprintf(body, sizeof body,
		 "<s:Envelope "
		 "xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"
		 "<%s xmlns=\"" SPACE "\">%s<clientTime>%s</clientTime>"
		 "<eventBatch>%s</eventBatch></%s></s:Body></s:Envelope>",
		 operation, who, instant_format(site_now(yard.site), at), batch,
		 operation);
	batch[0] = '\0';
	used = 0;
	return agent_post(&agent, path, "Content-Type: text/xml; charset=utf-8\r\n",
			  body);
}

static void send_batch(void)
{
	if (send_to(REPORT_PATH, "ReportEventBatch", agent_cookie_element(&agent)) != 200)
		fail_msg("%d: %s", agent.status, agent.text);
	assert_string_equal(agent_said(&agent, "ReportEventBatchResult", 0), "true");
}

static void report(int number, int64_t result)
{
	const struct sent event = { .number = number, .result = result };

	add(&event);
	send_batch();
}

/* Logged in, scanned, and the task noted. */
static void begin(uint32_t kb)
{
	instance = 0;
	used = 0;
	batch[0] = '\0';
	assert_int_equal(first_scan(), kb);
	note_root();
}

/* The next scan of a machine that shows this build now. */
static void scan_as(const char *build)
{
	snprintf(agent.attributes, sizeof agent.attributes, ENTERPRISE "%s", build);
	assert_true(agent_scan(&agent));
}

static void until_installing(void)
{
	static const struct sent events[] = { { .number = 147, .update = NOBODY },
					      { .number = 156, .update = NOBODY },
					      { .number = 167 },
					      { .number = 162 },
					      { .number = 181 } };

	for (size_t i = 0; i < COUNT_OF(events); i++)
		add(&events[i]);
	send_batch();
	expect_state(FLOW_INSTALLING);
}

TEST(an_install_that_wants_a_restart_is_verified_by_the_scan_after_it)
{
	begin(5058411);
	until_installing();
	report(201, 0x00240005);
	expect_state(FLOW_RESTART_PENDING);
	scan_as(MAY);
	expect_state(FLOW_VERIFIED);
}

TEST(an_install_without_restart_is_believed_when_it_shows)
{
	begin(5058411);
	until_installing();
	report(183, 0);
	expect_state(FLOW_INSTALLED);
	scan_as(APRIL);
	expect_state(FLOW_INSTALLED);
	scan_as(MAY);
	expect_state(FLOW_VERIFIED);
}

TEST(a_download_that_failed_and_the_install_after_it_are_one_failure)
{
	static const struct sent events[] = {
		{ .number = 167 },
		{ .number = 161, .result = -2145099774, .text = "0x80246002" },
		{ .number = 181 },
		{ .number = 182, .result = -2145099774 },
	};

	begin(5058411);
	for (size_t i = 0; i < COUNT_OF(events); i++)
		add(&events[i]);
	send_batch();
	assert_true(yard_device(&yard, AGENT_ID, &record));
	assert_true(record.history.flow.state == FLOW_FAILED ||
		    record.history.flow.state == FLOW_OFFERED);
	assert_int_equal(record.history.flow.code, 0x80246002);
}

TEST(a_failed_install_keeps_its_code)
{
	begin(5058411);
	until_installing();
	report(182, -2146498304); /* 0x800F0900 */
	assert_true(yard_device(&yard, AGENT_ID, &record));
	assert_int_equal(record.history.flow.state, FLOW_FAILED);
	assert_int_equal(record.history.flow.code, (uint32_t)-2146498304);
}

TEST(what_the_system_takes_back_is_a_failure)
{
	begin(5058411);
	until_installing();
	report(201, 0x00240005);
	report(542, 0);
	expect_state(FLOW_FAILED);
}

TEST(an_event_that_comes_again_is_no_news)
{
	const struct sent failed = { .number = 182, .result = -1, .instance = 77 };
	int64_t events;

	begin(5058411);
	until_installing();
	add(&failed);
	send_batch();
	expect_state(FLOW_FAILED);
	events = events_written(AGENT_ID);
	add(&failed);
	add(&failed);
	send_batch();
	assert_int_equal(events_written(AGENT_ID), events);
}

TEST(events_are_taken_in_the_order_in_which_they_happened)
{
	static const struct sent events[] = {
		{ .number = 201, .result = 0x00240005, .ago_s = 1 },
		{ .number = 181, .ago_s = 60 },
		{ .number = 162, .ago_s = 120 },
		{ .number = 167, .ago_s = 300 }
	};

	begin(5058411);
	assert_true(yard_advance(&yard, 600));
	for (size_t i = 0; i < COUNT_OF(events); i++)
		add(&events[i]);
	send_batch();
	expect_state(FLOW_RESTART_PENDING);
}

TEST(what_happened_before_the_offer_does_not_count_against_it)
{
	const struct sent old = { .number = 182, .result = -1, .ago_s = 7200 };

	begin(5058411);
	add(&old);
	send_batch();
	expect_state(FLOW_OFFERED);
}

TEST(another_updates_event_moves_nothing_and_is_kept)
{
	const struct sent other = { .number = 182,
				    .result = -1,
				    .update = "99999999-aaaa-bbbb-cccc-dddddddddddd" };
	int64_t events;

	begin(5058411);
	events = events_written(AGENT_ID);
	add(&other);
	send_batch();
	expect_state(FLOW_OFFERED);
	assert_int_equal(events_written(AGENT_ID), events + 1);
}

TEST(another_computers_event_is_not_listened_to)
{
	const struct sent foreign = { .number = 182,
				      .result = -1,
				      .sid = "11111111-2222-3333-4444-555555555555" };
	int64_t events;

	begin(5058411);
	events = events_written(AGENT_ID);
	add(&foreign);
	send_batch();
	expect_state(FLOW_OFFERED);
	assert_int_equal(events_written(AGENT_ID), events);
}

TEST(a_status_says_whether_a_restart_is_pending)
{
	char misc[100];
	struct sent status = { .number = 156, .update = NOBODY, .misc = misc };

	begin(5058411);
	snprintf(misc, sizeof misc, "<string>U=%s</string>", root);
	add(&status);
	send_batch();
	expect_fact("restart.pending", NULL);
	snprintf(misc, sizeof misc, "<string>W=%s</string>", root);
	add(&status);
	send_batch();
	expect_fact("restart.pending", "yes");
	snprintf(misc, sizeof misc, "<string>V=%s</string>", root);
	add(&status);
	send_batch();
	expect_fact("restart.pending", "no");
}

TEST(a_status_counts_what_is_needed_and_what_is_installed_and_only_the_last_counts)
{
	const struct sent before = { .number = 156,
				     .update = NOBODY,
				     .ago_s = 60,
				     .misc = "<string>U=A;B;C</string>" };
	const struct sent after = {
		.number = 156,
		.update = NOBODY,
		.misc = "<string>U=A;B</string><string>V=C;D;E;F;</string>"
	};
	const struct sent none = { .number = 156, .update = NOBODY };

	begin(5058411);
	add(&after);
	add(&before);
	int64_t events = events_written(AGENT_ID);
	send_batch();
	expect_fact("wua.needed", "2");
	expect_fact("wua.installed", "4");
	/* One change of facts, whatever a batch says of them. */
	assert_int_equal(events_written(AGENT_ID), events + 1);
	add(&none);
	send_batch();
	expect_fact("wua.needed", "0");
	expect_fact("wua.installed", "0");
}

struct chain {
	int64_t flow;
	enum flow_state at;
	bool is_broken;
};

static int follow(void *owner, const struct event *event)
{
	struct chain *chain = owner;

	if (event->kind != EVENT_FLOW)
		return 0;
	if (event->flow != chain->flow)
		chain->at = FLOW_NONE; /* the next one */
	chain->is_broken = chain->is_broken || event->from != chain->at;
	chain->flow = event->flow;
	chain->at = event->to;
	return 0;
}

/* The log tells of every step of each flow, and the last of them is where it stands. */
static void expect_whole_log(void)
{
	struct chain chain = { .flow = 0 };

	assert_true(yard_events(&yard, AGENT_ID, follow, &chain));
	assert_false(chain.is_broken);
	assert_true(yard_device(&yard, AGENT_ID, &record));
	assert_int_equal(chain.flow, record.history.flow.id);
	assert_int_equal(chain.at, record.history.flow.state);
}

/* A flow's steps are kept however much else a batch says, before, between and after. */
TEST(however_much_a_batch_says_the_steps_of_a_flow_are_all_kept)
{
	static const int steps[] = { 167, 162, 181, 201 };
	const struct sent noise = {
		.number = 182,
		.result = -1,
		.update = "99999999-aaaa-bbbb-cccc-dddddddddddd",
		.text = "Windows \xc3\xa4\xc3\xb6\xc3\xbc",
	};

	begin(5058411);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		const struct sent step = { .number = steps[i],
					   .result = steps[i] == 201 ? 0x00240005 : 0 };
		/* One that the flow cannot take any more, of those that come late. */
		const struct sent late = { .number = 167 };
		for (int k = 0; k < 100; k++)
			add(&noise);
		add(&step);
		for (int k = 0; i > 0 && k < 100; k++)
			add(&late);
	}
	send_batch();
	expect_state(FLOW_RESTART_PENDING);
	expect_whole_log();
	scan_as(MAY);
	expect_state(FLOW_VERIFIED);
	expect_whole_log();
}

static int ask_removal(struct change *change, struct problem *p)
{
	const struct removal removal = { .kind = REQUEST_UNINSTALL, .kb = 5058497 };

	return passage_request(change->record, change->decision, &removal, change->now_s,
			       change->outcome, p);
}

/* A hotpatch is to be removed, and the agent was shown so. */
static void begin_removal(void)
{
	static const char *const lab[] = { "site=lab",
					   "vbs=running",
					   "chpe=off",
					   "os.kbs=KB5055523;KB5058497",
					   "hotpatch.enrolled=yes",
					   NULL };

	instance = 0;
	used = 0;
	batch[0] = '\0';
	assert_true(agent_login(&agent));
	assert_true(assert_facts(AGENT_ID, lab));
	scan_as(MAY_H);
	assert_true(yard_change(&yard, AGENT_ID, ask_removal));
	assert_true(agent_scan(&agent));
	note_root();
}

static int note_removal(void *owner, const struct event *event)
{
	if (event->kind == EVENT_FLOW && event->flow_kind == FLOW_UNINSTALL)
		*(struct event *)owner = *event;
	return 0;
}

static const struct {
	int number;
	int64_t result;
	enum flow_state then, shown;
} removals[] = {
	{ 224, 0x00240005, FLOW_RESTART_PENDING, FLOW_REMOVED },
	{ 201, 0x00240005, FLOW_RESTART_PENDING, FLOW_REMOVED },
	/* Only what it shows is believed. */
	{ 222, 0, FLOW_RESTART_PENDING, FLOW_REMOVED },
	{ 221, -2146498304, FLOW_FAILED, FLOW_FAILED },
	{ 223, 0, FLOW_FAILED, FLOW_FAILED },
	{ 225, -1, FLOW_FAILED, FLOW_FAILED },
	{ 204, -1, FLOW_FAILED, FLOW_FAILED },
};

static void remove_as(size_t row)
{
	struct event last = { .to = FLOW_NONE };

	begin_removal();
	expect_state(FLOW_OFFERED);
	report(226, 0);
	expect_state(FLOW_REMOVING);
	report(removals[row].number, removals[row].result);
	assert_true(yard_events(&yard, AGENT_ID, note_removal, &last));
	if (last.to != removals[row].then)
		fail_msg("after %d: %s", removals[row].number, flow_state_name(last.to));
	if (last.to == FLOW_FAILED)
		assert_int_equal(last.code, (uint32_t)removals[row].result);
	scan_as(APRIL);
	assert_true(yard_events(&yard, AGENT_ID, note_removal, &last));
	if (last.to != removals[row].shown)
		fail_msg("after %d and a scan: %s", removals[row].number,
			 flow_state_name(last.to));
}

TEST(a_removal_goes_as_its_events_say_and_ends_as_the_device_shows)
{
	for (size_t i = 0; i < COUNT_OF(removals); i++) {
		if (i > 0) {
			wusp_case_teardown(state);
			assert_int_equal(wusp_case_setup(state), 0);
		}
		remove_as(i);
	}
}

static int note_text(void *owner, const struct event *event)
{
	if (event->kind == EVENT_IGNORED)
		snprintf(owner, sizeof event->note, "%s", event->note);
	return 0;
}

TEST(what_an_agent_says_is_cut_between_characters)
{
	char text[600] = "", note[256] = "";
	struct sent other = { .number = 182,
			      .result = -1,
			      .update = "99999999-aaaa-bbbb-cccc-dddddddddddd",
			      .text = text };

	begin(5058411);
	for (int shift = 0; shift < 3; shift++) {
		memset(text, 'x', (size_t)shift);
		text[shift] = '\0';
		for (int i = 0; i < 150; i++)
			strcat(text, "\xe2\x82\xac");
		add(&other);
		send_batch();
		assert_true(yard_events(&yard, AGENT_ID, note_text, note));
		assert_non_null(strstr(note, "\xe2\x82\xac"));
		for (const char *at = note; *at != '\0'; at += utf8_printable(at)) {
			if (utf8_printable(at) == 0)
				fail_msg("%d: malformed at %d: %s", shift,
					 (int)(at - note), note);
		}
	}
}

TEST(a_batch_without_a_cookie_is_taken_from_a_computer_that_is_known)
{
	const struct sent event = { .number = 167 };

	begin(5058411);
	add(&event);
	assert_int_equal(send_to(OTHER_PATH, "ReportEventBatch2",
				 "<computerId>" AGENT_ID "</computerId>"),
			 200);
	assert_string_equal(agent_said(&agent, "ReportEventBatch2Result", 0), "true");
	expect_state(FLOW_DOWNLOADING);
	add(&event);
	assert_int_equal(send_to(OTHER_PATH, "ReportEventBatch2",
				 "<computerId>11111111-2222-3333-4444-555555555555"
				 "</computerId>"),
			 500);
	assert_true(agent_failed(&agent, "InvalidParameters", "computerId"));
}

TEST(a_batch_that_is_too_long_or_malformed_is_refused_and_moves_nothing)
{
	const struct sent event = { .number = 167 };

	begin(5058411);
	for (int i = 0; i < 501; i++) {
		add(&event);
		add(&event);
	}
	assert_int_equal(
		send_to(REPORT_PATH, "ReportEventBatch", agent_cookie_element(&agent)),
		500);
	assert_true(agent_failed(&agent, "InvalidParameters", "eventBatch"));
	snprintf(batch, sizeof batch,
		 "<ReportingEvent><BasicData><EventID>many</EventID>"
		 "</BasicData></ReportingEvent>");
	assert_int_equal(
		send_to(REPORT_PATH, "ReportEventBatch", agent_cookie_element(&agent)),
		500);
	assert_true(agent_failed(&agent, "InvalidParameters", NULL));
	expect_state(FLOW_OFFERED);
}

TEST(markup_in_what_an_agent_says_stays_text)
{
	const struct sent event = { .number = 182,
				    .result = -1,
				    .text = "&lt;script&gt;&#x1;alert(1)" };

	begin(5058411);
	until_installing();
	/* A control character is no XML: the whole is refused. */
	add(&event);
	assert_int_equal(
		send_to(REPORT_PATH, "ReportEventBatch", agent_cookie_element(&agent)),
		500);
	expect_state(FLOW_INSTALLING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WUSP_CASE(
			an_install_that_wants_a_restart_is_verified_by_the_scan_after_it),
		WUSP_CASE(an_install_without_restart_is_believed_when_it_shows),
		WUSP_CASE(
			a_download_that_failed_and_the_install_after_it_are_one_failure),
		WUSP_CASE(a_failed_install_keeps_its_code),
		WUSP_CASE(what_the_system_takes_back_is_a_failure),
		WUSP_CASE(an_event_that_comes_again_is_no_news),
		WUSP_CASE(events_are_taken_in_the_order_in_which_they_happened),
		WUSP_CASE(what_happened_before_the_offer_does_not_count_against_it),
		WUSP_CASE(another_updates_event_moves_nothing_and_is_kept),
		WUSP_CASE(another_computers_event_is_not_listened_to),
		WUSP_CASE(a_status_says_whether_a_restart_is_pending),
		WUSP_CASE(
			a_status_counts_what_is_needed_and_what_is_installed_and_only_the_last_counts),
		WUSP_CASE(however_much_a_batch_says_the_steps_of_a_flow_are_all_kept),
		WUSP_CASE(a_removal_goes_as_its_events_say_and_ends_as_the_device_shows),
		WUSP_CASE(what_an_agent_says_is_cut_between_characters),
		WUSP_CASE(
			a_batch_without_a_cookie_is_taken_from_a_computer_that_is_known),
		WUSP_CASE(
			a_batch_that_is_too_long_or_malformed_is_refused_and_moves_nothing),
		WUSP_CASE(markup_in_what_an_agent_says_stays_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
