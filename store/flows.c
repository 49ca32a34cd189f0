#include "store/flows.h"

#include <assert.h>
#include <string.h>

#include "engine/problem.h"
#include "store/history_text.h"
#include "store/results.h"
#include "store/session.h"
#include "store/store.h"

/* "" stands for no flow, whatever the engine calls that for people. */
static const char *state_word(enum flow_state state)
{
	return state == FLOW_NONE ? "" : flow_state_name(state);
}

static int column_state(sqlite3_stmt *stmt, int *column, enum flow_state *state,
			struct problem *p)
{
	char text[32];

	column_text(stmt, column, text, sizeof text);
	*state = text[0] == '\0' ? FLOW_NONE : flow_state_of(text);
	if (*state == FLOW_NONE && text[0] != '\0')
		return problem_set(p, PROBLEM_EXTERNAL,
				   "database: '%s' is no state of a flow", text);
	return 0;
}

int flow_of_row(sqlite3_stmt *stmt, int *column, struct flow *flow, struct problem *p)
{
	flow->id = column_int(stmt, column);
	int kind = column_word(stmt, column, flow_kind_names, FLOW_KINDS, p);
	if (kind < 0 || column_state(stmt, column, &flow->state, p) < 0)
		return -1;
	flow->kind = (enum flow_kind)kind;
	column_key(stmt, column, &flow->key);
	int release_kind =
		column_word(stmt, column, release_kind_names, RELEASE_KINDS, p);
	if (release_kind < 0)
		return -1;
	flow->release_kind = (enum release_kind)release_kind;
	column_text(stmt, column, flow->ring, sizeof flow->ring);
	flow->generation = column_u32(stmt, column);
	flow->sequence = column_u32(stmt, column);
	flow->offered_s = column_int(stmt, column);
	flow->retrieved_s = column_int(stmt, column);
	flow->changed_s = column_int(stmt, column);
	flow->lease_s = column_int(stmt, column);
	flow->install_by_s = column_int(stmt, column);
	flow->pending_since_s = column_int(stmt, column);
	flow->code = column_u32(stmt, column);
	flow->withdrawing = column_bool(stmt, column);
	flow->ends_recovery = column_bool(stmt, column);
	return 0;
}

int flow_put(struct session *session, int64_t device_key, const struct flow *flow,
	     struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_FLOW_PUT, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, device_key);
	bind_int(stmt, &index, flow->id);
	bind_text(stmt, &index, flow_kind_names[flow->kind]);
	bind_text(stmt, &index, state_word(flow->state));
	bind_key(stmt, &index, &flow->key);
	bind_text(stmt, &index, release_kind_names[flow->release_kind]);
	bind_text(stmt, &index, flow->ring);
	bind_int(stmt, &index, flow->generation);
	bind_int(stmt, &index, flow->sequence);
	bind_int(stmt, &index, flow->offered_s);
	bind_int(stmt, &index, flow->retrieved_s);
	bind_int(stmt, &index, flow->changed_s);
	bind_int(stmt, &index, flow->lease_s);
	bind_int(stmt, &index, flow->install_by_s);
	bind_int(stmt, &index, flow->pending_since_s);
	bind_int(stmt, &index, flow->code);
	bind_int(stmt, &index, flow->withdrawing);
	bind_int(stmt, &index, flow->ends_recovery);
	if (statement_run(stmt, p) < 0)
		return -1;
	if (sqlite3_changes(session->db) == 0)
		return problem_set(p, PROBLEM_CONFLICT, "flow %lld is another device's",
				   (long long)flow->id);
	return 0;
}

int flow_end(struct session *session, int64_t device_key, const struct event *event,
	     struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_FLOW_END, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, device_key);
	bind_int(stmt, &index, event->flow);
	bind_text(stmt, &index, state_word(event->to));
	bind_int(stmt, &index, event->at_s);
	bind_int(stmt, &index, event->code);
	return statement_run(stmt, p);
}

static int move_counter(struct session *session, const struct event *event,
			enum flow_state state, int64_t by, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_COUNTER_MOVE, p);
	if (stmt == NULL)
		return -1;

	bind_key(stmt, &index, &event->key);
	bind_text(stmt, &index, event->ring);
	bind_text(stmt, &index, flow_kind_names[event->flow_kind]);
	bind_text(stmt, &index, state_word(state));
	bind_int(stmt, &index, by);
	return statement_run(stmt, p);
}

/* What replays want, each where it says something. */
static void bind_detail(sqlite3_stmt *stmt, int *index, const struct event *event)
{
	bool begins = event->kind == EVENT_FLOW && event->from == FLOW_NONE;
	bool requests = event->kind == EVENT_REQUEST;
	bool blocks = event->kind == EVENT_BLOCK;

	bind_int(stmt, index, event->time_s);
	bind_text(stmt, index, begins ? release_kind_names[event->release_kind] : "");
	bind_int(stmt, index, event->ends_recovery);
	bind_int(stmt, index, event->unverifiable);
	bind_int(stmt, index, event->wait);
	bind_text(stmt, index, requests ? request_words[event->request] : "");
	bind_text(stmt, index, requests ? recovery_words[event->recovery] : "");
	bind_text(stmt, index, blocks ? block_words[event->block] : "");
}

static int add_event(struct session *session, int64_t device_key,
		     const struct event *event, struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_EVENT_ADD, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, device_key);
	bind_text(stmt, &index, event_kind_names[event->kind]);
	bind_int(stmt, &index, event->at_s);
	bind_int(stmt, &index, event->flow);
	bind_key(stmt, &index, &event->key);
	bind_text(stmt, &index, event->ring);
	bind_text(stmt, &index, flow_kind_names[event->flow_kind]);
	bind_text(stmt, &index, state_word(event->from));
	bind_text(stmt, &index, state_word(event->to));
	bind_int(stmt, &index, event->code);
	bind_text(stmt, &index, event->note);
	bind_detail(stmt, &index, event);
	return statement_run(stmt, p);
}

int event_add(struct session *session, int64_t device_key, const struct event *event,
	      struct problem *p)
{
	if (add_event(session, device_key, event, p) < 0)
		return -1;
	if (event->kind != EVENT_FLOW || event->from == event->to)
		return 0;
	if (event->from != FLOW_NONE &&
	    move_counter(session, event, event->from, -1, p) < 0)
		return -1;
	if (event->to != FLOW_NONE && move_counter(session, event, event->to, 1, p) < 0)
		return -1;
	return event->flow_kind == FLOW_INSTALL
		       ? result_follow(session, device_key, event, p)
		       : 0;
}

int store_flow_id_new(struct session *session, int64_t *id, struct problem *p)
{
	assert(session->room != NULL);
	int column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_FLOW_ID_NEW, p);
	if (stmt == NULL)
		return -1;

	int rc = statement_next(stmt, p);
	if (rc == 0)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "all 2147483647 numbers for flows have been used; "
				   "start a new database");
	if (rc < 0)
		return problem_while(p, "numbering a new flow");
	*id = column_int(stmt, &column);
	rc = statement_next(stmt, p); /* let it finish */
	assert(rc != 1);
	return rc;
}

int store_flow_read(struct session *session, int64_t id, struct flow *flow,
		    char device[static LIMIT_DEVICE_ID + 1], struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_FLOW_READ, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, id);
	int rc = statement_next(stmt, p);
	if (rc == 1) {
		column_text(stmt, &column, device, LIMIT_DEVICE_ID + 1);
		if (flow_of_row(stmt, &column, flow, p) < 0)
			rc = -1;
	}
	if (rc < 0)
		return problem_while(p, "reading flow %lld", (long long)id);
	return rc;
}

int store_flow_installed(struct session *session, const char *device, struct flow *flow,
			 struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_FLOW_INSTALLED, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, device);
	bind_text(stmt, &index, state_word(FLOW_VERIFIED));
	bind_text(stmt, &index, flow_kind_names[FLOW_INSTALL]);
	int rc = statement_next(stmt, p);
	if (rc == 1 && flow_of_row(stmt, &column, flow, p) < 0)
		rc = -1;
	if (rc < 0)
		return problem_while(p, "reading what device '%s' installed last",
				     device);
	return rc;
}

/* A word of a list, or none: that is its first. */
static int column_word_or_none(sqlite3_stmt *stmt, int *column, const char *const words[],
			       int count, struct problem *p)
{
	if (sqlite3_column_bytes(stmt, *column) > 0)
		return column_word(stmt, column, words, count, p);
	++*column;
	return 0;
}

static int read_detail(sqlite3_stmt *stmt, int *column, struct event *event,
		       struct problem *p)
{
	event->time_s = column_int(stmt, column);
	int release_kind =
		column_word_or_none(stmt, column, release_kind_names, RELEASE_KINDS, p);
	if (release_kind < 0)
		return -1;
	event->release_kind = (enum release_kind)release_kind;
	event->ends_recovery = column_bool(stmt, column);
	event->unverifiable = column_bool(stmt, column);
	event->wait = column_bool(stmt, column);
	int request = column_word_or_none(stmt, column, request_words, REQUEST_WORDS, p);
	if (request < 0)
		return -1;
	event->request = (enum request_kind)request;
	int recovery =
		column_word_or_none(stmt, column, recovery_words, RECOVERY_STATES, p);
	if (recovery < 0)
		return -1;
	event->recovery = (enum recovery_state)recovery;
	int block = column_word_or_none(stmt, column, block_words, BLOCK_WORDS, p);
	if (block < 0)
		return -1;
	event->block = (enum block)block;
	return 0;
}

static int read_event(sqlite3_stmt *stmt, struct event *event, struct problem *p)
{
	int column = 0;

	int kind = column_word(stmt, &column, event_kind_names, EVENT_KINDS, p);
	if (kind < 0)
		return -1;
	event->kind = (enum event_kind)kind;
	event->at_s = column_int(stmt, &column);
	event->flow = column_int(stmt, &column);
	column_key(stmt, &column, &event->key);
	column_text(stmt, &column, event->ring, sizeof event->ring);
	int flow_kind = column_word(stmt, &column, flow_kind_names, FLOW_KINDS, p);
	if (flow_kind < 0)
		return -1;
	event->flow_kind = (enum flow_kind)flow_kind;
	if (column_state(stmt, &column, &event->from, p) < 0 ||
	    column_state(stmt, &column, &event->to, p) < 0)
		return -1;
	event->code = column_u32(stmt, &column);
	column_text(stmt, &column, event->note, sizeof event->note);
	return read_detail(stmt, &column, event, p);
}

/* The statement is bound: to a device, and to a time or a flow. */
static int walk_events(sqlite3_stmt *stmt,
		       int (*each)(void *owner, const struct event *event), void *owner,
		       struct problem *p)
{
	struct event event;
	int rc;

	while ((rc = statement_next(stmt, p)) == 1) {
		if (read_event(stmt, &event, p) < 0)
			return -1;
		if (each(owner, &event) != 0)
			return 0;
	}
	return rc;
}

int store_events(struct session *session, const char *device, int64_t until_s,
		 int (*each)(void *owner, const struct event *event), void *owner,
		 struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_EVENTS, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, device);
	bind_int(stmt, &index, until_s);
	return walk_events(stmt, each, owner, p);
}

int store_flow_events(struct session *session, const char *device, int64_t flow,
		      int (*each)(void *owner, const struct event *event), void *owner,
		      struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_FLOW_EVENTS, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, device);
	bind_int(stmt, &index, flow);
	return walk_events(stmt, each, owner, p);
}

/* One row of the table counts one state. */
static int read_count(sqlite3_stmt *stmt, struct counter *counter, enum flow_state *state,
		      int64_t *n, struct problem *p)
{
	int column = 0;

	memset(counter, 0, sizeof *counter);
	column_key(stmt, &column, &counter->key);
	column_text(stmt, &column, counter->ring, sizeof counter->ring);
	int kind = column_word(stmt, &column, flow_kind_names, FLOW_KINDS, p);
	if (kind < 0 || column_state(stmt, &column, state, p) < 0)
		return -1;
	counter->kind = (enum flow_kind)kind;
	*n = column_int(stmt, &column);
	return 0;
}

static bool same_counter(const struct counter *a, const struct counter *b)
{
	return a->kind == b->kind && release_key_equal(&a->key, &b->key) &&
	       strcmp(a->ring, b->ring) == 0;
}

/* Rows of one counter come one after the other; it is told when the next begins. */
int store_counters(struct session *session,
		   int (*each)(void *owner, const struct counter *counter), void *owner,
		   struct problem *p)
{
	struct counter gathered, row;
	enum flow_state state;
	int64_t n;
	bool any = false;
	int rc;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_COUNTERS, p);
	if (stmt == NULL)
		return -1;

	while ((rc = statement_next(stmt, p)) == 1) {
		if (read_count(stmt, &row, &state, &n, p) < 0)
			return -1;
		if (any && !same_counter(&gathered, &row)) {
			if (each(owner, &gathered) != 0)
				return 0;
			any = false;
		}
		if (!any)
			gathered = row;
		any = true;
		gathered.in_state[state] = n;
	}
	if (rc == 0 && any)
		(void)each(owner, &gathered);
	return rc;
}

int store_recount(struct session *session, int64_t *astray, struct problem *p)
{
	int index = 1, column = 0;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_COUNTERS_ASTRAY, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, event_kind_names[EVENT_FLOW]);
	if (statement_next(stmt, p) != 1)
		return problem_while(p, "recounting flows");
	*astray = column_int(stmt, &column);
	return result_recount(session, astray, p);
}
