/* A first look at the bytes of an XML document, before the parser sees them.
 *
 * The parser behind xml_reader.h is a good one, but some of its work is done before it
 * tells anybody: it detects encodings, reads the internal subset of a DOCTYPE, and
 * compares every attribute of an element with every other.  This guard knows just
 * enough XML to tell tags, comments and CDATA apart, and refuses first: bytes that are
 * not UTF-8 by their start or their declaration, a NUL, a DOCTYPE, a processing
 * instruction, and whatever is past a limit.  Bytes come in pieces of any size, and the
 * verdict does not depend on where they are cut.
 *
 * It judges nothing else: what is not well formed is the parser's to refuse, and until
 * the first such fault guard and parser read the document alike.  A guard is a plain
 * value without pointers into anything but its limits. */

#ifndef PROTOCOL_XML_XML_GUARD_H
#define PROTOCOL_XML_XML_GUARD_H

#include <stddef.h>

struct problem;

struct xml_limits {
	size_t document_bytes;
	size_t tag_bytes; /* one start tag with its attributes */
	unsigned depth;
	unsigned attributes; /* of one element, namespaces among them */
	unsigned elements;   /* of one document */
};

/* The most we ever read: the numbers of engine/limits.h. */
extern const struct xml_limits xml_limits_most;

enum { XML_GUARD_HEAD = 160 }; /* the longest XML declaration we read */

struct xml_guard {
	const struct xml_limits *limits;
	int state; /* of enum in xml_guard.c */
	unsigned line;
	size_t bytes;
	unsigned depth, attributes, elements;
	size_t tag_bytes, run;
	char before; /* the last byte of a tag */
	size_t head_size;
	char head[XML_GUARD_HEAD];
};

void xml_guard_init(struct xml_guard *guard, const struct xml_limits *limits);

/* Look at the next bytes.  0, or -1 with *p told; `line` is then the line at fault, and
 * the guard is done with this document. */
int xml_guard_feed(struct xml_guard *guard, const char *data, size_t size,
		   struct problem *p);

/* The document is over: the same for what was still held back.  */
int xml_guard_finish(struct xml_guard *guard, struct problem *p);

#endif
