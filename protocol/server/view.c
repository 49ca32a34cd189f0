#include "protocol/server/view.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/plan.h"
#include "engine/rollout.h"
#include "protocol/server/site_private.h"
#include "protocol/server/wusp_state.h"
#include "protocol/wusp/library.h"
#include "protocol/xml/catalog_xml.h"
#include "protocol/xml/plan_xml.h"
#include "protocol/xml/zone_files.h"

enum { FACTS_FRESH_S = 86400 };

void view_check_init(struct view_check *check)
{
	findings_init(&check->findings);
	check->name_count = 0;
	check->names = NULL;
}

void view_check_fini(struct view_check *check)
{
	findings_fini(&check->findings);
	for (size_t i = 0; i < check->name_count; i++)
		free(check->names[i]);
	free(check->names);
	check->names = NULL;
	check->name_count = 0;
}

/* A copy that lives as long as the findings. */
static const char *keep_name(struct view_check *check, const char *name)
{
	char **bigger =
		reallocarray(check->names, check->name_count + 1, sizeof check->names[0]);
	if (bigger == NULL)
		return NULL;
	check->names = bigger;
	char *copy = strdup(name);
	if (copy != NULL)
		bigger[check->name_count++] = copy;
	return copy;
}

static int no_memory(struct problem *p)
{
	return problem_set(p, PROBLEM_NO_MEMORY,
			   "reading catalog and plan: out of memory");
}

/* What goes through the walks over the store. */
struct reading {
	struct view_check *check;
	struct problem *p;
	bool failed; /* *p is told */
	uint64_t mark;
	struct catalog_draft *catalog;
	struct plan_draft *plan;
	struct view *view; /* its payloads */
	size_t payload_room;
	size_t record_count, record_room;
	struct rollout_record *records;
};

static int fail_reading(struct reading *reading)
{
	no_memory(reading->p);
	reading->failed = true;
	return -1;
}

/* FNV-1a over names and revisions: tells whether anything was put or retired. */
static void mix(uint64_t *mark, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	for (size_t i = 0; i < size; i++)
		*mark = (*mark ^ at[i]) * UINT64_C(0x100000001b3);
}

static int each_mark(void *owner, const struct document *document)
{
	struct reading *reading = owner;
	mix(&reading->mark, document->name, strlen(document->name) + 1);
	mix(&reading->mark, &document->revision, sizeof document->revision);
	return 0;
}

static int find_mark(struct site *site, struct session *session, const char *kind,
		     uint64_t *mark, struct problem *p)
{
	struct reading reading = { .mark = UINT64_C(0xcbf29ce484222325) };

	if (site->backend->ops->documents(session, kind, each_mark, &reading, p) < 0)
		return -1;
	*mark = reading.mark;
	return 0;
}

static int each_catalog(void *owner, const struct document *document)
{
	struct reading *reading = owner;
	const char *name = keep_name(reading->check, document->name);

	if (name == NULL)
		return fail_reading(reading);
	/* Its errors are in the findings; the other files' are wanted too. */
	if (catalog_xml_read(reading->catalog, name, document->text, document->size,
			     &reading->check->findings) < 0)
		assert(reading->check->findings.errors > 0);
	return 0;
}

static int each_plan(void *owner, const struct document *document)
{
	struct reading *reading = owner;
	const char *name = keep_name(reading->check, document->name);

	if (name == NULL)
		return fail_reading(reading);
	plan_draft_free(reading->plan);
	reading->plan = plan_xml_read(name, document->text, document->size,
				      &reading->check->findings);
	return 0;
}

/* The documents are at fault: *p gets the first error as one line. */
static int tell_first(const struct view_check *check, struct problem *p)
{
	char text[sizeof p->text];

	for (size_t i = 0; i < check->findings.count; i++) {
		const struct finding *finding = &check->findings.list[i];
		if (finding->severity == SEVERITY_ERROR)
			return problem_set(p, PROBLEM_BAD_INPUT, "%s",
					   finding_format(finding, text, sizeof text));
	}
	return no_memory(p); /* an error that there was no room to keep */
}

static struct catalog *read_catalog(struct site *site, struct session *session,
				    struct view_check *check, struct problem *p)
{
	struct reading reading = { .check = check, .p = p };
	struct catalog *catalog = NULL;
	size_t errors = check->findings.errors;

	reading.catalog = catalog_draft_new();
	if (reading.catalog == NULL) {
		no_memory(p);
		return NULL;
	}
	int rc = site->backend->ops->documents(session, "catalog", each_catalog, &reading,
					       p);
	if (rc == 0 && !reading.failed) {
		/* A file that could not be read to its end hides what others refer to. */
		if (check->findings.errors == errors)
			catalog = catalog_seal(reading.catalog, &check->findings);
		if (catalog == NULL)
			tell_first(check, p);
	}
	catalog_draft_free(reading.catalog);
	return catalog;
}

static const struct zone *zone_source_files(void *owner, const char *name)
{
	return zone_files_find(owner, name);
}

/* Those made on the day stand beside those of the plan, and it is sealed with both. */
static int each_hold(void *owner, const struct hold_record *record)
{
	struct reading *reading = owner;
	struct hold hold = {
		.id = record->id,
		.kb = record->key.kb,
		.has_build = record->key.build.base != 0,
		.base = record->key.build.base,
		.revision = record->key.build.revision,
		.origin = { "holds made on the day", 0 },
	};

	memcpy(hold.product, record->key.product, sizeof hold.product);
	memcpy(hold.reason, record->reason, sizeof hold.reason);
	/* What the draft refuses it remembers, and the seal tells. */
	(void)plan_draft_hold(reading->plan, &hold, record->match);
	return 0;
}

static int each_hold_mark(void *owner, const struct hold_record *record)
{
	struct reading *reading = owner;

	mix(&reading->mark, &record->id, sizeof record->id);
	return 0;
}

static struct plan *read_plan(struct site *site, struct session *session,
			      struct view_check *check, struct problem *p)
{
	struct reading reading = { .check = check, .p = p };
	struct plan *plan = NULL;
	size_t errors = check->findings.errors;

	int rc = site->backend->ops->documents(session, "plan", each_plan, &reading, p);
	if (rc < 0 || reading.failed)
		goto done;
	if (reading.plan == NULL && check->findings.errors == errors) {
		/* None was ever applied: a plan without rings, which offers nothing. */
		struct findings ignored;
		findings_init(&ignored);
		reading.plan = plan_draft_new(FACTS_FRESH_S);
		if (reading.plan != NULL)
			plan = plan_seal(reading.plan, zone_source_files, site->zones,
					 &ignored);
		findings_fini(&ignored);
		if (plan == NULL)
			no_memory(p);
		goto done;
	}
	if (reading.plan != NULL &&
	    site->backend->ops->holds(session, each_hold, &reading, p) < 0)
		goto done;
	if (reading.plan != NULL)
		plan = plan_seal(reading.plan, zone_source_files, site->zones,
				 &check->findings);
	if (plan == NULL)
		tell_first(check, p);
done:
	plan_draft_free(reading.plan);
	return plan;
}

static int compare_payload_keys(const struct payload *a, const char *product, uint32_t kb,
				struct build build, enum arch arch)
{
	int order = strcmp(a->key.product, product);
	if (order != 0)
		return order;
	if (a->key.kb != kb)
		return a->key.kb < kb ? -1 : 1;
	if (a->key.build.base != build.base)
		return a->key.build.base < build.base ? -1 : 1;
	if (a->key.build.revision != build.revision)
		return a->key.build.revision < build.revision ? -1 : 1;
	return (int)a->arch - (int)arch;
}

static int compare_payloads(const void *a, const void *b)
{
	const struct payload *other = b;
	return compare_payload_keys(a, other->key.product, other->key.kb,
				    other->key.build, other->arch);
}

const struct payload *view_payload(const struct view *view, const struct line *line,
				   const struct release *release)
{
	size_t low = 0, high = view->payload_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order =
			compare_payload_keys(&view->payloads[middle], line->product->id,
					     release->kb, release->build, line->arch);
		if (order == 0)
			return &view->payloads[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int each_payload(void *owner, const struct payload *payload)
{
	struct reading *reading = owner;
	struct view *view = reading->view;

	if (view->payload_count == reading->payload_room) {
		size_t room = reading->payload_room == 0 ? 64 : 2 * reading->payload_room;
		struct payload *bigger =
			reallocarray(view->payloads, room, sizeof *bigger);
		if (bigger == NULL)
			return fail_reading(reading);
		view->payloads = bigger;
		reading->payload_room = room;
	}
	view->payloads[view->payload_count++] = *payload;
	return 0;
}

static int each_rollout(void *owner, const struct rollout_record *record)
{
	struct reading *reading = owner;

	if (reading->record_count == reading->record_room) {
		size_t room = reading->record_room == 0 ? 64 : 2 * reading->record_room;
		struct rollout_record *bigger =
			reallocarray(reading->records, room, sizeof *bigger);
		if (bigger == NULL)
			return fail_reading(reading);
		reading->records = bigger;
		reading->record_room = room;
	}
	reading->records[reading->record_count++] = *record;
	return 0;
}

/* What the server has no file of is not there: also when it has no file at all. */
static void name_payloads(struct rollouts *rollouts, const struct view *view)
{
	static const struct release_key none = { .product = " " };

	rollouts_payload(rollouts, &none, ARCH_X64);
	for (size_t i = 0; i < view->payload_count; i++)
		rollouts_payload(rollouts, &view->payloads[i].key,
				 view->payloads[i].arch);
}

static struct rollouts *read_rollouts(struct site *site, struct session *session,
				      struct view *view, const struct catalog *catalog,
				      const struct plan *plan, struct problem *p)
{
	const struct backend_ops *ops = site->backend->ops;
	struct reading reading = { .p = p, .view = view };
	struct rollouts *rollouts = NULL;

	if (ops->payloads(session, each_payload, &reading, p) < 0 || reading.failed ||
	    ops->rollouts(session, each_rollout, &reading, p) < 0 || reading.failed)
		goto done;
	if (view->payload_count > 0)
		qsort(view->payloads, view->payload_count, sizeof view->payloads[0],
		      compare_payloads);
	rollouts = rollouts_build(catalog, plan, reading.records, reading.record_count);
	if (rollouts == NULL) {
		no_memory(p);
		goto done;
	}
	rollouts_salt(rollouts, site->salt);
	name_payloads(rollouts, view);
done:
	free(reading.records);
	return rollouts;
}

/* The previous one's, or read anew.  NULL with *p told. */
static struct catalog *find_catalog(struct site *site, struct session *session,
				    const struct view *previous, struct view *view,
				    struct view_check *check, struct problem *p)
{
	if (find_mark(site, session, "catalog", &view->catalog_mark, p) < 0)
		return NULL;
	if (previous != NULL && previous->catalog_mark == view->catalog_mark)
		return catalog_take((struct catalog *)previous->snapshot->catalog);
	return read_catalog(site, session, check, p);
}

static struct plan *find_plan(struct site *site, struct session *session,
			      const struct view *previous, struct view *view,
			      struct view_check *check, struct problem *p)
{
	struct reading reading = { .p = p };

	if (find_mark(site, session, "plan", &view->plan_mark, p) < 0)
		return NULL;
	reading.mark = view->plan_mark;
	if (site->backend->ops->holds(session, each_hold_mark, &reading, p) < 0)
		return NULL;
	view->plan_mark = reading.mark;
	if (previous != NULL && previous->plan_mark == view->plan_mark)
		return plan_take((struct plan *)previous->snapshot->plan);
	return read_plan(site, session, check, p);
}

struct view *view_build(struct site *site, struct session *session,
			const struct view *previous, struct view_check *check,
			struct problem *p)
{
	struct view *view = calloc(1, sizeof *view);
	struct catalog *catalog = NULL;
	struct plan *plan = NULL;
	struct rollouts *rollouts = NULL;

	if (view == NULL) {
		no_memory(p);
		return NULL;
	}
	view->references = 1;
	catalog = find_catalog(site, session, previous, view, check, p);
	if (catalog == NULL)
		goto fail;
	plan = find_plan(site, session, previous, view, check, p);
	if (plan == NULL)
		goto fail;
	rollouts = read_rollouts(site, session, view, catalog, plan, p);
	if (rollouts == NULL || wusp_state_read(site, session, previous, view, p) < 0)
		goto fail;
	/* Those of the past are built on other threads than the writer's. */
	uint64_t generation = __atomic_add_fetch(&site->generation, 1, __ATOMIC_RELAXED);
	view->snapshot = snapshot_new(generation, catalog, plan, rollouts);
	if (view->snapshot == NULL) {
		no_memory(p);
		goto fail;
	}
	return view;
fail:
	catalog_give(catalog);
	plan_give(plan);
	rollouts_give(rollouts);
	library_give(view->library);
	free(view->payloads);
	free(view);
	return NULL;
}

struct view *view_take(struct view *view)
{
	int before = __atomic_fetch_add(&view->references, 1, __ATOMIC_RELAXED);
	assert(before > 0);
	(void)before;
	return view;
}

void view_give(struct view *view)
{
	if (view == NULL ||
	    __atomic_fetch_sub(&view->references, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	snapshot_give(view->snapshot);
	library_give(view->library);
	free(view->payloads);
	free(view);
}
