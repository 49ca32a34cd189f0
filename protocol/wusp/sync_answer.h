/* The parts of answers that more than one operation writes. */

#ifndef PROTOCOL_WUSP_SYNC_ANSWER_H
#define PROTOCOL_WUSP_SYNC_ANSWER_H

#include "protocol/wusp/call.h"
#include "protocol/wusp/sync.h"

/* <Deployment>, always with its seven fields: agents refuse an update without. */
void sync_put_deployment(struct soap_writer *out, const struct sync_item *item);
/* Answers the call with a SyncInfo in which nothing is new. */
void sync_answer_nothing(struct wusp_call *call, const char *result);

#endif
