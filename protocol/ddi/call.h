/* One DDI request on its way through this folder, and how it is answered.
 *
 * A call lives in its exchange's room until the exchange is answered.  A handler finds
 * the device authenticated and its record, fresh, in call->desk->record; it answers, or
 * hands a change to ddi_change() and goes on in `done` after the commit, again with the
 * fresh record.  In between other exchanges use the desk: nothing of it may be kept. */

#ifndef PROTOCOL_DDI_CALL_H
#define PROTOCOL_DDI_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/ddi/route.h"
#include "protocol/http/exchange.h"
#include "protocol/server/site.h"
#include "protocol/server/token.h"

struct buffer;

/* How a call may fail, each with its face for clients: status, error code, class. */
enum fault {
	FAULT_NONE,
	FAULT_BAD_REQUEST,
	FAULT_BAD_BODY,
	FAULT_BAD_ATTRIBUTES,
	FAULT_UNAUTHORIZED, /* told without any body */
	FAULT_NOT_FOUND,
	FAULT_METHOD,
	FAULT_NOT_CANCELABLE,
	FAULT_NOT_ACCEPTABLE,
	FAULT_GONE,
	FAULT_CLOSED, /* the action is no longer active */
	FAULT_MEDIA,
	FAULT_TOO_MANY,
	FAULT_BUSY,
	FAULT_BROKEN,
	FAULTS
};

struct ddi_call {
	struct change change; /* first: a change is cast back to its call */
	struct exchange *exchange;
	struct desk *desk;
	struct ddi_route route;
	const char *type; /* Content-Type of documents, as negotiated */
	void (*serve)(struct ddi_call *call);
	/* Of the change under way. */
	int (*apply)(struct ddi_call *call, struct problem *p);
	void (*done)(struct ddi_call *call);
	void (*refused)(struct ddi_call *call); /* before the answer; NULL for none */
	bool may_create; /* apply knows what to do for an unknown device */
	/* Set by apply when it fails in its own way, or although it did not. */
	enum fault fault;
	/* Who asks. */
	uint8_t token_hash[TOKEN_HASH];
	char new_token[TOKEN_TEXT]; /* to be handed out with the answer; "" for none */
	char owner[LIMIT_DEVICE_ID + 1]; /* whose action it really is, when not its own */
	void *body; /* what the handler read out of the request's body */
};

/* authenticate.c: find out who asks, then call->serve(). */
void ddi_authenticate(struct ddi_call *call);

/* change.c */
void ddi_change(struct ddi_call *call, int (*apply)(struct ddi_call *, struct problem *),
		void (*done)(struct ddi_call *));

/* reply.c: each answers the exchange; the call is gone afterwards. */

/* A JSON document with an entity-tag.  `secret`: it may be kept nowhere. */
void ddi_reply_document(struct ddi_call *call, const struct buffer *json, bool secret);
void ddi_reply_done(struct ddi_call *call); /* 200 without a body */
void ddi_reply_fault(struct ddi_call *call, enum fault fault, const char *message);
void ddi_reply_problem(struct ddi_call *call, const struct problem *problem);

/* The handlers, one file each. */
void ddi_poll(struct ddi_call *call);
void ddi_config_data(struct ddi_call *call);
void ddi_deployment(struct ddi_call *call);
void ddi_deployment_feedback(struct ddi_call *call);
void ddi_cancel(struct ddi_call *call);
void ddi_cancel_feedback(struct ddi_call *call);
void ddi_installed(struct ddi_call *call);
void ddi_artifact(struct ddi_call *call); /* the list too */

/* A flow of this device by its id: the one of its record, or an older one into `room`.
 * NULL when there is none, or with call->fault set and *p told when the store failed. */
const struct flow *ddi_find_flow(struct ddi_call *call, struct flow *room,
				 struct problem *p);

#endif
