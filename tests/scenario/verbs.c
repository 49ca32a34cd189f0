/* The verbs of a script but for `expect` and what an operator does on the day. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"

enum { NAME_MOST = 48 };

/* Setting the stage. */

static int run_catalog(struct stage *stage, struct words *words)
{
	snprintf(stage->catalog_path, sizeof stage->catalog_path, "%s",
		 words_need(words, "a folder or file"));
	return words_end(words);
}

static int run_target(struct stage *stage, struct words *words)
{
	if (stage->catalog != NULL)
		return trouble_tell(words, "the catalog is read already");
	if (stage->target_count == STAGE_TARGETS)
		return trouble_tell(words, "more than %d targets", STAGE_TARGETS);
	struct target *target = &stage->targets[stage->target_count++];
	snprintf(target->product, sizeof target->product, "%s",
		 words_need(words, "a product"));
	if (words_kb(words, &target->kb) < 0)
		return -1;
	const char *match = words_take_if(words, "for") ? words_rest(words) : NULL;
	if (match == NULL)
		return trouble_tell(words, "a target says for whom: for EXPRESSION");
	snprintf(target->match, sizeof target->match, "%s", match);
	return 0;
}

/* After a change of the plan everybody polls. */
static int plan_changed(struct stage *stage, const struct words *words)
{
	if (!stage->has_begun)
		return 0;
	return stage_move(stage, stage->now_s + 1, words);
}

static int run_plan(struct stage *stage, struct words *words)
{
	const char *rest = words_rest(words);
	char line[STATEMENT_MOST];

	if (rest == NULL)
		return trouble_tell(words, "a plan is a file, or lines between ';'");
	size_t size = strlen(rest);
	if (size > 4 && strcmp(rest + size - 4, ".xml") == 0) {
		snprintf(stage->plan_path, sizeof stage->plan_path, "%s", rest);
		stage->plan_is_new = true;
		return plan_changed(stage, words);
	}
	while (*rest != '\0') {
		size = strcspn(rest, ";");
		snprintf(line, sizeof line, "%.*s", (int)size, rest);
		if (line[strspn(line, " ")] != '\0' &&
		    plan_line_add(stage, line, words) < 0)
			return -1;
		rest += size + (rest[size] == ';');
	}
	return plan_changed(stage, words);
}

/* The statement itself is the line: "ring broad defer 9". */
static int run_plan_line(struct stage *stage, struct words *words)
{
	words->next = words->count;
	if (plan_line_add(stage, words->text, words) < 0)
		return -1;
	return plan_changed(stage, words);
}

/* Devices. */

static int take_kbs(struct actor *actor, struct words *words)
{
	uint32_t kb;

	while (words_peek(words) != NULL && strncmp(words_peek(words), "KB", 2) == 0) {
		if (words_kb(words, &kb) < 0)
			return -1;
		if (actor->kb_count == ACTOR_KBS)
			return trouble_tell(words, "more than %d KBs", ACTOR_KBS);
		actor->kbs[actor->kb_count++] = kb;
	}
	return 0;
}

static int take_level(struct stage *stage, struct actor *actor, struct words *words)
{
	struct build build;
	uint32_t kb = 0;

	if (words_peek(words) != NULL && strncmp(words_peek(words), "KB", 2) == 0 &&
	    words_kb(words, &kb) < 0)
		return -1;
	words_maybe_build(words, &build);
	return actor_set_level(stage, actor, kb, build, words);
}

/* Facts that a script gives by a shorter name. */
static const struct {
	const char *word, *fact;
} short_facts[] = {
	{ "edition", "os.edition" },       { "vbs", "vbs" },       { "chpe", "chpe" },
	{ "licence", "licence.hotpatch" }, { "ring", "tag.ring" }, { "zone", "tz" },
};

static int device_word(struct stage *stage, struct actor *actor, struct words *words,
		       const char *word)
{
	if (strcmp(word, "level") == 0)
		return take_level(stage, actor, words);
	if (strcmp(word, "kbs") == 0)
		return take_kbs(actor, words);
	for (size_t i = 0; i < sizeof short_facts / sizeof short_facts[0]; i++) {
		if (strcmp(word, short_facts[i].word) != 0)
			continue;
		const char *value = words_need(words, "a value");
		bool not_reported = strcmp(value, "none") == 0;
		return actor_set_fact(actor, short_facts[i].fact,
				      not_reported ? NULL : value, words);
	}
	if (strcmp(word, "fact") == 0) {
		const char *name = words_need(words, "a fact");
		return actor_set_fact(actor, name, words_need(words, "a value"), words);
	}
	return trouble_tell(words, "a device has no '%s'", word);
}

/* All that hotpatches need; a script says what is otherwise. */
static int give_usual_facts(struct actor *actor, const struct product *product,
			    const struct words *words)
{
	const char *edition = product->edition_count > 0 ? product->editions[0] : "Pro";

	if (actor_set_fact(actor, "os.family", family_name(product->family), words) < 0 ||
	    actor_set_fact(actor, "os.edition", edition, words) < 0 ||
	    actor_set_fact(actor, "licence.hotpatch", "yes", words) < 0 ||
	    actor_set_fact(actor, "vbs", "running", words) < 0)
		return -1;
	return actor->arch != ARCH_ARM64 ? 0
					 : actor_set_fact(actor, "chpe", "off", words);
}

static int make_device(struct stage *stage, const char *name, struct words *words)
{
	struct actor *actor = actor_new(stage, name, words);
	const char *word;

	if (actor == NULL)
		return -1;
	snprintf(actor->product, sizeof actor->product, "%s",
		 words_need(words, "a product"));
	actor->arch = words_take_if(words, "arm64") ? ARCH_ARM64 : ARCH_X64;
	const struct product *product = catalog_product(stage->catalog, actor->product);
	if (product == NULL)
		return trouble_tell(words, "the catalog has no product '%s'",
				    actor->product);
	if (give_usual_facts(actor, product, words) < 0)
		return -1;
	while ((word = words_take(words)) != NULL) {
		if (device_word(stage, actor, words, word) < 0)
			return -1;
	}
	if (actor->base.build.base == 0)
		return trouble_tell(words, "%s stands on no level", name);
	return stage->has_begun ? actor_visit(stage, actor, words) : 0;
}

/* "a,b,pc1..pc4" */
struct names {
	size_t count;
	char name[STAGE_ACTORS][NAME_MOST];
};

static int add_name(struct names *names, const struct words *words, const char *stem,
		    const char *number)
{
	if (names->count == STAGE_ACTORS)
		return trouble_tell(words, "more than %d names", STAGE_ACTORS);
	char *name = names->name[names->count++];
	if (snprintf(name, NAME_MOST, "%s%s", stem, number) >= NAME_MOST)
		return trouble_tell(words, "the name '%s' is too long", name);
	return 0;
}

/* "pc1..pc40", or one name. */
static int add_names(struct names *names, const struct words *words, char *one)
{
	char *span = strstr(one, "..");
	size_t stem = strcspn(one, "0123456789");
	char number[24];

	if (span == NULL)
		return add_name(names, words, one, "");
	const char *end = span + 2 + strcspn(span + 2, "0123456789");
	unsigned long first = strtoul(one + stem, NULL, 10);
	unsigned long last = strtoul(end, NULL, 10);
	one[stem] = '\0';
	for (unsigned long i = first; i <= last; i++) {
		snprintf(number, sizeof number, "%lu", i);
		if (add_name(names, words, one, number) < 0)
			return -1;
	}
	return 0;
}

static int take_names(struct words *words, struct names *names)
{
	const char *list = words_need(words, "a name");
	char one[2 * NAME_MOST];

	names->count = 0;
	while (*list != '\0') {
		size_t size = strcspn(list, ",");
		if (size >= sizeof one)
			return trouble_tell(words, "the name '%s' is too long", list);
		memcpy(one, list, size);
		one[size] = '\0';
		list += size + (list[size] == ',');
		if (add_names(names, words, one) < 0)
			return -1;
	}
	return 0;
}

static int run_device(struct stage *stage, struct words *words)
{
	struct names names;

	if (stage_ready(stage, words) < 0 || take_names(words, &names) < 0)
		return -1;
	size_t after = words->next;
	for (size_t i = 0; i < names.count; i++) {
		words->next = after;
		if (make_device(stage, names.name[i], words) < 0)
			return -1;
	}
	return 0;
}

/* "dc*": every device whose name begins so. */
static int each_like(struct stage *stage, const char *pattern, struct words *words,
		     actor_deed *deed)
{
	size_t after = words->next;
	bool any = false;

	for (size_t i = 0; i < stage->actor_count; i++) {
		if (strncmp(stage->actors[i]->record.id, pattern, strlen(pattern) - 1) !=
		    0)
			continue;
		words->next = after;
		any = true;
		if (deed(stage, stage->actors[i], words) < 0)
			return -1;
	}
	return any ? 0 : trouble_tell(words, "there is no device '%s'", pattern);
}

int actors_each(struct stage *stage, struct words *words, actor_deed *deed)
{
	const char *list = words_peek(words);
	struct names names;

	if (!stage->has_begun)
		return trouble_tell(words, "the clock has not begun: say `at` first");
	if (stage_ready(stage, words) < 0)
		return -1;
	if (list != NULL && list[strlen(list) - 1] == '*')
		return each_like(stage, words_take(words), words, deed);
	if (take_names(words, &names) < 0)
		return -1;
	size_t after = words->next;
	for (size_t i = 0; i < names.count; i++) {
		struct actor *actor = actor_find(stage, names.name[i]);
		if (actor == NULL)
			return trouble_tell(words, "there is no device '%s'",
					    names.name[i]);
		words->next = after;
		if (deed(stage, actor, words) < 0)
			return -1;
	}
	return 0;
}

/* Time. */

static int run_at(struct stage *stage, struct words *words)
{
	int64_t at_s;

	if (words_time(words, stage->now_s, &at_s) < 0 || words_end(words) < 0)
		return -1;
	return stage_move(stage, at_s, words);
}

static int run_every(struct stage *stage, struct words *words)
{
	int64_t step_s, until_s;

	if (words_duration(words, &step_s) < 0)
		return -1;
	if (step_s <= 0 || !words_take_if(words, "until"))
		return trouble_tell(words, "say: every DURATION until TIME VERB ...");
	if (words_time(words, stage->now_s, &until_s) < 0)
		return -1;
	size_t verb = words->next;
	for (int64_t at_s = stage->now_s + step_s; at_s <= until_s; at_s += step_s) {
		if (at_s < stage->now_s)
			continue; /* what is done takes time */
		if (stage_move(stage, at_s, words) < 0)
			return -1;
		words->next = verb;
		if (words_peek(words) != NULL && verbs_run(stage, words) < 0)
			return -1;
	}
	words->next = words->count;
	return 0;
}

static const struct verb stage_verbs[] = {
	{ .name = "catalog", .run = run_catalog },
	{ .name = "target", .run = run_target },
	{ .name = "plan", .run = run_plan },
	{ .name = "policy", .run = run_plan_line },
	{ .name = "ring", .run = run_plan_line },
	{ .name = "hold", .run = run_plan_line },
	{ .name = "drop", .run = run_plan_line },
	{ .name = "device", .run = run_device },
	{ .name = "at", .run = run_at },
	{ .name = "every", .run = run_every },
	{ .name = NULL },
};

static const struct verb *find_verb(const char *name)
{
	static const struct verb *const tables[] = { stage_verbs, deed_verbs, day_verbs };

	if (strcmp(name, expect_verb.name) == 0)
		return &expect_verb;
	for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
		for (const struct verb *verb = tables[t]; verb->name != NULL; verb++) {
			if (strcmp(verb->name, name) == 0)
				return verb;
		}
	}
	return NULL;
}

int verbs_run(struct stage *stage, struct words *words)
{
	const char *name = words_need(words, "a verb");
	const struct verb *verb = find_verb(name);

	if (verb == NULL)
		return trouble_tell(words, "there is no verb '%s'", name);
	if (verb->run != NULL)
		return verb->run(stage, words);
	return actors_each(stage, words, verb->deed);
}
