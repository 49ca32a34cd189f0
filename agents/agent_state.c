#include "agents/agent_state.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/disk.h"
#include "engine/problem.h"

static const char state_name[] = "state.json";
static const char token_name[] = "token";
enum { STATE_MOST = 64 * 1024 };

const char *const phase_names[PHASES] = { "idle",       "accepted",   "downloading",
					  "downloaded", "installing", "removing",
					  "restarting", "verifying" };

static json_t *pack_offer(const struct offer *offer)
{
	return json_pack("{s:s,s:i,s:I,s:I,s:I,s:s,s:s,s:s,s:I,s:b,s:b,s:b,s:I}",
			 "action", offer->action, "op", (int)offer->op, "kb",
			 (json_int_t)offer->kb, "base", (json_int_t)offer->build.base,
			 "revision", (json_int_t)offer->build.revision, "url", offer->url,
			 "file", offer->file, "sha256", offer->sha256, "size",
			 (json_int_t)offer->size_bytes, "may_download",
			 offer->may_download, "may_install", offer->may_install,
			 "needs_restart", offer->needs_restart, "restart_deadline",
			 (json_int_t)offer->restart_deadline_s);
}

static bool copy(char *room, size_t size, const char *text)
{
	if (strlen(text) >= size)
		return false;
	memcpy(room, text, strlen(text) + 1);
	return true;
}

static bool unpack_offer(json_t *json, struct offer *offer)
{
	const char *action, *url, *file, *sha256;
	json_int_t kb, base, revision, size, deadline;
	int op, may_download, may_install, needs_restart;

	if (json_unpack(json, "{s:s,s:i,s:I,s:I,s:I,s:s,s:s,s:s,s:I,s:b,s:b,s:b,s:I}",
			"action", &action, "op", &op, "kb", &kb, "base", &base,
			"revision", &revision, "url", &url, "file", &file, "sha256",
			&sha256, "size", &size, "may_download", &may_download,
			"may_install", &may_install, "needs_restart", &needs_restart,
			"restart_deadline", &deadline) != 0 ||
	    op < 0 || op >= OFFER_OPS ||
	    !copy(offer->action, sizeof offer->action, action) ||
	    !copy(offer->url, sizeof offer->url, url) ||
	    !copy(offer->file, sizeof offer->file, file) ||
	    !copy(offer->sha256, sizeof offer->sha256, sha256))
		return false;
	offer->op = (enum offer_op)op;
	offer->kb = (uint32_t)kb;
	offer->build = (struct build){ (uint32_t)base, (uint32_t)revision };
	offer->size_bytes = size;
	offer->may_download = may_download != 0;
	offer->may_install = may_install != 0;
	offer->needs_restart = needs_restart != 0;
	offer->restart_deadline_s = deadline;
	return true;
}

static json_t *pack_record(const struct spool_record *record)
{
	return json_pack("{s:b,s:s,s:I,s:s}", "cancel", record->cancel, "action",
			 record->action, "seq", (json_int_t)record->seq, "body",
			 record->body);
}

static bool unpack_record(json_t *json, struct spool_record *record)
{
	const char *action, *body;
	json_int_t seq;
	int cancel;

	if (json_unpack(json, "{s:b,s:s,s:I,s:s}", "cancel", &cancel, "action", &action,
			"seq", &seq, "body", &body) != 0 ||
	    !copy(record->action, sizeof record->action, action) ||
	    !copy(record->body, sizeof record->body, body))
		return false;
	record->cancel = cancel != 0;
	record->seq = (uint32_t)seq;
	return true;
}

int agent_state_save(const struct agent_state *state, const char *folder,
		     struct problem *p)
{
	if (folder == NULL)
		return 0;
	json_t *json =
		json_pack("{s:s,s:o,s:s,s:I,s:I,s:I,s:s,s:I,s:s,s:I,s:o}", "phase",
			  phase_names[state->phase], "offer", pack_offer(&state->offer),
			  "href", state->href, "seq", (json_int_t)state->seq, "attempts",
			  (json_int_t)state->attempts, "begun", (json_int_t)state->begun,
			  "boot_before", state->boot_before, "facts_digest",
			  (json_int_t)state->facts_digest, "done_action",
			  state->done_action, "done_seq", (json_int_t)state->done_seq,
			  "owed", pack_record(&state->owed));
	char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(1));
	json_decref(json);
	if (text == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory to keep %s",
				   state_name);
	int result = disk_write(folder, state_name, text, strlen(text), p);
	free(text);
	return result;
}

static bool find_phase(const char *name, enum phase *phase)
{
	for (int i = 0; i < PHASES; i++) {
		if (strcmp(name, phase_names[i]) == 0) {
			*phase = (enum phase)i;
			return true;
		}
	}
	return false;
}

static bool unpack_state(json_t *json, struct agent_state *state)
{
	const char *phase, *href, *boot, *done;
	json_int_t seq, attempts, begun, digest, done_seq;
	json_t *offer, *owed;

	if (json_unpack(json, "{s:s,s:o,s:s,s:I,s:I,s:I,s:s,s:I,s:s,s:I,s:o}", "phase",
			&phase, "offer", &offer, "href", &href, "seq", &seq, "attempts",
			&attempts, "begun", &begun, "boot_before", &boot, "facts_digest",
			&digest, "done_action", &done, "done_seq", &done_seq, "owed",
			&owed) != 0 ||
	    !find_phase(phase, &state->phase) || !unpack_offer(offer, &state->offer) ||
	    !unpack_record(owed, &state->owed) ||
	    !copy(state->href, sizeof state->href, href) ||
	    !copy(state->boot_before, sizeof state->boot_before, boot) ||
	    !copy(state->done_action, sizeof state->done_action, done))
		return false;
	state->seq = (uint32_t)seq;
	state->attempts = (unsigned)attempts;
	state->begun = (unsigned)begun;
	state->facts_digest = (uint64_t)digest;
	state->done_seq = (uint32_t)done_seq;
	return true;
}

/* 0 and *text NULL when there is no such file. */
static int read_file(const char *folder, const char *name, char **text, size_t *size,
		     struct problem *p)
{
	*text = folder == NULL ? NULL : disk_read(folder, name, STATE_MOST, size, p);
	if (*text != NULL || folder == NULL)
		return 0;
	if (p->kind != PROBLEM_NOT_FOUND)
		return -1;
	memset(p, 0, sizeof *p);
	return 0;
}

int agent_state_load(struct agent_state *state, const char *folder, struct problem *p)
{
	size_t size = 0;
	char *text;

	memset(state, 0, sizeof *state);
	if (read_file(folder, state_name, &text, &size, p) < 0)
		return -1;
	if (text == NULL)
		return 0;
	json_t *json = json_loadb(text, size, 0, NULL);
	free(text);
	bool good = json != NULL && unpack_state(json, state);
	json_decref(json);
	if (!good)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "'%s/%s' is damaged: remove it, and the device starts "
				   "its present action anew",
				   folder, state_name);
	return 0;
}

int agent_token_save(const char *token, const char *folder, struct problem *p)
{
	return folder == NULL ? 0
			      : disk_write(folder, token_name, token, strlen(token), p);
}

int agent_token_load(char token[static TOKEN_TEXT], const char *folder, struct problem *p)
{
	size_t size = 0;
	char *text;

	token[0] = '\0';
	if (read_file(folder, token_name, &text, &size, p) < 0)
		return -1;
	if (text == NULL)
		return 0;
	bool good = size > 0 && size < TOKEN_TEXT && strcspn(text, " \t\r\n") == size;
	if (good)
		memcpy(token, text, size + 1);
	free(text);
	if (!good)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"'%s/%s' is damaged: remove it and enrol the device anew", folder,
			token_name);
	return 0;
}
