#include "protocol/soap/base64.h"

#include <stdbool.h>
#include <stdint.h>

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(const void *bytes, size_t size, char *text)
{
	const uint8_t *from = bytes;
	size_t used = 0;

	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		uint32_t word = (uint32_t)from[i] << 16 |
				(left > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
				(left > 2 ? from[i + 2] : 0);
		text[used++] = alphabet[word >> 18];
		text[used++] = alphabet[word >> 12 & 63];
		text[used++] = left > 1 ? alphabet[word >> 6 & 63] : '=';
		text[used++] = left > 2 ? alphabet[word & 63] : '=';
	}
	text[used] = '\0';
	return used;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Four digits into 24 bits, the missing ones of the last group as zero. */
static bool read_group(const char *text, size_t digits, uint32_t *word)
{
	*word = 0;
	for (size_t i = 0; i < 4; i++) {
		int value = i < digits ? value_of(text[i]) : 0;
		if (value < 0)
			return false;
		*word = *word << 6 | (uint32_t)value;
	}
	/* What the padding leaves over must be zero: one text for one value. */
	return digits == 4 || (*word & (digits == 3 ? 0xff : 0xffff)) == 0;
}

ssize_t base64_decode(const char *text, size_t size, void *bytes, size_t room)
{
	uint8_t *to = bytes;
	size_t used = 0;

	while (size > 0 && is_space(*text)) {
		text++;
		size--;
	}
	while (size > 0 && is_space(text[size - 1]))
		size--;
	if (size % 4 != 0)
		return -1;
	for (size_t i = 0; i < size; i += 4) {
		size_t digits = 4;
		uint32_t word;

		if (i + 4 == size && text[i + 3] == '=')
			digits = text[i + 2] == '=' ? 2 : 3;
		if (!read_group(text + i, digits, &word) || room - used < digits - 1)
			return -1;
		for (size_t k = 0; k + 1 < digits; k++)
			to[used++] = (uint8_t)(word >> (16 - 8 * k));
	}
	return (ssize_t)used;
}
