#include "store/fact_log.h"

#include <assert.h>
#include <string.h>

#include "engine/problem.h"
#include "store/session.h"

/* One line of the log, before it is bound. */
struct entry {
	int64_t key, at_s;
	const char *name;
	const char *value; /* NULL: no longer known */
	uint8_t source;
};

static int log_entry(struct session *session, const struct entry *entry,
		     struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_FACT_CHANGE_ADD, p);
	if (stmt == NULL)
		return -1;

	bind_int(stmt, &index, entry->key);
	bind_int(stmt, &index, entry->at_s);
	bind_text(stmt, &index, entry->name);
	bind_text(stmt, &index, entry->value);
	bind_text(stmt, &index, fact_source_words[entry->source]);
	return statement_run(stmt, p);
}

static int read_stored(struct session *session, int64_t key, struct facts *facts,
		       struct problem *p)
{
	int index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_FACTS_READ, p);
	if (stmt == NULL)
		return -1;

	facts_init(facts);
	bind_int(stmt, &index, key);
	int rc = statement_next(stmt, p);
	if (rc <= 0)
		return rc;
	const char *text = (const char *)sqlite3_column_text(stmt, 0);
	if (text == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "database: out of memory");
	return facts_text_read(text, (size_t)sqlite3_column_bytes(stmt, 0), facts, p);
}

/* The fact of that name.  Reports come in the same order time after time, so the place
 * it had in the other set is looked at first. */
static const struct fact *find(const struct facts *facts, const char *name, uint16_t hint)
{
	if (hint < facts->count &&
	    strcmp(fact_name(facts, &facts->fact[hint]), name) == 0)
		return &facts->fact[hint];
	for (uint16_t i = 0; i < facts->count; i++) {
		if (strcmp(fact_name(facts, &facts->fact[i]), name) == 0)
			return &facts->fact[i];
	}
	return NULL;
}

static int log_new(struct session *session, struct entry *entry, const struct facts *old,
		   const struct facts *facts, struct problem *p)
{
	for (uint16_t i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->fact[i];
		entry->name = fact_name(facts, fact);
		entry->value = fact_value(facts, fact);
		entry->source = fact->source;
		const struct fact *was = find(old, entry->name, i);
		if (was != NULL && was->source == fact->source &&
		    strcmp(fact_value(old, was), entry->value) == 0)
			continue;
		if (log_entry(session, entry, p) < 0)
			return -1;
	}
	return 0;
}

static int log_lost(struct session *session, struct entry *entry, const struct facts *old,
		    const struct facts *facts, struct problem *p)
{
	entry->value = NULL;
	for (uint16_t i = 0; i < old->count; i++) {
		entry->name = fact_name(old, &old->fact[i]);
		entry->source = old->fact[i].source;
		if (find(facts, entry->name, i) == NULL &&
		    log_entry(session, entry, p) < 0)
			return -1;
	}
	return 0;
}

int fact_log_difference(struct session *session, int64_t key, int64_t at_s,
			const struct facts *facts, struct problem *p)
{
	assert(session->room != NULL);
	struct facts *old = &session->room->facts;
	struct entry entry = { .key = key, .at_s = at_s };

	if (read_stored(session, key, old, p) < 0 ||
	    log_lost(session, &entry, old, facts, p) < 0)
		return -1;
	return log_new(session, &entry, old, facts, p);
}

static int read_change(sqlite3_stmt *stmt, struct fact_change *change, struct problem *p)
{
	int column = 0;

	change->at_s = column_int(stmt, &column);
	column_text(stmt, &column, change->name, sizeof change->name);
	change->removed = sqlite3_column_type(stmt, column) == SQLITE_NULL;
	column_text(stmt, &column, change->value, sizeof change->value);
	int source = column_word(stmt, &column, fact_source_words, 2, p);
	if (source < 0)
		return -1;
	change->source = (enum fact_source)source;
	return 0;
}

int store_fact_changes(struct session *session, const char *device, int64_t until_s,
		       int (*each)(void *owner, const struct fact_change *change),
		       void *owner, struct problem *p)
{
	struct fact_change change;
	int rc, index = 1;
	BORROWED sqlite3_stmt *stmt = session_take(session, STATEMENT_FACT_CHANGES, p);
	if (stmt == NULL)
		return -1;

	bind_text(stmt, &index, device);
	bind_int(stmt, &index, until_s);
	while ((rc = statement_next(stmt, p)) == 1) {
		if (read_change(stmt, &change, p) < 0)
			return -1;
		if (each(owner, &change) != 0)
			return 0;
	}
	return rc;
}
