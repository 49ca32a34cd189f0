/* Who this server is to Windows Update Agents: part of every view, read from the store.
 *
 * The server id changes when the database was restored from an older one: cookies of the
 * other life then get ServerChanged, and clients refresh what they hold.  That is found
 * at the start, by a mark beside the database, or by the first cookie that knows a later
 * generation than ours.  The configuration's generation and LastChange move when the
 * answer of GetConfig does. */

#ifndef PROTOCOL_WUSP_IDENTITY_H
#define PROTOCOL_WUSP_IDENTITY_H

#include "protocol/wusp/cookie.h"

struct wusp_identity {
	struct guid server;
	uint64_t configuration; /* generation */
	int64_t last_change_s;  /* GetConfig's LastChange */
	struct cookie_keys keys;
};

#endif
