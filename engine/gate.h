/* Gates: when a rollout of one release in one ring is stopped, and when it has passed
 * and opens the next ring (DESIGN 2.6).
 *
 * Counters in, a verdict out; no state, no clock.  Success is verified, failure is
 * failed; devices that are silent, declined or found it not applicable stand beside them
 * and never dilute.  The caller keeps the counters, moved by flow events.
 *
 * The bound is Wilson's lower one, one-sided at 95 %.  "It lies above the limit" is the
 * same as "the score test rejects the limit", which whole numbers can say. */

#ifndef ENGINE_GATE_H
#define ENGINE_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct gate;

struct gate_counts {
	int64_t verified, failed; /* what a gate weighs */
	int64_t silent, declined, not_applicable;
};

struct gate_question {
	const struct gate *gate;
	struct gate_counts alone;    /* of this release: halting */
	struct gate_counts together; /* with its repairs in the ring: passing */
	int64_t devices;             /* of the ring, that this release is for */
	int64_t opened_s;            /* the ring's own opening for it */
	int64_t now_s;
	uint32_t max_failed_permille; /* raised by an acknowledgement; 0: the gate's */
	bool waived;                  /* halting is off */
	bool critical;                /* a failure code the plan calls critical */
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

/* Is the lower bound for `failed` of `total` above `permille`? */
bool gate_bound_exceeds(int64_t failed, int64_t total, uint32_t permille);
/* The bound itself, in millionths, rounded down. */
int64_t gate_bound_ppm(int64_t failed, int64_t total);

#endif
