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

/* The first moment after `low` at which the offset is no longer what it was there, when
 * it is another one at `high`.  Changes come weeks apart, so one is all there is. */
static int64_t change_between(const struct zone *zone, int64_t low, int64_t high)
{
	int32_t before = zone_offset(zone, low);

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (zone_offset(zone, middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* The first moment at which a local day's minute is reached: of the two a local time may
 * have when the clock goes back, the earlier; the change itself when it skips the time.
 */
static int64_t moment(const struct zone *zone, int64_t day, int minute)
{
	int64_t local = day * DAY_S + (int64_t)minute * MINUTE_S;
	int64_t low = local - DAY_S, high = local + DAY_S;
	int64_t by_old = local - zone_offset(zone, low);
	int64_t by_new = local - zone_offset(zone, high);

	if (by_old == by_new)
		return by_old;
	int64_t change = change_between(zone, low, high);
	if (by_old < change)
		return by_old;
	return by_new > change ? by_new : change;
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

/* The next moment at which hours_contain() may change its answer: a bound of the hours,
 * midnight (the weekday changes), or a change of the offset before either. */
static int64_t next_bound(const struct hours *hours, const struct zone *zone,
			  int64_t at_s)
{
	const int64_t bounds[] = { (int64_t)hours->from_minute * MINUTE_S,
				   (int64_t)hours->to_minute * MINUTE_S };
	int32_t offset = zone_offset(zone, at_s);
	int64_t local = at_s + offset;
	int64_t day = floor_div(local, DAY_S);
	int64_t second = local - day * DAY_S;
	int64_t next = DAY_S;
	/* Nothing begins or ends on a day that does not count, after one that does not.
	 */
	bool counts = day_counts(hours, day) || day_counts(hours, day - 1);

	for (int i = 0; counts && i < 2; i++) {
		if (bounds[i] > second && bounds[i] < next)
			next = bounds[i];
	}
	int64_t bound_s = at_s + next - second;
	if (zone_offset(zone, bound_s) == offset)
		return bound_s;
	return change_between(zone, at_s, bound_s);
}

/* Step from bound to bound until what hours_contain() says is `inside`. */
static int64_t walk(const struct hours *hours, const struct zone *zone, int64_t at_s,
		    bool inside)
{
	int64_t until_s = at_s + (int64_t)LOOK_AHEAD_DAYS * DAY_S;

	while (hours_contain(hours, zone, at_s) != inside) {
		if (at_s >= until_s)
			return INSTANT_NONE;
		at_s = next_bound(hours, zone, at_s);
	}
	return at_s;
}

int64_t hours_next(const struct hours *hours, const struct zone *zone, int64_t at_s)
{
	if (!hours->set || hours->from_minute == hours->to_minute)
		return INSTANT_NONE;
	return walk(hours, zone, at_s, true);
}

int64_t hours_end(const struct hours *hours, const struct zone *zone, int64_t at_s)
{
	int64_t end_s = walk(hours, zone, at_s, false);
	return end_s == INSTANT_NONE ? at_s + (int64_t)LOOK_AHEAD_DAYS * DAY_S : end_s;
}
