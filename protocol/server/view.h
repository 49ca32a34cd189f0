/* Makes views from what the store holds.
 *
 * Documents that have not changed since the previous view are not read again: the new
 * one shares its catalog or plan.  Findings point to file names that the check owns. */

#ifndef PROTOCOL_SERVER_VIEW_H
#define PROTOCOL_SERVER_VIEW_H

#include "engine/findings.h"
#include "protocol/server/site.h"

struct view_check {
	struct findings findings;
	size_t name_count;
	char **names;
};

void view_check_init(struct view_check *check);
void view_check_fini(struct view_check *check);

/* One reference.  NULL with *p told; where the documents are at fault, the findings say
 * where, and *p carries the first of them. */
struct view *view_build(struct site *site, struct session *session,
			const struct view *previous, struct view_check *check,
			struct problem *p);
struct view *view_take(struct view *view);

#endif
