/* A folder of its own for a test, and files in it. */

#ifndef TESTS_UNIT_SERVER_SCRATCH_H
#define TESTS_UNIT_SERVER_SCRATCH_H

#include <stdbool.h>

struct scratch {
	char folder[64];
};

bool scratch_init(struct scratch *scratch);
void scratch_fini(struct scratch *scratch); /* and everything in it */

/* Write a file, making one folder on the way; its path is kept until the next call. */
const char *scratch_write(struct scratch *scratch, const char *name, const char *text);
const char *scratch_path(struct scratch *scratch, const char *name);

#endif
