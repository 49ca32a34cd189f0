/* A folder of its own for each test, under the system's place for such things. */

#ifndef TESTS_UNIT_AGENTS_SCRATCH_H
#define TESTS_UNIT_AGENTS_SCRATCH_H

#include <stddef.h>

enum { SCRATCH_PATH = 512 };

/* Make a fresh folder and return its name in `path`. */
char *scratch_make(char path[static SCRATCH_PATH]);

/* Remove it with everything in it. */
void scratch_remove(const char *path);

/* Make `to` a copy of the folder `from`: files, and one level of folders. */
void scratch_copy(const char *from, const char *to);

/* Write or read one file; the text read is to be freed, NULL when there is none. */
void scratch_write(const char *folder, const char *name, const void *data, size_t size);
char *scratch_read(const char *folder, const char *name, size_t *size);

#endif
