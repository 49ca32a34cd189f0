/* Every SQL statement the program runs, prepared once per connection.
 *
 * The SQL lives in one table in statement_table.c, next to its number of parameters.
 * A caller borrows a statement, binds, steps, and hands it back; handing back resets
 * it and forgets what was bound.  A statement that is not handed back would hold its
 * snapshot and keep the log from being folded in.  One thread, one struct statements. */

#ifndef STORE_STATEMENT_H
#define STORE_STATEMENT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct problem;
struct release_key;

enum statement_id {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_UNIT_BEGIN,
	STATEMENT_UNIT_KEEP,
	STATEMENT_UNIT_UNDO,
	STATEMENT_DEVICE_READ,
	STATEMENT_DEVICE_NEXT,
	STATEMENT_DEVICE_COUNT,
	STATEMENT_DEVICE_ADD,
	STATEMENT_DEVICE_SET,
	STATEMENT_DEVICE_SEEN,
	STATEMENT_DEVICE_FORGET,
	STATEMENT_FACTS_READ,
	STATEMENT_FACTS_PUT,
	STATEMENT_FACTS_FORGET,
	STATEMENT_FACT_CHANGE_ADD,
	STATEMENT_FACT_CHANGES,
	STATEMENT_HISTORY_PUT,
	STATEMENT_HISTORY_FORGET,
	STATEMENT_FLOW_ID_NEW,
	STATEMENT_FLOW_READ,
	STATEMENT_FLOW_INSTALLED,
	STATEMENT_FLOW_PUT,
	STATEMENT_FLOW_END,
	STATEMENT_FLOWS_FORGET,
	STATEMENT_EVENT_ADD,
	STATEMENT_EVENTS,
	STATEMENT_FLOW_EVENTS,
	STATEMENT_COUNTER_MOVE,
	STATEMENT_COUNTERS,
	STATEMENT_COUNTERS_ASTRAY,
	STATEMENT_RESULT_READ,
	STATEMENT_RESULT_PUT,
	STATEMENT_RESULT_MOVE,
	STATEMENT_RESULTS,
	STATEMENT_RESULTS_ASTRAY,
	STATEMENT_OFFER_OPEN,
	STATEMENT_OFFER_CLOSE,
	STATEMENT_OFFERS_OPEN,
	STATEMENT_DOCUMENT_NEXT,
	STATEMENT_DOCUMENT_ADD,
	STATEMENT_DOCUMENT_CURRENT,
	STATEMENT_DOCUMENT_RETIRE,
	STATEMENT_DOCUMENTS,
	STATEMENT_DOCUMENTS_THEN,
	STATEMENT_PAYLOAD_PUT,
	STATEMENT_PAYLOADS,
	STATEMENT_ROLLOUT_ADD,
	STATEMENT_ROLLOUT_CURRENT,
	STATEMENT_ROLLOUTS,
	STATEMENT_ROLLOUTS_THEN,
	STATEMENT_ROLLOUT_READ,
	STATEMENT_HOLD_ADD,
	STATEMENT_HOLD_REMOVE,
	STATEMENT_HOLDS,
	STATEMENT_OPERATION_ADD,
	STATEMENT_OPERATION_END,
	STATEMENT_OPERATION_READ,
	STATEMENT_OPERATIONS,
	STATEMENT_OPERATION_STEPS,
	STATEMENT_OPERATION_OF,
	STATEMENT_OPERATION_DEVICE_PUT,
	STATEMENT_OPERATION_DEVICES,
	STATEMENT_OPERATION_NEXT,
	STATEMENT_AUDIT_ADD,
	STATEMENT_AUDITS,
	STATEMENT_SETTING_READ,
	STATEMENT_SETTING_PUT,
	STATEMENT_UPDATE_ADD,
	STATEMENT_UPDATE_RETIRE,
	STATEMENT_UPDATES,
	STATEMENT_UPDATE_NEWEST,
	STATEMENT_COMPUTER_PUT,
	STATEMENT_COMPUTER_READ,
	STATEMENT_COMPUTER_OF,
	STATEMENT_COMPUTERS,
	STATEMENT_REPORT_ADD,
	STATEMENT_REPORT_TRIM,
	STATEMENTS
};

/* One row of the table; the name is for messages. */
struct statement_text {
	const char *name;
	int parameters;
	const char *sql;
};
extern const struct statement_text statement_table[STATEMENTS];

struct statements {
	sqlite3 *db;
	sqlite3_stmt *prepared[STATEMENTS]; /* NULL until first borrowed */
};

void statements_init(struct statements *s, sqlite3 *db);
void statements_fini(struct statements *s); /* before sqlite3_close() */

/* Borrow.  NULL with *p told when the SQL does not compile or memory is short. */
sqlite3_stmt *statement_take(struct statements *s, enum statement_id id,
			     struct problem *p);
void statement_give(sqlite3_stmt **stmt);

/* A borrowed statement that hands itself back when it leaves scope. */
#define BORROWED __attribute__((cleanup(statement_give)))

/* Move to the next row: 1 row, 0 end, -1 with *p told. */
int statement_next(sqlite3_stmt *stmt, struct problem *p);
/* Run a statement that yields no rows; -1 with *p told. */
int statement_run(sqlite3_stmt *stmt, struct problem *p);
/* Borrow, run and give back one without parameters or rows. */
int statement_do(struct statements *s, enum statement_id id, struct problem *p);

/* Bind to the parameter *index and count it up.  Text is kept alive by the caller until
 * the statement is given back; NULL is SQL's NULL.  A wrong index asserts. */
void bind_text(sqlite3_stmt *stmt, int *index, const char *text);
void bind_bytes_as_text(sqlite3_stmt *stmt, int *index, const char *text, size_t size);
void bind_blob(sqlite3_stmt *stmt, int *index, const void *bytes, size_t size);
void bind_int(sqlite3_stmt *stmt, int *index, int64_t value);
void bind_key(sqlite3_stmt *stmt, int *index, const struct release_key *key);

/* Read the column *index of the present row and count it up. */
void column_text(sqlite3_stmt *stmt, int *index, char *text, size_t size);
int64_t column_int(sqlite3_stmt *stmt, int *index);
uint32_t column_u32(sqlite3_stmt *stmt, int *index);
bool column_bool(sqlite3_stmt *stmt, int *index);
void column_key(sqlite3_stmt *stmt, int *index, struct release_key *key);
/* Which of `words` the column says; -1 with *p told when it is none of them. */
int column_word(sqlite3_stmt *stmt, int *index, const char *const words[], int count,
		struct problem *p);

/* Tell what the database said last, in our kinds. */
int database_problem(sqlite3 *db, struct problem *p);

#endif
