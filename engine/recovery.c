/* What a person asked for: the uninstall of a device's level, or a rollback to the
 * latest cumulative update (DESIGN 2.7).  Each decision is one step of it; passage.c
 * keeps the state. */

#include "engine/judgement.h"

/* An update that a rollback may go to: it brings a device up to date without hotpatches.
 */
static bool is_target(const struct release *release)
{
	return release->kind == RELEASE_BASELINE ||
	       (release->kind == RELEASE_LCU && release->quarter < 0);
}

/* The newest active one published no earlier than what was removed, deferral and pause
 * aside: the person who asks for a rollback knows of the ring. */
struct target recovery_target(const struct judgement *j, const struct request *request)
{
	struct target target = { -1, -1, REASON_NONE };

	for (int32_t i = j->published - 1; i >= 0; i--) {
		const struct release *release = &j->line->releases[i];
		if (release->published_s < request->removed_published_s)
			break;
		if (!is_target(release) || candidate_unfit(j, i) != POSSIBLE)
			continue;
		enum reason reason = obstacle_reason(candidate_way(j, i).obstacles);
		if (reason == REASON_NONE) {
			target.release = i;
			break;
		}
		if (target.obstructed < 0 ||
		    (j->line->releases[target.obstructed].offer != OFFER_AUTO &&
		     release->offer == OFFER_AUTO)) {
			target.obstructed = i;
			target.obstacle = reason;
		}
	}
	return target;
}

static bool get_stuck(struct decision *d, enum reason obstacle)
{
	d->rule = 'r';
	d->standing = STANDING_WAITING;
	decision_reason(d, REASON_STUCK);
	decision_reason(d, obstacle);
	return true;
}

/* It stays stuck until a person asks again, and says what stands in the way as long as
 * that is so; why it got stuck is in the request. */
static bool stay_stuck(struct judgement *j, const struct request *request)
{
	enum reason obstacle = REASON_NONE;

	if (request->kind == REQUEST_ROLLBACK) {
		struct target target = recovery_target(j, request);
		if (target.release < 0)
			obstacle = target.obstacle;
	}
	return get_stuck(j->decision, obstacle);
}

static bool roll_back(struct judgement *j, const struct request *request, bool shown)
{
	struct decision *d = j->decision;
	struct target target = recovery_target(j, request);

	if (target.release >= 0 && !shown && !level_is_below(j, target.release))
		return false; /* it is there, or beyond: the passage ends the request */
	d->rule = 'r';
	decision_reason(d, REASON_ROLLBACK_REQUESTED);
	/* Nothing to go to: said before anything is removed, rather than after. */
	if (target.release < 0)
		return get_stuck(d, target.obstacle);
	if (shown) {
		offer(j, d->level.index, ACTION_UNINSTALL);
	} else {
		name_failed_rows(d);
		offer(j, target.release, ACTION_INSTALL);
	}
	return true;
}

bool recovery_decide(struct judgement *j)
{
	const struct history *history = j->situation->history;
	struct decision *d = j->decision;

	if (history == NULL || history->request.kind == REQUEST_NONE ||
	    history->request.state == RECOVERY_RECOVERED)
		return false;
	const struct request *request = &history->request;
	if (request->state == RECOVERY_STUCK)
		return stay_stuck(j, request);
	bool shown = d->level.state == LEVEL_KNOWN &&
		     release_key_is(&request->key, j->line,
				    &j->line->releases[d->level.index]);
	if (request->kind == REQUEST_ROLLBACK)
		return roll_back(j, request, shown);
	if (!shown || request->state >= RECOVERY_REMOVED)
		return false; /* done, or moot: the candidates decide */
	d->rule = 'r';
	decision_reason(d, REASON_UNINSTALL_REQUESTED);
	offer(j, d->level.index, ACTION_UNINSTALL);
	return true;
}
