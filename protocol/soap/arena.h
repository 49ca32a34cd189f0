/* Memory that is given back all at once: what one message was read into.
 *
 * Bounded in all; the first block is kept from message to message.  One thread. */

#ifndef PROTOCOL_SOAP_ARENA_H
#define PROTOCOL_SOAP_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *first, *last;
	size_t used; /* of the last block */
	size_t total, most;
};

void arena_init(struct arena *arena, size_t most);
void arena_fini(struct arena *arena);
/* Forget everything. */
void arena_reset(struct arena *arena);
/* Aligned for anything, not zeroed; NULL without memory or past the most. */
void *arena_take(struct arena *arena, size_t size);

#endif
