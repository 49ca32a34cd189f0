/* Where a DDI path leads: one table of resources and the methods they know.
 *
 * Pure.  Segments are percent-decoded after the path was cut at its slashes, so an
 * encoded slash belongs to its segment. */

#ifndef PROTOCOL_DDI_ROUTE_H
#define PROTOCOL_DDI_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/limits.h"

struct problem;

enum ddi_resource {
	DDI_POLL,
	DDI_CONFIG_DATA,
	DDI_DEPLOYMENT,
	DDI_DEPLOYMENT_FEEDBACK,
	DDI_CANCEL,
	DDI_CANCEL_FEEDBACK,
	DDI_INSTALLED,
	DDI_ARTIFACTS,
	DDI_ARTIFACT,
	DDI_RESOURCES
};

enum { ROUTE_FILE = 256 };

struct ddi_route {
	enum ddi_resource resource;
	unsigned methods; /* bits of enum http_method */
	size_t body_limit;
	size_t prefix_size; /* of the path up to and with the device, as it was sent */
	char device[LIMIT_DEVICE_ID + 1];
	int64_t id; /* action or software module; 0 where there is none */
	char file[ROUTE_FILE];
};

enum route_verdict {
	ROUTE_FOREIGN, /* not a DDI path */
	ROUTE_FOUND,
	ROUTE_UNKNOWN,   /* DDI's, but nothing is there: 404, *p told */
	ROUTE_MALFORMED, /* 400, *p told */
};

enum route_verdict ddi_route_find(const char *path, struct ddi_route *route,
				  struct problem *p);

/* "GET, HEAD", for Allow. */
const char *ddi_methods_text(unsigned methods);

#endif
