/* Hours of the local day: active hours, maintenance windows, schedules.
 *
 * Local time is UTC plus the zone's offset at that moment; a window is a set of local
 * minutes on some weekdays.  One that passes midnight belongs to the day it starts on. */

#ifndef ENGINE_HOURS_H
#define ENGINE_HOURS_H

#include <stdbool.h>
#include <stdint.h>

struct hours;
struct zone;

/* Hours that are not set hold nothing: false. */
bool hours_contain(const struct hours *hours, const struct zone *zone, int64_t at_s);

/* The first moment at or after `at_s` that is inside; at_s itself when it is.
 * INSTANT_NONE when there is none within eight days. */
int64_t hours_next(const struct hours *hours, const struct zone *zone, int64_t at_s);

/* The first moment at or after `at_s` that is outside; eight days on for hours that
 * never end. */
int64_t hours_end(const struct hours *hours, const struct zone *zone, int64_t at_s);

/* The first scheduled moment (weekday and hours->from_minute) at or after `at_s`.  A time
 * that a change of the clock skips is the change itself; one that comes twice counts the
 * first time. */
int64_t hours_occurrence(const struct hours *hours, const struct zone *zone,
			 int64_t at_s);

#endif
