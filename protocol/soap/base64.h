/* Base64 (RFC 4648, section 4), strictly: one text for one value, no white space but
 * at the ends, right padding.  Pure. */

#ifndef PROTOCOL_SOAP_BASE64_H
#define PROTOCOL_SOAP_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* Room for the text of `size` bytes with its NUL. */
#define BASE64_TEXT(size) ((((size) + 2) / 3) * 4 + 1)

/* Writes BASE64_TEXT(size) bytes and returns how many without the NUL. */
size_t base64_encode(const void *bytes, size_t size, char *text);
/* How many bytes it was, or -1 when it is malformed or longer than `room`. */
ssize_t base64_decode(const char *text, size_t size, void *bytes, size_t room);

#endif
