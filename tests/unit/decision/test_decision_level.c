/* Product, level, track and order (DESIGN 2.1, 2.2). */

#include <stdio.h>
#include <string.h>

#include "engine/history.h"
#include "tests/lib/case.h"
#include "yard.h"

/* Two KBs with one build; an OOB hotpatch numbered above an OOB update; client and
 * server with one base. */
static const char *const october[] = {
	"product server server 26100 from=26100.1742 planned=2026-01-13",
	"- 26100.1742 rtm 2024-11-01",
	"KB5065426 26100.6584 lcu 2025-09-09",
	"KB5066835 26100.6899 baseline 2025-10-14",
	"KB5070881 26100.6905 lcu 2025-10-23 OOB",
	"KB5070893 26100.6905 lcu 2025-10-24 OOB baseline=KB5066835 track",
	"KB5068966 26100.7092 hotpatch 2025-11-11 baseline=KB5066835",
	"KB5068861 26100.7171 lcu 2025-11-11",
	"KB5073379 26100.7623 baseline 2026-01-13",
	"KB5078127 26100.7628 lcu 2026-01-24 OOB",
	"KB5078167 26100.7634 hotpatch 2026-01-24 OOB baseline=KB5073379",
	"KB5075942 26100.7781 hotpatch 2026-02-10 baseline=KB5073379",
	"KB5075899 26100.7840 lcu 2026-02-10",
	"product client client 26100 from=26100.2033",
	"KB5083769 26100.8246 baseline 2026-04-14",
	"product younger client 26200 from=26200.6584 leaves=KB5054156",
	"KB5066835 26200.6899 baseline 2025-10-14",
	"KB5068966 26200.7092 hotpatch 2025-11-11 baseline=KB5066835",
	"KB5068861 26200.7171 lcu 2025-11-11",
	"KB5074109 26200.7623 baseline 2026-01-13",
};

static void open_october(struct yard *y)
{
	yard_open(y, october, COUNT_OF(october), NULL, 0);
}

TEST(a_product_is_found_by_family_and_base)
{
	static const struct {
		const char *what, *family, *arch, *build, *product;
		enum reason reason;
	} cases[] = {
		{ "family and base", "server", "x64", "26100.6899", "server",
		  REASON_NONE },
		{ "the other family", "client", "x64", "26100.6899", "client",
		  REASON_NONE },
		{ "any case", "Server", "X64", "26100.6899", "server", REASON_NONE },
		{ "a base of one product needs no family", NULL, "x64", "26200.6899",
		  "younger", REASON_NONE },
		{ "a base of two does", NULL, "x64", "26100.6899", NULL,
		  REASON_FACTS_MISSING },
		{ "full build", "server", "x64", "10.0.26100.6899", "server",
		  REASON_NONE },
		{ "no build", "server", "x64", NULL, NULL, REASON_FACTS_MISSING },
		{ "no build to read", "server", "x64", "24H2", NULL,
		  REASON_FACTS_MISSING },
		{ "no architecture", "server", NULL, "26100.6899", NULL,
		  REASON_FACTS_MISSING },
		{ "another architecture", "server", "x86", "26100.6899", NULL,
		  REASON_NO_PRODUCT },
		{ "another base", "server", "x64", "20348.100", NULL, REASON_NO_PRODUCT },
		{ "another family", "phone", "x64", "26200.6899", NULL,
		  REASON_NO_PRODUCT },
	};
	struct yard y;

	open_october(&y);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, "26100.6899", "", at("2025-10-20"));
		yard_fact(&y, "os.family", cases[i].family, at("2025-10-20"));
		yard_fact(&y, "os.arch", cases[i].arch, at("2025-10-20"));
		yard_fact(&y, "os.build", cases[i].build, at("2025-10-20"));
		const struct decision *d = yard_decide(&y, at("2025-10-20"));
		if (cases[i].reason != REASON_NONE &&
		    (d->standing != STANDING_NOT_READY || d->action != ACTION_NONE ||
		     d->line != NULL || d->reasons[0] != cases[i].reason))
			fail_msg("%s: %s", cases[i].what,
				 reason_face(d->reasons[0])->name);
		if (cases[i].product != NULL &&
		    (d->line == NULL || strcmp(d->product->id, cases[i].product) != 0))
			fail_msg("%s: not %s", cases[i].what, cases[i].product);
	}
	yard_close(&y);
}

TEST(a_level_is_a_kb_and_a_build)
{
	static const struct {
		const char *what, *build, *kbs;
		enum level_state state;
		uint32_t kb;
		enum track track;
	} cases[] = {
		{ "build and KB", "26100.6899", "KB5066835", LEVEL_KNOWN, 5066835,
		  TRACK_HOTPATCH },
		{ "one release has the build", "26100.6899", NULL, LEVEL_KNOWN, 5066835,
		  TRACK_HOTPATCH },
		{ "and its KB is not listed", "26100.7092", "KB1 KB2", LEVEL_KNOWN,
		  5068966, TRACK_HOTPATCH },
		{ "two KBs: the one off the track", "26100.6905", "KB5066835 KB5070881",
		  LEVEL_KNOWN, 5070881, TRACK_STANDARD },
		{ "two KBs: the one on it", "26100.6905", "kb5070893,KB5066835",
		  LEVEL_KNOWN, 5070893, TRACK_HOTPATCH },
		{ "two KBs, digits and other white space", "26100.6905",
		  "5066835\t5070893\n", LEVEL_KNOWN, 5070893, TRACK_HOTPATCH },
		{ "two KBs: none listed", "26100.6905", "KB5066835", LEVEL_AMBIGUOUS, 0,
		  TRACK_STANDARD },
		{ "two KBs: both listed", "26100.6905", "KB5070881 KB5070893",
		  LEVEL_AMBIGUOUS, 0, TRACK_STANDARD },
		{ "two KBs: nothing reported", "26100.6905", NULL, LEVEL_AMBIGUOUS, 0,
		  TRACK_STANDARD },
		{ "a KB that only contains the digits", "26100.6905", "KB50708930",
		  LEVEL_AMBIGUOUS, 0, TRACK_STANDARD },
		{ "no release has the build", "26100.6900", "KB5066835", LEVEL_UNKNOWN, 0,
		  TRACK_STANDARD },
		{ "as delivered", "26100.1742", "", LEVEL_KNOWN, 0, TRACK_STANDARD },
		{ "a fact is a fact before its publication", "26100.7623", "KB5073379",
		  LEVEL_KNOWN, 5073379, TRACK_HOTPATCH },
	};
	struct yard y;

	open_october(&y);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, cases[i].build, "", at("2025-11-20"));
		yard_fact(&y, "os.family", "server", at("2025-11-20"));
		yard_fact(&y, "os.kbs", cases[i].kbs, at("2025-11-20"));
		const struct decision *d = yard_decide(&y, at("2025-11-20"));
		if (d->level.state != cases[i].state || d->level.kb != cases[i].kb ||
		    d->track != cases[i].track)
			fail_msg("%s: state %d, KB%u, track %d", cases[i].what,
				 d->level.state, d->level.kb, d->track);
	}
	yard_close(&y);
}

/* 2.2: what is above what, by KB. */
TEST(there_is_one_order_and_it_never_compares_builds_across_tracks)
{
	static const struct {
		uint32_t release, level;
		bool above, below;
	} cases[] = {
		{ 5068966, 5066835, true, false },  /* hotpatch over its baseline */
		{ 5068861, 5066835, true, false },  /* and the update of that month */
		{ 5068861, 5068966, false, false }, /* equally current */
		{ 5073379, 5068966, true, false },  /* baseline over the older quarter */
		{ 5073379, 5070893, true, false },  { 5070893, 5066835, true, false },
		{ 5070893, 5070881, true, false },  /* a day later, the same build */
		{ 5078167, 5078127, false, false }, /* 7634 and 7628, the same day */
		{ 5078167, 5073379, true, false },  { 5078127, 5073379, true, false },
		{ 5075942, 5078167, true, false },  { 5075899, 5075942, false, false },
		{ 5068861, 5070881, true, false },  { 5066835, 5066835, false, false },
	};
	struct yard y;

	open_october(&y);
	const struct line *line =
		product_line(catalog_product(y.catalog, "server"), ARCH_X64);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int32_t release = -1, level = -1;
		for (int32_t r = 0; r < (int32_t)line->count; r++) {
			if (line->releases[r].kb == cases[i].release)
				release = r;
			if (line->releases[r].kb == cases[i].level)
				level = r;
		}
		if (release_above(line, release, level) != cases[i].above ||
		    release_above(line, level, release) != cases[i].below)
			fail_msg("KB%u and KB%u", cases[i].release, cases[i].level);
	}
	yard_close(&y);
}

/* A late fix for an old quarter is not above a newer baseline, and that baseline is
 * above it, whatever came first. */
TEST(a_baseline_is_above_every_release_of_an_older_quarter)
{
	static const char *const lines[] = {
		"product p client 26100 from=26100.1",
		"KB1 26100.10 baseline 2025-01-14",
		"KB2 26100.20 baseline 2025-04-08",
		"KB3 26100.15 hotpatch 2025-04-10 OOB baseline=KB1",
		"KB4 26100.21 hotpatch 2025-04-09 OOB baseline=KB2",
	};
	struct yard y;

	yard_open(&y, lines, COUNT_OF(lines), NULL, 0);
	const struct line *line = product_line(catalog_product(y.catalog, "p"), ARCH_X64);
	/* In order of publication: KB1 KB2 KB4 KB3. */
	assert_true(release_above(line, 1, 3));
	assert_false(release_above(line, 3, 1));
	assert_true(release_above(line, 3, 0));
	assert_true(release_above(line, 2, 1));

	yard_device(&y, "26100.15", "KB1 KB3", at("2025-04-11"));
	assert_string_equal(yard_line(&y, at("2025-04-11")),
			    "install KB2 b: new-quarter");
	yard_device(&y, "26100.20", "KB2", at("2025-04-11"));
	assert_string_equal(yard_line(&y, at("2025-04-11")), "install KB4 a");
	yard_close(&y);
}

TEST(a_level_that_is_not_known_takes_greater_cumulative_builds)
{
	static const struct {
		const char *what, *build, *line;
	} cases[] = {
		{ "unknown", "26100.6900", "install KB5068861 d: level-unknown" },
		{ "ambiguous", "26100.6905", "install KB5068861 d: level-ambiguous" },
		{ "newer than the catalog", "26100.9999", "waiting -: level-ahead" },
		{ "just above the newest", "26100.7172", "waiting -: level-ahead" },
	};
	struct yard y;

	open_october(&y);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, cases[i].build, "", at("2025-11-20"));
		yard_fact(&y, "os.family", "server", at("2025-11-20"));
		if (strcmp(yard_line(&y, at("2025-11-20")), cases[i].line) != 0)
			fail_msg("%s: %s", cases[i].what,
				 yard_line(&y, at("2025-11-20")));
	}
	yard_close(&y);
}

TEST(off_the_track_the_next_planned_baseline_says_when_it_ends)
{
	static const struct {
		const char *what, *now;
		const char *rejoin;
	} cases[] = {
		{ "planned", "2025-11-20", "2026-01-13T00:00:00Z" },
		{ "on the day, before the hour", "2026-01-13T10:00:00Z",
		  "2026-01-13T00:00:00Z" },
		{ "the day after", "2026-01-14T00:00:00Z", NULL },
	};
	struct yard y;

	open_october(&y);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, "26100.6905", "KB5070881", at(cases[i].now));
		yard_fact(&y, "os.family", "server", at(cases[i].now));
		const struct decision *d = yard_decide(&y, at(cases[i].now));
		int64_t rejoin_s =
			cases[i].rejoin == NULL ? INSTANT_NONE : at(cases[i].rejoin);
		if (d->rejoin_s != rejoin_s)
			fail_msg("%s: %lld", cases[i].what, (long long)d->rejoin_s);
	}
	/* Nothing is planned, but the catalog holds a baseline for later. */
	yard_device(&y, "26200.7171", "KB5068861", at("2025-11-20"));
	assert_int_equal(yard_decide(&y, at("2025-11-20"))->rejoin_s, at("2026-01-13"));
	yard_close(&y);
}

TEST(a_feature_update_after_the_baseline_ends_the_quarter)
{
	static const struct {
		const char *what;
		const char *first, *later; /* os.kbs; first may be NULL */
		bool leaves;
	} cases[] = {
		{ "came to be shown after it", "KB5066835", "KB5066835 KB5054156", true },
		{ "shown with it from the start", NULL, "KB5066835 KB5054156", false },
		{ "shown before the baseline", "KB5054156", "KB5066835 KB5054156",
		  false },
		{ "not shown", "KB5066835", "KB5066835", false },
	};
	struct yard y;
	int64_t first_s = at("2025-10-20"), later_s = at("2025-10-25");

	open_october(&y);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, "26200.6899", "", first_s);
		if (cases[i].first != NULL) {
			yard_fact(&y, "os.kbs", cases[i].first, first_s);
			history_saw(&y.device.history, &y.device.facts, first_s);
		}
		yard_fact(&y, "os.kbs", cases[i].later, later_s);
		history_saw(&y.device.history, &y.device.facts, later_s);
		const struct decision *d = yard_decide(&y, later_s);
		if (d->left_track != cases[i].leaves ||
		    (d->track == TRACK_STANDARD) != cases[i].leaves)
			fail_msg("%s", cases[i].what);
	}
	/* It gets cumulative updates until the next baseline, which brings it back. */
	yard_device(&y, "26200.6899", "KB5066835", first_s);
	history_saw(&y.device.history, &y.device.facts, first_s);
	yard_fact(&y, "os.kbs", "KB5066835 KB5054156", later_s);
	history_saw(&y.device.history, &y.device.facts, later_s);
	assert_string_equal(yard_line(&y, at("2025-11-12")),
			    "waiting KB5068861 d: off-track facts-stale");
	yard_fact(&y, "vbs", "running", at("2025-11-12"));
	assert_string_equal(yard_line(&y, at("2025-11-12")),
			    "install KB5068861 d: off-track");
	yard_fact(&y, "vbs", "running", at("2026-01-14"));
	assert_string_equal(yard_line(&y, at("2026-01-14")),
			    "install KB5074109 b: off-track");
	yard_fact(&y, "os.build", "26200.7623", at("2026-01-15"));
	yard_fact(&y, "os.kbs", "KB5074109 KB5054156", at("2026-01-15"));
	history_saw(&y.device.history, &y.device.facts, at("2026-01-15"));
	assert_int_equal(yard_decide(&y, at("2026-01-15"))->track, TRACK_HOTPATCH);
	yard_close(&y);
}

/* KB5070881 leaves the track for November, without being an error. */
TEST(two_kbs_of_one_build_go_two_ways)
{
	struct yard y;

	open_october(&y);
	yard_device(&y, "26100.6905", "KB5070893", at("2025-11-12"));
	yard_fact(&y, "os.family", "server", at("2025-11-12"));
	assert_string_equal(yard_line(&y, at("2025-11-12")), "install KB5068966 a");
	yard_fact(&y, "os.kbs", "KB5070881", at("2025-11-12"));
	assert_string_equal(yard_line(&y, at("2025-11-12")),
			    "install KB5068861 d: off-track");
	/* On the track before it: the one of its quarter, never the other. */
	yard_device(&y, "26100.6899", "KB5066835", at("2025-10-25"));
	yard_fact(&y, "os.family", "server", at("2025-10-25"));
	assert_string_equal(yard_line(&y, at("2025-10-24T01:00:00Z")),
			    "up-to-date -: up-to-date");
	assert_string_equal(yard_line(&y, at("2025-10-25")), "install KB5070893 a");
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_product_is_found_by_family_and_base),
		cmocka_unit_test(a_level_is_a_kb_and_a_build),
		cmocka_unit_test(
			there_is_one_order_and_it_never_compares_builds_across_tracks),
		cmocka_unit_test(a_baseline_is_above_every_release_of_an_older_quarter),
		cmocka_unit_test(
			a_level_that_is_not_known_takes_greater_cumulative_builds),
		cmocka_unit_test(
			off_the_track_the_next_planned_baseline_says_when_it_ends),
		cmocka_unit_test(a_feature_update_after_the_baseline_ends_the_quarter),
		cmocka_unit_test(two_kbs_of_one_build_go_two_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
