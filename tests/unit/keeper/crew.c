#include "tests/unit/keeper/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/passage.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "engine/snapshot.h"
#include "protocol/http/loop.h"
#include "protocol/server/site.h"
#include "protocol/server/unit.h"
#include "store/store.h"
#include "tests/lib/case.h"

static const char catalog_text[] =
	"<catalog xmlns=\"urn:patchyard:catalog:1\">\n"
	"<product id=\"w24\" name=\"Windows 24\" family=\"client\" base=\"26100\">\n"
	"<hotpatch editions=\"Enterprise\" from=\"26100.2033\"/>\n"
	"<release kb=\"KB5055523\" build=\"26100.3775\" kind=\"baseline\""
	" published=\"2025-04-08T17:00:00Z\" arch=\"x64\"/>\n"
	"<release kb=\"KB5058497\" build=\"26100.3981\" kind=\"hotpatch\""
	" published=\"2025-05-13T17:00:00Z\" arch=\"x64\" baseline=\"KB5055523\"/>\n"
	"<release kb=\"KB5058411\" build=\"26100.4061\" kind=\"lcu\""
	" published=\"2025-05-13T17:00:00Z\" arch=\"x64\"/>\n"
	"<release kb=\"KB5061258\" build=\"26100.3983\" kind=\"hotpatch\" cadence=\"OOB\""
	" published=\"2025-05-16T17:00:00Z\" arch=\"x64\" baseline=\"KB5055523\""
	" repairs=\"KB5058497\"/>\n"
	"</product></catalog>\n";

static const struct {
	uint32_t kb;
	struct build build;
} releases[] = {
	{ BASELINE, { 26100, 3775 } },
	{ HOTPATCH, { 26100, 3981 } },
	{ LCU, { 26100, 4061 } },
	{ REPAIR, { 26100, 3983 } },
};

struct lab lab;
static struct loop *loop;
static struct session *reader;
static uv_sem_t answered;

/* --- opening ------------------------------------------------------------------------ */

static int on_started(struct loop *one, void *owner, struct problem *p)
{
	return desk_open(one, owner, p);
}

static void on_stopped(struct loop *one, void *owner)
{
	(void)owner;
	desk_close(one);
}

static void start_loop(void)
{
	const struct loop_settings settings = {
		.owner = lab.site,
		.started = on_started,
		.stopped = on_stopped,
	};
	struct problem p = { 0 };

	loop = loop_start(&settings, &p);
	reader = lab.backend->ops->open(lab.backend, &p);
	if (loop == NULL || reader == NULL)
		fail_msg("%s", p.text);
}

static void stop_loop(void)
{
	lab.backend->ops->close(reader);
	loop_stop(loop);
	loop_join(loop);
}

static int put_payloads(void *owner, struct session *session, struct problem *p)
{
	(void)owner;
	for (size_t i = 0; i < COUNT_OF(releases); i++) {
		struct payload payload = { .arch = ARCH_X64, .size_bytes = 1 };
		strcpy(payload.key.product, "w24");
		payload.key.kb = releases[i].kb;
		payload.key.build = releases[i].build;
		snprintf(payload.name, sizeof payload.name, "%u.msu", releases[i].kb);
		memset(payload.sha256, 'a', 64);
		memset(payload.sha1, 'a', 40);
		memset(payload.md5, 'a', 32);
		if (lab.backend->ops->payload_put(session, &payload, p) < 0)
			return -1;
	}
	return 0;
}

void crew_open(const char *from, const char *plan)
{
	json_t *import = json_pack("{s:[{s:s, s:s}]}", "files", "name", "w24.xml", "text",
				   catalog_text);
	char *text = json_dumps(import, 0);
	struct problem p;

	uv_sem_init(&answered, 0);
	lab_open(&lab, from);
	start_loop();
	if (unit_run(lab.backend, put_payloads, NULL, &p) < 0)
		fail_msg("%s", p.text);
	json_decref(lab_expect(&lab, 200, "POST", "/catalog", text));
	json_decref(lab_expect(&lab, 200, "PUT", "/plan?name=plan.xml", plan));
	free(text);
	json_decref(import);
}

void crew_close(void)
{
	stop_loop();
	lab_close(&lab);
	uv_sem_destroy(&answered);
}

void crew_restart(void)
{
	stop_loop();
	lab_reopen(&lab);
	start_loop();
}

/* --- steps of a device -------------------------------------------------------------- */

struct step {
	struct change change; /* first: cast back */
	const char *ring;     /* of a new device */
	enum flow_state end;
	uint32_t code;
	uint32_t kb; /* what is on its way in the end */
	bool failed;
	struct problem problem;
};

static void keep_answer(struct change *change, const struct problem *problem)
{
	struct step *step = (struct step *)change;

	step->failed = problem != NULL;
	if (problem != NULL)
		step->problem = *problem;
	uv_sem_post(&answered);
}

static void begin(struct step *step, const char *id,
		  int (*apply)(struct change *change, struct problem *p))
{
	step->change.site = lab.site;
	step->change.loop = loop;
	snprintf(step->change.device, sizeof step->change.device, "%s", id);
	step->change.apply = apply;
	step->change.answer = keep_answer;
	site_change(&step->change);
}

static void take(struct step *step, const char *id,
		 int (*apply)(struct change *change, struct problem *p))
{
	begin(step, id, apply);
	uv_sem_wait(&answered);
	if (step->failed)
		fail_msg("%s: %s", id, step->problem.text);
}

static int set(struct change *change, const char *name, const char *value,
	       struct problem *p)
{
	bool changed = false;
	int rc = facts_set(&change->record->facts, name, value, change->now_s,
			   FACT_REPORTED, &changed, p);

	change->outcome->facts_changed |= changed;
	return rc;
}

/* What is there is reported again, whatever was set before. */
static int report(struct change *change, struct problem *p)
{
	if (set(change, "tag.seen", "yes", p) < 0)
		return -1;
	change->outcome->facts_changed = true;
	change_decide(change);
	passage_facts(change->record, change->decision, NULL, change->now_s,
		      change->outcome);
	return change_settle(change, p);
}

static int show(struct change *change, uint32_t kb, struct problem *p)
{
	char build[BUILD_TEXT], kbs[64];

	for (size_t i = 0; i < COUNT_OF(releases); i++) {
		if (releases[i].kb != kb)
			continue;
		snprintf(kbs, sizeof kbs, "KB%u", kb);
		if (set(change, "os.build", build_format(releases[i].build, build), p) <
			    0 ||
		    set(change, "os.kbs", kbs, p) < 0)
			return -1;
	}
	return 0;
}

static int apply_enrol(struct change *change, struct problem *p)
{
	struct step *step = (struct step *)change;
	struct device_record *record = change->record;

	outcome_add(change->outcome, EVENT_ENROLLED, change->now_s);
	record->has_token = true;
	if (set(change, "os.family", "client", p) < 0 ||
	    set(change, "os.arch", "x64", p) < 0 ||
	    set(change, "os.edition", "Enterprise", p) < 0 ||
	    set(change, "vbs", "running", p) < 0 ||
	    set(change, "ring", step->ring, p) < 0 || show(change, BASELINE, p) < 0)
		return -1;
	return report(change, p);
}

void crew_enrol(const char *id, const char *ring)
{
	struct step step = { .ring = ring };
	take(&step, id, apply_enrol);
}

void crew_enrol_many(const char *prefix, int count, const char *ring)
{
	char id[32];

	for (int i = 0; i < count; i++) {
		snprintf(id, sizeof id, "%s-%02d", prefix, i);
		crew_enrol(id, ring);
	}
}

/* A unit that keeps the writer until it is let go: what is submitted meanwhile makes one
 * group. */
struct stopper {
	struct work work; /* first: cast back */
	uv_sem_t begun, go_on;
};

static int stop_writer(struct work *work, struct session *session, struct problem *p)
{
	struct stopper *stopper = (struct stopper *)work;

	(void)session;
	(void)p;
	uv_sem_post(&stopper->begun);
	uv_sem_wait(&stopper->go_on);
	return 0;
}

static void writer_went_on(struct work *work, const struct problem *problem)
{
	(void)work;
	(void)problem;
}

void crew_enrol_at_once(const char *prefix, int count, const char *ring)
{
	static struct stopper stopper;
	struct step *steps = calloc((size_t)count, sizeof *steps);
	char id[32];

	assert_non_null(steps);
	stopper.work.run = stop_writer;
	stopper.work.done = writer_went_on;
	uv_sem_init(&stopper.begun, 0);
	uv_sem_init(&stopper.go_on, 0);
	lab.backend->ops->submit(lab.backend, &stopper.work);
	uv_sem_wait(&stopper.begun);
	for (int i = 0; i < count; i++) {
		steps[i].ring = ring;
		snprintf(id, sizeof id, "%s-%02d", prefix, i);
		begin(&steps[i], id, apply_enrol);
	}
	uv_sem_post(&stopper.go_on);
	for (int i = 0; i < count; i++)
		uv_sem_wait(&answered);
	for (int i = 0; i < count; i++)
		assert_false(steps[i].failed);
	uv_sem_destroy(&stopper.begun);
	uv_sem_destroy(&stopper.go_on);
	free(steps);
}

static int apply_poll(struct change *change, struct problem *p)
{
	struct step *step = (struct step *)change;
	const struct flow *flow = &change->record->history.flow;

	if (report(change, p) < 0)
		return -1;
	if (flow->state != FLOW_NONE && !flow_state_is_final(flow->state)) {
		step->kb = flow->key.kb;
		passage_retrieved(change->record, flow->id, change->now_s,
				  change->outcome);
	}
	return 0;
}

uint32_t crew_poll(const char *id)
{
	struct step step = { 0 };
	take(&step, id, apply_poll);
	return step.kb;
}

static int apply_end(struct change *change, struct problem *p)
{
	struct step *step = (struct step *)change;
	struct device_record *record = change->record;
	const struct flow *flow = &record->history.flow;
	struct report said = { .state = step->end, .code = step->code };

	if (step->end == FLOW_VERIFIED || step->end == FLOW_REMOVED) {
		said.state = step->end == FLOW_VERIFIED ? FLOW_INSTALLING : FLOW_REMOVING;
		passage_report(record, flow->id, &said, change->decision, change->now_s,
			       change->outcome);
		if (show(change, step->end == FLOW_VERIFIED ? flow->key.kb : BASELINE,
			 p) < 0)
			return -1;
		return report(change, p);
	}
	if (passage_report(record, flow->id, &said, change->decision, change->now_s,
			   change->outcome) != REPORT_TAKEN)
		return problem_set(p, PROBLEM_CONFLICT, "the report was not taken");
	return change_settle(change, p);
}

void crew_end(const char *id, enum flow_state end, uint32_t code)
{
	struct step step = { .end = end, .code = code };
	take(&step, id, apply_end);
}

bool crew_try(const char *id, uint32_t kb, enum flow_state end, uint32_t code)
{
	if (crew_poll(id) != kb)
		return false;
	crew_end(id, end, code);
	return true;
}

int crew_try_many(const char *prefix, int from, int verified, int failed, uint32_t kb)
{
	char id[32];
	int offered = 0;

	for (int i = 0; i < verified + failed; i++) {
		snprintf(id, sizeof id, "%s-%02d", prefix, from + i);
		offered += crew_try(id, kb, i < verified ? FLOW_VERIFIED : FLOW_FAILED,
				    i < verified ? 0 : 0x80070643);
	}
	return offered;
}

/* --- looking ------------------------------------------------------------------------ */

int64_t crew_now(void)
{
	return site_now(lab.site);
}

void crew_advance(int64_t seconds)
{
	char at[INSTANT_TEXT], body[64];

	snprintf(body, sizeof body, "{\"now\":\"%s\"}",
		 instant_format(crew_now() + seconds, at));
	json_decref(lab_expect(&lab, 200, "POST", "/clock", body));
}

void crew_record(const char *id, struct device_record *record)
{
	struct problem p;

	assert_int_equal(lab.backend->ops->device_read(reader, id, record, &p), 1);
}

static struct release_key key_of(uint32_t kb)
{
	struct release_key key = { .product = "w24", .kb = kb };

	for (size_t i = 0; i < COUNT_OF(releases); i++) {
		if (releases[i].kb == kb)
			key.build = releases[i].build;
	}
	return key;
}

const struct rollout *crew_rollout(uint32_t kb, const char *ring)
{
	static struct rollout copy;
	static char canary[LIMIT_DEVICE_ID + 1];
	struct release_key key = key_of(kb);
	struct view *view = site_view(lab.site);
	const struct catalog *catalog = view->snapshot->catalog;
	int64_t title = catalog_title(catalog, &catalog->products[0], key.kb, key.build);

	copy = *rollouts_find(view->snapshot->rollouts, (uint32_t)title,
			      plan_ring_named(view->snapshot->plan, ring));
	if (copy.canary != NULL)
		copy.canary = strcpy(canary, copy.canary);
	view_give(view);
	return &copy;
}

bool crew_stored(uint32_t kb, const char *ring, struct rollout_record *record)
{
	struct problem p;
	struct release_key key = key_of(kb);

	return lab.backend->ops->rollout_read(reader, &key, ring, record, &p) == 1;
}

void crew_recount(void)
{
	struct problem p = { 0 };
	int64_t astray = -1;

	assert_int_equal(store_recount(reader, &astray, &p), 0);
	assert_int_equal(astray, 0);
}
