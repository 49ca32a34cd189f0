/* A unit of work that its caller waits for: for starts and stops, never on a loop. */

#ifndef PROTOCOL_SERVER_UNIT_H
#define PROTOCOL_SERVER_UNIT_H

struct backend;
struct problem;
struct session;

/* 0 once it is on the disk, or -1 with *p told. */
int unit_run(struct backend *backend,
	     int (*run)(void *owner, struct session *session, struct problem *p),
	     void *owner, struct problem *p);

#endif
