/* What a rehearsal keeps of a device that is known: its record, as small as it is.
 *
 * Packed facts are a struct facts cut off behind the text in use: never copied whole,
 * never looked anything up in but by facts_unpack(). */

#ifndef ENGINE_REHEARSAL_DEVICE_MEMORY_H
#define ENGINE_REHEARSAL_DEVICE_MEMORY_H

#include "engine/facts.h"
#include "engine/history.h"

struct zone;

struct device_memory {
	char id[LIMIT_DEVICE_ID + 1];
	const struct zone *zone;
	struct facts *facts; /* packed */
	struct flow flow;
	int64_t paused_until_s;
	uint16_t mark_count, sighting_count;
	struct mark *marks;
	struct sighting *sightings;
};

struct facts *facts_pack(const struct facts *facts); /* NULL without memory */
void facts_unpack(struct facts *to, const struct facts *packed);

#endif
