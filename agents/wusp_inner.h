/* The inside of a WUSP agent: wusp_agent.c decides and installs, wusp_scan.c logs in and
 * syncs, wusp_fetch.c gets details and files, wusp_events.c reports. */

#ifndef AGENTS_WUSP_INNER_H
#define AGENTS_WUSP_INNER_H

#include "agents/fact_set.h"
#include "agents/wusp_agent.h"
#include "agents/wusp_call.h"
#include "agents/wusp_state.h"

enum { WU_LOGINS_MOST = 4, WU_PAGES_MOST = 1000, WU_PIECE = 1024 * 1024 };

struct wusp_agent {
	struct wusp_options options;
	struct wusp_link link;
	struct wusp_state state;
	struct wu_machine machine;
	struct fact_set facts;
	char attributes[2048]; /* the line of DeviceAttributes */
	int64_t now_s;
	bool refreshes; /* the cache must be refreshed before the next sync */
	int64_t restart_asked_s;
};

/* wusp_scan.c.  All return 0, or -1 with *p told. */
int wusp_scan(struct wusp_agent *agent, struct problem *p);
void wusp_put_cookie(struct wusp_agent *agent);
/* A fault's reaction by its code; -1 with *p told where there is none but to come back
 * later.  0: try again. */
int wusp_recover(struct wusp_agent *agent, struct problem *p);

/* wusp_fetch.c */
struct wu_details {
	struct wu_file file; /* the member's */
	char url[700];
};
int wusp_details(struct wusp_agent *agent, const struct wu_update *root,
		 struct wu_details *details, struct problem *p);
/* The whole file, checked by size and hashes; in the state folder, or its head alone in
 * memory.  1 there, 0 it is not what was announced, -1 trouble. */
struct wu_content {
	char path[700]; /* "" without a folder */
	char head[4096];
	size_t head_size;
};
int wusp_fetch(struct wusp_agent *agent, const struct wu_details *details,
	       struct wu_content *content, struct problem *p);

/* wusp_events.c */
int wusp_note(struct wusp_agent *agent, int number, const struct wu_core *core,
	      int64_t result, const char *note, struct problem *p);
int wusp_note_status(struct wusp_agent *agent, struct problem *p);
/* What is owed to the server; stays owed where it does not get through. */
int wusp_report(struct wusp_agent *agent, struct problem *p);

#endif
