#include "protocol/server/keeper.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/gate.h"
#include "engine/plan.h"
#include "protocol/server/keeper_private.h"
#include "protocol/server/log.h"
#include "protocol/server/ring_gate.h"
#include "protocol/server/site_private.h"
#include "protocol/server/survey.h"
#include "protocol/server/view.h"

const char keeper_name[] = "patchyard";

/* In one review; the others come with the next. */
enum { JUDGED_MOST = 4096, INLINE_PORTION = 4096 };

struct keeper *keeper_new(void)
{
	struct keeper *keeper = calloc(1, sizeof *keeper);

	if (keeper != NULL)
		pthread_mutex_init(&keeper->lock, NULL);
	return keeper;
}

void keeper_free(struct keeper *keeper)
{
	if (keeper == NULL)
		return;
	survey_free(keeper->survey);
	pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}

static const struct backend_ops *ops_of(const struct keeping *k)
{
	return k->site->backend->ops;
}

/* --- one rollout -------------------------------------------------------------------- */

/* A release in a ring, by its place in the snapshot and by name. */
struct place {
	uint32_t title;
	int ring;
	const struct ring *in;
	struct release_key key;
};

static struct place place_of(const struct keeping *k, uint32_t title, int ring)
{
	struct place place = { .title = title,
			       .ring = ring,
			       .in = &k->view->snapshot->plan->rings[ring] };

	title_key(k->view->snapshot->catalog, title, &place.key);
	return place;
}

static const struct rollout *rollout_at(const struct keeping *k,
					const struct place *place)
{
	return rollouts_find(k->view->snapshot->rollouts, place->title, place->ring);
}

static int read_rollout(const struct keeping *k, const struct place *place,
			struct rollout_record *record, struct problem *p)
{
	int rc = ops_of(k)->rollout_read(k->session, &place->key, place->in->name, record,
					 p);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	memset(record, 0, sizeof *record);
	record->key = place->key;
	snprintf(record->ring, sizeof record->ring, "%s", place->in->name);
	return 0;
}

static int put_rollout(struct keeping *k, struct rollout_record *record,
		       const char *reason, struct problem *p)
{
	snprintf(record->by, sizeof record->by, "%s", keeper_name);
	snprintf(record->reason, sizeof record->reason, "%s", reason);
	record->changed_s = k->now_s;
	k->changed = true;
	return ops_of(k)->rollout_put(k->session, record, p);
}

static int tell(struct keeping *k, const struct place *place, const char *action,
		const char *text, struct problem *p)
{
	struct audit_entry entry = { .at_s = k->now_s };
	char kb[KB_TEXT], build[BUILD_TEXT];

	snprintf(entry.by, sizeof entry.by, "%s", keeper_name);
	snprintf(entry.action, sizeof entry.action, "%s", action);
	snprintf(entry.subject, sizeof entry.subject, "%s %s %s in %s",
		 place->key.product, kb_format(place->key.kb, kb),
		 build_format(place->key.build, build), place->in->name);
	snprintf(entry.reason, sizeof entry.reason, "%s", text);
	log_event(strcmp(action, "rollout.halt") == 0 ? LOG_LEVEL_WARNING
						      : LOG_LEVEL_INFO,
		  action, "product", place->key.product, "kb", kb, "build", build, "ring",
		  place->in->name, "why", text, NULL);
	return ops_of(k)->audit_put(k->session, &entry, p);
}

static int halt(struct keeping *k, const struct place *place, const char *text,
		struct problem *p)
{
	struct rollout_record record;

	if (read_rollout(k, place, &record, p) < 0)
		return -1;
	if (record.halted)
		return 0; /* by this unit: the view does not know yet */
	record.halted = true;
	record.halted_s = k->now_s;
	record.passed_s = 0; /* what was thought of it was wrong */
	return put_rollout(k, &record, text, p) < 0
		       ? -1
		       : tell(k, place, "rollout.halt", text, p);
}

static int pass(struct keeping *k, const struct place *place, bool with_warning,
		const char *text, struct problem *p)
{
	struct rollout_record record;

	if (read_rollout(k, place, &record, p) < 0)
		return -1;
	if (record.passed_s != 0 || record.halted)
		return 0; /* as above */
	record.passed_s = k->now_s;
	if (put_rollout(k, &record, text, p) < 0)
		return -1;
	/* With a new plan everything of old passes like this: the records say so. */
	return with_warning ? 0 : tell(k, place, "rollout.pass", text, p);
}

/* What the gate says is done.  *emptily: it passed with nobody there. */
static int carry_out(struct keeping *k, const struct place *place,
		     const struct ring_gate *gate, bool *emptily, struct problem *p)
{
	struct gate_verdict verdict = gate_judge(&gate->question);
	bool may_pass =
		gate->is_open && ring_is_gated(k->view->snapshot->plan, place->ring);
	enum gate_act act = gate_act(gate->rollout, &verdict, may_pass);
	char text[GATE_TEXT];

	if (act == GATE_ACT_NONE)
		return 0;
	gate_text(&gate->question, &verdict, text);
	if (act == GATE_ACT_HALT)
		return halt(k, place, text, p);
	*emptily = verdict.why == GATE_WHY_EMPTY;
	return pass(k, place, *emptily, text, p);
}

/* The survey is the ticking loop's to replace. */
static int read_gate(struct keeping *k, const struct place *place, struct ring_gate *gate,
		     struct problem *p)
{
	struct keeper *keeper = k->site->keeper;
	struct gate_look look = { .ops = ops_of(k),
				  .session = k->session,
				  .snapshot = k->view->snapshot,
				  .now_s = k->now_s };

	pthread_mutex_lock(&keeper->lock);
	if (keeper->survey != NULL && survey_fits(keeper->survey, k->view))
		look.survey = keeper->survey;
	int rc = ring_gate_read(&look, place->title, place->ring, gate, p);
	pthread_mutex_unlock(&keeper->lock);
	return rc;
}

/* --- after an outcome --------------------------------------------------------------- */

static bool is_canary(const struct keeping *k, const struct place *place,
		      const char *device)
{
	const struct rollout *rollout = rollout_at(k, place);

	return place->in->canary && !rollout->canary_verified &&
	       rollout->canary != NULL && strcmp(rollout->canary, device) == 0;
}

static int set_canary(struct keeping *k, const struct place *place, const char *device,
		      bool is_verified, const char *why, struct problem *p)
{
	struct rollout_record record;

	if (read_rollout(k, place, &record, p) < 0)
		return -1;
	snprintf(record.canary, sizeof record.canary, "%s", device);
	record.canary_verified = is_verified;
	return put_rollout(k, &record, why, p);
}

/* The first that is offered it goes before the others. */
static int claim_canary(struct keeping *k, const struct place *place, const char *device,
			struct problem *p)
{
	const struct rollout *rollout = rollout_at(k, place);

	if (!place->in->canary || rollout->canary_verified || rollout->canary != NULL)
		return 0;
	return set_canary(k, place, device, false, "the first to be offered it", p);
}

static int settle_canary(struct keeping *k, const struct place *place, const char *device,
			 enum flow_state end, struct problem *p)
{
	enum canary_act act = canary_act(end, rollout_at(k, place)->waived);

	if (act == CANARY_VERIFIED)
		return set_canary(k, place, device, true, "the canary verified", p);
	if (act == CANARY_STAYS)
		return 0;
	return set_canary(k, place, "", false, "the canary proved nothing", p);
}

/* What has just come in. */
struct news {
	bool critical, canary_failed;
};

static int judge(struct keeping *k, const struct place *place, struct news news,
		 struct problem *p)
{
	struct ring_gate gate;
	bool emptily;

	if (read_gate(k, place, &gate, p) < 0)
		return -1;
	gate.question.critical = news.critical;
	gate.question.canary_failed = news.canary_failed;
	return carry_out(k, place, &gate, &emptily, p);
}

/* What an outcome is to the releases that this one repairs. */
static int follow_repaired(struct keeping *k, const struct place *place,
			   struct problem *p)
{
	struct kin repaired;

	title_repaired(k->view->snapshot->catalog, place->title, &repaired);
	for (size_t i = 0; i < repaired.count; i++) {
		struct place other = place_of(k, repaired.titles[i], place->ring);
		if (rollout_at(k, &other)->passed_s == 0 &&
		    judge(k, &other, (struct news){ false, false }, p) < 0)
			return -1;
	}
	return 0;
}

static int follow_end(struct keeping *k, const struct place *place, const char *device,
		      const struct event *event, struct problem *p)
{
	bool gated = ring_is_gated(k->view->snapshot->plan, place->ring);
	bool by_canary = is_canary(k, place, device), failed = event->to == FLOW_FAILED;
	struct news news = {
		.critical = failed && gate_is_critical(gate_of(place->in), event->code),
		.canary_failed = failed && by_canary,
	};

	if (by_canary && settle_canary(k, place, device, event->to, p) < 0)
		return -1;
	if ((gated || by_canary) && judge(k, place, news, p) < 0)
		return -1;
	return gated ? follow_repaired(k, place, p) : 0;
}

static int follow_flow(struct keeping *k, const struct device_record *record,
		       const struct event *event, struct problem *p)
{
	const struct snapshot *snapshot = k->view->snapshot;
	int64_t title = title_of_key(snapshot->catalog, &event->key);
	int ring = plan_ring_named(snapshot->plan, event->ring);

	if (title < 0 || ring < 0)
		return 0; /* of a catalog or plan of before */
	struct place place = place_of(k, (uint32_t)title, ring);
	if (flow_state_is_final(event->to))
		return follow_end(k, &place, record->id, event, p);
	/* What a rollback ends with is no try of a release. */
	if (event->from == FLOW_NONE && !record->history.flow.ends_recovery)
		return claim_canary(k, &place, record->id, p);
	return 0;
}

int keeper_follow(struct keeping *k, const struct device_record *record,
		  const struct outcome *outcome, struct problem *p)
{
	bool asked = false;

	for (uint16_t i = 0; i < outcome->count; i++) {
		const struct event *event = &outcome->events[i];
		asked |= event->kind == EVENT_REQUEST;
		if (event->kind == EVENT_FLOW && event->flow_kind == FLOW_INSTALL &&
		    follow_flow(k, record, event, p) < 0)
			return -1;
	}
	if (asked)
		keeper_poke(k->site); /* an operation may have a device more to begin */
	return 0;
}

/* --- as time passes ----------------------------------------------------------------- */

/* A canary that is on no way to an outcome any more makes room for another. */
static int review_canary(struct keeping *k, const struct place *place, struct problem *p)
{
	const struct rollout *rollout = rollout_at(k, place);
	struct device_record *record = &k->site->record;
	const struct flow *flow = &record->history.flow;

	if (!place->in->canary || rollout->canary == NULL || rollout->canary_verified ||
	    rollout->halted)
		return 0;
	int rc = ops_of(k)->device_read(k->session, rollout->canary, record, p);
	if (rc < 0)
		return -1;
	bool runs = rc == 1 && flow->kind == FLOW_INSTALL && flow->state != FLOW_NONE &&
		    !flow_state_is_final(flow->state) &&
		    release_key_equal(&flow->key, &place->key) &&
		    strcmp(flow->ring, place->in->name) == 0;
	return runs ? 0 : set_canary(k, place, "", false, "the canary has left", p);
}

/* Nothing that time can change; looked at before anything is read. */
static bool is_closed(const struct keeping *k, uint32_t title, int ring)
{
	const struct snapshot *snapshot = k->view->snapshot;
	const struct rollout *rollout = rollouts_find(snapshot->rollouts, title, ring);
	bool canary = snapshot->plan->rings[ring].canary && rollout->canary != NULL &&
		      !rollout->canary_verified;

	return rollout->withdrawn || rollout->halted ||
	       (rollout->passed_s != 0 && rollout->passed_s <= k->now_s && !canary) ||
	       snapshot->catalog->titles[title].published_s > k->now_s;
}

struct review {
	struct keeping *keeping;
	int judged, passed_empty;
	bool wants_survey; /* a count of devices could decide something */
};

/* May a ring with few devices, or none, pass now? */
static bool wants_count(const struct ring_gate *gate)
{
	const struct gate_question *question = &gate->question;
	struct gate_verdict verdict = gate_judge(question);

	return gate->is_open && verdict.why == GATE_WHY_SAMPLES &&
	       question->opened_s + question->gate->soak_s <= question->now_s;
}

static int review_one(struct review *review, const struct place *place, struct problem *p)
{
	struct keeping *k = review->keeping;
	struct ring_gate gate;
	bool emptily = false;

	if (review_canary(k, place, p) < 0)
		return -1;
	if (!ring_is_gated(k->view->snapshot->plan, place->ring) ||
	    rollout_at(k, place)->passed_s != 0)
		return 0;
	review->judged++;
	if (read_gate(k, place, &gate, p) < 0)
		return -1;
	review->wants_survey |= wants_count(&gate);
	int rc = carry_out(k, place, &gate, &emptily, p);
	review->passed_empty += emptily;
	return rc;
}

/* Every title in every ring, from where the last review had enough. */
static int review_all(struct review *review, struct problem *p)
{
	struct keeping *k = review->keeping;
	const struct snapshot *snapshot = k->view->snapshot;
	size_t titles = snapshot->catalog->title_count;
	size_t places = titles * snapshot->plan->ring_count;
	size_t *at = &k->site->keeper->review_at;

	for (size_t i = 0; i < places && review->judged < JUDGED_MOST; i++) {
		*at = *at + 1 < places ? *at + 1 : 0;
		int ring = (int)(*at / titles);
		if (!ring_is_gated(snapshot->plan, ring) &&
		    !snapshot->plan->rings[ring].canary)
			continue;
		uint32_t title = (uint32_t)(*at % titles);
		if (is_closed(k, title, ring))
			continue;
		struct place place = place_of(k, title, ring);
		if (review_one(review, &place, p) < 0)
			return -1;
	}
	return 0;
}

/* Nobody waits for a virtual clock: the fleet is counted here and now. */
static int survey_now(struct keeping *k, struct problem *p)
{
	struct keeper *keeper = k->site->keeper;
	struct survey *survey = survey_new(k->view, k->now_s, site_now(k->site));
	int rc = 1;

	if (survey == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY,
				   "counting devices for gates: out of memory");
	while (rc == 1)
		rc = survey_walk(survey, k->site, k->session, k->view, INLINE_PORTION, p);
	if (rc < 0) {
		survey_free(survey);
		return -1;
	}
	pthread_mutex_lock(&keeper->lock);
	struct survey *before = keeper->survey;
	keeper->survey = survey;
	pthread_mutex_unlock(&keeper->lock);
	survey_free(before);
	return 0;
}

int keeper_review(struct keeping *k, struct problem *p)
{
	struct keeper *keeper = k->site->keeper;
	bool is_virtual = site_clock_is_virtual(k->site);
	struct review review = { .keeping = k };

	if (review_all(&review, p) < 0)
		return -1;
	if (review.wants_survey && is_virtual) {
		review.judged = 0;
		if (survey_now(k, p) < 0 || review_all(&review, p) < 0)
			return -1;
	}
	pthread_mutex_lock(&keeper->lock);
	keeper->survey_wanted = review.wants_survey;
	pthread_mutex_unlock(&keeper->lock);
	if (review.passed_empty > 0) {
		struct log_line line;
		log_begin(&line, LOG_LEVEL_INFO, "rollout.pass-empty");
		log_number(&line, "rollouts", review.passed_empty);
		log_end(&line);
	}
	return 0;
}
