/* What came out of a rehearsal, as one JSON document; and such documents in files. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/catalog.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "protocol/command/rehearse.h"

enum { NAME_MOST = 4096, DOCUMENT_MOST = 256 * 1024 * 1024, DIGITS = 10 };

static const char suffix[] = ".rehearsal.json";

/* --- values ------------------------------------------------------------------------- */

/* Hours with one digit; null for never. */
static json_t *hours(uint32_t seconds)
{
	if (seconds == REACH_NEVER)
		return json_null();
	uint32_t tenths = (seconds + HOUR_S / 20) / (HOUR_S / 10);
	return json_real((double)tenths / 10);
}

static json_t *hour_band(const struct band *band)
{
	return json_pack("{s:o,s:o,s:o}", "p10", hours(band->p10), "p50",
			 hours(band->p50), "p90", hours(band->p90));
}

static json_t *count_band(const struct band *band)
{
	return json_pack("{s:I,s:I,s:I}", "p10", (json_int_t)band->p10, "p50",
			 (json_int_t)band->p50, "p90", (json_int_t)band->p90);
}

static json_t *thousandth_band(const struct band *band)
{
	return json_pack("{s:f,s:f,s:f}", "p10", (double)band->p10 / 1000, "p50",
			 (double)band->p50 / 1000, "p90", (double)band->p90 / 1000);
}

static json_t *instant(int64_t at_s)
{
	char text[INSTANT_TEXT];

	return at_s == INSTANT_NONE || at_s == 0
		       ? json_null()
		       : json_string(instant_format(at_s, text));
}

static json_t *day(int64_t at_s)
{
	char text[INSTANT_TEXT];

	return json_stringn(instant_format(at_s, text), sizeof "2025-01-01" - 1);
}

/* Of one run, with two digits. */
static json_t *mean(uint64_t sum, uint32_t runs)
{
	uint64_t hundredths = (sum * 100 + runs / 2) / runs;
	return json_real((double)hundredths / 100);
}

static void put(json_t *object, const char *name, json_t *value)
{
	/* A value there was no memory for is missed at the end: the object lacks it. */
	if (json_object_set_new(object, name, value) < 0)
		json_object_clear(object);
}

static void name_title(const struct rehearsing *r, uint32_t title, json_t *object)
{
	const struct catalog *catalog = r->files.catalog;
	const struct title *named = &catalog->titles[title];
	char kb[KB_TEXT], build[BUILD_TEXT];

	put(object, "product", json_string(catalog->products[named->product].id));
	put(object, "kb", json_string(kb_format(named->kb, kb)));
	put(object, "build", json_string(build_format(named->build, build)));
	put(object, "kind", json_string(release_kind_names[named->kind]));
	put(object, "published", instant(named->published_s));
}

/* --- parts -------------------------------------------------------------------------- */

static json_t *write_rollout(const struct rehearsing *r, const struct summary_cell *cell)
{
	json_t *object = json_object(), *reach = json_object();
	char share[DIGITS];

	name_title(r, cell->title, object);
	put(object, "ring", json_string(r->files.plan->rings[cell->ring].name));
	put(object, "runs", json_integer(cell->runs));
	put(object, "devices", count_band(&cell->devices));
	put(object, "offered", count_band(&cell->offered));
	put(object, "verified", count_band(&cell->verified));
	put(object, "failed", count_band(&cell->failed));
	put(object, "late", count_band(&cell->late));
	for (int i = 0; i < REACH_STEPS; i++) {
		snprintf(share, sizeof share, "%d", (i + 1) * 100 / REACH_STEPS);
		put(reach, share, hour_band(&cell->reach_s[i]));
	}
	put(object, "reach_hours", reach);
	put(object, "passed_runs", json_integer(cell->passes));
	put(object, "passed_empty_runs", json_integer(cell->passed_empty));
	put(object, "halted_runs", json_integer(cell->halts));
	if (cell->halts == 0)
		return object;
	put(object, "halted_hours", hour_band(&cell->halted_s));
	put(object, "verified_at_halt", count_band(&cell->verified_at_halt));
	put(object, "failed_at_halt", count_band(&cell->failed_at_halt));
	put(object, "kept_from", count_band(&cell->kept));
	return object;
}

static json_t *write_rollouts(const struct rehearsing *r, const struct summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->cell_count; i++)
		json_array_append_new(list, write_rollout(r, &s->cells[i]));
	return list;
}

static json_t *write_leavings(const struct rehearsing *r, const struct summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->leaving_count; i++) {
		const struct summary_leaving *leaving = &s->leavings[i];
		json_t *object = json_object();
		name_title(r, leaving->title, object);
		put(object, "left", mean(leaving->left, s->runs));
		put(object, "back", mean(leaving->back, s->runs));
		put(object, "first_left", instant(leaving->first_left_s));
		put(object, "last_left", instant(leaving->last_left_s));
		put(object, "first_back", instant(leaving->first_back_s));
		put(object, "last_back", instant(leaving->last_back_s));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *write_reasons(const struct rehearsing *r, const struct summary *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->reason_count; i++) {
		const struct summary_reason *reason = &s->reasons[i];
		const struct reason_face *face = reason_face(reason->reason);
		json_t *object = json_object();
		put(object, "ring",
		    reason->ring < 0
			    ? json_null()
			    : json_string(r->files.plan->rings[reason->ring].name));
		put(object, "reason", json_string(face->name));
		put(object, "text", json_string(face->sentence));
		put(object, "devices", mean(reason->devices, s->runs));
		put(object, "never", mean(reason->never, s->runs));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *write_restarts(const struct rehearsing *r, const struct summary *s)
{
	json_t *object = json_object(), *spread = json_array(), *days = json_array();
	int most = RESTARTS_MOST;

	while (most > 0 && s->restarts_of[most - 1] == 0)
		most--;
	for (int i = 0; i < most; i++)
		json_array_append_new(spread, mean(s->restarts_of[i], s->runs));
	for (uint32_t i = 0; i < s->days; i++) {
		json_t *one = count_band(&s->restarts_on[i]);
		put(one, "day", day(r->ask.from_s + (int64_t)i * DAY_S));
		json_array_append_new(days, one);
	}
	put(object, "per_device", thousandth_band(&s->restarts));
	put(object, "avoided_per_device", thousandth_band(&s->avoided));
	put(object, "hotpatches_per_device", thousandth_band(&s->hotpatches));
	put(object, "busiest_day", count_band(&s->busiest_day));
	put(object, "devices_by_restarts", spread);
	put(object, "days", days);
	return object;
}

static void write_head(const struct rehearsing *r, const struct summary *s, json_t *doc)
{
	const struct invocation *invocation = r->invocation;
	const char *devices = invocation->options[OPTION_DEVICES];
	const char *fleet = invocation->options[OPTION_FLEET];
	json_t *fails = json_array();

	for (size_t i = 0; i < invocation->fail_count; i++)
		json_array_append_new(fails, json_string(invocation->fails[i]));
	put(doc, "rehearsal", json_integer(1));
	put(doc, "plan", json_string(invocation->options[OPTION_PLAN]));
	put(doc, "fleet", json_string(devices != NULL ? devices : fleet));
	put(doc, "from", instant(r->ask.from_s));
	put(doc, "until", instant(r->ask.until_s));
	if (r->as_of_s != INSTANT_NONE)
		put(doc, "as_of", instant(r->as_of_s));
	put(doc, "days", json_integer(s->days));
	put(doc, "devices", json_integer(s->devices));
	put(doc, "of_devices",
	    json_integer(r->fleet->device_count > 0 ? (json_int_t)r->fleet->device_count
						    : (json_int_t)r->fleet->devices));
	put(doc, "runs", json_integer(s->runs));
	put(doc, "runs_asked", json_integer(r->runs));
	put(doc, "seed", json_integer((json_int_t)r->ask.seed));
	put(doc, "fail", fails);
	if (r->has_offline)
		put(doc, "offline", json_string(invocation->options[OPTION_OFFLINE]));
}

json_t *rehearse_document(const struct rehearsing *r, const struct summary *summary)
{
	json_t *doc = json_object();

	write_head(r, summary, doc);
	put(doc, "up_to_date", count_band(&summary->up_to_date));
	put(doc, "restarts", write_restarts(r, summary));
	put(doc, "rollouts", write_rollouts(r, summary));
	put(doc, "leaving", write_leavings(r, summary));
	put(doc, "unreached", write_reasons(r, summary));
	if (json_object_size(doc) > 0)
		return doc;
	json_decref(doc);
	return NULL;
}

/* --- files -------------------------------------------------------------------------- */

/* A plain name is kept here; what has a slash or ends in .json is a file. */
static const char *path_of(const char *name, char room[static NAME_MOST])
{
	size_t size = strlen(name);

	if (strchr(name, '/') != NULL ||
	    (size > 5 && strcmp(name + size - 5, ".json") == 0))
		return name;
	snprintf(room, NAME_MOST, "%.200s%s", name, suffix);
	return room;
}

/* First beside it, then in its place: never half of it. */
int rehearse_save(const json_t *document, const char *name, struct problem *p)
{
	char room[NAME_MOST], beside[NAME_MOST + 8];
	const char *path = path_of(name, room);

	snprintf(beside, sizeof beside, "%s.part", path);
	if (json_dump_file(document, beside,
			   JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS)) == 0 &&
	    rename(beside, path) == 0)
		return 0;
	int why = errno;
	(void)unlink(beside);
	return problem_set(p, PROBLEM_EXTERNAL, "cannot write %s: %s", path,
			   why != 0 ? strerror(why) : "it took not all");
}

json_t *rehearse_load(const char *name, struct problem *p)
{
	char room[NAME_MOST];
	const char *path = path_of(name, room);
	json_error_t error;
	size_t size;

	char *text = file_read(path, DOCUMENT_MOST, &size, p);
	if (text == NULL)
		return NULL;
	json_t *document = json_loadb(text, size, 0, &error);
	free(text);
	if (document == NULL) {
		problem_set(p, PROBLEM_BAD_INPUT, "%s:%d: %s", path, error.line,
			    error.text);
		return NULL;
	}
	if (json_integer_value(json_object_get(document, "rehearsal")) == 1 &&
	    json_is_array(json_object_get(document, "rollouts")) &&
	    json_is_object(json_object_get(document, "restarts")))
		return document;
	json_decref(document);
	problem_set(p, PROBLEM_BAD_INPUT,
		    "%s:1: it is no saved rehearsal: make one with rehearse --save",
		    path);
	return NULL;
}

/* --- reading it --------------------------------------------------------------------- */

double rehearse_band(const json_t *object, const char *name, const char *which)
{
	const json_t *value = json_object_get(json_object_get(object, name), which);
	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

const char *rehearse_word(const json_t *object, const char *name)
{
	const char *word = json_string_value(json_object_get(object, name));
	return word == NULL ? "" : word;
}

const json_t *rehearse_reach(const json_t *rollout, int share)
{
	char name[DIGITS];

	snprintf(name, sizeof name, "%d", share);
	return json_object_get(json_object_get(rollout, "reach_hours"), name);
}
