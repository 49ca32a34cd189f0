/* One MS-WUSP request on its way through this folder, and how it is answered.
 *
 * A service is a table of operations; an operation has the message it takes and the
 * handler that serves it.  A call lives in its exchange's room until the exchange is
 * answered.  wusp.c finds service and operation and reads the message; the handler finds
 * it in call->request, which stays until the answer.  Handlers of the client's services
 * ask wusp_session() who is there first, then answer, or hand a change to wusp_change()
 * and go on in `done` after the commit.  In between other exchanges use the desk: nothing
 * of it may be kept. */

#ifndef PROTOCOL_WUSP_CALL_H
#define PROTOCOL_WUSP_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/http/exchange.h"
#include "protocol/server/site.h"
#include "protocol/soap/soap_read.h"
#include "protocol/soap/soap_write.h"
#include "protocol/wusp/cookie.h"
#include "protocol/wusp/route.h"

struct wusp_call;
struct wusp_room;

/* How a call may fail (MS-WUSP 2.2.2.4). */
enum wusp_fault {
	WUSP_FAULT_NONE,
	WUSP_INVALID_COOKIE,
	WUSP_SERVER_CHANGED,
	WUSP_CONFIG_CHANGED,
	WUSP_COOKIE_EXPIRED,
	WUSP_REGISTRATION_REQUIRED,
	WUSP_REGISTRATION_NOT_REQUIRED,
	WUSP_INVALID_AUTHORIZATION_COOKIE,
	WUSP_INVALID_PARAMETERS, /* the message names the parameter by its path */
	WUSP_INTERNAL_ERROR,
	WUSP_SERVER_BUSY,
	WUSP_FILE_LOCATION_CHANGED,
	WUSP_NOT_UNDERSTOOD, /* no message of this service: plain SOAP, without detail */
	WUSP_FAULTS
};

struct wusp_operation {
	const char *response; /* the element of its answer: "GetConfigResponse" */
	void (*serve)(struct wusp_call *call);
	/* Where its structure holds a struct wusp_cookie that is checked before anything
	 * else is; -1 without. */
	int cookie_at;
};

struct wusp_service {
	struct soap_service soap;
	const struct wusp_operation *operations; /* beside those of `soap` */
};

extern const struct wusp_service wusp_client, wusp_simple_auth, wusp_reporting;

/* A cookie as it is sent, for the message tables of all services. */
struct wusp_cookie {
	bool is_there;
	int64_t expiration_s; /* advisory; what counts is inside */
	struct soap_text data;
};
extern const struct soap_group wusp_cookie_group;
/* The field of such a member, which every message that has one requires. */
#define WUSP_COOKIE_FIELD(type, member)                                                  \
	{                                                                                \
		.name = "cookie", .kind = SOAP_GROUP, .offset = offsetof(type, member),  \
		.required = true, .group = &wusp_cookie_group                            \
	}

struct wusp_call {
	struct change change; /* first: a change is cast back to its call */
	struct exchange *exchange;
	struct desk *desk;
	struct wusp_room *room;
	struct wusp_route route;
	const struct wusp_service *service;
	const struct wusp_operation *operation; /* NULL before it is known */
	struct soap_reader *reader;             /* holds the request */
	enum soap_version version;
	const void *request; /* the operation's structure */
	char field[256];     /* the one at fault; "" for none */
	/* Who asks, after wusp_session(). */
	struct cookie cookie;
	struct computer computer;
	/* Of the change under way. */
	int (*apply)(struct wusp_call *call, struct problem *p);
	void (*done)(struct wusp_call *call);
	void (*refused)(struct wusp_call *call,
			const struct problem *p); /* may be NULL */
	bool may_create;         /* apply knows what to do for an unknown device */
	enum wusp_fault fault;   /* set by apply when it fails in its own way */
	const char *fault_about; /* a literal: the parameter */
	void *scratch;           /* the handler's own */
};

/* session.c */

/* What a call may ask of its session beyond a good cookie. */
enum {
	WUSP_CONFIGURED = 1, /* that it knows the present configuration */
	WUSP_REGISTERED = 2, /* that RegisterComputer was called */
};
/* Opens the cookie, then finds computer and device: the record is in the desk, and the
 * device was seen.  False when the call is answered already. */
bool wusp_session(struct wusp_call *call, const struct wusp_cookie *sent,
		  unsigned wanted);
/* "<NAME><Expiration/><EncryptedData/></NAME>": the call's cookie, sealed anew. */
void wusp_put_cookie(struct wusp_call *call, const struct view *view,
		     struct soap_writer *out, const char *name);
/* What is true here and now, for cookie_open().  The upper half of a configuration says
 * where files are, so that it is told when they move. */
struct cookie_present wusp_present(struct wusp_call *call, const struct view *view);
/* Opens a cookie as it was sent. */
enum cookie_verdict wusp_cookie_open(struct wusp_call *call,
				     const struct cookie_present *present,
				     const struct soap_text *sent, enum cookie_kind kind,
				     struct cookie *cookie);
/* What an unusable cookie is told as; WUSP_FAULT_NONE for a good one.  Of settings,
 * only what `wanted` names is looked at. */
enum wusp_fault wusp_cookie_fault(enum cookie_verdict verdict,
				  const struct cookie *cookie,
				  const struct cookie_present *present, unsigned wanted);
/* A guid in lower case, as the store's keys are. */
void wusp_client_id(const struct guid *guid, char id[static UPDATE_ID_TEXT]);

/* change.c: a change to the device `id`, which is answered by `done` with the record as
 * it then is in the desk, or by a fault. */
void wusp_change(struct wusp_call *call, const char *id,
		 int (*apply)(struct wusp_call *, struct problem *),
		 void (*done)(struct wusp_call *));

/* reply.c: each answers the exchange; the call is gone afterwards. */

/* Begins the operation's answer; it is sent by wusp_reply(). */
void wusp_answer(struct wusp_call *call, struct soap_writer *out);
void wusp_reply(struct wusp_call *call, struct soap_writer *out);
/* `about`: the parameter of InvalidParameters, or words for who reads a trace; may be
 * NULL. */
void wusp_reply_fault(struct wusp_call *call, enum wusp_fault fault, const char *about);
void wusp_reply_problem(struct wusp_call *call, const struct problem *problem);

/* wsdl.c: the service's own description. */
void wusp_describe(struct wusp_call *call);

/* file.c: GET /Content/... */
void wusp_content(struct wusp_call *call);
/* What URLs of files begin with; `room` is needed as long. */
enum { WUSP_BASE = 1024 };
const char *wusp_content_base(struct wusp_call *call, char room[static WUSP_BASE]);
/* One <FileLocation>. */
struct update_file;
void wusp_put_location(struct soap_writer *out, const char *base,
		       const struct update_file *file, bool extended);

/* The handlers, by operation. */
void wusp_get_authorization_cookie(struct wusp_call *call);
void wusp_get_config(struct wusp_call *call);
void wusp_get_cookie(struct wusp_call *call);
void wusp_register_computer(struct wusp_call *call);
void wusp_start_category_scan(struct wusp_call *call);
void wusp_sync_updates(struct wusp_call *call);
void wusp_sync_printer_catalog(struct wusp_call *call);
void wusp_refresh_cache(struct wusp_call *call);
void wusp_get_extended_update_info(struct wusp_call *call);
void wusp_get_extended_update_info2(struct wusp_call *call);
void wusp_get_file_locations(struct wusp_call *call);

#endif
