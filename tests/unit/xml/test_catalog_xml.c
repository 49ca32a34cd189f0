#include "protocol/xml/catalog_xml.h"

#include <stdlib.h>

#include "engine/catalog.h"
#include "engine/facts.h"
#include "engine/instant.h"
#include "tests/lib/case.h"
#include "tests/unit/xml/told.h"

/* A catalog of one product with `inside` from line 3 on. */
#define CATALOG(inside)                                                                  \
	"<catalog xmlns=\"urn:patchyard:catalog:1\">\n"                                  \
	"<product id=\"p\" name=\"P\" family=\"client\" base=\"26100\">\n" inside        \
	"</product></catalog>\n"
#define REST " published=\"2025-04-08T17:00:00Z\" arch=\"x64\""
#define BASELINE                                                                         \
	"<release kb=\"KB5055523\" build=\"26100.3775\" kind=\"baseline\"" REST "/>\n"

static struct catalog *read_and_seal(const char *text, char room[static TOLD])
{
	struct findings findings;
	struct catalog *catalog = NULL;

	findings_init(&findings);
	struct catalog_draft *draft = catalog_draft_new();
	assert_non_null(draft);
	int rc = catalog_xml_read(draft, "c.xml", text, strlen(text), &findings);
	assert_int_equal(rc == 0, findings.errors == 0);
	if (rc == 0)
		catalog = catalog_seal(draft, &findings);
	told(&findings, room);
	catalog_draft_free(draft);
	findings_fini(&findings);
	return catalog;
}

static const struct {
	const char *text, *expected;
} bad[] = {
	{ "", "c.xml:1: error: the document is empty\n" },
	{ "<catalog xmlns=\"urn:patchyard:catalog:1\">\n<product>",
	  "c.xml:2: error: <product> needs the attribute 'id' (lower-case letters, "
	  "digits, "
	  "dots and dashes, such as windows-11-24h2)\n"
	  "c.xml:2: error: <product> needs the attribute 'name' (a name for people, 1 to "
	  "127 "
	  "bytes)\n"
	  "c.xml:2: error: <product> needs the attribute 'family' (one of client or "
	  "server)\n"
	  "c.xml:2: error: <product> needs the attribute 'base' (the first part of a "
	  "build, "
	  "such as 26100)\n"
	  "c.xml:2: error: not well-formed XML: it ends inside <product>\n" },
	{ "<catalog/>",
	  "c.xml:1: error: <catalog> is in name space '' (start with <catalog "
	  "xmlns=\"urn:patchyard:catalog:1\">)\n" },
	{ "<catalog xmlns=\"urn:patchyard:catalog:1\"/>",
	  "c.xml:1: error: <catalog> needs a <product>\n" },
	{ CATALOG("<release kb=\"KB5055523\" build=\"26100.3775\" kind=\"baseln\"" REST
		  "/>\n"),
	  "c.xml:3: error: kind=\"baseln\" of <release> is not right (did you mean "
	  "'baseline'?)\n" },
	{ CATALOG("<release kb=\"KB 1\" build=\"26100\" kind=\"lcu\"" REST "/>\n"),
	  "c.xml:3: error: kb=\"KB 1\" of <release> is not right (KB and digits, such as "
	  "KB5055523)\n"
	  "c.xml:3: error: build=\"26100\" of <release> is not right (base and revision, "
	  "such "
	  "as 26100.3775)\n" },
	{ CATALOG(BASELINE
		  "<release kb=\"KB5055524\"\n  build=\"26100.3776\"\n  knd=\"lcu\"" REST
		  "/>\n"),
	  "c.xml:4: error: <release> has no attribute 'knd' (did you mean 'kind'?)\n"
	  "c.xml:4: error: <release> needs the attribute 'kind' (one of rtm, baseline, "
	  "hotpatch, lcu or preview)\n" },
	{ CATALOG("<release kb=\"KB5055523\" build=\"26100.3775\" kind=\"lcu\" "
		  "published=\"2025-02-29T17:00:00Z\" arch=\"x64, arm64\"/>\n"),
	  "c.xml:3: error: published=\"2025-02-29T17:00:00Z\" of <release> is not right "
	  "(a "
	  "time in UTC, such as 2025-04-08T17:00:00Z)\n"
	  "c.xml:3: error: arch=\"x64, arm64\" of <release> is not right (did you mean "
	  "'x64 "
	  "arm64'?)\n" },
	{ CATALOG("<release kb=\"KB5055523\" build=\"26100.3775\" kind=\"lcu\" "
		  "published=\"2025-02-28T17:00:00+01:00\" arch=\"x64\"/>\n"),
	  "c.xml:3: error: published=\"2025-02-28T17:00:00+01:00\" of <release> is not "
	  "right "
	  "(a time in UTC, such as 2025-04-08T17:00:00Z)\n" },
	{ CATALOG("<relaese/>\n<planed/>\n" BASELINE),
	  "c.xml:3: error: <relaese> is not allowed in <product> (did you mean "
	  "<release>?)\n"
	  "c.xml:4: error: <planed> is not allowed in <product> (did you mean "
	  "<planned>?)\n" },
	{ CATALOG("<planned kind=\"lcu\" date=\"July\"/>\n"),
	  "c.xml:3: error: kind=\"lcu\" of <planned> is not right (one of baseline or "
	  "hotpatch)\n"
	  "c.xml:3: error: date=\"July\" of <planned> is not right (a day, such as "
	  "2025-07-08)\n" },
	{ CATALOG("<hotpatch editions=\"\" from=\"26100.1\"/>\n"),
	  "c.xml:3: error: editions=\"\" of <hotpatch> is not right (1 to 64 edition IDs "
	  "between spaces, such as Enterprise Education)\n" },
	{ CATALOG("<hotpatch editions=\"Enterprise\" from=\"26200.1\"/>\n"
		  "<hotpatch editions=\"Education\" from=\"26100.1\"/>\n"),
	  "c.xml:3: error: from=\"26200.1\" of <hotpatch> is no build of product 'p', "
	  "which "
	  "has base 26100 (a build of the same base)\n"
	  "c.xml:4: error: <hotpatch> comes twice in product 'p' (keep one)\n" },
};

TEST(a_bad_catalog_is_told_with_file_line_and_the_nearest_right_answer)
{
	char room[TOLD];

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct catalog *catalog = read_and_seal(bad[i].text, room);
		if (strcmp(room, bad[i].expected) != 0)
			fail_msg("%s\ntold:\n%swanted:\n%s", bad[i].text, room,
				 bad[i].expected);
		assert_null(catalog);
	}
}

TEST(what_a_schema_cannot_know_is_told_at_the_seal_with_the_same_file_and_line)
{
	static const struct {
		const char *text, *start; /* of the one finding */
	} rows[] = {
		{ CATALOG(BASELINE "<release kb=\"KB5058497\" build=\"26100.3981\" "
				   "kind=\"hotpatch\" baseline=\"KB5055532\" "
				   "published=\"2025-05-13T17:00:00Z\" arch=\"x64\"/>\n"),
		  "c.xml:4: error: KB5058497 has baseline KB5055532" },
		{ CATALOG(BASELINE "\n\n" BASELINE), "c.xml:6: error: KB5055523" },
		{ CATALOG("<release kb=\"KB5055523\" build=\"26200.3775\" "
			  "kind=\"baseline\"" REST "/>\n"),
		  "c.xml:3: error: KB5055523 has build 26200.3775" },
		{ CATALOG("<release kb=\"KB5055523\" build=\"26100.3775\" "
			  "kind=\"lcu\"" REST ">\n"
			  "<supersedes kb=\"KB5055524\"/></release>\n"
			  "<release kb=\"KB5055524\" build=\"26100.3776\" "
			  "kind=\"lcu\"" REST ">\n"
			  "<supersedes kb=\"KB5055523\"/></release>\n"),
		  "c.xml:5: error: KB5055524 supersedes KB5055523" },
		{ CATALOG(BASELINE "<release kb=\"KB5055524\" build=\"26100.3776\" "
				   "kind=\"lcu\"" REST
				   ">\n<match>\nhardware.ipf is yes</match>"
				   "</release>\n"),
		  "c.xml:4: error: the match expression of this release: " },
		{ CATALOG(BASELINE "<release kb=\"KB5055524\" build=\"26100.3776\" "
				   "kind=\"lcu\"" REST "><match> </match></release>\n"),
		  "c.xml:4: error: the match expression of this release: " },
	};
	char room[TOLD];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_null(read_and_seal(rows[i].text, room));
		if (strncmp(room, rows[i].start, strlen(rows[i].start)) != 0 ||
		    strchr(room, '\n') != room + strlen(room) - 1)
			fail_msg("%s\ntold:\n%s", rows[i].text, room);
	}
}

TEST(everything_a_catalog_can_say_arrives)
{
	static const char text[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- words -->\n" CATALOG(
			"<hotpatch editions=\" Enterprise\n Education \" "
			"from=\"26100.2033\"/>\n"
			"<leaves-track kb=\"KB5054156\"/>\n"
			"<release build=\"26100.1742\" kind=\"rtm\" "
			"published=\"2024-10-01T17:00:00Z\" arch=\"x64 arm64\"/>\n"
			"<release kb=\"KB5066835\" build=\"26100.6899\" "
			"kind=\"baseline\" "
			"published=\"2025-10-14T17:00:00Z\" arch=\"x64 arm64\">\n"
			"<supersedes kb=\"KB5065426\"/></release>\n"
			"<release kb=\"KB5070893\" build=\"26100.6905\" kind=\"lcu\" "
			"cadence=\"OOB\" published=\"2025-10-24T17:00:00Z\" "
			"arch=\"arm64\" "
			"baseline=\"KB5066835\" track=\"hotpatch\" repairs=\"KB5066835\" "
			"offer=\"approval\"><match>\n  hardware.ipf = yes\n "
			"</match></release>\n"
			"<release kb=\"KB5067036\" build=\"26100.7019\" kind=\"preview\" "
			"published=\"2025-10-28T17:00:00Z\" arch=\"x64\"/>\n"
			"<planned kind=\"baseline\" date=\"2026-04-14\"/>\n"
			"<planned kind=\"hotpatch\" date=\"2026-02-10\"/>\n");
	char room[TOLD];

	struct catalog *catalog = read_and_seal(text, room);
	assert_string_equal(room, "");
	assert_int_equal(catalog->product_count, 1);
	const struct product *p = &catalog->products[0];
	assert_string_equal(p->id, "p");
	assert_string_equal(p->name, "P");
	assert_int_equal(p->family, FAMILY_CLIENT);
	assert_int_equal(p->base, 26100);
	assert_int_equal(p->from.revision, 2033);
	assert_int_equal(p->edition_count, 2);
	assert_string_equal(p->editions[0], "Enterprise");
	assert_string_equal(p->editions[1], "Education");
	assert_int_equal(p->leaves_track_count, 1);
	assert_int_equal(p->leaves_track[0], 5054156);
	assert_int_equal(p->planned_count, 2);
	assert_int_equal(p->planned[0].kind, RELEASE_HOTPATCH);
	assert_int_equal(p->planned[0].date_s, 1770681600); /* 2026-02-10 */

	const struct line *x64 = product_line(p, ARCH_X64);
	const struct line *arm64 = product_line(p, ARCH_ARM64);
	assert_int_equal(x64->count, 3);
	assert_int_equal(arm64->count, 3);
	assert_int_equal(x64->releases[0].kind, RELEASE_RTM);
	assert_int_equal(x64->releases[0].kb, 0);
	assert_int_equal(x64->releases[0].offer, OFFER_NEVER);
	assert_int_equal(x64->releases[1].cadence, CADENCE_B);
	assert_int_equal(x64->releases[1].offer, OFFER_AUTO);
	assert_int_equal(x64->releases[2].cadence, CADENCE_D);
	const struct release *fix = &arm64->releases[2];
	assert_int_equal(fix->kb, 5070893);
	assert_int_equal(fix->cadence, CADENCE_OOB);
	assert_int_equal(fix->quarter, 1);
	assert_int_equal(fix->repairs, 1);
	assert_int_equal(fix->offer, OFFER_APPROVAL);
	assert_string_equal(fix->match_text, "hardware.ipf = yes");
	char at[INSTANT_TEXT];
	assert_string_equal(instant_format(fix->published_s, at), "2025-10-24T17:00:00Z");
	catalog_give(catalog);
}

TEST(several_files_go_into_one_draft_and_each_is_named)
{
	static const char other[] = "<catalog xmlns=\"urn:patchyard:catalog:1\">"
				    "<product id=\"p\" name=\"Q\" family=\"server\" "
				    "base=\"26100\"/></catalog>";
	struct findings findings;
	char room[TOLD];

	findings_init(&findings);
	struct catalog_draft *draft = catalog_draft_new();
	assert_int_equal(catalog_xml_read(draft, "a.xml", CATALOG(BASELINE),
					  sizeof CATALOG(BASELINE) - 1, &findings),
			 0);
	assert_int_equal(
		catalog_xml_read(draft, "b.xml", other, sizeof other - 1, &findings), 0);
	assert_null(catalog_seal(draft, &findings));
	assert_string_equal(
		told(&findings, room),
		"b.xml:1: error: product 'p' is there already (a.xml:2) (write "
		"each product once)\n");
	catalog_draft_free(draft);
	findings_fini(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_bad_catalog_is_told_with_file_line_and_the_nearest_right_answer),
		cmocka_unit_test(
			what_a_schema_cannot_know_is_told_at_the_seal_with_the_same_file_and_line),
		cmocka_unit_test(everything_a_catalog_can_say_arrives),
		cmocka_unit_test(several_files_go_into_one_draft_and_each_is_named),
	};
	return cmocka_run_group_tests_name("catalog_xml", tests, NULL, NULL);
}
