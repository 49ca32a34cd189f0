/* MS-WUSP: the wire of a stock Windows Update Agent, as a WSUS server speaks it.
 *
 *	/ClientWebService/Client.asmx			what to do
 *	/SimpleAuthWebService/SimpleAuth.asmx		who asks
 *	/ReportingWebService/ReportingWebService.asmx	what became of it (and
 *.../WebService.asmx) /Content/<xx>/<SHA1>.<ext>			payload
 *
 * Paths are matched without case.  This face holds no decision of its own: what a
 * computer says becomes facts and reports of its device, the engine decides, and
 * SyncUpdates shows that decision in the protocol's words.  What it has of its own are
 * revision ids, cookies, and which computer is which device.
 *
 * Everything here runs on the exchange's loop, but for the apply functions of changes. */

#ifndef PROTOCOL_WUSP_WUSP_H
#define PROTOCOL_WUSP_WUSP_H

#include <stdbool.h>
#include <stddef.h>

struct desk;
struct exchange;

/* Answers the exchange, now or later, if its path is one of these; else false. */
bool wusp_handle(struct exchange *exchange, struct desk *desk);

/* The most bytes the body of a request to `path` may have; 0: the path is not ours. */
size_t wusp_body_limit(const char *path);

#endif
