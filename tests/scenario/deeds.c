/* What devices do and what is done to them, by device names:
 *
 *	install A [until STATE]		carries out the offered install; restart and all
 *	remove A [until STATE]		carries out the offered uninstall
 *	restart A			restarts
 *	work A				carries out whatever is due, until nothing is
 *	visit A				reports facts and polls
 *	fetch A				fetches its offer
 *	fail A CODE [at STATE]		begins the offered install and fails
 *	pretend A			says it installed, yet shows the old level
 *	refuse A			finds the offer not applicable
 *	decline A			says no
 *	stop A | carry-on A		answers when told to stop
 *	by-hand A KB [BUILD]		is brought to a level by somebody else
 *	upgrade A PRODUCT KB		is brought to another product, keeping its
 *revision fact A NAME VALUE|none		reports something else from now on kbs A
 *add|drop KB | hide | show away A | back A			reports no more, or again
 *	block A KB | unblock A KB | rest A DURATION	a person, to this device
 *	uninstall A [KB] [wait] | rollback A		a person asks for it */

#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "engine/problem.h"

#define NOT_APPLICABLE_CODE 0x80240017u

static int take_state(struct words *words, const char *before, enum flow_state *state)
{
	if (!words_take_if(words, before))
		return 0;
	const char *name = words_need(words, "a state");
	*state = flow_state_of(name);
	return *state != FLOW_NONE ? 0 : trouble_tell(words, "'%s' is no state", name);
}

static int do_install(struct stage *stage, struct actor *actor, struct words *words)
{
	enum flow_state until = FLOW_VERIFIED;

	if (take_state(words, "until", &until) < 0 || words_end(words) < 0)
		return -1;
	return actor_install(stage, actor, until, words);
}

static int do_remove(struct stage *stage, struct actor *actor, struct words *words)
{
	enum flow_state until = FLOW_REMOVED;

	if (take_state(words, "until", &until) < 0 || words_end(words) < 0)
		return -1;
	return actor_remove(stage, actor, until, words);
}

static int do_restart(struct stage *stage, struct actor *actor, struct words *words)
{
	if (words_end(words) < 0 || actor_restart(stage, actor, words) < 0)
		return -1;
	return gates_judge(stage, words);
}

static int do_work(struct stage *stage, struct actor *actor, struct words *words)
{
	return words_end(words) < 0 ? -1 : actor_work(stage, actor, words);
}

static int do_visit(struct stage *stage, struct actor *actor, struct words *words)
{
	return words_end(words) < 0 ? -1 : actor_visit(stage, actor, words);
}

static int do_fetch(struct stage *stage, struct actor *actor, struct words *words)
{
	actor_fetch(stage, actor);
	return words_end(words);
}

static int do_fail(struct stage *stage, struct actor *actor, struct words *words)
{
	enum flow_state from = FLOW_INSTALLING;
	const char *code = words_need(words, "a code");
	char *end;
	uint32_t number = (uint32_t)strtoul(code, &end, 0);

	if (end == code || *end != '\0')
		return trouble_tell(words, "'%s' is no code", code);
	if (take_state(words, "at", &from) < 0 || words_end(words) < 0 ||
	    actor_install(stage, actor, from, words) < 0)
		return -1;
	return actor_report(stage, actor, FLOW_FAILED, number, words);
}

/* The claim, and then facts that do not bear it out. */
static int do_pretend(struct stage *stage, struct actor *actor, struct words *words)
{
	bool hotpatch = actor->record.history.flow.release_kind == RELEASE_HOTPATCH;

	if (words_end(words) < 0 ||
	    actor_install(stage, actor, FLOW_INSTALLING, words) < 0 ||
	    actor_report(stage, actor, hotpatch ? FLOW_VERIFIED : FLOW_RESTART_PENDING, 0,
			 words) < 0)
		return -1;
	if (hotpatch) {
		stage->now_s++;
		return actor_visit(stage, actor, words);
	}
	if (actor_restart(stage, actor, words) < 0)
		return -1;
	/* Back up, it says so once more. */
	return actor_report(stage, actor, FLOW_VERIFIED, 0, words);
}

static int end_early(struct stage *stage, struct actor *actor, enum flow_state state,
		     uint32_t code, struct words *words)
{
	if (words_end(words) < 0 ||
	    actor_install(stage, actor, FLOW_DOWNLOADED, words) < 0)
		return -1;
	return actor_report(stage, actor, state, code, words);
}

static int do_refuse(struct stage *stage, struct actor *actor, struct words *words)
{
	return end_early(stage, actor, FLOW_NOT_APPLICABLE, NOT_APPLICABLE_CODE, words);
}

static int do_decline(struct stage *stage, struct actor *actor, struct words *words)
{
	return end_early(stage, actor, FLOW_REJECTED, 0, words);
}

static int answer_stop(struct stage *stage, struct actor *actor, bool did_stop,
		       struct words *words)
{
	struct outcome outcome;

	if (words_end(words) < 0)
		return -1;
	if (!actor->record.history.flow.withdrawing)
		return trouble_tell(words, "%s was not told to stop", actor->record.id);
	outcome_init(&outcome);
	passage_stopped(&actor->record, actor->record.history.flow.id, did_stop,
			stage->now_s, &outcome);
	stage_keep(stage, actor, &outcome);
	return actor_poll(stage, actor, words);
}

static int do_stop(struct stage *stage, struct actor *actor, struct words *words)
{
	return answer_stop(stage, actor, true, words);
}

static int do_carry_on(struct stage *stage, struct actor *actor, struct words *words)
{
	return answer_stop(stage, actor, false, words);
}

static int do_by_hand(struct stage *stage, struct actor *actor, struct words *words)
{
	struct build build;
	uint32_t kb;

	if (words_kb(words, &kb) < 0)
		return -1;
	words_maybe_build(words, &build);
	uint32_t before = actor->base.kb;
	if (words_end(words) < 0 || actor_set_level(stage, actor, kb, build, words) < 0)
		return -1;
	return actor->base.kb == before ? actor_visit(stage, actor, words)
					: actor_restart(stage, actor, words);
}

static int do_upgrade(struct stage *stage, struct actor *actor, struct words *words)
{
	const char *id = words_need(words, "a product");
	const struct product *product = catalog_product(stage->catalog, id);
	uint32_t kb;

	if (product == NULL)
		return trouble_tell(words, "the catalog has no product '%s'", id);
	if (words_kb(words, &kb) < 0 || words_end(words) < 0)
		return -1;
	if (actor->kb_count == ACTOR_KBS)
		return trouble_tell(words, "more than %d KBs", ACTOR_KBS);
	actor->kbs[actor->kb_count++] = kb;
	memcpy(actor->product, product->id, sizeof actor->product);
	actor->base.build.base = product->base;
	if (actor->hotpatch.kb != 0)
		actor->hotpatch.build.base = product->base;
	return actor_restart(stage, actor, words);
}

static int do_fact(struct stage *stage, struct actor *actor, struct words *words)
{
	const char *name = words_need(words, "a fact");
	const char *value = words_need(words, "a value");

	if (words_end(words) < 0 ||
	    actor_set_fact(actor, name, strcmp(value, "none") == 0 ? NULL : value,
			   words) < 0)
		return -1;
	return actor_visit(stage, actor, words);
}

static int change_kb(struct actor *actor, bool adds, struct words *words)
{
	uint32_t kb;

	if (words_kb(words, &kb) < 0)
		return -1;
	if (adds && actor->kb_count == ACTOR_KBS)
		return trouble_tell(words, "more than %d KBs", ACTOR_KBS);
	if (adds) {
		actor->kbs[actor->kb_count++] = kb;
		return 0;
	}
	for (size_t i = 0; i < actor->kb_count; i++) {
		if (actor->kbs[i] != kb)
			continue;
		actor->kbs[i] = actor->kbs[--actor->kb_count];
		return 0;
	}
	return trouble_tell(words, "%s does not show KB%u besides its level",
			    actor->record.id, kb);
}

static int do_kbs(struct stage *stage, struct actor *actor, struct words *words)
{
	const char *what = words_need(words, "add, drop, hide or show");

	if (strcmp(what, "hide") == 0 || strcmp(what, "show") == 0)
		actor->hides_kbs = strcmp(what, "hide") == 0;
	else if (strcmp(what, "add") != 0 && strcmp(what, "drop") != 0)
		return trouble_tell(words, "KBs are added, dropped, hidden or shown");
	else if (change_kb(actor, strcmp(what, "add") == 0, words) < 0)
		return -1;
	return words_end(words) < 0 ? -1 : actor_visit(stage, actor, words);
}

static int do_away(struct stage *stage, struct actor *actor, struct words *words)
{
	(void)stage;
	actor->is_away = true;
	return words_end(words);
}

static int do_back(struct stage *stage, struct actor *actor, struct words *words)
{
	actor->is_away = false;
	return words_end(words) < 0 ? -1 : actor_visit(stage, actor, words);
}

/* Every release of the device's product with that KB. */
static int set_block(struct stage *stage, struct actor *actor, bool block,
		     struct words *words)
{
	const struct product *product = catalog_product(stage->catalog, actor->product);
	const struct line *line = product_line(product, actor->arch);
	struct problem p;
	bool found = false;
	uint32_t kb;

	if (words_kb(words, &kb) < 0 || words_end(words) < 0)
		return -1;
	for (size_t i = 0; line != NULL && i < line->count; i++) {
		struct release_key key;
		if (line->releases[i].kb != kb)
			continue;
		found = true;
		release_key_set(&key, line, &line->releases[i]);
		if (history_block(&actor->record.history, &key, block, stage->now_s, &p) <
		    0)
			return trouble_tell(words, "%s", p.text);
	}
	if (!found)
		return trouble_tell(words, "%s has no KB%u", actor->product, kb);
	return actor_visit(stage, actor, words);
}

static int do_block(struct stage *stage, struct actor *actor, struct words *words)
{
	return set_block(stage, actor, true, words);
}

static int do_unblock(struct stage *stage, struct actor *actor, struct words *words)
{
	return set_block(stage, actor, false, words);
}

static int do_rest(struct stage *stage, struct actor *actor, struct words *words)
{
	int64_t duration_s;

	if (words_duration(words, &duration_s) < 0 || words_end(words) < 0)
		return -1;
	actor->record.history.paused_until_s = stage->now_s + duration_s;
	return actor_visit(stage, actor, words);
}

static int ask(struct stage *stage, struct actor *actor, enum request_kind kind,
	       uint32_t kb, struct words *words)
{
	const struct removal removal = { kind, kb, words_take_if(words, "wait") };
	struct outcome outcome;
	struct decision d;
	struct problem p;

	if (words_end(words) < 0)
		return -1;
	stage_decide(stage, actor, &d);
	outcome_init(&outcome);
	if (passage_request(&actor->record, &d, &removal, stage->now_s, &outcome, &p) < 0)
		return trouble_tell(words, "%s", p.text);
	stage_keep(stage, actor, &outcome);
	return actor_poll(stage, actor, words);
}

static int do_uninstall(struct stage *stage, struct actor *actor, struct words *words)
{
	const char *word = words_peek(words);
	uint32_t kb = 0;

	if (word != NULL && strncmp(word, "KB", 2) == 0 && words_kb(words, &kb) < 0)
		return -1;
	return ask(stage, actor, REQUEST_UNINSTALL, kb, words);
}

static int do_rollback(struct stage *stage, struct actor *actor, struct words *words)
{
	return ask(stage, actor, REQUEST_ROLLBACK, 0, words);
}

const struct verb deed_verbs[] = {
	{ .name = "install", .deed = do_install },
	{ .name = "remove", .deed = do_remove },
	{ .name = "restart", .deed = do_restart },
	{ .name = "work", .deed = do_work },
	{ .name = "visit", .deed = do_visit },
	{ .name = "fetch", .deed = do_fetch },
	{ .name = "fail", .deed = do_fail },
	{ .name = "pretend", .deed = do_pretend },
	{ .name = "refuse", .deed = do_refuse },
	{ .name = "decline", .deed = do_decline },
	{ .name = "stop", .deed = do_stop },
	{ .name = "carry-on", .deed = do_carry_on },
	{ .name = "by-hand", .deed = do_by_hand },
	{ .name = "upgrade", .deed = do_upgrade },
	{ .name = "fact", .deed = do_fact },
	{ .name = "kbs", .deed = do_kbs },
	{ .name = "away", .deed = do_away },
	{ .name = "back", .deed = do_back },
	{ .name = "block", .deed = do_block },
	{ .name = "unblock", .deed = do_unblock },
	{ .name = "rest", .deed = do_rest },
	{ .name = "uninstall", .deed = do_uninstall },
	{ .name = "rollback", .deed = do_rollback },
	{ .name = NULL },
};
