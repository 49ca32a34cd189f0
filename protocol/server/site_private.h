/* What a site is made of; for the files of this folder alone. */

#ifndef PROTOCOL_SERVER_SITE_PRIVATE_H
#define PROTOCOL_SERVER_SITE_PRIVATE_H

#include <pthread.h>
#include <stdint.h>

#include "engine/backend.h"
#include "protocol/server/clock.h"
#include "protocol/server/site_setup.h"
#include "protocol/server/token.h"

enum { STATE_PATH_MOST = 600 };

struct keeper;
struct zone_files;

struct site {
	struct backend *backend;
	struct site_content content;
	char base_url[512];
	bool enrols;
	uint8_t enrolment_hash[TOKEN_HASH];
	int64_t poll_s, seen_flush_s;
	struct wusp_terms wusp;
	char wusp_mark[STATE_PATH_MOST]; /* "": there is none */
	struct clock clock;
	struct zone_files *zones;
	uint64_t salt; /* of gradual opening */
	struct keeper *keeper;
	bool stopping; /* atomic */

	pthread_mutex_t lock; /* over the pointer, not over what it points to */
	struct view *view;

	uint64_t generation; /* of views; atomic */

	/* The writer thread's, once the loops run. */
	uint32_t marked; /* what the mark says */
	struct guid marked_server;
	struct device_record record;
	struct decision decision;
	struct outcome outcome;
	/* What the last unit of the group made, which is not on the disk yet; borrowed
	 * from that unit.  NULL: nothing since `view`. */
	struct view *newest;
};

/* Takes over the reference. */
void site_publish(struct site *site, struct view *view);

/* Units of work see what the units before them in the group made.  One that writes what
 * views are made of renews: *fresh is built from `from` (a view of before, which may be
 * *fresh itself), replaces what was in *fresh, and is the newest from now on.  When the
 * unit is done it settles *fresh: published if it is on the disk, dropped if not. */
struct view *site_view_newest(struct site *site);
int site_view_renew(struct site *site, struct session *session, const struct view *from,
		    struct view **fresh, struct problem *p);
void site_view_settle(struct site *site, struct view *fresh, bool is_kept);

/* change.c: what a change does inside a unit of work, for units with several. */
int change_run(struct change *change, struct session *session, struct problem *p);

#endif
