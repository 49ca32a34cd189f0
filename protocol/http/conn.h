/* One accepted connection: its socket, its timer, its bytes.
 *
 * A conn belongs to one loop thread.  It owns two libuv handles; libuv owns the memory
 * under each of them from init until that handle's close callback, so the conn counts
 * them and frees itself when the last one reports back.  conn_close() may be called
 * from any state, any number of times.
 *
 * Two clocks run over one timer.  The owner's deadline is reported as `expired`.  The
 * other is the conn's own: while bytes wait to be written, the peer has to take some
 * of them every half minute, or it is dropped. */

#ifndef PROTOCOL_HTTP_CONN_H
#define PROTOCOL_HTTP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct conn;
struct workspace;

struct conn_events {
	/* Bytes from the peer; valid during the call only. */
	void (*bytes)(void *owner, const char *data, size_t size);
	/* The peer will send no more; it may still listen. */
	void (*ended)(void *owner);
	/* Asked for by conn_is_full(): the write queue fell under the low-water mark. */
	void (*drained)(void *owner);
	/* The deadline passed.  It is off until set again. */
	void (*expired)(void *owner);
	/* Last call for this conn.  `reason` is a libuv code; 0 means we closed. */
	void (*closed)(void *owner, int reason);
};

/* Accept from `listener`, a TCP or a Unix one.  NULL when the conn could not start;
 * whatever had been opened is then already on its way to being closed, and *accepted
 * says whether the listener is rid of the connection. */
struct conn *conn_accept(uv_stream_t *listener, struct workspace *workspace,
			 const struct conn_events *events, void *owner, bool *accepted);

/* Send a copy of `data`.  False when the conn is closing. */
bool conn_send(struct conn *conn, const char *data, size_t size);

/* Is the write queue over the high-water mark?  If so `drained` follows. */
bool conn_is_full(struct conn *conn);

/* Stop and go on taking bytes from the socket.  Both are idempotent. */
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);

/* Report `expired` at this time of the loop's clock, uv_now(); 0 for never. */
void conn_deadline(struct conn *conn, uint64_t at_ms);

/* Send what is queued, tell the peer that no more comes, then close.  With `linger`
 * keep reading for a moment first, so that a peer in the middle of sending gets to
 * read our last words.  No event but `closed` follows. */
void conn_finish(struct conn *conn, bool linger);

/* Begin closing.  No event but `closed` follows. */
void conn_close(struct conn *conn, int reason);

/* Closing, or finishing. */
bool conn_is_over(const struct conn *conn);

/* "127.0.0.1:4711", "[::1]:4711" or "unix". */
void conn_peer(const struct conn *conn, char *text, size_t room);
int conn_fd(const struct conn *conn); /* -1 when closed */

#endif
