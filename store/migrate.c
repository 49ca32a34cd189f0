#include "store/migrate.h"

#include <stddef.h>
#include <stdio.h>

#include "engine/problem.h"
#include "store/database.h"

extern const char migration_0001[], migration_0002[], migration_0003[], migration_0004[];

/* clang-format off */
static const struct {
	const char *name;
	const char *sql;
} steps[] = {
	{ "0001_first", migration_0001 },
	{ "0002_day", migration_0002 },
	{ "0003_past", migration_0003 },
	{ "0004_windows", migration_0004 },
};
/* clang-format on */

int migrate_newest(void)
{
	return (int)(sizeof steps / sizeof steps[0]);
}

/* Inside the transaction: another program may have been quicker. */
static int run_step(sqlite3 *db, int number, struct problem *p)
{
	char version_sql[64];
	int64_t version, dangling;

	if (database_number(db, "PRAGMA user_version", &version, p) < 0)
		return -1;
	if (version >= number)
		return 0;
	snprintf(version_sql, sizeof version_sql, "PRAGMA user_version = %d", number);
	if (database_run(db, steps[number - 1].sql, p) < 0 ||
	    database_run(db, version_sql, p) < 0 ||
	    database_number(db, "SELECT count(*) FROM pragma_foreign_key_check",
			    &dangling, p) < 0)
		return -1;
	if (dangling > 0)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "%lld rows would lead nowhere; the file is unchanged, "
				   "please report this",
				   (long long)dangling);
	return 0;
}

int migrate_up(sqlite3 *db, struct problem *p)
{
	int64_t version;

	if (database_number(db, "PRAGMA user_version", &version, p) < 0)
		return -1;
	for (int number = (int)version + 1; number <= migrate_newest(); number++) {
		if (database_run(db, "BEGIN IMMEDIATE", p) < 0)
			return -1;
		if (run_step(db, number, p) < 0 || database_run(db, "COMMIT", p) < 0) {
			sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
			return problem_while(p, "bringing the schema to %s",
					     steps[number - 1].name);
		}
	}
	return 0;
}
