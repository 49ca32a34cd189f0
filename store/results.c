#include "store/results.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"
#include "store/session.h"

/* The ends that count, and where each is counted.  A flow that expired or was withdrawn
 * says nothing of the release. */
static const struct {
	enum flow_state state;
	bool is_proof; /* replaced by another proof alone */
	size_t at;
} ends[] = {
	{ FLOW_VERIFIED, true, offsetof(struct ring_results, verified) },
	{ FLOW_FAILED, true, offsetof(struct ring_results, failed) },
	{ FLOW_UNVERIFIED, false, offsetof(struct ring_results, unverified) },
	{ FLOW_NOT_APPLICABLE, false, offsetof(struct ring_results, not_applicable) },
	{ FLOW_REJECTED, false, offsetof(struct ring_results, rejected) },
};
enum { ENDS = sizeof ends / sizeof ends[0] };

static int end_of(enum flow_state state)
{
	for (int i = 0; i < ENDS; i++) {
		if (ends[i].state == state)
			return i;
	}
	return -1;
}

/* The index of the result so far, ENDS for none; -1 with *p told. */
static int read_result(struct session *session, int64_t device_key,
		       const struct event *event, struct problem *p)
{
	int index = 1, column = 0;
	char state[32];
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_RESULT_READ, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, device_key);
	bind_key(stmt, &index, &event->key);
	bind_text(stmt, &index, event->ring);
	int rc = statement_next(stmt, p);
	if (rc <= 0)
		return rc < 0 ? -1 : ENDS;
	column_text(stmt, &column, state, sizeof state);
	int end = end_of(flow_state_of(state));
	if (end < 0)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "database: '%s' is no result of a flow", state);
	return end;
}

static int put_result(struct session *session, int64_t device_key,
		      const struct event *event, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_RESULT_PUT, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, device_key);
	bind_key(stmt, &index, &event->key);
	bind_text(stmt, &index, event->ring);
	bind_text(stmt, &index, flow_state_name(event->to));
	return statement_run(stmt, p);
}

static int move_count(struct session *session, const struct event *event, int end,
		      int64_t by, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_RESULT_MOVE, p);
	if (stmt == NULL)
		return -1;

	bind_key(stmt, &index, &event->key);
	bind_text(stmt, &index, event->ring);
	bind_text(stmt, &index, flow_state_name(ends[end].state));
	bind_int(stmt, &index, by);
	bind_int(stmt, &index, event->at_s);
	return statement_run(stmt, p);
}

static int keep_result(struct session *session, int64_t device_key,
		       const struct event *event, int end, struct problem *p)
{
	int before = read_result(session, device_key, event, p);

	if (before < 0)
		return -1;
	if (before == end ||
	    (before < ENDS && ends[before].is_proof && !ends[end].is_proof))
		return 0;
	if (before < ENDS && move_count(session, event, before, -1, p) < 0)
		return -1;
	if (move_count(session, event, end, 1, p) < 0)
		return -1;
	return put_result(session, device_key, event, p);
}

static int open_offer(struct session *session, const struct event *event,
		      struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_OFFER_OPEN, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, event->flow);
	bind_key(stmt, &index, &event->key);
	bind_text(stmt, &index, event->ring);
	bind_int(stmt, &index, event->at_s);
	return statement_run(stmt, p);
}

static int close_offer(struct session *session, const struct event *event,
		       struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_OFFER_CLOSE, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, event->flow);
	return statement_run(stmt, p);
}

int result_follow(struct session *session, int64_t device_key, const struct event *event,
		  struct problem *p)
{
	assert(event->flow_kind == FLOW_INSTALL);
	bool ended = flow_state_is_final(event->to);
	int end = end_of(event->to);

	if (event->from == FLOW_NONE && !ended && open_offer(session, event, p) < 0)
		return -1;
	if (ended && close_offer(session, event, p) < 0)
		return -1;
	return end < 0 ? 0 : keep_result(session, device_key, event, end, p);
}

int result_recount(struct session *session, int64_t *astray, struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_RESULTS_ASTRAY, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, event_kind_names[EVENT_FLOW]);
	if (statement_next(stmt, p) != 1)
		return problem_while(p, "recounting results");
	*astray += column_int(stmt, &column);
	return 0;
}

int store_results(struct session *session, const struct release_key *key,
		  const char *ring, struct ring_results *results, struct problem *p)
{
	int rc, index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_RESULTS, p);
	if (stmt == NULL)
		return -1;

	memset(results, 0, sizeof *results);
	results->first_s = INSTANT_NONE;
	bind_key(stmt, &index, key);
	bind_text(stmt, &index, ring);
	while ((rc = statement_next(stmt, p)) == 1) {
		int column = 0;
		char state[32];
		column_text(stmt, &column, state, sizeof state);
		int64_t n = column_int(stmt, &column);
		int64_t first_s = column_int(stmt, &column);
		int end = end_of(flow_state_of(state));
		if (end < 0)
			continue;
		*(int64_t *)((char *)results + ends[end].at) = n;
		if (ends[end].is_proof &&
		    (results->first_s == INSTANT_NONE || first_s < results->first_s))
			results->first_s = first_s;
	}
	if (rc < 0)
		return problem_while(p, "reading the results of KB%u in ring '%s'",
				     key->kb, ring);
	return 0;
}

int store_offers_open(struct session *session, const struct release_key *key,
		      const char *ring, int64_t before_s, int64_t *count,
		      struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_OFFERS_OPEN, p);
	if (stmt == NULL)
		return -1;

	bind_key(stmt, &index, key);
	bind_text(stmt, &index, ring);
	bind_int(stmt, &index, before_s);
	if (statement_next(stmt, p) != 1)
		return problem_while(p, "counting the offers of KB%u in ring '%s'",
				     key->kb, ring);
	*count = column_int(stmt, &column);
	return 0;
}
