/* HTTP on one connection: requests in turn, deadlines, keep-alive.
 *
 * A session reads one request, hands it to the loop's handler as an exchange, and does
 * not look at further bytes before that is answered: pipelined requests wait their
 * turn.  Whatever is malformed is refused with its status and ends the connection,
 * because nothing that follows could be trusted to start a request.
 *
 * The session and its exchange live apart: a peer that leaves takes the session with
 * it, and the exchange stays until its handler has answered. */

#ifndef PROTOCOL_HTTP_HTTP_SESSION_H
#define PROTOCOL_HTTP_HTTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct exchange;
struct http_file;
struct http_session;
struct loop_settings;
struct workspace;

/* The part of a loop that its sessions work with; they keep the counts. */
struct http_host {
	struct loop *loop;
	uv_loop_t *uv;
	const struct loop_settings *settings;
	struct workspace *workspace;
	struct http_session *sessions; /* all of them, newest first */
	unsigned session_count;
	unsigned exchange_count; /* handed out and not yet answered */
	uint64_t request_count;  /* ever handed out; atomic, others read it */
	bool draining;
	/* A session or an exchange is gone. */
	void (*left)(struct http_host *host);
};

/* NULL when it could not start; *accepted as in conn_accept(). */
struct http_session *http_session_accept(struct http_host *host, uv_stream_t *listener,
					 bool *accepted);

/* The host drains: end now if idle, else after the present request. */
void http_session_drain(struct http_session *session);
void http_session_close(struct http_session *session);
struct http_session *http_session_next(const struct http_session *session);

/* The exchange's side: send the reply gathered in the workspace, then the file if there
 * is one, then read on.  0, or -1 when there is no memory for the file's stream; its
 * descriptor is then still the caller's. */
int http_session_reply(struct http_session *session, const struct http_file *file);

#endif
