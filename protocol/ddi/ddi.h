/* hawkBit's Direct Device Integration, version 1: the wire of lightweight agents.
 *
 * Paths are /{tenant}/controller/v1/{device}/...; the tenant is DEFAULT in any case.  A
 * request goes through the same steps: its route (route.h), its media types (media.h),
 * who it is (authenticate.c), then the handler of its resource.  Handlers hold no state:
 * they read the device's record, decide, and answer; what changes a device goes to the
 * writer as a change, and is answered after its commit with the record as it then is.
 *
 * DDI stays plain hawkBit where every extension is dropped.  Ours travel in chunk
 * metadata and details[] under "py." and "py:", and in the root member "x-patchyard".
 *
 * Everything here runs on the exchange's loop, but for the apply functions of changes. */

#ifndef PROTOCOL_DDI_DDI_H
#define PROTOCOL_DDI_DDI_H

#include <stdbool.h>
#include <stddef.h>

struct desk;
struct exchange;

/* Answers the exchange, now or later, if its path is DDI's; else false. */
bool ddi_handle(struct exchange *exchange, struct desk *desk);

/* The most bytes the body of a request to `path` may have; 0: the path is not DDI's. */
size_t ddi_body_limit(const char *path);

#endif
