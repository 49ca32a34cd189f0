/* A whole file in memory, if it is not too large.
 *
 * For the files people write and the small data files of the system: catalogs, plans,
 * time zones.  Blocks, so it is not for an event loop. */

#ifndef PROTOCOL_XML_FILES_READ_H
#define PROTOCOL_XML_FILES_READ_H

#include <stddef.h>

struct problem;

/* The bytes with a NUL behind them, to be freed; NULL with *p told (not found, a folder,
 * not to be read, more than `limit` bytes).  The problem names the path. */
char *files_read(const char *path, size_t limit, size_t *size, struct problem *p);

#endif
