/* The real catalog, as it is in conf/catalog. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/xml/catalog_xml.h"
#include "protocol/xml/files_read.h"
#include "tests/lib/case.h"

static const char *const files[] = {
	PROJECT_SOURCE_DIR "/conf/catalog/windows-11-24h2.xml",
	PROJECT_SOURCE_DIR "/conf/catalog/windows-11-25h2.xml",
	PROJECT_SOURCE_DIR "/conf/catalog/windows-server-2025.xml",
	PROJECT_SOURCE_DIR "/conf/catalog/windows-server-2022-azure.xml",
};

static struct catalog *catalog;

static void print_findings(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		char line[700];
		puts(finding_format(&findings->list[i], line, sizeof line));
	}
}

static int load(void **state)
{
	struct findings findings;
	struct problem p = { 0 };

	(void)state;
	findings_init(&findings);
	struct catalog_draft *draft = catalog_draft_new();
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		size_t size;
		char *text = files_read(files[i], LIMIT_XML_DOCUMENT, &size, &p);
		if (text == NULL)
			puts(p.text);
		else
			(void)catalog_xml_read(draft, files[i], text, size, &findings);
		free(text);
	}
	catalog = catalog_seal(draft, &findings);
	print_findings(&findings);
	bool clean = findings.errors == 0 && findings.warnings == 0;
	catalog_draft_free(draft);
	findings_fini(&findings);
	return catalog != NULL && clean ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	catalog_give(catalog);
	return 0;
}

static const struct line *line_of(const char *product, enum arch arch)
{
	const struct product *found = catalog_product(catalog, product);
	assert_non_null(found);
	const struct line *line = product_line(found, arch);
	assert_non_null(line);
	return line;
}

/* The index of a KB on its line; fails when it is not there. */
static int32_t find(const struct line *line, const char *kb)
{
	uint32_t number = 0;

	assert_true(kb_parse(kb, &number));
	for (size_t i = 0; i < line->count; i++) {
		if (line->releases[i].kb == number)
			return (int32_t)i;
	}
	fail_msg("%s is not on the line of %s", kb, line->product->id);
	return -1;
}

static const struct release *release_of(const char *product, const char *kb)
{
	const struct line *line = line_of(product, ARCH_X64);
	return &line->releases[find(line, kb)];
}

TEST(every_product_has_the_releases_of_its_history)
{
	/* The public history has 380 rows for these lines.  Five are not in the catalog:
	 * KB5129241 for 24H2 on two architectures and KB5122882 are not verified, and
	 * two hotpatches of Server 2025 in 2024 have no baseline in it. */
	static const struct {
		const char *product;
		enum arch arch;
		size_t all, by_kind[RELEASE_KINDS], oob, approval;
	} rows[] = {
		/* clang-format off */
		/*                                            rtm base hot lcu prev  oob ask */
		{ "windows-11-24h2",           ARCH_X64,   77, { 1, 10, 20, 25, 21 }, 17, 32 },
		{ "windows-11-24h2",           ARCH_ARM64, 77, { 1, 10, 20, 25, 21 }, 17, 32 },
		{ "windows-11-25h2",           ARCH_X64,   43, { 1,  6, 13, 13, 10 }, 14, 17 },
		{ "windows-11-25h2",           ARCH_ARM64, 43, { 1,  6, 13, 13, 10 }, 14, 17 },
		{ "windows-server-2025",       ARCH_X64,   49, { 1,  9, 13, 26,  0 }, 13, 10 },
		{ "windows-server-2022-azure", ARCH_X64,   86, { 0, 17, 29, 40,  0 }, 15, 11 },
		/* clang-format on */
	};
	size_t sum = 0;

	assert_int_equal(catalog->product_count, COUNT_OF(files));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct line *line = line_of(rows[i].product, rows[i].arch);
		size_t by_kind[RELEASE_KINDS] = { 0 }, oob = 0, approval = 0;
		for (size_t r = 0; r < line->count; r++) {
			by_kind[line->releases[r].kind]++;
			oob += line->releases[r].cadence == CADENCE_OOB;
			approval += line->releases[r].offer == OFFER_APPROVAL;
		}
		if (line->count != rows[i].all || oob != rows[i].oob ||
		    approval != rows[i].approval ||
		    memcmp(by_kind, rows[i].by_kind, sizeof by_kind) != 0)
			fail_msg("%s on %s: %zu releases", rows[i].product,
				 arch_name(rows[i].arch), line->count);
		sum += line->count;
	}
	assert_int_equal(sum, 375);
	assert_null(product_line(catalog_product(catalog, "windows-server-2025"),
				 ARCH_ARM64));
}

TEST(an_update_is_published_at_ten_pacific_in_summer_and_in_winter)
{
	static const struct {
		const char *product, *kb, *published;
	} rows[] = {
		{ "windows-11-24h2", "KB5044384", "2024-10-24T17:00:00Z" },
		{ "windows-11-24h2", "KB5046617", "2024-11-12T18:00:00Z" },
		{ "windows-11-24h2", "KB5052093", "2025-02-25T18:00:00Z" },
		{ "windows-11-24h2", "KB5053598", "2025-03-11T17:00:00Z" },
		{ "windows-11-24h2", "KB5055523", "2025-04-08T17:00:00Z" },
		{ "windows-server-2022-azure", "KB5082314", "2026-03-02T18:00:00Z" },
		{ "windows-server-2022-azure", "KB5078737", "2026-03-10T17:00:00Z" },
		{ "windows-11-25h2", "KB5067036", "2025-10-28T17:00:00Z" },
		{ "windows-11-25h2", "KB5068861", "2025-11-11T18:00:00Z" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char at[INSTANT_TEXT];
		instant_format(release_of(rows[i].product, rows[i].kb)->published_s, at);
		if (strcmp(at, rows[i].published) != 0)
			fail_msg("%s: %s", rows[i].kb, at);
	}
}

TEST(one_build_may_belong_to_a_quarter_under_one_kb_and_to_none_under_another)
{
	static const struct {
		const char *product, *in, *out, *baseline;
		uint32_t revision;
	} rows[] = {
		{ "windows-server-2025", "KB5070893", "KB5070881", "KB5066835", 6905 },
		{ "windows-server-2022-azure", "KB5070892", "KB5070884", "KB5066782",
		  4297 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct line *line = line_of(rows[i].product, ARCH_X64);
		const struct release *in = &line->releases[find(line, rows[i].in)];
		const struct release *out = &line->releases[find(line, rows[i].out)];
		assert_true(build_equal(in->build, out->build));
		assert_int_equal(in->build.revision, rows[i].revision);
		assert_int_equal(in->quarter, find(line, rows[i].baseline));
		assert_int_equal(out->quarter, -1);
		assert_int_equal(in->kind, RELEASE_LCU);
		assert_int_equal(out->kind, RELEASE_LCU);
	}
}

TEST(a_repair_leads_to_the_release_that_it_opens_with)
{
	static const struct {
		const char *product, *kb, *repairs, *anchor;
	} rows[] = {
		{ "windows-11-24h2", "KB5061258", "KB5058497", "KB5058497" },
		{ "windows-11-24h2", "KB5061977", "KB5058411", "KB5058411" },
		{ "windows-11-24h2", "KB5078167", "KB5074109", "KB5074109" },
		{ "windows-11-24h2", "KB5078127", "KB5074109", "KB5074109" },
		{ "windows-11-24h2", "KB5084597", "KB5079420", "KB5079420" },
		{ "windows-11-24h2", "KB5084897", "KB5084597", "KB5079420" },
		{ "windows-11-24h2", "KB5085518", "KB5084897", "KB5079420" },
		{ "windows-11-24h2", "KB5085516", "KB5079473", "KB5079473" },
		{ "windows-11-24h2", "KB5086672", "KB5079391", "KB5079391" },
		{ "windows-11-25h2", "KB5072753", "KB5068966", "KB5068966" },
		{ "windows-11-25h2", "KB5121768", "KB5101650", "KB5101650" },
		{ "windows-11-25h2", "KB5129241", "KB5124008", "KB5124008" },
		{ "windows-server-2025", "KB5070881", "KB5066835", "KB5066835" },
		{ "windows-server-2025", "KB5070893", "KB5066835", "KB5066835" },
		{ "windows-server-2025", "KB5091470", "KB5082063", "KB5082063" },
		{ "windows-server-2025", "KB5091157", "KB5082063", "KB5082063" },
		{ "windows-server-2022-azure", "KB5091576", "KB5082142", "KB5082142" },
		/* It names nothing: what it repairs is not in the catalog. */
		{ "windows-server-2022-azure", "KB5129237", "KB5120242", "KB5120242" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct line *line = line_of(rows[i].product, ARCH_X64);
		const struct release *r = &line->releases[find(line, rows[i].kb)];
		if (r->cadence != CADENCE_OOB ||
		    r->repairs != find(line, rows[i].repairs) ||
		    r->anchor != find(line, rows[i].anchor))
			fail_msg("%s on %s", rows[i].kb, rows[i].product);
	}
}

TEST(the_type_of_a_month_comes_from_the_history_and_not_from_the_calendar)
{
	static const struct {
		const char *product, *kb;
	} unplanned[] = {
		{ "windows-server-2022-azure", "KB5041160" },
		{ "windows-11-24h2", "KB5094126" },
		{ "windows-11-25h2", "KB5094126" },
		{ "windows-server-2025", "KB5094125" },
		{ "windows-server-2022-azure", "KB5094128" },
		{ "windows-server-2025", "KB5122871" },
	};

	for (size_t i = 0; i < COUNT_OF(unplanned); i++)
		assert_int_equal(release_of(unplanned[i].product, unplanned[i].kb)->kind,
				 RELEASE_BASELINE);
	/* September 2024 stands on August's baseline, not on July's. */
	const struct line *line = line_of("windows-server-2022-azure", ARCH_X64);
	assert_int_equal(line->releases[find(line, "KB5042880")].quarter,
			 find(line, "KB5041160"));
}

TEST(a_planned_baseline_lies_ahead_at_any_time_of_2025_and_2026)
{
	for (size_t i = 0; i < catalog->product_count; i++) {
		const struct product *product = &catalog->products[i];
		char last[INSTANT_TEXT];

		assert_true(product->planned_count >= 6);
		instant_format(product->planned[product->planned_count - 1].date_s, last);
		assert_string_equal(last, "2027-01-12T00:00:00Z");
		for (size_t p = 0; p < product->planned_count; p++) {
			struct civil day = civil_of(product->planned[p].date_s);
			assert_int_equal(product->planned[p].kind, RELEASE_BASELINE);
			assert_int_equal(day.month % 3, 1);
			assert_int_equal(day.weekday, 2);
			assert_in_range(day.day, 8, 14); /* the second Tuesday */
		}
	}
}

TEST(editions_and_floors_are_those_of_each_product)
{
	static const struct {
		const char *product;
		enum family family;
		uint32_t base, revision;
		size_t editions;
	} rows[] = {
		{ "windows-11-24h2", FAMILY_CLIENT, 26100, 2033, 8 },
		{ "windows-11-25h2", FAMILY_CLIENT, 26200, 6584, 8 },
		{ "windows-server-2025", FAMILY_SERVER, 26100, 1742, 6 },
		{ "windows-server-2022-azure", FAMILY_SERVER, 20348, 1487, 2 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct product *p = catalog_product(catalog, rows[i].product);
		assert_non_null(p);
		assert_int_equal(p->family, rows[i].family);
		assert_int_equal(p->base, rows[i].base);
		assert_int_equal(p->from.base, rows[i].base);
		assert_int_equal(p->from.revision, rows[i].revision);
		assert_int_equal(p->edition_count, rows[i].editions);
		for (size_t e = 0; e < p->edition_count; e++)
			assert_string_not_equal(p->editions[e], "Professional");
	}
	const struct product *p = catalog_product(catalog, "windows-11-25h2");
	assert_int_equal(p->leaves_track_count, 1);
	assert_int_equal(p->leaves_track[0], 5054156);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_product_has_the_releases_of_its_history),
		cmocka_unit_test(
			an_update_is_published_at_ten_pacific_in_summer_and_in_winter),
		cmocka_unit_test(
			one_build_may_belong_to_a_quarter_under_one_kb_and_to_none_under_another),
		cmocka_unit_test(a_repair_leads_to_the_release_that_it_opens_with),
		cmocka_unit_test(
			the_type_of_a_month_comes_from_the_history_and_not_from_the_calendar),
		cmocka_unit_test(
			a_planned_baseline_lies_ahead_at_any_time_of_2025_and_2026),
		cmocka_unit_test(editions_and_floors_are_those_of_each_product),
	};
	return cmocka_run_group_tests_name("conf_catalog", tests, load, unload);
}
