/* One loop thread: a uv loop, its listeners, its connections, its inbox.
 *
 * Everything on a loop belongs to its thread.  Other threads reach it by loop_post()
 * alone.  A loop stops in order: listeners close, exchanges in progress are answered
 * (bounded by a drain time), connections close, the thread ends. */

#ifndef PROTOCOL_HTTP_LOOP_H
#define PROTOCOL_HTTP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "protocol/http/exchange.h"

struct loop;
struct problem;
struct tls_context;

/* Work another thread hands over.  `run` is called once on the loop's thread, also while
 * the loop drains. */
struct loop_task {
	void (*run)(struct loop_task *task);
	struct loop_task *next;
};

struct loop_settings {
	unsigned index;
	const char *address;     /* "127.0.0.1" or "::1"; NULL: no TCP listener */
	int port;                /* 0 picks one: see loop_port() */
	struct tls_context *tls; /* never NULL with an address: no plain text port */
	const char *unix_path;   /* plain HTTP for the admin API; NULL: none */
	/* A complete request is here.  The handler answers by exchange_reply*(), now or
	 * later, exactly once. */
	void (*handle)(struct exchange *exchange, void *owner);
	void *owner;
	/* The most bytes a request body may have, asked before any of it is read; NULL
	 * for LIMIT_FEEDBACK_BODY everywhere. */
	size_t (*body_limit)(enum http_method method, const char *path, void *owner);
	uint64_t keep_alive_ms; /* an idle connection is kept so long; 0 for 60 s */
	uint64_t drain_ms;      /* a stop waits so long for answers; 0 for 10 s */
	/* Called on the loop's thread before it takes connections and after the last. */
	int (*started)(struct loop *loop, void *owner, struct problem *p);
	void (*stopped)(struct loop *loop, void *owner);
	/* Once a second, on the loop's thread; may be NULL. */
	void (*tick)(struct loop *loop, void *owner);
};

/* Opens the listeners (several loops may share one port by SO_REUSEPORT), then starts
 * the thread.  NULL with *p told. */
struct loop *loop_start(const struct loop_settings *settings, struct problem *p);
/* Any thread.  Idempotent. */
void loop_stop(struct loop *loop);
/* Waits for the thread, runs tasks that came too late for it, and frees the loop.  The
 * thread outlives every exchange: a handler that never answers one never lets it end. */
void loop_join(struct loop *loop);

int loop_port(const struct loop *loop);
unsigned loop_index(const struct loop *loop);
uv_loop_t *loop_uv(struct loop *loop);
/* A place for the owner's per-loop state, set in `started`. */
void loop_set_data(struct loop *loop, void *data);
void *loop_data(struct loop *loop);

/* Any thread. */
void loop_post(struct loop *loop, struct loop_task *task);

/* Open connections and answered requests so far; any thread may read. */
struct loop_counts {
	uint64_t accepted, open, requests, refused;
};
struct loop_counts loop_counts(const struct loop *loop);

#endif
