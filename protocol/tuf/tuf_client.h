/* The client workflow of the TUF specification (5.3 to 5.7) as a state machine with no
 * I/O: trusted files in, the bytes of the next file in, a verdict out.
 *
 *	client = tuf_client_new(now_s);
 *	tuf_client_trust(client, TUF_ROOT, ...);	the anchor; then what was trusted
 *	tuf_client_trust(client, TUF_TIMESTAMP, ...);	before, of the other three
 *	while (tuf_client_next(client, &wanted))
 *		get wanted.name, at most wanted.most bytes, and tuf_client_take() it,
 *		or tuf_client_missing()
 *
 * When tuf_client_next() says false after no refusal, all four are good and belong
 * together; tuf_client_file() has each.  What changed must be on the disk before
 * anything is done with it, or a rollback of it would go unseen.
 *
 * The time is said once and holds for the whole refresh.  It never counts as earlier than
 * the moment at which the trusted timestamp says that it was made, so a clock that is set
 * back does not make old files good again.
 *
 * After a refusal the client is spent: free it, keep what was trusted before. */

#ifndef PROTOCOL_TUF_TUF_CLIENT_H
#define PROTOCOL_TUF_TUF_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/tuf/tuf_metadata.h"

struct problem;
struct tuf_client;

enum { TUF_ROOTS_MOST = 256 }; /* new roots in one refresh */

struct tuf_wanted {
	enum tuf_role role;
	char name[40];    /* "7.snapshot.json" */
	size_t most;      /* read no more bytes of it */
	bool may_be_gone; /* a next root: none is the rule */
};

/* NULL without memory. */
struct tuf_client *tuf_client_new(int64_t now_s);
void tuf_client_free(struct tuf_client *client); /* accepts NULL */

/* Begin with what is trusted already; the root first, and there must be one.  A file that
 * cannot be read is a refusal, since forgetting it would open the way back; one whose
 * keys were replaced is left out, as the specification says (5.3.11). */
int tuf_client_trust(struct tuf_client *client, enum tuf_role role, const char *bytes,
		     size_t size, struct problem *p);

/* Which file is wanted next?  False: none, all is good. */
bool tuf_client_next(const struct tuf_client *client, struct tuf_wanted *wanted);
/* Judge its bytes.  0, or -1 with *p told: which file, what is wrong with it, why that
 * matters, what to do. */
int tuf_client_take(struct tuf_client *client, const char *bytes, size_t size,
		    struct problem *p);
/* There is no such file. */
int tuf_client_missing(struct tuf_client *client, struct problem *p);

/* The trusted file of a role; NULL for none yet. */
const struct tuf_metadata *tuf_client_file(const struct tuf_client *client,
					   enum tuf_role role);
/* Did this refresh change it? */
bool tuf_client_changed(const struct tuf_client *client, enum tuf_role role);
/* The time that holds, see above. */
int64_t tuf_client_now(const struct tuf_client *client);

#endif
