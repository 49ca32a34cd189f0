#include "agents/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/problem.h"

enum { CONNECT_MOST_S = 15, SILENCE_MOST_S = 60, BUFFER = 128 * 1024 };

struct client {
	CURL *curl;
	char *ca_file, *unix_socket;
	bool allow_plain_loopback;
	bool (*is_stopped)(void);
	char error[CURL_ERROR_SIZE];
};

/* One exchange under way. */
struct flight {
	const struct request *request;
	struct answer *answer;
	CURL *curl;
	size_t room;
	bool opened, too_large, no_memory;
};

int client_start(struct problem *p)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return problem_set(p, PROBLEM_EXTERNAL, "cannot start libcurl");
	return 0;
}

void client_stop(void)
{
	curl_global_cleanup();
}

void answer_fini(struct answer *answer)
{
	free(answer->body);
	memset(answer, 0, sizeof *answer);
}

struct client *client_new(const struct client_options *options, struct problem *p)
{
	struct client *client = calloc(1, sizeof *client);
	if (client == NULL)
		goto fail;
	client->curl = curl_easy_init();
	client->allow_plain_loopback = options->allow_plain_loopback;
	client->is_stopped = options->is_stopped;
	if (client->curl == NULL ||
	    (options->ca_file != NULL &&
	     (client->ca_file = strdup(options->ca_file)) == NULL) ||
	    (options->unix_socket != NULL &&
	     (client->unix_socket = strdup(options->unix_socket)) == NULL))
		goto fail;
	return client;
fail:
	client_free(client);
	problem_set(p, PROBLEM_NO_MEMORY, "no memory for an HTTP client");
	return NULL;
}

void client_free(struct client *client)
{
	if (client == NULL)
		return;
	curl_easy_cleanup(client->curl);
	free(client->ca_file);
	free(client->unix_socket);
	free(client);
}

/* The value of a header line when it has this name; NULL otherwise. */
static bool header_is(const char *line, size_t size, const char *name, char *value,
		      size_t room)
{
	size_t name_size = strlen(name);
	if (size <= name_size || strncasecmp(line, name, name_size) != 0 ||
	    line[name_size] != ':')
		return false;
	const char *at = line + name_size + 1, *end = line + size;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (unsigned char)end[-1] <= ' ')
		end--;
	if ((size_t)(end - at) >= room)
		return false;
	memcpy(value, at, (size_t)(end - at));
	value[end - at] = '\0';
	return true;
}

static void forget_headers(struct answer *answer)
{
	answer->status = 0;
	answer->length = -1;
	answer->range_from = -1;
	answer->retry_after_s = -1;
	answer->etag[0] = '\0';
	answer->is_xpress = false;
}

static size_t on_header(char *line, size_t one, size_t size, void *owner)
{
	struct flight *flight = owner;
	struct answer *answer = flight->answer;
	char value[200] = "";

	size *= one;
	if (size >= 5 && strncmp(line, "HTTP/", 5) == 0)
		forget_headers(answer); /* an interim answer may have come before */
	else if (header_is(line, size, "ETag", value, sizeof answer->etag))
		memcpy(answer->etag, value, strlen(value) + 1);
	else if (header_is(line, size, "Retry-After", value, sizeof value))
		answer->retry_after_s = strtoll(value, NULL, 10);
	else if (header_is(line, size, "Content-Encoding", value, sizeof value))
		answer->is_xpress = strcasecmp(value, "xpress") == 0;
	else if (header_is(line, size, "Content-Length", value, sizeof value))
		answer->length = strtoll(value, NULL, 10);
	else if (header_is(line, size, "Content-Range", value, sizeof value) &&
		 strncasecmp(value, "bytes ", 6) == 0 && value[6] >= '0' &&
		 value[6] <= '9')
		answer->range_from = strtoll(value + 6, NULL, 10);
	return size;
}

static bool keep(struct flight *flight, const char *data, size_t size)
{
	struct answer *answer = flight->answer;
	if (answer->body_size + size > ANSWER_BODY_MOST) {
		flight->too_large = true;
		return false;
	}
	if (answer->body_size + size + 1 > flight->room) {
		size_t room = (answer->body_size + size + 1) * 2;
		char *bigger = realloc(answer->body, room);
		if (bigger == NULL) {
			flight->no_memory = true;
			return false;
		}
		answer->body = bigger;
		flight->room = room;
	}
	memcpy(answer->body + answer->body_size, data, size);
	answer->body_size += size;
	answer->body[answer->body_size] = '\0';
	return true;
}

static size_t on_data(char *data, size_t one, size_t size, void *owner)
{
	struct flight *flight = owner;
	const struct sink *sink = flight->request->sink;
	long status = 0;

	size *= one;
	curl_easy_getinfo(flight->curl, CURLINFO_RESPONSE_CODE, &status);
	flight->answer->status = (int)status;
	if (sink == NULL || (status != 200 && status != 206))
		return keep(flight, data, size) ? size : 0;
	if (!flight->opened) {
		flight->opened = true;
		if (!sink->open(sink->owner, flight->answer)) {
			flight->answer->cut = true;
			return 0;
		}
	}
	if (!sink->take(sink->owner, data, size)) {
		flight->answer->cut = true;
		return 0;
	}
	return size;
}

static int on_progress(void *owner, curl_off_t down_size, curl_off_t down,
		       curl_off_t up_size, curl_off_t up)
{
	const struct client *client = owner;

	(void)down_size;
	(void)down;
	(void)up_size;
	(void)up;
	return client->is_stopped() ? 1 : 0;
}

/* Which schemes this client may speak: https, or what its options allow. */
static const char *protocols_of(const struct client *client, const char *url)
{
	if (client->unix_socket != NULL)
		return "http";
	if (client->allow_plain_loopback && strncmp(url, "http://127.0.0.1", 16) == 0)
		return "http";
	return "https";
}

static void prepare(struct client *client, struct flight *flight,
		    struct curl_slist *headers)
{
	CURL *curl = client->curl;
	const struct request *request = flight->request;
	char range[64];

	curl_easy_reset(curl); /* options only: live connections stay */
	client->error[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols_of(client, request->url));
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)BUFFER);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_MOST_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_MOST_S);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (client->ca_file != NULL) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (client->unix_socket != NULL)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->unix_socket);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
				 (long)strlen(request->body));
	}
	if (request->range_from >= 0) {
		if (request->range_to < 0)
			snprintf(range, sizeof range, "%lld-",
				 (long long)request->range_from);
		else
			snprintf(range, sizeof range, "%lld-%lld",
				 (long long)request->range_from,
				 (long long)request->range_to);
		curl_easy_setopt(curl, CURLOPT_RANGE, range);
	}
	if (client->is_stopped != NULL) {
		curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
	}
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, flight);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, flight);
}

/* Add "name: value"; false without memory, the list then unchanged. */
static bool add_header(struct curl_slist **headers, const char *name, const char *value)
{
	char line[512];
	int size = snprintf(line, sizeof line, "%s: %s", name, value);
	if (size < 0 || (size_t)size >= sizeof line)
		return false;
	struct curl_slist *longer = curl_slist_append(*headers, line);
	if (longer == NULL)
		return false;
	*headers = longer;
	return true;
}

static int judge(struct flight *flight, CURLcode code, const char *error,
		 struct problem *p)
{
	struct answer *answer = flight->answer;
	long status = 0;

	curl_easy_getinfo(flight->curl, CURLINFO_RESPONSE_CODE, &status);
	answer->status = (int)status;
	if (answer->cut)
		return 0;
	if (flight->too_large)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the answer of '%.100s' has more than %d bytes",
				   flight->request->url, ANSWER_BODY_MOST);
	if (flight->no_memory)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for an answer");
	if (code != CURLE_OK)
		return problem_set(p, PROBLEM_EXTERNAL, "%s '%.100s': %.90s",
				   flight->request->method, flight->request->url,
				   error[0] != '\0' ? error : curl_easy_strerror(code));
	return 0;
}

static bool add_headers(struct curl_slist **headers, const struct request *request)
{
	char action[256];
	const char *accept = request->sink != NULL || request->soap_action != NULL
				     ? "*/*"
				     : "application/json";

	if (!add_header(headers, "Accept", accept) ||
	    !add_header(headers, "User-Agent", "patchyard-agent"))
		return false;
	if (request->body != NULL &&
	    !add_header(headers, "Content-Type",
			request->type != NULL ? request->type : "application/json"))
		return false;
	if (request->soap_action != NULL) {
		snprintf(action, sizeof action, "\"%s\"", request->soap_action);
		if (!add_header(headers, "SOAPAction", action) ||
		    !add_header(headers, "Accept-Encoding", "xpress"))
			return false;
	}
	return (request->authorization == NULL ||
		add_header(headers, "Authorization", request->authorization)) &&
	       (request->if_range == NULL ||
		add_header(headers, "If-Range", request->if_range));
}

static int exchange(void *owner, const struct request *request, struct answer *answer,
		    struct problem *p)
{
	struct client *client = owner;
	struct flight flight = { .request = request,
				 .answer = answer,
				 .curl = client->curl };
	struct curl_slist *headers = NULL;
	int result;

	memset(answer, 0, sizeof *answer);
	forget_headers(answer);
	if (!add_headers(&headers, request)) {
		result = problem_set(p, PROBLEM_NO_MEMORY,
				     "no room for the headers of a request");
	} else {
		prepare(client, &flight, headers);
		CURLcode code = curl_easy_perform(client->curl);
		result = judge(&flight, code, client->error, p);
		curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
	}
	curl_slist_free_all(headers);
	if (result < 0)
		answer_fini(answer);
	return result;
}

struct transport client_transport(struct client *client)
{
	struct transport transport = { client, exchange };
	return transport;
}
