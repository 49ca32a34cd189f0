/* Writes JSON into a growing buffer, from outside in.
 *
 * Members are written in the order of the calls; a key is NULL inside an array.  Memory
 * that is not to be had is remembered and told once, by `failed`: what was written is
 * then of no use. */

#ifndef PROTOCOL_DDI_JSON_OUT_H
#define PROTOCOL_DDI_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/buffer.h"

struct json_out {
	struct buffer *buffer;
	bool failed;
	bool wants_comma;
};

void json_out_open(struct json_out *out, const char *key, char bracket); /* '{' or '[' */
void json_out_close(struct json_out *out, char bracket);
void json_out_text(struct json_out *out, const char *key, const char *value);
void json_out_number(struct json_out *out, const char *key, int64_t value);
void json_out_bool(struct json_out *out, const char *key, bool value);
/* JSON that was written before. */
void json_out_raw(struct json_out *out, const char *key, const char *json, size_t size);

#endif
