#include "engine/explain.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/explain_private.h"

const char *const rule_group_names[RULE_GROUPS] = { "placement", "eligibility", "release",
						    "not-now" };

struct rule *tell(struct telling *t, enum rule_group group, const char *name,
		  const char *title)
{
	struct explanation *e = t->explanation;

	assert(e->rule_count < EXPLANATION_RULES);
	struct rule *rule = &e->rules[e->rule_count++];
	memset(rule, 0, sizeof *rule);
	rule->name = name;
	rule->title = title;
	rule->group = group;
	rule->observed_s = INSTANT_NONE;
	tell_verdict(rule, true, REASON_NONE);
	return rule;
}

void tell_verdict(struct rule *rule, bool passes, enum reason reason)
{
	rule->verdict = passes ? VERDICT_PASS : VERDICT_FAIL;
	rule->passes = passes;
	rule->reason = reason;
	rule->remedy = reason_face(reason)->remedy;
}

void tell_none(struct rule *rule, const char *observed)
{
	tell_verdict(rule, true, REASON_NONE);
	rule->verdict = VERDICT_DOES_NOT_APPLY;
	tell_observed(rule, "%s", observed);
}

/* Into `room`, cut to fit at a character's end. */
__attribute__((format(printf, 3, 0))) static void put(char *room, size_t size,
						      const char *fmt, va_list args)
{
	int wanted = vsnprintf(room, size, fmt, args);

	if (wanted < (int)size)
		return;
	size_t end = size - 1;
	while (end > 0 && ((unsigned char)room[end - 1] & 0xc0) == 0x80)
		end--;
	if (end > 0 && (unsigned char)room[end - 1] >= 0xc0)
		end--;
	room[end] = '\0';
}

void tell_observed(struct rule *rule, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	put(rule->observed, sizeof rule->observed, fmt, args);
	va_end(args);
}

void tell_expected(struct rule *rule, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	put(rule->expected, sizeof rule->expected, fmt, args);
	va_end(args);
}

void tell_source(struct rule *rule, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	put(rule->source, sizeof rule->source, fmt, args);
	va_end(args);
}

void tell_fact(struct telling *t, struct rule *rule, enum fact_id id)
{
	const struct facts *facts = t->j->situation->facts;
	const struct fact *fact = facts_find(facts, fact_id_name(id));

	rule->fact = fact_id_name(id);
	if (fact == NULL) {
		tell_observed(rule, "not reported");
		tell_source(rule, "fact %s", rule->fact);
		return;
	}
	rule->fact_source = (enum fact_source)fact->source;
	rule->observed_s = fact->observed_s;
	tell_observed(rule, "%s", fact_value(facts, fact));
	tell_source(rule, "fact %s, %s", rule->fact, fact_source_names[fact->source]);
}

const char *moment_text(int64_t at_s, char text[static MOMENT_TEXT])
{
	char full[INSTANT_TEXT];

	if (at_s == INSTANT_NONE || at_s >= OPENS_SOMETIME)
		return "no known time";
	instant_format(at_s, full); /* 2025-05-13T17:00:00Z */
	snprintf(text, MOMENT_TEXT, "%.10s %.5s UTC", full, full + 11);
	return text;
}

const char *day_text(int64_t at_s, char text[static MOMENT_TEXT])
{
	char full[INSTANT_TEXT];

	snprintf(text, MOMENT_TEXT, "%.10s", instant_format(at_s, full));
	return text;
}

const char *release_text(const struct line *line, int32_t index,
			 char text[static RELEASE_TEXT])
{
	const struct release *release = &line->releases[index];
	char kb[KB_TEXT], build[BUILD_TEXT];

	snprintf(text, RELEASE_TEXT, "%s (%s, %s)",
		 release->kb == 0 ? "the release" : kb_format(release->kb, kb),
		 release_kind_names[release->kind], build_format(release->build, build));
	return text;
}

void explanation_note(struct explanation *e, const char *label, const char *fmt, ...)
{
	va_list args;

	if (e->note_count == EXPLANATION_NOTES)
		return;
	char *note = e->notes[e->note_count++];
	int used = snprintf(note, sizeof e->notes[0], "%-11s ", label);
	assert(used > 0 && (size_t)used < sizeof e->notes[0]);
	va_start(args, fmt);
	put(note + used, sizeof e->notes[0] - (size_t)used, fmt, args);
	va_end(args);
}

static void tell_facts(struct telling *t)
{
	static const enum fact_id needed[] = { FACT_OS_BUILD, FACT_OS_ARCH,
					       FACT_OS_FAMILY };
	const struct facts *facts = t->j->situation->facts;
	const struct decision *d = &t->explanation->decision;
	char observed[sizeof t->explanation->rules[0].observed];
	struct rule *rule =
		tell(t, RULES_PLACEMENT, "facts", "facts name product and build");
	size_t used = 0;

	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		const char *value = facts_known(facts, needed[i]);
		used += (size_t)snprintf(observed + used, sizeof observed - used,
					 "%s%s %.40s", i == 0 ? "" : ", ",
					 fact_id_name(needed[i]),
					 value == NULL ? "not reported" : value);
	}
	bool missing = d->reason_count > 0 && d->reasons[0] == REASON_FACTS_MISSING;
	tell_verdict(rule, !missing, missing ? REASON_FACTS_MISSING : REASON_NONE);
	tell_observed(rule, "%s", observed);
	tell_expected(rule, "os.build, os.arch, and os.family where it is needed");
	tell_source(rule, "facts");
	if (missing)
		rule->verdict = VERDICT_NOT_REPORTED;
	rule->observed_s = facts->reported_s;
}

static void tell_product(struct telling *t)
{
	const struct decision *d = &t->explanation->decision;
	struct rule *rule =
		tell(t, RULES_PLACEMENT, "product", "product is in the catalog");

	tell_source(rule, "catalog");
	tell_expected(rule, "a product of its family, base and architecture");
	if (d->line != NULL) {
		tell_observed(rule, "%s, %s", d->product->name, arch_name(d->arch));
		return;
	}
	bool missing = d->reason_count > 0 && d->reasons[0] == REASON_FACTS_MISSING;
	tell_verdict(rule, false, missing ? REASON_FACTS_MISSING : REASON_NO_PRODUCT);
	if (missing)
		tell_observed(rule, "not found: the facts are too thin");
	else if (d->product != NULL)
		tell_observed(rule, "%s, but no release for its architecture",
			      d->product->name);
	else
		tell_observed(rule, "none fits");
}

static void tell_level(struct telling *t)
{
	const struct decision *d = &t->explanation->decision;
	struct rule *rule = tell(t, RULES_PLACEMENT, "level", "level is known");
	char text[RELEASE_TEXT], build[BUILD_TEXT], day[MOMENT_TEXT];

	tell_fact(t, rule, FACT_OS_BUILD);
	tell_expected(rule, "a KB and a build of the catalog");
	build_format(d->build, build);
	switch (d->level.state) {
	case LEVEL_NONE:
		tell_none(rule, "not looked for without a product");
		break;
	case LEVEL_KNOWN:
		tell_observed(
			rule, "%s of %s", release_text(d->line, d->level.index, text),
			day_text(d->line->releases[d->level.index].published_s, day));
		break;
	case LEVEL_UNKNOWN:
		tell_verdict(rule, false, REASON_LEVEL_UNKNOWN);
		tell_observed(rule, "%s: no release has this build", build);
		break;
	case LEVEL_AMBIGUOUS:
		tell_verdict(rule, false, REASON_LEVEL_AMBIGUOUS);
		tell_observed(rule,
			      "%s: several releases have it, and os.kbs singles "
			      "none out",
			      build);
		break;
	}
}

static void tell_plan(struct telling *t)
{
	const struct judgement *j = t->j;
	struct rule *rule = tell(t, RULES_PLACEMENT, "ring", "a ring matches");

	tell_source(rule, "plan");
	tell_expected(rule, "the first ring whose expression matches");
	if (j->ring == NULL) {
		tell_verdict(rule, false, REASON_NO_RING);
		tell_observed(rule, "none");
	} else {
		tell_observed(rule, "%s: %.100s", j->ring->name, j->ring->match_text);
	}
	rule = tell(t, RULES_PLACEMENT, "policy-match", "a policy matches");
	tell_source(rule, "plan");
	tell_expected(rule, "the first policy whose expression matches");
	if (j->policy == NULL) {
		tell_verdict(rule, false, REASON_POLICY);
		tell_observed(rule, "none: hotpatches are blocked");
	} else {
		tell_observed(rule, "%s: %.100s", j->policy->name, j->policy->match_text);
	}
}

/* The release of this line that the question names: the newest published where its KB
 * has several builds; -1 for none. */
static int32_t find_asked(const struct judgement *j,
			  const struct explain_question *question)
{
	int32_t found = -1;

	for (int32_t i = 0; j->line != NULL && i < (int32_t)j->line->count; i++) {
		const struct release *release = &j->line->releases[i];
		if (release->kb != question->kb ||
		    (question->build.base != 0 &&
		     !build_equal(release->build, question->build)))
			continue;
		if (found < 0 || i < j->published)
			found = i;
	}
	return found;
}

static void tell_headline(struct explanation *e)
{
	const struct decision *d = &e->decision;
	char text[RELEASE_TEXT] = "", moment[MOMENT_TEXT];
	const char *sentence =
		d->reason_count == 0
			? ""
			: reason_face(d->reasons[d->reason_count - 1])->sentence;

	if (d->release >= 0)
		release_text(d->line, d->release, text);
	char *room = e->headline;
	size_t size = sizeof e->headline;
	if (d->action == ACTION_RESTART)
		snprintf(room, size, "%s is due to restart by %s.", e->device,
			 moment_text(d->restart_by_s, moment));
	else if (d->action == ACTION_UNINSTALL)
		snprintf(room, size, "%s is told to remove %s.", e->device, text);
	else if (d->action == ACTION_INSTALL)
		snprintf(room, size, "%s is offered %s.", e->device, text);
	else if (d->standing == STANDING_UP_TO_DATE)
		snprintf(room, size, "%s is up to date on %s.", e->device,
			 release_text(d->line, d->level.index, text));
	else if (d->release >= 0)
		snprintf(room, size, "%s waits for %s: %s", e->device, text, sentence);
	else
		snprintf(room, size, "%s is offered nothing: %s", e->device, sentence);
}

static void tell_asked_headline(struct explanation *e)
{
	const struct decision *d = &e->decision;
	char text[RELEASE_TEXT];
	bool stands = d->level.state == LEVEL_KNOWN && d->level.index == e->release;

	release_text(d->line, e->release, text);
	if (e->offered)
		return; /* the plain headline says so */
	memcpy(e->instead, e->headline, sizeof e->instead);
	snprintf(e->headline, sizeof e->headline, "%s %s %s.", e->device,
		 stands ? "stands on" : "is not offered", text);
}

static void begin(struct explanation *e, const struct situation *s)
{
	memset(e, 0, offsetof(struct explanation, rules));
	e->way_back_count = e->note_count = 0;
	e->device = s->device;
	e->now_s = s->now_s;
	decide(s, &e->decision);
	e->release = e->decision.release;
}

int explain(const struct situation *situation, const struct explain_question *question,
	    struct explanation *e)
{
	struct decision scratch;
	struct judgement j;
	struct ways ways;
	int rc = 0;

	begin(e, situation);
	struct telling t = { e, &j, judgement_begin(&j, &ways, situation, &scratch) };
	scratch = e->decision; /* delays depend on what was decided */
	tell_headline(e);
	explain_stuck(e, situation->history);
	if (question != NULL && question->kb != 0) {
		e->asked = true;
		e->release = find_asked(&j, question);
		rc = e->release < 0 ? -1 : 0;
	}
	e->offered = e->release >= 0 && e->decision.release == e->release &&
		     e->decision.action == ACTION_INSTALL;
	if (e->asked && e->release >= 0)
		tell_asked_headline(e);
	if (rc < 0) {
		char kb[KB_TEXT];
		memcpy(e->instead, e->headline, sizeof e->instead);
		snprintf(e->headline, sizeof e->headline,
			 "%s is not offered %s: its product and architecture have no "
			 "such release.",
			 e->device, kb_format(question->kb, kb));
	}
	tell_facts(&t);
	tell_product(&t);
	tell_level(&t);
	tell_plan(&t);
	explain_rows(&t);
	if (t.placed && e->release >= 0)
		explain_release(&t);
	explain_not_now(&t);
	explain_way_back(&t);
	return rc;
}
