#include "protocol/http/http_body.h"

#include <assert.h>

#include "engine/problem.h"

enum {
	CHUNK_DIGITS_MOST = 16,
	EXTENSION_BYTES_MOST = 4096,
};

enum state { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER };

static int tell_too_large(const struct http_body *body, struct problem *p)
{
	return problem_set(p, PROBLEM_TOO_LARGE,
			   "the body is over the %zu bytes allowed here",
			   body->bytes.most);
}

int http_body_start(struct http_body *body, enum http_framing framing, uint64_t length,
		    size_t limit, struct problem *p)
{
	*body = (struct http_body){ .framing = framing, .state = SIZE };
	buffer_init(&body->bytes, limit);
	if (framing == FRAMING_LENGTH) {
		if (length > limit)
			return tell_too_large(body, p);
		body->left = length;
		body->state = DATA;
	}
	return 0;
}

void http_body_fini(struct http_body *body)
{
	buffer_fini(&body->bytes);
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

static int step_size(struct http_body *body, char byte, struct problem *p)
{
	int digit = hex_digit(byte);

	if (digit >= 0) {
		if (++body->digits > CHUNK_DIGITS_MOST)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "a chunk size has more than %d digits",
					   CHUNK_DIGITS_MOST);
		/* 16 digits fill 64 bits exactly: this cannot overflow. */
		body->left = body->left << 4 | (uint64_t)digit;
		return 0;
	}
	if (body->digits == 0)
		return problem_set(p, PROBLEM_BAD_INPUT, "a chunk has no size");
	if (byte != '\r' && byte != ';')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a chunk size is not a hexadecimal number");
	if (body->left > body->bytes.most - body->bytes.size)
		return tell_too_large(body, p);
	body->state = byte == ';' ? EXTENSION : SIZE_LF;
	return 0;
}

static int step_extension(struct http_body *body, char byte, struct problem *p)
{
	unsigned char octet = (unsigned char)byte;

	if (byte == '\r') {
		body->state = SIZE_LF;
		return 0;
	}
	if ((octet < ' ' && byte != '\t') || octet == 0x7f)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a control byte in a chunk extension");
	if (++body->extension_bytes > EXTENSION_BYTES_MOST)
		return problem_set(p, PROBLEM_BAD_INPUT, "chunk extensions pass %d bytes",
				   EXTENSION_BYTES_MOST);
	return 0;
}

static int step(struct http_body *body, char byte, struct problem *p)
{
	switch ((enum state)body->state) {
	case SIZE:
		return step_size(body, byte, p);
	case EXTENSION:
		return step_extension(body, byte, p);
	case SIZE_LF:
		if (byte != '\n')
			break;
		body->digits = 0;
		body->state = body->left > 0 ? DATA : TRAILER;
		if (body->left == 0)
			header_guard_start_trailer(&body->trailer);
		return 0;
	case DATA_CR:
		if (byte != '\r')
			break;
		body->state = DATA_LF;
		return 0;
	case DATA_LF:
		if (byte != '\n')
			break;
		body->state = SIZE;
		return 0;
	case DATA:
	case TRAILER:
		assert(!"these take many bytes at once");
	}
	return problem_set(p, PROBLEM_BAD_INPUT, "a chunk does not end with CRLF");
}

static int take_data(struct http_body *body, const char *data, size_t size, size_t *used,
		     struct problem *p)
{
	size_t part = size < body->left ? size : (size_t)body->left;

	if (!buffer_append(&body->bytes, data, part))
		return problem_set(p, PROBLEM_NO_MEMORY,
				   "no memory for the request body");
	body->left -= part;
	*used += part;
	if (body->left == 0 && body->framing == FRAMING_CHUNKED)
		body->state = DATA_CR;
	return 0;
}

static int take_trailer(struct http_body *body, const char *data, size_t size,
			size_t *used, struct problem *p)
{
	size_t part = 0;
	int verdict = header_guard_scan(&body->trailer, data, size, &part, p);

	*used += part;
	return verdict < 0 ? problem_while(p, "in the trailer") : verdict;
}

int http_body_feed(struct http_body *body, const char *data, size_t size, size_t *used,
		   struct problem *p)
{
	*used = 0;
	if (body->framing == FRAMING_NONE)
		return 1;
	while (*used < size) {
		int rc;
		if (body->state == DATA && body->left > 0)
			rc = take_data(body, data + *used, size - *used, used, p);
		else if (body->state == TRAILER)
			rc = take_trailer(body, data + *used, size - *used, used, p);
		else if (body->framing == FRAMING_LENGTH)
			break;
		else
			rc = step(body, data[(*used)++], p);
		if (rc != 0)
			return rc;
	}
	return body->framing == FRAMING_LENGTH && body->left == 0;
}
