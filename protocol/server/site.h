/* The running site: what every wire works on, and the one way to change a device.
 *
 * A site ties the store, the clock, the content and the present *view* together.  It is
 * made by main before the first loop starts and outlives the last.  DDI, MS-WUSP and the
 * admin API hold no state of their own.
 *
 * A *view* is catalog, plan, rollouts and the payloads at hand of one moment, immutable
 * and counted.  The writer thread makes a new one after each commit that changed any of
 * them; whoever answered such a change may rely on every later call seeing it.
 *
 * A *desk* is one loop thread's reading session and working room; it never leaves its
 * thread. */

#ifndef PROTOCOL_SERVER_SITE_H
#define PROTOCOL_SERVER_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/backend.h"
#include "engine/decision.h"
#include "engine/problem.h"
#include "engine/record.h"
#include "engine/snapshot.h"
#include "protocol/http/loop.h"
#include "protocol/wusp/identity.h"
#include "protocol/wusp/terms.h"

struct exchange;
struct site;

struct view {
	struct snapshot *snapshot;
	size_t payload_count;
	struct payload *payloads; /* sorted by title and architecture */
	struct library *library;  /* of updates, for MS-WUSP; never NULL */
	struct wusp_identity wusp;
	/* not for readers */
	int references;
	uint64_t catalog_mark, plan_mark; /* of the documents it was made from */
};

struct desk {
	struct site *site;
	struct loop *loop;
	struct session *session;
	/* Working room for one exchange at a time, too big for a stack. */
	struct device_record record;
	struct decision decision;
	/* MS-WUSP's own room on this thread, and who frees it with the desk. */
	void *wusp_room;
	void (*wusp_room_free)(void *room);
	/* not for users */
	struct seen_batch *seen;
	int64_t flush_in_s;
};

/* Any thread. */
int64_t site_now(const struct site *site);
bool site_clock_is_virtual(const struct site *site);
struct view *site_view(struct site *site); /* never NULL; give it back */
void view_give(struct view *view);
/* The file that is `release` of `line`, NULL when it is not at hand. */
const struct payload *view_payload(const struct view *view, const struct line *line,
				   const struct release *release);
/* Where a payload's bytes are; false for a malformed hash. */
bool site_content_path(const struct site *site, const char *sha256, char *path,
		       size_t size);
/* Copy a file into the content store and say its size and hashes; on a pool thread. */
int site_content_add(const struct site *site, const char *source_path,
		     struct payload *out, struct problem *p);
/* "https://host:port" as configured, or made from the request's Host. */
const char *site_base_url(const struct site *site, const char *host, char *room,
			  size_t size);
bool site_enrolment_token_is(const struct site *site, const char *token);
int64_t site_poll_s(const struct site *site); /* the steady polling interval */
struct backend *site_backend(struct site *site);
const struct wusp_terms *site_wusp_terms(const struct site *site);
/* Long work should give up: the loops are being stopped. */
bool site_is_stopping(const struct site *site);

/* A good cookie knew a later generation than ours: the database was restored.  Any
 * thread; once is enough, more does no harm. */
void site_wusp_restored(struct site *site, uint64_t generation);

/* Loop threads. */
struct desk *site_desk(struct loop *loop);
/* A known device was heard: kept in memory, written in batches.  Call it with every
 * authenticated poll; it costs a hash look-up. */
void desk_seen(struct desk *desk, const char *device);

/* What the engine is asked about a record as it stands, at `now_s`.  Borrows from the
 * view and the record. */
struct situation site_situation(struct site *site, const struct view *view,
				const struct device_record *record, int64_t now_s);

/* Decide for a record as it stands, at `now_s`: the one call of the engine. */
void site_decide(struct site *site, const struct view *view,
		 const struct device_record *record, int64_t now_s,
		 struct decision *decision);

/* A change to one device, made on the writer thread inside one transaction and answered
 * on the loop it came from once that is on the disk.
 *
 * `apply` finds the record as it is in the store (key 0 and a fresh record when the
 * device is unknown) with its decision, alters it through engine/passage.h, and may ask
 * for a new decision with change_decide().  -1 with *p told undoes everything.
 * `answer` runs on the loop's thread with NULL or the problem, and frees the change. */
struct change {
	struct work work;
	struct site *site;
	struct loop *loop;
	char device[LIMIT_DEVICE_ID + 1];
	int (*apply)(struct change *change, struct problem *p);
	void (*answer)(struct change *change, const struct problem *problem);
	/* For apply(), on the writer thread only. */
	struct session *session;
	struct view *view;
	int64_t now_s;
	struct device_record *record;
	struct decision *decision;
	struct outcome *outcome;
	/* not for users */
	struct loop_task task;
	struct problem problem;
	struct view *fresh; /* where it moved a rollout */
	bool failed;
};

void site_change(struct change *change);
/* Decide anew from change->record into change->decision. */
void change_decide(struct change *change);
/* After apply altered the record by passage_poll() and friends: begins the flow the
 * decision asks for, with a fresh id, so that the answer can already offer it. */
int change_settle(struct change *change, struct problem *p);

#endif
