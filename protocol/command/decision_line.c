#include "protocol/command/decision_line.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/decision.h"
#include "engine/instant.h"

/* Appends to a room that is large enough for whatever a line can hold. */
struct put {
	char *at;
};

static void put_raw(struct put *put, const char *text)
{
	size_t size = strlen(text);
	memcpy(put->at, text, size);
	put->at += size;
}

static void put_text(struct put *put, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	*put->at++ = '"';
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte == '"' || byte == '\\') {
			*put->at++ = '\\';
			*put->at++ = *text;
		} else if (byte < 0x20) {
			put_raw(put, "\\u00");
			*put->at++ = digits[byte >> 4];
			*put->at++ = digits[byte & 15];
		} else {
			*put->at++ = *text;
		}
	}
	*put->at++ = '"';
}

/* ,"name":"text", or null for NULL and for nothing. */
static void put_member(struct put *put, const char *name, const char *text)
{
	put_raw(put, name);
	if (text == NULL || text[0] == '\0')
		put_raw(put, "null");
	else
		put_text(put, text);
}

static void put_time(struct put *put, const char *name, int64_t at_s)
{
	char text[INSTANT_TEXT];

	put_member(put, name, at_s == INSTANT_NONE ? NULL : instant_format(at_s, text));
}

static void put_reasons(struct put *put, const struct decision *decision)
{
	const char *separator = "";

	put_raw(put, ",\"reasons\":[");
	for (int i = 0; i < decision->reason_count; i++) {
		const char *name = reason_face(decision->reasons[i])->name;
		bool told = false; /* two reasons may share a name */
		for (int j = 0; j < i && !told; j++)
			told = strcmp(reason_face(decision->reasons[j])->name, name) == 0;
		if (told)
			continue;
		put_raw(put, separator);
		put_text(put, name);
		separator = ",";
	}
	put_raw(put, "]}\n");
}

size_t decision_line_write(const char *id, const struct decision *decision,
			   char room[static DECISION_LINE_MOST])
{
	static const char *const tracks[] = {
		[TRACK_STANDARD] = "standard", [TRACK_HOTPATCH] = "hotpatch"
	};
	struct put put = { room };
	char kb[KB_TEXT], build[BUILD_TEXT];
	const struct release *release =
		decision->line != NULL && decision->release >= 0
			? &decision->line->releases[decision->release]
			: NULL;

	put_member(&put, "{\"id\":", id);
	put_member(&put, ",\"product\":",
		   decision->product == NULL ? NULL : decision->product->id);
	put_member(&put, ",\"level\":{\"kb\":", kb_format(decision->level.kb, kb));
	put_member(&put, ",\"build\":",
		   decision->build.base == 0 ? NULL
					     : build_format(decision->build, build));
	put_member(&put, "},\"track\":",
		   decision->line == NULL ? NULL : tracks[decision->track]);
	put_member(&put, ",\"action\":", action_names[decision->action]);
	put_member(&put, ",\"kb\":", release == NULL ? NULL : kb_format(release->kb, kb));
	put_member(&put, ",\"build\":",
		   release == NULL ? NULL : build_format(release->build, build));
	put_member(&put, ",\"kind\":",
		   release == NULL ? NULL : release_kind_names[release->kind]);
	put_time(&put, ",\"opens\":", decision->opens_s);
	put_time(&put, ",\"install_by\":", decision->install_by_s);
	put_reasons(&put, decision);
	assert(put.at - room < DECISION_LINE_MOST);
	return (size_t)(put.at - room);
}

size_t fault_line_write(const char *id, uint64_t line, const char *text,
			char room[static DECISION_LINE_MOST])
{
	struct put put = { room };
	char number[24];

	put_member(&put, "{\"id\":", id);
	snprintf(number, sizeof number, "%llu", (unsigned long long)line);
	put_raw(&put, ",\"line\":");
	put_raw(&put, number);
	put_member(&put, ",\"error\":", text);
	put_raw(&put, "}\n");
	assert(put.at - room < DECISION_LINE_MOST);
	return (size_t)(put.at - room);
}
