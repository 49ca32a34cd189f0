/* What is asked for devices: an operation, for which of them, how many at a time.
 *
 * Read from a body; then, on a pool thread, every device it may mean is rehearsed
 * (engine/operation.h), which says what it would cost and which of them would refuse. */

#ifndef PROTOCOL_ADMIN_OPERATION_ASK_H
#define PROTOCOL_ADMIN_OPERATION_ASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/operation.h"
#include "protocol/admin/rollout_target.h"

struct expression;
struct job;
struct problem;

enum {
	ASK_NAMED = 1000,     /* devices by name in one call */
	ASK_SHOWN = 1000,     /* of them in an answer */
	ASK_DEVICES = 100000, /* in one operation */
	ASK_AT_MOST = 20,     /* at a time, where nothing is said and steps are taken */
	ASK_AT_MOST_MOST = 10000,
};

struct operation_ask {
	struct operation operation;
	struct rollout_target target; /* the release, and a ring */
	json_t *names;                /* of devices; NULL: by `where` and ring */
	struct expression *where;     /* NULL: all of the ring */
	int64_t for_s, at_most;
	char reason[256];
	bool dry_run;
	/* What the rehearsal found. */
	size_t count, room;
	char **devices; /* that it fits */
	int64_t refused, restarts, installs;
	json_t *shown; /* [{"id","removes","installs","restarts","refused"}] */
	int64_t not_shown;
};

/* 0, or -1 with *p told. */
int operation_ask_read(struct operation_ask *ask, const json_t *body, struct problem *p);
void operation_ask_fini(struct operation_ask *ask);
/* On a pool thread.  PROBLEM_NOT_FOUND for a device by name that is not there;
 * PROBLEM_CONFLICT when it fits none. */
int operation_ask_rehearse(struct operation_ask *ask, struct job *job, struct problem *p);

#endif
