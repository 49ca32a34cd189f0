/* The head of a reply: status line, our own fields, the caller's.
 *
 * Field values come from code, never raw from a peer: a CR or LF in one would let a
 * peer write our reply for us, and is a programmer's error. */

#ifndef PROTOCOL_HTTP_HTTP_REPLY_H
#define PROTOCOL_HTTP_HTTP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

struct http_header;
struct workspace;

struct reply_head {
	int status;
	const char *type;       /* Content-Type; NULL for none */
	int64_t length;         /* Content-Length; left out where RFC 9110 8.6 says so */
	const char *connection; /* "close", "keep-alive", or NULL to say nothing */
	const struct http_header *extra; /* ended by a NULL name; may be NULL */
};

/* Append the head to workspace->reply.  False without memory. */
bool http_reply_head(struct workspace *workspace, const struct reply_head *head);

const char *http_reason(int status);

#endif
