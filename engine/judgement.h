/* The inside of one decision: what its parts share while it is being made.
 *
 * decision.c takes the steps of DESIGN 2.4 in order; level.c finds product, level and
 * track (2.2); eligibility.c fills the rows (2.3); candidate.c says what stands in a
 * release's way (2.5); choice.c picks one by rules a to d, now or as time passes. */

#ifndef ENGINE_JUDGEMENT_H
#define ENGINE_JUDGEMENT_H

#include "engine/decision.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/rollout.h"

struct judgement {
	const struct situation *situation;
	struct decision *decision;
	const struct ring *ring;
	const struct policy *policy; /* NULL: none matches */
	const struct line *line;
	int32_t published; /* releases [0, published) are published by now */
	int32_t lowest;    /* none below this index is above the level */
	int32_t quarter;   /* of the level, while on the hotpatch track; else -1 */
};

/* level.c: 0, or a reason why the device cannot be placed. */
enum reason level_find(struct judgement *j);
/* Is release `index` above the device's level? */
bool level_is_below(const struct judgement *j, int32_t index);
/* Does `newer` belong to a quarter that began after `older`'s? */
bool quarter_is_newer(const struct line *line, int32_t newer, int32_t older);

/* eligibility.c */
void eligibility_standing_rows(struct judgement *j); /* the first six, and the track */

/* candidate.c: what stands in the way of one release on this device. */
enum obstacle {
	/* open by themselves */
	OBSTACLE_DEFERRED = 1 << 0,
	OBSTACLE_GRADUAL = 1 << 1,
	OBSTACLE_GATE = 1 << 2,
	OBSTACLE_CANARY = 1 << 3,
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
	OBSTACLES_TIMED = OBSTACLE_DEFERRED | OBSTACLE_GRADUAL | OBSTACLE_PAUSED,
	OBSTACLES_OPENING = OBSTACLES_TIMED | OBSTACLE_GATE | OBSTACLE_CANARY,
};
/* A gate or a canary opens by itself, but nobody knows when: after all known times. */
#define OPENS_SOMETIME (INT64_MAX - 1)

struct way {
	unsigned obstacles;
	int64_t opens_s; /* when the last opening obstacle falls; known openings in the
			    past too */
	enum reason opening_reason; /* the obstacle that falls last */
};

/* Is it for this device at all: published, active, above, targeted to it?  What is not
 * is no candidate whatever happens. */
bool candidate_is_possible(const struct judgement *j, int32_t index);
struct way candidate_way(const struct judgement *j, int32_t index);
enum reason obstacle_reason(unsigned obstacles); /* the first that needs a person */
struct release_key candidate_key(const struct judgement *j, int32_t index);
/* The running flow is an install of this release. */
bool candidate_is_running(const struct judgement *j, int32_t index);

/* choice.c: a way of looking at candidates. */
struct lens {
	int64_t until_s; /* what opens by then counts as open */
	unsigned ignore; /* obstacles set aside */
};

struct choice {
	int32_t release; /* -1: nothing */
	char rule;       /* a b c d */
	enum reason why; /* why nothing, or what changed the rule; REASON_NONE */
	int32_t awaited; /* with why: the release it is about, -1 */
};

struct choice choose(const struct judgement *j, struct lens lens);
/* Nothing to offer: up to date, or waiting for what (DESIGN 2.4 step 5). */
void settle_waiting(struct judgement *j, const struct choice *now);

void decision_reason(struct decision *decision, enum reason reason);

#endif
