/* What an agent works upon: the machine whose updates it carries out.
 *
 * A table of functions with an owner.  There are two: the simulated Windows
 * (agents/windows.h) and the operator's own installer (agents/installer.h).  A job is
 * begun and then asked about, so that a long install does not hold up the polling.  A
 * host that was restarted together with its agent has forgotten the job and says
 * HOST_IDLE; the agent then looks at the facts.  One agent owns a host; no locking. */

#ifndef AGENTS_HOST_H
#define AGENTS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/catalog.h"

struct fact_set;
struct problem;

/* The codes this project's own code says; a real installer may say any other. */
enum host_code {
	HRESULT_OK = 0,
	HRESULT_NOT_APPLICABLE = 0x80240017,
	HRESULT_CORRUPT_PAYLOAD = 0x80073712,
	HRESULT_RESTART_FIRST = 0x80070BC9,
	HRESULT_CANNOT_UNINSTALL = 0x800F0825,
	HRESULT_INSTALL_FAILED = 0x800F0922,
	HRESULT_ABORTED = 0x80004004,
	HRESULT_BAD_OFFER = 0x80070057,
	HRESULT_WRONG_HASH = 0x80246002,
	HRESULT_NO_FILE = 0x80246001,
};

struct host_job {
	bool remove; /* else install */
	uint32_t kb;
	struct build build; /* {0,0} when removing */
	const char *path;   /* the payload on disk; NULL when it is only in memory */
	const void *head;   /* else its first bytes */
	size_t head_size;
};

enum host_state { HOST_IDLE, HOST_RUNNING, HOST_DONE, HOST_NEEDS_RESTART, HOST_FAILED };

struct host_result {
	uint32_t code; /* HRESULT when HOST_FAILED */
	char text[240];
};

struct host {
	void *owner;
	int (*facts)(void *owner, struct fact_set *facts, struct problem *p);
	int (*begin)(void *owner, const struct host_job *job, int64_t now_s,
		     struct problem *p);
	/* A finished job is told once; after that the host is idle again. */
	enum host_state (*check)(void *owner, int64_t now_s, struct host_result *result);
	/* Ask for a restart.  It may come later or never: the facts tell. */
	int (*restart)(void *owner, int64_t now_s, struct problem *p);
};

#endif
