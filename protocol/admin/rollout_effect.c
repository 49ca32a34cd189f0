#include "protocol/admin/rollout_effect.h"

#include <stdlib.h>
#include <string.h>

#include "engine/decision.h"
#include "engine/expression.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/job.h"

const char *const effect_set_names[EFFECT_SETS] = {
	[EFFECT_NONE] = "none",
	[EFFECT_FINISHED] = "finished",
	[EFFECT_RUNNING] = "running",
	[EFFECT_STOPPED] = "stopped",
	[EFFECT_STARTS] = "starts",
	[EFFECT_INSTEAD] = "instead",
	[EFFECT_NOT_STARTED] = "not_started",
};

struct looking {
	struct rollout_effect *effect;
	struct job *job;
	struct decision before, after;
};

static bool is_target(const struct rollout_effect *effect, const struct decision *d,
		      int32_t release)
{
	return d->line != NULL && release >= 0 && d->ring >= 0 &&
	       rollout_target_has(effect->target, d->line->releases[release].title,
				  d->ring);
}

static bool installs(const struct decision *d)
{
	return d->line != NULL && d->release >= 0 &&
	       (d->action == ACTION_INSTALL || d->download_only);
}

static bool is_running(const struct device_record *record)
{
	const struct flow *flow = &record->history.flow;

	return flow->state != FLOW_NONE && !flow_state_is_final(flow->state) &&
	       flow->kind == FLOW_INSTALL;
}

/* The flow on its way is of the releases in question, in the rings in question. */
static bool runs_target(const struct rollout_effect *effect,
			const struct device_record *record, const struct decision *d)
{
	const struct flow *flow = &record->history.flow;

	if (!is_running(record) || d->line == NULL ||
	    (effect->target->ring[0] != '\0' &&
	     strcmp(effect->target->ring, flow->ring) != 0))
		return false;
	for (size_t i = 0; i < d->line->count; i++) {
		if (release_key_is(&flow->key, d->line, &d->line->releases[i]))
			return rollout_target_has(effect->target,
						  d->line->releases[i].title, -1);
	}
	return false;
}

static enum effect_set set_of_running(const struct device_record *record,
				      const struct decision *after)
{
	return flow_state_is_committed(record->history.flow.state) ||
			       after->standing == STANDING_RUNNING
		       ? EFFECT_RUNNING
		       : EFFECT_STOPPED;
}

/* Of a whole ring: who has nothing to wait for. */
static bool is_finished(const struct rollout_effect *effect, const struct decision *d)
{
	if (effect->target->count == 0)
		return d->standing == STANDING_UP_TO_DATE &&
		       (effect->target->ring_index < 0 ||
			d->ring == effect->target->ring_index);
	return d->level.state == LEVEL_KNOWN && is_target(effect, d, d->level.index);
}

static enum effect_set set_of(const struct looking *looking,
			      const struct device_record *record)
{
	const struct rollout_effect *effect = looking->effect;
	const struct decision *before = &looking->before, *after = &looking->after;
	bool was = is_target(effect, before, before->release);
	bool is = is_target(effect, after, after->release);

	if (runs_target(effect, record, before))
		return set_of_running(record, after);
	if (is_finished(effect, before))
		return EFFECT_FINISHED;
	if (is && installs(after) && !(was && installs(before)))
		return EFFECT_STARTS;
	if (was && !is && installs(after) && after->release != before->release)
		return EFFECT_INSTEAD;
	return was || is ? EFFECT_NOT_STARTED : EFFECT_NONE;
}

static void list(struct rollout_effect *effect, const struct looking *looking,
		 const char *id, enum effect_set set)
{
	const struct decision *after = &looking->after;
	char kb[KB_TEXT];

	if (effect->listed++ >= EFFECT_DEVICES)
		return;
	json_t *one = json_object();
	member_set(one, "id", text_json(id));
	member_set(one, "set", json_string(effect_set_names[set]));
	if (set == EFFECT_STARTS || set == EFFECT_INSTEAD)
		member_set(one, "kb",
			   json_string(kb_format(after->line->releases[after->release].kb,
						 kb)));
	json_array_append_new(effect->devices, one);
}

static int each_device(void *owner, const struct device_seen *seen)
{
	struct looking *looking = owner;
	struct rollout_effect *effect = looking->effect;
	struct job *job = looking->job;
	const struct decision *after = &looking->after;

	if (effect->match != NULL &&
	    expression_test(effect->match, &seen->record->facts) != TRUTH_TRUE)
		return 0;
	site_decide(job->site, effect->before, seen->record, job->now_s,
		    &looking->before);
	site_decide(job->site, effect->after, seen->record, job->now_s, &looking->after);
	enum effect_set set = set_of(looking, seen->record);
	effect->count[set]++;
	if (set == EFFECT_NONE)
		return 0;
	if (set == EFFECT_STARTS || set == EFFECT_INSTEAD)
		effect->restarts +=
			after->line->releases[after->release].kind != RELEASE_HOTPATCH;
	list(effect, looking, seen->record->id, set);
	return 0;
}

int rollout_effect_count(struct rollout_effect *effect, struct job *job,
			 struct problem *p)
{
	struct looking *looking = calloc(1, sizeof *looking);

	effect->devices = json_array();
	if (looking == NULL || effect->devices == NULL) {
		free(looking);
		return problem_set(p, PROBLEM_NO_MEMORY,
				   "looking at the devices: out of memory");
	}
	looking->effect = effect;
	looking->job = job;
	int rc = job_walk_devices(job, "", each_device, looking, p);
	free(looking);
	return rc;
}

void rollout_effect_tell(struct rollout_effect *effect, json_t *answer)
{
	for (int set = EFFECT_FINISHED; set < EFFECT_SETS; set++)
		member_set(answer, effect_set_names[set],
			   json_integer(effect->count[set]));
	member_set(answer, "restarts", json_integer(effect->restarts));
	member_set(answer, "devices", effect->devices);
	effect->devices = NULL;
	if (effect->listed > EFFECT_DEVICES)
		member_set(answer, "more", json_integer(effect->listed - EFFECT_DEVICES));
}
