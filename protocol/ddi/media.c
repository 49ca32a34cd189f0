#include "protocol/ddi/media.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char hal[] = "application/hal+json";
static const char json[] = "application/json";

/* How well a range of Accept names a type: not at all, by wildcard, by name. */
enum fit { FIT_NONE, FIT_WILD, FIT_NAMED };

struct taste {
	enum fit fit;
	int weight; /* thousandths */
};

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t");
}

static bool is_type(const char *at, size_t size, const char *type)
{
	return size == strlen(type) && strncasecmp(at, type, size) == 0;
}

/* The q of one range, whose parameters end at `end`; 1 when there is none or it is
 * malformed. */
static int read_weight(const char *at, const char *end)
{
	int weight = 1000, digit = 100;

	while (at < end && (at = memchr(at, ';', (size_t)(end - at))) != NULL) {
		at = skip_space(at + 1);
		if (strncasecmp(at, "q=", 2) != 0)
			continue;
		weight = at[2] == '0' ? 0 : 1000;
		for (at += at[2] != '\0' && at[3] == '.' ? 4 : 3;
		     weight < 1000 && *at >= '0' && *at <= '9' && digit > 0;
		     at++, digit /= 10)
			weight += (*at - '0') * digit;
		break;
	}
	return weight;
}

/* The most specific range decides (RFC 9110 12.5.1). */
static struct taste taste_of(const char *accept, const char *type)
{
	struct taste taste = { FIT_NONE, 0 };

	for (const char *at = accept; *at != '\0';) {
		at = skip_space(at);
		size_t size = strcspn(at, ",");
		size_t name = strcspn(at, ",; \t");
		enum fit fit =
			is_type(at, name, type) ? FIT_NAMED
			: is_type(at, name, "*/*") || is_type(at, name, "application/*")
				? FIT_WILD
				: FIT_NONE;
		if (fit > taste.fit)
			taste = (struct taste){ fit, read_weight(at + name, at + size) };
		at += size;
		at += *at == ',';
	}
	return taste;
}

const char *media_choose(const char *accept)
{
	if (accept == NULL || *skip_space(accept) == '\0')
		return hal;
	struct taste for_hal = taste_of(accept, hal), for_json = taste_of(accept, json);
	if (for_hal.weight == 0 && for_json.weight == 0)
		return NULL;
	if (for_json.weight != for_hal.weight)
		return for_json.weight > for_hal.weight ? json : hal;
	return for_json.fit > for_hal.fit ? json : hal;
}

bool media_is_json(const char *content_type)
{
	if (content_type == NULL)
		return false;
	size_t size = strcspn(content_type, "; \t");
	return is_type(content_type, size, json) || is_type(content_type, size, hal);
}
