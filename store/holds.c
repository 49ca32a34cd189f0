#include "store/holds.h"

#include <assert.h>

#include "engine/problem.h"
#include "store/session.h"

int store_hold_add(struct session *session, struct hold_record *hold, struct problem *p)
{
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_HOLD_ADD, p);
	if (stmt == NULL)
		return -1;

	bind_key(stmt, &index, &hold->key);
	bind_text(stmt, &index, hold->match);
	bind_text(stmt, &index, hold->by);
	bind_text(stmt, &index, hold->reason);
	bind_int(stmt, &index, hold->made_s);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "keeping the hold of KB%u", hold->key.kb);
	hold->id = sqlite3_last_insert_rowid(session->db);
	return 0;
}

int store_hold_remove(struct session *session, int64_t id, int64_t at_s,
		      struct problem *p)
{
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_HOLD_REMOVE, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, id);
	bind_int(stmt, &index, at_s);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "removing hold %lld", (long long)id);
	return sqlite3_changes(session->db) > 0;
}

int store_holds(struct session *session,
		int (*each)(void *owner, const struct hold_record *hold), void *owner,
		struct problem *p)
{
	struct hold_record hold;
	int rc, index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_HOLDS, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, session->then_s);
	while ((rc = statement_next(stmt, p)) == 1) {
		int column = 0;
		hold.id = column_int(stmt, &column);
		column_key(stmt, &column, &hold.key);
		column_text(stmt, &column, hold.match, sizeof hold.match);
		column_text(stmt, &column, hold.by, sizeof hold.by);
		column_text(stmt, &column, hold.reason, sizeof hold.reason);
		hold.made_s = column_int(stmt, &column);
		if (each(owner, &hold) != 0)
			return 0;
	}
	return rc;
}
