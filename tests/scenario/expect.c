/* expect A CLAUSE...: what the engine must say of a device now.
 *
 *	install KB [BUILD] | uninstall KB [BUILD] | restart | none
 *	not KB				whatever it is, it is not an offer of this
 *	for KB				the release it is about, also when it waits
 *	kind KIND, rule LETTER, standing WORD, track hotpatch|standard
 *	reason R, without R, reasons R... (all of them, in order; `none`)
 *	level KB [BUILD] | level unknown|ambiguous
 *	opens, install-by, restart-by, not-before, rejoin TIME | none	that day, or
 *minute row ROW pass|fail|not-reported|does-not-apply qualifies, overdue, download-only,
 *left-track yes|no flow STATE, recovery STATE	its flow, what a person asked for restarts
 *N, events KIND N	as the server has counted them
 *	says "WORDS" [about KB]		its explanation has them
 *
 * expect rollout KB [BUILD] in RING open|passed|halted|withdrawn|paused: what became of a
 * release in a ring, for every product that has it and devices. */

#include <stdio.h>
#include <string.h>

#include "actor.h"
#include "engine/explain.h"

struct expecting {
	struct stage *stage;
	const struct actor *actor;
	struct decision decision;
	struct words *words;
};

static int differs(const struct expecting *e, const char *what, const char *expected)
{
	char text[1400];

	return trouble_tell(e->words, "%s: expected %s%s%s\n  got: %s",
			    e->actor->record.id, what, expected[0] == '\0' ? "" : " ",
			    expected, decision_tell(&e->decision, text, sizeof text));
}

static int compare_word(struct expecting *e, const char *what, const char *actual)
{
	const char *expected = words_need(e->words, "a value");

	if (strcmp(expected, actual) == 0)
		return 0;
	char text[200];
	snprintf(text, sizeof text, "%s, not %s", expected, actual);
	return differs(e, what, text);
}

static bool is_release(const struct decision *d, uint32_t kb, struct build build)
{
	if (d->release < 0)
		return false;
	const struct release *release = &d->line->releases[d->release];
	return release->kb == kb &&
	       (build.base == 0 || build_equal(release->build, build));
}

static int expect_release(struct expecting *e, const char *what)
{
	char kb_text[KB_TEXT], build_text[BUILD_TEXT], text[80];
	struct build build;
	uint32_t kb;

	if (words_kb(e->words, &kb) < 0)
		return -1;
	words_maybe_build(e->words, &build);
	if (is_release(&e->decision, kb, build))
		return 0;
	snprintf(text, sizeof text, "%s %s", kb_format(kb, kb_text),
		 build.base == 0 ? "" : build_format(build, build_text));
	return differs(e, what, text);
}

static int expect_install(struct expecting *e)
{
	if (e->decision.action != ACTION_INSTALL)
		return differs(e, "install",
			       words_peek(e->words) == NULL ? "" : words_peek(e->words));
	return expect_release(e, "install");
}

static int expect_uninstall(struct expecting *e)
{
	if (e->decision.action != ACTION_UNINSTALL)
		return differs(e, "uninstall", "");
	return expect_release(e, "uninstall");
}

static int expect_restart(struct expecting *e)
{
	return e->decision.action == ACTION_RESTART ? 0 : differs(e, "restart", "");
}

static int expect_none(struct expecting *e)
{
	return e->decision.action == ACTION_NONE ? 0 : differs(e, "none", "");
}

static int expect_for(struct expecting *e)
{
	return expect_release(e, "for");
}

static int expect_not(struct expecting *e)
{
	struct build build;
	uint32_t kb;

	if (words_kb(e->words, &kb) < 0)
		return -1;
	words_maybe_build(e->words, &build);
	bool offered = e->decision.action == ACTION_INSTALL || e->decision.download_only;
	if (!offered || !is_release(&e->decision, kb, build))
		return 0;
	return differs(e, "no offer of it", "");
}

static int expect_kind(struct expecting *e)
{
	const struct decision *d = &e->decision;
	return compare_word(
		e, "kind",
		d->release < 0 ? "none"
			       : release_kind_names[d->line->releases[d->release].kind]);
}

static int expect_rule(struct expecting *e)
{
	char rule[2] = { e->decision.rule, '\0' };
	return compare_word(e, "rule", rule[0] == '\0' ? "none" : rule);
}

static int expect_standing(struct expecting *e)
{
	return compare_word(e, "standing", standing_names[e->decision.standing]);
}

static int expect_track(struct expecting *e)
{
	bool hotpatch = e->decision.track == TRACK_HOTPATCH;
	return compare_word(e, "track", hotpatch ? "hotpatch" : "standard");
}

static bool has_reason(const struct decision *d, const char *name)
{
	for (int i = 0; i < d->reason_count; i++) {
		if (strcmp(reason_face(d->reasons[i])->name, name) == 0)
			return true;
	}
	return false;
}

static bool is_reason(const char *name)
{
	for (int reason = REASON_NONE + 1; reason < REASONS; reason++) {
		if (strcmp(reason_face((enum reason)reason)->name, name) == 0)
			return true;
	}
	return false;
}

static int need_reason(struct expecting *e, const char **name)
{
	*name = words_need(e->words, "a reason");
	if (is_reason(*name))
		return 0;
	return trouble_tell(e->words, "there is no reason '%s'", *name);
}

static int expect_reason(struct expecting *e)
{
	const char *name;

	if (need_reason(e, &name) < 0)
		return -1;
	return has_reason(&e->decision, name) ? 0 : differs(e, "the reason", name);
}

static int expect_without(struct expecting *e)
{
	const char *name;

	if (need_reason(e, &name) < 0)
		return -1;
	return has_reason(&e->decision, name) ? differs(e, "no reason", name) : 0;
}

/* All that follow and are reasons. */
static int expect_reasons(struct expecting *e)
{
	const struct decision *d = &e->decision;
	char expected[400] = "";
	size_t used = 0;
	int count = 0;
	bool same = true;

	if (words_take_if(e->words, "none"))
		return d->reason_count == 0 ? 0 : differs(e, "no reasons", "");
	while (words_peek(e->words) != NULL && is_reason(words_peek(e->words))) {
		const char *name = words_take(e->words);
		same = same && count < d->reason_count &&
		       strcmp(reason_face(d->reasons[count])->name, name) == 0;
		count++;
		used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s",
					 used == 0 ? "" : " ", name);
		if (used >= sizeof expected)
			return trouble_tell(e->words, "so many reasons there are not");
	}
	if (count == 0)
		return trouble_tell(e->words, "which reasons?  there is no '%s'",
				    words_peek(e->words) == NULL ? ""
								 : words_peek(e->words));
	return same && count == d->reason_count ? 0 : differs(e, "the reasons", expected);
}

static int expect_level(struct expecting *e)
{
	const struct level *level = &e->decision.level;
	struct build build;
	uint32_t kb;

	if (words_take_if(e->words, "unknown"))
		return level->state == LEVEL_UNKNOWN ? 0
						     : differs(e, "level unknown", "");
	if (words_take_if(e->words, "ambiguous"))
		return level->state == LEVEL_AMBIGUOUS
			       ? 0
			       : differs(e, "level ambiguous", "");
	if (words_kb(e->words, &kb) < 0)
		return -1;
	words_maybe_build(e->words, &build);
	if (level->state == LEVEL_KNOWN && level->kb == kb &&
	    (build.base == 0 || build_equal(build, level->build)))
		return 0;
	char text[KB_TEXT];
	return differs(e, "level", kb_format(kb, text));
}

/* A date alone is that day, a time that minute. */
static int compare_time(struct expecting *e, const char *what, int64_t actual_s)
{
	char expected[INSTANT_TEXT], actual[INSTANT_TEXT], text[100];
	const char *word = words_peek(e->words);
	size_t before = e->words->next;
	int64_t at_s;

	if (words_take_if(e->words, "none"))
		return actual_s == INSTANT_NONE ? 0 : differs(e, what, "none");
	if (words_time(e->words, e->stage->now_s, &at_s) < 0)
		return -1;
	bool is_day =
		e->words->next == before + 1 && strlen(word) == strlen("2025-10-24");
	if (actual_s >= at_s && actual_s < at_s + (is_day ? DAY_S : MINUTE_S))
		return 0;
	snprintf(text, sizeof text, "%s, not %s", instant_format(at_s, expected),
		 actual_s == INSTANT_NONE ? "none" : instant_format(actual_s, actual));
	return differs(e, what, text);
}

static int expect_opens(struct expecting *e)
{
	return compare_time(e, "opens", e->decision.opens_s);
}

static int expect_install_by(struct expecting *e)
{
	return compare_time(e, "install-by", e->decision.install_by_s);
}

static int expect_restart_by(struct expecting *e)
{
	return compare_time(e, "restart-by", e->decision.restart_by_s);
}

static int expect_not_before(struct expecting *e)
{
	return compare_time(e, "not-before", e->decision.not_before_s);
}

static int expect_rejoin(struct expecting *e)
{
	return compare_time(e, "rejoin", e->decision.rejoin_s);
}

static int expect_row(struct expecting *e)
{
	static const char *const verdicts[] = { "pass", "fail", "not-reported",
						"does-not-apply" };
	const char *name = words_need(e->words, "a row");

	for (int row = 0; row < ROWS; row++) {
		if (strcmp(row_names[row], name) == 0)
			return compare_word(e, name,
					    verdicts[e->decision.rows[row].verdict]);
	}
	return trouble_tell(e->words, "there is no row '%s'", name);
}

static int compare_flag(struct expecting *e, const char *what, bool actual)
{
	return compare_word(e, what, actual ? "yes" : "no");
}

static int expect_qualifies(struct expecting *e)
{
	return compare_flag(e, "qualifies", e->decision.qualifies);
}

static int expect_overdue(struct expecting *e)
{
	return compare_flag(e, "overdue", e->decision.overdue);
}

static int expect_download_only(struct expecting *e)
{
	return compare_flag(e, "download-only", e->decision.download_only);
}

static int expect_left_track(struct expecting *e)
{
	return compare_flag(e, "left-track", e->decision.left_track);
}

static int expect_flow(struct expecting *e)
{
	return compare_word(e, "flow",
			    flow_state_name(e->actor->record.history.flow.state));
}

static int expect_recovery(struct expecting *e)
{
	return compare_word(e, "recovery",
			    recovery_state_names[e->actor->record.history.request.state]);
}

static int compare_number(struct expecting *e, const char *what, int64_t actual)
{
	int64_t expected;
	char text[80];

	if (words_number(e->words, &expected) < 0)
		return -1;
	if (expected == actual)
		return 0;
	snprintf(text, sizeof text, "%lld, not %lld", (long long)expected,
		 (long long)actual);
	return differs(e, what, text);
}

static int expect_restarts(struct expecting *e)
{
	return compare_number(e, "restarts", e->actor->record.restarts);
}

static int expect_events(struct expecting *e)
{
	const char *name = words_need(e->words, "a kind of event");

	for (int kind = 0; kind < EVENT_KINDS; kind++) {
		if (strcmp(event_kind_names[kind], name) == 0)
			return compare_number(e, name, e->actor->events[kind]);
	}
	return trouble_tell(e->words, "there is no event '%s'", name);
}

static int expect_says(struct expecting *e)
{
	static struct explanation explanation;
	static char text[EXPLANATION_TEXT];
	struct situation situation = stage_situation(e->stage, e->actor);
	struct explain_question question = { 0 };
	const char *wanted = words_need(e->words, "what it says");

	if (words_take_if(e->words, "about")) {
		if (words_kb(e->words, &question.kb) < 0)
			return -1;
		words_maybe_build(e->words, &question.build);
	}
	explain(&situation, &question, &explanation);
	explanation_text(&explanation, text, sizeof text);
	if (strstr(text, wanted) != NULL)
		return 0;
	return trouble_tell(e->words, "%s: expected an explanation with \"%s\"\n%.1900s",
			    e->actor->record.id, wanted, text);
}

static const struct {
	const char *name;
	int (*expect)(struct expecting *e);
} clauses[] = {
	{ "install", expect_install },
	{ "uninstall", expect_uninstall },
	{ "restart", expect_restart },
	{ "none", expect_none },
	{ "not", expect_not },
	{ "for", expect_for },
	{ "kind", expect_kind },
	{ "rule", expect_rule },
	{ "standing", expect_standing },
	{ "track", expect_track },
	{ "reason", expect_reason },
	{ "without", expect_without },
	{ "reasons", expect_reasons },
	{ "level", expect_level },
	{ "opens", expect_opens },
	{ "install-by", expect_install_by },
	{ "restart-by", expect_restart_by },
	{ "not-before", expect_not_before },
	{ "rejoin", expect_rejoin },
	{ "row", expect_row },
	{ "qualifies", expect_qualifies },
	{ "overdue", expect_overdue },
	{ "download-only", expect_download_only },
	{ "left-track", expect_left_track },
	{ "flow", expect_flow },
	{ "recovery", expect_recovery },
	{ "restarts", expect_restarts },
	{ "events", expect_events },
	{ "says", expect_says },
};

static int expect_clause(struct expecting *e, const char *name)
{
	for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++) {
		if (strcmp(clauses[i].name, name) == 0)
			return clauses[i].expect(e);
	}
	return trouble_tell(e->words, "'%s' cannot be expected", name);
}

static int expect_actor(struct stage *stage, struct actor *actor, struct words *words)
{
	struct expecting e = { .stage = stage, .actor = actor, .words = words };
	const char *name = words_need(words, "what is expected");

	stage_decide(stage, actor, &e.decision);
	for (; name != NULL; name = words_take(words)) {
		if (expect_clause(&e, name) < 0)
			return -1;
	}
	return 0;
}

static const char *rollout_word(const struct stage *stage, const struct rollout *rollout)
{
	if (rollout->withdrawn)
		return "withdrawn";
	if (rollout->halted)
		return "halted";
	if (rollout->paused_until_s > stage->now_s)
		return "paused";
	return rollout->passed_s != 0 && rollout->passed_s <= stage->now_s ? "passed"
									   : "open";
}

/* Some device is of this product. */
static bool is_played(const struct stage *stage, const char *product)
{
	for (size_t i = 0; i < stage->actor_count; i++) {
		if (strcmp(stage->actors[i]->product, product) == 0)
			return true;
	}
	return false;
}

static int expect_rollout(struct stage *stage, struct words *words)
{
	struct build build;
	uint32_t kb;
	bool any = false;

	if (stage_ready(stage, words) < 0 || words_kb(words, &kb) < 0)
		return -1;
	words_maybe_build(words, &build);
	if (!words_take_if(words, "in"))
		return trouble_tell(words, "say: expect rollout KB in RING WORD");
	const char *ring_name = words_need(words, "a ring");
	const char *expected = words_need(words, "what became of it");
	int ring = plan_ring_named(stage->plan, ring_name);
	if (ring < 0)
		return trouble_tell(words, "the plan has no ring '%s'", ring_name);
	for (size_t t = 0; t < stage->catalog->title_count; t++) {
		const struct title *title = &stage->catalog->titles[t];
		const char *product = stage->catalog->products[title->product].id;
		if (title->kb != kb || !is_played(stage, product) ||
		    (build.base != 0 && !build_equal(build, title->build)))
			continue;
		any = true;
		const char *actual = rollout_word(
			stage, rollouts_find(stage->rollouts, (uint32_t)t, ring));
		if (strcmp(actual, expected) != 0)
			return trouble_tell(words,
					    "KB%u in %s of %s: expected %s, not %s", kb,
					    ring_name, product, expected, actual);
	}
	return any ? words_end(words) : trouble_tell(words, "there is no KB%u", kb);
}

static int run_expect(struct stage *stage, struct words *words)
{
	if (words_take_if(words, "rollout"))
		return expect_rollout(stage, words);
	return actors_each(stage, words, expect_actor);
}

const struct verb expect_verb = { .name = "expect", .run = run_expect };
