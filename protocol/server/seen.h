/* When devices were last heard, gathered on one loop and written in batches.
 *
 * A last-seen time is never in the way of a decision, so it may be lost with the
 * process: up to one flush interval of them.  A batch belongs to its loop's thread; what
 * is flushed goes to the writer as one unit of work.  It is bounded: a full batch takes
 * no more devices until the next flush. */

#ifndef PROTOCOL_SERVER_SEEN_H
#define PROTOCOL_SERVER_SEEN_H

#include <stdint.h>

struct backend;
struct seen_batch;

/* NULL without memory. */
struct seen_batch *seen_new(void);
void seen_free(struct seen_batch *batch); /* accepts NULL; what is in it is lost */
void seen_note(struct seen_batch *batch, const char *device, int64_t at_s);
void seen_flush(struct seen_batch *batch, struct backend *backend);

#endif
