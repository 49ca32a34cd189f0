#include "store/audit.h"

#include <assert.h>

#include "engine/problem.h"
#include "store/session.h"

int store_audit_put(struct session *session, const struct audit_entry *entry,
		    struct problem *p)
{
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_AUDIT_ADD, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, entry->at_s);
	bind_text(stmt, &index, entry->by);
	bind_text(stmt, &index, entry->action);
	bind_text(stmt, &index, entry->subject);
	bind_text(stmt, &index, entry->reason);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "keeping the audit of '%s'", entry->action);
	return 0;
}

int store_audits(struct session *session, int64_t limit,
		 int (*each)(void *owner, const struct audit_entry *entry), void *owner,
		 struct problem *p)
{
	struct audit_entry entry;
	int rc, index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_AUDITS, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, limit < 0 ? 0 : limit); /* below 0 would be no limit */
	while ((rc = statement_next(stmt, p)) == 1) {
		int column = 0;
		entry.at_s = column_int(stmt, &column);
		column_text(stmt, &column, entry.by, sizeof entry.by);
		column_text(stmt, &column, entry.action, sizeof entry.action);
		column_text(stmt, &column, entry.subject, sizeof entry.subject);
		column_text(stmt, &column, entry.reason, sizeof entry.reason);
		if (each(owner, &entry) != 0)
			return 0;
	}
	return rc;
}

int store_setting_read(struct session *session, const char *name, char *value,
		       size_t size, struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_SETTING_READ, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, name);
	int rc = statement_next(stmt, p);
	if (rc < 0)
		return problem_while(p, "reading setting '%s'", name);
	if (rc == 0)
		return 0;
	if ((size_t)sqlite3_column_bytes(stmt, column) >= size)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "setting '%s' is longer than the %zu bytes expected",
				   name, size);
	column_text(stmt, &column, value, size);
	return 1;
}

int store_setting_put(struct session *session, const char *name, const char *value,
		      struct problem *p)
{
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_SETTING_PUT, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, name);
	bind_text(stmt, &index, value);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "keeping setting '%s'", name);
	return 0;
}
