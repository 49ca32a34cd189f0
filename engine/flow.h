/* Flows: one device's passage through one offer, as a state table (DESIGN 2.7).
 *
 * A flow is an install or an uninstall.  A rollback-to-LCU is a recovery: an uninstall
 * flow, then an install flow, tied together by history.recovery.  The table in flow.c
 * says which report is legal from which state; an illegal or late report is recorded
 * and changes nothing.  Every non-final state has a lease. */

#ifndef ENGINE_FLOW_H
#define ENGINE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/catalog.h"

enum flow_kind { FLOW_INSTALL, FLOW_UNINSTALL, FLOW_KINDS };

enum flow_state {
	FLOW_NONE = 0,
	FLOW_OFFERED,
	FLOW_ACCEPTED,
	FLOW_DOWNLOADING,
	FLOW_DOWNLOADED,
	FLOW_INSTALLING,
	FLOW_INSTALLED,
	FLOW_REMOVING,
	FLOW_RESTART_PENDING,
	/* final: */
	FLOW_VERIFIED,
	FLOW_REMOVED,
	FLOW_UNVERIFIED,
	FLOW_FAILED,
	FLOW_NOT_APPLICABLE,
	FLOW_REJECTED,
	FLOW_EXPIRED,
	FLOW_WITHDRAWN,
	FLOW_STATES
};

/* A (product, KB, build) as text and numbers, so that it outlives any catalog. */
struct release_key {
	char product[LIMIT_NAME + 1];
	uint32_t kb;
	struct build build;
};

struct flow {
	int64_t id; /* 1..2^31-1, never reused: the DDI action id */
	enum flow_kind kind;
	enum flow_state state; /* FLOW_NONE: there is no flow */
	struct release_key key;
	enum release_kind release_kind;
	char ring[LIMIT_NAME + 1];
	uint32_t generation;     /* bumped by every withdrawal */
	uint32_t sequence;       /* highest report sequence seen; 0 none */
	int64_t offered_s;       /* when the flow began */
	int64_t retrieved_s;     /* when the device first fetched it; 0 never */
	int64_t changed_s;       /* when `state` was entered */
	int64_t lease_s;         /* when the lease runs out; 0 in a final state */
	int64_t install_by_s;    /* deadline */
	int64_t pending_since_s; /* when a restart became pending; 0 */
	uint32_t code;           /* last result code, e.g. 0x800F0922; 0 */
	bool withdrawing;        /* a stop has been asked for and not yet answered */
	bool ends_recovery;      /* the install half of a rollback-to-LCU */
};

extern const char *const flow_kind_names[FLOW_KINDS];
const char *flow_state_name(enum flow_state state);
enum flow_state flow_state_of(const char *name); /* FLOW_NONE if unknown */
bool flow_state_is_final(enum flow_state state);
/* From here on an install is no longer called back: it goes to its end. */
bool flow_state_is_committed(enum flow_state state);
bool flow_may_move(enum flow_kind kind, enum flow_state from, enum flow_state to);
/* How long a state may last before its lease runs out. */
int64_t flow_lease_s(enum flow_state state);

bool release_key_equal(const struct release_key *a, const struct release_key *b);
bool release_key_is(const struct release_key *key, const struct line *line,
		    const struct release *release);
void release_key_set(struct release_key *key, const struct line *line,
		     const struct release *release);

#endif
