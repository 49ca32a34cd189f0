#include "store/lines.h"

#include <assert.h>
#include <string.h>

void lines_out_init(struct lines_out *out, char *text, size_t size)
{
	*out = (struct lines_out){ .text = text, .size = size };
}

static void put(struct lines_out *out, const char *bytes, size_t count)
{
	if (count > out->size - out->used) {
		out->full = true;
		return;
	}
	memcpy(out->text + out->used, bytes, count);
	out->used += count;
}

static void separate(struct lines_out *out)
{
	if (out->field)
		put(out, "\t", 1);
	out->field = true;
}

void lines_out_text(struct lines_out *out, const char *text)
{
	static const char escape[256] = {
		['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r', ['\\'] = '\\'
	};

	separate(out);
	for (;;) {
		size_t plain = strcspn(text, "\t\n\r\\");
		put(out, text, plain);
		text += plain;
		if (*text == '\0')
			return;
		const char pair[2] = { '\\', escape[(unsigned char)*text] };
		put(out, pair, 2);
		text++;
	}
}

void lines_out_int(struct lines_out *out, int64_t value)
{
	char digits[24];
	char *at = digits + sizeof digits;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		*--at = '-';
	separate(out);
	put(out, at, (size_t)(digits + sizeof digits - at));
}

void lines_out_end(struct lines_out *out)
{
	put(out, "\n", 1);
	out->field = false;
}

void lines_in_init(struct lines_in *in, const char *text, size_t size)
{
	*in = (struct lines_in){ .at = text, .end = text + size, .line_end = NULL };
}

bool lines_in_next(struct lines_in *in)
{
	if (in->line_end != NULL) {
		if (in->at < in->line_end)
			in->bad = true; /* a field nobody asked for */
		in->at = in->line_end + 1;
	}
	if (in->bad || in->at >= in->end)
		return false;
	in->line_end = memchr(in->at, '\n', (size_t)(in->end - in->at));
	if (in->line_end == NULL) {
		in->line_end = in->end;
		in->bad = true;
	}
	return !in->bad;
}

bool lines_in_more(const struct lines_in *in)
{
	return !in->bad && in->line_end != NULL && in->at < in->line_end;
}

/* The end of the field that begins at `at`.  An empty last field is at the line's end
 * itself, which lines_in_more() cannot tell from none; the reader of a line knows how
 * many fields it has. */
static const char *field_end(const struct lines_in *in)
{
	const char *tab = memchr(in->at, '\t', (size_t)(in->line_end - in->at));
	return tab != NULL ? tab : in->line_end;
}

static void leave_field(struct lines_in *in, const char *end)
{
	in->at = end < in->line_end ? end + 1 : end;
}

int64_t lines_in_int(struct lines_in *in)
{
	assert(in->line_end != NULL);
	const char *end = field_end(in);
	const char *at = in->at;
	bool negative = at < end && *at == '-';
	uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	uint64_t sum = 0;

	if (negative)
		at++;
	if (at == end)
		in->bad = true;
	for (; at < end; at++) {
		unsigned digit = (unsigned char)*at - (unsigned)'0';
		if (digit > 9 || sum > (most - digit) / 10) {
			in->bad = true;
			break;
		}
		sum = sum * 10 + digit;
	}
	leave_field(in, end);
	if (in->bad)
		return 0;
	return negative ? (int64_t)(0 - sum) : (int64_t)sum;
}

static char unescaped(char letter)
{
	switch (letter) {
	case 't':
		return '\t';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case '\\':
		return '\\';
	default:
		return '\0';
	}
}

/* Returns the length; `text` has room for `size` bytes and no NUL. */
static size_t unescape(struct lines_in *in, const char *end, char *text, size_t size)
{
	size_t length = 0;

	for (const char *at = in->at; at < end && !in->bad; at++) {
		char c = *at;
		if (c == '\\' && at + 1 < end)
			c = unescaped(*++at);
		else if (c == '\\')
			c = unescaped('\0');
		if (c == '\0' || length == size)
			in->bad = true;
		else
			text[length++] = c;
	}
	return length;
}

/* Nearly every field is plain and is copied whole. */
size_t lines_in_text(struct lines_in *in, char *text, size_t size)
{
	assert(in->line_end != NULL);
	assert(size > 0);
	const char *end = field_end(in);
	size_t length = (size_t)(end - in->at);
	bool plain = memchr(in->at, '\\', length) == NULL &&
		     memchr(in->at, '\0', length) == NULL;

	if (plain && length < size)
		memcpy(text, in->at, length);
	else
		length = unescape(in, end, text, size - 1);
	if (in->bad)
		length = 0;
	text[length] = '\0';
	leave_field(in, end);
	return length;
}

int lines_in_word(struct lines_in *in, const char *const words[], int count)
{
	char text[32];

	lines_in_text(in, text, sizeof text);
	for (int i = 0; i < count; i++) {
		if (words[i] != NULL && strcmp(words[i], text) == 0)
			return i;
	}
	in->bad = true;
	return 0;
}
