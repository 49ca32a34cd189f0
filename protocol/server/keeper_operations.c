/* Operations over many devices: as many at a time as was asked for, the next one when one
 * is done. */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/passage.h"
#include "engine/problem.h"
#include "protocol/server/keeper_private.h"
#include "protocol/server/log.h"
#include "protocol/server/site_private.h"

/* Devices begun in one unit, and operations that are open at a time. */
enum { BEGUN_MOST = 100, OPEN_MOST = 64 };

struct carrying {
	struct site *site;
	struct session *session;
	struct view **fresh; /* the unit's */
	int64_t now_s;
	int begun;
};

static const struct backend_ops *ops_of(const struct carrying *c)
{
	return c->site->backend->ops;
}

static int put_step(const struct carrying *c, int64_t id, struct operation_device *device,
		    enum operation_step step, struct problem *p)
{
	device->step = step;
	device->changed_s = c->now_s;
	return ops_of(c)->operation_device_put(c->session, id, device, p);
}

/* --- beginning ---------------------------------------------------------------------- */

struct beginning {
	struct change change; /* first: cast back */
	const struct operation *operation;
	struct problem refusal;
	bool refused;
};

static int begin(struct change *change, struct problem *p)
{
	struct beginning *it = (struct beginning *)change;

	if (change->record->key == 0) {
		problem_set(&it->refusal, PROBLEM_NOT_FOUND, "it is not known any more");
		it->refused = true;
		return 0;
	}
	if (operation_begin(it->operation, change->record, change->decision,
			    change->now_s, change->outcome, &it->refusal) < 0) {
		outcome_init(change->outcome); /* nothing of it is written */
		it->refused = true;
		return 0;
	}
	return change_settle(change, p);
}

static int begin_device(struct carrying *c, const struct operation_record *record,
			struct operation_device *device, struct problem *p)
{
	struct beginning it = { .change = { .site = c->site, .apply = begin },
				.operation = &record->operation };
	enum operation_step step = operation_is_instant(record->operation.kind)
					   ? OPERATION_DONE
					   : OPERATION_RUNNING;

	memcpy(it.change.device, device->device, sizeof it.change.device);
	/* What the unit made so far goes along, and is replaced if there is more. */
	it.change.fresh = *c->fresh;
	int rc = change_run(&it.change, c->session, p);
	*c->fresh = it.change.fresh;
	if (rc < 0)
		return -1;
	c->begun++;
	device->note[0] = '\0';
	if (it.refused) {
		step = OPERATION_FAILED;
		snprintf(device->note, sizeof device->note, "%.127s", it.refusal.text);
	}
	return put_step(c, record->id, device, step, p);
}

/* --- following ---------------------------------------------------------------------- */

/* It was asked, or is asked again after a failure, and has not so much as fetched its
 * offer for a day: it is switched off, and others need not wait for it. */
static bool is_idle(const struct carrying *c, const struct device_record *record,
		    const struct operation_device *device)
{
	const struct flow *flow = &record->history.flow;
	int64_t asked_s =
		flow->changed_s > device->changed_s ? flow->changed_s : device->changed_s;

	return record->history.request.state == RECOVERY_REQUESTED &&
	       (flow->state == FLOW_NONE || flow_state_is_final(flow->state) ||
		flow->retrieved_s == 0) &&
	       c->now_s - asked_s > DAY_S;
}

/* Those under way: who is done is noted; *busy counts the others. */
static int follow_running(struct carrying *c, const struct operation_record *record,
			  int64_t *running, int64_t *busy, struct problem *p)
{
	struct operation_device device = { .device = "" };
	struct device_record *room = &c->site->record;
	int rc;

	*running = *busy = 0;
	while ((rc = ops_of(c)->operation_next(c->session, record->id, OPERATION_RUNNING,
					       &device, p)) == 1) {
		enum operation_step step = OPERATION_FAILED;
		rc = ops_of(c)->device_read(c->session, device.device, room, p);
		if (rc < 0)
			return -1;
		if (rc == 0)
			snprintf(device.note, sizeof device.note,
				 "it is not known any more");
		else
			step = operation_progress(&record->operation, room,
						  device.changed_s, device.note);
		if (step == OPERATION_RUNNING) {
			++*running;
			*busy += !is_idle(c, room, &device);
		} else if (put_step(c, record->id, &device, step, p) < 0) {
			return -1;
		}
	}
	return rc;
}

/* As many as there is room for.  *waiting: there are more. */
static int begin_waiting(struct carrying *c, const struct operation_record *record,
			 int64_t *busy, int64_t *running, bool *waiting,
			 struct problem *p)
{
	for (;;) {
		struct operation_device device = { .device = "" };
		int rc = ops_of(c)->operation_next(c->session, record->id,
						   OPERATION_WAITING, &device, p);
		*waiting = rc == 1;
		if (rc <= 0)
			return rc;
		if ((record->at_most != 0 && *busy >= record->at_most) ||
		    c->begun >= BEGUN_MOST)
			return 0;
		if (begin_device(c, record, &device, p) < 0)
			return -1;
		*busy += device.step == OPERATION_RUNNING;
		*running += device.step == OPERATION_RUNNING;
	}
}

static int go_on(struct carrying *c, const struct operation_record *record,
		 struct problem *p)
{
	int64_t running, busy;
	bool waiting;

	if (follow_running(c, record, &running, &busy, p) < 0 ||
	    begin_waiting(c, record, &busy, &running, &waiting, p) < 0)
		return problem_while(p, "operation %lld", (long long)record->id);
	if (waiting || running > 0)
		return 0;
	struct log_line line;
	log_begin(&line, LOG_LEVEL_INFO, "operation.end");
	log_number(&line, "operation", record->id);
	log_text(&line, "kind", operation_kind_names[record->operation.kind]);
	log_end(&line);
	return ops_of(c)->operation_end(c->session, record->id, c->now_s, p);
}

/* The oldest of those that are open: who came first is served first. */
struct open_list {
	size_t count;
	struct operation_record list[OPEN_MOST];
};

static int each_open(void *owner, const struct operation_record *record)
{
	struct open_list *open = owner;

	/* They come newest first. */
	if (open->count == OPEN_MOST)
		memmove(&open->list[0], &open->list[1],
			(OPEN_MOST - 1) * sizeof open->list[0]);
	else
		open->count++;
	open->list[open->count - 1] = *record;
	return 0;
}

int keeper_operations(struct site *site, struct session *session, struct view **fresh,
		      bool *more, struct problem *p)
{
	struct carrying c = {
		.site = site, .session = session, .fresh = fresh, .now_s = site_now(site)
	};
	struct open_list open = { .count = 0 };

	if (ops_of(&c)->operations(session, true, each_open, &open, p) < 0)
		return -1;
	for (size_t i = open.count; i-- > 0;) {
		if (go_on(&c, &open.list[i], p) < 0)
			return -1;
	}
	*more = c.begun >= BEGUN_MOST;
	return 0;
}
