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

/* The newest active one published no earlier than what was removed, deferral aside: the
 * person who asks for a rollback knows of the ring.  -1 none.  *obstacles says what is
 * in the way of the newest that is not free. */
static int32_t rollback_target(const struct judgement *j, const struct request *request,
			       unsigned *obstacles)
{
	*obstacles = 0;
	for (int32_t i = j->published - 1; i >= 0; i--) {
		const struct release *release = &j->line->releases[i];
		if (release->published_s < request->removed_published_s)
			break;
		if (!is_target(release) || candidate_unfit(j, i) != POSSIBLE)
			continue;
		unsigned left =
			candidate_way(j, i).obstacles & ~(unsigned)OBSTACLES_OPENING;
		if (left == 0)
			return i;
		if (*obstacles == 0)
			*obstacles = left;
	}
	return -1;
}

/* Nothing to go to: said before anything is removed, rather than after. */
static bool get_stuck(struct decision *d, unsigned obstacles)
{
	d->standing = STANDING_WAITING;
	decision_reason(d, REASON_STUCK);
	decision_reason(d, obstacle_reason(obstacles));
	return true;
}

static bool roll_back(struct judgement *j, const struct request *request, bool shown)
{
	struct decision *d = j->decision;
	unsigned obstacles;
	int32_t target = rollback_target(j, request, &obstacles);

	if (target >= 0 && !shown && !level_is_below(j, target))
		return false; /* it is there, or beyond: the passage ends the request */
	d->rule = 'r';
	decision_reason(d, REASON_ROLLBACK_REQUESTED);
	if (target < 0)
		return get_stuck(d, obstacles);
	if (shown) {
		offer(j, d->level.index, ACTION_UNINSTALL);
	} else {
		name_failed_rows(d);
		offer(j, target, ACTION_INSTALL);
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
	if (request->state == RECOVERY_STUCK) {
		d->rule = 'r';
		return get_stuck(d, 0);
	}
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
