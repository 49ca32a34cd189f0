/* GET of a device's root: how long to sleep, and the links to what is to be done.
 *
 * A poll that changes nothing, as almost all do, is answered from one read of the record
 * and one decision.  Where the flow must be brought in line with the decision, that is a
 * change, and the answer shows what came of it. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/instant.h"
#include "engine/passage.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "protocol/ddi/call.h"
#include "protocol/ddi/document.h"
#include "protocol/ddi/json_out.h"
#include "protocol/ddi/scene.h"
#include "protocol/ddi/sleep.h"

enum { HREF_MOST = 6 * 1024 };

/* The answer while it is written; "_links" is left out where there is no link. */
struct draft {
	struct json_out out;
	const struct scene *scene;
	bool has_links;
};

static void put_link(struct draft *draft, const char *relation, const char *rest)
{
	const struct scene *scene = draft->scene;
	char href[HREF_MOST];

	if (!draft->has_links)
		json_out_open(&draft->out, "_links", '{');
	draft->has_links = true;
	snprintf(href, sizeof href, "%s%.*s/%s", scene->base, (int)scene->prefix_size,
		 scene->prefix, rest);
	json_out_open(&draft->out, relation, '{');
	json_out_text(&draft->out, "href", href);
	json_out_close(&draft->out, '}');
}

static void put_offer(struct draft *draft)
{
	const struct scene *scene = draft->scene;
	const struct flow *flow = &scene->record->history.flow;
	struct offer offer = offer_of(scene->record, scene->decision);
	struct buffer deployment;
	char rest[64];

	if (offer.kind == OFFER_NOTHING)
		return;
	if (offer.kind == OFFER_STOP) {
		/* Without a query: swupdate appends "/feedback" to it as it stands. */
		snprintf(rest, sizeof rest, "cancelAction/%" PRId64, flow->id);
		put_link(draft, "cancelAction", rest);
		return;
	}
	buffer_init(&deployment, DOCUMENT_MOST);
	if (!document_deployment(&deployment, scene, flow, offer, NULL))
		draft->out.failed = true;
	snprintf(rest, sizeof rest, "deploymentBase/%" PRId64 "?c=%" PRId32, flow->id,
		 document_mark(&deployment));
	put_link(draft, "deploymentBase", rest);
	buffer_fini(&deployment);
}

/* Asked for when they were never told, when somebody wants them, and early enough that
 * they do not go stale between two polls. */
static bool wants_facts(const struct scene *scene, int64_t now_s)
{
	const struct facts *facts = &scene->record->facts;

	if (scene->record->facts_wanted || facts->reported_s == INSTANT_NONE)
		return true;
	return now_s - facts->reported_s > scene->view->snapshot->plan->facts_fresh_s / 2;
}

/* The last action that ended well.  The record knows it mostly; else the store is asked.
 * 0 for none, -1 with *p told. */
static int64_t find_installed(struct ddi_call *call, struct problem *p)
{
	const struct history *history = &call->desk->record.history;
	const struct backend_ops *ops = site_backend(call->desk->site)->ops;
	struct flow flow;

	if (history->flow.state == FLOW_NONE)
		return 0;
	if (history->flow.state == FLOW_VERIFIED && history->flow.kind == FLOW_INSTALL)
		return history->flow.id;
	int rc = ops->flow_installed(call->desk->session, call->route.device, &flow, p);
	return rc == 1 ? flow.id : rc;
}

static void put_sleep(struct json_out *out, struct ddi_call *call,
		      const struct scene *scene, int64_t now_s)
{
	const struct flow *flow = &scene->record->history.flow;
	const struct site *site = call->desk->site;
	struct sleep_wish wish = {
		.device = call->route.device,
		.now_s = now_s,
		.steady_s = site_poll_s(site),
		.running = flow->state != FLOW_NONE && !flow_state_is_final(flow->state),
		.urgent = flow->withdrawing,
		/* A virtual clock says nothing about when to come back. */
		.boundary_s = site_clock_is_virtual(site)
				      ? INSTANT_NONE
				      : scene->decision->stands_until_s,
	};
	char text[SLEEP_TEXT];

	sleep_format(sleep_choose(&wish), text);
	json_out_open(out, "config", '{');
	json_out_open(out, "polling", '{');
	json_out_text(out, "sleep", text);
	json_out_close(out, '}');
	json_out_close(out, '}');
}

/* The decision in the desk is that of the record in the desk. */
static void answer(struct ddi_call *call, const struct view *view, int64_t now_s)
{
	struct scene_room room;
	struct scene scene = scene_of(call, view, &room);
	struct buffer buffer;
	struct draft draft = { .out.buffer = &buffer, .scene = &scene };
	struct problem p;
	char rest[64];

	int64_t installed = find_installed(call, &p);
	if (installed < 0) {
		ddi_reply_problem(call, &p);
		return;
	}
	buffer_init(&buffer, DOCUMENT_MOST);
	json_out_open(&draft.out, NULL, '{');
	put_sleep(&draft.out, call, &scene, now_s);
	put_offer(&draft);
	if (installed > 0) {
		snprintf(rest, sizeof rest, "installedBase/%" PRId64, installed);
		put_link(&draft, "installedBase", rest);
	}
	if (wants_facts(&scene, now_s))
		put_link(&draft, "configData", "configData");
	if (draft.has_links)
		json_out_close(&draft.out, '}');
	if (call->new_token[0] != '\0') {
		json_out_open(&draft.out, "x-patchyard", '{');
		json_out_text(&draft.out, "token", call->new_token);
		json_out_close(&draft.out, '}');
	}
	json_out_close(&draft.out, '}');
	if (draft.out.failed)
		ddi_reply_fault(call, FAULT_BUSY, "the server is short of memory");
	else
		ddi_reply_document(call, &buffer, call->new_token[0] != '\0');
	buffer_fini(&buffer);
}

static int settle(struct ddi_call *call, struct problem *p)
{
	return change_settle(&call->change, p);
}

static void answer_settled(struct ddi_call *call)
{
	struct desk *desk = call->desk;
	struct view *view = site_view(desk->site);
	int64_t now_s = site_now(desk->site);

	site_decide(desk->site, view, &desk->record, now_s, &desk->decision);
	answer(call, view, now_s);
	view_give(view);
}

void ddi_poll(struct ddi_call *call)
{
	struct desk *desk = call->desk;
	struct view *view = site_view(desk->site);
	int64_t now_s = site_now(desk->site);

	site_decide(desk->site, view, &desk->record, now_s, &desk->decision);
	if (passage_is_settled(&desk->record, &desk->decision, now_s))
		answer(call, view, now_s);
	else
		ddi_change(call, settle, answer_settled);
	view_give(view);
}
