/* The state directory: everything a server must not lose, for its eyes only.
 *
 *	patchyard.db		the store
 *	content/		payload files, unless content-dir says otherwise
 *	ca.crt ca.key server.crt server.key	see protocol/http/tls_identity.h
 *	enrolment-token		made at the first start
 *	wusp-mark		see protocol/server/wusp_state.h
 *	admin.sock		unless admin-socket says otherwise
 *	lock			held while a server runs: there is never a second one
 *
 * The directory has mode 0700, secrets 0600. */

#ifndef PROTOCOL_SERVER_STATE_DIR_H
#define PROTOCOL_SERVER_STATE_DIR_H

#include <stddef.h>

struct problem;

enum { STATE_PATH = 512, STATE_TOKEN = 128 };

struct state_dir {
	char path[STATE_PATH];
	int lock_fd;
	char enrolment_token[STATE_TOKEN];
};

/* Makes the directory when it is missing (its parent must be there), locks it, and reads
 * or makes the enrolment token.  -1 with *p told; nothing is then held. */
int state_dir_open(struct state_dir *state, const char *path, struct problem *p);
void state_dir_close(struct state_dir *state);

/* "path/name" into `room`, which is returned. */
char *state_dir_file(const struct state_dir *state, const char *name, char *room,
		     size_t size);

#endif
