/* Gates: what the outcomes of one release in one ring say about it (DESIGN 2.6).
 *
 * gate_judge() is pure.  It gets counts, the ring's gate, what was done on the day and
 * the time, and says: wait, halt, or pass.  Who keeps the counts calls it after every
 * outcome, and again when the time it names has come, because soak and silence pass by
 * themselves.
 *
 * Counts are of devices, each by its last outcome of the release in the ring, so that
 * one sick machine that is tried three times is one failure.  Success is verified only.
 * Devices that are silent, that said "installed" and never showed it, that declined or
 * found the release not applicable are counted beside: neither success nor failure.
 *
 * Halting looks at a release alone: at once on a failure code that the plan calls
 * critical or when the canary failed; else from min-samples outcomes on, when the lower
 * Wilson bound (one-sided, 95 %) of the failure rate is above the limit.  The bound is
 * looked at after every outcome, so it errs more often than the 5 % of a single look.
 * With a limit of 5 % and 40 samples, over 1,000 outcomes each: a true rate of 2.5 %
 * halts in about 1 % of the runs, one right at the limit in about 30 %, one of 20 % in
 * 99 % within 60 outcomes (tests/unit/gate/test_gate_rates.c measures it).
 *
 * Passing counts a release together with its repairs.  "Everybody answered" alone never
 * passes: the failure rate must be within the limit, and the soak, counted from the first
 * outcome, must be over.  A ring with fewer devices for the release than min-samples
 * needs all of them but the silent ones; a ring with none passes after its own opening
 * and soak, with a warning. */

#ifndef ENGINE_GATE_H
#define ENGINE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/flow.h"
#include "engine/plan.h"
#include "engine/rollout.h"

#define GATE_UNKNOWN (-1)

/* Devices of one ring. */
struct gate_counts {
	int64_t verified, failed; /* by this release alone */
	/* From here on together with its repairs in the ring. */
	int64_t all_verified, all_failed;
	int64_t silent; /* offered longer ago than the bound, no outcome */
	int64_t unverified, not_applicable, rejected;
	/* That answered, or still may: not those that are silent, held, blocked or out of
	 * contact.  GATE_UNKNOWN before anybody looked. */
	int64_t eligible;
	int64_t first_s; /* the first outcome; INSTANT_NONE */
};

/* What has just come in; for looks that time alone brings there is none. */
struct gate_outcome {
	enum flow_state state; /* a final one */
	uint32_t code;
	bool by_canary;
};

struct gate_case {
	const struct gate *gate;
	const struct rollout *rollout;
	struct gate_counts counts;
	int64_t opens_s; /* when the ring opens for it; INSTANT_NONE: not known yet */
	const struct gate_outcome *outcome; /* NULL: none */
	int64_t now_s;
};

/* Waiting also stands for a rollout whose state needs no change. */
enum gate_verdict {
	GATE_WAITING,
	GATE_HALT,
	GATE_PASS,
	GATE_PASS_WITH_WARNING,
	GATE_VERDICTS
};
extern const char *const gate_verdict_names[GATE_VERDICTS];

/* Why; each has words of its own. */
enum gate_cause {
	GATE_WITHDRAWN, /* waiting, for good */
	GATE_HALTED,    /* waiting for an acknowledgement */
	GATE_PASSED,    /* it has passed before, and still stands */
	GATE_CRITICAL,  /* halt */
	GATE_CANARY,    /* halt */
	GATE_FAILURES,  /* halt */
	GATE_PAUSED,    /* waiting, and so are those that follow */
	GATE_NOT_OPEN,
	GATE_SAMPLES,
	GATE_RATE, /* over the limit, but it may still be bad luck */
	GATE_SOAK,
	GATE_SILENCE,
	GATE_ENOUGH,   /* pass */
	GATE_EVERYONE, /* pass: a small ring, all of it */
	GATE_NOBODY,   /* pass with a warning */
	GATE_CAUSES
};

enum { GATE_TEXT = 240 };

struct gate_judgement {
	enum gate_verdict verdict;
	enum gate_cause cause;
	/* Time alone may change it then; INSTANT_NONE: only an outcome or a person. */
	int64_t look_s;
	char text[GATE_TEXT]; /* for people, a sentence without its full stop */
};

void gate_judge(const struct gate_case *given, struct gate_judgement *judgement);

/* The ring's gate; for a ring without one: one verified device passes it, and it never
 * halts by itself. */
const struct gate *gate_of(const struct ring *ring);
/* When a device that was offered something counts as silent: so long after. */
int64_t gate_silent_after_s(const struct gate *gate);
/* The limit that holds: the ring's, or the higher one of an acknowledgement. */
uint32_t gate_limit_permille(const struct gate *gate, const struct rollout *rollout);
/* Is the failure rate above the limit beyond bad luck? */
bool gate_rate_is_above(int64_t failed, int64_t outcomes, uint32_t limit_permille);

#endif
