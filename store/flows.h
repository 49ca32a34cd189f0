/* Flows, the events that moved them, and the counters that the events moved. */

#ifndef STORE_FLOWS_H
#define STORE_FLOWS_H

#include <sqlite3.h>
#include <stdint.h>

#include "engine/limits.h"

struct counter;
struct event;
struct flow;
struct problem;
struct session;

/* For the files that write and read devices. */
int flow_put(struct session *session, int64_t device_key, const struct flow *flow,
	     struct problem *p);
/* Bring a flow that is no longer the record's to the state that the event says. */
int flow_end(struct session *session, int64_t device_key, const struct event *event,
	     struct problem *p);
/* Adds the event; one that moves a flow moves the counters too. */
int event_add(struct session *session, int64_t device_key, const struct event *event,
	      struct problem *p);
/* The columns are FLOW_COLUMNS of statement_table.c. */
int flow_of_row(sqlite3_stmt *stmt, int *column, struct flow *flow, struct problem *p);

/* As engine/backend.h has it. */
int store_flow_id_new(struct session *session, int64_t *id, struct problem *p);
int store_flow_read(struct session *session, int64_t id, struct flow *flow,
		    char device[static LIMIT_DEVICE_ID + 1], struct problem *p);
int store_flow_installed(struct session *session, const char *device, struct flow *flow,
			 struct problem *p);
int store_events(struct session *session, const char *device, int64_t until_s,
		 int (*each)(void *owner, const struct event *event), void *owner,
		 struct problem *p);
int store_flow_events(struct session *session, const char *device, int64_t flow,
		      int (*each)(void *owner, const struct event *event), void *owner,
		      struct problem *p);
int store_counters(struct session *session,
		   int (*each)(void *owner, const struct counter *counter), void *owner,
		   struct problem *p);

#endif
