/* A server with answers of the test's own, on a Unix socket, in a thread of its own.
 *
 * It knows nothing of an API: the first row whose method and path begin the request is
 * the answer, anything else is 404.  What came is kept for the test to look at after
 * fake_server_stop(). */

#ifndef TESTS_UNIT_COMMAND_FAKE_SERVER_H
#define TESTS_UNIT_COMMAND_FAKE_SERVER_H

#include <stddef.h>

struct fake_answer {
	const char *request; /* "GET /api/v1/devices" */
	int status;          /* 0: no answer until the peer goes away */
	const char *body;    /* NULL: close without a word */
};

enum { REQUESTS_MOST = 64, REQUEST_BODY_MOST = 4096 };

struct fake_request {
	char line[1024]; /* "GET /api/v1/devices?limit=5" */
	char type[128];
	char body[REQUEST_BODY_MOST + 1];
};

struct fake_server;

/* On `path`; the rows end with one without a request and are borrowed. */
struct fake_server *fake_server_start(const char *path,
				      const struct fake_answer *answers);
/* How many requests have come so far. */
size_t fake_server_count(struct fake_server *server);
/* Joins the thread and frees; the requests are the caller's copy. */
size_t fake_server_stop(struct fake_server *server,
			struct fake_request requests[static REQUESTS_MOST]);

#endif
