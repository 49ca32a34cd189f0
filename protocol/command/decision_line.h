/* One line of `decide` going out: a decision, or why there is none, as JSON.
 *
 *	{"id":ID,"product":ID,"level":{"kb":KB,"build":BUILD},"track":TRACK,
 *	 "action":"install"|"uninstall"|"restart"|"none","kb":KB,"build":BUILD,"kind":KIND,
 *	 "opens":TIME,"install_by":TIME,"reasons":[REASON,...]}
 *	{"id":ID,"line":N,"error":TEXT}
 *
 * Every member is always there, null where there is nothing to say.  With the action
 * none, kb, build, kind and opens speak of the release that is waited for. */

#ifndef PROTOCOL_COMMAND_DECISION_LINE_H
#define PROTOCOL_COMMAND_DECISION_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/limits.h"

struct decision;

/* The longest line: an id all of whose bytes need an escape, and what is fixed. */
enum { DECISION_LINE_MOST = LIMIT_DEVICE_ID * 6 + 4096 };

/* How many bytes, the line end among them. */
size_t decision_line_write(const char *id, const struct decision *decision,
			   char room[static DECISION_LINE_MOST]);

/* `id` may be NULL.  The text is cut where it would not fit. */
size_t fault_line_write(const char *id, uint64_t line, const char *text,
			char room[static DECISION_LINE_MOST]);

#endif
