#include "store/updates.h"

#include <assert.h>
#include <string.h>

#include "engine/problem.h"
#include "store/session.h"

/* What is current of an update is no longer so, but for the revision *kept (may be NULL).
 */
static int retire(struct session *session, const char *id, const int32_t *kept,
		  struct problem *p)
{
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_UPDATE_RETIRE, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, id);
	if (kept != NULL)
		bind_int(stmt, &index, *kept);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "retiring update %s", id);
	return 0;
}

int store_update_retire(struct session *session, const char *id, struct problem *p)
{
	return retire(session, id, NULL, p);
}

static int add(struct session *session, struct update_revision *update, struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_UPDATE_ADD, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, update->id);
	bind_int(stmt, &index, update->revision);
	bind_int(stmt, &index, update->is_imported);
	bind_key(stmt, &index, &update->key);
	bind_text(stmt, &index, update->arch == ARCH_NONE ? "" : arch_name(update->arch));
	bind_bytes_as_text(stmt, &index, update->document, update->size);
	bind_int(stmt, &index, update->added_s);
	int rc = statement_next(stmt, p);
	if (rc == 0)
		return problem_set(p, PROBLEM_CONFLICT, "it is here already");
	if (rc == 1) {
		update->revision_id = (int32_t)column_int(stmt, &column);
		rc = statement_next(stmt, p); /* let it finish */
	}
	return rc;
}

int store_update_put(struct session *session, struct update_revision *update,
		     struct problem *p)
{
	if (retire(session, update->id, &update->revision, p) < 0)
		return -1;
	if (add(session, update, p) < 0)
		return problem_while(p, "keeping revision %d of update %s",
				     update->revision, update->id);
	return 0;
}

/* The document stays in the row: it is valid until the next one. */
static void read_update(sqlite3_stmt *stmt, struct update_revision *update)
{
	char arch[16];
	int column = 0;

	update->revision_id = (int32_t)column_int(stmt, &column);
	column_text(stmt, &column, update->id, sizeof update->id);
	update->revision = (int32_t)column_int(stmt, &column);
	update->is_imported = column_bool(stmt, &column);
	column_key(stmt, &column, &update->key);
	column_text(stmt, &column, arch, sizeof arch);
	update->arch = arch[0] == '\0' ? ARCH_NONE : arch_parse(arch);
	update->added_s = column_int(stmt, &column);
	update->document = (const char *)sqlite3_column_text(stmt, column);
	update->size = (size_t)sqlite3_column_bytes(stmt, column);
}

int store_updates(struct session *session,
		  int (*each)(void *owner, const struct update_revision *update),
		  void *owner, struct problem *p)
{
	struct update_revision update;
	int rc;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_UPDATES, p);
	if (stmt == NULL)
		return -1;

	while ((rc = statement_next(stmt, p)) == 1) {
		read_update(stmt, &update);
		if (update.document == NULL)
			return problem_set(p, PROBLEM_NO_MEMORY,
					   "reading updates: out of memory");
		if (each(owner, &update) != 0)
			return 0;
	}
	return rc;
}

int store_update_newest(struct session *session, const char *id, int32_t *revision,
			struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_UPDATE_NEWEST, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, id);
	int rc = statement_next(stmt, p);
	if (rc == 1)
		*revision = (int32_t)column_int(stmt, &column);
	return rc;
}
