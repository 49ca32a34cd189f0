/* A small strict reader of JSON in memory, for lines that come by the million.
 *
 * It walks one text from front to back and allocates nothing: a string is unescaped in
 * its own place and handed out as it lies there, with a NUL where its closing quote was.
 * So the text is changed, a string may be read once, and what was handed out lives as
 * long as the text.  A value that is skipped is checked but left as it is, and may be
 * read later from a copy of the scan.
 *
 * It takes RFC 8259 and nothing more: UTF-8 only, no control characters in strings, no
 * NUL in them even when escaped, no lone surrogates, at most JSON_SCAN_DEPTH deep.  The
 * first fault stays: every later call fails, and json_scan_fault() says what and where.
 */

#ifndef PROTOCOL_COMMAND_JSON_SCAN_H
#define PROTOCOL_COMMAND_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct problem;

enum { JSON_SCAN_DEPTH = 32 };

struct json_scan {
	char *at;
	const char *start;
	const char *fault; /* NULL: all is well */
};

/* `text` ends with a NUL, which ends the JSON too. */
void json_scan_init(struct json_scan *scan, char *text);

/* The first character of the next value, past white space: one of  { [ " t f n - 0..9,
 * or anything else when there is none. */
char json_scan_peek(struct json_scan *scan);

/* Into an object or array; `bracket` is { or [.  False, as a fault, when the value is
 * something else. */
bool json_scan_open(struct json_scan *scan, char bracket);

/* Is there another member or element?  `*first` is true before the first call and kept
 * by the caller; `bracket` is the closing one.  False at the end, and at a fault. */
bool json_scan_more(struct json_scan *scan, bool *first, char bracket);

/* The name of a member, and on to its value.  NULL at a fault. */
char *json_scan_name(struct json_scan *scan);

/* The values.  NULL or false, as a fault, when the next value is of another kind. */
char *json_scan_text(struct json_scan *scan);
bool json_scan_truth(struct json_scan *scan, bool *truth);
bool json_scan_null(struct json_scan *scan);
bool json_scan_skip(struct json_scan *scan);

/* Nothing but white space is left. */
bool json_scan_end(struct json_scan *scan);

/* Returns -1, with the fault told in *p. */
int json_scan_fault(const struct json_scan *scan, struct problem *p);

#endif
