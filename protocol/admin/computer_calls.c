/* Windows Update Agents: which device each is, and tying one by hand. */

#include <stdio.h>
#include <string.h>

#include "protocol/admin/call.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/routes.h"
#include "protocol/server/edit.h"
#include "protocol/server/site.h"
#include "protocol/soap/guid.h"

static json_t *computer_json(const struct computer *computer)
{
	json_t *one = json_object();

	member_set(one, "client", json_string(computer->client_id));
	member_set(one, "device", text_json(computer->device));
	member_set(one, "dns_name", text_json(computer->dns_name));
	member_set(one, "tie", json_string(computer_tie_names[computer->tie]));
	if (computer->by[0] != '\0')
		member_set(one, "by", text_json(computer->by));
	member_set(one, "registered", json_boolean(computer->is_registered));
	member_set(one, "first", instant_json(computer->first_s));
	member_set(one, "changed", instant_json(computer->changed_s));
	return one;
}

static int each_computer(void *owner, const struct computer *computer)
{
	return json_array_append_new(owner, computer_json(computer));
}

void api_computers(struct call *call)
{
	struct desk *desk = call->desk;
	const struct backend_ops *ops = site_backend(desk->site)->ops;
	json_t *list = json_array();
	struct problem p;

	if (ops->computers(desk->session, each_computer, list, &p) < 0) {
		json_decref(list);
		call_problem(call, &p);
		return;
	}
	call_reply(call, 200, json_pack("{s:o}", "computers", list));
}

/* In the exchange's memory. */
struct computer_call {
	struct edit edit; /* first: cast back */
	struct call *call;
	struct computer computer;
	char before[LIMIT_DEVICE_ID + 1]; /* the device it was; "" for none */
	char reason[256];
	bool dry_run;
	struct device_record record; /* of the device, to see that it is there */
};

static int tie(struct edit *edit, struct session *session, struct problem *p)
{
	struct computer_call *it = (struct computer_call *)edit;
	const struct backend_ops *ops = edit_ops(edit);
	char device[LIMIT_DEVICE_ID + 1], subject[512];

	memcpy(device, it->computer.device, sizeof device);
	int rc = ops->device_read(session, device, &it->record, p);
	if (rc == 0)
		return problem_set(
			p, PROBLEM_NOT_FOUND,
			"there is no device '%.100s'; \"patchyard device add\" "
			"makes one known",
			device);
	if (rc < 0)
		return -1;
	rc = ops->computer_read(session, it->computer.client_id, &it->computer, p);
	if (rc < 0)
		return -1;
	if (rc == 1)
		memcpy(it->before, it->computer.device, sizeof it->before);
	else
		it->computer.first_s = edit->now_s;
	memcpy(it->computer.device, device, sizeof it->computer.device);
	it->computer.tie = TIE_HAND;
	it->computer.changed_s = edit->now_s;
	/* What it told of itself was told of another device. */
	it->computer.is_registered = false;
	snprintf(it->computer.by, sizeof it->computer.by, "%s", it->call->by);
	if (ops->computer_put(session, &it->computer, p) < 0)
		return -1;
	snprintf(subject, sizeof subject, "%s is %s", it->computer.client_id, device);
	const struct audit_entry entry =
		call_audit(it->call, "computer.tie", subject, it->reason);
	return edit_audit(edit, session, &entry, p);
}

static void answer(struct edit *edit, const struct problem *problem)
{
	struct computer_call *it = (struct computer_call *)edit;
	struct edit ended = *edit; /* the exchange's memory goes with the reply */

	if (problem != NULL) {
		call_problem(it->call, problem);
	} else {
		json_t *told = computer_json(&it->computer);
		member_set(told, "dry_run", json_boolean(it->dry_run));
		if (it->before[0] != '\0')
			member_set(told, "was", text_json(it->before));
		call_reply(it->call, 200, told);
	}
	edit_fini(&ended);
}

static int read_tie(struct computer_call *it, const json_t *body, struct problem *p)
{
	const char *device = json_string_value(json_object_get(body, "device"));
	const char *reason = json_string_value(json_object_get(body, "reason"));
	const char *client = it->call->id;
	struct guid guid;

	if (!guid_parse(client, strlen(client), &guid))
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"'%.60s' is no SusClientId: that is a GUID, found under "
			"HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\"
			"WindowsUpdate",
			client);
	guid_format(&guid, it->computer.client_id);
	if (device == NULL || device[0] == '\0' || strlen(device) > LIMIT_DEVICE_ID)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"device\" wants the name of a device");
	snprintf(it->computer.device, sizeof it->computer.device, "%s", device);
	snprintf(it->reason, sizeof it->reason, "%.255s", reason == NULL ? "" : reason);
	it->dry_run = json_is_true(json_object_get(body, "dry_run"));
	return 0;
}

void api_computer_tie(struct call *call)
{
	struct computer_call *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;
	int rc;

	json_t *body = call_object(call);
	if (body == NULL)
		return;
	if (it == NULL) {
		rc = problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
	} else {
		it->call = call;
		rc = read_tie(it, body, &p);
	}
	json_decref(body);
	if (rc < 0) {
		call_problem(call, &p);
		return;
	}
	it->edit.site = call->desk->site;
	it->edit.loop = call->desk->loop;
	it->edit.dry_run = it->dry_run;
	it->edit.apply = tie;
	it->edit.answer = answer;
	site_edit(&it->edit);
}
