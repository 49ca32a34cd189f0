/* Reads a made-up fleet: the XML of conf/schema/fleet.xsd.
 *
 * The file is checked against the schema first; then what no schema knows: products and
 * updates the catalog does not have, zones that do not exist, spans that end before they
 * begin.  Safe from any thread. */

#ifndef PROTOCOL_XML_FLEET_XML_H
#define PROTOCOL_XML_FLEET_XML_H

#include <stddef.h>

#include "engine/plan.h"

struct catalog;
struct findings;
struct fleet;

/* What a fleet is checked against, and where its zones come from; they must outlive it.
 */
struct fleet_place {
	const struct catalog *catalog; /* NULL: not checked */
	zone_source zones;
	void *owner;
};

/* `file` is how findings call it; it must outlive the findings.  NULL with at least one
 * error in *findings. */
struct fleet *fleet_xml_read(const char *file, const char *text, size_t size,
			     const struct fleet_place *place, struct findings *findings);

#endif
