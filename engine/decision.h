/* The one pure decision (DESIGN 2.4): facts, history, catalog, plan, rollouts and the
 * time in; an offer with its reasons out.
 *
 * No I/O, no clock, no randomness, no allocation.  The server, explain, rehearse, the
 * decide command and the tests all call decide().  A decision borrows from the catalog
 * and plan it was made with. */

#ifndef ENGINE_DECISION_H
#define ENGINE_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/catalog.h"
#include "engine/history.h"
#include "engine/reason.h"

struct facts;
struct plan;
struct rollouts;
struct zone;

struct situation {
	const char *device; /* id: gradual opening and the canary */
	const struct facts *facts;
	const struct history *history; /* NULL: nothing has happened yet */
	const struct catalog *catalog;
	const struct plan *plan;
	const struct rollouts *rollouts; /* NULL: nothing was done on the day */
	const struct zone
		*zone; /* the device's own, for rings that name none; may be NULL */
	int64_t now_s;
};

enum level_state { LEVEL_NONE, LEVEL_KNOWN, LEVEL_UNKNOWN, LEVEL_AMBIGUOUS };

struct level {
	enum level_state state;
	int32_t index; /* in the line, when known */
	uint32_t kb;   /* when known */
	struct build build;
};

/* The rows of DESIGN 2.3, in its order. */
enum row_id {
	ROW_POLICY,
	ROW_EDITION,
	ROW_VERSION,
	ROW_LICENCE,
	ROW_VBS,
	ROW_CHPE,
	ROW_TRACK,
	ROW_BASELINE,
	ROWS
};
enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_NOT_REPORTED, VERDICT_DOES_NOT_APPLY };

struct row {
	enum verdict verdict;
	bool passes;        /* a fact not reported may pass (licence) or fail (vbs) */
	enum reason reason; /* when it fails, or has something to say */
};

extern const char *const row_names[ROWS];
extern const char *const verdict_names[4];

enum action { ACTION_NONE, ACTION_INSTALL, ACTION_UNINSTALL, ACTION_RESTART, ACTIONS };
extern const char *const action_names[ACTIONS];

/* What the device's row says in lists and reports. */
enum standing {
	STANDING_NOT_READY, /* facts, product or ring missing */
	STANDING_UP_TO_DATE,
	STANDING_OFFERED, /* an action is due */
	STANDING_RUNNING, /* a flow is on its way */
	STANDING_WAITING, /* something would be offered but for a reason */
	STANDINGS
};
extern const char *const standing_names[STANDINGS];

enum { DECISION_REASONS = 16 };

struct decision {
	const struct product *product; /* NULL when not found */
	const struct line *line;       /* NULL when not found */
	enum arch arch;
	struct build build; /* as reported */
	int policy, ring;   /* indices into the plan, -1 none */
	struct level level;
	enum track track;
	bool left_track;  /* a leaves-track KB ended the quarter */
	int64_t rejoin_s; /* off the track: the day of the next baseline, or NONE */
	bool qualifies;   /* the six standing rows pass */
	struct row rows[ROWS];

	enum action action;
	enum standing standing;
	bool facts_stale;   /* older than the plan allows: ask the device for them */
	int32_t release;    /* line index: what is offered, or what it waits for; -1 */
	bool download_only; /* the payload may be fetched, installing waits: for the
			       window (action none) or for the user (action install) */
	bool expedited;
	int64_t opens_s; /* when `release` opened or opens here; INSTANT_NONE unknown */
	int64_t install_by_s; /* INSTANT_NONE without a deadline, or before an offer */
	int64_t restart_by_s; /* when a restart is due at the latest */
	int64_t not_before_s; /* the window or back-off ends; INSTANT_NONE */
	bool overdue;         /* waiting on a security release past its deadline */
	char rule; /* the rule of DESIGN 2.4 that chose: a b c d, r a request; 0 */
	uint8_t reason_count;
	enum reason reasons[DECISION_REASONS];
	int64_t stands_until_s; /* no passing of time alone changes this before; NONE
				   never */
};

void decide(const struct situation *situation, struct decision *decision);

/* When the lease of the flow that is on its way runs out; INSTANT_NONE without one.  A
 * pause of the device freezes it. */
int64_t history_lease_end(const struct history *history);

/* It said that it waits for its restart, and by the facts that has been. */
bool restart_is_over(const struct flow *flow, const struct facts *facts);

/* R above L (DESIGN 2.2), both known, by line index. */
bool release_above(const struct line *line, int32_t release, int32_t level);

/* When a release opens to a ring by its own deferral (DESIGN 2.5). */
int64_t release_opens(const struct line *line, int32_t release, int64_t defer_s);

#endif
