#include "protocol/admin/rollout_target.h"

#include <stdio.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/findings.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "engine/snapshot.h"
#include "protocol/admin/decision_json.h"

/* A text of the body into `room`; 1 there, 0 not, -1 with *p told. */
static int read_name(const json_t *body, const char *member, char room[LIMIT_NAME + 1],
		     struct problem *p)
{
	const json_t *value = json_object_get(body, member);
	const char *text = json_string_value(value);

	room[0] = '\0';
	if (value == NULL || json_is_null(value))
		return 0;
	if (text == NULL || text[0] == '\0' || strlen(text) > LIMIT_NAME)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"%s\" wants a name of 1 to %d bytes", member,
				   LIMIT_NAME);
	snprintf(room, LIMIT_NAME + 1, "%s", text);
	return 1;
}

int rollout_target_read(struct rollout_target *target, const json_t *body,
			struct problem *p)
{
	char kb[LIMIT_NAME + 1], build[LIMIT_NAME + 1];
	int has_kb, has_build;

	*target = (struct rollout_target){ .ring_index = -1 };
	if (read_name(body, "product", target->key.product, p) < 0 ||
	    read_name(body, "ring", target->ring, p) < 0 ||
	    (has_kb = read_name(body, "kb", kb, p)) < 0 ||
	    (has_build = read_name(body, "build", build, p)) < 0)
		return -1;
	if (has_kb == 1 && !kb_parse(kb, &target->key.kb))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"kb\" wants a KB such as KB5058497, not '%s'", kb);
	if (has_build == 1 && !build_parse(build, &target->key.build))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"build\" wants a build such as 26100.3981, not '%s'",
				   build);
	if (has_kb == 0 && (has_build == 1 || target->key.product[0] != '\0'))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a product or a build says which KB is meant: name "
				   "that too");
	return 0;
}

static int find_ring(struct rollout_target *target, const struct plan *plan,
		     struct problem *p)
{
	const char *names[LIMIT_RINGS];

	if (target->ring[0] == '\0')
		return 0;
	target->ring_index = plan_ring_named(plan, target->ring);
	if (target->ring_index >= 0)
		return 0;
	for (size_t i = 0; i < plan->ring_count; i++)
		names[i] = plan->rings[i].name;
	const char *near = nearest_word(target->ring, names, plan->ring_count);
	return problem_set(p, PROBLEM_NOT_FOUND, "the plan has no ring '%s'%s%s%s",
			   target->ring, near != NULL ? "; did you mean '" : "",
			   near != NULL ? near : "", near != NULL ? "'?" : "");
}

static bool is_named(const struct rollout_target *target, const struct catalog *catalog,
		     const struct title *title)
{
	const struct release_key *key = &target->key;

	return title->kb == key->kb &&
	       (key->build.base == 0 || build_equal(title->build, key->build)) &&
	       (key->product[0] == '\0' ||
		strcmp(catalog->products[title->product].id, key->product) == 0);
}

int rollout_target_find(struct rollout_target *target, const struct snapshot *snapshot,
			struct problem *p)
{
	const struct catalog *catalog = snapshot->catalog;
	char kb[KB_TEXT];

	target->count = 0;
	if (find_ring(target, snapshot->plan, p) < 0)
		return -1;
	if (target->key.kb == 0)
		return 0;
	for (uint32_t i = 0; i < catalog->title_count; i++) {
		if (!is_named(target, catalog, &catalog->titles[i]))
			continue;
		if (target->count == TARGET_TITLES)
			return problem_set(p, PROBLEM_TOO_LARGE,
					   "%s names more than %d releases: say of which "
					   "product, or which build",
					   kb_format(target->key.kb, kb), TARGET_TITLES);
		target->titles[target->count++] = i;
	}
	if (target->count > 0)
		return 0;
	return problem_set(p, PROBLEM_NOT_FOUND, "the catalog has no %s%s%s%s",
			   kb_format(target->key.kb, kb),
			   target->key.build.base != 0 ? " of that build" : "",
			   target->key.product[0] != '\0' ? " for product " : "",
			   target->key.product);
}

bool rollout_target_has(const struct rollout_target *target, uint32_t title, int ring)
{
	if (target->ring_index >= 0 && ring >= 0 && ring != target->ring_index)
		return false;
	for (size_t i = 0; i < target->count; i++) {
		if (target->titles[i] == title)
			return true;
	}
	return target->count == 0;
}

char *rollout_target_text(const struct rollout_target *target,
			  const struct snapshot *snapshot, char text[static TARGET_TEXT])
{
	const struct catalog *catalog = snapshot->catalog;
	char kb[KB_TEXT], build[BUILD_TEXT];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < target->count && used < TARGET_TEXT - 200; i++) {
		if (target->titles[i] == TARGET_GONE)
			continue;
		const struct title *title = &catalog->titles[target->titles[i]];
		used += (size_t)snprintf(
			text + used, TARGET_TEXT - used, "%s%s %s %s", i > 0 ? ", " : "",
			catalog->products[title->product].id, kb_format(title->kb, kb),
			build_format(title->build, build));
	}
	const char *between = target->count > 0 ? " in " : "";
	if (target->ring[0] != '\0')
		snprintf(text + used, TARGET_TEXT - used, "%s%s", between, target->ring);
	else
		snprintf(text + used, TARGET_TEXT - used, "%severy ring", between);
	return text;
}

json_t *rollout_target_json(const struct rollout_target *target,
			    const struct snapshot *snapshot)
{
	const struct catalog *catalog = snapshot->catalog;
	json_t *list = json_array();
	char kb[KB_TEXT], build[BUILD_TEXT];

	for (size_t i = 0; i < target->count; i++) {
		if (target->titles[i] == TARGET_GONE)
			continue;
		const struct title *title = &catalog->titles[target->titles[i]];
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s}", "product",
						catalog->products[title->product].id,
						"kb", kb_format(title->kb, kb), "build",
						build_format(title->build, build), "kind",
						release_kind_names[title->kind]));
	}
	return list;
}
