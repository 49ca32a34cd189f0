#include "store/database.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/problem.h"
#include "store/migrate.h"
#include "store/statement.h"

enum {
	BUSY_TIMEOUT_MS = 10 * 1000, /* somebody looks at or copies the file */
	CHECK_ALWAYS_BYTES = 256 * 1024 * 1024,
};

int database_run(sqlite3 *db, const char *sql, struct problem *p)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return database_problem(db, p);
	return 0;
}

int database_number(sqlite3 *db, const char *sql, int64_t *number, struct problem *p)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return database_problem(db, p);
	int rc = statement_next(stmt, p);
	if (rc == 1)
		*number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	if (rc == 0)
		return problem_set(p, PROBLEM_EXTERNAL, "database: no answer to '%s'",
				   sql);
	return rc < 0 ? -1 : 0;
}

/* SQLite answers with the mode it has come to, so asking for WAL may quietly fail on
 * a file system without shared memory. */
static int enter_wal(sqlite3 *db, struct problem *p)
{
	sqlite3_stmt *stmt = NULL;
	char mode[16] = "";

	if (sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL) !=
	    SQLITE_OK)
		return database_problem(db, p);
	int rc = statement_next(stmt, p);
	int column = 0;
	if (rc == 1)
		column_text(stmt, &column, mode, sizeof mode);
	sqlite3_finalize(stmt);
	if (rc < 0)
		return -1;
	if (strcmp(mode, "wal") != 0)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "database: write-ahead logging is not available here "
				   "(mode '%s'); put the file on a local disk",
				   mode);
	return 0;
}

/* The recursive triggers are for INSERT OR REPLACE: without them it deletes rows of a
 * log without asking the log. */
static int set_up(sqlite3 *db, const char *pragmas, struct problem *p)
{
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
	if (sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL) != SQLITE_OK)
		return database_problem(db, p);
	if (database_run(db,
			 "PRAGMA foreign_keys = ON;"
			 "PRAGMA recursive_triggers = ON;"
			 "PRAGMA cell_size_check = ON;"
			 "PRAGMA cache_size = -16384;",
			 p) < 0)
		return -1;
	return database_run(db, pragmas, p);
}

static sqlite3 *open_file(const char *path, int flags, struct problem *p)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		return db;
	if (db == NULL)
		problem_set(p, PROBLEM_NO_MEMORY, "database: out of memory");
	else
		database_problem(db, p);
	sqlite3_close(db);
	return NULL;
}

/* Whose file is it?  Asked before anything could change it. */
static int check_ours(sqlite3 *db, struct problem *p)
{
	int64_t application = 0, tables = 0, version = 0;

	if (database_number(db, "PRAGMA application_id", &application, p) < 0 ||
	    database_number(db, "SELECT count(*) FROM sqlite_schema", &tables, p) < 0 ||
	    database_number(db, "PRAGMA user_version", &version, p) < 0)
		return -1;
	if (application == 0 && tables == 0 && version == 0)
		return 0; /* new */
	if (application != DATABASE_APPLICATION_ID)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"this is a database of another program; name a "
			"Patchyard database, or a file that does not exist yet");
	if (version > migrate_newest())
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"it was written by a newer Patchyard (schema %lld, this "
			"one knows up to %d); run that version, or restore a "
			"backup made before the upgrade",
			(long long)version, migrate_newest());
	return 0;
}

/* SQLite removes its log when the last connection closes, so a log that is still there
 * tells of a crash.  A big file that was closed in good order is not read through: that
 * would cost minutes at every start. */
static bool check_is_due(const char *path)
{
	char log[4096];
	struct stat file;

	int length = snprintf(log, sizeof log, "%s-wal", path);
	if (length < 0 || (size_t)length >= sizeof log || stat(log, &file) == 0)
		return true;
	return stat(path, &file) != 0 || file.st_size < CHECK_ALWAYS_BYTES;
}

static int check_whole(sqlite3 *db, struct problem *p)
{
	sqlite3_stmt *stmt = NULL;
	char answer[160] = "";
	int column = 0;

	if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL) != SQLITE_OK)
		return database_problem(db, p);
	int rc = statement_next(stmt, p);
	if (rc == 1)
		column_text(stmt, &column, answer, sizeof answer);
	sqlite3_finalize(stmt);
	if (rc < 0)
		return -1;
	if (strcmp(answer, "ok") != 0)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "the file is damaged (%s); restore a backup", answer);
	return 0;
}

static int prepare(sqlite3 *db, bool check_due, struct problem *p)
{
	sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
	if (check_ours(db, p) < 0 || enter_wal(db, p) < 0)
		return -1;
	if (set_up(db,
		   "PRAGMA synchronous = FULL;"
		   "PRAGMA wal_autocheckpoint = 4000;"
		   "PRAGMA journal_size_limit = 67108864;",
		   p) < 0)
		return -1;
	if (check_due && check_whole(db, p) < 0)
		return -1;
	return migrate_up(db, p);
}

sqlite3 *database_open_writer(const char *path, struct problem *p)
{
	bool check_due = check_is_due(path);
	sqlite3 *db = open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, p);

	if (db == NULL || prepare(db, check_due, p) < 0) {
		problem_while(p, "opening the database '%s'", path);
		sqlite3_close(db);
		return NULL;
	}
	return db;
}

sqlite3 *database_open_reader(const char *path, struct problem *p)
{
	sqlite3 *db = open_file(path, SQLITE_OPEN_READWRITE, p);

	if (db == NULL || set_up(db, "PRAGMA query_only = ON;", p) < 0) {
		problem_while(p, "opening the database '%s' for reading", path);
		sqlite3_close(db);
		return NULL;
	}
	return db;
}

void database_close(sqlite3 *db)
{
	int rc = sqlite3_close(db);

	assert(rc == SQLITE_OK); /* BUSY would mean a leaked statement */
	(void)rc;
}
