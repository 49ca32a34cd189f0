#include "protocol/ddi/ddi.h"

#include "engine/problem.h"
#include "protocol/ddi/call.h"
#include "protocol/ddi/media.h"

static void (*const handlers[DDI_RESOURCES])(struct ddi_call *call) = {
	[DDI_POLL] = ddi_poll,
	[DDI_CONFIG_DATA] = ddi_config_data,
	[DDI_DEPLOYMENT] = ddi_deployment,
	[DDI_DEPLOYMENT_FEEDBACK] = ddi_deployment_feedback,
	[DDI_CANCEL] = ddi_cancel,
	[DDI_CANCEL_FEEDBACK] = ddi_cancel_feedback,
	[DDI_INSTALLED] = ddi_installed,
	[DDI_ARTIFACTS] = ddi_artifact,
	[DDI_ARTIFACT] = ddi_artifact,
};

/* What can be refused without knowing who asks.  FAULT_NONE: nothing. */
static enum fault check(struct ddi_call *call, const char **message)
{
	const struct http_request *request = exchange_request(call->exchange);
	bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;

	if ((request->method & call->route.methods) == 0) {
		*message = "this path takes other methods: see Allow";
		return FAULT_METHOD;
	}
	if (!reads && !media_is_json(http_header(request, "Content-Type"))) {
		*message = "send the body as application/json";
		return FAULT_MEDIA;
	}
	call->type = media_choose(http_header(request, "Accept"));
	/* A payload is what it is, and an empty answer is nothing. */
	if (reads && call->route.resource != DDI_ARTIFACT && call->type == NULL) {
		*message = "answers are application/hal+json or application/json";
		return FAULT_NOT_ACCEPTABLE;
	}
	return FAULT_NONE;
}

static void begin(struct ddi_call *call, enum route_verdict verdict,
		  const struct problem *p)
{
	const char *message = "";

	if (verdict == ROUTE_UNKNOWN || verdict == ROUTE_MALFORMED) {
		ddi_reply_problem(call, p);
		return;
	}
	enum fault fault = check(call, &message);
	if (fault != FAULT_NONE) {
		ddi_reply_fault(call, fault, message);
		return;
	}
	call->serve = handlers[call->route.resource];
	ddi_authenticate(call);
}

bool ddi_handle(struct exchange *exchange, struct desk *desk)
{
	static const struct http_header retry[] = { { "Retry-After", "5" },
						    { NULL, NULL } };
	struct ddi_route route;
	struct problem p;
	enum route_verdict verdict =
		ddi_route_find(exchange_request(exchange)->path, &route, &p);

	if (verdict == ROUTE_FOREIGN)
		return false;
	struct ddi_call *call = exchange_allocate(exchange, sizeof *call);
	if (call == NULL) {
		exchange_reply(exchange, 503, NULL, NULL, 0, retry);
		return true;
	}
	call->exchange = exchange;
	call->desk = desk;
	call->route = route;
	begin(call, verdict, &p);
	return true;
}

size_t ddi_body_limit(const char *path)
{
	struct ddi_route route;
	struct problem p;

	switch (ddi_route_find(path, &route, &p)) {
	case ROUTE_FOREIGN:
		return 0;
	case ROUTE_FOUND:
		return route.body_limit;
	default:
		return LIMIT_CONFIG_DATA_BODY; /* read it, then say what is wrong */
	}
}
