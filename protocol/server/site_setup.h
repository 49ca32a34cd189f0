/* Making and ending a site: what main and the tests need beyond site.h.
 *
 * Main opens the store and the content store and hands them over as a struct
 * site_wiring, because protocol and store do not see each other.  Order: store, site,
 * loops; and back: loops stopped and joined, site_close(), store. */

#ifndef PROTOCOL_SERVER_SITE_SETUP_H
#define PROTOCOL_SERVER_SITE_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/server/site.h"

/* The bytes of payloads.  Any thread. */
struct site_content {
	void *owner;
	/* Copy a file in and say its size and hashes; reads all of it, so on a pool. */
	int (*add)(void *owner, const char *source_path, struct payload *out,
		   struct problem *p);
	/* False for a malformed hash. */
	bool (*path)(void *owner, const char *sha256, char *path, size_t size);
};

struct site_wiring {
	struct backend *backend;
	struct site_content content;
	const char *base_url;        /* "" : from the request's Host */
	const char *enrolment_token; /* "" : nobody enrols by token */
	int64_t poll_s;
	int64_t seen_flush_s;   /* last-seen times are written so often */
	bool clock_is_virtual;  /* else clock_from_s is ignored */
	int64_t clock_from_s;   /* INSTANT_NONE: where it stood, else the real time */
	struct wusp_terms wusp; /* all zero: no agent is served over MS-WUSP */
	const char *wusp_mark;  /* path of the mark beside the database; NULL for none */
};

/* Reads what is in the store and makes the first view.  NULL with *p told; texts are
 * copied. */
struct site *site_open(const struct site_wiring *wiring, struct problem *p);
void site_close(struct site *site);

/* Before the loops are stopped. */
void site_stop(struct site *site);

/* For a loop's `started`, `stopped` and `tick`. */
int desk_open(struct loop *loop, struct site *site, struct problem *p);
void desk_close(struct loop *loop);
void desk_tick(struct loop *loop);

#endif
