/* One document of each kind, in the shape that the vendor's have, and the fragments that
 * come of it, to the letter. */

#include "tests/lib/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/findings.h"
#include "tests/unit/wusp_documents/documents_case.h"

#define HANDLER SPACE "UpdateHandlers/"
#define SHA1    "AAECAwQFBgcICQoLDA0ODxAREhM="
#define SHA256  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static struct update_document document;

static void reads(const char *text)
{
	struct findings findings;

	findings_init(&findings);
	if (update_document_read("update.xml", text, strlen(text), &document, &findings) <
	    0)
		fail_msg("%s", findings.list[0].text);
	findings_fini(&findings);
}

static void says(const struct update_fragment *fragment, const char *wanted)
{
	char *text = plain_text(fragment);

	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

#define CORE_IDENTITY                                                                    \
	"<UpdateIdentity UpdateID=\"11111111-2222-3333-4444-555555555555\" "             \
	"RevisionNumber=\"200\"/>"

TEST(a_program_has_its_command_and_what_its_answers_mean)
{
	reads(HEAD IDENTITY
	      "<upd:Properties DefaultPropertiesLanguage='en' UpdateType='Software' "
	      "Handler='" HANDLER "CommandLineInstallation' MaxDownloadSize='900' "
	      "MinDownloadSize='0' PublicationState='Published' "
	      "CreationDate='2026-10-03T01:02:03Z' PublisherID='x' LegacyName='y' "
	      "IsPublic='false' PerUser='false' CompatibleProtocolVersion='1.0'>"
	      "<upd:InstallationBehavior Impact='Minor' RebootBehavior='NeverReboots'/>"
	      "</upd:Properties>"
	      "<upd:ApplicabilityRules><upd:IsInstalled><lar:Not><bar:RegSzToVersion "
	      "Key='HKEY_LOCAL_MACHINE' Subkey='SOFTWARE\\A&amp;B' Value='V' "
	      "Comparison='LessThan' Data='1.2.3.4'/></lar:Not></upd:IsInstalled>"
	      "</upd:ApplicabilityRules>"
	      "<upd:Files><upd:File FileName='am.exe' Digest='" SHA1
	      "' DigestAlgorithm='SHA1' Size='900' Modified='2026-10-03T00:00:00Z' "
	      "PatchingType='SelfContained'><upd:AdditionalDigest Algorithm='SHA256'>\n "
	      " " SHA256 "\n</upd:AdditionalDigest></upd:File></upd:Files>"
	      "<upd:HandlerSpecificData xmlns:cmd='" HANDLER
	      "CommandLineInstallation' xsi:type='cmd:CommandLineInstallation'>"
	      "<cmd:InstallCommand Program='am.exe' Arguments='WD /q' "
	      "RebootByDefault='false' DefaultResult='Failed'><cmd:ReturnCode Code='0' "
	      "Result='Succeeded' Reboot='false'/></cmd:InstallCommand>"
	      "</upd:HandlerSpecificData>" END);
	says(&document.core, CORE_IDENTITY
	     "<Properties UpdateType=\"Software\"/>"
	     "<ApplicabilityRules><IsInstalled><Not><b.RegSzToVersion "
	     "Key=\"HKEY_LOCAL_MACHINE\" Subkey=\"SOFTWARE\\A&amp;B\" Value=\"V\" "
	     "Comparison=\"LessThan\" Data=\"1.2.3.4\"/></Not></IsInstalled>"
	     "</ApplicabilityRules>");
	says(&document.extended,
	     "<ExtendedProperties DefaultPropertiesLanguage=\"en\" Handler=\"" HANDLER
	     "CommandLineInstallation\" MaxDownloadSize=\"900\" MinDownloadSize=\"0\" "
	     "CompatibleProtocolVersion=\"1.0\"><InstallationBehavior Impact=\"Minor\" "
	     "RebootBehavior=\"NeverReboots\"/></ExtendedProperties>"
	     "<Files><File FileName=\"am.exe\" Digest=\"" SHA1
	     "\" DigestAlgorithm=\"SHA1\" Size=\"900\" "
	     "Modified=\"2026-10-03T00:00:00Z\" PatchingType=\"SelfContained\">"
	     "<AdditionalDigest Algorithm=\"SHA256\">\n  " SHA256
	     "\n</AdditionalDigest></File></Files>"
	     "<HandlerSpecificData type=\"cmd:CommandLineInstallation\"><InstallCommand "
	     "Program=\"am.exe\" Arguments=\"WD /q\" RebootByDefault=\"false\" "
	     "DefaultResult=\"Failed\"><ReturnCode Code=\"0\" Result=\"Succeeded\" "
	     "Reboot=\"false\"/></InstallCommand></HandlerSpecificData>");
	assert_string_equal(document.handler, "CommandLineInstallation");
	assert_int_equal(document.file_count, 1);
	assert_true(document.files[0].has_sha256);
	assert_int_equal(document.files[0].sha256[31], 31);
	assert_int_equal(document.files[0].sha1[19], 19);
	assert_false(document.can_uninstall);
	update_document_fini(&document);
}

TEST(a_servicing_package_keeps_the_name_space_of_its_manifest)
{
	reads(HEAD IDENTITY
	      "<upd:Properties UpdateType='Software' Handler='" HANDLER
	      "Cbs'><upd:UninstallationBehavior RebootBehavior='CanRequestReboot'/>"
	      "</upd:Properties><upd:ApplicabilityRules xmlns:cbsar='" SPACE
	      "CbsApplicabilityRules'><upd:IsInstalled><cbsar:CbsPackageInstalled/>"
	      "</upd:IsInstalled><upd:IsInstallable><cbsar:CbsPackageInstallable/>"
	      "</upd:IsInstallable><upd:Metadata><cbsar:CbsPackageApplicabilityMetadata>"
	      "<assembly xmlns='urn:schemas-microsoft-com:asm.v3' copyright='\xc2\xa9' "
	      "xmlns:p='urn:p' p:level='1' level='2' xml:lang='en'>\n"
	      "  <assemblyIdentity name='Package_for_RollupFix' version='26100.1.1.1'/>\n"
	      "  <package><parent buildCompare='EQ'/><x xmlns=''/></package>\n"
	      "</assembly></cbsar:CbsPackageApplicabilityMetadata></upd:Metadata>"
	      "</upd:ApplicabilityRules>"
	      "<upd:HandlerSpecificData xmlns:cbs='" HANDLER
	      "Cbs' xsi:type='cbs:Cbs'><cbs:CbsData PackageIdentity=''/>"
	      "</upd:HandlerSpecificData>" END);
	says(&document.core, CORE_IDENTITY
	     "<Properties UpdateType=\"Software\"/><ApplicabilityRules><IsInstalled>"
	     "<CbsPackageInstalled/></IsInstalled><IsInstallable>"
	     "<CbsPackageInstallable/></IsInstallable><Metadata>"
	     "<CbsPackageApplicabilityMetadata>"
	     "<assembly xmlns=\"urn:schemas-microsoft-com:asm.v3\" "
	     "copyright=\"\xc2\xa9\" xmlns:a1=\"urn:p\" a1:level=\"1\" level=\"2\" "
	     "xml:lang=\"en\"><assemblyIdentity name=\"Package_for_RollupFix\" "
	     "version=\"26100.1.1.1\"/><package><parent buildCompare=\"EQ\"/>"
	     "<x xmlns=\"\"/></package></assembly></CbsPackageApplicabilityMetadata>"
	     "</Metadata></ApplicabilityRules>");
	says(&document.extended,
	     "<ExtendedProperties Handler=\"" HANDLER
	     "Cbs\"><UninstallationBehavior RebootBehavior=\"CanRequestReboot\"/>"
	     "</ExtendedProperties><HandlerSpecificData type=\"cbs:Cbs\">"
	     "<CbsData PackageIdentity=\"\"/></HandlerSpecificData>");
	assert_true(document.can_uninstall);
	update_document_fini(&document);
}

TEST(a_monthly_update_says_which_product_release_it_brings)
{
	reads(HEAD IDENTITY
	      "<upd:Properties UpdateType='Software' ProductName='Client.OS.RS2.AMD64' "
	      "ReleaseVersion='10.0.26100.4349' ReleaseRevision='1' Handler='"
	      "http://schemas.microsoft.com/msus/2016/01/UpdateHandlers/OSInstaller'/>"
	      "<upd:ApplicabilityRules><upd:IsInstalled><ProductReleaseInstalled "
	      "xmlns='urn:any' Name='Client.OS.RS2.AMD64' Version='10.0.26100.4349'/>"
	      "</upd:IsInstalled></upd:ApplicabilityRules>"
	      "<upd:Files><upd:File FileName='Metadata.cab' Digest='" SHA1
	      "' Size='1' PatchingTypePreferred='Metadata'/><upd:File "
	      "FileName='DesktopDeployment.cab' Digest='" SHA1 "' Size='2'/></upd:Files>"
	      "<upd:HandlerSpecificData xmlns:o='http://schemas.microsoft.com/msus/2016/"
	      "01/UpdateHandlers/OSInstaller' xsi:type='OSInstallerMetadata'>"
	      "<o:OSInstallData InitialModule='UpdateAgent.dll'/>"
	      "</upd:HandlerSpecificData>" END);
	says(&document.core,
	     CORE_IDENTITY "<Properties UpdateType=\"Software\"/><ApplicabilityRules>"
			   "<IsInstalled><ProductReleaseInstalled "
			   "Name=\"Client.OS.RS2.AMD64\" Version=\"10.0.26100.4349\"/>"
			   "</IsInstalled></ApplicabilityRules>");
	says(&document.extended,
	     "<ExtendedProperties ProductName=\"Client.OS.RS2.AMD64\" "
	     "ReleaseVersion=\"10.0.26100.4349\" ReleaseRevision=\"1\" "
	     "Handler=\"http://schemas.microsoft.com/msus/2016/01/UpdateHandlers/"
	     "OSInstaller\"/><Files><File FileName=\"Metadata.cab\" Digest=\"" SHA1
	     "\" Size=\"1\" PatchingTypePreferred=\"Metadata\"/><File "
	     "FileName=\"DesktopDeployment.cab\" Digest=\"" SHA1
	     "\" Size=\"2\"/></Files><HandlerSpecificData type=\"OSInstallerMetadata\">"
	     "<OSInstallData InitialModule=\"UpdateAgent.dll\"/></HandlerSpecificData>");
	assert_int_equal(document.file_count, 2);
	update_document_fini(&document);
}

TEST(an_installer_package_keeps_the_name_space_of_its_patch)
{
	reads(HEAD IDENTITY
	      "<upd:Properties UpdateType='Software' Handler='" HANDLER
	      "WindowsInstaller'/>"
	      "<upd:ApplicabilityRules><upd:IsInstalled><msiar:MsiPatchInstalled/>"
	      "</upd:IsInstalled><upd:Metadata><msiar:MsiApplicationMetadata>"
	      "<msiar:ProductCode>{A}</msiar:ProductCode></msiar:MsiApplicationMetadata>"
	      "<msiar:MsiPatchMetadata><MsiPatch "
	      "xmlns='http://www.microsoft.com/msi/patch_applicability.xsd' "
	      "PatchGUID='{B}'><TargetProduct><TargetVersion Validate='true'>1.0"
	      "</TargetVersion></TargetProduct></MsiPatch></msiar:MsiPatchMetadata>"
	      "</upd:Metadata></upd:ApplicabilityRules>"
	      "<upd:HandlerSpecificData xmlns:msp='" HANDLER
	      "WindowsInstaller' xsi:type='msp:WindowsInstaller'><msp:MspData "
	      "FullFilePatchCode='{B}'/></upd:HandlerSpecificData>" END);
	says(&document.core, CORE_IDENTITY
	     "<Properties UpdateType=\"Software\"/><ApplicabilityRules><IsInstalled>"
	     "<m.MsiPatchInstalled/></IsInstalled><Metadata><m.MsiApplicationMetadata>"
	     "<m.ProductCode>{A}</m.ProductCode></m.MsiApplicationMetadata>"
	     "<m.MsiPatchMetadata><MsiPatch "
	     "xmlns=\"http://www.microsoft.com/msi/patch_applicability.xsd\" "
	     "PatchGUID=\"{B}\"><TargetProduct><TargetVersion Validate=\"true\">1.0"
	     "</TargetVersion></TargetProduct></MsiPatch></m.MsiPatchMetadata>"
	     "</Metadata></ApplicabilityRules>");
	says(&document.extended,
	     "<ExtendedProperties Handler=\"" HANDLER
	     "WindowsInstaller\"/><HandlerSpecificData type=\"msp:WindowsInstaller\">"
	     "<MspData FullFilePatchCode=\"{B}\"/></HandlerSpecificData>");
	update_document_fini(&document);
}

TEST(a_category_says_which_kind_it_is_one_of)
{
	reads(HEAD IDENTITY
	      "<upd:Properties UpdateType='Category' LegacyName='w' Handler='" HANDLER
	      "Category'/><upd:Relationships><upd:Prerequisites><upd:UpdateIdentity "
	      "UpdateID='6964aab4-c5b5-43bd-a17d-ffb4346a8e1d'/></upd:Prerequisites>"
	      "</upd:Relationships><upd:ApplicabilityRules><upd:IsInstalled><lar:True/>"
	      "</upd:IsInstalled></upd:ApplicabilityRules>"
	      "<upd:HandlerSpecificData xmlns:cat='" HANDLER
	      "Category' xsi:type='cat:Category'><cat:CategoryInformation "
	      "CategoryType='Product' ProhibitsSubcategories='true' "
	      "ExcludedByDefault='false'/></upd:HandlerSpecificData>" END);
	says(&document.core, CORE_IDENTITY
	     "<Properties UpdateType=\"Category\"/><Relationships><Prerequisites>"
	     "<UpdateIdentity UpdateID=\"6964aab4-c5b5-43bd-a17d-ffb4346a8e1d\"/>"
	     "</Prerequisites></Relationships><ApplicabilityRules><IsInstalled><True/>"
	     "</IsInstalled></ApplicabilityRules>");
	says(&document.extended,
	     "<ExtendedProperties Handler=\"" HANDLER
	     "Category\"/><HandlerSpecificData type=\"cat:Category\">"
	     "<CategoryInformation CategoryType=\"Product\" "
	     "ProhibitsSubcategories=\"true\" ExcludedByDefault=\"false\"/>"
	     "</HandlerSpecificData>");
	assert_int_equal(document.type, UPDATE_CATEGORY);
	assert_int_equal(document.category, CATEGORY_PRODUCT);
	update_document_fini(&document);
}

TEST(a_detectoid_has_nothing_but_rules)
{
	reads(HEAD IDENTITY
	      "<upd:Properties UpdateType='Detectoid' DetectoidType='OsArchitecture'/>"
	      "<upd:ApplicabilityRules><upd:IsInstalled><bar:Processor "
	      "Architecture='9'/></upd:IsInstalled></upd:ApplicabilityRules>" END);
	says(&document.core,
	     CORE_IDENTITY "<Properties UpdateType=\"Detectoid\"/><ApplicabilityRules>"
			   "<IsInstalled><b.Processor Architecture=\"9\"/>"
			   "</IsInstalled></ApplicabilityRules>");
	says(&document.extended, "<ExtendedProperties/>");
	assert_int_equal(document.type, UPDATE_DETECTOID);
	assert_string_equal(document.handler, "");
	update_document_fini(&document);
}

TEST(a_driver_has_short_names_in_its_rules_and_plain_ones_in_its_handler_data)
{
	reads(HEAD IDENTITY
	      "<upd:Properties UpdateType='Driver' Handler='" HANDLER
	      "WindowsDriver'/><upd:ApplicabilityRules xmlns:drv='" HANDLER
	      "WindowsDriver'><upd:IsInstalled><drv:WindowsDriverInstalled/>"
	      "</upd:IsInstalled><upd:Metadata><drv:WindowsDriverMetaData "
	      "HardwareID='pci\\ven_8086' DriverVerDate='2025-01-01'>"
	      "<drv:FeatureScore FeatureScore='255'/></drv:WindowsDriverMetaData>"
	      "</upd:Metadata></upd:ApplicabilityRules><upd:HandlerSpecificData "
	      "xmlns:drv='" HANDLER
	      "WindowsDriver' xsi:type='drv:WindowsDriver'><drv:Data Any='1'/>"
	      "</upd:HandlerSpecificData>" END);
	says(&document.core, CORE_IDENTITY
	     "<Properties UpdateType=\"Driver\"/><ApplicabilityRules><IsInstalled>"
	     "<d.WindowsDriverInstalled/></IsInstalled><Metadata>"
	     "<d.WindowsDriverMetaData HardwareID=\"pci\\ven_8086\" "
	     "DriverVerDate=\"2025-01-01\"><d.FeatureScore FeatureScore=\"255\"/>"
	     "</d.WindowsDriverMetaData></Metadata></ApplicabilityRules>");
	says(&document.extended,
	     "<ExtendedProperties Handler=\"" HANDLER
	     "WindowsDriver\"/><HandlerSpecificData type=\"drv:WindowsDriver\">"
	     "<Data Any=\"1\"/></HandlerSpecificData>");
	assert_int_equal(document.type, UPDATE_DRIVER);
	update_document_fini(&document);
}

TEST(a_bundle_names_its_members_and_what_it_takes_the_place_of)
{
	reads(HEAD IDENTITY
	      "<upd:Properties UpdateType='Software' ExplicitlyDeployable='true' "
	      "AutoSelectOnWebSites='true' EulaID='e' OSUpgrade='false' "
	      "DefaultPropertiesLanguage='en' MsrcSeverity='Critical' IsBeta='false'>"
	      "<upd:SupportUrl>http://support/?a=1&amp;b=2</upd:SupportUrl>"
	      "<upd:SecurityBulletinID>MS1</upd:SecurityBulletinID>"
	      "<upd:KBArticleID>5060842</upd:KBArticleID></upd:Properties>"
	      "<upd:Relationships><upd:SupersededUpdates><upd:UpdateIdentity "
	      "UpdateID='aaaaaaaa-0000-0000-0000-000000000001'/><upd:UpdateIdentity "
	      "UpdateID='aaaaaaaa-0000-0000-0000-000000000002'/></upd:SupersededUpdates>"
	      "<upd:Prerequisites><upd:AtLeastOne IsCategory='true'><upd:UpdateIdentity "
	      "UpdateID='bbbbbbbb-0000-0000-0000-000000000001'/></upd:AtLeastOne>"
	      "<upd:AtLeastOne><upd:UpdateIdentity "
	      "UpdateID='bbbbbbbb-0000-0000-0000-000000000002'/><upd:UpdateIdentity "
	      "UpdateID='bbbbbbbb-0000-0000-0000-000000000003'/></upd:AtLeastOne>"
	      "</upd:Prerequisites><upd:BundledUpdates><upd:AtLeastOne>"
	      "<upd:UpdateIdentity UpdateID='cccccccc-0000-0000-0000-000000000001' "
	      "RevisionNumber='7'/><upd:UpdateIdentity "
	      "UpdateID='cccccccc-0000-0000-0000-000000000002' RevisionNumber='8'/>"
	      "</upd:AtLeastOne><upd:UpdateIdentity "
	      "UpdateID='cccccccc-0000-0000-0000-000000000003' RevisionNumber='9'/>"
	      "</upd:BundledUpdates></upd:Relationships>" END);
	says(&document.core, CORE_IDENTITY
	     "<Properties UpdateType=\"Software\" ExplicitlyDeployable=\"true\" "
	     "AutoSelectOnWebSites=\"true\" EulaID=\"e\"/><Relationships>"
	     "<SupersededUpdates><UpdateIdentity "
	     "UpdateID=\"aaaaaaaa-0000-0000-0000-000000000001\"/><UpdateIdentity "
	     "UpdateID=\"aaaaaaaa-0000-0000-0000-000000000002\"/></SupersededUpdates>"
	     "<Prerequisites><AtLeastOne IsCategory=\"true\"><UpdateIdentity "
	     "UpdateID=\"bbbbbbbb-0000-0000-0000-000000000001\"/></AtLeastOne>"
	     "<AtLeastOne><UpdateIdentity "
	     "UpdateID=\"bbbbbbbb-0000-0000-0000-000000000002\"/><UpdateIdentity "
	     "UpdateID=\"bbbbbbbb-0000-0000-0000-000000000003\"/></AtLeastOne>"
	     "</Prerequisites><BundledUpdates><AtLeastOne><UpdateIdentity "
	     "UpdateID=\"cccccccc-0000-0000-0000-000000000001\" RevisionNumber=\"7\"/>"
	     "<UpdateIdentity UpdateID=\"cccccccc-0000-0000-0000-000000000002\" "
	     "RevisionNumber=\"8\"/></AtLeastOne><UpdateIdentity "
	     "UpdateID=\"cccccccc-0000-0000-0000-000000000003\" RevisionNumber=\"9\"/>"
	     "</BundledUpdates></Relationships>");
	says(&document.extended,
	     "<ExtendedProperties DefaultPropertiesLanguage=\"en\" "
	     "MsrcSeverity=\"Critical\"><SupportUrl>http://support/?a=1&amp;b=2"
	     "</SupportUrl><SecurityBulletinID>MS1</SecurityBulletinID>"
	     "<KBArticleID>5060842</KBArticleID></ExtendedProperties>");
	assert_int_equal(document.superseded_count, 2);
	assert_int_equal(document.clause_count, 2);
	assert_true(document.clauses[0].is_category);
	assert_int_equal(document.clauses[0].count, 1);
	assert_int_equal(document.clauses[1].count, 2);
	assert_int_equal(document.clauses[1].ids[1].bytes[15], 3);
	assert_int_equal(document.member_count, 3);
	assert_int_equal(document.members[1].revision, 8);
	assert_int_equal(document.members[2].id.bytes[15], 3);
	assert_true(document.explicitly_deployable);
	assert_int_equal(document.kb_count, 1);
	update_document_fini(&document);
}

TEST(each_language_and_each_licence_is_a_fragment_of_its_own)
{
	static const struct {
		const char *language, *text;
	} localized[] = {
		{ "en", "<LocalizedProperties><Language>en</Language><Title>A &amp;amp; "
			"B</Title><Description> &lt;b&gt; is bold</Description>"
			"</LocalizedProperties>" },
		{ "de-AT", "<LocalizedProperties><Language>de-AT</Language>"
			   "<Title>\xc3\x84</Title><UninstallNotes/>"
			   "</LocalizedProperties>" },
	};

	reads(HEAD IDENTITY
	      "<upd:Properties UpdateType='Software' DefaultPropertiesLanguage='de-AT'/>"
	      "<upd:LocalizedPropertiesCollection>\n <upd:LocalizedProperties>"
	      "<upd:Language>en</upd:Language><upd:Title>A &amp;amp; B</upd:Title>"
	      "<upd:Description> &lt;b&gt; is bold</upd:Description>\n"
	      "</upd:LocalizedProperties><upd:LocalizedProperties>"
	      "<upd:Language>de-AT</upd:Language><upd:Title>\xc3\x84</upd:Title>"
	      "<upd:UninstallNotes> \n </upd:UninstallNotes></upd:LocalizedProperties>"
	      "</upd:LocalizedPropertiesCollection><upd:EulaFiles><upd:EulaFile "
	      "Language='fr' FileName='e.txt' Digest='" SHA1
	      "' Size='3'/><upd:EulaFile><upd:Language>de</upd:Language></upd:EulaFile>"
	      "</upd:EulaFiles><upd:Later>x</upd:Later>" END);
	assert_int_equal(document.localized_count, COUNT_OF(localized));
	for (size_t i = 0; i < COUNT_OF(localized); i++) {
		assert_string_equal(document.localized[i].language,
				    localized[i].language);
		says(&document.localized[i], localized[i].text);
	}
	assert_string_equal(document.title, "\xc3\x84");
	assert_int_equal(document.eula_count, 2);
	assert_string_equal(document.eulas[0].language, "fr");
	assert_string_equal(document.eulas[1].language, "de");
	says(&document.eulas[0],
	     "<EulaFile Language=\"fr\" FileName=\"e.txt\" Digest=\"" SHA1
	     "\" Size=\"3\"/>");
	says(&document.extended,
	     "<ExtendedProperties DefaultPropertiesLanguage=\"de-AT\"/>");
	assert_int_equal(document.file_count, 0);
	update_document_fini(&document);
}

/* A fragment goes into an answer as it is: nothing in it may end <Xml>. */
TEST(fragments_are_escaped_exactly_once)
{
	reads(HEAD IDENTITY "<upd:Properties UpdateType='Software'><upd:SupportUrl>"
			    "a&amp;b]]&gt;<![CDATA[<c>]]></upd:SupportUrl>"
			    "</upd:Properties>" END);
	assert_string_equal(document.extended.text,
			    "&lt;ExtendedProperties&gt;&lt;SupportUrl&gt;a&amp;amp;b]]"
			    "&amp;gt;&amp;lt;c&amp;gt;&lt;/SupportUrl&gt;"
			    "&lt;/ExtendedProperties&gt;");
	assert_int_equal(document.extended.size, strlen(document.extended.text));
	update_document_fini(&document);
}

TEST(a_long_title_is_cut_between_characters)
{
	char text[4096], title[1200] = "";
	size_t size = 0;

	for (int i = 0; i < 300; i++)
		size += (size_t)snprintf(title + size, sizeof title - size,
					 "\xe2\x82\xac");
	snprintf(text, sizeof text,
		 HEAD IDENTITY PROPERTIES
		 "<upd:LocalizedPropertiesCollection><upd:LocalizedProperties>"
		 "<upd:Language>en</upd:Language><upd:Title>x%s</upd:Title>"
		 "</upd:LocalizedProperties></upd:LocalizedPropertiesCollection>" END,
		 title);
	reads(text);
	size = strlen(document.title);
	assert_true(size < sizeof document.title && size > sizeof document.title - 8);
	assert_string_equal(document.title + size - 3, "...");
	assert_int_equal((size - 4) % 3, 0);
	update_document_fini(&document);
}

TEST(names_that_collide_without_their_prefix_are_written_once)
{
	reads(HEAD IDENTITY PROPERTIES
	      "<upd:HandlerSpecificData xmlns:p='urn:p' xmlns:q='urn:q' p:a='1' q:a='2' "
	      "b='3' q:b='4' p:c='5'/>" END);
	says(&document.extended, "<ExtendedProperties/><HandlerSpecificData a=\"1\" "
				 "b=\"3\" c=\"5\"/>");
	update_document_fini(&document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_has_its_command_and_what_its_answers_mean),
		cmocka_unit_test(
			a_servicing_package_keeps_the_name_space_of_its_manifest),
		cmocka_unit_test(a_monthly_update_says_which_product_release_it_brings),
		cmocka_unit_test(an_installer_package_keeps_the_name_space_of_its_patch),
		cmocka_unit_test(a_category_says_which_kind_it_is_one_of),
		cmocka_unit_test(a_detectoid_has_nothing_but_rules),
		cmocka_unit_test(
			a_driver_has_short_names_in_its_rules_and_plain_ones_in_its_handler_data),
		cmocka_unit_test(
			a_bundle_names_its_members_and_what_it_takes_the_place_of),
		cmocka_unit_test(each_language_and_each_licence_is_a_fragment_of_its_own),
		cmocka_unit_test(fragments_are_escaped_exactly_once),
		cmocka_unit_test(a_long_title_is_cut_between_characters),
		cmocka_unit_test(
			names_that_collide_without_their_prefix_are_written_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
