/* One thread's view of the store, as the files behind the backend table see it. */

#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/backend.h"
#include "store/facts_text.h"
#include "store/history_text.h"
#include "store/statement.h"

#define SESSION_NOW INT64_MAX

struct session {
	sqlite3 *db;
	struct statements statements;
	int64_t then_s; /* what the operator gave and did is read as of then; NOW */
	/* The writer's room for work that is too big for a stack; NULL for readers. */
	struct session_room *room;
};

struct session_room {
	struct device_record record;
	struct facts facts;
	union {
		char facts[FACTS_TEXT_MAX];
		char history[HISTORY_TEXT_MAX];
	} text;
};

struct session *session_open_reader(const char *path, struct problem *p);
struct session *session_open_writer(const char *path, struct problem *p);
void session_close(struct session *session); /* accepts NULL */
/* As engine/backend.h has it. */
void session_as_of(struct session *session, int64_t then_s);

/* Borrow one of the session's statements. */
sqlite3_stmt *session_take(struct session *session, enum statement_id id,
			   struct problem *p);

#endif
