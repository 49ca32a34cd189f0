/* Answers: messages and faults, compressed for who asks. */

#include <assert.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/problem.h"
#include "protocol/server/log.h"
#include "protocol/soap/xpress.h"
#include "protocol/wusp/call.h"
#include "protocol/wusp/room.h"

enum {
	KEPT = 256 * 1024,  /* of the answer's memory, from one call to the next */
	PACKED_LEAST = 512, /* below this a body goes as it is */
};

static const struct {
	const char *code; /* NULL: none of MS-WUSP's */
	bool is_servers;
} faces[WUSP_FAULTS] = {
	[WUSP_INVALID_COOKIE] = { "InvalidCookie", false },
	[WUSP_SERVER_CHANGED] = { "ServerChanged", false },
	[WUSP_CONFIG_CHANGED] = { "ConfigChanged", false },
	[WUSP_COOKIE_EXPIRED] = { "CookieExpired", false },
	[WUSP_REGISTRATION_REQUIRED] = { "RegistrationRequired", false },
	[WUSP_REGISTRATION_NOT_REQUIRED] = { "RegistrationNotRequired", false },
	[WUSP_INVALID_AUTHORIZATION_COOKIE] = { "InvalidAuthorizationCookie", false },
	[WUSP_INVALID_PARAMETERS] = { "InvalidParameters", false },
	[WUSP_INTERNAL_ERROR] = { "InternalServerError", true },
	[WUSP_SERVER_BUSY] = { "ServerBusy", true },
	[WUSP_FILE_LOCATION_CHANGED] = { "FileLocationChanged", false },
	[WUSP_NOT_UNDERSTOOD] = { NULL, false },
};

static const enum wusp_fault fault_of[PROBLEM_KINDS] = {
	[PROBLEM_NONE] = WUSP_INTERNAL_ERROR,
	[PROBLEM_BAD_INPUT] = WUSP_INTERNAL_ERROR,
	[PROBLEM_NOT_FOUND] = WUSP_INVALID_COOKIE, /* the device was forgotten */
	[PROBLEM_CONFLICT] = WUSP_SERVER_BUSY,
	[PROBLEM_TOO_LARGE] = WUSP_INTERNAL_ERROR,
	[PROBLEM_BUSY] = WUSP_SERVER_BUSY,
	[PROBLEM_EXTERNAL] = WUSP_INTERNAL_ERROR,
	[PROBLEM_NO_MEMORY] = WUSP_SERVER_BUSY,
};

/* Is "xpress" among what the client takes, and not at q=0? */
static bool takes_xpress(const struct http_request *request)
{
	static const char name[] = "xpress";
	const char *at = http_header(request, "Accept-Encoding");

	while (at != NULL && *at != '\0') {
		at += strspn(at, " \t,");
		size_t size = strcspn(at, ",");
		size_t word = strcspn(at, ",; \t");
		if (word == sizeof name - 1 && strncasecmp(at, name, word) == 0) {
			const char *q = memchr(at, '=', size);
			return q == NULL || strspn(q + 1, "0.") < strcspn(q + 1, ", \t");
		}
		at += size;
	}
	return false;
}

static const char *type_of(const struct wusp_call *call)
{
	return call->version == SOAP_12 ? "application/soap+xml; charset=utf-8"
					: "text/xml; charset=utf-8";
}

/* What is in the room's answer. */
static void send_answer(struct wusp_call *call, int status)
{
	static const struct http_header plain[] = { { "Cache-Control", "private" },
						    { NULL, NULL } };
	static const struct http_header packed[] = { { "Cache-Control", "private" },
						     { "Content-Encoding", "xpress" },
						     { NULL, NULL } };
	struct wusp_room *room = call->room;
	struct buffer *body = &room->answer;
	const struct http_header *extra = plain;

	/* The request is no longer needed; after the reply the call is gone. */
	wusp_room_give(room, call->route.resource, call->reader);
	call->reader = NULL;
	buffer_clear(&room->packed, KEPT);
	if (body->size >= PACKED_LEAST &&
	    takes_xpress(exchange_request(call->exchange)) &&
	    xpress_encode(body->at, body->size, &room->packed) &&
	    room->packed.size < body->size) {
		body = &room->packed;
		extra = packed;
	}
	exchange_reply(call->exchange, status, type_of(call), body->at, body->size,
		       extra);
	buffer_clear(&room->answer, KEPT);
	buffer_clear(&room->packed, KEPT);
}

void wusp_answer(struct wusp_call *call, struct soap_writer *out)
{
	buffer_clear(&call->room->answer, KEPT);
	soap_begin(out, &call->room->answer, call->version, call->operation->response,
		   call->service->soap.space);
}

void wusp_reply(struct wusp_call *call, struct soap_writer *out)
{
	if (soap_end(out, call->operation->response))
		send_answer(call, 200);
	else
		wusp_reply_fault(call, WUSP_SERVER_BUSY, NULL);
}

/* A random one (RFC 4122, version 4).  Without randomness it is a poor one, not none. */
static struct guid fault_id(void)
{
	struct guid id = { { 0 } };

	if (RAND_bytes(id.bytes, sizeof id.bytes) != 1)
		memset(&id, 0, sizeof id);
	id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40);
	id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
	return id;
}

static void note(const struct wusp_call *call, enum wusp_fault fault, const char *about)
{
	if (!log_is_on(LOG_LEVEL_DEBUG))
		return;
	log_event(LOG_LEVEL_DEBUG, "wusp.fault", "code",
		  faces[fault].code != NULL ? faces[fault].code : "Client", "about",
		  about != NULL ? about : "", "device", call->computer.device, "peer",
		  exchange_request(call->exchange)->peer, NULL);
}

void wusp_reply_fault(struct wusp_call *call, enum wusp_fault fault, const char *about)
{
	const struct wusp_operation *operation = call->operation;
	char action[256];
	struct soap_fault_text text = { .is_servers = faces[fault].is_servers,
					.error_code = faces[fault].code,
					.message = about,
					.id = fault_id() };

	assert(fault != WUSP_FAULT_NONE);
	note(call, fault, about);
	if (operation != NULL) {
		const char *name =
			call->service->soap
				.operations[operation - call->service->operations]
				.name;
		snprintf(action, sizeof action, "\"%s/%s\"", call->service->soap.space,
			 name);
		text.action = action;
	}
	buffer_clear(&call->room->answer, KEPT);
	if (soap_fault_write(&call->room->answer, call->version, &text)) {
		send_answer(call, 500);
		return;
	}
	wusp_room_give(call->room, call->route.resource, call->reader);
	exchange_reply(call->exchange, 503, NULL, NULL, 0, NULL);
}

void wusp_reply_problem(struct wusp_call *call, const struct problem *problem)
{
	if (problem->kind == PROBLEM_EXTERNAL) {
		struct log_line line;
		log_begin(&line, LOG_LEVEL_ERROR, "wusp.failed");
		log_text(&line, "device", call->computer.device);
		log_problem(&line, problem);
		log_end(&line);
	}
	wusp_reply_fault(call, fault_of[problem->kind], NULL);
}
