/* Small files that survive a power cut.
 *
 * A file is written whole: to a temporary name, flushed, renamed over the old one, and
 * the folder flushed.  So a reader finds the old content or the new, never half of
 * either, and what was written before a kill is there afterwards. */

#ifndef AGENTS_DISK_H
#define AGENTS_DISK_H

#include <stddef.h>

struct problem;

/* Make the folder, readable by its owner alone; it may be there already. */
int disk_make_folder(const char *folder, struct problem *p);

int disk_write(const char *folder, const char *name, const void *data, size_t size,
	       struct problem *p);

/* The whole file with a terminator behind it, to be freed; NULL with PROBLEM_NOT_FOUND
 * when there is none, PROBLEM_TOO_LARGE past `most` bytes. */
char *disk_read(const char *folder, const char *name, size_t most, size_t *size,
		struct problem *p);

/* The same by its whole path. */
char *disk_read_path(const char *path, size_t most, size_t *size, struct problem *p);

/* Remove one file; none there is no fault. */
int disk_remove(const char *folder, const char *name, struct problem *p);

/* Hold the folder for this process: the file of this name in it is locked until the
 * descriptor returned is closed.  PROBLEM_CONFLICT when another process has it. */
int disk_lock(const char *folder, const char *name, struct problem *p);

/* Make a rename or a new name in the folder durable. */
int disk_sync_folder(const char *folder, struct problem *p);

#endif
