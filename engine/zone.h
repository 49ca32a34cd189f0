/* Time zones as data: a parsed TZif file (RFC 8536).
 *
 * The engine reads no files: a loader outside hands the bytes to zone_parse().  Past
 * the last transition the rules of the footer are not evaluated; Debian's files list
 * transitions to 2037. */

#ifndef ENGINE_ZONE_H
#define ENGINE_ZONE_H

#include <stddef.h>
#include <stdint.h>

struct problem;
struct zone;

struct zone *zone_parse(const char *name, const void *bytes, size_t size,
			struct problem *p);
void zone_free(struct zone *zone);
const char *zone_name(const struct zone *zone);

/* Seconds east of UTC at `at_s`; 0 for a NULL zone. */
int32_t zone_offset(const struct zone *zone, int64_t at_s);

#endif
