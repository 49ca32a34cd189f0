/* One device's life, told to the server over a bad network.
 *
 * A life is drawn from its seed: what a small catalog publishes, what a person asks for,
 * what the device does with its offers, and so every report and every fact it sends.  The
 * network is drawn from the seed too, apart from that: it may lose, double and mix up
 * reports.  Whatever it does, each chapter must end as over a good network (DESIGN 2.7).
 *
 * What the network may not do is what no transport does: facts come in the order in which
 * they were observed, the newest come at last, and the report that ends a flow is sent
 * until it is answered, unless the facts alone show how it ended.  A chapter is looked at
 * twice: a quiet day after the device's work, when all that it said and shows has been
 * taken in, and after so long a time that every lease has run out. */

#ifndef TESTS_SCENARIO_LIVES_H
#define TESTS_SCENARIO_LIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIFE_MESSAGES = 512, LIFE_CHAPTERS = 6, LIFE_LOOKS = 2, LIFE_TEXT = 1600 };

struct world; /* catalog and plan, the same for all lives */
struct world *world_new(void);
void world_free(struct world *world);

struct network {
	bool is_bad;
	/* The n-th message of a life goes through untouched. */
	unsigned char calm[LIFE_MESSAGES];
};

struct life {
	size_t message_count;
	/* How each chapter stood at each look. */
	char looks[LIFE_CHAPTERS][LIFE_LOOKS][LIFE_TEXT];
};

enum { TELL_NOTHING = -1 };

/* Every delivery of the chapter `tell` is printed. */
void life_live(struct world *world, uint64_t seed, const struct network *network,
	       int tell, struct life *life);

#endif
