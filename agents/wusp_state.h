/* What a WUSP agent must remember to survive its own end: who it is, its session, the
 * updates it was sent, and the events it still owes.
 *
 * One file, always whole (agents/disk.h).  Texts are owned by the state. */

#ifndef AGENTS_WUSP_STATE_H
#define AGENTS_WUSP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents/wusp_rules.h"

struct problem;

struct wu_update {
	int64_t id; /* the server's number for the revision */
	bool is_leaf;
	char *core; /* the fragment as it came */
	char action[24], deadline[40];
	bool is_assigned;
	struct wu_core judged; /* by the present machine; not kept */
};

enum { WU_EVENT_NOTE = 240 };

struct wu_event {
	char instance[WU_GUID]; /* the same at every try */
	int number;
	int64_t at_s, result;
	char id[WU_GUID]; /* of the update; "" for none */
	int32_t revision;
	char note[WU_EVENT_NOTE];
	char *misc[3]; /* "U=...", "V=...", "W=..."; NULL: none */
};

struct wusp_state {
	char client_id[WU_GUID];
	char *expiration, *cookie; /* NULL: none */
	char *last_change;
	bool is_registered;
	size_t update_count, update_room;
	struct wu_update *updates;
	size_t event_count, event_room;
	struct wu_event *events;
	char waiting[WU_GUID]; /* the update that waits for the restart; "" none */
	bool removes;          /* ... to be gone */
	char tried[WU_GUID];   /* failed last; tried again at the next scan only */
};

/* A new one where the folder has none yet; folder NULL: memory only. */
int wusp_state_read(struct wusp_state *state, const char *folder, struct problem *p);
int wusp_state_write(const struct wusp_state *state, const char *folder,
		     struct problem *p);
void wusp_state_fini(struct wusp_state *state);

struct wu_update *wusp_state_find(struct wusp_state *state, int64_t id);
/* A copy of the text; NULL without memory. */
struct wu_update *wusp_state_add(struct wusp_state *state, int64_t id, const char *core);
void wusp_state_drop(struct wusp_state *state, int64_t id);
/* A new event with an id of its own; NULL without memory. */
struct wu_event *wusp_state_event(struct wusp_state *state, int number, int64_t at_s);
void wusp_state_forget_events(struct wusp_state *state);
/* Text into a member that is owned; false without memory. */
bool wusp_state_set(char **member, const char *text);

#endif
