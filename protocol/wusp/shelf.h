/* Keeps the store's updates in step with catalog and payloads, and makes the library of
 * what is there.
 *
 * Every release whose payload is at hand has its documents (update_make.h), but for those
 * whose genuine metadata were imported.  A document whose text changed gets the next
 * revision; one that nothing stands behind any more is retired.  Whatever changes raises
 * the generation by one. */

#ifndef PROTOCOL_WUSP_SHELF_H
#define PROTOCOL_WUSP_SHELF_H

#include <stdint.h>

struct backend_ops;
struct catalog;
struct library;
struct line;
struct payload;
struct problem;
struct release;
struct session;

struct shelf {
	const struct backend_ops *ops;
	struct session *session;
	int64_t now_s;
	const struct catalog *catalog;
	/* NULL: not at hand. */
	const struct payload *(*payload)(const void *owner, const struct line *line,
					 const struct release *release);
	const void *owner;
};

/* On the writer's session.  1 when anything changed, and *generation is then one more;
 * -1 with *p told. */
int shelf_renew(const struct shelf *shelf, uint32_t *generation, struct problem *p);

/* Any session.  NULL with *p told. */
struct library *shelf_library(const struct backend_ops *ops, struct session *session,
			      uint32_t generation, struct problem *p);

#endif
