/* Decisions and devices as JSON: the one place that names their members.
 *
 * The admin API, the decide command and the console all show these.  A member that has
 * nothing to say is left out.  Needs the engine and jansson, no server.  Every function
 * gives a new reference, or NULL without memory; values borrowed from catalog and plan
 * are copied. */

#ifndef PROTOCOL_ADMIN_DECISION_JSON_H
#define PROTOCOL_ADMIN_DECISION_JSON_H

#include <jansson.h>
#include <stdint.h>

struct decision;
struct device_record;
struct event;
struct explanation;
struct history;
struct plan;

/* product arch ring policy level track standing action kb build kind opens install_by
 * reasons: what decide says of one device.  kb, build and kind name what is offered or,
 * where nothing is, what the device waits for.  `id` NULL: without one. */
json_t *decision_json(const char *id, const struct decision *decision,
		      const struct plan *plan);

/* The same with all the rest: rows, the rule, every time. */
json_t *decision_json_all(const char *id, const struct decision *decision,
			  const struct plan *plan);

/* A row of the device list: the decision, the flow, restarts and times.  Ring and policy
 * are named also where nothing could be decided. */
json_t *device_json_row(const struct device_record *record,
			const struct decision *decision, const struct plan *plan);

/* The parts of one device in full. */
json_t *facts_json(const struct device_record *record);
json_t *flow_json(const struct device_record *record); /* NULL when there never was one */
json_t *marks_json(const struct history *history);
json_t *event_json(const struct event *event);

json_t *explanation_json(const struct explanation *explanation, const struct plan *plan);

/* "2025-04-08T17:00:00Z"; NULL for INSTANT_NONE and 0, which are no times. */
json_t *instant_json(int64_t at_s);
/* Text from a device may be cut in the middle of a character, or be no UTF-8 at all:
 * bytes that cannot be shown then read '?'. */
json_t *text_json(const char *text);
/* Sets a member unless `value` is NULL; takes it over. */
void member_set(json_t *object, const char *name, json_t *value);

#endif
