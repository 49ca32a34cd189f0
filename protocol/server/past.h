/* The site as it stood at a moment, for one device: the record replayed from its logs,
 * and a view of the catalog, plan, rollouts, holds and payloads of then.
 *
 * For pool threads: documents of then may have to be read anew.  Those that stand to this
 * day are shared with the present view. */

#ifndef PROTOCOL_SERVER_PAST_H
#define PROTOCOL_SERVER_PAST_H

#include <stdint.h>

#include "engine/replay.h"

struct problem;
struct session;
struct site;
struct view;

struct past {
	/* What is asked for. */
	struct site *site;
	struct session *session; /* a reader; it is left reading as of then */
	const struct view *present;
	const char *device;
	int64_t then_s;
	/* What was. */
	struct view *view;
	struct replay replay; /* known */
};

/* -1 with *p told: PROBLEM_NOT_FOUND when there was no such device at that moment, and
 * since or until when there was one. */
int past_open(struct past *past, struct problem *p);
void past_close(struct past *past); /* one that opened */

#endif
