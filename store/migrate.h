/* The schema's versions, each a step that runs once and as a whole.
 *
 * Steps are the files store/migrations/NNNN_name.sql, built into the program.  The
 * file's user_version says how many have run.  A step never changes once released;
 * what it got wrong is put right by the next. */

#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include <sqlite3.h>

struct problem;

int migrate_newest(void);

/* Run the steps that are missing, each in a transaction of its own: a failure leaves
 * the file as the last whole step made it. */
int migrate_up(sqlite3 *db, struct problem *p);

#endif
