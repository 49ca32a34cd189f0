/* What an agent must remember to survive its own end at any moment.
 *
 * One phase with everything it needs, kept in one small file that is always whole.  A
 * phase and the report that announces it are written together (`owed`), so neither can be
 * lost without the other.  The device's token lives in a file of its own. */

#ifndef AGENTS_AGENT_STATE_H
#define AGENTS_AGENT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "agents/message.h"
#include "agents/spool.h"

struct problem;

enum phase {
	PHASE_IDLE,
	PHASE_ACCEPTED, /* an offer is taken */
	PHASE_DOWNLOADING,
	PHASE_DOWNLOADED, /* waits for leave to install */
	PHASE_INSTALLING, /* from here on an action is not given up */
	PHASE_REMOVING,
	PHASE_RESTARTING, /* waits for the machine to restart */
	PHASE_VERIFYING,  /* shows its facts, then reports the end */
	PHASES
};

extern const char *const phase_names[PHASES];

struct agent_state {
	enum phase phase;
	struct offer offer;
	char href[HREF_TEXT];  /* as polled; changes with every change of the offer */
	uint32_t seq;          /* of the last report on this action */
	unsigned attempts;     /* of the download that went wrong */
	unsigned begun;        /* how often the work was put into the host's hands */
	char boot_before[40];  /* os.boot when the restart came due */
	uint64_t facts_digest; /* of the facts last answered 200; 0 none */
	char done_action[ACTION_TEXT]; /* the last one ended */
	uint32_t done_seq;
	struct spool_record owed; /* seq 0: none */
};

/* `folder` NULL: nothing is kept, and nothing found. */
int agent_state_save(const struct agent_state *state, const char *folder,
		     struct problem *p);
int agent_state_load(struct agent_state *state, const char *folder, struct problem *p);

int agent_token_save(const char *token, const char *folder, struct problem *p);
int agent_token_load(char token[static TOKEN_TEXT], const char *folder,
		     struct problem *p);

#endif
