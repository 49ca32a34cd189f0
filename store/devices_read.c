/* Reading devices: one statement, a few point lookups, nothing proportional to the
 * fleet. */

#include <string.h>

#include "engine/problem.h"
#include "store/devices.h"
#include "store/facts_text.h"
#include "store/flows.h"
#include "store/history_text.h"
#include "store/session.h"

static int read_token(sqlite3_stmt *stmt, int *column, struct device_record *record,
		      struct problem *p)
{
	const void *hash = sqlite3_column_blob(stmt, *column);
	int size = sqlite3_column_bytes(stmt, *column);

	(*column)++;
	record->has_token = hash != NULL;
	memset(record->token_hash, 0, sizeof record->token_hash);
	if (hash == NULL)
		return 0;
	if (size != (int)sizeof record->token_hash)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "database: the token of device '%s' is damaged; "
				   "enrol it anew",
				   record->id);
	memcpy(record->token_hash, hash, sizeof record->token_hash);
	return 0;
}

static int read_parts(sqlite3_stmt *stmt, int *column, struct device_record *record,
		      struct problem *p)
{
	const char *facts = (const char *)sqlite3_column_text(stmt, *column);
	size_t facts_size = (size_t)sqlite3_column_bytes(stmt, *column);
	const char *history = (const char *)sqlite3_column_text(stmt, *column + 1);
	size_t history_size = (size_t)sqlite3_column_bytes(stmt, *column + 1);

	*column += 2;
	if (facts == NULL || history == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "database: out of memory");
	if (facts_text_read(facts, facts_size, &record->facts, p) < 0 ||
	    history_text_read(history, history_size, &record->history, p) < 0)
		return -1;
	if (sqlite3_column_type(stmt, *column) == SQLITE_NULL)
		return 0; /* it never had a flow */
	return flow_of_row(stmt, column, &record->history.flow, p);
}

/* The columns are DEVICE_COLUMNS of statement_table.c. */
static int read_row(sqlite3_stmt *stmt, struct device_record *record, struct problem *p)
{
	int column = 0;

	record->key = column_int(stmt, &column);
	column_text(stmt, &column, record->id, sizeof record->id);
	if (read_token(stmt, &column, record, p) < 0)
		return -1;
	record->token_used = column_bool(stmt, &column);
	record->created_s = column_int(stmt, &column);
	record->last_seen_s = column_int(stmt, &column);
	record->restarts = column_u32(stmt, &column);
	record->facts_wanted = column_bool(stmt, &column);
	if (read_parts(stmt, &column, record, p) < 0)
		return problem_while(p, "reading device '%s'", record->id);
	return 1;
}

static int read_one(struct session *session, enum statement_id statement, const char *id,
		    struct device_record *record, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, statement, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, id);
	int rc = statement_next(stmt, p);
	if (rc < 0)
		return problem_while(p, "reading device '%s'", id);
	return rc == 0 ? 0 : read_row(stmt, record, p);
}

int store_device_read(struct session *session, const char *id,
		      struct device_record *record, struct problem *p)
{
	return read_one(session, STATEMENT_DEVICE_READ, id, record, p);
}

int store_device_next(struct session *session, const char *after,
		      struct device_record *record, struct problem *p)
{
	return read_one(session, STATEMENT_DEVICE_NEXT, after, record, p);
}

int store_device_count(struct session *session, int64_t *count, struct problem *p)
{
	int column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_DEVICE_COUNT, p);
	if (stmt == NULL)
		return -1;

	if (statement_next(stmt, p) != 1)
		return problem_while(p, "counting devices");
	*count = column_int(stmt, &column);
	return 0;
}
