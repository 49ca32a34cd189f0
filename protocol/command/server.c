#include "protocol/command/server.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "engine/limits.h"
#include "protocol/command/signals.h"

#define BASE "http://localhost/api/v1"

/* A page of devices is some 4 MiB, a whole plan or catalog less than what is taken in. */
enum { ANSWER_MOST = LIMIT_ADMIN_BODY };

struct server {
	CURL *curl;
	struct curl_slist *headers; /* of the call */
	const char *socket;
	char message[CURL_ERROR_SIZE];
};

struct body {
	char *text; /* NUL-terminated once there is any */
	size_t size, room;
	bool is_too_large;
};

static size_t take_body(char *data, size_t one, size_t size, void *owner)
{
	struct body *body = owner;

	(void)one; /* always 1 */
	if (size > ANSWER_MOST - body->size) {
		body->is_too_large = true;
		return 0;
	}
	if (body->size + size + 1 > body->room) {
		size_t room = (body->size + size + 1) * 2;
		char *bigger = realloc(body->text, room);
		if (bigger == NULL)
			return 0;
		body->text = bigger;
		body->room = room;
	}
	memcpy(body->text + body->size, data, size);
	body->size += size;
	body->text[body->size] = '\0';
	return size;
}

/* Options that stay for all calls; false when libcurl has not one of them. */
static bool set_up(struct server *server)
{
	CURL *curl = server->curl;

	return curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, server->socket) ==
		       CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S) ==
		       CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)CALL_S) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "patchyard") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, server->message) == CURLE_OK;
}

struct server *server_open(const struct invocation *invocation, struct trouble *trouble)
{
	const char *path = invocation->options[OPTION_SOCKET];
	struct sockaddr_un address;

	if (path == NULL)
		path = getenv("PATCHYARD_SOCKET");
	if (path == NULL || path[0] == '\0')
		path = SERVER_SOCKET;
	if (strlen(path) >= sizeof address.sun_path) {
		trouble_set(trouble, STATUS_UNREACHABLE,
			    "the socket's path is longer than %zu bytes: %.200s",
			    sizeof address.sun_path - 1, path);
		return NULL;
	}
	struct server *server = calloc(1, sizeof *server);
	if (server != NULL && curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK) {
		server->socket = path;
		server->curl = curl_easy_init();
		if (server->curl != NULL && set_up(server))
			return server;
	}
	trouble_set(trouble, STATUS_FAILED, "libcurl cannot be set up");
	server_close(server);
	return NULL;
}

void server_close(struct server *server)
{
	if (server == NULL)
		return;
	curl_slist_free_all(server->headers);
	curl_easy_cleanup(server->curl);
	free(server);
	curl_global_cleanup();
}

/* No answer came: whose fault is it? */
static int no_answer(const struct server *server, CURLcode code, struct trouble *trouble)
{
	long error = 0;

	(void)curl_easy_getinfo(server->curl, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_COULDNT_CONNECT && (error == EACCES || error == EPERM)) {
		trouble_set(trouble, STATUS_REFUSED, "no permission to use %s",
			    server->socket);
		trouble_advise(trouble, "Run it as root, as the server's user, or as a "
					"member of the socket's group.");
	} else if (code == CURLE_COULDNT_CONNECT) {
		trouble_set(trouble, STATUS_UNREACHABLE, "no server answers on %s%s",
			    server->socket,
			    error == ENOENT         ? " (there is no such socket)"
			    : error == ECONNREFUSED ? " (nobody listens)"
						    : "");
		trouble_advise(trouble, "Is patchyardd running?  Another socket: "
					"--socket PATH, or PATCHYARD_SOCKET.");
	} else if (code == CURLE_OPERATION_TIMEDOUT) {
		trouble_set(trouble, STATUS_UNREACHABLE,
			    "the server did not answer in time");
		trouble_advise(trouble, "It may still do what it was asked; look before "
					"asking again.");
	} else {
		trouble_set(trouble, STATUS_UNREACHABLE,
			    "the connection broke before the answer was whole: %s",
			    server->message[0] != '\0' ? server->message
						       : curl_easy_strerror(code));
	}
	return -1;
}

static enum status status_of(long http_status)
{
	static const struct {
		long http_status;
		enum status status;
	} table[] = {
		{ 401, STATUS_REFUSED },   { 403, STATUS_REFUSED },
		{ 404, STATUS_NOT_FOUND }, { 409, STATUS_CONFLICT },
		{ 412, STATUS_CONFLICT },  { 428, STATUS_CONFLICT },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (table[i].http_status == http_status)
			return table[i].status;
	}
	return STATUS_FAILED;
}

/* Findings speak for themselves, a line each: the sentence only counts them. */
static void count_the_findings(struct trouble *trouble)
{
	const json_t *findings = json_object_get(trouble->document, "findings");
	size_t i, errors = 0, count = json_array_size(findings);
	char text[96];
	const json_t *finding;

	json_array_foreach(findings, i, finding)
	{
		const char *severity =
			json_string_value(json_object_get(finding, "severity"));
		errors += severity == NULL || strcmp(severity, "warning") != 0;
	}
	if (count == 0)
		return;
	count_findings(errors, count - errors, text, sizeof text);
	trouble->status = STATUS_NO;
	snprintf(trouble->text, sizeof trouble->text, "%s.  Nothing was changed.", text);
}

/* The server said no: in its own words, when they are the words of an API. */
static int refused(long http_status, const struct body *body, struct trouble *trouble)
{
	json_t *document =
		body->size == 0 ? NULL : json_loadb(body->text, body->size, 0, NULL);
	const char *detail = json_string_value(json_object_get(document, "detail"));
	const char *title = json_string_value(json_object_get(document, "title"));

	if (detail != NULL || title != NULL) {
		trouble_set(trouble, status_of(http_status), "%s",
			    detail != NULL && detail[0] != '\0' ? detail
			    : title != NULL                     ? title
								: "");
		trouble->document = document;
		count_the_findings(trouble);
		return -1;
	}
	json_decref(document);
	trouble_set(trouble, status_of(http_status),
		    "the server answered with status %ld", http_status);
	trouble_advise(trouble, "Is it patchyardd that listens there?");
	return -1;
}

/* What the body is; and "Expect:" empty, for no pause before a long one. */
static bool set_headers(struct server *server, const struct call *call)
{
	const char *type = call->body_type == NULL ? "application/json" : call->body_type;
	char line[128];

	curl_slist_free_all(server->headers);
	server->headers = curl_slist_append(NULL, "Expect:");
	if (server->headers == NULL)
		return false;
	snprintf(line, sizeof line, "Content-Type: %s", type);
	if (call->body != NULL && curl_slist_append(server->headers, line) == NULL)
		return false;
	return curl_easy_setopt(server->curl, CURLOPT_HTTPHEADER, server->headers) ==
	       CURLE_OK;
}

static bool prepare(struct server *server, const struct call *call, const char *url,
		    struct body *body)
{
	CURL *curl = server->curl;
	bool good = curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
		    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK &&
		    set_headers(server, call);

	if (call->body != NULL)
		good = good &&
		       curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
					(curl_off_t)call->size) == CURLE_OK &&
		       curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body) == CURLE_OK;
	else
		good = good && curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	server->message[0] = '\0';
	return good &&
	       curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method) == CURLE_OK;
}

int server_call(struct server *server, const struct call *call, char **text,
		struct trouble *trouble)
{
	char url[sizeof BASE + LIMIT_TARGET];
	struct body body = { 0 };
	long http_status = 0;

	snprintf(url, sizeof url, BASE "%s", call->path);
	if (!prepare(server, call, url, &body))
		return trouble_set(trouble, STATUS_FAILED, "libcurl cannot be set up");
	signals_working(true);
	CURLcode code = curl_easy_perform(server->curl);
	signals_working(false);
	if (code != CURLE_OK) {
		free(body.text);
		if (body.is_too_large)
			return trouble_set(trouble, STATUS_FAILED,
					   "the server's answer is larger than %d MiB",
					   ANSWER_MOST / (1024 * 1024));
		return no_answer(server, code, trouble);
	}
	(void)curl_easy_getinfo(server->curl, CURLINFO_RESPONSE_CODE, &http_status);
	if (http_status < 200 || http_status > 299) {
		refused(http_status, &body, trouble);
		free(body.text);
		return -1;
	}
	*text = body.text != NULL ? body.text : strdup("");
	if (*text == NULL)
		return trouble_set(trouble, STATUS_FAILED, "no memory for the answer");
	return 0;
}

int server_ask(struct server *server, const char *method, const char *path, json_t *body,
	       json_t **answer, struct trouble *trouble)
{
	struct call call = { .method = method, .path = path };
	char *text = NULL, *sent = NULL;
	json_error_t error = { .text = "" };

	if (body != NULL) {
		sent = json_dumps(body, JSON_COMPACT);
		json_decref(body);
		if (sent == NULL)
			return trouble_set(trouble, STATUS_FAILED,
					   "no memory for the request");
		call.body = sent;
		call.size = strlen(sent);
	}
	int result = server_call(server, &call, &text, trouble);
	free(sent);
	if (result < 0)
		return -1;
	assert(text != NULL);
	*answer = text[0] == '\0' ? json_object()
				  : json_loads(text, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!json_is_object(*answer)) {
		json_decref(*answer);
		trouble_set(trouble, STATUS_FAILED,
			    "the server's answer is no JSON object%s%s", ": ",
			    error.text);
		trouble_advise(trouble, "Is it patchyardd that listens there?");
		return -1;
	}
	return 0;
}

/* RFC 3986: everything but the unreserved characters. */
static int append_encoded(char *room, size_t size, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";
	size_t used = strlen(room);

	for (; *text != '\0'; text++) {
		if (used + 4 > size)
			return -1;
		if (strchr(plain, *text) != NULL) {
			room[used++] = *text;
		} else {
			room[used++] = '%';
			room[used++] = digits[(unsigned char)*text >> 4];
			room[used++] = digits[(unsigned char)*text & 15];
		}
	}
	room[used] = '\0';
	return 0;
}

int path_join(char *room, size_t size, const char *before, const char *segment,
	      const char *after)
{
	int used = snprintf(room, size, "%s", before);

	if (used < 0 || (size_t)used >= size)
		return -1;
	/* "." and ".." would be taken as steps in the path (RFC 3986 5.2.4), whatever
	 * their encoding: no device can have such a name. */
	if (segment[0] == '\0' || strcmp(segment, ".") == 0 ||
	    strcmp(segment, "..") == 0 || append_encoded(room, size, segment) < 0)
		return -1;
	size_t left = size - strlen(room);
	used = snprintf(room + strlen(room), left, "%s", after);
	return used >= 0 && (size_t)used < left ? 0 : -1;
}

int path_query(char *room, size_t size, const char *name, const char *value)
{
	size_t used = strlen(room);
	int wanted = snprintf(room + used, size - used,
			      "%c%s=", strchr(room, '?') == NULL ? '?' : '&', name);

	if (wanted < 0 || (size_t)wanted >= size - used)
		return -1;
	return append_encoded(room, size, value);
}
