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

/* The same value of the same source, without a break. */
static bool stands(const struct facts *old, const struct fact *was,
		   const struct facts *facts, const struct fact *fact)
{
	return was != NULL && was->source == fact->source &&
	       was->since_s == fact->since_s &&
	       strcmp(fact_value(old, was), fact_value(facts, fact)) == 0;
}

/* Was everything that is reported said again in the last report?  Mostly it is. */
static bool all_are_confirmed(const struct facts *facts)
{
	for (uint16_t i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->fact[i];
		if (fact->source == FACT_REPORTED &&
		    fact->observed_s != facts->reported_s)
			return false;
	}
	return true;
}

static int log_new(struct session *session, struct entry *entry, const struct facts *old,
		   const struct facts *facts, struct problem *p)
{
	int64_t at_s = entry->at_s;
	bool all = all_are_confirmed(facts), any = false;

	for (uint16_t i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->fact[i];
		entry->name = fact_name(facts, fact);
		const struct fact *was = find(old, entry->name, i);
		bool is_old = stands(old, was, facts, fact);
		if (is_old && was->observed_s == fact->observed_s)
			continue;
		if (is_old && all && fact->source == FACT_REPORTED) {
			any = true;
			continue;
		}
		entry->value = fact_value(facts, fact);
		entry->source = fact->source;
		entry->at_s = is_old ? fact->observed_s : at_s;
		if (log_entry(session, entry, p) < 0)
			return -1;
	}
	if (!any)
		return 0;
	entry->name = entry->value = "";
	entry->source = FACT_REPORTED;
	entry->at_s = facts->reported_s;
	return log_entry(session, entry, p);
}

/* One that went and came back with the same value was lost in between. */
static int log_lost(struct session *session, struct entry *entry, const struct facts *old,
		    const struct facts *facts, struct problem *p)
{
	entry->value = NULL;
	for (uint16_t i = 0; i < old->count; i++) {
		const struct fact *was = &old->fact[i];
		entry->name = fact_name(old, was);
		entry->source = was->source;
		const struct fact *fact = find(facts, entry->name, i);
		if (fact != NULL &&
		    (was->since_s == fact->since_s ||
		     strcmp(fact_value(old, was), fact_value(facts, fact)) != 0))
			continue;
		if (log_entry(session, entry, p) < 0)
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

int fact_log_end(struct session *session, int64_t key, int64_t at_s, struct problem *p)
{
	const struct entry entry = { key, at_s, "", NULL, FACT_REPORTED };
	return log_entry(session, &entry, p);
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
