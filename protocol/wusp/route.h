/* Where a path of MS-WUSP leads.  Pure; paths are matched without case, as the original
 * server matches them. */

#ifndef PROTOCOL_WUSP_ROUTE_H
#define PROTOCOL_WUSP_ROUTE_H

#include <stdint.h>

enum wusp_resource {
	WUSP_FOREIGN, /* not one of ours */
	WUSP_CLIENT,
	WUSP_SIMPLE_AUTH,
	WUSP_REPORTING,
	WUSP_CONTENT,
	WUSP_RESOURCES
};

struct wusp_route {
	enum wusp_resource resource;
	const char *path; /* of a service, in its own spelling */
	uint8_t sha1[20]; /* of content */
};

struct wusp_route wusp_route_find(const char *path);

/* "/Content/3F/<SHA1>.cab" without the first part, which is the site's to say: the last
 * two digits, the whole in upper case, the file's own extension. */
enum { WUSP_CONTENT_NAME = 64 };
void wusp_content_name(const uint8_t sha1[static 20], const char *file_name,
		       char name[static WUSP_CONTENT_NAME]);

#endif
