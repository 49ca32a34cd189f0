/* When a release opens to a device, and what stands in its way (DESIGN 2.4, 2.5). */

#include <stdio.h>
#include <string.h>

#include "engine/judgement.h"
#include "tests/lib/case.h"
#include "yard.h"

/* A month with fixes: for hotpatches, for the update, for its preview. */
static const char *const march[] = {
	"product win11 client 26100 from=26100.1",
	"KB10 26100.10 baseline 2026-01-13",
	"KB20 26100.20 hotpatch 2026-03-10 baseline=KB10",
	"KB21 26100.30 lcu 2026-03-10",
	"KB22 26100.22 hotpatch 2026-03-13 OOB baseline=KB10",
	"KB23 26100.23 hotpatch 2026-03-16 OOB baseline=KB10 repairs=KB22",
	"KB24 26100.31 lcu 2026-03-21 OOB",
	"KB25 26100.24 hotpatch 2026-03-23 OOB baseline=KB10",
	"KB26 26100.40 preview 2026-03-26",
	"KB27 26100.41 lcu 2026-03-31 OOB repairs=KB26",
	"KB28 26100.42 lcu 2026-04-02 OOB repairs=KB27",
};

static const char *const rings[] = {
	"policy optional allow optional match=tag.optional = yes",
	"policy all allow match=any",
	"ring now match=tag.ring = now",
	"ring six defer=6 match=tag.ring = six",
	"ring thirty defer=30 match=tag.ring = thirty",
};

static const char *line_in(struct yard *y, const char *ring, const char *build,
			   const char *when)
{
	yard_device(y, build, "", at(when));
	yard_fact(y, "tag.ring", ring, at(when));
	return yard_line(y, at(when));
}

static const char *moment(int64_t at_s)
{
	static char text[INSTANT_TEXT];
	return at_s == INSTANT_NONE ? "none" : instant_format(at_s, text);
}

TEST(deferral_counts_from_publication_to_the_second)
{
	struct yard y;

	/* The fix of the 13th repairs the 10th's: both open six days after the 10th. */
	yard_open(&y, march, COUNT_OF(march), rings, COUNT_OF(rings));
	assert_string_equal(line_in(&y, "six", "26100.10", "2026-03-16T16:59:59Z"),
			    "waiting KB22: deferred");
	assert_string_equal(moment(y.decision.opens_s), "2026-03-16T17:00:00Z");
	assert_int_equal(y.decision.stands_until_s, at("2026-03-16T17:00:00Z"));
	assert_string_equal(line_in(&y, "six", "26100.10", "2026-03-16T17:00:00Z"),
			    "install KB23 a");
	assert_string_equal(line_in(&y, "six", "26100.10", "2026-03-12T00:00:00Z"),
			    "waiting KB20: deferred");
	assert_string_equal(line_in(&y, "now", "26100.10", "2026-03-10T16:59:59Z"),
			    "up-to-date -: up-to-date");
	assert_string_equal(line_in(&y, "now", "26100.10", "2026-03-10T17:00:00Z"),
			    "install KB20 a");
	yard_close(&y);
}

/* 2.5: an OOB opens at max(its publication, what it repairs + deferral); deferrals never
 * stack, however long the chain. */
TEST(fixes_open_from_what_they_repair_and_deferrals_never_stack)
{
	static const struct {
		uint32_t kb;
		int64_t defer_days;
		const char *opens;
	} cases[] = {
		{ 20, 6, "2026-03-16T17:00:00Z" },
		{ 22, 6, "2026-03-16T17:00:00Z" }, /* implied: of its own quarter */
		{ 23, 6, "2026-03-16T17:00:00Z" }, /* through KB22 to KB20 */
		{ 25, 6, "2026-03-23T17:00:00Z" }, /* past the deferral: at once */
		{ 24, 6, "2026-03-21T17:00:00Z" }, /* implied: KB21, standard line */
		{ 24, 14, "2026-03-24T17:00:00Z" },
		{ 22, 0, "2026-03-13T17:00:00Z" },
		{ 26, 6, "2026-04-01T17:00:00Z" },
		{ 27, 6, "2026-04-01T17:00:00Z" }, /* from its preview */
		{ 28, 6, "2026-04-02T17:00:00Z" },
		{ 28, 9, "2026-04-04T17:00:00Z" },
	};
	struct yard y;

	yard_open(&y, march, COUNT_OF(march), rings, COUNT_OF(rings));
	const struct line *line =
		product_line(catalog_product(y.catalog, "win11"), ARCH_X64);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int32_t index = 0;
		while (line->releases[index].kb != cases[i].kb)
			index++;
		int64_t opens_s = release_opens(line, index, cases[i].defer_days * DAY_S);
		if (opens_s != at(cases[i].opens))
			fail_msg("KB%u after %lld days: %s", cases[i].kb,
				 (long long)cases[i].defer_days, moment(opens_s));
	}
	yard_close(&y);
}

/* A month whose hotpatch never came: the fix of the quarter repairs the baseline, the fix
 * of the standard line that month's update. */
TEST(what_a_fix_repairs_is_of_its_own_quarter)
{
	static const char *const lines[] = {
		"product p client 26100 from=26100.1",
		"KB1 26100.10 baseline 2026-01-13",
		"KB2 26100.20 lcu 2026-02-10",
		"KB3 26100.11 hotpatch 2026-02-12 OOB baseline=KB1",
		"KB4 26100.21 lcu 2026-02-12 OOB",
	};
	struct yard y;

	yard_open(&y, lines, COUNT_OF(lines), rings, COUNT_OF(rings));
	const struct line *line = product_line(catalog_product(y.catalog, "p"), ARCH_X64);
	assert_int_equal(line->releases[2].kb, 3);
	assert_int_equal(release_opens(line, 2, DAYS(9)), at("2026-02-12"));
	assert_int_equal(line->releases[3].kb, 4);
	assert_int_equal(release_opens(line, 3, DAYS(9)), at("2026-02-19"));
	yard_close(&y);
}

TEST(a_fix_that_repairs_nothing_opens_at_once)
{
	static const char *const lines[] = {
		"product p client 26100",
		"KB1 26100.1 lcu 2026-01-05 OOB",
		"KB2 26100.2 lcu 2026-01-06 OOB repairs=KB1",
	};
	struct yard y;

	yard_open(&y, lines, COUNT_OF(lines), rings, COUNT_OF(rings));
	assert_string_equal(line_in(&y, "thirty", "26100.0", "2026-01-05"),
			    "install KB1 d: version level-unknown");
	assert_string_equal(line_in(&y, "thirty", "26100.0", "2026-01-06"),
			    "install KB2 d: version level-unknown");
	yard_close(&y);
}

TEST(previews_and_their_fixes_are_for_those_who_take_them)
{
	static const struct {
		const char *what, *build, *optional, *line;
	} cases[] = {
		{ "not taken", "26100.31", NULL, "up-to-date -: up-to-date" },
		{ "taken", "26100.31", "yes", "install KB28 d: off-track" },
		{ "on the preview itself", "26100.40", NULL,
		  "install KB28 d: off-track" },
		{ "on a repair of it", "26100.41", NULL, "install KB28 d: off-track" },
		{ "never on the track", "26100.24", "yes", "up-to-date -: up-to-date" },
	};
	struct yard y;

	yard_open(&y, march, COUNT_OF(march), rings, COUNT_OF(rings));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, cases[i].build, "", at("2026-04-10"));
		yard_fact(&y, "tag.ring", "now", at("2026-04-10"));
		yard_fact(&y, "tag.optional", cases[i].optional, at("2026-04-10"));
		if (strcmp(yard_line(&y, at("2026-04-10")), cases[i].line) != 0)
			fail_msg("%s: %s", cases[i].what,
				 yard_line(&y, at("2026-04-10")));
	}
	yard_close(&y);
}

static const char *const gated[] = {
	"policy all allow match=any",
	"ring test match=tag.ring = test",
	"ring broad defer=2 after=test match=any",
};

TEST(a_gate_opens_a_ring_when_the_earlier_one_has_passed)
{
	struct yard y;

	yard_open(&y, march, COUNT_OF(march), gated, COUNT_OF(gated));
	yard_device(&y, "26100.10", "KB10", at("2026-03-12"));
	assert_string_equal(yard_line(&y, at("2026-03-12")),
			    "waiting KB20: gate-waiting");
	assert_int_equal(y.decision.opens_s, INSTANT_NONE);
	assert_string_equal(yard_line(&y, at("2026-03-11")),
			    "waiting KB20: gate-waiting");

	struct rollout_record *record = yard_record(&y, "KB20", "test");
	record->passed_s = at("2026-03-11");
	yard_rollouts(&y);
	assert_string_equal(yard_line(&y, at("2026-03-12")), "install KB20 a");
	assert_int_equal(y.decision.opens_s, at("2026-03-12"));
	assert_string_equal(yard_line(&y, at("2026-03-11")), "waiting KB20: deferred");
	/* Of this release in that ring: it says nothing of another, nor for another. */
	assert_string_equal(yard_line(&y, at("2026-03-13")), "install KB20 a");
	yard_close(&y);
}

TEST(a_pause_makes_no_new_offers_until_it_ends)
{
	struct yard y;

	yard_open(&y, march, COUNT_OF(march), rings, COUNT_OF(rings));
	struct rollout_record *record = yard_record(&y, NULL, "now");
	record->paused_until_s = at("2026-03-12");
	yard_rollouts(&y);
	assert_string_equal(line_in(&y, "now", "26100.10", "2026-03-11"),
			    "waiting KB20 a: ring-paused");
	assert_int_equal(y.decision.opens_s, at("2026-03-12"));
	assert_int_equal(y.decision.stands_until_s, at("2026-03-12"));
	assert_string_equal(line_in(&y, "now", "26100.10", "2026-03-12"),
			    "install KB20 a");
	assert_string_equal(line_in(&y, "six", "26100.10", "2026-03-11"),
			    "waiting KB20: deferred");
	yard_close(&y);
}

/* A baseline that is paused is waited for: an older update, or one that leaves the
 * track, is no way around it. */
TEST(a_pause_never_changes_which_release_is_chosen)
{
	static const char *const april[] = {
		"product win11 client 26100 from=26100.1",
		"KB10 26100.10 baseline 2026-01-13",
		"KB20 26100.20 hotpatch 2026-03-10 baseline=KB10",
		"KB30 26100.30 baseline 2026-04-14",
		"KB31 26100.31 lcu 2026-04-19 OOB repairs=KB30",
	};
	struct yard y;

	yard_open(&y, april, COUNT_OF(april), rings, COUNT_OF(rings));
	yard_record(&y, "KB30", "now")->paused_until_s = at("2026-05-05");
	yard_rollouts(&y);
	assert_string_equal(line_in(&y, "now", "26100.20", "2026-04-25"),
			    "waiting KB30 b: ring-paused");
	assert_string_equal(line_in(&y, "now", "26100.20", "2026-05-05"),
			    "install KB30 b: new-quarter");
	yard_close(&y);
}

/* What a to d would choose with everything set aside may be free and still not come. */
TEST(what_is_kept_back_elsewhere_is_named_when_it_decides_the_rule)
{
	static const char *const kept[] = {
		"policy all allow match=any",
		"ring now defer=0 match=any",
		"hold KB30 match=any",
		"hold KB40 match=any",
	};
	static const char *const may[] = {
		"product win11 client 26100 from=26100.1",
		"KB10 26100.10 baseline 2026-01-13",
		"KB20 26100.20 hotpatch 2026-03-10 baseline=KB10",
		"KB30 26100.30 baseline 2026-04-14",
		"KB40 26100.40 hotpatch 2026-05-12 baseline=KB30",
		"KB41 26100.50 lcu 2026-05-12",
	};
	struct yard y;

	yard_open(&y, may, COUNT_OF(may), kept, COUNT_OF(kept));
	assert_string_equal(line_in(&y, "now", "26100.20", "2026-05-25"),
			    "waiting KB40: held");
	yard_close(&y);
}

TEST(what_needs_a_person_keeps_a_release_back)
{
	static const char *const held[] = {
		"policy all allow match=any",
		"ring now match=any",
		"hold KB20 match=hardware.model ~ \"Gen1\"",
	};
	static const struct {
		const char *what;
		void (*set)(struct rollout_record *record);
		const char *model, *line;
	} cases[] = {
		{ "nothing", NULL, "Gen2", "install KB20 a" },
		{ "held", NULL, "Gen1", "waiting KB20: held" },
		{ "a hold on a fact that is not reported", NULL, NULL, "install KB20 a" },
	};
	struct yard y;

	yard_open(&y, march, COUNT_OF(march), held, COUNT_OF(held));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, "26100.10", "KB10", at("2026-03-11"));
		yard_fact(&y, "hardware.model", cases[i].model, at("2026-03-11"));
		if (strcmp(yard_line(&y, at("2026-03-11")), cases[i].line) != 0)
			fail_msg("%s: %s", cases[i].what,
				 yard_line(&y, at("2026-03-11")));
	}
	yard_fact(&y, "hardware.model", "Gen2", at("2026-03-11"));
	yard_record(&y, "KB20", NULL)->halted = true;
	yard_rollouts(&y);
	assert_string_equal(yard_line(&y, at("2026-03-11")), "waiting KB20: halted");
	y.records[0].halted = false;
	y.records[0].withdrawn = true; /* not active any more: nothing to wait for */
	yard_rollouts(&y);
	assert_string_equal(yard_line(&y, at("2026-03-11")), "up-to-date -: up-to-date");
	y.records[0].withdrawn = false;
	y.records[0].approval = APPROVAL_REFUSED;
	yard_rollouts(&y);
	assert_string_equal(yard_line(&y, at("2026-03-11")),
			    "waiting KB20: not-approved");
	y.records[0].approval = APPROVAL_UNSET;
	yard_rollouts(&y);
	struct release_key key = { "win11", 20, { 26100, 20 } };
	history_mark_open(&y.device.history, &key, 0)->block = BLOCK_OPERATOR;
	assert_string_equal(yard_line(&y, at("2026-03-11")), "waiting KB20: blocked");
	yard_close(&y);
}

TEST(a_release_or_a_ring_may_ask_for_approval)
{
	static const char *const lines[] = {
		"product win11 client 26100 from=26100.1",
		"KB10 26100.10 lcu 2026-01-13",
		"KB11 26100.11 lcu 2026-01-17 OOB offer=approval",
	};
	static const char *const by_hand[] = {
		"policy all allow match=any",
		"ring now manual match=any",
	};
	struct yard y;

	yard_open(&y, lines, COUNT_OF(lines), NULL, 0);
	yard_device(&y, "26100.10", "KB10", at("2026-01-20"));
	/* Shown, and not up to date, until a person has looked at it. */
	assert_string_equal(yard_line(&y, at("2026-01-20")),
			    "waiting KB11: not-approved");
	yard_record(&y, "KB11", "now")->approval = APPROVAL_GIVEN;
	yard_rollouts(&y);
	assert_string_equal(yard_line(&y, at("2026-01-20")), "install KB11 d: off-track");
	yard_close(&y);

	/* What speaks of one ring goes before what speaks of all, in whatever order. */
	yard_open(&y, march, COUNT_OF(march), rings, COUNT_OF(rings));
	yard_record(&y, "KB20", "now")->approval = APPROVAL_GIVEN;
	yard_record(&y, "KB20", NULL)->approval = APPROVAL_REFUSED;
	yard_rollouts(&y);
	assert_string_equal(line_in(&y, "now", "26100.10", "2026-03-11"),
			    "install KB20 a");
	assert_string_equal(line_in(&y, "six", "26100.10", "2026-03-17"),
			    "install KB23 a");
	assert_string_equal(line_in(&y, "six", "26100.10", "2026-03-12"),
			    "waiting KB20: not-approved");
	yard_close(&y);

	yard_open(&y, march, COUNT_OF(march), by_hand, COUNT_OF(by_hand));
	yard_device(&y, "26100.10", "KB10", at("2026-03-11"));
	assert_string_equal(yard_line(&y, at("2026-03-11")),
			    "waiting KB20: not-approved");
	yard_record(&y, "KB20", NULL)->approval = APPROVAL_GIVEN;
	yard_rollouts(&y);
	assert_string_equal(yard_line(&y, at("2026-03-11")), "install KB20 a");
	yard_close(&y);
}

TEST(a_targeted_release_is_only_for_devices_that_match)
{
	static const char *const lines[] = {
		"product win11 client 26100 from=26100.1",
		"KB10 26100.10 baseline 2026-07-14",
		"KB11 26100.11 hotpatch 2026-07-18 OOB baseline=KB10 "
		"match=hardware.vendor in (Dell, Lenovo)",
	};
	struct yard y;

	yard_open(&y, lines, COUNT_OF(lines), NULL, 0);
	yard_device(&y, "26100.10", "KB10", at("2026-07-19"));
	assert_string_equal(yard_line(&y, at("2026-07-19")), "up-to-date -: up-to-date");
	yard_fact(&y, "hardware.vendor", "HP", at("2026-07-19"));
	assert_string_equal(yard_line(&y, at("2026-07-19")), "up-to-date -: up-to-date");
	yard_fact(&y, "hardware.vendor", "dell", at("2026-07-19"));
	assert_string_equal(yard_line(&y, at("2026-07-19")), "install KB11 a");
	yard_close(&y);
}

TEST(expediting_ignores_the_ring_and_nothing_else)
{
	static const struct {
		const char *what;
		bool halted, withdrawn;
		enum approval approval;
		const char *line;
	} cases[] = {
		{ "nothing in its way", false, false, APPROVAL_UNSET, "install KB20 a" },
		{ "halted", true, false, APPROVAL_UNSET, "waiting KB20: halted" },
		{ "withdrawn", false, true, APPROVAL_UNSET, "up-to-date -: up-to-date" },
		{ "refused", false, false, APPROVAL_REFUSED,
		  "waiting KB20: not-approved" },
	};
	static const char *const slow[] = {
		"policy all allow match=any",
		"ring first match=tag.ring = first",
		"ring slow defer=9 gradual=5 deadline=7 after=first match=any",
	};
	struct yard y;

	yard_open(&y, march, COUNT_OF(march), slow, COUNT_OF(slow));
	yard_device(&y, "26100.10", "KB10", at("2026-03-11"));
	yard_record(&y, NULL, "slow")->paused_until_s = at("2026-03-30");
	struct rollout_record *record = yard_record(&y, "KB20", "slow");
	record->expedited = true;
	record->expedite_deadline_s = DAY_S;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		record->halted = cases[i].halted;
		record->withdrawn = cases[i].withdrawn;
		record->approval = cases[i].approval;
		yard_rollouts(&y);
		if (strcmp(yard_line(&y, at("2026-03-11")), cases[i].line) != 0)
			fail_msg("%s: %s", cases[i].what,
				 yard_line(&y, at("2026-03-11")));
	}
	record->approval = APPROVAL_UNSET;
	yard_rollouts(&y);
	const struct decision *d = yard_decide(&y, at("2026-03-11"));
	assert_true(d->expedited);
	assert_int_equal(d->install_by_s, at("2026-03-12"));
	yard_close(&y);
}

TEST(a_gradual_opening_is_spread_and_the_same_everywhere)
{
	enum { DEVICES = 1000, DAYS = 10 };
	static const char *const gradual[] = {
		"policy all allow match=any",
		"ring wide gradual=10 match=any",
	};
	struct yard y; /* KB10 and KB20 alone: each release has its own turns */
	int by_day[DAYS] = { 0 }, moved = 0;

	yard_open(&y, march, 3, gradual, COUNT_OF(gradual));
	yard_device(&y, "26100.10", "KB10", at("2026-03-11"));
	for (int i = 0; i < DEVICES; i++) {
		snprintf(y.device.id, sizeof y.device.id, "pc-%d", i);
		yard_decide(&y, at("2026-03-10T17:00:00Z"));
		int64_t opens_s = y.decision.opens_s;
		int64_t day = (opens_s - at("2026-03-10")) / DAY_S;
		assert_in_range(day, 0, DAYS - 1);
		by_day[day]++;
		/* It waits until its turn, and not a second longer. */
		yard_decide(&y, opens_s - 1);
		if (opens_s > at("2026-03-10T17:00:00Z"))
			assert_true(has_reason(&y.decision, REASON_GRADUAL));
		yard_decide(&y, opens_s);
		assert_true(y.decision.release >= 0);
		assert_false(has_reason(&y.decision, REASON_GRADUAL));
	}
	for (int day = 0; day < DAYS; day++)
		assert_in_range(by_day[day], DEVICES / DAYS / 2, DEVICES / DAYS * 2);

	/* Another salt, other turns; the same salt on another server, the same ones. */
	snprintf(y.device.id, sizeof y.device.id, "pc-7");
	int64_t before_s = yard_decide(&y, at("2026-03-10"))->opens_s;
	assert_int_equal(yard_decide(&y, at("2026-03-10"))->opens_s, before_s);
	for (uint64_t salt = 1; salt <= 10; salt++) {
		rollouts_salt(y.rollouts, salt);
		moved += yard_decide(&y, at("2026-03-10"))->opens_s != before_s;
	}
	assert_in_range(moved, 9, 10);
	yard_close(&y);
}

TEST(a_canary_goes_first)
{
	static const char *const canary[] = {
		"policy all allow match=any",
		"ring wide canary match=any",
	};
	struct yard y;

	yard_open(&y, march, COUNT_OF(march), canary, COUNT_OF(canary));
	yard_device(&y, "26100.10", "KB10", at("2026-03-11"));
	assert_string_equal(yard_line(&y, at("2026-03-11")), "install KB20 a");
	struct rollout_record *record = yard_record(&y, "KB20", "wide");
	snprintf(record->canary, sizeof record->canary, "pc-2");
	yard_rollouts(&y);
	assert_string_equal(yard_line(&y, at("2026-03-11")),
			    "waiting KB20: canary-waiting");
	snprintf(y.device.id, sizeof y.device.id, "pc-2");
	assert_string_equal(yard_line(&y, at("2026-03-11")), "install KB20 a");
	snprintf(y.device.id, sizeof y.device.id, "pc-1");
	record->canary_verified = true;
	yard_rollouts(&y);
	assert_string_equal(yard_line(&y, at("2026-03-11")), "install KB20 a");
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deferral_counts_from_publication_to_the_second),
		cmocka_unit_test(
			fixes_open_from_what_they_repair_and_deferrals_never_stack),
		cmocka_unit_test(what_a_fix_repairs_is_of_its_own_quarter),
		cmocka_unit_test(a_fix_that_repairs_nothing_opens_at_once),
		cmocka_unit_test(previews_and_their_fixes_are_for_those_who_take_them),
		cmocka_unit_test(a_gate_opens_a_ring_when_the_earlier_one_has_passed),
		cmocka_unit_test(a_pause_makes_no_new_offers_until_it_ends),
		cmocka_unit_test(a_pause_never_changes_which_release_is_chosen),
		cmocka_unit_test(
			what_is_kept_back_elsewhere_is_named_when_it_decides_the_rule),
		cmocka_unit_test(what_needs_a_person_keeps_a_release_back),
		cmocka_unit_test(a_release_or_a_ring_may_ask_for_approval),
		cmocka_unit_test(a_targeted_release_is_only_for_devices_that_match),
		cmocka_unit_test(expediting_ignores_the_ring_and_nothing_else),
		cmocka_unit_test(a_gradual_opening_is_spread_and_the_same_everywhere),
		cmocka_unit_test(a_canary_goes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
