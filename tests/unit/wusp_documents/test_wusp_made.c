/* What is made of the real catalog: every release, read back; some of it to the letter.
 */

#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ascii.h"
#include "tests/unit/wusp_documents/documents_case.h"
#include "tests/unit/wusp_words/shelf.h"

static struct catalog *catalog;

static const struct line *line_of(const char *product, enum arch arch)
{
	const struct line *line = product_line(catalog_product(catalog, product), arch);

	assert_non_null(line);
	return line;
}

static const struct release *release_of(const struct line *line, const char *build)
{
	struct build wanted;

	assert_true(build_parse(build, &wanted));
	for (size_t i = 0; i < line->count; i++) {
		if (build_equal(line->releases[i].build, wanted))
			return &line->releases[i];
	}
	fail_msg("%s has no %s", line->product->id, build);
	return NULL;
}

static const struct made *bundle_of(const struct made_line *made,
				    const struct release *release)
{
	struct guid bundle, member;

	update_make_ids(made->line, release, &bundle, &member);
	return made_find(made, &bundle);
}

static const struct made *member_of(const struct made_line *made,
				    const struct release *release)
{
	struct guid bundle, member;

	update_make_ids(made->line, release, &bundle, &member);
	return made_find(made, &member);
}

static void says(const struct update_fragment *fragment, const char *wanted)
{
	char *text = plain_text(fragment);

	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

static bool has(const struct update_fragment *fragment, const char *words)
{
	char *text = plain_text(fragment);
	bool found = text != NULL && strstr(text, words) != NULL;

	free(text);
	return found;
}

#define PREREQUISITES                                                                    \
	"<UpdateIdentity UpdateID=\"68266d6a-3cca-5a44-966c-fad5556f0166\"/>"            \
	"<UpdateIdentity UpdateID=\"ad0b20f4-6ab6-5f25-a094-a693d1674154\"/>"
#define RULES                                                                            \
	"<ApplicabilityRules><IsInstalled><ProductReleaseInstalled "                     \
	"Name=\"Client.OS.RS2.AMD64\" Version=\"10.0.26100.4349\"/></IsInstalled>"       \
	"<IsInstallable><And><DeviceAttribute Name=\"OSVersion\" Type=\"Version\" "      \
	"Comparison=\"GreaterThanOrEqualTo\" Value=\"10.0.26100.0\"/>"                   \
	"<DeviceAttribute Name=\"OSVersion\" Type=\"Version\" Comparison=\"LessThan\" "  \
	"Value=\"10.0.26100.4349\"/></And></IsInstallable></ApplicabilityRules>"
#define BEHAVIOUR                                                                        \
	"<InstallationBehavior RebootBehavior=\"AlwaysRequiresReboot\"/>"                \
	"<UninstallationBehavior RebootBehavior=\"AlwaysRequiresReboot\"/>"              \
	"<KBArticleID>5060842</KBArticleID></ExtendedProperties>"

TEST(a_cumulative_update_comes_out_to_the_letter)
{
	const struct line *line = line_of("windows-11-24h2", ARCH_X64);
	const struct release *release = release_of(line, "26100.4349");
	struct made_line made;

	assert_int_equal(made_line_init(&made, line, ".msu"), 0);
	const struct made *bundle = bundle_of(&made, release),
			  *member = member_of(&made, release);
	says(&bundle->document.core,
	     "<UpdateIdentity UpdateID=\"bb7a0703-976f-5077-90d3-ec87738d5fc4\" "
	     "RevisionNumber=\"1\"/>"
	     "<Properties UpdateType=\"Software\" ExplicitlyDeployable=\"true\" "
	     "AutoSelectOnWebSites=\"true\"/><Relationships><SupersededUpdates>"
	     "<UpdateIdentity "
	     "UpdateID=\"7b1213dd-feed-5eed-8b43-eded8e47c7d5\"/></"
	     "SupersededUpdates><Prerequisites>" PREREQUISITES
	     "<AtLeastOne IsCategory=\"true\"><UpdateIdentity "
	     "UpdateID=\"72e7624a-5b00-45d2-b92f-e561c0a6a160\"/></AtLeastOne>"
	     "<AtLeastOne IsCategory=\"true\"><UpdateIdentity "
	     "UpdateID=\"0fa1201d-4330-4fa8-8ae9-b877473b6441\"/></AtLeastOne>"
	     "</Prerequisites><BundledUpdates><UpdateIdentity "
	     "UpdateID=\"1ea5d9a4-f375-5414-b3d7-d1a061dc3c7e\" "
	     "RevisionNumber=\"1\"/></BundledUpdates>"
	     "</Relationships>" RULES);
	says(&bundle->document.extended,
	     "<ExtendedProperties DefaultPropertiesLanguage=\"en\" "
	     "IsLocallyPublished=\"true\">" BEHAVIOUR);
	says(&bundle->document.localized[0],
	     "<LocalizedProperties><Language>en</Language><Title>2025-06 Cumulative "
	     "Update for Windows 11, version 24H2 for x64-based Systems (KB5060842) "
	     "(26100.4349)</Title><Description>A security update. After it the device "
	     "restarts.</Description></LocalizedProperties>");
	says(&member->document.core,
	     "<UpdateIdentity UpdateID=\"1ea5d9a4-f375-5414-b3d7-d1a061dc3c7e\" "
	     "RevisionNumber=\"1\"/>"
	     "<Properties "
	     "UpdateType=\"Software\"/><Relationships><Prerequisites>" PREREQUISITES
	     "</Prerequisites></Relationships>" RULES);
	says(&member->document.extended,
	     "<ExtendedProperties DefaultPropertiesLanguage=\"en\" "
	     "IsLocallyPublished=\"true\" "
	     "Handler=\"http://schemas.microsoft.com/msus/2016/01/UpdateHandlers/"
	     "OSInstaller\" MaxDownloadSize=\"1842\" MinDownloadSize=\"0\" "
	     "ProductName=\"Client.OS.RS2.AMD64\" ReleaseVersion=\"10.0.26100.4349\" "
	     "ReleaseRevision=\"1\">" BEHAVIOUR
	     "<Files><File FileName=\"windows-kb5060842.msu\" "
	     "Digest=\"AAAAAAAAAAAAAAAAAAAAAABNOOo=\" DigestAlgorithm=\"SHA1\" "
	     "Size=\"1842\" "
	     "PatchingType=\"SelfContained\"><AdditionalDigest Algorithm=\"SHA256\">"
	     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABNOOo=</AdditionalDigest></File></"
	     "Files>"
	     "<HandlerSpecificData type=\"OSInstallerMetadata\"><OSInstallData "
	     "InitialModule=\"UpdateAgent.dll\"/></HandlerSpecificData>");
	made_line_fini(&made);
}

TEST(a_hotpatch_names_the_builds_that_it_is_for)
{
	const struct line *line = line_of("windows-11-24h2", ARCH_X64);
	struct made_line made;

	assert_int_equal(made_line_init(&made, line, ".msu"), 0);
	const struct made *may = bundle_of(&made, release_of(line, "26100.3981"));
	assert_true(has(&may->document.core,
			"<IsInstalled><Or><DeviceAttribute Name=\"OSVersion\" "
			"Type=\"Version\" Comparison=\"EqualTo\" "
			"Value=\"10.0.26100.3981\"/><DeviceAttribute Name=\"OSVersion\" "
			"Type=\"Version\" Comparison=\"EqualTo\" "
			"Value=\"10.0.26100.3983\"/><DeviceAttribute Name=\"OSVersion\" "
			"Type=\"Version\" Comparison=\"EqualTo\" "
			"Value=\"10.0.26100.4270\"/></Or></IsInstalled><IsInstallable>"
			"<And><Or><DeviceAttribute Name=\"OSVersion\" Type=\"Version\" "
			"Comparison=\"EqualTo\" Value=\"10.0.26100.3775\"/></Or><Or>"
			"<DeviceAttribute Name=\"OSSkuId\" Type=\"String\" "
			"Comparison=\"EqualTo\" Value=\"4\"/>"));
	assert_true(has(&may->document.extended, "RebootBehavior=\"NeverReboots\""));
	const struct made *package = member_of(&made, release_of(line, "26100.3981"));
	assert_false(has(&package->document.extended, "ProductName"));
	made_line_fini(&made);
}

TEST(titles_and_classes_follow_from_what_a_release_is)
{
	static const struct {
		const char *product;
		enum arch arch;
		const char *build, *title, *class;
	} rows[] = {
		{ "windows-11-24h2", ARCH_X64, "26100.3775",
		  "2025-04 Cumulative Update for Windows 11, version 24H2 for x64-based "
		  "Systems (KB5055523) (26100.3775)",
		  "0fa1201d-4330-4fa8-8ae9-b877473b6441" },
		{ "windows-11-24h2", ARCH_ARM64, "26100.3981",
		  "2025-05 Hotpatch for Windows 11, version 24H2 for arm64-based Systems "
		  "(KB5058497) (26100.3981)",
		  "0fa1201d-4330-4fa8-8ae9-b877473b6441" },
		{ "windows-11-24h2", ARCH_X64, "26100.3983",
		  "2025-05 Hotpatch for Windows 11, version 24H2 for x64-based Systems "
		  "(KB5061258) (26100.3983)",
		  "e6cf1350-c01b-414d-a61f-263d14d133b4" },
		{ "windows-11-24h2", ARCH_X64, "26100.3624",
		  "2025-03 Cumulative Update Preview for Windows 11, version 24H2 for "
		  "x64-based Systems (KB5053656) (26100.3624)",
		  "cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83" },
		{ "windows-server-2025", ARCH_X64, "26100.4349",
		  "2025-06 Cumulative Update for Windows Server 2025 for x64-based "
		  "Systems (KB5060842) (26100.4349)",
		  "0fa1201d-4330-4fa8-8ae9-b877473b6441" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct line *line = line_of(rows[i].product, rows[i].arch);
		const struct release *release = release_of(line, rows[i].build);
		struct made_line made;
		char class[GUID_TEXT];
		assert_int_equal(made_line_init(&made, line, ".msu"), 0);
		const struct update_document *bundle =
			&bundle_of(&made, release)->document;
		assert_string_equal(bundle->title, rows[i].title);
		assert_int_equal(bundle->clause_count, 4);
		assert_string_equal(guid_format(&bundle->clauses[3].ids[0], class),
				    rows[i].class);
		made_line_fini(&made);
	}
}

/* --- all of them ------------------------------------------------------------------ */

static void for_each_line(void (*each)(const struct line *line))
{
	for (size_t i = 0; i < catalog->product_count; i++) {
		for (size_t k = 0; k < 2; k++) {
			if (catalog->products[i].lines[k].count > 0)
				each(&catalog->products[i].lines[k]);
		}
	}
}

static void check_twice(const struct line *line)
{
	struct made_line once, again;

	assert_int_equal(made_line_init(&once, line, ".msu"), 0);
	assert_int_equal(made_line_init(&again, line, ".msu"), 0);
	assert_int_equal(once.count, again.count);
	for (size_t i = 0; i < once.count; i++) {
		assert_int_equal(once.made[i].text.size, again.made[i].text.size);
		assert_string_equal(once.made[i].text.text, again.made[i].text.text);
		assert_true(guid_equal(&once.made[i].text.id,
				       &once.made[i].document.identity.id));
		assert_int_equal(once.made[i].text.revision,
				 once.made[i].document.identity.revision);
	}
	made_line_fini(&once);
	made_line_fini(&again);
}

TEST(the_same_release_gives_the_same_text)
{
	for_each_line(check_twice);
}

/* What is named must have come before, so that documents can be put in one by one. */
static void check_chain(const struct line *line)
{
	struct made_line made;

	assert_int_equal(made_line_init(&made, line, ".msu"), 0);
	for (size_t i = 0; i < made.count; i++) {
		const struct update_document *document = &made.made[i].document;
		for (size_t c = 0; c < document->clause_count; c++) {
			for (size_t k = 0; k < document->clauses[c].count; k++) {
				const struct made *named =
					made_find(&made, &document->clauses[c].ids[k]);
				assert_non_null(named);
				assert_true(named < &made.made[i]);
				assert_int_equal(
					named->document.type == UPDATE_CATEGORY &&
						document->type == UPDATE_SOFTWARE,
					document->clauses[c].is_category);
			}
		}
		for (size_t m = 0; m < document->member_count; m++) {
			const struct made *member =
				made_find(&made, &document->members[m].id);
			assert_non_null(member);
			assert_true(member < &made.made[i]);
			assert_int_equal(document->members[m].revision,
					 member->document.identity.revision);
		}
	}
	made_line_fini(&made);
}

TEST(every_prerequisite_and_member_is_made_before_it_is_named)
{
	for_each_line(check_chain);
}

static size_t id_count;
static struct made_id {
	struct guid id;
	char *text;
} ids[4000];

static void collect(const struct line *line)
{
	struct made_line made;

	assert_int_equal(made_line_init(&made, line, ".msu"), 0);
	for (size_t i = 0; i < made.count; i++) {
		assert_true(id_count < COUNT_OF(ids));
		ids[id_count++] = (struct made_id){ made.made[i].text.id,
						    strdup(made.made[i].text.text) };
	}
	made_line_fini(&made);
}

static int compare_ids(const void *a, const void *b)
{
	const struct made_id *one = a, *two = b;

	return guid_compare(&one->id, &two->id);
}

TEST(one_identity_is_one_text_in_the_whole_catalog)
{
	size_t shared = 0;

	id_count = 0;
	for_each_line(collect);
	qsort(ids, id_count, sizeof ids[0], compare_ids);
	for (size_t i = 1; i < id_count; i++) {
		if (!guid_equal(&ids[i - 1].id, &ids[i].id))
			continue;
		assert_string_equal(ids[i - 1].text, ids[i].text);
		assert_null(strstr(ids[i].text, "UpdateType=\"Software\""));
		shared++;
	}
	printf("%zu documents, %zu of them shared\n", id_count - shared, shared);
	assert_true(id_count - shared > 700);
	for (size_t i = 0; i < id_count; i++)
		free(ids[i].text);
}

/* A cumulative release takes the place of the one before it, a hotpatch of the one before
 * it in its quarter; nothing is in the place of two. */
static void check_superseded(const struct line *line)
{
	struct made_line made;

	assert_int_equal(made_line_init(&made, line, ".msu"), 0);
	const struct release *last = NULL;
	for (size_t i = 0; i < line->count; i++) {
		const struct release *release = &line->releases[i];
		if (release->kind == RELEASE_RTM)
			continue;
		const struct update_document *bundle =
			&bundle_of(&made, release)->document;
		const struct release *before = NULL;
		if (release_is_cumulative(release))
			before = last;
		for (size_t k = 0; k < i && !release_is_cumulative(release); k++) {
			if (line->releases[k].kind == RELEASE_HOTPATCH &&
			    line->releases[k].quarter == release->quarter)
				before = &line->releases[k];
		}
		assert_int_equal(bundle->superseded_count, before == NULL ? 0 : 1);
		if (before != NULL)
			assert_ptr_equal(made_find(&made, &bundle->superseded[0]),
					 bundle_of(&made, before));
		if (release_is_cumulative(release))
			last = release;
	}
	made_line_fini(&made);
}

TEST(each_release_takes_the_place_of_the_one_before_it_on_its_track)
{
	for_each_line(check_superseded);
}

/* --- the rest --------------------------------------------------------------------- */

TEST(a_program_of_the_lab_is_run_by_its_name)
{
	const struct line *line = line_of("windows-11-24h2", ARCH_X64);
	struct made_line made;

	assert_int_equal(made_line_init(&made, line, " & \"x\".EXE"), 0);
	const struct made *member = member_of(&made, release_of(line, "26100.4349"));
	assert_string_equal(member->document.handler, "CommandLineInstallation");
	assert_string_equal(member->document.files[0].name,
			    "windows-kb5060842 & \"x\".EXE");
	assert_true(has(&member->document.extended,
			"<HandlerSpecificData type=\"cmd:CommandLineInstallation\">"
			"<InstallCommand Program=\"windows-kb5060842 &amp; "
			"&quot;x&quot;.EXE\" Arguments=\"\" RebootByDefault=\"false\" "
			"DefaultResult=\"Failed\"><ReturnCode Code=\"0\" "
			"Result=\"Succeeded\" Reboot=\"false\"/><ReturnCode "
			"Code=\"3010\" Result=\"Succeeded\" Reboot=\"true\"/>"
			"</InstallCommand></HandlerSpecificData>"));
	assert_false(has(&member->document.extended, "ProductName"));
	made_line_fini(&made);
}

TEST(every_edition_of_the_catalog_has_a_number_and_numbers_lead_back)
{
	static const struct {
		long sku;
		const char *edition;
	} rows[] = {
		{ 4, "Enterprise" },
		{ 27, "EnterpriseN" },
		{ 48, "Professional" },
		{ 49, "ProfessionalN" },
		{ 101, "Core" },
		{ 121, "Education" },
		{ 122, "EducationN" },
		{ 125, "EnterpriseS" },
		{ 126, "EnterpriseSN" },
		{ 161, "ProfessionalWorkstation" },
		{ 175, "ServerRdsh" },
		{ 188, "IoTEnterprise" },
		{ 191, "IoTEnterpriseS" },
		{ 7, "ServerStandard" },
		{ 8, "ServerDatacenter" },
		{ 12, "ServerDatacenterCor" },
		{ 13, "ServerStandardCor" },
		{ 147, "ServerDatacenterCor" },
		{ 148, "ServerStandardCor" },
		{ 407, "ServerTurbine" },
		{ 408, "ServerTurbineCor" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		long sku = -1;
		bool found = false;
		assert_string_equal(edition_of_sku(rows[i].sku), rows[i].edition);
		while ((sku = sku_of_edition(rows[i].edition, sku)) >= 0)
			found = found || sku == rows[i].sku;
		assert_true(found);
	}
	for (size_t i = 0; i < catalog->product_count; i++) {
		const struct product *product = &catalog->products[i];
		for (size_t k = 0; k < product->edition_count; k++) {
			long sku = sku_of_edition(product->editions[k], -1);
			assert_true(sku >= 0);
			assert_int_equal(
				ascii_compare(edition_of_sku(sku), product->editions[k]),
				0);
		}
	}
	assert_null(edition_of_sku(0));
	assert_null(edition_of_sku(-1));
	assert_int_equal(sku_of_edition("Enterprise LTSC", -1), -1);
	assert_int_equal(sku_of_edition("enterprise", -1), 4);
	assert_int_equal(sku_of_edition("Enterprise", 4), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cumulative_update_comes_out_to_the_letter),
		cmocka_unit_test(a_hotpatch_names_the_builds_that_it_is_for),
		cmocka_unit_test(titles_and_classes_follow_from_what_a_release_is),
		cmocka_unit_test(the_same_release_gives_the_same_text),
		cmocka_unit_test(
			every_prerequisite_and_member_is_made_before_it_is_named),
		cmocka_unit_test(one_identity_is_one_text_in_the_whole_catalog),
		cmocka_unit_test(
			each_release_takes_the_place_of_the_one_before_it_on_its_track),
		cmocka_unit_test(a_program_of_the_lab_is_run_by_its_name),
		cmocka_unit_test(
			every_edition_of_the_catalog_has_a_number_and_numbers_lead_back),
	};

	catalog = shelf_catalog();
	if (catalog == NULL)
		return 1;
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	catalog_give(catalog);
	return rc;
}
