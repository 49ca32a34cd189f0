/* One complete header section into a request: llhttp, and the rules it leaves to us.
 *
 * The section has passed the header guard, lies in one piece of memory, and is cut up
 * in place: the request points into it.  What two servers could read in two ways is
 * refused (RFC 9112 11.2): both or several lengths, an encoding other than plain
 * chunked, more or less than one Host, targets that are no path, other versions. */

#ifndef PROTOCOL_HTTP_HTTP_PARSE_H
#define PROTOCOL_HTTP_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/http/http_body.h"

struct http_request;
struct problem;

struct http_head {
	enum http_framing framing;
	uint64_t length;
	bool keep_alive;       /* the peer would like to send another request */
	bool is_1_0;           /* must be told that it may */
	bool expects_continue; /* waits for our 100 before it sends the body */
};

/* 0, or the status to refuse the request with and *p told. */
int http_parse_head(char *text, size_t size, struct http_request *request,
		    struct http_head *head, struct problem *p);

#endif
