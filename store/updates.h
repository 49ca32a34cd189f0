/* Revisions of update metadata.  As engine/backend.h has it. */

#ifndef STORE_UPDATES_H
#define STORE_UPDATES_H

#include "engine/backend.h"

int store_updates(struct session *session,
		  int (*each)(void *owner, const struct update_revision *update),
		  void *owner, struct problem *p);
int store_update_newest(struct session *session, const char *id, int32_t *revision,
			struct problem *p);
int store_update_put(struct session *session, struct update_revision *update,
		     struct problem *p);
int store_update_retire(struct session *session, const char *id, struct problem *p);

#endif
