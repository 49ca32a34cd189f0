/* How releases ended on the devices of a ring, and the installs that have not ended: what
 * gates are judged by (engine/backend.h). */

#ifndef STORE_RESULTS_H
#define STORE_RESULTS_H

#include <stdint.h>

struct event;
struct problem;
struct release_key;
struct ring_results;
struct session;

/* An install has moved: keep its result, or note that it is open or no longer so. */
int result_follow(struct session *session, int64_t device_key, const struct event *event,
		  struct problem *p);
/* Add to *astray how many counts differ from a recount of all events. */
int result_recount(struct session *session, int64_t *astray, struct problem *p);

int store_results(struct session *session, const struct release_key *key,
		  const char *ring, struct ring_results *results, struct problem *p);
int store_offers_open(struct session *session, const struct release_key *key,
		      const char *ring, int64_t before_s, int64_t *count,
		      struct problem *p);

#endif
