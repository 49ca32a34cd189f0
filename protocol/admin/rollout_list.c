/* GET /rollouts: each release in each ring, where it stands, how it went, and why it is
 * not further. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/gate.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/snapshot.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/job.h"
#include "protocol/admin/rollout_target.h"
#include "protocol/admin/routes.h"
#include "protocol/server/ring_gate.h"

/* One that nobody has to do with any more is shown so long after its publication. */
enum { SHOWN_S = 45 * DAY_S };

struct list_job {
	struct job job;
	struct rollout_target target;
	bool all;
	struct count {
		int64_t running, waiting;
	} * counts; /* titles x rings: devices */
};

static struct count *count_at(const struct list_job *it, uint32_t title, int ring)
{
	size_t rings = it->job.view->snapshot->plan->ring_count;
	return &it->counts[title * rings + (size_t)ring];
}

static int each_device(void *owner, const struct device_seen *seen)
{
	struct list_job *it = owner;
	const struct snapshot *snapshot = it->job.view->snapshot;
	const struct flow *flow = &seen->record->history.flow;
	const struct decision *d = seen->decision;

	if (flow->state != FLOW_NONE && !flow_state_is_final(flow->state) &&
	    flow->kind == FLOW_INSTALL) {
		int64_t title = title_of_key(snapshot->catalog, &flow->key);
		int ring = plan_ring_named(snapshot->plan, flow->ring);
		if (title >= 0 && ring >= 0)
			count_at(it, (uint32_t)title, ring)->running++;
	} else if (d->line != NULL && d->release >= 0 && d->ring >= 0) {
		count_at(it, d->line->releases[d->release].title, d->ring)->waiting++;
	}
	return 0;
}

/* --- one row ------------------------------------------------------------------------ */

/* A rollout, put together. */
struct looking {
	struct list_job *it;
	struct gate_look look;
	uint32_t title;
	int ring;
	struct release_key key;
	struct ring_gate gate;
	struct rollout_record record; /* the one that made it what it is; or empty */
	const char *state;
};

static const char *state_of(const struct looking *l)
{
	const struct rollout *rollout = l->gate.rollout;

	if (rollout->withdrawn)
		return "withdrawn";
	if (rollout->halted)
		return "halted";
	if (rollout->paused_until_s > l->look.now_s && !rollout->expedited)
		return "paused";
	if (rollout->passed_s != 0 && rollout->passed_s <= l->look.now_s)
		return "passed";
	return l->gate.is_open ? "open" : "waiting";
}

static bool made_it_so(const struct looking *l, const struct rollout_record *record)
{
	const struct rollout *rollout = l->gate.rollout;

	if (rollout->withdrawn)
		return record->withdrawn;
	if (rollout->halted)
		return record->halted;
	if (rollout->paused_until_s > l->look.now_s)
		return record->paused_until_s == rollout->paused_until_s;
	return true;
}

/* Of this release in this ring, in every ring, or of the whole ring. */
static int find_record(struct looking *l, struct problem *p)
{
	const char *ring = l->look.snapshot->plan->rings[l->ring].name;
	const struct release_key any = { .kb = 0 };
	const struct {
		const struct release_key *key;
		const char *ring;
	} places[] = { { &l->key, ring }, { &l->key, "" }, { &any, ring } };

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		int rc = l->look.ops->rollout_read(l->look.session, places[i].key,
						   places[i].ring, &l->record, p);
		if (rc < 0)
			return -1;
		if (rc == 1 && made_it_so(l, &l->record))
			return 0;
	}
	memset(&l->record, 0, sizeof l->record);
	return 0;
}

static void set_counts(json_t *row, const struct looking *l)
{
	const struct gate_counts *alone = &l->gate.question.alone;
	const struct count *count = count_at(l->it, l->title, l->ring);
	const struct {
		const char *name;
		int64_t devices;
	} counts[] = {
		{ "verified", alone->verified },
		{ "failed", alone->failed },
		{ "unverified", alone->unverified },
		{ "silent", alone->silent },
		{ "declined", alone->declined },
		{ "not_applicable", alone->not_applicable },
		{ "running", count->running },
		{ "waiting", count->waiting },
	};

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		member_set(row, counts[i].name, json_integer(counts[i].devices));
}

/* What it waits for, in a clause. */
static void set_why(json_t *row, const struct looking *l)
{
	const struct plan *plan = l->look.snapshot->plan;
	const struct gate_question *question = &l->gate.question;
	struct gate_verdict verdict = gate_judge(question);
	char text[GATE_TEXT] = "", at[INSTANT_TEXT];
	int after = plan->rings[l->ring].after;

	if (strcmp(l->state, "open") == 0 && ring_is_gated(plan, l->ring))
		gate_text(question, &verdict, text);
	else if (strcmp(l->state, "waiting") != 0)
		snprintf(text, sizeof text, "%.199s", l->record.reason);
	else if (!title_is_offered(&l->look, l->title, l->ring))
		snprintf(text, sizeof text,
			 "not approved here, or its payload is missing");
	else if (question->opened_s == INSTANT_NONE && after >= 0)
		snprintf(text, sizeof text, "ring %s has not passed",
			 plan->rings[after].name);
	else if (question->opened_s != INSTANT_NONE)
		snprintf(text, sizeof text, "opens %s",
			 instant_format(question->opened_s, at));
	if (text[0] != '\0')
		member_set(row, "why", text_json(text));
}

static void set_day(json_t *row, const struct looking *l)
{
	static const char *const approvals[] = { "", "given", "refused" };
	const struct rollout *rollout = l->gate.rollout;
	const struct gate *gate = l->gate.question.gate;
	uint32_t limit = rollout->max_failed_permille > gate->max_failed_permille
				 ? rollout->max_failed_permille
				 : gate->max_failed_permille;

	member_set(row, "opens", instant_json(l->gate.question.opened_s));
	member_set(row, "passed", instant_json(rollout->passed_s));
	if (rollout->paused_until_s > l->look.now_s)
		member_set(row, "paused_until", instant_json(rollout->paused_until_s));
	if (rollout->approval != APPROVAL_UNSET)
		member_set(row, "approval", json_string(approvals[rollout->approval]));
	if (rollout->expedited)
		member_set(row, "expedited", json_true());
	if (gate->set)
		member_set(row, "limit", json_real(limit / 10.0));
	if (gate->set)
		member_set(row, "min_samples", json_integer(gate->min_samples));
	if (rollout->waived)
		member_set(row, "waived", json_true());
	if (rollout->canary != NULL) {
		member_set(row, "canary", text_json(rollout->canary));
		member_set(row, "canary_verified",
			   json_boolean(rollout->canary_verified));
	}
	if (l->record.changed_s != 0) {
		member_set(row, "by", text_json(l->record.by));
		member_set(row, "reason", text_json(l->record.reason));
		member_set(row, "changed", instant_json(l->record.changed_s));
	}
}

static json_t *row_json(const struct looking *l)
{
	const struct title *title = &l->look.snapshot->catalog->titles[l->title];
	char kb[KB_TEXT], build[BUILD_TEXT];
	json_t *row = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s}", "product", l->key.product, "kb",
		kb_format(title->kb, kb), "build", build_format(title->build, build),
		"kind", release_kind_names[title->kind], "ring",
		l->look.snapshot->plan->rings[l->ring].name, "state", l->state);

	if (row == NULL)
		return NULL;
	member_set(row, "published", instant_json(title->published_s));
	set_counts(row, l);
	set_why(row, l);
	set_day(row, l);
	return row;
}

/* Somebody has to do with it, or a person should know. */
static bool is_in_play(const struct looking *l)
{
	const struct count *count = count_at(l->it, l->title, l->ring);
	const struct rollout *rollout = l->gate.rollout;
	const struct gate_counts *alone = &l->gate.question.alone;
	int64_t published_s = l->look.snapshot->catalog->titles[l->title].published_s;

	if (l->it->all || l->it->target.count > 0 ||
	    count->running + count->waiting > 0 || rollout->halted)
		return true;
	bool touched = alone->verified + alone->failed > 0 || rollout->withdrawn ||
		       rollout->expedited || rollout->paused_until_s > l->look.now_s;
	return touched && published_s + SHOWN_S > l->look.now_s;
}

static int add_row(struct looking *l, json_t *rows, struct problem *p)
{
	if (ring_gate_read(&l->look, l->title, l->ring, &l->gate, p) < 0)
		return -1;
	assert(l->gate.rollout != NULL);
	if (!is_in_play(l))
		return 0;
	title_key(l->look.snapshot->catalog, l->title, &l->key);
	l->state = state_of(l);
	if (find_record(l, p) < 0)
		return -1;
	json_array_append_new(rows, row_json(l));
	return 0;
}

/* --- the list ----------------------------------------------------------------------- */

static int newest_first(const void *left, const void *right, void *titles)
{
	const struct title *a = (const struct title *)titles + *(const uint32_t *)left;
	const struct title *b = (const struct title *)titles + *(const uint32_t *)right;

	if (a->published_s != b->published_s)
		return a->published_s > b->published_s ? -1 : 1;
	return a->product != b->product ? (int)a->product - b->product
					: (a->kb > b->kb) - (a->kb < b->kb);
}

static int add_rows(struct list_job *it, const uint32_t *titles, json_t *rows,
		    struct problem *p)
{
	const struct snapshot *snapshot = it->job.view->snapshot;
	struct looking l = { .it = it,
			     .look = { .ops = site_backend(it->job.site)->ops,
				       .session = it->job.session,
				       .snapshot = snapshot,
				       .now_s = it->job.now_s } };

	for (size_t i = 0; i < snapshot->catalog->title_count; i++) {
		const struct title *title = &snapshot->catalog->titles[titles[i]];
		if (title->published_s > it->job.now_s || title->kind == RELEASE_RTM)
			continue;
		for (int ring = 0; ring < (int)snapshot->plan->ring_count; ring++) {
			l.title = titles[i];
			l.ring = ring;
			if (rollout_target_has(&it->target, titles[i], ring) &&
			    add_row(&l, rows, p) < 0)
				return -1;
		}
	}
	return 0;
}

static int list_rollouts(struct job *job, struct problem *p)
{
	struct list_job *it = (struct list_job *)job;
	const struct catalog *catalog = job->view->snapshot->catalog;
	size_t count = catalog->title_count,
	       rings = job->view->snapshot->plan->ring_count;
	uint32_t *titles = calloc(count + 1, sizeof *titles);
	json_t *rows = json_array();
	int rc = -1;

	job->body = json_pack("{s:o, s:o}", "as_of", instant_json(job->now_s), "rollouts",
			      rows);
	it->counts = calloc(count * rings + 1, sizeof it->counts[0]);
	if (titles == NULL || it->counts == NULL || job->body == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "listing rollouts: out of memory");
		goto done;
	}
	for (uint32_t i = 0; i < count; i++)
		titles[i] = i;
	qsort_r(titles, count, sizeof titles[0], newest_first, (void *)catalog->titles);
	if (rollout_target_find(&it->target, job->view->snapshot, p) < 0 ||
	    job_walk_devices(job, "", each_device, it, p) < 0)
		goto done;
	rc = add_rows(it, titles, rows, p);
done:
	free(titles);
	free(it->counts);
	return rc;
}

/* The parameters that name a target, as a body would. */
static json_t *read_names(struct call *call)
{
	static const char *const names[] = { "product", "kb", "build", "ring" };
	json_t *object = json_object();
	char text[LIMIT_NAME + 2];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		int rc = call_query(call, names[i], text, sizeof text);
		if (rc < 0) {
			json_decref(object);
			return NULL;
		}
		if (rc == 1)
			member_set(object, names[i], text_json(text));
	}
	return object;
}

void api_rollouts(struct call *call)
{
	struct list_job *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;

	if (it == NULL) {
		problem_set(&p, PROBLEM_NO_MEMORY, "listing rollouts: out of memory");
		call_problem(call, &p);
		return;
	}
	if (call_query_flag(call, "all", &it->all) < 0)
		return;
	json_t *names = read_names(call);
	if (names == NULL)
		return;
	int rc = rollout_target_read(&it->target, names, &p);
	json_decref(names);
	if (rc < 0) {
		call_problem(call, &p);
		return;
	}
	it->job.call = call;
	it->job.work = list_rollouts;
	it->job.reply = job_reply_body;
	job_start(&it->job);
}
