/* Who asks: a device by its own token, or one that enrols by the site's.
 *
 * A device's token is kept as a hash and compared in constant time.  The enrolment token
 * opens any device that has not used its own yet: the first poll makes the device, and
 * each answer carries a fresh token until one is used; from then on that device is closed
 * to it.  Whatever is wrong is told alike, with a 401 that says nothing. */

#include <string.h>

#include "engine/problem.h"
#include "protocol/ddi/call.h"
#include "protocol/server/log.h"

enum { CREDENTIAL_MOST = 128 };

/* The credential after "<scheme> ", exact in case and space; NULL when it is not that
 * scheme, or cannot be a token. */
static const char *credential(const struct http_request *request, const char *scheme)
{
	const char *value = http_header(request, "Authorization");
	size_t size = strlen(scheme);

	if (value == NULL || strncmp(value, scheme, size) != 0 || value[size] != ' ')
		return NULL;
	value += size + 1;
	size = strlen(value);
	return size > 0 && size <= CREDENTIAL_MOST && value[0] != ' ' ? value : NULL;
}

static int refuse(struct ddi_call *call, struct problem *p)
{
	call->fault = FAULT_UNAUTHORIZED;
	return problem_set(p, PROBLEM_CONFLICT, "the token is no longer good");
}

static bool is_own_token(const struct ddi_call *call, const struct device_record *record)
{
	return record->has_token &&
	       token_hash_equal(record->token_hash, call->token_hash);
}

static int apply_first_use(struct ddi_call *call, struct problem *p)
{
	struct change *change = &call->change;

	/* An enrolment may have come in between. */
	if (!is_own_token(call, change->record))
		return refuse(call, p);
	if (!change->record->token_used) {
		change->record->token_used = true;
		change->outcome->identity_changed = true;
	}
	return 0;
}

static int apply_enrolment(struct ddi_call *call, struct problem *p)
{
	struct change *change = &call->change;
	struct device_record *record = change->record;

	if (record->token_used)
		return refuse(call, p);
	if (record->key == 0)
		outcome_add(change->outcome, EVENT_ENROLLED, change->now_s);
	memcpy(record->token_hash, call->token_hash, sizeof record->token_hash);
	record->has_token = true;
	change->outcome->identity_changed = true;
	return 0;
}

static void serve(struct ddi_call *call)
{
	desk_seen(call->desk, call->route.device);
	call->serve(call);
}

static void serve_enrolled(struct ddi_call *call)
{
	log_event(LOG_LEVEL_INFO, "device.enrolled", "device", call->route.device, "peer",
		  exchange_request(call->exchange)->peer, NULL);
	serve(call);
}

static void enrol(struct ddi_call *call)
{
	struct problem p;

	if (token_new(call->new_token, &p) < 0) {
		ddi_reply_problem(call, &p);
		return;
	}
	if (!token_hash(call->new_token, call->token_hash)) {
		ddi_reply_fault(call, FAULT_BUSY, "the server is short of memory");
		return;
	}
	call->may_create = true;
	ddi_change(call, apply_enrolment, serve_enrolled);
}

static void take_gateway(struct ddi_call *call, bool known)
{
	const struct device_record *record = &call->desk->record;
	bool polls = call->route.resource == DDI_POLL &&
		     exchange_request(call->exchange)->method == HTTP_GET;

	if (known && record->token_used)
		ddi_reply_fault(call, FAULT_UNAUTHORIZED, "");
	else if (polls)
		enrol(call);
	else if (known)
		serve(call);
	else
		ddi_reply_fault(call, FAULT_NOT_FOUND,
				"there is no such device yet: a new one polls first");
}

static void take_target(struct ddi_call *call, bool known)
{
	const struct device_record *record = &call->desk->record;

	if (!known || !is_own_token(call, record))
		ddi_reply_fault(call, FAULT_UNAUTHORIZED, "");
	else if (!record->token_used)
		ddi_change(call, apply_first_use, serve);
	else
		serve(call);
}

void ddi_authenticate(struct ddi_call *call)
{
	const struct http_request *request = exchange_request(call->exchange);
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	const char *own = credential(request, "TargetToken");
	const char *shared = credential(request, "GatewayToken");
	struct problem p;

	/* A wrong one is turned away before it costs a read of the store. */
	if (own == NULL &&
	    (shared == NULL || !site_enrolment_token_is(call->desk->site, shared))) {
		ddi_reply_fault(call, FAULT_UNAUTHORIZED, "");
		return;
	}
	if (own != NULL && !token_hash(own, call->token_hash)) {
		ddi_reply_fault(call, FAULT_BUSY, "the server is short of memory");
		return;
	}
	int rc = ops->device_read(call->desk->session, call->route.device,
				  &call->desk->record, &p);
	if (rc < 0)
		ddi_reply_problem(call, &p);
	else if (own != NULL)
		take_target(call, rc == 1);
	else
		take_gateway(call, rc == 1);
}
