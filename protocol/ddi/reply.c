/* Answers: documents with their entity-tag, and faults in hawkBit's form. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/content/condition.h"
#include "protocol/ddi/call.h"
#include "protocol/ddi/json_out.h"

enum { ERROR_MOST = 4096, TAG_TEXT = 24 };

/* Error codes are hawkBit's, for programs that look at them; classes are our own words,
 * for nobody has hawkBit's. */
/* clang-format off */
static const struct {
	int status;
	const char *code, *class;
} faces[FAULTS] = {
	[FAULT_BAD_REQUEST]    = { 400, "repo.constraintViolation", "BadRequest" },
	[FAULT_BAD_BODY]       = { 400, "rest.body.notReadable", "BadBody" },
	[FAULT_BAD_ATTRIBUTES] = { 400, "repo.invalidTargetAttributes", "BadAttributes" },
	[FAULT_UNAUTHORIZED]   = { 401, "", "" },
	[FAULT_NOT_FOUND]      = { 404, "repo.entityNotFound", "NotFound" },
	[FAULT_METHOD]         = { 405, "rest.method.notSupported", "MethodNotAllowed" },
	[FAULT_NOT_CANCELABLE] = { 405, "action.notCancelable", "NotCancelable" },
	[FAULT_NOT_ACCEPTABLE] = { 406, "rest.notAcceptable", "NotAcceptable" },
	[FAULT_GONE]           = { 410, "artifact.binaryDeleted", "Gone" },
	[FAULT_CLOSED]         = { 410, "action.notActive", "ActionClosed" },
	[FAULT_MEDIA]          = { 415, "rest.mediaType.notSupported", "MediaType" },
	[FAULT_TOO_MANY]       = { 429, "quota.tooManyEntries", "TooMany" },
	[FAULT_BUSY]           = { 503, "repo.busy", "Busy" },
	[FAULT_BROKEN]         = { 500, "repo.genericError", "Internal" },
};
/* clang-format on */

static const enum fault fault_of[PROBLEM_KINDS] = {
	[PROBLEM_NONE] = FAULT_BROKEN,         [PROBLEM_BAD_INPUT] = FAULT_BAD_REQUEST,
	[PROBLEM_NOT_FOUND] = FAULT_NOT_FOUND, [PROBLEM_CONFLICT] = FAULT_BUSY,
	[PROBLEM_TOO_LARGE] = FAULT_TOO_MANY,  [PROBLEM_BUSY] = FAULT_BUSY,
	[PROBLEM_EXTERNAL] = FAULT_BROKEN,     [PROBLEM_NO_MEMORY] = FAULT_BUSY,
};

static void write_error(struct buffer *buffer, enum fault fault, const char *message)
{
	struct json_out out = { .buffer = buffer };
	char text[96];

	json_out_open(&out, NULL, '{');
	snprintf(text, sizeof text, "patchyard.ddi.%s", faces[fault].class);
	json_out_text(&out, "exceptionClass", text);
	snprintf(text, sizeof text, "hawkbit.server.error.%s", faces[fault].code);
	json_out_text(&out, "errorCode", text);
	json_out_text(&out, "message", message);
	json_out_close(&out, '}');
	if (out.failed)
		buffer_clear(buffer, 0);
}

void ddi_reply_fault(struct ddi_call *call, enum fault fault, const char *message)
{
	const struct http_header allow[] = {
		{ "Allow", ddi_methods_text(call->route.methods) }, { NULL, NULL }
	};
	static const struct http_header retry[] = { { "Retry-After", "5" },
						    { NULL, NULL } };
	struct buffer buffer;
	int status = faces[fault].status;

	assert(status != 0);
	if (fault == FAULT_UNAUTHORIZED) {
		exchange_reply(call->exchange, status, NULL, NULL, 0, NULL);
		return;
	}
	buffer_init(&buffer, ERROR_MOST);
	write_error(&buffer, fault, message);
	exchange_reply(call->exchange, status, "application/json",
		       buffer.at != NULL ? buffer.at : "", buffer.size,
		       status == 405   ? allow
		       : status == 503 ? retry
				       : NULL);
	buffer_fini(&buffer);
}

void ddi_reply_problem(struct ddi_call *call, const struct problem *problem)
{
	ddi_reply_fault(call, fault_of[problem->kind], problem->text);
}

void ddi_reply_done(struct ddi_call *call)
{
	exchange_reply(call->exchange, 200, NULL, NULL, 0, NULL);
}

/* FNV-1a of 64 bits: an entity-tag has to change with the document, no more. */
static uint64_t digest(const char *at, size_t size)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < size; i++)
		sum = (sum ^ (unsigned char)at[i]) * UINT64_C(0x100000001b3);
	return sum;
}

void ddi_reply_document(struct ddi_call *call, const struct buffer *json, bool secret)
{
	const struct http_request *request = exchange_request(call->exchange);
	const char *listed = http_header(request, "If-None-Match");
	char tag[TAG_TEXT];
	const struct http_header plain[] = { { "ETag", tag },
					     { "Cache-Control", "no-cache" },
					     { NULL, NULL } };
	static const struct http_header hidden[] = { { "Cache-Control", "no-store" },
						     { NULL, NULL } };

	if (secret) {
		exchange_reply(call->exchange, 200, call->type, json->at, json->size,
			       hidden);
		return;
	}
	snprintf(tag, sizeof tag, "\"%016" PRIx64 "\"", digest(json->at, json->size));
	if (listed != NULL && condition_tag_listed(listed, tag))
		exchange_reply(call->exchange, 304, NULL, NULL, 0, plain);
	else
		exchange_reply(call->exchange, 200, call->type, json->at, json->size,
			       plain);
}
