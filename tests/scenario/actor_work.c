/* What devices do with what they are offered, as the simulated Windows would. */

#include <string.h>

#include "actor.h"

enum { WORK_ROUNDS = 8 };

static void tick(struct stage *stage)
{
	stage->now_s++;
}

static const struct flow *flow_of(const struct actor *actor)
{
	return &actor->record.history.flow;
}

/* The offered flow, if it is of this kind and may be begun now; else told. */
static int need_offer(struct stage *stage, const struct actor *actor, enum flow_kind kind,
		      const struct words *words)
{
	enum action action = kind == FLOW_INSTALL ? ACTION_INSTALL : ACTION_UNINSTALL;
	const struct flow *flow = flow_of(actor);
	struct decision d;
	char text[1200];

	stage_decide(stage, actor, &d);
	if (d.action == action && flow->state != FLOW_NONE &&
	    !flow_state_is_final(flow->state) && flow->kind == kind)
		return 0;
	return trouble_tell(words, "%s is offered no %s, but: %s", actor->record.id,
			    flow_kind_names[kind], decision_tell(&d, text, sizeof text));
}

static const struct release *release_of(struct stage *stage, const struct actor *actor,
					const struct line **line)
{
	const struct product *product = catalog_product(stage->catalog, actor->product);

	*line = product == NULL ? NULL : product_line(product, actor->arch);
	for (size_t i = 0; *line != NULL && i < (*line)->count; i++) {
		if (release_key_is(&flow_of(actor)->key, *line, &(*line)->releases[i]))
			return &(*line)->releases[i];
	}
	return NULL;
}

static const char *own_fact(const struct actor *actor, const char *name)
{
	for (size_t i = 0; i < actor->fact_count; i++) {
		if (strcmp(actor->facts[i].name, name) == 0 && !actor->facts[i].removed)
			return actor->facts[i].value;
	}
	return "";
}

/* A hotpatch goes onto its baseline, or onto a cumulative update of its quarter. */
static bool stands_on(const struct actor *actor, const struct line *line,
		      const struct release *hotpatch)
{
	for (size_t i = 0; i < line->count; i++) {
		const struct release *base = &line->releases[i];
		if (base->kb == actor->base.kb &&
		    build_equal(base->build, actor->base.build))
			return base->quarter == hotpatch->quarter;
	}
	return false;
}

/* Windows' own judgement of what it was told to install. */
static int judge(struct stage *stage, const struct actor *actor,
		 const struct words *words)
{
	const struct line *line;
	const struct release *release = release_of(stage, actor, &line);
	const char *why = NULL;

	if (release == NULL)
		why = "is of another product";
	else if (release->kind != RELEASE_HOTPATCH)
		why = actor->pending != PENDING_NOTHING ? "comes before a restart" : NULL;
	else if (!stands_on(actor, line, release))
		why = "stands on another baseline";
	else if (strcmp(own_fact(actor, "vbs"), "running") != 0)
		why = "needs VBS";
	else if (actor->arch == ARCH_ARM64 && strcmp(own_fact(actor, "chpe"), "off") != 0)
		why = "does not go with CHPE";
	if (why == NULL)
		return 0;
	return trouble_tell(words, "the Windows of %s refuses KB%u: it %s",
			    actor->record.id, flow_of(actor)->key.kb, why);
}

int actor_restart(struct stage *stage, struct actor *actor, const struct words *words)
{
	tick(stage);
	actor->boot_s = stage->now_s;
	if (actor->pending == PENDING_INSTALL) {
		actor->base = actor->next;
		actor->hotpatch = (struct shown){ 0 };
	} else if (actor->pending == PENDING_REMOVAL) {
		actor->hotpatch = (struct shown){ 0 };
	}
	actor->pending = PENDING_NOTHING;
	return actor_visit(stage, actor, words);
}

/* Up to `installing`; false in *goes_on when it ended before that. */
static int begin_install(struct stage *stage, struct actor *actor, enum flow_state until,
			 bool *goes_on, const struct words *words)
{
	static const enum flow_state steps[] = { FLOW_ACCEPTED, FLOW_DOWNLOADING,
						 FLOW_DOWNLOADED, FLOW_INSTALLING };
	int64_t id = flow_of(actor)->id;

	*goes_on = false;
	actor_fetch(stage, actor);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (flow_of(actor)->id != id || steps[i] > until)
			return 0;
		if (flow_of(actor)->state >= steps[i])
			continue; /* it was there before */
		tick(stage);
		if (actor_report(stage, actor, steps[i], 0, words) < 0)
			return -1;
	}
	*goes_on = until > FLOW_INSTALLING;
	return 0;
}

int actor_install(struct stage *stage, struct actor *actor, enum flow_state until,
		  const struct words *words)
{
	bool goes_on;

	if (actor_poll(stage, actor, words) < 0 ||
	    need_offer(stage, actor, FLOW_INSTALL, words) < 0 ||
	    judge(stage, actor, words) < 0)
		return -1;
	struct shown to = { flow_of(actor)->key.kb, flow_of(actor)->key.build };
	if (begin_install(stage, actor, until, &goes_on, words) < 0)
		return -1;
	if (!goes_on)
		return 0;
	tick(stage);
	if (flow_of(actor)->release_kind == RELEASE_HOTPATCH) {
		actor->hotpatch = to;
		if (actor_report(stage, actor, FLOW_VERIFIED, 0, words) < 0 ||
		    actor_visit(stage, actor, words) < 0)
			return -1;
		return gates_judge(stage, words);
	}
	actor->pending = PENDING_INSTALL;
	actor->next = to;
	if (actor_report(stage, actor, FLOW_RESTART_PENDING, 0, words) < 0 ||
	    actor_visit(stage, actor, words) < 0)
		return -1;
	if (until >= FLOW_VERIFIED && actor_restart(stage, actor, words) < 0)
		return -1;
	return gates_judge(stage, words);
}

int actor_remove(struct stage *stage, struct actor *actor, enum flow_state until,
		 const struct words *words)
{
	if (actor_poll(stage, actor, words) < 0 ||
	    need_offer(stage, actor, FLOW_UNINSTALL, words) < 0)
		return -1;
	actor_fetch(stage, actor);
	tick(stage);
	if (actor_report(stage, actor, FLOW_REMOVING, 0, words) < 0)
		return -1;
	if (until == FLOW_REMOVING)
		return 0;
	tick(stage);
	actor->pending = PENDING_REMOVAL;
	if (actor_report(stage, actor, FLOW_RESTART_PENDING, 0, words) < 0 ||
	    actor_visit(stage, actor, words) < 0)
		return -1;
	return until == FLOW_RESTART_PENDING ? 0 : actor_restart(stage, actor, words);
}

/* One thing that is due.  1 done, 0 nothing is due. */
static int work_once(struct stage *stage, struct actor *actor, const struct words *words)
{
	struct decision d;
	int rc = 0;

	stage_decide(stage, actor, &d);
	if (d.not_before_s != INSTANT_NONE && d.not_before_s > stage->now_s)
		return 0;
	if (d.action == ACTION_INSTALL && !d.download_only)
		rc = actor_install(stage, actor, FLOW_VERIFIED, words);
	else if (d.action == ACTION_UNINSTALL)
		rc = actor_remove(stage, actor, FLOW_VERIFIED, words);
	else if (d.action == ACTION_RESTART)
		rc = actor_restart(stage, actor, words);
	else
		return 0;
	return rc < 0 ? -1 : 1;
}

int actor_work(struct stage *stage, struct actor *actor, const struct words *words)
{
	for (int round = 0; round < WORK_ROUNDS; round++) {
		int rc = work_once(stage, actor, words);
		if (rc <= 0)
			return rc;
	}
	return trouble_tell(words, "%s is never done with what it is offered",
			    actor->record.id);
}
