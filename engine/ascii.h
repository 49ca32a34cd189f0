/* Case of ASCII letters, whatever the locale: names, keywords and KBs are compared so.
 * Other bytes are left as they are. */

#ifndef ENGINE_ASCII_H
#define ENGINE_ASCII_H

static inline char ascii_lower(char c)
{
	if (c < 'A' || c > 'Z')
		return c;
	return (char)(c - 'A' + 'a');
}

/* As strcmp(), case folded. */
static inline int ascii_compare(const char *a, const char *b)
{
	while (*a != '\0' && ascii_lower(*a) == ascii_lower(*b)) {
		a++;
		b++;
	}
	return (unsigned char)ascii_lower(*a) - (unsigned char)ascii_lower(*b);
}

#endif
