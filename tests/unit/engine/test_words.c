#include "tests/lib/case.h"

#include <stdbool.h>
#include <string.h>

#include "engine/catalog.h"

TEST(builds_are_read_with_and_without_windows_version)
{
	static const struct {
		const char *text;
		uint32_t base, revision;
	} cases[] = {
		{ "26100.3775", 26100, 3775 },   { "10.0.26100.3775", 26100, 3775 },
		{ "26100.0", 26100, 0 },         { "1.4294967295", 1, UINT32_MAX },
		{ "026100.03775", 26100, 3775 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct build build = { 0, 0 };
		if (!build_parse(cases[i].text, &build) || build.base != cases[i].base ||
		    build.revision != cases[i].revision)
			fail_msg("%s: read as %u.%u", cases[i].text, build.base,
				 build.revision);
	}
}

TEST(other_builds_are_refused_and_change_nothing)
{
	static const char *const bad[] = {
		"",           "26100",        "26100.",           ".3775",
		"0.1",        "26100.3775.1", "26100.3775 ",      " 26100.3775",
		"10.0.26100", "26100.-1",     "26100,3775",       "10.0.",
		"26100.x",    "4294967296.1", "26100.4294967296", "11.0.26100.1",
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct build build = { 7, 7 };
		if (build_parse(bad[i], &build) || build.base != 7 || build.revision != 7)
			fail_msg("'%s' was taken", bad[i]);
	}
}

TEST(a_build_is_written_as_base_and_revision)
{
	char text[BUILD_TEXT];
	struct build longest = { UINT32_MAX, UINT32_MAX };

	assert_string_equal(build_format((struct build){ 26100, 3775 }, text),
			    "26100.3775");
	assert_string_equal(build_format(longest, text), "4294967295.4294967295");
	assert_true(build_equal(longest, longest));
	assert_false(build_equal((struct build){ 1, 2 }, (struct build){ 1, 3 }));
	assert_false(build_equal((struct build){ 1, 2 }, (struct build){ 2, 2 }));
}

TEST(kbs_are_read_in_any_case_or_as_digits)
{
	static const char *const good[] = { "KB5055523", "kb5055523", "Kb5055523",
					    "5055523" };
	static const char *const bad[] = { "",      "KB",         "KB0",         "0",
					   "KB-1",  "KB5055523x", " KB1",        "KB 1",
					   "KBKB1", "B5055523",   "KB4294967296" };
	uint32_t kb;

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		kb = 0;
		if (!kb_parse(good[i], &kb) || kb != 5055523)
			fail_msg("%s: read as %u", good[i], kb);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		kb = 7;
		if (kb_parse(bad[i], &kb) || kb != 7)
			fail_msg("'%s' was taken", bad[i]);
	}
}

TEST(a_kb_is_written_with_its_letters_and_none_is_empty)
{
	char text[KB_TEXT];

	assert_string_equal(kb_format(5055523, text), "KB5055523");
	assert_string_equal(kb_format(UINT32_MAX, text), "KB4294967295");
	assert_string_equal(kb_format(0, text), "");
}

TEST(architectures_and_families_have_names_both_ways)
{
	assert_int_equal(arch_parse("x64"), ARCH_X64);
	assert_int_equal(arch_parse("AMD64"), ARCH_X64);
	assert_int_equal(arch_parse("ARM64"), ARCH_ARM64);
	assert_int_equal(arch_parse("x86"), ARCH_NONE);
	assert_int_equal(arch_parse(""), ARCH_NONE);
	assert_string_equal(arch_name(ARCH_X64), "x64");
	assert_string_equal(arch_name(ARCH_ARM64), "arm64");
	assert_string_equal(arch_name(ARCH_NONE), "");
	assert_int_equal(family_parse("Client"), FAMILY_CLIENT);
	assert_int_equal(family_parse("server"), FAMILY_SERVER);
	assert_int_equal(family_parse("phone"), FAMILY_NONE);
	assert_string_equal(family_name(FAMILY_CLIENT), "client");
	assert_string_equal(family_name(FAMILY_SERVER), "server");
	assert_string_equal(family_name(FAMILY_NONE), "");
}

/* These names are written into catalogs and stores: they may not change. */
TEST(names_of_kinds_cadences_and_offers_are_stable)
{
	static const char *const kinds[] = { "rtm", "baseline", "hotpatch", "lcu",
					     "preview" };
	static const char *const cadences[] = { "B", "D", "OOB" };
	static const char *const offers[] = { "auto", "approval", "never" };

	assert_int_equal(COUNT_OF(kinds), RELEASE_KINDS);
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		assert_string_equal(release_kind_names[i], kinds[i]);
	assert_int_equal(COUNT_OF(cadences), CADENCES);
	for (size_t i = 0; i < COUNT_OF(cadences); i++)
		assert_string_equal(cadence_names[i], cadences[i]);
	assert_int_equal(COUNT_OF(offers), RELEASE_OFFERS);
	for (size_t i = 0; i < COUNT_OF(offers); i++)
		assert_string_equal(release_offer_names[i], offers[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_are_read_with_and_without_windows_version),
		cmocka_unit_test(other_builds_are_refused_and_change_nothing),
		cmocka_unit_test(a_build_is_written_as_base_and_revision),
		cmocka_unit_test(kbs_are_read_in_any_case_or_as_digits),
		cmocka_unit_test(a_kb_is_written_with_its_letters_and_none_is_empty),
		cmocka_unit_test(architectures_and_families_have_names_both_ways),
		cmocka_unit_test(names_of_kinds_cadences_and_offers_are_stable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
