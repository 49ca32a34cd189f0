/* The engine's decision, in MS-WUSP's words: the one root that is to be installed or
 * removed, or nothing.  Pure. */

#ifndef PROTOCOL_WUSP_DEPLOY_H
#define PROTOCOL_WUSP_DEPLOY_H

#include "engine/decision.h"
#include "engine/plan.h"
#include "engine/record.h"
#include "protocol/wusp/sync.h"

struct deploy_scene {
	const struct library *library;
	const struct plan *plan;
	const struct device_record *record;
	const struct decision *decision; /* of the record as it stands */
	int64_t now_s;
};

struct deployment deploy_of(const struct deploy_scene *scene);

/* The root of the device's running flow, whether it is shown or not; NULL for none. */
const struct update *deploy_root(const struct deploy_scene *scene);

/* The agent was told that what it is asked to stop is no longer there for it, and comes
 * back without having begun: it has stopped. */
bool deploy_is_stopped(const struct deploy_scene *scene, const struct told *told,
		       bool told_known);

/* Nothing for a device whose line is not known. */
const struct scope *deploy_scope(const struct deploy_scene *scene);
bool deploy_in_scope(const struct scope *scope, const struct update *update);

#endif
