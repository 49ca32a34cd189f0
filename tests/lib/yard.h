/* A server for tests, whole but for its process: store, content, site and one loop over
 * TLS, in a temporary folder of its own, on a virtual clock that starts at YARD_START.
 *
 * What an operator would do is done by the writer, as by the admin API, and waited for.
 * The requests of devices go through HTTP; yard_device() shows what the store then holds.
 */

#ifndef TESTS_LIB_YARD_H
#define TESTS_LIB_YARD_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "protocol/http/loop.h"
#include "protocol/server/site.h"

struct content_store;

#define YARD_START     INT64_C(1747728000) /* 2025-05-20T08:00:00Z */
#define YARD_ENROLMENT "enrol-in-this-yard"

struct yard {
	char folder[64];
	struct backend *backend;
	struct content_store *content;
	struct site *site;
	struct tls_context *tls;
	struct loop *loop;
	SSL_CTX *client;      /* trusts this yard */
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t changed;
	bool done, failed;
	bool held;
	uint64_t requests_seen;
	struct problem problem;
};

/* With a small catalog (yard.c) whose payloads are there, and the plan given as XML.  The
 * loop serves DDI and MS-WUSP. */
bool yard_open(struct yard *yard, const char *plan);
void yard_close(struct yard *yard);

/* On which terms Windows Update Agents are served; to be altered before they ask. */
struct wusp_terms *yard_terms(struct yard *yard);

bool yard_plan(struct yard *yard, const char *plan);
/* Only forwards. */
bool yard_advance(struct yard *yard, int64_t seconds);
/* Nobody is offered this KB any more. */
bool yard_withdraw(struct yard *yard, uint32_t kb);
/* Alters one device as apply() says, and settles nothing by itself. */
bool yard_change(struct yard *yard, const char *device,
		 int (*apply)(struct change *change, struct problem *p));
/* Holds the writer up, so that requests pile up behind it in the order they came; and
 * lets it go on.  yard_await_request() sends nothing: it waits until the loop has taken
 * on one request more than at its last call. */
bool yard_hold(struct yard *yard);
void yard_go_on(struct yard *yard);
bool yard_await_request(struct yard *yard);
/* Queued behind what the writer has to do; not waited for. */
void yard_forget(struct yard *yard, const char *device);
/* The record as the store has it; its events come one by one.  False when unknown. */
bool yard_device(struct yard *yard, const char *device, struct device_record *record);
bool yard_events(struct yard *yard, const char *device,
		 int (*each)(void *owner, const struct event *event), void *owner);

/* The bytes of a payload's file, as the catalog's release with this KB has them. */
const char *yard_payload(uint32_t kb);

#endif
