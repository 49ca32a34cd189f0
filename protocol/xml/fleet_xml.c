#include "protocol/xml/fleet_xml.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/facts.h"
#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "engine/rehearsal/fleet.h"
#include "protocol/xml/filling.h"
#include "protocol/xml/xml_reader.h"
#include "protocol/xml/xml_schema.h"

extern const char fleet_xsd[];
extern const size_t fleet_xsd_size;

static struct xml_schema *schema;
static struct problem schema_problem;

static void read_schema(void)
{
	schema = xml_schema_new(fleet_xsd, fleet_xsd_size, &schema_problem);
}

#define USUAL_CODE UINT32_C(0x80070643) /* ERROR_INSTALL_FAILURE */

enum { PPM = 1000000, POLL_LEAST_S = MINUTE_S };

struct fleet_filling {
	struct filling filling; /* first: the events of filling.h see only this */
	const struct fleet_place *place;
	struct fleet *fleet;
	struct fleet_group group;
	struct fleet_failure failure;
	unsigned group_line, failure_line;
	uint32_t value_share;
	bool has_match;
	char match[LIMIT_EXPRESSION + 1];
};

static struct fleet_filling *whole(struct filling *filling)
{
	return (struct fleet_filling *)filling;
}

/* --- values ------------------------------------------------------------------------ */

static uint32_t share_of(const struct xml_element *element, const char *name,
			 uint32_t absent)
{
	const char *value = xml_attribute(element, name);
	return value == NULL ? absent : (uint32_t)strtoul(value, NULL, 10);
}

/* "0.25%" is 2500 millionths; the schema has seen to the form. */
static uint32_t ppm_of(const struct xml_element *element, const char *name,
		       uint32_t absent)
{
	const char *value = xml_attribute(element, name);
	char *end;

	if (value == NULL)
		return absent;
	uint32_t ppm = (uint32_t)strtoul(value, &end, 10) * (PPM / 100);
	uint32_t place = PPM / 1000;
	for (end += *end == '.'; *end >= '0' && *end <= '9'; end++, place /= 10)
		ppm += (uint32_t)(*end - '0') * place;
	return ppm;
}

static int64_t duration_of(struct filling *filling, const struct xml_element *element,
			   const char *name, int64_t absent_s)
{
	const char *value = xml_attribute(element, name);
	int64_t seconds = absent_s;

	if (value != NULL && !duration_parse(value, &seconds))
		filling_tell(filling, "at most ten years",
			     "%s=\"%s\" of <%s> is too long", name, value, element->name);
	return seconds;
}

static void span_of(struct filling *filling, const struct xml_element *element,
		    struct fleet_span *span)
{
	struct fleet_span usual = *span;

	span->least_s = duration_of(filling, element, "least", usual.least_s);
	span->most_s = duration_of(filling, element, "most", usual.most_s);
	if (span->least_s <= span->most_s)
		return;
	filling_tell(filling, "make least no longer than most",
		     "<%s> takes at least longer than at most", element->name);
	*span = usual;
}

static uint16_t minute_of(const char *value)
{
	char *end;
	unsigned long hour = strtoul(value, &end, 10);

	return (uint16_t)(hour * 60 + strtoul(end + 1, NULL, 10));
}

static uint8_t weekdays_of(const struct xml_element *element)
{
	static const char *const names[] = { "Sun", "Mon", "Tue", "Wed",
					     "Thu", "Fri", "Sat" };
	const char *value = xml_attribute(element, "days");
	uint8_t days = 0;

	for (unsigned i = 0; value != NULL && i < 7; i++) {
		if (strstr(value, names[i]) != NULL)
			days |= (uint8_t)(1u << i);
	}
	return days;
}

/* --- groups ------------------------------------------------------------------------ */

static void start_group(struct filling *filling, const struct xml_element *element)
{
	struct fleet_filling *f = whole(filling);

	fleet_group_init(&f->group);
	f->group_line = element->line;
	f->group.share = share_of(element, "share", 1);
	filling_copy(filling, f->group.name, sizeof f->group.name, element, "name");
}

/* False, and told, when there are too many of them. */
static bool has_room(struct filling *filling, const char *what, size_t count, size_t most)
{
	if (count < most)
		return true;
	filling_tell(filling, NULL, "group '%s' has more than %zu %s",
		     whole(filling)->group.name, most, what);
	return false;
}

static bool has_kb(const struct line *line, uint32_t kb)
{
	for (size_t i = 0; i < line->count; i++) {
		if (line->releases[i].kb == kb)
			return true;
	}
	return false;
}

static void check_product(struct filling *filling, const struct fleet_product *product)
{
	const struct catalog *catalog = whole(filling)->place->catalog;
	const char *names[LIMIT_PRODUCTS];
	char kb[KB_TEXT], hint[160];

	if (catalog == NULL)
		return;
	const struct product *found = catalog_product(catalog, product->id);
	if (found == NULL) {
		for (size_t i = 0; i < catalog->product_count; i++)
			names[i] = catalog->products[i].id;
		const char *near =
			nearest_word(product->id, names, catalog->product_count);
		snprintf(hint, sizeof hint, "did you mean '%.64s'?",
			 near == NULL ? "" : near);
		filling_tell(filling, near == NULL ? NULL : hint,
			     "product '%s' is not in the catalog", product->id);
		return;
	}
	const struct line *line = product_line(found, product->arch);
	if (line == NULL)
		filling_tell(filling, NULL, "product '%s' is not there for %s",
			     product->id, arch_name(product->arch));
	else if (product->kb != 0 && !has_kb(line, product->kb))
		filling_tell(filling, NULL, "product '%s' has no %s for %s", product->id,
			     kb_format(product->kb, kb), arch_name(product->arch));
}

static void start_product(struct filling *filling, const struct xml_element *element)
{
	static const char *const archs[] = { "x64", "arm64" };
	struct fleet_group *group = &whole(filling)->group;
	const char *kb = xml_attribute(element, "kb");
	const char *behind = xml_attribute(element, "behind-days");

	if (!has_room(filling, "products", group->product_count, FLEET_CHOICES))
		return;
	struct fleet_product *product = &group->products[group->product_count++];
	*product = (struct fleet_product){
		.share = share_of(element, "share", 1),
		.arch = filling_word(element, "arch", archs, 2, 0) == 1 ? ARCH_ARM64
									: ARCH_X64,
		.behind_days = behind == NULL ? 0 : (int32_t)strtol(behind, NULL, 10),
		.origin = { filling->file, element->line },
	};
	if (kb != NULL)
		(void)kb_parse(kb, &product->kb); /* as the schema */
	filling_copy(filling, product->id, sizeof product->id, element, "id");
	check_product(filling, product);
}

static void start_fact(struct filling *filling, const struct xml_element *element)
{
	static const char *const own[] = { "os.arch", "os.family", "os.build",
					   "os.kbs",  "os.boot",   "restart.pending" };
	struct fleet_group *group = &whole(filling)->group;
	char folded[LIMIT_FACT_NAME + 1];

	if (!has_room(filling, "facts", group->fact_count, FLEET_FACTS))
		return;
	struct fleet_fact *fact = &group->facts[group->fact_count++];
	memset(fact, 0, sizeof *fact);
	filling_copy(filling, fact->name, sizeof fact->name, element, "name");
	if (fact_name_fold(fact->name, folded))
		memcpy(fact->name, folded, sizeof folded);
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
		if (strcmp(fact->name, own[i]) == 0)
			filling_tell(filling, "say it by <product>",
				     "fact '%s' follows from what the device runs and "
				     "does",
				     fact->name);
	}
}

static struct fleet_value *value_add(struct filling *filling, uint32_t share)
{
	struct fleet_group *group = &whole(filling)->group;
	struct fleet_fact *fact = &group->facts[group->fact_count - 1];

	if (group->fact_count == 0 || fact->value_count == FLEET_CHOICES)
		return NULL; /* told, or as the schema */
	struct fleet_value *value = &fact->values[fact->value_count++];
	*value = (struct fleet_value){ .share = share };
	return value;
}

static void start_value(struct filling *filling, const struct xml_element *element)
{
	whole(filling)->value_share = share_of(element, "share", 1);
	filling_start_text(filling, element);
}

static void end_value(struct filling *filling)
{
	struct fleet_value *value = value_add(filling, whole(filling)->value_share);

	if (value != NULL)
		snprintf(value->text, sizeof value->text, "%.*s", FLEET_VALUE,
			 filling->text);
}

static void start_not_reported(struct filling *filling, const struct xml_element *element)
{
	struct fleet_value *value = value_add(filling, share_of(element, "share", 1));

	if (value != NULL)
		value->not_reported = true;
}

static void start_work(struct filling *filling, const struct xml_element *element)
{
	struct fleet_filling *f = whole(filling);
	const char *from = xml_attribute(element, "from"),
		   *to = xml_attribute(element, "to");
	const char *zone = xml_attribute(element, "zone");

	if (!has_room(filling, "work patterns", f->group.work_count, FLEET_CHOICES))
		return;
	struct fleet_work *work = &f->group.works[f->group.work_count++];
	*work = (struct fleet_work){ .share = share_of(element, "share", 1) };
	if ((from == NULL) != (to == NULL))
		filling_tell(filling, "give both, or none for always",
			     "<work> says only when it %s",
			     from != NULL ? "begins" : "ends");
	if (from != NULL && to != NULL)
		work->on = (struct hours){ .from_minute = minute_of(from),
					   .to_minute = minute_of(to),
					   .weekdays = weekdays_of(element),
					   .set = true };
	if (work->on.set && work->on.from_minute == work->on.to_minute)
		filling_tell(filling, "leave from and to out for always",
			     "<work> begins and ends at %s: it holds no time", from);
	if (zone == NULL || f->place->zones == NULL)
		return;
	work->zone = f->place->zones(f->place->owner, zone);
	if (work->zone == NULL)
		filling_tell(filling, "an IANA name such as Europe/Berlin",
			     "there is no time zone '%s'", zone);
}

static void start_offline(struct filling *filling, const struct xml_element *element)
{
	struct fleet_group *group = &whole(filling)->group;

	group->offline_ppm = ppm_of(element, "share", 0);
	span_of(filling, element, &group->offline);
	if (group->offline.least_s < MINUTE_S)
		filling_tell(filling, "1m at least", "a spell of <offline> is too short");
	if (group->offline_ppm >= PPM)
		filling_tell(filling, "less than 100%",
			     "group '%s' would never be in reach", group->name);
}

static void start_poll(struct filling *filling, const struct xml_element *element)
{
	struct fleet_group *group = &whole(filling)->group;
	int64_t every_s = duration_of(filling, element, "every", HOUR_S);

	if (every_s < POLL_LEAST_S || every_s > 7 * DAY_S)
		filling_tell(filling, "1m to 7d", "<poll> is every %lld seconds",
			     (long long)every_s);
	else
		group->poll = (struct fleet_span){ every_s, every_s };
}

static void start_span(struct filling *filling, const struct xml_element *element)
{
	struct fleet_group *group = &whole(filling)->group;
	const struct {
		const char *name;
		struct fleet_span *span;
	} spans[] = {
		{ "download", &group->download },
		{ "hotpatch", &group->hotpatch },
		{ "install", &group->install },
		{ "consent", &group->consent },
	};
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		if (strcmp(spans[i].name, element->name) == 0)
			span_of(filling, element, spans[i].span);
	}
}

static void start_restart(struct filling *filling, const struct xml_element *element)
{
	struct fleet_group *group = &whole(filling)->group;
	uint32_t shares[HABITS], sum = 0;

	span_of(filling, element, &group->restart);
	for (int i = 0; i < HABITS; i++) {
		shares[i] = share_of(element, fleet_habit_names[i], 0);
		sum += shares[i];
	}
	if (sum > 0)
		memcpy(group->habit_shares, shares, sizeof shares);
}

static void end_group(struct filling *filling)
{
	struct fleet_filling *f = whole(filling);
	struct problem p;

	filling->line = f->group_line;
	if (f->group.product_count == 0)
		filling_tell(filling, "add <product id=\"windows-11-24h2\"/>",
			     "group '%s' says not what it runs", f->group.name);
	else if (fleet_group(f->fleet, &f->group, &p) < 0)
		filling_tell(filling, NULL, "%s", p.text);
}

/* --- failures ---------------------------------------------------------------------- */

static void start_failure(struct filling *filling, const struct xml_element *element)
{
	static const char *const kinds[] = { "rtm", "baseline", "hotpatch", "lcu",
					     "preview" };
	struct fleet_filling *f = whole(filling);
	const char *kb = xml_attribute(element, "release");
	const char *build = xml_attribute(element, "build");
	const char *code = xml_attribute(element, "code");
	int kind = filling_word(element, "kind", kinds, RELEASE_KINDS, -1);

	f->failure_line = element->line;
	f->has_match = false;
	f->failure = (struct fleet_failure){
		.rate_ppm = ppm_of(element, "rate", 0),
		.spread_ppm = ppm_of(element, "spread", 0),
		.again_ppm = ppm_of(element, "again", PPM),
		.code = code == NULL ? USUAL_CODE : (uint32_t)strtoul(code, NULL, 16),
		.has_kind = kind >= 0,
		.kind = (enum release_kind)(kind < 0 ? 0 : kind),
		.origin = { filling->file, element->line },
	};
	if (kb != NULL)
		(void)kb_parse(kb, &f->failure.kb);
	if (build != NULL)
		(void)build_parse(build, &f->failure.build);
	if (f->failure.code == 0)
		filling_tell(filling, "such as 0x800F0922", "code 0 is no failure");
}

static void end_match(struct filling *filling)
{
	struct fleet_filling *f = whole(filling);

	f->has_match = true;
	memcpy(f->match, filling->text, filling->text_size + 1);
}

static void end_failure(struct filling *filling)
{
	struct fleet_filling *f = whole(filling);
	struct problem p;

	filling->line = f->failure_line;
	f->failure.match_text = f->has_match ? f->match : NULL;
	if (fleet_failure(f->fleet, &f->failure, false, &p) < 0)
		filling_tell(filling, NULL, "%s", p.text);
}

/* --- the whole --------------------------------------------------------------------- */

static void start_fleet(struct filling *filling, const struct xml_element *element)
{
	struct fleet *fleet = whole(filling)->fleet;
	const char *devices = xml_attribute(element, "devices");

	fleet->devices = (uint32_t)strtoul(devices == NULL ? "0" : devices, NULL, 10);
}

static const struct filling_element table[] = {
	{ "fleet", start_fleet, NULL },
	{ "group", start_group, end_group },
	{ "product", start_product, NULL },
	{ "fact", start_fact, NULL },
	{ "value", start_value, end_value },
	{ "not-reported", start_not_reported, NULL },
	{ "work", start_work, NULL },
	{ "offline", start_offline, NULL },
	{ "poll", start_poll, NULL },
	{ "download", start_span, NULL },
	{ "hotpatch", start_span, NULL },
	{ "install", start_span, NULL },
	{ "consent", start_span, NULL },
	{ "restart", start_restart, NULL },
	{ "failure", start_failure, end_failure },
	{ "match", filling_start_text, end_match },
	{ NULL, NULL, NULL },
};

static int check_fleet(struct filling *filling, const struct fleet *fleet)
{
	if (fleet->group_count > 0)
		return 0;
	return filling_fail(filling, "the fleet has no <group>: it would be empty");
}

struct fleet *fleet_xml_read(const char *file, const char *text, size_t size,
			     const struct fleet_place *place, struct findings *findings)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct fleet_filling *f = calloc(1, sizeof *f); /* large: a group */
	struct fleet *fleet = NULL;

	pthread_once(&once, read_schema);
	if (f == NULL) {
		findings_add(findings, SEVERITY_ERROR, (struct origin){ file, 0 }, NULL,
			     "out of memory");
		return NULL;
	}
	f->filling.file = file;
	f->filling.findings = findings;
	f->place = place;
	f->fleet = fleet_new();
	if (schema == NULL || f->fleet == NULL)
		(void)filling_fail(&f->filling, schema == NULL ? schema_problem.text
							       : "out of memory");
	else if (xml_schema_check(schema, file, text, size, findings) == 0 &&
		 filling_run(&f->filling, table, text, size) == 0 &&
		 check_fleet(&f->filling, f->fleet) == 0)
		fleet = f->fleet;
	if (fleet == NULL)
		fleet_free(f->fleet);
	free(f);
	return fleet;
}
