/* A server made of one struct, to stand behind an agent's transport.
 *
 * It speaks DDI as far as an agent needs it: enrolment by a gateway token, facts, one
 * action after the other from a script, feedback, cancellation, artifacts with ranges. It
 * is a plain value: a copy of it is the server as it was then.  It writes down every
 * report in a trail and shows faults on request.  A lock lets several threads ask at
 * once. */

#ifndef TESTS_UNIT_AGENTS_FAKE_SERVER_H
#define TESTS_UNIT_AGENTS_FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents/client.h"
#include "agents/payload.h"

enum { FAKE_DEVICES = 64, FAKE_TRAIL = 400, FAKE_SCRIPT = 6, FAKE_ACTION = 100 };

#define FAKE_URL "https://fake:8443"

/* One action.  A device gets the first that fits its facts and is not behind it. */
struct fake_step {
	const char *part; /* os | py.uninstall | py.restart | anything odd */
	struct payload payload;
	const char *restart, *deadline; /* metadata; NULL for none */
	int64_t from_s;                 /* not before */
};

struct fake_device {
	char id[64];
	bool token_used;
	size_t step;
	bool cancelling;
	uint32_t seq[FAKE_SCRIPT];
	/* Report after report by its py:state, or the code of a failure; an action that
	 * ends is followed by a bar. */
	char trail[FAKE_TRAIL];
	unsigned repeated, late; /* reports that had come already, or too late */
	char family[8], arch[8], build[32], kbs[64], pending[4], boot[40];
	unsigned facts_count, boots;
};

struct fake_server {
	const struct fake_step *script;
	size_t script_count;
	int64_t now_s;
	bool holds_back; /* a window is shut: download, but do not install */
	bool wants_facts;
	size_t device_count;
	struct fake_device devices[FAKE_DEVICES];
	unsigned requests;

	/* The next `fault_count` requests whose "METHOD path" contains `fault_at` fail:
	 * with a status, or the connection breaks before or after the work was done. */
	const char *fault_at;
	unsigned fault_count;
	int fault_status;
	bool breaks_before, breaks_after;
	int64_t retry_after_s;
	int64_t break_file_after; /* bytes of an artifact; 0 never */
	bool bad_file;            /* artifacts have one wrong byte */
	const char *odd_href;     /* in the place of every link to an action */
};

void fake_server_init(struct fake_server *server, const struct fake_step *script,
		      size_t count);
struct transport fake_server_transport(struct fake_server *server);

/* The admin socket: GET and POST /api/v1/clock. */
struct transport fake_server_admin(struct fake_server *server);

/* The device of this name; NULL when it never came. */
struct fake_device *fake_server_device(struct fake_server *server, const char *id);

#endif
