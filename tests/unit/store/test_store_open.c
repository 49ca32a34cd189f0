/* Opening a database: new, ours, somebody else's, too new, damaged. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/session.h"
#include "store/store.h"
#include "tests/lib/case.h"
#include "tests/unit/store/fixture.h"

static void run_sql(const struct fixture *fixture, const char *sql)
{
	char *words = NULL;
	sqlite3 *db = fixture_sqlite(fixture);

	if (sqlite3_exec(db, sql, NULL, NULL, &words) != SQLITE_OK)
		fail_msg("%s: %s", sql, words);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void make_empty(const struct fixture *fixture)
{
	int fd = open(fixture->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void make_foreign(const struct fixture *fixture)
{
	run_sql(fixture, "CREATE TABLE bookmark (url TEXT)");
}

static void make_foreign_with_id(const struct fixture *fixture)
{
	run_sql(fixture, "PRAGMA application_id = 4711");
}

static void make_current(const struct fixture *fixture)
{
	struct fixture copy = *fixture;
	fixture_open(&copy);
	fixture_close(&copy);
}

static void make_newer(const struct fixture *fixture)
{
	char sql[64];

	make_current(fixture);
	snprintf(sql, sizeof sql, "PRAGMA user_version = %d", migrate_newest() + 1);
	run_sql(fixture, sql);
}

static void make_text(const struct fixture *fixture)
{
	FILE *file = fopen(fixture->path, "w");
	assert_non_null(file);
	for (int i = 0; i < 200; i++)
		fputs("Dear diary, this is no database at all.\n", file);
	assert_int_equal(fclose(file), 0);
}

static void make_folder(const struct fixture *fixture)
{
	assert_int_equal(mkdir(fixture->path, 0700), 0);
}

/* The schema's page stays, so that the file is known as ours. */
static void overwrite(const struct fixture *fixture, off_t from, size_t size)
{
	char junk[512];
	int fd = open(fixture->path, O_WRONLY);

	assert_true(fd >= 0);
	memset(junk, 0xa5, sizeof junk);
	for (size_t done = 0; done < size; done += sizeof junk)
		assert_int_equal(pwrite(fd, junk, sizeof junk, from + (off_t)done),
				 sizeof junk);
	assert_int_equal(close(fd), 0);
}

static void make_damaged(const struct fixture *fixture)
{
	make_current(fixture);
	int64_t size = fixture_number(fixture, "PRAGMA page_size");
	overwrite(fixture, (off_t)size * 2, (size_t)size * 6);
}

static void make_short(const struct fixture *fixture)
{
	make_current(fixture);
	int64_t size = fixture_number(fixture, "PRAGMA page_size");
	assert_int_equal(truncate(fixture->path, (off_t)size * 3), 0);
}

TEST(a_file_is_opened_only_when_it_is_new_or_ours_and_whole)
{
	static const struct {
		const char *what;
		void (*make)(const struct fixture *fixture); /* NULL: no file */
		enum problem_kind kind;                      /* NONE: it opens */
		const char *words;
	} rows[] = {
		{ "no file", NULL, PROBLEM_NONE, "" },
		{ "an empty file", make_empty, PROBLEM_NONE, "" },
		{ "one of ours", make_current, PROBLEM_NONE, "" },
		{ "another program's", make_foreign, PROBLEM_BAD_INPUT,
		  "another program" },
		{ "another program's id", make_foreign_with_id, PROBLEM_BAD_INPUT,
		  "another program" },
		{ "a newer schema", make_newer, PROBLEM_BAD_INPUT, "newer Patchyard" },
		{ "a text", make_text, PROBLEM_EXTERNAL, "name a Patchyard database" },
		{ "a folder", make_folder, PROBLEM_EXTERNAL, "directory" },
		{ "pages overwritten", make_damaged, PROBLEM_EXTERNAL,
		  "restore a backup" },
		{ "a file cut short", make_short, PROBLEM_EXTERNAL, "restore a backup" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture fixture;
		struct problem p = { 0 };

		fixture_init(&fixture);
		if (rows[i].make != NULL)
			rows[i].make(&fixture);
		struct backend *backend = store_open(fixture.path, &p);
		if ((backend != NULL) != (rows[i].kind == PROBLEM_NONE))
			fail_msg("%s: %s", rows[i].what, p.text);
		if (backend == NULL &&
		    (p.kind != rows[i].kind || strstr(p.text, rows[i].words) == NULL ||
		     strstr(p.text, fixture.path) == NULL))
			fail_msg("%s: the words are '%s'", rows[i].what, p.text);
		store_close(backend);
		fixture_fini(&fixture);
	}
}

TEST(a_missing_directory_is_told_with_what_to_check)
{
	struct problem p = { 0 };

	assert_null(store_open("/nonexistent/folder/yard.db", &p));
	assert_non_null(strstr(p.text, "'/nonexistent/folder/yard.db'"));
	assert_non_null(strstr(p.text, "check that its directory exists"));
}

static int64_t bytes_of(const struct fixture *fixture, char *bytes, size_t size)
{
	FILE *file = fopen(fixture->path, "r");

	assert_non_null(file);
	size_t got = fread(bytes, 1, size, file);
	fclose(file);
	return (int64_t)got;
}

TEST(a_file_that_is_refused_is_not_changed)
{
	static void (*const make[])(const struct fixture *) = {
		make_foreign, make_foreign_with_id, make_newer, make_text, make_damaged,
	};
	static char before[1 << 20], after[1 << 20];

	for (size_t i = 0; i < COUNT_OF(make); i++) {
		struct fixture fixture;
		struct problem p = { 0 };

		fixture_init(&fixture);
		make[i](&fixture);
		int64_t size = bytes_of(&fixture, before, sizeof before);
		assert_null(store_open(fixture.path, &p));
		assert_int_equal(bytes_of(&fixture, after, sizeof after), size);
		if (memcmp(before, after, (size_t)size) != 0)
			fail_msg("row %zu: the file was changed", i);
		fixture_fini(&fixture);
	}
}

TEST(a_new_database_is_of_the_newest_schema_with_strict_tables)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture_open(&fixture);
	assert_int_equal(fixture_number(&fixture, "PRAGMA user_version"),
			 migrate_newest());
	assert_int_equal(fixture_number(&fixture, "PRAGMA application_id"), 0x50797264);
	assert_int_equal(
		fixture_number(&fixture,
			       "SELECT count(*) FROM pragma_table_list"
			       " WHERE schema = 'main' AND type = 'table' AND NOT"
			       " strict AND name NOT LIKE 'sqlite_%'"),
		0);
	fixture_fini(&fixture);
}

TEST(the_writer_waits_for_the_disk_and_readers_cannot_write)
{
	static const struct {
		const char *sql;
		int64_t writer, reader;
	} rows[] = {
		{ "PRAGMA synchronous", 2, 2 }, /* FULL */
		{ "PRAGMA foreign_keys", 1, 1 },
		{ "PRAGMA recursive_triggers", 1, 1 },
		{ "PRAGMA query_only", 0, 1 },
		{ "SELECT count(*) FROM pragma_journal_mode"
		  " WHERE journal_mode = 'wal'",
		  1, 1 },
	};
	struct fixture fixture;
	struct problem p = { 0 };

	fixture_init(&fixture);
	struct session *writer = session_open_writer(fixture.path, &p);
	assert_non_null(writer);
	struct session *reader = session_open_reader(fixture.path, &p);
	assert_non_null(reader);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		sqlite3 *dbs[] = { writer->db, reader->db };
		int64_t expected[] = { rows[i].writer, rows[i].reader };
		for (int j = 0; j < 2; j++) {
			sqlite3_stmt *stmt = NULL;
			assert_int_equal(
				sqlite3_prepare_v2(dbs[j], rows[i].sql, -1, &stmt, NULL),
				SQLITE_OK);
			assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
			if (sqlite3_column_int64(stmt, 0) != expected[j])
				fail_msg("%s of connection %d is %d", rows[i].sql, j,
					 sqlite3_column_int(stmt, 0));
			sqlite3_finalize(stmt);
		}
	}
	assert_int_not_equal(
		sqlite3_exec(reader->db, "DELETE FROM setting", NULL, NULL, NULL),
		SQLITE_OK);
	session_close(reader);
	session_close(writer);
	fixture_fini(&fixture);
}

TEST(every_statement_compiles_and_has_the_parameters_it_says)
{
	struct fixture fixture;
	struct problem p = { 0 };

	fixture_init(&fixture);
	struct session *session = session_open_writer(fixture.path, &p);
	assert_non_null(session);
	for (int id = 0; id < STATEMENTS; id++) {
		BORROWED sqlite3_stmt *stmt =
			session_take(session, (enum statement_id)id, &p);
		if (stmt == NULL)
			fail_msg("%s", p.text);
	}
	session_close(session);
	fixture_fini(&fixture);
}

/* What polls and reports ask is found by an index, however large the fleet. */
TEST(what_devices_ask_never_walks_a_whole_table_or_sorts)
{
	static const enum statement_id ids[] = {
		STATEMENT_DEVICE_READ,    STATEMENT_DEVICE_NEXT,
		STATEMENT_DEVICE_SET,     STATEMENT_DEVICE_SEEN,
		STATEMENT_FACTS_READ,     STATEMENT_FACT_CHANGES,
		STATEMENT_FLOW_READ,      STATEMENT_EVENTS,
		STATEMENT_FLOW_EVENTS,    STATEMENT_FLOW_INSTALLED,
		STATEMENT_FLOWS_FORGET,   STATEMENT_DOCUMENT_NEXT,
		STATEMENT_AUDITS,         STATEMENT_SETTING_READ,
		STATEMENT_RESULT_READ,    STATEMENT_RESULTS,
		STATEMENT_OFFERS_OPEN,    STATEMENT_OFFER_CLOSE,
		STATEMENT_ROLLOUT_READ,   STATEMENT_OPERATION_OF,
		STATEMENT_OPERATION_NEXT, STATEMENT_UPDATE_RETIRE,
		STATEMENT_UPDATE_NEWEST,  STATEMENT_COMPUTER_READ,
		STATEMENT_COMPUTER_OF,    STATEMENT_REPORT_ADD,
		STATEMENT_REPORT_TRIM,
	};
	struct fixture fixture;

	fixture_init(&fixture);
	fixture_open(&fixture);
	sqlite3 *db = fixture_sqlite(&fixture);
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		const struct statement_text *text = &statement_table[ids[i]];
		sqlite3_stmt *stmt = NULL;
		char sql[2048];

		snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", text->sql);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(stmt, 3);
			bool is_end = ids[i] == STATEMENT_AUDITS; /* from its end */
			if ((strncmp(step, "SCAN", 4) == 0 && !is_end) ||
			    strstr(step, "TEMP B-TREE") != NULL)
				fail_msg("%s: %s", text->name, step);
		}
		sqlite3_finalize(stmt);
	}
	sqlite3_close(db);
	fixture_fini(&fixture);
}

TEST(devices_are_counted_by_their_index)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture_open(&fixture);
	sqlite3 *db = fixture_sqlite(&fixture);
	sqlite3_stmt *stmt = NULL;
	char sql[256];
	snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s",
		 statement_table[STATEMENT_DEVICE_COUNT].sql);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(stmt, 3),
			    "SCAN device USING COVERING INDEX device_present");
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	fixture_fini(&fixture);
}

TEST(the_logs_refuse_to_be_changed_even_from_outside)
{
	static const char *const rows[] = {
		"UPDATE event SET note = 'x'",        "DELETE FROM event",
		"UPDATE fact_change SET value = 'x'", "DELETE FROM fact_change",
		"UPDATE document SET text = 'x'",     "DELETE FROM document",
		"UPDATE rollout SET reason = 'x'",    "DELETE FROM rollout",
		"UPDATE audit SET reason = 'x'",      "DELETE FROM audit",
	};
	struct fixture fixture;

	fixture_init(&fixture);
	fixture_open(&fixture);
	run_sql(&fixture,
		"INSERT INTO device (key, id, present, token_used, created_s, "
		"last_seen_s,"
		" restarts, facts_wanted) VALUES (1, 'd', 1, 0, 0, 0, 0, 0);"
		"INSERT INTO event (id, device, kind, at_s, flow, product, kb, base,"
		" revision, ring, flow_kind, from_state, to_state, code, note)"
		" VALUES (1, 1, 'facts', 0, 0, '', 0, 0, 0, '', 'install', '', '', 0, "
		"'');"
		"INSERT INTO fact_change VALUES (1, 1, 0, 'vbs', 'off', 'reported');"
		"INSERT INTO document VALUES ('plan', 1, 'p', '', 0, 'me');"
		"INSERT INTO rollout VALUES (1, '', 0, 0, 0, '', 'unset', 0, 0, 0, 0, 0, "
		"0,"
		" 0, 0, 0, 0, '', 0, '', '', 0);"
		"INSERT INTO audit VALUES (1, 0, 'me', 'test', '', '');");
	sqlite3 *db = fixture_sqlite(&fixture);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *words = NULL;
		if (sqlite3_exec(db, rows[i], NULL, NULL, &words) == SQLITE_OK)
			fail_msg("%s: was done", rows[i]);
		assert_non_null(strstr(words, "is a log"));
		sqlite3_free(words);
	}
	sqlite3_close(db);
	fixture_fini(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_opened_only_when_it_is_new_or_ours_and_whole),
		cmocka_unit_test(a_missing_directory_is_told_with_what_to_check),
		cmocka_unit_test(a_file_that_is_refused_is_not_changed),
		cmocka_unit_test(
			a_new_database_is_of_the_newest_schema_with_strict_tables),
		cmocka_unit_test(the_writer_waits_for_the_disk_and_readers_cannot_write),
		cmocka_unit_test(every_statement_compiles_and_has_the_parameters_it_says),
		cmocka_unit_test(what_devices_ask_never_walks_a_whole_table_or_sorts),
		cmocka_unit_test(devices_are_counted_by_their_index),
		cmocka_unit_test(the_logs_refuse_to_be_changed_even_from_outside),
	};
	return cmocka_run_group_tests_name("store open", tests, NULL, NULL);
}
