#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/findings.h"
#include "protocol/wusp/update_document.h"

#define HEAD                                                                             \
	"<upd:Update xmlns:upd='http://schemas.microsoft.com/msus/2002/12/Update' "      \
	"xmlns:bar='http://schemas.microsoft.com/msus/2002/12/BaseApplicabilityRules' "  \
	"xmlns:lar='http://schemas.microsoft.com/msus/2002/12/"                          \
	"LogicalApplicabilityRules' "                                                    \
	"xmlns:msiar='http://schemas.microsoft.com/msus/2002/12/MsiApplicabilityRules' " \
	"xmlns:cbsar='http://schemas.microsoft.com/msus/2002/12/CbsApplicabilityRules' " \
	"xmlns:cmd='http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/"           \
	"CommandLineInstallation' "                                                      \
	"xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>\n"
#define ID                                                                               \
	"<upd:UpdateIdentity UpdateID='72e7624a-5b00-45d2-b92f-e561c0a6a160' "           \
	"RevisionNumber='201'/>"

static struct update_document document;
static struct findings findings;

static int read_text(const char *text)
{
	findings_fini(&findings);
	findings_init(&findings);
	return update_document_read("update.xml", text, strlen(text), &document,
				    &findings);
}

static void reads(const char *text)
{
	if (read_text(text) < 0)
		fail_msg("%s", findings.list[0].text);
}

TEST(a_document_gives_the_fragments_that_agents_are_sent)
{
	reads(HEAD ID
	      "\n<upd:Properties UpdateType='Software' DefaultPropertiesLanguage='en' "
	      "Handler='http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/"
	      "CommandLineInstallation' MaxDownloadSize='5' PublicationState='Published' "
	      "CreationDate='2025-01-01T00:00:00Z' "
	      "PublisherID='395392a0-19c0-48b7-a927-f7c15066d905' "
	      "ExplicitlyDeployable='false' AutoSelectOnWebSites='true' IsBeta='false'>"
	      "<upd:InstallationBehavior RebootBehavior='CanRequestReboot'/>"
	      "<upd:UninstallationBehavior/>"
	      "<upd:KBArticleID>5060842</upd:KBArticleID></upd:Properties>\n"
	      "<upd:LocalizedPropertiesCollection>"
	      "<upd:LocalizedProperties><upd:Language>de</upd:Language><upd:Title>Titel "
	      "&amp; mehr</upd:Title></upd:LocalizedProperties>"
	      "<upd:LocalizedProperties><upd:Language>en</upd:Language><upd:Title>A "
	      "title</upd:Title></upd:LocalizedProperties>"
	      "</upd:LocalizedPropertiesCollection>\n"
	      "<upd:Relationships>"
	      "<upd:SupersededUpdates><upd:UpdateIdentity "
	      "UpdateID='11111111-0000-0000-0000-000000000000'/></upd:SupersededUpdates>"
	      "<upd:Prerequisites><upd:UpdateIdentity "
	      "UpdateID='22222222-0000-0000-0000-000000000000'/>"
	      "<upd:AtLeastOne IsCategory='true'><upd:UpdateIdentity "
	      "UpdateID='33333333-0000-0000-0000-000000000000'/>"
	      "<upd:UpdateIdentity "
	      "UpdateID='44444444-0000-0000-0000-000000000000'/></upd:AtLeastOne></"
	      "upd:Prerequisites>"
	      "</upd:Relationships>\n"
	      "<upd:ApplicabilityRules><upd:IsInstalled><lar:And><lar:Not>"
	      "<bar:WindowsVersion Comparison='LessThan' MajorVersion='10'/></lar:Not>"
	      "<msiar:MsiProductInstalled "
	      "ProductCode='{x}'/><cbsar:CbsPackageInstalled/></lar:And></"
	      "upd:IsInstalled>"
	      "<upd:Metadata><cbsar:CbsPackageApplicabilityMetadata>"
	      "<assembly xmlns='urn:schemas-microsoft-com:asm.v3' "
	      "manifestVersion='1.0'><package/>"
	      "<x:a xmlns:x='urn:x'/><x:b xmlns:x='urn:x'>t</x:b><package/></assembly>"
	      "</cbsar:CbsPackageApplicabilityMetadata></upd:Metadata></"
	      "upd:ApplicabilityRules>\n"
	      "<upd:Files><upd:File FileName='a.exe' "
	      "Digest='AAAAAAAAAAAAAAAAAAAAAAAAAAA=' DigestAlgorithm='SHA1' Size='5'>"
	      "<upd:AdditionalDigest "
	      "Algorithm='SHA256'>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</"
	      "upd:AdditionalDigest>"
	      "</upd:File></upd:Files>\n"
	      "<upd:HandlerSpecificData xsi:type='cmd:CommandLineInstallation'>"
	      "<cmd:InstallCommand Program='a.exe' Arguments='/q "
	      "&quot;x&quot;'/></upd:HandlerSpecificData></upd:Update>");
	assert_string_equal(
		document.core.text,
		"&lt;UpdateIdentity UpdateID=\"72e7624a-5b00-45d2-b92f-e561c0a6a160\" "
		"RevisionNumber=\"201\"/&gt;"
		"&lt;Properties UpdateType=\"Software\" "
		"AutoSelectOnWebSites=\"true\"/&gt;"
		"&lt;Relationships&gt;&lt;SupersededUpdates&gt;&lt;UpdateIdentity "
		"UpdateID=\"11111111-0000-0000-0000-000000000000\"/&gt;&lt;/"
		"SupersededUpdates&gt;"
		"&lt;Prerequisites&gt;&lt;UpdateIdentity "
		"UpdateID=\"22222222-0000-0000-0000-000000000000\"/&gt;"
		"&lt;AtLeastOne IsCategory=\"true\"&gt;&lt;UpdateIdentity "
		"UpdateID=\"33333333-0000-0000-0000-000000000000\"/&gt;"
		"&lt;UpdateIdentity "
		"UpdateID=\"44444444-0000-0000-0000-000000000000\"/&gt;&lt;/"
		"AtLeastOne&gt;&lt;/Prerequisites&gt;&lt;/Relationships&gt;"
		"&lt;ApplicabilityRules&gt;&lt;IsInstalled&gt;&lt;And&gt;&lt;Not&gt;"
		"&lt;b.WindowsVersion Comparison=\"LessThan\" "
		"MajorVersion=\"10\"/&gt;&lt;/Not&gt;"
		"&lt;m.MsiProductInstalled "
		"ProductCode=\"{x}\"/&gt;&lt;CbsPackageInstalled/&gt;&lt;/And&gt;&lt;/"
		"IsInstalled&gt;"
		"&lt;Metadata&gt;&lt;CbsPackageApplicabilityMetadata&gt;"
		"&lt;assembly xmlns=\"urn:schemas-microsoft-com:asm.v3\" "
		"manifestVersion=\"1.0\"&gt;&lt;package/&gt;"
		"&lt;a xmlns=\"urn:x\"/&gt;&lt;b "
		"xmlns=\"urn:x\"&gt;t&lt;/b&gt;&lt;package/&gt;&lt;/assembly&gt;"
		"&lt;/CbsPackageApplicabilityMetadata&gt;&lt;/Metadata&gt;&lt;/"
		"ApplicabilityRules&gt;");
	assert_string_equal(
		document.extended.text,
		"&lt;ExtendedProperties DefaultPropertiesLanguage=\"en\" "
		"Handler=\"http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/"
		"CommandLineInstallation\" MaxDownloadSize=\"5\"&gt;"
		"&lt;InstallationBehavior "
		"RebootBehavior=\"CanRequestReboot\"/&gt;&lt;UninstallationBehavior/&gt;"
		"&lt;KBArticleID&gt;5060842&lt;/KBArticleID&gt;&lt;/"
		"ExtendedProperties&gt;"
		"&lt;Files&gt;&lt;File FileName=\"a.exe\" "
		"Digest=\"AAAAAAAAAAAAAAAAAAAAAAAAAAA=\" DigestAlgorithm=\"SHA1\" "
		"Size=\"5\"&gt;"
		"&lt;AdditionalDigest "
		"Algorithm=\"SHA256\"&gt;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=&lt;"
		"/AdditionalDigest&gt;&lt;/File&gt;&lt;/Files&gt;"
		"&lt;HandlerSpecificData type=\"cmd:CommandLineInstallation\"&gt;"
		"&lt;InstallCommand Program=\"a.exe\" Arguments=\"/q "
		"&amp;quot;x&amp;quot;\"/&gt;&lt;/HandlerSpecificData&gt;");
	assert_int_equal(document.localized_count, 2);
	assert_string_equal(document.localized[0].language, "de");
	assert_string_equal(document.localized[0].text,
			    "&lt;LocalizedProperties&gt;&lt;Language&gt;de&lt;/"
			    "Language&gt;&lt;Title&gt;Titel &amp;amp; "
			    "mehr&lt;/Title&gt;&lt;/LocalizedProperties&gt;");
	assert_string_equal(document.title, "A title");
	assert_string_equal(document.handler, "CommandLineInstallation");
	assert_int_equal(document.identity.revision, 201);
	assert_int_equal(document.kbs[0], 5060842);
	assert_int_equal(document.clause_count, 2);
	assert_int_equal(document.clauses[1].count, 2);
	assert_true(document.clauses[1].is_category && !document.clauses[0].is_category);
	assert_int_equal(document.superseded_count, 1);
	assert_true(document.can_uninstall && !document.explicitly_deployable);
	assert_true(document.files[0].has_sha256);
	assert_int_equal(document.files[0].size_bytes, 5);
	update_document_fini(&document);
}

#define PROPERTIES "<upd:Properties UpdateType='Software'/>"
#define END        "</upd:Update>"

TEST(a_document_that_lacks_what_is_needed_is_refused_with_its_line)
{
	static const struct {
		const char *text, *words;
		unsigned line;
	} rows[] = {
		{ "", "", 0 },
		{ "<Update/>", "no update document", 1 },
		{ HEAD ID END, "Properties is missing", 0 },
		{ HEAD PROPERTIES END, "UpdateIdentity is missing", 0 },
		{ HEAD ID ID PROPERTIES END, "twice", 2 },
		{ HEAD
		  "<upd:UpdateIdentity UpdateID='x' RevisionNumber='1'/>" PROPERTIES END,
		  "GUID", 2 },
		{ HEAD
		  "<upd:UpdateIdentity UpdateID='72e7624a-5b00-45d2-b92f-e561c0a6a160' "
		  "RevisionNumber='-1'/>" PROPERTIES END,
		  "RevisionNumber", 2 },
		{ HEAD ID "\n<upd:Properties UpdateType='Firmware'/>" END, "UpdateType",
		  3 },
		{ HEAD ID PROPERTIES
		  "<upd:Relationships><upd:Prerequisites><upd:AtLeastOne/></"
		  "upd:Prerequisites></upd:Relationships>" END,
		  "AtLeastOne is empty", 0 },
		{ HEAD ID PROPERTIES
		  "<upd:Files><upd:File FileName='../a' "
		  "Digest='AAAAAAAAAAAAAAAAAAAAAAAAAAA=' Size='5'/></upd:Files>" END,
		  "FileName", 2 },
		{ HEAD ID PROPERTIES "<upd:Files><upd:File FileName='a' Digest='AAAA' "
				     "Size='5'/></upd:Files>" END,
		  "SHA-1", 2 },
		{ HEAD ID PROPERTIES
		  "<upd:Files><upd:File FileName='a' "
		  "Digest='AAAAAAAAAAAAAAAAAAAAAAAAAAA=' Size='-5'/></upd:Files>" END,
		  "Size", 2 },
		{ "<!DOCTYPE x>" HEAD ID PROPERTIES END, "DOCTYPE", 1 },
		{ HEAD ID PROPERTIES, "", 0 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (read_text(rows[i].text) == 0)
			fail_msg("row %zu is taken", i);
		assert_true(findings.errors > 0);
		if (strstr(findings.list[0].text, rows[i].words) == NULL)
			fail_msg("row %zu: %s", i, findings.list[0].text);
		if (rows[i].line > 0)
			assert_int_equal(findings.list[0].origin.line, rows[i].line);
	}
	findings_fini(&findings);
	findings_init(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_gives_the_fragments_that_agents_are_sent),
		cmocka_unit_test(
			a_document_that_lacks_what_is_needed_is_refused_with_its_line),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	findings_fini(&findings);
	return rc;
}
