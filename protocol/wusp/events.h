/* What an agent's event means for the flow of its device (MS-WUSP 2.2.2.2.7, and what
 * agents were seen to send).
 *
 * One table: the event's number, and what it claims of an install and of a removal.
 * FLOW_NONE: it moves nothing, and is kept as evidence if it is about a flow at all.
 * Claims are the flow table's to judge; success is what the facts show.  Pure. */

#ifndef PROTOCOL_WUSP_EVENTS_H
#define PROTOCOL_WUSP_EVENTS_H

#include <stdint.h>

#include "engine/flow.h"

enum { EVENT_SCANNED = 147, EVENT_STATUS = 156 };

struct event_meaning {
	const char *words;                 /* NULL: no event that we know */
	enum flow_state claim[FLOW_KINDS]; /* FLOW_NONE: none */
};

/* `result` is Win32HResult: it decides where the number alone does not. */
struct event_meaning event_meaning(int64_t event, int64_t result);

#endif
