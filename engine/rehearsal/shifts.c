#include "engine/rehearsal/shifts.h"

#include <stdlib.h>

#include "engine/hours.h"
#include "engine/instant.h"
#include "engine/rehearsal/fleet.h"

int shifts_write(struct shifts *shifts, const struct fleet_work *work, uint32_t from,
		 uint32_t until)
{
	size_t room = (size_t)(until - from) / DAY_S + 32;
	int64_t at_s = (int64_t)from - 8 * DAY_S;

	*shifts = (struct shifts){ .always = true };
	if (!work->on.set || work->on.from_minute == work->on.to_minute)
		return 0;
	shifts->always = false;
	shifts->list = calloc(room, sizeof shifts->list[0]);
	if (shifts->list == NULL)
		return -1;
	while (at_s <= until && shifts->count < room) {
		int64_t on_s = hours_next(&work->on, work->zone, at_s);
		if (on_s == INSTANT_NONE)
			break;
		int64_t off_s = hours_end(&work->on, work->zone, on_s);
		shifts->list[shifts->count++] =
			(struct shift){ (uint32_t)on_s, (uint32_t)off_s };
		at_s = off_s;
	}
	return 0;
}

void shifts_fini(struct shifts *shifts)
{
	free(shifts->list);
}

/* How many began at or before `time`. */
static size_t count_begun(const struct shifts *shifts, uint32_t time)
{
	size_t low = 0, high = shifts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (shifts->list[middle].on <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool shifts_find(const struct shifts *shifts, uint32_t time, struct shift *found)
{
	if (shifts->always) {
		*found = (struct shift){ 0, UINT32_MAX };
		return true;
	}
	size_t begun = count_begun(shifts, time);
	if (begun > 0 && time < shifts->list[begun - 1].off)
		begun--;
	if (begun == shifts->count)
		return false;
	*found = shifts->list[begun];
	return true;
}

uint32_t shifts_last_on(const struct shifts *shifts, uint32_t time)
{
	if (shifts->always)
		return time;
	size_t begun = count_begun(shifts, time);
	if (begun == 0)
		return 0;
	const struct shift *last = &shifts->list[begun - 1];
	return time < last->off ? time : last->off;
}
