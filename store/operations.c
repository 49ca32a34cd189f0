#include "store/operations.h"

#include <assert.h>
#include <string.h>

#include "engine/problem.h"
#include "store/session.h"

int store_operation_add(struct session *session, struct operation_record *record,
			struct problem *p)
{
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_OPERATION_ADD, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, operation_kind_names[record->operation.kind]);
	bind_key(stmt, &index, &record->operation.key);
	bind_int(stmt, &index, record->operation.wait);
	bind_int(stmt, &index, record->operation.until_s);
	bind_int(stmt, &index, record->at_most);
	bind_text(stmt, &index, record->by);
	bind_text(stmt, &index, record->reason);
	bind_int(stmt, &index, record->made_s);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "keeping an operation");
	record->id = sqlite3_last_insert_rowid(session->db);
	return 0;
}

int store_operation_end(struct session *session, int64_t id, int64_t at_s,
			struct problem *p)
{
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_OPERATION_END, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, id);
	bind_int(stmt, &index, at_s);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "ending operation %lld", (long long)id);
	return 0;
}

int store_operation_device_put(struct session *session, int64_t id,
			       const struct operation_device *device, struct problem *p)
{
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt =
		session_take(session, STATEMENT_OPERATION_DEVICE_PUT, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, id);
	bind_text(stmt, &index, device->device);
	bind_text(stmt, &index, operation_step_names[device->step]);
	bind_int(stmt, &index, device->changed_s);
	bind_text(stmt, &index, device->note);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "keeping how far '%s' is with operation %lld",
				     device->device, (long long)id);
	return 0;
}

static int read_steps(struct session *session, struct operation_record *record,
		      struct problem *p)
{
	int rc, index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_OPERATION_STEPS, p);
	if (stmt == NULL)
		return -1;

	memset(record->in_step, 0, sizeof record->in_step);
	bind_int(stmt, &index, record->id);
	while ((rc = statement_next(stmt, p)) == 1) {
		int column = 0;
		int step = column_word(stmt, &column, operation_step_names,
				       OPERATION_STEPS, p);
		if (step < 0)
			return -1;
		record->in_step[step] = column_int(stmt, &column);
	}
	return rc;
}

/* The columns are OPERATION_COLUMNS of statement_table.c. */
static int read_operation(struct session *session, sqlite3_stmt *stmt,
			  struct operation_record *record, struct problem *p)
{
	int column = 0;

	memset(record, 0, sizeof *record);
	record->id = column_int(stmt, &column);
	int kind = column_word(stmt, &column, operation_kind_names, OPERATION_KINDS, p);
	if (kind < 0)
		return -1;
	record->operation.kind = (enum operation_kind)kind;
	column_key(stmt, &column, &record->operation.key);
	record->operation.wait = column_bool(stmt, &column);
	record->operation.until_s = column_int(stmt, &column);
	record->at_most = column_int(stmt, &column);
	column_text(stmt, &column, record->by, sizeof record->by);
	column_text(stmt, &column, record->reason, sizeof record->reason);
	record->made_s = column_int(stmt, &column);
	record->ended_s = column_int(stmt, &column);
	return read_steps(session, record, p);
}

int store_operations(struct session *session, bool open_only,
		     int (*each)(void *owner, const struct operation_record *record),
		     void *owner, struct problem *p)
{
	struct operation_record record;
	int rc, index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_OPERATIONS, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, open_only);
	while ((rc = statement_next(stmt, p)) == 1) {
		if (read_operation(session, stmt, &record, p) < 0)
			return -1;
		if (each(owner, &record) != 0)
			return 0;
	}
	return rc;
}

int store_operation_read(struct session *session, int64_t id,
			 struct operation_record *record, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_OPERATION_READ, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, id);
	int rc = statement_next(stmt, p);
	if (rc == 1 && read_operation(session, stmt, record, p) < 0)
		rc = -1;
	if (rc < 0)
		return problem_while(p, "reading operation %lld", (long long)id);
	return rc;
}

static int read_device(sqlite3_stmt *stmt, struct operation_device *device,
		       struct problem *p)
{
	int column = 0;

	column_text(stmt, &column, device->device, sizeof device->device);
	int step = column_word(stmt, &column, operation_step_names, OPERATION_STEPS, p);
	if (step < 0)
		return -1;
	device->step = (enum operation_step)step;
	device->changed_s = column_int(stmt, &column);
	column_text(stmt, &column, device->note, sizeof device->note);
	return 0;
}

int store_operation_devices(struct session *session, int64_t id,
			    int (*each)(void *owner,
					const struct operation_device *device),
			    void *owner, struct problem *p)
{
	struct operation_device device;
	int rc, index = 1;
	BORROWED sqlite3_stmt *stmt =
		session_take(session, STATEMENT_OPERATION_DEVICES, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, id);
	while ((rc = statement_next(stmt, p)) == 1) {
		if (read_device(stmt, &device, p) < 0)
			return -1;
		if (each(owner, &device) != 0)
			return 0;
	}
	return rc;
}

int store_operation_next(struct session *session, int64_t id, enum operation_step step,
			 struct operation_device *device, struct problem *p)
{
	int index = 1;
	char after[sizeof device->device];
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_OPERATION_NEXT, p);
	if (stmt == NULL)
		return -1;

	memcpy(after, device->device, sizeof after);
	bind_int(stmt, &index, id);
	bind_text(stmt, &index, operation_step_names[step]);
	bind_text(stmt, &index, after);
	int rc = statement_next(stmt, p);
	if (rc == 1 && read_device(stmt, device, p) < 0)
		rc = -1;
	return rc;
}

int store_operation_of(struct session *session, const char *device, int64_t *id,
		       int64_t *begun_s, struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_OPERATION_OF, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, device);
	int rc = statement_next(stmt, p);
	if (rc == 1) {
		*id = column_int(stmt, &column);
		*begun_s = column_int(stmt, &column);
	}
	return rc;
}
