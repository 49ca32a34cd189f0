/* The eight rows of eligibility, and what an offer says of them (DESIGN 2.3). */

#include <stdio.h>
#include <string.h>

#include "engine/judgement.h"
#include "tests/lib/case.h"
#include "yard.h"

static const char *const plan[] = {
	"policy blocked match=tag.blocked = yes",
	"policy all allow match=any",
	"ring now match=any",
};

/* In May: hotpatch KB105 for those who qualify, KB115 for the others. */
TEST(every_row_passes_fails_or_says_that_nothing_was_reported)
{
	static const struct {
		const char *what, *name, *value;
		enum row_id row;
		enum verdict verdict;
		bool passes;
		const char *line;
	} cases[] = {
		{ "all pass", "tag.x", "y", ROW_POLICY, VERDICT_PASS, true,
		  "install KB105 a" },
		{ "policy blocks", "tag.blocked", "yes", ROW_POLICY, VERDICT_FAIL, false,
		  "install KB115 d: policy-blocks-hotpatch" },
		{ "edition of another kind", "os.edition", "Professional", ROW_EDITION,
		  VERDICT_FAIL, false, "install KB115 d: edition" },
		{ "edition in any case", "os.edition", "ENTERPRISE", ROW_EDITION,
		  VERDICT_PASS, true, "install KB105 a" },
		{ "an edition that only begins so", "os.edition", "EnterpriseG",
		  ROW_EDITION, VERDICT_FAIL, false, "install KB115 d: edition" },
		{ "edition not reported", "os.edition", NULL, ROW_EDITION,
		  VERDICT_NOT_REPORTED, false, "install KB115 d: edition" },
		{ "licence no", "licence.hotpatch", "no", ROW_LICENCE, VERDICT_FAIL,
		  false, "install KB115 d: licence" },
		{ "licence not reported", "licence.hotpatch", NULL, ROW_LICENCE,
		  VERDICT_NOT_REPORTED, true, "install KB105 a: licence-not-reported" },
		{ "VBS off", "vbs", "off", ROW_VBS, VERDICT_FAIL, false,
		  "install KB115 d: vbs-not-running" },
		{ "VBS configured is not enough", "vbs", "configured", ROW_VBS,
		  VERDICT_FAIL, false, "install KB115 d: vbs-not-running" },
		{ "VBS not reported", "vbs", NULL, ROW_VBS, VERDICT_NOT_REPORTED, false,
		  "install KB115 d: vbs-not-reported" },
		{ "CHPE on x64", "chpe", "on", ROW_CHPE, VERDICT_DOES_NOT_APPLY, true,
		  "install KB105 a" },
		{ "off the track", "os.build", "26100.1250", ROW_TRACK, VERDICT_FAIL,
		  false, "install KB115 d: off-track" },
	};
	struct yard y;

	yard_open(&y, NULL, 0, plan, COUNT_OF(plan));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, "26100.2000", "KB104", at("2025-05-14"));
		yard_fact(&y, cases[i].name, cases[i].value, at("2025-05-14"));
		const char *line = yard_line(&y, at("2025-05-14"));
		const struct row *row = &y.decision.rows[cases[i].row];
		if (row->verdict != cases[i].verdict || row->passes != cases[i].passes ||
		    strcmp(line, cases[i].line) != 0)
			fail_msg("%s: %s, %s", cases[i].what, verdict_names[row->verdict],
				 line);
	}
	yard_close(&y);
}

TEST(on_arm64_chpe_must_be_off)
{
	static const struct {
		const char *chpe;
		enum verdict verdict;
		const char *line;
	} cases[] = {
		{ "off", VERDICT_PASS, "install KB105 a" },
		{ "on", VERDICT_FAIL, "install KB115 d: chpe-enabled" },
		{ NULL, VERDICT_NOT_REPORTED, "install KB115 d: chpe-not-reported" },
	};
	struct yard y;

	yard_open(&y, NULL, 0, plan, COUNT_OF(plan));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, "26100.2000", "KB104", at("2025-05-14"));
		yard_fact(&y, "os.arch", "arm64", at("2025-05-14"));
		yard_fact(&y, "chpe", cases[i].chpe, at("2025-05-14"));
		assert_string_equal(yard_line(&y, at("2025-05-14")), cases[i].line);
		assert_int_equal(y.decision.rows[ROW_CHPE].verdict, cases[i].verdict);
	}
	yard_close(&y);
}

TEST(the_build_must_be_late_enough_for_the_product)
{
	static const struct {
		const char *product;
		bool passes;
	} cases[] = {
		{ "product p client 26200 from=26200.10", true },
		{ "product p client 26200 from=26200.11", false },
		{ "product p client 26200", false }, /* takes none at all */
		{ "product p client 26200 from=26100.9999", true },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *const lines[] = { cases[i].product,
					      "KB1 26200.10 lcu 2025-01-14" };
		struct yard y;
		yard_open(&y, lines, COUNT_OF(lines), NULL, 0);
		yard_device(&y, "26200.10", "KB1", at("2025-02-14"));
		const struct decision *d = yard_decide(&y, at("2025-02-14"));
		if (d->rows[ROW_VERSION].passes != cases[i].passes)
			fail_msg("%s", cases[i].product);
		yard_close(&y);
	}
}

TEST(without_a_policy_hotpatch_is_blocked)
{
	static const char *const some[] = {
		"policy some allow match=tag.hot = yes",
		"ring now match=any",
	};
	struct yard y;

	yard_open(&y, NULL, 0, some, COUNT_OF(some));
	yard_device(&y, "26100.2000", "KB104", at("2025-05-14"));
	assert_string_equal(yard_line(&y, at("2025-05-14")),
			    "install KB115 d: policy-blocks-hotpatch");
	assert_int_equal(y.decision.policy, -1);
	yard_close(&y);
}

TEST(a_cumulative_offer_names_every_row_that_failed_in_order)
{
	struct yard y;

	yard_open(&y, NULL, 0, plan, COUNT_OF(plan));
	yard_device(&y, "26100.1250", "KB113", at("2025-05-14"));
	yard_fact(&y, "os.arch", "arm64", at("2025-05-14"));
	yard_fact(&y, "chpe", "on", at("2025-05-14"));
	yard_fact(&y, "vbs", NULL, at("2025-05-14"));
	yard_fact(&y, "licence.hotpatch", "no", at("2025-05-14"));
	yard_fact(&y, "os.edition", "Core", at("2025-05-14"));
	yard_fact(&y, "tag.blocked", "yes", at("2025-05-14"));
	assert_string_equal(yard_line(&y, at("2025-05-14")),
			    "install KB115 d: policy-blocks-hotpatch edition licence "
			    "vbs-not-reported chpe-enabled off-track");
	assert_false(y.decision.qualifies);
	yard_close(&y);
}

TEST(the_normal_move_to_a_baseline_is_called_new_quarter)
{
	static const struct {
		const char *what, *build, *vbs, *when, *line;
		enum verdict verdict;
	} cases[] = {
		{ "on the track", "26100.1200", "running", "2025-04-09",
		  "install KB104 b: new-quarter", VERDICT_FAIL },
		{ "on the track, and not qualifying", "26100.1200", "off", "2025-04-09",
		  "install KB104 d: vbs-not-running new-quarter", VERDICT_FAIL },
		{ "behind it by a month", "26100.1200", "running", "2025-05-14",
		  "install KB115 d: behind-baseline", VERDICT_FAIL },
		{ "behind, and not qualifying", "26100.1200", "off", "2025-05-14",
		  "install KB115 d: vbs-not-running behind-baseline", VERDICT_FAIL },
		{ "off the track", "26100.1250", "running", "2025-04-09",
		  "install KB104 b: off-track", VERDICT_DOES_NOT_APPLY },
		{ "up to date", "26100.1200", "running", "2025-04-01",
		  "up-to-date -: up-to-date", VERDICT_PASS },
	};
	struct yard y;

	yard_open(&y, NULL, 0, plan, COUNT_OF(plan));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		yard_device(&y, cases[i].build, "", at(cases[i].when));
		yard_fact(&y, "vbs", cases[i].vbs, at(cases[i].when));
		const char *line = yard_line(&y, at(cases[i].when));
		if (strcmp(line, cases[i].line) != 0 ||
		    y.decision.rows[ROW_BASELINE].verdict != cases[i].verdict)
			fail_msg("%s: %s", cases[i].what, line);
	}
	yard_close(&y);
}

/* Also where no release is chosen: without a ring, on the way, with a restart due. */
TEST(every_decision_carries_all_rows)
{
	static const char *const no_ring[] = {
		"policy all allow match=any",
		"ring later match=tag.never = yes",
	};
	struct yard y;

	yard_open(&y, NULL, 0, no_ring, COUNT_OF(no_ring));
	yard_device(&y, "26100.1200", "KB103", at("2025-04-09"));
	assert_string_equal(yard_line(&y, at("2025-04-09")), "not-ready -: no-ring");
	assert_true(y.decision.qualifies);
	assert_int_equal(y.decision.rows[ROW_BASELINE].verdict, VERDICT_PASS);
	yard_fact(&y, "os.build", NULL, at("2025-04-09"));
	assert_string_equal(yard_line(&y, at("2025-04-09")),
			    "not-ready -: facts-missing");
	assert_true(y.decision.rows[ROW_POLICY].passes);
	assert_int_equal(y.decision.rows[ROW_VERSION].verdict, VERDICT_NOT_REPORTED);
	assert_int_equal(y.decision.rows[ROW_TRACK].verdict, VERDICT_DOES_NOT_APPLY);
	assert_false(y.decision.qualifies);
	yard_close(&y);

	yard_open(&y, NULL, 0, NULL, 0);
	yard_device(&y, "26100.1200", "KB103", at("2025-04-09"));
	yard_fact(&y, "restart.pending", "yes", at("2025-04-09"));
	assert_string_equal(yard_line(&y, at("2025-04-09")),
			    "restart -: restart-pending");
	assert_int_equal(y.decision.rows[ROW_BASELINE].reason, REASON_NEW_QUARTER);
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_row_passes_fails_or_says_that_nothing_was_reported),
		cmocka_unit_test(on_arm64_chpe_must_be_off),
		cmocka_unit_test(the_build_must_be_late_enough_for_the_product),
		cmocka_unit_test(without_a_policy_hotpatch_is_blocked),
		cmocka_unit_test(a_cumulative_offer_names_every_row_that_failed_in_order),
		cmocka_unit_test(the_normal_move_to_a_baseline_is_called_new_quarter),
		cmocka_unit_test(every_decision_carries_all_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
