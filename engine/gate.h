/* Gates: when a rollout of one release in one ring is stopped, and when it has passed
 * and opens the next ring (DESIGN 2.6).
 *
 * Counters in, a verdict out; no state, no clock.  Who keeps the counters asks after
 * every outcome, and again when the time that the verdict names has come, because soak
 * and silence pass by themselves.
 *
 * Counts are of devices, each by its last outcome of the release in the ring, so that one
 * sick machine that is tried three times is one failure.  Success is verified, failure is
 * failed.  Devices that are silent, that said "installed" and never showed it, that
 * declined or found it not applicable stand beside them and never dilute.
 *
 * Halting looks at the release alone: at once on a failure code that the plan calls
 * critical or when the canary failed, else from min-samples outcomes on, when Wilson's
 * lower bound of the failure rate, one-sided at 95 %, is above the limit.  "It lies above
 * the limit" is the same as "the score test rejects the limit", which whole numbers can
 * say.  It is looked at after every outcome and so errs more often than a single look:
 * with a limit of 5 % and 40 samples, over 1,000 outcomes, a true rate of 2.5 % halts in
 * about 1 % of the rollouts and one right at the limit in about 30 %; one of 20 % halts
 * within 60 outcomes in 99 %.  tests/unit/gate/test_gate_rates.c measures it.
 *
 * Passing looks at the release and its repairs together.  That everybody answered is
 * never enough: the failure rate must be within the limit, the silent few, and the soak,
 * from the first outcome on, over.  A ring with fewer devices for the release than
 * min-samples needs all of them but the silent ones; one with none passes after its
 * opening and soak, with a warning. */

#ifndef ENGINE_GATE_H
#define ENGINE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/flow.h"

struct gate;
struct ring;
struct rollout;

struct gate_counts {
	int64_t verified, failed; /* what a gate weighs */
	int64_t silent, declined, not_applicable;
	int64_t unverified;
};

#define GATE_DEVICES_UNKNOWN INT64_C(-1)

struct gate_question {
	const struct gate *gate;
	struct gate_counts alone;    /* of this release: halting */
	struct gate_counts together; /* with its repairs in the ring: passing */
	/* Of the ring, that this release is for: that answered, or still may.  UNKNOWN
	 * before anybody counted. */
	int64_t devices;
	int64_t opened_s; /* the ring's own opening for it */
	int64_t first_s;  /* the first outcome; 0 or INSTANT_NONE: none yet */
	int64_t now_s;
	uint32_t max_failed_permille; /* raised by an acknowledgement; 0: the gate's */
	bool waived;                  /* the failure rate stops nothing */
	bool critical;                /* a failure code the plan calls critical */
	bool canary_failed;
};

enum gate_state { GATE_COLLECTING, GATE_PASSED, GATE_HALTED, GATE_STATES };
enum gate_why {
	GATE_WHY_NONE,
	GATE_WHY_CRITICAL,
	GATE_WHY_FAILURES, /* above the limit: by the bound to halt, observed to wait */
	GATE_WHY_SAMPLES,  /* too few outcomes */
	GATE_WHY_SOAK,
	GATE_WHY_SILENT,
	GATE_WHY_EMPTY, /* passed without a device: worth a warning */
	GATE_WHY_CANARY,
	GATE_WHYS
};
extern const char *const gate_state_names[GATE_STATES];
extern const char *const gate_why_names[GATE_WHYS];

struct gate_verdict {
	enum gate_state state;
	enum gate_why why;      /* of the halt, or what is waited for */
	int64_t needed;         /* outcomes for a verdict */
	int64_t lower_ppm;      /* the bound of the failure rate, in millionths */
	int64_t stands_until_s; /* the soak ends then; INSTANT_NONE */
};

struct gate_verdict gate_judge(const struct gate_question *question);

/* What a verdict does to its rollout as it stands.  `may_pass`: the ring is gated, and
 * the rollout is open there. */
enum gate_act { GATE_ACT_NONE, GATE_ACT_HALT, GATE_ACT_PASS };
enum gate_act gate_act(const struct rollout *rollout, const struct gate_verdict *verdict,
		       bool may_pass);

/* What the end of its flow makes of a canary: verified opens the ring; a failure is for
 * the gate to halt.  With any other end it proves nothing, and another device goes
 * first. */
enum canary_act { CANARY_VERIFIED, CANARY_STAYS, CANARY_ANOTHER };
enum canary_act canary_act(enum flow_state end, bool waived);

/* The verdict for people: a clause without a full stop. */
enum { GATE_TEXT = 200 };
char *gate_text(const struct gate_question *question, const struct gate_verdict *verdict,
		char text[static GATE_TEXT]);

/* The ring's gate; for a ring without one: one verified device passes it, and it never
 * halts by itself. */
const struct gate *gate_of(const struct ring *ring);
/* A device that was offered it so long ago and has no outcome is silent. */
int64_t gate_silent_after_s(const struct gate *gate);
bool gate_is_critical(const struct gate *gate, uint32_t code);

/* Is the lower bound for `failed` of `total` above `permille`? */
bool gate_bound_exceeds(int64_t failed, int64_t total, uint32_t permille);
/* The bound itself, in millionths, rounded down. */
int64_t gate_bound_ppm(int64_t failed, int64_t total);

#endif
