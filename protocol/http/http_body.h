/* Takes the body of one request off the wire: none, counted, or in chunks.
 *
 * The chunk grammar is read by the strictest rules of RFC 9112 7.1: sizes are bare hex
 * digits, every line ends in CRLF, extensions and trailers are bounded and dropped.
 * Memory grows with the bytes that came, never with the bytes that were announced. */

#ifndef PROTOCOL_HTTP_HTTP_BODY_H
#define PROTOCOL_HTTP_HTTP_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/buffer.h"
#include "protocol/http/header_guard.h"

struct problem;

enum http_framing { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED };

struct http_body {
	enum http_framing framing;
	int state;
	uint64_t left; /* of the body, or of the present chunk */
	unsigned digits;
	size_t extension_bytes; /* of all chunks together */
	struct header_guard trailer;
	struct buffer bytes;
};

/* 0, or -1 with PROBLEM_TOO_LARGE when `length` is over `limit` already.  A started
 * body is finished with http_body_fini(). */
int http_body_start(struct http_body *body, enum http_framing framing, uint64_t length,
		    size_t limit, struct problem *p);
void http_body_fini(struct http_body *body);

/* Take the next bytes: 1 when the body is complete, 0 when more is wanted, -1 with *p
 * told.  *used says how many belonged to the body. */
int http_body_feed(struct http_body *body, const char *data, size_t size, size_t *used,
		   struct problem *p);

#endif
