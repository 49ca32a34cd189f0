/* What was done on the day: every version is kept, the newest of each is read
 * (engine/backend.h). */

#ifndef STORE_ROLLOUTS_H
#define STORE_ROLLOUTS_H

struct problem;
struct release_key;
struct rollout_record;
struct session;

int store_rollout_put(struct session *session, const struct rollout_record *record,
		      struct problem *p);
int store_rollouts(struct session *session,
		   int (*each)(void *owner, const struct rollout_record *record),
		   void *owner, struct problem *p);
int store_rollout_read(struct session *session, const struct release_key *key,
		       const char *ring, struct rollout_record *record,
		       struct problem *p);

#endif
