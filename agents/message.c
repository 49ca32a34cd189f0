#include "agents/message.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/fact_set.h"
#include "engine/instant.h"
#include "engine/problem.h"

enum { KBS_PER_KEY = 12, SLEEP_DEFAULT_S = 300 };

/* os.kbs goes out as os.kbs.n and os.kbs.0, os.kbs.1, ..., twelve KBs to a key, for a
 * DDI attribute holds 128 characters. */
static int put_kbs(json_t *data, const char *kbs)
{
	char list[FACT_WORD + 1] = "", key[32], count[16];
	size_t used = 0, in_key = 0, keys = 0, all = 0;
	static const char between[] = " \t\r\n,";
	int failed = 0;

	for (kbs += strspn(kbs, between); *kbs != '\0'; kbs += strspn(kbs, between)) {
		size_t size = strcspn(kbs, between);
		if (in_key == KBS_PER_KEY || used + size + 1 > FACT_WORD) {
			snprintf(key, sizeof key, "os.kbs.%zu", keys++);
			failed |= json_object_set_new(data, key, json_string(list));
			used = in_key = 0;
		}
		if (size + 1 <= FACT_WORD) {
			used += (size_t)snprintf(list + used, sizeof list - used,
						 "%s%.*s", in_key == 0 ? "" : ",",
						 (int)size, kbs);
			in_key++;
			all++;
		}
		kbs += size;
	}
	if (in_key > 0) {
		snprintf(key, sizeof key, "os.kbs.%zu", keys);
		failed |= json_object_set_new(data, key, json_string(list));
	}
	snprintf(count, sizeof count, "%zu", all);
	return failed | json_object_set_new(data, "os.kbs.n", json_string(count));
}

static char *dump(json_t *json, int failed, struct problem *p)
{
	char *text = json == NULL || failed ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL)
		problem_set(
			p, PROBLEM_NO_MEMORY,
			"cannot write a message: no memory, or text that is not UTF-8");
	return text;
}

char *message_facts(const struct fact_set *facts, struct problem *p)
{
	json_t *data = json_object();
	int failed = json_object_set_new(data, "py.v", json_string("1")) |
		     json_object_set_new(data, "py.caps",
					 json_string("install,uninstall,restart,defer"));
	for (size_t i = 0; i < facts->count; i++) {
		const char *name = fact_set_name(facts, i);
		const char *value = fact_set_value(facts, i);
		if (strcmp(name, "os.kbs") == 0)
			failed |= put_kbs(data, value);
		else
			failed |= json_object_set_new(data, name, json_string(value));
	}
	return dump(json_pack("{s:s,s:o}", "mode", "merge", "data", data), failed, p);
}

/* A detail may quote what a server or an installer said, cut anywhere: only printable
 * ASCII goes out, so that a report can always be written. */
static const char *make_plain(const char *text, char room[static FEEDBACK_TEXT])
{
	size_t i = 0;
	for (; i + 1 < FEEDBACK_TEXT && text[i] != '\0'; i++)
		room[i] = (char)(isprint((unsigned char)text[i]) ? text[i] : '?');
	room[i] = '\0';
	return room;
}

char *message_feedback(const char *action, const struct feedback *feedback, int64_t now_s,
		       struct problem *p)
{
	char seq[32];
	json_t *details = json_array();
	int failed = 0;

	snprintf(seq, sizeof seq, "py:seq=%u", feedback->seq);
	failed |= json_array_append_new(details, json_string(seq));
	for (size_t i = 0; i < FEEDBACK_DETAILS; i++) {
		char text[FEEDBACK_TEXT];
		if (make_plain(feedback->details[i], text)[0] != '\0')
			failed |= json_array_append_new(details, json_string(text));
	}
	json_t *status =
		json_pack("{s:s,s:{s:s},s:o}", "execution", feedback->execution, "result",
			  "finished", feedback->finished, "details", details);
	if (feedback->has_code)
		failed |=
			json_object_set_new(status, "code", json_integer(feedback->code));
	return dump(json_pack("{s:s,s:I,s:o}", "id", action, "timestamp",
			      (json_int_t)now_s * 1000, "status", status),
		    failed, p);
}

/* A string member, copied; false when it is missing, no string, or too long. */
static bool copy_text(json_t *json, const char *member, char *room, size_t size)
{
	const char *text = json_string_value(json_object_get(json, member));
	if (text == NULL || strlen(text) >= size)
		return false;
	memcpy(room, text, strlen(text) + 1);
	return true;
}

static bool copy_link(json_t *links, const char *rel, char room[static HREF_TEXT])
{
	return copy_text(json_object_get(links, rel), "href", room, HREF_TEXT);
}

/* "HH:MM:SS" and nothing else; the default for anything odd, as other clients do. */
static int64_t read_sleep(const char *text)
{
	static const char form[] = "dd:dd:dd";
	int64_t seconds = 0, part = 0;

	if (text == NULL || strlen(text) != sizeof form - 1)
		return SLEEP_DEFAULT_S;
	for (size_t i = 0; i < sizeof form - 1; i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)text[i])
				   : text[i] != form[i])
			return SLEEP_DEFAULT_S;
		if (form[i] == 'd') {
			part = part * 10 + (text[i] - '0');
		} else {
			seconds = (seconds + part) * 60;
			part = 0;
		}
	}
	return seconds + part;
}

static json_t *load(const char *text, size_t size, const char *what, struct problem *p)
{
	json_error_t error;
	json_t *json = text == NULL ? NULL : json_loadb(text, size, 0, &error);
	if (json == NULL)
		problem_set(p, PROBLEM_BAD_INPUT, "the server's %s is not JSON: %.100s",
			    what, text == NULL ? "it is empty" : error.text);
	return json;
}

/* A link that may be absent; one that is there and too long must not look like none. */
static int read_link(json_t *links, const char *rel, char room[static HREF_TEXT],
		     struct problem *p)
{
	room[0] = '\0';
	if (json_object_get(links, rel) == NULL || copy_link(links, rel, room))
		return 0;
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "the server's link '%s' is no text, or has more than %d bytes",
			   rel, HREF_TEXT - 1);
}

/* The token goes into a header and a file, so it is visible ASCII without spaces. */
static int read_token(json_t *vendor, char room[static TOKEN_TEXT], struct problem *p)
{
	room[0] = '\0';
	if (json_object_get(vendor, "token") == NULL)
		return 0;
	if (copy_text(vendor, "token", room, TOKEN_TEXT) && room[0] != '\0') {
		const char *at = room;
		while (isgraph((unsigned char)*at))
			at++;
		if (*at == '\0')
			return 0;
	}
	room[0] = '\0';
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "the token the server gives this device cannot be used");
}

int message_read_poll(const char *text, size_t size, struct poll_answer *answer,
		      struct problem *p)
{
	json_t *json = load(text, size, "answer to a poll", p);
	if (json == NULL)
		return -1;
	memset(answer, 0, sizeof *answer);
	json_t *links = json_object_get(json, "_links");
	json_t *polling = json_object_get(json_object_get(json, "config"), "polling");
	answer->sleep_s =
		read_sleep(json_string_value(json_object_get(polling, "sleep")));
	answer->wants_facts = json_object_get(links, "configData") != NULL;
	int result = read_token(json_object_get(json, "x-patchyard"), answer->token, p);
	if (result == 0)
		result = read_link(links, "deploymentBase", answer->deployment, p);
	if (result == 0)
		result = read_link(links, "cancelAction", answer->cancel, p);
	json_decref(json);
	return result;
}

static const char *metadata(json_t *chunk, const char *key)
{
	size_t i;
	json_t *pair;
	json_array_foreach(json_object_get(chunk, "metadata"), i, pair)
	{
		const char *name = json_string_value(json_object_get(pair, "key"));
		if (name != NULL && strcmp(name, key) == 0)
			return json_string_value(json_object_get(pair, "value"));
	}
	return NULL;
}

static bool is_sha256(const char *text)
{
	return strlen(text) == SHA256_TEXT - 1 &&
	       strspn(text, "0123456789abcdef") == SHA256_TEXT - 1;
}

/* A file name that can only mean a file in our own folder. */
static bool is_plain_name(const char *name)
{
	for (const char *at = name; *at != '\0'; at++) {
		if (!isalnum((unsigned char)*at) && strchr("._-", *at) == NULL)
			return false;
	}
	return name[0] != '\0' && name[0] != '.';
}

static int read_artifact(json_t *chunk, struct offer *offer, struct problem *p)
{
	json_t *artifacts = json_object_get(chunk, "artifacts");
	json_t *artifact = json_array_get(artifacts, 0);
	json_t *size = json_object_get(artifact, "size");
	json_t *links = json_object_get(artifact, "_links");

	if (json_array_size(artifacts) != 1)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "an install comes with one file, not %zu",
				   json_array_size(artifacts));
	if (!copy_text(artifact, "filename", offer->file, sizeof offer->file) ||
	    !is_plain_name(offer->file))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the file offered has no usable name");
	if (!copy_text(json_object_get(artifact, "hashes"), "sha256", offer->sha256,
		       sizeof offer->sha256) ||
	    !is_sha256(offer->sha256))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the file offered has no SHA-256");
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return problem_set(p, PROBLEM_BAD_INPUT, "the file offered has no size");
	if (!copy_link(links, "download", offer->url) &&
	    !copy_link(links, "download-http", offer->url))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the file offered has no download link");
	offer->size_bytes = json_integer_value(size);
	return 0;
}

static int read_chunk(json_t *chunk, struct offer *offer, struct problem *p)
{
	const char *part = json_string_value(json_object_get(chunk, "part"));
	const char *name = json_string_value(json_object_get(chunk, "name"));
	const char *version = json_string_value(json_object_get(chunk, "version"));
	const char *restart = metadata(chunk, "py.restart");
	const char *deadline = metadata(chunk, "py.restart.deadline");
	const char *target = metadata(chunk, "py.target");

	if (part == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT, "the offer says not what it is");
	offer->needs_restart = restart != NULL && strcmp(restart, "required") == 0;
	offer->restart_deadline_s = INSTANT_NONE;
	if (deadline != NULL && !instant_parse(deadline, &offer->restart_deadline_s))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "py.restart.deadline '%.40s' is not a time", deadline);
	if (strcmp(part, "py.restart") == 0) {
		offer->op = OFFER_RESTART;
		return 0;
	}
	offer->op = strcmp(part, "py.uninstall") == 0 ? OFFER_UNINSTALL : OFFER_INSTALL;
	if (offer->op == OFFER_INSTALL && strcmp(part, "os") != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the offer's part '%.40s' is not known here", part);
	if (offer->op == OFFER_UNINSTALL && target != NULL)
		name = target;
	if (name == NULL || !kb_parse(name, &offer->kb))
		return problem_set(p, PROBLEM_BAD_INPUT, "the offer names no KB");
	if (offer->op == OFFER_UNINSTALL)
		return 0;
	if (version == NULL || !build_parse(version, &offer->build))
		return problem_set(p, PROBLEM_BAD_INPUT, "the offer names no build");
	return read_artifact(chunk, offer, p);
}

static int read_action(json_t *id, char action[static ACTION_TEXT], struct problem *p)
{
	if (json_is_integer(id) && json_integer_value(id) > 0) {
		snprintf(action, ACTION_TEXT, "%lld", (long long)json_integer_value(id));
		return 0;
	}
	const char *text = json_string_value(id);
	size_t size = text == NULL ? 0 : strlen(text);
	if (size == 0 || size >= ACTION_TEXT || strspn(text, "0123456789") != size)
		return problem_set(p, PROBLEM_BAD_INPUT, "the action has no number");
	memcpy(action, text, size + 1);
	return 0;
}

static bool is_word(json_t *json, const char *member, const char *word)
{
	const char *text = json_string_value(json_object_get(json, member));
	return text != NULL && strcmp(text, word) == 0;
}

int message_read_offer(const char *text, size_t size, struct offer *offer,
		       struct problem *p)
{
	json_t *json = load(text, size, "offer", p);
	if (json == NULL)
		return -1;
	memset(offer, 0, sizeof *offer);
	json_t *deployment = json_object_get(json, "deployment");
	json_t *chunks = json_object_get(deployment, "chunks");
	offer->may_download = !is_word(deployment, "download", "skip");
	offer->may_install = !is_word(deployment, "update", "skip");
	int result = read_action(json_object_get(json, "id"), offer->action, p);
	if (result == 0 && json_array_size(chunks) != 1)
		result = problem_set(p, PROBLEM_BAD_INPUT,
				     "an offer has one part, not %zu",
				     json_array_size(chunks));
	if (result == 0)
		result = read_chunk(json_array_get(chunks, 0), offer, p);
	json_decref(json);
	return result;
}

int message_read_cancel(const char *text, size_t size, char action[static ACTION_TEXT],
			struct problem *p)
{
	json_t *json = load(text, size, "cancellation", p);
	if (json == NULL)
		return -1;
	int result = read_action(
		json_object_get(json_object_get(json, "cancelAction"), "stopId"), action,
		p);
	json_decref(json);
	return result;
}
