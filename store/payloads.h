/* Which file is which release's, for which architecture (engine/backend.h).  The bytes
 * are the content store's. */

#ifndef STORE_PAYLOADS_H
#define STORE_PAYLOADS_H

struct payload;
struct problem;
struct session;

/* One of the same release, architecture and name is replaced. */
int store_payload_put(struct session *session, const struct payload *payload,
		      struct problem *p);
int store_payloads(struct session *session,
		   int (*each)(void *owner, const struct payload *payload), void *owner,
		   struct problem *p);

#endif
