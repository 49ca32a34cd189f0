/* The command line of patchyardd: settings, and what to do with them. */

#ifndef PROTOCOL_SERVER_OPTIONS_H
#define PROTOCOL_SERVER_OPTIONS_H

#include <stdbool.h>

#include "protocol/server/settings.h"

enum options_task { TASK_SERVE, TASK_CHECK, TASK_HELP, TASK_VERSION };

struct options {
	enum options_task task;
	struct settings settings;
	struct findings findings; /* about the settings, from every source */
};

/* Reads the command line, then the files it leads to, then the command line's own
 * settings on top.  -1 with *p told for wrong usage or an unreadable file; what is wrong
 * with a setting is in the findings. */
int options_read(struct options *options, int argc, char **argv, struct problem *p);
void options_fini(struct options *options);

void options_help(FILE *out);

#endif
