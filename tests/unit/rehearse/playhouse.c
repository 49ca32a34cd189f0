#include "playhouse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/xml/fleet_xml.h"
#include "protocol/xml/plan_xml.h"
#include "protocol/xml/zone_files.h"
#include "real_catalog.h"
#include "tests/lib/case.h"

enum { TEXT_MOST = 16 * 1024 };

static void fail_by(const struct findings *findings)
{
	char text[700];

	if (findings->errors > 0)
		fail_msg("%s", finding_format(&findings->list[0], text, sizeof text));
}

void playhouse_plan(struct playhouse *house, const char *plan)
{
	char text[TEXT_MOST];
	struct findings findings;

	findings_init(&findings);
	int size = snprintf(text, sizeof text,
			    "<plan xmlns=\"urn:patchyard:plan:1\">%s</plan>", plan);
	assert_in_range(size, 1, sizeof text - 1);
	struct plan_draft *draft = plan_xml_read("plan", text, (size_t)size, &findings);
	fail_by(&findings);
	plan_give(house->plan);
	house->plan = plan_seal(draft, zone_files_find, house->zones, &findings);
	fail_by(&findings);
	plan_draft_free(draft);
	findings_fini(&findings);
	house->ask.plan = house->plan;
}

static void read_fleet(struct playhouse *house, const char *fleet)
{
	const struct fleet_place place = { house->catalog, zone_files_find,
					   house->zones };
	char text[TEXT_MOST];
	struct findings findings;

	findings_init(&findings);
	int size = snprintf(
		text, sizeof text,
		"<fleet xmlns=\"urn:patchyard:fleet:1\" devices=\"200\">%s</fleet>",
		fleet);
	assert_in_range(size, 1, sizeof text - 1);
	house->fleet = fleet_xml_read("fleet", text, (size_t)size, &place, &findings);
	fail_by(&findings);
	findings_fini(&findings);
	house->ask.fleet = house->fleet;
}

void playhouse_span(struct playhouse *house, const char *from, const char *until)
{
	assert_true(instant_parse(from, &house->ask.from_s));
	assert_true(instant_parse(until, &house->ask.until_s));
}

void playhouse_open(struct playhouse *house, const char *plan, const char *fleet)
{
	memset(house, 0, sizeof *house);
	house->zones = zone_files_new();
	assert_non_null(house->zones);
	house->catalog = real_catalog();
	house->ask.catalog = house->catalog;
	house->ask.seed = 1;
	playhouse_plan(house, plan);
	read_fleet(house, fleet);
	playhouse_span(house, "2025-01-01", "2026-01-01");
}

void playhouse_close(struct playhouse *house)
{
	fleet_free(house->fleet);
	plan_give(house->plan);
	catalog_give(house->catalog);
	zone_files_free(house->zones);
}

void playhouse_play(const struct playhouse *house, uint32_t number,
		    struct rehearsal_result *result)
{
	struct problem p;
	struct rehearsal *rehearsal = rehearsal_new(&house->ask, &p);

	if (rehearsal == NULL)
		fail_msg("%s", p.text);
	if (rehearsal_run(rehearsal, number, NULL, result, &p) != REHEARSAL_DONE)
		fail_msg("%s", p.text);
	rehearsal_free(rehearsal);
}

const struct result_cell *playhouse_cell(const struct playhouse *house,
					 const struct rehearsal_result *result,
					 const char *kb, const char *ring)
{
	uint32_t number;

	assert_true(kb_parse(kb, &number));
	for (size_t i = 0; i < result->cell_count; i++) {
		const struct result_cell *cell = &result->cells[i];
		if (house->catalog->titles[cell->title].kb == number &&
		    strcmp(house->plan->rings[cell->ring].name, ring) == 0)
			return cell;
	}
	return NULL;
}
