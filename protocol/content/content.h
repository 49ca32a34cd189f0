/* Serves one payload file: ranges, conditions, and never a byte that is not it.
 *
 * Payloads are immutable and named by their hash, so the SHA-1 is a strong ETag and any
 * cache may keep what it got.  Conditions are judged in the order of RFC 9110 13.2.2,
 * then ranges (14.2): one or several, the latter as multipart/byteranges.  The file is
 * opened without following links and must have the size it was stored with; a missing
 * or damaged one is told as 410 or 500, with nothing of it sent.
 *
 * Runs on the exchange's loop; the bytes are read in libuv's pool and sent with
 * back-pressure. */

#ifndef PROTOCOL_CONTENT_CONTENT_H
#define PROTOCOL_CONTENT_CONTENT_H

#include <stddef.h>
#include <stdint.h>

struct exchange;

struct content_file {
	const char *path; /* on disk */
	const char *name; /* what the client may save it as */
	int64_t size_bytes;
	const char *sha256, *sha1; /* lower-case hex */
};

enum { CONTENT_DISPOSITION_TEXT = 1200 };

/* The Content-Disposition that saves under `name`, cut at 264 bytes. */
void content_disposition(char *out, size_t room, const char *name);

/* Answers the exchange, whatever the request.  `file` is needed during the call only. */
void content_reply(struct exchange *exchange, const struct content_file *file);

#endif
