/* What has happened to a device, as far as decisions need it: the current flow, what
 * each release did on it, blocks, requests, and since when it shows which KB.
 *
 * The append-only event log is the truth; a history is its fold, kept beside it in the
 * same transaction (DESIGN 4).  Plain values without pointers. */

#ifndef ENGINE_HISTORY_H
#define ENGINE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/flow.h"

struct facts;
struct problem;

enum { HISTORY_MARKS = 48, HISTORY_SIGHTINGS = 64, HISTORY_BLOCKS = 32 };

enum block { BLOCK_NONE, BLOCK_OPERATOR, BLOCK_UNINSTALLED };

/* What one release did on this device. */
struct mark {
	struct release_key key;
	int64_t first_offered_s; /* the deadline counts from here; 0 never */
	int64_t last_s;          /* last change, for eviction */
	uint32_t failures;       /* since the last success or person's retry */
	int64_t last_failed_s;
	uint32_t unshown; /* successes reported while the facts kept the old level */
	bool not_applicable;
	bool unverifiable; /* said to be installed by a device that reports no build */
	enum block block;
	int64_t blocked_s;
};

/* A KB that os.kbs has shown, and when it first did.  Some lists name no more than the
 * latest updates, so one that is gone from it is not forgotten. */
struct sighting {
	uint32_t kb;
	int64_t since_s;
};

enum request_kind { REQUEST_NONE, REQUEST_UNINSTALL, REQUEST_ROLLBACK };
enum recovery_state {
	RECOVERY_NONE,
	RECOVERY_REQUESTED,
	RECOVERY_REMOVING,
	RECOVERY_REMOVE_RESTART, /* shown as restart-pending */
	RECOVERY_REMOVED,
	RECOVERY_LCU_OFFERED,
	RECOVERY_RECOVERED,
	RECOVERY_STUCK,
	RECOVERY_STATES
};
extern const char *const recovery_state_names[RECOVERY_STATES];

/* What a person asked for.  One at a time; it stays until done, stuck or replaced. */
struct request {
	enum request_kind kind;
	enum recovery_state state;
	bool wait; /* uninstall: nothing until a newer release of the quarter */
	struct release_key key;      /* what is to be removed */
	int64_t removed_published_s; /* its publication, for the target rule */
	int64_t at_s;
	uint32_t failures;
	char reason[64]; /* of being stuck */
};

struct history {
	struct flow flow; /* the running one, or the last */
	struct request request;
	int64_t paused_until_s; /* the device's own pause; 0 */
	uint16_t mark_count, sighting_count;
	struct mark marks[HISTORY_MARKS];
	struct sighting sightings[HISTORY_SIGHTINGS];
};

/* Done, stuck, or never made. */
bool request_is_over(const struct request *request);
/* Is the flow a step of the request, and not of one before it? */
bool request_owns_flow(const struct request *request, const struct flow *flow);

void history_init(struct history *history);
const struct mark *history_mark(const struct history *history,
				const struct release_key *key);
/* The mark to change; makes one, evicting the oldest that carries no block.  When all
 * carry one, the oldest uninstall goes: what it kept away has long been superseded.
 * An operator's blocks are at most HISTORY_BLOCKS, so none of them is ever evicted. */
struct mark *history_mark_open(struct history *history, const struct release_key *key,
			       int64_t now_s);
/* Block or unblock a release for the device by an operator's word; -1 with *p told when
 * HISTORY_BLOCKS are blocked already. */
int history_block(struct history *history, const struct release_key *key, bool block,
		  int64_t now_s, struct problem *p);
/* Add to the sightings what os.kbs shows now. */
void history_saw(struct history *history, const struct facts *facts, int64_t now_s);
/* When it was first shown; INSTANT_NONE when it never was. */
int64_t history_shown_since(const struct history *history, uint32_t kb);

#endif
