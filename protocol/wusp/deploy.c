#include "protocol/wusp/deploy.h"

#include <stddef.h>

#include "engine/instant.h"

static bool is_running(const struct flow *flow)
{
	return flow->state != FLOW_NONE && !flow_state_is_final(flow->state);
}

static const struct release *release_of(const struct line *line,
					const struct release_key *key)
{
	for (size_t i = 0; line != NULL && i < line->count; i++) {
		if (release_key_is(key, line, &line->releases[i]))
			return &line->releases[i];
	}
	return NULL;
}

const struct update *deploy_root(const struct deploy_scene *scene)
{
	const struct line *line = scene->decision->line;
	const struct flow *flow = &scene->record->history.flow;
	const struct release *release =
		is_running(flow) ? release_of(line, &flow->key) : NULL;

	return release != NULL ? library_release(scene->library, line, release) : NULL;
}

/* What has begun is shown to its end: an agent keeps what it is shown.  Before that it
 * is shown while the decision asks for it; a payload that may be fetched ahead of its
 * window is not, for this protocol cannot say "not yet". */
static bool is_shown(const struct flow *flow, const struct decision *decision)
{
	if (flow_state_is_committed(flow->state))
		return true;
	if (flow->withdrawing)
		return false;
	return decision->action ==
	       (flow->kind == FLOW_UNINSTALL ? ACTION_UNINSTALL : ACTION_INSTALL);
}

/* By itself, or as its user likes until the deadline. */
static bool is_assigned(const struct deploy_scene *scene)
{
	const struct decision *decision = scene->decision;
	const struct flow *flow = &scene->record->history.flow;

	if (decision->action == ACTION_INSTALL)
		return !decision->download_only;
	if (flow->kind == FLOW_UNINSTALL || decision->ring < 0)
		return true;
	return scene->plan->rings[decision->ring].behaviour != INSTALL_NOTIFY ||
	       (flow->install_by_s != 0 && scene->now_s >= flow->install_by_s);
}

static int64_t deadline(const struct deploy_scene *scene)
{
	const struct decision *decision = scene->decision;
	const struct flow *flow = &scene->record->history.flow;

	/* A restart that is due is what its deadline is about. */
	if (flow->state != FLOW_RESTART_PENDING && flow->state != FLOW_INSTALLED) {
		if (decision->install_by_s != INSTANT_NONE)
			return decision->install_by_s;
		if (flow->install_by_s != 0)
			return flow->install_by_s;
	}
	if (decision->restart_by_s != INSTANT_NONE)
		return decision->restart_by_s;
	/* While it installs the decision names none: what was said before still holds. */
	return flow->install_by_s != 0 ? flow->install_by_s : INSTANT_NONE;
}

struct deployment deploy_of(const struct deploy_scene *scene)
{
	const struct flow *flow = &scene->record->history.flow;
	const struct update *root = deploy_root(scene);
	struct deployment none = { .update = NULL,
				   .action = DEPLOY_PRE_CHECK,
				   .deadline_s = INSTANT_NONE };

	if (root == NULL || !is_shown(flow, scene->decision))
		return none;
	if (flow->kind == FLOW_UNINSTALL && !root->document.can_uninstall)
		return none;
	return (struct deployment){
		.update = root,
		.action =
			flow->kind == FLOW_UNINSTALL ? DEPLOY_UNINSTALL : DEPLOY_INSTALL,
		.is_assigned = is_assigned(scene),
		.deadline_s = deadline(scene),
		.changed_s = flow->offered_s,
		.flow = (int32_t)flow->id,
	};
}

bool deploy_is_stopped(const struct deploy_scene *scene, const struct told *told,
		       bool told_known)
{
	const struct flow *flow = &scene->record->history.flow;
	const struct update *root = deploy_root(scene);

	if (!is_running(flow) || !flow->withdrawing ||
	    flow_state_is_committed(flow->state) || !told_known)
		return false;
	return root == NULL || told->revision_id != root->revision_id;
}

const struct scope *deploy_scope(const struct deploy_scene *scene)
{
	static const struct scope nothing = { 0, NULL };

	return scene->decision->line != NULL
		       ? library_scope(scene->library, scene->decision->line)
		       : &nothing;
}

bool deploy_in_scope(const struct scope *scope, const struct update *update)
{
	size_t from = 0, to = scope->count;

	while (update != NULL && from < to) {
		size_t middle = from + (to - from) / 2;
		int32_t id = scope->updates[middle]->revision_id;
		if (id == update->revision_id)
			return true;
		if (id < update->revision_id)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}
