#include "protocol/ddi/json_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put(struct json_out *out, const char *bytes, size_t size)
{
	if (!out->failed && !buffer_append(out->buffer, bytes, size))
		out->failed = true;
}

static void put_string(struct json_out *out, const char *text)
{
	char escaped[8];

	put(out, "\"", 1);
	while (*text != '\0') {
		const char *at = text;
		while ((unsigned char)*at >= ' ' && *at != '"' && *at != '\\')
			at++;
		put(out, text, (size_t)(at - text));
		if (*at == '\0')
			break;
		int size = *at == '"' || *at == '\\'
				   ? snprintf(escaped, sizeof escaped, "\\%c", *at)
				   : snprintf(escaped, sizeof escaped, "\\u%04x",
					      (unsigned char)*at);
		put(out, escaped, (size_t)size);
		text = at + 1;
	}
	put(out, "\"", 1);
}

static void put_key(struct json_out *out, const char *key)
{
	if (out->wants_comma)
		put(out, ",", 1);
	out->wants_comma = true;
	if (key == NULL)
		return;
	put_string(out, key);
	put(out, ":", 1);
}

void json_out_open(struct json_out *out, const char *key, char bracket)
{
	put_key(out, key);
	put(out, &bracket, 1);
	out->wants_comma = false;
}

void json_out_close(struct json_out *out, char bracket)
{
	put(out, &bracket, 1);
	out->wants_comma = true;
}

void json_out_text(struct json_out *out, const char *key, const char *value)
{
	put_key(out, key);
	put_string(out, value);
}

void json_out_number(struct json_out *out, const char *key, int64_t value)
{
	char text[24];
	int size = snprintf(text, sizeof text, "%" PRId64, value);

	put_key(out, key);
	put(out, text, (size_t)size);
}

void json_out_bool(struct json_out *out, const char *key, bool value)
{
	put_key(out, key);
	put(out, value ? "true" : "false", value ? 4 : 5);
}

void json_out_raw(struct json_out *out, const char *key, const char *json, size_t size)
{
	put_key(out, key);
	put(out, json, size);
}
