#include "store/rollouts.h"

#include <assert.h>

#include "engine/problem.h"
#include "store/session.h"

static const char *const approval_words[] = {
	[APPROVAL_UNSET] = "unset",
	[APPROVAL_GIVEN] = "given",
	[APPROVAL_REFUSED] = "refused",
};
enum { APPROVAL_WORDS = sizeof approval_words / sizeof approval_words[0] };

static int add_version(struct session *session, const struct rollout_record *record,
		       struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_ROLLOUT_ADD, p);
	if (stmt == NULL)
		return -1;

	bind_key(stmt, &index, &record->key);
	bind_text(stmt, &index, record->ring);
	bind_text(stmt, &index, approval_words[record->approval]);
	bind_int(stmt, &index, record->approved_for_track);
	bind_int(stmt, &index, record->withdrawn);
	bind_int(stmt, &index, record->halted);
	bind_int(stmt, &index, record->halted_s);
	bind_int(stmt, &index, record->paused_until_s);
	bind_int(stmt, &index, record->expedited);
	bind_int(stmt, &index, record->expedite_deadline_s);
	bind_int(stmt, &index, record->passed_s);
	bind_int(stmt, &index, record->max_failed_permille);
	bind_int(stmt, &index, record->waived);
	bind_text(stmt, &index, record->canary);
	bind_int(stmt, &index, record->canary_verified);
	bind_text(stmt, &index, record->by);
	bind_text(stmt, &index, record->reason);
	bind_int(stmt, &index, record->changed_s);
	return statement_run(stmt, p);
}

static int make_current(struct session *session, const struct rollout_record *record,
			int64_t version, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_ROLLOUT_CURRENT, p);
	if (stmt == NULL)
		return -1;

	bind_key(stmt, &index, &record->key);
	bind_text(stmt, &index, record->ring);
	bind_int(stmt, &index, version);
	return statement_run(stmt, p);
}

int store_rollout_put(struct session *session, const struct rollout_record *record,
		      struct problem *p)
{
	assert(session->room != NULL);

	if (add_version(session, record, p) < 0 ||
	    make_current(session, record, sqlite3_last_insert_rowid(session->db), p) < 0)
		return problem_while(p, "keeping the rollout of KB%u in ring '%s'",
				     record->key.kb, record->ring);
	return 0;
}

static int read_rollout(sqlite3_stmt *stmt, struct rollout_record *record,
			struct problem *p)
{
	int column = 0;

	column_key(stmt, &column, &record->key);
	column_text(stmt, &column, record->ring, sizeof record->ring);
	int approval = column_word(stmt, &column, approval_words, APPROVAL_WORDS, p);
	if (approval < 0)
		return -1;
	record->approval = (enum approval)approval;
	record->approved_for_track = column_bool(stmt, &column);
	record->withdrawn = column_bool(stmt, &column);
	record->halted = column_bool(stmt, &column);
	record->halted_s = column_int(stmt, &column);
	record->paused_until_s = column_int(stmt, &column);
	record->expedited = column_bool(stmt, &column);
	record->expedite_deadline_s = column_int(stmt, &column);
	record->passed_s = column_int(stmt, &column);
	record->max_failed_permille = column_u32(stmt, &column);
	record->waived = column_bool(stmt, &column);
	column_text(stmt, &column, record->canary, sizeof record->canary);
	record->canary_verified = column_bool(stmt, &column);
	column_text(stmt, &column, record->by, sizeof record->by);
	column_text(stmt, &column, record->reason, sizeof record->reason);
	record->changed_s = column_int(stmt, &column);
	return 0;
}

int store_rollouts(struct session *session,
		   int (*each)(void *owner, const struct rollout_record *record),
		   void *owner, struct problem *p)
{
	struct rollout_record record;
	bool now = session->then_s == SESSION_NOW;
	int rc, index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(
		session, now ? STATEMENT_ROLLOUTS : STATEMENT_ROLLOUTS_THEN, p);
	if (stmt == NULL)
		return -1;

	if (!now)
		bind_int(stmt, &index, session->then_s);
	while ((rc = statement_next(stmt, p)) == 1) {
		if (read_rollout(stmt, &record, p) < 0)
			return -1;
		if (each(owner, &record) != 0)
			return 0;
	}
	return rc;
}

int store_rollout_read(struct session *session, const struct release_key *key,
		       const char *ring, struct rollout_record *record, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_ROLLOUT_READ, p);
	if (stmt == NULL)
		return -1;

	bind_key(stmt, &index, key);
	bind_text(stmt, &index, ring);
	int rc = statement_next(stmt, p);
	if (rc == 1 && read_rollout(stmt, record, p) < 0)
		rc = -1;
	if (rc < 0)
		return problem_while(p, "reading the rollout of KB%u in ring '%s'",
				     key->kb, ring);
	return rc;
}
