#include "protocol/xml/plan_xml.h"

#include <stdlib.h>

#include "engine/catalog.h"
#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "protocol/xml/zone_files.h"
#include "tests/lib/case.h"
#include "tests/unit/xml/told.h"

#define PLAN(inside) "<plan xmlns=\"urn:patchyard:plan:1\">\n" inside "</plan>\n"
#define RING(attributes, inside)                                                         \
	PLAN("<ring name=\"r\"" attributes "><match>any</match>\n" inside "</ring>\n")

static struct zone_files *zones;

static struct plan *read_and_seal(const char *text, char room[static TOLD])
{
	struct findings findings;
	struct plan *plan = NULL;

	findings_init(&findings);
	struct plan_draft *draft = plan_xml_read("p.xml", text, strlen(text), &findings);
	assert_int_equal(draft != NULL, findings.errors == 0);
	if (draft != NULL)
		plan = plan_seal(draft, zone_files_find, zones, &findings);
	told(&findings, room);
	plan_draft_free(draft);
	findings_fini(&findings);
	return plan;
}

static const struct {
	const char *text, *expected;
} bad[] = {
	{ "<plan xmlns=\"urn:patchyard:catalog:1\"/>",
	  "p.xml:1: error: <plan> is in name space 'urn:patchyard:catalog:1' (start with "
	  "<plan xmlns=\"urn:patchyard:plan:1\">)\n" },
	{ PLAN("<rng/>\n<pollicy/>\n"),
	  "p.xml:2: error: <rng> is not allowed in <plan> (did you mean <ring>?)\n"
	  "p.xml:3: error: <pollicy> is not allowed in <plan> (did you mean "
	  "<policy>?)\n" },
	{ PLAN("<policy name=\"a b\" hotpatch=\"alow\"><match>any</match></policy>\n"),
	  "p.xml:2: error: name=\"a b\" of <policy> is not right (letters, digits, dots, "
	  "dashes and underscores, at most 64)\n"
	  "p.xml:2: error: hotpatch=\"alow\" of <policy> is not right (did you mean "
	  "'allow'?)\n" },
	{ PLAN("<policy name=\"a\">\n</policy>\n"),
	  "p.xml:2: error: <policy> needs the attribute 'hotpatch' (one of allow or "
	  "block)\n"
	  "p.xml:2: error: <policy> needs a <match> (an expression over facts, such as "
	  "site "
	  "= \"lab-1\", or any)\n" },
	{ RING(" defer-day=\"1\"", ""),
	  "p.xml:2: error: <ring> has no attribute 'defer-day' "
	  "(did you mean 'defer-days'?)\n" },
	{ RING(" defer-days=\"366\"", ""),
	  "p.xml:2: error: defer-days=\"366\" of <ring> is not right (whole days, 0 to "
	  "365)\n" },
	{ RING("", "<dealine days=\"1\"/>\n"), "p.xml:3: error: <dealine> is not allowed "
					       "in <ring> (did you mean <deadline>?)\n" },
	{ RING("", "<deadline days=\"1\"/>\n<deadline days=\"2\"/>\n"),
	  "p.xml:4: error: <deadline> comes twice or too late in <ring> (once is "
	  "enough)\n" },
	{ RING("", "<active-hours from=\"8:00\" to=\"24:00\" zone=\"../x\"/>\n"),
	  "p.xml:3: error: from=\"8:00\" of <active-hours> is not right (a time of day, "
	  "00:00 "
	  "to 23:59)\n"
	  "p.xml:3: error: to=\"24:00\" of <active-hours> is not right (a time of day, "
	  "00:00 "
	  "to 23:59)\n"
	  "p.xml:3: error: zone=\"../x\" of <active-hours> is not right (an IANA time "
	  "zone, "
	  "such as Europe/Berlin)\n" },
	{ RING("", "<window from=\"22:00\" to=\"05:00\" days=\"Saturday\"/>\n"),
	  "p.xml:3: error: days=\"Saturday\" of <window> is not right (of Sun Mon Tue "
	  "Wed Thu "
	  "Fri Sat, between spaces)\n" },
	{ RING("", "<gate max-failed=\"120%\" soak=\"1 day\"/>\n"),
	  "p.xml:3: error: max-failed=\"120%\" of <gate> is not right (0% to 100%, such "
	  "as 5% "
	  "or 2.5%)\n"
	  "p.xml:3: error: soak=\"1 day\" of <gate> is not right (a number and s, m, h, "
	  "d or "
	  "w, such as 90m, 24h or 2d)\n" },
	{ RING("", "<gate max-failed=\"5%\" critical=\"0x800F0922, 5\"/>\n"),
	  "p.xml:3: error: critical=\"0x800F0922, 5\" of <gate> is not right (result "
	  "codes "
	  "such as 0x800F0922, between spaces, at most 16)\n" },
	{ RING("", "<retry attempts=\"0\"/>\n"),
	  "p.xml:3: error: attempts=\"0\" of <retry> is not right (a number of attempts, "
	  "1 to "
	  "99)\n" },
	{ PLAN("<hold "
	       "release=\"5066835\"><match>any</match>\n<reason>x</reason></hold>\n"),
	  "p.xml:2: error: release=\"5066835\" of <hold> is not right (KB and digits, "
	  "such as "
	  "KB5055523)\n" },
	/* What the schema cannot say, but the reader knows. */
	{ RING("", "<window from=\"22:00\" to=\"22:00\"/>\n"),
	  "p.xml:3: error: <window> starts and ends at 22:00: it holds no time (leave "
	  "the "
	  "element out, or end it later)\n" },
	{ RING(" install=\"scheduled\"", ""),
	  "p.xml:2: error: ring 'r' installs as scheduled, but has no <schedule> (add "
	  "<schedule at=\"03:00\"/>)\n" },
	{ RING("", "<schedule at=\"03:00\"/>\n"),
	  "p.xml:3: error: ring 'r' has a <schedule>, but does not install by it (add "
	  "install=\"scheduled\" to the ring)\n" },
	{ RING(" install=\"scheduled\"",
	       "<window from=\"22:00\" to=\"05:00\" zone=\"Europe/Berlin\"/>\n"
	       "<schedule at=\"03:00\" zone=\"Asia/Tokyo\"/>\n"),
	  "p.xml:4: error: ring 'r' has its window in Europe/Berlin and its schedule in "
	  "Asia/Tokyo (give both the same zone)\n" },
	{ RING("", "<gate max-failed=\"5%\" soak=\"999999w\"/>\n"),
	  "p.xml:3: error: soak=\"999999w\" of <gate> is too long (at most ten "
	  "years)\n" },
};

TEST(a_bad_plan_is_told_with_file_line_and_the_nearest_right_answer)
{
	char room[TOLD];

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct plan *plan = read_and_seal(bad[i].text, room);
		if (strcmp(room, bad[i].expected) != 0)
			fail_msg("%s\ntold:\n%swanted:\n%s", bad[i].text, room,
				 bad[i].expected);
		assert_null(plan);
	}
}

TEST(what_a_schema_cannot_know_is_told_at_the_seal_with_the_same_file_and_line)
{
	static const struct {
		const char *text, *start;
	} rows[] = {
		{ RING(" after=\"s\"", ""),
		  "p.xml:2: error: ring 'r' waits for ring 's'" },
		{ RING("",
		       "<window from=\"22:00\" to=\"05:00\" zone=\"Europe/Berlim\"/>"),
		  "p.xml:2: error: ring 'r' names time zone 'Europe/Berlim'" },
		{ PLAN("\n<ring name=\"r\"><match>site =</match></ring>"),
		  "p.xml:3: error: the match expression of ring 'r': " },
		{ PLAN("<policy name=\"q\" "
		       "hotpatch=\"allow\">\n<match>\n</match></policy>"),
		  "p.xml:2: error: policy 'q' has no match expression" },
	};
	char room[TOLD];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_null(read_and_seal(rows[i].text, room));
		if (strncmp(room, rows[i].start, strlen(rows[i].start)) != 0)
			fail_msg("%s\ntold:\n%s", rows[i].text, room);
	}
}

TEST(everything_a_ring_can_say_arrives)
{
	static const char text[] = PLAN(
		"<ring name=\"first\"><match>site = a</match><gate max-failed=\"0%\"/>"
		"</ring>\n"
		"<ring name=\"second\" defer-days=\"6\" after=\"first\" "
		"install=\"scheduled\" approval=\"manual\" canary=\"yes\">\n"
		"<schedule at=\"23:05\" days=\"Sat\"/>\n"
		"<window from=\"22:00\" to=\"05:30\" days=\"Sun Sat\" "
		"zone=\"Asia/Tokyo\"/>\n"
		"<active-hours from=\"08:00\" to=\"18:00\" zone=\"Europe/Berlin\"/>\n"
		"<deadline days=\"7\" grace-days=\"1\"/>\n"
		"<gate min-samples=\"20\" max-failed=\"2.5%\" soak=\"24h\" "
		"max-silent=\"100%\" silent-after=\"2d\" "
		"critical=\"0x800F0922 0x80070005\"/>\n"
		"<gradual days=\"3\"/>\n"
		"<retry attempts=\"5\" first=\"90m\"/>\n"
		"<match>\n\tsite = b\n\tand any </match></ring>\n");
	char room[TOLD];

	struct plan *plan = read_and_seal(text, room);
	assert_string_equal(room, "");
	assert_int_equal(plan->facts_fresh_s, DAY_S);
	assert_int_equal(plan->ring_count, 2);
	const struct ring *first = &plan->rings[0], *r = &plan->rings[1];
	assert_string_equal(r->name, "second");
	assert_int_equal(r->defer_s, 6 * DAY_S);
	assert_int_equal(r->after, 0);
	assert_true(r->deadline_set);
	assert_int_equal(r->deadline_s, 7 * DAY_S);
	assert_int_equal(r->grace_s, DAY_S);
	assert_true(r->active_hours.set);
	assert_int_equal(r->active_hours.from_minute, 480);
	assert_int_equal(r->active_hours.to_minute, 1080);
	assert_int_equal(r->active_hours.weekdays, 0);
	assert_int_equal(r->window.from_minute, 1320);
	assert_int_equal(r->window.to_minute, 330);
	assert_int_equal(r->window.weekdays, 0x41);
	assert_string_equal(zone_name(r->zone), "Europe/Berlin");
	assert_string_equal(zone_name(r->window_zone), "Asia/Tokyo");
	assert_int_equal(r->behaviour, INSTALL_SCHEDULED);
	assert_int_equal(r->schedule.from_minute, 1385);
	assert_int_equal(r->schedule.weekdays, 0x40);
	assert_true(r->gate.set);
	assert_int_equal(r->gate.min_samples, 20);
	assert_int_equal(r->gate.max_failed_permille, 25);
	assert_int_equal(r->gate.soak_s, DAY_S);
	assert_int_equal(r->gate.max_silent_permille, 1000);
	assert_int_equal(r->gate.silent_after_s, 2 * DAY_S);
	assert_int_equal(r->gate.critical_count, 2);
	assert_int_equal(r->gate.critical[0], 0x800F0922);
	assert_int_equal(r->gate.critical[1], 0x80070005);
	assert_true(r->canary);
	assert_int_equal(r->gradual_s, 3 * DAY_S);
	assert_int_equal(r->approval, APPROVE_MANUAL);
	assert_int_equal(r->attempts_max, 5);
	assert_int_equal(r->retry_s, 5400);
	assert_string_equal(r->match_text, "site = b\n\tand any");
	assert_int_equal(r->origin.line, 3);

	/* And what is not said. */
	assert_int_equal(first->defer_s, 0);
	assert_int_equal(first->after, -1);
	assert_false(first->deadline_set);
	assert_false(first->window.set);
	assert_null(first->zone);
	assert_int_equal(first->behaviour, INSTALL_AUTO);
	assert_int_equal(first->approval, APPROVE_AUTO);
	assert_false(first->canary);
	assert_int_equal(first->gate.min_samples, 1);
	assert_int_equal(first->gate.max_failed_permille, 0);
	assert_int_equal(first->gate.max_silent_permille, 1000);
	assert_int_equal(first->gate.silent_after_s, 0);
	assert_int_equal(first->gate.critical_count, 0);
	assert_int_equal(first->attempts_max, 3);
	assert_int_equal(first->retry_s, HOUR_S);
	plan_give(plan);
}

TEST(a_ring_keeps_nothing_of_the_ring_before_it)
{
	char room[TOLD];
	struct plan *plan = read_and_seal(
		PLAN("<ring name=\"a\" after=\"b\" canary=\"yes\">"
		     "<match>site = a</match><gate max-failed=\"1%\"/>"
		     "<window from=\"01:00\" to=\"02:00\" zone=\"Asia/Tokyo\"/>"
		     "<active-hours from=\"01:00\" to=\"02:00\" zone=\"Asia/Tokyo\"/>"
		     "</ring>\n"
		     "<ring name=\"b\"><match>any</match><gate "
		     "max-failed=\"1%\"/></ring>"),
		room);

	assert_string_equal(room, "");
	assert_int_equal(plan->rings[0].after, 1);
	assert_int_equal(plan->rings[1].after, -1);
	assert_null(plan->rings[1].zone);
	assert_null(plan->rings[1].window_zone);
	assert_false(plan->rings[1].window.set);
	assert_false(plan->rings[1].canary);
	plan_give(plan);
}

TEST(policies_and_holds_arrive_with_their_defaults)
{
	static const char text[] =
		"<plan xmlns=\"urn:patchyard:plan:1\" facts-fresh=\"12h\">\n"
		"<hold release=\"KB5066835\" build=\"26100.6899\" "
		"product=\"windows-11-24h2\">"
		"<reason>\n firmware first </reason><match>any</match></hold>\n"
		"<hold release=\"KB5070893\"><match>site = x</match></hold>\n"
		"<policy name=\"a\" hotpatch=\"allow\" behind-baseline=\"baseline\" "
		"missing-payload=\"wait\" optional-updates=\"yes\">"
		"<match>site = &quot;a &amp; b&quot;</match></policy>\n"
		"<policy name=\"b\" hotpatch=\"block\"><match>any</match></policy>\n"
		"<ring name=\"r\"><match>any</match></ring></plan>";
	char room[TOLD];

	struct plan *plan = read_and_seal(text, room);
	assert_string_equal(room, "");
	assert_int_equal(plan->facts_fresh_s, 12 * HOUR_S);
	assert_int_equal(plan->policy_count, 2);
	const struct policy *a = &plan->policies[0], *b = &plan->policies[1];
	assert_true(a->hotpatch);
	assert_int_equal(a->behind_baseline, BEHIND_BASELINE);
	assert_int_equal(a->missing_payload, MISSING_WAIT);
	assert_true(a->optional_updates);
	assert_string_equal(a->match_text, "site = \"a & b\"");
	assert_false(b->hotpatch);
	assert_int_equal(b->behind_baseline, BEHIND_LCU);
	assert_int_equal(b->missing_payload, MISSING_LCU);
	assert_false(b->optional_updates);
	assert_int_equal(plan->hold_count, 2);
	const struct hold *h = &plan->holds[0];
	assert_int_equal(h->kb, 5066835);
	assert_true(h->has_build);
	assert_int_equal(h->base, 26100);
	assert_int_equal(h->revision, 6899);
	assert_string_equal(h->product, "windows-11-24h2");
	assert_string_equal(h->reason, "firmware first");
	assert_false(plan->holds[1].has_build);
	assert_string_equal(plan->holds[1].product, "");
	assert_string_equal(plan->holds[1].reason, "");
	plan_give(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_bad_plan_is_told_with_file_line_and_the_nearest_right_answer),
		cmocka_unit_test(
			what_a_schema_cannot_know_is_told_at_the_seal_with_the_same_file_and_line),
		cmocka_unit_test(everything_a_ring_can_say_arrives),
		cmocka_unit_test(a_ring_keeps_nothing_of_the_ring_before_it),
		cmocka_unit_test(policies_and_holds_arrive_with_their_defaults),
	};
	zones = zone_files_new();
	int rc = cmocka_run_group_tests_name("plan_xml", tests, NULL, NULL);
	zone_files_free(zones);
	return rc;
}
