/* The past of one device, out of its logs.
 *
 * Whatever happens to a device is noted as an event, and what an event makes of a record
 * is written here and nowhere else: passages and operations decide what happens, note it,
 * and have it applied by record_apply().  A replay applies the same events again as the
 * log has them, and beside them the changes of facts.  So the record of any moment can be
 * had from what was logged until then, and is the one that was there.
 *
 * It lacks what only the wires need and no decision looks at: the token, when the device
 * was last seen, whether its facts are wanted, and the sequence of its flow's reports.
 *
 * Pure: the caller reads the logs and hands over what they say. */

#ifndef ENGINE_REPLAY_H
#define ENGINE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/record.h"

struct problem;

/* What the event makes of the record.  Events that only tell change nothing. */
void record_apply(struct device_record *record, const struct event *event);

struct replay {
	bool known;                  /* there was such a device then */
	struct device_record record; /* as it was */
	int64_t first_s;             /* when it was first heard of; INSTANT_NONE never */
	int64_t forgotten_s;         /* when it was forgotten last; INSTANT_NONE never */
};

void replay_init(struct replay *replay, const char *device);
/* Each log in its own order; the events first, or both in step by their times with the
 * events of a moment before its changes of facts.  What is later than the moment that
 * is asked for is left out by the caller. */
void replay_event(struct replay *replay, const struct event *event);
/* -1 with *p told for what no fact can be. */
int replay_fact(struct replay *replay, const struct fact_change *change,
		struct problem *p);

#endif
