/* The inside of one decision: what its parts share while it is being made, and what an
 * explanation asks them again, one by one.
 *
 * decision.c takes the steps of DESIGN 2.4 in order; level.c finds product, level and
 * track (2.2); eligibility.c fills the rows (2.3); candidate.c says what stands in a
 * release's way (2.5); choice.c picks one by rules a to d, now or as time passes;
 * recovery.c takes the next step of what a person asked for (2.7); delay.c knows what
 * only means "not now". */

#ifndef ENGINE_JUDGEMENT_H
#define ENGINE_JUDGEMENT_H

#include "engine/decision.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/rollout.h"

struct ways;

struct judgement {
	const struct situation *situation;
	struct decision *decision;
	struct ways *ways;           /* found out so far */
	const struct ring *ring;     /* NULL: none matches */
	const struct policy *policy; /* NULL: none matches */
	const struct line *line;
	int32_t published; /* releases [0, published) are published by now */
	int32_t lowest;    /* none below this index is above the level */
	int32_t quarter;   /* of the level, while on the hotpatch track; else -1 */
};

/* decision.c: find out where the device belongs and whether it qualifies.  False when it
 * cannot be placed; the decision then says why. */
bool judgement_begin(struct judgement *j, struct ways *ways,
		     const struct situation *situation, struct decision *decision);
/* The answer may change at `at_s` by the passing of time alone. */
void stands_until(struct judgement *j, int64_t at_s);
void decision_reason(struct decision *decision, enum reason reason);
/* What was offered is not to be begun now; a flow that runs stays as it is. */
void hold_back(struct decision *decision, enum reason reason);
/* Offer `release`; everything that only means "not now" is looked at. */
void offer(struct judgement *j, int32_t release, enum action action);
/* Every row that failed is named, in order (DESIGN 2.3). */
void name_failed_rows(struct decision *decision);

/* level.c: 0, or a reason why the device cannot be placed. */
enum reason level_find(struct judgement *j);
/* Is release `index` above the device's level? */
bool level_is_below(const struct judgement *j, int32_t index);
/* The next baseline, by the planned calendar or by what the catalog holds for later. */
int64_t level_next_baseline(const struct judgement *j, bool *planned);
/* Does `newer` belong to a quarter that began after `older`'s? */
bool quarter_is_newer(int32_t newer, int32_t older);

/* eligibility.c: all rows but the baseline's, which needs the candidates.  Works without
 * a product too. */
void eligibility_standing_rows(struct judgement *j);

/* candidate.c: what stands in the way of one release on this device. */
enum obstacle {
	/* open by themselves */
	OBSTACLE_DEFERRED = 1 << 0,
	OBSTACLE_GRADUAL = 1 << 1,
	OBSTACLE_GATE = 1 << 2,
	OBSTACLE_CANARY = 1 << 3,
	/* only "not now": a pause never changes which release is chosen (DESIGN 2.3) */
	OBSTACLE_PAUSED = 1 << 4,
	/* need a person */
	OBSTACLE_HALTED = 1 << 5,
	OBSTACLE_HELD = 1 << 6,
	OBSTACLE_NOT_APPROVED = 1 << 7,
	OBSTACLE_PAYLOAD = 1 << 8,
	OBSTACLE_BLOCKED = 1 << 9,
	OBSTACLE_UNINSTALLED = 1 << 10,
};
enum {
	OBSTACLES_OPENING =
		OBSTACLE_DEFERRED | OBSTACLE_GRADUAL | OBSTACLE_GATE | OBSTACLE_CANARY,
};
/* A gate or a canary opens by itself, but nobody knows when: after all known times. */
#define OPENS_SOMETIME (INT64_MAX - 1)

struct way {
	unsigned obstacles;
	int64_t opens_s; /* when the last opening obstacle falls, a pause aside; known
			    openings in the past too */
	enum reason opening_reason; /* the obstacle that falls last */
	int64_t changes_s; /* the next moment at which time alone removes one, or NONE */
	/* Known moments, whether past or ahead; INSTANT_NONE where there is none. */
	int64_t deferred_until_s; /* the ring's own opening */
	int64_t turn_s;           /* and this device's turn in it */
	int64_t passed_s;         /* the earlier ring passed */
	int64_t paused_until_s;
	const struct hold *hold; /* the one that keeps it back */
	const struct rollout *rollout;
};

/* The ways that were found out already, for each is asked for several times in a
 * decision; the newest releases do not share a place.  It is too large to be cleared:
 * `known` says which places are in use. */
enum { WAYS_KEPT = 64 };
struct ways {
	uint64_t known; /* bits */
	int32_t index[WAYS_KEPT];
	struct way way[WAYS_KEPT];
};

/* What a release must be, before anything stands in its way. */
enum impossible {
	POSSIBLE,
	IMPOSSIBLE_NOT_PUBLISHED,
	IMPOSSIBLE_NOT_ACTIVE, /* offer="never", or withdrawn */
	IMPOSSIBLE_NOT_ABOVE,
	IMPOSSIBLE_OPTIONAL, /* a preview, or a repair of one, that is not taken */
	IMPOSSIBLE_NOT_TARGETED,
};
/* Is it for this device at all: published, active, above, targeted to it?  What is not
 * is no candidate whatever happens. */
enum impossible candidate_impossible(const struct judgement *j, int32_t index);
/* The same but for being above the level: for what may come after a removal. */
enum impossible candidate_unfit(const struct judgement *j, int32_t index);
struct way candidate_way(const struct judgement *j, int32_t index);
enum reason obstacle_reason(unsigned obstacles); /* the first that needs a person */
/* The running flow is an install of this release. */
bool candidate_is_running(const struct judgement *j, int32_t index);
/* What this release did on this device; NULL when nothing. */
const struct mark *candidate_mark(const struct judgement *j, int32_t index);

static inline bool candidate_is_possible(const struct judgement *j, int32_t index)
{
	return candidate_impossible(j, index) == POSSIBLE;
}

/* choice.c: a way of looking at candidates. */
struct lens {
	int64_t until_s; /* what opens by then counts as open */
	unsigned ignore; /* obstacles set aside */
	int32_t but;     /* release `but - 1` has nothing in its way; 0: none */
};

struct choice {
	int32_t release; /* -1: nothing */
	char rule;       /* a b c d */
	enum reason why; /* why nothing, or what changed the rule; REASON_NONE */
	int32_t awaited; /* with why: the release it is about, -1 */
};

struct choice choose(const struct judgement *j, struct lens lens);
/* Among this device's candidates, something belongs to a newer quarter.  That its
 * payload is missing is no way out of being behind. */
bool choice_is_behind(const struct judgement *j);
/* Nothing to offer: up to date, or waiting for what (DESIGN 2.4 step 5). */
void settle_waiting(struct judgement *j, const struct choice *now);

/* recovery.c: DESIGN 2.4 step 3.  True when the request decides. */
bool recovery_decide(struct judgement *j);
/* What a rollback goes to. */
struct target {
	int32_t release;      /* -1: nothing */
	int32_t obstructed;   /* else the newest, of those that come unasked; -1 */
	enum reason obstacle; /* what is in the way of that */
};
struct target recovery_target(const struct judgement *j, const struct request *request);

/* delay.c: what only means "not now" for one action on one release. */
struct delays {
	int64_t fresh_until_s;  /* the facts are fresh until then; NONE: never reported */
	int64_t paused_until_s; /* the device's own pause; NONE */
	int64_t ring_paused_until_s; /* of the release in the ring; NONE */
	enum reason retry;           /* NONE, or why it is not tried again now */
	int64_t retry_until_s;       /* NONE: not by itself */
	int64_t window_s;            /* installs wait until then; NONE: they may begin */
	int64_t window_ends_s;       /* they may begin until then; NONE */
};
struct delays delays_of(const struct judgement *j, int32_t release, enum action action);
void delays_apply(struct judgement *j, const struct delays *delays);
/* Is a restart due, and what for: the running flow, or NULL for one of its own. */
bool restart_is_due(const struct judgement *j, const struct flow **flow);
void restart_decide(struct judgement *j, const struct flow *flow);
/* The flow that is on its way, NULL when there is none. */
const struct flow *running_flow(const struct judgement *j);

#endif
