#include "protocol/http/loop.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/http/http_session.h"
#include "protocol/http/listener.h"
#include "protocol/http/workspace.h"

enum { DRAIN_MS = 10 * 1000, TICK_MS = 1000, LISTENERS = 2 };

struct loop {
	struct loop_settings settings;
	uv_loop_t uv;
	struct listener listeners[LISTENERS]; /* TCP, Unix */
	int port;
	uv_async_t inbox_async;
	uv_timer_t tick, drain;
	uv_tcp_t spare_tcp; /* takes connections that are refused */
	uv_pipe_t spare_pipe;
	unsigned spares_busy;
	bool ending;
	struct http_host host;
	struct workspace *workspace;
	void *data;

	uv_thread_t thread;
	uv_sem_t ready;
	int start_result;
	struct problem *start_problem;

	pthread_mutex_t lock; /* over the inbox */
	struct loop_task *inbox, **inbox_end;
	bool stopping, ended;

	uint64_t accepted, open, refused; /* atomic */
};

static uint64_t load(const uint64_t *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

static void add(uint64_t *count, uint64_t more)
{
	__atomic_fetch_add(count, more, __ATOMIC_RELAXED);
}

static struct loop_task *take_inbox(struct loop *loop, bool *stopping)
{
	pthread_mutex_lock(&loop->lock);
	struct loop_task *first = loop->inbox;
	loop->inbox = NULL;
	loop->inbox_end = &loop->inbox;
	*stopping = loop->stopping;
	pthread_mutex_unlock(&loop->lock);
	return first;
}

static void run_tasks(struct loop_task *task)
{
	while (task != NULL) {
		struct loop_task *next = task->next; /* running may free the task */
		task->run(task);
		task = next;
	}
}

/* The last step of a stop: nothing is left that could need the loop. */
static void end_if_empty(struct loop *loop)
{
	if (!loop->host.draining || loop->ending || loop->host.session_count > 0 ||
	    loop->host.exchange_count > 0)
		return;
	loop->ending = true;
	pthread_mutex_lock(&loop->lock);
	loop->ended = true; /* from here on nobody wakes us */
	pthread_mutex_unlock(&loop->lock);
	uv_close((uv_handle_t *)&loop->inbox_async, NULL);
	uv_close((uv_handle_t *)&loop->tick, NULL);
	uv_close((uv_handle_t *)&loop->drain, NULL);
	uv_stop(&loop->uv); /* the owner may have handles, to be closed by `stopped` */
}

static void on_left(struct http_host *host)
{
	struct loop *loop = host->loop;
	__atomic_store_n(&loop->open, host->session_count, __ATOMIC_RELAXED);
	end_if_empty(loop);
}

static void on_drain_over(uv_timer_t *timer)
{
	struct loop *loop = timer->data;
	struct http_session *session = loop->host.sessions;

	for (; session != NULL; session = http_session_next(session))
		http_session_close(session);
}

static void begin_drain(struct loop *loop)
{
	uint64_t drain_ms =
		loop->settings.drain_ms > 0 ? loop->settings.drain_ms : DRAIN_MS;
	struct http_session *session = loop->host.sessions;

	if (loop->host.draining)
		return;
	loop->host.draining = true;
	for (size_t i = 0; i < LISTENERS; i++)
		listener_close(&loop->listeners[i]);
	int rc = uv_timer_start(&loop->drain, on_drain_over, drain_ms, 0);
	assert(rc == 0);
	for (; session != NULL; session = http_session_next(session))
		http_session_drain(session); /* sessions go later, in a callback */
	end_if_empty(loop);
}

static void on_inbox(uv_async_t *async)
{
	struct loop *loop = async->data;
	bool stopping;

	run_tasks(take_inbox(loop, &stopping));
	if (stopping)
		begin_drain(loop);
}

static void on_tick(uv_timer_t *timer)
{
	struct loop *loop = timer->data;
	if (loop->settings.tick != NULL)
		loop->settings.tick(loop, loop->settings.owner);
}

static void on_connection(uv_stream_t *listener, int status);

static void on_spare_closed(uv_handle_t *handle)
{
	struct loop *loop = handle->data;

	assert(loop->spares_busy > 0);
	loop->spares_busy--;
	for (size_t i = 0; i < LISTENERS; i++) {
		struct listener *listener = &loop->listeners[i];
		if (loop->spares_busy == 0 && listener->is_open && listener->is_waiting) {
			listener->is_waiting = false;
			on_connection(&listener->socket.stream, 0);
		}
	}
}

/* Take the connection off the listener without any memory, and close it.  While one is
 * being closed the next has to wait; libuv does not accept more in the meantime. */
static void turn_away(struct loop *loop, uv_stream_t *stream)
{
	bool is_tcp = stream->type == UV_TCP;
	struct listener *listener = &loop->listeners[is_tcp ? 0 : 1];
	uv_stream_t *spare = is_tcp ? (uv_stream_t *)&loop->spare_tcp
				    : (uv_stream_t *)&loop->spare_pipe;

	if (loop->spares_busy > 0) {
		listener->is_waiting = true;
		return;
	}
	int rc = is_tcp ? uv_tcp_init(&loop->uv, &loop->spare_tcp)
			: uv_pipe_init(&loop->uv, &loop->spare_pipe, 0);
	assert(rc == 0); /* no descriptor yet: nothing to fail */
	spare->data = loop;
	loop->spares_busy++;
	add(&loop->refused, 1);
	rc = uv_accept(stream, spare);
	if (rc == 0 && !is_tcp) {
		static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\n"
					   "Retry-After: 5\r\nContent-Length: 0\r\n"
					   "Connection: close\r\n\r\n";
		uv_buf_t words = uv_buf_init((char *)busy, sizeof busy - 1);
		uv_try_write(spare, &words, 1); /* if it takes not even that, so be it */
	}
	uv_close((uv_handle_t *)spare, on_spare_closed);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct loop *loop = listener->data;
	bool accepted;

	/* Out of descriptors: libuv keeps a spare one, with which it has taken and
	 * closed what was waiting, so that the listener does not spin. */
	if (status != 0) {
		add(&loop->refused, 1);
		return;
	}
	if (loop->host.session_count >= LIMIT_CONNECTIONS_PER_LOOP) {
		turn_away(loop, listener);
		return;
	}
	struct http_session *session =
		http_session_accept(&loop->host, listener, &accepted);
	if (session != NULL) {
		add(&loop->accepted, 1);
		__atomic_store_n(&loop->open, loop->host.session_count, __ATOMIC_RELAXED);
	} else if (!accepted) {
		turn_away(loop, listener);
	}
}

/* Nothing has been accepted: whatever is open goes, and the loop with it. */
static void abandon(struct loop *loop)
{
	loop->host.draining = true;
	for (size_t i = 0; i < LISTENERS; i++)
		listener_close(&loop->listeners[i]);
	end_if_empty(loop);
}

static void close_uv(struct loop *loop)
{
	while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
		/* Stopped by end_if_empty(): what is being closed still has to report. */
	}
	int rc = uv_loop_close(&loop->uv);
	assert(rc == 0); /* UV_EBUSY: somebody left a handle behind */
}

static void loop_main(void *argument)
{
	struct loop *loop = argument;
	const struct loop_settings *settings = &loop->settings;

	int rc = 0;
	if (settings->started != NULL)
		rc = settings->started(loop, settings->owner, loop->start_problem);
	loop->start_result = rc;
	if (rc != 0)
		abandon(loop);
	uv_sem_post(&loop->ready);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	if (rc == 0 && settings->stopped != NULL)
		settings->stopped(loop, settings->owner);
	close_uv(loop);
}

static int open_listeners(struct loop *loop, struct problem *p)
{
	const struct loop_settings *settings = &loop->settings;

	for (size_t i = 0; i < LISTENERS; i++)
		loop->listeners[i].socket.handle.data = loop;
	if (settings->address != NULL) {
		assert(settings->tls != NULL);
		if (listener_open_tcp(&loop->listeners[0], &loop->uv, settings->address,
				      settings->port, p) < 0)
			return -1;
		loop->listeners[0].socket.handle.data = loop;
		if (listener_start(&loop->listeners[0], on_connection, p) < 0)
			return problem_while(p, "%s port %d", settings->address,
					     settings->port);
		loop->port = listener_port(&loop->listeners[0]);
	}
	if (settings->unix_path != NULL) {
		if (listener_open_unix(&loop->listeners[1], &loop->uv,
				       settings->unix_path, p) < 0)
			return -1;
		loop->listeners[1].socket.handle.data = loop;
		if (listener_start(&loop->listeners[1], on_connection, p) < 0)
			return problem_while(p, "'%s'", settings->unix_path);
	}
	return 0;
}

static int open_handles(struct loop *loop)
{
	int rc = uv_async_init(&loop->uv, &loop->inbox_async, on_inbox);
	if (rc != 0)
		return rc;
	loop->inbox_async.data = loop;
	rc = uv_timer_init(&loop->uv, &loop->tick);
	assert(rc == 0); /* always 0 in libuv 1.x */
	rc = uv_timer_init(&loop->uv, &loop->drain);
	assert(rc == 0);
	loop->tick.data = loop;
	loop->drain.data = loop;
	rc = uv_timer_start(&loop->tick, on_tick, TICK_MS, TICK_MS);
	assert(rc == 0);
	return 0;
}

/* Signals are the main thread's business. */
static int start_thread(struct loop *loop)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = uv_thread_create(&loop->thread, loop_main, loop);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void loop_free(struct loop *loop)
{
	buffer_fini(&loop->workspace->reply);
	buffer_fini(&loop->workspace->sealed);
	free(loop->workspace);
	pthread_mutex_destroy(&loop->lock);
	uv_sem_destroy(&loop->ready);
	free(loop);
}

static struct loop *loop_new(const struct loop_settings *settings, struct problem *p)
{
	struct loop *loop = calloc(1, sizeof *loop);
	struct workspace *workspace = calloc(1, sizeof *workspace);

	if (loop == NULL || workspace == NULL || uv_sem_init(&loop->ready, 0) != 0) {
		free(loop);
		free(workspace);
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for a loop");
		return NULL;
	}
	buffer_init(&workspace->reply, WORKSPACE_REPLY_MOST);
	buffer_init(&workspace->sealed, WORKSPACE_SEALED_MOST);
	loop->workspace = workspace;
	loop->settings = *settings;
	loop->inbox_end = &loop->inbox;
	pthread_mutex_init(&loop->lock, NULL);
	loop->host = (struct http_host){
		.loop = loop,
		.uv = &loop->uv,
		.settings = &loop->settings,
		.workspace = workspace,
		.left = on_left,
	};
	return loop;
}

struct loop *loop_start(const struct loop_settings *settings, struct problem *p)
{
	struct loop *loop = loop_new(settings, p);
	if (loop == NULL)
		return NULL;
	int rc = uv_loop_init(&loop->uv);
	if (rc != 0) {
		loop_free(loop);
		problem_set(p, PROBLEM_EXTERNAL, "making an event loop: %s",
			    uv_strerror(rc));
		return NULL;
	}
	rc = open_handles(loop);
	if (rc != 0) {
		problem_set(p, PROBLEM_EXTERNAL, "making an event loop: %s",
			    uv_strerror(rc));
		close_uv(loop);
		loop_free(loop);
		return NULL;
	}
	loop->start_problem = p;
	bool opened = open_listeners(loop, p) == 0;
	if (opened) {
		rc = start_thread(loop);
		if (rc != 0)
			problem_set(p, PROBLEM_EXTERNAL, "starting a thread: %s",
				    uv_strerror(rc));
	}
	if (!opened || rc != 0) {
		abandon(loop);
		close_uv(loop);
		loop_free(loop);
		return NULL;
	}
	uv_sem_wait(&loop->ready);
	loop->start_problem = NULL;
	if (loop->start_result != 0) {
		loop_join(loop);
		return NULL;
	}
	return loop;
}

void loop_stop(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->stopping = true;
	if (!loop->ended)
		uv_async_send(&loop->inbox_async);
	pthread_mutex_unlock(&loop->lock);
}

void loop_join(struct loop *loop)
{
	bool stopping;
	int rc = uv_thread_join(&loop->thread);

	assert(rc == 0);
	run_tasks(take_inbox(loop, &stopping));
	loop_free(loop);
}

void loop_post(struct loop *loop, struct loop_task *task)
{
	task->next = NULL;
	pthread_mutex_lock(&loop->lock);
	bool was_empty = loop->inbox == NULL;
	*loop->inbox_end = task;
	loop->inbox_end = &task->next;
	if (was_empty && !loop->ended)
		uv_async_send(&loop->inbox_async);
	pthread_mutex_unlock(&loop->lock);
}

int loop_port(const struct loop *loop)
{
	return loop->port;
}

unsigned loop_index(const struct loop *loop)
{
	return loop->settings.index;
}

uv_loop_t *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

void loop_set_data(struct loop *loop, void *data)
{
	loop->data = data;
}

void *loop_data(struct loop *loop)
{
	return loop->data;
}

struct loop_counts loop_counts(const struct loop *loop)
{
	return (struct loop_counts){
		.accepted = load(&loop->accepted),
		.open = load(&loop->open),
		.requests = load(&loop->host.request_count),
		.refused = load(&loop->refused),
	};
}
