/* A device of a scenario: what it is, and what the server knows of it.
 *
 * What it is, it is as the simulated Windows: a hotpatch lies over a base and shows at
 * once; a cumulative update shows after the restart; removing a hotpatch shows the base,
 * after a restart.  It judges for itself: an offer that a real device would refuse is a
 * fault of the engine and told as trouble.  What the server knows is a device_record, and
 * only visits and reports change it.
 *
 * Every step of an actor takes a second of the stage's clock, as nothing happens in no
 * time. */

#ifndef TESTS_SCENARIO_ACTOR_H
#define TESTS_SCENARIO_ACTOR_H

#include "stage.h"

enum { ACTOR_FACTS = 24, ACTOR_KBS = 16 };

struct shown {
	uint32_t kb; /* 0: it names none */
	struct build build;
};

enum actor_pending { PENDING_NOTHING, PENDING_INSTALL, PENDING_REMOVAL };

struct actor {
	struct device_record record;
	bool is_away, is_enrolled;

	char product[LIMIT_NAME + 1];
	enum arch arch;
	struct shown base, hotpatch; /* kb and build 0: no hotpatch */
	enum actor_pending pending;  /* what the next restart does */
	struct shown next;
	int64_t boot_s;
	size_t kb_count;
	uint32_t kbs[ACTOR_KBS]; /* others that it shows */
	bool hides_kbs;          /* os.kbs is not reported */
	size_t fact_count;
	struct {
		char name[LIMIT_FACT_NAME + 1];
		char value[128]; /* "" and removed: not reported any more */
		bool removed;
	} facts[ACTOR_FACTS];

	uint32_t sequence; /* of the last report on `sequence_flow` */
	int64_t sequence_flow;
	unsigned events[EVENT_KINDS];
};

/* Known by name from then on.  NULL told when the name is taken. */
struct actor *actor_new(struct stage *stage, const char *name, const struct words *words);
struct actor *actor_find(const struct stage *stage, const char *name);
/* Does the deed to every actor that the next word names; each reads the words behind it
 * anew.  "dc*" is every name that begins so. */
int actors_each(struct stage *stage, struct words *words, actor_deed *deed);

int actor_set_fact(struct actor *actor, const char *name, const char *value,
		   const struct words *words);
/* Stand on a level; a hotpatch brings its baseline along.  build base 0: the release of
 * the product with that KB. */
int actor_set_level(struct stage *stage, struct actor *actor, uint32_t kb,
		    struct build build, const struct words *words);
struct shown actor_level(const struct actor *actor);

/* Facts to the server, and a poll. */
int actor_visit(struct stage *stage, struct actor *actor, const struct words *words);
/* A poll without facts. */
int actor_poll(struct stage *stage, struct actor *actor, const struct words *words);
/* One report on the present flow, with the next sequence number. */
int actor_report(struct stage *stage, struct actor *actor, enum flow_state state,
		 uint32_t code, const struct words *words);
void actor_fetch(struct stage *stage, struct actor *actor);

/* Carry out the offered install as far as `until`: FLOW_VERIFIED is all of it, with its
 * restart. */
int actor_install(struct stage *stage, struct actor *actor, enum flow_state until,
		  const struct words *words);
int actor_remove(struct stage *stage, struct actor *actor, enum flow_state until,
		 const struct words *words);
int actor_restart(struct stage *stage, struct actor *actor, const struct words *words);
/* Whatever is due now, until nothing is; `most` rounds, or trouble. */
int actor_work(struct stage *stage, struct actor *actor, const struct words *words);

/* tell.c: a decision, whole, for people. */
char *decision_tell(const struct decision *decision, char *room, size_t size);

#endif
