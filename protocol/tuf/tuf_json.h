/* JSON as signed metadata needs it: one reading of every text, or none.
 *
 * The reader takes a stricter language than JSON: whole numbers up to 2^53 - 1 only, no
 * key twice, no NUL, valid UTF-8, at most TUF_JSON_DEPTH levels and TUF_JSON_VALUES
 * values.  Where two readers could disagree, it refuses, with line and byte offset.
 *
 * The writer writes OLPC canonical JSON, the bytes that signatures are made over: members
 * sorted by their bytes, no space, nothing escaped but '"' and '\'.
 *
 * A document owns all its values; they are read only, and live until it is freed.
 * Members of an object are kept sorted, so reading and writing is sorting. */

#ifndef PROTOCOL_TUF_TUF_JSON_H
#define PROTOCOL_TUF_TUF_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct problem;

enum { TUF_JSON_DEPTH = 16, TUF_JSON_VALUES = 1000000 };
#define TUF_JSON_INTEGER INT64_C(9007199254740991)

enum tuf_json_type {
	TUF_JSON_NULL,
	TUF_JSON_FALSE,
	TUF_JSON_TRUE,
	TUF_JSON_WHOLE,
	TUF_JSON_TEXT,
	TUF_JSON_LIST,
	TUF_JSON_OBJECT,
	TUF_JSON_TYPES
};

struct tuf_json {
	enum tuf_json_type type;
	const char *key; /* in an object; NULL elsewhere */
	union {
		int64_t whole;
		const char *text; /* NUL-terminated */
		struct {
			size_t count;
			struct tuf_json *const *at; /* of an object sorted by key */
		} inside;
	};
};

struct tuf_json_document;

/* Read `size` bytes; `name` is what the text is called in a refusal.  NULL with *p told:
 * "1.root.json:1: (byte 17) ...". */
struct tuf_json_document *tuf_json_read(const char *name, const char *text, size_t size,
					struct problem *p);
void tuf_json_free(struct tuf_json_document *document); /* accepts NULL */
const struct tuf_json *tuf_json_root(const struct tuf_json_document *document);

/* The member of an object; NULL when it has none, or is none. */
const struct tuf_json *tuf_json_member(const struct tuf_json *object, const char *key);
/* The same where it must be of a type, else NULL. */
const struct tuf_json *tuf_json_of(const struct tuf_json *object, const char *key,
				   enum tuf_json_type type);
/* The member's text, or NULL. */
const char *tuf_json_text(const struct tuf_json *object, const char *key);

/* "an object", "a list": for sentences. */
const char *tuf_json_type_name(enum tuf_json_type type);

/* Append the canonical form.  False without memory, or past the buffer's maximum. */
bool tuf_json_canonical(const struct tuf_json *value, struct buffer *to);
/* Append one string with its quotes, escaped as canonical JSON escapes. */
bool tuf_json_quote(struct buffer *to, const char *text);

#endif
