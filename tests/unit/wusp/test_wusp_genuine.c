/* Genuine update metadata: which release they stand for, what of a set is here already,
 * and what agents then report of their parts. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/findings.h"
#include "engine/problem.h"
#include "protocol/server/unit.h"
#include "protocol/wusp/identity.h"
#include "protocol/wusp/import.h"
#include "protocol/wusp/library.h"
#include "tests/unit/wusp/wusp_case.h"

#define ROOT        "6e000000-1111-4222-8333-00000000000b"
#define MEMBER      "6e000000-1111-4222-8333-00000000000a"
#define REPORT_PATH "/ReportingWebService/ReportingWebService.asmx"

static const char plan[] = "<plan xmlns=\"urn:patchyard:plan:1\"><policy name=\"p\""
			   " hotpatch=\"block\"><match>any</match></policy>"
			   "<ring name=\"all\"><match>any</match></ring></plan>";

enum { DOCUMENTS = 64 };

/* The updates that the server made, as texts. */
static struct {
	size_t count;
	char *texts[DOCUMENTS];
	struct update_revision revisions[DOCUMENTS];
} made;

static int each_made(void *owner, const struct update_revision *update)
{
	(void)owner;
	assert_true(made.count < DOCUMENTS);
	made.texts[made.count] = strndup(update->document, update->size);
	made.revisions[made.count] = *update;
	made.count++;
	return 0;
}

static void read_made(void)
{
	struct problem p = { 0 };
	const struct backend_ops *ops = yard.backend->ops;
	struct session *session = ops->open(yard.backend, &p);

	assert_non_null(session);
	assert_int_equal(ops->updates(session, each_made, NULL, &p), 0);
	ops->close(session);
}

static void forget_made(void)
{
	while (made.count > 0)
		free(made.texts[--made.count]);
}

/* All of one word into another of the same length. */
static void replace(char *text, const char *from, const char *to)
{
	assert_int_equal(strlen(from), strlen(to));
	for (char *at; (at = strstr(text, from)) != NULL;)
		memcpy(at, to, strlen(to));
}

/* The two documents of a release as if somebody else had made them. */
static void make_genuine(uint32_t kb, char **root, char **member)
{
	struct guid guid;
	char root_id[GUID_TEXT], member_id[GUID_TEXT];
	struct view *view = site_view(yard.site);

	*root = *member = NULL;
	for (size_t i = 0; i < made.count; i++) {
		const struct update *update =
			library_by_revision(view->library, made.revisions[i].revision_id);
		if (update == NULL || update->key.kb != kb)
			continue;
		guid = update->document.identity.id;
		if (update->is_member) {
			guid_format(&guid, member_id);
			*member = strdup(made.texts[i]);
		} else {
			guid_format(&guid, root_id);
			*root = strdup(made.texts[i]);
		}
	}
	view_give(view);
	assert_non_null(*root);
	assert_non_null(*member);
	replace(*root, root_id, ROOT);
	replace(*root, member_id, MEMBER);
	replace(*member, root_id, ROOT);
	replace(*member, member_id, MEMBER);
}

static void read_one(struct import_one *one, const char *name, const char *text)
{
	struct findings findings;

	findings_init(&findings);
	*one = (struct import_one){ .name = name, .text = text };
	if (update_document_read(name, text, strlen(text), &one->document, &findings) < 0)
		fail_msg("%s: %s", name, findings.list[0].text);
	findings_fini(&findings);
}

TEST(a_root_stands_for_the_release_that_it_names_or_is_told)
{
	static const struct {
		const char *product;
		uint32_t kb;
		enum arch arch;
		uint32_t stands; /* 0: it is refused */
		const char *words;
	} rows[] = {
		{ "", 0, ARCH_NONE, 5058411, NULL },
		{ "windows-11-24h2", 0, ARCH_X64, 5058411, NULL },
		{ "", 5060842, ARCH_NONE, 5060842, NULL },
		{ "windows-11-25h2", 0, ARCH_NONE, 0, "has no KB5058411" },
		{ "", 0, ARCH_ARM64, 5058411, NULL }, /* nothing there: for others */
		{ "", 4711, ARCH_NONE, 0, "has no KB4711" },
	};
	char *root, *member;

	read_made();
	make_genuine(5058411, &root, &member);
	struct view *view = site_view(yard.site);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct import_one ones[2];
		struct problem p = { 0 };
		const struct import_wish wish = { rows[i].product, rows[i].kb,
						  rows[i].arch };
		read_one(&ones[0], "root.xml", root);
		read_one(&ones[1], "member.xml", member);
		int rc = import_match(view->snapshot->catalog, &wish, ones, 2, &p);
		if (rows[i].arch == ARCH_ARM64)
			assert_int_equal(ones[0].key.kb, 0);
		else if (rows[i].stands == 0 ? rc == 0 : ones[0].key.kb != rows[i].stands)
			fail_msg("row %zu: %d, KB%u: %s", i, rc, ones[0].key.kb, p.text);
		if (rc < 0 && strstr(p.text, rows[i].words) == NULL)
			fail_msg("row %zu: %s", i, p.text);
		assert_int_equal(ones[1].key.kb, 0);
		update_document_fini(&ones[0].document);
		update_document_fini(&ones[1].document);
	}
	view_give(view);
	free(root);
	free(member);
	forget_made();
}

TEST(of_a_set_what_is_here_already_is_known_and_what_nobody_would_take_is_refused)
{
	static const struct {
		const char *what;
		bool is_category, stands, is_other_text;
		int older; /* how much lower its revision is than what is here */
		bool is_known, is_refused;
	} rows[] = {
		{ "a newer category", true, false, true, -1, false, false },
		{ "the same category", true, false, false, 0, true, false },
		{ "an older category", true, false, true, 1, true, false },
		{ "another text under that number", true, false, true, 0, true, false },
		{ "the same member", false, false, false, 0, true, false },
		{ "a newer member", false, false, true, -1, false, false },
		{ "an older member", false, false, true, 1, false, true },
		{ "another member under that number", false, false, true, 0, false,
		  true },
		{ "a newer root", false, true, true, -1, false, false },
		{ "the same root", false, true, false, 0, false, true },
		{ "an older root", false, true, true, 1, false, true },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct update_revision here = {
			.id = MEMBER, .revision = 200, .document = "<a/>", .size = 4
		};
		struct import_one one = {
			.name = "one.xml",
			.text = rows[i].is_other_text ? "<b/>" : "<a/>",
			.document = { .type = rows[i].is_category ? UPDATE_CATEGORY
								  : UPDATE_SOFTWARE,
				      .identity.revision = 200 - rows[i].older },
			.key.kb = rows[i].stands ? 5058411 : 0,
		};
		struct problem p = { 0 };
		assert_true(
			guid_parse(MEMBER, strlen(MEMBER), &one.document.identity.id));
		int rc = import_meet(&here, &one, 1, &p);
		if ((rc < 0) != rows[i].is_refused || one.is_known != rows[i].is_known)
			fail_msg("%s: %d, %d, %s", rows[i].what, rc, one.is_known,
				 p.text);
		memcpy(here.id, ROOT, sizeof ROOT);
		one.is_known = false;
		assert_int_equal(import_meet(&here, &one, 1, &p), 0);
		assert_false(one.is_known);
	}
}

/* --- agents --------------------------------------------------------------------------
 */

static int put_one(struct session *session, const char *id, const char *text, bool stands,
		   struct problem *p)
{
	struct update_revision update = { .revision = 1,
					  .is_imported = true,
					  .document = text,
					  .size = strlen(text),
					  .added_s = YARD_START };

	snprintf(update.id, sizeof update.id, "%s", id);
	if (stands) {
		update.key = (struct release_key){ "windows-11-24h2",
						   5058411,
						   { 26100, 4061 } };
		update.arch = ARCH_X64;
	}
	return yard.backend->ops->update_put(session, &update, p);
}

static char *genuine[2];

static int put_genuine(void *owner, struct session *session, struct problem *p)
{
	const struct backend_ops *ops = yard.backend->ops;
	struct wusp_identity identity;

	(void)owner;
	if (put_one(session, MEMBER, genuine[1], false, p) < 0 ||
	    put_one(session, ROOT, genuine[0], true, p) < 0 ||
	    wusp_identity_read(ops, session, &identity, p) < 0)
		return -1;
	return wusp_identity_put_generation(ops, session, identity.generation + 1, p);
}

static void report(int number, const char *update, unsigned instance)
{
	char body[4096], at[INSTANT_TEXT];

	instant_format(site_now(yard.site), at);
	snprintf(body, sizeof body,
		 "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">"
		 "<s:Body><ReportEventBatch xmlns=\"http://www.microsoft.com/"
		 "SoftwareDistribution\">%s<clientTime>%s</clientTime><eventBatch>"
		 "<ReportingEvent><BasicData><TargetID><Sid>" AGENT_ID "</Sid></TargetID>"
		 "<TimeAtTarget>%s</TimeAtTarget><EventInstanceID>00000000-1111-4222-"
		 "8333-%012u</EventInstanceID><EventID>%d</EventID><UpdateID><UpdateID>%s"
		 "</UpdateID><RevisionNumber>1</RevisionNumber></UpdateID>"
		 "<Win32HResult>0</Win32HResult></BasicData></ReportingEvent>"
		 "</eventBatch></ReportEventBatch></s:Body></s:Envelope>",
		 agent_cookie_element(&agent), at, at, instance, number, update);
	assert_int_equal(agent_post(&agent, REPORT_PATH,
				    "Content-Type: text/xml; charset=utf-8\r\n", body),
			 200);
}

TEST(an_event_about_the_member_of_a_bundle_is_about_the_bundle)
{
	struct problem p = { 0 };
	struct guid id;

	read_made();
	make_genuine(5058411, &genuine[0], &genuine[1]);
	if (unit_run(yard.backend, put_genuine, NULL, &p) < 0)
		fail_msg("%s", p.text);
	assert_true(yard_plan(&yard, plan)); /* a new view */
	assert_int_equal(first_scan(), 5058411);
	struct view *view = site_view(yard.site);
	const struct update *root =
		library_by_revision(view->library, agent_task(&agent)->id);
	assert_true(guid_parse(ROOT, strlen(ROOT), &id));
	assert_true(guid_equal(&root->document.identity.id, &id));
	/* What the server made for that release is gone, the rest is not. */
	for (size_t i = 0, stands = 0; i < library_count(view->library); i++) {
		stands += library_at(view->library, i)->key.kb == 5058411;
		assert_true(stands <= 1);
	}
	view_give(view);

	report(167, MEMBER, 1);
	expect_state(FLOW_DOWNLOADING);
	report(181, ROOT, 2);
	expect_state(FLOW_INSTALLING);
	/* A category is no part of it. */
	report(182, "72e7624a-5b00-45d2-b92f-e561c0a6a160", 3);
	expect_state(FLOW_INSTALLING);
	report(183, MEMBER, 4);
	expect_state(FLOW_INSTALLED);
	free(genuine[0]);
	free(genuine[1]);
	forget_made();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WUSP_CASE(a_root_stands_for_the_release_that_it_names_or_is_told),
		cmocka_unit_test(
			of_a_set_what_is_here_already_is_known_and_what_nobody_would_take_is_refused),
		WUSP_CASE(an_event_about_the_member_of_a_bundle_is_about_the_bundle),
	};
	return cmocka_run_group_tests_name("wusp/genuine", tests, NULL, NULL);
}
