#include "store/documents.h"

#include <assert.h>
#include <string.h>

#include "engine/problem.h"
#include "store/session.h"

static int next_revision(struct session *session, const char *kind, int64_t *revision,
			 struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_DOCUMENT_NEXT, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, kind);
	if (statement_next(stmt, p) != 1)
		return -1;
	*revision = column_int(stmt, &column);
	return 0;
}

static int add(struct session *session, const struct document *document, int64_t revision,
	       struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_DOCUMENT_ADD, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, document->kind);
	bind_int(stmt, &index, revision);
	bind_text(stmt, &index, document->name);
	if (document->text != NULL)
		bind_bytes_as_text(stmt, &index, document->text, document->size);
	else
		index++; /* stays NULL: retired */
	bind_int(stmt, &index, document->at_s);
	bind_text(stmt, &index, document->by);
	return statement_run(stmt, p);
}

/* A NULL name stands for every document of the kind.  Returns how many there were. */
static int leave_current(struct session *session, const char *kind, const char *name,
			 struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_DOCUMENT_RETIRE, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, kind);
	bind_text(stmt, &index, name);
	if (statement_run(stmt, p) < 0)
		return -1;
	return sqlite3_changes(session->db);
}

static int make_current(struct session *session, const struct document *document,
			int64_t revision, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt =
		session_take(session, STATEMENT_DOCUMENT_CURRENT, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, document->kind);
	bind_text(stmt, &index, document->name);
	bind_int(stmt, &index, revision);
	return statement_run(stmt, p);
}

int store_document_put(struct session *session, const struct document *document,
		       struct problem *p)
{
	assert(session->room != NULL);
	assert(document->text != NULL || document->size == 0);
	struct document written = *document;
	bool by_name = strcmp(document->kind, "catalog") == 0;
	int64_t revision;

	if (written.text == NULL)
		written.text = "";
	if (next_revision(session, written.kind, &revision, p) < 0 ||
	    add(session, &written, revision, p) < 0 ||
	    leave_current(session, written.kind, by_name ? written.name : NULL, p) < 0 ||
	    make_current(session, &written, revision, p) < 0)
		return problem_while(p, "keeping %s '%s'", document->kind,
				     document->name);
	return 0;
}

int store_document_retire(struct session *session, const struct document *document,
			  struct problem *p)
{
	assert(session->room != NULL);
	struct document retired = *document;
	int64_t revision;

	retired.text = NULL;
	int rc = leave_current(session, document->kind, document->name, p);
	if (rc == 0)
		return problem_set(p, PROBLEM_NOT_FOUND, "there is no %s '%s'",
				   document->kind, document->name);
	if (rc < 0 || next_revision(session, document->kind, &revision, p) < 0 ||
	    add(session, &retired, revision, p) < 0)
		return problem_while(p, "retiring %s '%s'", document->kind,
				     document->name);
	return 0;
}

int store_documents(struct session *session, const char *kind,
		    int (*each)(void *owner, const struct document *document),
		    void *owner, struct problem *p)
{
	struct document document;
	bool now = session->then_s == SESSION_NOW;
	int rc, index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(
		session, now ? STATEMENT_DOCUMENTS : STATEMENT_DOCUMENTS_THEN, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, kind);
	if (!now)
		bind_int(stmt, &index, session->then_s);
	while ((rc = statement_next(stmt, p)) == 1) {
		int column = 0;
		column_text(stmt, &column, document.kind, sizeof document.kind);
		column_text(stmt, &column, document.name, sizeof document.name);
		document.revision = column_int(stmt, &column);
		document.at_s = column_int(stmt, &column);
		column_text(stmt, &column, document.by, sizeof document.by);
		document.text = (const char *)sqlite3_column_text(stmt, column);
		document.size = (size_t)sqlite3_column_bytes(stmt, column);
		if (document.text == NULL)
			return problem_set(p, PROBLEM_NO_MEMORY,
					   "reading %s '%s': out of memory",
					   document.kind, document.name);
		if (each(owner, &document) != 0)
			return 0;
	}
	return rc;
}
