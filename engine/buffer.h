/* Bytes that grow up to a maximum fixed at init.
 *
 * A buffer never fails by surprise: each call that may need memory says whether it got
 * it, and leaves the bytes as they were when it did not. */

#ifndef ENGINE_BUFFER_H
#define ENGINE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *at; /* NULL while nothing was ever needed */
	size_t size, room, most;
};

void buffer_init(struct buffer *buffer, size_t most);
void buffer_fini(struct buffer *buffer);

/* Make room for `more` bytes after the present ones, and one for a NUL. */
bool buffer_reserve(struct buffer *buffer, size_t more);

/* Both leave a NUL after the last byte, so that bytes without one inside are a string. */
bool buffer_append(struct buffer *buffer, const void *data, size_t size);
bool buffer_text(struct buffer *buffer, const char *text);

/* Forget the bytes; memory over `keep` goes back to the system. */
void buffer_clear(struct buffer *buffer, size_t keep);

/* Hand the memory to the caller, who frees it.  The buffer is empty afterwards. */
char *buffer_release(struct buffer *buffer);

#endif
