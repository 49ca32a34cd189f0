/* A made-up site to measure decisions with: four products, one of them with a line of as
 * many releases as are wanted, rings, policies and holds as a large site has them, and
 * devices of every kind.
 *
 * The long line is real in its shape: a baseline each quarter, a hotpatch and a
 * cumulative update in the months between, previews, and now and then an out-of-band
 * repair. */

#ifndef TESTS_BENCH_MADE_UP_H
#define TESTS_BENCH_MADE_UP_H

#include <stddef.h>
#include <stdint.h>

#include "engine/decision.h"
#include "engine/record.h"

struct made_up {
	struct catalog *catalog;
	struct plan *plan;
	struct rollouts *rollouts;
	const struct line *line; /* the long one */
	int64_t now_s;
};

/* Fails by exit(1), with a word on standard error. */
void made_up_open(struct made_up *made_up, size_t releases);
void made_up_close(struct made_up *made_up);

enum device_kind {
	DEVICE_UP_TO_DATE,
	DEVICE_HOTPATCH_DUE,
	DEVICE_QUARTER_BEHIND,
	DEVICE_LCU_DUE, /* VBS is off */
	DEVICE_WAITS,   /* its ring defers for a month, and waits for another */
	DEVICE_INSTALLING,
	DEVICE_YEAR_BEHIND,
	DEVICE_DECADE_BEHIND,
	DEVICE_UNAPPROVED,   /* a year behind, where people approve, and did not */
	DEVICE_MUCH_HISTORY, /* forty releases have left their marks */
	DEVICE_UNKNOWN_LEVEL,
	DEVICE_FACTS_STALE,
	DEVICE_KINDS
};
extern const char *const device_kind_names[DEVICE_KINDS];
/* How many in a hundred of a usual fleet. */
extern const unsigned char device_kind_shares[DEVICE_KINDS];

/* A device of that kind, with some thirty facts; `n` tells two of a kind apart. */
void made_up_device(const struct made_up *made_up, enum device_kind kind, uint32_t n,
		    struct device_record *record);

#endif
