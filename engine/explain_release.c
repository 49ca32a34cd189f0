/* What stands in the way of one release on this device, and what only means "not now".
 * All of it is asked of candidate.c and delay.c, as the decision did. */

#include <stdio.h>

#include "engine/ascii.h"
#include "engine/explain_private.h"

/* A rule that asks for one obstacle. */
static struct rule *tell_obstacle(struct telling *t, const char *name, const char *title,
				  bool in_the_way, enum reason reason)
{
	struct rule *rule = tell(t, RULES_RELEASE, name, title);

	tell_verdict(rule, !in_the_way, in_the_way ? reason : REASON_NONE);
	return rule;
}

static void tell_active(struct telling *t, const struct release *release,
			const struct way *way)
{
	bool never = release->offer == OFFER_NEVER;
	struct rule *rule =
		tell_obstacle(t, "active", "not withdrawn",
			      never || way->rollout->withdrawn, REASON_WITHDRAWN);

	tell_observed(rule, "%s",
		      never                     ? "never offered: devices come with it"
		      : way->rollout->withdrawn ? "withdrawn"
						: "active");
	tell_source(rule, never ? "catalog" : "rollout");
}

static void tell_published(struct telling *t, int32_t index)
{
	const struct release *release = &t->j->line->releases[index];
	char moment[MOMENT_TEXT];
	struct rule *rule = tell_obstacle(t, "published", "published",
					  index >= t->j->published, REASON_NOT_PUBLISHED);

	tell_observed(rule, "%s", moment_text(release->published_s, moment));
	tell_source(rule, "catalog");
}

static void tell_above(struct telling *t, int32_t index)
{
	const struct judgement *j = t->j;
	const struct decision *d = j->decision;
	char level[RELEASE_TEXT];
	bool below = level_is_below(j, index);
	struct rule *rule = tell_obstacle(t, "above", "newer than the level", !below,
					  REASON_NOT_NEWER);

	tell_source(rule, "catalog");
	if (d->level.state == LEVEL_KNOWN)
		tell_observed(rule, "%s %s",
			      d->level.index == index ? "it is the level:"
			      : below                 ? "newer than"
						      : "not newer than",
			      release_text(j->line, d->level.index, level));
	else
		tell_observed(rule, "level not known: cumulative with a greater build "
				    "counts");
}

static void tell_targeted(struct telling *t, const struct release *release,
			  enum impossible unfit)
{
	struct rule *rule =
		tell_obstacle(t, "targeted", "meant for this device",
			      unfit == IMPOSSIBLE_NOT_TARGETED, REASON_NOT_TARGETED);

	tell_source(rule, "catalog");
	if (release->match == NULL)
		tell_none(rule, "for all devices");
	else
		tell_observed(rule, "%.160s", release->match_text);

	rule = tell_obstacle(t, "optional", "optional updates are taken",
			     unfit == IMPOSSIBLE_OPTIONAL, REASON_OPTIONAL);
	tell_source(rule, "policy");
	if (release->kind == RELEASE_PREVIEW)
		tell_observed(rule, "a preview");
	else if (release->cadence == CADENCE_OOB &&
		 t->j->line->releases[release->anchor].kind == RELEASE_PREVIEW)
		tell_observed(rule, "it repairs a preview");
	else
		tell_none(rule, "no optional update");
}

/* A release of a quarter stands on the quarter's baseline: it is for devices that
 * qualify and stand there. */
static void tell_quarter(struct telling *t, const struct release *release)
{
	const struct judgement *j = t->j;
	const struct decision *d = j->decision;
	char text[RELEASE_TEXT];
	bool fits = d->qualifies && j->quarter == release->quarter;
	struct rule *rule =
		tell(t, RULES_RELEASE, "quarter", "its quarter is the device's");

	tell_source(rule, "catalog");
	if (release->quarter < 0 || release->kind == RELEASE_BASELINE) {
		tell_none(rule, "stands on no baseline");
		return;
	}
	tell_expected(rule, "the quarter of %s",
		      release_text(j->line, release->quarter, text));
	if (!d->qualifies)
		tell_observed(rule, "the device does not qualify for hotpatches");
	else if (j->quarter < 0)
		tell_observed(rule, "off the hotpatch track");
	else
		tell_observed(rule, "in the quarter of %s",
			      release_text(j->line, j->quarter, text));
	if (!fits)
		tell_verdict(rule, false,
			     !d->qualifies    ? REASON_NONE
			     : j->quarter < 0 ? REASON_OFF_TRACK
					      : REASON_BEHIND_BASELINE);
}

static void tell_approval(struct telling *t, const struct release *release,
			  const struct way *way)
{
	struct rule *rule = tell_obstacle(t, "approved", "approved",
					  (way->obstacles & OBSTACLE_NOT_APPROVED) != 0,
					  REASON_NOT_APPROVED);

	tell_source(rule, "rollout");
	if (way->rollout->approval != APPROVAL_UNSET)
		tell_observed(rule, "%s by hand",
			      way->rollout->approval == APPROVAL_GIVEN ? "approved"
								       : "refused");
	else if (release->kind == RELEASE_PREVIEW)
		tell_observed(rule, "optional-updates is its approval");
	else if (release->offer != OFFER_AUTO)
		tell_observed(rule, "offer=\"%s\"", release_offer_names[release->offer]);
	else
		tell_observed(rule, "%s",
			      t->j->ring->approval == APPROVE_AUTO ? "by rule"
								   : "ring by hand only");
}

static void tell_deferral(struct telling *t, int32_t index, const struct way *way)
{
	const struct judgement *j = t->j;
	const struct release *release = &j->line->releases[index];
	char moment[MOMENT_TEXT], other[RELEASE_TEXT];
	struct rule *rule =
		tell_obstacle(t, "deferral", "deferral has passed",
			      (way->obstacles & OBSTACLE_DEFERRED) != 0, REASON_DEFERRED);

	tell_source(rule, "ring %s", j->ring->name);
	if (way->rollout->expedited) {
		tell_none(rule, "expedited");
		return;
	}
	moment_text(way->deferred_until_s, moment);
	if (release->cadence == CADENCE_OOB && release->anchor != index)
		tell_observed(rule, "opens %s: %ld days after %s, which it repairs",
			      moment, (long)(j->ring->defer_s / DAY_S),
			      release_text(j->line, release->anchor, other));
	else
		tell_observed(rule, "opens %s: %ld days after publication", moment,
			      (long)(j->ring->defer_s / DAY_S));
}

static void tell_turn(struct telling *t, const struct way *way)
{
	char moment[MOMENT_TEXT];
	struct rule *rule =
		tell_obstacle(t, "gradual", "its turn has come",
			      (way->obstacles & OBSTACLE_GRADUAL) != 0, REASON_GRADUAL);

	tell_source(rule, "ring %s", t->j->ring->name);
	if (t->j->ring->gradual_s <= 0 || way->rollout->expedited)
		tell_none(rule, "the ring opens at once");
	else
		tell_observed(rule, "its turn: %s", moment_text(way->turn_s, moment));
}

static void tell_gate(struct telling *t, const struct way *way)
{
	const struct judgement *j = t->j;
	char moment[MOMENT_TEXT];
	struct rule *rule =
		tell_obstacle(t, "gate", "earlier ring has passed",
			      (way->obstacles & OBSTACLE_GATE) != 0, REASON_GATE_WAITING);

	tell_source(rule, "ring %s", j->ring->name);
	if (j->ring->after < 0 || way->rollout->expedited) {
		tell_none(rule, j->ring->after < 0 ? "waits for no ring" : "expedited");
		return;
	}
	const char *earlier = j->situation->plan->rings[j->ring->after].name;
	if (way->passed_s == INSTANT_NONE)
		tell_observed(rule, "%s has not passed", earlier);
	else
		tell_observed(rule, "%s passed %s", earlier,
			      moment_text(way->passed_s, moment));
}

static void tell_canary(struct telling *t, const struct way *way)
{
	struct rule *rule = tell_obstacle(t, "canary", "canary has verified",
					  (way->obstacles & OBSTACLE_CANARY) != 0,
					  REASON_CANARY_WAITING);

	tell_source(rule, "rollout");
	if (!t->j->ring->canary)
		tell_none(rule, "the ring has none");
	else if (way->rollout->canary == NULL)
		tell_observed(rule, "none is chosen yet");
	else
		tell_observed(rule, "%.120s%s", way->rollout->canary,
			      way->rollout->canary_verified ? ", verified" : "");
}

static void tell_day(struct telling *t, const struct way *way)
{
	char moment[MOMENT_TEXT];
	struct rule *rule = tell_obstacle(t, "paused", "ring is not paused",
					  (way->obstacles & OBSTACLE_PAUSED) != 0,
					  REASON_RING_PAUSED);

	tell_source(rule, "rollout");
	if (way->paused_until_s == INSTANT_NONE)
		tell_observed(rule, "not paused");
	else
		tell_observed(rule, "until %s", moment_text(way->paused_until_s, moment));

	rule = tell_obstacle(t, "halted", "rollout is not halted",
			     (way->obstacles & OBSTACLE_HALTED) != 0, REASON_HALTED);
	tell_source(rule, "rollout");
	tell_observed(rule, "%s", way->rollout->halted ? "halted" : "not halted");

	rule = tell_obstacle(t, "held", "no hold keeps it back",
			     (way->obstacles & OBSTACLE_HELD) != 0, REASON_HELD);
	tell_source(rule, way->hold != NULL && way->hold->id != 0 ? "rollout" : "plan");
	if (way->hold == NULL)
		tell_observed(rule, "no hold matches");
	else
		tell_observed(rule, "%.140s", way->hold->reason);
}

static void tell_block(struct telling *t, int32_t index, const struct way *way)
{
	const struct mark *mark = candidate_mark(t->j, index);
	char moment[MOMENT_TEXT];
	bool uninstalled = (way->obstacles & OBSTACLE_UNINSTALLED) != 0;
	bool blocked = (way->obstacles & OBSTACLE_BLOCKED) != 0;
	struct rule *rule = tell_obstacle(
		t, "blocked", "not blocked for the device", blocked || uninstalled,
		uninstalled ? REASON_UNINSTALLED_BY_REQUEST : REASON_BLOCKED);

	tell_source(rule, "history");
	if (blocked || uninstalled)
		tell_observed(rule, "%s %s",
			      uninstalled ? "removed by request," : "blocked",
			      moment_text(mark->blocked_s, moment));
	else
		tell_observed(rule, "not blocked");

	rule = tell_obstacle(t, "payload", "payload is here",
			     (way->obstacles & OBSTACLE_PAYLOAD) != 0,
			     REASON_PAYLOAD_MISSING);
	tell_source(rule, "content");
	tell_observed(rule, "%s", rule->passes ? "here" : "missing");
}

/* Nothing in its way, and yet another release is the one to have. */
static void tell_chosen(struct telling *t, int32_t index)
{
	static const struct {
		char rule;
		const char *text;
	} rules[] = {
		{ 'a', "the newest of the device's own quarter" },
		{ 'b', "the newest baseline: it keeps or brings the track" },
		{ 'c', "behind: the newest baseline, as the policy wants" },
		{ 'd', "the newest cumulative update" },
		{ 'r', "what was asked for" },
	};
	const struct decision *d = t->j->decision;
	char text[RELEASE_TEXT];
	bool chosen = d->release == index;
	struct rule *rule =
		tell_obstacle(t, "chosen", "chosen", !chosen, REASON_SUPERSEDED);

	tell_source(rule, "decision");
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		if (rules[i].rule == d->rule)
			tell_expected(rule, "%s", rules[i].text);
	}
	if (d->release >= 0)
		tell_observed(rule, "%s", release_text(t->j->line, d->release, text));
	else
		tell_observed(rule, "nothing is chosen");
}

void explain_release(struct telling *t)
{
	int32_t index = t->explanation->release;
	const struct judgement *j = t->j;
	const struct release *release = &j->line->releases[index];
	struct way way = candidate_way(j, index);
	enum impossible unfit = candidate_unfit(j, index);

	tell_published(t, index);
	tell_active(t, release, &way);
	tell_above(t, index);
	tell_targeted(t, release, unfit);
	tell_quarter(t, release);
	tell_approval(t, release, &way);
	tell_deferral(t, index, &way);
	tell_turn(t, &way);
	tell_gate(t, &way);
	tell_canary(t, &way);
	tell_day(t, &way);
	tell_block(t, index, &way);
	tell_chosen(t, index);
}

static struct rule *tell_delay(struct telling *t, const char *name, const char *title,
			       bool waits, enum reason reason)
{
	struct rule *rule = tell(t, RULES_NOT_NOW, name, title);

	tell_verdict(rule, !waits, waits ? reason : REASON_NONE);
	return rule;
}

static void tell_running(struct telling *t)
{
	const struct flow *flow = running_flow(t->j);
	bool committed = flow != NULL && flow_state_is_committed(flow->state);
	char kb[KB_TEXT];
	struct rule *rule = tell_delay(t, "running", "nothing is under way", committed,
				       REASON_RUNNING);

	tell_source(rule, "history");
	if (flow == NULL)
		tell_observed(rule, "nothing");
	else
		tell_observed(rule, "%s of %s: %s", flow_kind_names[flow->kind],
			      kb_format(flow->key.kb, kb), flow_state_name(flow->state));
}

static void tell_restart(struct telling *t)
{
	const struct decision *d = t->j->decision;
	const struct flow *flow;
	char by[MOMENT_TEXT], from[MOMENT_TEXT];
	bool due = restart_is_due(t->j, &flow);
	struct rule *rule = tell_delay(t, "restart-pending", "no restart is pending", due,
				       REASON_RESTART_PENDING);

	tell_fact(t, rule, FACT_RESTART_PENDING);
	if (!due)
		return;
	if (d->not_before_s != INSTANT_NONE)
		tell_observed(rule, "due by %s, after active hours at %s",
			      moment_text(d->restart_by_s, by),
			      moment_text(d->not_before_s, from));
	else
		tell_observed(rule, "due by %s", moment_text(d->restart_by_s, by));
}

static void tell_fresh(struct telling *t)
{
	const struct facts *facts = t->j->situation->facts;
	int64_t fresh_s = t->j->situation->plan->facts_fresh_s;
	char moment[MOMENT_TEXT];
	struct rule *rule = tell_delay(t, "facts-fresh", "facts are fresh",
				       t->j->decision->facts_stale, REASON_FACTS_STALE);

	tell_expected(rule, "at most %ld hours old", (long)(fresh_s / HOUR_S));
	tell_source(rule, "facts");
	rule->observed_s = facts->reported_s;
	if (facts->reported_s == INSTANT_NONE)
		tell_observed(rule, "never reported");
	else
		tell_observed(rule, "of %s", moment_text(facts->reported_s, moment));
}

static void tell_delays(struct telling *t, int32_t release, enum action action)
{
	struct delays delays = delays_of(t->j, release, action);
	const struct decision *d = t->j->decision;
	char moment[MOMENT_TEXT];
	struct rule *rule =
		tell_delay(t, "device-paused", "device is not paused",
			   delays.paused_until_s != INSTANT_NONE, REASON_DEVICE_PAUSED);

	tell_source(rule, "history");
	if (delays.paused_until_s != INSTANT_NONE)
		tell_observed(rule, "until %s",
			      moment_text(delays.paused_until_s, moment));
	else
		tell_observed(rule, "not paused");

	rule = tell_delay(t, "retry", "no failure stops it", delays.retry != REASON_NONE,
			  delays.retry);
	tell_source(rule, "history");
	if (delays.retry_until_s != INSTANT_NONE)
		tell_observed(rule, "next try %s",
			      moment_text(delays.retry_until_s, moment));
	else
		tell_observed(rule, "%s",
			      delays.retry == REASON_NONE
				      ? "no failure counts"
				      : reason_face(delays.retry)->sentence);

	rule = tell_delay(t, "window", "installs may begin now",
			  delays.window_s != INSTANT_NONE, REASON_OUTSIDE_WINDOW);
	tell_source(rule, "ring %s", t->j->ring->name);
	if (delays.window_s != INSTANT_NONE)
		tell_observed(rule, "from %s", moment_text(delays.window_s, moment));
	else if (delays.window_ends_s != INSTANT_NONE)
		tell_observed(rule, "until %s",
			      moment_text(delays.window_ends_s, moment));
	else
		tell_observed(rule, "at any time");

	bool waits = d->download_only && d->action == ACTION_INSTALL;
	rule = tell_delay(t, "user", "nobody is asked", waits, REASON_USER_DECIDES);
	tell_source(rule, "ring %s", t->j->ring->name);
	tell_observed(rule, "%s",
		      t->j->ring->behaviour == INSTALL_NOTIFY
			      ? "the user begins, or the deadline"
			      : "installs begin by themselves");
}

void explain_not_now(struct telling *t)
{
	const struct explanation *e = t->explanation;

	tell_running(t);
	tell_fresh(t);
	if (!t->placed)
		return;
	tell_restart(t);
	explain_request(t);
	if (e->release >= 0)
		tell_delays(t, e->release,
			    e->decision.action == ACTION_UNINSTALL &&
					    e->decision.release == e->release
				    ? ACTION_UNINSTALL
				    : ACTION_INSTALL);
}
