/* The memory every connection of one loop works in, one at a time.
 *
 * Between two callbacks of the loop all of it is free, so an idle connection owns no
 * buffer at all: a read lands here, is opened here, and what must be kept is copied
 * out.  A workspace belongs to its loop's thread. */

#ifndef PROTOCOL_HTTP_WORKSPACE_H
#define PROTOCOL_HTTP_WORKSPACE_H

#include <time.h>

#include "engine/buffer.h"

enum {
	WORKSPACE_RECEIVED = 64 * 1024, /* one read from a socket */
	WORKSPACE_PLAIN = 16 * 1024,    /* one TLS record, opened */
	WORKSPACE_REPLY_MOST = 128 * 1024 * 1024,
	WORKSPACE_SEALED_MOST = 144 * 1024 * 1024, /* the above, as TLS records */
	WORKSPACE_KEEP = 1024 * 1024,              /* what buffers keep between uses */
};

struct workspace {
	struct buffer reply;  /* a reply while it is put together */
	struct buffer sealed; /* TLS records not yet handed to the socket */
	time_t date_s;        /* the second `date` was made for */
	char date[32];        /* "Mon, 24 Nov 2025 10:00:00 GMT" */
	char received[WORKSPACE_RECEIVED];
	char plain[WORKSPACE_PLAIN];
};

#endif
