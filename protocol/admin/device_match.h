/* Expressions over devices as lists show them: facts, and beside them id, ring, policy,
 * product, level.kb, level.build, track, standing, action and flow.state. */

#ifndef PROTOCOL_ADMIN_DEVICE_MATCH_H
#define PROTOCOL_ADMIN_DEVICE_MATCH_H

#include <stdbool.h>

struct device_seen;
struct expression;
struct plan;

/* Unknown is no match. */
bool device_matches(const struct expression *where, const struct device_seen *seen,
		    const struct plan *plan);

#endif
