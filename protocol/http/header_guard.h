/* Refuses header sections that two HTTP parsers could read differently.
 *
 * It runs over the raw bytes before llhttp does, and lets through only lines that
 * end in CRLF, start at their first column, name their field, and hold no control
 * bytes.  What remains has one reading.  It also counts, so that a header section is
 * bounded before anything is stored.  Start each request with `= { 0 }`. */

#ifndef PROTOCOL_HTTP_HEADER_GUARD_H
#define PROTOCOL_HTTP_HEADER_GUARD_H

#include <stddef.h>

struct problem;

struct header_guard {
	int state;
	unsigned lines;
	size_t bytes;
};

/* Start over for the trailer of a chunked body, where an empty section is legal. */
void header_guard_start_trailer(struct header_guard *guard);

/* Scan the next bytes of a request: 1 when the section ended, 0 when more is
 * wanted, -1 with *p told.  *used says how many bytes belong to the section. */
int header_guard_scan(struct header_guard *guard, const char *data, size_t size,
		      size_t *used, struct problem *p);

#endif
