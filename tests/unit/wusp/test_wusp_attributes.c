/* What an agent tells of its computer, as facts. */

#include "protocol/wusp/attributes.h"

#include <string.h>

#include "engine/facts.h"
#include "engine/problem.h"
#include "protocol/soap/soap_read.h"
#include "protocol/wusp/client_messages.h"
#include "tests/lib/case.h"

static struct attributes told;
static struct facts facts;

static int set_up(void **state)
{
	(void)state;
	told.count = 0;
	facts_init(&facts);
	return 0;
}

static void tell(const char *line)
{
	told.count = 0;
	attributes_of_line(&told, &(struct soap_text){ line, strlen(line) });
}

/* The value told for a fact; "" where nothing is. */
static const char *said(const char *fact)
{
	for (size_t i = 0; i < told.count; i++) {
		if (strcmp(told.list[i].name, fact) == 0)
			return told.list[i].value;
	}
	return "";
}

static const struct {
	const char *line, *fact, *value;
} lines[] = {
	{ "OSVersion=10.0.26200.8037;", "os.build", "26200.8037" },
	{ "OSVersion=10.0.26200;", "os.build", "" }, /* no revision: no level */
	{ "OSVersion=26200.8037;", "os.build", "" },
	{ "OSVersion=ten;", "os.build", "" },
	{ "OSVersion=;", "os.build", "" },
	{ "osversion=10.0.26100.1", "os.build", "26100.1" },
	{ "XOSVersion=10.0.1.1;OSVersionX=10.0.1.1;", "os.build", "" },
	{ "OSArchitecture=AMD64;", "os.arch", "x64" },
	{ "OSArchitecture=ARM64;", "os.arch", "arm64" },
	{ "OSArchitecture=x86;", "os.arch", "" },
	{ "ProductType=WinNT;", "os.family", "client" },
	{ "ProductType=ServerNT;", "os.family", "server" },
	{ "ProductType=LanmanNT;", "os.family", "server" },
	{ "ProductType=Xbox;", "os.family", "" },
	{ "OSSkuId=4;", "os.edition", "Enterprise" },
	{ "OSSkuId=999999;", "os.edition", "" },
	{ "OSSkuId=4x;", "os.edition", "" },
	{ "OSSkuId=99999999999999999999;", "os.edition", "" },
	{ "VBSState=2;", "wua.vbsstate", "2" },
	{ "VBSState=2;", "vbs", "" }, /* what it means is not known */
	{ "HotpatchError=0;LCUVer=10.0.1.2;", "wua.hotpatcherror", "0" },
	{ "WuClientVer=1507.2601.30012.0;", "wua.version", "1507.2601.30012.0" },
	{ "App=WU_OS;Unheard=of;;=;==;a;", "wua.app", "" },
	{ "TPMVersion=2;TPMVersion=1;", "wua.tpmversion", "2" },
	{ "CurrentBranch= ge \t release \n;", "wua.currentbranch", "ge   release" },
	{ "CurrentBranch=<b a='&'>;", "wua.currentbranch", "<b a='&'>" },
	{ "CurrentBranch=\x01\xff\xc3\xa9;", "wua.currentbranch", "?\xc3\xa9" },
	{ "E:OSVersion=10.0.26100.1&CurrentBranch=ge_release&", "os.build", "26100.1" },
	{ "E:CurrentBranch=a;b&", "wua.currentbranch", "a;b" },
	{ "E:", "os.build", "" },
	{ "", "os.build", "" },
};

TEST(an_attribute_is_the_fact_that_its_row_says)
{
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		tell(lines[i].line);
		if (strcmp(said(lines[i].fact), lines[i].value) != 0)
			fail_msg("%s: %s is '%s'", lines[i].line, lines[i].fact,
				 said(lines[i].fact));
	}
}

TEST(a_value_of_four_kilobytes_is_cut_and_one_of_blanks_is_none)
{
	char line[4200] = "CurrentBranch=";

	memset(line + strlen(line), 'x', 4096);
	tell(line);
	assert_int_equal(strlen(said("wua.currentbranch")), ATTRIBUTE_TEXT - 1);
	assert_string_equal(said("wua.currentbranch") + ATTRIBUTE_TEXT - 4, "...");
	memset(line + strlen("CurrentBranch="), ' ', 200);
	line[strlen("CurrentBranch=") + 200] = '\0';
	tell(line);
	assert_int_equal(told.count, 0);
}

TEST(bytes_that_end_a_string_are_no_end_of_a_value)
{
	static const char line[] = "CurrentBranch=a\0b;OSVersion=10.0.26100.1;";

	attributes_of_line(&told, &(struct soap_text){ line, sizeof line - 1 });
	assert_string_equal(said("wua.currentbranch"), "a?b");
	assert_string_equal(said("os.build"), "26100.1");
}

TEST(what_is_told_again_is_no_news_however_it_is_written)
{
	struct problem p;

	tell("OSVersion=10.0.26100.3775;OSArchitecture=AMD64;");
	assert_true(attributes_are_news(&told, &facts));
	assert_int_equal(attributes_take(&told, &facts, 100), 2);
	assert_false(attributes_are_news(&told, &facts));
	assert_int_equal(facts.reported_s, 100);
	/* The other face of the device writes it so. */
	assert_int_equal(facts_set(&facts, "os.build", "10.0.26100.3775", 200,
				   FACT_REPORTED, NULL, &p),
			 0);
	assert_false(attributes_are_news(&told, &facts));
	assert_int_equal(attributes_take(&told, &facts, 300), 0);
	assert_string_equal(facts_get(&facts, "os.build"), "10.0.26100.3775");
	tell("OSVersion=10.0.26100.3981;");
	assert_true(attributes_are_news(&told, &facts));
	assert_int_equal(attributes_take(&told, &facts, 400), 1);
	assert_string_equal(facts_get(&facts, "os.build"), "26100.3981");
}

TEST(what_an_agent_does_not_name_is_left_alone)
{
	static const char *const others[] = { "vbs", "chpe", "os.kbs", "site" };
	struct problem p;

	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_int_equal(facts_set(&facts, others[i], "as it was", 1,
					   FACT_ASSERTED, NULL, &p),
				 0);
	tell("OSVersion=10.0.26100.3775;VBSState=0;HotpatchError=1;vbs=off;site=x;");
	attributes_take(&told, &facts, 2);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_string_equal(facts_get(&facts, others[i]), "as it was");
}

TEST(what_was_asserted_is_told_by_the_agent_from_then_on)
{
	struct problem p;

	assert_int_equal(facts_set(&facts, "os.arch", "x64", 1, FACT_ASSERTED, NULL, &p),
			 0);
	tell("OSArchitecture=AMD64;");
	assert_true(attributes_are_news(&told, &facts));
	attributes_take(&told, &facts, 2);
	assert_int_equal(facts_find(&facts, "os.arch")->source, FACT_REPORTED);
}

TEST(a_registration_tells_family_edition_and_maker_but_no_build)
{
	static const struct computer_info info = {
		.dns_name = { "PC-17.Lab", 9 },
		.manufacturer = { "Contoso \n", 9 },
		.model = { "<Gen1>", 6 },
		.arch = { "AMD64", 5 },
		.old_product_type = 1,
		.new_product_type = 4,
		.client_version = { 1507, 2601, 30012, 0 },
	};

	attributes_of_info(&told, &info);
	assert_string_equal(said("dns.name"), "pc-17.lab");
	assert_string_equal(said("hardware.manufacturer"), "Contoso");
	assert_string_equal(said("hardware.model"), "<Gen1>");
	assert_string_equal(said("os.arch"), "x64");
	assert_string_equal(said("os.family"), "client");
	assert_string_equal(said("os.edition"), "Enterprise");
	assert_string_equal(said("wua.version"), "1507.2601.30012.0");
	assert_false(attributes_name_level(&told));
}

TEST(a_registration_that_is_empty_tells_nothing)
{
	static const struct computer_info nothing = { .new_product_type = 999999 };

	attributes_of_info(&told, &nothing);
	assert_int_equal(told.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_attribute_is_the_fact_that_its_row_says,
				       set_up),
		cmocka_unit_test_setup(
			a_value_of_four_kilobytes_is_cut_and_one_of_blanks_is_none,
			set_up),
		cmocka_unit_test_setup(bytes_that_end_a_string_are_no_end_of_a_value,
				       set_up),
		cmocka_unit_test_setup(
			what_is_told_again_is_no_news_however_it_is_written, set_up),
		cmocka_unit_test_setup(what_an_agent_does_not_name_is_left_alone, set_up),
		cmocka_unit_test_setup(
			what_was_asserted_is_told_by_the_agent_from_then_on, set_up),
		cmocka_unit_test_setup(
			a_registration_tells_family_edition_and_maker_but_no_build,
			set_up),
		cmocka_unit_test_setup(a_registration_that_is_empty_tells_nothing,
				       set_up),
	};
	return cmocka_run_group_tests_name("wusp/attributes", tests, NULL, NULL);
}
