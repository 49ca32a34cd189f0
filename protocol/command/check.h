/* Checking the files people write, with no server: the same reader and the same rules
 * that the server applies, so what passes here passes there.
 *
 * A struct yard_files holds what was read from catalog and plan files, with everything
 * that was found.  The texts stay as long as it does, since findings name the files. */

#ifndef PROTOCOL_COMMAND_CHECK_H
#define PROTOCOL_COMMAND_CHECK_H

#include "engine/findings.h"
#include "protocol/command/files.h"

struct catalog;
struct plan;
struct problem;
struct zone_files;

struct yard_files {
	struct file_list paths;
	struct findings findings;
	struct catalog *catalog;  /* NULL until read, or with errors */
	struct plan *plan;        /* NULL until read, or with errors */
	struct zone_files *zones; /* the plan borrows from it */
};

/* -1 with *p told: no zone data. */
int yard_files_init(struct yard_files *files, struct problem *p);
void yard_files_fini(struct yard_files *files);

/* Read several files (or folders of *.xml) as one catalog; faults become findings.  -1
 * with *p told only when a file cannot be read at all. */
int yard_files_catalog(struct yard_files *files, const char *const *paths, size_t count,
		       struct problem *p);

/* Read a plan; with a catalog at hand, what the plan says of releases is checked too. */
int yard_files_plan(struct yard_files *files, const char *path, struct problem *p);

#endif
