/* How fast a year is rehearsed: Windows 11 24H2, the sample fleet and plan, 2025.
 *
 *	bench_rehearse			200 runs of 1,000 devices, and one run of 100,000
 *	bench_rehearse --quick		2 runs of 200 devices: only that it works
 *	bench_rehearse --plan FILE --runs N --sample N
 *
 * Beside it stands the floor: as many turns through the same queue, in which nothing
 * happens.  Times are of the process's own CPU, on one thread. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/catalog.h"
#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "engine/rehearsal/dice.h"
#include "engine/rehearsal/fleet.h"
#include "engine/rehearsal/queue.h"
#include "engine/rehearsal/rehearsal.h"
#include "protocol/xml/catalog_xml.h"
#include "protocol/xml/files_read.h"
#include "protocol/xml/fleet_xml.h"
#include "protocol/xml/plan_xml.h"
#include "protocol/xml/zone_files.h"

enum { FILE_MOST = 16 * 1024 * 1024, RUNS = 200, SAMPLE = 1000, DEVICES = 100000 };

static const char catalog_path[] = PROJECT_SOURCE_DIR "/conf/catalog/windows-11-24h2.xml";
static const char plan_path[] = PROJECT_SOURCE_DIR "/conf/plan.xml";
static const char fleet_path[] = PROJECT_SOURCE_DIR "/conf/fleet.xml";

struct stage {
	struct findings findings;
	struct zone_files *zones;
	struct catalog *catalog;
	struct plan *plan;
	struct fleet *fleet;
};

static void give_up(const struct stage *stage, const char *text)
{
	char line[700];

	for (size_t i = 0; stage != NULL && i < stage->findings.count; i++)
		fprintf(stderr, "%s\n",
			finding_format(&stage->findings.list[i], line, sizeof line));
	fprintf(stderr, "%s\n", text);
	exit(1);
}

static char *read_file(const char *path, size_t *size)
{
	struct problem p;
	char *text = files_read(path, FILE_MOST, size, &p);

	if (text == NULL)
		give_up(NULL, p.text);
	return text;
}

static void stage_open(struct stage *stage, const char *plan)
{
	struct catalog_draft *catalog = catalog_draft_new();
	size_t size;

	findings_init(&stage->findings);
	stage->zones = zone_files_new();
	char *text = read_file(catalog_path, &size);
	if (catalog == NULL || stage->zones == NULL ||
	    catalog_xml_read(catalog, catalog_path, text, size, &stage->findings) < 0)
		give_up(stage, "the catalog cannot be read");
	free(text);
	stage->catalog = catalog_seal(catalog, &stage->findings);
	text = read_file(plan, &size);
	struct plan_draft *draft = plan_xml_read(plan, text, size, &stage->findings);
	free(text);
	if (stage->catalog == NULL || draft == NULL)
		give_up(stage, "the plan cannot be read");
	stage->plan = plan_seal(draft, zone_files_find, stage->zones, &stage->findings);
	const struct fleet_place place = { stage->catalog, zone_files_find,
					   stage->zones };
	text = read_file(fleet_path, &size);
	stage->fleet = fleet_xml_read(fleet_path, text, size, &place, &stage->findings);
	free(text);
	if (stage->plan == NULL || stage->fleet == NULL)
		give_up(stage, "the fleet cannot be read");
	catalog_draft_free(catalog);
	plan_draft_free(draft);
}

static void stage_close(struct stage *stage)
{
	fleet_free(stage->fleet);
	plan_give(stage->plan);
	catalog_give(stage->catalog);
	zone_files_free(stage->zones);
	findings_fini(&stage->findings);
}

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct figures {
	uint64_t device_days, turns, decisions, remembered, restarts, avoided;
	double cpu_s;
};

static void play(const struct stage *stage, uint32_t devices, uint32_t runs,
		 struct figures *f)
{
	struct rehearsal_ask ask = {
		.catalog = stage->catalog,
		.plan = stage->plan,
		.fleet = stage->fleet,
		.devices = devices,
		.seed = 1,
	};
	struct rehearsal_result result;
	struct problem p;

	instant_parse("2025-01-01", &ask.from_s);
	instant_parse("2026-01-01", &ask.until_s);
	double begun_s = cpu_s();
	struct rehearsal *rehearsal = rehearsal_new(&ask, &p);
	if (rehearsal == NULL)
		give_up(NULL, p.text);
	for (uint32_t run = 0; run < runs; run++) {
		if (rehearsal_run(rehearsal, run, NULL, &result, &p) != 0)
			give_up(NULL, p.text);
		f->device_days += (uint64_t)result.devices * result.days;
		f->turns += result.turns;
		f->decisions += result.decisions;
		f->remembered += result.remembered;
		f->restarts += result.restarts;
		f->avoided += result.avoided;
		rehearsal_result_free(&result);
	}
	rehearsal_free(rehearsal);
	f->cpu_s = cpu_s() - begun_s;
}

/* As many turns in which nothing happens, of as many devices. */
static double floor_s(uint64_t turns, uint32_t devices)
{
	enum { YEAR_S = 365 * 86400 };
	double begun_s = cpu_s();
	uint32_t time, number;
	struct dice dice = { 1 };

	while (turns > 0) {
		struct queue *queue = queue_new(0, YEAR_S);
		for (uint32_t i = 0; queue != NULL && i < devices; i++)
			queue_put(queue, (uint32_t)dice_below(&dice, 4 * HOUR_S), i);
		while (queue != NULL && turns > 0 &&
		       queue_take(queue, &time, &number) == 1) {
			turns--;
			queue_put(queue,
				  time + (uint32_t)dice_below(&dice, 5 * DAY_S) + 1,
				  number);
		}
		queue_free(queue);
	}
	return cpu_s() - begun_s;
}

static void print(const char *what, const struct figures *f, uint32_t devices)
{
	double queue_s = floor_s(f->turns, devices);
	double years = (double)f->device_days / 365;

	printf("  %-28s %8.2f s %12.0f %10.1f %10.1f %10.1f %8.2f\n", what, f->cpu_s,
	       (double)f->device_days / f->cpu_s, (double)f->turns / years,
	       (double)f->decisions / years, (double)f->remembered / years,
	       queue_s / f->cpu_s);
	printf("  %-28s %.2f restarts and %.2f avoided for each device\n", "",
	       (double)f->restarts / years, (double)f->avoided / years);
}

static void measure(const struct stage *stage, uint32_t devices, uint32_t runs)
{
	struct figures f = { 0 };
	char what[64];

	snprintf(what, sizeof what, "%u x %u devices", runs, devices);
	play(stage, devices, runs, &f);
	print(what, &f, devices);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct stage stage;
	const char *plan = plan_path;
	uint32_t runs = 0, sample = SAMPLE;
	bool quick = false;

	for (int i = 1; i < argc; i++) {
		quick |= strcmp(argv[i], "--quick") == 0;
		if (i + 1 < argc && strcmp(argv[i], "--plan") == 0)
			plan = argv[i + 1];
		if (i + 1 < argc && strcmp(argv[i], "--runs") == 0)
			runs = (uint32_t)strtoul(argv[i + 1], NULL, 10);
		if (i + 1 < argc && strcmp(argv[i], "--sample") == 0)
			sample = (uint32_t)strtoul(argv[i + 1], NULL, 10);
	}
	stage_open(&stage, plan);
	printf("a year rehearsed                  CPU    device-days      per device-year"
	       "               queue\n"
	       "                                        per second      turns  decisions "
	       "remembered   share\n");
	if (quick) {
		measure(&stage, 200, 2);
	} else if (runs > 0) {
		measure(&stage, sample, runs);
	} else {
		measure(&stage, SAMPLE, RUNS);
		measure(&stage, DEVICES, 1);
	}
	stage_close(&stage);
	return 0;
}
