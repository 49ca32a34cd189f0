/* Conditional requests against an entity-tag and a time (RFC 9110 13).
 *
 * Pure: the request's headers and the file's validators in, a verdict out. */

#ifndef PROTOCOL_CONTENT_CONDITION_H
#define PROTOCOL_CONTENT_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

struct http_request;

enum { HTTP_DATE_TEXT = 32 };

struct validators {
	const char *tag; /* strong, with its quotes */
	int64_t modified_s;
};

enum condition_verdict {
	CONDITION_GO_ON,
	CONDITION_FAILED,       /* 412 */
	CONDITION_NOT_MODIFIED, /* 304 */
};

enum condition_verdict condition_judge(const struct http_request *request,
				       const struct validators *validators);

/* Does If-None-Match's list hold the tag?  For documents that have no time. */
bool condition_tag_listed(const char *list, const char *tag);

/* Does If-Range, if there is one, let Range count? */
bool condition_range_counts(const struct http_request *request,
			    const struct validators *validators);

/* "Mon, 24 Nov 2025 10:00:00 GMT", and back from any of the three forms of RFC 9110
 * 5.6.7.  False when malformed. */
void http_date_format(int64_t at_s, char text[static HTTP_DATE_TEXT]);
bool http_date_parse(const char *text, int64_t *at_s);

#endif
