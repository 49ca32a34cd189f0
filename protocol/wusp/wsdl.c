/* GET ?wsdl: each service's own description (conf/wsdl), with its address filled in. */

#include <string.h>

#include "engine/buffer.h"
#include "protocol/wusp/call.h"

extern const char client_wsdl[], simple_auth_wsdl[], reporting_wsdl[];
extern const size_t client_wsdl_size, simple_auth_wsdl_size, reporting_wsdl_size;

enum { DESCRIPTION_MOST = 1024 * 1024 };

static const char *text_of(enum wusp_resource resource)
{
	switch (resource) {
	case WUSP_CLIENT:
		return client_wsdl;
	case WUSP_SIMPLE_AUTH:
		return simple_auth_wsdl;
	default:
		return reporting_wsdl;
	}
}

/* The request's Host stands in it: of that, only what an address is made of. */
static bool put_address(struct buffer *out, const char *base, const char *path)
{
	for (const char *at = base; *at != '\0'; at++) {
		if (strchr("\"'<>&", *at) == NULL && !buffer_append(out, at, 1))
			return false;
	}
	return buffer_text(out, path);
}

/* A copy of `text` in which each address says where it is read. */
static bool fill_in(struct buffer *out, const char *text, const char *base,
		    const char *path)
{
	static const char mark[] = "address location=\"";
	const char *found;

	while ((found = strstr(text, mark)) != NULL) {
		const char *from = found + sizeof mark - 1;
		if (!buffer_append(out, text, (size_t)(from - text)) ||
		    !put_address(out, base, path))
			return false;
		text = from + strcspn(from, "\"");
	}
	return buffer_text(out, text);
}

void wusp_describe(struct wusp_call *call)
{
	const struct http_request *request = exchange_request(call->exchange);
	char room[WUSP_BASE];
	struct buffer out;

	buffer_init(&out, DESCRIPTION_MOST);
	if (fill_in(&out, text_of(call->route.resource),
		    site_base_url(call->desk->site, request->host, room, sizeof room),
		    call->route.path))
		exchange_reply(call->exchange, 200, "text/xml; charset=utf-8", out.at,
			       out.size, NULL);
	else
		exchange_reply(call->exchange, 503, NULL, NULL, 0, NULL);
	buffer_fini(&out);
}
