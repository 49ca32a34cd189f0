#include "tests/unit/ddi/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_MOST = 300 * 1024 };

bool talk_open(struct talk *talk, struct yard *yard, const char *device)
{
	*talk = (struct talk){ .yard = yard, .device = device };
	snprintf(talk->authorization, sizeof talk->authorization, "GatewayToken %s",
		 YARD_ENROLMENT);
	return http_client_tls(&talk->client, loop_port(yard->loop), yard->client, NULL);
}

void talk_close(struct talk *talk)
{
	http_client_close(&talk->client, true);
}

struct http_answer talk_ask(struct talk *talk, const char *method, const char *rest,
			    const char *headers, const char *body)
{
	struct http_answer answer = { 0 };
	char *request = malloc(REQUEST_MOST);
	char length[96] = "";

	if (request == NULL)
		return answer;
	if (body != NULL)
		snprintf(length, sizeof length,
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			 strlen(body));
	int size = snprintf(request, REQUEST_MOST,
			    "%s /DEFAULT/controller/v1/%s%s HTTP/1.1\r\nHost: lab\r\n"
			    "%s%s%s%s%s\r\n%s",
			    method, talk->device, rest,
			    talk->authorization[0] != '\0' ? "Authorization: " : "",
			    talk->authorization,
			    talk->authorization[0] != '\0' ? "\r\n" : "", headers, length,
			    body != NULL ? body : "");
	if (size > 0 && size < REQUEST_MOST)
		answer = http_client_ask(&talk->client, request);
	free(request);
	return answer;
}

int talk_status(struct talk *talk, const char *method, const char *rest, const char *body)
{
	struct http_answer answer = talk_ask(talk, method, rest, "", body);
	int status = answer.status;
	http_answer_free(&answer);
	return status;
}

json_t *talk_get(struct talk *talk, const char *rest)
{
	struct http_answer answer = talk_ask(talk, "GET", rest, "", NULL);
	json_t *json = NULL;

	if (answer.status == 200)
		json = json_loadb(answer.body, answer.body_size, 0, NULL);
	http_answer_free(&answer);
	return json;
}

int talk_facts(struct talk *talk, const char *members)
{
	char body[4096];
	snprintf(body, sizeof body, "{\"data\":{%s}}", members);
	return talk_status(talk, "PUT", "/configData", body);
}

int talk_feedback(struct talk *talk, const char *what, int64_t action,
		  const char *execution, const char *finished, const char *rest)
{
	char path[64], body[4096];

	snprintf(path, sizeof path, "/%s/%lld/feedback", what, (long long)action);
	snprintf(body, sizeof body,
		 "{\"id\":%lld,\"status\":{\"execution\":\"%s\",\"result\":{\"finished\":"
		 "\"%s\"}%s}}",
		 (long long)action, execution, finished, rest);
	return talk_status(talk, "POST", path, body);
}

const char *talk_text(json_t *json, const char *path)
{
	char step[64];

	while (json != NULL && *path != '\0') {
		size_t size = strcspn(path, ".");
		snprintf(step, sizeof step, "%.*s", (int)size, path);
		json = json_is_array(json) ? json_array_get(json, strtoul(step, NULL, 10))
					   : json_object_get(json, step);
		path += size;
		path += *path == '.';
	}
	return json_string_value(json);
}

const char *talk_metadata(json_t *deployment, const char *key)
{
	json_t *chunks =
		json_object_get(json_object_get(deployment, "deployment"), "chunks");
	json_t *pairs = json_object_get(json_array_get(chunks, 0), "metadata"), *pair;
	size_t i;

	json_array_foreach(pairs, i, pair)
	{
		const char *name = json_string_value(json_object_get(pair, "key"));
		if (name != NULL && strcmp(name, key) == 0)
			return json_string_value(json_object_get(pair, "value"));
	}
	return NULL;
}

static int64_t action_of(json_t *json, const char *relation, char *c, size_t room)
{
	char path[64], wanted[40];
	snprintf(path, sizeof path, "_links.%s.href", relation);
	snprintf(wanted, sizeof wanted, "/%s/", relation);
	const char *href = talk_text(json, path);
	const char *at = href != NULL ? strstr(href, wanted) : NULL;

	if (at == NULL)
		return 0;
	char *end;
	int64_t id = strtoll(at + strlen(wanted), &end, 10);
	if (c != NULL)
		snprintf(c, room, "%s", strncmp(end, "?c=", 3) == 0 ? end + 3 : end);
	return id;
}

bool talk_poll(struct talk *talk, struct talk_poll *poll)
{
	json_t *json = talk_get(talk, "");
	if (json == NULL)
		return false;
	*poll = (struct talk_poll){
		.cancel = action_of(json, "cancelAction", NULL, 0),
		.installed = action_of(json, "installedBase", NULL, 0),
		.wants_facts = talk_text(json, "_links.configData.href") != NULL,
	};
	poll->deployment = action_of(json, "deploymentBase", poll->c, sizeof poll->c);
	const char *sleep = talk_text(json, "config.polling.sleep");
	const char *token = talk_text(json, "x-patchyard.token");
	snprintf(poll->sleep, sizeof poll->sleep, "%s", sleep != NULL ? sleep : "");
	snprintf(poll->token, sizeof poll->token, "%s", token != NULL ? token : "");
	json_decref(json);
	return true;
}

bool talk_enrol(struct talk *talk)
{
	struct talk_poll poll;

	if (!talk_poll(talk, &poll) || poll.token[0] == '\0')
		return false;
	snprintf(talk->authorization, sizeof talk->authorization, "TargetToken %s",
		 poll.token);
	return true;
}
