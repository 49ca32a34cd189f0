#include "protocol/server/router.h"

#include <string.h>

#include "protocol/ddi/ddi.h"
#include "protocol/server/log.h"
#include "protocol/server/site.h"
#include "protocol/wusp/wusp.h"

static void answer_health(struct exchange *exchange)
{
	static const struct http_header allow[] = { { "Allow", "GET, HEAD" },
						    { NULL, NULL } };
	static const char alive[] = "ok\n";
	enum http_method method = exchange_request(exchange)->method;

	if (method != HTTP_GET && method != HTTP_HEAD)
		exchange_reply(exchange, 405, NULL, NULL, 0, allow);
	else
		exchange_reply(exchange, 200, "text/plain; charset=utf-8", alive,
			       sizeof alive - 1, NULL);
}

static void answer_nothing_here(struct exchange *exchange)
{
	static const char text[] =
		"{\"type\":\"not-found\",\"title\":\"Not found\",\"status\":404,"
		"\"detail\":\"There is nothing at this path.\"}\n";

	exchange_reply(exchange, 404, "application/problem+json", text, sizeof text - 1,
		       NULL);
}

void router_handle(struct exchange *exchange)
{
	const struct http_request *request = exchange_request(exchange);

	if (log_is_on(LOG_LEVEL_DEBUG))
		log_event(LOG_LEVEL_DEBUG, "request", "peer", request->peer, "path",
			  request->path, NULL);
	struct desk *desk = site_desk(exchange_loop(exchange));
	if (ddi_handle(exchange, desk) || wusp_handle(exchange, desk))
		return;
	if (strcmp(request->path, "/healthz") == 0)
		answer_health(exchange);
	else
		answer_nothing_here(exchange);
}

size_t router_body_limit(const char *path)
{
	size_t most = ddi_body_limit(path);

	return most > 0 ? most : wusp_body_limit(path); /* 0 where nobody reads one */
}
