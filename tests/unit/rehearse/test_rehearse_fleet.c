/* Fleets as people write them: what is read, and what is told of what is wrong. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/findings.h"
#include "engine/instant.h"
#include "protocol/xml/files_read.h"
#include "protocol/xml/fleet_xml.h"
#include "protocol/xml/zone_files.h"
#include "real_catalog.h"
#include "tests/lib/case.h"

#include "engine/rehearsal/fleet.h"

static struct fleet *read_text(const char *text, size_t size, struct findings *findings)
{
	struct zone_files *zones = zone_files_new();
	struct catalog *catalog = real_catalog();
	const struct fleet_place place = { catalog, zone_files_find, zones };
	struct fleet *fleet = fleet_xml_read("f.xml", text, size, &place, findings);

	catalog_give(catalog);
	zone_files_free(zones);
	return fleet;
}

static struct fleet *read(const char *inner, struct findings *findings)
{
	char text[4096];
	int size = snprintf(
		text, sizeof text,
		"<fleet xmlns=\"urn:patchyard:fleet:1\" devices=\"10\">\n%s\n</fleet>",
		inner);

	findings_init(findings);
	return read_text(text, (size_t)size, findings);
}

#define P "<product id='windows-11-24h2'/>"

TEST(what_is_wrong_is_told_with_its_line_and_what_would_be_right)
{
	static const struct {
		const char *inner, *says;
	} rows[] = {
		{ "", "no <group>" },
		{ "<group name='a'/>", "f.xml:2: error: group 'a' says not what it runs "
				       "(add <product id=\"windows-11-24h2\"/>)" },
		{ "<group name='a'><product id='windows-11-24h3'/></group>",
		  "f.xml:2: error: product 'windows-11-24h3' is not in the catalog (did "
		  "you mean 'windows-11-24h2'?)" },
		{ "<group name='a'><product id='windows-11-24h2' "
		  "kb='KB1234567'/></group>",
		  "has no KB1234567 for x64" },
		{ "<group name='a'><product id='windows-server-2025' "
		  "arch='arm64'/></group>",
		  "is not there for arm64" },
		{ "<group name='a'>" P "<work from='08:00'/></group>",
		  "<work> says only when it begins" },
		{ "<group name='a'>" P "<work from='08:00' to='08:00'/></group>",
		  "it holds no time" },
		{ "<group name='a'>" P "\n<work from='08:00' to='17:00' "
		  "zone='Europe/Berlni'/></group>",
		  "f.xml:3: error: there is no time zone 'Europe/Berlni'" },
		{ "<group name='a'>" P "<install least='2h' most='1h'/></group>",
		  "<install> takes at least longer than at most" },
		{ "<group name='a'>" P
		  "<fact name='os.build'><value>1</value></fact></group>",
		  "follows from what the device runs" },
		{ "<group name='a'>" P "<offline share='100%'/></group>",
		  "would never be in reach" },
		{ "<group name='a'>" P "<poll every='10s'/></group>", "(1m to 7d)" },
		{ "<grup name='a'/>", "did you mean" },
		{ "<group name='a'>" P "</group><failure rate='200%'/>", "0% to 100%" },
		{ "<group name='a'>" P
		  "</group>\n<failure rate='2%'><match>vbs ==</match>"
		  "</failure>",
		  "f.xml:3: error: " },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct findings findings;
		char text[700] = "";
		struct fleet *fleet = read(rows[i].inner, &findings);
		if (fleet != NULL)
			fail_msg("%s: it was taken", rows[i].inner);
		assert_true(findings.errors > 0);
		finding_format(&findings.list[0], text, sizeof text);
		if (strstr(text, rows[i].says) == NULL)
			fail_msg("%s: says %s", rows[i].inner, text);
		findings_fini(&findings);
	}
}

TEST(shares_spans_hours_and_rates_are_read_as_written)
{
	struct findings findings;
	struct fleet *fleet = read(
		"<group name='a' share='7%'>"
		"<product id='windows-11-24h2' arch='arm64' share='3' behind-days='40'/>"
		"<fact name='VBS'><value share='2'>running</value><not-reported/></fact>"
		"<work from='22:00' to='06:30' days='Sat Sun' zone='Asia/Kolkata'/>"
		"<offline share='2.5%' least='1d' most='3d'/><poll every='90m'/>"
		"<restart at-once='1' deadline='4' least='1m' most='2m'/></group>"
		"<failure rate='0.25%' spread='0.05%' again='50%' code='0x80070643' "
		"kind='lcu'><match>vbs = off</match></failure>",
		&findings);

	assert_non_null(fleet);
	assert_int_equal(fleet->devices, 10);
	const struct fleet_group *group = fleet->groups[0];
	assert_int_equal(group->share, 7);
	assert_int_equal(group->products[0].arch, ARCH_ARM64);
	assert_int_equal(group->products[0].behind_days, 40);
	assert_string_equal(group->facts[0].name, "vbs");
	assert_int_equal(group->facts[0].values[0].share, 2);
	assert_true(group->facts[0].values[1].not_reported);
	assert_int_equal(group->works[0].on.from_minute, 22 * 60);
	assert_int_equal(group->works[0].on.to_minute, 6 * 60 + 30);
	assert_int_equal(group->works[0].on.weekdays, 1 | 1 << 6);
	assert_non_null(group->works[0].zone);
	assert_int_equal(group->offline_ppm, 25000);
	assert_int_equal(group->offline.most_s, 3 * DAY_S);
	assert_int_equal(group->poll.least_s, 90 * MINUTE_S);
	assert_int_equal(group->habit_shares[HABIT_END_OF_DAY], 0);
	assert_int_equal(group->habit_shares[HABIT_DEADLINE], 4);
	const struct fleet_failure *failure = &fleet->failures[0];
	assert_int_equal(failure->rate_ppm, 2500);
	assert_int_equal(failure->spread_ppm, 500);
	assert_int_equal(failure->again_ppm, 500000);
	assert_int_equal(failure->code, 0x80070643);
	assert_true(failure->has_kind);
	assert_int_equal(failure->kind, RELEASE_LCU);
	assert_non_null(failure->match);
	fleet_free(fleet);
	findings_fini(&findings);
}

TEST(the_sample_fleet_is_in_order)
{
	struct findings findings;
	size_t size;
	char *text = files_read(PROJECT_SOURCE_DIR "/conf/fleet.xml", 1024 * 1024, &size,
				NULL);

	findings_init(&findings);
	assert_non_null(text);
	struct fleet *fleet = read_text(text, size, &findings);
	assert_non_null(fleet);
	assert_int_equal(findings.errors + findings.warnings, 0);
	assert_int_equal(fleet->devices, 100000);
	fleet_free(fleet);
	findings_fini(&findings);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_is_wrong_is_told_with_its_line_and_what_would_be_right),
		cmocka_unit_test(shares_spans_hours_and_rates_are_read_as_written),
		cmocka_unit_test(the_sample_fleet_is_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
