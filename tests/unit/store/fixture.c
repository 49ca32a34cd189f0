#include "tests/unit/store/fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/lib/case.h"

enum { PATIENCE_S = 60 };

void door_init(struct door *door)
{
	pthread_mutex_init(&door->lock, NULL);
	pthread_cond_init(&door->moved, NULL);
	door->open = false;
}

void door_open(struct door *door)
{
	pthread_mutex_lock(&door->lock);
	door->open = true;
	pthread_cond_broadcast(&door->moved);
	pthread_mutex_unlock(&door->lock);
}

bool door_is_open(struct door *door)
{
	pthread_mutex_lock(&door->lock);
	bool open = door->open;
	pthread_mutex_unlock(&door->lock);
	return open;
}

bool door_await(struct door *door)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&door->lock);
	while (!door->open &&
	       pthread_cond_timedwait(&door->moved, &door->lock, &until) == 0)
		continue;
	bool open = door->open;
	pthread_mutex_unlock(&door->lock);
	return open;
}

void fixture_init(struct fixture *fixture)
{
	memset(fixture, 0, sizeof *fixture);
	strcpy(fixture->folder, "/tmp/store-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof fixture->path, "%s/yard.db", fixture->folder);
}

void fixture_open(struct fixture *fixture)
{
	struct problem p = { 0 };

	fixture->backend = store_open(fixture->path, &p);
	if (fixture->backend == NULL) {
		fail_msg("%s", p.text);
		return;
	}
	fixture->ops = fixture->backend->ops;
	fixture->reader = fixture->ops->open(fixture->backend, &p);
	if (fixture->reader == NULL)
		fail_msg("%s", p.text);
}

void fixture_close(struct fixture *fixture)
{
	if (fixture->reader != NULL)
		fixture->ops->close(fixture->reader);
	store_close(fixture->backend);
	fixture->reader = NULL;
	fixture->backend = NULL;
}

static int remove_one(const char *path, const struct stat *status, int type,
		      struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

void folder_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void fixture_fini(struct fixture *fixture)
{
	fixture_close(fixture);
	folder_remove(fixture->folder);
}

/* One unit on its way. */
struct trip {
	struct work work;
	const struct backend_ops *ops;
	struct change change;
	struct problem problem;
	struct door done;
};

static int run_trip(struct work *work, struct session *session, struct problem *p)
{
	struct trip *trip = (struct trip *)work;
	return trip->change.make(trip->ops, session, trip->change.owner, p);
}

static void end_trip(struct work *work, const struct problem *p)
{
	struct trip *trip = (struct trip *)work;

	if (p != NULL)
		trip->problem = *p;
	door_open(&trip->done);
}

int fixture_write(struct fixture *fixture, struct change change, struct problem *p)
{
	struct trip trip = { .work = { .run = run_trip, .done = end_trip },
			     .ops = fixture->ops,
			     .change = change };

	door_init(&trip.done);
	fixture->ops->submit(fixture->backend, &trip.work);
	if (!door_await(&trip.done))
		abort(); /* the writer still holds what is on this stack */
	*p = trip.problem;
	return p->kind == PROBLEM_NONE ? 0 : -1;
}

void fixture_must_write(struct fixture *fixture, struct change change)
{
	struct problem p = { 0 };

	if (fixture_write(fixture, change, &p) < 0)
		fail_msg("%s", p.text);
}

struct device_and_outcome {
	struct device_record *record;
	const struct outcome *outcome;
};

static int make_device(const struct backend_ops *ops, struct session *session,
		       void *owner, struct problem *p)
{
	struct device_and_outcome *both = owner;
	return ops->device_write(session, both->record, both->outcome, p);
}

int fixture_write_device(struct fixture *fixture, struct device_record *record,
			 const struct outcome *outcome, struct problem *p)
{
	struct device_and_outcome both = { record, outcome };
	return fixture_write(fixture, (struct change){ make_device, &both }, p);
}

static int make_flow_id(const struct backend_ops *ops, struct session *session,
			void *owner, struct problem *p)
{
	return ops->flow_id_new(session, owner, p);
}

int64_t fixture_flow_id(struct fixture *fixture)
{
	int64_t id = 0;

	fixture_must_write(fixture, (struct change){ make_flow_id, &id });
	return id;
}

sqlite3 *fixture_sqlite(const struct fixture *fixture)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, PATIENCE_S * 1000);
	return db;
}

int64_t fixture_number(const struct fixture *fixture, const char *sql)
{
	sqlite3 *db = fixture_sqlite(fixture);
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	int64_t number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return number;
}
