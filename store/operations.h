/* What was asked for many devices, and how far each is (engine/backend.h). */

#ifndef STORE_OPERATIONS_H
#define STORE_OPERATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/operation.h"

struct operation_device;
struct operation_record;
struct problem;
struct session;

int store_operation_add(struct session *session, struct operation_record *record,
			struct problem *p);
int store_operation_end(struct session *session, int64_t id, int64_t at_s,
			struct problem *p);
int store_operation_device_put(struct session *session, int64_t id,
			       const struct operation_device *device, struct problem *p);

int store_operations(struct session *session, bool open_only,
		     int (*each)(void *owner, const struct operation_record *record),
		     void *owner, struct problem *p);
int store_operation_read(struct session *session, int64_t id,
			 struct operation_record *record, struct problem *p);
int store_operation_devices(struct session *session, int64_t id,
			    int (*each)(void *owner,
					const struct operation_device *device),
			    void *owner, struct problem *p);
int store_operation_next(struct session *session, int64_t id, enum operation_step step,
			 struct operation_device *device, struct problem *p);
int store_operation_of(struct session *session, const char *device, int64_t *id,
		       int64_t *begun_s, struct problem *p);

#endif
