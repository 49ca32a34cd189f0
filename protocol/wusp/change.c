/* Changes of a call: to the writer and back. */

#include <stdio.h>

#include "engine/problem.h"
#include "protocol/wusp/call.h"

static int apply(struct change *change, struct problem *p)
{
	struct wusp_call *call = (struct wusp_call *)change;

	if (change->record->key == 0 && !call->may_create)
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "the device is not known any more; its agent has to "
				   "begin anew");
	return call->apply(call, p);
}

static void answer(struct change *change, const struct problem *problem)
{
	struct wusp_call *call = (struct wusp_call *)change;
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	struct problem p;

	if (problem != NULL) {
		if (call->refused != NULL)
			call->refused(call, problem);
		else if (call->fault != WUSP_FAULT_NONE)
			wusp_reply_fault(call, call->fault, call->fault_about);
		else
			wusp_reply_problem(call, problem);
		return;
	}
	int rc = ops->device_read(call->desk->session, change->device,
				  &call->desk->record, &p);
	if (rc == 1)
		call->done(call);
	else if (rc == 0)
		wusp_reply_fault(call, WUSP_INVALID_COOKIE, NULL);
	else
		wusp_reply_problem(call, &p);
}

void wusp_change(struct wusp_call *call, const char *id,
		 int (*apply_it)(struct wusp_call *, struct problem *),
		 void (*done)(struct wusp_call *))
{
	struct change *change = &call->change;

	*change = (struct change){ .site = call->desk->site,
				   .loop = call->desk->loop,
				   .apply = apply,
				   .answer = answer };
	snprintf(change->device, sizeof change->device, "%s", id);
	call->apply = apply_it;
	call->done = done;
	call->fault = WUSP_FAULT_NONE;
	call->fault_about = NULL;
	site_change(change);
}
