/* Rules a to d of DESIGN 2.4, seen through a lens: now, or as time passes, or with
 * obstacles set aside.  A line is in order of "newest", so each question is one walk
 * from its end that stops at the first answer. */

#include "engine/judgement.h"

typedef bool (*is_wanted)(const struct judgement *j, int32_t index);

static bool in_own_quarter(const struct judgement *j, int32_t index)
{
	return j->quarter >= 0 && j->line->releases[index].quarter == j->quarter;
}

static bool in_newer_quarter(const struct judgement *j, int32_t index)
{
	return quarter_is_newer(j->line->releases[index].quarter, j->quarter);
}

static bool is_baseline(const struct judgement *j, int32_t index)
{
	return j->line->releases[index].kind == RELEASE_BASELINE;
}

/* The cumulative line that rule d walks: a baseline, or what belongs to no quarter. */
static bool is_standard(const struct judgement *j, int32_t index)
{
	const struct release *release = &j->line->releases[index];
	return release_is_cumulative(release) &&
	       (release->kind == RELEASE_BASELINE || release->quarter < 0);
}

static bool is_monthly_lcu(const struct judgement *j, int32_t index)
{
	const struct release *release = &j->line->releases[index];
	return release->kind == RELEASE_LCU && release->cadence == CADENCE_B &&
	       release->quarter < 0;
}

static bool is_approved_for_track(const struct judgement *j, int32_t index)
{
	return is_standard(j, index) &&
	       rollouts_find(j->situation->rollouts, j->line->releases[index].title,
			     j->decision->ring)
		       ->approved_for_track;
}

static bool admits(const struct judgement *j, struct lens lens, int32_t index)
{
	struct way way = candidate_way(j, index);
	unsigned left = way.obstacles & ~(lens.ignore | OBSTACLE_PAUSED);

	if (lens.but == index + 1)
		return true;
	if ((left & ~(unsigned)OBSTACLES_OPENING) != 0)
		return false;
	return left == 0 || way.opens_s <= lens.until_s;
}

/* The newest release that is wanted, possible and admitted, above index `floor`. */
static int32_t newest(const struct judgement *j, struct lens lens, is_wanted wanted,
		      int32_t floor)
{
	for (int32_t i = j->published - 1; i >= j->lowest && i > floor; i--) {
		if (!wanted(j, i) || !candidate_is_possible(j, i))
			continue;
		if (admits(j, lens, i))
			return i;
	}
	return -1;
}

static struct lens despite(struct lens lens, unsigned obstacles)
{
	lens.ignore |= obstacles;
	return lens;
}

static struct choice nothing(enum reason why, int32_t awaited)
{
	return (struct choice){ -1, 0, why, awaited };
}

static struct choice rule_d(const struct judgement *j, struct lens lens, enum reason why,
			    int32_t instead_of)
{
	int32_t release = newest(j, lens, is_standard, -1);
	if (release < 0)
		return nothing(why, instead_of);
	return (struct choice){ release, 'd', why, -1 };
}

/* What rules a to c chose, unless it lacks only its payload. */
static struct choice with_payload(const struct judgement *j, struct lens lens,
				  int32_t release, char rule, enum reason why)
{
	if (admits(j, lens, release))
		return (struct choice){ release, rule, why, -1 };
	if (j->policy->missing_payload == MISSING_WAIT)
		return nothing(REASON_PAYLOAD_MISSING, release);
	return rule_d(j, lens, REASON_PAYLOAD_MISSING, release);
}

/* The newest of its own quarter that was removed by request: halted, held or withdrawn
 * since, it is removed all the same. */
static int32_t own_removed(const struct judgement *j)
{
	for (int32_t i = j->published - 1; i >= j->lowest; i--) {
		if (in_own_quarter(j, i) && level_is_below(j, i) &&
		    (candidate_way(j, i).obstacles & OBSTACLE_UNINSTALLED) != 0)
			return i;
	}
	return -1;
}

/* On the track, nothing of a newer quarter: the newest of its own, or a cumulative
 * update that was approved for the track and is no older than that. */
static struct choice rule_a(const struct judgement *j, struct lens lens)
{
	struct lens unpaid = despite(lens, OBSTACLE_PAYLOAD);
	int32_t own = newest(j, unpaid, in_own_quarter, -1);
	int32_t leaving = newest(j, lens, is_approved_for_track, -1);

	if (leaving >= 0 && (own < 0 || j->line->releases[leaving].published_s >=
						j->line->releases[own].published_s))
		return (struct choice){ leaving, 'a', REASON_APPROVED_FOR_TRACK, -1 };
	if (own >= 0)
		return with_payload(j, lens, own, 'a', REASON_NONE);

	int32_t removed = (lens.ignore & OBSTACLE_UNINSTALLED) != 0 ? -1 : own_removed(j);
	if (removed < 0)
		return nothing(REASON_NONE, -1);
	const struct request *request = &j->situation->history->request;
	if (request->kind == REQUEST_UNINSTALL && request->wait)
		return nothing(REASON_UNINSTALLED_BY_REQUEST, removed);
	struct choice instead = rule_d(j, lens, REASON_UNINSTALLED_BY_REQUEST, -1);
	return instead.release >= 0 ? instead : nothing(REASON_NONE, -1);
}

bool choice_is_behind(const struct judgement *j)
{
	struct lens now = { .until_s = j->situation->now_s };

	return newest(j, now, in_newer_quarter, -1) >= 0;
}

/* The next quarter has begun, but its baseline's payload is not here: the update instead
 * of it, unless the device's own quarter has one that is as new and needs no restart. */
static struct choice without_baseline(const struct judgement *j, struct lens lens,
				      int32_t baseline, char rule)
{
	struct choice choice = with_payload(j, lens, baseline, rule, REASON_NONE);
	int32_t own = newest(j, lens, in_own_quarter, -1);

	if (choice.rule != 'd' || own < 0 ||
	    newest(j, lens, in_newer_quarter, -1) >= 0 || /* behind: no hotpatch */
	    j->line->releases[own].published_s <
		    j->line->releases[choice.release].published_s)
		return choice;
	return (struct choice){ own, 'a', REASON_PAYLOAD_MISSING, -1 };
}

struct choice choose(const struct judgement *j, struct lens lens)
{
	bool on_track = j->decision->track == TRACK_HOTPATCH;
	struct lens unpaid = despite(lens, OBSTACLE_PAYLOAD);

	if (!j->decision->qualifies)
		return rule_d(j, lens, REASON_NONE, -1);
	if (on_track && newest(j, unpaid, in_newer_quarter, -1) < 0)
		return rule_a(j, lens);

	int32_t baseline = newest(j, unpaid, is_baseline, -1);
	if (baseline >= 0 && newest(j, lens, is_monthly_lcu, baseline) < 0)
		return without_baseline(j, lens, baseline, 'b');
	if (on_track && j->policy->behind_baseline == BEHIND_BASELINE) {
		if (baseline >= 0)
			return without_baseline(j, lens, baseline, 'c');
		return nothing(REASON_BASELINE_WITHHELD, -1);
	}
	/* Behind by what is not here alone: no row says so. */
	bool unpaid_alone = on_track && newest(j, lens, in_newer_quarter, -1) < 0;
	return rule_d(j, lens, unpaid_alone ? REASON_PAYLOAD_MISSING : REASON_NONE, -1);
}

/* The next moment after `after_s` at which something possible opens by itself. */
static int64_t next_opening(const struct judgement *j, int64_t after_s)
{
	int64_t next_s = INT64_MAX;

	for (int32_t i = j->lowest; i < j->published; i++) {
		if (!candidate_is_possible(j, i))
			continue;
		struct way way = candidate_way(j, i);
		if ((way.obstacles & OBSTACLES_OPENING) != 0 && way.opens_s > after_s &&
		    way.opens_s < next_s)
			next_s = way.opens_s;
	}
	return next_s;
}

/* Of those a to d would choose as time passes, the first to open. */
static bool wait_for_time(struct judgement *j)
{
	const unsigned sometime = OBSTACLE_GATE | OBSTACLE_CANARY;
	struct decision *d = j->decision;
	int64_t at_s = j->situation->now_s;

	while ((at_s = next_opening(j, at_s)) != INT64_MAX) {
		struct choice choice = choose(j, (struct lens){ .until_s = at_s });
		/* Of those without a known time, what waits for that alone is first. */
		if (at_s == OPENS_SOMETIME) {
			struct lens now = { .until_s = j->situation->now_s,
					    .ignore = sometime };
			struct choice first = choose(j, now);
			choice = first.release >= 0 ? first : choice;
		}
		if (choice.release < 0)
			continue;
		struct way way = candidate_way(j, choice.release);
		bool opens = (way.obstacles & OBSTACLES_OPENING) != 0;
		/* One that is open may wait for another to change the rule. */
		int64_t opens_s = opens ? way.opens_s : at_s;
		enum reason reason = opens ? way.opening_reason : REASON_DEFERRED;
		if (way.paused_until_s > opens_s) {
			opens_s = way.paused_until_s;
			reason = REASON_RING_PAUSED;
		}
		d->release = choice.release;
		d->opens_s = opens_s == OPENS_SOMETIME ? INSTANT_NONE : opens_s;
		decision_reason(d, reason);
		return true;
	}
	return false;
}

static bool has_greater_cumulative(const struct judgement *j)
{
	for (int32_t i = 0; i < j->published; i++) {
		if (level_is_below(j, i))
			return true;
	}
	return false;
}

static void settle_nothing_newer(struct judgement *j)
{
	struct decision *d = j->decision;

	if (d->level.state == LEVEL_KNOWN) {
		d->standing = STANDING_UP_TO_DATE;
		decision_reason(d, REASON_UP_TO_DATE);
		return;
	}
	d->standing = STANDING_WAITING;
	if (!has_greater_cumulative(j))
		decision_reason(d, REASON_LEVEL_AHEAD);
	else
		decision_reason(d, d->level.state == LEVEL_UNKNOWN
					   ? REASON_LEVEL_UNKNOWN
					   : REASON_LEVEL_AMBIGUOUS);
}

/* The release that only a person can open, and the first thing in its way. */
static void wait_for_person(struct judgement *j, int32_t release)
{
	struct decision *d = j->decision;
	struct way way = candidate_way(j, release);
	enum reason reason = obstacle_reason(way.obstacles);

	d->release = release;
	d->opens_s = way.opens_s == OPENS_SOMETIME ? INSTANT_NONE : way.opens_s;
	decision_reason(d, reason != REASON_NONE ? reason : way.opening_reason);
}

/* What a to d would choose with everything set aside may be free, and still not come:
 * what a person keeps back elsewhere decides by which rule the device goes.  The newest
 * such release whose freeing would bring it anything; -1 for none. */
static int32_t kept_back(const struct judgement *j)
{
	for (int32_t i = j->published - 1; i >= j->lowest; i--) {
		if (!candidate_is_possible(j, i) ||
		    obstacle_reason(candidate_way(j, i).obstacles) == REASON_NONE)
			continue;
		struct lens lens = { .until_s = OPENS_SOMETIME, .but = i + 1 };
		if (choose(j, lens).release >= 0)
			return i;
	}
	return -1;
}

void settle_waiting(struct judgement *j, const struct choice *now)
{
	/* What was removed by request stays removed, whatever is set aside. */
	struct lens all = { .until_s = OPENS_SOMETIME, .ignore = ~OBSTACLE_UNINSTALLED };

	j->decision->standing = STANDING_WAITING;
	decision_reason(j->decision, now->why);
	if (wait_for_time(j))
		return;
	struct choice wish = choose(j, all);
	if (wish.release < 0) {
		decision_reason(j->decision, wish.why);
		all.ignore = ~0U;
		wish.release = wish.awaited >= 0 ? wish.awaited : choose(j, all).release;
	}
	int32_t release = wish.release;
	if (release >= 0 &&
	    obstacle_reason(candidate_way(j, release).obstacles) == REASON_NONE) {
		int32_t other = kept_back(j);
		release = other >= 0 ? other : release;
	}
	if (release >= 0)
		wait_for_person(j, release);
	else if (now->why == REASON_NONE && wish.why == REASON_NONE)
		settle_nothing_newer(j);
}
