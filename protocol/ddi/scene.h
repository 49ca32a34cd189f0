/* Sets the scene for documents of a call: addresses, view, record, decision. */

#ifndef PROTOCOL_DDI_SCENE_H
#define PROTOCOL_DDI_SCENE_H

#include "protocol/ddi/call.h"
#include "protocol/ddi/document.h"

struct scene_room {
	char base[1024];
};

/* Borrows all of them; the decision is that in the desk. */
static inline struct scene scene_of(struct ddi_call *call, const struct view *view,
				    struct scene_room *room)
{
	const struct http_request *request = exchange_request(call->exchange);

	return (struct scene){
		.base = site_base_url(call->desk->site, request->host, room->base,
				      sizeof room->base),
		.prefix = request->path,
		.prefix_size = call->route.prefix_size,
		.view = view,
		.record = &call->desk->record,
		.decision = &call->desk->decision,
	};
}

#endif
