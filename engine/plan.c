#include "engine/plan.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/expression.h"
#include "engine/problem.h"

struct plan_memory {
	atomic_int references;
	struct policy *policies;
	struct ring *rings;
	struct hold *holds;
	struct hold_place *holds_by_kb;
};

struct ring_texts {
	char after[LIMIT_NAME + 1];
	char zone[LIMIT_NAME + 1], window_zone[LIMIT_NAME + 1];
};

/* The draft is a plan whose texts are not resolved yet. */
struct plan_draft {
	struct plan plan;
	struct policy policies[LIMIT_POLICIES];
	struct ring rings[LIMIT_RINGS];
	struct ring_texts texts[LIMIT_RINGS];
	struct hold holds[LIMIT_HOLDS];
	struct findings early;
};

struct plan_draft *plan_draft_new(int64_t facts_fresh_s)
{
	struct plan_draft *draft = calloc(1, sizeof *draft);
	if (draft == NULL)
		return NULL;
	draft->plan.facts_fresh_s = facts_fresh_s;
	findings_init(&draft->early);
	return draft;
}

static void free_match(const char *text, const struct expression *match)
{
	free((void *)text);
	expression_free((struct expression *)match);
}

void plan_draft_free(struct plan_draft *draft)
{
	if (draft == NULL)
		return;
	for (size_t i = 0; i < draft->plan.policy_count; i++)
		free_match(draft->policies[i].match_text, draft->policies[i].match);
	for (size_t i = 0; i < draft->plan.ring_count; i++)
		free_match(draft->rings[i].match_text, draft->rings[i].match);
	for (size_t i = 0; i < draft->plan.hold_count; i++)
		free_match(draft->holds[i].match_text, draft->holds[i].match);
	findings_fini(&draft->early);
	free(draft);
}

/* What an expression belongs to. */
struct subject {
	const char *what, *name;
	struct origin origin;
};

/* Compile `text`; a fault becomes a finding at the subject's origin. */
static void compile(struct plan_draft *draft, struct subject subject, const char *text,
		    const char **match_text, const struct expression **match)
{
	struct problem p = { 0 };

	*match_text = strdup(text == NULL ? "" : text);
	*match = text == NULL ? NULL : expression_compile(text, &p);
	if (text == NULL || text[0] == '\0')
		findings_add(&draft->early, SEVERITY_ERROR, subject.origin,
			     "<match>any</match> takes every device",
			     "%s '%s' has no match expression", subject.what,
			     subject.name);
	else if (*match == NULL || *match_text == NULL)
		findings_add(&draft->early, SEVERITY_ERROR, subject.origin, NULL,
			     "the match expression of %s '%s': %s", subject.what,
			     subject.name, p.text);
}

static int too_many(struct plan_draft *draft, const char *what, int limit,
		    struct origin origin)
{
	findings_add(&draft->early, SEVERITY_ERROR, origin, NULL,
		     "a plan holds at most %d %s", limit, what);
	return -1;
}

int plan_draft_policy(struct plan_draft *draft, const struct policy *policy,
		      const char *match)
{
	if (draft->plan.policy_count == LIMIT_POLICIES)
		return too_many(draft, "policies", LIMIT_POLICIES, policy->origin);
	size_t errors = draft->early.errors;
	struct policy *to = &draft->policies[draft->plan.policy_count++];
	*to = *policy;
	compile(draft, (struct subject){ "policy", to->name, to->origin }, match,
		&to->match_text, &to->match);
	return draft->early.errors == errors ? 0 : -1;
}

static void copy_name(char to[static LIMIT_NAME + 1], const char *from)
{
	to[0] = '\0';
	if (from != NULL)
		strncat(to, from, LIMIT_NAME);
}

int plan_draft_ring(struct plan_draft *draft, const struct ring_draft *ring)
{
	if (draft->plan.ring_count == LIMIT_RINGS)
		return too_many(draft, "rings", LIMIT_RINGS, ring->origin);
	size_t errors = draft->early.errors;
	size_t index = draft->plan.ring_count++;
	struct ring *to = &draft->rings[index];
	*to = ring->ring;
	to->after = -1;
	to->zone = NULL;
	to->window_zone = NULL;
	to->origin = ring->origin;
	copy_name(draft->texts[index].after, ring->after);
	copy_name(draft->texts[index].zone, ring->zone);
	copy_name(draft->texts[index].window_zone, ring->window_zone);
	compile(draft, (struct subject){ "ring", to->name, to->origin }, ring->match,
		&to->match_text, &to->match);
	return draft->early.errors == errors ? 0 : -1;
}

int plan_draft_hold(struct plan_draft *draft, const struct hold *hold, const char *match)
{
	if (draft->plan.hold_count == LIMIT_HOLDS)
		return too_many(draft, "holds", LIMIT_HOLDS, hold->origin);
	size_t errors = draft->early.errors;
	struct hold *to = &draft->holds[draft->plan.hold_count++];
	char kb[KB_TEXT];
	*to = *hold;
	compile(draft, (struct subject){ "hold", kb_format(to->kb, kb), to->origin },
		match, &to->match_text, &to->match);
	return draft->early.errors == errors ? 0 : -1;
}

static int ring_index(const struct ring *rings, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rings[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

static const struct zone *zone_of(const char *name, const struct ring *ring,
				  zone_source zones, void *owner,
				  struct findings *findings)
{
	if (name[0] == '\0')
		return NULL;
	const struct zone *zone = zones == NULL ? NULL : zones(owner, name);
	if (zone == NULL)
		findings_add(findings, SEVERITY_ERROR, ring->origin,
			     "an IANA name such as Europe/Berlin",
			     "ring '%s' names time zone '%s', which is not known",
			     ring->name, name);
	return zone;
}

static void resolve_rings(struct plan_draft *draft, zone_source zones, void *owner,
			  struct findings *findings)
{
	size_t count = draft->plan.ring_count;
	const char *names[LIMIT_RINGS];

	for (size_t i = 0; i < count; i++)
		names[i] = draft->rings[i].name;
	for (size_t i = 0; i < count; i++) {
		struct ring *ring = &draft->rings[i];
		const char *after = draft->texts[i].after;
		ring->zone = zone_of(draft->texts[i].zone, ring, zones, owner, findings);
		ring->window_zone = zone_of(draft->texts[i].window_zone, ring, zones,
					    owner, findings);
		if (after[0] == '\0')
			continue;
		ring->after = ring_index(draft->rings, count, after);
		if (ring->after >= 0)
			continue;
		const char *near = nearest_word(after, names, count);
		char hint[120] = "";
		if (near != NULL)
			snprintf(hint, sizeof hint, "did you mean '%s'?", near);
		findings_add(findings, SEVERITY_ERROR, ring->origin, hint,
			     "ring '%s' waits for ring '%s', which is not in the plan",
			     ring->name, after);
	}
}

static void check_ring_cycles(const struct plan_draft *draft, struct findings *findings)
{
	for (size_t i = 0; i < draft->plan.ring_count; i++) {
		const struct ring *start = &draft->rings[i];
		int at = start->after;
		for (size_t steps = 0; at >= 0 && steps < draft->plan.ring_count;
		     steps++) {
			if (at == (int)i) {
				findings_add(findings, SEVERITY_ERROR, start->origin,
					     "one ring of the circle must wait for none",
					     "ring '%s' waits for itself, through '%s'",
					     start->name,
					     draft->rings[start->after].name);
				break;
			}
			at = draft->rings[at].after;
		}
	}
}

/* Two things of one name, or one that can never be reached behind a match of `any`. */
static void check_names(struct findings *findings, const char *what, const char *name,
			const char *earlier, const char *earlier_match,
			struct origin origin)
{
	if (strcmp(name, earlier) == 0)
		findings_add(findings, SEVERITY_ERROR, origin, "names are unique",
			     "%s '%s' is there already", what, name);
	else if (strcmp(earlier_match, "any") == 0)
		findings_add(
			findings, SEVERITY_WARNING, origin,
			"put the one that matches any last",
			"%s '%s' is never reached: '%s' before it matches any device",
			what, name, earlier);
}

static void check_sense(const struct plan_draft *draft, struct findings *findings)
{
	for (size_t i = 0; i < draft->plan.policy_count; i++) {
		for (size_t j = 0; j < i; j++)
			check_names(findings, "policy", draft->policies[i].name,
				    draft->policies[j].name,
				    draft->policies[j].match_text,
				    draft->policies[i].origin);
	}
	for (size_t i = 0; i < draft->plan.ring_count; i++) {
		const struct ring *ring = &draft->rings[i];
		for (size_t j = 0; j < i; j++)
			check_names(findings, "ring", ring->name, draft->rings[j].name,
				    draft->rings[j].match_text, ring->origin);
		if (ring->after >= 0 && ring->defer_s < draft->rings[ring->after].defer_s)
			findings_add(
				findings, SEVERITY_WARNING, ring->origin, NULL,
				"ring '%s' has a shorter deferral than '%s', which it "
				"waits for",
				ring->name, draft->rings[ring->after].name);
		if (ring->after >= 0 && !draft->rings[ring->after].gate.set)
			findings_add(findings, SEVERITY_WARNING, ring->origin,
				     "give that ring a <gate>",
				     "ring '%s' waits for '%s', which has no gate: one "
				     "verified device will pass it",
				     ring->name, draft->rings[ring->after].name);
	}
	if (draft->plan.ring_count == 0)
		findings_add(findings, SEVERITY_WARNING, (struct origin){ "plan", 0 },
			     "add a <ring>",
			     "the plan has no ring: no device gets anything");
}

static void free_memory(struct plan_memory *memory)
{
	if (memory == NULL)
		return;
	free(memory->policies);
	free(memory->rings);
	free(memory->holds);
	free(memory->holds_by_kb);
	free(memory);
}

static int compare_places(const void *left, const void *right)
{
	const struct hold_place *a = left, *b = right;

	if (a->kb != b->kb)
		return a->kb < b->kb ? -1 : 1;
	return a->hold < b->hold ? -1 : a->hold > b->hold;
}

static struct plan *lay_out(struct plan_draft *draft)
{
	struct plan *plan = calloc(1, sizeof *plan);
	struct plan_memory *memory = calloc(1, sizeof *memory);
	if (plan != NULL && memory != NULL) {
		memory->policies =
			calloc(draft->plan.policy_count + 1, sizeof(struct policy));
		memory->rings = calloc(draft->plan.ring_count + 1, sizeof(struct ring));
		memory->holds = calloc(draft->plan.hold_count + 1, sizeof(struct hold));
		memory->holds_by_kb =
			calloc(draft->plan.hold_count + 1, sizeof(struct hold_place));
	}
	if (plan == NULL || memory == NULL || memory->policies == NULL ||
	    memory->rings == NULL || memory->holds == NULL ||
	    memory->holds_by_kb == NULL) {
		free_memory(memory);
		free(plan);
		return NULL;
	}
	*plan = draft->plan;
	plan->memory = memory;
	atomic_init(&memory->references, 1);
	memcpy(memory->policies, draft->policies,
	       plan->policy_count * sizeof(struct policy));
	memcpy(memory->rings, draft->rings, plan->ring_count * sizeof(struct ring));
	memcpy(memory->holds, draft->holds, plan->hold_count * sizeof(struct hold));
	for (size_t i = 0; i < plan->hold_count; i++)
		memory->holds_by_kb[i] =
			(struct hold_place){ memory->holds[i].kb, (uint32_t)i };
	qsort(memory->holds_by_kb, plan->hold_count, sizeof(struct hold_place),
	      compare_places);
	plan->policies = memory->policies;
	plan->rings = memory->rings;
	plan->holds = memory->holds;
	plan->holds_by_kb = memory->holds_by_kb;
	/* The expressions and texts are the plan's now. */
	draft->plan.policy_count = draft->plan.ring_count = draft->plan.hold_count = 0;
	return plan;
}

struct plan *plan_seal(struct plan_draft *draft, zone_source zones, void *owner,
		       struct findings *findings)
{
	size_t before = findings->errors;

	for (size_t i = 0; i < draft->early.count; i++) {
		const struct finding *told = &draft->early.list[i];
		findings_add(findings, told->severity, told->origin, told->hint, "%s",
			     told->text);
	}
	resolve_rings(draft, zones, owner, findings);
	check_ring_cycles(draft, findings);
	if (findings->errors == before)
		check_sense(draft, findings);
	if (findings->errors != before)
		return NULL;
	struct plan *plan = lay_out(draft);
	if (plan == NULL)
		findings_add(findings, SEVERITY_ERROR, (struct origin){ "plan", 0 }, NULL,
			     "out of memory");
	return plan;
}

struct plan *plan_take(struct plan *plan)
{
	atomic_fetch_add(&plan->memory->references, 1);
	return plan;
}

void plan_give(struct plan *plan)
{
	if (plan == NULL || atomic_fetch_sub(&plan->memory->references, 1) != 1)
		return;
	for (size_t i = 0; i < plan->policy_count; i++)
		free_match(plan->policies[i].match_text, plan->policies[i].match);
	for (size_t i = 0; i < plan->ring_count; i++)
		free_match(plan->rings[i].match_text, plan->rings[i].match);
	for (size_t i = 0; i < plan->hold_count; i++)
		free_match(plan->holds[i].match_text, plan->holds[i].match);
	free_memory(plan->memory);
	free(plan);
}

int plan_policy_of(const struct plan *plan, const struct facts *facts)
{
	for (size_t i = 0; i < plan->policy_count; i++) {
		if (expression_test(plan->policies[i].match, facts) == TRUTH_TRUE)
			return (int)i;
	}
	return -1;
}

int plan_ring_of(const struct plan *plan, const struct facts *facts)
{
	for (size_t i = 0; i < plan->ring_count; i++) {
		if (expression_test(plan->rings[i].match, facts) == TRUTH_TRUE)
			return (int)i;
	}
	return -1;
}

int plan_ring_named(const struct plan *plan, const char *name)
{
	return ring_index(plan->rings, plan->ring_count, name);
}

size_t plan_holds_of(const struct plan *plan, uint32_t kb,
		     const struct hold_place **first)
{
	size_t low = 0, high = plan->hold_count, count = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (plan->holds_by_kb[middle].kb < kb)
			low = middle + 1;
		else
			high = middle;
	}
	*first = plan->holds_by_kb + low;
	while (low + count < plan->hold_count && plan->holds_by_kb[low + count].kb == kb)
		count++;
	return count;
}
