/* What an agent does in each phase.  A handler returns 1 when the phase changed and the
 * next handler should have its turn, 0 when nothing can be done before the next poll, and
 * -1 with a problem. */

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agents/agent_inner.h"
#include "engine/instant.h"
#include "engine/problem.h"

static bool restart_is_pending(const struct fact_set *facts)
{
	const char *pending = fact_set_find(facts, "restart.pending");
	return pending != NULL && strcmp(pending, "yes") == 0;
}

/* Whether the machine shows what the action at hand wants. */
static bool is_reached(const struct agent *agent, const struct fact_set *facts)
{
	const struct offer *offer = &agent->state.offer;
	const char *text = fact_set_find(facts, "os.build");
	struct build shown;

	if (offer->op == OFFER_RESTART)
		return true;
	if (offer->op == OFFER_UNINSTALL)
		return fact_set_find(facts, "os.kbs") != NULL &&
		       !fact_set_has_kb(facts, offer->kb);
	return text != NULL && build_parse(text, &shown) &&
	       build_equal(shown, offer->build) && fact_set_has_kb(facts, offer->kb);
}

static void say(struct feedback *feedback, size_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct feedback *feedback, size_t line, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(feedback->details[line], sizeof feedback->details[line], fmt, args);
	va_end(args);
}

static int fail(struct agent *agent, uint32_t code, const char *phase, const char *text,
		struct problem *p)
{
	struct feedback feedback = { .execution = "closed",
				     .finished = "failure",
				     .has_code = true,
				     .code = (int32_t)code };
	say(&feedback, 0, "py:hresult=0x%08X", code);
	say(&feedback, 1, "py:phase=%s", phase);
	say(&feedback, 2, "%.190s", text);
	agent->last_code = code;
	return agent_enter(agent, PHASE_IDLE, &feedback, p) < 0 ? -1 : 1;
}

static int proceed(struct agent *agent, enum phase phase, struct feedback *feedback,
		   struct problem *p)
{
	return agent_enter(agent, phase, feedback, p) < 0 ? -1 : 1;
}

static int rest(struct agent *agent, struct problem *p)
{
	(void)agent;
	(void)p;
	return 0;
}

/* Ask the host to do the action; the phase that says so is on disk already, and how often
 * it was asked is there before it is asked again. */
static int begin(struct agent *agent, struct problem *p)
{
	const struct host *host = &agent->options.host;
	const struct offer *offer = &agent->state.offer;
	struct host_job job = { .remove = offer->op == OFFER_UNINSTALL,
				.kb = offer->kb,
				.build = offer->build };
	struct problem why = { 0 };

	if (agent->download != NULL) {
		job.path = download_path(agent->download);
		job.head = download_head(agent->download, &job.head_size);
	}
	if (host->begin(host->owner, &job, agent->now_s, &why) == 0)
		return 1;
	/* Something else is still at work there, a restart or what was just ended: the
	 * host says so when it is asked, and is idle in the end. */
	if (why.kind == PROBLEM_BUSY)
		return 1;
	return fail(agent, HRESULT_ABORTED, job.remove ? "remove" : "install", why.text,
		    p);
}

static int wait_for_restart(struct agent *agent, const struct fact_set *facts,
			    struct problem *p)
{
	const struct offer *offer = &agent->state.offer;
	const char *boot = fact_set_find(facts, "os.boot");
	struct feedback feedback = { .execution = "proceeding",
				     .finished = "none",
				     .has_code = true,
				     .code = 3010,
				     .details = { "py:state=restart-pending" } };
	char build[BUILD_TEXT];

	if (offer->op == OFFER_INSTALL)
		say(&feedback, 1, "py:build=%s", build_format(offer->build, build));
	snprintf(agent->state.boot_before, sizeof agent->state.boot_before, "%s",
		 boot == NULL ? "" : boot);
	agent->restart_asked_s = INSTANT_NONE;
	return proceed(agent, PHASE_RESTARTING, &feedback, p);
}

static int on_accepted(struct agent *agent, struct problem *p)
{
	const struct offer *offer = &agent->state.offer;
	struct feedback feedback = { .execution = "proceeding", .finished = "none" };
	struct fact_set facts;

	if (!agent->offered)
		return 0;
	if (agent_facts(agent, &facts, p) < 0)
		return -1;
	if (offer->op == OFFER_RESTART)
		return wait_for_restart(agent, &facts, p);
	if (is_reached(agent, &facts) && !restart_is_pending(&facts))
		return proceed(agent, PHASE_VERIFYING, NULL, p);
	if (offer->op == OFFER_UNINSTALL) {
		if (!offer->may_install)
			return 0;
		say(&feedback, 0, "py:state=removing");
		return proceed(agent, PHASE_REMOVING, &feedback, p) < 0 ? -1
									: begin(agent, p);
	}
	if (!offer->may_download)
		return 0;
	feedback.execution = "download";
	say(&feedback, 0, "py:state=downloading");
	return proceed(agent, PHASE_DOWNLOADING, &feedback, p);
}

/* The file is not the one announced, or not there: try again, a few times. */
static int attempt_failed(struct agent *agent, uint32_t code, const struct problem *why,
			  struct problem *p)
{
	agent->state.attempts++;
	if (agent->state.attempts < DOWNLOAD_ATTEMPTS)
		return agent_save(agent, p) < 0 ? -1 : 1;
	return fail(agent, code, "download", why->text, p);
}

static int open_download(struct agent *agent, struct problem *p)
{
	if (agent->download == NULL)
		agent->download = download_open(agent->payload_dir, &agent->state.offer,
						agent->options.piece_bytes, p);
	return agent->download == NULL ? -1 : 0;
}

static enum download_turn fetch(struct agent *agent, struct problem *why)
{
	char url[URL_MOST], authorization[TOKEN_TEXT + 400];

	if (agent_url(agent, agent->state.offer.url, url, why) < 0)
		return DOWNLOAD_GONE;
	enum download_turn turn = download_turn(
		agent->download, &agent->options.transport, url,
		agent_authorization(agent, authorization, sizeof authorization), why);
	if (download_retry_after_s(agent->download) > 0)
		agent->retry_after_s = download_retry_after_s(agent->download);
	return turn;
}

static int on_downloading(struct agent *agent, struct problem *p)
{
	struct feedback feedback = { .execution = "downloaded",
				     .finished = "none",
				     .details = { "py:state=downloaded" } };
	struct problem why = { 0 };

	if (!agent->offered || !agent->state.offer.may_download)
		return 0;
	if (open_download(agent, p) < 0)
		return -1;
	switch (fetch(agent, &why)) {
	case DOWNLOAD_MORE:
		agent->moved = true; /* one poll between two pieces */
		return 0;
	case DOWNLOAD_DONE:
		return proceed(agent, PHASE_DOWNLOADED, &feedback, p);
	case DOWNLOAD_WRONG:
		return attempt_failed(agent, HRESULT_WRONG_HASH, &why, p);
	case DOWNLOAD_GONE:
		if (attempt_failed(agent, HRESULT_NO_FILE, &why, p) < 0)
			return -1;
		if (agent->state.phase == PHASE_IDLE)
			return 1;
		break; /* it may come back: next poll */
	case DOWNLOAD_LATER:
		download_close(agent->download);
		agent->download = NULL;
		break;
	}
	*p = why;
	return -1;
}

/* After a restart of the agent the file is looked at again before it is trusted: 1 it is
 * whole, 0 it is not, -1. */
static int look_at_file(struct agent *agent, struct problem *p)
{
	struct problem why = { 0 };

	if (agent->download != NULL)
		return 1;
	if (open_download(agent, p) < 0)
		return -1;
	if (download_have(agent->download) == agent->state.offer.size_bytes &&
	    fetch(agent, &why) == DOWNLOAD_DONE)
		return 1;
	download_close(agent->download);
	agent->download = NULL;
	return 0;
}

static int on_downloaded(struct agent *agent, struct problem *p)
{
	struct feedback feedback = { .execution = "proceeding",
				     .finished = "none",
				     .details = { "py:state=installing" } };
	if (!agent->offered || !agent->state.offer.may_install)
		return 0;
	int there = look_at_file(agent, p);
	if (there <= 0)
		return there < 0 ? -1 : proceed(agent, PHASE_DOWNLOADING, NULL, p);
	if (proceed(agent, PHASE_INSTALLING, &feedback, p) < 0)
		return -1;
	return begin(agent, p);
}

/* The host has forgotten its work, because it went down together with the agent: once
 * more from the start, a few times.  An install needs its file, looked at again. */
static int begin_again(struct agent *agent, struct problem *p)
{
	bool removes = agent->state.phase == PHASE_REMOVING;

	if (agent->state.begun + 1 >= BEGIN_MOST)
		return fail(agent, HRESULT_ABORTED, removes ? "remove" : "install",
			    "the device went down each time this was tried", p);
	agent->state.begun++;
	int there = removes ? 1 : look_at_file(agent, p);
	if (there <= 0)
		return there < 0 ? -1 : proceed(agent, PHASE_DOWNLOADING, NULL, p);
	if (agent_save(agent, p) < 0)
		return -1;
	return begin(agent, p);
}

/* Both installing and removing: ask the host, and where it has forgotten, the facts. */
static int on_working(struct agent *agent, struct problem *p)
{
	const struct host *host = &agent->options.host;
	bool removes = agent->state.phase == PHASE_REMOVING;
	const char *phase = removes ? "remove" : "install";
	struct host_result result = { 0 };
	struct fact_set facts;

	enum host_state state = host->check(host->owner, agent->now_s, &result);
	if (state == HOST_RUNNING)
		return 0;
	if (state == HOST_FAILED)
		return fail(agent, result.code, phase, result.text, p);
	if (agent_facts(agent, &facts, p) < 0)
		return -1;
	bool reached = is_reached(agent, &facts);
	if (state == HOST_NEEDS_RESTART || restart_is_pending(&facts) ||
	    (state == HOST_DONE && agent->state.offer.needs_restart && !reached))
		return wait_for_restart(agent, &facts, p);
	if (state == HOST_DONE || reached)
		return proceed(agent, PHASE_VERIFYING, NULL, p);
	return begin_again(agent, p);
}

/* Outside the active hours a restart hurts nobody; inside them it waits for its
 * deadline. */
static bool restart_is_due(const struct agent *agent)
{
	const struct agent_options *options = &agent->options;
	int64_t deadline_s = agent->state.offer.restart_deadline_s;
	time_t now = (time_t)agent->now_s;
	struct tm local;

	if (options->active_from_min == options->active_to_min ||
	    deadline_s == INSTANT_NONE || agent->now_s >= deadline_s ||
	    localtime_r(&now, &local) == NULL)
		return true;
	int minute = local.tm_hour * 60 + local.tm_min;
	bool after = minute >= options->active_from_min;
	bool before = minute < options->active_to_min;
	bool active = options->active_from_min < options->active_to_min ? after && before
									: after || before;
	return !active;
}

static bool has_restarted(const struct agent *agent, const struct fact_set *facts)
{
	const char *boot = fact_set_find(facts, "os.boot");
	if (boot != NULL && agent->state.boot_before[0] != '\0')
		return strcmp(boot, agent->state.boot_before) != 0;
	/* A machine that does not say when it started: by what it shows. */
	return !restart_is_pending(facts) && is_reached(agent, facts);
}

static int on_restarting(struct agent *agent, struct problem *p)
{
	const struct host *host = &agent->options.host;
	struct fact_set facts;

	if (agent_facts(agent, &facts, p) < 0)
		return -1;
	if (has_restarted(agent, &facts))
		return proceed(agent, PHASE_VERIFYING, NULL, p);
	if (!restart_is_due(agent) ||
	    (agent->restart_asked_s != INSTANT_NONE &&
	     agent->now_s - agent->restart_asked_s < RESTART_AGAIN_S))
		return 0;
	agent->restart_asked_s = agent->now_s;
	if (host->restart(host->owner, agent->now_s, p) < 0)
		return -1;
	if (agent_facts(agent, &facts, p) < 0)
		return -1;
	return has_restarted(agent, &facts) ? 1 : 0;
}

/* The facts first, so that the server sees what the end report speaks of. */
static int on_verifying(struct agent *agent, struct problem *p)
{
	const struct offer *offer = &agent->state.offer;
	bool restarted = agent->state.boot_before[0] != '\0' || offer->needs_restart;
	struct feedback feedback = { .execution = "closed",
				     .finished = "success",
				     .has_code = true };
	struct fact_set facts;
	char text[160];

	if (agent_sync_facts(agent, true, p) < 0 || agent_facts(agent, &facts, p) < 0)
		return -1;
	const char *shown = fact_set_find(&facts, "os.build");
	bool reached = is_reached(agent, &facts);
	if (!reached && (offer->op == OFFER_UNINSTALL || restarted)) {
		snprintf(text, sizeof text,
			 offer->op == OFFER_UNINSTALL
				 ? "the update is still there after the restart; the "
				   "device shows %s"
				 : "after the restart the device shows %s instead",
			 shown == NULL ? "no build" : shown);
		return fail(agent, HRESULT_INSTALL_FAILED,
			    offer->op == OFFER_UNINSTALL ? "remove" : "install", text, p);
	}
	say(&feedback, 0, "py:state=%s",
	    !reached                       ? "installed"
	    : offer->op == OFFER_UNINSTALL ? "removed"
					   : "verified");
	if (shown != NULL)
		say(&feedback, 1, "py:build=%.100s", shown);
	agent->last_code = HRESULT_OK;
	return proceed(agent, PHASE_IDLE, &feedback, p);
}

static int (*const handlers[PHASES])(struct agent *, struct problem *) = {
	[PHASE_IDLE] = rest,
	[PHASE_ACCEPTED] = on_accepted,
	[PHASE_DOWNLOADING] = on_downloading,
	[PHASE_DOWNLOADED] = on_downloaded,
	[PHASE_INSTALLING] = on_working,
	[PHASE_REMOVING] = on_working,
	[PHASE_RESTARTING] = on_restarting,
	[PHASE_VERIFYING] = on_verifying,
};

int agent_act(struct agent *agent, struct problem *p)
{
	assert(agent->state.phase < PHASES);
	return handlers[agent->state.phase](agent, p);
}
