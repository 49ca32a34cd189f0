/* What an agent asks about updates: fragments, files and their bytes, its cache. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/soap/base64.h"
#include "protocol/wusp/library.h"
#include "tests/unit/wusp/wusp_case.h"

/* The task of the first scan, and its only member. */
static const struct update *root, *member;
static struct view *view;

static void offer(void)
{
	assert_int_equal(first_scan(), 5058411);
	view = site_view(yard.site);
	root = library_by_revision(view->library, agent_task(&agent)->id);
	assert_non_null(root);
	assert_int_equal(root->document.member_count, 1);
	member = library_by_identity(view->library, &root->document.members[0]);
	assert_non_null(member);
	assert_int_equal(member->document.file_count, 1);
}

static int info(const char *ids, const char *types, const char *locales)
{
	char inner[4096];

	snprintf(inner, sizeof inner,
		 "%s<revisionIDs>%s</revisionIDs><infoTypes>%s</infoTypes>%s"
		 "<deviceAttributes>E:</deviceAttributes><GeoId>USA</GeoId>",
		 agent_cookie_element(&agent), ids, types, locales);
	return agent_ask(&agent, "GetExtendedUpdateInfo", inner);
}

#define TYPE(name) "<XmlUpdateFragmentType>" name "</XmlUpdateFragmentType>"
#define BOTH       TYPE("Extended") TYPE("LocalizedProperties")
#define LOCALES    "<locales><string>en-US</string><string>en</string></locales>"

static const char *ids_of(const struct update *first, const struct update *second)
{
	static char text[128];

	snprintf(text, sizeof text, "<int>%" PRId32 "</int>", first->revision_id);
	if (second != NULL)
		snprintf(text + strlen(text), sizeof text - strlen(text),
			 "<int>%" PRId32 "</int>", second->revision_id);
	return text;
}

TEST(both_fragments_and_the_files_are_had_by_revision)
{
	char wanted[256];

	offer();
	assert_int_equal(info(ids_of(root, member), BOTH, LOCALES), 200);
	snprintf(wanted, sizeof wanted, "<Update><ID>%" PRId32 "</ID><Xml>",
		 member->revision_id);
	const char *first = strstr(agent.text, wanted);
	assert_non_null(first);
	assert_non_null(strstr(first + 1, wanted));
	assert_non_null(strstr(agent.text, "&lt;ExtendedProperties"));
	assert_non_null(strstr(agent.text, "&lt;LocalizedProperties"));
	assert_null(strstr(agent.text, "OutOfScopeRevisionIDs"));
	char digest[BASE64_TEXT(20)];
	base64_encode(member->document.files[0].sha1, 20, digest);
	assert_string_equal(agent_said(&agent, "FileDigest", 0), digest);
	const char *url = agent_said(&agent, "Url", 0);
	assert_int_equal(strncmp(url, "https://lab:8531/Content/", 25), 0);
	assert_string_equal(url + strlen(url) - 4, ".swu");
	assert_string_equal(agent_said(&agent, "FileDigest", 1), "");
	view_give(view);
}

TEST(fetching_the_offer_or_its_member_is_what_retrieving_is)
{
	offer();
	/* A category of it is not. */
	const struct update *other = root;
	for (size_t i = 0; i < agent.count && other == root; i++) {
		if (!agent.updates[i].is_leaf)
			other = library_by_revision(view->library, agent.updates[i].id);
	}
	assert_ptr_not_equal(other, root);
	assert_int_equal(info(ids_of(other, NULL), BOTH, LOCALES), 200);
	expect_state(FLOW_OFFERED);
	assert_int_equal(record.history.flow.retrieved_s, 0);
	assert_int_equal(info(ids_of(member, NULL), BOTH, LOCALES), 200);
	expect_state(FLOW_OFFERED);
	assert_true(record.history.flow.retrieved_s > 0);
	int64_t events = events_written(AGENT_ID);
	assert_int_equal(info(ids_of(member, root), BOTH, LOCALES), 200);
	assert_int_equal(events_written(AGENT_ID), events);
	view_give(view);
}

TEST(a_revision_that_is_not_the_devices_is_out_of_scope)
{
	offer();
	assert_int_equal(info("<int>2147483647</int><int>-1</int>"
			      "<int>99999999999</int><int>0</int>",
			      BOTH, LOCALES),
			 200);
	const char *out = agent_said(&agent, "OutOfScopeRevisionIDs", 0);
	assert_string_equal(out, "<int>2147483647</int><int>-1</int>"
				 "<int>99999999999</int><int>0</int>");
	assert_null(strstr(agent.text, "<Update>"));
	view_give(view);
}

TEST(an_agent_whose_line_is_not_known_knows_no_update)
{
	char ids[128];

	offer();
	snprintf(ids, sizeof ids, "%s", ids_of(member, NULL));
	agent_close(&agent);
	assert_true(agent_open(&agent, &yard, "0e3c6fa1-11aa-42f0-b1c9-2f6a9d0e7a55",
			       "pc-18"));
	assert_true(agent_login(&agent));
	assert_int_equal(info(ids, BOTH, LOCALES), 200);
	assert_string_equal(agent_said(&agent, "OutOfScopeRevisionIDs", 0), ids);
	assert_null(strstr(agent.text, "<FileLocation>"));
	view_give(view);
}

TEST(a_file_is_told_of_once_however_often_it_is_asked_for)
{
	offer();
	assert_int_equal(info(ids_of(member, member), BOTH, LOCALES), 200);
	const char *first = strstr(agent.text, "<FileLocation>");
	assert_non_null(first);
	assert_null(strstr(first + 1, "<FileLocation>"));
	view_give(view);
}

static const struct {
	const char *types, *locales, *about;
} wrong[] = {
	{ "", LOCALES, "infoTypes" },
	{ TYPE("Everything"), LOCALES, "infoTypes" },
	{ TYPE("LocalizedProperties"), "", "locales" },
	{ TYPE("Eula"), "", "locales" },
};

TEST(what_is_asked_wrongly_is_told_by_its_name)
{
	char ids[64 * 16] = "";

	offer();
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		info(ids_of(root, NULL), wrong[i].types, wrong[i].locales);
		assert_true(agent_failed(&agent, "InvalidParameters", wrong[i].about));
	}
	assert_int_equal(info(ids_of(root, NULL), TYPE("Extended"), ""), 200);
	for (size_t i = 0; i < 51; i++)
		memcpy(ids + i * strlen("<int>1</int>"), "<int>1</int>",
		       sizeof "<int>1</int>");
	info(ids, BOTH, LOCALES);
	assert_true(agent_failed(&agent, "InvalidParameters", "revisionIDs"));
	ids[50 * strlen("<int>1</int>")] = '\0';
	assert_int_equal(info(ids, BOTH, LOCALES), 200);
	view_give(view);
}

/* "<UpdateIdentity>...", as the second form and RefreshCache take it. */
static const char *identity(const struct update *update, int32_t more)
{
	static char text[2][256];
	static unsigned turn;
	char id[GUID_TEXT], *out = text[turn++ % 2];

	snprintf(out, sizeof text[0],
		 "<UpdateIdentity><UpdateID>%s</UpdateID><RevisionNumber>%" PRId32
		 "</RevisionNumber></UpdateIdentity>",
		 guid_format(&update->document.identity.id, id),
		 update->document.identity.revision + more);
	return out;
}

TEST(the_second_form_asks_by_identity_and_says_that_nothing_is_encrypted)
{
	char inner[4096];

	offer();
	snprintf(inner, sizeof inner,
		 "%s<updateIDs>%s%s</updateIDs><infoTypes>%s"
		 "</infoTypes><locales/>",
		 agent_cookie_element(&agent), identity(member, 0), identity(root, 1000),
		 TYPE("Extended") TYPE("FileUrl"));
	assert_int_equal(agent_ask(&agent, "GetExtendedUpdateInfo2", inner), 200);
	assert_non_null(strstr(agent.text, "<GetExtendedUpdateInfo2Result>"));
	assert_non_null(strstr(agent.text, "<HasEncryptedFiles>false<"));
	assert_string_equal(agent_said(&agent, "FileDigestAlgorithm", 0), "SHA1");
	const char *second = strstr(strstr(agent.text, "<UpdateEncryptionDetail>") + 1,
				    "<UpdateEncryptionDetail>");
	assert_null(second);
	snprintf(inner, sizeof inner, "%s<updateIDs/><infoTypes>%s</infoTypes>",
		 agent_cookie_element(&agent), TYPE("FileUrl"));
	assert_int_equal(agent_ask(&agent, "GetExtendedUpdateInfo2", inner), 200);
	assert_non_null(strstr(agent.text, "<GetExtendedUpdateInfo2Result>"));
	view_give(view);
}

static int locations(const char *digests)
{
	char inner[4096];

	snprintf(inner, sizeof inner, "%s<fileDigests>%s</fileDigests>",
		 agent_cookie_element(&agent), digests);
	return agent_ask(&agent, "GetFileLocations", inner);
}

TEST(files_are_found_by_their_digest_and_those_that_are_not_here_left_out)
{
	char digest[BASE64_TEXT(20)], digests[512];

	offer();
	base64_encode(member->document.files[0].sha1, 20, digest);
	snprintf(digests, sizeof digests,
		 "<base64Binary>AAAAAAAAAAAAAAAAAAAAAAAAAAA=</base64Binary>"
		 "<base64Binary>%s</base64Binary>",
		 digest);
	assert_int_equal(locations(digests), 200);
	assert_string_equal(agent_said(&agent, "FileDigest", 0), digest);
	assert_string_equal(agent_said(&agent, "FileDigest", 1), "");
	assert_non_null(strstr(agent.text, "<NewCookie>"));
	static const char *const bad[] = {
		"", "<base64Binary/>", "<base64Binary>AAAA</base64Binary>",
		"<base64Binary>AAAAAAAAAAAAAAAAAAAAAAAAAAAA</base64Binary>"
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		locations(bad[i]);
		assert_true(agent_failed(&agent, "InvalidParameters", "fileDigests"));
	}
	view_give(view);
}

static int fetch(const char *path, const char *headers)
{
	char request[1024];

	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: lab\r\n%s\r\n", path,
		 headers);
	http_answer_free(&agent.answer);
	agent.answer = http_client_ask(&agent.client, request);
	return agent.answer.status;
}

TEST(the_bytes_of_a_file_come_from_the_address_that_was_told)
{
	char url[512], path[512];

	offer();
	assert_int_equal(info(ids_of(member, NULL), BOTH, LOCALES), 200);
	snprintf(url, sizeof url, "%s", agent_said(&agent, "Url", 0));
	snprintf(path, sizeof path, "%s", url + strlen("https://lab:8531"));
	assert_int_equal(fetch(path, ""), 200);
	assert_string_equal(agent.answer.body, yard_payload(5058411));
	assert_int_equal(fetch(path, "Range: bytes=4-13\r\n"), 206);
	assert_int_equal(agent.answer.body_size, 10);
	assert_memory_equal(agent.answer.body, yard_payload(5058411) + 4, 10);
	for (char *at = path; *at != '\0'; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	}
	assert_int_equal(fetch(path, ""), 200);
	path[strlen("/content/")] ^= 1;
	assert_int_equal(fetch(path, ""), 404);
	view_give(view);
}

TEST(an_agents_cache_is_refreshed_with_our_numbers_and_without_members)
{
	char inner[4096];

	offer();
	snprintf(inner, sizeof inner, "%s<globalIDs>%s", agent_cookie_element(&agent),
		 identity(root, 0));
	snprintf(inner + strlen(inner), sizeof inner - strlen(inner), "%s%s",
		 identity(member, 0), identity(root, 7));
	snprintf(inner + strlen(inner), sizeof inner - strlen(inner),
		 "<UpdateIdentity><UpdateID>dd78b8a1-0b20-45c1-add6-4da72e9364cf"
		 "</UpdateID><RevisionNumber>1</RevisionNumber></UpdateIdentity>"
		 "</globalIDs>");
	assert_int_equal(agent_ask(&agent, "RefreshCache", inner), 200);
	char wanted[64];
	snprintf(wanted, sizeof wanted, "<RevisionID>%" PRId32 "</RevisionID>",
		 root->revision_id);
	const char *entry = strstr(agent.text, wanted);
	assert_non_null(entry);
	assert_null(strstr(entry + 1, "<RevisionID>"));
	assert_string_equal(agent_said(&agent, "Action", 0), "Install");
	assert_string_equal(agent_said(&agent, "LastChangeTime", 0), "2025-05-20");
	view_give(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WUSP_CASE(both_fragments_and_the_files_are_had_by_revision),
		WUSP_CASE(fetching_the_offer_or_its_member_is_what_retrieving_is),
		WUSP_CASE(a_revision_that_is_not_the_devices_is_out_of_scope),
		WUSP_CASE(an_agent_whose_line_is_not_known_knows_no_update),
		WUSP_CASE(a_file_is_told_of_once_however_often_it_is_asked_for),
		WUSP_CASE(what_is_asked_wrongly_is_told_by_its_name),
		WUSP_CASE(
			the_second_form_asks_by_identity_and_says_that_nothing_is_encrypted),
		WUSP_CASE(
			files_are_found_by_their_digest_and_those_that_are_not_here_left_out),
		WUSP_CASE(the_bytes_of_a_file_come_from_the_address_that_was_told),
		WUSP_CASE(
			an_agents_cache_is_refreshed_with_our_numbers_and_without_members),
	};
	return cmocka_run_group_tests_name("wusp/updates", tests, NULL, NULL);
}
