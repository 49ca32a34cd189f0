/* UTF-8 as RFC 3629 has it: no surrogates, no longer form than needed, nothing past
 * U+10FFFF. */

#ifndef ENGINE_UTF8_H
#define ENGINE_UTF8_H

#include <stddef.h>

/* The bytes of the character at `at`; 0 when it is malformed, a control or the end. */
size_t utf8_printable(const char *at);

/* Put a space for each control and '?' for each byte of what is malformed, so that text
 * from anywhere may be sent to anybody. */
void utf8_scrub(char *text);

/* Text of which printf() wanted to write `wanted` bytes into `size`: if that cut it, end
 * it in dots, in place of whole characters. */
void utf8_mark_cut(char *text, size_t size, int wanted);

#endif
