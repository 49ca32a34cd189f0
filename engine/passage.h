/* A device's passage: what polls, reports, facts and requests do to its record.
 *
 * Every function here is pure: it alters a record in memory, notes events in an
 * outcome, and does no I/O.  The store runs them inside one transaction per device, so
 * no two of them ever see the same record at once.  `decision` is always one made from
 * the record as it stands (after new facts were set, for passage_facts). */

#ifndef ENGINE_PASSAGE_H
#define ENGINE_PASSAGE_H

#include "engine/decision.h"
#include "engine/record.h"

/* What a device says of its flow. */
struct report {
	enum flow_state state; /* what it claims to have reached */
	uint32_t sequence;     /* per flow from 1; 0 from clients that count nothing */
	uint32_t code;
	char text[256];
};

enum report_result {
	REPORT_TAKEN,
	REPORT_REPEATED, /* seen before, or it changes nothing: answered as success */
	REPORT_LATE,     /* recorded; the flow had ended otherwise */
	REPORT_UNKNOWN,  /* not this device's flow */
};

/* The facts have changed, or were at least confirmed: verify, adopt, count restarts. */
void passage_facts(struct device_record *record, const struct decision *decision,
		   const char *boot_before, int64_t now_s, struct outcome *outcome);

/* Would passage_poll() change anything?  A poll that would not needs no transaction. */
bool passage_is_settled(const struct device_record *record,
			const struct decision *decision, int64_t now_s);
/* Would it begin a flow?  Then it wants a fresh flow id. */
bool passage_wants_flow(const struct device_record *record,
			const struct decision *decision);
/* Bring the flow in line with the decision: expire, withdraw, begin. */
void passage_poll(struct device_record *record, const struct decision *decision,
		  const char *ring, int64_t flow_id, int64_t now_s,
		  struct outcome *outcome);

/* The device fetched its offer. */
void passage_retrieved(struct device_record *record, int64_t flow_id, int64_t now_s,
		       struct outcome *outcome);

enum report_result passage_report(struct device_record *record, int64_t flow_id,
				  const struct report *report,
				  const struct decision *decision, int64_t now_s,
				  struct outcome *outcome);

/* The device's answer to being told to stop: it did, or it goes on. */
void passage_stopped(struct device_record *record, int64_t flow_id, bool did_stop,
		     int64_t now_s, struct outcome *outcome);

/* What a person asks to have removed. */
struct removal {
	enum request_kind kind; /* the level, or the level for the latest LCU */
	uint32_t kb;            /* the level must be this one; 0 whatever it is */
	bool wait;              /* then nothing, until a newer release of the quarter */
};

/* It is asked for.  -1 with *p told when the device's present level cannot be removed. */
int passage_request(struct device_record *record, const struct decision *decision,
		    const struct removal *removal, int64_t now_s, struct outcome *outcome,
		    struct problem *p);

#endif
