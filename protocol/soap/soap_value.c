#include "protocol/soap/soap_value.h"

#include <string.h>

#include "engine/instant.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t soap_value_trim(const char **text, size_t size)
{
	while (size > 0 && is_space(**text)) {
		++*text;
		size--;
	}
	while (size > 0 && is_space((*text)[size - 1]))
		size--;
	return size;
}

bool soap_value_int(const char *text, size_t size, int64_t *value)
{
	size = soap_value_trim(&text, size);
	bool negative = size > 0 && *text == '-';
	uint64_t sum = 0, most = (uint64_t)INT64_MAX + negative;

	if (size > 0 && (*text == '-' || *text == '+')) {
		text++;
		size--;
	}
	if (size == 0)
		return false;
	for (; size > 0; text++, size--) {
		unsigned digit = (unsigned)(*text - '0');
		if (digit > 9 || sum > (most - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
	return true;
}

bool soap_value_bool(const char *text, size_t size, bool *value)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "true", true }, { "false", false }, { "1", true }, { "0", false }
	};

	size = soap_value_trim(&text, size);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i].word) == size &&
		    memcmp(words[i].word, text, size) == 0) {
			*value = words[i].value;
			return true;
		}
	}
	return false;
}

bool soap_value_time(const char *text, size_t size, int64_t *value)
{
	enum { SECONDS_END = 19 }; /* "2026-10-04T13:17:07" */
	char plain[INSTANT_TEXT];
	size_t at = SECONDS_END;

	size = soap_value_trim(&text, size);
	if (size < SECONDS_END || text[10] != 'T')
		return false;
	if (at < size && text[at] == '.') {
		size_t digits = 0;
		for (at++; at < size && text[at] >= '0' && text[at] <= '9'; at++)
			digits++;
		if (digits == 0)
			return false;
	}
	size_t zone = size - at;
	if (SECONDS_END + zone + 2 > sizeof plain)
		return false;
	memcpy(plain, text, SECONDS_END);
	memcpy(plain + SECONDS_END, text + at, zone);
	memcpy(plain + SECONDS_END + zone, zone == 0 ? "Z" : "", zone == 0 ? 2 : 1);
	return memchr(plain, '\0', SECONDS_END) == NULL && instant_parse(plain, value);
}
