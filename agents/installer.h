/* A real machine: facts from the operator, work by the operator's own command.
 *
 * The command line is run by the shell as `CMD install KB BUILD FILE`, `CMD uninstall KB
 * -
 * -` and `CMD restart - - -`.  Exit code 0 means done; 194 (3010 & 0xff), or a line
 * "restart" in its output, means done with a restart to come; anything else has failed,
 * with the code of an output line such as "0x800F0922" if there is one.  Output goes to
 * installer.log in the state folder, how it ended to installer.exit; the command holds a
 * lock on the log as long as it runs.  So an agent that was killed and started again
 * waits for the install it left behind, and learns how it ended.  After a power cut the
 * install is begun again: the command must bear that.
 *
 * Facts are the fixed ones given, overlaid by the lines of a facts file that is read anew
 * each time, and os.boot of this machine unless something else says it. */

#ifndef AGENTS_INSTALLER_H
#define AGENTS_INSTALLER_H

#include <stdint.h>

#include "agents/fact_set.h"
#include "agents/host.h"

enum { EXIT_RESTART_NEEDED = 3010 & 0xff };

struct installer_options {
	const char *command;    /* NULL: every install fails, and says so */
	const char *facts_file; /* NULL: none */
	const char *state_dir;
	int64_t patience_s; /* a command that runs longer is ended; 0 for the default */
	struct fact_set facts;
};

struct installer;
struct installer *installer_new(const struct installer_options *options,
				struct problem *p);
void installer_free(
	struct installer *installer); /* accepts NULL; leaves a command running */
struct host installer_host(struct installer *installer);

#endif
