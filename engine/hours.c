#include "engine/hours.h"

#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/zone.h"

enum { DAY_MINUTES = 24 * 60, LOOK_AHEAD_DAYS = 8 };

static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

static bool day_counts(const struct hours *hours, int64_t local_day)
{
	int weekday = (int)(((local_day + 4) % 7 + 7) % 7); /* 1970-01-01: Thursday */
	return hours->weekdays == 0 || (hours->weekdays >> weekday & 1) != 0;
}

bool hours_contain(const struct hours *hours, const struct zone *zone, int64_t at_s)
{
	if (!hours->set || hours->from_minute == hours->to_minute)
		return false;
	int64_t local = at_s + zone_offset(zone, at_s);
	int64_t day = floor_div(local, DAY_S);
	int minute = (int)((local - day * DAY_S) / 60);
	if (hours->from_minute < hours->to_minute)
		return minute >= hours->from_minute && minute < hours->to_minute &&
		       day_counts(hours, day);
	if (minute >= hours->from_minute)
		return day_counts(hours, day);
	return minute < hours->to_minute && day_counts(hours, day - 1);
}

/* The moment a local day's minute falls on.  The offset is taken twice, so that a
 * change of offset between here and there is seen; a local time that a change skips
 * falls right after it. */
static int64_t moment(const struct zone *zone, int64_t day, int minute)
{
	int64_t local = day * DAY_S + (int64_t)minute * 60;
	int64_t guess = local - zone_offset(zone, local);
	return local - zone_offset(zone, guess);
}

int64_t hours_occurrence(const struct hours *hours, const struct zone *zone, int64_t at_s)
{
	int64_t today = floor_div(at_s + zone_offset(zone, at_s), DAY_S);
	for (int64_t day = today - 1; day <= today + LOOK_AHEAD_DAYS; day++) {
		int64_t start = moment(zone, day, hours->from_minute);
		if (start >= at_s && day_counts(hours, day))
			return start;
	}
	return INSTANT_NONE;
}

int64_t hours_next(const struct hours *hours, const struct zone *zone, int64_t at_s)
{
	if (!hours->set || hours->from_minute == hours->to_minute)
		return INSTANT_NONE;
	return hours_contain(hours, zone, at_s) ? at_s
						: hours_occurrence(hours, zone, at_s);
}

int64_t hours_end(const struct hours *hours, const struct zone *zone, int64_t at_s)
{
	int64_t end = at_s;
	/* Windows of following days may touch: step on while still inside. */
	for (int steps = 0; steps < LOOK_AHEAD_DAYS && hours_contain(hours, zone, end);
	     steps++) {
		int64_t local = end + zone_offset(zone, end);
		int64_t day = floor_div(local, DAY_S);
		int minute = (int)((local - day * DAY_S) / 60);
		bool next_day = hours->from_minute > hours->to_minute &&
				minute >= hours->from_minute;
		int64_t at = moment(zone, day + next_day, hours->to_minute);
		if (at <= end)
			break;
		end = at;
	}
	return end;
}
