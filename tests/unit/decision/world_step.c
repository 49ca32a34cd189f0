/* What happens in a generated world, one event at a time. */

#include <stdio.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/problem.h"
#include "tests/lib/case.h"
#include "world.h"

static struct outcome outcome; /* of the event that is happening */

static const struct written *find_written(const struct world *w, uint32_t kb,
					  uint32_t revision)
{
	for (size_t i = 0; i < w->release_count; i++) {
		if (w->releases[i].kb == kb && w->releases[i].revision == revision)
			return &w->releases[i];
	}
	return NULL;
}

static const struct decision *decide_for(struct world *w, int device)
{
	struct situation situation = world_situation(w, device);

	decide(&situation, &w->decision);
	return &w->decision;
}

static struct counter_cell *cell_of(struct world *w, const struct event *event)
{
	for (size_t i = 0; i < w->cell_count; i++) {
		struct counter_cell *cell = &w->cells[i];
		if (cell->kb == event->key.kb && cell->kind == event->flow_kind &&
		    cell->revision == event->key.build.revision &&
		    strcmp(cell->ring, event->ring) == 0)
			return cell;
	}
	assert_true(w->cell_count < COUNT_OF(w->cells));
	struct counter_cell *cell = &w->cells[w->cell_count++];
	memset(cell, 0, sizeof *cell);
	cell->kb = event->key.kb;
	cell->revision = event->key.build.revision;
	cell->kind = event->flow_kind;
	memcpy(cell->ring, event->ring, sizeof cell->ring);
	return cell;
}

/* As a store does it: counters by the events, flows by what stands in the record. */
static void keep(struct world *w, int device)
{
	const struct flow *flow = &w->devices[device].history.flow;

	if (w->told != NULL)
		w->told(w, device, &outcome);
	for (int i = 0; i < outcome.count; i++) {
		const struct event *event = &outcome.events[i];
		if (event->kind != EVENT_FLOW)
			continue;
		struct counter_cell *cell = cell_of(w, event);
		if (event->from != FLOW_NONE)
			cell->in_state[event->from]--;
		cell->in_state[event->to]++;
		/* One that ended when its successor began is no longer in the record. */
		if (event->flow < WORLD_FLOWS && event->flow != flow->id)
			w->flows[event->flow].state = event->to;
	}
	if (flow->id > 0 && flow->id < WORLD_FLOWS) {
		w->flows[flow->id] = *flow;
		if ((size_t)flow->id >= w->flow_count)
			w->flow_count = (size_t)flow->id + 1;
	}
}

static const char *settle(struct world *w, int device)
{
	struct device_record *record = &w->devices[device];

	outcome_init(&outcome);
	for (int step = 0; step < 8; step++) {
		const struct decision *d = decide_for(w, device);
		if (passage_is_settled(record, d, w->now_s)) {
			keep(w, device);
			return NULL;
		}
		int64_t before = record->history.flow.id;
		int64_t id = 0;
		if (passage_wants_flow(record, d) && w->next_flow_id < WORLD_FLOWS)
			id = w->next_flow_id++;
		else if (passage_wants_flow(record, d))
			break; /* the world is full */
		char ring[16];
		snprintf(ring, sizeof ring, "r%d", d->ring);
		passage_poll(record, d, ring, id, w->now_s, &outcome);
		if (record->history.flow.id == before)
			continue;
		const char *wrong = world_check_begun(w, device);
		if (wrong != NULL)
			return wrong;
		w->truths[device].last_sequence = 0;
	}
	keep(w, device);
	return w->next_flow_id < WORLD_FLOWS ? "a poll comes to rest" : NULL;
}

static void set_fact(struct world *w, int device, const char *name, const char *value)
{
	struct problem p = { 0 };
	bool changed = false;

	if (facts_set(&w->devices[device].facts, name, value, w->now_s, FACT_REPORTED,
		      &changed, &p) < 0)
		fail_msg("%s", p.text);
	outcome.facts_changed |= changed;
}

/* The device tells all it knows; sometimes not its KBs. */
static void report_facts(struct world *w, int device, struct dice *dice)
{
	struct device_record *record = &w->devices[device];
	const struct truth *truth = &w->truths[device];
	const struct written *level = find_written(w, truth->kb, truth->revision);
	char text[64], before[32] = "";
	const char *boot = facts_known(&record->facts, FACT_OS_BOOT);

	if (boot != NULL)
		snprintf(before, sizeof before, "%s", boot);
	outcome_init(&outcome);
	snprintf(text, sizeof text, "26100.%u", truth->revision);
	set_fact(w, device, "os.build", text);
	snprintf(text, sizeof text, "KB%u KB%u%s", truth->kb,
		 level->baseline != 0 ? level->baseline : 1,
		 truth->shows_enablement ? " KB9000" : "");
	if (chance(dice, 5))
		snprintf(text, sizeof text, "KB2");
	set_fact(w, device, "os.kbs", text);
	snprintf(text, sizeof text, "2025-01-01T00:%02u:%02uZ", truth->boots / 60 % 60,
		 truth->boots % 60);
	set_fact(w, device, "os.boot", text);
	set_fact(w, device, "restart.pending", truth->pending ? "yes" : "no");
	passage_facts(record, decide_for(w, device), boot == NULL ? NULL : before,
		      w->now_s, &outcome);
	keep(w, device);
}

static void say(struct world *w, int device, enum flow_state state, uint32_t sequence)
{
	struct device_record *record = &w->devices[device];
	struct report report = { .state = state, .sequence = sequence };

	outcome_init(&outcome);
	passage_report(record, record->history.flow.id, &report, decide_for(w, device),
		       w->now_s, &outcome);
	keep(w, device);
}

/* The device does what it was told, to some point, and says so. */
static void work(struct world *w, int device, struct dice *dice)
{
	struct device_record *record = &w->devices[device];
	struct truth *truth = &w->truths[device];
	const struct flow *flow = &record->history.flow;

	if (flow->state == FLOW_NONE || flow_state_is_final(flow->state))
		return;
	outcome_init(&outcome);
	passage_retrieved(record, flow->id, w->now_s, &outcome);
	keep(w, device);
	if (flow->withdrawing) {
		outcome_init(&outcome);
		passage_stopped(record, flow->id, chance(dice, 80), w->now_s, &outcome);
		keep(w, device);
		return;
	}
	static const enum flow_state steps[] = { FLOW_ACCEPTED, FLOW_DOWNLOADING,
						 FLOW_DOWNLOADED, FLOW_INSTALLING };
	uint64_t end = roll(dice, 8);
	for (uint64_t i = 0; i < end && i < COUNT_OF(steps); i++) {
		if (flow->kind == FLOW_INSTALL && chance(dice, 70))
			say(w, device, steps[i], ++truth->last_sequence);
	}
	if (end < COUNT_OF(steps) || decide_for(w, device)->download_only)
		return;
	if (chance(dice, 15)) {
		static const enum flow_state bad[] = { FLOW_FAILED, FLOW_NOT_APPLICABLE,
						       FLOW_REJECTED };
		say(w, device, bad[roll(dice, COUNT_OF(bad))], ++truth->last_sequence);
		return;
	}
	if (truth->pending)
		return; /* a restart comes first */
	const struct written *to =
		find_written(w, flow->key.kb, flow->key.build.revision);
	bool lies = chance(dice, 10);
	if (flow->kind == FLOW_UNINSTALL) {
		const struct written *base =
			find_written(w, to->baseline, to->baseline == 0 ? 1 : 0);
		for (size_t i = 0; base == NULL && i < w->release_count; i++) {
			if (w->releases[i].kb == to->baseline)
				base = &w->releases[i];
		}
		if (base == NULL)
			base = &w->releases[0];
		say(w, device, FLOW_REMOVING, ++truth->last_sequence);
		truth->pending = true;
		truth->pending_kb = base->kb;
		truth->pending_revision = base->revision;
		say(w, device, FLOW_RESTART_PENDING, ++truth->last_sequence);
	} else if (to->kind == RELEASE_HOTPATCH) {
		if (!lies) {
			truth->kb = to->kb;
			truth->revision = to->revision;
		}
		say(w, device, FLOW_VERIFIED, ++truth->last_sequence);
	} else {
		truth->pending = true;
		truth->pending_kb = lies ? truth->kb : to->kb;
		truth->pending_revision = lies ? truth->revision : to->revision;
		say(w, device, FLOW_RESTART_PENDING, ++truth->last_sequence);
	}
}

static void restart(struct world *w, int device)
{
	struct truth *truth = &w->truths[device];

	truth->boots++;
	if (!truth->pending)
		return;
	truth->pending = false;
	truth->kb = truth->pending_kb;
	truth->revision = truth->pending_revision;
}

/* A report out of order, twice, or nonsense. */
static void babble(struct world *w, int device, struct dice *dice)
{
	enum flow_state state = (enum flow_state)(1 + roll(dice, FLOW_STATES - 1));

	say(w, device, state, (uint32_t)roll(dice, w->truths[device].last_sequence + 1));
}

static void change_fact(struct world *w, int device, struct dice *dice)
{
	static const struct {
		const char *name, *values[3];
	} facts[] = {
		{ "vbs", { "running", "running", "off" } },
		{ "chpe", { "off", "off", "on" } },
		{ "os.edition", { "Enterprise", "Enterprise", "Core" } },
		{ "licence.hotpatch", { "yes", "yes", "no" } },
		{ "tag.held", { "no", "no", "yes" } },
		{ "tag.fix", { "no", "yes", "yes" } },
		{ "tag.r", { "0", "1", "2" } },
		{ "tag.p", { "0", "1", "2" } },
	};
	size_t which = roll(dice, COUNT_OF(facts));

	outcome_init(&outcome);
	set_fact(w, device, facts[which].name, facts[which].values[roll(dice, 3)]);
	passage_facts(&w->devices[device], decide_for(w, device), NULL, w->now_s,
		      &outcome);
	keep(w, device);
}

static void rebuild(struct world *w)
{
	rollouts_give(w->rollouts);
	w->rollouts = rollouts_build(w->catalog, w->plan, w->records, w->record_count);
	assert_non_null(w->rollouts);
	for (size_t i = 0; i < w->missing_count; i++) {
		struct release_key key = { .kb = w->missing[i] };
		rollouts_payload_missing(w->rollouts, &key, ARCH_X64);
		rollouts_payload_missing(w->rollouts, &key, ARCH_ARM64);
	}
}

/* What is done on the day, to one release in one ring. */
static void change_rollouts(struct world *w, struct dice *dice)
{
	const struct written *release =
		&w->releases[1 + roll(dice, w->release_count - 1)];
	struct rollout_record *record = &w->records[roll(dice, WORLD_RECORDS)];

	if (chance(dice, 30)) {
		w->missing_count = roll(dice, COUNT_OF(w->missing) + 1);
		for (size_t i = 0; i < w->missing_count; i++)
			w->missing[i] =
				w->releases[1 + roll(dice, w->release_count - 1)].kb;
	}
	memset(record, 0, sizeof *record);
	record->key.kb = release->kb;
	if (chance(dice, 70))
		snprintf(record->ring, sizeof record->ring, "r%u",
			 (unsigned)roll(dice, WORLD_RINGS));
	switch (roll(dice, 8)) {
	case 0:
		record->halted = true;
		break;
	case 1:
		record->withdrawn = true;
		break;
	case 2:
		record->expedited = true;
		record->expedite_deadline_s = DAY_S;
		break;
	case 3:
		record->approval = chance(dice, 70) ? APPROVAL_GIVEN : APPROVAL_REFUSED;
		record->approved_for_track = chance(dice, 50);
		break;
	case 4:
		record->paused_until_s = w->now_s + (int64_t)roll(dice, DAYS(35));
		break;
	case 5:
		snprintf(record->canary, sizeof record->canary, "pc-%u",
			 (unsigned)roll(dice, WORLD_DEVICES));
		record->canary_verified = chance(dice, 50);
		break;
	default:
		record->passed_s = w->now_s - (int64_t)roll(dice, DAY_S);
		break;
	}
	w->record_count = WORLD_RECORDS;
	for (size_t i = 0; i < WORLD_RECORDS; i++) {
		/* An empty record speaks of everything and says nothing. */
		if (w->records[i].key.kb == 0)
			w->records[i].key.kb = 1;
	}
	rebuild(w);
}

static void ask(struct world *w, int device, struct dice *dice)
{
	bool rollback = chance(dice, 50), wait = chance(dice, 30);
	const struct removal removal = { rollback ? REQUEST_ROLLBACK : REQUEST_UNINSTALL,
					 0, wait };
	struct problem p;

	outcome_init(&outcome);
	passage_request(&w->devices[device], decide_for(w, device), &removal, w->now_s,
			&outcome, &p);
	keep(w, device);
}

/* What an operator does to one device; what does not fit it is refused. */
static void operate(struct world *w, int device, const struct operation *operation)
{
	struct problem p;

	outcome_init(&outcome);
	operation_begin(operation, &w->devices[device], decide_for(w, device), w->now_s,
			&outcome, &p);
	keep(w, device);
}

static void block(struct world *w, int device, struct dice *dice)
{
	const struct written *release =
		&w->releases[1 + roll(dice, w->release_count - 1)];
	const struct operation operation = {
		.kind = chance(dice, 60) ? OPERATION_BLOCK : OPERATION_UNBLOCK,
		.key.kb = chance(dice, 80) ? release->kb : 0,
	};
	operate(w, device, &operation);
}

static void pause_or_retry(struct world *w, int device, struct dice *dice)
{
	static const enum operation_kind kinds[] = { OPERATION_PAUSE, OPERATION_PAUSE,
						     OPERATION_RESUME, OPERATION_RETRY };
	const struct operation operation = {
		.kind = kinds[roll(dice, COUNT_OF(kinds))],
		.until_s = w->now_s + 1 + (int64_t)roll(dice, DAYS(10)),
	};
	operate(w, device, &operation);
}

/* Somebody else's install: the device stands where nobody sent it. */
static void drift(struct world *w, int device, struct dice *dice)
{
	const struct written *to = &w->releases[roll(dice, w->release_count)];

	w->truths[device].kb = to->kb;
	w->truths[device].revision = to->revision;
	w->truths[device].pending = false;
	if (chance(dice, 20))
		w->truths[device].shows_enablement = true;
}

static const char *happen(struct world *w, struct dice *dice, int device)
{
	static const char *const names[] = {
		"time passes",     "polls",           "works",
		"tells its facts", "restarts",        "babbles",
		"changes",         "rollouts change", "is asked to go back",
		"is blocked",      "drifts",          "is paused or retried",
	};
	static const unsigned char weights[] = { 14, 22, 22, 16, 6, 4, 4, 4, 2, 2, 2, 2 };
	uint64_t pick = roll(dice, 100);
	size_t event = 0;

	while (pick >= weights[event])
		pick -= weights[event++];
	snprintf(w->story, sizeof w->story, "pc-%d %s", device, names[event]);
	switch (event) {
	case 0:
		w->now_s += (int64_t)roll(dice, chance(dice, 30) ? DAYS(5) : HOURS(8));
		break;
	case 1:
		return settle(w, device);
	case 2:
		work(w, device, dice);
		break;
	case 3:
		report_facts(w, device, dice);
		break;
	case 4:
		restart(w, device);
		break;
	case 5:
		babble(w, device, dice);
		break;
	case 6:
		change_fact(w, device, dice);
		break;
	case 7:
		change_rollouts(w, dice);
		break;
	case 8:
		ask(w, device, dice);
		break;
	case 9:
		block(w, device, dice);
		break;
	case 10:
		drift(w, device, dice);
		break;
	default:
		pause_or_retry(w, device, dice);
		break;
	}
	return NULL;
}

const char *world_step(struct world *w, uint64_t number)
{
	struct dice dice = { w->seed ^ (number + 1) * UINT64_C(0x2545f4914f6cdd1d) };
	int device = (int)roll(&dice, WORLD_DEVICES);
	const char *wrong = happen(w, &dice, device);

	if (wrong == NULL)
		wrong = world_check(w, device, &dice);
	return wrong;
}
