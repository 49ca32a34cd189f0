/* Operations: which there are, and how far each device of one is. */

#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/routes.h"
#include "protocol/server/site.h"

enum { OPERATIONS_SHOWN = 200, DEVICES_SHOWN = 10000 };

static json_t *operation_json(const struct operation_record *record)
{
	const struct release_key *key = &record->operation.key;
	json_t *one = json_object();
	char kb[KB_TEXT], build[BUILD_TEXT];

	member_set(one, "id", json_integer((json_int_t)record->id));
	member_set(one, "kind",
		   json_string(operation_kind_names[record->operation.kind]));
	if (key->kb != 0)
		member_set(one, "kb", json_string(kb_format(key->kb, kb)));
	if (key->build.base != 0)
		member_set(one, "build", json_string(build_format(key->build, build)));
	if (key->product[0] != '\0')
		member_set(one, "product", json_string(key->product));
	if (record->at_most != 0)
		member_set(one, "at_most", json_integer((json_int_t)record->at_most));
	for (int step = 0; step < OPERATION_STEPS; step++)
		member_set(one, operation_step_names[step],
			   json_integer((json_int_t)record->in_step[step]));
	member_set(one, "by", text_json(record->by));
	member_set(one, "reason", text_json(record->reason));
	member_set(one, "made", instant_json(record->made_s));
	member_set(one, "ended", instant_json(record->ended_s));
	return one;
}

static int each_operation(void *owner, const struct operation_record *record)
{
	json_array_append_new(owner, operation_json(record));
	return json_array_size(owner) >= OPERATIONS_SHOWN;
}

void api_operations(struct call *call)
{
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	bool open_only = false;
	struct problem p;

	if (call_query_flag(call, "open", &open_only) < 0)
		return;
	json_t *list = json_array();
	if (ops->operations(call->desk->session, open_only, each_operation, list, &p) <
	    0) {
		json_decref(list);
		call_problem(call, &p);
		return;
	}
	call_reply(call, 200, json_pack("{s:o}", "operations", list));
}

static int each_device(void *owner, const struct operation_device *device)
{
	json_t *one = json_object();

	member_set(one, "id", text_json(device->device));
	member_set(one, "step", json_string(operation_step_names[device->step]));
	member_set(one, "since", instant_json(device->changed_s));
	if (device->note[0] != '\0')
		member_set(one, "note", text_json(device->note));
	json_array_append_new(owner, one);
	return json_array_size(owner) >= DEVICES_SHOWN;
}

void api_operation(struct call *call)
{
	struct desk *desk = call->desk;
	const struct backend_ops *ops = site_backend(desk->site)->ops;
	struct operation_record record;
	struct problem p;
	char *end;

	int64_t id = strtoll(call->id, &end, 10);
	int rc = *end == '\0' ? ops->operation_read(desk->session, id, &record, &p) : 0;
	if (rc == 0)
		problem_set(&p, PROBLEM_NOT_FOUND, "there is no operation '%.60s'",
			    call->id);
	json_t *devices = json_array();
	if (rc == 1 &&
	    ops->operation_devices(desk->session, id, each_device, devices, &p) < 0)
		rc = -1;
	if (rc != 1) {
		json_decref(devices);
		call_problem(call, &p);
		return;
	}
	json_t *body = operation_json(&record);
	member_set(body, "devices", devices);
	call_reply(call, 200, body);
}
