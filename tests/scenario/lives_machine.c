/* The device: it does what it is offered, in one of several ways, and tells of it. */

#include <assert.h>
#include <string.h>

#include "engine/problem.h"
#include "lives_inner.h"

static void send_facts(struct living *l)
{
	const struct machine *m = &l->machine;
	struct message *message = life_send(l);

	message->kind = SENDS_FACTS;
	message->kb = m->kb;
	message->base_kb = m->base_kb;
	message->revision = m->kb != 0 ? m->revision : m->base_revision;
	message->boots = m->boots;
	message->pending = m->pending;
	message->must_arrive = true;
}

static struct message *send_report(struct living *l, enum flow_state state, uint32_t code)
{
	struct message *message = life_send(l);

	message->kind = SENDS_REPORT;
	message->flow = l->machine.flow;
	message->report.state = state;
	message->report.sequence = ++l->machine.sequence;
	message->report.code = code;
	l->machine.reached = state;
	return message;
}

void machine_report_in(struct living *l)
{
	send_facts(l);
	life_deliver(l);
}

static void reboot(struct machine *m)
{
	m->boots++;
	if (m->pending && m->next_kb != 0) {
		if (m->next_kb != m->base_kb) {
			m->below_kb = m->base_kb;
			m->below_revision = m->base_revision;
		}
		m->base_kb = m->next_kb;
		m->base_revision = m->next_revision;
		m->kb = m->revision = 0;
	} else if (m->pending && m->kb != 0) {
		m->kb = m->revision = 0; /* the hotpatch goes */
	} else if (m->pending && m->below_kb != 0) {
		m->base_kb = m->below_kb;
		m->base_revision = m->below_revision;
		m->below_kb = 0;
	}
	m->pending = false;
	m->next_kb = 0;
}

enum ending { ENDS_WELL, FAILS, PRETENDS, REFUSES, DECLINES, HANGS, ENDINGS };

static enum ending draw_ending(struct dice *dice)
{
	static const enum ending often[] = { ENDS_WELL, ENDS_WELL, ENDS_WELL, ENDS_WELL,
					     FAILS,     FAILS,     PRETENDS,  PRETENDS,
					     REFUSES,   DECLINES,  HANGS };
	return often[roll(dice, sizeof often / sizeof often[0])];
}

/* Some of the progress that a client may leave out. */
static void send_progress(struct living *l, enum flow_state until)
{
	static const enum flow_state steps[] = { FLOW_ACCEPTED, FLOW_DOWNLOADING,
						 FLOW_DOWNLOADED, FLOW_INSTALLING };

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		bool says = chance(&l->fate, 75);
		if (steps[i] > l->machine.reached && steps[i] <= until && says)
			send_report(l, steps[i], 0);
	}
	l->machine.reached = until;
}

static void send_end(struct living *l, enum flow_state state, uint32_t code, bool shown)
{
	bool lost = chance(&l->fate, 30);
	send_report(l, state, code)->must_arrive = !(shown && lost);
}

/* A hotpatch is in, or said to be. */
static void end_hotpatch(struct living *l, enum ending ending)
{
	const struct flow *flow = &l->record.history.flow;

	if (ending == ENDS_WELL) {
		l->machine.kb = flow->key.kb;
		l->machine.revision = flow->key.build.revision;
	}
	bool says_so_twice = chance(&l->fate, 30);
	if (says_so_twice)
		send_report(l, FLOW_INSTALLED, 0);
	send_end(l, FLOW_VERIFIED, 0, ending == ENDS_WELL);
	send_facts(l);
}

/* What shows after a restart: a cumulative update, or what lay beneath.  Whether the
 * device tells that the restart is pending is a matter of when it next reports. */
static void end_by_restart(struct living *l, enum ending ending)
{
	const struct flow *flow = &l->record.history.flow;
	struct machine *m = &l->machine;

	m->pending = true;
	if (flow->kind == FLOW_INSTALL) {
		m->next_kb = flow->key.kb;
		m->next_revision = flow->key.build.revision;
	}
	send_report(l, FLOW_RESTART_PENDING, 0);
	if (chance(&l->fate, 80))
		send_facts(l);
	struct machine before = *m;
	reboot(m);
	if (ending == PRETENDS) {
		before.boots = m->boots;
		before.pending = false;
		before.next_kb = 0;
		*m = before;
	}
	send_facts(l);
	send_end(l, flow->kind == FLOW_INSTALL ? FLOW_VERIFIED : FLOW_REMOVED, 0,
		 ending == ENDS_WELL);
}

static void work_to_end(struct living *l, enum ending ending)
{
	const struct flow *flow = &l->record.history.flow;

	switch (ending) {
	case FAILS:
		send_end(l, FLOW_FAILED, 0x800F0922, false);
		break;
	case REFUSES:
		send_end(l, FLOW_NOT_APPLICABLE, 0x80240017, false);
		break;
	case DECLINES:
		send_end(l, FLOW_REJECTED, 0, false);
		break;
	case HANGS: /* what it said last, it says until it is heard */
		if (l->batch_count > 0)
			l->batch[l->batch_count - 1].must_arrive = true;
		break;
	default:
		if (flow->kind == FLOW_INSTALL && flow->release_kind == RELEASE_HOTPATCH)
			end_hotpatch(l, ending);
		else
			end_by_restart(l, ending);
		break;
	}
}

/* Told to stop, it does if it has not begun. */
static bool answer_stop(struct living *l)
{
	bool begun = flow_state_is_committed(l->machine.reached);

	if (!l->record.history.flow.withdrawing)
		return false;
	struct message *message = life_send(l);
	message->kind = SENDS_STOP;
	message->flow = l->record.history.flow.id;
	message->did_stop = !begun;
	message->must_arrive = true;
	return !begun;
}

static void withdraw(struct living *l)
{
	struct rollout_record *record = &l->records[l->record_count++];

	memset(record, 0, sizeof *record);
	record->key = l->record.history.flow.key;
	record->withdrawn = true;
	rollouts_give(l->rollouts);
	l->rollouts = rollouts_build(l->world->catalog, l->world->plan, l->records,
				     l->record_count);
	assert(l->rollouts != NULL);
}

void machine_work(struct living *l)
{
	const struct flow *flow = &l->record.history.flow;
	enum ending ending = draw_ending(&l->fate);
	bool called_back = chance(&l->fate, 15);
	enum flow_state half = (enum flow_state)(FLOW_OFFERED + roll(&l->fate, 5));
	struct outcome outcome;

	if (flow->state == FLOW_NONE || flow_state_is_final(flow->state))
		return;
	l->machine.flow = flow->id;
	l->machine.sequence = 0;
	l->machine.reached = FLOW_OFFERED;
	outcome_init(&outcome);
	passage_retrieved(&l->record, flow->id, l->now_s, &outcome);
	if (answer_stop(l)) {
		life_deliver(l);
		return;
	}
	if (flow->kind == FLOW_UNINSTALL) {
		if (ending != DECLINES && ending != REFUSES)
			send_report(l, FLOW_REMOVING, 0);
		work_to_end(l, ending);
		return;
	}
	if (called_back && l->record_count < LIFE_CHAPTERS) {
		send_progress(l, half);
		life_deliver(l);
		withdraw(l);
		machine_report_in(l);
		if (answer_stop(l)) {
			life_deliver(l);
			return;
		}
	}
	if ((ending == DECLINES || ending == REFUSES) &&
	    l->machine.reached >= FLOW_INSTALLING)
		ending = FAILS;
	send_progress(l, ending == DECLINES || ending == REFUSES ? FLOW_DOWNLOADED
								 : FLOW_INSTALLING);
	work_to_end(l, ending);
}
