#include "store/computers.h"

#include <assert.h>

#include "engine/problem.h"
#include "store/session.h"

int store_computer_put(struct session *session, const struct computer *computer,
		       struct problem *p)
{
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_COMPUTER_PUT, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, computer->client_id);
	bind_text(stmt, &index, computer->device);
	bind_text(stmt, &index, computer->dns_name);
	bind_text(stmt, &index, computer_tie_names[computer->tie]);
	bind_text(stmt, &index, computer->by);
	bind_int(stmt, &index, computer->is_registered);
	bind_int(stmt, &index, computer->first_s);
	bind_int(stmt, &index, computer->changed_s);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "keeping computer %s", computer->client_id);
	return 0;
}

static int read_computer(sqlite3_stmt *stmt, struct computer *computer, struct problem *p)
{
	int column = 0;

	column_text(stmt, &column, computer->client_id, sizeof computer->client_id);
	column_text(stmt, &column, computer->device, sizeof computer->device);
	column_text(stmt, &column, computer->dns_name, sizeof computer->dns_name);
	int tie = column_word(stmt, &column, computer_tie_names, COMPUTER_TIES, p);
	if (tie < 0)
		return -1;
	computer->tie = (enum computer_tie)tie;
	column_text(stmt, &column, computer->by, sizeof computer->by);
	computer->is_registered = column_bool(stmt, &column);
	computer->first_s = column_int(stmt, &column);
	computer->changed_s = column_int(stmt, &column);
	return 0;
}

int store_computer_read(struct session *session, const char *client_id,
			struct computer *computer, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_COMPUTER_READ, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, client_id);
	int rc = statement_next(stmt, p);
	if (rc == 1 && read_computer(stmt, computer, p) < 0)
		return -1;
	return rc;
}

int store_computer_of(struct session *session, const char *device,
		      struct computer *computer, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_COMPUTER_OF, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, device);
	int rc = statement_next(stmt, p);
	if (rc == 1 && read_computer(stmt, computer, p) < 0)
		return -1;
	return rc;
}

int store_computers(struct session *session,
		    int (*each)(void *owner, const struct computer *computer),
		    void *owner, struct problem *p)
{
	struct computer computer;
	int rc;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_COMPUTERS, p);
	if (stmt == NULL)
		return -1;

	while ((rc = statement_next(stmt, p)) == 1) {
		if (read_computer(stmt, &computer, p) < 0)
			return -1;
		if (each(owner, &computer) != 0)
			return 0;
	}
	return rc;
}

static int trim(struct session *session, int64_t device_key, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_REPORT_TRIM, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, device_key);
	bind_int(stmt, &index, REPORT_IDS_KEPT);
	return statement_run(stmt, p);
}

int store_report_note(struct session *session, int64_t device_key,
		      const uint8_t id[static 16], int64_t at_s, struct problem *p)
{
	enum { ID_SIZE = 16 };
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_REPORT_ADD, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, device_key);
	bind_blob(stmt, &index, id, ID_SIZE);
	bind_int(stmt, &index, at_s);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "noting a report's id");
	if (sqlite3_changes(session->db) == 0)
		return 0;
	return trim(session, device_key, p) < 0 ? -1 : 1;
}
