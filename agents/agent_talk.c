/* What an agent asks the server: one poll, and what it finds there. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/agent_inner.h"
#include "engine/instant.h"
#include "engine/problem.h"

const char *agent_authorization(const struct agent *agent, char *room, size_t size)
{
	bool enrolled = agent->token[0] != '\0';
	snprintf(room, size, "%s %s", enrolled ? "TargetToken" : "GatewayToken",
		 enrolled ? agent->token : agent->enrol_token);
	return room;
}

int agent_url(const struct agent *agent, const char *href, char room[static URL_MOST],
	      struct problem *p)
{
	const char *scheme = strstr(href, "://");
	const char *path = scheme == NULL ? href : strchr(scheme + 3, '/');

	bool plain = path != NULL && path[0] == '/';
	for (const char *at = path; plain && *at != '\0'; at++)
		plain = *at > ' ' && *at <= '~';
	if (!plain)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the server links to '%.80s', which is no address",
				   href);
	int size = snprintf(room, URL_MOST, "%s%s", agent->server, path);
	if (size < 0 || size >= URL_MOST)
		return problem_set(p, PROBLEM_TOO_LARGE, "the server's link is too long");
	return 0;
}

int agent_exchange(struct agent *agent, const char *method, const char *url,
		   const char *body, struct answer *answer, struct problem *p)
{
	const struct transport *transport = &agent->options.transport;
	char authorization[TOKEN_TEXT + 400];
	struct request request = { .method = method,
				   .url = url,
				   .body = body,
				   .range_from = -1,
				   .range_to = -1 };

	request.authorization =
		agent_authorization(agent, authorization, sizeof authorization);
	if (transport->exchange(transport->owner, &request, answer, p) < 0)
		return -1;
	int status = answer->status;
	if (status != 401 && status != 429 && status != 503)
		return 0;
	if (answer->retry_after_s > 0)
		agent->retry_after_s = answer->retry_after_s;
	answer_fini(answer);
	if (status == 401)
		return problem_set(
			p, PROBLEM_CONFLICT,
			agent->token[0] != '\0'
				? "the server refuses this device's token: see whether "
				  "the device is known there; to enrol it anew remove "
				  "the file 'token' from its state folder and give an "
				  "enrolment token"
				: "the server refuses the enrolment token: see whether "
				  "it is right, and whether the device is enrolled "
				  "already");
	return problem_set(p, PROBLEM_BUSY, "the server is busy (%d)", status);
}

/* GET a document: 1 when it is there, 0 when the server has it no more. */
static int get(struct agent *agent, const char *href, struct answer *answer,
	       struct problem *p)
{
	char url[URL_MOST];

	if (agent_url(agent, href, url, p) < 0 ||
	    agent_exchange(agent, "GET", url, NULL, answer, p) < 0)
		return -1;
	if (answer->status == 200)
		return 1;
	int status = answer->status;
	answer_fini(answer);
	if (status == 404 || status == 410)
		return 0;
	return problem_set(p, PROBLEM_EXTERNAL, "the server answers %d to GET '%.100s'",
			   status, url);
}

static bool may_stop(enum phase phase)
{
	return phase < PHASE_INSTALLING;
}

static int take_cancel(struct agent *agent, const char *href, struct problem *p)
{
	char action[ACTION_TEXT];
	struct answer answer;

	agent->offered = false; /* nothing new is begun while a cancellation stands */
	int found = get(agent, href, &answer, p);
	if (found <= 0)
		return found;
	int failed = message_read_cancel(answer.body, answer.body_size, action, p);
	answer_fini(&answer);
	if (failed < 0)
		return -1;
	if (strcmp(action, agent->cancel_answered) == 0)
		return 0; /* told already; the server has not come to it yet */
	const struct agent_state *state = &agent->state;
	bool ours =
		state->phase != PHASE_IDLE && strcmp(action, state->offer.action) == 0;
	bool done = strcmp(action, state->done_action) == 0;
	if (agent_answer_cancel(agent, action, ours ? may_stop(state->phase) : !done, p) <
	    0)
		return -1;
	memcpy(agent->cancel_answered, action, sizeof action);
	return agent_flush(agent, p);
}

/* An offer we cannot make sense of is answered once, as failed. */
static int refuse(struct agent *agent, const struct offer *offer, struct problem *why,
		  struct problem *p)
{
	struct feedback feedback = { .execution = "closed",
				     .finished = "failure",
				     .has_code = true,
				     .code = (int32_t)HRESULT_BAD_OFFER };

	if (offer->action[0] == '\0') {
		*p = *why;
		return -1;
	}
	memset(&agent->state.offer, 0, sizeof agent->state.offer);
	memcpy(agent->state.offer.action, offer->action, sizeof offer->action);
	agent->state.seq = strcmp(offer->action, agent->state.done_action) == 0
				   ? agent->state.done_seq
				   : 0;
	snprintf(feedback.details[0], sizeof feedback.details[0], "py:hresult=0x%08X",
		 (unsigned)HRESULT_BAD_OFFER);
	snprintf(feedback.details[1], sizeof feedback.details[1], "py:phase=download");
	snprintf(feedback.details[2], sizeof feedback.details[2], "%.190s", why->text);
	agent->last_code = HRESULT_BAD_OFFER;
	return agent_enter(agent, PHASE_IDLE, &feedback, p);
}

/* Begin with a new offer, from whatever went before. */
static int accept_offer(struct agent *agent, const struct offer *offer, const char *href,
			struct problem *p)
{
	struct agent_state *state = &agent->state;
	struct feedback feedback = { .execution = "scheduled",
				     .finished = "none",
				     .details = { "py:state=accepted" } };

	if (state->phase != PHASE_IDLE && agent_drop_action(agent, p) < 0)
		return -1;
	if (agent->payload_dir != NULL && download_clear(agent->payload_dir, p) < 0)
		return -1;
	state->offer = *offer;
	snprintf(state->href, sizeof state->href, "%s", href);
	state->seq = strcmp(offer->action, state->done_action) == 0 ? state->done_seq : 0;
	state->attempts = 0;
	state->boot_before[0] = '\0';
	agent->restart_asked_s = INSTANT_NONE;
	agent->offered = true;
	return agent_enter(agent, PHASE_ACCEPTED, &feedback, p);
}

/* The terms of the action at hand changed: a window opened, a deadline moved. */
static int renew_offer(struct agent *agent, const struct offer *offer, const char *href,
		       struct problem *p)
{
	struct agent_state *state = &agent->state;

	agent->offered = true;
	snprintf(state->href, sizeof state->href, "%s", href);
	state->offer.may_download = offer->may_download;
	state->offer.may_install = offer->may_install;
	state->offer.needs_restart = offer->needs_restart;
	state->offer.restart_deadline_s = offer->restart_deadline_s;
	return agent_save(agent, p);
}

static int take_offer(struct agent *agent, const char *href, struct problem *p)
{
	struct agent_state *state = &agent->state;
	struct problem why = { 0 };
	struct offer offer;
	struct answer answer;

	if (state->phase != PHASE_IDLE && strcmp(href, state->href) == 0) {
		agent->offered = true;
		return 0;
	}
	agent->offered = false;
	int found = get(agent, href, &answer, p);
	if (found <= 0)
		return found;
	int bad = message_read_offer(answer.body, answer.body_size, &offer, &why);
	answer_fini(&answer);
	bool same = state->phase != PHASE_IDLE &&
		    strcmp(offer.action, state->offer.action) == 0;
	if (!same && !may_stop(state->phase))
		return 0; /* what has begun is brought to its end first */
	if (bad < 0)
		return refuse(agent, &offer, &why, p);
	return same ? renew_offer(agent, &offer, href, p)
		    : accept_offer(agent, &offer, href, p);
}

static int poll(struct agent *agent, struct problem *p)
{
	struct poll_answer found = { 0 };
	struct answer answer;

	if (agent_exchange(agent, "GET", agent->base, NULL, &answer, p) < 0)
		return -1;
	int status = answer.status;
	int result = status == 200
			     ? message_read_poll(answer.body, answer.body_size, &found, p)
			     : problem_set(p, PROBLEM_EXTERNAL,
					   "the server answers %d to a poll", status);
	answer_fini(&answer);
	if (result < 0)
		return -1;
	agent->sleep_s = found.sleep_s;
	if (agent->token[0] == '\0' && found.token[0] != '\0') {
		if (agent_token_save(found.token, agent->state_dir, p) < 0)
			return problem_while(p, "keeping this device's token");
		memcpy(agent->token, found.token, sizeof found.token);
		agent->moved = true;
		if (agent->options.on_saved != NULL)
			agent->options.on_saved(agent->options.owner);
	}
	agent->facts_wanted = agent->facts_wanted || found.wants_facts;
	if (found.cancel[0] != '\0')
		return take_cancel(agent, found.cancel, p);
	agent->cancel_answered[0] = '\0';
	if (found.deployment[0] != '\0')
		return take_offer(agent, found.deployment, p);
	agent->offered = false;
	return 0;
}

/* The reports first, for they are what the server's answer depends on; then the facts
 * that changed, then the question.  A device that is not enrolled must ask first. */
int agent_talk(struct agent *agent, struct problem *p)
{
	if (agent->token[0] != '\0' &&
	    (agent_flush(agent, p) < 0 || agent_sync_facts(agent, false, p) < 0))
		return -1;
	if (poll(agent, p) < 0 || agent_flush(agent, p) < 0)
		return -1;
	return agent->facts_wanted ? agent_sync_facts(agent, true, p) : 0;
}
