/* Whose turn it is: an event queue over one span of virtual time.
 *
 * A calendar: what is due later lies in the bucket of its time, unsorted; the bucket at
 * hand is a heap.  Turns come in order of time, and at one moment in order of their
 * number, whatever the order they were put in.  Nothing is taken out again: who is put
 * twice comes twice, and the caller knows which one counts.  One thread. */

#ifndef ENGINE_REHEARSAL_QUEUE_H
#define ENGINE_REHEARSAL_QUEUE_H

#include <stdint.h>

struct queue;

/* Times from `from` to `until`, in seconds.  NULL without memory. */
struct queue *queue_new(uint32_t from, uint32_t until);
void queue_free(struct queue *queue); /* accepts NULL */

/* No earlier than the last turn taken; what is past `until` is dropped.  -1 without
 * memory. */
int queue_put(struct queue *queue, uint32_t time, uint32_t number);
/* 1, or 0 at the end; -1 without memory. */
int queue_take(struct queue *queue, uint32_t *time, uint32_t *number);

#endif
