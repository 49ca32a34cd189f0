/* Changes of a call: to the writer and back. */

#include <string.h>

#include "engine/problem.h"
#include "protocol/ddi/call.h"

static int apply(struct change *change, struct problem *p)
{
	struct ddi_call *call = (struct ddi_call *)change;

	if (change->record->key == 0 && !call->may_create)
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "the device is not known any more; it has to enrol "
				   "anew");
	return call->apply(call, p);
}

static void answer(struct change *change, const struct problem *problem)
{
	struct ddi_call *call = (struct ddi_call *)change;
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	struct problem p;

	if (problem != NULL) {
		if (call->refused != NULL)
			call->refused(call);
		if (call->fault != FAULT_NONE)
			ddi_reply_fault(call, call->fault, problem->text);
		else
			ddi_reply_problem(call, problem);
		return;
	}
	int rc = ops->device_read(call->desk->session, call->route.device,
				  &call->desk->record, &p);
	if (rc == 1)
		call->done(call);
	else if (rc == 0)
		ddi_reply_fault(call, FAULT_UNAUTHORIZED, "");
	else
		ddi_reply_problem(call, &p);
}

void ddi_change(struct ddi_call *call,
		int (*apply_it)(struct ddi_call *, struct problem *),
		void (*done)(struct ddi_call *))
{
	struct change *change = &call->change;

	*change = (struct change){ .site = call->desk->site,
				   .loop = call->desk->loop,
				   .apply = apply,
				   .answer = answer };
	_Static_assert(sizeof change->device == sizeof call->route.device, "one id");
	memcpy(change->device, call->route.device, sizeof change->device);
	call->apply = apply_it;
	call->done = done;
	call->fault = FAULT_NONE;
	site_change(change);
}
