/* The twelve incidents, rehearsed with what was known the day before each was known: how
 * many devices a naive plan lets run into it, and how many the gates spare.
 *
 * The naive plan has one ring for everybody, at once.  The gated one has three, each
 * waiting for the one before.  The release is made to fail on one device of five. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/expression.h"
#include "engine/instant.h"
#include "engine/opening.h"
#include "engine/problem.h"
#include "engine/record.h"
#include "engine/rollout.h"
#include "playhouse.h"
#include "tests/lib/case.h"

static const char naive[] =
	"<policy name='h' hotpatch='allow'><match>any</match></policy>"
	"<ring name='all'><match>any</match><deadline days='0'/></ring>";

static const char gated[] =
	"<policy name='h' hotpatch='allow'><match>any</match></policy>"
	"<ring name='test'><match>tag.ring = test</match><deadline days='0'/>"
	"<gate min-samples='5' max-failed='5%' soak='24h' max-silent='50%'/></ring>"
	"<ring name='first' defer-days='2' after='test'><match>tag.ring = first</match>"
	"<deadline days='2'/>"
	"<gate min-samples='10' max-failed='5%' soak='24h' max-silent='50%'/></ring>"
	"<ring name='broad' defer-days='7' after='first'><match>any</match>"
	"<deadline days='5'/></ring>";

enum { RUNS = 3, DEVICES = 400, RECORDS = 1024, WEEKS_AFTER = 2 };

static const struct incident {
	const char *what, *product, *kb, *level;
	const char *from, *known; /* what was published later is not known */
	const char *edition;
} incidents[] = {
	{ "one build, two fixes", "windows-server-2025", "KB5070881", "KB5066835",
	  "2025-10-20", "2025-10-30", "ServerDatacenter" },
	{ "a licence lapses", "windows-server-2025", "KB5066835", "KB5065426",
	  "2025-10-07", "2025-10-19", "ServerDatacenter" },
	{ "it installs for ever", "windows-11-25h2", "KB5068966", "KB5066835",
	  "2025-11-04", "2025-11-19", "Enterprise" },
	{ "a baseline that was not planned", "windows-server-2022-azure", "KB5041160",
	  "KB5040437", "2024-08-06", "2024-08-20", "ServerTurbine" },
	{ "a restart loop", "windows-server-2025", "KB5082063", "KB5073379", "2026-04-07",
	  "2026-04-18", "ServerDatacenter" },
	{ "three fixes in two weeks", "windows-11-24h2", "KB5079420", "KB5074109",
	  "2026-03-03", "2026-03-12", "Enterprise" },
	{ "never compare tracks", "windows-11-24h2", "KB5074109", "KB5072033",
	  "2026-01-06", "2026-01-16", "Enterprise" },
	{ "a fix for one hardware", "windows-11-24h2", "KB5121768", "KB5101650",
	  "2026-07-17", "2026-07-28", "Enterprise" },
	{ "dead remote access", "windows-server-2025", "KB5122871", "KB5082063",
	  "2026-09-01", "2026-09-13", "ServerDatacenter" },
	{ "host and guest", "windows-server-2025", "KB5065474", "KB5062553", "2025-09-02",
	  "2025-09-20", "ServerDatacenter" },
	{ "the repair of a hotpatch", "windows-11-24h2", "KB5058497", "KB5055523",
	  "2025-05-06", "2025-05-15", "Enterprise" },
};

static void open_house(struct playhouse *house, const char *plan,
		       const struct incident *incident)
{
	char fleet[2048];
	int size = snprintf(
		fleet, sizeof fleet,
		"<group name='g'><product id='%s' kb='%s'/>"
		"<fact name='os.edition'><value>%s</value></fact>"
		"<fact name='vbs'><value share='60'>running</value>"
		"<value share='40'>off</value></fact>"
		"<fact name='tag.ring'><value share='5'>test</value>"
		"<value share='15'>first</value><value share='80'>broad</value></fact>"
		"<offline share='2%%'/></group>"
		"<failure release='%s' rate='20%%' spread='2%%'/>",
		incident->product, incident->level, incident->edition, incident->kb);

	assert_in_range(size, 1, sizeof fleet - 1);
	playhouse_open(house, plan, fleet);
	playhouse_span(house, incident->from, incident->known);
	house->ask.devices = DEVICES;
}

/* Nobody knows yet what is published later. */
static void forget_later(struct playhouse *house, const char *known,
			 struct rollout_record records[static RECORDS])
{
	size_t count = 0;
	int64_t known_s;

	assert_true(instant_parse(known, &known_s));
	house->ask.until_s = known_s + (int64_t)WEEKS_AFTER * 7 * DAY_S;

	for (uint32_t i = 0; i < house->catalog->title_count; i++) {
		if (house->catalog->titles[i].published_s <= known_s)
			continue;
		assert_true(count < RECORDS);
		memset(&records[count], 0, sizeof records[count]);
		title_key(house->catalog, i, &records[count].key);
		records[count++].withdrawn = true;
	}
	house->ask.records = records;
	house->ask.record_count = count;
}

struct harm {
	uint32_t exposed, failed; /* devices, over all runs */
	uint32_t halts;
};

static struct harm rehearse(const char *plan, const struct incident *incident)
{
	static struct rollout_record records[RECORDS];
	struct playhouse house;
	struct harm harm = { 0 };
	int64_t known_s = 0;
	uint32_t kb = 0;

	instant_parse(incident->known, &known_s);
	open_house(&house, plan, incident);
	forget_later(&house, incident->known, records);
	kb_parse(incident->kb, &kb);
	for (uint32_t run = 0; run < RUNS; run++) {
		struct rehearsal_result result = { 0 };
		playhouse_play(&house, run, &result);
		for (size_t i = 0; i < result.cell_count; i++) {
			const struct result_cell *cell = &result.cells[i];
			assert_true(house.catalog->titles[cell->title].published_s <=
				    known_s);
			if (house.catalog->titles[cell->title].kb != kb)
				continue;
			harm.exposed += cell->verified + cell->failed;
			harm.failed += cell->failed;
			harm.halts += cell->halted_s != REACH_NEVER;
		}
		rehearsal_result_free(&result);
	}
	playhouse_close(&house);
	return harm;
}

TEST(gates_spare_most_of_the_fleet_what_a_naive_plan_brings_to_all)
{
	for (size_t i = 0; i < COUNT_OF(incidents); i++) {
		const struct incident *incident = &incidents[i];
		struct harm bad = rehearse(naive, incident);
		struct harm good = rehearse(gated, incident);
		print_message("%-32s %s: naive %4u of %u had it, %3u failed; gated %3u "
			      "had it, %2u failed, %u of %u runs halted\n",
			      incident->what, incident->kb, bad.exposed, RUNS * DEVICES,
			      bad.failed, good.exposed, good.failed, good.halts, RUNS);
		/* It is for one track or for both: four of ten at the least. */
		if (bad.exposed < RUNS * DEVICES * 3 / 10)
			fail_msg("%s: only %u were exposed", incident->what, bad.exposed);
		if (bad.failed * 100 < bad.exposed * 14)
			fail_msg("%s: only %u failed", incident->what, bad.failed);
		if (bad.halts > 0)
			fail_msg("%s: halted without a gate", incident->what);
		if (good.exposed * 4 > bad.exposed)
			fail_msg("%s: gates let %u through", incident->what,
				 good.exposed);
		if (good.failed * 4 > bad.failed)
			fail_msg("%s: %u failed behind gates", incident->what,
				 good.failed);
	}
}

/* --- the twelfth: nobody offers it, and it takes devices off the track ---------------
 */

static void fact(struct device_record *record, const char *name, const char *value,
		 const char *when)
{
	struct problem p;
	int64_t at_s;

	assert_true(instant_parse(when, &at_s));
	assert_int_equal(
		facts_set(&record->facts, name, value, at_s, FACT_REPORTED, NULL, &p), 0);
	history_saw(&record->history, &record->facts, at_s);
}

static struct rehearsal_result enable(const char *enabled)
{
	struct playhouse house;
	static struct device_record record;
	struct rehearsal_result result = { 0 };
	struct problem p;
	int64_t from_s;

	playhouse_open(&house, naive,
		       "<group name='g'><product id='windows-11-25h2'/></group>");
	playhouse_span(&house, "2025-11-01", "2026-02-01");
	assert_true(instant_parse("2025-10-15", &from_s));
	device_record_init(&record, "pc", from_s);
	fact(&record, "os.family", "client", "2025-10-15");
	fact(&record, "os.arch", "x64", "2025-10-15");
	fact(&record, "os.edition", "Enterprise", "2025-10-15");
	fact(&record, "vbs", "running", "2025-10-15");
	if (strcmp(enabled, "2025-10-15") < 0)
		fact(&record, "os.kbs", "KB5054156", enabled);
	fact(&record, "os.build", "26200.6899", "2025-10-15");
	fact(&record, "os.kbs", "KB5066835 KB5054156", "2025-10-15");
	if (strcmp(enabled, "2025-10-15") > 0) {
		record.history.sighting_count = 0;
		fact(&record, "os.kbs", "KB5066835", "2025-10-15");
		fact(&record, "os.kbs", "KB5066835 KB5054156", enabled);
	}
	assert_int_equal(fleet_device(house.fleet, &record, NULL, &p), 0);
	playhouse_play(&house, 0, &result);
	playhouse_close(&house);
	return result;
}

TEST(an_enablement_in_the_middle_of_a_quarter_costs_two_restarts)
{
	struct rehearsal_result before = enable("2025-10-01");
	struct rehearsal_result within = enable("2025-10-28");

	/* November and December as hotpatches, January's baseline. */
	assert_int_equal(before.devices, 1);
	assert_int_equal(before.restarts, 1);
	assert_int_equal(before.avoided, 2);
	/* Cumulative updates until it is back with January's. */
	assert_int_equal(within.restarts, 3);
	assert_int_equal(within.avoided, 0);
	assert_int_equal(within.up_to_date, 1);
	rehearsal_result_free(&before);
	rehearsal_result_free(&within);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			gates_spare_most_of_the_fleet_what_a_naive_plan_brings_to_all),
		cmocka_unit_test(
			an_enablement_in_the_middle_of_a_quarter_costs_two_restarts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
