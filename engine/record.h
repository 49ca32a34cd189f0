/* The device record, and what a change to it leaves behind.
 *
 * A record is what the store reads in one go for a poll and writes back after a
 * change.  A change is pure code that alters a record in memory and notes events in an
 * outcome; the store persists both in one transaction and derives the counters from
 * the events' from and to states. */

#ifndef ENGINE_RECORD_H
#define ENGINE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/facts.h"
#include "engine/history.h"

struct problem;

struct device_record {
	int64_t key; /* the store's; 0 for a device not yet stored */
	char id[LIMIT_DEVICE_ID + 1];
	bool has_token;
	bool token_used; /* from now on no enrolment token opens this device */
	uint8_t token_hash[32];
	int64_t created_s, last_seen_s;
	uint32_t restarts; /* changes of os.boot seen since it enrolled */
	bool facts_wanted; /* the configData link is offered until the next report */
	struct facts facts;
	struct history history;
};

void device_record_init(struct device_record *record, const char *id, int64_t now_s);

/* For one question: "vbs=running" sets a fact from `now_s` on, "vbs=" takes it away.
 * Such a record is never written.  -1 with *p told, and the record unchanged, for what
 * is no fact. */
int device_record_assume(struct device_record *record, const char *text, int64_t now_s,
			 struct problem *p);

enum event_kind {
	EVENT_ENROLLED,
	EVENT_FACTS,     /* values changed; the store logs each change beside it */
	EVENT_FLOW,      /* from -> to */
	EVENT_RETRIEVED, /* the device fetched the offer for the first time */
	EVENT_IGNORED,   /* an illegal, late or repeated report: recorded, nothing changed
			  */
	EVENT_ADOPTED,   /* found on a release nobody offered */
	EVENT_REQUEST,   /* a person asked, or a recovery moved on */
	EVENT_BLOCK,
	EVENT_RESTARTED, /* os.boot changed */
	EVENT_PAUSED,    /* the device itself: the note says until when, or "resumed" */
	EVENT_RETRY,     /* a person had its failures of a release forgotten */
	EVENT_RECALLED,  /* the device is asked to stop what it was offered */
	EVENT_RECONSIDERED, /* new facts: what it refused, or could not show, may fit now
			     */
	EVENT_FORGOTTEN,    /* the device; one of that name starts anew */
	EVENT_KINDS
};
extern const char *const event_kind_names[EVENT_KINDS];

struct event {
	enum event_kind kind;
	int64_t at_s;
	int64_t flow; /* 0 when of none */
	struct release_key key;
	char ring[LIMIT_NAME + 1];
	enum flow_kind flow_kind;
	enum flow_state from, to; /* EVENT_FLOW; counters move by these */
	uint32_t code;
	char note[256]; /* the device's own words, or why */
	/* What a record takes from it beside that (engine/replay.h). */
	int64_t time_s; /* a flow begins: its deadline, or 0.  It says that a restart is
			   pending: when that restart came already, or 0.  PAUSED: its
			   end.  A request is made: the publication of what is to be
			   removed */
	enum release_kind release_kind; /* a flow begins: of its release */
	bool ends_recovery;             /* a flow begins: the last of a rollback-to-LCU */
	bool unverifiable;         /* an install ends unverified, or is reconsidered */
	bool wait;                 /* a request is made: as it is asked */
	enum request_kind request; /* NONE: one that was made before moves on */
	enum recovery_state recovery;
	enum block block; /* BLOCK: what it is from now on */
};

/* One change of one fact.  What was said again as it was is logged too, since facts have
 * an age.  Without a name it is of all: those that are reported stand as they are; or,
 * where they are removed, nothing is known any more, for the device was forgotten. */
struct fact_change {
	int64_t at_s;
	char name[LIMIT_FACT_NAME + 1];
	char value[LIMIT_FACT_VALUE + 1];
	bool removed;
	enum fact_source source;
};

/* Every mark of a history may be touched at once, and the flow beside. */
enum { OUTCOME_EVENTS = HISTORY_MARKS + 16 };

struct outcome {
	uint16_t count;
	bool facts_changed, history_changed, identity_changed;
	bool cut; /* there were more events than slots */
	struct event events[OUTCOME_EVENTS];
};

void outcome_init(struct outcome *outcome);
/* NULL never: past the end the last slot is reused, and `cut` says so. */
struct event *outcome_add(struct outcome *outcome, enum event_kind kind, int64_t now_s);

#endif
