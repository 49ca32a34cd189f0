/* A store in a temporary folder of its own, written to from a test as if by plain calls.
 *
 * fixture_write() submits one unit and waits for its done(), so that a test reads as
 * one thread.  Waits are bounded: a store that never answers fails the test. */

#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "engine/backend.h"
#include "engine/problem.h"

struct fixture {
	char folder[64], path[96];
	struct backend *backend;
	const struct backend_ops *ops;
	struct session *reader;
};

/* What a unit does; 0, or -1 with *p told. */
struct change {
	int (*make)(const struct backend_ops *ops, struct session *session, void *owner,
		    struct problem *p);
	void *owner;
};

void fixture_init(struct fixture *fixture); /* the folder; no store yet */
void fixture_open(struct fixture *fixture); /* the store, and a reader */
void fixture_close(struct fixture *fixture);
void fixture_fini(struct fixture *fixture); /* closes; the folder goes */

int fixture_write(struct fixture *fixture, struct change change, struct problem *p);
/* The same; a failure fails the test. */
void fixture_must_write(struct fixture *fixture, struct change change);

int fixture_write_device(struct fixture *fixture, struct device_record *record,
			 const struct outcome *outcome, struct problem *p);
int64_t fixture_flow_id(struct fixture *fixture);

/* The database by SQLite alone, past the store. */
sqlite3 *fixture_sqlite(const struct fixture *fixture);
int64_t fixture_number(const struct fixture *fixture, const char *sql);

/* A folder and all that is in it; links are not followed. */
void folder_remove(const char *path);

/* A door that is shut until it is opened, once. */
struct door {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool open;
};
void door_init(struct door *door);
void door_open(struct door *door);
bool door_is_open(struct door *door);
bool door_await(struct door *door); /* false when it stayed shut for a minute */

#endif
