/* The parts of a rehearsal: its queue, how small a device is kept, its shifts, and how
 * runs are put together. */

#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "engine/rehearsal/inner.h"
#include "engine/rehearsal/queue.h"
#include "engine/rehearsal/summary.h"
#include "playhouse.h"
#include "tests/lib/case.h"
#include "tests/lib/difference.h"

/* --- the queue ---------------------------------------------------------------------- */

TEST(turns_come_in_order_of_time_and_then_of_number)
{
	enum { FROM = 1000000, SPAN = 40 * 86400, COUNT = 20000 };
	struct queue *queue = queue_new(FROM, FROM + SPAN);
	struct dice dice = { 7 };
	uint32_t time, number, last_time = 0, last_number = 0, taken = 0, dropped = 0;

	assert_non_null(queue);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t when = FROM + (uint32_t)dice_below(&dice, SPAN + 86400);
		assert_int_equal(queue_put(queue, when, i % 97), 0);
		dropped += when > FROM + SPAN;
	}
	while (queue_take(queue, &time, &number) == 1) {
		assert_true(time > last_time ||
			    (time == last_time && number >= last_number));
		assert_true(time <= FROM + SPAN);
		last_time = time;
		last_number = number;
		/* Some come again, soon or late. */
		if (++taken < COUNT)
			queue_put(queue, time + (uint32_t)dice_below(&dice, 100000), 5);
		else if (taken > 3 * COUNT)
			fail_msg("it never ends");
	}
	assert_true(dropped > 0);
	assert_true(taken > COUNT - dropped);
	queue_free(queue);
}

/* --- devices ------------------------------------------------------------------------ */

static void fact(struct device_record *record, const char *name, const char *value,
		 int64_t at_s)
{
	struct problem p;

	assert_int_equal(
		facts_set(&record->facts, name, value, at_s, FACT_REPORTED, NULL, &p), 0);
	history_saw(&record->history, &record->facts, at_s);
}

static void mark(const struct catalog *catalog, struct device_record *record,
		 uint32_t title, uint32_t salt)
{
	struct release_key key;
	int64_t at_s = 1735689600 - (int64_t)salt * 1000;

	title_key(catalog, title, &key);
	struct mark *one = history_mark_open(&record->history, &key, at_s);
	one->first_offered_s = at_s - 5000;
	one->failures = salt % 4;
	one->last_failed_s = salt % 4 != 0 ? at_s - 7 : 0;
	one->unshown = salt % 3;
	one->not_applicable = salt % 5 == 0;
	one->unverifiable = salt % 7 == 0;
	one->block = (enum block)(salt % 3);
	one->blocked_s = one->block != BLOCK_NONE ? at_s - 9 : 0;
}

/* A record with everything in it that a rehearsal follows. */
static void make_record(const struct catalog *catalog, const struct line *line,
			struct device_record *record)
{
	int64_t at_s = 1735689600;
	struct flow *flow = &record->history.flow;

	device_record_init(record, "pc-17", at_s - 100000);
	fact(record, "os.family", "client", at_s - 90000);
	fact(record, "os.arch", "x64", at_s - 90000);
	fact(record, "os.edition", "Enterprise", at_s - 90000);
	fact(record, "vbs", "running", at_s - 80000);
	fact(record, "os.build", "26100.2605", at_s - 70000);
	fact(record, "os.kbs", "KB5048667", at_s - 70000);
	fact(record, "os.boot", "2024-12-30T10:00:00Z", at_s - 60000);
	fact(record, "restart.pending", "no", at_s - 60000);
	for (uint32_t i = 0; i < 30; i++)
		mark(catalog, record, line->releases[i].title, i);
	title_key(catalog, line->releases[9].title, &flow->key);
	flow->id = 77;
	flow->kind = FLOW_INSTALL;
	flow->state = FLOW_FAILED;
	flow->release_kind = line->releases[9].kind;
	memcpy(flow->ring, "now", 4);
	flow->generation = 3;
	flow->sequence = 9;
	flow->offered_s = at_s - 500;
	flow->retrieved_s = at_s - 400;
	flow->changed_s = at_s - 300;
	flow->install_by_s = at_s + 86400;
	flow->code = 0x800F0922;
	record->history.paused_until_s = at_s + 3600;
}

TEST(what_is_kept_of_a_device_is_all_of_it)
{
	static struct device_record record;
	struct playhouse house;
	struct problem p = { 0 };

	playhouse_open(&house, "<ring name='now'><match>any</match></ring>",
		       "<group name='g'><product id='windows-11-24h2'/></group>");
	const struct line *line =
		product_line(catalog_product(house.catalog, "windows-11-24h2"), ARCH_X64);
	make_record(house.catalog, line, &record);
	assert_int_equal(fleet_device(house.fleet, &record, NULL, &p), 0);
	struct rehearsal *rehearsal = rehearsal_new(&house.ask, &p);
	assert_non_null(rehearsal);
	struct run *run = calloc(1, sizeof *run);
	assert_non_null(run);
	run->of = rehearsal;
	run->p = &p;
	run->now = rehearsal->from;
	assert_int_equal(cast_draw(run), 0);
	assert_int_equal(run->count, 1);

	actor_recall(run, &run->actors[0]);
	const char *differs = history_difference(&run->record.history, &record.history);
	if (differs != NULL)
		fail_msg("%s is not kept", differs);
	for (size_t i = 0; i < record.facts.count; i++) {
		const struct fact *one = &record.facts.fact[i];
		const char *name = fact_name(&record.facts, one);
		const char *kept = facts_get(&run->record.facts, name);
		if (kept == NULL || strcmp(kept, fact_value(&record.facts, one)) != 0)
			fail_msg("%s is kept as %s", name, kept == NULL ? "none" : kept);
		assert_int_equal(facts_find(&run->record.facts, name)->since_s,
				 one->since_s);
	}
	/* And again, out of what was made of it. */
	static struct device_record again;
	again = run->record;
	actor_keep(run, &run->actors[0]);
	actor_recall(run, &run->actors[0]);
	assert_null(history_difference(&run->record.history, &again.history));
	cast_fini(run);
	free(run);
	rehearsal_free(rehearsal);
	playhouse_close(&house);
}

/* --- runs put together -------------------------------------------------------------- */

static struct rehearsal_result make_result(uint32_t reach_s, bool halted)
{
	struct rehearsal_result result = { .devices = 10, .days = 2, .restarts = 15 };

	result.restarts_on = calloc(3, sizeof(uint32_t));
	result.cells = calloc(2, sizeof result.cells[0]);
	assert_non_null(result.restarts_on);
	assert_non_null(result.cells);
	result.restarts_on[0] = reach_s;
	result.cell_count = 1;
	result.cells[0] = (struct result_cell){ .title = 4,
						.devices = 10,
						.offered = 6,
						.kept = halted ? 4 : 0,
						.halted_s = halted ? 50 : REACH_NEVER,
						.passed_s = REACH_NEVER };
	for (int i = 0; i < REACH_STEPS; i++)
		result.cells[0].reach_s[i] = reach_s;
	return result;
}

TEST(runs_are_put_together_by_nearest_rank_and_never_is_last)
{
	struct rehearsal_result results[10];
	struct summary summary;
	struct problem p;

	for (uint32_t i = 0; i < 9; i++)
		results[i] = make_result(10 * (9 - i), i == 3);
	results[9] = make_result(REACH_NEVER, false);
	assert_int_equal(summary_make(&summary, results, 10, &p), 0);
	assert_int_equal(summary.runs, 10);
	assert_int_equal(summary.restarts.p50, 1500);
	assert_int_equal(summary.cell_count, 1);
	const struct summary_cell *cell = &summary.cells[0];
	assert_int_equal(cell->runs, 10);
	assert_int_equal(cell->reach_s[9].p10, 10);
	assert_int_equal(cell->reach_s[9].p50, 50);
	assert_int_equal(cell->reach_s[9].p90, 90);
	assert_int_equal(cell->halts, 1);
	assert_int_equal(cell->halted_s.p50, 50);
	assert_int_equal(cell->kept.p50, 4);
	assert_int_equal(summary.restarts_on[0].p50, 50);
	summary_fini(&summary);
	for (int i = 0; i < 10; i++)
		rehearsal_result_free(&results[i]);
}

/* --- what is asked ------------------------------------------------------------------ */

TEST(what_cannot_be_rehearsed_is_told)
{
	struct playhouse house;
	struct problem p = { 0 };

	playhouse_open(&house, "<ring name='now'><match>any</match></ring>",
		       "<group name='g'><product id='windows-11-24h2'/></group>");
	playhouse_span(&house, "2025-05-01", "2025-05-01");
	assert_null(rehearsal_new(&house.ask, &p));
	assert_non_null(strstr(p.text, "end before it begins"));
	playhouse_span(&house, "2025-05-01", "2060-05-01");
	assert_null(rehearsal_new(&house.ask, &p));
	assert_non_null(strstr(p.text, "longer than 20 years"));
	playhouse_span(&house, "2025-05-01", "2025-06-01");
	playhouse_plan(&house, "");
	assert_null(rehearsal_new(&house.ask, &p));
	assert_non_null(strstr(p.text, "no ring"));
	playhouse_close(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_come_in_order_of_time_and_then_of_number),
		cmocka_unit_test(what_is_kept_of_a_device_is_all_of_it),
		cmocka_unit_test(runs_are_put_together_by_nearest_rank_and_never_is_last),
		cmocka_unit_test(what_cannot_be_rehearsed_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
