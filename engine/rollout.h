/* Rollouts: what is done on the day, per release and ring (DESIGN 2.5, 2.6).
 *
 * Records are keyed by names, so they outlive any catalog and plan; a struct rollouts
 * is those records resolved against one catalog and one plan, immutable and shared.
 * A record with kb 0 and no product speaks of the whole ring (a paused ring); one
 * with no ring speaks of the release everywhere (a withdrawal, an approval in all
 * rings). */

#ifndef ENGINE_ROLLOUT_H
#define ENGINE_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/catalog.h"
#include "engine/flow.h"
#include "engine/plan.h"

enum { PAUSE_MAX_S = 35 * 86400 };
enum approval { APPROVAL_UNSET, APPROVAL_GIVEN, APPROVAL_REFUSED };

struct rollout_record {
	struct release_key key;    /* product "" and kb 0: every release */
	char ring[LIMIT_NAME + 1]; /* "": every ring */
	enum approval approval;
	bool approved_for_track; /* an LCU for devices on the hotpatch track: they leave
				    it */
	bool withdrawn;
	bool halted;
	int64_t halted_s;
	int64_t paused_until_s; /* 0: not paused */
	bool expedited;
	int64_t expedite_deadline_s;  /* 0..2 days */
	int64_t passed_s;             /* the gate passed; 0 not yet */
	uint32_t max_failed_permille; /* raised by an acknowledgement; 0: the ring's */
	bool waived;                  /* halting is off until changed */
	char canary[LIMIT_DEVICE_ID + 1]; /* the one first device, "" not yet chosen */
	bool canary_verified;
	char by[LIMIT_NAME + 1];
	char reason[256];
	int64_t changed_s;
};

/* One (title, ring), resolved: the most specific record over the wider ones. */
struct rollout {
	enum approval approval;
	bool approved_for_track, withdrawn, halted, expedited, canary_verified, waived;
	int64_t paused_until_s, expedite_deadline_s, passed_s;
	uint32_t max_failed_permille; /* 0: the ring's */
	const char *canary;           /* NULL: not chosen */
};

struct rollouts;

/* Payload presence: without any call to rollouts_payload every payload is present. */
struct rollouts *rollouts_build(const struct catalog *catalog, const struct plan *plan,
				const struct rollout_record *records, size_t count);
/* From the first call on only the named ones are present.  Before sharing. */
void rollouts_payload(struct rollouts *rollouts, const struct release_key *key,
		      enum arch arch);
/* Names one that is missing while all others are present.  Before sharing. */
void rollouts_payload_missing(struct rollouts *rollouts, const struct release_key *key,
			      enum arch arch);
/* Salt of gradual opening: the same on every server of one site. */
void rollouts_salt(struct rollouts *rollouts, uint64_t salt);
/* What is so of one release in one ring from now on; as if its record were another one.
 * For whoever holds the only reference, and of the past: its times are no later than the
 * moment.  The canary's name is borrowed.  -1 without memory, and nothing is changed. */
int rollouts_amend(struct rollouts *rollouts, uint32_t title, int ring,
		   const struct rollout *rollout);
struct rollouts *rollouts_take(struct rollouts *rollouts);
void rollouts_give(struct rollouts *rollouts);

const struct rollout *rollouts_find(const struct rollouts *rollouts, uint32_t title,
				    int ring);
bool rollouts_has_payload(const struct rollouts *rollouts, uint32_t title,
			  enum arch arch);
uint64_t rollouts_salt_of(const struct rollouts *rollouts);
/* The first moment after `now_s` at which a pause ends or a gate opens by time alone, for
 * some release of the product in this ring; INSTANT_NONE when none does. */
int64_t rollouts_next_change(const struct rollouts *rollouts,
			     const struct product *product, int ring, int64_t now_s);

#endif
