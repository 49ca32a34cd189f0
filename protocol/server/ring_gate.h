/* One release in one ring, put together from view and store for its gate
 * (engine/gate.h): when the ring opens for it, and how it went there so far.
 *
 * Reading only, on any session.  Releases are named by their title, rings by their place
 * in the plan, both of one snapshot. */

#ifndef PROTOCOL_SERVER_RING_GATE_H
#define PROTOCOL_SERVER_RING_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/backend.h"
#include "engine/gate.h"
#include "engine/opening.h"

struct snapshot;
struct survey;

struct gate_look {
	const struct backend_ops *ops;
	struct session *session;
	const struct snapshot *snapshot;
	const struct survey *survey; /* of the same catalog and plan; NULL: none yet */
	int64_t now_s;
};

/* May the ring's devices be offered it at all: published, active, approved there, and
 * its payload at hand for one architecture at least? */
bool title_is_offered(const struct gate_look *look, uint32_t title, int ring);

/* What the gate is asked, as it stands, and where the rollout stands otherwise.  Borrows
 * from the snapshot. */
struct ring_gate {
	struct gate_question question;
	const struct rollout *rollout;
	bool is_open; /* offered, opened, and not paused: it may pass */
};
int ring_gate_read(const struct gate_look *look, uint32_t title, int ring,
		   struct ring_gate *gate, struct problem *p);

#endif
