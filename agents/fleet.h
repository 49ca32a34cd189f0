/* Many simulated devices in one process, over real sockets.
 *
 * A few worker threads each own a share of the devices and one HTTP client, whose kept
 * connection serves all of them.  In real time the devices poll at the intervals the
 * server asks for; in virtual time the fleet moves the server's clock step by step and
 * lets everybody act until nothing moves.  It ends with a table, and a JSON report if
 * wanted. */

#ifndef AGENTS_FLEET_H
#define AGENTS_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct problem;
struct transport;

enum { FLEET_WORKERS_MOST = 16, FLEET_DEVICES_MOST = 100000 };

struct fleet_options {
	const char *server, *ca_file, *enrol_token;
	const char *state_dir; /* NULL: memory only; else one folder for each device */
	size_t count, workers;
	uint64_t seed;
	int64_t poll_min_s, poll_max_s;
	int64_t install_s;
	unsigned failure_permille;
	unsigned refuse_restart_percent; /* of the devices that are no samples */
	unsigned wusp_percent;           /* speak MS-WUSP, as stock agents do */
	int64_t from_s; /* which machines there are at this time; virtual: begin */
	const char *admin_socket; /* virtual time is set here; NULL: real time */
	int64_t to_s, step_s;     /* of virtual time */
	int64_t run_for_s; /* real time: end after so long; 0 runs until a signal */
	/* For tests, in the place of server and admin socket: shared by all workers. */
	const struct transport *stand_in, *admin_stand_in;
	const char *report; /* JSON file; NULL for none */
	bool quiet;         /* no status line */
};

/* 0 when no device ended in an error that was not simulated, 1 when one did; -1. */
int fleet_run(const struct fleet_options *options, struct problem *p);

/* Ask a running fleet to end; safe in a signal handler. */
void fleet_stop(void);

#endif
