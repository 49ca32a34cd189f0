/* The devices of one run: drawn out of the groups of a made-up fleet, or a sample of
 * those that are known.  Devices alike in all facts that stay share a class. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "engine/rehearsal/device_memory.h"
#include "engine/rehearsal/inner.h"

enum { KEY_TEXT = 512, KBS_ROOM = 2 * KB_TEXT };

static const char any_build[] = "000000000.000000000";
static const char any_time[] = "2000-01-01T00:00:00Z";

/* Which of so many shares a throw falls on. */
static size_t draw(struct dice *dice, const uint32_t *first, size_t stride, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += *(const uint32_t *)((const char *)first + i * stride);
	uint64_t throw = dice_below(dice, sum);
	for (size_t i = 0; i + 1 < count; i++) {
		uint32_t share = *(const uint32_t *)((const char *)first + i * stride);
		if (throw < share)
			return i;
		throw -= share;
	}
	return count - 1;
}

static uint32_t draw_span(struct dice *dice, struct fleet_span span)
{
	return (uint32_t)dice_between(dice, span.least_s, span.most_s);
}

/* --- classes ------------------------------------------------------------------------ */

static void fact_set(struct run *run, const char *name, const char *value)
{
	struct problem p;

	if (facts_set(&run->record.facts, name, value, (int64_t)run->of->from,
		      FACT_REPORTED, NULL, &p) == 0 ||
	    run->failed)
		return;
	run->failed = true;
	*run->p = p;
	problem_while(run->p, "making up devices");
}

/* Room for the facts that change. */
static void add_changing(struct run *run, const char *kbs)
{
	char room[LIMIT_FACT_VALUE + 1];
	size_t size = kbs == NULL || strlen(kbs) < KBS_ROOM ? KBS_ROOM : strlen(kbs);

	memset(room, 'K', size);
	room[size] = '\0';
	fact_set(run, "os.build", any_build);
	fact_set(run, "os.kbs", room);
	fact_set(run, "os.boot", any_time);
	fact_set(run, "restart.pending", "yes");
}

static struct cast_class *class_add(struct run *run)
{
	if (run->class_count == run->class_room) {
		size_t room = run->class_room == 0 ? 64 : 2 * run->class_room;
		struct cast_class *bigger =
			reallocarray(run->classes, room, sizeof *bigger);
		if (bigger == NULL)
			return NULL;
		run->classes = bigger;
		run->class_room = room;
	}
	struct cast_class *class = &run->classes[run->class_count++];
	memset(class, 0, sizeof *class);
	class->line = NO_LINE;
	return class;
}

static int class_pack(struct run *run, struct cast_class *class)
{
	class->facts = facts_pack(&run->record.facts);
	return class->facts == NULL || run->failed ? -1 : 0;
}

/* The newest cumulative release that was out for so long, and comes by itself. */
static int32_t usual_level(const struct line *line, int64_t before_s)
{
	for (int32_t i = (int32_t)line->count - 1; i >= 0; i--) {
		const struct release *release = &line->releases[i];
		if (release->published_s <= before_s && release->offer == OFFER_AUTO &&
		    release->cadence == CADENCE_B &&
		    (release->kind == RELEASE_BASELINE || release->kind == RELEASE_LCU) &&
		    (release->quarter < 0 || release->quarter == i))
			return i;
	}
	return -1;
}

static int32_t find_kb(const struct line *line, uint32_t kb)
{
	for (int32_t i = (int32_t)line->count - 1; i >= 0; i--) {
		if (line->releases[i].kb == kb)
			return i;
	}
	return -1;
}

static uint64_t hash_key(const char *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
	return dice_mix(hash);
}

/* Twice the room, or the first. */
static int table_grow(struct run *run)
{
	size_t size = run->class_table_size == 0 ? 256 : 2 * run->class_table_size;
	uint32_t *table = calloc(size, sizeof *table);

	if (table == NULL)
		return -1;
	for (uint32_t i = 0; i < run->class_count; i++) {
		size_t at = hash_key(run->classes[i].key) & (size - 1);
		while (table[at] != 0)
			at = (at + 1) & (size - 1);
		table[at] = i + 1;
	}
	free(run->class_table);
	run->class_table = table;
	run->class_table_size = size;
	return 0;
}

/* The place of a key in the table: of its class, or free. */
static size_t table_place(const struct run *run, const char *key)
{
	size_t mask = run->class_table_size - 1, at = hash_key(key) & mask;

	while (run->class_table[at] != 0 &&
	       strcmp(run->classes[run->class_table[at] - 1].key, key) != 0)
		at = (at + 1) & mask;
	return at;
}

/* What one made-up device was drawn as. */
struct draft {
	const struct fleet_group *group;
	const struct fleet_product *product;
	const struct fleet_work *work;
	uint8_t values[FLEET_FACTS];
	char key[KEY_TEXT];
};

static struct draft draw_draft(const struct fleet *fleet, struct dice *dice)
{
	struct draft draft;
	uint32_t shares[FLEET_GROUPS];
	size_t used;

	for (size_t i = 0; i < fleet->group_count; i++)
		shares[i] = fleet->groups[i]->share;
	size_t at = draw(dice, shares, sizeof shares[0], fleet->group_count);
	const struct fleet_group *group = draft.group = fleet->groups[at];
	size_t product = draw(dice, &group->products[0].share, sizeof group->products[0],
			      group->product_count);
	size_t work = draw(dice, &group->works[0].share, sizeof group->works[0],
			   group->work_count);
	draft.product = &group->products[product];
	draft.work = &group->works[work];
	used = (size_t)snprintf(draft.key, sizeof draft.key, "%zu.%zu.%zu", at, product,
				work);
	for (size_t i = 0; i < group->fact_count; i++) {
		const struct fleet_fact *fact = &group->facts[i];
		size_t value = draw(dice, &fact->values[0].share, sizeof fact->values[0],
				    fact->value_count);
		draft.values[i] = (uint8_t)value;
		used += (size_t)snprintf(draft.key + used, sizeof draft.key - used,
					 ".%zu", value);
	}
	assert(used < sizeof draft.key);
	return draft;
}

static int class_make(struct run *run, const struct draft *draft)
{
	const struct catalog *catalog = run->of->ask.catalog;
	const struct product *product = catalog_product(catalog, draft->product->id);
	struct cast_class *class = class_add(run);

	if (class == NULL)
		return -1;
	class->group = draft->group;
	class->zone = draft->work->zone;
	class->key = strdup(draft->key);
	if (class->key == NULL)
		return -1;
	facts_init(&run->record.facts);
	fact_set(run, "os.arch", arch_name(draft->product->arch));
	if (product != NULL) {
		fact_set(run, "os.family", family_name(product->family));
		class->line = (uint16_t)(2 * (product - catalog->products) +
					 (draft->product->arch == ARCH_ARM64));
		if (run->of->lines[class->line].line->count == 0)
			class->line = NO_LINE;
	}
	for (size_t i = 0; i < draft->group->fact_count; i++) {
		const struct fleet_fact *fact = &draft->group->facts[i];
		const struct fleet_value *value = &fact->values[draft->values[i]];
		if (!value->not_reported)
			fact_set(run, fact->name, value->text);
	}
	if (class->line != NO_LINE)
		add_changing(run, NULL);
	return class_pack(run, class);
}

static int find_class(struct run *run, const struct draft *draft, uint32_t *class)
{
	if (2 * run->class_count >= run->class_table_size && table_grow(run) < 0)
		return -1;
	size_t at = table_place(run, draft->key);
	if (run->class_table[at] == 0) {
		if (class_make(run, draft) < 0)
			return -1;
		run->class_table[at] = (uint32_t)run->class_count;
	}
	*class = run->class_table[at] - 1;
	return 0;
}

/* --- devices ------------------------------------------------------------------------ */

static void behave(struct run *run, struct actor *actor, const struct fleet_group *group,
		   const struct fleet_work *work)
{
	actor->pattern = (uint16_t)work->pattern;
	actor->habit = (uint8_t)draw(&actor->dice, group->habit_shares, sizeof(uint32_t),
				     HABITS);
	actor->poll = draw_span(&actor->dice, group->poll);
	actor->phase = (uint32_t)dice_below(&actor->dice, actor->poll);
	contact_begin(run, actor);
}

static int make_up(struct run *run, struct actor *actor)
{
	struct draft draft = draw_draft(run->of->ask.fleet, &actor->dice);

	if (find_class(run, &draft, &actor->class) < 0)
		return -1;
	behave(run, actor, draft.group, draft.work);
	const struct stage_line *stage = line_of(run, actor);
	if (stage == NULL)
		return 0;
	int64_t out_s =
		(int64_t)run->of->from - (int64_t)draft.product->behind_days * DAY_S;
	actor->level =
		(int16_t)(draft.product->kb != 0 ? find_kb(stage->line, draft.product->kb)
						 : usual_level(stage->line, out_s));
	if (actor->level < 0)
		return 0;
	const struct release *level = &stage->line->releases[actor->level];
	if (level->quarter >= 0 && level->kind == RELEASE_HOTPATCH)
		actor->base = (int16_t)level->quarter;
	return 0;
}

static int class_known(struct run *run, struct actor *actor,
		       const struct device_memory *memory)
{
	struct cast_class *class = class_add(run);

	if (class == NULL)
		return -1;
	actor->class = (uint32_t)run->class_count - 1;
	class->zone = memory->zone;
	facts_unpack(&run->record.facts, memory->facts);
	const char *build = facts_known(&run->record.facts, FACT_OS_BUILD);
	const char *kbs = facts_known(&run->record.facts, FACT_OS_KBS);
	class->build = build == NULL ? NULL : strdup(build);
	class->kbs = strdup(kbs == NULL ? "" : kbs);
	if ((build != NULL && class->build == NULL) || class->kbs == NULL)
		return -1;
	/* Decided as it is known: where it stands. */
	int rc = actor_take_memory(run, actor);
	class = &run->classes[actor->class];
	facts_unpack(&run->record.facts, memory->facts);
	if (build != NULL)
		add_changing(run, class->kbs);
	return rc < 0 ? -1 : class_pack(run, class);
}

static int make_known(struct run *run, struct actor *actor, uint32_t place)
{
	const struct fleet *fleet = run->of->ask.fleet;
	struct draft draft = draw_draft(fleet, &actor->dice);

	actor->memory = fleet->device_list[place];
	if (class_known(run, actor, actor->memory) < 0)
		return -1;
	run->classes[actor->class].group = draft.group;
	behave(run, actor, draft.group, draft.work);
	return 0;
}

/* Which of the known devices come along: a sample without repeats, in their order. */
static uint32_t *draw_places(struct run *run)
{
	uint32_t all = (uint32_t)run->of->ask.fleet->device_count, left = run->count;
	uint32_t *places = calloc((size_t)run->count + 1, sizeof *places);
	struct dice dice = dice_of(run->of->ask.seed, (uint64_t)run->number << 32);
	uint32_t taken = 0;

	for (uint32_t i = 0; places != NULL && i < all && left > 0; i++) {
		if (dice_below(&dice, all - i) >= left)
			continue;
		places[taken++] = i;
		left--;
	}
	return places;
}

static void actor_init(struct run *run, struct actor *actor, uint32_t i)
{
	uint64_t part = ((uint64_t)run->number + 1) << 32 | (i + 1);

	*actor = (struct actor){ .dice = dice_of(run->of->ask.seed, part),
				 .turn = NEVER,
				 .contact = NEVER,
				 .look = NEVER,
				 .level = -1,
				 .base = -1,
				 .next_level = -1,
				 .previous = -1,
				 .ring = -1,
				 .runs = -1,
				 .waits = -1,
				 .boot = run->of->from,
				 .boot_since = run->of->from,
				 .build_since = run->of->from,
				 .reported = run->of->from };
	actor->flow.title = -1;
}

static void draw_rates(struct run *run)
{
	const struct fleet *fleet = run->of->ask.fleet;

	for (size_t i = 0; i < fleet->failure_count; i++) {
		const struct fleet_failure *failure = &fleet->failures[i];
		struct dice dice = dice_of(run->of->ask.seed ^ UINT64_C(0xfa11),
					   (uint64_t)run->number << 16 | i);
		int64_t rate = dice_between(
			&dice, (int64_t)failure->rate_ppm - failure->spread_ppm,
			(int64_t)failure->rate_ppm + failure->spread_ppm);
		run->rates_ppm[i] = rate < 0          ? 0
				    : rate > DICE_PPM ? DICE_PPM
						      : (uint32_t)rate;
	}
}

int cast_draw(struct run *run)
{
	const struct fleet *fleet = run->of->ask.fleet;
	uint32_t *places = NULL;
	int rc = -1;

	run->count = run->of->devices;
	run->actors = calloc(run->count, sizeof run->actors[0]);
	run->rates_ppm = calloc(fleet->failure_count + 1, sizeof run->rates_ppm[0]);
	if (run->actors == NULL || run->rates_ppm == NULL)
		return run_no_memory(run);
	draw_rates(run);
	if (fleet->device_count > 0) {
		places = draw_places(run);
		if (places == NULL)
			return run_no_memory(run);
	}
	for (uint32_t i = 0; i < run->count; i++) {
		struct actor *actor = &run->actors[i];
		actor_init(run, actor, i);
		rc = places != NULL ? make_known(run, actor, places[i])
				    : make_up(run, actor);
		if (rc < 0 || run->failed)
			break;
	}
	free(places);
	if (rc < 0 && !run->failed)
		return run_no_memory(run);
	return run->failed ? -1 : 0;
}

void cast_fini(struct run *run)
{
	for (uint32_t i = 0; run->actors != NULL && i < run->count; i++) {
		free(run->actors[i].marks);
		free(run->actors[i].sightings);
	}
	for (size_t i = 0; i < run->class_count; i++) {
		free(run->classes[i].facts);
		free(run->classes[i].build);
		free(run->classes[i].kbs);
		free(run->classes[i].key);
	}
	free(run->classes);
	free(run->class_table);
	free(run->actors);
	free(run->rates_ppm);
}
