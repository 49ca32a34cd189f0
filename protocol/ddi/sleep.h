/* How long a device sleeps until its next poll.
 *
 * Pure.  The steady interval, less while a flow runs or a stop is asked for, and no
 * longer than to the next moment at which time alone changes the answer.  A jitter of
 * +-10 %, the same for one device within one hour, keeps a fleet from beating in step;
 * what waits for one moment comes spread over a quarter of the interval after it. */

#ifndef PROTOCOL_DDI_SLEEP_H
#define PROTOCOL_DDI_SLEEP_H

#include <stdbool.h>
#include <stdint.h>

enum { SLEEP_TEXT = 9, SLEEP_SHORT_S = 30, SLEEP_MOST_S = 86399 };

struct sleep_wish {
	const char *device;
	int64_t now_s;
	int64_t steady_s;
	bool running;       /* a flow is on its way */
	bool urgent;        /* the device is to stop what it does */
	int64_t boundary_s; /* INSTANT_NONE: none, or the clock is not the real one */
};

/* 1 to SLEEP_MOST_S. */
int64_t sleep_choose(const struct sleep_wish *wish);

/* "HH:MM:SS". */
void sleep_format(int64_t sleep_s, char text[static SLEEP_TEXT]);

#endif
