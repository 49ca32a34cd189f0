/* The server's API as the command sees it: HTTP over a Unix socket, JSON both ways.
 *
 * A struct server is one connection, kept for all calls of one invocation.  Each call
 * blocks until the answer is whole, at most CALL_S; an answer is bounded.  A call fails
 * with a trouble that says what the server said, or why there was none, and whose status
 * is the exit status that goes with it.  One thread. */

#ifndef PROTOCOL_COMMAND_SERVER_H
#define PROTOCOL_COMMAND_SERVER_H

#include <jansson.h>
#include <stddef.h>

#include "protocol/command/tell.h"

#define SERVER_SOCKET "/var/lib/patchyard/admin.sock"

enum { CONNECT_S = 5, CALL_S = 300 };

struct server;

/* --socket, PATCHYARD_SOCKET, SERVER_SOCKET: the first that is there.  NULL with
 * *trouble told. */
struct server *server_open(const struct invocation *invocation, struct trouble *trouble);
void server_close(struct server *server); /* accepts NULL */

struct call {
	const char *method; /* "GET" */
	const char *path;   /* "/devices?limit=10", below the API's base */
	const char *body;   /* NULL for none */
	size_t size;
	const char *body_type; /* NULL: JSON */
};

/* Make the call.  0 with the body of a 2xx answer in *text (NUL-terminated; free it), or
 * -1 with *trouble told. */
int server_call(struct server *server, const struct call *call, char **text,
		struct trouble *trouble);

/* The same with JSON: `body` (may be NULL) is used up, *answer is the object that came,
 * an empty one for an answer without a body. */
int server_ask(struct server *server, const char *method, const char *path, json_t *body,
	       json_t **answer, struct trouble *trouble);

/* "/devices/" and an id, percent-encoded as one path segment, and what follows.  -1 when
 * it does not fit. */
int path_join(char *room, size_t size, const char *before, const char *segment,
	      const char *after);
/* Add "?name=value" or "&name=value", percent-encoded.  -1 when it does not fit. */
int path_query(char *room, size_t size, const char *name, const char *value);

#endif
