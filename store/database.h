/* One connection to the database file, set up as the store needs it.
 *
 * Every connection waits for locks, checks references, refuses to be tricked by the
 * schema, and belongs to one thread.  The writer's is the first: it makes sure that the
 * file is ours, whole and of the newest schema, before anything is written to it.
 * Readers cannot write at all. */

#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <sqlite3.h>
#include <stdint.h>

struct problem;

/* "Pyrd": what file(1) and we know a Patchyard database by. */
enum { DATABASE_APPLICATION_ID = 1350136420 };

/* Open, check and bring up to date.  Makes the file when there is none. */
sqlite3 *database_open_writer(const char *path, struct problem *p);
sqlite3 *database_open_reader(const char *path, struct problem *p);
void database_close(sqlite3 *db); /* accepts NULL */

/* The single number a pragma or query yields. */
int database_number(sqlite3 *db, const char *sql, int64_t *number, struct problem *p);
int database_run(sqlite3 *db, const char *sql, struct problem *p);

#endif
