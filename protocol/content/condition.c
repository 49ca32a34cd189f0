#include "protocol/content/condition.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/instant.h"
#include "protocol/http/exchange.h"

static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

void http_date_format(int64_t at_s, char text[static HTTP_DATE_TEXT])
{
	struct civil at = civil_of(at_s);
	int size = snprintf(text, HTTP_DATE_TEXT, "%s, %02d %s %04d %02d:%02d:%02d GMT",
			    days[at.weekday % 7], at.day, months[(at.month - 1) % 12],
			    at.year, at.hour, at.minute, at.second);
	assert(size > 0);
}

bool http_date_parse(const char *text, int64_t *at_s)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT", /* the one we send */
		"%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
		"%a %b %d %H:%M:%S %Y",      /* asctime() */
	};

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct tm at = { 0 };
		const char *end = strptime(text, forms[i], &at);
		if (end != NULL && *end == '\0') {
			*at_s = timegm(&at);
			return true;
		}
	}
	return false;
}

/* Entity-tags compare by their opaque part; a weak one is a match only when `weakly`.
 * hawkBit's clients send the bare hash too: it is taken as the strong tag. */
static bool tag_matches(const char *at, size_t size, const char *tag, bool weakly)
{
	size_t tag_size = strlen(tag);

	if (size > 2 && at[0] == 'W' && at[1] == '/') {
		if (!weakly)
			return false;
		at += 2;
		size -= 2;
	}
	if (size == tag_size && memcmp(at, tag, size) == 0)
		return true;
	return size + 2 == tag_size && memcmp(at, tag + 1, size) == 0;
}

/* One element of a list: a quoted tag may hold commas. */
static size_t element_size(const char *at)
{
	size_t size = strncmp(at, "W/", 2) == 0 ? 2 : 0;
	if (at[size] == '"') {
		const char *end = strchr(at + size + 1, '"');
		if (end != NULL)
			return (size_t)(end - at) + 1;
	}
	return strcspn(at, ", \t");
}

static bool list_matches(const char *list, const char *tag, bool weakly)
{
	if (strcmp(list, "*") == 0)
		return true;
	for (const char *at = list + strspn(list, ", \t"); *at != '\0';
	     at += strspn(at, ", \t")) {
		size_t size = element_size(at);
		if (size == 0)
			return false;
		if (tag_matches(at, size, tag, weakly))
			return true;
		at += size;
	}
	return false;
}

bool condition_tag_listed(const char *list, const char *tag)
{
	return list_matches(list, tag, true);
}

enum condition_verdict condition_judge(const struct http_request *request,
				       const struct validators *validators)
{
	const char *match = http_header(request, "If-Match");
	const char *unmodified = http_header(request, "If-Unmodified-Since");
	const char *none_match = http_header(request, "If-None-Match");
	const char *modified = http_header(request, "If-Modified-Since");
	int64_t at_s;

	if (match != NULL) {
		if (!list_matches(match, validators->tag, false))
			return CONDITION_FAILED;
	} else if (unmodified != NULL && http_date_parse(unmodified, &at_s) &&
		   validators->modified_s > at_s) {
		return CONDITION_FAILED;
	}
	if (none_match != NULL) {
		if (list_matches(none_match, validators->tag, true))
			return CONDITION_NOT_MODIFIED;
	} else if (modified != NULL && http_date_parse(modified, &at_s) &&
		   validators->modified_s <= at_s) {
		return CONDITION_NOT_MODIFIED;
	}
	return CONDITION_GO_ON;
}

bool condition_range_counts(const struct http_request *request,
			    const struct validators *validators)
{
	const char *text = http_header(request, "If-Range");
	int64_t at_s;

	if (text == NULL)
		return true;
	/* A date must match exactly (RFC 9110 13.1.5). */
	if (http_date_parse(text, &at_s))
		return at_s == validators->modified_s;
	return tag_matches(text, strlen(text), validators->tag, false);
}
