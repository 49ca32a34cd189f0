/* The reports, on decisions made up one by one and on a fleet counted by hand. */

#include "protocol/admin/reports.h"

#include <stdlib.h>
#include <string.h>

#include "engine/plan.h"
#include "tests/lib/case.h"
#include "tests/unit/server/lab.h"

TEST(percentages_have_one_decimal)
{
	static const struct {
		int64_t part, whole;
		double percent;
	} rows[] = {
		{ 0, 0, 0.0 },  { 0, 7, 0.0 },    { 7, 7, 100.0 },  { 1, 3, 33.3 },
		{ 2, 3, 66.7 }, { 1, 2000, 0.1 }, { 1, 2001, 0.0 }, { 5690, 12020, 47.3 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		double got = report_percent(rows[i].part, rows[i].whole);
		/* Tenths, as whole numbers. */
		if ((int)(got * 10 + 0.5) != (int)(rows[i].percent * 10 + 0.5))
			fail_msg("%lld of %lld: %f", (long long)rows[i].part,
				 (long long)rows[i].whole, got);
	}
}

TEST(every_device_is_in_one_of_three_columns_and_maybe_in_sub_counts)
{
	static const struct {
		const char *what;
		enum standing standing;
		enum reason reason;
		enum release_offer offer; /* of the release it is about */
		int column;               /* 0 up to date, 1 not, 2 not ready */
		int64_t in_progress, paused;
	} rows[] = {
		{ "up to date", STANDING_UP_TO_DATE, REASON_UP_TO_DATE, OFFER_AUTO, 0, 0,
		  0 },
		{ "offered", STANDING_OFFERED, REASON_NEW_QUARTER, OFFER_AUTO, 1, 1, 0 },
		{ "running", STANDING_RUNNING, REASON_RUNNING, OFFER_AUTO, 1, 1, 0 },
		{ "deferred", STANDING_WAITING, REASON_DEFERRED, OFFER_AUTO, 1, 0, 0 },
		{ "ring paused", STANDING_WAITING, REASON_RING_PAUSED, OFFER_AUTO, 1, 0,
		  1 },
		{ "device paused", STANDING_WAITING, REASON_DEVICE_PAUSED, OFFER_AUTO, 1,
		  0, 1 },
		{ "wants an approval", STANDING_WAITING, REASON_NOT_APPROVED, OFFER_AUTO,
		  1, 0, 0 },
		{ "waits for what is optional", STANDING_WAITING, REASON_NOT_APPROVED,
		  OFFER_APPROVAL, 0, 0, 0 },
		{ "is offered what was optional", STANDING_OFFERED, REASON_OFF_TRACK,
		  OFFER_APPROVAL, 1, 1, 0 },
		{ "no facts", STANDING_NOT_READY, REASON_FACTS_MISSING, OFFER_AUTO, 2, 0,
		  0 },
	};
	static const struct plan plan;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		static struct hotpatch_report report;
		const struct release release = { .offer = rows[i].offer };
		const struct line line = { .count = 1, .releases = &release };
		struct decision decision = { .line = &line,
					     .standing = rows[i].standing,
					     .reason_count = 1,
					     .reasons = { rows[i].reason } };
		const struct device_seen seen = { .decision = &decision,
						  .policy = -1,
						  .ring = -1 };
		memset(&report, 0, sizeof report);
		hotpatch_report_count(&report, &plan, &seen);
		const struct hotpatch_row *row = &report.rows[0];
		if (row->devices != 1 || row->up_to_date != (rows[i].column == 0) ||
		    row->not_up_to_date != (rows[i].column == 1) ||
		    row->not_ready != (rows[i].column == 2) ||
		    row->in_progress != rows[i].in_progress ||
		    row->paused != rows[i].paused)
			fail_msg("%s", rows[i].what);
		int64_t told = rows[i].standing == STANDING_NOT_READY;
		assert_int_equal(report.reasons[rows[i].reason], told);
	}
}

/* A fleet of eight, by policy and by level:
 *
 *	lab	a  stands on the hotpatch                       up to date, hotpatched
 *		b  on the baseline, may have the hotpatch       offered
 *		c  on the baseline, no VBS: the LCU             offered
 *		d  on the LCU, no VBS                           up to date
 *		e  on a build newer than the catalog            waiting
 *	office	f  on the baseline, ring slow: deferred         waiting
 *		g  on the LCU                                   up to date
 *	none	h  has reported nothing                         not ready */
static void make_fleet(struct lab *lab)
{
	static const char *const fleet[][2] = {
		{ "a", "os.family=client os.arch=x64 os.edition=Enterprise site=lab "
		       "vbs=running os.build=26100.3981 os.kbs=KB5055523,KB5058497" },
		{ "b", "os.family=client os.arch=x64 os.edition=Enterprise site=lab "
		       "vbs=running os.build=26100.3775 os.kbs=KB5055523" },
		{ "c", "os.family=client os.arch=x64 os.edition=Enterprise site=lab "
		       "vbs=off os.build=26100.3775 os.kbs=KB5055523" },
		{ "d", "os.family=client os.arch=arm64 os.edition=Enterprise site=lab "
		       "vbs=off chpe=off os.build=26100.4061 os.kbs=KB5058411" },
		{ "e", "os.family=client os.arch=x64 os.edition=Enterprise site=lab "
		       "vbs=running os.build=26100.9999 os.kbs=KB5099999" },
		{ "f", "os.family=client os.arch=x64 os.edition=Pro site=office "
		       "tag.ring=slow os.build=26100.3775 os.kbs=KB5055523" },
		{ "g", "os.family=client os.arch=x64 os.edition=Pro site=office "
		       "os.build=26100.4061 os.kbs=KB5058411" },
		{ "h", "" },
	};

	lab_load(lab);
	for (size_t i = 0; i < COUNT_OF(fleet); i++)
		lab_device(lab, fleet[i][0], fleet[i][1]);
}

static void expect_row(const json_t *row, const char *policy, const json_int_t wanted[7],
		       double percent)
{
	const char *names[] = { "devices",        "up_to_date",  "hotpatched",
				"not_up_to_date", "in_progress", "not_ready",
				"paused" };

	assert_string_equal(json_string_value(json_object_get(row, "policy")), policy);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		json_int_t got = json_integer_value(json_object_get(row, names[i]));
		if (got != wanted[i])
			fail_msg("%s %s: %lld", policy, names[i], (long long)got);
	}
	double got = json_real_value(json_object_get(row, "percent_latest"));
	assert_int_equal((int)(got * 10 + 0.5), (int)(percent * 10 + 0.5));
}

TEST(the_hotpatch_report_counts_a_fleet_by_policy)
{
	struct lab lab;

	lab_open(&lab, "2025-05-20T00:00:00Z");
	make_fleet(&lab);
	json_t *report = lab_expect(&lab, 200, "GET", "/reports/hotpatch", NULL);
	const json_t *rows = json_object_get(report, "rows");
	assert_int_equal(json_array_size(rows), 3);
	/* devices, up to date, hotpatched, not up to date, in progress, not ready,
	 * paused */
	expect_row(json_array_get(rows, 0), "lab", (json_int_t[]){ 5, 2, 1, 3, 2, 0, 0 },
		   40.0);
	expect_row(json_array_get(rows, 1), "office",
		   (json_int_t[]){ 2, 1, 0, 1, 0, 0, 0 }, 50.0);
	expect_row(json_array_get(rows, 2), "", (json_int_t[]){ 1, 0, 0, 0, 0, 1, 0 },
		   0.0);
	const json_t *reasons = json_object_get(report, "reasons");
	const json_t *first = json_array_get(reasons, 0);
	assert_string_equal(json_string_value(json_object_get(first, "reason")),
			    "vbs-not-running");
	assert_int_equal(json_integer_value(json_object_get(first, "devices")), 2);
	assert_true(json_string_length(json_object_get(first, "sentence")) > 0);
	const json_t *second = json_array_get(reasons, 1);
	assert_string_equal(json_string_value(json_object_get(second, "reason")),
			    "facts-missing");
	assert_int_equal(json_array_size(reasons), 2);
	assert_string_equal(json_string_value(json_object_get(report, "as_of")),
			    "2025-05-20T00:00:00Z");
	json_decref(report);
	lab_close(&lab);
}

TEST(the_distribution_report_counts_every_level_newest_first)
{
	static const struct {
		const char *product, *kb, *build, *kind;
		json_int_t devices;
		double percent;
	} wanted[] = {
		{ "w24", "KB5058411", "26100.4061", "lcu", 2, 25.0 },
		{ "w24", "KB5058497", "26100.3981", "hotpatch", 1, 12.5 },
		{ "w24", "KB5055523", "26100.3775", "baseline", 3, 37.5 },
		{ "w24", "", "26100.9999", NULL, 1, 12.5 },
		{ "", "", "", NULL, 1, 12.5 },
	};
	struct lab lab;

	lab_open(&lab, "2025-05-20T00:00:00Z");
	make_fleet(&lab);
	json_t *report = lab_expect(&lab, 200, "GET", "/reports/distribution", NULL);
	const json_t *rows = json_object_get(report, "rows");
	assert_int_equal(json_array_size(rows), COUNT_OF(wanted));
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *product, *kb, *build, *kind = NULL;
		json_int_t devices;
		double percent;
		assert_int_equal(json_unpack((json_t *)row,
					     "{s:s, s:s, s:s, s?s, s:I, s:F}", "product",
					     &product, "kb", &kb, "build", &build, "kind",
					     &kind, "devices", &devices, "percent",
					     &percent),
				 0);
		if (strcmp(product, wanted[i].product) != 0 ||
		    strcmp(kb, wanted[i].kb) != 0 ||
		    strcmp(build, wanted[i].build) != 0 ||
		    (kind == NULL) != (wanted[i].kind == NULL) ||
		    (kind != NULL && strcmp(kind, wanted[i].kind) != 0) ||
		    devices != wanted[i].devices ||
		    (int)(percent * 10 + 0.5) != (int)(wanted[i].percent * 10 + 0.5))
			fail_msg("row %zu: %s", i, json_dumps(row, 0));
	}
	json_decref(report);
	lab_close(&lab);
}

TEST(the_status_counts_the_same_fleet_by_standing_and_ring)
{
	struct lab lab;
	json_int_t devices, ready, up, offered, running, waiting;

	lab_open(&lab, "2025-05-20T00:00:00Z");
	make_fleet(&lab);
	json_t *status = lab_expect(&lab, 200, "GET", "/status", NULL);
	assert_int_equal(json_unpack(status, "{s:I, s:{s:I, s:I, s:I, s:I, s:I}}",
				     "devices", &devices, "standing", "not-ready", &ready,
				     "up-to-date", &up, "offered", &offered, "running",
				     &running, "waiting", &waiting),
			 0);
	assert_int_equal(devices, 8);
	assert_int_equal(ready, 1);
	assert_int_equal(up, 3);
	assert_int_equal(offered, 2);
	assert_int_equal(running, 0);
	assert_int_equal(waiting, 2);
	const json_t *rings = json_object_get(status, "rings");
	json_int_t counts[2][5];
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(json_unpack(json_array_get(rings, i),
					     "{s:I, s:I, s:I, s:I, s:I}", "devices",
					     &counts[i][0], "up_to_date", &counts[i][1],
					     "running", &counts[i][2], "waiting",
					     &counts[i][3], "not_ready", &counts[i][4]),
				 0);
	static const json_int_t slow[] = { 1, 0, 0, 1, 0 }, all[] = { 7, 3, 2, 1, 1 };
	assert_memory_equal(counts[0], slow, sizeof slow);
	assert_memory_equal(counts[1], all, sizeof all);
	json_decref(status);
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentages_have_one_decimal),
		cmocka_unit_test(
			every_device_is_in_one_of_three_columns_and_maybe_in_sub_counts),
		cmocka_unit_test(the_hotpatch_report_counts_a_fleet_by_policy),
		cmocka_unit_test(the_distribution_report_counts_every_level_newest_first),
		cmocka_unit_test(the_status_counts_the_same_fleet_by_standing_and_ring),
	};
	return cmocka_run_group_tests_name("admin reports", tests, NULL, NULL);
}
