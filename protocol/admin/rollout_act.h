/* What people do to rollouts on the day: one table of acts, each a change of records.
 *
 * An act is read from a body, checked, and carried out on the writer thread inside an
 * edit; rollout_calls.c does the talking. */

#ifndef PROTOCOL_ADMIN_ROLLOUT_ACT_H
#define PROTOCOL_ADMIN_ROLLOUT_ACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "protocol/admin/rollout_target.h"

struct edit;
struct problem;
struct rollout_record;
struct session;
struct view;

enum act_kind {
	ACT_PAUSE,
	ACT_RESUME,
	ACT_HALT,
	ACT_APPROVE,
	ACT_EXPEDITE,
	ACT_WITHDRAW,
	ACT_KINDS
};

enum { ACT_REASON = 255, ACT_UNDO = 256 };

struct rollout_act {
	enum act_kind kind;
	struct rollout_target target;
	char by[LIMIT_NAME + 1];
	char reason[ACT_REASON + 1];
	bool undo;      /* approve, expedite, withdraw: take it back */
	bool for_track; /* approve: for devices on the hotpatch track too */
	bool waive;     /* resume: failures stop it no more */
	bool dry_run;
	int64_t pause_s;              /* pause: so long */
	int64_t deadline_s;           /* expedite */
	uint32_t max_failed_permille; /* resume; 0: not said */
};

extern const char *const act_names[ACT_KINDS];

/* Everything the body says.  0, or -1 with *p told. */
int rollout_act_read(struct rollout_act *act, enum act_kind kind, const json_t *body,
		     struct problem *p);
/* Inside an edit: find what it speaks of, change the records, keep it in the audit log.
 */
int rollout_act_apply(struct rollout_act *act, struct edit *edit, struct session *session,
		      struct problem *p);
/* The command that takes it back, without "patchyard "; "" when there is none. */
char *rollout_act_undo(const struct rollout_act *act, char text[static ACT_UNDO]);

#endif
