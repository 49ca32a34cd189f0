/* The admin API: plain HTTP on a Unix socket, JSON in and out, for the command, the
 * console and scripts.
 *
 * Whoever connects is known by the kernel's word for it: the server's own user, root, and
 * members of the socket's group may call; all others get 403.  Every call that changes
 * something is kept in the audit log with that user's name, in the same transaction.
 *
 * One table in admin.c leads from method and path to a handler.  A handler answers at
 * once from its desk's session, or hands over: to the writer as an edit or a change, or
 * to the pool as a job (job.h) when it has to look at many devices or read whole files.
 * Errors are problem documents (RFC 9457). */

#ifndef PROTOCOL_ADMIN_ADMIN_H
#define PROTOCOL_ADMIN_ADMIN_H

#include <sys/types.h>

struct exchange;
struct job;
struct site;

/* One loop serves an admin: what is not said to be atomic is that thread's. */
struct admin {
	struct site *site;
	const char *version;
	const char *address;         /* where devices reach the server */
	const char *enrolment_token; /* "" when nobody enrols by token */
	gid_t group;                 /* atomic; (gid_t)-1: none */
	/* Jobs share the pool with the files that devices download: so many may run at
	 * once, and the others wait in order. */
	unsigned jobs_most;
	/* not for users */
	unsigned jobs_running;
	struct job *jobs_first, *jobs_last;
};

/* Answers the exchange, now or later.  On a loop that has a desk. */
void admin_handle(struct admin *admin, struct exchange *exchange);

#endif
