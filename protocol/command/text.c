#include "protocol/command/text.h"

#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

/* One character: its bytes and columns.  `is_safe` when it may be shown. */
struct glyph {
	size_t size;
	size_t columns;
	bool is_safe;
};

void text_start(void)
{
	/* Only for wcwidth(): nothing here speaks the user's language.  Without this
	 * locale every character counts as one column. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
}

/* Strict UTF-8 (RFC 3629): no overlong forms, no surrogates.  0 when it is none. */
static size_t decode(const unsigned char *at, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = at[0] < 0x80   ? 1
		      : at[0] < 0xc2 ? 0
		      : at[0] < 0xe0 ? 2
		      : at[0] < 0xf0 ? 3
		      : at[0] < 0xf5 ? 4
				     : 0;

	if (size <= 1) {
		*code = at[0];
		return size;
	}
	*code = at[0] & (0xffU >> (size + 1));
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3fU);
	}
	bool fits = *code >= least[size] && *code <= 0x10ffff &&
		    (*code < 0xd800 || *code > 0xdfff);
	return fits ? size : 0;
}

static struct glyph glyph_at(const char *text)
{
	uint32_t code;
	size_t size = decode((const unsigned char *)text, &code);

	if (size == 0)
		return (struct glyph){ 1, 1, false };
	if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 ||
	    code == 0x2029 || (code >= 0x202a && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069)) /* controls, and what turns text around */
		return (struct glyph){ size, 1, false };
	int columns = code < 0x7f ? 1 : wcwidth((wchar_t)code);
	return (struct glyph){ size, columns < 0 ? 1 : (size_t)columns, true };
}

size_t text_columns(const char *text)
{
	size_t columns = 0;

	while (*text != '\0') {
		struct glyph glyph = glyph_at(text);
		columns += glyph.columns;
		text += glyph.size;
	}
	return columns;
}

size_t text_fit(const char *text, size_t columns, size_t *used)
{
	size_t size = 0;

	*used = 0;
	while (text[size] != '\0') {
		struct glyph glyph = glyph_at(text + size);
		if (*used + glyph.columns > columns)
			break;
		*used += glyph.columns;
		size += glyph.size;
	}
	return size;
}

void text_clean(char *text)
{
	char *to = text;

	while (*text != '\0') {
		struct glyph glyph = glyph_at(text);
		if (glyph.is_safe) {
			memmove(to, text, glyph.size);
			to += glyph.size;
		} else {
			*to++ = '?';
		}
		text += glyph.size;
	}
	*to = '\0';
}

void text_print(FILE *to, const char *text)
{
	while (*text != '\0') {
		struct glyph glyph = glyph_at(text);
		if (glyph.is_safe || *text == '\n' || *text == '\t')
			fwrite(text, 1, glyph.size, to);
		else
			fputc('?', to);
		text += glyph.size;
	}
}
