/* When devices are switched on: every work pattern of a fleet, written out once for the
 * whole time of a rehearsal, so that "when is it on next?" is a search in a list.
 *
 * The hours are asked of engine/hours.h.  Built once, then only read. */

#ifndef ENGINE_REHEARSAL_SHIFTS_H
#define ENGINE_REHEARSAL_SHIFTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fleet_work;

struct shift {
	uint32_t on, off; /* [on, off) */
};

struct shifts {
	bool always;
	size_t count;
	struct shift *list; /* ascending */
};

/* -1 without memory. */
int shifts_write(struct shifts *shifts, const struct fleet_work *work, uint32_t from,
		 uint32_t until);
void shifts_fini(struct shifts *shifts);

/* The shift that holds `time`, else the first after it; false past the last. */
bool shifts_find(const struct shifts *shifts, uint32_t time, struct shift *found);
/* Until when it was last on, at or before `time`; 0 when it never was. */
uint32_t shifts_last_on(const struct shifts *shifts, uint32_t time);

#endif
