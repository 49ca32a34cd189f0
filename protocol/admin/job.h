/* Work for the pool: a call that looks at many devices or reads whole files.
 *
 * `work` runs on a pool thread with a session of its own and must not touch the call but
 * to read it; `reply` runs on the call's loop afterwards, answers it, and frees what the
 * job holds.  A loop never ends while a call is open, so both always run. */

#ifndef PROTOCOL_ADMIN_JOB_H
#define PROTOCOL_ADMIN_JOB_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "engine/problem.h"
#include "protocol/admin/call.h"
#include "protocol/server/site.h"

struct job {
	uv_work_t request;
	struct call *call;
	struct site *site;
	/* 0, or -1 with *p told. */
	int (*work)(struct job *job, struct problem *p);
	/* With NULL or the problem. */
	void (*reply)(struct job *job, const struct problem *problem);
	/* For work(). */
	struct session *session;
	struct view *view;
	int64_t now_s;
	json_t *body; /* what job_reply_body() answers */
	/* not for users */
	struct job *next;
	struct problem problem;
	bool failed;
};

/* Starts a zeroed job with call, work and reply filled in, when its turn comes. */
void job_start(struct job *job);

/* For work(), between two steps of something long: -1 with *p told when the server is
 * stopping. */
int job_may_go_on(const struct job *job, struct problem *p);

/* A reply: 200 with job->body, or the problem. */
void job_reply_body(struct job *job, const struct problem *problem);

/* Every device with its decision, in order of their ids after `after`.  A nonzero answer
 * stops the walk. */
struct device_seen {
	const struct device_record *record;
	const struct decision *decision;
	int policy, ring; /* of the plan, also where nothing could be decided; -1 */
};
int job_walk_devices(struct job *job, const char *after,
		     int (*each)(void *owner, const struct device_seen *seen),
		     void *owner, struct problem *p);

#endif
