/* The device side of DDI: asks the server what to do, does it, and reports until heard.
 *
 * An agent is a state machine without threads and without a clock: its owner calls
 * agent_step when agent_next_poll_s has come, hands it the time, and may drop the process
 * at any point; a new agent on the same folder goes on.  One step is one poll with all
 * that follows from it; a settled device costs one GET.  The machine below it is a struct
 * host, the server a struct transport. */

#ifndef AGENTS_AGENT_H
#define AGENTS_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "agents/agent_state.h"
#include "agents/client.h"
#include "agents/host.h"

struct problem;

struct agent_options {
	const char *server;      /* https://host:port, no path */
	const char *id;          /* controller id */
	const char *enrol_token; /* NULL once enrolled */
	const char *state_dir;   /* NULL: memory only */
	struct transport transport;
	struct host host;
	int64_t poll_min_s, poll_max_s; /* bounds of what the server asks for */
	int64_t piece_bytes;            /* of a download; 0 for the default */
	/* Minutes of the local day in which restarts wait for their deadline; equal:
	 * none. */
	int active_from_min, active_to_min;
	void (*on_saved)(void *owner); /* after each durable write; may be NULL */
	void *owner;
};

enum agent_turn {
	AGENT_STILL,   /* nothing to do before the next poll */
	AGENT_MOVED,   /* something happened: step again soon */
	AGENT_TROUBLE, /* see *p; tried again at the next poll */
};

struct agent;
struct agent *agent_new(const struct agent_options *options, struct problem *p);
void agent_free(struct agent *agent); /* accepts NULL */

enum agent_turn agent_step(struct agent *agent, int64_t now_s, struct problem *p);

int64_t agent_next_poll_s(const struct agent *agent);
enum phase agent_phase(const struct agent *agent);
/* The action at hand; its `action` is empty while there is none. */
const struct offer *agent_offer(const struct agent *agent);
bool agent_is_enrolled(const struct agent *agent);

/* How many reports the server has answered to this process: each can move others. */
unsigned long agent_reports(const struct agent *agent);

/* HRESULT of the last action that ended in this process; 0 when it ended well. */
uint32_t agent_last_code(const struct agent *agent);

#endif
