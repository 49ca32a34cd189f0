#include "protocol/http/conn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/http/workspace.h"

enum {
	STALL_MS = 30 * 1000,
	STALL_BYTES = 30 * 1024, /* fewer than these taken in STALL_MS is a stall */
	LINGER_MS = 2 * 1000,
	QUEUE_HIGH = 256 * 1024, /* stop producing above this many queued bytes */
	QUEUE_LOW = 64 * 1024,   /* and resume below this many */
};

union stream {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

struct conn {
	union stream socket;
	uv_timer_t timer;
	uv_shutdown_t shutdown;
	unsigned handles_open; /* init'd and not yet reported closed by libuv */
	bool closing, finishing, lingering, shut;
	bool reading, ended, wants_drained;
	int reason;
	uint64_t deadline_ms; /* the owner's; 0 when none */
	uint64_t stall_ms;    /* when the write queue must have moved; 0 when empty */
	uint64_t armed_ms;    /* when the timer fires; 0 when it does not run */
	uint64_t queued_total, stall_total;
	struct workspace *workspace;
	const struct conn_events *events;
	void *owner;
};

struct pending_write {
	uv_write_t request;
	struct conn *conn;
	char bytes[];
};

static void on_handle_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;
	assert(conn->handles_open > 0);

	if (--conn->handles_open > 0)
		return;
	if (conn->events != NULL)
		conn->events->closed(conn->owner, conn->reason);
	free(conn);
}

void conn_close(struct conn *conn, int reason)
{
	if (conn->closing)
		return;
	conn->closing = true;
	conn->reason = reason;
	uv_close((uv_handle_t *)&conn->timer, on_handle_closed);
	uv_close(&conn->socket.handle, on_handle_closed);
}

bool conn_is_over(const struct conn *conn)
{
	return conn->closing || conn->finishing;
}

static void on_timer(uv_timer_t *timer);

/* The timer only ever moves to an earlier time; when it fires too early, it works out
 * what is left.  So a busy connection costs one heap operation per period, not one per
 * request. */
static void arm(struct conn *conn)
{
	if (conn->closing)
		return;
	uint64_t next_ms = conn->deadline_ms;
	if (conn->stall_ms != 0 && (next_ms == 0 || conn->stall_ms < next_ms))
		next_ms = conn->stall_ms;
	if (next_ms == 0 || (conn->armed_ms != 0 && conn->armed_ms <= next_ms))
		return;
	uint64_t now_ms = uv_now(conn->timer.loop);
	uint64_t wait_ms = next_ms > now_ms ? next_ms - now_ms : 0;
	int rc = uv_timer_start(&conn->timer, on_timer, wait_ms, 0);
	assert(rc == 0); /* fails only for a closing handle or no callback */
	conn->armed_ms = next_ms;
}

static uint64_t sent_total(const struct conn *conn)
{
	return conn->queued_total - uv_stream_get_write_queue_size(&conn->socket.stream);
}

static bool is_stalled(struct conn *conn, uint64_t now_ms)
{
	if (uv_stream_get_write_queue_size(&conn->socket.stream) == 0) {
		conn->stall_ms = 0;
		return false;
	}
	uint64_t sent = sent_total(conn);
	if (sent - conn->stall_total < STALL_BYTES)
		return true;
	conn->stall_total = sent;
	conn->stall_ms = now_ms + STALL_MS;
	return false;
}

static void on_timer(uv_timer_t *timer)
{
	struct conn *conn = timer->data;
	uint64_t now_ms = uv_now(timer->loop);

	conn->armed_ms = 0;
	if (conn->stall_ms != 0 && conn->stall_ms <= now_ms && is_stalled(conn, now_ms)) {
		conn_close(conn, UV_ETIMEDOUT);
		return;
	}
	if (conn->deadline_ms != 0 && conn->deadline_ms <= now_ms) {
		conn->deadline_ms = 0;
		if (conn->finishing)
			conn_close(conn, 0);
		else
			conn->events->expired(conn->owner);
	}
	arm(conn);
}

void conn_deadline(struct conn *conn, uint64_t at_ms)
{
	if (conn_is_over(conn))
		return;
	conn->deadline_ms = at_ms;
	arm(conn);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct conn *conn = handle->data;
	(void)suggested;
	*buf = uv_buf_init(conn->workspace->received, sizeof conn->workspace->received);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct conn *conn = stream->data;

	if (got == 0) /* EAGAIN, not end of file */
		return;
	if (got == UV_EOF) {
		conn->ended = true;
		conn_pause(conn);
		if (!conn->finishing)
			conn->events->ended(conn->owner);
		else if (conn->shut)
			conn_close(conn, 0);
		return;
	}
	if (got < 0)
		conn_close(conn, (int)got);
	else if (!conn->finishing)
		conn->events->bytes(conn->owner, buf->base, (size_t)got);
}

static int accept_from(uv_stream_t *listener, struct conn *conn)
{
	int rc = uv_accept(listener, &conn->socket.stream);
	if (rc == 0 && listener->type == UV_TCP)
		rc = uv_tcp_nodelay(&conn->socket.tcp, 1);
	return rc;
}

struct conn *conn_accept(uv_stream_t *listener, struct workspace *workspace,
			 const struct conn_events *events, void *owner, bool *accepted)
{
	*accepted = false;
	struct conn *conn = calloc(1, sizeof *conn);
	if (conn == NULL)
		return NULL;
	conn->owner = owner;
	conn->workspace = workspace;

	int rc = uv_timer_init(listener->loop, &conn->timer);
	assert(rc == 0); /* always 0 in libuv 1.x */
	conn->timer.data = conn;
	conn->handles_open++;
	if (listener->type == UV_TCP)
		rc = uv_tcp_init(listener->loop, &conn->socket.tcp);
	else
		rc = uv_pipe_init(listener->loop, &conn->socket.pipe, 0);
	assert(rc == 0); /* no descriptor yet: nothing to fail */
	conn->socket.handle.data = conn;
	conn->handles_open++;

	rc = accept_from(listener, conn);
	*accepted = true; /* uv_accept() lets go of the descriptor even when it fails */
	if (rc == 0)
		rc = uv_read_start(&conn->socket.stream, on_alloc, on_read);
	if (rc != 0) {
		conn_close(conn, rc); /* events still NULL: the caller hears only NULL */
		return NULL;
	}
	conn->reading = true;
	conn->events = events;
	return conn;
}

void conn_pause(struct conn *conn)
{
	if (conn->closing || !conn->reading)
		return;
	int rc = uv_read_stop(&conn->socket.stream);
	assert(rc == 0); /* always 0 */
	conn->reading = false;
}

void conn_resume(struct conn *conn)
{
	if (conn->closing || conn->reading || conn->ended)
		return;
	int rc = uv_read_start(&conn->socket.stream, on_alloc, on_read);
	if (rc == 0)
		conn->reading = true;
	else
		conn_close(conn, rc);
}

static void on_written(uv_write_t *request, int status)
{
	struct pending_write *write = (struct pending_write *)request;
	struct conn *conn = write->conn;
	free(write);

	if (status < 0) {
		conn_close(conn, status); /* UV_ECANCELED arrives while closing: no-op */
		return;
	}
	size_t queued = uv_stream_get_write_queue_size(&conn->socket.stream);
	if (queued == 0)
		conn->stall_ms = 0;
	if (conn_is_over(conn) || !conn->wants_drained || queued >= QUEUE_LOW)
		return;
	conn->wants_drained = false;
	conn->events->drained(conn->owner);
}

static bool enqueue(struct conn *conn, const char *data, size_t size)
{
	struct pending_write *write = malloc(sizeof *write + size);
	if (write == NULL) {
		conn_close(conn, UV_ENOMEM);
		return false;
	}
	write->conn = conn;
	memcpy(write->bytes, data, size);
	uv_buf_t rest = uv_buf_init(write->bytes, (unsigned)size);
	int rc = uv_write(&write->request, &conn->socket.stream, &rest, 1, on_written);
	if (rc != 0) { /* on a nonzero return on_written will not run */
		free(write);
		conn_close(conn, rc);
		return false;
	}
	conn->queued_total += size;
	if (conn->stall_ms == 0) {
		conn->stall_ms = uv_now(conn->timer.loop) + STALL_MS;
		conn->stall_total = sent_total(conn);
		arm(conn);
	}
	return true;
}

bool conn_send(struct conn *conn, const char *data, size_t size)
{
	if (conn_is_over(conn))
		return false;
	if (uv_stream_get_write_queue_size(&conn->socket.stream) == 0) {
		/* Most replies leave here, with no allocation. */
		uv_buf_t now = uv_buf_init((char *)data, (unsigned)size);
		int sent = uv_try_write(&conn->socket.stream, &now, 1);
		if (sent == (int)size)
			return true;
		if (sent < 0 && sent != UV_EAGAIN) {
			conn_close(conn, sent);
			return false;
		}
		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
		}
	}
	return enqueue(conn, data, size);
}

bool conn_is_full(struct conn *conn)
{
	if (conn->closing)
		return false;
	size_t queued = uv_stream_get_write_queue_size(&conn->socket.stream);
	if (queued <= QUEUE_HIGH)
		return false;
	conn->wants_drained = true;
	return true;
}

static void on_shut(uv_shutdown_t *request, int status)
{
	struct conn *conn = request->handle->data;

	if (status < 0 || !conn->lingering || conn->ended) {
		conn_close(conn, 0); /* a no-op when closing cancelled us */
		return;
	}
	conn->shut = true;
	conn->deadline_ms = uv_now(conn->timer.loop) + LINGER_MS;
	arm(conn);
}

void conn_finish(struct conn *conn, bool linger)
{
	if (conn_is_over(conn))
		return;
	if (linger)
		conn_resume(conn);
	else
		conn_pause(conn);
	conn->finishing = true;
	conn->lingering = linger;
	conn->deadline_ms = 0; /* the stall clock watches what is still queued */
	if (conn->closing)
		return;
	int rc = uv_shutdown(&conn->shutdown, &conn->socket.stream, on_shut);
	if (rc != 0)
		conn_close(conn, rc == UV_ENOTCONN ? 0 : rc);
}

int conn_fd(const struct conn *conn)
{
	uv_os_fd_t fd = -1;
	return uv_fileno(&conn->socket.handle, &fd) == 0 ? fd : -1;
}

void conn_peer(const struct conn *conn, char *text, size_t room)
{
	struct sockaddr_storage address;
	int size = sizeof address;
	char name[64] = "";
	int wanted;

	if (conn->socket.handle.type != UV_TCP) {
		wanted = snprintf(text, room, "unix");
	} else if (uv_tcp_getpeername(&conn->socket.tcp, (struct sockaddr *)&address,
				      &size) != 0) {
		wanted = snprintf(text, room, "unknown");
	} else if (address.ss_family == AF_INET6) {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
		uv_ip6_name(six, name, sizeof name);
		wanted = snprintf(text, room, "[%s]:%u", name, ntohs(six->sin6_port));
	} else {
		struct sockaddr_in *four = (struct sockaddr_in *)&address;
		uv_ip4_name(four, name, sizeof name);
		wanted = snprintf(text, room, "%s:%u", name, ntohs(four->sin_port));
	}
	assert(wanted >= 0);
}
