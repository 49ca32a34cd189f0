#include "protocol/http/http_session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/http/exchange_private.h"
#include "protocol/http/file_stream.h"
#include "protocol/http/header_guard.h"
#include "protocol/http/link.h"
#include "protocol/http/loop.h"
#include "protocol/http/workspace.h"

enum {
	HEAD_MS = 30 * 1000,     /* handshake and first header section; any section */
	PROGRESS_MS = 30 * 1000, /* a body must not stand still for longer */
	BODY_RATE = 1024,        /* bytes a second it must come in at, on average */
	KEEP_ALIVE_MS = 60 * 1000,
	PENDING_MOST = 2 * WORKSPACE_RECEIVED,
};

struct http_session {
	struct http_host *host;
	struct link *link;
	struct http_session *next, *previous;
	struct exchange *exchange; /* being read, or handed out */
	struct file_stream *stream;
	struct header_guard guard;
	bool has_section; /* of the request being read */
	bool feeding;     /* consume() is at work further up the stack */
	bool last;        /* no request after this one */
	bool refused;     /* the peer may be sending still */
	bool peer_ended;
	bool served;           /* at least one reply was given */
	uint64_t started_ms;   /* of this section, then of this body */
	struct buffer pending; /* read while we were busy */
	bool is_unix;
	struct ucred unix_peer;
	char peer[72];
};

static void proceed(struct http_session *session);

static uint64_t now_ms(const struct http_session *session)
{
	return uv_now(session->host->uv);
}

/* Not the time to look at further bytes. */
static bool is_busy(const struct http_session *session)
{
	return (session->exchange != NULL && session->exchange->handed_out) ||
	       session->stream != NULL || link_is_over(session->link) ||
	       link_is_full(session->link);
}

/* What the present state may last. */
static void settle(struct http_session *session)
{
	const struct loop_settings *settings = session->host->settings;
	uint64_t keep_ms =
		settings->keep_alive_ms > 0 ? settings->keep_alive_ms : KEEP_ALIVE_MS;
	uint64_t at_ms;

	if (is_busy(session)) {
		at_ms = 0;
	} else if (session->exchange == NULL) {
		at_ms = now_ms(session) + (session->served ? keep_ms : HEAD_MS);
	} else if (!session->has_section) {
		at_ms = session->started_ms + HEAD_MS;
	} else {
		uint64_t came = session->exchange->body.bytes.size;
		uint64_t rate_ms =
			session->started_ms + PROGRESS_MS + came * 1000 / BODY_RATE;
		at_ms = now_ms(session) + PROGRESS_MS;
		if (rate_ms < at_ms)
			at_ms = rate_ms;
	}
	link_deadline(session->link, at_ms);
}

static void refuse(struct http_session *session, int status, const char *why)
{
	struct exchange *exchange = session->exchange;

	session->refused = true;
	exchange_refuse(exchange, status, why);
	exchange_free(exchange);
}

static int status_of(enum problem_kind kind)
{
	return problem_face(kind)->http_status;
}

static void hand_out(struct http_session *session)
{
	struct exchange *exchange = session->exchange;
	struct http_request *request = &exchange->request;
	struct http_host *host = session->host;
	struct buffer *bytes = &exchange->body.bytes;

	if (bytes->at != NULL)
		bytes->at[bytes->size] = '\0'; /* a buffer always has room for it */
	request->body = bytes->at != NULL ? bytes->at : "";
	request->body_size = bytes->size;
	memcpy(exchange->peer, session->peer, sizeof exchange->peer);
	request->peer = exchange->peer;
	request->is_unix = session->is_unix;
	request->peer_uid = session->unix_peer.uid;
	request->peer_gid = session->unix_peer.gid;
	request->peer_pid = session->unix_peer.pid;
	if (session->peer_ended)
		exchange->head.keep_alive = false;

	exchange->handed_out = true;
	host->exchange_count++;
	__atomic_fetch_add(&host->request_count, 1, __ATOMIC_RELAXED);
	host->settings->handle(exchange, host->settings->owner);
}

static size_t feed_body(struct http_session *session, const char *data, size_t size)
{
	struct problem p = { 0 };
	size_t used;
	int verdict = http_body_feed(&session->exchange->body, data, size, &used, &p);

	if (verdict < 0)
		refuse(session, status_of(p.kind), p.text);
	else if (verdict > 0)
		hand_out(session);
	return used;
}

static size_t body_limit(const struct http_session *session)
{
	const struct loop_settings *settings = session->host->settings;
	const struct http_request *request = &session->exchange->request;

	if (settings->body_limit == NULL)
		return LIMIT_FEEDBACK_BODY;
	return settings->body_limit(request->method, request->path, settings->owner);
}

static void begin_body(struct http_session *session)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct exchange *exchange = session->exchange;
	struct buffer *section = &exchange->section;
	struct problem p = { 0 };

	int status = http_parse_head(section->at, section->size, &exchange->request,
				     &exchange->head, &p);
	if (status != 0) {
		refuse(session, status, p.text);
		return;
	}
	if (http_body_start(&exchange->body, exchange->head.framing,
			    exchange->head.length, body_limit(session), &p) < 0) {
		refuse(session, status_of(p.kind), p.text);
		return;
	}
	session->has_section = true;
	session->started_ms = now_ms(session);
	if (exchange->head.expects_continue &&
	    !link_send(session->link, go_on, sizeof go_on - 1))
		return;              /* closing */
	feed_body(session, NULL, 0); /* there may be none to wait for */
}

static size_t feed_section(struct http_session *session, const char *data, size_t size)
{
	struct exchange *exchange = session->exchange;
	struct problem p = { 0 };
	size_t used;
	int verdict = header_guard_scan(&session->guard, data, size, &used, &p);

	if (verdict < 0) {
		int status = p.kind != PROBLEM_TOO_LARGE ? 400
			     : session->guard.lines == 0 ? 414
							 : 431;
		refuse(session, status, p.text);
	} else if (!buffer_append(&exchange->section, data, used)) {
		refuse(session, 503, "no memory for the request");
	} else if (verdict > 0) {
		begin_body(session);
	}
	return used;
}

static size_t feed(struct http_session *session, const char *data, size_t size)
{
	if (session->exchange == NULL) {
		session->exchange = exchange_new(session->host, session);
		if (session->exchange == NULL) {
			link_close(session->link, UV_ENOMEM);
			return size;
		}
		session->guard = (struct header_guard){ 0 };
		session->has_section = false;
		session->started_ms = now_ms(session);
	}
	return session->has_section ? feed_body(session, data, size)
				    : feed_section(session, data, size);
}

static size_t consume(struct http_session *session, const char *data, size_t size)
{
	size_t used = 0;

	session->feeding = true;
	while (used < size && !is_busy(session))
		used += feed(session, data + used, size - used);
	session->feeding = false;
	return used;
}

static void stash(struct http_session *session, const char *data, size_t size)
{
	link_pause(session->link);
	if (!buffer_append(&session->pending, data, size))
		link_close(session->link, UV_ENOMEM);
}

static void on_bytes(void *owner, const char *data, size_t size)
{
	struct http_session *session = owner;
	size_t used = 0;

	if (session->pending.size == 0)
		used = consume(session, data, size);
	if (link_is_over(session->link))
		return;
	if (used < size)
		stash(session, data + used, size - used);
	settle(session);
}

/* Between requests: the ones already read first, then the wire. */
static void proceed(struct http_session *session)
{
	struct buffer *pending = &session->pending;

	if (pending->size > 0 && !is_busy(session)) {
		size_t used = consume(session, pending->at, pending->size);
		pending->size -= used;
		if (pending->size > 0)
			memmove(pending->at, pending->at + used, pending->size);
		else
			buffer_fini(pending);
	}
	if (!is_busy(session)) {
		if (session->peer_ended ||
		    (session->host->draining && session->exchange == NULL))
			link_finish(session->link, false);
		else
			link_resume(session->link);
	}
	settle(session);
}

static void reply_sent(struct http_session *session)
{
	session->served = true;
	if (session->last)
		link_finish(session->link, session->refused || session->pending.size > 0);
	else if (!session->feeding)
		proceed(session);
}

static bool on_file_bytes(void *owner, const char *data, size_t size)
{
	struct http_session *session = owner;
	return link_send(session->link, data, size) && !link_is_full(session->link);
}

static void on_file_ended(void *owner, bool complete)
{
	struct http_session *session = owner;

	session->stream = NULL;
	if (complete)
		reply_sent(session);
	else
		link_close(session->link, UV_EIO);
}

static const struct file_sink file_sink = { on_file_bytes, on_file_ended };

int http_session_reply(struct http_session *session, const struct http_file *file)
{
	struct buffer *reply = &session->host->workspace->reply;
	const struct exchange *exchange = session->exchange;

	if (file != NULL) {
		session->stream =
			file_stream_new(session->host->uv, file, &file_sink, session);
		if (session->stream == NULL)
			return -1;
	}
	session->last = !exchange->head.keep_alive || session->host->draining;
	session->exchange = NULL;
	link_send(session->link, reply->at, reply->size);
	buffer_clear(reply, WORKSPACE_KEEP);
	if (session->stream != NULL)
		file_stream_resume(session->stream);
	else
		reply_sent(session);
	return 0;
}

static void on_ended(void *owner)
{
	struct http_session *session = owner;

	session->peer_ended = true;
	if (session->exchange != NULL && session->exchange->handed_out)
		session->exchange->head.keep_alive = session->pending.size > 0;
	else if (!is_busy(session))
		link_finish(session->link, false);
}

static void on_drained(void *owner)
{
	struct http_session *session = owner;

	if (session->stream != NULL)
		file_stream_resume(session->stream);
	else
		proceed(session);
}

static void on_expired(void *owner)
{
	struct http_session *session = owner;

	if (session->exchange == NULL)
		link_finish(session->link, false);
	else
		refuse(session, 408, "the request took too long to arrive");
}

static void on_closed(void *owner, int reason)
{
	struct http_session *session = owner;
	struct http_host *host = session->host;
	(void)reason;

	if (session->exchange != NULL && session->exchange->handed_out)
		session->exchange->session = NULL;
	else
		exchange_free(session->exchange);
	if (session->stream != NULL)
		file_stream_abandon(session->stream);
	buffer_fini(&session->pending);

	if (session->next != NULL)
		session->next->previous = session->previous;
	if (session->previous != NULL)
		session->previous->next = session->next;
	else
		host->sessions = session->next;
	free(session);
	assert(host->session_count > 0);
	host->session_count--;
	host->left(host);
}

static const struct conn_events events = { on_bytes, on_ended, on_drained, on_expired,
					   on_closed };

static void know_peer(struct http_session *session)
{
	const struct conn *conn = link_conn(session->link);
	socklen_t size = sizeof session->unix_peer;

	conn_peer(conn, session->peer, sizeof session->peer);
	/* Whoever cannot be named is nobody, and never root. */
	session->unix_peer = (struct ucred){ 0, (uid_t)-1, (gid_t)-1 };
	if (session->is_unix && getsockopt(conn_fd(conn), SOL_SOCKET, SO_PEERCRED,
					   &session->unix_peer, &size) != 0)
		session->unix_peer = (struct ucred){ 0, (uid_t)-1, (gid_t)-1 };
}

struct http_session *http_session_accept(struct http_host *host, uv_stream_t *listener,
					 bool *accepted)
{
	bool is_unix = listener->type != UV_TCP;

	*accepted = false;
	struct http_session *session = calloc(1, sizeof *session);
	if (session == NULL)
		return NULL;
	session->host = host;
	session->is_unix = is_unix;
	buffer_init(&session->pending, PENDING_MOST);
	session->link = link_accept(listener, is_unix ? NULL : host->settings->tls,
				    host->workspace, &events, session, accepted);
	if (session->link == NULL) {
		free(session);
		return NULL;
	}
	know_peer(session);
	session->next = host->sessions;
	if (session->next != NULL)
		session->next->previous = session;
	host->sessions = session;
	host->session_count++;
	settle(session);
	return session;
}

void http_session_drain(struct http_session *session)
{
	if (session->exchange == NULL && session->stream == NULL &&
	    session->pending.size == 0)
		link_finish(session->link, false);
}

void http_session_close(struct http_session *session)
{
	link_close(session->link, UV_ECANCELED);
}

struct http_session *http_session_next(const struct http_session *session)
{
	return session->next;
}
