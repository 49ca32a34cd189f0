/* The inside of an agent: agent.c talks to the server, agent_phases.c acts. */

#ifndef AGENTS_AGENT_INNER_H
#define AGENTS_AGENT_INNER_H

#include "agents/agent.h"
#include "agents/download.h"
#include "agents/fact_set.h"

enum { URL_MOST = 1400, RESTART_AGAIN_S = 900, DOWNLOAD_ATTEMPTS = 3, BEGIN_MOST = 3 };

struct agent {
	struct agent_options options;
	char *server, *enrol_token, *state_dir, *payload_dir;
	char *base; /* server/DEFAULT/controller/v1/id */
	char token[TOKEN_TEXT];
	struct agent_state state;
	struct spool *spool;
	struct download *download;

	int64_t now_s, next_poll_s, sleep_s, retry_after_s;
	unsigned troubles; /* in a row */
	uint32_t last_code;
	unsigned long reports; /* answered */
	bool moved;
	bool offered; /* the last poll still offered the action at hand */
	bool facts_wanted;
	int64_t restart_asked_s;           /* INSTANT_NONE: not yet */
	char cancel_answered[ACTION_TEXT]; /* while its link stands */
};

/* One exchange with the credentials at hand; refuses 401 and back-off in words. */
int agent_exchange(struct agent *agent, const char *method, const char *url,
		   const char *body, struct answer *answer, struct problem *p);
const char *agent_authorization(const struct agent *agent, char *room, size_t size);

/* Our server's address of what an href names: its path, whatever host it says, so that a
 * token never goes elsewhere. */
int agent_url(const struct agent *agent, const char *href, char room[static URL_MOST],
	      struct problem *p);

/* Enter a phase and owe the server its report, both in one durable write. */
int agent_enter(struct agent *agent, enum phase phase, struct feedback *feedback,
		struct problem *p);
/* The same without a report. */
int agent_save(struct agent *agent, struct problem *p);

/* Talk to the server: reports, facts, poll, and what it offers. */
int agent_talk(struct agent *agent, struct problem *p);

/* Answer a cancellation. */
int agent_answer_cancel(struct agent *agent, const char *action, bool stopped,
			struct problem *p);

/* The facts of the machine now. */
int agent_facts(struct agent *agent, struct fact_set *facts, struct problem *p);
/* Show them to the server: when they changed or were asked for, or always. */
int agent_sync_facts(struct agent *agent, bool always, struct problem *p);

int agent_flush(struct agent *agent, struct problem *p);

/* Leave the action at hand, without a word. */
int agent_drop_action(struct agent *agent, struct problem *p);

/* Do what the present phase asks: 1 the phase changed, 0 nothing more now, -1. */
int agent_act(struct agent *agent, struct problem *p);

#endif
