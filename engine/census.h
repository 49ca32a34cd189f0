/* Whom a release is for: the devices of a ring that answered, or still may.  A gate with
 * fewer of them than its min-samples waits for all of them (engine/gate.h).
 *
 * A device counts once for what it runs, and once for what it would run next.  Those that
 * are out of contact do not count, nor those that answered: the caller adds them from its
 * counters.  Pure, one device at a time. */

#ifndef ENGINE_CENSUS_H
#define ENGINE_CENSUS_H

#include "engine/decision.h"
#include "engine/record.h"

struct census {
	const struct catalog *catalog;
	const struct plan *plan;
	int64_t heard_s; /* contact and silence are measured from here back */
};

struct census_place {
	uint32_t title;
	int ring;
};

/* A running install counts in the ring it was offered in, until it is silent. */
bool census_running(const struct census *census, const struct device_record *record,
		    struct census_place *place);
/* It is about something by this decision: look ahead for what comes next. */
bool census_is_busy(const struct decision *decision);
/* The device as it is once it is done with what it does now. */
void census_look_ahead(struct device_record *record);
/* What comes next is what it runs. */
bool census_is_the_same(const struct device_record *record, const struct decision *next);
/* What a decision says of a device that is not busy. */
bool census_decided(const struct census *census, const struct device_record *record,
		    const struct decision *decision, struct census_place *place);

#endif
