#include "agents/wusp_state.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "agents/disk.h"
#include "engine/problem.h"

static const char file_name[] = "wusp.json";
enum { FILE_MOST = 64 * 1024 * 1024 };

static int no_memory(struct problem *p)
{
	return problem_set(p, PROBLEM_NO_MEMORY, "no memory for the agent's state");
}

/* A random GUID (RFC 4122, version 4). */
static bool make_guid(char text[static WU_GUID])
{
	unsigned char b[16];

	if (RAND_bytes(b, sizeof b) != 1)
		return false;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(text, WU_GUID,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
		 b[12], b[13], b[14], b[15]);
	return true;
}

bool wusp_state_set(char **member, const char *text)
{
	char *copy = text == NULL ? NULL : strdup(text);

	if (text != NULL && copy == NULL)
		return false;
	free(*member);
	*member = copy;
	return true;
}

/* --- lists ------------------------------------------------------------------------ */

struct wu_update *wusp_state_find(struct wusp_state *state, int64_t id)
{
	for (size_t i = 0; i < state->update_count; i++) {
		if (state->updates[i].id == id)
			return &state->updates[i];
	}
	return NULL;
}

struct wu_update *wusp_state_add(struct wusp_state *state, int64_t id, const char *core)
{
	if (state->update_count == state->update_room) {
		size_t room = state->update_room == 0 ? 32 : 2 * state->update_room;
		struct wu_update *bigger =
			reallocarray(state->updates, room, sizeof bigger[0]);
		if (bigger == NULL)
			return NULL;
		state->updates = bigger;
		state->update_room = room;
	}
	struct wu_update *update = &state->updates[state->update_count];
	*update = (struct wu_update){ .id = id, .core = strdup(core) };
	if (update->core == NULL)
		return NULL;
	state->update_count++;
	return update;
}

void wusp_state_drop(struct wusp_state *state, int64_t id)
{
	struct wu_update *update = wusp_state_find(state, id);

	if (update == NULL)
		return;
	free(update->core);
	*update = state->updates[--state->update_count];
}

struct wu_event *wusp_state_event(struct wusp_state *state, int number, int64_t at_s)
{
	if (state->event_count == state->event_room) {
		size_t room = state->event_room == 0 ? 8 : 2 * state->event_room;
		struct wu_event *bigger =
			reallocarray(state->events, room, sizeof bigger[0]);
		if (bigger == NULL)
			return NULL;
		state->events = bigger;
		state->event_room = room;
	}
	struct wu_event *event = &state->events[state->event_count];
	*event = (struct wu_event){ .number = number, .at_s = at_s };
	if (!make_guid(event->instance))
		return NULL;
	state->event_count++;
	return event;
}

void wusp_state_forget_events(struct wusp_state *state)
{
	for (size_t i = 0; i < state->event_count; i++) {
		for (size_t k = 0; k < 3; k++)
			free(state->events[i].misc[k]);
	}
	state->event_count = 0;
}

void wusp_state_fini(struct wusp_state *state)
{
	wusp_state_forget_events(state);
	for (size_t i = 0; i < state->update_count; i++)
		free(state->updates[i].core);
	free(state->updates);
	free(state->events);
	free(state->expiration);
	free(state->cookie);
	free(state->last_change);
	*state = (struct wusp_state){ .update_count = 0 };
}

/* --- the file --------------------------------------------------------------------- */

static json_t *pack_updates(const struct wusp_state *state)
{
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < state->update_count; i++) {
		const struct wu_update *update = &state->updates[i];
		json_array_append_new(
			list,
			json_pack("{s:I,s:b,s:s,s:s,s:s,s:b}", "id",
				  (json_int_t)update->id, "leaf", update->is_leaf, "core",
				  update->core, "action", update->action, "deadline",
				  update->deadline, "assigned", update->is_assigned));
	}
	return list;
}

static json_t *pack_events(const struct wusp_state *state)
{
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < state->event_count; i++) {
		const struct wu_event *event = &state->events[i];
		json_array_append_new(
			list, json_pack("{s:s,s:i,s:I,s:I,s:s,s:i,s:s,s:s*,s:s*,s:s*}",
					"instance", event->instance, "number",
					event->number, "at", (json_int_t)event->at_s,
					"result", (json_int_t)event->result, "id",
					event->id, "revision", (int)event->revision,
					"note", event->note, "m0", event->misc[0], "m1",
					event->misc[1], "m2", event->misc[2]));
	}
	return list;
}

int wusp_state_write(const struct wusp_state *state, const char *folder,
		     struct problem *p)
{
	if (folder == NULL)
		return 0;
	json_t *root =
		json_pack("{s:s,s:s*,s:s*,s:s*,s:b,s:o,s:o,s:s,s:b,s:s}", "client",
			  state->client_id, "expiration", state->expiration, "cookie",
			  state->cookie, "last_change", state->last_change, "registered",
			  state->is_registered, "updates", pack_updates(state), "events",
			  pack_events(state), "waiting", state->waiting, "removes",
			  state->removes, "tried", state->tried);
	char *text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
	json_decref(root);
	if (text == NULL)
		return no_memory(p);
	int rc = disk_write(folder, file_name, text, strlen(text), p);
	free(text);
	return rc;
}

static const char *text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text == NULL ? "" : text;
}

static bool unpack_updates(struct wusp_state *state, json_t *list)
{
	size_t index;
	json_t *one;

	json_array_foreach(list, index, one)
	{
		struct wu_update *update = wusp_state_add(
			state, json_integer_value(json_object_get(one, "id")),
			text_of(one, "core"));
		if (update == NULL)
			return false;
		update->is_leaf = json_is_true(json_object_get(one, "leaf"));
		update->is_assigned = json_is_true(json_object_get(one, "assigned"));
		snprintf(update->action, sizeof update->action, "%s",
			 text_of(one, "action"));
		snprintf(update->deadline, sizeof update->deadline, "%s",
			 text_of(one, "deadline"));
	}
	return true;
}

static bool unpack_events(struct wusp_state *state, json_t *list)
{
	static const char *const names[] = { "m0", "m1", "m2" };
	size_t index;
	json_t *one;

	json_array_foreach(list, index, one)
	{
		struct wu_event *event = wusp_state_event(
			state, (int)json_integer_value(json_object_get(one, "number")),
			json_integer_value(json_object_get(one, "at")));
		if (event == NULL)
			return false;
		event->result = json_integer_value(json_object_get(one, "result"));
		event->revision =
			(int32_t)json_integer_value(json_object_get(one, "revision"));
		snprintf(event->instance, sizeof event->instance, "%s",
			 text_of(one, "instance"));
		snprintf(event->id, sizeof event->id, "%s", text_of(one, "id"));
		snprintf(event->note, sizeof event->note, "%s", text_of(one, "note"));
		for (size_t k = 0; k < 3; k++) {
			if (!wusp_state_set(
				    &event->misc[k],
				    json_string_value(json_object_get(one, names[k]))))
				return false;
		}
	}
	return true;
}

static int unpack(struct wusp_state *state, json_t *root, struct problem *p)
{
	snprintf(state->client_id, WU_GUID, "%s", text_of(root, "client"));
	snprintf(state->waiting, WU_GUID, "%s", text_of(root, "waiting"));
	snprintf(state->tried, WU_GUID, "%s", text_of(root, "tried"));
	state->removes = json_is_true(json_object_get(root, "removes"));
	state->is_registered = json_is_true(json_object_get(root, "registered"));
	if (!wusp_state_set(&state->expiration,
			    json_string_value(json_object_get(root, "expiration"))) ||
	    !wusp_state_set(&state->cookie,
			    json_string_value(json_object_get(root, "cookie"))) ||
	    !wusp_state_set(&state->last_change,
			    json_string_value(json_object_get(root, "last_change"))) ||
	    !unpack_updates(state, json_object_get(root, "updates")) ||
	    !unpack_events(state, json_object_get(root, "events")))
		return no_memory(p);
	return 0;
}

int wusp_state_read(struct wusp_state *state, const char *folder, struct problem *p)
{
	size_t size;

	*state = (struct wusp_state){ .update_count = 0 };
	char *text =
		folder == NULL ? NULL : disk_read(folder, file_name, FILE_MOST, &size, p);
	if (text == NULL && folder != NULL && p->kind != PROBLEM_NOT_FOUND)
		return -1;
	if (text == NULL)
		return make_guid(state->client_id)
			       ? 0
			       : problem_set(p, PROBLEM_EXTERNAL, "no randomness");
	json_error_t error;
	json_t *root = json_loadb(text, size, 0, &error);
	free(text);
	if (root == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "%s in the state folder is damaged: %.100s; remove it "
				   "and the agent begins anew",
				   file_name, error.text);
	int rc = unpack(state, root, p);
	json_decref(root);
	if (rc < 0)
		wusp_state_fini(state);
	return rc;
}
