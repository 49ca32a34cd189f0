/* The wards of the gates: what the keeper does on a server.  Outcomes are counted, each
 * device by its last; the gate is asked (engine/opening.h, gate.h) after every outcome
 * and once an hour; what it says is done to the rollouts, and whom that concerns is woken
 * at its next poll. */

#include <stdlib.h>
#include <string.h>

#include "engine/plan.h"
#include "engine/rehearsal/inner.h"

enum { LINES_MOST = 2 * LIMIT_PRODUCTS };

struct place {
	uint32_t title;
	int ring;
};

static const struct rollout *rollout_at(const struct run *run, struct place place)
{
	return rollouts_find(run->rollouts, place.title, place.ring);
}

static const struct ring *ring_of(const struct run *run, int ring)
{
	return &run->of->ask.plan->rings[ring];
}

static void amend(struct run *run, struct place place, const struct rollout *rollout)
{
	size_t most = sizeof run->changes / sizeof run->changes[0];

	if (rollouts_amend(run->rollouts, place.title, place.ring, rollout) < 0) {
		run_no_memory(run);
		return;
	}
	run->generation++;
	if (run->change_count == most)
		run->changed_all = true;
	else
		run->changes[run->change_count++] =
			(uint32_t)(place.title * run->of->ask.plan->ring_count +
				   (size_t)place.ring);
}

/* --- gates -------------------------------------------------------------------------- */

static void halt(struct run *run, struct place place)
{
	struct rollout rollout = *rollout_at(run, place);
	struct cell *cell = cell_at(run, place.title, place.ring);

	rollout.halted = true;
	rollout.passed_s = 0;
	cell->halted = run->now;
	cell->passed = 0;
	cell->verified_at_halt = (uint32_t)cell->counts.verified;
	cell->failed_at_halt = (uint32_t)cell->counts.failed;
	cell->silent_at_halt = (uint32_t)cell->counts.silent;
	/* Those that run it, and are not silent, are in the census too. */
	int64_t running = cell->open - cell->counts.silent;
	cell->kept = cell->census > running ? (uint32_t)(cell->census - running) : 0;
	amend(run, place, &rollout);
}

static void pass(struct run *run, struct place place, bool emptily)
{
	struct rollout rollout = *rollout_at(run, place);
	struct cell *cell = cell_at(run, place.title, place.ring);

	rollout.passed_s = run->now;
	cell->passed = run->now;
	cell->passed_empty = emptily;
	amend(run, place, &rollout);
}

static void add_counts(struct gate_counts *to, const struct gate_counts *counts)
{
	to->verified += counts->verified;
	to->failed += counts->failed;
	to->silent += counts->silent;
	to->declined += counts->declined;
	to->not_applicable += counts->not_applicable;
	to->unverified += counts->unverified;
}

/* What has just come in. */
struct news {
	bool critical, canary_failed;
};

static void judge(struct run *run, struct place place, struct news news)
{
	const struct kin *kin = &run->of->titles[place.title].kin;
	struct gate_question question;
	int64_t devices = 0;

	bool is_open =
		opening_ask(&run->view, place.title, place.ring, run->now, &question);
	for (size_t i = 0; i < kin->count; i++) {
		const struct cell *cell = cell_at(run, kin->titles[i], place.ring);
		add_counts(&question.together, &cell->counts);
		if (i == 0)
			question.alone = cell->counts;
		devices += cell->census + cell->counts.verified + cell->counts.failed;
		if (cell->first != 0 &&
		    (question.first_s == INSTANT_NONE || cell->first < question.first_s))
			question.first_s = cell->first;
	}
	/* As by a survey: one from before the soak was over does not know who came. */
	question.devices =
		question.opened_s == INSTANT_NONE ||
				run->now < question.opened_s + question.gate->soak_s
			? GATE_DEVICES_UNKNOWN
			: devices;
	question.critical = news.critical;
	question.canary_failed = news.canary_failed;
	struct gate_verdict verdict = gate_judge(&question);
	bool may_pass = is_open && ring_is_gated(run->of->ask.plan, place.ring);
	enum gate_act act = gate_act(rollout_at(run, place), &verdict, may_pass);
	if (act == GATE_ACT_HALT)
		halt(run, place);
	else if (act == GATE_ACT_PASS)
		pass(run, place, verdict.why == GATE_WHY_EMPTY);
}

/* --- canaries ----------------------------------------------------------------------- */

static void set_canary(struct run *run, struct place place, const char *device,
		       bool verified)
{
	struct rollout rollout = *rollout_at(run, place);
	struct cell *cell = cell_at(run, place.title, place.ring);
	char *name = device[0] == '\0' ? NULL : strdup(device);

	if (device[0] != '\0' && name == NULL) {
		run_no_memory(run);
		return;
	}
	char *before = cell->canary;
	cell->canary = name;
	rollout.canary = name;
	rollout.canary_verified = verified;
	amend(run, place, &rollout);
	free(before);
}

static void claim_canary(struct run *run, struct place place)
{
	const struct rollout *rollout = rollout_at(run, place);

	if (ring_of(run, place.ring)->canary && !rollout->canary_verified &&
	    rollout->canary == NULL && !run->record.history.flow.ends_recovery)
		set_canary(run, place, run->record.id, false);
}

static bool is_canary(const struct run *run, struct place place)
{
	const struct rollout *rollout = rollout_at(run, place);

	return ring_of(run, place.ring)->canary && !rollout->canary_verified &&
	       rollout->canary != NULL && strcmp(rollout->canary, run->record.id) == 0;
}

static void settle_canary(struct run *run, struct place place, enum flow_state end)
{
	enum canary_act act = canary_act(end, rollout_at(run, place)->waived);

	if (act == CANARY_VERIFIED)
		set_canary(run, place, run->record.id, true);
	else if (act == CANARY_ANOTHER)
		set_canary(run, place, "", false);
}

/* --- outcomes ----------------------------------------------------------------------- */

static int64_t *count_of(struct gate_counts *counts, enum flow_state end)
{
	switch (end) {
	case FLOW_VERIFIED:
		return &counts->verified;
	case FLOW_FAILED:
		return &counts->failed;
	case FLOW_UNVERIFIED:
		return &counts->unverified;
	case FLOW_NOT_APPLICABLE:
		return &counts->not_applicable;
	case FLOW_REJECTED:
		return &counts->declined;
	default:
		return NULL; /* it says nothing of the release */
	}
}

/* Each device by its last outcome; one that proves something only another proof takes
 * away. */
static void count_end(struct run *run, struct actor *actor, struct place place,
		      const struct event *event)
{
	struct cell *cell = cell_at(run, place.title, place.ring);
	int64_t *to = count_of(&cell->counts, event->to);
	struct actor_mark *mark = actor_mark(actor, place.title);

	if (to == NULL)
		return;
	if (mark == NULL) {
		actor_keep(run, actor);
		mark = actor_mark(actor, place.title);
	}
	if (mark == NULL || run->failed)
		return;
	enum flow_state before = mark->result_ring == place.ring
					 ? (enum flow_state)mark->result
					 : FLOW_NONE;
	bool proves = event->to == FLOW_VERIFIED || event->to == FLOW_FAILED;
	bool proved = before == FLOW_VERIFIED || before == FLOW_FAILED;
	if (before == event->to || (proved && !proves))
		return;
	int64_t *from = count_of(&cell->counts, before);
	if (from != NULL)
		--*from;
	++*to;
	if (proves && cell->first == 0)
		cell->first = run->now;
	mark->result = (uint8_t)event->to;
	mark->result_ring = (uint8_t)place.ring;
	if (event->to == FLOW_VERIFIED)
		tally_install(run, actor, event);
}

static void follow_begin(struct run *run, struct actor *actor, struct place place,
			 const struct event *event)
{
	struct cell *cell = cell_at(run, place.title, place.ring);
	const struct mark *mark = history_mark(&run->record.history, &event->key);

	cell->open++;
	cell->offered += mark != NULL && mark->first_offered_s == event->at_s;
	actor->is_silent = false;
	claim_canary(run, place);
}

static void follow_end(struct run *run, struct actor *actor, struct place place,
		       const struct event *event)
{
	struct cell *cell = cell_at(run, place.title, place.ring);
	bool gated = ring_is_gated(run->of->ask.plan, place.ring);
	bool by_canary = is_canary(run, place), failed = event->to == FLOW_FAILED;
	struct news news = {
		.critical = failed && gate_is_critical(gate_of(ring_of(run, place.ring)),
						       event->code),
		.canary_failed = failed && by_canary,
	};

	/* What ends a second time was counted out the first. */
	cell->open -= !flow_state_is_final(event->from) && cell->open > 0;
	cell->counts.silent -= actor->is_silent;
	actor->is_silent = false;
	count_end(run, actor, place, event);
	if (by_canary)
		settle_canary(run, place, event->to);
	if (gated || by_canary)
		judge(run, place, news);
	const struct kin *repaired = &run->of->titles[place.title].repaired;
	for (size_t i = 0; gated && i < repaired->count; i++) {
		struct place other = { repaired->titles[i], place.ring };
		if (rollout_at(run, other)->passed_s == 0)
			judge(run, other, (struct news){ false, false });
	}
}

void ward_follow(struct run *run, struct actor *actor)
{
	for (uint16_t i = 0; i < run->outcome.count; i++) {
		const struct event *event = &run->outcome.events[i];
		if (event->kind != EVENT_FLOW || event->flow_kind != FLOW_INSTALL)
			continue;
		bool begins = event->from == FLOW_NONE;
		if (!begins && !flow_state_is_final(event->to))
			continue;
		int64_t title = title_of_key(run->of->ask.catalog, &event->key);
		int ring = plan_ring_named(run->of->ask.plan, event->ring);
		if (title < 0 || ring < 0)
			continue;
		struct place place = { (uint32_t)title, ring };
		if (begins)
			follow_begin(run, actor, place, event);
		else
			follow_end(run, actor, place, event);
	}
}

/* --- as time passes ----------------------------------------------------------------- */

void ward_publish(struct run *run)
{
	const struct rehearsal *of = run->of;
	size_t rings = of->ask.plan->ring_count;

	while (run->next_published < of->ask.catalog->title_count) {
		uint32_t title = of->by_publication[run->next_published];
		if (of->titles[title].published > run->now)
			break;
		run->next_published++;
		for (size_t ring = 0; ring < rings; ring++) {
			if (ring_is_gated(of->ask.plan, (int)ring))
				run->review[run->review_count++] =
					(uint32_t)(title * rings + ring);
		}
	}
}

void ward_review(struct run *run)
{
	size_t rings = run->of->ask.plan->ring_count, kept = 0;

	ward_publish(run);
	for (size_t i = 0; i < run->review_count; i++) {
		struct place place = { (uint32_t)(run->review[i] / rings),
				       (int)(run->review[i] % rings) };
		const struct rollout *rollout = rollout_at(run, place);
		if (rollout->withdrawn || rollout->halted || rollout->passed_s != 0)
			continue;
		run->review[kept++] = run->review[i];
		judge(run, place, (struct news){ false, false });
	}
	run->review_count = kept;
}

/* Where a title is on each line; -1 where it is not. */
static void find_places(const struct run *run, uint32_t title,
			int32_t places[static LINES_MOST])
{
	for (size_t l = 0; l < run->of->line_count && l < LINES_MOST; l++) {
		const struct line *line = run->of->lines[l].line;
		places[l] = -1;
		for (size_t i = 0; i < line->count; i++) {
			if (line->releases[i].title == title)
				places[l] = (int32_t)i;
		}
	}
}

static bool is_concerned(const struct run *run, const struct actor *actor, int ring,
			 const int32_t places[static LINES_MOST])
{
	uint16_t line = run->classes[actor->class].line;

	if (line == NO_LINE || actor->ring < 0 || actor->step == STEP_INSTALL ||
	    actor->step == STEP_RESTART)
		return false;
	if (actor->ring != ring && ring_of(run, actor->ring)->after != ring)
		return false;
	return places[line] >= 0 &&
	       (actor->level < 0 ||
		release_above(run->of->lines[line].line, places[line], actor->level));
}

static void wake(struct run *run, struct actor *actor)
{
	uint32_t turn = actor->turn;

	if (actor->step == STEP_IDLE || actor->step == STEP_HELD) {
		uint32_t poll = contact_poll(run, actor, run->now + 1);
		if (poll < actor->contact)
			actor->contact = poll;
	}
	if (run->of->gated[actor->ring] && run->now + 1 < actor->look)
		actor->look = run->now + 1;
	if (actor->contact < turn || actor->look < turn)
		life_queue(run, actor);
}

void ward_tell(struct run *run)
{
	size_t rings = run->of->ask.plan->ring_count;
	int32_t places[LINES_MOST];

	for (size_t i = 0; i < run->change_count && !run->changed_all; i++) {
		int ring = (int)(run->changes[i] % rings);
		find_places(run, (uint32_t)(run->changes[i] / rings), places);
		for (uint32_t k = 0; k < run->count; k++) {
			if (is_concerned(run, &run->actors[k], ring, places))
				wake(run, &run->actors[k]);
		}
	}
	for (uint32_t k = 0; run->changed_all && k < run->count; k++) {
		if (run->actors[k].ring >= 0)
			wake(run, &run->actors[k]);
	}
	run->change_count = 0;
	run->changed_all = false;
}
