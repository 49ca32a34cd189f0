/* GUIDs as Windows' wires write them: 8-4-4-4-12 hex digits, in any case.
 *
 * A struct guid is 16 bytes in the order in which they are written, so that comparing
 * bytes sorts like comparing text.  Pure. */

#ifndef PROTOCOL_SOAP_GUID_H
#define PROTOCOL_SOAP_GUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GUID_TEXT = 37 };

struct guid {
	uint8_t bytes[16];
};

/* Takes braces around it too.  False, and *guid untouched, for anything else. */
bool guid_parse(const char *text, size_t size, struct guid *guid);
char *guid_format(const struct guid *guid, char text[static GUID_TEXT]); /* lower case */
char *guid_format_upper(const struct guid *guid, char text[static GUID_TEXT]);
int guid_compare(const struct guid *a, const struct guid *b);
bool guid_equal(const struct guid *a, const struct guid *b);
bool guid_is_zero(const struct guid *guid);

/* RFC 4122 version 5: the same name in the same space is the same GUID, everywhere. */
void guid_of_name(const struct guid *space, const char *name, struct guid *guid);

#endif
