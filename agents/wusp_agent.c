#include "agents/wusp_agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/wusp_inner.h"
#include "engine/instant.h"
#include "engine/problem.h"

enum { RESTART_AGAIN_S = 900, RESULT_RESTART = 0x00240005 };

struct wusp_agent *wusp_agent_new(const struct wusp_options *options, struct problem *p)
{
	struct wusp_agent *agent = calloc(1, sizeof *agent);

	if (agent == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for an agent");
		return NULL;
	}
	agent->options = *options;
	agent->restart_asked_s = INSTANT_NONE;
	if (wusp_link_open(&agent->link, &options->transport, options->server, p) < 0 ||
	    wusp_state_read(&agent->state, options->state_dir, p) < 0) {
		wusp_agent_free(agent);
		return NULL;
	}
	return agent;
}

void wusp_agent_free(struct wusp_agent *agent)
{
	if (agent == NULL)
		return;
	wusp_state_fini(&agent->state);
	wusp_link_close(&agent->link);
	free(agent);
}

const char *wusp_agent_client_id(const struct wusp_agent *agent)
{
	return agent->state.client_id;
}

/* --- the machine, as it describes itself ------------------------------------------ */

static const char *sku_of(const char *edition)
{
	static const struct {
		const char *edition, *sku;
	} skus[] = {
		{ "Enterprise", "4" },      { "EnterpriseN", "27" },
		{ "EnterpriseS", "125" },   { "EnterpriseSN", "126" },
		{ "Professional", "48" },   { "Core", "101" },
		{ "Education", "121" },     { "EducationN", "122" },
		{ "IoTEnterprise", "188" }, { "IoTEnterpriseS", "191" },
		{ "ServerStandard", "7" },  { "ServerDatacenter", "8" },
		{ "ServerTurbine", "407" }, { "ServerTurbineCor", "408" },
	};

	for (size_t i = 0; edition != NULL && i < sizeof skus / sizeof skus[0]; i++) {
		if (strcmp(skus[i].edition, edition) == 0)
			return skus[i].sku;
	}
	return NULL;
}

static void put_attribute(struct wu_machine *machine, const char *name, const char *value)
{
	if (value == NULL || machine->count == WU_ATTRIBUTES)
		return;
	snprintf(machine->attributes[machine->count].name,
		 sizeof machine->attributes[0].name, "%s", name);
	snprintf(machine->attributes[machine->count].value,
		 sizeof machine->attributes[0].value, "%s", value);
	machine->count++;
}

/* What a stock agent says: no KBs, no CHPE, and VBSState as it was always seen. */
static int describe(struct wusp_agent *agent, struct problem *p)
{
	struct wu_machine *machine = &agent->machine;
	struct host *host = &agent->options.host;
	char version[BUILD_TEXT + 8], build[BUILD_TEXT];

	fact_set_clear(&agent->facts);
	if (host->facts(host->owner, &agent->facts, p) < 0)
		return -1;
	const char *shown = fact_set_find(&agent->facts, "os.build");
	const char *family = fact_set_find(&agent->facts, "os.family");
	const char *arch = fact_set_find(&agent->facts, "os.arch");
	bool is_server = family != NULL && strcmp(family, "server") == 0;
	memset(machine, 0, sizeof *machine);
	if (shown == NULL || !build_parse(shown, &machine->build))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a Windows Update Agent needs os.build");
	machine->product_type = is_server ? 3 : 1;
	machine->arch = arch != NULL && strcmp(arch, "arm64") == 0 ? 12 : 9;
	snprintf(version, sizeof version, "10.0.%s", build_format(machine->build, build));
	put_attribute(machine, "App", "WU_OS");
	put_attribute(machine, "OSVersion", version);
	put_attribute(machine, "OSArchitecture", machine->arch == 12 ? "ARM64" : "AMD64");
	put_attribute(machine, "OSSkuId",
		      sku_of(fact_set_find(&agent->facts, "os.edition")));
	put_attribute(machine, "ProductType", is_server ? "ServerNT" : "WinNT");
	put_attribute(machine, "InstallationType", is_server ? "Server" : "Client");
	put_attribute(machine, "VBSState", "0");
	put_attribute(machine, "HotpatchError", "0");
	size_t used = 0;
	agent->attributes[0] = '\0';
	for (size_t i = 0; i < machine->count; i++)
		used += (size_t)snprintf(agent->attributes + used,
					 sizeof agent->attributes - used, "%s=%s;",
					 machine->attributes[i].name,
					 machine->attributes[i].value);
	return 0;
}

/* --- doing it --------------------------------------------------------------------- */

/* The host takes its time; an agent of this sort waits for it. */
static enum host_state wait_for(struct wusp_agent *agent, struct host_result *result)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	struct host *host = &agent->options.host;
	time_t begun = time(NULL);
	enum host_state state;

	/* Whose time it may be: what passes is real. */
	while ((state = host->check(host->owner, agent->now_s + (time(NULL) - begun),
				    result)) == HOST_RUNNING)
		nanosleep(&pause, NULL);
	return state;
}

static int end_job(struct wusp_agent *agent, const struct wu_update *root, bool removes,
		   const struct host_result *result, enum host_state state,
		   struct problem *p)
{
	struct wusp_state *kept = &agent->state;
	const struct wu_core *core = &root->judged;

	if (state == HOST_NEEDS_RESTART) {
		memcpy(kept->waiting, core->id, sizeof kept->waiting);
		kept->removes = removes;
		return wusp_note(agent, removes ? 224 : 201, core, RESULT_RESTART, "", p);
	}
	if (state == HOST_DONE)
		return wusp_note(agent, removes ? 222 : 183, core, 0, "", p);
	memcpy(kept->tried, core->id, sizeof kept->tried);
	return wusp_note(agent, removes ? 221 : 182, core, (int32_t)result->code,
			 result->text, p);
}

static int run_job(struct wusp_agent *agent, const struct wu_update *root,
		   const struct host_job *job, struct problem *p)
{
	struct host *host = &agent->options.host;
	struct host_result result = { .code = HRESULT_INSTALL_FAILED };
	enum host_state state = HOST_FAILED;

	if (wusp_note(agent, job->remove ? 226 : 181, &root->judged, 0, "", p) < 0)
		return -1;
	(void)wusp_report(agent, p); /* it is owed if it did not get through */
	if (host->begin(host->owner, job, agent->now_s, p) < 0)
		snprintf(result.text, sizeof result.text, "%s", p->text);
	else
		state = wait_for(agent, &result);
	return end_job(agent, root, job->remove, &result, state, p);
}

static int fail_download(struct wusp_agent *agent, const struct wu_update *root,
			 uint32_t code, const char *why, struct problem *p)
{
	memcpy(agent->state.tried, root->judged.id, sizeof agent->state.tried);
	return wusp_note(agent, 161, &root->judged, (int32_t)code, why, p);
}

/* 1 something was done. */
static int install(struct wusp_agent *agent, const struct wu_update *root,
		   struct problem *p)
{
	struct wu_details details;
	struct wu_content content;

	if (wusp_details(agent, root, &details, p) < 0)
		return -1;
	if (details.url[0] == '\0')
		return fail_download(agent, root, HRESULT_NO_FILE, "no place of the file",
				     p) < 0
			       ? -1
			       : 1;
	if (wusp_note(agent, 167, &root->judged, 0, "", p) < 0)
		return -1;
	int there = wusp_fetch(agent, &details, &content, p);
	if (there < 0)
		return fail_download(agent, root, HRESULT_NO_FILE, p->text, p) < 0 ? -1
										   : 1;
	if (there == 0)
		return fail_download(agent, root, HRESULT_WRONG_HASH,
				     "the file is not the one announced", p) < 0
			       ? -1
			       : 1;
	if (wusp_note(agent, 162, &root->judged, 0, "", p) < 0)
		return -1;
	const struct host_job job = {
		.kb = details.file.kb,
		.build = root->judged.build,
		.path = content.path[0] != '\0' ? content.path : NULL,
		.head = content.head,
		.head_size = content.head_size,
	};
	return run_job(agent, root, &job, p) < 0 ? -1 : 1;
}

static int removal(struct wusp_agent *agent, const struct wu_update *root,
		   struct problem *p)
{
	struct wu_details details;

	if (wusp_details(agent, root, &details, p) < 0)
		return -1;
	const struct host_job job = { .remove = true, .kb = details.file.kb };
	return run_job(agent, root, &job, p) < 0 ? -1 : 1;
}

/* What is deployed to this machine and fits it; NULL for nothing. */
static const struct wu_update *choose(const struct wusp_agent *agent, bool *removes)
{
	for (size_t i = 0; i < agent->state.update_count; i++) {
		const struct wu_update *update = &agent->state.updates[i];
		const struct wu_core *core = &update->judged;
		if (!core->is_software || strcmp(core->id, agent->state.tried) == 0)
			continue;
		*removes = strcmp(update->action, "Uninstall") == 0;
		if (*removes && core->is_installed)
			return update;
		if (strcmp(update->action, "Install") == 0 && !core->is_installed &&
		    core->is_installable)
			return update;
	}
	return NULL;
}

/* --- the restart ------------------------------------------------------------------ */

static bool is_active_hour(const struct wusp_agent *agent)
{
	const struct wusp_options *options = &agent->options;
	time_t now = (time_t)agent->now_s;
	struct tm local;

	localtime_r(&now, &local);
	int minute = local.tm_hour * 60 + local.tm_min;
	int from = options->active_from_min, to = options->active_to_min;
	return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

static bool is_due(const struct wusp_agent *agent)
{
	for (size_t i = 0; i < agent->state.update_count; i++) {
		const struct wu_update *update = &agent->state.updates[i];
		int64_t deadline_s;
		if (strcmp(update->judged.id, agent->state.waiting) == 0 &&
		    instant_parse(update->deadline, &deadline_s))
			return agent->now_s >= deadline_s;
	}
	return false;
}

/* 1 the machine was asked to restart, or came back from it. */
static int restart(struct wusp_agent *agent, struct problem *p)
{
	struct host *host = &agent->options.host;
	const char *pending = fact_set_find(&agent->facts, "restart.pending");

	if (agent->state.waiting[0] == '\0')
		return 0;
	if (pending == NULL || strcmp(pending, "yes") != 0) {
		agent->state.waiting[0] = '\0';
		return wusp_note(agent, 202, NULL, 0, "", p) < 0 ? -1 : 1;
	}
	if (is_active_hour(agent) && !is_due(agent))
		return 0;
	if (agent->restart_asked_s != INSTANT_NONE &&
	    agent->now_s - agent->restart_asked_s < RESTART_AGAIN_S)
		return 0;
	agent->restart_asked_s = agent->now_s;
	if (wusp_report(agent, p) < 0 ||
	    wusp_state_write(&agent->state, agent->options.state_dir, p) < 0 ||
	    host->restart(host->owner, agent->now_s, p) < 0)
		return -1;
	return 1;
}

/* --- a turn ----------------------------------------------------------------------- */

int wusp_agent_turn(struct wusp_agent *agent, int64_t now_s, struct problem *p)
{
	bool removes = false;

	agent->now_s = now_s;
	if (describe(agent, p) < 0)
		return -1;
	int moved = restart(agent, p);
	if (moved < 0 || (moved > 0 && describe(agent, p) < 0) ||
	    wusp_scan(agent, p) < 0 || wusp_note_status(agent, p) < 0 ||
	    wusp_state_write(&agent->state, agent->options.state_dir, p) < 0 ||
	    wusp_report(agent, p) < 0)
		return -1;
	const struct wu_update *root =
		agent->state.waiting[0] != '\0' ? NULL : choose(agent, &removes);
	if (root != NULL) {
		moved = removes ? removal(agent, root, p) : install(agent, root, p);
		if (moved < 0 ||
		    wusp_state_write(&agent->state, agent->options.state_dir, p) < 0 ||
		    wusp_report(agent, p) < 0)
			return -1;
	} else if (moved == 0) {
		agent->state.tried[0] = '\0'; /* it is tried again at the next scan */
	}
	return moved;
}
