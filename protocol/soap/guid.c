#include "protocol/soap/guid.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool guid_parse(const char *text, size_t size, struct guid *guid)
{
	struct guid parsed;
	size_t byte = 0;

	if (size == 38 && text[0] == '{' && text[37] == '}') {
		text++;
		size -= 2;
	}
	if (size != 36)
		return false;
	for (size_t i = 0; i < size;) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i++] != '-')
				return false;
			continue;
		}
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
		if (high < 0 || low < 0)
			return false;
		parsed.bytes[byte++] = (uint8_t)(high << 4 | low);
		i += 2;
	}
	assert(byte == sizeof parsed.bytes);
	*guid = parsed;
	return true;
}

static char *format(const struct guid *guid, const char *digits, char *text)
{
	size_t at = 0;

	for (size_t i = 0; i < sizeof guid->bytes; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = digits[guid->bytes[i] >> 4];
		text[at++] = digits[guid->bytes[i] & 15];
	}
	text[at] = '\0';
	return text;
}

char *guid_format(const struct guid *guid, char text[static GUID_TEXT])
{
	return format(guid, "0123456789abcdef", text);
}

char *guid_format_upper(const struct guid *guid, char text[static GUID_TEXT])
{
	return format(guid, "0123456789ABCDEF", text);
}

int guid_compare(const struct guid *a, const struct guid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool guid_equal(const struct guid *a, const struct guid *b)
{
	return guid_compare(a, b) == 0;
}

bool guid_is_zero(const struct guid *guid)
{
	static const struct guid zero;
	return guid_equal(guid, &zero);
}

void guid_of_name(const struct guid *space, const char *name, struct guid *guid)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha1(), NULL) &&
		 EVP_DigestUpdate(context, space->bytes, sizeof space->bytes) &&
		 EVP_DigestUpdate(context, name, strlen(name)) &&
		 EVP_DigestFinal_ex(context, digest, NULL);

	EVP_MD_CTX_free(context);
	assert(ok); /* a short digest in memory: only without any memory left */
	(void)ok;
	memcpy(guid->bytes, digest, sizeof guid->bytes);
	guid->bytes[6] = (uint8_t)((guid->bytes[6] & 0x0f) | 0x50);
	guid->bytes[8] = (uint8_t)((guid->bytes[8] & 0x3f) | 0x80);
}
