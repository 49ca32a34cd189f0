/* Windows Update Agents: which device each is, and saying so by hand. */

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

static int not_found(const char *client, struct problem *p)
{
	return problem_set(p, PROBLEM_NOT_FOUND,
			   "no agent '%.60s' was here; \"patchyard computer list\" has "
			   "them all",
			   client);
}

/* {id} as the store has it.  -1 with *p told. */
static int read_client(const struct call *call, char client[static UPDATE_ID_TEXT],
		       struct problem *p)
{
	struct guid guid;

	if (!guid_parse(call->id, strlen(call->id), &guid))
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"'%.60s' is no SusClientId: that is a GUID, found under "
			"HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\"
			"WindowsUpdate",
			call->id);
	guid_format(&guid, client);
	return 0;
}

void api_computer(struct call *call)
{
	struct desk *desk = call->desk;
	const struct backend_ops *ops = site_backend(desk->site)->ops;
	struct computer computer;
	char client[UPDATE_ID_TEXT];
	struct problem p;

	int rc = read_client(call, client, &p);
	if (rc == 0) {
		rc = ops->computer_read(desk->session, client, &computer, &p);
		if (rc == 0)
			rc = not_found(client, &p);
	}
	if (rc < 0)
		call_problem(call, &p);
	else
		call_reply(call, 200, computer_json(&computer));
}

/* --- by hand --------------------------------------------------------------------------
 */

/* In the exchange's memory. */
struct computer_call {
	struct edit edit; /* first: cast back */
	struct call *call;
	struct computer computer;
	char before[LIMIT_DEVICE_ID + 1]; /* the device it was; "" for none */
	char reason[256];
	struct device_record record; /* of the device, to see that it is there */
};

/* Two agents on one device would take turns at being it. */
static int check_free(struct computer_call *it, struct session *session,
		      const char *device, struct problem *p)
{
	struct computer other;
	int rc = edit_ops(&it->edit)->computer_of(session, device, &other, p);

	if (rc == 1 && strcmp(other.client_id, it->computer.client_id) != 0)
		return problem_set(
			p, PROBLEM_CONFLICT,
			"the device '%.80s' is the agent %s already; where that "
			"is gone: patchyard computer untie %s",
			device, other.client_id, other.client_id);
	return rc < 0 ? -1 : 0;
}

/* What it told of itself was told of another device, so it is asked again. */
static int put(struct computer_call *it, struct session *session, const char *device,
	       struct problem *p)
{
	struct computer *computer = &it->computer;

	if (check_free(it, session, device, p) < 0)
		return -1;
	snprintf(computer->device, sizeof computer->device, "%s", device);
	computer->changed_s = it->edit.now_s;
	computer->is_registered = false;
	return edit_ops(&it->edit)->computer_put(session, computer, p);
}

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
	it->computer.tie = TIE_HAND;
	snprintf(it->computer.by, sizeof it->computer.by, "%s", it->call->by);
	if (put(it, session, device, p) < 0)
		return -1;
	snprintf(subject, sizeof subject, "%s is %s", it->computer.client_id, device);
	const struct audit_entry entry =
		call_audit(it->call, "computer.tie", subject, it->reason);
	return edit_audit(edit, session, &entry, p);
}

/* From now on it is a device of its own, under its own id; the device that it was keeps
 * its history. */
static int untie(struct edit *edit, struct session *session, struct problem *p)
{
	struct computer_call *it = (struct computer_call *)edit;
	char client[UPDATE_ID_TEXT], subject[512];

	memcpy(client, it->computer.client_id, sizeof client);
	int rc = edit_ops(edit)->computer_read(session, client, &it->computer, p);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return not_found(client, p);
	if (strcmp(it->computer.device, client) == 0)
		return problem_set(p, PROBLEM_CONFLICT,
				   "it is a device of its own already");
	memcpy(it->before, it->computer.device, sizeof it->before);
	it->computer.tie = TIE_OWN;
	it->computer.by[0] = '\0';
	if (put(it, session, client, p) < 0)
		return -1;
	snprintf(subject, sizeof subject, "%s is no longer %s", client, it->before);
	const struct audit_entry entry =
		call_audit(it->call, "computer.untie", subject, it->reason);
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
		member_set(told, "dry_run", json_boolean(edit->dry_run));
		if (it->before[0] != '\0')
			member_set(told, "was", text_json(it->before));
		call_reply(it->call, 200, told);
	}
	edit_fini(&ended);
}

static void begin(struct call *call, struct computer_call *it,
		  int (*apply)(struct edit *edit, struct session *session,
			       struct problem *p))
{
	it->call = call;
	it->edit.site = call->desk->site;
	it->edit.loop = call->desk->loop;
	it->edit.apply = apply;
	it->edit.answer = answer;
	site_edit(&it->edit);
}

static int read_tie(struct computer_call *it, const struct call *call, const json_t *body,
		    struct problem *p)
{
	const char *device = json_string_value(json_object_get(body, "device"));
	const char *reason = json_string_value(json_object_get(body, "reason"));

	if (read_client(call, it->computer.client_id, p) < 0)
		return -1;
	if (device == NULL || device[0] == '\0' || strlen(device) > LIMIT_DEVICE_ID)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"device\" wants the name of a device");
	snprintf(it->computer.device, sizeof it->computer.device, "%s", device);
	snprintf(it->reason, sizeof it->reason, "%.255s", reason == NULL ? "" : reason);
	it->edit.dry_run = json_is_true(json_object_get(body, "dry_run"));
	return 0;
}

/* NULL when the call is answered. */
static struct computer_call *allocate(struct call *call)
{
	struct computer_call *it = exchange_allocate(call->exchange, sizeof *it);
	struct problem p;

	if (it == NULL) {
		problem_set(&p, PROBLEM_NO_MEMORY, "out of memory");
		call_problem(call, &p);
	}
	return it;
}

void api_computer_tie(struct call *call)
{
	struct problem p;
	json_t *body = call_object(call);

	if (body == NULL)
		return;
	struct computer_call *it = allocate(call);
	int rc = it == NULL ? 0 : read_tie(it, call, body, &p);
	json_decref(body);
	if (rc < 0)
		call_problem(call, &p);
	else if (it != NULL)
		begin(call, it, tie);
}

void api_computer_untie(struct call *call)
{
	struct problem p;
	struct computer_call *it = allocate(call);

	if (it == NULL || call_query(call, "reason", it->reason, sizeof it->reason) < 0 ||
	    call_query_flag(call, "dry-run", &it->edit.dry_run) < 0)
		return;
	if (read_client(call, it->computer.client_id, &p) < 0)
		call_problem(call, &p);
	else
		begin(call, it, untie);
}
