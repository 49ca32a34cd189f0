/* Reports that are lost or come late, against facts that show how it went: the same end
 * as in order (DESIGN 2.7). */

#include <stdio.h>
#include <string.h>

#include "engine/passage.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "yard.h"

static const char *const rings[] = {
	"policy all allow match=any",
	"ring now defer=9 retry=1 match=any",
};

static const char day[] = "2025-05-16";

static void show(struct yard *y, const char *build, const char *kbs, const char *boot,
		 const char *pending, int64_t t)
{
	yard_fact(y, "restart.pending", pending, t);
	yard_shows(y, build, kbs, boot, t);
}

static void open_yard(struct yard *y, const char *build, const char *kbs)
{
	yard_open(y, NULL, 0, rings, COUNT_OF(rings));
	yard_device(y, build, kbs, at("2025-05-15"));
	yard_fact(y, "vbs", strstr(kbs, "105") == NULL ? "off" : "running", at(day));
	show(y, build, kbs, "2025-05-01T08:00:00Z", "no", at("2025-05-15"));
}

static void ask(struct yard *y, enum request_kind kind, bool wait, int64_t t)
{
	const struct removal removal = { kind, 0, wait };
	struct problem p;

	outcome_init(&y->outcome);
	assert_int_equal(passage_request(&y->device, yard_decide(y, t), &removal, t,
					 &y->outcome, &p),
			 0);
}

static const char *request_state(const struct yard *y)
{
	return recovery_state_names[y->device.history.request.state];
}

static enum block block_of(const struct yard *y, uint32_t kb, uint32_t revision)
{
	struct release_key key = { "win11", kb, { 26100, revision } };
	const struct mark *mark = history_mark(&y->device.history, &key);

	return mark == NULL ? BLOCK_NONE : mark->block;
}

TEST(a_removal_is_what_the_device_shows_whatever_was_reported_of_it)
{
	static const struct {
		const char *what;
		enum request_kind kind;
		bool wait, fetched;
		enum flow_state said; /* NONE: nothing */
		const char *shows, *kbs;
		const char *flow, *request, *line;
		bool blocked;
	} cases[] = {
		{ "nothing was heard of it", REQUEST_UNINSTALL, false, true, FLOW_NONE,
		  "26100.2000", "KB104", "removed", "removed",
		  "install KB115 d: uninstalled-by-request", true },
		{ "it was not even fetched", REQUEST_UNINSTALL, false, false, FLOW_NONE,
		  "26100.2000", "KB104", "removed", "removed",
		  "install KB115 d: uninstalled-by-request", true },
		{ "its begin was heard of", REQUEST_UNINSTALL, false, true, FLOW_REMOVING,
		  "26100.2000", "KB104", "removed", "removed",
		  "install KB115 d: uninstalled-by-request", true },
		{ "it is to wait", REQUEST_UNINSTALL, true, true, FLOW_NONE, "26100.2000",
		  "KB104", "removed", "removed", "waiting KB105: uninstalled-by-request",
		  true },
		{ "a level older still", REQUEST_UNINSTALL, false, true, FLOW_NONE,
		  "26100.1000", "KB101", "removed", "removed", NULL, true },
		{ "a rollback goes on", REQUEST_ROLLBACK, false, true, FLOW_NONE,
		  "26100.2000", "KB104", "removed", "removed",
		  "install KB115 r: rollback-requested", true },
		/* What is newer, or of the same day, is by another hand. */
		{ "the update of that day", REQUEST_UNINSTALL, false, true, FLOW_NONE,
		  "26100.2150", "KB104 KB115", "offered", "requested", NULL, false },
		{ "no level that is known", REQUEST_UNINSTALL, false, true, FLOW_NONE,
		  "26100.2001", "", "offered", "requested", NULL, false },
	};
	struct yard y;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t t = at("2025-05-23");
		open_yard(&y, "26100.2100", "KB104 KB105");
		y.device.facts.reported_s = t;
		ask(&y, cases[i].kind, cases[i].wait, t);
		assert_int_equal(yard_poll(&y, t), 1);
		if (cases[i].fetched)
			yard_fetch(&y, t);
		if (cases[i].said != FLOW_NONE)
			yard_report(&y, cases[i].said, 1, t + 1);
		yard_shows(&y, cases[i].shows, cases[i].kbs, NULL, t + 60);
		if (strcmp(yard_state(&y), cases[i].flow) != 0 ||
		    strcmp(request_state(&y), cases[i].request) != 0)
			fail_msg("%s: flow %s, request %s", cases[i].what, yard_state(&y),
				 request_state(&y));
		bool blocked = block_of(&y, 105, 2100) == BLOCK_UNINSTALLED;
		const char *line = yard_line(&y, t + 60);
		if (blocked != cases[i].blocked ||
		    (cases[i].line != NULL && strcmp(line, cases[i].line) != 0))
			fail_msg("%s: %s, %s", cases[i].what,
				 blocked ? "blocked" : "not blocked", line);
		yard_close(&y);
	}
}

TEST(a_removal_that_shows_after_its_flow_ended_is_done_before_anything_begins)
{
	struct yard y;
	int64_t t = at("2025-05-23");

	open_yard(&y, "26100.2100", "KB104 KB105");
	y.device.facts.reported_s = t;
	ask(&y, REQUEST_UNINSTALL, true, t);
	yard_poll(&y, t);
	yard_fetch(&y, t);
	yard_report(&y, FLOW_FAILED, 1, t + 1);
	yard_shows(&y, "26100.2000", "KB104", NULL, t + 2);
	assert_int_equal(yard_poll(&y, t + 3), 0);
	assert_int_equal(yard_events(&y, EVENT_FLOW), 0);
	assert_string_equal(request_state(&y), "removed");
	assert_int_equal(block_of(&y, 105, 2100), BLOCK_UNINSTALLED);
	yard_close(&y);
}

TEST(a_catalog_that_comes_to_name_what_it_shows_ends_the_removal_at_a_poll)
{
	struct yard y;
	int64_t t = at(day);

	open_yard(&y, "26100.2100", "KB104 KB105");
	ask(&y, REQUEST_UNINSTALL, true, t);
	yard_poll(&y, t);
	yard_fetch(&y, t);
	/* As if that build had been unknown when it was told. */
	yard_fact(&y, "os.build", "26100.2000", t + 60);
	yard_fact(&y, "os.kbs", "KB104", t + 60);
	assert_int_equal(yard_poll(&y, t + 120), 0);
	assert_string_equal(yard_state(&y), "removed");
	assert_string_equal(request_state(&y), "removed");
	yard_close(&y);
}

/* What is heard, in the order in which it is heard; time passes in between. */
enum heard { NOTHING, BEGUN, PENDING, DONE, SHOWS_PENDING, SHOWS_RESTART, SHOWS_SAME };

static void hear(struct yard *y, enum heard heard, int64_t t)
{
	bool install = y->device.history.flow.kind == FLOW_INSTALL;

	switch (heard) {
	case NOTHING:
		break;
	case BEGUN:
		yard_report(y, install ? FLOW_INSTALLING : FLOW_REMOVING, 1, t);
		break;
	case PENDING:
		yard_report(y, FLOW_RESTART_PENDING, 2, t);
		break;
	case DONE:
		yard_report(y, install ? FLOW_VERIFIED : FLOW_REMOVED, 3, t);
		break;
	case SHOWS_PENDING:
		show(y, NULL, NULL, NULL, "yes", t);
		break;
	case SHOWS_RESTART:
		show(y, NULL, NULL, "2025-05-20T08:00:00Z", "no", t);
		break;
	case SHOWS_SAME:
		show(y, NULL, NULL, NULL, "no", t);
		break;
	}
}

/* It did not take: after the restart the old level shows, and the device says that all is
 * well.  However the reports of that are mixed up, it ends as in order. */
TEST(a_late_word_on_a_restart_neither_waits_for_another_nor_asks_for_it)
{
	static const struct {
		const char *what;
		enum heard heard[7];
	} cases[] = {
		{ "in order", { BEGUN, PENDING, SHOWS_PENDING, SHOWS_RESTART, DONE } },
		{ "both words late",
		  { BEGUN, SHOWS_PENDING, SHOWS_RESTART, PENDING, DONE } },
		{ "all of them late",
		  { SHOWS_PENDING, SHOWS_RESTART, BEGUN, PENDING, DONE } },
		{ "the claim early",
		  { BEGUN, PENDING, DONE, SHOWS_PENDING, SHOWS_RESTART } },
		{ "the claim early, told twice that it is pending",
		  { BEGUN, PENDING, DONE, SHOWS_PENDING, SHOWS_PENDING, SHOWS_RESTART } },
		{ "the claim before the late word",
		  { BEGUN, SHOWS_PENDING, SHOWS_RESTART, DONE, PENDING, SHOWS_SAME } },
		{ "it never told that a restart was pending",
		  { BEGUN, SHOWS_RESTART, PENDING, DONE, SHOWS_SAME } },
		{ "and no claim was heard",
		  { BEGUN, SHOWS_RESTART, PENDING, SHOWS_SAME } },
		{ "the word of it lost", { BEGUN, SHOWS_RESTART, DONE, SHOWS_SAME } },
		{ "nothing but the claim",
		  { SHOWS_PENDING, SHOWS_RESTART, DONE, SHOWS_SAME } },
		{ "no restart at all", { BEGUN, DONE, SHOWS_SAME } },
	};
	struct yard y;

	for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
		bool removal = i >= COUNT_OF(cases);
		const enum heard *heard = cases[i % COUNT_OF(cases)].heard;
		int64_t t = at("2025-05-23");
		if (removal) {
			open_yard(&y, "26100.2100", "KB104 KB105");
			ask(&y, REQUEST_UNINSTALL, false, t);
		} else {
			open_yard(&y, "26100.2000", "KB104");
		}
		y.device.facts.reported_s = t;
		assert_int_equal(yard_poll(&y, t), 1);
		yard_fetch(&y, t);
		for (int h = 0; h < 7; h++) {
			t += 60;
			hear(&y, heard[h], t);
		}
		const struct mark *mark = removal ? NULL : &y.device.history.marks[0];
		if (strcmp(yard_state(&y), removal ? "failed" : "unverified") != 0 ||
		    y.device.history.request.failures != removal ||
		    (mark != NULL && (mark->unshown != 1 || mark->failures != 0)))
			fail_msg("%s %s: %s", cases[i % COUNT_OF(cases)].what,
				 removal ? "(removal)" : "", yard_state(&y));
		assert_int_not_equal(yard_decide(&y, t)->action, ACTION_RESTART);
		assert_false(y.device.facts_wanted);
		yard_close(&y);
	}
}

TEST(a_word_that_comes_after_its_restart_has_a_day_and_asks_for_none)
{
	struct yard y;
	int64_t t = at("2025-05-23");

	open_yard(&y, "26100.2000", "KB104");
	y.device.facts.reported_s = t;
	yard_poll(&y, t);
	yard_fetch(&y, t);
	hear(&y, SHOWS_PENDING, t + 60);
	hear(&y, SHOWS_RESTART, t + 120);
	hear(&y, PENDING, t + 180);
	assert_string_equal(yard_state(&y), "restart-pending");
	assert_int_equal(yard_decide(&y, t + 180)->action, ACTION_INSTALL);
	assert_int_equal(y.decision.standing, STANDING_RUNNING);
	assert_int_equal(y.device.history.flow.lease_s,
			 t + 180 + flow_lease_s(FLOW_INSTALLING));
	/* It was another restart: now its own is pending. */
	hear(&y, SHOWS_PENDING, t + 240);
	assert_int_equal(yard_decide(&y, t + 240)->action, ACTION_RESTART);
	yard_close(&y);

	/* A restart that nothing had waited for may be any: its own is still to come. */
	open_yard(&y, "26100.2000", "KB104");
	y.device.facts.reported_s = t;
	yard_poll(&y, t);
	yard_fetch(&y, t);
	hear(&y, SHOWS_RESTART, t + 60);
	hear(&y, PENDING, t + 120);
	assert_int_equal(yard_decide(&y, t + 120)->action, ACTION_RESTART);
	assert_int_equal(y.device.history.flow.lease_s,
			 t + 120 + flow_lease_s(FLOW_RESTART_PENDING));
	yard_close(&y);

	/* One from before the offer, or from before it was fetched, is not meant. */
	open_yard(&y, "26100.2000", "KB104");
	y.device.facts.reported_s = t;
	yard_poll(&y, t);
	hear(&y, SHOWS_PENDING, t + 60);
	hear(&y, SHOWS_RESTART, t + 120);
	yard_fetch(&y, t + 180);
	hear(&y, PENDING, t + 240);
	assert_int_equal(yard_decide(&y, t + 240)->action, ACTION_RESTART);
	assert_int_equal(y.device.history.flow.lease_s,
			 t + 240 + flow_lease_s(FLOW_RESTART_PENDING));
	yard_close(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_removal_is_what_the_device_shows_whatever_was_reported_of_it),
		cmocka_unit_test(
			a_removal_that_shows_after_its_flow_ended_is_done_before_anything_begins),
		cmocka_unit_test(
			a_catalog_that_comes_to_name_what_it_shows_ends_the_removal_at_a_poll),
		cmocka_unit_test(
			a_late_word_on_a_restart_neither_waits_for_another_nor_asks_for_it),
		cmocka_unit_test(
			a_word_that_comes_after_its_restart_has_a_day_and_asks_for_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
