/* The year 2025 on the real catalog: how often a device restarts, whatever out-of-band
 * updates appeared in between; and the turns of that history that test a decision. */

#include <stdio.h>
#include <string.h>

#include "real_catalog.h"
#include "tests/lib/case.h"
#include "yard.h"

enum { STEP_S = HOURS(6) };

static const char *const rings[] = {
	"policy all allow match=any",
	"ring r0 match=tag.days = 0",
	"ring r1 defer=1 match=tag.days = 1",
	"ring r6 defer=6 match=tag.days = 6",
	"ring r9 defer=9 match=tag.days = 9",
	"ring r14 defer=14 match=tag.days = 14",
	"ring r21 defer=21 match=tag.days = 21",
	"ring r30 defer=30 match=tag.days = 30",
};

static void open_real(struct yard *y)
{
	yard_open(y, NULL, 0, rings, COUNT_OF(rings));
	catalog_give(y->catalog);
	y->catalog = real_catalog();
	yard_rollouts(y);
}

/* Installs what is offered on the spot, at 6-hour steps; the restarts it cost. */
static int run(struct yard *y, int64_t from_s, int64_t until_s)
{
	int restarts = 0;

	for (int64_t t = from_s; t <= until_s; t += STEP_S) {
		for (int installs = 0;; installs++) {
			char build[BUILD_TEXT], kb[KB_TEXT];
			y->device.facts.reported_s = t;
			const struct decision *d = yard_decide(y, t);
			if (d->action == ACTION_NONE)
				break;
			assert_int_equal(d->action, ACTION_INSTALL);
			assert_true(installs < 5);
			const struct release *release = &d->line->releases[d->release];
			restarts += release->kind != RELEASE_HOTPATCH;
			yard_fact(y, "os.build", build_format(release->build, build), t);
			yard_fact(y, "os.kbs", kb_format(release->kb, kb), t);
		}
	}
	return restarts;
}

/* A device as it stood at New Year, on the update of December. */
static void new_year(struct yard *y, bool server, const char *days, bool vbs)
{
	yard_device(y, "26100.2605", "KB5048667", at("2025-01-01T00:00:00Z"));
	if (server) {
		yard_fact(y, "os.family", "server", at("2025-01-01T00:00:00Z"));
		yard_fact(y, "os.edition", "ServerDatacenter",
			  at("2025-01-01T00:00:00Z"));
	}
	yard_fact(y, "tag.days", days, at("2025-01-01T00:00:00Z"));
	yard_fact(y, "vbs", vbs ? "running" : "off", at("2025-01-01T00:00:00Z"));
}

TEST(an_eligible_client_restarts_four_times_a_year_and_others_every_month)
{
	static const struct {
		const char *days;
		int hotpatched, others;
		const char *hotpatch_kb, *other_kb; /* where they stand at its end */
	} cases[] = {
		{ "0", 4, 12, "KB5072014", "KB5072033" },
		{ "1", 4, 12, "KB5072014", "KB5072033" },
		{ "6", 4, 12, "KB5072014", "KB5072033" },
		{ "9", 4, 12, "KB5072014", "KB5072033" },
		{ "14", 4, 12, "KB5072014", "KB5072033" },
		{ "21", 4, 12, "KB5072014", "KB5072033" },
		{ "30", 4, 11, "KB5068966", "KB5068861" },
	};
	struct yard y;

	open_real(&y);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t from_s = at("2025-01-01T00:00:00Z");
		int64_t until_s = at("2026-01-01T00:00:00Z");
		new_year(&y, false, cases[i].days, true);
		int restarts = run(&y, from_s, until_s);
		const char *kb = facts_known(&y.device.facts, FACT_OS_KBS);
		if (restarts != cases[i].hotpatched ||
		    strcmp(kb, cases[i].hotpatch_kb) != 0)
			fail_msg("hotpatched, %s days: %d restarts, on %s", cases[i].days,
				 restarts, kb);
		new_year(&y, false, cases[i].days, false);
		restarts = run(&y, from_s, until_s);
		kb = facts_known(&y.device.facts, FACT_OS_KBS);
		if (restarts != cases[i].others || strcmp(kb, cases[i].other_kb) != 0)
			fail_msg("without VBS, %s days: %d restarts, on %s",
				 cases[i].days, restarts, kb);
	}
	yard_close(&y);
}

/* The fix of October 2025 cost servers one restart more: each on its own track. */
TEST(a_server_restarts_once_more_for_the_fix_of_october)
{
	static const struct {
		const char *days;
		int hotpatched, others;
	} cases[] = {
		{ "0", 5, 13 },
		{ "6", 5, 13 },
		/* Open on the day the fix came: it goes there at once. */
		{ "14", 5, 12 },
		{ "30", 5, 11 },
	};
	struct yard y;

	open_real(&y);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t from_s = at("2025-01-01T00:00:00Z");
		int64_t until_s = at("2026-01-01T00:00:00Z");
		new_year(&y, true, cases[i].days, true);
		int restarts = run(&y, from_s, until_s);
		if (restarts != cases[i].hotpatched)
			fail_msg("hotpatched, %s days: %d", cases[i].days, restarts);
		new_year(&y, true, cases[i].days, false);
		restarts = run(&y, from_s, until_s);
		if (restarts != cases[i].others)
			fail_msg("without VBS, %s days: %d", cases[i].days, restarts);
	}
	yard_close(&y);
}

/* What a hand count from the history says of the first half of the year. */
TEST(half_a_year_is_as_counted_by_hand)
{
	static const struct {
		const char *what, *days, *arch, *vbs, *chpe, *kb;
		int restarts;
	} cases[] = {
		{ "eligible, at once", "0", "x64", "running", NULL, "KB5060841", 2 },
		{ "without VBS", "0", "x64", "off", NULL, "KB5060842", 6 },
		{ "arm64 with CHPE on", "0", "arm64", "running", "on", "KB5060842", 6 },
		{ "arm64 with CHPE off", "0", "arm64", "running", "off", "KB5060841", 2 },
		{ "eligible, nine days later", "9", "x64", "running", NULL, "KB5060841",
		  2 },
	};
	struct yard y;

	open_real(&y);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		new_year(&y, false, cases[i].days, true);
		yard_fact(&y, "os.arch", cases[i].arch, at("2025-01-01T00:00:00Z"));
		yard_fact(&y, "vbs", cases[i].vbs, at("2025-01-01T00:00:00Z"));
		yard_fact(&y, "chpe", cases[i].chpe, at("2025-01-01T00:00:00Z"));
		int restarts =
			run(&y, at("2025-01-01T00:00:00Z"), at("2025-06-30T00:00:00Z"));
		const char *kb = facts_known(&y.device.facts, FACT_OS_KBS);
		if (restarts != cases[i].restarts || strcmp(kb, cases[i].kb) != 0)
			fail_msg("%s: %d restarts, on %s", cases[i].what, restarts, kb);
	}
	yard_close(&y);
}

/* Moments at which the history asked something of an update service. */
TEST(the_turns_of_the_history_are_taken_right)
{
	static const struct {
		const char *what, *family, *edition, *build, *kbs, *days, *now, *line;
	} cases[] = {
		{ "server on the track takes the fix of its quarter", "server",
		  "ServerDatacenter", "26100.6899", "KB5066835", "0", "2025-10-25",
		  "install KB5070893 a" },
		{ "one that got the other is off the track, which is no error", "server",
		  "ServerDatacenter", "26100.6905", "KB5070881", "0", "2025-11-12",
		  "install KB5068861 d: off-track" },
		{ "until the next baseline", "server", "ServerDatacenter", "26100.7462",
		  "KB5072033", "0", "2026-01-14", "install KB5073379 b: off-track" },
		{ "an unplanned baseline takes the place of a hotpatch", "server",
		  "ServerTurbine", "20348.2582", "KB5040437", "0", "2024-08-14",
		  "install KB5041160 b: new-quarter" },
		{ "and the next hotpatch stands on it", "server", "ServerTurbine",
		  "20348.2655", "KB5041160", "0", "2024-09-11", "install KB5042880 a" },
		{ "June 2026 likewise", "client", "Enterprise", "26100.8390", "KB5089466",
		  "0", "2026-06-10", "install KB5094126 b: new-quarter" },
		{ "three fixes in two weeks do not stack: the first", "client",
		  "Enterprise", "26100.7979", "KB5079420", "0", "2026-03-14",
		  "install KB5084597 a" },
		{ "the third", "client", "Enterprise", "26100.7979", "KB5079420", "9",
		  "2026-03-24", "install KB5085518 a" },
		{ "a ring of nine days gets the two at once", "client", "Enterprise",
		  "26100.7623", "KB5074109", "9", "2026-03-19", "install KB5084897 a" },
		{ "two fixes by track: this is the hotpatch's", "client", "Enterprise",
		  "26100.7623", "KB5074109", "0", "2026-01-25", "install KB5078167 a" },
		{ "a fix that the newer catalog numbers lower", "client", "Enterprise",
		  "26100.7634", "KB5078167", "0", "2026-02-01",
		  "up-to-date -: up-to-date" },
		{ "25H2 has the fix of November that 24H2 has not", "client",
		  "Enterprise", "26200.7092", "KB5068966", "0", "2025-11-21",
		  "install KB5072753 a" },
		{ "24H2 in the same days", "client", "Enterprise", "26100.7092",
		  "KB5068966", "0", "2025-11-21", "up-to-date -: up-to-date" },
	};
	struct yard y;

	open_real(&y);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, cases[i].build, cases[i].kbs, at(cases[i].now));
		yard_fact(&y, "os.family", cases[i].family, at(cases[i].now));
		yard_fact(&y, "os.edition", cases[i].edition, at(cases[i].now));
		yard_fact(&y, "tag.days", cases[i].days, at(cases[i].now));
		const char *line = yard_line(&y, at(cases[i].now));
		if (strcmp(line, cases[i].line) != 0)
			fail_msg("%s: %s", cases[i].what, line);
	}
	yard_close(&y);
}

TEST(a_way_back_is_told_from_the_planned_calendar)
{
	struct yard y;

	open_real(&y);
	yard_device(&y, "26100.6905", "KB5070881", at("2025-11-12"));
	yard_fact(&y, "os.family", "server", at("2025-11-12"));
	yard_fact(&y, "os.edition", "ServerDatacenter", at("2025-11-12"));
	yard_fact(&y, "tag.days", "0", at("2025-11-12"));
	assert_int_equal(yard_decide(&y, at("2025-11-12"))->rejoin_s,
			 at("2026-01-13T00:00:00Z"));
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_eligible_client_restarts_four_times_a_year_and_others_every_month),
		cmocka_unit_test(a_server_restarts_once_more_for_the_fix_of_october),
		cmocka_unit_test(half_a_year_is_as_counted_by_hand),
		cmocka_unit_test(the_turns_of_the_history_are_taken_right),
		cmocka_unit_test(a_way_back_is_told_from_the_planned_calendar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
