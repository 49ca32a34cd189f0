/* Views, changes and edits against the real store, with a loop to come back to. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/passage.h"
#include "engine/plan.h"
#include "engine/rollout.h"
#include "protocol/http/loop.h"
#include "protocol/server/edit.h"
#include "protocol/server/site_private.h"
#include "protocol/server/unit.h"
#include "tests/lib/case.h"
#include "tests/unit/server/lab.h"

static struct lab lab;

/* A loop without listeners: changes come back to it.  The test waits for each. */
static struct loop *loop;
static uv_sem_t answered;

static int on_started(struct loop *one, void *owner, struct problem *p)
{
	return desk_open(one, owner, p);
}

static void on_stopped(struct loop *one, void *owner)
{
	(void)owner;
	desk_close(one);
}

static void start_loop(void)
{
	const struct loop_settings settings = {
		.owner = lab.site,
		.started = on_started,
		.stopped = on_stopped,
	};
	struct problem p = { 0 };

	loop = loop_start(&settings, &p);
	if (loop == NULL)
		fail_msg("%s", p.text);
}

static void stop_loop(void)
{
	loop_stop(loop);
	loop_join(loop);
}

static int set_up(void **state)
{
	(void)state;
	uv_sem_init(&answered, 0);
	lab_open_site(&lab, "2025-05-20T00:00:00Z");
	start_loop();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stop_loop();
	lab_close(&lab);
	uv_sem_destroy(&answered);
	return 0;
}

/* Edits that put or retire one document. */
struct put_edit {
	struct edit edit;
	const char *kind, *name, *text; /* text NULL: retire */
	struct problem problem;
	bool failed;
	size_t errors;
	char first[300]; /* the first finding */
};

static int put(struct edit *edit, struct session *session, struct problem *p)
{
	struct put_edit *it = (struct put_edit *)edit;
	struct document document = { .at_s = edit->now_s };

	snprintf(document.kind, sizeof document.kind, "%s", it->kind);
	snprintf(document.name, sizeof document.name, "%s", it->name);
	snprintf(document.by, sizeof document.by, "%s", "test");
	if (it->text == NULL)
		return edit_ops(edit)->document_retire(session, &document, p);
	document.text = it->text;
	document.size = strlen(it->text);
	return edit_ops(edit)->document_put(session, &document, p);
}

static void keep_answer(struct edit *edit, const struct problem *problem)
{
	struct put_edit *it = (struct put_edit *)edit;

	it->failed = problem != NULL;
	if (problem != NULL)
		it->problem = *problem;
	it->errors = edit->check.findings.errors;
	if (edit->check.findings.count > 0)
		finding_format(&edit->check.findings.list[0], it->first,
			       sizeof it->first);
	edit_fini(edit);
	uv_sem_post(&answered);
}

static struct put_edit put_document(const char *kind, const char *name, const char *text,
				    bool dry_run)
{
	struct put_edit it = { .kind = kind, .name = name, .text = text };

	it.edit.site = lab.site;
	it.edit.loop = loop;
	it.edit.changes_view = true;
	it.edit.dry_run = dry_run;
	it.edit.apply = put;
	it.edit.answer = keep_answer;
	site_edit(&it.edit);
	uv_sem_wait(&answered);
	return it;
}

static void load(void)
{
	assert_false(put_document("catalog", "a.xml", lab_catalog, false).failed);
	assert_false(put_document("plan", "p.xml", lab_plan, false).failed);
}

TEST(an_empty_site_has_a_view_that_offers_nothing)
{
	struct view *view = site_view(lab.site);
	static struct device_record record;
	struct decision decision;

	assert_int_equal(view->snapshot->catalog->product_count, 0);
	assert_int_equal(view->snapshot->plan->ring_count, 0);
	assert_int_equal(view->payload_count, 0);
	device_record_init(&record, "a", site_now(lab.site));
	site_decide(lab.site, view, &record, site_now(lab.site), &decision);
	assert_int_equal(decision.standing, STANDING_NOT_READY);
	assert_int_equal(decision.action, ACTION_NONE);
	view_give(view);
}

TEST(a_new_document_makes_a_new_view_and_leaves_the_old_one_to_its_readers)
{
	struct view *before = site_view(lab.site);

	load();
	struct view *after = site_view(lab.site);
	assert_ptr_not_equal(before, after);
	assert_true(after->snapshot->generation > before->snapshot->generation);
	assert_int_equal(before->snapshot->catalog->title_count, 0);
	assert_int_equal(after->snapshot->catalog->title_count, 3);
	assert_int_equal(after->snapshot->plan->ring_count, 2);
	view_give(before);
	view_give(after);
}

TEST(what_did_not_change_is_shared_with_the_view_before)
{
	load();
	struct view *before = site_view(lab.site);
	assert_false(put_document("plan", "p.xml", lab_plan, false).failed);
	struct view *after = site_view(lab.site);
	assert_ptr_equal(before->snapshot->catalog, after->snapshot->catalog);
	assert_ptr_not_equal(before->snapshot->plan, after->snapshot->plan);
	view_give(before);
	before = after;
	assert_false(put_document("catalog", "a.xml", lab_catalog, false).failed);
	after = site_view(lab.site);
	assert_ptr_not_equal(before->snapshot->catalog, after->snapshot->catalog);
	assert_ptr_equal(before->snapshot->plan, after->snapshot->plan);
	view_give(before);
	view_give(after);
}

TEST(a_document_with_an_error_changes_nothing_and_names_its_line)
{
	static const struct {
		const char *kind, *name, *text, *first;
	} rows[] = {
		{ "plan", "bad.xml",
		  "<plan xmlns=\"urn:patchyard:plan:1\">\n<rong/></plan>",
		  "bad.xml:2: error:" },
		{ "catalog", "more.xml", "<catalog>\n", "more.xml:" },
		{ "catalog", "more.xml",
		  "<catalog xmlns=\"urn:patchyard:catalog:1\">\n"
		  "<product id=\"w24\" name=\"x\" family=\"server\" "
		  "base=\"20348\"/></catalog>",
		  "more.xml:2: error: product 'w24' is there already" },
	};

	load();
	struct view *before = site_view(lab.site);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct put_edit it =
			put_document(rows[i].kind, rows[i].name, rows[i].text, false);
		if (!it.failed || it.errors == 0 ||
		    it.problem.kind != PROBLEM_BAD_INPUT ||
		    strncmp(it.first, rows[i].first, strlen(rows[i].first)) != 0)
			fail_msg("%s: %d '%s' '%s'", rows[i].first, it.failed, it.first,
				 it.problem.text);
		struct view *after = site_view(lab.site);
		assert_ptr_equal(before, after);
		view_give(after);
	}
	view_give(before);
	/* Nor after a restart. */
	stop_loop();
	lab_reopen(&lab);
	start_loop();
	struct view *again = site_view(lab.site);
	assert_int_equal(again->snapshot->catalog->title_count, 3);
	assert_int_equal(again->snapshot->plan->ring_count, 2);
	view_give(again);
}

TEST(a_dry_run_checks_and_keeps_nothing)
{
	assert_false(put_document("catalog", "a.xml", lab_catalog, true).failed);
	struct view *view = site_view(lab.site);
	assert_int_equal(view->snapshot->catalog->title_count, 0);
	view_give(view);
	assert_true(put_document("catalog", "a.xml", "<catalog/>", true).failed);
}

TEST(a_retired_file_leaves_the_view)
{
	load();
	assert_false(put_document("catalog", "a.xml", NULL, false).failed);
	struct view *view = site_view(lab.site);
	assert_int_equal(view->snapshot->catalog->title_count, 0);
	view_give(view);
}

static int put_payload(void *owner, struct session *session, struct problem *p)
{
	return lab.backend->ops->payload_put(session, owner, p);
}

/* As if it had been there at the start. */
static void add_payload(uint32_t kb, uint32_t revision, enum arch arch)
{
	struct payload payload = { .arch = arch, .size_bytes = 1 };
	struct problem p = { 0 };

	snprintf(payload.key.product, sizeof payload.key.product, "%s", "w24");
	payload.key.kb = kb;
	payload.key.build = (struct build){ 26100, revision };
	snprintf(payload.name, sizeof payload.name, "%u-%d", kb, arch);
	memset(payload.sha256, 'a', 64);
	memset(payload.sha1, 'a', 40);
	memset(payload.md5, 'a', 32);
	if (unit_run(lab.backend, put_payload, &payload, &p) < 0)
		fail_msg("%s", p.text);
}

TEST(only_payloads_at_hand_are_present)
{
	load();
	struct view *view = site_view(lab.site);
	const struct line *line =
		product_line(&view->snapshot->catalog->products[0], ARCH_X64);
	for (size_t i = 0; i < line->count; i++) {
		assert_null(view_payload(view, line, &line->releases[i]));
		assert_false(rollouts_has_payload(view->snapshot->rollouts,
						  line->releases[i].title, ARCH_X64));
	}
	view_give(view);

	add_payload(5058411, 4061, ARCH_X64);
	add_payload(5055523, 3775, ARCH_ARM64);
	add_payload(5055523, 3775, ARCH_X64);
	assert_false(put_document("plan", "p.xml", lab_plan, false).failed);
	view = site_view(lab.site);
	line = product_line(&view->snapshot->catalog->products[0], ARCH_X64);
	assert_int_equal(view->payload_count, 3);
	const struct payload *payload = view_payload(view, line, &line->releases[0]);
	assert_non_null(payload);
	assert_string_equal(payload->name, "5055523-1");
	assert_null(view_payload(view, line, &line->releases[1])); /* the hotpatch */
	payload = view_payload(view, line, &line->releases[2]);
	assert_non_null(payload);
	assert_string_equal(payload->name, "5058411-1");
	line = product_line(&view->snapshot->catalog->products[0], ARCH_ARM64);
	assert_string_equal(view_payload(view, line, &line->releases[0])->name,
			    "5055523-2");
	assert_false(rollouts_has_payload(view->snapshot->rollouts,
					  line->releases[2].title, ARCH_ARM64));
	view_give(view);
}

/* Changes of one device. */
struct try_change {
	struct change change;
	bool fail;
	struct problem problem;
	bool failed;
	int64_t key_before, flow;
	enum action action;
};

static void set_fact(struct change *change, const char *name, const char *value)
{
	struct problem p;
	bool changed;
	int rc = facts_set(&change->record->facts, name, value, change->now_s,
			   FACT_REPORTED, &changed, &p);
	change->outcome->facts_changed |= rc == 0 && changed;
}

static int report_facts(struct change *change, struct problem *p)
{
	struct try_change *it = (struct try_change *)change;

	it->key_before = change->record->key;
	set_fact(change, "os.family", "client");
	set_fact(change, "os.arch", "x64");
	set_fact(change, "os.build", "26100.3775");
	set_fact(change, "os.kbs", "KB5055523");
	outcome_add(change->outcome, EVENT_FACTS, change->now_s);
	if (it->fail)
		return problem_set(p, PROBLEM_CONFLICT, "on purpose");
	int rc = change_settle(change, p);
	it->action = change->decision->action;
	it->flow = change->record->history.flow.id;
	return rc;
}

static void keep_change(struct change *change, const struct problem *problem)
{
	struct try_change *it = (struct try_change *)change;

	it->failed = problem != NULL;
	if (problem != NULL)
		it->problem = *problem;
	uv_sem_post(&answered);
}

static struct try_change change_device(const char *id, bool fail)
{
	struct try_change it = { .fail = fail };

	it.change.site = lab.site;
	it.change.loop = loop;
	snprintf(it.change.device, sizeof it.change.device, "%s", id);
	it.change.apply = report_facts;
	it.change.answer = keep_change;
	site_change(&it.change);
	uv_sem_wait(&answered);
	return it;
}

static int read_device(const char *id, struct device_record *record)
{
	struct problem p = { 0 };
	struct session *session = lab.backend->ops->open(lab.backend, &p);
	assert_non_null(session);
	int rc = lab.backend->ops->device_read(session, id, record, &p);
	lab.backend->ops->close(session);
	return rc;
}

TEST(a_change_makes_the_device_and_begins_its_flow_in_one_step)
{
	static struct device_record record;

	load();
	add_payload(5058411, 4061, ARCH_X64);
	assert_false(put_document("plan", "p.xml", lab_plan, false).failed);
	struct try_change it = change_device("pc-1", false);
	assert_false(it.failed);
	assert_int_equal(it.key_before, 0);
	assert_int_equal(it.action, ACTION_INSTALL);
	assert_true(it.flow > 0);
	assert_int_equal(read_device("pc-1", &record), 1);
	assert_int_equal(record.history.flow.id, it.flow);
	assert_int_equal(record.history.flow.state, FLOW_OFFERED);
	assert_int_equal(record.history.flow.key.kb, 5058411);
	assert_string_equal(record.history.flow.ring, "all");

	/* Once more: it is settled, and no second flow begins. */
	it = change_device("pc-1", false);
	assert_true(it.key_before > 0);
	assert_int_equal(it.flow, record.history.flow.id);
}

TEST(a_change_that_fails_leaves_no_trace)
{
	static struct device_record record;

	struct try_change it = change_device("pc-1", true);
	assert_true(it.failed);
	assert_int_equal(it.problem.kind, PROBLEM_CONFLICT);
	assert_string_equal(it.problem.text, "on purpose");
	assert_int_equal(read_device("pc-1", &record), 0);
}

static void note_seen(struct loop_task *task)
{
	(void)task;
	struct desk *desk = site_desk(loop);
	desk_seen(desk, "pc-1");
	desk_seen(desk, "nobody");
	desk_seen(desk, "pc-1");
	desk_tick(loop); /* the flush interval of the lab is one tick */
	uv_sem_post(&answered);
}

static int do_nothing(void *owner, struct session *session, struct problem *p)
{
	(void)owner;
	(void)session;
	(void)p;
	return 0;
}

TEST(last_seen_times_are_written_in_a_batch)
{
	static struct device_record record;
	struct loop_task task = { .run = note_seen };
	struct problem p;

	assert_false(change_device("pc-1", false).failed);
	clock_move(&lab.site->clock, site_now(lab.site) + 3600);
	loop_post(loop, &task);
	uv_sem_wait(&answered);
	/* Units are done in order: when this one is, so is the batch. */
	assert_int_equal(unit_run(lab.backend, do_nothing, NULL, &p), 0);
	assert_int_equal(read_device("pc-1", &record), 1);
	assert_int_equal(record.last_seen_s, site_now(lab.site));
	assert_int_equal(read_device("nobody", &record), 0);
}

TEST(links_begin_as_configured_or_as_the_device_called_us)
{
	char room[300];

	assert_string_equal(site_base_url(lab.site, "yard:8443", room, sizeof room),
			    "https://yard:8443");
	stop_loop();
	snprintf(lab.settings.base_url, sizeof lab.settings.base_url, "%s",
		 "https://updates.lab/");
	lab_reopen(&lab);
	start_loop();
	assert_string_equal(site_base_url(lab.site, "yard:8443", room, sizeof room),
			    "https://updates.lab");
}

TEST(only_the_enrolment_token_is_the_enrolment_token)
{
	assert_true(site_enrolment_token_is(lab.site, lab.state.enrolment_token));
	assert_false(site_enrolment_token_is(lab.site, ""));
	assert_false(site_enrolment_token_is(lab.site, "guess"));
}

int main(void)
{
#define SITE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		SITE_TEST(an_empty_site_has_a_view_that_offers_nothing),
		SITE_TEST(
			a_new_document_makes_a_new_view_and_leaves_the_old_one_to_its_readers),
		SITE_TEST(what_did_not_change_is_shared_with_the_view_before),
		SITE_TEST(a_document_with_an_error_changes_nothing_and_names_its_line),
		SITE_TEST(a_dry_run_checks_and_keeps_nothing),
		SITE_TEST(a_retired_file_leaves_the_view),
		SITE_TEST(only_payloads_at_hand_are_present),
		SITE_TEST(a_change_makes_the_device_and_begins_its_flow_in_one_step),
		SITE_TEST(a_change_that_fails_leaves_no_trace),
		SITE_TEST(last_seen_times_are_written_in_a_batch),
		SITE_TEST(links_begin_as_configured_or_as_the_device_called_us),
		SITE_TEST(only_the_enrolment_token_is_the_enrolment_token),
	};
	return cmocka_run_group_tests_name("site", tests, NULL, NULL);
}
