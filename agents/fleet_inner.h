/* The inside of a fleet: fleet.c runs it, fleet_virtual.c moves the clock, fleet_report.c
 * tells what became of it. */

#ifndef AGENTS_FLEET_INNER_H
#define AGENTS_FLEET_INNER_H

#include <pthread.h>

#include "agents/agent.h"
#include "agents/fleet.h"
#include "agents/fleet_model.h"
#include "agents/windows.h"
#include "agents/wusp_agent.h"
#include "engine/problem.h"

/* What a device showed from some time on. */
struct fleet_event {
	int64_t at_s;
	uint32_t kb;
	struct build build;
	unsigned restarts;
};

struct fleet_device {
	char id[FLEET_ID];
	bool sample;
	struct windows *windows;
	struct agent *agent;     /* NULL: it speaks MS-WUSP */
	struct wusp_agent *wusp; /* then this one */
	int64_t next_scan_s, scan_every_s;
	size_t event_count, event_room;
	struct fleet_event *events;
	bool in_trouble; /* the last step failed; see problem */
	struct problem problem;
};

/* Counted by each worker over its own devices. */
struct fleet_tally {
	size_t enrolled, in_trouble, restart_pending;
	size_t phases[PHASES];
	unsigned long steps;
};

struct fleet;
struct fleet_worker {
	struct fleet *fleet;
	size_t index;
	pthread_t thread;
	bool started;
	struct client *client;
	struct fleet_tally tally; /* under fleet.lock */
	bool moved, troubled;     /* in the last round */
};

struct fleet {
	struct fleet_options options;
	size_t count;
	struct fleet_device *devices;
	size_t worker_count;
	struct fleet_worker workers[FLEET_WORKERS_MOST];
	pthread_mutex_t lock;
	/* Virtual time: rounds are begun and ended together. */
	pthread_barrier_t begin, end;
	int64_t now_s;
	bool over;
};

bool fleet_is_stopped(void);

/* One agent step with what it shows recorded. */
enum agent_turn fleet_device_step(struct fleet_device *device, int64_t now_s);

/* The sum of all workers' tallies. */
struct fleet_tally fleet_tally(struct fleet *fleet);
void fleet_worker_count(struct fleet_worker *worker);

int fleet_run_virtual(struct fleet *fleet, struct problem *p);
void *fleet_work_virtual(void *owner); /* a struct fleet_worker */

/* An error nobody simulated; NULL when all is well.  The text lives in `room`. */
const char *fleet_device_error(const struct fleet_device *device, char *room,
			       size_t size);

void fleet_print(const struct fleet *fleet, FILE *out);
int fleet_write_report(const struct fleet *fleet, const char *path, struct problem *p);

#endif
