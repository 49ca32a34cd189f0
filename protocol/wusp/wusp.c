#include "protocol/wusp/wusp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/problem.h"
#include "protocol/wusp/call.h"
#include "protocol/wusp/room.h"

static const struct wusp_service *const services[WUSP_RESOURCES] = {
	[WUSP_CLIENT] = &wusp_client,
	[WUSP_SIMPLE_AUTH] = &wusp_simple_auth,
	[WUSP_REPORTING] = &wusp_reporting,
};

/* Is `text`, of so many bytes, this word, whatever its case? */
static bool is_word(const char *text, size_t size, const char *word)
{
	return size == strlen(word) && strncasecmp(text, word, size) == 0;
}

/* The value of a parameter of a media type, without its quotes; NULL where it has none.
 */
static const char *media_parameter(const char *type, const char *name, size_t *size)
{
	for (const char *at = strchr(type, ';'); at != NULL; at = strchr(at, ';')) {
		at += 1 + strspn(at + 1, " \t");
		size_t name_size = strcspn(at, "=;");
		if (at[name_size] != '=' || !is_word(at, name_size, name))
			continue;
		at += name_size + 1;
		bool quoted = *at == '"';
		at += quoted;
		*size = strcspn(at, quoted ? "\"" : "; \t");
		return at;
	}
	return NULL;
}

/* Messages are UTF-8, as text/xml (SOAP 1.1) or application/soap+xml (1.2). */
static bool is_soap(const struct http_request *request)
{
	const char *type = http_header(request, "Content-Type");
	const char *encoding = http_header(request, "Content-Encoding");
	size_t size;

	if (type == NULL || (encoding != NULL && strcasecmp(encoding, "identity") != 0))
		return false;
	const char *charset = media_parameter(type, "charset", &size);
	if (charset != NULL && !is_word(charset, size, "utf-8") &&
	    !is_word(charset, size, "us-ascii"))
		return false;
	size = strcspn(type, "; \t");
	return is_word(type, size, "text/xml") ||
	       is_word(type, size, "application/soap+xml");
}

/* The action that the request's head names; NULL where it names none. */
static const char *action_of(const struct http_request *request, size_t *size)
{
	const char *action = http_header(request, "SOAPAction");
	const char *type = http_header(request, "Content-Type");

	if (action == NULL)
		return media_parameter(type, "action", size);
	bool quoted = *action == '"';
	action += quoted;
	*size = quoted ? strcspn(action, "\"") : strlen(action);
	return action;
}

/* What the head says is to be done must be what the body asks for. */
static bool action_fits(const struct wusp_call *call, const char *operation)
{
	const char *space = call->service->soap.space;
	size_t size = 0, space_size = strlen(space);
	const char *action = action_of(exchange_request(call->exchange), &size);

	if (action == NULL || size == 0)
		return true;
	return size > space_size && strncmp(action, space, space_size) == 0 &&
	       action[space_size] == '/' && size == space_size + 1 + strlen(operation) &&
	       strncmp(action + space_size + 1, operation, strlen(operation)) == 0;
}

/* A message with a field at fault: its cookie goes first all the same, so that who has
 * to begin anew is told so. */
static void refuse_field(struct wusp_call *call)
{
	const struct wusp_operation *operation = call->operation;
	const struct wusp_cookie *sent = NULL;

	if (call->request != NULL && operation->cookie_at >= 0)
		sent = (const void *)((const char *)call->request + operation->cookie_at);
	if (sent != NULL && sent->is_there && !wusp_session(call, sent, 0))
		return;
	wusp_reply_fault(call, WUSP_INVALID_PARAMETERS, call->field);
}

static void serve(struct wusp_call *call)
{
	const struct http_request *request = exchange_request(call->exchange);
	struct soap_message message = { 0 };
	struct problem p;

	int rc = soap_read(call->reader, request->body, request->body_size, &message, &p);
	call->version = message.version == SOAP_12 ? SOAP_12 : SOAP_11;
	if (message.operation == NULL || message.is_fault) {
		wusp_reply_fault(call, WUSP_NOT_UNDERSTOOD,
				 rc < 0 ? p.text : "this service has no such operation");
		return;
	}
	call->operation =
		&call->service
			 ->operations[message.operation - call->service->soap.operations];
	call->request = message.body;
	if (!action_fits(call, message.operation->name))
		wusp_reply_fault(call, WUSP_NOT_UNDERSTOOD,
				 "the SOAPAction is not that of the message");
	else if (rc == 0)
		call->operation->serve(call);
	else if (message.field[0] == '\0')
		wusp_reply_fault(call,
				 p.kind == PROBLEM_NO_MEMORY ? WUSP_SERVER_BUSY
							     : WUSP_NOT_UNDERSTOOD,
				 p.text);
	else {
		snprintf(call->field, sizeof call->field, "%s", message.field);
		refuse_field(call);
	}
}

static bool asks_for_wsdl(const struct http_request *request)
{
	return (request->method & (HTTP_GET | HTTP_HEAD)) != 0 &&
	       strcasecmp(request->query, "wsdl") == 0;
}

static void begin(struct wusp_call *call)
{
	static const struct http_header post[] = { { "Allow", "POST" }, { NULL, NULL } };
	static const struct http_header read[] = { { "Allow", "GET, HEAD" },
						   { NULL, NULL } };
	const struct http_request *request = exchange_request(call->exchange);
	bool reads = (request->method & (HTTP_GET | HTTP_HEAD)) != 0;

	if (call->route.resource == WUSP_CONTENT && reads)
		wusp_content(call);
	else if (call->route.resource == WUSP_CONTENT)
		exchange_reply(call->exchange, 405, NULL, NULL, 0, read);
	else if (asks_for_wsdl(request))
		wusp_describe(call);
	else if (request->method != HTTP_POST)
		exchange_reply(call->exchange, 405, NULL, NULL, 0, post);
	else if (!is_soap(request))
		exchange_reply(call->exchange, 415, NULL, NULL, 0, NULL);
	else {
		call->reader = wusp_room_reader(call->room, call->route.resource,
						&call->service->soap);
		if (call->reader == NULL)
			wusp_reply_fault(call, WUSP_SERVER_BUSY, NULL);
		else
			serve(call);
	}
}

bool wusp_handle(struct exchange *exchange, struct desk *desk)
{
	static const struct http_header retry[] = { { "Retry-After", "5" },
						    { NULL, NULL } };
	struct wusp_route route = wusp_route_find(exchange_request(exchange)->path);

	if (route.resource == WUSP_FOREIGN || !site_wusp_terms(desk->site)->serves)
		return false;
	struct wusp_call *call = exchange_allocate(exchange, sizeof *call);
	struct wusp_room *room = wusp_room_of(desk);
	if (call == NULL || room == NULL) {
		exchange_reply(exchange, 503, NULL, NULL, 0, retry);
		return true;
	}
	call->exchange = exchange;
	call->desk = desk;
	call->room = room;
	call->route = route;
	call->service = services[route.resource];
	call->version = SOAP_11;
	begin(call);
	return true;
}

size_t wusp_body_limit(const char *path)
{
	switch (wusp_route_find(path).resource) {
	case WUSP_FOREIGN:
		return 0;
	case WUSP_CONTENT:
		return 4096; /* where a body has no meaning, a small one does no harm */
	default:
		return LIMIT_WUSP_BODY;
	}
}
