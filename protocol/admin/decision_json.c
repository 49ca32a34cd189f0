#include "protocol/admin/decision_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/decision.h"
#include "engine/explain.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/record.h"

static const char *const track_names[] = { "standard", "hotpatch" };
static const char *const level_state_names[] = { "none", "known", "unknown",
						 "ambiguous" };
static const char *const block_names[] = { "none", "operator", "uninstalled" };
static const char *const request_names[] = { "none", "uninstall", "rollback" };

void member_set(json_t *object, const char *name, json_t *value)
{
	if (value != NULL)
		json_object_set_new(object, name, value);
}

json_t *text_json(const char *text)
{
	json_t *value = json_string(text);

	if (value != NULL)
		return value;
	char *copy = strdup(text);
	for (char *at = copy; at != NULL && *at != '\0'; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	value = copy != NULL ? json_string(copy) : NULL;
	free(copy);
	return value;
}

json_t *instant_json(int64_t at_s)
{
	char text[INSTANT_TEXT];

	if (at_s == INSTANT_NONE || at_s == 0)
		return NULL;
	return json_string(instant_format(at_s, text));
}

static void set_kb(json_t *object, uint32_t kb)
{
	char text[KB_TEXT];
	member_set(object, "kb", json_string(kb_format(kb, text)));
}

static void set_build(json_t *object, struct build build)
{
	char text[BUILD_TEXT];
	if (build.base != 0)
		member_set(object, "build", json_string(build_format(build, text)));
}

static json_t *key_json(const struct release_key *key)
{
	json_t *object = json_object();

	member_set(object, "product", json_string(key->product));
	set_kb(object, key->kb);
	set_build(object, key->build);
	return object;
}

/* What the device stands on; absent while it reported no build. */
static json_t *level_json(const struct decision *decision)
{
	const struct level *level = &decision->level;

	if (decision->build.base == 0)
		return NULL;
	json_t *object = json_object();
	set_kb(object, level->state == LEVEL_KNOWN ? level->kb : 0);
	set_build(object, decision->build);
	member_set(object, "state", json_string(level_state_names[level->state]));
	return object;
}

static json_t *reasons_json(const struct decision *decision)
{
	json_t *list = json_array();

	for (int i = 0; i < decision->reason_count; i++) {
		const char *name = reason_face(decision->reasons[i])->name;
		json_array_append_new(list, json_string(name));
	}
	return list;
}

static void set_release(json_t *object, const struct decision *decision)
{
	if (decision->line == NULL || decision->release < 0)
		return;
	const struct release *release = &decision->line->releases[decision->release];
	set_kb(object, release->kb);
	set_build(object, release->build);
	member_set(object, "kind", json_string(release_kind_names[release->kind]));
}

static void set_ring_and_policy(json_t *object, const struct plan *plan, int ring,
				int policy)
{
	if (ring >= 0)
		member_set(object, "ring", json_string(plan->rings[ring].name));
	if (policy >= 0)
		member_set(object, "policy", json_string(plan->policies[policy].name));
}

json_t *decision_json(const char *id, const struct decision *decision,
		      const struct plan *plan)
{
	json_t *object = json_object();

	if (id != NULL)
		member_set(object, "id", text_json(id));
	if (decision->product != NULL)
		member_set(object, "product", json_string(decision->product->id));
	if (decision->arch != ARCH_NONE)
		member_set(object, "arch", json_string(arch_name(decision->arch)));
	set_ring_and_policy(object, plan, decision->ring, decision->policy);
	member_set(object, "level", level_json(decision));
	if (decision->line != NULL)
		member_set(object, "track", json_string(track_names[decision->track]));
	member_set(object, "standing", json_string(standing_names[decision->standing]));
	member_set(object, "action", json_string(action_names[decision->action]));
	set_release(object, decision);
	member_set(object, "opens", instant_json(decision->opens_s));
	member_set(object, "install_by", instant_json(decision->install_by_s));
	member_set(object, "reasons", reasons_json(decision));
	return object;
}

static json_t *rows_json(const struct decision *decision)
{
	json_t *list = json_array();

	for (int i = 0; i < ROWS && decision->line != NULL; i++) {
		const struct row *row = &decision->rows[i];
		json_t *one = json_object();
		member_set(one, "rule", json_string(row_names[i]));
		member_set(one, "verdict", json_string(verdict_names[row->verdict]));
		member_set(one, "passes", json_boolean(row->passes));
		if (row->reason != REASON_NONE)
			member_set(one, "reason",
				   json_string(reason_face(row->reason)->name));
		json_array_append_new(list, one);
	}
	return list;
}

json_t *decision_json_all(const char *id, const struct decision *decision,
			  const struct plan *plan)
{
	json_t *object = decision_json(id, decision, plan);

	if (object == NULL)
		return NULL;
	if (decision->rule != 0)
		member_set(object, "rule", json_stringn(&decision->rule, 1));
	member_set(object, "qualifies", json_boolean(decision->qualifies));
	member_set(object, "rows", rows_json(decision));
	member_set(object, "expedited", json_boolean(decision->expedited));
	member_set(object, "download_only", json_boolean(decision->download_only));
	member_set(object, "overdue", json_boolean(decision->overdue));
	member_set(object, "left_track", json_boolean(decision->left_track));
	member_set(object, "rejoin", instant_json(decision->rejoin_s));
	member_set(object, "not_before", instant_json(decision->not_before_s));
	member_set(object, "restart_by", instant_json(decision->restart_by_s));
	member_set(object, "stands_until", instant_json(decision->stands_until_s));
	return object;
}

json_t *device_json_row(const struct device_record *record,
			const struct decision *decision, const struct plan *plan)
{
	json_t *object = decision_json(record->id, decision, plan);
	const struct flow *flow = &record->history.flow;

	if (object == NULL)
		return NULL;
	set_ring_and_policy(object, plan, plan_ring_of(plan, &record->facts),
			    plan_policy_of(plan, &record->facts));
	if (flow->state != FLOW_NONE)
		member_set(object, "flow",
			   json_pack("{s:I, s:s}", "id", (json_int_t)flow->id, "state",
				     flow_state_name(flow->state)));
	member_set(object, "restarts", json_integer(record->restarts));
	member_set(object, "last_seen", instant_json(record->last_seen_s));
	member_set(object, "facts_at", instant_json(record->facts.reported_s));
	return object;
}

json_t *facts_json(const struct device_record *record)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < record->facts.count; i++) {
		const struct fact *fact = &record->facts.fact[i];
		json_t *one = json_object();
		member_set(one, "name", text_json(fact_name(&record->facts, fact)));
		member_set(one, "value", text_json(fact_value(&record->facts, fact)));
		member_set(one, "source", json_string(fact_source_names[fact->source]));
		member_set(one, "observed", instant_json(fact->observed_s));
		member_set(one, "since", instant_json(fact->since_s));
		json_array_append_new(list, one);
	}
	return list;
}

static void set_code(json_t *object, uint32_t code)
{
	char text[16];

	if (code == 0)
		return;
	snprintf(text, sizeof text, "0x%08X", code);
	member_set(object, "code", json_string(text));
}

json_t *flow_json(const struct device_record *record)
{
	const struct flow *flow = &record->history.flow;

	if (flow->state == FLOW_NONE)
		return NULL;
	json_t *object = key_json(&flow->key);
	member_set(object, "id", json_integer((json_int_t)flow->id));
	member_set(object, "kind", json_string(flow_kind_names[flow->kind]));
	member_set(object, "state", json_string(flow_state_name(flow->state)));
	member_set(object, "ring", json_string(flow->ring));
	member_set(object, "generation", json_integer(flow->generation));
	member_set(object, "sequence", json_integer(flow->sequence));
	member_set(object, "offered", instant_json(flow->offered_s));
	member_set(object, "retrieved", instant_json(flow->retrieved_s));
	member_set(object, "changed", instant_json(flow->changed_s));
	member_set(object, "lease", instant_json(flow->lease_s));
	member_set(object, "install_by", instant_json(flow->install_by_s));
	member_set(object, "withdrawing", json_boolean(flow->withdrawing));
	set_code(object, flow->code);
	const struct request *request = &record->history.request;
	if (request->kind != REQUEST_NONE)
		member_set(object, "request",
			   json_pack("{s:s, s:s, s:s}", "kind",
				     request_names[request->kind], "state",
				     recovery_state_names[request->state], "reason",
				     request->reason));
	return object;
}

json_t *marks_json(const struct history *history)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < history->mark_count; i++) {
		const struct mark *mark = &history->marks[i];
		json_t *one = key_json(&mark->key);
		member_set(one, "first_offered", instant_json(mark->first_offered_s));
		member_set(one, "failures", json_integer(mark->failures));
		member_set(one, "last_failed", instant_json(mark->last_failed_s));
		member_set(one, "unshown", json_integer(mark->unshown));
		member_set(one, "not_applicable", json_boolean(mark->not_applicable));
		member_set(one, "unverifiable", json_boolean(mark->unverifiable));
		member_set(one, "block", json_string(block_names[mark->block]));
		json_array_append_new(list, one);
	}
	return list;
}

json_t *event_json(const struct event *event)
{
	json_t *object = json_object();

	member_set(object, "at", instant_json(event->at_s));
	member_set(object, "kind", json_string(event_kind_names[event->kind]));
	if (event->flow != 0)
		member_set(object, "flow", json_integer((json_int_t)event->flow));
	if (event->key.kb != 0 || event->key.build.base != 0) {
		set_kb(object, event->key.kb);
		set_build(object, event->key.build);
	}
	if (event->kind == EVENT_FLOW) {
		member_set(object, "from", json_string(flow_state_name(event->from)));
		member_set(object, "to", json_string(flow_state_name(event->to)));
	}
	set_code(object, event->code);
	if (event->note[0] != '\0')
		member_set(object, "note", text_json(event->note));
	return object;
}

static json_t *rule_json(const struct rule *rule)
{
	json_t *one = json_object();

	member_set(one, "rule", json_string(rule->name));
	member_set(one, "title", json_string(rule->title));
	member_set(one, "group", json_string(rule_group_names[rule->group]));
	member_set(one, "verdict", json_string(verdict_names[rule->verdict]));
	member_set(one, "passes", json_boolean(rule->passes));
	member_set(one, "observed", text_json(rule->observed));
	member_set(one, "expected", text_json(rule->expected));
	member_set(one, "source", json_string(rule->source));
	member_set(one, "observed_at", instant_json(rule->observed_s));
	member_set(one, "remedy", json_string(rule->remedy));
	if (rule->reason != REASON_NONE)
		member_set(one, "reason", json_string(reason_face(rule->reason)->name));
	return one;
}

static json_t *notes_json(const struct explanation *explanation)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < explanation->note_count; i++)
		json_array_append_new(list, text_json(explanation->notes[i]));
	return list;
}

json_t *explanation_json(const struct explanation *explanation, const struct plan *plan)
{
	json_t *object = json_object(), *rules = json_array(), *way = json_array();
	char *text = malloc(EXPLANATION_TEXT);

	for (uint16_t i = 0; i < explanation->rule_count; i++)
		json_array_append_new(rules, rule_json(&explanation->rules[i]));
	for (uint16_t i = 0; i < explanation->way_back_count; i++)
		json_array_append_new(way, text_json(explanation->way_back[i]));
	member_set(object, "id", text_json(explanation->device));
	member_set(object, "at", instant_json(explanation->now_s));
	member_set(object, "headline", text_json(explanation->headline));
	if (text != NULL)
		member_set(
			object, "text",
			text_json(explanation_text(explanation, text, EXPLANATION_TEXT)));
	if (explanation->note_count > 0)
		member_set(object, "notes", notes_json(explanation));
	member_set(object, "rules", rules);
	member_set(object, "way_back", way);
	member_set(object, "decision",
		   decision_json_all(explanation->device, &explanation->decision, plan));
	free(text);
	return object;
}
