/* The calls of MS-WUSP from an agent's side: a request out, an answer or a fault in.
 *
 * Cookies are kept as the text they came in.  Structures are valid until the next call
 * of the same service. */

#ifndef AGENTS_WUSP_CALL_H
#define AGENTS_WUSP_CALL_H

#include "agents/client.h"
#include "engine/buffer.h"
#include "protocol/soap/soap_read.h"
#include "protocol/soap/soap_write.h"

struct problem;

enum wusp_service_id { WU_CLIENT, WU_AUTH, WU_REPORT, WU_SERVICES };

struct wusp_link {
	struct transport transport;
	const char *server; /* https://host:port */
	struct soap_reader *readers[WU_SERVICES];
	struct buffer request, plain;
	struct soap_writer out;
	struct soap_message message;
};

int wusp_link_open(struct wusp_link *link, const struct transport *transport,
		   const char *server, struct problem *p);
void wusp_link_close(struct wusp_link *link);

/* Begin a request; then write into link->out; then send it.  The answer's structure is
 * link->message.body.  1 an answer, 0 a fault (link->message.fault), -1 with *p told. */
void wusp_begin(struct wusp_link *link, enum wusp_service_id service,
		const char *operation);
int wusp_send(struct wusp_link *link, enum wusp_service_id service, const char *operation,
	      struct problem *p);

/* The answers. */
struct wu_cookie {
	struct soap_text expiration, data;
};
struct wu_list {
	struct soap_list list;
};
struct wu_config {
	struct wu_config_result {
		struct soap_text last_change;
	} result;
};
struct wu_authorization {
	struct wu_authorization_result {
		struct soap_text plug_in, data;
	} result;
};
struct wu_session {
	struct wu_cookie cookie;
};
struct wu_deployment {
	struct soap_text action, deadline;
	bool is_assigned;
};
struct wu_info {
	int64_t id;
	struct wu_deployment deployment;
	bool is_leaf;
	struct soap_text xml;
};
struct wu_sync {
	struct wu_sync_result {
		struct wu_list fresh, changed; /* struct wu_info */
		struct wu_list out;            /* int64_t */
		bool truncated;
		struct wu_cookie cookie;
	} result;
};
struct wu_text {
	int64_t id;
	struct soap_text xml;
};
struct wu_place {
	struct soap_text digest, url;
};
struct wu_extended {
	struct wu_extended_result {
		struct wu_list texts;  /* struct wu_text */
		struct wu_list places; /* struct wu_place */
	} result;
};
struct wu_known {
	int64_t id;
	bool is_leaf;
	struct wu_global {
		struct guid id;
		int64_t revision;
	} global;
	struct wu_deployment deployment;
};
struct wu_refreshed {
	struct wu_list known; /* struct wu_known */
};
struct wu_reported {
	bool taken;
};

#endif
