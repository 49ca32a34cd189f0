/* Checks the files people write against an XSD, and tells them what would be right.
 *
 * The validator is libxml2's; it is driven from the safe reader, so a document that is
 * refused there never reaches it.  Its verdicts are told in our words, with the line
 * where the element starts and the nearest right answer, taken from the vocabulary of
 * the same XSD.  An element that is not known is told and passed over, so that one slip
 * does not hide the next.
 *
 * A schema is read once and immutable; any number of threads may check with it at the
 * same time. */

#ifndef PROTOCOL_XML_XML_SCHEMA_H
#define PROTOCOL_XML_XML_SCHEMA_H

#include <stddef.h>

struct findings;
struct problem;
struct xml_schema;

/* NULL with *p told.  The text is not kept. */
struct xml_schema *xml_schema_new(const char *xsd, size_t size, struct problem *p);
void xml_schema_free(struct xml_schema *schema); /* accepts NULL */

/* 0 when the document is right; -1 with at least one error in *findings.  `file` is how
 * the findings call it, and must outlive them. */
int xml_schema_check(const struct xml_schema *schema, const char *file, const char *text,
		     size_t size, struct findings *findings);

#endif
