/* What sealing a catalog finds, and how it lays releases out (DESIGN 2.2, 2.5). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/findings.h"
#include "tests/lib/case.h"
#include "yard.h"

static struct catalog_draft *new_draft(void)
{
	static struct product product; /* large */
	struct catalog_draft *draft = catalog_draft_new();

	assert_non_null(draft);
	memset(&product, 0, sizeof product);
	strcpy(product.id, "p");
	strcpy(product.name, "P");
	product.family = FAMILY_CLIENT;
	product.base = 26100;
	product.from = (struct build){ 26100, 1 };
	catalog_draft_product(draft, &product, (struct origin){ "c.xml", 1 });
	return draft;
}

struct line_of {
	const char *kb, *build;
	enum release_kind kind;
	int cadence;
	int day;
	const char *baseline, *repairs, *supersedes;
	uint8_t archs;
};

static void add(struct catalog_draft *draft, const struct line_of *one, unsigned number)
{
	struct release_draft release = {
		.kb = one->kb,
		.build = one->build,
		.kind = one->kind,
		.cadence = one->cadence,
		.offer = -1,
		.archs = one->archs != 0 ? one->archs : ARCH_X64 | ARCH_ARM64,
		.published_s = DAYS(one->day),
		.baseline = one->baseline,
		.repairs = one->repairs,
		.track_hotpatch = one->kind == RELEASE_LCU && one->baseline != NULL,
		.supersedes_count = one->supersedes != NULL,
		.supersedes = { one->supersedes },
		.origin = { "c.xml", number },
	};
	catalog_draft_release(draft, &release);
}

static const struct {
	const char *what;
	struct line_of lines[3];
	const char *error; /* of the first finding; NULL: none */
} faults[] = {
	{ "well",
	  { { "KB1", "26100.1", RELEASE_BASELINE, -1, 1 },
	    { "KB2", "26100.2", RELEASE_HOTPATCH, -1, 2, "KB1" } },
	  NULL },
	{ "a baseline that is not there",
	  { { "KB1", "26100.1", RELEASE_BASELINE, -1, 1 },
	    { "KB2", "26100.2", RELEASE_HOTPATCH, -1, 2, "KB9" } },
	  "c.xml:3: error: KB2 has baseline KB9, which is no release" },
	{ "a baseline that is none",
	  { { "KB1", "26100.1", RELEASE_LCU, -1, 1 },
	    { "KB2", "26100.2", RELEASE_HOTPATCH, -1, 2, "KB1" } },
	  "c.xml:3: error: KB2 has baseline KB1, which is not of kind baseline" },
	{ "a baseline from later on",
	  { { "KB1", "26100.1", RELEASE_BASELINE, -1, 3 },
	    { "KB2", "26100.2", RELEASE_HOTPATCH, -1, 2, "KB1" } },
	  "c.xml:3: error: KB2 has baseline KB1, which is published after it" },
	{ "a KB of two builds, one from later on",
	  { { "KB1", "26100.5", RELEASE_BASELINE, -1, 3 },
	    { "KB1", "26100.1", RELEASE_BASELINE, -1, 1 },
	    { "KB2", "26100.2", RELEASE_HOTPATCH, -1, 2, "KB1" } },
	  NULL },
	{ "it repairs itself",
	  { { "KB1", "26100.1", RELEASE_LCU, CADENCE_OOB, 1, NULL, "KB1" } },
	  "c.xml:2: error: KB1 names itself as its repairs" },
	{ "they repair each other",
	  { { "KB1", "26100.1", RELEASE_LCU, CADENCE_OOB, 1, NULL, "KB2" },
	    { "KB2", "26100.2", RELEASE_LCU, CADENCE_OOB, 1, NULL, "KB1" } },
	  "c.xml:2: error: KB1 repairs a release that repairs it in turn" },
	{ "they supersede each other",
	  { { "KB1", "26100.1", RELEASE_LCU, -1, 1, NULL, NULL, "KB2" },
	    { "KB2", "26100.2", RELEASE_LCU, -1, 2, NULL, NULL, "KB1" } },
	  "c.xml:3: error: KB2 supersedes KB1, which supersedes it in turn" },
	{ "it is there already",
	  { { "KB1", "26100.1", RELEASE_LCU, -1, 1 },
	    { "KB2", "26100.2", RELEASE_LCU, -1, 1 },
	    { "KB1", "26100.1", RELEASE_LCU, -1, 2, NULL, NULL, NULL, ARCH_ARM64 } },
	  "c.xml:4: error: KB1 with build 26100.1 is there already, on line 2" },
	{ "two architectures, one release",
	  { { "KB1", "26100.1", RELEASE_LCU, -1, 1, NULL, NULL, NULL, ARCH_X64 },
	    { "KB1", "26100.1", RELEASE_LCU, -1, 1, NULL, NULL, NULL, ARCH_ARM64 } },
	  NULL },
	{ "two architectures, two things",
	  { { "KB1", "26100.1", RELEASE_LCU, -1, 1, NULL, NULL, NULL, ARCH_X64 },
	    { "KB1", "26100.1", RELEASE_LCU, -1, 2, NULL, NULL, NULL, ARCH_ARM64 } },
	  "c.xml:3: error: KB1 with build 26100.1 differs in kind or" },
	{ "another base",
	  { { "KB1", "26200.1", RELEASE_LCU, -1, 1 } },
	  "c.xml:2: error: KB1 has build 26200.1, but product 'p' has base" },
};

TEST(what_no_schema_knows_is_found_with_its_line)
{
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		struct catalog_draft *draft = new_draft();
		struct findings findings;
		char text[700] = "";
		findings_init(&findings);
		for (size_t l = 0; l < 3 && faults[i].lines[l].kb != NULL; l++)
			add(draft, &faults[i].lines[l], (unsigned)l + 2);
		struct catalog *catalog = catalog_seal(draft, &findings);
		if (findings.count > 0)
			finding_format(&findings.list[0], text, sizeof text);
		if ((catalog != NULL) != (faults[i].error == NULL) ||
		    (faults[i].error != NULL && strstr(text, faults[i].error) == NULL))
			fail_msg("%s: %s", faults[i].what, text);
		catalog_give(catalog);
		findings_fini(&findings);
		catalog_draft_free(draft);
	}
}

TEST(a_title_is_one_whatever_its_architectures)
{
	static const struct line_of lines[] = {
		{ "KB1", "26100.5", RELEASE_LCU, -1, 1, NULL, NULL, NULL, ARCH_X64 },
		{ "KB2", "26100.5", RELEASE_LCU, -1, 2, NULL, NULL, NULL, ARCH_X64 },
		{ "KB2", "26100.5", RELEASE_LCU, -1, 2, NULL, NULL, NULL, ARCH_ARM64 },
		{ "KB3", "26100.4", RELEASE_LCU, -1, 3, NULL, NULL, NULL, ARCH_ARM64 },
	};
	struct catalog_draft *draft = new_draft();
	struct findings findings;

	findings_init(&findings);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		add(draft, &lines[i], (unsigned)i + 2);
	struct catalog *catalog = catalog_seal(draft, &findings);
	assert_non_null(catalog);
	const struct product *product = catalog_product(catalog, "p");
	const struct line *x64 = product_line(product, ARCH_X64);
	const struct line *arm64 = product_line(product, ARCH_ARM64);
	assert_int_equal(catalog->title_count, 3);
	assert_int_equal(x64->count, 2);
	assert_int_equal(arm64->count, 2);
	assert_int_equal(x64->releases[1].title, arm64->releases[0].title);
	assert_int_equal(catalog->titles[x64->releases[1].title].archs,
			 ARCH_X64 | ARCH_ARM64);
	assert_int_equal(catalog_title(catalog, product, 3, (struct build){ 26100, 4 }),
			 arm64->releases[1].title);
	assert_int_equal(catalog_title(catalog, product, 3, (struct build){ 26100, 5 }),
			 -1);
	/* By publication, and found by build. */
	assert_int_equal(line_find_build(x64, (struct build){ 26100, 5 }), 0);
	assert_int_equal(line_find_build(arm64, (struct build){ 26100, 5 }), 1);
	assert_int_equal(line_find_build(arm64, (struct build){ 26100, 6 }), 2);
	catalog_give(catalog);
	findings_fini(&findings);
	catalog_draft_free(draft);
}

/* As long as a catalog may be: each supersedes and repairs the one before it. */
TEST(a_chain_as_long_as_the_catalog_is_no_matter)
{
	enum { COUNT = 20000 };
	struct catalog_draft *draft = new_draft();
	struct findings findings;
	char kb[16], before[16], build[32];

	findings_init(&findings);
	for (int i = 1; i <= COUNT; i++) {
		snprintf(kb, sizeof kb, "KB%d", i);
		snprintf(before, sizeof before, "KB%d", i - 1);
		snprintf(build, sizeof build, "26100.%d", i);
		struct line_of one = { kb, build, RELEASE_LCU,
				       i == 1 ? CADENCE_B : CADENCE_OOB, i };
		if (i > 1)
			one.repairs = one.supersedes = before;
		add(draft, &one, (unsigned)i + 1);
	}
	struct catalog *catalog = catalog_seal(draft, &findings);
	assert_non_null(catalog);
	const struct line *line = product_line(catalog_product(catalog, "p"), ARCH_X64);
	assert_int_equal(line->releases[COUNT - 1].anchor, 0);
	assert_int_equal(release_opens(line, COUNT - 1, DAYS(9)),
			 line->releases[COUNT - 1].published_s);
	catalog_give(catalog);
	findings_fini(&findings);
	catalog_draft_free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_schema_knows_is_found_with_its_line),
		cmocka_unit_test(a_title_is_one_whatever_its_architectures),
		cmocka_unit_test(a_chain_as_long_as_the_catalog_is_no_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
