#include "protocol/soap/soap_reader.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/soap/soap_value.h"
#include "protocol/xml/xml_reader.h"

static const char space_11[] = "http://schemas.xmlsoap.org/soap/envelope/";
static const char space_12[] = "http://www.w3.org/2003/05/soap-envelope";
static const char space_xsi[] = "http://www.w3.org/2001/XMLSchema-instance";

static const struct xml_limits limits = {
	.document_bytes = LIMIT_XML_DOCUMENT,
	.tag_bytes = 16 * 1024,
	.depth = 32,
	.attributes = 32,
	.elements = 400000,
};

static int push(struct soap_reader *reader, const struct soap_group *group, char *base,
		const struct soap_field *field, struct problem *p)
{
	assert(group->field_count <= 64);
	if (reader->frame_count == FRAMES)
		return problem_set(p, PROBLEM_TOO_LARGE, "the message is too deep");
	memset(base, 0, group->size);
	reader->frames[reader->frame_count++] =
		(struct frame){ .group = group, .base = base, .field = field };
	reader->place = AT_GROUP;
	return 0;
}

/* The innermost group is over: was everything there? */
static int pop(struct soap_reader *reader, struct problem *p)
{
	struct frame *frame = &reader->frames[reader->frame_count - 1];

	for (size_t i = 0; i < frame->group->field_count; i++) {
		const struct soap_field *field = &frame->group->fields[i];
		if (field->required && (frame->seen >> i & 1) == 0)
			return soap_fill_refuse(reader, field, "is missing", p);
	}
	reader->frame_count--;
	if (reader->frame_count == 0)
		reader->place = AT_BODY;
	return 0;
}

static void mark_seen(struct soap_reader *reader, const struct soap_field *field)
{
	struct frame *frame = &reader->frames[reader->frame_count - 1];

	frame->seen |= UINT64_C(1) << (size_t)(field - frame->group->fields);
	if (field->tells)
		*(bool *)(void *)(frame->base + field->tells_offset) = true;
}

static int end_value(struct soap_reader *reader, struct problem *p)
{
	const struct soap_field *field = reader->field;

	reader->place = AT_GROUP;
	if (reader->is_nil)
		return 0;
	void *to = soap_fill_place(reader, field, p);
	if (to == NULL)
		return -1;
	/* A text of a list may not come out of what the list held before. */
	if (soap_fill_value(reader, field, to, p) < 0)
		return -1;
	mark_seen(reader, field);
	return 0;
}

/* --- elements --------------------------------------------------------------------- */

static bool is_nil(const struct xml_element *element)
{
	for (size_t i = 0; i < element->attribute_count; i++) {
		const struct xml_attribute *attribute = &element->attributes[i];
		bool value;
		if (strcmp(attribute->space, space_xsi) == 0 &&
		    strcmp(attribute->name, "nil") == 0 &&
		    soap_value_bool(attribute->value, strlen(attribute->value), &value))
			return value;
	}
	return false;
}

/* Messages come in the order of their tables, mostly: so the search begins there. */
static const struct soap_field *find_field(struct frame *frame, const char *name)
{
	size_t count = frame->group->field_count;

	for (size_t i = 0; i < count; i++) {
		size_t at = frame->next + i < count ? frame->next + i
						    : frame->next + i - count;
		const struct soap_field *field = &frame->group->fields[at];
		if (field->name[0] == name[0] && strcmp(field->name, name) == 0) {
			frame->next = field->most > 0 ? at : (at + 1) % count;
			return field;
		}
	}
	return NULL;
}

static int start_field(struct soap_reader *reader, const struct xml_element *element,
		       struct problem *p)
{
	struct frame *frame = &reader->frames[reader->frame_count - 1];
	const struct soap_field *field =
		strcmp(element->space, reader->service->space) == 0
			? find_field(frame, element->name)
			: NULL;

	if (field == NULL || (field->kind == SOAP_GROUP && is_nil(element))) {
		reader->skipping = 1;
		return 0;
	}
	if (field->kind == SOAP_GROUP) {
		char *base = soap_fill_place(reader, field, p);
		if (base == NULL)
			return -1;
		mark_seen(reader, field);
		return push(reader, field->group, base, field, p);
	}
	reader->field = field;
	reader->is_nil = element->attribute_count > 0 && is_nil(element);
	buffer_clear(&reader->value, SIZE_MAX);
	reader->place = AT_VALUE;
	return 0;
}

static int start_envelope(struct soap_reader *reader, const struct xml_element *element,
			  struct problem *p)
{
	struct soap_message *message = reader->message;

	if (strcmp(element->name, "Envelope") == 0 &&
	    strcmp(element->space, space_11) == 0)
		message->version = SOAP_11;
	else if (strcmp(element->name, "Envelope") == 0 &&
		 strcmp(element->space, space_12) == 0)
		message->version = SOAP_12;
	else
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "this is no SOAP message: its root is <%.60s>, not "
				   "the Envelope of SOAP 1.1 or 1.2",
				   element->name);
	reader->place = AT_ENVELOPE;
	return 0;
}

static const char *envelope_space(const struct soap_reader *reader)
{
	return reader->message->version == SOAP_12 ? space_12 : space_11;
}

static int start_part(struct soap_reader *reader, const struct xml_element *element,
		      struct problem *p)
{
	bool is_ours = strcmp(element->space, envelope_space(reader)) == 0;

	if (is_ours && strcmp(element->name, "Body") == 0) {
		if (reader->has_body)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "the message has two bodies");
		reader->has_body = true;
		reader->place = AT_BODY;
	} else if (is_ours && strcmp(element->name, "Header") == 0) {
		if (reader->has_header || reader->has_body)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "a message has one header, before its body");
		reader->has_header = true;
		reader->place = AT_HEADER;
	} else if (reader->has_body) {
		reader->skipping = 1; /* SOAP 1.1 allows more after Body */
	} else {
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "<%.60s> stands where the SOAP Body should",
				   element->name);
	}
	return 0;
}

static int start_header(struct soap_reader *reader, const struct xml_element *element,
			struct problem *p)
{
	for (size_t i = 0; i < element->attribute_count; i++) {
		const struct xml_attribute *attribute = &element->attributes[i];
		bool must = false;
		if (strcmp(attribute->space, envelope_space(reader)) == 0 &&
		    strcmp(attribute->name, "mustUnderstand") == 0 &&
		    soap_value_bool(attribute->value, strlen(attribute->value), &must) &&
		    must)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "the header <%.60s> must be understood, and "
					   "is not",
					   element->name);
	}
	reader->skipping = 1;
	return 0;
}

static int start_operation(struct soap_reader *reader, const struct xml_element *element,
			   struct problem *p)
{
	struct soap_message *message = reader->message;
	const struct soap_service *service = reader->service;

	if (message->name[0] != '\0')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the SOAP Body holds more than one element");
	snprintf(message->name, sizeof message->name, "%s", element->name);
	if (strcmp(element->space, envelope_space(reader)) == 0 &&
	    strcmp(element->name, "Fault") == 0) {
		message->is_fault = true;
		reader->place = AT_FAULT;
		reader->fault_depth = 0;
		return 0;
	}
	for (size_t i = 0; i < service->operation_count; i++) {
		const struct soap_operation *operation = &service->operations[i];
		if (strcmp(operation->name, element->name) != 0 ||
		    strcmp(service->space, element->space) != 0)
			continue;
		message->operation = operation;
		message->body = arena_take(&reader->arena, operation->message->size);
		if (message->body == NULL)
			return soap_fill_no_memory(p);
		return push(reader, operation->message, message->body, NULL, p);
	}
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "the service has no operation <%.60s> in that name space",
			   element->name);
}

/* Faults are told by the local names of their elements, in both versions. */
static void start_fault_part(struct soap_reader *reader, const char *name)
{
	struct soap_fault *fault = &reader->message->fault;
	const struct {
		const char *name;
		char *text;
		size_t room;
	} parts[] = {
		{ "faultcode", fault->code, sizeof fault->code },
		{ "Value", fault->code, sizeof fault->code },
		{ "faultstring", fault->text, sizeof fault->text },
		{ "Text", fault->text, sizeof fault->text },
		{ "ErrorCode", fault->error_code, sizeof fault->error_code },
		{ "Message", fault->message, sizeof fault->message },
	};

	reader->fault_depth++;
	reader->fault_text = NULL;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (strcmp(parts[i].name, name) == 0 && parts[i].text[0] == '\0') {
			reader->fault_text = parts[i].text;
			reader->fault_room = parts[i].room;
		}
	}
}

static int on_start(void *owner, const struct xml_element *element, struct problem *p)
{
	struct soap_reader *reader = owner;

	if (reader->skipping > 0) {
		reader->skipping++;
		return 0;
	}
	switch (reader->place) {
	case AT_START:
		return start_envelope(reader, element, p);
	case AT_ENVELOPE:
		return start_part(reader, element, p);
	case AT_HEADER:
		return start_header(reader, element, p);
	case AT_BODY:
		return start_operation(reader, element, p);
	case AT_GROUP:
		return start_field(reader, element, p);
	case AT_VALUE:
		return soap_fill_refuse(reader, reader->field,
					"holds elements; it is one value", p);
	case AT_FAULT:
		start_fault_part(reader, element->name);
		return 0;
	}
	return 0;
}

static int on_text(void *owner, const char *text, size_t size, struct problem *p)
{
	struct soap_reader *reader = owner;

	if (reader->skipping > 0)
		return 0;
	if (reader->place == AT_VALUE && !buffer_append(&reader->value, text, size))
		return soap_fill_no_memory(p);
	if (reader->place == AT_FAULT && reader->fault_text != NULL) {
		size_t used = strlen(reader->fault_text);
		snprintf(reader->fault_text + used, reader->fault_room - used, "%.*s",
			 size < 4096 ? (int)size : 4096, text);
	}
	return 0;
}

static int on_end(void *owner, const char *space, const char *name, struct problem *p)
{
	struct soap_reader *reader = owner;

	(void)space;
	(void)name;
	if (reader->skipping > 0) {
		reader->skipping--;
		return 0;
	}
	switch (reader->place) {
	case AT_VALUE:
		return end_value(reader, p);
	case AT_GROUP:
		return pop(reader, p);
	case AT_FAULT:
		reader->fault_text = NULL;
		if (reader->fault_depth-- == 0)
			reader->place = AT_BODY;
		return 0;
	case AT_BODY:
	case AT_HEADER:
		reader->place = AT_ENVELOPE;
		return 0;
	default:
		return 0;
	}
}

static const struct xml_events events = { on_start, on_text, on_end };

/* --- the reader ------------------------------------------------------------------- */

struct soap_reader *soap_reader_new(const struct soap_service *service,
				    size_t memory_most)
{
	struct soap_reader *reader = calloc(1, sizeof *reader);

	if (reader == NULL)
		return NULL;
	reader->service = service;
	arena_init(&reader->arena, memory_most);
	buffer_init(&reader->value, memory_most);
	reader->xml = xml_reader_new(&events, reader, &limits);
	if (reader->xml == NULL) {
		free(reader);
		return NULL;
	}
	return reader;
}

void soap_reader_free(struct soap_reader *reader)
{
	if (reader == NULL)
		return;
	xml_reader_free(reader->xml);
	buffer_fini(&reader->value);
	arena_fini(&reader->arena);
	free(reader);
}

static void begin(struct soap_reader *reader, struct soap_message *message)
{
	enum { VALUE_KEPT = 64 * 1024 };

	arena_reset(&reader->arena);
	buffer_clear(&reader->value, VALUE_KEPT);
	*message = (struct soap_message){ .version = SOAP_11 };
	reader->message = message;
	reader->place = AT_START;
	reader->skipping = 0;
	reader->has_header = reader->has_body = false;
	reader->frame_count = 0;
	reader->fault_text = NULL;
}

/* "soap:Client" is Client. */
static void strip_prefix(char *code)
{
	const char *colon = strchr(code, ':');

	if (colon != NULL)
		memmove(code, colon + 1, strlen(colon + 1) + 1);
}

int soap_read(struct soap_reader *reader, const char *text, size_t size,
	      struct soap_message *message, struct problem *p)
{
	begin(reader, message);
	xml_reader_reset(reader->xml);
	int rc = xml_reader_read(reader->xml, text, size, p);
	reader->message = NULL;
	if (rc < 0)
		return -1;
	if (message->name[0] == '\0')
		return problem_set(p, PROBLEM_BAD_INPUT, "the SOAP message has no body");
	strip_prefix(message->fault.code);
	return 0;
}
