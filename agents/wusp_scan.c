/* Logging in and syncing, in the order of MS-WUSP 3.1.5. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/wusp_inner.h"
#include "engine/instant.h"
#include "engine/problem.h"

static int no_memory(struct problem *p)
{
	return problem_set(p, PROBLEM_NO_MEMORY, "no memory for the agent");
}

/* --- faults ----------------------------------------------------------------------- */

static void forget_session(struct wusp_agent *agent)
{
	(void)wusp_state_set(&agent->state.cookie, NULL);
	(void)wusp_state_set(&agent->state.expiration, NULL);
}

int wusp_recover(struct wusp_agent *agent, struct problem *p)
{
	const struct soap_fault *fault = &agent->link.message.fault;
	static const struct {
		const char *code;
		bool session, config, cache, registration;
	} reactions[] = {
		{ "InvalidCookie", true, true, true, false },
		{ "ServerChanged", true, true, true, false },
		{ "ConfigChanged", true, true, false, false },
		{ "CookieExpired", true, false, false, false },
		{ "InvalidAuthorizationCookie", true, true, false, false },
		{ "RegistrationRequired", false, false, false, true },
		{ "FileLocationChanged", false, false, false, false },
	};

	for (size_t i = 0; i < sizeof reactions / sizeof reactions[0]; i++) {
		if (strcmp(fault->error_code, reactions[i].code) != 0)
			continue;
		if (reactions[i].session)
			forget_session(agent);
		if (reactions[i].config)
			(void)wusp_state_set(&agent->state.last_change, NULL);
		if (reactions[i].registration || reactions[i].config)
			agent->state.is_registered = false;
		agent->refreshes |= reactions[i].cache;
		return 0;
	}
	return problem_set(p, PROBLEM_EXTERNAL, "the server says %s: %s %.100s",
			   fault->error_code[0] != '\0' ? fault->error_code : fault->code,
			   fault->text, fault->message);
}

/* --- the session ------------------------------------------------------------------ */

void wusp_put_cookie(struct wusp_agent *agent)
{
	struct soap_writer *out = &agent->link.out;

	soap_open(out, "cookie");
	soap_text(out, "Expiration", agent->state.expiration);
	soap_text(out, "EncryptedData", agent->state.cookie);
	soap_close(out, "cookie");
}

static int keep_cookie(struct wusp_agent *agent, const struct wu_cookie *cookie,
		       struct problem *p)
{
	if (cookie->data.at == NULL || cookie->expiration.at == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT, "the server sends no cookie");
	if (!wusp_state_set(&agent->state.cookie, cookie->data.at) ||
	    !wusp_state_set(&agent->state.expiration, cookie->expiration.at))
		return no_memory(p);
	return 0;
}

static int get_config(struct wusp_agent *agent, struct problem *p)
{
	wusp_begin(&agent->link, WU_CLIENT, "GetConfig");
	soap_text(&agent->link.out, "protocolVersion", "2.90");
	int rc = wusp_send(&agent->link, WU_CLIENT, "GetConfig", p);
	if (rc <= 0)
		return rc == 0 ? wusp_recover(agent, p) : -1;
	const struct wu_config *config = agent->link.message.body;
	if (config->result.last_change.at == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT, "GetConfig has no LastChange");
	return wusp_state_set(&agent->state.last_change, config->result.last_change.at)
		       ? 0
		       : no_memory(p);
}

static void put_cookie_request(struct wusp_agent *agent, const char *plug_in,
			       const char *data)
{
	struct soap_writer *out = &agent->link.out;

	wusp_begin(&agent->link, WU_CLIENT, "GetCookie");
	soap_open(out, "authCookies");
	soap_open(out, "AuthorizationCookie");
	soap_text(out, "PlugInId", plug_in);
	soap_text(out, "CookieData", data);
	soap_close(out, "AuthorizationCookie");
	soap_close(out, "authCookies");
	soap_text(out, "lastChange", agent->state.last_change);
	soap_time(out, "currentTime", agent->now_s);
	soap_text(out, "protocolVersion", "2.90");
}

static int get_cookie(struct wusp_agent *agent, struct problem *p)
{
	struct soap_writer *out = &agent->link.out;
	char *plug_in = NULL, *data = NULL;

	wusp_begin(&agent->link, WU_AUTH, "GetAuthorizationCookie");
	soap_text(out, "clientId", agent->state.client_id);
	soap_text(out, "targetGroupName", "");
	soap_text(out, "dnsName", agent->options.name);
	int rc = wusp_send(&agent->link, WU_AUTH, "GetAuthorizationCookie", p);
	if (rc <= 0)
		return rc == 0 ? wusp_recover(agent, p) : -1;
	const struct wu_authorization *authorized = agent->link.message.body;
	bool ok = authorized->result.data.at != NULL &&
		  wusp_state_set(&plug_in, authorized->result.plug_in.at) &&
		  wusp_state_set(&data, authorized->result.data.at);
	if (ok)
		put_cookie_request(agent, plug_in == NULL ? "" : plug_in, data);
	free(plug_in);
	free(data);
	if (!ok)
		return problem_set(p, PROBLEM_BAD_INPUT, "there is no authorization");
	rc = wusp_send(&agent->link, WU_CLIENT, "GetCookie", p);
	if (rc <= 0)
		return rc == 0 ? wusp_recover(agent, p) : -1;
	const struct wu_session *session = agent->link.message.body;
	return keep_cookie(agent, &session->cookie, p);
}

static int register_computer(struct wusp_agent *agent, struct problem *p)
{
	struct soap_writer *out = &agent->link.out;
	bool is_arm = agent->machine.arch == 12;

	wusp_begin(&agent->link, WU_CLIENT, "RegisterComputer");
	wusp_put_cookie(agent);
	soap_open(out, "computerInfo");
	soap_text(out, "DnsName", agent->options.name);
	soap_int(out, "OSMajorVersion", 10);
	soap_int(out, "OSMinorVersion", 0);
	soap_int(out, "OSBuildNumber", agent->machine.build.base);
	soap_int(out, "OSServicePackMajorNumber", 0);
	soap_int(out, "OSServicePackMinorNumber", 0);
	soap_text(out, "OSLocale", "en-US");
	soap_text(out, "ComputerManufacturer", "Patchyard");
	soap_text(out, "ComputerModel", "Simulated Windows");
	soap_time(out, "BiosReleaseDate", 1704067200);
	soap_text(out, "ProcessorArchitecture", is_arm ? "ARM64" : "AMD64");
	soap_int(out, "SuiteMask", 256);
	soap_int(out, "OldProductType", agent->machine.product_type);
	soap_int(out, "NewProductType", 0);
	soap_int(out, "SystemMetrics", 0);
	soap_int(out, "ClientVersionMajorNumber", 1507);
	soap_int(out, "ClientVersionMinorNumber", 2601);
	soap_int(out, "ClientVersionBuildNumber", 30012);
	soap_int(out, "ClientVersionQfeNumber", 0);
	soap_text(out, "OSDescription", "Windows 10");
	soap_close(out, "computerInfo");
	int rc = wusp_send(&agent->link, WU_CLIENT, "RegisterComputer", p);
	if (rc <= 0)
		return rc == 0 ? wusp_recover(agent, p) : -1;
	agent->state.is_registered = true;
	return 0;
}

/* Identities of everything cached, so that the server says what its numbers are now. */
static int refresh_cache(struct wusp_agent *agent, struct problem *p)
{
	struct soap_writer *out = &agent->link.out;
	struct wusp_state *state = &agent->state;

	wusp_begin(&agent->link, WU_CLIENT, "RefreshCache");
	wusp_put_cookie(agent);
	soap_open(out, "globalIDs");
	for (size_t i = 0; i < state->update_count; i++) {
		soap_open(out, "UpdateIdentity");
		soap_text(out, "UpdateID", state->updates[i].judged.id);
		soap_int(out, "RevisionNumber", state->updates[i].judged.revision);
		soap_close(out, "UpdateIdentity");
	}
	soap_close(out, "globalIDs");
	int rc = wusp_send(&agent->link, WU_CLIENT, "RefreshCache", p);
	if (rc <= 0)
		return rc == 0 ? wusp_recover(agent, p) : -1;
	const struct wu_refreshed *refreshed = agent->link.message.body;
	const struct wu_known *known = refreshed->known.list.items;
	/* What is not named is dropped, and comes again if it is still needed. */
	for (size_t i = state->update_count; i-- > 0;) {
		struct wu_update *update = &state->updates[i];
		const struct wu_known *found = NULL;
		char id[GUID_TEXT];
		for (size_t k = 0; k < refreshed->known.list.count; k++) {
			guid_format(&known[k].global.id, id);
			if (strcmp(id, update->judged.id) == 0)
				found = &known[k];
		}
		if (found == NULL) {
			wusp_state_drop(state, update->id);
			continue;
		}
		update->id = found->id;
		update->is_leaf = found->is_leaf;
	}
	agent->refreshes = false;
	return 0;
}

static int log_in(struct wusp_agent *agent, struct problem *p)
{
	struct wusp_state *state = &agent->state;

	for (int i = 0; i < WU_LOGINS_MOST; i++) {
		if (state->last_change == NULL && get_config(agent, p) < 0)
			return -1;
		if (state->cookie == NULL && get_cookie(agent, p) < 0)
			return -1;
		if (state->last_change == NULL || state->cookie == NULL)
			continue;
		if (!state->is_registered && register_computer(agent, p) < 0)
			return -1;
		if (state->is_registered && agent->refreshes &&
		    refresh_cache(agent, p) < 0)
			return -1;
		if (state->is_registered && !agent->refreshes && state->cookie != NULL)
			return 0;
	}
	return problem_set(p, PROBLEM_EXTERNAL, "the server lets nobody in");
}

/* --- SyncUpdates ------------------------------------------------------------------ */

static void put_ids(struct wusp_agent *agent, const char *name, bool installed)
{
	struct soap_writer *out = &agent->link.out;
	const struct wusp_state *state = &agent->state;

	soap_open(out, name);
	for (size_t i = 0; i < state->update_count; i++) {
		const struct wu_update *update = &state->updates[i];
		bool is_installed = !update->is_leaf && update->judged.is_installed;
		if (is_installed == installed)
			soap_int(out, "int", update->id);
	}
	soap_close(out, name);
}

static void put_parameters(struct wusp_agent *agent, bool drivers)
{
	struct soap_writer *out = &agent->link.out;

	wusp_begin(&agent->link, WU_CLIENT, "SyncUpdates");
	wusp_put_cookie(agent);
	soap_open(out, "parameters");
	soap_bool(out, "ExpressQuery", false);
	if (agent->state.update_count > 0) {
		put_ids(agent, "InstalledNonLeafUpdateIDs", true);
		put_ids(agent, "OtherCachedUpdateIDs", false);
	}
	if (drivers) {
		soap_open(out, "SystemSpec");
		soap_close(out, "SystemSpec");
	}
	soap_bool(out, "SkipSoftwareSync", drivers);
	soap_bool(out, "NeedTwoGroupOutOfScopeUpdates", false);
	soap_open(out, "ProductsParameters");
	soap_bool(out, "SyncCurrentVersionOnly", false);
	soap_text(out, "DeviceAttributes", agent->attributes);
	soap_text(out, "CallerAttributes", "Interactive=0;Id=patchyard-agent;");
	soap_text(out, "Products", "");
	soap_close(out, "ProductsParameters");
	soap_close(out, "parameters");
}

static void copy(char *to, size_t size, const struct soap_text *text)
{
	snprintf(to, size, "%s", text->at == NULL ? "" : text->at);
}

static void take_deployment(struct wu_update *update, const struct wu_deployment *told)
{
	copy(update->action, sizeof update->action, &told->action);
	copy(update->deadline, sizeof update->deadline, &told->deadline);
	update->is_assigned = told->is_assigned;
}

static int take_fresh(struct wusp_agent *agent, const struct wu_info *info,
		      struct problem *p)
{
	wusp_state_drop(&agent->state, info->id);
	struct wu_update *update = wusp_state_add(
		&agent->state, info->id, info->xml.at == NULL ? "" : info->xml.at);
	if (update == NULL)
		return no_memory(p);
	update->is_leaf = info->is_leaf;
	take_deployment(update, &info->deployment);
	return wu_core_read(update->core, &agent->machine, &update->judged, p);
}

/* How many updates were new, or -1. */
static int take_page(struct wusp_agent *agent, const struct wu_sync_result *page,
		     struct problem *p)
{
	const struct wu_info *fresh = page->fresh.list.items;
	const struct wu_info *changed = page->changed.list.items;
	const int64_t *out = page->out.list.items;

	for (size_t i = 0; i < page->out.list.count; i++)
		wusp_state_drop(&agent->state, out[i]);
	for (size_t i = 0; i < page->changed.list.count; i++) {
		struct wu_update *update = wusp_state_find(&agent->state, changed[i].id);
		if (update == NULL)
			continue;
		update->is_leaf = changed[i].is_leaf;
		take_deployment(update, &changed[i].deployment);
	}
	for (size_t i = 0; i < page->fresh.list.count; i++) {
		if (take_fresh(agent, &fresh[i], p) < 0)
			return -1;
	}
	if (keep_cookie(agent, &page->cookie, p) < 0)
		return -1;
	return (int)page->fresh.list.count;
}

/* How many were new; 0 too where the session has to begin anew first (*again). */
static int sync_page(struct wusp_agent *agent, bool drivers, bool *again,
		     struct problem *p)
{
	put_parameters(agent, drivers);
	int rc = wusp_send(&agent->link, WU_CLIENT, "SyncUpdates", p);
	*again = rc == 0;
	if (rc <= 0)
		return rc == 0 ? wusp_recover(agent, p) : -1;
	const struct wu_sync *sync = agent->link.message.body;
	return take_page(agent, &sync->result, p);
}

/* What is known is judged by the machine as it is now. */
static int judge_all(struct wusp_agent *agent, struct problem *p)
{
	for (size_t i = 0; i < agent->state.update_count; i++) {
		struct wu_update *update = &agent->state.updates[i];
		if (wu_core_read(update->core, &agent->machine, &update->judged, p) < 0)
			return -1;
	}
	return 0;
}

int wusp_scan(struct wusp_agent *agent, struct problem *p)
{
	bool again = true;
	int faults = 0, count = 1;

	if (judge_all(agent, p) < 0)
		return -1;
	for (int i = 0; i < WU_PAGES_MOST && (again || count > 0); i++) {
		if (again && (faults++ > WU_LOGINS_MOST || log_in(agent, p) < 0))
			return faults > WU_LOGINS_MOST
				       ? problem_set(p, PROBLEM_EXTERNAL,
						     "the server lets no scan through")
				       : -1;
		count = sync_page(agent, false, &again, p);
		if (count < 0)
			return -1;
	}
	return sync_page(agent, true, &again, p) < 0 ? -1 : 0;
}
