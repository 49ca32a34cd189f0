/* A device, small: some 250 bytes, and 32 for each release that did anything on it.  Its
 * record is made of it when the engine is asked, and taken back afterwards; what comes
 * back is what went in (tests/unit/rehearse). */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rehearsal/device_memory.h"
#include "engine/rehearsal/inner.h"

/* --- small numbers ------------------------------------------------------------------ */

static uint32_t small_time(int64_t at_s)
{
	if (at_s <= 0)
		return 0; /* none, and INSTANT_NONE */
	return at_s >= (int64_t)NEVER ? NEVER - 1 : (uint32_t)at_s;
}

static uint16_t small_count(uint32_t count)
{
	return count > UINT16_MAX ? UINT16_MAX : (uint16_t)count;
}

void actor_name(const struct run *run, const struct actor *actor,
		char name[static LIMIT_DEVICE_ID + 1])
{
	static const char plain[] = "device-0000000";
	uint32_t number = (uint32_t)(actor - run->actors);

	if (actor->memory != NULL) {
		memcpy(name, actor->memory->id, sizeof actor->memory->id);
		return;
	}
	memcpy(name, plain, sizeof plain);
	for (size_t at = sizeof plain - 2; number > 0; at--, number /= 10)
		name[at] = (char)('0' + number % 10);
}

struct actor_mark *actor_mark(struct actor *actor, uint32_t title)
{
	for (int i = 0; i < actor->mark_count; i++) {
		if (actor->marks[i].title == (int32_t)title)
			return &actor->marks[i];
	}
	return NULL;
}

/* --- facts -------------------------------------------------------------------------- */

static struct fact *known_fact(struct facts *facts, enum fact_id id)
{
	return facts->known[id] == 0 ? NULL : &facts->fact[facts->known[id] - 1];
}

/* In place: the class has room for any value that a rehearsal writes (cast.c). */
static void put(struct facts *facts, enum fact_id id, const char *value, int64_t since_s,
		int64_t observed_s)
{
	struct fact *fact = known_fact(facts, id);

	if (fact == NULL)
		return;
	memcpy(facts->text + fact->value_at, value, strlen(value) + 1);
	fact->since_s = since_s;
	fact->observed_s = observed_s;
}

void actor_report(struct run *run, struct actor *actor)
{
	struct facts *facts = &run->record.facts;
	const struct cast_class *class = &run->classes[actor->class];
	const struct stage_line *stage = line_of(run, actor);
	char kbs[2 * KB_TEXT + 2], boot[INSTANT_TEXT];

	if (actor->level >= 0) {
		const struct line_words *words = &stage->words[actor->level];
		size_t used = strlen(words->kb);
		memcpy(kbs, words->kb, used + 1);
		if (actor->base >= 0) {
			kbs[used++] = ' ';
			const char *base = stage->words[actor->base].kb;
			memcpy(kbs + used, base, strlen(base) + 1);
		}
		put(facts, FACT_OS_BUILD, words->build, actor->build_since,
		    actor->reported);
		put(facts, FACT_OS_KBS, kbs, actor->build_since, actor->reported);
	} else if (class->build != NULL) {
		put(facts, FACT_OS_BUILD, class->build, actor->build_since,
		    actor->reported);
		put(facts, FACT_OS_KBS, class->kbs, actor->build_since, actor->reported);
	}
	put(facts, FACT_OS_BOOT, instant_format(actor->boot, boot), actor->boot_since,
	    actor->reported);
	put(facts, FACT_RESTART_PENDING, actor->pending ? "yes" : "no",
	    actor->pending_since, actor->reported);
}

/* --- history ------------------------------------------------------------------------ */

static void recall_flow(const struct run *run, const struct actor_flow *from,
			struct flow *flow)
{
	memset(flow, 0, sizeof *flow);
	if (from->title < 0)
		return;
	flow->id = from->id;
	flow->kind = (enum flow_kind)from->kind;
	flow->state = (enum flow_state)from->state;
	flow->key = run->of->titles[from->title].key;
	flow->release_kind = run->of->ask.catalog->titles[from->title].kind;
	if (from->ring >= 0)
		memcpy(flow->ring, run->of->ask.plan->rings[from->ring].name,
		       sizeof flow->ring);
	flow->generation = from->generation;
	flow->sequence = from->sequence;
	flow->offered_s = from->offered;
	flow->retrieved_s = from->retrieved;
	flow->changed_s = from->changed;
	flow->lease_s = from->lease;
	flow->install_by_s = from->install_by;
	flow->pending_since_s = from->pending_since;
	flow->code = from->code;
	flow->withdrawing = from->withdrawing;
	flow->ends_recovery = from->ends_recovery;
}

static void keep_flow(const struct run *run, const struct flow *flow,
		      struct actor_flow *to)
{
	const struct rehearsal *of = run->of;
	bool same = to->title >= 0 && to->id == (uint32_t)flow->id;
	int64_t title = flow->state == FLOW_NONE ? -1
			: same                   ? to->title
			       : title_of_key(of->ask.catalog, &flow->key);
	int ring = same ? to->ring : plan_ring_named(of->ask.plan, flow->ring);

	*to = (struct actor_flow){ .title = (int32_t)title, .ring = (int8_t)ring };
	if (title < 0)
		return;
	to->id = (uint32_t)flow->id;
	to->kind = (uint8_t)flow->kind;
	to->state = (uint8_t)flow->state;
	to->generation = flow->generation;
	to->sequence = small_count(flow->sequence);
	to->offered = small_time(flow->offered_s);
	to->retrieved = small_time(flow->retrieved_s);
	to->changed = small_time(flow->changed_s);
	to->lease = small_time(flow->lease_s);
	to->install_by = small_time(flow->install_by_s);
	to->pending_since = small_time(flow->pending_since_s);
	to->code = flow->code;
	to->withdrawing = flow->withdrawing;
	to->ends_recovery = flow->ends_recovery;
}

static void recall_marks(const struct run *run, const struct actor *actor,
			 struct history *history)
{
	history->mark_count = actor->mark_count;
	for (int i = 0; i < actor->mark_count; i++) {
		const struct actor_mark *from = &actor->marks[i];
		history->marks[i] = (struct mark){
			.key = run->of->titles[from->title].key,
			.first_offered_s = from->first_offered,
			.last_s = from->last,
			.failures = from->failures,
			.last_failed_s = from->last_failed,
			.unshown = from->unshown,
			.not_applicable = from->not_applicable,
			.unverifiable = from->unverifiable,
			.block = (enum block)from->block,
			.blocked_s = from->blocked,
		};
	}
}

static bool is_key(const struct run *run, int32_t title, const struct release_key *key)
{
	const struct release_key *own = &run->of->titles[title].key;
	return own->kb == key->kb && build_equal(own->build, key->build) &&
	       release_key_equal(own, key);
}

static int16_t place_on_line(const struct stage_line *stage, int64_t title)
{
	for (size_t i = 0; stage != NULL && i < stage->line->count; i++) {
		if (stage->line->releases[i].title == title)
			return (int16_t)i;
	}
	return -1;
}

/* Marks keep their place but where one is evicted; the result stays with its title. */
static bool keep_mark(struct run *run, struct actor *actor, const struct mark *mark,
		      struct actor_mark *to)
{
	const struct actor_mark *known = NULL;
	int64_t title;

	if (to < actor->marks + actor->mark_count && is_key(run, to->title, &mark->key))
		known = to;
	title = known != NULL ? known->title
			      : title_of_key(run->of->ask.catalog, &mark->key);
	if (title < 0)
		return false; /* of another catalog */
	if (known == NULL)
		known = actor_mark(actor, (uint32_t)title);
	int place =
		known != NULL ? known->index : place_on_line(line_of(run, actor), title);
	*to = (struct actor_mark){
		.first_offered = small_time(mark->first_offered_s),
		.last = small_time(mark->last_s),
		.last_failed = small_time(mark->last_failed_s),
		.blocked = small_time(mark->blocked_s),
		.title = (int32_t)title,
		.index = (int16_t)place,
		.failures = small_count(mark->failures),
		.unshown = small_count(mark->unshown),
		.block = (uint8_t)mark->block,
		.not_applicable = mark->not_applicable,
		.unverifiable = mark->unverifiable,
		.result = known != NULL ? known->result : FLOW_NONE,
		.result_ring = known != NULL ? known->result_ring : 0,
	};
	return true;
}

static int keep_marks(struct run *run, struct actor *actor, const struct history *history)
{
	uint8_t kept = 0;

	if (history->mark_count > actor->mark_room) {
		size_t room = (size_t)history->mark_count + 3;
		struct actor_mark *bigger =
			reallocarray(actor->marks, room, sizeof *bigger);
		if (bigger == NULL)
			return -1;
		actor->marks = bigger;
		actor->mark_room = (uint8_t)room;
	}
	for (size_t i = 0; i < history->mark_count; i++)
		kept += keep_mark(run, actor, &history->marks[i], &actor->marks[kept]);
	actor->mark_count = kept;
	return 0;
}

static int keep_sightings(struct actor *actor, const struct history *history)
{
	if (history->sighting_count > actor->sighting_room) {
		size_t room = (size_t)history->sighting_count + 4;
		struct actor_sighting *bigger =
			reallocarray(actor->sightings, room, sizeof *bigger);
		if (bigger == NULL)
			return -1;
		actor->sightings = bigger;
		actor->sighting_room = (uint8_t)room;
	}
	actor->sighting_count = (uint8_t)history->sighting_count;
	for (size_t i = 0; i < history->sighting_count; i++)
		actor->sightings[i] = (struct actor_sighting){
			history->sightings[i].kb,
			small_time(history->sightings[i].since_s)
		};
	return 0;
}

/* --- the whole ---------------------------------------------------------------------- */

void actor_recall(struct run *run, const struct actor *actor)
{
	struct device_record *record = &run->record;
	struct history *history = &record->history;

	actor_name(run, actor, record->id);
	record->created_s = run->of->from;
	record->restarts = actor->restarts;
	record->facts_wanted = actor->facts_wanted;
	facts_unpack(&record->facts, run->classes[actor->class].facts);
	actor_report(run, (struct actor *)actor);
	/* It reports with every contact, and at none are its facts stale. */
	record->facts.reported_s = run->of->until;
	memset(&history->request, 0, sizeof history->request);
	history->paused_until_s = actor->paused_until;
	recall_flow(run, &actor->flow, &history->flow);
	recall_marks(run, actor, history);
	history->sighting_count = actor->sighting_count;
	for (int i = 0; i < actor->sighting_count; i++)
		history->sightings[i] = (struct sighting){ actor->sightings[i].kb,
							   actor->sightings[i].since };
}

void actor_keep(struct run *run, struct actor *actor)
{
	const struct history *history = &run->record.history;

	actor->facts_wanted = run->record.facts_wanted;
	actor->paused_until = small_time(history->paused_until_s);
	keep_flow(run, &history->flow, &actor->flow);
	if (keep_marks(run, actor, history) < 0 || keep_sightings(actor, history) < 0)
		run_no_memory(run);
	actor->rests = rests(run, actor);
}

static uint32_t since(const struct facts *facts, const char *name, uint32_t absent)
{
	const struct fact *fact = facts_find(facts, name);
	return fact == NULL ? absent : small_time(fact->since_s);
}

/* A known device as it stands at the beginning, with its facts in the record at hand. */
int actor_take_memory(struct run *run, struct actor *actor)
{
	const struct device_memory *memory = actor->memory;
	struct device_record *record = &run->record;
	struct history *history = &record->history;
	struct cast_class *class = &run->classes[actor->class];
	int64_t boot_s;

	const char *boot = facts_known(&record->facts, FACT_OS_BOOT);
	const char *pending = facts_known(&record->facts, FACT_RESTART_PENDING);
	actor_name(run, actor, record->id);
	history_init(history);
	history->flow = memory->flow;
	history->paused_until_s = memory->paused_until_s;
	history->mark_count = memory->mark_count;
	memcpy(history->marks, memory->marks,
	       memory->mark_count * sizeof memory->marks[0]);
	history->sighting_count = memory->sighting_count;
	memcpy(history->sightings, memory->sightings,
	       memory->sighting_count * sizeof memory->sightings[0]);
	record->facts.reported_s = run->of->until;
	think(run, actor);
	const struct decision *d = &run->decision;
	if (boot != NULL && instant_parse(boot, &boot_s))
		actor->boot = small_time(boot_s);
	actor->boot_since = since(&record->facts, "os.boot", run->of->from);
	actor->build_since = since(&record->facts, "os.build", run->of->from);
	actor->pending = pending != NULL && pending[0] == 'y';
	actor->pending_since = since(&record->facts, "restart.pending", run->of->from);
	if (d->line != NULL) {
		size_t product = (size_t)(d->product - run->of->ask.catalog->products);
		class->line = (uint16_t)(2 * product + (d->arch == ARCH_ARM64));
		actor->level =
			(int16_t)(d->level.state == LEVEL_KNOWN ? d->level.index : -1);
	}
	if (d->line != NULL && actor->level >= 0) {
		const struct release *level = &d->line->releases[actor->level];
		if (level->kind == RELEASE_HOTPATCH)
			actor->base = (int16_t)level->quarter;
	}
	actor_keep(run, actor);
	return run->failed ? -1 : 0;
}
