/* What must always hold (DESIGN 2.9), asked after every step. */

#include <stdio.h>
#include <string.h>

#include "engine/judgement.h"
#include "tests/lib/case.h"
#include "world.h"

static char why[400];

static const struct written *written_of(const struct world *w, const struct decision *d,
					int32_t index)
{
	const struct release *release = &d->line->releases[index];

	for (size_t i = 0; i < w->release_count; i++) {
		if (w->releases[i].kb == release->kb &&
		    w->releases[i].revision == release->build.revision)
			return &w->releases[i];
	}
	return NULL;
}

/* Field by field: padding is nobody's business. */
static bool same(const struct decision *a, const struct decision *b, bool deadlines)
{
	bool rows = true, reasons = a->reason_count == b->reason_count;

	for (int i = 0; i < ROWS; i++)
		rows = rows && a->rows[i].verdict == b->rows[i].verdict &&
		       a->rows[i].passes == b->rows[i].passes &&
		       a->rows[i].reason == b->rows[i].reason;
	for (int i = 0; reasons && i < a->reason_count; i++)
		reasons = a->reasons[i] == b->reasons[i];
	return rows && reasons && a->product == b->product && a->line == b->line &&
	       a->policy == b->policy && a->ring == b->ring &&
	       a->level.state == b->level.state && a->level.index == b->level.index &&
	       a->track == b->track && a->left_track == b->left_track &&
	       a->rejoin_s == b->rejoin_s && a->qualifies == b->qualifies &&
	       a->action == b->action && a->standing == b->standing &&
	       a->facts_stale == b->facts_stale && a->release == b->release &&
	       a->download_only == b->download_only && a->expedited == b->expedited &&
	       a->opens_s == b->opens_s && a->not_before_s == b->not_before_s &&
	       a->overdue == b->overdue && a->rule == b->rule &&
	       (!deadlines || (a->install_by_s == b->install_by_s &&
			       a->restart_by_s == b->restart_by_s));
}

/* The deadline of an offer that was not made yet counts from now. */
static bool has_deadline(const struct world *w, int device, const struct decision *d)
{
	if (d->release < 0)
		return true;
	struct release_key key;
	release_key_set(&key, d->line, &d->line->releases[d->release]);
	const struct mark *mark = history_mark(&w->devices[device].history, &key);
	return mark != NULL && mark->first_offered_s != 0;
}

static const char *check_time(struct world *w, int device, struct dice *dice)
{
	const struct decision now = w->decision;
	int64_t end_s = now.stands_until_s == INSTANT_NONE ? w->now_s + DAYS(60)
							   : now.stands_until_s;
	struct situation situation = world_situation(w, device);
	struct decision later;

	decide(&situation, &later);
	if (!same(&now, &later, true))
		return "the same inputs give the same decision";
	if (end_s <= w->now_s)
		return "a decision stands for a while";
	situation.now_s += (int64_t)roll(dice, (uint64_t)(end_s - w->now_s));
	if (chance(dice, 30))
		situation.now_s = end_s - 1;
	decide(&situation, &later);
	if (same(&now, &later, has_deadline(w, device, &now)))
		return NULL;
	char a[160], b[160], text[INSTANT_TEXT], until[INSTANT_TEXT];
	snprintf(why, sizeof why, "stands until %s, yet at %s '%s' became '%s'",
		 instant_format(end_s, until), instant_format(situation.now_s, text),
		 decision_line(&now, a, sizeof a), decision_line(&later, b, sizeof b));
	return why;
}

/* Every hotpatch offer passes every row; every cumulative one names a row that failed or
 * what was asked for; every non-offer its reason. */
static const char *check_reasons(const struct world *w)
{
	const struct decision *d = &w->decision;
	bool install = d->action == ACTION_INSTALL && d->rule != 0;

	if (d->action == ACTION_NONE && d->reason_count == 0)
		return "every non-offer has its reason";
	if (!install)
		return NULL;
	bool hotpatch = d->line->releases[d->release].kind == RELEASE_HOTPATCH;
	for (int row = 0; row < ROWS; row++) {
		bool named = has_reason(d, d->rows[row].reason);
		if (hotpatch && !d->rows[row].passes)
			return "a hotpatch offer passes every row";
		if (!hotpatch && !d->rows[row].passes && !named)
			return "a cumulative offer names every row that failed";
	}
	const struct release *release = &d->line->releases[d->release];
	bool of_quarter = release->quarter >= 0 && release->kind != RELEASE_BASELINE;
	if (!hotpatch && !of_quarter && d->reason_count == 0)
		return "a cumulative offer has a reason";
	return NULL;
}

static const char *check_hotpatch_facts(const struct world *w, int device)
{
	const struct decision *d = &w->decision;
	const struct facts *facts = &w->devices[device].facts;

	if (d->action != ACTION_INSTALL || d->rule == 0 ||
	    d->line->releases[d->release].kind != RELEASE_HOTPATCH)
		return NULL;
	const struct written *to = written_of(w, d, d->release);
	const struct written *from = written_of(w, d, d->level.index);
	const char *licence = facts_get(facts, "licence.hotpatch");
	if (strcmp(facts_get(facts, "vbs"), "running") != 0 ||
	    strcmp(facts_get(facts, "os.edition"), "Enterprise") != 0 ||
	    (d->arch == ARCH_ARM64 && strcmp(facts_get(facts, "chpe"), "off") != 0) ||
	    (licence != NULL && strcmp(licence, "no") == 0) ||
	    !w->policies[facts_get(facts, "tag.p")[0] - '0'].allow)
		return "no hotpatch to a device that misses a rule";
	if (from->kb != to->baseline && from->baseline != to->baseline)
		return "a hotpatch stands on its own quarter";
	return NULL;
}

static const char *check_choice(struct world *w, int device)
{
	const struct decision *d = &w->decision;
	const struct request *request = &w->devices[device].history.request;
	const struct flow *flow = &w->devices[device].history.flow;
	char line[160];

	if (d->line == NULL || d->ring < 0 || d->action == ACTION_RESTART ||
	    d->rule == 'r' || flow_state_is_committed(flow->state) ||
	    (request->kind == REQUEST_ROLLBACK && request->state < RECOVERY_RECOVERED))
		return NULL;
	struct wish wish = oracle(w, device);
	if (!wish.known)
		return NULL;
	const struct written *chosen = d->rule != 0 ? written_of(w, d, d->release) : NULL;
	if (chosen == wish.release && d->rule == wish.rule)
		return NULL;
	snprintf(why, sizeof why, "the rules want KB%u by %c, not: %s",
		 wish.release == NULL ? 0 : wish.release->kb,
		 wish.rule == 0 ? '-' : wish.rule, decision_line(d, line, sizeof line));
	return why;
}

static const char *check_explanation(struct world *w, int device)
{
	static struct explanation explanation;
	static char text[EXPLANATION_TEXT], again[EXPLANATION_TEXT];
	struct situation situation = world_situation(w, device);

	explain(&situation, NULL, &explanation);
	if (!same(&explanation.decision, &w->decision, true))
		return "an explanation is of the same decision";
	explanation_text(&explanation, text, sizeof text);
	explain(&situation, NULL, &explanation);
	explanation_text(&explanation, again, sizeof again);
	if (strcmp(text, again) != 0)
		return "the same inputs give the same explanation";
	if (strlen(text) >= sizeof text - 200)
		return "an explanation fits its room";
	return NULL;
}

const char *world_check(struct world *w, int device, struct dice *dice)
{
	struct situation situation = world_situation(w, device);
	const char *wrong;

	decide(&situation, &w->decision);
	if ((wrong = check_reasons(w)) != NULL ||
	    (wrong = check_hotpatch_facts(w, device)) != NULL ||
	    (wrong = check_choice(w, device)) != NULL ||
	    (wrong = check_time(w, device, dice)) != NULL)
		return wrong;
	if (chance(dice, 10) && (wrong = check_explanation(w, device)) != NULL)
		return wrong;
	return chance(dice, 2) ? world_check_counters(w) : NULL;
}

/* Never down, nothing early, nothing that is kept back. */
const char *world_check_begun(struct world *w, int device)
{
	const struct decision *d = &w->decision;
	const struct device_record *record = &w->devices[device];

	if (record->history.flow.kind == FLOW_UNINSTALL)
		return record->history.request.kind == REQUEST_NONE
			       ? "nothing is removed unless it was asked for"
			       : NULL;
	const struct written *to = written_of(w, d, d->release);
	const struct rollout *rollout = world_rollout(w, to->kb, to->revision, d->ring);
	if (rollout->withdrawn || rollout->halted ||
	    rollout->approval == APPROVAL_REFUSED)
		return "nothing withdrawn, halted or refused is newly offered";
	if (d->rule != 'r' && !rollout->expedited && rollout->paused_until_s > w->now_s)
		return "nothing paused is newly offered";
	for (size_t i = 0; i < w->hold_count; i++) {
		const char *held = facts_get(&record->facts, "tag.held");
		if (w->holds[i] == to->kb && held != NULL && strcmp(held, "yes") == 0)
			return "nothing held is newly offered";
	}
	int64_t opens_s = d->rule == 'r' || rollout->expedited
				  ? to->published_s
				  : oracle_opens(w, to, w->rings[d->ring].defer_s);
	if (opens_s > w->now_s)
		return "nothing is offered before its opening";
	if (d->level.state != LEVEL_KNOWN)
		return to->revision > d->build.revision ? NULL : "never down";
	const struct written *from = written_of(w, d, d->level.index);
	if (to->published_s < from->published_s && to->kind != RELEASE_BASELINE)
		return "no move down except on request";
	return NULL;
}

const char *world_check_counters(struct world *w)
{
	for (size_t c = 0; c < w->cell_count; c++) {
		const struct counter_cell *cell = &w->cells[c];
		int64_t recount[FLOW_STATES] = { 0 };
		for (size_t i = 1; i < w->flow_count; i++) {
			const struct flow *flow = &w->flows[i];
			if (flow->id != 0 && flow->key.kb == cell->kb &&
			    flow->key.build.revision == cell->revision &&
			    flow->kind == cell->kind &&
			    strcmp(flow->ring, cell->ring) == 0)
				recount[flow->state]++;
		}
		if (memcmp(recount, cell->in_state, sizeof recount) != 0)
			return "counters equal a recount of the flows";
	}
	return NULL;
}
