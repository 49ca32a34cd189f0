/* The store: everything that must survive a restart, behind engine/backend.h.
 *
 * One SQLite file, written by one thread in groups of units; every other thread reads
 * through a session of its own.  A unit's done() is called once it is on the disk, and
 * not before.  This header and content_store.h are all that other rooms see of this one.
 */

#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdint.h>

struct backend;
struct problem;
struct session;

/* Open, or make, the database at `path` and start its writer.  NULL with *p told when
 * the file is not ours, damaged, written by a newer version, or cannot be written. */
struct backend *store_open(const char *path, struct problem *p);

/* Commit what is queued, call its done(), stop the writer and close.  A unit submitted
 * from now on is answered with PROBLEM_BUSY.  Sessions are closed by who opened them,
 * before or after.  Not to be called from run() or done().  Accepts NULL. */
void store_close(struct backend *backend);

/* How many counters, and counts of results, differ from a recount of all events: always
 * 0, as tests prove. */
int store_recount(struct session *session, int64_t *astray, struct problem *p);

#endif
