#include "engine/utf8.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* The bytes of the character at `at` and its code; 0 when it is malformed. */
static size_t decode(const unsigned char *at, uint32_t *code)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};
	size_t form = 0;

	while (form < 4 && (at[0] & forms[form].mask) != forms[form].lead)
		form++;
	if (form == 4)
		return 0;
	*code = at[0] & (unsigned char)~forms[form].mask;
	for (size_t i = 1; i <= form; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3f);
	}
	if (*code < forms[form].least || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return form + 1;
}

static int is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

size_t utf8_printable(const char *at)
{
	uint32_t code = 0;
	size_t size = decode((const unsigned char *)at, &code);
	return size == 0 || is_control(code) ? 0 : size;
}

void utf8_scrub(char *text)
{
	while (*text != '\0') {
		uint32_t code = 0;
		size_t size = decode((const unsigned char *)text, &code);
		if (size == 0)
			*text = '?';
		else if (is_control(code))
			memset(text, ' ', size);
		text += size == 0 ? 1 : size;
	}
}

void utf8_mark_cut(char *text, size_t size, int wanted)
{
	assert(size >= sizeof "...");
	if (wanted < 0 || (size_t)wanted < size)
		return;
	size_t at = size - sizeof "...";
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, "...", sizeof "...");
}
