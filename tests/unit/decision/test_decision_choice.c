/* Which release: rules a to d, missing payloads, and what a device waits for
 * (DESIGN 2.4). */

#include <stdio.h>
#include <string.h>

#include "engine/judgement.h"
#include "tests/lib/case.h"
#include "yard.h"

/* What a policy says decides for a device that is behind or lacks a payload. */
static const char *const policies[] = {
	"policy lcu allow match=tag.policy = lcu",
	"policy baseline allow behind=baseline match=tag.policy = baseline",
	"policy wait allow payload=wait match=tag.policy = wait",
	"policy both allow behind=baseline payload=wait match=tag.policy = both",
	"policy none match=any",
	"ring now match=tag.ring = now",
	"ring nine defer=9 deadline=5 match=tag.ring = nine",
	"ring thirty defer=30 match=tag.ring = thirty",
};

struct one {
	const char *what, *policy, *ring, *build, *when, *line;
};

static void check(struct yard *y, const struct one *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		yard_device(y, cases[i].build, "", at(cases[i].when));
		yard_fact(y, "tag.policy", cases[i].policy, at(cases[i].when));
		yard_fact(y, "tag.ring", cases[i].ring, at(cases[i].when));
		const char *line = yard_line(y, at(cases[i].when));
		if (strcmp(line, cases[i].line) != 0)
			fail_msg("%s: %s", cases[i].what, line);
	}
}

static void open_policies(struct yard *y)
{
	yard_open(y, NULL, 0, policies, COUNT_OF(policies));
}

TEST(rule_a_gives_the_newest_of_the_devices_own_quarter)
{
	static const struct one cases[] = {
		{ "the first month", "lcu", "now", "26100.2000", "2025-05-14",
		  "install KB105 a" },
		{ "both months", "lcu", "now", "26100.2000", "2025-06-11",
		  "install KB106 a" },
		{ "from one to the next", "lcu", "now", "26100.2100", "2025-06-11",
		  "install KB106 a" },
		{ "it has the newest", "lcu", "now", "26100.2200", "2025-06-30",
		  "up-to-date -: up-to-date" },
		{ "never the update of a month whose hotpatch it has", "lcu", "now",
		  "26100.2100", "2025-05-30", "up-to-date -: up-to-date" },
		{ "nor of one whose hotpatch it could have", "lcu", "nine", "26100.2000",
		  "2025-05-22", "install KB105 a" },
		{ "the new quarter has not opened in its ring", "lcu", "nine",
		  "26100.2100", "2025-07-10", "install KB106 a" },
	};
	struct yard y;

	open_policies(&y);
	check(&y, cases, COUNT_OF(cases));
	/* The hotpatch of its month is held: that is no way to the update. */
	yard_record(&y, "KB105", NULL)->halted = true;
	yard_rollouts(&y);
	static const struct one halted[] = {
		{ "halted hotpatch", "lcu", "now", "26100.2000", "2025-05-14",
		  "waiting KB105: halted" },
	};
	check(&y, halted, COUNT_OF(halted));
	yard_close(&y);
}

TEST(only_an_approval_for_the_track_brings_it_an_update)
{
	struct yard y;

	open_policies(&y);
	struct rollout_record *record = yard_record(&y, "KB115", "now");
	record->approval = APPROVAL_GIVEN;
	yard_rollouts(&y);
	static const struct one plainly[] = {
		{ "approved, but not for the track", "lcu", "now", "26100.2000",
		  "2025-05-14", "install KB105 a" },
	};
	check(&y, plainly, COUNT_OF(plainly));
	record->approved_for_track = true;
	yard_rollouts(&y);
	static const struct one track[] = {
		{ "approved for it", "lcu", "now", "26100.2000", "2025-05-14",
		  "install KB115 a: approved-for-track" },
		{ "its month's hotpatch is as current", "lcu", "now", "26100.2100",
		  "2025-05-14", "up-to-date -: up-to-date" },
		{ "a newer hotpatch goes before it", "lcu", "now", "26100.2000",
		  "2025-06-11", "install KB106 a" },
		{ "not in another ring", "lcu", "nine", "26100.2000", "2025-05-23",
		  "install KB105 a" },
	};
	check(&y, track, COUNT_OF(track));
	yard_close(&y);
}

TEST(rule_b_moves_to_the_newest_baseline_and_lets_others_join)
{
	static const struct one cases[] = {
		{ "from quarter to quarter", "lcu", "now", "26100.2200", "2025-07-09",
		  "install KB107 b: new-quarter" },
		{ "from the update before it", "lcu", "now", "26100.2250", "2025-07-09",
		  "install KB107 b: off-track" },
		{ "a slow ring sees the baseline before the next update", "lcu", "thirty",
		  "26100.1200", "2025-05-20", "install KB104 b: new-quarter" },
		{ "as delivered, in a baseline month", "lcu", "now", "26100.500",
		  "2025-01-15", "install KB101 b: version off-track" },
	};
	struct yard y;

	open_policies(&y);
	/* The build as delivered is below `from`: it is d that chooses, the same. */
	check(&y, cases, COUNT_OF(cases) - 1);
	yard_close(&y);
}

/* A newer out-of-band fix would cost the device its whole quarter. */
TEST(rule_b_takes_the_baseline_even_where_a_newer_fix_is_open)
{
	static const char *const lines[] = {
		"product win11 client 26100 from=26100.1",
		"KB1 26100.10 lcu 2025-12-09",
		"KB2 26100.20 baseline 2026-01-13",
		"KB3 26100.21 lcu 2026-01-17 OOB",
		"KB4 26100.30 lcu 2026-02-10",
		"KB5 26100.25 hotpatch 2026-02-10 baseline=KB2",
	};
	static const struct one cases[] = {
		{ "off the track, qualifies", "lcu", "now", "26100.10", "2026-01-18",
		  "install KB2 b: off-track" },
		{ "does not qualify: the fix", "none", "now", "26100.10", "2026-01-18",
		  "install KB3 d: policy-blocks-hotpatch off-track" },
		{ "once the month's update is out: that", "lcu", "now", "26100.10",
		  "2026-02-11", "install KB4 d: off-track" },
		{ "on the track the fix is no reason to leave", "lcu", "now", "26100.20",
		  "2026-01-18", "up-to-date -: up-to-date" },
	};
	struct yard y;

	yard_open(&y, lines, COUNT_OF(lines), policies, COUNT_OF(policies));
	check(&y, cases, COUNT_OF(cases));
	yard_close(&y);
}

TEST(rule_c_is_for_devices_that_are_behind)
{
	static const struct one cases[] = {
		{ "policy lcu", "lcu", "now", "26100.1200", "2025-05-14",
		  "install KB115 d: behind-baseline" },
		{ "policy baseline", "baseline", "now", "26100.1200", "2025-05-14",
		  "install KB104 c: behind-baseline" },
		{ "then the hotpatches upon it", "baseline", "now", "26100.2000",
		  "2025-05-14", "install KB105 a" },
		{ "two quarters behind: the newest baseline", "baseline", "now",
		  "26100.1200", "2025-08-13", "install KB107 c: behind-baseline" },
		{ "off the track it is not asked", "baseline", "now", "26100.1250",
		  "2025-05-14", "install KB115 d: off-track" },
		{ "nor of a device that does not qualify", "none", "now", "26100.1200",
		  "2025-05-14",
		  "install KB115 d: policy-blocks-hotpatch behind-baseline" },
	};
	struct yard y;

	open_policies(&y);
	check(&y, cases, COUNT_OF(cases));
	yard_close(&y);
}

TEST(a_baseline_that_is_withheld_is_waited_for)
{
	static const char *const held[] = {
		"policy baseline allow behind=baseline match=any",
		"ring now match=any",
		"hold KB104 match=any",
	};
	static const struct one cases[] = {
		{ "held, with a hotpatch of its quarter open", "", "", "26100.1200",
		  "2025-05-14", "waiting KB104: baseline-withheld held" },
		{ "nothing of the new quarter open", "", "", "26100.1200", "2025-04-09",
		  "waiting KB104: held" },
	};
	struct yard y;

	yard_open(&y, NULL, 0, held, COUNT_OF(held));
	check(&y, cases, COUNT_OF(cases));
	yard_close(&y);
}

TEST(rule_d_gives_everyone_else_the_newest_cumulative_update)
{
	static const struct one cases[] = {
		{ "month by month", "none", "now", "26100.2000", "2025-05-14",
		  "install KB115 d: policy-blocks-hotpatch" },
		{ "a baseline in its month", "none", "now", "26100.2250", "2025-07-09",
		  "install KB107 d: policy-blocks-hotpatch off-track" },
		{ "skipping what was missed", "none", "now", "26100.1000", "2025-06-11",
		  "install KB116 d: policy-blocks-hotpatch behind-baseline" },
		{ "with deferral, the newest that is open", "none", "nine", "26100.1000",
		  "2025-06-11",
		  "install KB115 d: policy-blocks-hotpatch behind-baseline" },
		{ "never down", "none", "nine", "26100.2250", "2025-06-11",
		  "up-to-date -: up-to-date" },
	};
	struct yard y;

	open_policies(&y);
	check(&y, cases, COUNT_OF(cases));
	yard_close(&y);
}

TEST(a_missing_payload_falls_back_or_waits_as_the_policy_says)
{
	static const struct one cases[] = {
		{ "hotpatch, fall back", "lcu", "now", "26100.2000", "2025-05-14",
		  "install KB115 d: payload-missing" },
		{ "hotpatch, wait", "wait", "now", "26100.2000", "2025-05-14",
		  "waiting KB105: payload-missing" },
		{ "hotpatch, nothing to fall back to", "lcu", "now", "26100.2100",
		  "2025-06-11", "install KB116 d: payload-missing" },
		{ "baseline, wait", "wait", "now", "26100.2200", "2025-07-09",
		  "waiting KB107: payload-missing" },
		{ "baseline, and only equally current updates", "lcu", "now",
		  "26100.2200", "2025-07-09", "waiting KB107: payload-missing" },
		{ "behind, baseline wanted, fall back", "baseline", "now", "26100.2200",
		  "2025-08-13", "install KB118 d: behind-baseline payload-missing" },
		{ "behind, baseline wanted, wait", "both", "now", "26100.2200",
		  "2025-08-13", "waiting KB107: payload-missing" },
		{ "rule d takes the newest that is there", "none", "now", "26100.2250",
		  "2025-07-09", "waiting KB107: payload-missing" },
	};
	struct yard y;

	open_policies(&y);
	yard_no_payload(&y, "KB105");
	yard_no_payload(&y, "KB106");
	yard_no_payload(&y, "KB107");
	check(&y, cases, COUNT_OF(cases));
	yard_no_payload(&y, "KB116");
	static const struct one older[] = {
		{ "and an older one when the newest is not", "none", "now", "26100.2000",
		  "2025-06-11", "install KB115 d: policy-blocks-hotpatch" },
	};
	check(&y, older, COUNT_OF(older));
	yard_close(&y);
}

/* The baseline would be chosen but for its payload: then the policy has the word.  No
 * update goes before a hotpatch of the device's own quarter that is as new. */
TEST(a_baseline_without_its_payload_still_begins_a_quarter)
{
	static const struct one cases[] = {
		{ "fall back", "lcu", "now", "26100.1100", "2025-04-09",
		  "install KB103 a: payload-missing" },
		{ "wait", "wait", "now", "26100.1100", "2025-04-09",
		  "waiting KB104: payload-missing" },
		{ "before it is out", "lcu", "now", "26100.1100", "2025-04-07",
		  "install KB103 a" },
	};
	struct yard y;

	open_policies(&y);
	yard_no_payload(&y, "KB104");
	check(&y, cases, COUNT_OF(cases));
	yard_close(&y);
}

/* A hotpatch of the new quarter opens on the 22nd; from then on the device is behind, and
 * an update that was open all along is what it gets. */
TEST(one_that_is_open_may_wait_for_another_to_change_the_rule)
{
	static const char *const halted[] = { "KB102", "KB103", "KB104", "KB115" };
	static const struct one cases[] = {
		{ "waits", "lcu", "nine", "26100.1000", "2025-05-20",
		  "waiting KB113: deferred" },
	};
	struct yard y;

	open_policies(&y);
	for (size_t i = 0; i < COUNT_OF(halted); i++)
		yard_record(&y, halted[i], NULL)->halted = true;
	yard_rollouts(&y);
	check(&y, cases, COUNT_OF(cases));
	assert_int_equal(y.decision.opens_s, at("2025-05-22"));
	assert_int_equal(y.decision.stands_until_s, at("2025-05-21") + 1);
	yard_close(&y);
}

/* 2.4.5: the first to open of what would be chosen as time passes; only when none opens
 * by itself, what stands in the way of the newest. */
TEST(waiting_names_the_release_that_comes_first)
{
	static const struct one cases[] = {
		{ "the first of two that open later", "lcu", "thirty", "26100.2000",
		  "2025-06-11", "waiting KB105: deferred" },
		{ "the baseline, when it opens", "lcu", "nine", "26100.2200",
		  "2025-07-09", "waiting KB107: deferred" },
		{ "for those who take updates: the update", "none", "nine", "26100.2000",
		  "2025-05-14", "waiting KB115: deferred" },
		{ "nothing is published", "lcu", "nine", "26100.2200", "2025-07-01",
		  "up-to-date -: up-to-date" },
	};
	static const struct one halted[] = {
		{ "the newest is halted: the other one opens", "lcu", "thirty",
		  "26100.2000", "2025-06-11", "waiting KB105: deferred" },
		{ "none opens: the newest, by its person", "lcu", "now", "26100.2100",
		  "2025-06-11", "waiting KB106: halted" },
		{ "a halt is told before the deferral has passed", "lcu", "thirty",
		  "26100.2100", "2025-06-11", "waiting KB106: halted" },
	};
	struct yard y;

	open_policies(&y);
	check(&y, cases, COUNT_OF(cases));
	yard_record(&y, "KB106", NULL)->halted = true;
	yard_rollouts(&y);
	check(&y, halted, COUNT_OF(halted));
	yard_close(&y);
}

TEST(waiting_on_a_security_release_past_its_deadline_is_overdue)
{
	struct yard y;

	open_policies(&y);
	yard_record(&y, "KB115", NULL)->halted = true;
	yard_rollouts(&y);
	yard_device(&y, "26100.2000", "KB104", at("2025-05-14"));
	yard_fact(&y, "vbs", "off", at("2025-05-14"));
	yard_fact(&y, "tag.policy", "lcu", at("2025-05-14"));
	yard_fact(&y, "tag.ring", "nine", at("2025-05-14"));
	/* Opens on the 22nd, and five days are the ring's deadline. */
	assert_string_equal(yard_line(&y, at("2025-05-27")), "waiting KB115: halted");
	assert_false(y.decision.overdue);
	assert_int_equal(y.decision.stands_until_s, at("2025-05-27") + 1);
	yard_decide(&y, at("2025-05-27") + 1);
	assert_true(y.decision.overdue);
	yard_close(&y);
}

/* Facts that only mean "not now" change nothing of it. */
TEST(what_only_means_not_now_never_changes_the_choice)
{
	struct yard y;

	open_policies(&y);
	yard_device(&y, "26100.2000", "KB104", at("2025-05-14"));
	yard_fact(&y, "tag.policy", "lcu", at("2025-05-14"));
	yard_fact(&y, "tag.ring", "now", at("2025-05-14"));
	y.device.history.paused_until_s = at("2025-05-20");
	assert_string_equal(yard_line(&y, at("2025-05-14")),
			    "waiting KB105 a: device-paused");
	y.device.history.paused_until_s = 0;
	assert_string_equal(yard_line(&y, at("2025-05-16")),
			    "waiting KB105 a: facts-stale");
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_a_gives_the_newest_of_the_devices_own_quarter),
		cmocka_unit_test(only_an_approval_for_the_track_brings_it_an_update),
		cmocka_unit_test(
			rule_b_moves_to_the_newest_baseline_and_lets_others_join),
		cmocka_unit_test(
			rule_b_takes_the_baseline_even_where_a_newer_fix_is_open),
		cmocka_unit_test(rule_c_is_for_devices_that_are_behind),
		cmocka_unit_test(a_baseline_that_is_withheld_is_waited_for),
		cmocka_unit_test(rule_d_gives_everyone_else_the_newest_cumulative_update),
		cmocka_unit_test(
			a_missing_payload_falls_back_or_waits_as_the_policy_says),
		cmocka_unit_test(a_baseline_without_its_payload_still_begins_a_quarter),
		cmocka_unit_test(
			one_that_is_open_may_wait_for_another_to_change_the_rule),
		cmocka_unit_test(waiting_names_the_release_that_comes_first),
		cmocka_unit_test(
			waiting_on_a_security_release_past_its_deadline_is_overdue),
		cmocka_unit_test(what_only_means_not_now_never_changes_the_choice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
