/* How a session begins: GetCookie and RegisterComputer (MS-WUSP 3.1.5.4, 3.1.5.5). */

#include <string.h>

#include "engine/problem.h"
#include "protocol/wusp/client_messages.h"
#include "protocol/wusp/computers.h"
#include "protocol/wusp/identity.h"

/* "2.90": two numbers. */
static bool is_version(const struct soap_text *text)
{
	static const char digits[] = "0123456789";

	if (text->at == NULL)
		return false;
	size_t major = strspn(text->at, digits);
	size_t minor = text->at[major] == '.' ? strspn(text->at + major + 1, digits) : 0;
	return major > 0 && minor > 0 && major + 1 + minor == text->size;
}

/* Exactly one authorization, made here, not over, and for an agent that we know. */
static enum wusp_fault check_authorization(struct wusp_call *call,
					   const struct cookie_present *present,
					   struct cookie *out, struct problem *p)
{
	const struct get_cookie *sent = call->request;
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	const struct authorization_cookie *one = sent->authorization.list.items;
	char id[UPDATE_ID_TEXT];

	if (sent->authorization.list.count != 1 || one->plug_in_id.at == NULL ||
	    strcmp(one->plug_in_id.at, "SimpleTargeting") != 0)
		return WUSP_INVALID_AUTHORIZATION_COOKIE;
	enum cookie_verdict verdict =
		wusp_cookie_open(call, present, &one->data, COOKIE_AUTHORIZATION, out);
	if (wusp_cookie_fault(verdict, out, present, 0) != WUSP_FAULT_NONE)
		return WUSP_INVALID_AUTHORIZATION_COOKIE;
	wusp_client_id(&out->computer, id);
	int rc = ops->computer_read(call->desk->session, id, &call->computer, p);
	if (rc < 0)
		return WUSP_INTERNAL_ERROR;
	return rc == 1 ? WUSP_FAULT_NONE : WUSP_INVALID_AUTHORIZATION_COOKIE;
}

/* An old cookie may be over, but must be ours.  What its agent was told stays true, and
 * so does where it believes files to be. */
static enum wusp_fault take_old(struct wusp_call *call,
				const struct cookie_present *present, struct cookie *out)
{
	const struct get_cookie *sent = call->request;
	struct cookie old;

	if (sent->old.data.size == 0)
		return WUSP_FAULT_NONE;
	enum cookie_verdict verdict =
		wusp_cookie_open(call, present, &sent->old.data, COOKIE_SESSION, &old);
	if (verdict == COOKIE_FORGED || verdict == COOKIE_OTHER_SERVER)
		return wusp_cookie_fault(verdict, &old, present, 0);
	if (!guid_equal(&old.computer, &out->computer))
		return WUSP_FAULT_NONE;
	out->told_known = old.told_known;
	out->told = old.told;
	out->configuration = (old.configuration & ~(uint64_t)UINT32_MAX) |
			     (uint32_t)present->configuration;
	return WUSP_FAULT_NONE;
}

/* In the order of MS-WUSP's table. */
static enum wusp_fault check(struct wusp_call *call, const struct view *view,
			     struct problem *p)
{
	const struct get_cookie *sent = call->request;
	struct cookie_present present = wusp_present(call, view);
	struct cookie authorization;

	enum wusp_fault fault = check_authorization(call, &present, &authorization, p);
	if (fault != WUSP_FAULT_NONE)
		return fault;
	call->cookie = (struct cookie){
		.kind = COOKIE_SESSION,
		.server = present.server,
		.configuration = present.configuration,
		.issued_s = present.now_s,
		.expires_s = present.now_s + site_wusp_terms(call->desk->site)->cookie_s,
		.computer = authorization.computer,
	};
	fault = take_old(call, &present, &call->cookie);
	if (fault != WUSP_FAULT_NONE)
		return fault;
	if (sent->last_change_s != view->wusp.last_change_s)
		return WUSP_CONFIG_CHANGED;
	return is_version(&sent->protocol_version) ? WUSP_FAULT_NONE
						   : WUSP_INVALID_PARAMETERS;
}

void wusp_get_cookie(struct wusp_call *call)
{
	struct view *view = site_view(call->desk->site);
	struct problem p = { 0 };
	struct soap_writer out;

	enum wusp_fault fault = check(call, view, &p);
	if (fault == WUSP_FAULT_NONE) {
		desk_seen(call->desk, call->computer.device);
		wusp_answer(call, &out);
		wusp_put_cookie(call, view, &out, "GetCookieResult");
		wusp_reply(call, &out);
	} else if (p.kind != PROBLEM_NONE) {
		wusp_reply_problem(call, &p);
	} else {
		wusp_reply_fault(call, fault,
				 fault == WUSP_INVALID_PARAMETERS ? "protocolVersion"
								  : NULL);
	}
	view_give(view);
}

static void welcome(struct wusp_call *call)
{
	struct soap_writer out;

	wusp_answer(call, &out);
	wusp_reply(call, &out);
}

static int apply_registration(struct wusp_call *call, struct problem *p)
{
	struct change *change = &call->change;
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	struct computer computer;

	int rc = ops->computer_read(change->session, call->computer.client_id, &computer,
				    p);
	if (rc < 0)
		return -1;
	if (rc == 0 || strcmp(computer.device, change->device) != 0)
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "the agent is tied to another device since");
	if (!computer.is_registered) {
		computer.is_registered = true;
		computer.changed_s = change->now_s;
		if (ops->computer_put(change->session, &computer, p) < 0)
			return -1;
	}
	computer_tell(change, call->scratch, false);
	return 0;
}

/* It may register again whenever it likes: what it tells is taken. */
void wusp_register_computer(struct wusp_call *call)
{
	const struct register_computer *sent = call->request;

	if (!wusp_session(call, &sent->cookie, 0))
		return;
	struct attributes *told = exchange_allocate(call->exchange, sizeof *told);
	if (told == NULL) {
		wusp_reply_fault(call, WUSP_SERVER_BUSY, NULL);
		return;
	}
	attributes_of_info(told, &sent->info);
	call->scratch = told;
	if (call->computer.is_registered &&
	    !attributes_are_news(told, &call->desk->record.facts))
		welcome(call);
	else
		wusp_change(call, call->computer.device, apply_registration, welcome);
}
