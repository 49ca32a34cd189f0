/* A loop for tests, over TLS and a Unix socket, with an identity and a temporary folder
 * of its own.
 *
 * Its handler answers by path: "/echo" says what it understood of the request, "/bytes/N"
 * gives N bytes, "/later" answers from a task that another thread posts when
 * fixture_release() is called, "/file" serves the fixture's file, "/status/N" answers
 * with that status. */

#ifndef TESTS_UNIT_HTTP_FIXTURE_H
#define TESTS_UNIT_HTTP_FIXTURE_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "protocol/http/loop.h"

struct later;

struct fixture {
	char folder[64], socket[96], file[96];
	size_t file_size;
	struct tls_context *tls;
	struct loop *loop;
	SSL_CTX *client;      /* trusts the fixture's CA */
	SSL_SESSION *session; /* the newest ticket the client was given */
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t changed;
	struct later *waiting; /* exchanges of "/later" */
	unsigned waiting_count, handled, ticks, started, stopped;
};

/* Everything but the loop; then the loop with the settings given, NULL for none. */
bool fixture_init(struct fixture *fixture);
bool fixture_start(struct fixture *fixture, const struct loop_settings *extra);
void fixture_stop(struct fixture *fixture); /* stops and joins */
void fixture_fini(struct fixture *fixture);

/* Bounded waits; false when it did not come to pass within ten seconds. */
bool fixture_await_later(struct fixture *fixture, unsigned count);
bool fixture_await_ticks(struct fixture *fixture, unsigned count);
bool fixture_await_open(struct fixture *fixture, unsigned count);

/* Have every waiting exchange answered, by tasks posted from this thread. */
void fixture_release(struct fixture *fixture);

/* The byte at `offset` of the fixture's file and of "/bytes". */
char fixture_byte(size_t offset);

#endif
