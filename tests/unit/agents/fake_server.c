#include "tests/unit/agents/fake_server.h"

#include <assert.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"
#include "engine/problem.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* One request taken apart. */
struct call {
	struct fake_server *server;
	const struct request *request;
	struct answer *answer;
	struct fake_device *device;
	char path[600];
	const char *rest; /* behind the device's id: "", "/configData", ... */
	bool gateway;
};

void fake_server_init(struct fake_server *server, const struct fake_step *script,
		      size_t count)
{
	assert(count <= FAKE_SCRIPT);
	memset(server, 0, sizeof *server);
	server->script = script;
	server->script_count = count;
}

struct fake_device *fake_server_device(struct fake_server *server, const char *id)
{
	for (size_t i = 0; i < server->device_count; i++) {
		if (strcmp(server->devices[i].id, id) == 0)
			return &server->devices[i];
	}
	return NULL;
}

static void reply(struct answer *answer, int status, json_t *json)
{
	answer->status = status;
	if (json == NULL)
		return;
	answer->body = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	assert(answer->body != NULL);
	answer->body_size = strlen(answer->body);
	answer->length = (int64_t)answer->body_size;
}

static bool fits(const struct fake_device *device, const struct fake_step *step)
{
	struct build build;
	if (strcmp(step->part, "os") != 0)
		return true;
	return build_parse(device->build, &build) &&
	       build.base == step->payload.build.base &&
	       strcmp(device->family, family_name(step->payload.family)) == 0 &&
	       strcmp(device->arch, arch_name(step->payload.arch)) == 0;
}

/* The action at hand; NULL for none. */
static const struct fake_step *step_of(struct fake_server *server,
				       struct fake_device *device)
{
	if (device->facts_count == 0)
		return NULL;
	while (device->step < server->script_count &&
	       !fits(device, &server->script[device->step]))
		device->step++;
	if (device->step == server->script_count ||
	    server->script[device->step].from_s > server->now_s)
		return NULL;
	return &server->script[device->step];
}

static void poll(struct call *call)
{
	struct fake_device *device = call->device;
	const struct fake_step *step = step_of(call->server, device);
	char href[800], token[80];
	json_t *links = json_object();
	json_t *json =
		json_pack("{s:{s:{s:s}}}", "config", "polling", "sleep", "00:01:00");

	if (device->facts_count == 0 || call->server->wants_facts)
		json_object_set_new(
			links, "configData",
			json_pack("{s:s}", "href", "https://other/configData"));
	if (step != NULL) {
		snprintf(href, sizeof href, "https://other%s/%s/%zu%s", call->path,
			 device->cancelling ? "cancelAction" : "deploymentBase",
			 FAKE_ACTION + device->step,
			 device->cancelling         ? ""
			 : call->server->holds_back ? "?c=1"
						    : "?c=2");
		json_object_set_new(
			links, device->cancelling ? "cancelAction" : "deploymentBase",
			json_pack("{s:s}", "href",
				  call->server->odd_href != NULL ? call->server->odd_href
								 : href));
	}
	json_object_set_new(json, "_links", links);
	if (call->gateway) {
		snprintf(token, sizeof token, "token-%.60s", device->id);
		json_object_set_new(json, "x-patchyard",
				    json_pack("{s:s}", "token", token));
	}
	reply(call->answer, 200, json);
}

static void take_fact(json_t *data, const char *name, char *room, size_t size)
{
	const char *value = json_string_value(json_object_get(data, name));
	if (value != NULL)
		snprintf(room, size, "%s", value);
}

static void take_facts(struct call *call)
{
	struct fake_device *device = call->device;
	json_t *json = json_loads(call->request->body, 0, NULL);
	json_t *data = json_object_get(json, "data");
	char boot[40] = "";

	take_fact(data, "os.family", device->family, sizeof device->family);
	take_fact(data, "os.arch", device->arch, sizeof device->arch);
	take_fact(data, "os.build", device->build, sizeof device->build);
	take_fact(data, "os.kbs.0", device->kbs, sizeof device->kbs);
	take_fact(data, "restart.pending", device->pending, sizeof device->pending);
	take_fact(data, "os.boot", boot, sizeof boot);
	device->boots += device->boot[0] != '\0' && strcmp(device->boot, boot) != 0;
	snprintf(device->boot, sizeof device->boot, "%s", boot);
	device->facts_count++;
	reply(call->answer, json == NULL ? 400 : 200, NULL);
	json_decref(json);
}

static void file_of(const struct fake_server *server, const struct fake_step *step,
		    char text[static PAYLOAD_SIZE])
{
	payload_write(&step->payload, text);
	if (server->bad_file)
		text[PAYLOAD_SIZE / 2] ^= 1;
}

static json_t *artifacts_of(const struct call *call, const struct fake_step *step)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	char text[PAYLOAD_SIZE], name[PAYLOAD_NAME], href[800];
	char sha256[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned size = 0;

	if (strcmp(step->part, "os") != 0)
		return json_array();
	payload_write(&step->payload, text);
	EVP_Digest(text, sizeof text, sum, &size, EVP_sha256(), NULL);
	for (unsigned i = 0; i < size; i++)
		snprintf(sha256 + 2 * (size_t)i, 3, "%02x", sum[i]);
	snprintf(href, sizeof href,
		 "https://other/DEFAULT/controller/v1/%s/softwaremodules/1/artifacts/%s",
		 call->device->id, payload_file_name(&step->payload, name));
	return json_pack("[{s:s,s:{s:s},s:i,s:{s:{s:s}}}]", "filename", name, "hashes",
			 "sha256", sha256, "size", PAYLOAD_SIZE, "_links", "download",
			 "href", href);
}

static void add_metadata(json_t *list, const char *key, const char *value)
{
	if (value != NULL)
		json_array_append_new(list,
				      json_pack("{s:s,s:s}", "key", key, "value", value));
}

static void deployment(struct call *call, const struct fake_step *step)
{
	char id[16], kb[KB_TEXT], build[BUILD_TEXT];
	json_t *metadata = json_array();
	bool held = call->server->holds_back;

	add_metadata(metadata, "py.restart", step->restart);
	add_metadata(metadata, "py.restart.deadline", step->deadline);
	snprintf(id, sizeof id, "%zu", FAKE_ACTION + call->device->step);
	reply(call->answer, 200,
	      json_pack("{s:s,s:{s:s,s:s,s:[{s:s,s:s,s:s,s:o,s:o}]}}", "id", id,
			"deployment", "download", "forced", "update",
			held ? "skip" : "forced", "chunks", "part", step->part, "name",
			kb_format(step->payload.kb, kb), "version",
			build_format(step->payload.build, build), "artifacts",
			artifacts_of(call, step), "metadata", metadata));
}

/* What a report says, in a word. */
static void word_of(json_t *status, bool cancel, char word[static 64], uint32_t *seq)
{
	size_t i;
	json_t *line;
	const char *finished = json_string_value(
		json_object_get(json_object_get(status, "result"), "finished"));

	snprintf(word, 64, "%s",
		 !cancel ? json_string_value(json_object_get(status, "execution"))
		 : strcmp(finished, "success") == 0 ? "stopped"
						    : "too-late");
	json_array_foreach(json_object_get(status, "details"), i, line)
	{
		const char *text = json_string_value(line);
		if (strncmp(text, "py:seq=", 7) == 0)
			*seq = (uint32_t)strtoul(text + 7, NULL, 10);
		else if (strncmp(text, "py:state=", 9) == 0)
			snprintf(word, 64, "%s", text + 9);
		else if (strncmp(text, "py:hresult=", 11) == 0)
			snprintf(word, 64, "%s", text + 11);
	}
}

static void take_feedback(struct call *call, size_t step, bool cancel)
{
	struct fake_device *device = call->device;
	json_t *json = json_loads(call->request->body, 0, NULL);
	json_t *status = json_object_get(json, "status");
	char word[64];
	uint32_t seq = 0;

	assert(status != NULL);
	word_of(status, cancel, word, &seq);
	const char *execution = json_string_value(json_object_get(status, "execution"));
	bool closed = strcmp(execution, "closed") == 0;
	json_decref(json);
	if (step >= call->server->script_count) {
		reply(call->answer, 404, NULL);
		return;
	}
	if (seq <= device->seq[step]) {
		device->repeated++;
		reply(call->answer, 200, NULL);
		return;
	}
	device->seq[step] = seq;
	if (step != device->step) {
		device->late++;
		reply(call->answer, 410, NULL);
		return;
	}
	size_t used = strlen(device->trail);
	snprintf(device->trail + used, sizeof device->trail - used, "%s%s%s",
		 used > 0 ? " " : "", word, closed ? " |" : "");
	if (closed)
		device->step++;
	if (closed || cancel)
		device->cancelling = false;
	reply(call->answer, 200, NULL);
}

static void artifact(struct call *call, const struct fake_step *step)
{
	const struct request *request = call->request;
	struct answer *answer = call->answer;
	char text[PAYLOAD_SIZE];
	size_t from = request->range_from > 0 ? (size_t)request->range_from : 0;
	size_t end =
		request->range_to >= 0 ? (size_t)request->range_to + 1 : PAYLOAD_SIZE;

	file_of(call->server, step, text);
	answer->status = request->range_from >= 0 ? 206 : 200;
	answer->range_from = request->range_from;
	answer->length = (int64_t)(end - from);
	snprintf(answer->etag, sizeof answer->etag, "\"%u\"", step->payload.kb);
	size_t breaks = (size_t)call->server->break_file_after;
	bool broken = breaks > from && breaks < end;
	answer->cut = !request->sink->open(request->sink->owner, answer) ||
		      !request->sink->take(request->sink->owner, text + from,
					   (broken ? breaks : end) - from);
	call->server->break_file_after = broken ? -1 : call->server->break_file_after;
}

/* "/deploymentBase/<id>" or "/cancelAction/<id>", and what follows it. */
static bool action_of(const char *rest, const char *kind, size_t *step, const char **tail)
{
	size_t size = strlen(kind);
	char *end;
	if (strncmp(rest, kind, size) != 0)
		return false;
	unsigned long id = strtoul(rest + size, &end, 10);
	*step = id < FAKE_ACTION ? FAKE_SCRIPT : id - FAKE_ACTION;
	*tail = end;
	return end > rest + size;
}

static void dispatch(struct call *call)
{
	struct fake_device *device = call->device;
	const struct fake_step *step = step_of(call->server, device);
	const char *method = call->request->method, *tail = "";
	size_t at = 0;

	bool get = strcmp(method, "GET") == 0;
	if (call->rest[0] == '\0' && get)
		poll(call);
	else if (strcmp(call->rest, "/configData") == 0 && strcmp(method, "PUT") == 0)
		take_facts(call);
	else if (strncmp(call->rest, "/softwaremodules/1/artifacts/", 29) == 0 &&
		 step != NULL)
		artifact(call, step);
	else if (action_of(call->rest, "/deploymentBase/", &at, &tail) && get &&
		 step != NULL && at == device->step && !device->cancelling)
		deployment(call, step);
	else if (action_of(call->rest, "/cancelAction/", &at, &tail) && get &&
		 step != NULL && at == device->step && device->cancelling)
		reply(call->answer, 200,
		      json_pack("{s:{s:I}}", "cancelAction", "stopId",
				(json_int_t)at + FAKE_ACTION));
	else if (action_of(call->rest, "/deploymentBase/", &at, &tail) &&
		 strcmp(tail, "/feedback") == 0)
		take_feedback(call, at, false);
	else if (action_of(call->rest, "/cancelAction/", &at, &tail) &&
		 strcmp(tail, "/feedback") == 0)
		take_feedback(call, at, true);
	else
		reply(call->answer, 404, NULL);
}

/* Whether the call may go on: the path names a device, and the token is its own or, until
 * that was used, the gateway's. */
static bool let_in(struct call *call)
{
	static const char base[] = FAKE_URL "/DEFAULT/controller/v1/";
	struct fake_server *server = call->server;
	const char *url = call->request->url,
		   *authorization = call->request->authorization;
	char id[64], own[120];

	if (strncmp(url, base, sizeof base - 1) != 0 || authorization == NULL)
		return false;
	const char *at = url + sizeof base - 1;
	size_t size = strcspn(at, "/?");
	snprintf(id, sizeof id, "%.*s", (int)size, at);
	snprintf(call->path, sizeof call->path, "/DEFAULT/controller/v1/%s", id);
	call->rest = at + size;
	call->device = fake_server_device(server, id);
	if (call->device == NULL) {
		assert(server->device_count < FAKE_DEVICES);
		call->device = &server->devices[server->device_count++];
		memcpy(call->device->id, id, sizeof id);
	}
	snprintf(own, sizeof own, "TargetToken token-%.60s", id);
	call->gateway = strcmp(authorization, "GatewayToken gate") == 0;
	if (call->gateway)
		return !call->device->token_used && call->rest[0] == '\0';
	if (strcmp(authorization, own) != 0)
		return false;
	call->device->token_used = true;
	return true;
}

static bool has_fault(struct fake_server *server, const struct request *request)
{
	char line[800];
	if (server->fault_count == 0)
		return false;
	snprintf(line, sizeof line, "%s %s", request->method, request->url);
	if (strstr(line, server->fault_at) == NULL)
		return false;
	server->fault_count--;
	return true;
}

static int serve(struct fake_server *server, const struct request *request,
		 struct answer *answer, struct problem *p)
{
	struct call call = { .server = server, .request = request, .answer = answer };
	bool fault = has_fault(server, request);

	memset(answer, 0, sizeof *answer);
	answer->length = answer->range_from = answer->retry_after_s = -1;
	server->requests++;
	if (fault && server->breaks_before)
		return problem_set(p, PROBLEM_EXTERNAL, "the connection broke");
	if (fault && !server->breaks_after) {
		answer->status = server->fault_status;
		if (server->retry_after_s > 0)
			answer->retry_after_s = server->retry_after_s;
		return 0;
	}
	if (let_in(&call))
		dispatch(&call);
	else
		reply(answer, 401, NULL);
	bool broken = server->break_file_after < 0;
	if (broken)
		server->break_file_after = 0;
	if (!broken && !fault)
		return 0;
	answer_fini(answer);
	return problem_set(p, PROBLEM_EXTERNAL, "the connection broke");
}

static int exchange(void *owner, const struct request *request, struct answer *answer,
		    struct problem *p)
{
	pthread_mutex_lock(&lock);
	int result = serve(owner, request, answer, p);
	pthread_mutex_unlock(&lock);
	return result;
}

struct transport fake_server_transport(struct fake_server *server)
{
	return (struct transport){ server, exchange };
}

static int exchange_admin(void *owner, const struct request *request,
			  struct answer *answer, struct problem *p)
{
	struct fake_server *server = owner;
	char text[INSTANT_TEXT];
	int64_t at_s = 0;

	memset(answer, 0, sizeof *answer);
	if (has_fault(server, request)) {
		reply(answer, server->fault_status,
		      json_pack("{s:s}", "detail", "this clock runs by itself"));
		return 0;
	}
	if (strcmp(request->url, "http://localhost/api/v1/clock") != 0)
		return problem_set(p, PROBLEM_EXTERNAL, "no such thing");
	if (strcmp(request->method, "POST") == 0) {
		json_t *json = json_loads(request->body, 0, NULL);
		const char *now = json_string_value(json_object_get(json, "now"));
		bool good =
			now != NULL && instant_parse(now, &at_s) && at_s >= server->now_s;
		json_decref(json);
		if (!good) {
			reply(answer, 409, json_pack("{s:s}", "detail", "backwards"));
			return 0;
		}
		server->now_s = at_s;
	}
	reply(answer, 200,
	      json_pack("{s:s}", "now", instant_format(server->now_s, text)));
	return 0;
}

struct transport fake_server_admin(struct fake_server *server)
{
	return (struct transport){ server, exchange_admin };
}
