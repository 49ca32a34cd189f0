#include "store/statement.h"

#include <assert.h>
#include <string.h>

#include "engine/flow.h"
#include "engine/problem.h"

void statements_init(struct statements *s, sqlite3 *db)
{
	memset(s, 0, sizeof *s);
	s->db = db;
}

void statements_fini(struct statements *s)
{
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->prepared[i]); /* NULL is allowed */
	memset(s, 0, sizeof *s);
}

/* A full disk is "come back later": nothing is wrong with what was asked, and it will
 * work again once there is room. */
static enum problem_kind kind_of(int primary)
{
	switch (primary) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
		return PROBLEM_BUSY;
	case SQLITE_CONSTRAINT:
		return PROBLEM_CONFLICT;
	case SQLITE_TOOBIG:
		return PROBLEM_TOO_LARGE;
	case SQLITE_NOMEM:
		return PROBLEM_NO_MEMORY;
	default:
		return PROBLEM_EXTERNAL;
	}
}

static const char *remedy_of(int primary)
{
	switch (primary) {
	case SQLITE_BUSY:
		return "; another program holds the database: is a second server "
		       "running?";
	case SQLITE_FULL:
		return "; free some space, writing goes on by itself";
	case SQLITE_CORRUPT:
		return "; the file is damaged: stop the server and restore a backup";
	case SQLITE_NOTADB:
		return "; name a Patchyard database, or a file that does not exist yet";
	case SQLITE_READONLY:
		return "; give the server's user write access to the file and its "
		       "directory";
	case SQLITE_CANTOPEN:
		return "; check that its directory exists and is open to the server's "
		       "user";
	case SQLITE_IOERR:
		return "; check the disk, its quota and the kernel's log";
	default:
		return "";
	}
}

int database_problem(sqlite3 *db, struct problem *p)
{
	int primary = sqlite3_extended_errcode(db) & 0xff;
	int cause = sqlite3_system_errno(db);
	bool outside = primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR;
	const char *by = outside && cause != 0 ? strerror(cause) : NULL;

	return problem_set(p, kind_of(primary), "database: %s%s%s%s", sqlite3_errmsg(db),
			   by != NULL ? ": " : "", by != NULL ? by : "",
			   remedy_of(primary));
}

sqlite3_stmt *statement_take(struct statements *s, enum statement_id id,
			     struct problem *p)
{
	assert(id < STATEMENTS);
	const struct statement_text *text = &statement_table[id];
	sqlite3_stmt **slot = &s->prepared[id];

	if (*slot == NULL &&
	    sqlite3_prepare_v3(s->db, text->sql, -1, SQLITE_PREPARE_PERSISTENT, slot,
			       NULL) != SQLITE_OK) {
		database_problem(s->db, p);
		problem_while(p, "preparing '%s'", text->name);
		return NULL;
	}
	assert(sqlite3_bind_parameter_count(*slot) == text->parameters);
	assert(!sqlite3_stmt_busy(*slot)); /* nobody else holds it */
	return *slot;
}

void statement_give(sqlite3_stmt **stmt)
{
	if (*stmt == NULL)
		return;
	sqlite3_reset(*stmt); /* repeats the step's error, already told */
	sqlite3_clear_bindings(*stmt);
	*stmt = NULL;
}

int statement_next(sqlite3_stmt *stmt, struct problem *p)
{
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return database_problem(sqlite3_db_handle(stmt), p);
	}
}

int statement_run(sqlite3_stmt *stmt, struct problem *p)
{
	int rc = statement_next(stmt, p);
	assert(rc != 1);
	return rc;
}

int statement_do(struct statements *s, enum statement_id id, struct problem *p)
{
	BORROWED sqlite3_stmt *stmt = statement_take(s, id, p);
	if (stmt == NULL)
		return -1;
	return statement_run(stmt, p);
}

void bind_text(sqlite3_stmt *stmt, int *index, const char *text)
{
	int rc = sqlite3_bind_text(stmt, (*index)++, text, -1, SQLITE_STATIC);
	assert(rc == SQLITE_OK);
	(void)rc;
}

void bind_bytes_as_text(sqlite3_stmt *stmt, int *index, const char *text, size_t size)
{
	int rc = sqlite3_bind_text64(stmt, (*index)++, text, size, SQLITE_STATIC,
				     SQLITE_UTF8);
	assert(rc == SQLITE_OK);
	(void)rc;
}

void bind_blob(sqlite3_stmt *stmt, int *index, const void *bytes, size_t size)
{
	int rc = sqlite3_bind_blob64(stmt, (*index)++, bytes, size, SQLITE_STATIC);
	assert(rc == SQLITE_OK);
	(void)rc;
}

void bind_int(sqlite3_stmt *stmt, int *index, int64_t value)
{
	int rc = sqlite3_bind_int64(stmt, (*index)++, value);
	assert(rc == SQLITE_OK);
	(void)rc;
}

void bind_key(sqlite3_stmt *stmt, int *index, const struct release_key *key)
{
	bind_text(stmt, index, key->product);
	bind_int(stmt, index, key->kb);
	bind_int(stmt, index, key->build.base);
	bind_int(stmt, index, key->build.revision);
}

/* What we wrote fits, for it came out of the same field; what somebody else wrote into
 * the file is cut rather than trusted. */
void column_text(sqlite3_stmt *stmt, int *index, char *text, size_t size)
{
	const unsigned char *from = sqlite3_column_text(stmt, *index);
	size_t length = from == NULL ? 0 : strnlen((const char *)from, size - 1);

	if (length > 0)
		memcpy(text, from, length);
	text[length] = '\0';
	(*index)++;
}

int64_t column_int(sqlite3_stmt *stmt, int *index)
{
	return sqlite3_column_int64(stmt, (*index)++);
}

uint32_t column_u32(sqlite3_stmt *stmt, int *index)
{
	return (uint32_t)column_int(stmt, index);
}

bool column_bool(sqlite3_stmt *stmt, int *index)
{
	return column_int(stmt, index) != 0;
}

void column_key(sqlite3_stmt *stmt, int *index, struct release_key *key)
{
	column_text(stmt, index, key->product, sizeof key->product);
	key->kb = column_u32(stmt, index);
	key->build.base = column_u32(stmt, index);
	key->build.revision = column_u32(stmt, index);
}

int column_word(sqlite3_stmt *stmt, int *index, const char *const words[], int count,
		struct problem *p)
{
	int column = (*index)++;
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	for (int i = 0; text != NULL && i < count; i++) {
		if (words[i] != NULL && strcmp(words[i], text) == 0)
			return i;
	}
	return problem_set(p, PROBLEM_EXTERNAL,
			   "database: '%s' in column %s is no word this program knows",
			   text == NULL ? "" : text, sqlite3_column_name(stmt, column));
}
