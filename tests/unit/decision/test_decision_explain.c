/* The explanation: every rule with what was observed, where from, what to do, and the
 * way back to hotpatches (DESIGN 2.3, 2.8). */

#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "yard.h"

static struct explanation e;
static char room[EXPLANATION_TEXT];

static const char *const rings[] = {
	"policy blocked match=tag.blocked = yes",
	"policy all allow match=any",
	"ring first match=tag.ring = first",
	"ring nine defer=9 after=first gradual=3 window=22-4 match=tag.ring = nine",
	"hold KB105 match=tag.held = yes",
};

static void open_yard(struct yard *y)
{
	yard_open(y, NULL, 0, rings, COUNT_OF(rings));
	yard_device(y, "26100.2000", "KB104", at("2025-05-14"));
	yard_fact(y, "tag.ring", "first", at("2025-05-14"));
}

static int ask(struct yard *y, uint32_t kb, const char *when)
{
	struct situation situation = yard_situation(y, at(when));
	struct explain_question question = { .kb = kb };

	return explain(&situation, kb == 0 ? NULL : &question, &e);
}

static const struct rule *rule_named(const char *name)
{
	for (int i = 0; i < e.rule_count; i++) {
		if (strcmp(e.rules[i].name, name) == 0)
			return &e.rules[i];
	}
	return NULL;
}

static void check_rule(const char *name, enum verdict verdict, const char *observed,
		       const char *reason)
{
	const struct rule *rule = rule_named(name);

	if (rule == NULL) {
		fail_msg("no rule '%s'", name);
		return;
	}
	if (rule->verdict != verdict || strstr(rule->observed, observed) == NULL ||
	    strcmp(reason_face(rule->reason)->name, reason) != 0)
		fail_msg("%s: %s, '%s', %s", name, verdict_names[rule->verdict],
			 rule->observed, reason_face(rule->reason)->name);
}

TEST(rules_come_in_the_order_in_which_a_person_would_check_them)
{
	static const char *const names[] = {
		"facts",           "product",   "level",         "ring",
		"policy-match",    "policy",    "edition",       "version",
		"licence",         "vbs",       "chpe",          "track",
		"baseline",        "published", "active",        "above",
		"targeted",        "optional",  "quarter",       "approved",
		"deferral",        "gradual",   "gate",          "canary",
		"paused",          "halted",    "held",          "blocked",
		"payload",         "chosen",    "running",       "facts-fresh",
		"restart-pending", "request",   "device-paused", "retry",
		"window",          "user",
	};
	struct yard y;

	open_yard(&y);
	assert_int_equal(ask(&y, 0, "2025-05-14"), 0);
	assert_int_equal(e.rule_count, COUNT_OF(names));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_string_equal(e.rules[i].name, names[i]);
		assert_true(e.rules[i].passes);
		assert_int_not_equal(e.rules[i].source[0], '\0');
		assert_non_null(e.rules[i].remedy);
		if (i > 0)
			assert_true(e.rules[i].group >= e.rules[i - 1].group);
	}
	assert_string_equal(e.headline, "pc-1 is offered KB105 (hotpatch, 26100.2100).");
	assert_true(e.offered);
	assert_false(e.asked);
	assert_int_equal(e.way_back_count, 0);
	yard_close(&y);
}

TEST(a_row_shows_its_fact_and_where_it_is_from)
{
	struct yard y;
	struct problem p;

	open_yard(&y);
	yard_fact(&y, "vbs", "configured", at("2025-05-14T06:00:00Z"));
	facts_set(&y.device.facts, "licence.hotpatch", "no", at("2025-05-13"),
		  FACT_ASSERTED, NULL, &p);
	yard_fact(&y, "os.edition", NULL, 0);
	ask(&y, 0, "2025-05-14");
	check_rule("vbs", VERDICT_FAIL, "configured", "vbs-not-running");
	assert_string_equal(rule_named("vbs")->expected, "running");
	assert_string_equal(rule_named("vbs")->source, "fact vbs, reported");
	assert_string_equal(rule_named("vbs")->fact, "vbs");
	assert_int_equal(rule_named("vbs")->observed_s, at("2025-05-14T06:00:00Z"));
	assert_non_null(strstr(rule_named("vbs")->remedy, "restart"));
	check_rule("licence", VERDICT_FAIL, "no", "licence");
	assert_string_equal(rule_named("licence")->source,
			    "fact licence.hotpatch, asserted");
	assert_int_equal(rule_named("licence")->fact_source, FACT_ASSERTED);
	check_rule("edition", VERDICT_NOT_REPORTED, "not reported", "edition");
	check_rule("chpe", VERDICT_DOES_NOT_APPLY, "x64", "");
	check_rule("policy", VERDICT_PASS, "all: allow", "");
	yard_close(&y);
}

TEST(a_device_that_cannot_be_placed_is_told_what_is_missing)
{
	static const struct {
		const char *fact, *value;
		const char *rule, *observed, *reason;
		enum verdict verdict;
	} cases[] = {
		{ "os.build", NULL, "facts", "os.build not reported", "facts-missing",
		  VERDICT_NOT_REPORTED },
		{ "os.build", "19045.1", "product", "none fits", "no-product",
		  VERDICT_FAIL },
		{ "os.arch", "x86", "product", "no release for its architecture",
		  "no-product", VERDICT_FAIL },
		{ "os.build", "26100.2001", "level", "no release has this build",
		  "level-unknown", VERDICT_FAIL },
		{ "tag.ring", "none", "ring", "none", "no-ring", VERDICT_FAIL },
	};
	struct yard y;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		open_yard(&y);
		yard_fact(&y, cases[i].fact, cases[i].value, at("2025-05-14"));
		assert_int_equal(ask(&y, 0, "2025-05-14"), 0);
		check_rule(cases[i].rule, cases[i].verdict, cases[i].observed,
			   cases[i].reason);
		assert_non_null(explanation_text(&e, room, sizeof room));
		yard_close(&y);
	}
}

/* What stands in the way of one release, asked for by its KB. */
TEST(one_release_is_explained_by_what_it_meets)
{
	static const struct {
		const char *what, *fact, *value, *when;
		uint32_t kb;
		const char *rule, *observed, *reason;
	} cases[] = {
		{ "not out yet", NULL, NULL, "2025-05-14", 106, "published",
		  "2025-06-10 17:00 UTC", "not-published" },
		{ "not newer", NULL, NULL, "2025-05-14", 102, "above",
		  "not newer than KB104", "not-newer" },
		{ "deferred", "tag.ring", "nine", "2025-05-14", 105, "deferral",
		  "opens 2025-05-22 17:00 UTC: 9 days", "deferred" },
		{ "gated", "tag.ring", "nine", "2025-05-14", 105, "gate",
		  "first has not passed", "gate-waiting" },
		{ "held", "tag.held", "yes", "2025-05-14", 105, "held", "firmware first",
		  "held" },
		{ "of another quarter", NULL, NULL, "2025-08-13", 108, "quarter",
		  "in the quarter of KB104", "behind-baseline" },
		{ "for those who qualify", "vbs", "off", "2025-05-14", 105, "quarter",
		  "does not qualify", "" },
		{ "another is chosen", "vbs", "off", "2025-05-14", 105, "chosen", "KB115",
		  "superseded" },
		{ "never offered", NULL, NULL, "2025-05-14", 104, "chosen", "KB105",
		  "superseded" },
	};
	struct yard y;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		open_yard(&y);
		if (cases[i].fact != NULL)
			yard_fact(&y, cases[i].fact, cases[i].value, at("2025-05-14"));
		if (ask(&y, cases[i].kb, cases[i].when) != 0)
			fail_msg("%s", cases[i].what);
		check_rule(cases[i].rule, VERDICT_FAIL, cases[i].observed,
			   cases[i].reason);
		assert_true(e.asked);
		yard_close(&y);
	}
}

TEST(the_headline_answers_the_question)
{
	static const struct {
		uint32_t kb;
		int rc;
		const char *headline, *instead;
	} cases[] = {
		{ 105, 0, "pc-1 is not offered KB105 (hotpatch, 26100.2100).",
		  "pc-1 is offered KB115 (lcu, 26100.2150)." },
		{ 115, 0, "pc-1 is offered KB115 (lcu, 26100.2150).", "" },
		{ 104, 0, "pc-1 stands on KB104 (baseline, 26100.2000).",
		  "pc-1 is offered KB115 (lcu, 26100.2150)." },
		{ 999, -1,
		  "pc-1 is not offered KB999: its product and architecture have no such "
		  "release.",
		  "pc-1 is offered KB115 (lcu, 26100.2150)." },
	};
	struct yard y;

	open_yard(&y);
	yard_fact(&y, "vbs", "off", at("2025-05-14"));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(ask(&y, cases[i].kb, "2025-05-14"), cases[i].rc);
		assert_string_equal(e.headline, cases[i].headline);
		assert_string_equal(e.instead, cases[i].instead);
	}
	yard_close(&y);
}

TEST(a_kb_of_several_builds_means_the_newest_published)
{
	static const char *const lines[] = {
		"product p client 26100 from=26100.1",
		"KB1 26100.10 lcu 2025-01-14",
		"KB1 26100.11 lcu 2025-02-11",
		"KB1 26100.12 lcu 2025-03-11",
	};
	struct yard y;

	yard_open(&y, lines, COUNT_OF(lines), NULL, 0);
	yard_device(&y, "26100.9", "", at("2025-02-14"));
	ask(&y, 1, "2025-02-14");
	assert_int_equal(e.release, 1);
	struct situation situation = yard_situation(&y, at("2025-02-14"));
	struct explain_question question = { 1, { 26100, 12 } };
	assert_int_equal(explain(&situation, &question, &e), 0);
	assert_int_equal(e.release, 2);
	yard_close(&y);
}

TEST(what_only_means_not_now_is_told_apart)
{
	struct yard y;

	open_yard(&y);
	yard_fact(&y, "tag.ring", "nine", at("2025-05-14"));
	struct rollout_record *record = yard_record(&y, "KB105", "nine");
	record->expedited = true;
	yard_rollouts(&y);
	y.device.history.paused_until_s = at("2025-05-20");
	ask(&y, 0, "2025-05-16");
	check_rule("deferral", VERDICT_DOES_NOT_APPLY, "expedited", "");
	check_rule("window", VERDICT_FAIL, "from 2025-05-16 22:00 UTC", "outside-window");
	check_rule("device-paused", VERDICT_FAIL, "2025-05-20", "device-paused");
	check_rule("facts-fresh", VERDICT_FAIL, "of 2025-05-14", "facts-stale");
	check_rule("restart-pending", VERDICT_PASS, "not reported", "");
	yard_fact(&y, "restart.pending", "yes", at("2025-05-16"));
	ask(&y, 0, "2025-05-16");
	check_rule("restart-pending", VERDICT_FAIL, "due by", "restart-pending");
	assert_string_equal(e.headline,
			    "pc-1 is due to restart by 2025-05-16 17:00 UTC.");
	yard_close(&y);
}

static const struct {
	const char *what, *build, *kbs, *when, *fact, *value;
	const char *steps[5];
} ways_back[] = {
	{ "nothing to do", "26100.2000", "KB104", "2025-05-14", NULL, NULL, { NULL } },
	{ "VBS off, still on the track",
	  "26100.2000",
	  "KB104",
	  "2025-05-14",
	  "vbs",
	  "off",
	  { "Turn VBS on and restart",
	    "Hotpatches follow at once, unless KB115 (lcu, 26100.2150) is "
	    "installed before." } },
	{ "VBS off, and off the track",
	  "26100.2150",
	  "KB115",
	  "2025-05-14",
	  "vbs",
	  "off",
	  { "Turn VBS on and restart", "Wait for the planned baseline of 2025-07-08.",
	    "Install it, with one restart.", "Hotpatches follow from then on." } },
	{ "off the track, the baseline is out",
	  "26100.2250",
	  "KB116",
	  "2025-07-09",
	  NULL,
	  NULL,
	  { "Install KB107 (baseline, 26100.3000), with one restart.",
	    "Hotpatches follow from then on." } },
	{ "off the track, and it is deferred",
	  "26100.2250",
	  "KB116",
	  "2025-07-09",
	  "tag.ring",
	  "nine",
	  { "Wait until KB107 (baseline, 26100.3000) opens",
	    "Install KB107 (baseline, 26100.3000), with one restart.",
	    "Hotpatches follow from then on." } },
	{ "nothing planned",
	  "26100.3150",
	  "KB118",
	  "2025-12-01",
	  NULL,
	  NULL,
	  { "Wait for the next baseline; none is planned yet.",
	    "Install it, with one restart.", "Hotpatches follow from then on." } },
	{ "an unknown level",
	  "26100.2249",
	  "",
	  "2025-06-11",
	  NULL,
	  NULL,
	  { "Import a newer catalog, or check os.build.",
	    "Wait for the planned baseline of 2025-07-08.",
	    "Install it, with one restart.", "Hotpatches follow from then on." } },
};

TEST(the_way_back_is_told_in_order)
{
	struct yard y;

	for (size_t i = 0; i < COUNT_OF(ways_back); i++) {
		size_t steps = 0;
		open_yard(&y);
		yard_device(&y, ways_back[i].build, ways_back[i].kbs,
			    at(ways_back[i].when));
		yard_fact(&y, "tag.ring", "first", at(ways_back[i].when));
		yard_record(&y, "KB107", "first")->passed_s = at("2025-07-08");
		yard_rollouts(&y);
		if (ways_back[i].fact != NULL)
			yard_fact(&y, ways_back[i].fact, ways_back[i].value,
				  at(ways_back[i].when));
		ask(&y, 0, ways_back[i].when);
		for (; steps < 5 && ways_back[i].steps[steps] != NULL; steps++) {
			if (steps >= e.way_back_count ||
			    strstr(e.way_back[steps], ways_back[i].steps[steps]) == NULL)
				fail_msg("%s, step %zu: %s", ways_back[i].what, steps + 1,
					 steps < e.way_back_count ? e.way_back[steps]
								  : "none");
		}
		if (e.way_back_count != steps)
			fail_msg("%s: %d steps", ways_back[i].what, e.way_back_count);
		yard_close(&y);
	}
}

TEST(what_has_begun_is_let_finish_on_the_way_back)
{
	struct yard y;

	open_yard(&y);
	yard_fact(&y, "vbs", "off", at("2025-05-14"));
	struct flow *flow = &y.device.history.flow;
	*flow = (struct flow){ .id = 1, .state = FLOW_INSTALLING };
	flow->key = (struct release_key){ "win11", 115, { 26100, 2150 } };
	flow->lease_s = at("2025-05-16");
	ask(&y, 105, "2025-05-14");
	assert_string_equal(e.way_back[0],
			    "Let KB115 (lcu, 26100.2150) finish: what has begun goes on, "
			    "and leaves the track.");
	assert_string_equal(e.way_back[2],
			    "Wait for the planned baseline of 2025-07-08.");
	yard_close(&y);
}

/* 2.3: remedies are part of the row, also on the way out. */
TEST(a_device_that_leaves_for_good_is_told_to_turn_chpe_on_again)
{
	struct yard y;

	open_yard(&y);
	yard_fact(&y, "os.arch", "arm64", at("2025-05-14"));
	yard_fact(&y, "chpe", "off", at("2025-05-14"));
	ask(&y, 0, "2025-05-14");
	assert_string_equal(rule_named("chpe")->remedy, "");
	yard_fact(&y, "tag.blocked", "yes", at("2025-05-14"));
	ask(&y, 0, "2025-05-14");
	check_rule("chpe", VERDICT_PASS, "off", "");
	assert_non_null(strstr(rule_named("chpe")->remedy,
			       "HotPatchRestrictions=0) and restart"));
	assert_non_null(strstr(e.way_back[e.way_back_count - 1], "clear the CHPE flag"));
	explanation_text(&e, room, sizeof room);
	assert_non_null(strstr(room, "-> As the device leaves hotpatch for good"));
	yard_close(&y);
}

TEST(the_text_is_whole_or_cut_at_a_lines_end)
{
	struct yard y;

	open_yard(&y);
	yard_fact(&y, "vbs", "off", at("2025-05-14"));
	ask(&y, 105, "2025-05-14");
	explanation_text(&e, room, sizeof room);
	size_t whole = strlen(room);
	assert_non_null(strstr(room, "pc-1 is not offered KB105"));
	assert_non_null(strstr(room, "Instead: pc-1 is offered KB115"));
	assert_non_null(strstr(room, "\nWay back to hotpatches\n  1. Turn VBS on"));
	assert_non_null(strstr(room, "✗  VBS is running"));
	assert_non_null(strstr(room, "as of       2025-05-14 17:00 UTC"));
	for (size_t size = 1; size <= whole + 2; size += 7) {
		char *cut = explanation_text(&e, room, size);
		size_t length = strlen(cut);
		assert_true(length < size);
		assert_true(length == 0 || cut[length - 1] == '\n');
	}
	yard_close(&y);
}

/* The present level is asked to go; `poll` the device comes round. */
static void ask_removal(struct yard *y, enum request_kind kind, bool poll, int64_t t)
{
	const struct removal removal = { .kind = kind };
	struct problem p;

	outcome_init(&y->outcome);
	assert_int_equal(passage_request(&y->device, yard_decide(y, t), &removal, t,
					 &y->outcome, &p),
			 0);
	if (poll)
		yard_poll(y, t);
}

TEST(what_is_stuck_says_why_and_what_to_do)
{
	struct yard y;
	int64_t t = at("2025-05-14");

	/* Nowhere to go to: the same before the device comes round and after. */
	for (int poll = 0; poll <= 1; poll++) {
		open_yard(&y);
		yard_device(&y, "26100.2100", "KB104 KB105", t);
		yard_fact(&y, "tag.ring", "first", t);
		yard_no_payload(&y, "KB115");
		ask_removal(&y, REQUEST_ROLLBACK, poll == 1, t);
		ask(&y, 0, "2025-05-14");
		check_rule("request", VERDICT_FAIL,
			   "rollback of KB105, asked for on 2025-05-14: stuck, ",
			   "stuck");
		check_rule("request", VERDICT_FAIL, "payload-missing", "stuck");
		check_rule("rollback-target", VERDICT_FAIL,
			   "KB115 (lcu, 26100.2150): payload-missing", "payload-missing");
		assert_non_null(strstr(e.headline, "its rollback of KB105 is stuck: "));
		assert_non_null(strstr(e.headline, "payload-missing."));
		explanation_text(&e, room, sizeof room);
		assert_non_null(strstr(room, "-> Look at the device, then ask for it "
					     "again."));
		assert_non_null(strstr(room, "-> Add its payload to the content store."));
		yard_close(&y);
	}

	/* What failed is named for good. */
	open_yard(&y);
	yard_device(&y, "26100.2100", "KB104 KB105", t);
	yard_fact(&y, "tag.ring", "first", t);
	ask_removal(&y, REQUEST_UNINSTALL, true, t);
	ask(&y, 0, "2025-05-14");
	check_rule("request", VERDICT_PASS,
		   "uninstall of KB105, asked for on 2025-05-14: requested", "");
	assert_null(rule_named("rollback-target"));
	for (uint32_t attempt = 1; attempt <= 3; attempt++) {
		t += DAY_S;
		y.device.facts.reported_s = t;
		yard_poll(&y, t);
		yard_report(&y, FLOW_FAILED, 1, t);
	}
	yard_poll(&y, t);
	ask(&y, 0, "2025-05-20");
	check_rule("request", VERDICT_FAIL, "stuck, uninstall failed, code 0x00000000",
		   "stuck");
	assert_string_equal(e.headline, "pc-1 is offered nothing: its uninstall of KB105 "
					"is stuck: uninstall failed, code 0x00000000.");
	/* A restart that something else wants is another matter. */
	yard_fact(&y, "restart.pending", "yes", t);
	ask(&y, 0, "2025-05-20");
	check_rule("request", VERDICT_FAIL, "stuck, uninstall failed", "stuck");
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			rules_come_in_the_order_in_which_a_person_would_check_them),
		cmocka_unit_test(a_row_shows_its_fact_and_where_it_is_from),
		cmocka_unit_test(a_device_that_cannot_be_placed_is_told_what_is_missing),
		cmocka_unit_test(one_release_is_explained_by_what_it_meets),
		cmocka_unit_test(the_headline_answers_the_question),
		cmocka_unit_test(a_kb_of_several_builds_means_the_newest_published),
		cmocka_unit_test(what_only_means_not_now_is_told_apart),
		cmocka_unit_test(the_way_back_is_told_in_order),
		cmocka_unit_test(what_has_begun_is_let_finish_on_the_way_back),
		cmocka_unit_test(
			a_device_that_leaves_for_good_is_told_to_turn_chpe_on_again),
		cmocka_unit_test(what_is_stuck_says_why_and_what_to_do),
		cmocka_unit_test(the_text_is_whole_or_cut_at_a_lines_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
