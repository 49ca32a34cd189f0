/* SimpleAuth: an agent says who it is, and is believed (MS-WUSP 3.1.5.3).  The protocol
 * has no proof of it; what it gets is a cookie that only this server can make. */

#include <string.h>

#include "engine/problem.h"
#include "protocol/wusp/client_messages.h"
#include "protocol/wusp/computers.h"
#include "protocol/wusp/library.h"

enum { AUTHORIZATION_S = 12 * 3600, GROUP_MOST = 1024 };

static void welcome(struct wusp_call *call)
{
	const struct joining *joining = call->scratch;
	struct view *view = site_view(call->desk->site);
	struct cookie_present present = wusp_present(call, view);
	struct cookie cookie = { .kind = COOKIE_AUTHORIZATION,
				 .store_generation = present.store_generation,
				 .server = present.server,
				 .configuration = present.configuration,
				 .issued_s = present.now_s,
				 .expires_s = present.now_s + AUTHORIZATION_S,
				 .computer = joining->client };
	uint8_t bytes[COOKIE_SIZE];
	struct soap_writer out;

	cookie_seal(&cookie, present.keys, bytes);
	wusp_answer(call, &out);
	soap_open(&out, "GetAuthorizationCookieResult");
	soap_text(&out, "PlugInId", "SimpleTargeting");
	soap_bytes(&out, "CookieData", bytes, sizeof bytes);
	soap_close(&out, "GetAuthorizationCookieResult");
	wusp_reply(call, &out);
	view_give(view);
}

void wusp_get_authorization_cookie(struct wusp_call *call)
{
	const struct get_authorization_cookie *sent = call->request;
	struct joining *joining = exchange_allocate(call->exchange, sizeof *joining);

	if (joining == NULL) {
		wusp_reply_fault(call, WUSP_SERVER_BUSY, NULL);
		return;
	}
	if (sent->client_id.at == NULL ||
	    !guid_parse(sent->client_id.at, sent->client_id.size, &joining->client)) {
		wusp_reply_fault(call, WUSP_INVALID_PARAMETERS, "clientId");
		return;
	}
	if (!computer_name_fold(&sent->dns_name, joining->dns_name)) {
		wusp_reply_fault(call, WUSP_INVALID_PARAMETERS, "dnsName");
		return;
	}
	if (sent->target_group.size > GROUP_MOST) {
		wusp_reply_fault(call, WUSP_INVALID_PARAMETERS, "targetGroupName");
		return;
	}
	wusp_client_id(&joining->client, joining->client_id);
	attributes_add(&joining->told, "dns.name", joining->dns_name,
		       strlen(joining->dns_name));
	if (sent->target_group.at != NULL)
		attributes_add(&joining->told, "wua.target-group", sent->target_group.at,
			       sent->target_group.size);
	joining->welcome = welcome;
	computer_join(call, joining);
}

static const struct soap_operation messages[] = {
	{ "GetAuthorizationCookie", &get_authorization_cookie_group },
};
static const struct wusp_operation operations[] = {
	{ "GetAuthorizationCookieResponse", wusp_get_authorization_cookie, -1 },
};
const struct wusp_service wusp_simple_auth = {
	.soap = { "http://www.microsoft.com/SoftwareDistribution/Server/"
		  "SimpleAuthWebService",
		  sizeof messages / sizeof messages[0], messages },
	.operations = operations,
};
