/* The log of every device's facts: each value it came to have, each it lost, and when
 * they were said again.  A report that only confirms costs one row: it has no name, and
 * speaks of all that are reported.  So does the row that ends the log of a device. */

#ifndef STORE_FACT_LOG_H
#define STORE_FACT_LOG_H

#include <stdint.h>

struct fact_change;
struct facts;
struct problem;
struct session;

/* Log how `facts` differ from those stored for the device with `key`, before they are
 * overwritten.  A device without stored facts had none. */
int fact_log_difference(struct session *session, int64_t key, int64_t at_s,
			const struct facts *facts, struct problem *p);

/* The device is forgotten. */
int fact_log_end(struct session *session, int64_t key, int64_t at_s, struct problem *p);

/* As engine/backend.h has it. */
int store_fact_changes(struct session *session, const char *device, int64_t until_s,
		       int (*each)(void *owner, const struct fact_change *change),
		       void *owner, struct problem *p);

#endif
