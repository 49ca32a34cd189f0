/* A crew of devices that do as they are told, in a whole server of the test's own process
 * (tests/unit/server/lab.h) on a virtual clock.
 *
 * Each step of a device goes through the writer as from the wire, and is waited for.
 * Devices report facts with every poll, so they are never stale.  The catalog is May 2025
 * with its out-of-band repair, see crew.c; all payloads are there. */

#ifndef TESTS_UNIT_KEEPER_CREW_H
#define TESTS_UNIT_KEEPER_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/record.h"
#include "engine/rollout.h"
#include "tests/unit/server/lab.h"

/* The KBs of the catalog. */
enum {
	BASELINE = 5055523, /* 8 April, 26100.3775 */
	HOTPATCH = 5058497, /* 13 May, 26100.3981 */
	LCU = 5058411,      /* 13 May, 26100.4061 */
	REPAIR = 5061258,   /* 16 May, of the hotpatch, 26100.3983 */
};

extern struct lab lab; /* the one that is open */

void crew_open(const char *from, const char *plan);
void crew_close(void);
/* Stop and start again on the same store. */
void crew_restart(void);

/* A new device on the baseline; `tags` are more facts, as of lab_device(). */
void crew_enrol(const char *id, const char *ring);
/* As many, called prefix-00 and so on. */
void crew_enrol_many(const char *prefix, int count, const char *ring);

/* The same, but all in one group of the writer: none is on the disk when the next is
 * decided. */
void crew_enrol_at_once(const char *prefix, int count, const char *ring);

/* Reports facts and polls: the KB of the flow that is then on its way; 0 for none. */
uint32_t crew_poll(const char *id);
/* The flow that is on its way comes to this end; the code goes with a failure.  Success
 * shows in the facts.  Of a removal: FLOW_REMOVED. */
void crew_end(const char *id, enum flow_state end, uint32_t code);
/* Polls, and if it is offered `kb` that ends so; false when it is not offered it. */
bool crew_try(const char *id, uint32_t kb, enum flow_state end, uint32_t code);
/* The first `verified` of a row try it well, the next `failed` badly.  How many of them
 * were offered it. */
int crew_try_many(const char *prefix, int from, int verified, int failed, uint32_t kb);

void crew_advance(int64_t seconds);
int64_t crew_now(void);

void crew_record(const char *id, struct device_record *record);
/* As the present view has it. */
const struct rollout *crew_rollout(uint32_t kb, const char *ring);
/* As the store has it; false when there is none of exactly that. */
bool crew_stored(uint32_t kb, const char *ring, struct rollout_record *record);
/* Counters, results and open offers equal a recount. */
void crew_recount(void);

#endif
