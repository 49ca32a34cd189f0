#include "protocol/soap/soap_reader.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/soap/base64.h"
#include "protocol/soap/soap_value.h"

enum { FIRST_ITEMS = 16 };

/* --- words for what is wrong ------------------------------------------------------ */

/* The path from the operation down; an item of a list is told as the list. */
static void tell_field(struct soap_reader *reader, const struct soap_field *field)
{
	char *path = reader->message->field;
	size_t room = sizeof reader->message->field, used = 0;

	path[0] = '\0';
	for (size_t i = 1; i <= reader->frame_count; i++) {
		const struct soap_field *step =
			i < reader->frame_count ? reader->frames[i].field : field;
		if (step == NULL || (step->most > 0 && used > 0))
			continue;
		int wanted = snprintf(path + used, room - used, "%s%s",
				      used > 0 ? "." : "", step->name);
		if (wanted < 0 || (size_t)wanted >= room - used)
			break;
		used += (size_t)wanted;
	}
}

int soap_fill_refuse(struct soap_reader *reader, const struct soap_field *field,
		     const char *why, struct problem *p)
{
	tell_field(reader, field);
	return problem_set(p, PROBLEM_BAD_INPUT, "%s: <%s> %s", reader->message->field,
			   field->name, why);
}

int soap_fill_no_memory(struct problem *p)
{
	return problem_set(p, PROBLEM_TOO_LARGE,
			   "the message takes more memory than one message may");
}

/* --- lists and groups ------------------------------------------------------------- */

static size_t item_size(const struct soap_field *field)
{
	switch (field->kind) {
	case SOAP_TEXT:
	case SOAP_BYTES:
		return sizeof(struct soap_text);
	case SOAP_BOOL:
		return sizeof(bool);
	case SOAP_GUID:
		return sizeof(struct guid);
	case SOAP_GROUP:
		return field->group->size;
	default:
		return sizeof(int64_t);
	}
}

/* Full lists are those whose count is a power of two. */
static bool is_full(const struct soap_list *list)
{
	return list->count == 0 ||
	       (list->count >= FIRST_ITEMS && (list->count & (list->count - 1)) == 0);
}

void *soap_fill_place(struct soap_reader *reader, const struct soap_field *field,
		      struct problem *p)
{
	char *at = reader->frames[reader->frame_count - 1].base + field->offset;

	if (field->most == 0)
		return at;
	struct soap_list *list = (struct soap_list *)(void *)at;
	size_t size = item_size(field);
	if (list->count == field->most) {
		char why[80];
		snprintf(why, sizeof why, "comes more than %u times", field->most);
		soap_fill_refuse(reader, field, why, p);
		return NULL;
	}
	if (is_full(list)) {
		size_t room = list->count == 0 ? FIRST_ITEMS : 2 * list->count;
		void *items = arena_take(&reader->arena, room * size);
		if (items == NULL) {
			soap_fill_no_memory(p);
			return NULL;
		}
		if (list->count > 0)
			memcpy(items, list->items, list->count * size);
		list->items = items;
	}
	return (char *)list->items + list->count++ * size;
}

/* --- values ----------------------------------------------------------------------- */

/* Kept beyond the document, NUL-terminated. */
static int keep(struct soap_reader *reader, const char *text, size_t size,
		struct soap_text *kept, struct problem *p)
{
	char *copy = arena_take(&reader->arena, size + 1);

	if (copy == NULL)
		return soap_fill_no_memory(p);
	if (size > 0)
		memcpy(copy, text, size);
	copy[size] = '\0';
	*kept = (struct soap_text){ copy, size };
	return 0;
}

static int take_bytes(struct soap_reader *reader, const struct soap_field *field,
		      struct soap_text *kept, struct problem *p)
{
	const struct buffer *value = &reader->value;
	size_t room = value->size / 4 * 3 + 1;
	char *bytes = arena_take(&reader->arena, room);

	if (bytes == NULL)
		return soap_fill_no_memory(p);
	ssize_t size = base64_decode(value->size > 0 ? value->at : "", value->size, bytes,
				     room - 1);
	if (size < 0)
		return soap_fill_refuse(reader, field, "is no base64", p);
	if (field->size_most > 0 && (size_t)size > field->size_most)
		return soap_fill_refuse(reader, field, "is too long", p);
	bytes[size] = '\0';
	*kept = (struct soap_text){ bytes, (size_t)size };
	return 0;
}

static int take_text(struct soap_reader *reader, const struct soap_field *field,
		     struct soap_text *kept, struct problem *p)
{
	if (field->size_most > 0 && reader->value.size > field->size_most)
		return soap_fill_refuse(reader, field, "is too long", p);
	return keep(reader, reader->value.at, reader->value.size, kept, p);
}

int soap_fill_value(struct soap_reader *reader, const struct soap_field *field, void *to,
		    struct problem *p)
{
	const char *text = reader->value.size > 0 ? reader->value.at : "";
	size_t size = reader->value.size;

	switch (field->kind) {
	case SOAP_TEXT:
		return take_text(reader, field, to, p);
	case SOAP_BYTES:
		return take_bytes(reader, field, to, p);
	case SOAP_INT:
		return soap_value_int(text, size, to)
			       ? 0
			       : soap_fill_refuse(reader, field, "is no whole number", p);
	case SOAP_BOOL:
		return soap_value_bool(text, size, to)
			       ? 0
			       : soap_fill_refuse(reader, field,
						  "is neither true nor false", p);
	case SOAP_GUID:
		size = soap_value_trim(&text, size);
		return guid_parse(text, size, to)
			       ? 0
			       : soap_fill_refuse(reader, field, "is no GUID", p);
	case SOAP_TIME:
		return soap_value_time(text, size, to)
			       ? 0
			       : soap_fill_refuse(reader, field, "is no dateTime", p);
	default:
		assert(!"a group is no value");
		return -1;
	}
}
