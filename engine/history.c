#include "engine/history.h"

#include <assert.h>
#include <string.h>

#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/problem.h"

const char *const recovery_state_names[RECOVERY_STATES] = {
	[RECOVERY_NONE] = "none",           [RECOVERY_REQUESTED] = "requested",
	[RECOVERY_REMOVING] = "removing",   [RECOVERY_REMOVE_RESTART] = "restart-pending",
	[RECOVERY_REMOVED] = "removed",     [RECOVERY_LCU_OFFERED] = "lcu-offered",
	[RECOVERY_RECOVERED] = "recovered", [RECOVERY_STUCK] = "stuck",
};

bool request_is_over(const struct request *request)
{
	return request->kind == REQUEST_NONE || request->state == RECOVERY_RECOVERED ||
	       request->state == RECOVERY_STUCK ||
	       (request->kind == REQUEST_UNINSTALL && request->state == RECOVERY_REMOVED);
}

bool request_owns_flow(const struct request *request, const struct flow *flow)
{
	if (request_is_over(request))
		return false;
	if (flow->kind == FLOW_UNINSTALL)
		return release_key_equal(&flow->key, &request->key);
	return flow->ends_recovery && request->state == RECOVERY_LCU_OFFERED;
}

void history_init(struct history *history)
{
	memset(history, 0, sizeof *history);
}

const struct mark *history_mark(const struct history *history,
				const struct release_key *key)
{
	for (size_t i = 0; i < history->mark_count; i++) {
		if (release_key_equal(&history->marks[i].key, key))
			return &history->marks[i];
	}
	return NULL;
}

/* The oldest mark whose block is `block`; NULL when there is none. */
static struct mark *oldest(struct history *history, enum block block)
{
	struct mark *found = NULL;

	for (size_t i = 0; i < history->mark_count; i++) {
		struct mark *mark = &history->marks[i];
		if (mark->block == block &&
		    (found == NULL || mark->last_s < found->last_s))
			found = mark;
	}
	return found;
}

static struct mark *make_room(struct history *history)
{
	if (history->mark_count < HISTORY_MARKS)
		return &history->marks[history->mark_count++];
	struct mark *mark = oldest(history, BLOCK_NONE);
	if (mark == NULL)
		mark = oldest(history, BLOCK_UNINSTALLED);
	assert(mark != NULL); /* an operator's blocks are fewer than the marks */
	return mark;
}

struct mark *history_mark_open(struct history *history, const struct release_key *key,
			       int64_t now_s)
{
	struct mark *mark = (struct mark *)history_mark(history, key);

	if (mark == NULL) {
		mark = make_room(history);
		memset(mark, 0, sizeof *mark);
		mark->key = *key;
	}
	mark->last_s = now_s;
	return mark;
}

int history_block(struct history *history, const struct release_key *key, bool block,
		  int64_t now_s, struct problem *p)
{
	const struct mark *present = history_mark(history, key);
	size_t blocks = 0;

	if (!block && (present == NULL || present->block == BLOCK_NONE))
		return 0;
	for (size_t i = 0; i < history->mark_count; i++)
		blocks += history->marks[i].block == BLOCK_OPERATOR;
	bool adds = block && (present == NULL || present->block != BLOCK_OPERATOR);
	if (adds && blocks >= HISTORY_BLOCKS)
		return problem_set(p, PROBLEM_CONFLICT,
				   "%d releases are blocked for this device already: "
				   "unblock one, or use a hold",
				   HISTORY_BLOCKS);
	struct mark *mark = history_mark_open(history, key, now_s);
	mark->block = block ? BLOCK_OPERATOR : BLOCK_NONE;
	mark->blocked_s = block ? now_s : 0;
	return 0;
}

static struct sighting *find_sighting(struct history *history, uint32_t kb)
{
	for (size_t i = 0; i < history->sighting_count; i++) {
		if (history->sightings[i].kb == kb)
			return &history->sightings[i];
	}
	return NULL;
}

/* Insert into a list that falls by KB; what falls off its end is lost. */
static void insert(struct sighting *list, size_t *count, struct sighting one)
{
	size_t at = 0;

	while (at < *count && list[at].kb > one.kb)
		at++;
	if (at == HISTORY_SIGHTINGS || (at < *count && list[at].kb == one.kb))
		return;
	if (*count < HISTORY_SIGHTINGS)
		(*count)++;
	memmove(&list[at + 1], &list[at], (*count - at - 1) * sizeof *list);
	list[at] = one;
}

/* Of more KBs than there is room for, those with the highest numbers are kept: the
 * newest, and the same ones at every report. */
void history_saw(struct history *history, const struct facts *facts, int64_t now_s)
{
	const char *kbs = facts_known(facts, FACT_OS_KBS);
	size_t count = history->sighting_count;
	uint32_t kb;

	if (kbs == NULL)
		return;
	for (int read = 0; read < LIMIT_DEVICE_KBS && facts_next_kb(&kbs, &kb); read++)
		insert(history->sightings, &count, (struct sighting){ kb, now_s });
	history->sighting_count = (uint16_t)count;
}

int64_t history_shown_since(const struct history *history, uint32_t kb)
{
	const struct sighting *sighting = find_sighting((struct history *)history, kb);
	return sighting == NULL ? INSTANT_NONE : sighting->since_s;
}
