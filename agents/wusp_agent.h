/* A device that speaks MS-WUSP as a stock Windows Update Agent does.
 *
 * One turn is a scan with all that follows from it: log in where there is no session,
 * SyncUpdates in layers, the driver pass, the details and the file of what is to be done,
 * the install or removal, and its events (MS-WUSP 3.1.5, and what agents were seen to
 * do).  It names neither KBs nor CHPE nor a VBS state, as those do not.  It is written
 * from the specification, not from the server: a second reading of it. */

#ifndef AGENTS_WUSP_AGENT_H
#define AGENTS_WUSP_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "agents/client.h"
#include "agents/host.h"

struct problem;

struct wusp_options {
	const char *server; /* https://host:port, no path */
	const char *name;   /* DNS name it says it has */
	const char *state_dir;
	struct transport transport;
	struct host host;
	/* Minutes of the local day in which restarts wait for the deadline; equal: none.
	 */
	int active_from_min, active_to_min;
};

struct wusp_agent;
struct wusp_agent *wusp_agent_new(const struct wusp_options *options, struct problem *p);
void wusp_agent_free(struct wusp_agent *agent); /* accepts NULL */

/* 1 something moved: turn again soon; 0 nothing more to do before the next scan; -1 with
 * *p told, and nothing lost. */
int wusp_agent_turn(struct wusp_agent *agent, int64_t now_s, struct problem *p);

const char *wusp_agent_client_id(const struct wusp_agent *agent);

#endif
