/* What a change to rollouts or holds does to the fleet: every device is decided for
 * twice, as things were and as they are (or would be), and put into one set.
 *
 * That is the preview of --dry-run and the answer of the act itself: both are this same
 * comparison, so they cannot disagree.  On a pool thread. */

#ifndef PROTOCOL_ADMIN_ROLLOUT_EFFECT_H
#define PROTOCOL_ADMIN_ROLLOUT_EFFECT_H

#include <jansson.h>
#include <stdint.h>

#include "protocol/admin/rollout_target.h"

struct expression;
struct job;
struct problem;
struct view;

/* Where a device stands to the releases in question. */
enum effect_set {
	EFFECT_NONE,        /* they are nothing to it */
	EFFECT_FINISHED,    /* stands on one of them, and stays */
	EFFECT_RUNNING,     /* on its way, and goes on to its end */
	EFFECT_STOPPED,     /* on its way, and told to stop */
	EFFECT_STARTS,      /* is offered one now, and was not before */
	EFFECT_INSTEAD,     /* is offered another release in its place */
	EFFECT_NOT_STARTED, /* waits */
	EFFECT_SETS
};
extern const char *const effect_set_names[EFFECT_SETS];

enum { EFFECT_DEVICES = 1000 }; /* named in an answer */

struct rollout_effect {
	const struct rollout_target *target;
	const struct view *before, *after;
	/* For a hold: its devices alone; NULL for all. */
	const struct expression *match;
	int64_t count[EFFECT_SETS];
	int64_t restarts; /* of devices that start, or start another */
	int64_t listed;
	json_t *devices; /* [{"id","set","kb"?}] */
};

/* Fill in target, before, after and match; the rest zeroed. */
int rollout_effect_count(struct rollout_effect *effect, struct job *job,
			 struct problem *p);
/* Its members into an answer; gives up `devices`. */
void rollout_effect_tell(struct rollout_effect *effect, json_t *answer);

#endif
