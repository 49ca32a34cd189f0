/* What keeps releases back meets what was asked for before: removals, baselines that are
 * gone, approvals for the track, gates beside deferrals, lists of KBs that are short. */

#include <string.h>

#include "tests/lib/case.h"
#include "yard.h"

static const char *const spring[] = {
	"product win11 client 26100 from=26100.1 leaves=KB900",
	"KB10 26100.10 baseline 2025-01-14",
	"KB11 26100.11 hotpatch 2025-03-11 baseline=KB10",
	"KB20 26100.20 baseline 2025-04-08",
	"KB21 26100.21 hotpatch 2025-05-13 baseline=KB20",
	"KB31 26100.31 lcu 2025-05-13",
};

static void remove_hotpatch(struct yard *y, bool wait)
{
	struct release_key key = { "win11", 21, { 26100, 21 } };
	struct mark *mark = history_mark_open(&y->device.history, &key, at("2025-05-14"));

	mark->block = BLOCK_UNINSTALLED;
	mark->blocked_s = at("2025-05-14");
	y->device.history.request = (struct request){ .kind = REQUEST_UNINSTALL,
						      .state = RECOVERY_REMOVED,
						      .wait = wait,
						      .key = key };
}

/* The normal order with a bad hotpatch: stop it, take it away. */
TEST(a_removed_hotpatch_gives_way_to_the_update_whatever_else_keeps_it_back)
{
	static const char *const held[] = {
		"policy all allow match=any",
		"ring now match=any",
		"hold KB21 match=any",
	};
	static const char *const update_held[] = {
		"policy all allow match=any",
		"ring now match=any",
		"hold KB31 match=any",
	};
	static const struct {
		const char *what;
		const char *const *plan;
		bool halted, withdrawn, wait;
		enum approval approval;
		int64_t paused_s;
		const char *line;
	} rows[] = {
		{ "nothing else", NULL, false, false, false, APPROVAL_UNSET, 0,
		  "install KB31 d: uninstalled-by-request" },
		{ "halted", NULL, true, false, false, APPROVAL_UNSET, 0,
		  "install KB31 d: uninstalled-by-request" },
		{ "withdrawn", NULL, false, true, false, APPROVAL_UNSET, 0,
		  "install KB31 d: uninstalled-by-request" },
		{ "refused", NULL, false, false, false, APPROVAL_REFUSED, 0,
		  "install KB31 d: uninstalled-by-request" },
		{ "paused", NULL, false, false, false, APPROVAL_UNSET, DAYS(30),
		  "install KB31 d: uninstalled-by-request" },
		{ "held", held, false, false, false, APPROVAL_UNSET, 0,
		  "install KB31 d: uninstalled-by-request" },
		{ "the update held", update_held, false, false, false, APPROVAL_UNSET, 0,
		  "waiting KB31: held" },
		{ "waits", NULL, false, false, true, APPROVAL_UNSET, 0,
		  "waiting KB21: uninstalled-by-request" },
		{ "waits, halted", NULL, true, false, true, APPROVAL_UNSET, 0,
		  "waiting KB21: uninstalled-by-request" },
		{ "waits, withdrawn", NULL, false, true, true, APPROVAL_UNSET, 0,
		  "waiting KB21: uninstalled-by-request" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct yard y;
		yard_open(&y, spring, COUNT_OF(spring), rows[i].plan,
			  rows[i].plan == NULL ? 0 : 3);
		yard_device(&y, "26100.20", "KB20", at("2025-05-15"));
		remove_hotpatch(&y, rows[i].wait);
		struct rollout_record *record = yard_record(&y, "KB21", "now");
		record->halted = rows[i].halted;
		record->withdrawn = rows[i].withdrawn;
		record->approval = rows[i].approval;
		record->paused_until_s =
			rows[i].paused_s == 0 ? 0 : at("2025-05-15") + rows[i].paused_s;
		yard_rollouts(&y);
		const char *line = yard_line(&y, at("2025-05-15"));
		if (strncmp(line, rows[i].line, strlen(rows[i].line)) != 0)
			fail_msg("%s: %s, not %s", rows[i].what, line, rows[i].line);
		yard_close(&y);
	}
}

TEST(a_device_whose_baseline_was_withdrawn_is_behind_before_anything_opens)
{
	static const char *const six[] = {
		"policy all allow behind=baseline match=any",
		"ring now defer=6 match=any",
	};
	struct yard y;

	yard_open(&y, spring, COUNT_OF(spring), six, COUNT_OF(six));
	yard_device(&y, "26100.11", "KB11", at("2025-05-14"));
	yard_record(&y, "KB20", NULL)->withdrawn = true;
	yard_rollouts(&y);
	assert_string_equal(yard_line(&y, at("2025-05-14")),
			    "waiting -: baseline-withheld");
	yard_device(&y, "26100.11", "KB11", at("2025-05-21"));
	assert_string_equal(yard_line(&y, at("2025-05-21")),
			    "waiting -: baseline-withheld");
	yard_close(&y);
}

/* A hotpatch upon the next baseline makes a device behind, also where that baseline's
 * payload is not here: then no hotpatch may go to it, not even one of its own quarter. */
TEST(a_device_that_is_behind_gets_no_hotpatch_for_want_of_a_payload)
{
	static const char *const turn[] = {
		"product win11 client 26100 from=26100.1",
		"KB10 26100.10 baseline 2025-01-14",
		"KB11 26100.11 hotpatch 2025-03-11 baseline=KB10",
		"KB12 26100.12 lcu 2025-03-11",
		"KB20 26100.20 baseline 2025-04-08",
		"KB21 26100.21 hotpatch 2025-05-13 baseline=KB20",
	};
	struct yard y;

	yard_open(&y, turn, COUNT_OF(turn), NULL, 0);
	yard_no_payload(&y, "KB20");
	yard_device(&y, "26100.10", "KB10", at("2025-04-09"));
	assert_string_equal(yard_line(&y, at("2025-04-09")),
			    "install KB11 a: payload-missing");
	yard_device(&y, "26100.10", "KB10", at("2025-05-14"));
	assert_string_equal(yard_line(&y, at("2025-05-14")),
			    "install KB12 d: behind-baseline payload-missing");
	yard_close(&y);
}

TEST(an_approval_for_the_track_is_an_approval)
{
	static const char *const manual[] = {
		"policy all allow match=any",
		"ring now manual match=any",
	};
	struct yard y;

	yard_open(&y, spring, COUNT_OF(spring), manual, COUNT_OF(manual));
	yard_device(&y, "26100.20", "KB20", at("2025-05-15"));
	yard_record(&y, "KB31", "now")->approved_for_track = true;
	yard_rollouts(&y);
	assert_string_equal(yard_line(&y, at("2025-05-15")),
			    "install KB31 a: approved-for-track");
	yard_close(&y);
}

TEST(of_several_behind_a_gate_the_one_that_needs_only_the_gate_is_first)
{
	static const char *const gated[] = {
		"policy none match=any",
		"ring early match=tag.ring = early",
		"ring late defer=30 after=early match=any",
	};
	static const char *const summer[] = {
		"product win11 client 26100 from=26100.1",
		"KB10 26100.10 baseline 2026-01-13",
		"KB20 26100.20 lcu 2026-06-09",
		"KB30 26100.30 lcu 2026-07-14",
	};
	struct yard y;

	yard_open(&y, summer, COUNT_OF(summer), gated, COUNT_OF(gated));
	yard_device(&y, "26100.10", "KB10", at("2026-08-10"));
	assert_string_equal(yard_line(&y, at("2026-08-10")),
			    "waiting KB20: gate-waiting");
	assert_int_equal(y.decision.opens_s, INSTANT_NONE);
	yard_device(&y, "26100.10", "KB10", at("2026-08-14"));
	assert_string_equal(yard_line(&y, at("2026-08-14")),
			    "waiting KB30: gate-waiting");
	yard_close(&y);
}

/* Some devices list the latest KB alone: the hotpatch tells of its quarter as well. */
TEST(a_feature_update_after_the_baseline_leaves_the_track_however_short_the_list)
{
	static const struct {
		const char *what;
		const char *lists[3]; /* as seen on three days */
		enum track track;
	} rows[] = {
		{ "all of them",
		  { "KB20", "KB20 KB21", "KB20 KB21 KB900" },
		  TRACK_STANDARD },
		{ "the latest alone", { "KB20", "KB21", "KB21 KB900" }, TRACK_STANDARD },
		{ "before the hotpatch",
		  { "KB20", "KB20 KB900", "KB21 KB900" },
		  TRACK_STANDARD },
		{ "before the baseline",
		  { "KB900", "KB20 KB900", "KB21 KB900" },
		  TRACK_HOTPATCH },
		{ "together",
		  { "KB20 KB900", "KB20 KB900", "KB21 KB900" },
		  TRACK_HOTPATCH },
		{ "no longer listed", { "KB20", "KB20 KB900", "KB21" }, TRACK_STANDARD },
		{ "none", { "KB20", "KB20", "KB21" }, TRACK_HOTPATCH },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct yard y;
		yard_open(&y, spring, COUNT_OF(spring), NULL, 0);
		yard_device(&y, "26100.21", "", at("2025-05-13"));
		for (int day = 0; day < 3; day++) {
			int64_t t = at("2025-05-14") + DAYS(day);
			yard_fact(&y, "os.kbs", rows[i].lists[day], t);
			history_saw(&y.device.history, &y.device.facts, t);
		}
		if (yard_decide(&y, at("2025-05-17"))->track != rows[i].track)
			fail_msg("%s", rows[i].what);
		yard_close(&y);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_removed_hotpatch_gives_way_to_the_update_whatever_else_keeps_it_back),
		cmocka_unit_test(
			a_device_whose_baseline_was_withdrawn_is_behind_before_anything_opens),
		cmocka_unit_test(
			a_device_that_is_behind_gets_no_hotpatch_for_want_of_a_payload),
		cmocka_unit_test(an_approval_for_the_track_is_an_approval),
		cmocka_unit_test(
			of_several_behind_a_gate_the_one_that_needs_only_the_gate_is_first),
		cmocka_unit_test(
			a_feature_update_after_the_baseline_leaves_the_track_however_short_the_list),
	};
	return cmocka_run_group_tests_name("decision kept back", tests, NULL, NULL);
}
