#include "protocol/content/range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Digits into *number; past 2^62 it sticks there, which is past any file's end. */
static const char *read_number(const char *at, int64_t *number, bool *found)
{
	const int64_t most = INT64_C(1) << 62;

	*number = 0;
	*found = false;
	for (; *at >= '0' && *at <= '9'; at++) {
		int digit = *at - '0';
		*found = true;
		*number = *number > (most - digit) / 10 ? most : *number * 10 + digit;
	}
	return at;
}

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t");
}

/* One of the set, "a-b", "a-" or "-n": where it ends, or NULL when malformed.  A range
 * that lies past the end of the file comes out with no size. */
static const char *read_range(const char *at, int64_t size, struct range *range)
{
	int64_t first, last;
	bool has_first, has_last;

	at = read_number(at, &first, &has_first);
	if (*at != '-')
		return NULL;
	at = read_number(at + 1, &last, &has_last);
	if (!has_first && !has_last)
		return NULL;
	if (!has_first) { /* the last so many bytes */
		first = last < size ? size - last : 0;
		last = size - 1;
	} else if (!has_last || last >= size) {
		if (has_last && last < first)
			return NULL;
		last = size - 1;
	} else if (last < first) {
		return NULL;
	}
	*range = (struct range){ first, first < size ? last - first + 1 : 0 };
	return at;
}

static bool overlaps(const struct range_set *set, const struct range *one)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct range *other = &set->ranges[i];
		if (one->from < other->from + other->size &&
		    other->from < one->from + one->size)
			return true;
	}
	return false;
}

enum range_verdict range_parse(const char *text, int64_t size, struct range_set *set)
{
	static const char unit[] = "bytes=";
	size_t seen = 0;

	set->count = 0;
	if (text == NULL || strncasecmp(text, unit, sizeof unit - 1) != 0)
		return RANGE_WHOLE;
	for (const char *at = text + sizeof unit - 1;; at++) {
		struct range one;
		at = read_range(skip_space(at), size, &one);
		if (at == NULL || ++seen > RANGES_MOST)
			return RANGE_REFUSED;
		if (one.size > 0) {
			if (overlaps(set, &one))
				return RANGE_REFUSED;
			set->ranges[set->count++] = one;
		}
		at = skip_space(at);
		if (*at == '\0')
			break;
		if (*at != ',')
			return RANGE_REFUSED;
	}
	return set->count > 0 ? RANGE_PARTS : RANGE_REFUSED;
}
