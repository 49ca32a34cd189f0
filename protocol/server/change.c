/* Changes to one device: from the loop to the writer thread and back. */

#include <assert.h>

#include "engine/passage.h"
#include "protocol/server/keeper.h"
#include "protocol/server/site_private.h"
#include "protocol/server/view.h"

/* A flow may expire, and what was decided then be offered: each step decides anew. */
enum { SETTLE_STEPS_MAX = 4 };

static bool is_to_write(const struct device_record *record, const struct outcome *outcome)
{
	return outcome->count > 0 || outcome->facts_changed || outcome->history_changed ||
	       outcome->identity_changed || (record->key == 0 && record->has_token);
}

/* What the device's outcome means for rollouts. */
static int follow(struct change *change, struct problem *p)
{
	struct keeping keeping = { .site = change->site,
				   .session = change->session,
				   .view = change->view,
				   .now_s = change->now_s };

	if (keeper_follow(&keeping, change->record, change->outcome, p) < 0)
		return -1;
	return keeping.changed ? site_view_renew(change->site, change->session,
						 change->view, &change->fresh, p)
			       : 0;
}

int change_run(struct change *change, struct session *session, struct problem *p)
{
	struct site *site = change->site;
	const struct backend_ops *ops = site->backend->ops;

	change->session = session;
	change->now_s = site_now(site);
	change->record = &site->record;
	change->decision = &site->decision;
	change->outcome = &site->outcome;
	int rc = ops->device_read(session, change->device, change->record, p);
	if (rc < 0)
		return -1;
	if (rc == 0)
		device_record_init(change->record, change->device, change->now_s);
	outcome_init(change->outcome);
	change->view = site_view_newest(site);
	change_decide(change);
	rc = change->apply(change, p);
	if (rc == 0 && is_to_write(change->record, change->outcome)) {
		rc = ops->device_write(session, change->record, change->outcome, p);
		if (rc == 0)
			rc = follow(change, p);
	}
	view_give(change->view);
	change->view = NULL;
	return rc;
}

static int run(struct work *work, struct session *session, struct problem *p)
{
	return change_run((struct change *)work, session, p);
}

static void answer(struct loop_task *task)
{
	struct change *change =
		(struct change *)((char *)task - offsetof(struct change, task));
	change->answer(change, change->failed ? &change->problem : NULL);
}

static void done(struct work *work, const struct problem *problem)
{
	struct change *change = (struct change *)work;

	change->session = NULL;
	change->record = NULL;
	change->decision = NULL;
	change->outcome = NULL;
	if (change->fresh != NULL)
		site_view_settle(change->site, change->fresh, problem == NULL);
	change->fresh = NULL;
	change->failed = problem != NULL;
	if (problem != NULL)
		change->problem = *problem;
	change->task.run = answer;
	loop_post(change->loop, &change->task);
}

void site_change(struct change *change)
{
	assert(change->site != NULL && change->loop != NULL);
	assert(change->apply != NULL && change->answer != NULL);

	change->fresh = NULL;
	change->work.run = run;
	change->work.done = done;
	change->site->backend->ops->submit(change->site->backend, &change->work);
}

void change_decide(struct change *change)
{
	site_decide(change->site, change->view, change->record, change->now_s,
		    change->decision);
}

/* An id is drawn only where a flow can begin in this step: one that waits for the device
 * to stop keeps the place. */
static bool can_begin(const struct change *change)
{
	const struct flow *flow = &change->record->history.flow;

	if (!passage_wants_flow(change->record, change->decision))
		return false;
	return flow->state == FLOW_NONE || flow_state_is_final(flow->state) ||
	       flow->retrieved_s == 0;
}

int change_settle(struct change *change, struct problem *p)
{
	const struct backend_ops *ops = change->site->backend->ops;
	const struct plan *plan = change->view->snapshot->plan;

	change_decide(change);
	for (int step = 0; step < SETTLE_STEPS_MAX; step++) {
		const struct decision *decision = change->decision;
		int64_t flow_id = 0;
		if (passage_is_settled(change->record, decision, change->now_s))
			break;
		if (can_begin(change) &&
		    ops->flow_id_new(change->session, &flow_id, p) < 0)
			return -1;
		passage_poll(change->record, decision,
			     decision->ring < 0 ? "" : plan->rings[decision->ring].name,
			     flow_id, change->now_s, change->outcome);
		change_decide(change);
	}
	return 0;
}
