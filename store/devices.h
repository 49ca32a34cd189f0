/* Devices as the store keeps them: reading one in one go, writing what changed. */

#ifndef STORE_DEVICES_H
#define STORE_DEVICES_H

#include <stdint.h>

struct device_record;
struct outcome;
struct problem;
struct session;

/* The meaning of each is told in engine/backend.h. */
int store_device_read(struct session *session, const char *id,
		      struct device_record *record, struct problem *p);
int store_device_next(struct session *session, const char *after,
		      struct device_record *record, struct problem *p);
int store_device_count(struct session *session, int64_t *count, struct problem *p);
int store_device_write(struct session *session, struct device_record *record,
		       const struct outcome *outcome, struct problem *p);
/* PROBLEM_NOT_FOUND when there is none.  Its log stays, and is closed: its facts are
 * logged as gone, a running flow as withdrawn. */
int store_device_forget(struct session *session, const char *id, int64_t at_s,
			struct problem *p);
/* A device that is not there, or was seen later already, is left alone. */
int store_device_seen(struct session *session, const char *id, int64_t at_s,
		      struct problem *p);

#endif
