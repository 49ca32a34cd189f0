/* A life for a test: devices, and an operator, that do things at random against a whole
 * site without loops.  All of it is drawn from one seed.
 *
 * Each step is a unit of work as the server makes them: what a device says, the wires'
 * way; what an operator does, the admin API's way. */

#ifndef TESTS_UNIT_SERVER_LIFE_H
#define TESTS_UNIT_SERVER_LIFE_H

#include "tests/unit/server/lab.h"

enum { LIFE_DEVICES = 3 };

struct life {
	struct lab *lab;
	uint64_t dice;
	int holds;          /* made so far */
	char what[80];      /* the last step, for people */
	unsigned long done; /* steps that were not refused */
};

/* With a catalog, a plan and no device. */
void life_begin(struct life *life, struct lab *lab, uint64_t seed);
void life_step(struct life *life);
const char *life_device(int device);

#endif
