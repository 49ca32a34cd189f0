/* The inside of a rehearsal, shared by its files.
 *
 * rehearsal.c makes ready what all runs share; cast.c draws the devices of one run;
 * actor.c keeps a device small and makes a record of it again; thought.c asks the engine;
 * life.c is what a device does; contact.c when it is there; ward.c the gates; census.c
 * whom they count; tally.c what comes out; run.c goes from turn to turn.
 *
 * Times here are seconds since 1970 in 32 bits; 0 is none, and NEVER is past everything.
 */

#ifndef ENGINE_REHEARSAL_INNER_H
#define ENGINE_REHEARSAL_INNER_H

#include "engine/catalog.h"
#include "engine/decision.h"
#include "engine/gate.h"
#include "engine/instant.h"
#include "engine/opening.h"
#include "engine/passage.h"
#include "engine/rehearsal/dice.h"
#include "engine/rehearsal/fleet.h"
#include "engine/rehearsal/rehearsal.h"
#include "engine/rehearsal/shifts.h"
#include "engine/rollout.h"
#include "engine/snapshot.h"

#define NEVER UINT32_MAX

struct device_memory;
struct queue;

/* --- what all runs share ------------------------------------------------------------ */

/* How a release shows in facts, by its place on the line. */
struct line_words {
	char build[BUILD_TEXT], kb[KB_TEXT];
	int64_t cumulative_s; /* the last cumulative one until then, that comes by itself
			       */
};

struct stage_line {
	const struct line *line;
	struct line_words *words;
};

struct stage_title {
	struct release_key key;
	uint32_t published;
	struct kin kin, repaired;
};

struct rehearsal {
	struct rehearsal_ask ask;
	uint32_t from, until, devices;
	size_t line_count; /* two for each product */
	struct stage_line *lines;
	struct stage_title *titles;
	uint32_t *by_publication; /* titles, the earliest first */
	struct shifts *shifts;    /* of each pattern of the fleet */
	bool *gated;              /* each ring */
};

/* --- one device --------------------------------------------------------------------- */

/* Devices alike in all facts that stay. */
struct cast_class {
	struct facts *facts; /* packed, with room for those that change */
	const struct zone *zone;
	const struct fleet_group *group;
	uint16_t line;     /* of the stage, or NO_LINE */
	char *build, *kbs; /* as reported by a device whose level is not known; or NULL */
	char *key;         /* of a made-up one: what it was drawn as */
};
enum { NO_LINE = UINT16_MAX };

struct actor_flow {
	uint32_t id, offered, retrieved, changed, lease, install_by, pending_since, code;
	int32_t title; /* -1: none */
	uint32_t generation;
	uint16_t sequence;
	int8_t ring;
	uint8_t kind, state;
	bool withdrawing, ends_recovery;
};

struct actor_mark {
	uint32_t first_offered, last, last_failed, blocked;
	int32_t title;
	int16_t index; /* on the line */
	uint16_t failures, unshown;
	uint8_t block;
	uint8_t result, result_ring; /* the outcome that counts for the gate of a ring */
	bool not_applicable, unverifiable;
};

struct actor_sighting {
	uint32_t kb, since;
};

/* Out of reach: this time, or the next. */
struct spell {
	struct dice dice;
	uint32_t from, until;
};

enum step {
	STEP_IDLE,    /* polls */
	STEP_FETCH,   /* the payload is on its way */
	STEP_HELD,    /* it is there, and waits for its hour or for its user */
	STEP_INSTALL, /* it is being installed */
	STEP_RESTART, /* it waits for the restart */
};

struct actor {
	struct dice dice;
	uint32_t class;
	uint32_t turn;    /* the next; other entries in the queue are void */
	uint32_t contact; /* when it next does something; NEVER */
	uint32_t look;    /* when its place in the census is looked at; NEVER */
	uint32_t agreed;  /* its user lets the install begin then; 0 not asked */
	struct spell past_spell, spell;
	uint32_t poll, phase; /* its interval, and where in it */
	uint32_t boot, boot_since, build_since, pending_since, reported;
	uint32_t paused_until;
	uint32_t left;                   /* the track; 0: it did not */
	int32_t left_by;                 /* title */
	uint16_t pattern;                /* of work */
	int16_t level, base, next_level; /* places on the line; -1 none */
	int16_t previous;                /* the level before */
	int8_t ring;                     /* by its last decision; -1 */
	uint8_t step, habit;
	bool pending, rests, on_track, has_payload, is_silent, facts_wanted;
	uint16_t restarts, installs;
	uint8_t mark_count, mark_room, sighting_count, sighting_room;
	struct actor_flow flow;
	struct actor_mark *marks;
	struct actor_sighting *sightings;
	/* Where it counts in the census: titles in its ring, or -1. */
	int32_t runs, waits;
	int8_t runs_ring, waits_ring;
	const struct device_memory *memory; /* of a known device; NULL */
};

/* --- one run ------------------------------------------------------------------------ */

/* One release in one ring. */
struct cell {
	struct gate_counts counts;       /* silent ones too */
	uint32_t open;                   /* offers */
	uint32_t census;                 /* devices it is for, that did not answer */
	uint32_t first;                  /* outcome; 0 */
	uint32_t offered, late, waiting; /* waiting: at the end */
	uint32_t halted, passed, verified_at_halt, failed_at_halt, silent_at_halt;
	uint32_t kept; /* at the halt: it was for them, and they were not offered it */
	bool passed_empty, is_reviewed;
	size_t reach_count, reach_room;
	uint32_t *reach; /* when each device had it, ascending */
	char *canary;
};

struct thought {
	uint32_t class, generation, from, until;
	int16_t level, base;
	bool is_there;
	struct decision decision;
};
enum { THOUGHTS = 4096 };

struct leaving {
	uint32_t left, back, first_left, last_left, first_back, last_back;
};

struct tally {
	uint32_t restarts, avoided, hotpatches;
	uint32_t *restarts_on;
	struct leaving *leavings;          /* each title */
	uint32_t *reasons, *reasons_never; /* (ring + 1) x REASONS */
};

struct run {
	const struct rehearsal *of;
	uint32_t number, now;
	struct problem *p;
	bool failed; /* *p is told */

	struct snapshot view; /* borrowed parts, and the run's own rollouts */
	struct rollouts *rollouts;
	uint32_t generation; /* of the rollouts */
	uint32_t flow_id;

	size_t class_count, class_room;
	struct cast_class *classes;
	uint32_t *class_table; /* by key; class + 1 */
	size_t class_table_size;
	uint32_t count;
	struct actor *actors;
	uint32_t *rates_ppm; /* of each failure, in this run */
	struct queue *queue;
	uint32_t next_review;

	struct cell *cells;      /* titles x rings */
	uint32_t next_published; /* in by_publication */
	size_t review_count;
	uint32_t *review; /* cells that time may change */
	size_t change_count;
	uint32_t changes[64]; /* cells whose rollout has changed since */
	bool changed_all;     /* more of them than that */

	/* The device at hand. */
	struct device_record record;
	struct outcome outcome;
	struct decision decision;
	struct decision ahead;

	struct thought *thoughts;
	struct tally tally;
	uint64_t turns, decisions, remembered;
};

static inline struct cell *cell_at(struct run *run, uint32_t title, int ring)
{
	return &run->cells[title * run->of->ask.plan->ring_count + (size_t)ring];
}

static inline const struct stage_line *line_of(const struct run *run,
					       const struct actor *actor)
{
	uint16_t line = run->classes[actor->class].line;
	return line == NO_LINE ? NULL : &run->of->lines[line];
}

/* run.c.  NULL with *p told; `p` is kept until the run is closed. */
struct run *run_open(const struct rehearsal *rehearsal, uint32_t number,
		     struct problem *p);
void run_close(struct run *run);
/* One device's turn, and the reviews before it: 1, or 0 at the end; -1 with *p told. */
int run_turn(struct run *run);
int run_no_memory(struct run *run); /* tells; -1 */

/* cast.c */
int cast_draw(struct run *run);
void cast_fini(struct run *run);

/* actor.c: the record of a device, and back. */
void actor_recall(struct run *run, const struct actor *actor);
void actor_keep(struct run *run, struct actor *actor);
/* What it reports now, into the record at hand. */
void actor_report(struct run *run, struct actor *actor);
int actor_take_memory(struct run *run, struct actor *actor);
void actor_name(const struct run *run, const struct actor *actor,
		char name[static LIMIT_DEVICE_ID + 1]);
struct actor_mark *actor_mark(struct actor *actor, uint32_t title);

/* thought.c: run->decision of the record at hand. */
void think(struct run *run, const struct actor *actor);
/* The decision of a device at rest, without its record; NULL when it has to be asked. */
const struct decision *thought_find(struct run *run, const struct actor *actor);
void thought_keep(struct run *run, const struct actor *actor);
/* By its record at hand: does it rest, so that its past is no matter? */
bool rests(const struct run *run, const struct actor *actor);

/* contact.c */
uint32_t contact_poll(const struct run *run, const struct actor *actor, uint32_t from);
uint32_t contact_on(const struct run *run, const struct actor *actor, uint32_t from);
uint32_t contact_off(const struct run *run, const struct actor *actor, uint32_t from);
uint32_t contact_last(const struct run *run, const struct actor *actor, uint32_t time);
void contact_begin(const struct run *run, struct actor *actor);
/* Its turn has come: what is past is forgotten. */
void contact_pass(const struct run *run, struct actor *actor);

/* life.c */
void life_turn(struct run *run, struct actor *actor);
int life_queue(struct run *run, struct actor *actor);

/* census.c: where it counts, by its decision now */
void ward_census(struct run *run, struct actor *actor);

/* ward.c */
void ward_follow(struct run *run, struct actor *actor);
void ward_publish(struct run *run);
void ward_review(struct run *run);
void ward_tell(struct run *run); /* wake whom the changes concern */

/* tally.c */
int tally_init(struct run *run);
void tally_fini(struct run *run);
void tally_restart(struct run *run);
void tally_install(struct run *run, struct actor *actor, const struct event *event);
int tally_end(struct run *run, struct rehearsal_result *result);

#endif
