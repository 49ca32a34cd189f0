#include "store/session.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/problem.h"
#include "store/database.h"

/* Takes over the connection. */
static struct session *wrap(sqlite3 *db, bool writer, struct problem *p)
{
	struct session *session = calloc(1, sizeof *session);
	struct session_room *room = writer ? calloc(1, sizeof *room) : NULL;

	if (session == NULL || (writer && room == NULL)) {
		problem_set(p, PROBLEM_NO_MEMORY, "opening the store: out of memory");
		free(session);
		free(room);
		database_close(db);
		return NULL;
	}
	session->db = db;
	session->then_s = SESSION_NOW;
	session->room = room;
	statements_init(&session->statements, db);
	return session;
}

struct session *session_open_reader(const char *path, struct problem *p)
{
	sqlite3 *db = database_open_reader(path, p);
	return db == NULL ? NULL : wrap(db, false, p);
}

struct session *session_open_writer(const char *path, struct problem *p)
{
	sqlite3 *db = database_open_writer(path, p);
	return db == NULL ? NULL : wrap(db, true, p);
}

void session_close(struct session *session)
{
	if (session == NULL)
		return;
	statements_fini(&session->statements);
	database_close(session->db);
	free(session->room);
	free(session);
}

void session_as_of(struct session *session, int64_t then_s)
{
	assert(session->room == NULL); /* a writer works on what is */
	session->then_s = then_s;
}

sqlite3_stmt *session_take(struct session *session, enum statement_id id,
			   struct problem *p)
{
	return statement_take(&session->statements, id, p);
}
