/* A fleet for rehearsals: what its devices are, and how they and their people behave.
 *
 * A made-up fleet is told in groups: shares of products, of the values of facts, of work
 * patterns and of habits, out of which every device is drawn.  A fleet of known devices
 * names each one with its facts and its past; the groups then only tell how they behave.
 * Failures say which installs go wrong, and how often.
 *
 * Whoever reads one (XML, lines of JSON, a store) fills it by the functions below and
 * hands it over; from then on it is only read, from any number of threads. */

#ifndef ENGINE_REHEARSAL_FLEET_H
#define ENGINE_REHEARSAL_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/catalog.h"
#include "engine/flow.h"
#include "engine/limits.h"
#include "engine/plan.h"

struct device_memory;
struct device_record;
struct expression;
struct problem;
struct zone;

enum {
	FLEET_GROUPS = 64,
	FLEET_CHOICES = 32, /* of one thing */
	FLEET_FACTS = 32,   /* of one group */
	FLEET_FAILURES = 256,
	FLEET_PATTERNS = 1024, /* of work, in all groups */
	FLEET_DEVICES = 2000000,
	FLEET_VALUE = 127,
};

/* Shares are weights: what counts is their proportion. */
struct fleet_product {
	uint32_t share;
	char id[LIMIT_NAME + 1];
	enum arch arch;
	uint32_t kb; /* what it stands on; 0: the newest cumulative one that was out for
			this many days */
	int32_t behind_days;
	struct origin origin;
};

struct fleet_value {
	uint32_t share;
	bool not_reported;
	char text[FLEET_VALUE + 1];
};

struct fleet_fact {
	char name[LIMIT_FACT_NAME + 1];
	size_t value_count;
	struct fleet_value values[FLEET_CHOICES];
};

/* When a device is switched on. */
struct fleet_work {
	uint32_t share;
	struct hours on;         /* not set: always */
	const struct zone *zone; /* NULL is UTC */
	uint32_t pattern;        /* its place among those of all groups */
};

/* What people do about a restart that is due. */
enum fleet_habit { HABIT_AT_ONCE, HABIT_END_OF_DAY, HABIT_DEADLINE, HABITS };
extern const char *const fleet_habit_names[HABITS];

struct fleet_span {
	int64_t least_s, most_s;
};

struct fleet_group {
	char name[LIMIT_NAME + 1];
	uint32_t share;
	size_t product_count, fact_count, work_count;
	struct fleet_product products[FLEET_CHOICES];
	struct fleet_fact facts[FLEET_FACTS];
	struct fleet_work works[FLEET_CHOICES];
	uint32_t habit_shares[HABITS]; /* all 0: at once */
	uint32_t offline_ppm;          /* of the time, out of reach */
	struct fleet_span offline;     /* one spell */
	struct fleet_span poll, download, hotpatch, install, restart, consent;
};

/* An install that goes wrong.  The first that speaks of it decides. */
struct fleet_failure {
	uint32_t kb;        /* 0: any */
	struct build build; /* {0,0}: any */
	bool has_kind;
	enum release_kind kind;
	uint32_t rate_ppm, spread_ppm; /* of each run: rate - spread to rate + spread */
	uint32_t again_ppm;            /* of those that failed, the next time */
	uint32_t code;
	const char *match_text; /* NULL: every device */
	const struct expression *match;
	struct origin origin;
};

struct fleet {
	uint32_t devices; /* made up; 0 when they are known */
	size_t group_count, failure_count, pattern_count;
	const struct fleet_group *groups[FLEET_GROUPS];
	struct fleet_failure failures[FLEET_FAILURES];
	struct fleet_work patterns[FLEET_PATTERNS];
	size_t device_count;
	struct device_memory **device_list; /* as they are known */
	/* not for readers */
	size_t device_room;
	char *texts[FLEET_FAILURES];
	struct expression *matches[FLEET_FAILURES];
};

struct fleet *fleet_new(void);        /* NULL without memory */
void fleet_free(struct fleet *fleet); /* accepts NULL */

/* A group with the behaviour of an office: to be changed before fleet_group(). */
void fleet_group_init(struct fleet_group *group);
/* The fleet takes a copy.  -1 with *p told past a limit, or without memory. */
int fleet_group(struct fleet *fleet, const struct fleet_group *group, struct problem *p);
/* Text and expression are compiled and kept here; those that are added with `first` go
 * before all others. */
int fleet_failure(struct fleet *fleet, const struct fleet_failure *failure, bool first,
		  struct problem *p);
/* Every device is out of reach for this share of the time, whatever its group says. */
void fleet_offline(struct fleet *fleet, uint32_t ppm);
/* One more known device; `zone` may be NULL and must outlive the fleet. */
int fleet_device(struct fleet *fleet, const struct device_record *record,
		 const struct zone *zone, struct problem *p);

#endif
