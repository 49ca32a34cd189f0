#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "lives_inner.h"

enum { SETTLE_STEPS = 8 };

/* splitmix64 */
uint64_t roll(struct dice *dice, uint64_t sides)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return z % sides;
}

bool chance(struct dice *dice, unsigned percent)
{
	return roll(dice, 100) < percent;
}

void life_decide(struct living *l, struct decision *d)
{
	const struct situation situation = { .device = l->record.id,
					     .facts = &l->record.facts,
					     .history = &l->record.history,
					     .catalog = l->world->catalog,
					     .plan = l->world->plan,
					     .rollouts = l->rollouts,
					     .now_s = l->now_s };
	decide(&situation, d);
}

static void settle(struct living *l, struct outcome *outcome)
{
	struct decision d;

	for (int step = 0; step < SETTLE_STEPS; step++) {
		life_decide(l, &d);
		if (passage_is_settled(&l->record, &d, l->now_s))
			return;
		int64_t id = passage_wants_flow(&l->record, &d) ? l->next_flow_id++ : 0;
		passage_poll(&l->record, &d, "now", id, l->now_s, outcome);
	}
}

static void set_fact(struct living *l, const char *name, const char *value,
		     struct outcome *outcome)
{
	struct problem p;
	bool changed = false;

	if (facts_set(&l->record.facts, name, value, l->now_s, FACT_REPORTED, &changed,
		      &p) < 0)
		abort();
	outcome->facts_changed |= changed;
}

static void take_facts(struct living *l, const struct message *message)
{
	const char *boot = facts_known(&l->record.facts, FACT_OS_BOOT);
	char before[INSTANT_TEXT] = "", text[INSTANT_TEXT], kbs[2 * KB_TEXT + 8];
	struct outcome outcome;
	struct decision d;

	if (boot != NULL)
		snprintf(before, sizeof before, "%s", boot);
	outcome_init(&outcome);
	snprintf(text, sizeof text, "%d.%u", LIFE_BASE, message->revision);
	set_fact(l, "os.build", text, &outcome);
	snprintf(kbs, sizeof kbs, "KB%u KB%u", message->base_kb, message->kb);
	set_fact(l, "os.kbs", kbs, &outcome);
	instant_format((int64_t)message->boots * DAY_S, text);
	set_fact(l, "os.boot", text, &outcome);
	set_fact(l, "restart.pending", message->pending ? "yes" : "no", &outcome);
	l->record.facts.reported_s = l->now_s;
	life_decide(l, &d);
	passage_facts(&l->record, &d, boot == NULL ? NULL : before, l->now_s, &outcome);
	settle(l, &outcome);
}

static void take_report(struct living *l, const struct message *message)
{
	struct outcome outcome;
	struct decision d;

	outcome_init(&outcome);
	life_decide(l, &d);
	bool was_final = flow_state_is_final(l->record.history.flow.state);
	passage_report(&l->record, message->flow, &message->report, &d, l->now_s,
		       &outcome);
	if (!was_final && flow_state_is_final(l->record.history.flow.state))
		settle(l, &outcome);
}

static void take_stop(struct living *l, const struct message *message)
{
	struct outcome outcome;

	outcome_init(&outcome);
	passage_stopped(&l->record, message->flow, message->did_stop, l->now_s, &outcome);
	settle(l, &outcome);
}

static void print_delivery(const struct living *l, const struct message *message)
{
	char now[INSTANT_TEXT];

	printf("  %s  %zu: ", instant_format(l->now_s, now), message->number);
	if (message->kind == SENDS_FACTS)
		printf("facts KB%u 26100.%u boot %u%s",
		       message->kb != 0 ? message->kb : message->base_kb,
		       message->revision, message->boots,
		       message->pending ? " pending" : "");
	else if (message->kind == SENDS_STOP)
		printf("flow %lld: %s", (long long)message->flow,
		       message->did_stop ? "stopped" : "carries on");
	else
		printf("flow %lld: %u %s", (long long)message->flow,
		       message->report.sequence, flow_state_name(message->report.state));
	printf("  -> flow %lld %s\n", (long long)l->record.history.flow.id,
	       flow_state_name(l->record.history.flow.state));
}

static void deliver(struct living *l, const struct message *message)
{
	l->now_s += MINUTE_S;
	if (message->kind == SENDS_FACTS)
		take_facts(l, message);
	else if (message->kind == SENDS_REPORT)
		take_report(l, message);
	else
		take_stop(l, message);
	if (l->tells)
		print_delivery(l, message);
}

struct message *life_send(struct living *l)
{
	assert(l->batch_count < BATCH);
	assert(l->life->message_count < LIFE_MESSAGES);
	struct message *message = &l->batch[l->batch_count++];
	memset(message, 0, sizeof *message);
	message->number = l->life->message_count++;
	return message;
}

/* The batch, as the network brings it: each report at another place, some of them twice
 * or not at all, and now and then one of long ago. */
void life_deliver(struct living *l)
{
	struct {
		uint64_t place;
		const struct message *message;
	} order[4 * BATCH];
	size_t count = 0;

	for (size_t i = 0; i < l->batch_count; i++) {
		const struct message *message = &l->batch[i];
		/* Drawn for every message, so that calming one leaves the rest as is. */
		struct dice dice = { l->weather.state ^
				     (message->number + 1) *
					     UINT64_C(0x2545f4914f6cdd1d) };
		bool bad = l->network->is_bad && !l->network->calm[message->number];
		bool is_facts = message->kind == SENDS_FACTS;
		uint64_t copies = 1 + (chance(&dice, 20) ? roll(&dice, 3) : 0);
		if (chance(&dice, 30) && !message->must_arrive)
			copies = 0;
		if (!bad || is_facts)
			copies = 1;
		for (uint64_t c = 0; c < copies; c++) {
			bool moves = bad && !is_facts && chance(&dice, 60);
			order[count].place =
				moves ? roll(&dice, 64 * l->batch_count) : 64 * i + 32;
			order[count++].message = message;
		}
	}
	for (size_t i = 1; i < count; i++) {
		for (size_t j = i; j > 0 && order[j].place < order[j - 1].place; j--) {
			const struct message *message = order[j].message;
			uint64_t place = order[j].place;
			order[j] = order[j - 1];
			order[j - 1].place = place;
			order[j - 1].message = message;
		}
	}
	for (size_t i = 0; i < count; i++)
		deliver(l, order[i].message);
	struct dice dice = { l->weather.state + l->life->message_count };
	if (l->network->is_bad && l->old_count > 0 && chance(&dice, 30)) {
		const struct message *message = &l->old[roll(&dice, l->old_count)];
		if (message->kind != SENDS_FACTS && !l->network->calm[message->number])
			deliver(l, message);
	}
	memcpy(l->old, l->batch, l->batch_count * sizeof l->batch[0]);
	l->old_count = l->batch_count;
	l->batch_count = 0;
}

static void begin(struct living *l, uint64_t seed)
{
	struct outcome outcome;

	l->fate.state = seed * 2;
	l->weather.state = seed * 2 + 1;
	roll(&l->weather, 2);
	l->next_flow_id = 1;
	l->now_s = LIFE_START_S + LIFE_MONTH_S;
	device_record_init(&l->record, "pc", l->now_s);
	outcome_init(&outcome);
	set_fact(l, "os.family", "client", &outcome);
	set_fact(l, "os.arch", "x64", &outcome);
	set_fact(l, "os.edition", "Enterprise", &outcome);
	set_fact(l, "vbs", chance(&l->fate, 80) ? "running" : "off", &outcome);
	l->machine.base_kb = 101;
	l->machine.base_revision = 1000;
	l->machine.boots = 1;
	l->rollouts = rollouts_build(l->world->catalog, l->world->plan, NULL, 0);
	assert(l->rollouts != NULL);
}

/* A person asks for the removal of what is on it. */
static void ask(struct living *l)
{
	bool rollback = chance(&l->fate, 50), wait = chance(&l->fate, 30);
	const struct removal removal = { rollback ? REQUEST_ROLLBACK : REQUEST_UNINSTALL,
					 0, !rollback && wait };
	struct outcome outcome;
	struct decision d;
	struct problem p;

	if (l->machine.kb == 0 && l->machine.below_kb == 0)
		return;
	outcome_init(&outcome);
	life_decide(l, &d);
	passage_request(&l->record, &d, &removal, l->now_s, &outcome, &p);
}

static void pass_quietly(struct living *l, const int *hours, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		l->now_s += (int64_t)hours[i] * HOUR_S;
		machine_report_in(l);
	}
}

static void look(struct living *l, char room[static LIFE_TEXT])
{
	life_write_end(l, room);
	if (l->tells)
		printf("  stands: %s\n", room);
}

/* One go at what is offered, and then so long a quiet time that every lease has run out:
 * what a lost report left open is closed by then. */
static void live_chapter(struct living *l, char looks[static LIFE_LOOKS][LIFE_TEXT])
{
	static const int a_day[] = { 1, 24 },
			 every_lease[] = { 16 * 24, 26 * 24, 15 * 24 };

	machine_report_in(l);
	if (chance(&l->fate, 20))
		ask(l);
	machine_report_in(l);
	machine_work(l);
	life_deliver(l);
	pass_quietly(l, a_day, sizeof a_day / sizeof a_day[0]);
	look(l, looks[0]);
	pass_quietly(l, every_lease, sizeof every_lease / sizeof every_lease[0]);
	look(l, looks[1]);
}

void life_live(struct world *world, uint64_t seed, const struct network *network,
	       int tell, struct life *life)
{
	static struct living l; /* large */

	memset(&l, 0, sizeof l);
	memset(life, 0, sizeof *life);
	l.world = world;
	l.network = network;
	l.life = life;
	begin(&l, seed);
	for (int chapter = 0; chapter < LIFE_CHAPTERS; chapter++) {
		int64_t next_s = l.now_s + LIFE_CHAPTER_S;
		l.tells = chapter == tell;
		live_chapter(&l, life->looks[chapter]);
		l.now_s = next_s;
	}
	rollouts_give(l.rollouts);
}
