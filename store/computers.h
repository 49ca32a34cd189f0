/* Windows Update Agents, and the ids of their reports.  As engine/backend.h has it. */

#ifndef STORE_COMPUTERS_H
#define STORE_COMPUTERS_H

#include "engine/backend.h"

int store_computer_read(struct session *session, const char *client_id,
			struct computer *computer, struct problem *p);
int store_computer_of(struct session *session, const char *device,
		      struct computer *computer, struct problem *p);
int store_computers(struct session *session,
		    int (*each)(void *owner, const struct computer *computer),
		    void *owner, struct problem *p);
int store_computer_put(struct session *session, const struct computer *computer,
		       struct problem *p);
int store_report_note(struct session *session, int64_t device_key,
		      const uint8_t id[static 16], int64_t at_s, struct problem *p);

#endif
