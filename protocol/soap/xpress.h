/* Content-Encoding "xpress": what a Windows Update Agent asks for.
 *
 * A body is a row of blocks, each a little-endian original size, a compressed size, and
 * that many bytes of Plain LZ77 (MS-XCA 2.3, 2.4: 32-bit flag words, matches in a window
 * of 8 KiB).  A block that would not shrink is stored as it is, with equal sizes.
 * Original sizes are at most 65,535; we cut at 16,352, as the original server does.
 * Pure; the compressor's room is on the caller's stack or handed in. */

#ifndef PROTOCOL_SOAP_XPRESS_H
#define PROTOCOL_SOAP_XPRESS_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct problem;

enum { XPRESS_BLOCK = 16352, XPRESS_BLOCK_MOST = 65535 };

/* Appends the encoded body.  False without memory; `out` is then as it was. */
bool xpress_encode(const void *data, size_t size, struct buffer *out);
/* Appends the decoded body; never writes more than `most` bytes in all. */
int xpress_decode(const void *data, size_t size, size_t most, struct buffer *out,
		  struct problem *p);

#endif
