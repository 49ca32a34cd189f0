/* Time zones from the system's zone files, for plan_seal().
 *
 * The engine reads no files; this does it for it, once for each zone, and keeps what it
 * read until it is freed: the zones it lends live as long, so it must outlive every plan
 * sealed with it.  Safe from any thread; it blocks on the disk the first time. */

#ifndef PROTOCOL_XML_ZONE_FILES_H
#define PROTOCOL_XML_ZONE_FILES_H

struct zone;
struct zone_files;

/* Over /usr/share/zoneinfo.  NULL only without memory. */
struct zone_files *zone_files_new(void);
void zone_files_free(struct zone_files *zones); /* accepts NULL */

/* A zone_source: `owner` is the struct zone_files.  NULL for a name that is no zone of
 * this system, or that tries to leave the folder. */
const struct zone *zone_files_find(void *owner, const char *name);

#endif
