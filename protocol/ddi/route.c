#include "protocol/ddi/route.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/problem.h"
#include "engine/utf8.h"
#include "protocol/http/exchange.h"

enum {
	READ = HTTP_GET | HTTP_HEAD,
	SMALL_BODY = 4096, /* where a body has no meaning, a small one does no harm */
	SEGMENTS_MOST = 4,
};

/* '#' stands for a decimal number, '*' for a file name. */
/* clang-format off */
static const struct {
	const char *pattern;
	unsigned methods;
	size_t body_limit;
} table[DDI_RESOURCES] = {
	[DDI_POLL]                = { "",                            READ,      SMALL_BODY },
	[DDI_CONFIG_DATA]         = { "/configData",                 HTTP_PUT,  LIMIT_CONFIG_DATA_BODY },
	[DDI_DEPLOYMENT]          = { "/deploymentBase/#",           READ,      SMALL_BODY },
	[DDI_DEPLOYMENT_FEEDBACK] = { "/deploymentBase/#/feedback",  HTTP_POST, LIMIT_FEEDBACK_BODY },
	[DDI_CANCEL]              = { "/cancelAction/#",             READ,      SMALL_BODY },
	[DDI_CANCEL_FEEDBACK]     = { "/cancelAction/#/feedback",    HTTP_POST, LIMIT_FEEDBACK_BODY },
	[DDI_INSTALLED]           = { "/installedBase/#",            READ,      SMALL_BODY },
	[DDI_ARTIFACTS]           = { "/softwaremodules/#/artifacts",   READ,   SMALL_BODY },
	[DDI_ARTIFACT]            = { "/softwaremodules/#/artifacts/*", READ,   SMALL_BODY },
};
/* clang-format on */

const char *ddi_methods_text(unsigned methods)
{
	switch (methods) {
	case HTTP_PUT:
		return "PUT";
	case HTTP_POST:
		return "POST";
	default:
		return "GET, HEAD";
	}
}

/* The segment after the slash at `at`; empty at the end. */
static const char *segment(const char *at, size_t *size)
{
	at += *at == '/';
	*size = strcspn(at, "/");
	return at;
}

static bool is_word(const char *text, size_t size, const char *word)
{
	return size == strlen(word) && memcmp(text, word, size) == 0;
}

static bool read_number(const char *text, size_t size, int64_t *number)
{
	int64_t value = 0;

	if (size == 0)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		int digit = text[i] - '0';
		if (value > (INT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
	return true;
}

/* Does `rest` have the shape of `pattern`?  Numbers and names are not looked into. */
static bool has_shape(const char *pattern, const char *rest)
{
	size_t wanted_size, size;

	while (*pattern != '\0' && *rest != '\0') {
		const char *wanted = segment(pattern, &wanted_size);
		const char *given = segment(rest, &size);
		bool any = *wanted == '#' || *wanted == '*';
		if (any ? size == 0
			: size != wanted_size || memcmp(given, wanted, size) != 0)
			return false;
		pattern = wanted + wanted_size;
		rest = given + size;
	}
	return *pattern == '\0' && *rest == '\0';
}

static int read_parts(const char *pattern, const char *rest, struct ddi_route *route,
		      struct problem *p)
{
	size_t wanted_size, size;

	while (*pattern != '\0') {
		const char *wanted = segment(pattern, &wanted_size);
		const char *given = segment(rest, &size);
		if (*wanted == '#' && !read_number(given, size, &route->id))
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "'%.*s' is no number: an action or module is "
					   "named by a decimal one",
					   (int)(size < 40 ? size : 40), given);
		if (*wanted == '*' &&
		    !http_decode(given, size, route->file, sizeof route->file))
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "the file name is wrongly encoded or has more "
					   "than %d bytes",
					   ROUTE_FILE - 1);
		pattern = wanted + wanted_size;
		rest = given + size;
	}
	return 0;
}

/* Ids are shown to people and written to logs: text, without control characters. */
static bool is_text(const char *text)
{
	size_t size = 1;

	for (; *text != '\0' && size > 0; text += size)
		size = utf8_printable(text);
	return size > 0;
}

static int read_device(const char *text, size_t size, struct ddi_route *route,
		       struct problem *p)
{
	if (size == 0 || !http_decode(text, size, route->device, sizeof route->device) ||
	    !is_text(route->device))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a device's id has 1 to %d bytes of UTF-8 text, "
				   "percent-encoded",
				   LIMIT_DEVICE_ID);
	return 0;
}

enum route_verdict ddi_route_find(const char *path, struct ddi_route *route,
				  struct problem *p)
{
	struct {
		const char *at;
		size_t size;
	} first[SEGMENTS_MOST];
	const char *at = path;

	for (size_t i = 0; i < SEGMENTS_MOST; i++) {
		first[i].at = segment(at, &first[i].size);
		at = first[i].at + first[i].size;
	}
	if (!is_word(first[1].at, first[1].size, "controller") ||
	    !is_word(first[2].at, first[2].size, "v1"))
		return ROUTE_FOREIGN;
	memset(route, 0, sizeof *route);
	if (first[0].size != strlen("DEFAULT") ||
	    strncasecmp(first[0].at, "DEFAULT", first[0].size) != 0) {
		problem_set(p, PROBLEM_NOT_FOUND,
			    "there is no tenant '%.*s': this server has one, DEFAULT",
			    (int)(first[0].size < 40 ? first[0].size : 40), first[0].at);
		return ROUTE_UNKNOWN;
	}
	if (read_device(first[3].at, first[3].size, route, p) < 0)
		return ROUTE_MALFORMED;
	route->prefix_size = (size_t)(at - path);
	for (int i = 0; i < DDI_RESOURCES; i++) {
		if (!has_shape(table[i].pattern, at))
			continue;
		route->resource = (enum ddi_resource)i;
		route->methods = table[i].methods;
		route->body_limit = table[i].body_limit;
		return read_parts(table[i].pattern, at, route, p) < 0 ? ROUTE_MALFORMED
								      : ROUTE_FOUND;
	}
	problem_set(p, PROBLEM_NOT_FOUND, "a device has nothing at '%.80s' here", at);
	return ROUTE_UNKNOWN;
}
