#include "protocol/http/link.h"

#include <assert.h>
#include <stdlib.h>

#include "protocol/http/tls.h"
#include "protocol/http/workspace.h"

struct link {
	struct conn *conn;
	struct tls *tls; /* NULL for plain */
	bool ended;      /* the peer said close_notify, or hung up */
	struct workspace *workspace;
	const struct conn_events *events;
	void *owner;
};

/* Between two calls from outside the shared buffer is empty. */
static void flush(struct link *link)
{
	struct buffer *sealed = &link->workspace->sealed;

	if (sealed->size > 0)
		conn_send(link->conn, sealed->at, sealed->size);
	buffer_clear(sealed, WORKSPACE_KEEP);
}

static void end(struct link *link)
{
	if (link->ended)
		return;
	link->ended = true;
	link->events->ended(link->owner);
}

static void on_bytes(void *owner, const char *data, size_t size)
{
	struct link *link = owner;
	char *plain = link->workspace->plain;

	if (link->tls == NULL) {
		link->events->bytes(link->owner, data, size);
		return;
	}
	if (link->ended) /* whatever follows a close_notify means nothing */
		return;
	tls_receive(link->tls, data, size);
	ssize_t got;
	do {
		got = tls_read(link->tls, plain, WORKSPACE_PLAIN);
		flush(link);
		if (got > 0 && !conn_is_over(link->conn))
			link->events->bytes(link->owner, plain, (size_t)got);
	} while (got > 0);
	if (got == TLS_ENDED)
		end(link);
	else if (got == TLS_BROKEN)
		conn_finish(link->conn, true); /* the alert has been flushed */
}

static void on_ended(void *owner)
{
	end(owner);
}

static void on_drained(void *owner)
{
	struct link *link = owner;
	link->events->drained(link->owner);
}

static void on_expired(void *owner)
{
	struct link *link = owner;
	link->events->expired(link->owner);
}

static void on_closed(void *owner, int reason)
{
	struct link *link = owner;
	link->events->closed(link->owner, reason);
	tls_free(link->tls);
	free(link);
}

static const struct conn_events conn_events = { on_bytes, on_ended, on_drained,
						on_expired, on_closed };

struct link *link_accept(uv_stream_t *listener, struct tls_context *tls,
			 struct workspace *workspace, const struct conn_events *events,
			 void *owner, bool *accepted)
{
	*accepted = false;
	struct link *link = calloc(1, sizeof *link);
	if (link == NULL)
		return NULL;
	link->workspace = workspace;
	link->events = events;
	link->owner = owner;
	if (tls != NULL) {
		link->tls = tls_new(tls, &workspace->sealed);
		if (link->tls == NULL)
			goto fail;
	}
	link->conn = conn_accept(listener, workspace, &conn_events, link, accepted);
	if (link->conn != NULL)
		return link;
fail:
	tls_free(link->tls);
	free(link);
	return NULL;
}

bool link_send(struct link *link, const char *data, size_t size)
{
	if (conn_is_over(link->conn))
		return false;
	if (link->tls == NULL)
		return conn_send(link->conn, data, size);

	bool sealed = tls_write(link->tls, data, size);
	if (!sealed) {
		buffer_clear(&link->workspace->sealed, WORKSPACE_KEEP);
		conn_close(link->conn, UV_EPROTO);
		return false;
	}
	flush(link);
	return !conn_is_over(link->conn);
}

void link_finish(struct link *link, bool linger)
{
	if (conn_is_over(link->conn))
		return;
	if (link->tls != NULL) {
		tls_shutdown(link->tls);
		flush(link);
	}
	conn_finish(link->conn, linger);
}

void link_close(struct link *link, int reason)
{
	conn_close(link->conn, reason);
}

bool link_is_full(struct link *link)
{
	return conn_is_full(link->conn);
}

bool link_is_over(const struct link *link)
{
	return conn_is_over(link->conn);
}

void link_pause(struct link *link)
{
	conn_pause(link->conn);
}

void link_resume(struct link *link)
{
	conn_resume(link->conn);
}

void link_deadline(struct link *link, uint64_t at_ms)
{
	conn_deadline(link->conn, at_ms);
}

const struct conn *link_conn(const struct link *link)
{
	return link->conn;
}
