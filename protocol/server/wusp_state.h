/* What MS-WUSP keeps beside devices: the updates that a view shows and who this server
 * is, kept in step with catalog and payloads, with the clock, and with what is known of
 * a restore.
 *
 * Beside the database stands a mark: the server id and the highest generation there was.
 * A database that is behind it was restored from an older one, and the server is another
 * from then on.  All of this is the writer's, or happens before the loops start. */

#ifndef PROTOCOL_SERVER_WUSP_STATE_H
#define PROTOCOL_SERVER_WUSP_STATE_H

#include <stdint.h>

struct problem;
struct session;
struct site;
struct view;

/* The view's library and identity; what did not change since `previous` (may be NULL) is
 * shared with it. */
int wusp_state_read(struct site *site, struct session *session,
		    const struct view *previous, struct view *view, struct problem *p);

/* Before the first loop starts: identity, mark, and updates of what is at hand. */
int wusp_state_start(struct site *site, struct problem *p);

/* On the writer, for a view not yet published: updates in step with it.  `before` is the
 * view that it follows. */
int wusp_state_follow(struct site *site, struct session *session,
		      const struct view *before, struct view *view, struct problem *p);

/* On the writer, after the commit of a view: the mark. */
void wusp_state_mark(struct site *site, const struct view *view);

/* On the writer, now and then: keys that are due, by those of the newest view.  1 when it
 * is to be made anew. */
int wusp_state_tick(struct site *site, struct session *session, const struct view *view,
		    struct problem *p);

#endif
