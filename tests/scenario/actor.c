#include "actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"

enum { SETTLE_STEPS = 8, KBS_TEXT = 24 * KB_TEXT };

struct actor *actor_find(const struct stage *stage, const char *name)
{
	for (size_t i = 0; i < stage->actor_count; i++) {
		if (strcmp(stage->actors[i]->record.id, name) == 0)
			return stage->actors[i];
	}
	return NULL;
}

struct actor *actor_new(struct stage *stage, const char *name, const struct words *words)
{
	if (actor_find(stage, name) != NULL) {
		trouble_tell(words, "there is a device '%s' already", name);
		return NULL;
	}
	struct actor *actor = calloc(1, sizeof *actor);
	if (actor == NULL || stage->actor_count == STAGE_ACTORS) {
		trouble_tell(words, "more than %d devices", STAGE_ACTORS);
		free(actor);
		return NULL;
	}
	device_record_init(&actor->record, name, stage->now_s);
	stage->actors[stage->actor_count++] = actor;
	return actor;
}

int actor_set_fact(struct actor *actor, const char *name, const char *value,
		   const struct words *words)
{
	size_t i = 0;

	while (i < actor->fact_count && strcmp(actor->facts[i].name, name) != 0)
		i++;
	if (i == ACTOR_FACTS)
		return trouble_tell(words, "more than %d facts", ACTOR_FACTS);
	if (i == actor->fact_count)
		actor->fact_count++;
	snprintf(actor->facts[i].name, sizeof actor->facts[i].name, "%s", name);
	snprintf(actor->facts[i].value, sizeof actor->facts[i].value, "%s",
		 value == NULL ? "" : value);
	actor->facts[i].removed = value == NULL;
	return 0;
}

struct shown actor_level(const struct actor *actor)
{
	return actor->hotpatch.kb != 0 ? actor->hotpatch : actor->base;
}

/* The release of the actor's product that a script speaks of; NULL told when it names
 * none, or several. */
static const struct release *find_release(struct stage *stage, const struct actor *actor,
					  uint32_t kb, struct build build,
					  const struct words *words)
{
	const struct product *product = catalog_product(stage->catalog, actor->product);
	const struct line *line =
		product == NULL ? NULL : product_line(product, actor->arch);
	const struct release *found = NULL;

	for (size_t i = 0; line != NULL && i < line->count; i++) {
		const struct release *release = &line->releases[i];
		if (release->kb != kb ||
		    (build.base != 0 && !build_equal(release->build, build)))
			continue;
		if (found != NULL) {
			trouble_tell(words, "%s has several KB%u: name its build",
				     actor->product, kb);
			return NULL;
		}
		found = release;
	}
	if (found == NULL && build.base == 0)
		trouble_tell(words, "%s has no KB%u for %s: name its build",
			     actor->product, kb, arch_name(actor->arch));
	return found;
}

static struct shown shown_of(const struct release *release)
{
	return (struct shown){ release->kb, release->build };
}

int actor_set_level(struct stage *stage, struct actor *actor, uint32_t kb,
		    struct build build, const struct words *words)
{
	const struct release *release = find_release(stage, actor, kb, build, words);

	actor->hotpatch = (struct shown){ 0 };
	actor->pending = PENDING_NOTHING;
	if (release == NULL) { /* one that our catalog has never heard of */
		actor->base = (struct shown){ kb, build };
		return build.base == 0 ? -1 : 0;
	}
	if (release->kind != RELEASE_HOTPATCH) {
		actor->base = shown_of(release);
		return 0;
	}
	const struct product *product = catalog_product(stage->catalog, actor->product);
	const struct line *line = product_line(product, actor->arch);
	actor->base = shown_of(&line->releases[release->quarter]);
	actor->hotpatch = shown_of(release);
	return 0;
}

static int set_fact(struct actor *actor, const char *name, const char *value,
		    int64_t now_s, struct outcome *outcome)
{
	struct problem p;
	bool changed = false;

	if (facts_set(&actor->record.facts, name, value, now_s, FACT_REPORTED, &changed,
		      &p) < 0)
		return -1;
	outcome->facts_changed |= changed;
	return 0;
}

static void write_kbs(const struct actor *actor, char text[static KBS_TEXT])
{
	const uint32_t own[] = { actor->base.kb, actor->hotpatch.kb };
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < 2 + actor->kb_count; i++) {
		char kb[KB_TEXT];
		uint32_t one = i < 2 ? own[i] : actor->kbs[i - 2];
		if (one == 0)
			continue;
		used += (size_t)snprintf(text + used, KBS_TEXT - used, "%s%s",
					 used == 0 ? "" : " ", kb_format(one, kb));
	}
}

/* All that it tells of itself, into the record. */
static int tell_facts(struct actor *actor, int64_t now_s, struct outcome *outcome)
{
	char build[BUILD_TEXT], boot[INSTANT_TEXT], kbs[KBS_TEXT];
	int rc = 0;

	write_kbs(actor, kbs);
	rc |= set_fact(actor, "os.build", build_format(actor_level(actor).build, build),
		       now_s, outcome);
	rc |= set_fact(actor, "os.arch", arch_name(actor->arch), now_s, outcome);
	rc |= set_fact(actor, "os.boot", instant_format(actor->boot_s, boot), now_s,
		       outcome);
	rc |= set_fact(actor, "restart.pending",
		       actor->pending == PENDING_NOTHING ? "no" : "yes", now_s, outcome);
	if (!actor->hides_kbs)
		rc |= set_fact(actor, "os.kbs", kbs, now_s, outcome);
	else
		outcome->facts_changed |= facts_remove(&actor->record.facts, "os.kbs");
	for (size_t i = 0; i < actor->fact_count; i++) {
		if (!actor->facts[i].removed)
			rc |= set_fact(actor, actor->facts[i].name, actor->facts[i].value,
				       now_s, outcome);
		else
			outcome->facts_changed |=
				facts_remove(&actor->record.facts, actor->facts[i].name);
	}
	actor->record.facts.reported_s = now_s;
	return rc;
}

/* The first of a canary ring that an offer begins on is the canary. */
static int choose_canary(struct stage *stage, struct actor *actor, int ring,
			 const struct words *words)
{
	const struct flow *flow = &actor->record.history.flow;

	if (ring < 0 || !stage->plan->rings[ring].canary || flow->kind != FLOW_INSTALL)
		return 0;
	struct rollout_record *record =
		stage_record(stage, &flow->key, flow->ring, words);
	if (record == NULL)
		return -1;
	if (record->canary[0] == '\0')
		snprintf(record->canary, sizeof record->canary, "%s", actor->record.id);
	return stage_ready(stage, words);
}

/* As the server settles a record: polls until nothing moves. */
static int settle(struct stage *stage, struct actor *actor, struct outcome *outcome,
		  const struct words *words)
{
	struct decision d;

	for (int step = 0; step < SETTLE_STEPS; step++) {
		stage_decide(stage, actor, &d);
		if (passage_is_settled(&actor->record, &d, stage->now_s))
			return 0;
		int64_t before = actor->record.history.flow.id;
		int64_t id = passage_wants_flow(&actor->record, &d)
				     ? stage->next_flow_id++
				     : 0;
		passage_poll(&actor->record, &d,
			     d.ring < 0 ? "" : stage->plan->rings[d.ring].name, id,
			     stage->now_s, outcome);
		if (actor->record.history.flow.id != before &&
		    choose_canary(stage, actor, d.ring, words) < 0)
			return -1;
	}
	return trouble_tell(words, "%s's poll does not come to rest", actor->record.id);
}

int actor_poll(struct stage *stage, struct actor *actor, const struct words *words)
{
	struct outcome outcome;

	outcome_init(&outcome);
	if (settle(stage, actor, &outcome, words) < 0)
		return -1;
	stage_keep(stage, actor, &outcome);
	return 0;
}

static void enrol(struct stage *stage, struct actor *actor)
{
	char id[LIMIT_DEVICE_ID + 1];

	if (actor->is_enrolled)
		return;
	memcpy(id, actor->record.id, sizeof id);
	device_record_init(&actor->record, id, stage->now_s);
	actor->is_enrolled = true;
	if (actor->boot_s == 0)
		actor->boot_s = stage->now_s - DAY_S;
}

int actor_visit(struct stage *stage, struct actor *actor, const struct words *words)
{
	struct outcome outcome;
	struct decision d;
	char before[64];

	enrol(stage, actor);
	const char *boot = facts_known(&actor->record.facts, FACT_OS_BOOT);
	snprintf(before, sizeof before, "%s", boot == NULL ? "" : boot);
	outcome_init(&outcome);
	if (tell_facts(actor, stage->now_s, &outcome) < 0)
		return trouble_tell(words, "a fact of %s is malformed", actor->record.id);
	stage_decide(stage, actor, &d);
	passage_facts(&actor->record, &d, boot == NULL ? NULL : before, stage->now_s,
		      &outcome);
	actor->record.last_seen_s = stage->now_s;
	if (settle(stage, actor, &outcome, words) < 0)
		return -1;
	stage_keep(stage, actor, &outcome);
	return 0;
}

void actor_fetch(struct stage *stage, struct actor *actor)
{
	struct outcome outcome;

	outcome_init(&outcome);
	passage_retrieved(&actor->record, actor->record.history.flow.id, stage->now_s,
			  &outcome);
	stage_keep(stage, actor, &outcome);
}

int actor_report(struct stage *stage, struct actor *actor, enum flow_state state,
		 uint32_t code, const struct words *words)
{
	const struct flow *flow = &actor->record.history.flow;
	struct outcome outcome;
	struct decision d;

	if (actor->sequence_flow != flow->id)
		actor->sequence = 0;
	actor->sequence_flow = flow->id;
	struct report report = { .state = state,
				 .sequence = ++actor->sequence,
				 .code = code };
	snprintf(report.text, sizeof report.text, "%.64s says %s", actor->record.id,
		 flow_state_name(state));
	stage_decide(stage, actor, &d);
	outcome_init(&outcome);
	passage_report(&actor->record, flow->id, &report, &d, stage->now_s, &outcome);
	if (flow_state_is_final(flow->state) && settle(stage, actor, &outcome, words) < 0)
		return -1;
	stage_keep(stage, actor, &outcome);
	return gates_judge(stage, words);
}
