#include "tests/lib/case.h"

#include <stdio.h>
#include <string.h>

#include "agents/wusp_rules.h"
#include "engine/problem.h"

#define ID                                                                               \
	"<UpdateIdentity UpdateID=\"11111111-2222-3333-4444-555555555555\" "             \
	"RevisionNumber=\"7\"/>"

static struct wu_machine machine(void)
{
	struct wu_machine m = {
		.build = { 26100, 3775 }, .arch = 9, .product_type = 1, .count = 3
	};

	snprintf(m.attributes[0].name, 40, "OSVersion");
	snprintf(m.attributes[0].value, 96, "10.0.26100.3775");
	snprintf(m.attributes[1].name, 40, "OSSkuId");
	snprintf(m.attributes[1].value, 96, "4");
	snprintf(m.attributes[2].name, 40, "ProductType");
	snprintf(m.attributes[2].value, 96, "WinNT");
	return m;
}

static bool judges(const char *rule)
{
	const struct wu_machine m = machine();
	struct wu_core core;
	struct problem p = { 0 };
	char text[1000];

	snprintf(text, sizeof text,
		 ID
		 "<ApplicabilityRules><IsInstalled>%s</IsInstalled></ApplicabilityRules>",
		 rule);
	if (wu_core_read(text, &m, &core, &p) < 0)
		fail_msg("%s: %s", rule, p.text);
	return core.is_installed;
}

TEST(each_rule_is_judged_by_the_machine)
{
	static const struct {
		const char *rule;
		bool holds;
	} rows[] = {
		{ "<True/>", true },
		{ "<False/>", false },
		{ "", true },
		{ "<Not><True/></Not>", false },
		{ "<Not><False/></Not>", true },
		{ "<And><True/><False/></And>", false },
		{ "<And><True/><True/></And>", true },
		{ "<Or><False/><True/></Or>", true },
		{ "<Or><False/><False/></Or>", false },
		{ "<Or></Or>", false },
		{ "<And><Or><False/><True/></Or><Not><False/></Not></And>", true },
		{ "<True/><False/>", false },
		{ "<b.Processor Architecture=\"9\"/>", true },
		{ "<b.Processor Architecture=\"12\"/>", false },
		{ "<b.WindowsVersion Comparison=\"EqualTo\" MajorVersion=\"10\" "
		  "MinorVersion=\"0\""
		  " BuildNumber=\"26100\" ProductType=\"1\"/>",
		  true },
		{ "<b.WindowsVersion Comparison=\"EqualTo\" BuildNumber=\"26200\"/>",
		  false },
		{ "<b.WindowsVersion Comparison=\"GreaterThanOrEqualTo\" "
		  "BuildNumber=\"26000\"/>",
		  true },
		{ "<b.WindowsVersion Comparison=\"EqualTo\" BuildNumber=\"26100\" "
		  "ProductType=\"3\"/>",
		  false },
		{ "<DeviceAttribute Name=\"OSVersion\" Type=\"Version\" "
		  "Comparison=\"EqualTo\""
		  " Value=\"10.0.26100.3775\"/>",
		  true },
		{ "<DeviceAttribute Name=\"OSVersion\" Type=\"Version\" "
		  "Comparison=\"LessThan\""
		  " Value=\"10.0.26100.10000\"/>",
		  true },
		{ "<DeviceAttribute Name=\"OSVersion\" Type=\"Version\" "
		  "Comparison=\"LessThan\""
		  " Value=\"10.0.26100.3775\"/>",
		  false },
		{ "<DeviceAttribute Name=\"OSSkuId\" Type=\"String\" "
		  "Comparison=\"EqualTo\" Value=\"4\"/>",
		  true },
		{ "<DeviceAttribute Name=\"OSSkuId\" Type=\"String\" "
		  "Comparison=\"EqualTo\" Value=\"48\"/>",
		  false },
		{ "<DeviceAttribute Name=\"Nothing\" Type=\"String\" "
		  "Comparison=\"EqualTo\" Value=\"\"/>",
		  false },
		{ "<ProductReleaseInstalled Name=\"Client.OS.RS2.AMD64\" "
		  "Version=\"10.0.26100.3775\"/>",
		  true },
		{ "<ProductReleaseInstalled Name=\"Client.OS.RS2.AMD64\" "
		  "Version=\"10.0.26100.3776\"/>",
		  false },
		{ "<ProductReleaseInstalled Name=\"Client.OS.RS2.amd64\" "
		  "Version=\"10.0.26100.1\"/>",
		  true },
		{ "<ProductReleaseInstalled Name=\"Server.OS.amd64\" "
		  "Version=\"10.0.26100.1\"/>",
		  false },
		{ "<ProductReleaseInstalled Name=\"Client.OS.RS2.ARM64\" "
		  "Version=\"10.0.26100.1\"/>",
		  false },
		/* What is not modelled does not hold, and takes its children with it. */
		{ "<b.RegKeyExists Key=\"X\"/>", false },
		{ "<CbsPackageInstalled><True/></CbsPackageInstalled>", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (judges(rows[i].rule) != rows[i].holds)
			fail_msg("%s", rows[i].rule);
	}
}

TEST(a_core_fragment_tells_what_it_is)
{
	const struct wu_machine m = machine();
	struct wu_core core;
	struct problem p;

	assert_int_equal(
		wu_core_read(
			ID
			"<Properties UpdateType=\"Software\" "
			"ExplicitlyDeployable=\"true\"/>"
			"<Relationships><Prerequisites><UpdateIdentity "
			"UpdateID=\"99999999-0000-0000-0000-000000000000\"/></"
			"Prerequisites>"
			"<BundledUpdates><UpdateIdentity "
			"UpdateID=\"22222222-2222-3333-4444-555555555555\" "
			"RevisionNumber=\"1\"/>"
			"</BundledUpdates></"
			"Relationships><ApplicabilityRules><IsInstalled>"
			"<ProductReleaseInstalled Name=\"Client.OS.RS2.AMD64\" "
			"Version=\"10.0.26100.4349\"/></IsInstalled><IsInstallable><And>"
			"<DeviceAttribute Name=\"OSVersion\" Type=\"Version\" "
			"Comparison=\"LessThan\" Value=\"10.0.26100.4349\"/></And>"
			"</IsInstallable></ApplicabilityRules>",
			&m, &core, &p),
		0);
	assert_string_equal(core.id, "11111111-2222-3333-4444-555555555555");
	assert_int_equal(core.revision, 7);
	assert_string_equal(core.member, "22222222-2222-3333-4444-555555555555");
	assert_true(core.is_software && core.is_installable && !core.is_installed);
	assert_int_equal(core.build.revision, 4349);
}

TEST(an_update_without_rules_is_neither_there_nor_to_be_had)
{
	const struct wu_machine m = machine();
	struct wu_core core;
	struct problem p;

	assert_int_equal(
		wu_core_read(ID "<Properties UpdateType=\"Software\"/>", &m, &core, &p),
		0);
	assert_false(core.is_installed || core.is_installable);
}

TEST(a_fragment_that_is_no_fragment_is_refused)
{
	static const char *const rows[] = { "",     "<a>",           "</a>",
					    "text", "<Properties/>", "<!DOCTYPE a>" ID };
	const struct wu_machine m = machine();
	struct wu_core core;
	struct problem p;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (wu_core_read(rows[i], &m, &core, &p) == 0)
			fail_msg("'%s' is taken", rows[i]);
		assert_true(p.text[0] != '\0');
	}
}

TEST(an_extended_fragment_names_its_file)
{
	struct wu_file file = { .kb = 0 };
	struct problem p;

	assert_int_equal(
		wu_extended_read(
			"<ExtendedProperties><KBArticleID>5060842</KBArticleID>"
			"</ExtendedProperties><Files><File FileName=\"a b.msu\" "
			"Digest=\"c2hhMQ==\" DigestAlgorithm=\"SHA1\" Size=\"77\">"
			"<AdditionalDigest Algorithm=\"BlockMap\">no</AdditionalDigest>"
			"<AdditionalDigest "
			"Algorithm=\"SHA256\">c2hhMjU2</AdditionalDigest>"
			"</File></Files>",
			&file, &p),
		0);
	assert_int_equal(file.kb, 5060842);
	assert_string_equal(file.name, "a b.msu");
	assert_string_equal(file.sha1, "c2hhMQ==");
	assert_string_equal(file.sha256, "c2hhMjU2");
	assert_int_equal(file.size_bytes, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_judged_by_the_machine),
		cmocka_unit_test(a_core_fragment_tells_what_it_is),
		cmocka_unit_test(an_update_without_rules_is_neither_there_nor_to_be_had),
		cmocka_unit_test(a_fragment_that_is_no_fragment_is_refused),
		cmocka_unit_test(an_extended_fragment_names_its_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
