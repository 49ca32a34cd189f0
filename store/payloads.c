#include "store/payloads.h"

#include <assert.h>

#include "engine/problem.h"
#include "store/session.h"

int store_payload_put(struct session *session, const struct payload *payload,
		      struct problem *p)
{
	assert(session->room != NULL);
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_PAYLOAD_PUT, p);
	if (stmt == NULL)
		return -1;

	bind_key(stmt, &index, &payload->key);
	bind_text(stmt, &index, arch_name(payload->arch));
	bind_text(stmt, &index, payload->name);
	bind_int(stmt, &index, payload->size_bytes);
	bind_text(stmt, &index, payload->sha256);
	bind_text(stmt, &index, payload->sha1);
	bind_text(stmt, &index, payload->md5);
	bind_int(stmt, &index, payload->added_s);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "keeping payload '%s'", payload->name);
	return 0;
}

static void read_payload(sqlite3_stmt *stmt, struct payload *payload)
{
	char arch[16];
	int column = 0;

	column_key(stmt, &column, &payload->key);
	column_text(stmt, &column, arch, sizeof arch);
	payload->arch = arch_parse(arch);
	column_text(stmt, &column, payload->name, sizeof payload->name);
	payload->size_bytes = column_int(stmt, &column);
	column_text(stmt, &column, payload->sha256, sizeof payload->sha256);
	column_text(stmt, &column, payload->sha1, sizeof payload->sha1);
	column_text(stmt, &column, payload->md5, sizeof payload->md5);
	payload->added_s = column_int(stmt, &column);
}

int store_payloads(struct session *session,
		   int (*each)(void *owner, const struct payload *payload), void *owner,
		   struct problem *p)
{
	struct payload payload;
	int rc, index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_PAYLOADS, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, session->then_s);
	while ((rc = statement_next(stmt, p)) == 1) {
		read_payload(stmt, &payload);
		if (each(owner, &payload) != 0)
			return 0;
	}
	return rc;
}
