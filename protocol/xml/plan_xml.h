/* Reads a plan file into a draft: the XML of conf/schema/plan.xsd.
 *
 * The file is checked against the schema first.  What no schema knows (rings that wait
 * for each other, zones that do not exist) is told by plan_seal(), with the same file
 * and lines.  Safe from any thread. */

#ifndef PROTOCOL_XML_PLAN_XML_H
#define PROTOCOL_XML_PLAN_XML_H

#include <stddef.h>

struct findings;
struct plan_draft;

/* `file` is how findings call it; it must outlive the findings, the draft and the plan
 * made of it.  NULL with at least one error in *findings. */
struct plan_draft *plan_xml_read(const char *file, const char *text, size_t size,
				 struct findings *findings);

#endif
