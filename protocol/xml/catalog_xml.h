/* Reads a catalog file into a draft: the XML of conf/schema/catalog.xsd.
 *
 * The file is checked against the schema first, and only a file that follows it adds
 * anything to the draft.  What no schema knows (a hotpatch whose baseline is missing, a
 * KB twice) is told by catalog_seal(), with the same files and lines.  Several files may
 * go into one draft.  Safe from any thread, one draft per thread. */

#ifndef PROTOCOL_XML_CATALOG_XML_H
#define PROTOCOL_XML_CATALOG_XML_H

#include <stddef.h>

struct catalog_draft;
struct findings;

/* `file` is how findings call it; it must outlive the findings and the draft.  0, or -1
 * with at least one error in *findings. */
int catalog_xml_read(struct catalog_draft *draft, const char *file, const char *text,
		     size_t size, struct findings *findings);

#endif
