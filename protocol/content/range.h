/* The Range header against a size: which bytes are wanted (RFC 9110 14.1).
 *
 * Pure text in, numbers out.  Another unit than bytes is none of our business and
 * ignored; a malformed, overlapping or overlong set is refused whole, as hawkBit does;
 * ranges past the end are dropped as long as one is left. */

#ifndef PROTOCOL_CONTENT_RANGE_H
#define PROTOCOL_CONTENT_RANGE_H

#include <stddef.h>
#include <stdint.h>

enum { RANGES_MOST = 16 };

struct range {
	int64_t from, size;
};

struct range_set {
	size_t count;
	struct range ranges[RANGES_MOST];
};

enum range_verdict {
	RANGE_WHOLE,   /* no range is asked for: 200 */
	RANGE_PARTS,   /* 206 */
	RANGE_REFUSED, /* 416 */
};

/* `text` may be NULL. */
enum range_verdict range_parse(const char *text, int64_t size, struct range_set *set);

#endif
