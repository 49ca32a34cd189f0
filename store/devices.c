/* Writing devices.  A record is four parts in four tables, and only those that the
 * outcome says have changed are written; the log is added to in the same unit. */

#include "store/devices.h"

#include <assert.h>
#include <string.h>

#include "engine/problem.h"
#include "store/fact_log.h"
#include "store/flows.h"
#include "store/session.h"

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int put_text(struct session *session, enum statement_id statement, int64_t key,
		    const char *text, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, statement, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, key);
	bind_text(stmt, &index, text);
	return statement_run(stmt, p);
}

static int put_facts(struct session *session, const struct device_record *record,
		     int64_t at_s, struct problem *p)
{
	char *text = session->room->text.facts;

	if (fact_log_difference(session, record->key, at_s, &record->facts, p) < 0)
		return -1;
	facts_text_write(&record->facts, text);
	return put_text(session, STATEMENT_FACTS_PUT, record->key, text, p);
}

static int put_history(struct session *session, const struct device_record *record,
		       struct problem *p)
{
	char *text = session->room->text.history;

	history_text_write(&record->history, text);
	return put_text(session, STATEMENT_HISTORY_PUT, record->key, text, p);
}

/* A forgotten device of that name comes back under its old key, and so to its old log;
 * one that is present is somebody else's. */
static int add(struct session *session, struct device_record *record, struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_DEVICE_ADD, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, record->id);
	bind_int(stmt, &index, record->created_s);
	bind_int(stmt, &index, record->last_seen_s);
	int rc = statement_next(stmt, p);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return problem_set(p, PROBLEM_CONFLICT, "there is such a device already");
	record->key = column_int(stmt, &column);
	rc = statement_next(stmt, p); /* let it finish */
	assert(rc != 1);
	return rc;
}

static int put_identity(struct session *session, const struct device_record *record,
			struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_DEVICE_SET, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, record->key);
	if (record->has_token)
		bind_blob(stmt, &index, record->token_hash, sizeof record->token_hash);
	else
		index++; /* stays NULL */
	bind_int(stmt, &index, record->token_used);
	bind_int(stmt, &index, record->created_s);
	bind_int(stmt, &index, record->last_seen_s);
	bind_int(stmt, &index, record->restarts);
	bind_int(stmt, &index, record->facts_wanted);
	bind_int(stmt, &index, record->history.flow.id);
	if (statement_run(stmt, p) < 0)
		return -1;
	if (sqlite3_changes(session->db) == 0)
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "it was forgotten meanwhile; it has to enrol anew");
	return 0;
}

/* When the facts came to be so: the time of the report that the outcome tells of. */
static int64_t facts_time(const struct device_record *record,
			  const struct outcome *outcome)
{
	for (uint16_t i = 0; i < outcome->count; i++) {
		if (outcome->events[i].kind == EVENT_FACTS)
			return outcome->events[i].at_s;
	}
	if (outcome->count > 0)
		return outcome->events[0].at_s;
	return later(record->facts.reported_s, record->created_s);
}

/* The narrow row is written with every change: it points to the flow, and whoever wrote
 * anything to a device that was forgotten meanwhile has to hear of it. */
static int put_parts(struct session *session, struct device_record *record, bool is_new,
		     const struct outcome *outcome, struct problem *p)
{
	bool facts = is_new || outcome->facts_changed;
	bool history = is_new || outcome->history_changed;
	bool flow = (history || outcome->count > 0) && record->history.flow.id != 0;

	if (put_identity(session, record, p) < 0)
		return -1;
	if (facts && put_facts(session, record, facts_time(record, outcome), p) < 0)
		return -1;
	if (history && put_history(session, record, p) < 0)
		return -1;
	if (flow && flow_put(session, record->key, &record->history.flow, p) < 0)
		return -1;
	for (uint16_t i = 0; i < outcome->count; i++) {
		const struct event *event = &outcome->events[i];
		/* One flow may have ended and the next begun in the same change. */
		bool ended = event->kind == EVENT_FLOW &&
			     event->flow != record->history.flow.id;
		if (event_add(session, record->key, event, p) < 0 ||
		    (ended && flow_end(session, record->key, event, p) < 0))
			return -1;
	}
	return 0;
}

int store_device_write(struct session *session, struct device_record *record,
		       const struct outcome *outcome, struct problem *p)
{
	assert(session->room != NULL);
	assert(record->id[0] != '\0');
	bool is_new = record->key == 0;
	bool changed = outcome->count > 0 || outcome->facts_changed ||
		       outcome->history_changed || outcome->identity_changed;

	if (!is_new && !changed)
		return 0;
	if ((is_new && add(session, record, p) < 0) ||
	    put_parts(session, record, is_new, outcome, p) < 0) {
		if (is_new)
			record->key = 0;
		return problem_while(p, "writing device '%s'", record->id);
	}
	return 0;
}

static int run_with_key(struct session *session, enum statement_id statement, int64_t key,
			struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, statement, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, key);
	return statement_run(stmt, p);
}

/* Bring the log to its end: no facts, and no flow that would be counted as running for
 * ever. */
static int close_log(struct session *session, const struct device_record *record,
		     int64_t at_s, struct problem *p)
{
	const struct flow *flow = &record->history.flow;
	const struct event forgotten = { .kind = EVENT_FORGOTTEN, .at_s = at_s };
	struct event event = {
		.kind = EVENT_FLOW,
		.at_s = at_s,
		.flow = flow->id,
		.key = flow->key,
		.flow_kind = flow->kind,
		.from = flow->state,
		.to = FLOW_WITHDRAWN,
		.note = "the device was forgotten",
	};

	if (fact_log_end(session, record->key, at_s, p) < 0)
		return -1;
	_Static_assert(sizeof event.ring == sizeof flow->ring, "both are ring names");
	memcpy(event.ring, flow->ring, sizeof event.ring);
	if (flow->state != FLOW_NONE && !flow_state_is_final(flow->state) &&
	    event_add(session, record->key, &event, p) < 0)
		return -1;
	return event_add(session, record->key, &forgotten, p);
}

int store_device_forget(struct session *session, const char *id, int64_t at_s,
			struct problem *p)
{
	assert(session->room != NULL);
	struct device_record *record = &session->room->record;

	int rc = store_device_read(session, id, record, p);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return problem_set(p, PROBLEM_NOT_FOUND, "there is no device '%s'", id);
	if (close_log(session, record, at_s, p) < 0 ||
	    run_with_key(session, STATEMENT_DEVICE_FORGET, record->key, p) < 0 ||
	    run_with_key(session, STATEMENT_FACTS_FORGET, record->key, p) < 0 ||
	    run_with_key(session, STATEMENT_HISTORY_FORGET, record->key, p) < 0 ||
	    run_with_key(session, STATEMENT_FLOWS_FORGET, record->key, p) < 0)
		return problem_while(p, "forgetting device '%s'", id);
	return 0;
}

int store_device_seen(struct session *session, const char *id, int64_t at_s,
		      struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_DEVICE_SEEN, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, id);
	bind_int(stmt, &index, at_s);
	if (statement_run(stmt, p) < 0)
		return problem_while(p, "noting that device '%s' was seen", id);
	return 0;
}
