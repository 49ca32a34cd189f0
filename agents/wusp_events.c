/* Events: noted at once, sent in batches, and owed until the server has them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/wusp_inner.h"
#include "engine/problem.h"
#include "engine/utf8.h"

static const char nobody[] = "00000000-0000-0000-0000-000000000000";

static int no_memory(struct problem *p)
{
	return problem_set(p, PROBLEM_NO_MEMORY, "no memory for an event");
}

int wusp_note(struct wusp_agent *agent, int number, const struct wu_core *core,
	      int64_t result, const char *note, struct problem *p)
{
	struct wu_event *event = wusp_state_event(&agent->state, number, agent->now_s);

	if (event == NULL)
		return no_memory(p);
	event->result = result;
	if (core != NULL) {
		memcpy(event->id, core->id, sizeof event->id);
		event->revision = core->revision;
	}
	snprintf(event->note, sizeof event->note, "%s", note);
	utf8_scrub(event->note);
	return 0;
}

/* "U=ID;ID": roots that `takes` says yes to; *list stays NULL where there is none. */
static int put_list(struct wusp_agent *agent, char key,
		    bool (*takes)(const struct wusp_agent *agent,
				  const struct wu_update *update),
		    char **list, struct problem *p)
{
	struct buffer text;
	size_t count = 0;

	buffer_init(&text, 1024 * 1024);
	for (size_t i = 0; i < agent->state.update_count; i++) {
		const struct wu_update *update = &agent->state.updates[i];
		char id[WU_GUID + 2];
		if (!update->judged.is_software ||
		    strcmp(update->action, "Bundle") == 0 || !takes(agent, update))
			continue;
		snprintf(id, sizeof id, "%s%s", count++ > 0 ? ";" : "",
			 update->judged.id);
		for (char *at = id; *at != '\0'; at++)
			*at = (char)(*at >= 'a' && *at <= 'f' ? *at - 32 : *at);
		if ((count == 1 &&
		     (!buffer_append(&text, &key, 1) || !buffer_append(&text, "=", 1))) ||
		    !buffer_text(&text, id)) {
			buffer_fini(&text);
			return no_memory(p);
		}
	}
	if (count > 0 && buffer_append(&text, "", 1))
		*list = buffer_release(&text);
	buffer_fini(&text);
	return 0;
}

static bool is_waiting(const struct wusp_agent *agent, const struct wu_update *update)
{
	return strcmp(update->judged.id, agent->state.waiting) == 0;
}

static bool is_needed(const struct wusp_agent *agent, const struct wu_update *update)
{
	return !is_waiting(agent, update) && !update->judged.is_installed &&
	       update->judged.is_installable;
}

static bool is_there(const struct wusp_agent *agent, const struct wu_update *update)
{
	return !is_waiting(agent, update) && update->judged.is_installed;
}

int wusp_note_status(struct wusp_agent *agent, struct problem *p)
{
	struct wu_event *status;

	if (wusp_note(agent, 147, NULL, 0, "", p) < 0 ||
	    wusp_note(agent, 156, NULL, 0, "", p) < 0)
		return -1;
	status = &agent->state.events[agent->state.event_count - 1];
	return put_list(agent, 'U', is_needed, &status->misc[0], p) < 0 ||
			       put_list(agent, 'V', is_there, &status->misc[1], p) < 0 ||
			       put_list(agent, 'W', is_waiting, &status->misc[2], p) < 0
		       ? -1
		       : 0;
}

static void put_strings(struct soap_writer *out, const char *name,
			const char *const *strings, size_t count)
{
	soap_open(out, name);
	for (size_t i = 0; i < count; i++) {
		if (strings[i] != NULL && strings[i][0] != '\0')
			soap_text(out, "string", strings[i]);
	}
	soap_close(out, name);
}

static void put_event(struct wusp_agent *agent, const struct wu_event *event)
{
	struct soap_writer *out = &agent->link.out;
	const char *note[] = { event->note };

	soap_open(out, "ReportingEvent");
	soap_open(out, "BasicData");
	soap_open(out, "TargetID");
	soap_text(out, "Sid", agent->state.client_id);
	soap_close(out, "TargetID");
	soap_int(out, "SequenceNumber", 0);
	soap_time(out, "TimeAtTarget", event->at_s);
	soap_text(out, "EventInstanceID", event->instance);
	soap_int(out, "NamespaceID", 1);
	soap_int(out, "EventID", event->number);
	soap_int(out, "SourceID", 101);
	soap_open(out, "UpdateID");
	soap_text(out, "UpdateID", event->id[0] != '\0' ? event->id : nobody);
	soap_int(out, "RevisionNumber", event->revision);
	soap_close(out, "UpdateID");
	soap_int(out, "Win32HResult", event->result);
	soap_text(out, "AppName", "patchyard-agent");
	soap_close(out, "BasicData");
	soap_open(out, "ExtendedData");
	put_strings(out, "ReplacementStrings", note, 1);
	put_strings(out, "MiscData", (const char *const *)event->misc, 3);
	soap_text(out, "ProcessorArchitecture", "Amd64Compatible");
	soap_int(out, "OSLocaleID", 1033);
	soap_close(out, "ExtendedData");
	soap_open(out, "PrivateData");
	soap_close(out, "PrivateData");
	soap_close(out, "ReportingEvent");
}

int wusp_report(struct wusp_agent *agent, struct problem *p)
{
	struct wusp_state *state = &agent->state;

	if (state->event_count == 0 || state->cookie == NULL)
		return 0;
	wusp_begin(&agent->link, WU_REPORT, "ReportEventBatch");
	wusp_put_cookie(agent);
	soap_time(&agent->link.out, "clientTime", agent->now_s);
	soap_open(&agent->link.out, "eventBatch");
	for (size_t i = 0; i < state->event_count; i++)
		put_event(agent, &state->events[i]);
	soap_close(&agent->link.out, "eventBatch");
	int rc = wusp_send(&agent->link, WU_REPORT, "ReportEventBatch", p);
	if (rc <= 0)
		return rc == 0 ? wusp_recover(agent, p) : -1;
	const struct wu_reported *reported = agent->link.message.body;
	if (reported->taken)
		wusp_state_forget_events(state);
	return wusp_state_write(state, agent->options.state_dir, p);
}
