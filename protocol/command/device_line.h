/* One line of `decide`: a device as JSON, read into what the engine wants.
 *
 *	{"id":"BEN-LAB7-0412",
 *	 "facts":{"os.build":"26100.3775","os.arch":"x64","vbs":"running",...},
 *	 "observed":"2025-05-21T06:00:00Z",
 *	 "history":[{"at":"2025-05-14T09:00:00Z","event":"offered","kb":"KB5058497"},...]}
 *
 * Facts are texts; one that is absent or null is not reported.  They were observed at
 * `observed`, or at the moment of the decision.  History is folded as history_fold.h
 * says.  A member of another name is refused, so that a slip does not pass for silence.
 *
 * A struct device_line is large (some 60 KB) and is used again for each line.  The id
 * points into the line it was read from. */

#ifndef PROTOCOL_COMMAND_DEVICE_LINE_H
#define PROTOCOL_COMMAND_DEVICE_LINE_H

#include <stdbool.h>

#include "engine/decision.h"
#include "engine/facts.h"
#include "engine/history.h"

struct json_scan;
struct problem;

struct device_line {
	const char *id; /* NULL until it has been read */
	struct facts facts;
	bool has_history;
	struct history history;
	struct decision decision; /* of the facts alone: it names the device's product */
	struct facts seen;        /* room of the fold */
};

/* `text` ends with a NUL at `size` and is changed.  `situation` says of which catalog
 * and plan, and when; its device, facts and history are filled in.  -1 with *p told:
 * what, and at which byte; line->id is then the id if it came that far. */
int device_line_read(struct device_line *line, char *text, size_t size,
		     struct situation *situation, struct problem *p);

#endif
