/* SyncUpdates: what an agent should know, and with it the decision for its device.
 *
 * A call that changes nothing, as almost all do, is answered from one read of the record
 * and one decision.  Where facts are news, or the flow must be brought in line with the
 * decision, that is a change, and the answer shows what came of it. */

#include <string.h>

#include "engine/instant.h"
#include "engine/passage.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "protocol/wusp/client_messages.h"
#include "protocol/wusp/computers.h"
#include "protocol/wusp/deploy.h"
#include "protocol/wusp/room.h"
#include "protocol/wusp/sync_answer.h"

enum { DATE_TEXT = 10 };

void sync_put_deployment(struct soap_writer *out, const struct sync_item *item)
{
	char date[INSTANT_TEXT];

	soap_open(out, "Deployment");
	soap_int(out, "ID", item->deployment_id);
	soap_text(out, "Action", deploy_action_names[item->action]);
	soap_time(out, "Deadline", item->deadline_s);
	soap_bool(out, "IsAssigned", item->is_assigned);
	/* A date only, as the original server sends it. */
	instant_format(item->changed_s > 0 ? item->changed_s : 0, date);
	soap_text_sized(out, "LastChangeTime", date, DATE_TEXT);
	soap_text(out, "AutoSelect", "0");
	soap_text(out, "AutoDownload", "0");
	soap_text(out, "SupersedenceBehavior", "0");
	soap_close(out, "Deployment");
}

static void put_update(struct soap_writer *out, const struct sync_item *item, bool is_new)
{
	const struct update *update = item->update;

	soap_open(out, "UpdateInfo");
	soap_int(out, "ID", update->revision_id);
	sync_put_deployment(out, item);
	soap_bool(out, "IsLeaf", update->is_leaf);
	if (is_new) {
		soap_open(out, "Xml");
		soap_raw(out, update->document.core.text, update->document.core.size);
		soap_close(out, "Xml");
	}
	soap_close(out, "UpdateInfo");
}

static void put_updates(struct soap_writer *out, const char *name,
			const struct sync_item *items, size_t count, bool are_new)
{
	if (count == 0)
		return;
	soap_open(out, name);
	for (size_t i = 0; i < count; i++)
		put_update(out, &items[i], are_new);
	soap_close(out, name);
}

static void put_ids(struct soap_writer *out, const char *name, const int32_t *ids,
		    size_t count)
{
	if (count == 0)
		return;
	soap_open(out, name);
	for (size_t i = 0; i < count; i++)
		soap_int(out, "int", ids[i]);
	soap_close(out, name);
}

/* Drivers come from elsewhere. */
void sync_answer_nothing(struct wusp_call *call, const char *result)
{
	struct view *view = site_view(call->desk->site);
	struct soap_writer out;

	wusp_answer(call, &out);
	soap_open(&out, result);
	soap_bool(&out, "Truncated", false);
	wusp_put_cookie(call, view, &out, "NewCookie");
	soap_text(&out, "DriverSyncNotNeeded", "true");
	soap_close(&out, result);
	view_give(view);
	wusp_reply(call, &out);
}

static struct deploy_scene scene_of(const struct view *view,
				    const struct device_record *record,
				    const struct decision *decision, int64_t now_s)
{
	return (struct deploy_scene){ .library = view->library,
				      .plan = view->snapshot->plan,
				      .record = record,
				      .decision = decision,
				      .now_s = now_s };
}

static const struct sync_parameters *parameters_of(const struct wusp_call *call)
{
	const struct sync_updates *sent = call->request;
	return &sent->parameters;
}

/* The decision in the desk is that of the record in the desk. */
static void answer(struct wusp_call *call, const struct view *view, int64_t now_s)
{
	const struct sync_parameters *sent = parameters_of(call);
	const struct deploy_scene scene =
		scene_of(view, &call->desk->record, &call->desk->decision, now_s);
	const struct sync_question question = {
		.library = view->library,
		.scope = deploy_scope(&scene),
		.deployment = deploy_of(&scene),
		.told = call->cookie.told,
		.told_known = call->cookie.told_known,
		.installed_count = sent->installed.list.count,
		.installed = sent->installed.list.items,
		.cached_count = sent->cached.list.count,
		.cached = sent->cached.list.items,
		.filter_count = sent->filter.list.count,
		.filter = sent->filter.list.items,
		.two_group = sent->two_group,
	};
	struct sync_page *page = &call->room->page;
	struct soap_writer out;

	sync_plan(&question, page);
	/* A scan may begin with a call that says nothing of what the agent has: it cannot
	 * be told there what has changed. */
	if (question.installed_count + question.cached_count > 0) {
		call->cookie.told = page->told;
		call->cookie.told_known = true;
	}
	wusp_answer(call, &out);
	soap_open(&out, "SyncUpdatesResult");
	put_updates(&out, "NewUpdates", page->new_items, page->new_count, true);
	put_ids(&out, "OutOfScopeRevisionIDs", page->out, page->out_count);
	put_updates(&out, "ChangedUpdates", page->changed, page->changed_count, false);
	soap_bool(&out, "Truncated", page->truncated);
	wusp_put_cookie(call, view, &out, "NewCookie");
	put_ids(&out, "DeployedOutOfScopeRevisionIds", page->deployed_out,
		page->deployed_out_count);
	soap_text(&out, "DriverSyncNotNeeded",
		  question.filter_count > 0 ? "true" : "false");
	soap_close(&out, "SyncUpdatesResult");
	wusp_reply(call, &out);
}

/* Are facts to be written although none is news?  When they are getting old, or wanted
 * for what they say of the level.  While a restart is awaited wanting goes on whatever is
 * told, and once for each moment is enough. */
static bool wants_facts(const struct view *view, const struct device_record *record,
			const struct attributes *told, int64_t now_s)
{
	const struct facts *facts = &record->facts;

	if (facts->reported_s == INSTANT_NONE ||
	    now_s - facts->reported_s > view->snapshot->plan->facts_fresh_s / 2)
		return true;
	return record->facts_wanted && attributes_name_level(told) &&
	       (facts->reported_s != now_s ||
		record->history.flow.state != FLOW_RESTART_PENDING);
}

/* What `apply` would do, seen from the loop. */
static bool is_settled(const struct wusp_call *call, const struct view *view,
		       const struct attributes *told, int64_t now_s)
{
	const struct device_record *record = &call->desk->record;
	const struct deploy_scene scene =
		scene_of(view, record, &call->desk->decision, now_s);

	if (told->count > 0 && (wants_facts(view, record, told, now_s) ||
				attributes_are_news(told, &record->facts)))
		return false;
	return !deploy_is_stopped(&scene, &call->cookie.told, call->cookie.told_known) &&
	       passage_is_settled(record, &call->desk->decision, now_s);
}

static int apply(struct wusp_call *call, struct problem *p)
{
	struct change *change = &call->change;
	const struct attributes *told = call->scratch;

	computer_tell(change, told,
		      wants_facts(change->view, change->record, told, change->now_s));
	change_decide(change);
	const struct deploy_scene scene =
		scene_of(change->view, change->record, change->decision, change->now_s);
	if (deploy_is_stopped(&scene, &call->cookie.told, call->cookie.told_known))
		passage_stopped(change->record, change->record->history.flow.id, true,
				change->now_s, change->outcome);
	return change_settle(change, p);
}

static void answer_settled(struct wusp_call *call)
{
	struct desk *desk = call->desk;
	struct view *view = site_view(desk->site);
	int64_t now_s = site_now(desk->site);

	site_decide(desk->site, view, &desk->record, now_s, &desk->decision);
	answer(call, view, now_s);
	view_give(view);
}

static void settle(struct wusp_call *call, struct attributes *told)
{
	struct attributes *kept = exchange_allocate(call->exchange, sizeof *kept);

	if (kept == NULL) {
		wusp_reply_fault(call, WUSP_SERVER_BUSY, NULL);
		return;
	}
	*kept = *told;
	call->scratch = kept;
	wusp_change(call, call->computer.device, apply, answer_settled);
}

static void sync_software(struct wusp_call *call)
{
	struct desk *desk = call->desk;
	struct view *view = site_view(desk->site);
	int64_t now_s = site_now(desk->site);
	struct attributes told;

	told.count = 0;
	attributes_of_line(&told, &parameters_of(call)->products.device_attributes);
	site_decide(desk->site, view, &desk->record, now_s, &desk->decision);
	if (is_settled(call, view, &told, now_s))
		answer(call, view, now_s);
	else
		settle(call, &told);
	view_give(view);
}

/* The parameter that cannot be; NULL where all can. */
static const char *fault_in(const struct sync_parameters *sent)
{
	if (sent->installed.list.count > SYNC_INSTALLED_MOST)
		return "parameters.InstalledNonLeafUpdateIDs";
	if (sent->has_system_spec && !sent->skips_software)
		return "parameters.SystemSpec";
	return NULL;
}

void wusp_sync_updates(struct wusp_call *call)
{
	const struct sync_updates *sent = call->request;

	if (!wusp_session(call, &sent->cookie, WUSP_CONFIGURED | WUSP_REGISTERED))
		return;
	const char *at_fault = fault_in(&sent->parameters);
	if (at_fault != NULL)
		wusp_reply_fault(call, WUSP_INVALID_PARAMETERS, at_fault);
	else if (sent->parameters.skips_software)
		sync_answer_nothing(call, "SyncUpdatesResult");
	else
		sync_software(call);
}
