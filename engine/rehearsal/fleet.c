#include "engine/rehearsal/fleet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/expression.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "engine/record.h"
#include "engine/rehearsal/device_memory.h"

#define MINUTES(n) ((int64_t)(n)*MINUTE_S)
#define HOURS(n)   ((int64_t)(n)*HOUR_S)
#define DAYS(n)    ((int64_t)(n)*DAY_S)

const char *const fleet_habit_names[HABITS] = { "at-once", "end-of-day", "deadline" };

struct fleet *fleet_new(void)
{
	return calloc(1, sizeof(struct fleet));
}

static void memory_free(struct device_memory *memory)
{
	if (memory == NULL)
		return;
	free(memory->facts);
	free(memory->marks);
	free(memory->sightings);
	free(memory);
}

void fleet_free(struct fleet *fleet)
{
	if (fleet == NULL)
		return;
	for (size_t i = 0; i < fleet->group_count; i++)
		free((struct fleet_group *)fleet->groups[i]);
	for (size_t i = 0; i < fleet->failure_count; i++) {
		free(fleet->texts[i]);
		expression_free(fleet->matches[i]);
	}
	for (size_t i = 0; i < fleet->device_count; i++)
		memory_free(fleet->device_list[i]);
	free(fleet->device_list);
	free(fleet);
}

void fleet_group_init(struct fleet_group *group)
{
	memset(group, 0, sizeof *group);
	group->share = 1;
	group->habit_shares[HABIT_AT_ONCE] = 1;
	group->offline = (struct fleet_span){ DAYS(2), DAYS(21) };
	group->poll = (struct fleet_span){ HOURS(4), HOURS(4) };
	group->download = (struct fleet_span){ MINUTES(2), MINUTES(30) };
	group->hotpatch = (struct fleet_span){ MINUTES(1), MINUTES(10) };
	group->install = (struct fleet_span){ MINUTES(10), MINUTES(60) };
	group->restart = (struct fleet_span){ MINUTES(3), MINUTES(15) };
	group->consent = (struct fleet_span){ HOURS(1), HOURS(48) };
}

static int no_memory(struct problem *p)
{
	return problem_set(p, PROBLEM_NO_MEMORY, "no memory for the fleet");
}

int fleet_group(struct fleet *fleet, const struct fleet_group *group, struct problem *p)
{
	if (fleet->group_count == FLEET_GROUPS)
		return problem_set(p, PROBLEM_TOO_LARGE, "more than %d groups",
				   FLEET_GROUPS);
	if (fleet->pattern_count + group->work_count + 1 > FLEET_PATTERNS)
		return problem_set(p, PROBLEM_TOO_LARGE, "more than %d work patterns",
				   FLEET_PATTERNS);
	struct fleet_group *copy = malloc(sizeof *copy);
	if (copy == NULL)
		return no_memory(p);
	*copy = *group;
	if (copy->work_count == 0)
		copy->works[copy->work_count++] = (struct fleet_work){ .share = 1 };
	for (size_t i = 0; i < copy->work_count; i++) {
		copy->works[i].pattern = (uint32_t)fleet->pattern_count;
		fleet->patterns[fleet->pattern_count++] = copy->works[i];
	}
	fleet->groups[fleet->group_count++] = copy;
	return 0;
}

int fleet_failure(struct fleet *fleet, const struct fleet_failure *failure, bool first,
		  struct problem *p)
{
	struct expression *match = NULL;
	char *text = NULL;

	if (fleet->failure_count == FLEET_FAILURES)
		return problem_set(p, PROBLEM_TOO_LARGE, "more than %d failures",
				   FLEET_FAILURES);
	if (failure->match_text != NULL) {
		match = expression_compile(failure->match_text, p);
		if (match == NULL)
			return -1;
		text = strdup(failure->match_text);
		if (text == NULL) {
			expression_free(match);
			return no_memory(p);
		}
	}
	size_t at = first ? 0 : fleet->failure_count, after = fleet->failure_count - at;
	memmove(&fleet->failures[at + 1], &fleet->failures[at],
		after * sizeof fleet->failures[0]);
	memmove(&fleet->texts[at + 1], &fleet->texts[at], after * sizeof(void *));
	memmove(&fleet->matches[at + 1], &fleet->matches[at], after * sizeof(void *));
	fleet->failures[at] = *failure;
	fleet->failures[at].match_text = fleet->texts[at] = text;
	fleet->failures[at].match = fleet->matches[at] = match;
	fleet->failure_count++;
	return 0;
}

void fleet_offline(struct fleet *fleet, uint32_t ppm)
{
	for (size_t i = 0; i < fleet->group_count; i++)
		((struct fleet_group *)fleet->groups[i])->offline_ppm = ppm;
}

/* As much of it as is in use. */
static void *copy_of(const void *from, size_t size)
{
	void *copy = malloc(size > 0 ? size : 1);

	if (copy != NULL)
		memcpy(copy, from, size);
	return copy;
}

struct facts *facts_pack(const struct facts *facts)
{
	return copy_of(facts, offsetof(struct facts, text) + facts->used);
}

void facts_unpack(struct facts *to, const struct facts *packed)
{
	memcpy(to, packed, offsetof(struct facts, fact));
	memcpy(to->fact, packed->fact, packed->count * sizeof to->fact[0]);
	memcpy(to->text, packed->text, packed->used);
}

int fleet_device(struct fleet *fleet, const struct device_record *record,
		 const struct zone *zone, struct problem *p)
{
	const struct history *history = &record->history;

	if (fleet->device_count == FLEET_DEVICES)
		return problem_set(p, PROBLEM_TOO_LARGE, "more than %d devices",
				   FLEET_DEVICES);
	if (fleet->device_count == fleet->device_room) {
		size_t room = fleet->device_room == 0 ? 256 : 2 * fleet->device_room;
		struct device_memory **bigger =
			reallocarray(fleet->device_list, room, sizeof(void *));
		if (bigger == NULL)
			return no_memory(p);
		fleet->device_list = bigger;
		fleet->device_room = room;
	}
	struct device_memory *memory = calloc(1, sizeof *memory);
	if (memory == NULL)
		return no_memory(p);
	memcpy(memory->id, record->id, sizeof memory->id);
	memory->zone = zone;
	memory->flow = history->flow;
	memory->paused_until_s = history->paused_until_s;
	memory->mark_count = history->mark_count;
	memory->sighting_count = history->sighting_count;
	memory->facts = facts_pack(&record->facts);
	memory->marks =
		copy_of(history->marks, history->mark_count * sizeof history->marks[0]);
	memory->sightings =
		copy_of(history->sightings,
			history->sighting_count * sizeof history->sightings[0]);
	if (memory->facts == NULL || memory->marks == NULL || memory->sightings == NULL) {
		memory_free(memory);
		return no_memory(p);
	}
	fleet->device_list[fleet->device_count++] = memory;
	return 0;
}
