/* Reads XML that anybody may have written, and tells what is in it.
 *
 * A reader takes the bytes of one document in pieces of any size and calls a table of
 * functions for what it finds: a start tag with its attributes, an end tag, text.  It
 * knows namespaces; comments are passed over, CDATA is text.  Nothing else is read: no
 * DOCTYPE, no entities but the five of XML and numeric ones, no processing
 * instructions, no encoding but UTF-8, nothing outside the document, and nothing past
 * the limits it was given.  The first fault ends the document: the call returns -1
 * with *p told, and xml_reader_line() says where.
 *
 * A callback that returns -1 with its own *p told ends it the same way.  What a
 * callback is given is borrowed until it returns, but for the names and name spaces,
 * which live as long as the document.
 *
 * A reader belongs to one thread at a time; many may be at work at once.  It is made
 * once and reset for the next document, which is cheaper than a new one. */

#ifndef PROTOCOL_XML_XML_READER_H
#define PROTOCOL_XML_XML_READER_H

#include <stddef.h>

#include "protocol/xml/xml_guard.h"

struct xml_reader;

struct xml_attribute {
	const char *space; /* "" for none */
	const char *name;
	const char *value;
};

struct xml_element {
	const char *space;
	const char *name;
	unsigned line; /* where its "<" stands */
	size_t attribute_count;
	const struct xml_attribute *attributes;
};

/* Any of them may be NULL.  Text may come in several pieces. */
struct xml_events {
	int (*start)(void *owner, const struct xml_element *element, struct problem *p);
	int (*text)(void *owner, const char *text, size_t size, struct problem *p);
	int (*end)(void *owner, const char *space, const char *name, struct problem *p);
};

/* NULL only without memory.  `events` and `limits` are borrowed for the life of the
 * reader. */
struct xml_reader *xml_reader_new(const struct xml_events *events, void *owner,
				  const struct xml_limits *limits);
void xml_reader_free(struct xml_reader *reader); /* accepts NULL */

/* Forget the document, whatever became of it, and be ready for the next one. */
void xml_reader_reset(struct xml_reader *reader);

int xml_reader_feed(struct xml_reader *reader, const char *data, size_t size,
		    struct problem *p);

/* There is no more: -1 when the document is not complete. */
int xml_reader_finish(struct xml_reader *reader, struct problem *p);

/* The line of the fault, else of the place reached. */
unsigned xml_reader_line(const struct xml_reader *reader);

/* libxml2 must be made ready once, before the first call into it on any thread.  Readers
 * see to it; whoever calls the library without one calls this, as often as they like. */
void xml_library_ready(void);

/* A whole document at once: feed and finish. */
int xml_reader_read(struct xml_reader *reader, const char *text, size_t size,
		    struct problem *p);

/* The value of an attribute without name space; NULL when absent. */
const char *xml_attribute(const struct xml_element *element, const char *name);

#endif
