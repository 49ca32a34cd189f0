/* The fleet of a rehearsal: made up (XML), or known (lines of JSON, as decide takes
 * them), with what goes wrong and who is away. */

#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "engine/record.h"
#include "protocol/command/device_line.h"
#include "protocol/command/line_reader.h"
#include "protocol/command/rehearse.h"
#include "protocol/xml/fleet_xml.h"
#include "protocol/xml/zone_files.h"

static int fail(struct trouble *trouble, const struct problem *p)
{
	return trouble_set(
		trouble, p->kind == PROBLEM_NOT_FOUND ? STATUS_NOT_FOUND : STATUS_FAILED,
		"%s", p->text);
}

static int read_xml(struct rehearsing *r, const char *path, struct trouble *trouble)
{
	const struct fleet_place place = { r->files.catalog, zone_files_find,
					   r->files.zones };
	struct problem p;
	char count[96];
	size_t size;

	char *text = file_read(path, LIMIT_XML_DOCUMENT, &size, &p);
	if (text == NULL)
		return fail(trouble, &p);
	r->fleet = fleet_xml_read(path, text, size, &place, &r->files.findings);
	free(text);
	if (r->fleet != NULL)
		return 0;
	tell_findings(&r->files.findings);
	return trouble_set(
		trouble, STATUS_FAILED, "the fleet has %s",
		count_findings(r->files.findings.errors, 0, count, sizeof count));
}

/* Devices are known, and nobody said how they behave: as an office that is always on. */
static int usual_behaviour(struct rehearsing *r, struct trouble *trouble)
{
	struct fleet_group *group = malloc(sizeof *group);
	struct problem p = { 0 };

	r->fleet = fleet_new();
	if (group == NULL || r->fleet == NULL) {
		free(group);
		return trouble_set(trouble, STATUS_FAILED, "no memory for the fleet");
	}
	fleet_group_init(group);
	group->products[group->product_count++] =
		(struct fleet_product){ .share = 1, .arch = ARCH_X64 };
	int rc = fleet_group(r->fleet, group, &p);
	free(group);
	return rc < 0 ? fail(trouble, &p) : 0;
}

struct reading {
	struct rehearsing *r;
	struct device_line line;
	struct device_record record;
	uint64_t number; /* of the line */
};

static int take_line(struct reading *reading, char *text, size_t size, struct problem *p)
{
	struct rehearsing *r = reading->r;
	struct situation situation = { .catalog = r->files.catalog,
				       .plan = r->files.plan,
				       .now_s = r->ask.from_s };
	const struct device_line *line = &reading->line;

	if (text[strspn(text, " \t\r")] == '\0')
		return 0;
	if (device_line_read(&reading->line, text, size, &situation, p) < 0)
		return -1;
	device_record_init(&reading->record, line->id, r->ask.from_s);
	reading->record.facts = line->facts;
	if (line->has_history)
		reading->record.history = line->history;
	const char *zone = facts_get(&line->facts, "tz");
	return fleet_device(r->fleet, &reading->record,
			    zone == NULL ? NULL : zone_files_find(r->files.zones, zone),
			    p);
}

static int read_lines(struct reading *reading, const char *path, struct trouble *trouble)
{
	struct problem p;
	char *text;
	size_t size;
	enum line_result result;
	struct line_reader *reader = line_reader_open(path, &p);

	if (reader == NULL)
		return fail(trouble, &p);
	while ((result = line_reader_next(reader, &text, &size, &p)) == LINE_READ) {
		reading->number++;
		if (take_line(reading, text, size, &p) == 0)
			continue;
		trouble_set(trouble, STATUS_FAILED, "%s:%llu: %s", path,
			    (unsigned long long)reading->number, p.text);
		break;
	}
	if (result == LINE_TOO_LONG)
		trouble_set(trouble, STATUS_FAILED,
			    "%s:%llu: the line is longer than %d "
			    "bytes",
			    path, (unsigned long long)reading->number + 1, LINE_MOST);
	else if (result == LINE_FAILED)
		fail(trouble, &p);
	line_reader_close(reader);
	return result == LINE_END ? 0 : -1;
}

static int read_devices(struct rehearsing *r, const char *path, struct trouble *trouble)
{
	struct reading *reading = calloc(1, sizeof *reading);
	int rc = -1;

	if (reading == NULL)
		return trouble_set(trouble, STATUS_FAILED, "no memory for the fleet");
	reading->r = r;
	if (r->fleet != NULL || usual_behaviour(r, trouble) == 0)
		rc = read_lines(reading, path, trouble);
	free(reading);
	if (rc == 0 && r->fleet->device_count == 0)
		return trouble_set(trouble, STATUS_FAILED, "%s holds no device", path);
	return rc;
}

/* What a --fail names has to be known, or nothing would fail. */
static int check_kb(const struct rehearsing *r, const struct fleet_failure *failure,
		    struct trouble *trouble)
{
	const struct catalog *catalog = r->files.catalog;
	char kb[KB_TEXT];

	if (failure->kb == 0)
		return 0;
	for (size_t i = 0; i < catalog->title_count; i++) {
		if (catalog->titles[i].kb == failure->kb)
			return 0;
	}
	return trouble_set(trouble, STATUS_NOT_FOUND,
			   "--fail names %s, which the catalog does not have",
			   kb_format(failure->kb, kb));
}

static int add_fails(struct rehearsing *r, struct trouble *trouble)
{
	struct fleet_failure failure;
	struct problem p;

	/* Each goes before all others, so the last one first. */
	for (size_t i = r->invocation->fail_count; i > 0; i--) {
		if (rehearse_fail_parse(r->invocation->fails[i - 1], &failure, &p) < 0)
			return fail(trouble, &p);
		if (check_kb(r, &failure, trouble) < 0)
			return -1;
		if (fleet_failure(r->fleet, &failure, true, &p) < 0)
			return fail(trouble, &p);
	}
	return 0;
}

int rehearse_fleet(struct rehearsing *r, struct trouble *trouble)
{
	const char *xml = r->invocation->options[OPTION_FLEET];
	const char *lines = r->invocation->options[OPTION_DEVICES];

	if (xml != NULL && read_xml(r, xml, trouble) < 0)
		return -1;
	if (lines != NULL && read_devices(r, lines, trouble) < 0)
		return -1;
	if (r->has_offline)
		fleet_offline(r->fleet, r->offline_ppm);
	return add_fails(r, trouble);
}
