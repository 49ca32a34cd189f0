#include "protocol/tuf/tuf_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/problem.h"

enum { CHUNK = 64 * 1024, GROWN_MOST = 2 };

/* Values and strings lie in chunks that are only freed together. */
struct chunk {
	struct chunk *next;
	size_t used, room;
	max_align_t at[];
};

struct tuf_json_document {
	struct chunk *chunks;
	struct tuf_json *root;
};

struct reader {
	struct tuf_json_document *document;
	const char *name, *start, *at, *end;
	size_t values;
	struct tuf_json **open; /* values of the lists and objects not yet closed */
	size_t open_count, open_room;
	struct problem *p;
};

/* clang-format off */
static const char *const type_names[TUF_JSON_TYPES] = {
	[TUF_JSON_NULL] = "null", [TUF_JSON_FALSE] = "false", [TUF_JSON_TRUE] = "true",
	[TUF_JSON_WHOLE] = "a whole number", [TUF_JSON_TEXT] = "a string",
	[TUF_JSON_LIST] = "a list", [TUF_JSON_OBJECT] = "an object",
};
/* clang-format on */

static void *keep(struct tuf_json_document *document, size_t size)
{
	struct chunk *chunk = document->chunks;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) *
	       sizeof(max_align_t);
	if (chunk == NULL || chunk->room - chunk->used < size) {
		size_t room = size > CHUNK ? size : CHUNK;
		chunk = malloc(sizeof *chunk + room);
		if (chunk == NULL)
			return NULL;
		*chunk = (struct chunk){ .next = document->chunks, .room = room };
		document->chunks = chunk;
	}
	void *at = (char *)chunk->at + chunk->used;
	chunk->used += size;
	return at;
}

static int refuse(struct reader *r, const char *at, const char *what)
{
	size_t line = 1;

	for (const char *seen = r->start; seen < at; seen++)
		line += *seen == '\n';
	return problem_set(r->p, PROBLEM_BAD_INPUT, "%s:%zu: (byte %zu) %s", r->name,
			   line, (size_t)(at - r->start), what);
}

static int no_memory(struct reader *r)
{
	return problem_set(r->p, PROBLEM_NO_MEMORY, "%s: no memory to read it", r->name);
}

static void skip_space(struct reader *r)
{
	while (r->at < r->end &&
	       (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

/* The bytes of the well-formed UTF-8 character at `at`; 0 for none. */
static size_t utf8_size(const unsigned char *at, size_t left)
{
	unsigned char first = at[0];
	size_t size = first < 0x80   ? 1
		      : first < 0xc2 ? 0
		      : first < 0xe0 ? 2
		      : first < 0xf0 ? 3
		      : first < 0xf5 ? 4
				     : 0;

	if (size == 0 || size > left)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ||
	    (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f))
		return 0;
	return size;
}

static int read_four(struct reader *r, unsigned *code)
{
	*code = 0;
	if (r->end - r->at < 4)
		return refuse(r, r->at, "the text ends within an escape");
	for (int i = 0; i < 4; i++) {
		char c = *r->at++;
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
				 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
							: 16;
		if (digit == 16)
			return refuse(r, r->at - 1, "\\u takes four hex digits");
		*code = *code * 16 + digit;
	}
	return 0;
}

static char *put_utf8(char *to, unsigned code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* What follows a backslash.  Never longer than its escape, so it fits where that was. */
static int read_escape(struct reader *r, char **to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *before = r->at - 1, *found;
	unsigned code, low;

	if (r->at == r->end)
		return refuse(r, before, "the text ends within an escape");
	char c = *r->at++;
	if (c != '\0' && (found = strchr(from, c)) != NULL) {
		*(*to)++ = into[found - from];
		return 0;
	}
	if (c != 'u')
		return refuse(r, before, "no such escape");
	if (read_four(r, &code) < 0)
		return -1;
	if (code == 0)
		return refuse(r, before, "a string must not hold a NUL");
	if (code >= 0xdc00 && code < 0xe000)
		return refuse(r, before, "half of a surrogate pair");
	if (code >= 0xd800 && code < 0xdc00) {
		if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
			return refuse(r, before, "half of a surrogate pair");
		r->at += 2;
		if (read_four(r, &low) < 0)
			return -1;
		if (low < 0xdc00 || low >= 0xe000)
			return refuse(r, before, "half of a surrogate pair");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	*to = put_utf8(*to, code);
	return 0;
}

static int read_string(struct reader *r, const char **text)
{
	const char *scan = ++r->at;

	/* where it ends, for its size: no escape makes it longer */
	while (scan < r->end && *scan != '"')
		scan += *scan == '\\' && scan + 1 < r->end ? 2 : 1;
	if (scan >= r->end)
		return refuse(r, r->at - 1, "a string that does not end");
	char *room = keep(r->document, (size_t)(scan - r->at) + 1), *to = room;
	if (room == NULL)
		return no_memory(r);
	while (*r->at != '"') {
		unsigned char c = (unsigned char)*r->at;
		if (c < 0x20)
			return refuse(r, r->at, "a control character within a string");
		if (c == '\\') {
			r->at++;
			if (read_escape(r, &to) < 0)
				return -1;
			continue;
		}
		size_t size =
			utf8_size((const unsigned char *)r->at, (size_t)(r->end - r->at));
		if (size == 0)
			return refuse(r, r->at, "this is not UTF-8");
		memcpy(to, r->at, size);
		to += size;
		r->at += size;
	}
	r->at++;
	*to = '\0';
	*text = room;
	return 0;
}

static int read_number(struct reader *r, int64_t *whole)
{
	const char *before = r->at;
	bool minus = *r->at == '-';
	int64_t number = 0;

	r->at += minus;
	if (r->at == r->end || *r->at < '0' || *r->at > '9')
		return refuse(r, before, "a value was expected here");
	if (*r->at == '0' && r->end - r->at > 1 && r->at[1] >= '0' && r->at[1] <= '9')
		return refuse(r, before, "a number must not begin with 0");
	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
		number = number * 10 + (*r->at - '0');
		if (number > TUF_JSON_INTEGER)
			return refuse(r, before, "a number greater than 2^53 - 1");
	}
	if (r->at < r->end && (*r->at == '.' || *r->at == 'e' || *r->at == 'E'))
		return refuse(r, before, "only whole numbers may stand in signed text");
	if (minus && number == 0)
		return refuse(r, before, "-0 is no whole number");
	*whole = minus ? -number : number;
	return 0;
}

static bool read_word(struct reader *r, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size) != 0)
		return false;
	r->at += size;
	return true;
}

static int open_add(struct reader *r, struct tuf_json *value)
{
	if (r->open_count == r->open_room) {
		size_t room = r->open_room == 0 ? 64 : r->open_room * GROWN_MOST;
		struct tuf_json **bigger = reallocarray(r->open, room, sizeof(void *));
		if (bigger == NULL)
			return no_memory(r);
		r->open = bigger;
		r->open_room = room;
	}
	r->open[r->open_count++] = value;
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct tuf_json *const *one = a, *const *other = b;

	return strcmp((*one)->key, (*other)->key);
}

/* Take the values from `first` on off the stack and make them what is inside `value`. */
static int close_one(struct reader *r, struct tuf_json *value, size_t first,
		     const char *before)
{
	size_t count = r->open_count - first;
	struct tuf_json **list =
		keep(r->document, (count + 1) * sizeof(struct tuf_json *));

	if (list == NULL)
		return no_memory(r);
	if (count > 0)
		memcpy(list, r->open + first, count * sizeof(void *));
	r->open_count = first;
	if (value->type == TUF_JSON_OBJECT && count > 0) {
		qsort(list, count, sizeof(void *), by_key);
		for (size_t i = 1; i < count; i++) {
			char what[120];
			if (strcmp(list[i - 1]->key, list[i]->key) != 0)
				continue;
			snprintf(what, sizeof what,
				 "the object that begins here has '%.60s' twice",
				 list[i]->key);
			return refuse(r, before, what);
		}
	}
	value->inside.count = count;
	value->inside.at = list;
	return 0;
}

static struct tuf_json *read_value(struct reader *r, size_t depth);

static int read_key(struct reader *r, const char **key)
{
	skip_space(r);
	if (r->at == r->end || *r->at != '"')
		return refuse(r, r->at, "the name of a member was expected here");
	if (read_string(r, key) < 0)
		return -1;
	skip_space(r);
	if (r->at == r->end || *r->at != ':')
		return refuse(r, r->at, "a ':' was expected here");
	r->at++;
	return 0;
}

static int read_inside(struct reader *r, struct tuf_json *value, size_t depth)
{
	const char *before = r->at++;
	char close = value->type == TUF_JSON_OBJECT ? '}' : ']';
	size_t first = r->open_count;

	if (depth > TUF_JSON_DEPTH)
		return refuse(r, before, "more than 16 levels, one within the other");
	skip_space(r);
	if (r->at < r->end && *r->at == close) {
		r->at++;
		return close_one(r, value, first, before);
	}
	for (;;) {
		const char *key = NULL;
		if (value->type == TUF_JSON_OBJECT && read_key(r, &key) < 0)
			return -1;
		struct tuf_json *one = read_value(r, depth + 1);
		if (one == NULL)
			return -1;
		one->key = key;
		if (open_add(r, one) < 0)
			return -1;
		skip_space(r);
		if (r->at < r->end && *r->at == close)
			break;
		if (r->at == r->end || *r->at != ',')
			return refuse(r, r->at, "a ',' or the end was expected here");
		r->at++;
	}
	r->at++;
	return close_one(r, value, first, before);
}

static struct tuf_json *read_value(struct reader *r, size_t depth)
{
	skip_space(r);
	if (r->at == r->end) {
		refuse(r, r->at, "the text ends where a value was expected");
		return NULL;
	}
	struct tuf_json *value = keep(r->document, sizeof *value);
	if (value == NULL) {
		no_memory(r);
		return NULL;
	}
	memset(value, 0, sizeof *value);
	if (++r->values > TUF_JSON_VALUES) {
		refuse(r, r->at, "more than 1 000 000 values");
		return NULL;
	}
	int result = 0;
	if (*r->at == '{' || *r->at == '[') {
		value->type = *r->at == '{' ? TUF_JSON_OBJECT : TUF_JSON_LIST;
		result = read_inside(r, value, depth);
	} else if (*r->at == '"') {
		value->type = TUF_JSON_TEXT;
		result = read_string(r, &value->text);
	} else if (read_word(r, "true")) {
		value->type = TUF_JSON_TRUE;
	} else if (read_word(r, "false")) {
		value->type = TUF_JSON_FALSE;
	} else if (!read_word(r, "null")) {
		value->type = TUF_JSON_WHOLE;
		result = read_number(r, &value->whole);
	}
	return result < 0 ? NULL : value;
}

struct tuf_json_document *tuf_json_read(const char *name, const char *text, size_t size,
					struct problem *p)
{
	struct tuf_json_document *document = calloc(1, sizeof *document);
	struct reader r = { .document = document,
			    .name = name,
			    .start = text,
			    .at = text,
			    .end = text + size,
			    .p = p };

	if (document == NULL) {
		no_memory(&r);
		return NULL;
	}
	document->root = size == 0 ? NULL : read_value(&r, 1);
	if (size == 0)
		refuse(&r, text, "the file is empty");
	free(r.open);
	if (document->root != NULL) {
		skip_space(&r);
		if (r.at == r.end)
			return document;
		refuse(&r, r.at, "something follows the end of the JSON text");
	}
	tuf_json_free(document);
	return NULL;
}

void tuf_json_free(struct tuf_json_document *document)
{
	if (document == NULL)
		return;
	while (document->chunks != NULL) {
		struct chunk *next = document->chunks->next;
		free(document->chunks);
		document->chunks = next;
	}
	free(document);
}

const struct tuf_json *tuf_json_root(const struct tuf_json_document *document)
{
	return document->root;
}

const struct tuf_json *tuf_json_member(const struct tuf_json *object, const char *key)
{
	if (object == NULL || object->type != TUF_JSON_OBJECT)
		return NULL;
	size_t low = 0, high = object->inside.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(object->inside.at[middle]->key, key);
		if (order == 0)
			return object->inside.at[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct tuf_json *tuf_json_of(const struct tuf_json *object, const char *key,
				   enum tuf_json_type type)
{
	const struct tuf_json *found = tuf_json_member(object, key);

	return found != NULL && found->type == type ? found : NULL;
}

const char *tuf_json_text(const struct tuf_json *object, const char *key)
{
	const struct tuf_json *found = tuf_json_of(object, key, TUF_JSON_TEXT);

	return found == NULL ? NULL : found->text;
}

const char *tuf_json_type_name(enum tuf_json_type type)
{
	return type_names[type];
}

bool tuf_json_quote(struct buffer *to, const char *text)
{
	if (!buffer_append(to, "\"", 1))
		return false;
	while (*text != '\0') {
		size_t plain = strcspn(text, "\"\\");
		if (!buffer_append(to, text, plain))
			return false;
		text += plain;
		if (*text == '\0')
			break;
		char escape[2] = { '\\', *text++ };
		if (!buffer_append(to, escape, sizeof escape))
			return false;
	}
	return buffer_append(to, "\"", 1);
}

static bool write_inside(const struct tuf_json *value, struct buffer *to)
{
	bool object = value->type == TUF_JSON_OBJECT;

	if (!buffer_append(to, object ? "{" : "[", 1))
		return false;
	for (size_t i = 0; i < value->inside.count; i++) {
		const struct tuf_json *one = value->inside.at[i];
		if (i > 0 && !buffer_append(to, ",", 1))
			return false;
		if (object &&
		    (!tuf_json_quote(to, one->key) || !buffer_append(to, ":", 1)))
			return false;
		if (!tuf_json_canonical(one, to))
			return false;
	}
	return buffer_append(to, object ? "}" : "]", 1);
}

bool tuf_json_canonical(const struct tuf_json *value, struct buffer *to)
{
	char number[24];

	switch (value->type) {
	case TUF_JSON_WHOLE:
		snprintf(number, sizeof number, "%" PRId64, value->whole);
		return buffer_text(to, number);
	case TUF_JSON_TEXT:
		return tuf_json_quote(to, value->text);
	case TUF_JSON_LIST:
	case TUF_JSON_OBJECT:
		return write_inside(value, to);
	default:
		return buffer_text(to, type_names[value->type]);
	}
}
