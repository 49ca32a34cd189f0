#include "engine/rollout.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"

/* One cell for each (title, ring) that any record speaks of; the rest share `plain`.
 * `cells` is titles x rings of offsets, so that a decision finds its rollout by one
 * multiplication. */
struct rollouts {
	atomic_int references;
	size_t title_count, ring_count;
	uint32_t *cells; /* index into list */
	size_t count;
	struct rollout *list; /* [0] is the plain one */
	char (*canaries)[LIMIT_DEVICE_ID + 1];
	const struct catalog *catalog; /* borrowed: for naming payloads before sharing */
	bool payload_known;
	uint8_t *payload_archs;   /* per title: present */
	uint8_t *payload_missing; /* per title: named missing */
	uint64_t salt;
	/* What changes by time alone, in order of time.  Most is past. */
	size_t moment_count;
	struct moment {
		int64_t at_s;
		const struct product *product; /* NULL: every */
		int ring;                      /* -1: every */
	} * moments;
};

/* How closely a record speaks of one (title, ring): wider ones apply first. */
static int closeness(const struct rollout_record *record)
{
	bool names_release = record->key.product[0] != '\0' || record->key.kb != 0;
	return (names_release ? 2 : 0) + (record->ring[0] != '\0' ? 1 : 0);
}

static bool speaks_of(const struct rollout_record *record, const struct catalog *catalog,
		      const struct title *title, const struct ring *ring)
{
	if (record->ring[0] != '\0' && strcmp(record->ring, ring->name) != 0)
		return false;
	if (record->key.kb == 0 && record->key.product[0] == '\0')
		return true;
	if (record->key.kb != title->kb)
		return false;
	if (record->key.product[0] != '\0' &&
	    strcmp(record->key.product, catalog->products[title->product].id) != 0)
		return false;
	return record->key.build.base == 0 ||
	       build_equal(record->key.build, title->build);
}

static void merge(struct rollout *to, const struct rollout_record *record,
		  const char *canary)
{
	if (record->approval != APPROVAL_UNSET || record->approved_for_track) {
		/* To approve it for the track is to approve it. */
		to->approval = record->approval != APPROVAL_UNSET ? record->approval
								  : APPROVAL_GIVEN;
		to->approved_for_track = record->approved_for_track;
	}
	to->withdrawn |= record->withdrawn;
	to->halted |= record->halted;
	if (record->paused_until_s > to->paused_until_s)
		to->paused_until_s = record->paused_until_s;
	if (record->expedited) {
		to->expedited = true;
		to->expedite_deadline_s = record->expedite_deadline_s;
	}
	if (record->passed_s != 0)
		to->passed_s = record->passed_s;
	to->waived |= record->waived;
	if (record->max_failed_permille != 0)
		to->max_failed_permille = record->max_failed_permille;
	if (canary[0] != '\0') {
		to->canary = canary;
		to->canary_verified = record->canary_verified;
	}
}

static struct rollout *cell_open(struct rollouts *rollouts, size_t title, size_t ring)
{
	uint32_t *cell = &rollouts->cells[title * rollouts->ring_count + ring];
	if (*cell == 0) {
		struct rollout *bigger = reallocarray(rollouts->list, rollouts->count + 1,
						      sizeof(struct rollout));
		if (bigger == NULL)
			return NULL;
		rollouts->list = bigger;
		bigger[rollouts->count] = (struct rollout){ 0 };
		*cell = (uint32_t)rollouts->count++;
	}
	return &rollouts->list[*cell];
}

static int apply(struct rollouts *rollouts, const struct catalog *catalog,
		 const struct plan *plan, const struct rollout_record *record,
		 const char *canary)
{
	for (size_t t = 0; t < catalog->title_count; t++) {
		for (size_t r = 0; r < plan->ring_count; r++) {
			if (!speaks_of(record, catalog, &catalog->titles[t],
				       &plan->rings[r]))
				continue;
			struct rollout *rollout = cell_open(rollouts, t, r);
			if (rollout == NULL)
				return -1;
			merge(rollout, record, canary);
		}
	}
	return 0;
}

static void discard(struct rollouts *rollouts)
{
	free(rollouts->cells);
	free(rollouts->list);
	free(rollouts->canaries);
	free(rollouts->moments);
	free(rollouts->payload_archs);
	free(rollouts->payload_missing);
	free(rollouts);
}

static int compare_moments(const void *left, const void *right)
{
	const struct moment *a = left, *b = right;
	return a->at_s < b->at_s ? -1 : a->at_s > b->at_s;
}

/* A record that names what the catalog or the plan does not have changes nothing. */
static void note_moments(struct rollouts *rollouts, const struct catalog *catalog,
			 const struct plan *plan, const struct rollout_record *records,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct rollout_record *record = &records[i];
		struct moment moment = { .ring = -1 };
		if (record->key.product[0] != '\0')
			moment.product = catalog_product(catalog, record->key.product);
		if (record->ring[0] != '\0')
			moment.ring = plan_ring_named(plan, record->ring);
		if ((record->key.product[0] != '\0' && moment.product == NULL) ||
		    (record->ring[0] != '\0' && moment.ring < 0))
			continue;
		const int64_t times[] = { record->paused_until_s, record->passed_s };
		for (size_t t = 0; t < sizeof times / sizeof times[0]; t++) {
			moment.at_s = times[t];
			if (times[t] != 0)
				rollouts->moments[rollouts->moment_count++] = moment;
		}
	}
	qsort(rollouts->moments, rollouts->moment_count, sizeof rollouts->moments[0],
	      compare_moments);
}

struct rollouts *rollouts_build(const struct catalog *catalog, const struct plan *plan,
				const struct rollout_record *records, size_t count)
{
	struct rollouts *rollouts = calloc(1, sizeof *rollouts);
	if (rollouts == NULL)
		return NULL;
	atomic_init(&rollouts->references, 1);
	rollouts->catalog = catalog;
	rollouts->title_count = catalog->title_count;
	rollouts->ring_count = plan->ring_count;
	rollouts->count = 1;
	rollouts->list = calloc(1, sizeof(struct rollout));
	rollouts->cells =
		calloc(catalog->title_count * plan->ring_count + 1, sizeof(uint32_t));
	rollouts->canaries = calloc(count + 1, sizeof *rollouts->canaries);
	rollouts->moments = calloc(2 * count + 1, sizeof *rollouts->moments);
	rollouts->payload_archs = calloc(catalog->title_count + 1, 1);
	rollouts->payload_missing = calloc(catalog->title_count + 1, 1);
	if (rollouts->list == NULL || rollouts->cells == NULL ||
	    rollouts->canaries == NULL || rollouts->moments == NULL ||
	    rollouts->payload_archs == NULL || rollouts->payload_missing == NULL) {
		discard(rollouts);
		return NULL;
	}
	note_moments(rollouts, catalog, plan, records, count);
	for (int close = 0; close <= 3; close++) {
		for (size_t i = 0; i < count; i++) {
			if (closeness(&records[i]) != close)
				continue;
			memcpy(rollouts->canaries[i], records[i].canary,
			       sizeof records[i].canary);
			if (apply(rollouts, catalog, plan, &records[i],
				  rollouts->canaries[i]) < 0) {
				discard(rollouts);
				return NULL;
			}
		}
	}
	return rollouts;
}

/* Calls for every title `key` names; a key without build means all of that KB. */
static void mark_titles(struct rollouts *rollouts, const struct release_key *key,
			enum arch arch, uint8_t *marks)
{
	for (size_t t = 0; t < rollouts->title_count; t++) {
		const struct title *title = &rollouts->catalog->titles[t];
		const struct product *product =
			&rollouts->catalog->products[title->product];
		if (title->kb == key->kb &&
		    (key->product[0] == '\0' || strcmp(product->id, key->product) == 0) &&
		    (key->build.base == 0 || build_equal(title->build, key->build)))
			marks[t] |= (uint8_t)arch;
	}
}

void rollouts_payload(struct rollouts *rollouts, const struct release_key *key,
		      enum arch arch)
{
	rollouts->payload_known = true;
	mark_titles(rollouts, key, arch, rollouts->payload_archs);
}

void rollouts_payload_missing(struct rollouts *rollouts, const struct release_key *key,
			      enum arch arch)
{
	mark_titles(rollouts, key, arch, rollouts->payload_missing);
}

void rollouts_salt(struct rollouts *rollouts, uint64_t salt)
{
	rollouts->salt = salt;
}

int rollouts_amend(struct rollouts *rollouts, uint32_t title, int ring,
		   const struct rollout *rollout)
{
	assert(atomic_load(&rollouts->references) == 1);
	assert(title < rollouts->title_count);
	assert(ring >= 0 && (size_t)ring < rollouts->ring_count);
	struct rollout *cell = cell_open(rollouts, title, (size_t)ring);

	if (cell == NULL)
		return -1;
	*cell = *rollout;
	return 0;
}

struct rollouts *rollouts_take(struct rollouts *rollouts)
{
	atomic_fetch_add(&rollouts->references, 1);
	return rollouts;
}

void rollouts_give(struct rollouts *rollouts)
{
	if (rollouts != NULL && atomic_fetch_sub(&rollouts->references, 1) == 1)
		discard(rollouts);
}

const struct rollout *rollouts_find(const struct rollouts *rollouts, uint32_t title,
				    int ring)
{
	static const struct rollout plain;

	if (rollouts == NULL)
		return &plain;
	assert(title < rollouts->title_count);
	assert(ring >= 0 && (size_t)ring < rollouts->ring_count);
	uint32_t cell = rollouts->cells[title * rollouts->ring_count + (size_t)ring];
	return &rollouts->list[cell];
}

bool rollouts_has_payload(const struct rollouts *rollouts, uint32_t title, enum arch arch)
{
	if (rollouts == NULL)
		return true;
	if ((rollouts->payload_missing[title] & arch) != 0)
		return false;
	return !rollouts->payload_known || (rollouts->payload_archs[title] & arch) != 0;
}

uint64_t rollouts_salt_of(const struct rollouts *rollouts)
{
	return rollouts == NULL ? 0 : rollouts->salt;
}

int64_t rollouts_next_change(const struct rollouts *rollouts,
			     const struct product *product, int ring, int64_t now_s)
{
	size_t count = rollouts == NULL ? 0 : rollouts->moment_count;
	size_t low = 0, high = count;

	/* Most is past, mostly all of it. */
	if (count == 0 || rollouts->moments[count - 1].at_s <= now_s)
		return INSTANT_NONE;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (rollouts->moments[middle].at_s <= now_s)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count; low++) {
		const struct moment *moment = &rollouts->moments[low];
		if ((moment->product == NULL || moment->product == product) &&
		    (moment->ring < 0 || moment->ring == ring))
			return moment->at_s;
	}
	return INSTANT_NONE;
}
