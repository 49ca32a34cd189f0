#include "protocol/command/rollout_file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "engine/rollout.h"
#include "protocol/command/files.h"
#include "protocol/command/suggest.h"

enum { FILE_MOST = 64 * 1024 * 1024 };

struct reading {
	const struct catalog *catalog;
	const struct plan *plan;
	struct rollout_record *record; /* the one being read */
	unsigned archs;                /* of the payload that is missing */
	bool payload_missing;
};

static int expect(struct problem *p, const char *member, const char *what)
{
	return problem_set(p, PROBLEM_BAD_INPUT, "\"%s\" takes %s", member, what);
}

static int read_product(struct reading *reading, const json_t *value, struct problem *p)
{
	const char *id = json_string_value(value), *names[LIMIT_PRODUCTS];
	struct rollout_record *record = reading->record;

	if (id == NULL)
		return expect(p, "product", "the id of a product");
	if (catalog_product(reading->catalog, id) != NULL) {
		snprintf(record->key.product, sizeof record->key.product, "%s", id);
		return 0;
	}
	for (size_t i = 0; i < reading->catalog->product_count; i++)
		names[i] = reading->catalog->products[i].id;
	return problem_set(p, PROBLEM_BAD_INPUT, "the catalog has no product \"%.60s\"%s",
			   id, suggest(id, names, reading->catalog->product_count).text);
}

static int read_kb(struct reading *reading, const json_t *value, struct problem *p)
{
	const char *text = json_string_value(value);

	return text != NULL && kb_parse(text, &reading->record->key.kb)
		       ? 0
		       : expect(p, "kb", "a KB such as \"KB5058497\"");
}

static int read_build(struct reading *reading, const json_t *value, struct problem *p)
{
	const char *text = json_string_value(value);

	return text != NULL && build_parse(text, &reading->record->key.build)
		       ? 0
		       : expect(p, "build", "a build such as \"26100.3775\"");
}

static int read_ring(struct reading *reading, const json_t *value, struct problem *p)
{
	const char *name = json_string_value(value), *names[LIMIT_RINGS];
	struct rollout_record *record = reading->record;

	if (name == NULL)
		return expect(p, "ring", "the name of a ring");
	if (plan_ring_named(reading->plan, name) >= 0) {
		snprintf(record->ring, sizeof record->ring, "%s", name);
		return 0;
	}
	for (size_t i = 0; i < reading->plan->ring_count; i++)
		names[i] = reading->plan->rings[i].name;
	return problem_set(p, PROBLEM_BAD_INPUT, "the plan has no ring \"%.60s\"%s", name,
			   suggest(name, names, reading->plan->ring_count).text);
}

static int read_approval(struct reading *reading, const json_t *value, struct problem *p)
{
	const char *word = json_string_value(value);

	if (word != NULL && strcmp(word, "given") == 0)
		reading->record->approval = APPROVAL_GIVEN;
	else if (word != NULL && strcmp(word, "refused") == 0)
		reading->record->approval = APPROVAL_REFUSED;
	else
		return expect(p, "approval", "\"given\" or \"refused\"");
	return 0;
}

static int read_time(const json_t *value, const char *member, int64_t *at_s,
		     struct problem *p)
{
	const char *text = json_string_value(value);

	return text != NULL && instant_parse(text, at_s)
		       ? 0
		       : expect(p, member, "a time such as \"2025-05-21T06:00:00Z\"");
}

static int read_paused_until(struct reading *reading, const json_t *value,
			     struct problem *p)
{
	return read_time(value, "paused_until", &reading->record->paused_until_s, p);
}

static int read_passed(struct reading *reading, const json_t *value, struct problem *p)
{
	return read_time(value, "passed", &reading->record->passed_s, p);
}

static int read_deadline(struct reading *reading, const json_t *value, struct problem *p)
{
	json_int_t days = json_integer_value(value);

	if (!json_is_integer(value) || days < 0 || days > 2)
		return expect(p, "expedite_deadline_days", "0, 1 or 2");
	reading->record->expedite_deadline_s = days * DAY_S;
	return 0;
}

static int read_canary(struct reading *reading, const json_t *value, struct problem *p)
{
	const char *id = json_string_value(value);

	if (id == NULL || id[0] == '\0' || strlen(id) > LIMIT_DEVICE_ID)
		return expect(p, "canary", "the id of a device");
	snprintf(reading->record->canary, sizeof reading->record->canary, "%s", id);
	return 0;
}

static int read_arch(struct reading *reading, const json_t *value, struct problem *p)
{
	const char *name = json_string_value(value);
	enum arch arch = name == NULL ? ARCH_NONE : arch_parse(name);

	reading->archs = arch;
	return arch != ARCH_NONE ? 0 : expect(p, "arch", "\"x64\" or \"arm64\"");
}

static int read_payload(struct reading *reading, const json_t *value, struct problem *p)
{
	const char *word = json_string_value(value);

	reading->payload_missing = word != NULL && strcmp(word, "missing") == 0;
	return reading->payload_missing ? 0 : expect(p, "payload", "\"missing\"");
}

#define FLAG(name)                                                                       \
	{                                                                                \
#name, NULL, offsetof(struct rollout_record, name)                       \
	}

static const struct member_row {
	const char *name;
	int (*read)(struct reading *reading, const json_t *value, struct problem *p);
	size_t flag; /* without `read`: where the flag is in the record */
} rows[] = {
	{ "product", read_product, 0 },
	{ "kb", read_kb, 0 },
	{ "build", read_build, 0 },
	{ "ring", read_ring, 0 },
	{ "approval", read_approval, 0 },
	FLAG(approved_for_track),
	FLAG(withdrawn),
	FLAG(halted),
	{ "paused_until", read_paused_until, 0 },
	FLAG(expedited),
	{ "expedite_deadline_days", read_deadline, 0 },
	{ "passed", read_passed, 0 },
	{ "canary", read_canary, 0 },
	FLAG(canary_verified),
	{ "arch", read_arch, 0 },
	{ "payload", read_payload, 0 },
};
enum { ROWS_OF_MEMBERS = sizeof rows / sizeof rows[0] };

static int read_member(struct reading *reading, const char *name, const json_t *value,
		       struct problem *p)
{
	const char *names[ROWS_OF_MEMBERS];

	for (size_t i = 0; i < ROWS_OF_MEMBERS; i++) {
		names[i] = rows[i].name;
		if (strcmp(rows[i].name, name) != 0)
			continue;
		if (rows[i].read != NULL)
			return rows[i].read(reading, value, p);
		if (!json_is_boolean(value))
			return expect(p, name, "true or false");
		*(bool *)((char *)reading->record + rows[i].flag) = json_is_true(value);
		return 0;
	}
	return problem_set(p, PROBLEM_BAD_INPUT, "a record has no member \"%.60s\"%s",
			   name, suggest(name, names, ROWS_OF_MEMBERS).text);
}

/* A release that is named must be there: a slip would otherwise say nothing at all. */
static int check_release(const struct reading *reading, struct problem *p)
{
	const struct release_key *key = &reading->record->key;
	char kb[KB_TEXT];

	if (key->kb == 0 && (key->product[0] != '\0' || key->build.base != 0))
		return problem_set(p, PROBLEM_BAD_INPUT, "a product or build needs a kb");
	if (key->kb == 0 && reading->payload_missing)
		return problem_set(p, PROBLEM_BAD_INPUT, "a payload needs a kb");
	for (size_t i = 0; key->kb != 0 && i < reading->catalog->title_count; i++) {
		const struct title *title = &reading->catalog->titles[i];
		const struct product *product =
			&reading->catalog->products[title->product];
		if (title->kb == key->kb &&
		    (key->product[0] == '\0' || strcmp(product->id, key->product) == 0) &&
		    (key->build.base == 0 || build_equal(key->build, title->build)))
			return 0;
	}
	if (key->kb == 0)
		return 0;
	return problem_set(p, PROBLEM_BAD_INPUT, "the catalog has no such release as %s",
			   kb_format(key->kb, kb));
}

static int read_record(struct reading *reading, const json_t *object, struct problem *p)
{
	const char *name;
	json_t *value;

	reading->archs = ARCH_X64 | ARCH_ARM64;
	reading->payload_missing = false;
	if (!json_is_object(object))
		return problem_set(p, PROBLEM_BAD_INPUT, "it is no object");
	json_object_foreach((json_t *)object, name, value)
	{
		if (read_member(reading, name, value, p) < 0)
			return -1;
	}
	return check_release(reading, p);
}

static struct rollouts *build(const json_t *array, struct reading *reading,
			      struct rollout_record *records, unsigned *missing,
			      struct problem *p)
{
	size_t count = json_array_size(array);

	for (size_t i = 0; i < count; i++) {
		reading->record = &records[i];
		if (read_record(reading, json_array_get(array, i), p) < 0) {
			problem_while(p, "record %zu", i + 1);
			return NULL;
		}
		missing[i] = reading->payload_missing ? reading->archs : 0;
	}
	struct rollouts *rollouts =
		rollouts_build(reading->catalog, reading->plan, records, count);
	if (rollouts == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for the rollouts");
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		if ((missing[i] & ARCH_X64) != 0)
			rollouts_payload_missing(rollouts, &records[i].key, ARCH_X64);
		if ((missing[i] & ARCH_ARM64) != 0)
			rollouts_payload_missing(rollouts, &records[i].key, ARCH_ARM64);
	}
	return rollouts;
}

struct rollouts *rollout_file_read(const char *path, const struct catalog *catalog,
				   const struct plan *plan, struct problem *p)
{
	struct reading reading = { .catalog = catalog, .plan = plan };
	json_error_t error;
	size_t size;
	char *text = file_read(path, FILE_MOST, &size, p);

	if (text == NULL)
		return NULL;
	json_t *array = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!json_is_array(array)) {
		problem_set(p, PROBLEM_BAD_INPUT, "%s:%d: %s", path,
			    array == NULL ? error.line : 1,
			    array == NULL ? error.text
					  : "an array of records is expected");
		json_decref(array);
		return NULL;
	}
	size_t count = json_array_size(array);
	struct rollout_record *records = calloc(count + 1, sizeof *records);
	unsigned *missing = calloc(count + 1, sizeof *missing);
	struct rollouts *rollouts = NULL;
	if (records == NULL || missing == NULL)
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for the rollouts");
	else
		rollouts = build(array, &reading, records, missing, p);
	if (rollouts == NULL)
		problem_while(p, "%s", path);
	json_decref(array);
	free(records);
	free(missing);
	return rollouts;
}
