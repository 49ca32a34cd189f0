/* What a client says of its action: feedback bodies, from bytes to meaning.
 *
 * Pure.  A body that is not what hawkBit asks for is refused as a whole; members that are
 * of no use here (id, time, timestamp, progress, and any unknown one) are passed over.
 * What the words mean depends on the flow they are about: clients of hawkBit tell little,
 * swupdate by fixed sentences in details[], ours by lines "py:key=value" there. */

#ifndef PROTOCOL_DDI_FEEDBACK_H
#define PROTOCOL_DDI_FEEDBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/flow.h"

struct problem;

enum execution {
	EXECUTION_CLOSED,
	EXECUTION_PROCEEDING,
	EXECUTION_CANCELED,
	EXECUTION_SCHEDULED,
	EXECUTION_REJECTED,
	EXECUTION_RESUMED,
	EXECUTION_DOWNLOAD,
	EXECUTION_DOWNLOADED,
	EXECUTIONS
};
enum finished { FINISHED_NONE, FINISHED_SUCCESS, FINISHED_FAILURE, FINISHES };

enum {
	CODE_RESTART_REQUIRED = 3010,
	FEEDBACK_DETAILS = 50, /* hawkBit's quota; further lines are passed over */
	FEEDBACK_TEXT = 256,
};

struct feedback {
	enum execution execution;
	enum finished finished;
	bool has_code;
	uint32_t code;         /* given, or found in details[]; 0 */
	uint32_t sequence;     /* py:seq; 0 */
	enum flow_state state; /* py:state; FLOW_NONE */
	enum flow_state line;  /* what a sentence of a known client stands for; or NONE */
	bool defers;           /* py:defer-until */
	char text[FEEDBACK_TEXT]; /* the last line in the device's own words */
};

int feedback_read(const char *body, size_t size, struct feedback *feedback,
		  struct problem *p);

/* The state the feedback claims for an action of `flow`; FLOW_NONE when it claims none
 * and is a note. */
enum flow_state feedback_claim(const struct feedback *feedback, const struct flow *flow);

/* The answer to being told to stop. */
enum stop_answer {
	STOP_NOTE,   /* still at it */
	STOP_DONE,   /* it stopped */
	STOP_REFUSED /* it goes on */
};
enum stop_answer feedback_stop(const struct feedback *feedback);

#endif
