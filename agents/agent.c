#include "agents/agent.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/agent_inner.h"
#include "agents/disk.h"
#include "engine/instant.h"
#include "engine/problem.h"

enum { PIECE_DEFAULT = 64 * 1024 * 1024, BACK_OFF_S = 5, ACTS_MOST = 4 * PHASES };

/* The id as one path segment (RFC 3986, 2.3). */
static char *encode_base(const char *server, const char *id)
{
	static const char path[] = "/DEFAULT/controller/v1/";
	char *base = malloc(strlen(server) + sizeof path + 3 * strlen(id));
	if (base == NULL)
		return NULL;
	char *at = base + sprintf(base, "%s%s", server, path);
	for (; *id != '\0'; id++) {
		unsigned char c = (unsigned char)*id;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;
		at += plain ? sprintf(at, "%c", c) : sprintf(at, "%%%02X", c);
	}
	return base;
}

static char *copy_or_null(const char *text, bool *failed)
{
	char *copied = text == NULL ? NULL : strdup(text);
	*failed = *failed || (text != NULL && copied == NULL);
	return copied;
}

static int copy_options(struct agent *agent, const struct agent_options *options,
			struct problem *p)
{
	bool failed = false;

	agent->options = *options;
	if (agent->options.piece_bytes <= 0)
		agent->options.piece_bytes = PIECE_DEFAULT;
	agent->enrol_token = copy_or_null(options->enrol_token, &failed);
	agent->state_dir = copy_or_null(options->state_dir, &failed);
	agent->base = encode_base(options->server, options->id);
	agent->server = copy_or_null(options->server, &failed);
	if (options->state_dir != NULL &&
	    asprintf(&agent->payload_dir, "%s/payload", options->state_dir) < 0) {
		agent->payload_dir = NULL;
		failed = true;
	}
	if (failed || agent->base == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for an agent");
	return 0;
}

/* Put the report that was owed into the spool, unless it is there already. */
static int pay(struct agent *agent, struct problem *p)
{
	struct spool_record *owed = &agent->state.owed;
	if (owed->seq == 0)
		return 0;
	if (spool_last_seq(agent->spool, owed->action) < owed->seq &&
	    spool_append(agent->spool, owed, p) < 0)
		return -1;
	/* On disk it stays owed until the next save: paying twice is harmless, for the
	 * server knows a report by its number. */
	owed->seq = 0;
	return 0;
}

struct agent *agent_new(const struct agent_options *options, struct problem *p)
{
	struct agent *agent = calloc(1, sizeof *agent);
	if (agent == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for an agent");
		return NULL;
	}
	agent->restart_asked_s = INSTANT_NONE;
	agent->facts_wanted = true;
	if (copy_options(agent, options, p) < 0 ||
	    (agent->state_dir != NULL && disk_make_folder(agent->state_dir, p) < 0) ||
	    agent_token_load(agent->token, agent->state_dir, p) < 0 ||
	    agent_state_load(&agent->state, agent->state_dir, p) < 0)
		goto fail;
	if (agent->token[0] == '\0' && agent->enrol_token == NULL) {
		problem_set(p, PROBLEM_BAD_INPUT,
			    "the device '%.80s' is not enrolled: give an enrolment token",
			    options->id);
		goto fail;
	}
	agent->spool = spool_open(agent->state_dir, p);
	if (agent->spool == NULL)
		goto fail;
	return agent;
fail:
	agent_free(agent);
	return NULL;
}

void agent_free(struct agent *agent)
{
	if (agent == NULL)
		return;
	download_close(agent->download);
	spool_close(agent->spool);
	free(agent->base);
	free(agent->server);
	free(agent->enrol_token);
	free(agent->state_dir);
	free(agent->payload_dir);
	free(agent);
}

int64_t agent_next_poll_s(const struct agent *agent)
{
	return agent->next_poll_s;
}

enum phase agent_phase(const struct agent *agent)
{
	return agent->state.phase;
}

const struct offer *agent_offer(const struct agent *agent)
{
	return &agent->state.offer;
}

bool agent_is_enrolled(const struct agent *agent)
{
	return agent->token[0] != '\0';
}

unsigned long agent_reports(const struct agent *agent)
{
	return agent->reports;
}

uint32_t agent_last_code(const struct agent *agent)
{
	return agent->last_code;
}

static void tell_saved(const struct agent *agent)
{
	if (agent->options.on_saved != NULL)
		agent->options.on_saved(agent->options.owner);
}

int agent_save(struct agent *agent, struct problem *p)
{
	agent->moved = true;
	if (agent_state_save(&agent->state, agent->state_dir, p) < 0)
		return -1;
	tell_saved(agent);
	return 0;
}

static int owe(struct agent *agent, bool cancel, const char *action,
	       const struct feedback *feedback, struct problem *p)
{
	struct spool_record *owed = &agent->state.owed;
	char *body = message_feedback(action, feedback, agent->now_s, p);
	if (body == NULL)
		return -1;
	size_t size = strlen(body);
	if (size < sizeof owed->body) {
		owed->cancel = cancel;
		owed->seq = feedback->seq;
		snprintf(owed->action, sizeof owed->action, "%s", action);
		memcpy(owed->body, body, size + 1);
	}
	free(body);
	if (size >= sizeof owed->body)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "a report has %zu bytes, at most %zu are sent", size,
				   sizeof owed->body - 1);
	return 0;
}

/* Ends the action at hand: remembered, so that a report after it has a fresh number. */
static void end_action(struct agent *agent)
{
	struct agent_state *state = &agent->state;
	memcpy(state->done_action, state->offer.action, sizeof state->done_action);
	state->done_seq = state->seq;
	memset(&state->offer, 0, sizeof state->offer);
	state->href[0] = '\0';
	state->boot_before[0] = '\0';
	state->attempts = 0;
	state->begun = 0;
}

/* The phase and the report that is owed for it become durable in one write, and then the
 * report is in the spool.  On a fault before that write the state is what it was. */
static int commit(struct agent *agent, enum phase phase, const struct agent_state *before,
		  struct problem *p)
{
	agent->state.phase = phase;
	if (phase == PHASE_IDLE && agent->state.offer.action[0] != '\0')
		end_action(agent);
	if (agent_save(agent, p) < 0) {
		agent->state = *before;
		return -1;
	}
	if (pay(agent, p) < 0)
		return -1; /* it stays owed, and is paid with the next step */
	tell_saved(agent);
	if (phase != PHASE_IDLE)
		return 0;
	download_close(agent->download);
	agent->download = NULL;
	return agent->payload_dir == NULL ? 0 : download_clear(agent->payload_dir, p);
}

int agent_enter(struct agent *agent, enum phase phase, struct feedback *feedback,
		struct problem *p)
{
	if (pay(agent, p) < 0)
		return -1;
	struct agent_state before = agent->state;
	struct agent_state *state = &agent->state;

	if (feedback != NULL) {
		feedback->seq = ++state->seq;
		if (owe(agent, false, state->offer.action, feedback, p) < 0) {
			agent->state = before;
			return -1;
		}
	}
	return commit(agent, phase, &before, p);
}

int agent_drop_action(struct agent *agent, struct problem *p)
{
	return agent_enter(agent, PHASE_IDLE, NULL, p);
}

int agent_answer_cancel(struct agent *agent, const char *action, bool stopped,
			struct problem *p)
{
	struct feedback feedback = { .execution = stopped ? "closed" : "rejected",
				     .finished = stopped ? "success" : "none" };
	struct agent_state *state = &agent->state;
	bool ours = strcmp(action, state->offer.action) == 0;

	if (pay(agent, p) < 0)
		return -1;
	struct agent_state before = *state;
	feedback.seq = ours                                      ? ++state->seq
		       : strcmp(action, state->done_action) == 0 ? ++state->done_seq
								 : 1;
	snprintf(feedback.details[0], sizeof feedback.details[0], "%s",
		 stopped ? "stopped before anything was installed"
			 : "too late: the install has begun or has ended");
	if (owe(agent, true, action, &feedback, p) < 0) {
		*state = before;
		return -1;
	}
	return commit(agent, ours && stopped ? PHASE_IDLE : state->phase, &before, p);
}

int agent_facts(struct agent *agent, struct fact_set *facts, struct problem *p)
{
	const struct host *host = &agent->options.host;
	fact_set_clear(facts);
	return host->facts(host->owner, facts, p);
}

int agent_sync_facts(struct agent *agent, bool always, struct problem *p)
{
	struct fact_set facts;
	struct answer answer;
	char url[URL_MOST];

	if (agent_facts(agent, &facts, p) < 0)
		return -1;
	uint64_t digest = fact_set_digest(&facts);
	if (!always && !agent->facts_wanted && digest == agent->state.facts_digest)
		return 0;
	snprintf(url, sizeof url, "%s/configData", agent->base);
	char *body = message_facts(&facts, p);
	if (body == NULL)
		return -1;
	int result = agent_exchange(agent, "PUT", url, body, &answer, p);
	free(body);
	if (result < 0)
		return -1;
	int status = answer.status;
	answer_fini(&answer);
	if (status != 200)
		return problem_set(p, PROBLEM_EXTERNAL,
				   "the server answers %d to the facts", status);
	agent->state.facts_digest = digest;
	agent->facts_wanted = false;
	agent->moved = true;
	return 0;
}

/* Such an answer will be the same for the same report however often it is sent. */
static bool is_hopeless(int status)
{
	return status == 404 || status == 410 || status == 400 || status == 405 ||
	       status == 413 || status == 415;
}

int agent_flush(struct agent *agent, struct problem *p)
{
	const struct spool_record *record;
	struct answer answer;
	char url[URL_MOST];

	while ((record = spool_first(agent->spool)) != NULL) {
		snprintf(url, sizeof url, "%s/%s/%s/feedback", agent->base,
			 record->cancel ? "cancelAction" : "deploymentBase",
			 record->action);
		if (agent_exchange(agent, "POST", url, record->body, &answer, p) < 0)
			return -1;
		int status = answer.status;
		answer_fini(&answer);
		if (status != 200 && !is_hopeless(status))
			return problem_set(p, PROBLEM_EXTERNAL,
					   "the server answers %d to a report", status);
		agent->moved = true;
		agent->reports++;
		if (spool_drop_first(agent->spool, p) < 0)
			return -1;
	}
	return 0;
}

/* The next poll: what the server asks within the operator's bounds, spread by a tenth so
 * that devices started together drift apart; sooner while an install runs, later when the
 * server is in trouble. */
static void schedule(struct agent *agent, enum agent_turn turn)
{
	const struct agent_options *options = &agent->options;
	int64_t wait_s = agent->sleep_s;
	uint32_t spread = (uint32_t)agent->now_s * 2654435761U;

	for (const char *at = agent->base; *at != '\0'; at++)
		spread = (spread ^ (unsigned char)*at) * 16777619U;
	if (turn == AGENT_TROUBLE) {
		unsigned doublings = agent->troubles < 8 ? agent->troubles : 8;
		wait_s = (int64_t)BACK_OFF_S << doublings;
		if (agent->retry_after_s > wait_s)
			wait_s = agent->retry_after_s;
	} else if (agent->state.phase == PHASE_INSTALLING ||
		   agent->state.phase == PHASE_REMOVING) {
		wait_s = options->poll_min_s;
	}
	wait_s += wait_s / 10 - (int64_t)(spread >> 8) % (wait_s / 5 + 1);
	if (wait_s < options->poll_min_s)
		wait_s = options->poll_min_s;
	if (wait_s > options->poll_max_s)
		wait_s = options->poll_max_s;
	agent->next_poll_s = agent->now_s + (turn == AGENT_MOVED ? 0 : wait_s);
}

/* Phases follow upon each other within one step, as far as they can; each report goes out
 * before the next phase begins. */
static int act(struct agent *agent, bool connected, struct problem *p)
{
	for (int i = 0; i < ACTS_MOST; i++) {
		int result = agent_act(agent, p);
		if (result < 0)
			return -1;
		if (connected && agent_flush(agent, p) < 0)
			return -1;
		if (result == 0)
			return 0;
	}
	return 0;
}

enum agent_turn agent_step(struct agent *agent, int64_t now_s, struct problem *p)
{
	memset(p, 0, sizeof *p);
	agent->now_s = now_s;
	agent->moved = false;
	agent->retry_after_s = 0;
	int result = pay(agent, p);
	if (result == 0)
		result = agent_talk(agent, p);
	if (result == 0) {
		result = act(agent, true, p);
	} else if (agent->state.phase >= PHASE_INSTALLING) {
		/* What has begun goes on without the server; its reports wait. */
		struct problem ignored = { 0 };
		(void)act(agent, false, &ignored);
	}
	enum agent_turn turn = result < 0     ? AGENT_TROUBLE
			       : agent->moved ? AGENT_MOVED
					      : AGENT_STILL;
	agent->troubles = result < 0 ? agent->troubles + 1 : 0;
	schedule(agent, turn);
	return turn;
}
