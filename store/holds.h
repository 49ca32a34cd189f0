/* Holds made on the day (engine/backend.h). */

#ifndef STORE_HOLDS_H
#define STORE_HOLDS_H

#include <stdint.h>

struct hold_record;
struct problem;
struct session;

int store_hold_add(struct session *session, struct hold_record *hold, struct problem *p);
int store_hold_remove(struct session *session, int64_t id, int64_t at_s,
		      struct problem *p);
int store_holds(struct session *session,
		int (*each)(void *owner, const struct hold_record *hold), void *owner,
		struct problem *p);

#endif
