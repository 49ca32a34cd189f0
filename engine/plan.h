/* The plan: policies, rings, holds and approval rules, decided ahead.
 *
 * Read from plan.xml into a struct plan_draft, checked and sealed like the catalog.
 * What is done on the day (approve, pause, halt, expedite, withdraw) is rollout state,
 * in engine/rollout.h.  Immutable and shared once sealed. */

#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/findings.h"
#include "engine/limits.h"
#include "engine/zone.h"

struct expression;
struct facts;

enum behind_baseline { BEHIND_LCU, BEHIND_BASELINE };
enum missing_payload { MISSING_LCU, MISSING_WAIT };
enum install_behaviour { INSTALL_AUTO, INSTALL_SCHEDULED, INSTALL_NOTIFY };
enum approval_rule { APPROVE_AUTO, APPROVE_MANUAL };

struct policy {
	char name[LIMIT_NAME + 1];
	bool hotpatch; /* allow */
	enum behind_baseline behind_baseline;
	enum missing_payload missing_payload;
	bool optional_updates;  /* previews, and the OOBs that repair them */
	const char *match_text; /* as written */
	const struct expression *match;
	struct origin origin;
};

/* Minutes of the local day; from == to means no such hours.  from > to passes midnight.
 */
struct hours {
	uint16_t from_minute, to_minute;
	uint8_t weekdays; /* bit 0 Sunday .. bit 6 Saturday; 0 means every day */
	bool set;
};

enum { GATE_CRITICAL_CODES = 16 };

struct gate {
	bool set;
	uint32_t min_samples;         /* default 1 */
	uint32_t max_failed_permille; /* 5% is 50 */
	int64_t soak_s;
	uint32_t max_silent_permille; /* default 1000: not bounded */
	int64_t silent_after_s; /* offered so long without an outcome is silent; 0 for
				   the soak, but at least a day */
	uint8_t critical_count;
	uint32_t critical[GATE_CRITICAL_CODES]; /* one failure with such a code halts */
};

struct ring {
	char name[LIMIT_NAME + 1];
	int64_t defer_s;
	int after; /* index of the earlier ring this one waits for, or -1 */
	int64_t deadline_s, grace_s;
	bool deadline_set;
	struct hours active_hours; /* restarts are held back inside them */
	struct hours window;       /* installs are held back outside them */
	enum install_behaviour behaviour;
	struct hours schedule;   /* for INSTALL_SCHEDULED: from_minute is the time */
	const struct zone *zone; /* NULL is UTC; a device's `tz` fact goes before it */
	const struct zone *window_zone;
	struct gate gate;
	bool canary;                 /* one first device must verify before the others */
	int64_t gradual_s;           /* spread opening over this long; 0 all at once */
	enum approval_rule approval; /* manual: nothing is offered without an approval */
	uint32_t attempts_max;       /* failed installs before it stops; default 3 */
	int64_t retry_s;             /* first back-off, doubled each time; default 1 h */
	const char *match_text;
	const struct expression *match;
	struct origin origin;
};

struct hold {
	int64_t id; /* of one made on the day; 0: the plan's own */
	uint32_t kb;
	bool has_build;
	uint32_t base, revision;      /* when has_build */
	char product[LIMIT_NAME + 1]; /* "" for all */
	char reason[256];
	const char *match_text;
	const struct expression *match;
	struct origin origin;
};

struct hold_place {
	uint32_t kb, hold; /* the place in holds */
};

struct plan {
	int64_t facts_fresh_s;
	size_t policy_count, ring_count, hold_count;
	const struct policy *policies;
	const struct ring *rings;
	const struct hold *holds;
	/* not for readers */
	const struct hold_place *holds_by_kb; /* hold_count of them */
	struct plan_memory *memory;
};

/* Drafts carry text where the sealed plan carries resolved things. */
struct ring_draft {
	struct ring ring; /* after, match, zone pointers ignored */
	const char *after;
	const char *match;
	const char *zone, *window_zone; /* IANA names or NULL */
	struct origin origin;
};

struct plan_draft;

/* Where zone data comes from: the engine reads no files.  NULL when not known. */
typedef const struct zone *(*zone_source)(void *owner, const char *name);

struct plan_draft *plan_draft_new(int64_t facts_fresh_s);
void plan_draft_free(struct plan_draft *draft);
int plan_draft_policy(struct plan_draft *draft, const struct policy *policy,
		      const char *match);
int plan_draft_ring(struct plan_draft *draft, const struct ring_draft *ring);
int plan_draft_hold(struct plan_draft *draft, const struct hold *hold, const char *match);

/* As catalog_seal.  Zones are borrowed from `zones` and must outlive the plan. */
struct plan *plan_seal(struct plan_draft *draft, zone_source zones, void *owner,
		       struct findings *findings);
struct plan *plan_take(struct plan *plan);
void plan_give(struct plan *plan);

/* First match, -1 for none. */
int plan_policy_of(const struct plan *plan, const struct facts *facts);
int plan_ring_of(const struct plan *plan, const struct facts *facts);
/* Those that name the KB, in their order: how many, and the first. */
size_t plan_holds_of(const struct plan *plan, uint32_t kb,
		     const struct hold_place **first);
int plan_ring_named(const struct plan *plan, const char *name);

#endif
