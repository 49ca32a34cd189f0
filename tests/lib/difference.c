#include "tests/lib/difference.h"

#include <string.h>

#define SAME(field)                                                                      \
	do {                                                                             \
		if (a->field != b->field)                                                \
			return #field;                                                   \
	} while (0)
#define SAME_TEXT(field)                                                                 \
	do {                                                                             \
		if (strcmp(a->field, b->field) != 0)                                     \
			return #field;                                                   \
	} while (0)
#define SAME_KEY(field)                                                                  \
	do {                                                                             \
		if (!release_key_equal(&a->field, &b->field))                            \
			return #field;                                                   \
	} while (0)

static const char *fact_difference(const struct facts *in, const struct fact *a,
				   const struct facts *other, const struct fact *b)
{
	SAME(id);
	SAME(source);
	SAME(observed_s);
	SAME(since_s);
	if (strcmp(fact_name(in, a), fact_name(other, b)) != 0)
		return "fact name";
	if (strcmp(fact_value(in, a), fact_value(other, b)) != 0)
		return "fact value";
	return NULL;
}

const char *facts_difference(const struct facts *a, const struct facts *b)
{
	SAME(count);
	SAME(reported_s);
	for (uint16_t i = 0; i < a->count; i++) {
		const char *what = fact_difference(a, &a->fact[i], b, &b->fact[i]);
		if (what != NULL)
			return what;
	}
	return NULL;
}

const char *flow_difference(const struct flow *a, const struct flow *b)
{
	SAME(id);
	SAME(kind);
	SAME(state);
	SAME_KEY(key);
	SAME(release_kind);
	SAME_TEXT(ring);
	SAME(generation);
	SAME(sequence);
	SAME(offered_s);
	SAME(retrieved_s);
	SAME(changed_s);
	SAME(lease_s);
	SAME(install_by_s);
	SAME(pending_since_s);
	SAME(code);
	SAME(withdrawing);
	SAME(ends_recovery);
	return NULL;
}

static const char *mark_difference(const struct mark *a, const struct mark *b)
{
	SAME_KEY(key);
	SAME(first_offered_s);
	SAME(last_s);
	SAME(failures);
	SAME(last_failed_s);
	SAME(unshown);
	SAME(not_applicable);
	SAME(unverifiable);
	SAME(block);
	SAME(blocked_s);
	return NULL;
}

static const char *request_difference(const struct request *a, const struct request *b)
{
	SAME(kind);
	SAME(state);
	SAME(wait);
	SAME_KEY(key);
	SAME(removed_published_s);
	SAME(at_s);
	SAME(failures);
	SAME_TEXT(reason);
	return NULL;
}

const char *history_difference(const struct history *a, const struct history *b)
{
	const char *what = flow_difference(&a->flow, &b->flow);

	if (what == NULL)
		what = request_difference(&a->request, &b->request);
	if (what != NULL)
		return what;
	SAME(paused_until_s);
	SAME(mark_count);
	SAME(sighting_count);
	for (uint16_t i = 0; i < a->mark_count && what == NULL; i++)
		what = mark_difference(&a->marks[i], &b->marks[i]);
	for (uint16_t i = 0; i < a->sighting_count; i++) {
		SAME(sightings[i].kb);
		SAME(sightings[i].since_s);
	}
	return what;
}

const char *record_difference(const struct device_record *a,
			      const struct device_record *b)
{
	SAME(key);
	SAME_TEXT(id);
	SAME(has_token);
	SAME(token_used);
	if (memcmp(a->token_hash, b->token_hash, sizeof a->token_hash) != 0)
		return "token_hash";
	SAME(created_s);
	SAME(last_seen_s);
	SAME(restarts);
	SAME(facts_wanted);
	const char *what = facts_difference(&a->facts, &b->facts);
	return what != NULL ? what : history_difference(&a->history, &b->history);
}
