#include "protocol/wusp/route.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/ascii.h"

static const struct {
	const char *path;
	enum wusp_resource resource;
} services[] = {
	{ "/ClientWebService/Client.asmx", WUSP_CLIENT },
	{ "/SimpleAuthWebService/SimpleAuth.asmx", WUSP_SIMPLE_AUTH },
	{ "/ReportingWebService/ReportingWebService.asmx", WUSP_REPORTING },
	{ "/ReportingWebService/WebService.asmx", WUSP_REPORTING },
};

static const char content[] = "/Content/";

enum { SHA1_DIGITS = 40, EXTENSION_MOST = 8 };

static int digit_of(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(const char *text, size_t bytes, uint8_t *out)
{
	for (size_t i = 0; i < bytes; i++) {
		int high = digit_of(text[2 * i]);
		int low = high < 0 ? -1 : digit_of(text[2 * i + 1]);
		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool is_extension(const char *text)
{
	size_t size = 0;

	for (; text[size] != '\0'; size++) {
		char c = ascii_lower(text[size]);
		if (size == EXTENSION_MOST ||
		    !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
			return false;
	}
	return size > 0;
}

/* "3F/<40 digits, the last two of them 3F>.<extension>" */
static bool read_content(const char *rest, struct wusp_route *route)
{
	uint8_t folder;

	return strlen(rest) > 3 + SHA1_DIGITS + 1 && read_hex(rest, 1, &folder) &&
	       rest[2] == '/' && read_hex(rest + 3, sizeof route->sha1, route->sha1) &&
	       folder == route->sha1[sizeof route->sha1 - 1] &&
	       rest[3 + SHA1_DIGITS] == '.' && is_extension(rest + 3 + SHA1_DIGITS + 1);
}

struct wusp_route wusp_route_find(const char *path)
{
	struct wusp_route route = { .resource = WUSP_FOREIGN };
	size_t prefix = sizeof content - 1;

	for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
		if (strcasecmp(path, services[i].path) == 0) {
			route.resource = services[i].resource;
			route.path = services[i].path;
			return route;
		}
	}
	if (strncasecmp(path, content, prefix) == 0 &&
	    read_content(path + prefix, &route))
		route.resource = WUSP_CONTENT;
	return route;
}

void wusp_content_name(const uint8_t sha1[static 20], const char *file_name,
		       char name[static WUSP_CONTENT_NAME])
{
	const char *dot = strrchr(file_name, '.');
	const char *extension = dot != NULL && is_extension(dot + 1) ? dot + 1 : "bin";
	size_t at = 0;

	at += (size_t)snprintf(name, WUSP_CONTENT_NAME, "/%02X/", sha1[19]);
	for (size_t i = 0; i < 20; i++)
		at += (size_t)snprintf(name + at, WUSP_CONTENT_NAME - at, "%02X",
				       sha1[i]);
	snprintf(name + at, WUSP_CONTENT_NAME - at, ".%s", extension);
}
