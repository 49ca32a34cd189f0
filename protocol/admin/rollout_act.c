#include "protocol/admin/rollout_act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/gate.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "engine/rollout.h"
#include "engine/snapshot.h"
#include "protocol/server/edit.h"
#include "protocol/server/ring_gate.h"
#include "protocol/server/site.h"

enum { EXPEDITE_MAX_S = 2 * DAY_S };

const char *const act_names[ACT_KINDS] = {
	[ACT_PAUSE] = "pause",       [ACT_RESUME] = "resume",
	[ACT_HALT] = "halt",         [ACT_APPROVE] = "approve",
	[ACT_EXPEDITE] = "expedite", [ACT_WITHDRAW] = "withdraw",
};

/* One act under way, on the writer thread. */
struct acting {
	struct rollout_act *act;
	struct edit *edit;
	struct session *session;
	const struct view *view;
	int changed; /* records */
};

/* --- what each does to one record --------------------------------------------------- */

/* 1 changed, 0 nothing to change, -1 with *p told. */
static int pause_one(const struct acting *a, struct rollout_record *record,
		     struct problem *p)
{
	(void)p;
	record->paused_until_s = a->edit->now_s + a->act->pause_s;
	return 1;
}

static int halt_one(const struct acting *a, struct rollout_record *record,
		    struct problem *p)
{
	if (record->halted)
		return problem_set(p, PROBLEM_CONFLICT, "it is halted already: %.150s",
				   record->reason);
	record->halted = true;
	record->halted_s = a->edit->now_s;
	record->passed_s = 0;
	return 1;
}

static int approve_one(const struct acting *a, struct rollout_record *record,
		       struct problem *p)
{
	const struct rollout_act *act = a->act;

	(void)p;
	if (act->undo && record->approval == APPROVAL_UNSET)
		return 0;
	record->approval = act->undo ? APPROVAL_UNSET : APPROVAL_GIVEN;
	record->approved_for_track = !act->undo && act->for_track;
	return 1;
}

static int expedite_one(const struct acting *a, struct rollout_record *record,
			struct problem *p)
{
	(void)p;
	if (a->act->undo && !record->expedited)
		return 0;
	record->expedited = !a->act->undo;
	record->expedite_deadline_s = a->act->undo ? 0 : a->act->deadline_s;
	return 1;
}

static int withdraw_one(const struct acting *a, struct rollout_record *record,
			struct problem *p)
{
	if (a->act->undo && !record->withdrawn)
		return 0;
	if (!a->act->undo && record->withdrawn)
		return problem_set(p, PROBLEM_CONFLICT, "it is withdrawn already: %.150s",
				   record->reason);
	record->withdrawn = !a->act->undo;
	return 1;
}

/* Would it halt again at once, by what is known already? */
static int check_limit(const struct acting *a, uint32_t title, int ring,
		       struct problem *p)
{
	const struct gate_look look = { .ops = edit_ops(a->edit),
					.session = a->session,
					.snapshot = a->view->snapshot,
					.now_s = a->edit->now_s };
	struct ring_gate gate;
	char text[GATE_TEXT];

	if (ring_gate_read(&look, title, ring, &gate, p) < 0)
		return -1;
	gate.question.max_failed_permille = a->act->max_failed_permille;
	struct gate_verdict verdict = gate_judge(&gate.question);
	if (verdict.state != GATE_HALTED)
		return 0;
	return problem_set(p, PROBLEM_CONFLICT,
			   "that limit would halt it again at once: %s; name a higher "
			   "one, or waive it",
			   gate_text(&gate.question, &verdict, text));
}

static int acknowledge(const struct acting *a, struct rollout_record *record,
		       struct problem *p)
{
	const struct rollout_act *act = a->act;
	const struct plan *plan = a->view->snapshot->plan;
	int64_t title = title_of_key(a->view->snapshot->catalog, &record->key);

	if (act->reason[0] == '\0' || (!act->waive && act->max_failed_permille == 0))
		return problem_set(p, PROBLEM_CONFLICT,
				   "it is halted (%.120s); to resume it say why, and "
				   "either a higher limit of failures or that it is "
				   "waived",
				   record->reason);
	for (int ring = 0; ring < (int)plan->ring_count && title >= 0 && !act->waive;
	     ring++) {
		if ((record->ring[0] == '\0' ||
		     strcmp(plan->rings[ring].name, record->ring) == 0) &&
		    check_limit(a, (uint32_t)title, ring, p) < 0)
			return -1;
	}
	return 0;
}

static int resume_one(const struct acting *a, struct rollout_record *record,
		      struct problem *p)
{
	const struct rollout_act *act = a->act;
	bool paused = record->paused_until_s > a->edit->now_s;
	bool limited = act->waive || act->max_failed_permille != 0;

	if (record->halted && acknowledge(a, record, p) < 0)
		return -1;
	/* A failure rate over the limit, yet not by much, waits for this too: then the
	 * ring is named. */
	if (!paused && !record->halted &&
	    !(limited && record->ring[0] != '\0' && act->target.ring[0] != '\0'))
		return 0;
	if (limited && act->reason[0] == '\0')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "say why more failures are to be borne");
	record->paused_until_s = 0;
	/* Another goes first, unless nobody needs to. */
	if (record->canary[0] != '\0' && !record->canary_verified && record->halted)
		record->canary[0] = '\0';
	record->halted = false;
	record->halted_s = 0;
	if (act->max_failed_permille != 0)
		record->max_failed_permille = act->max_failed_permille;
	/* A limit that is named holds, also after a waiver. */
	record->waived = act->waive || (record->waived && act->max_failed_permille == 0);
	record->canary_verified |= act->waive;
	return 1;
}

/* --- the table ---------------------------------------------------------------------- */

static const struct act_row {
	const char *audit, *audit_undo;
	bool needs_release, needs_reason;
	bool clears; /* it takes things back, wherever they stand */
	int (*apply)(const struct acting *a, struct rollout_record *record,
		     struct problem *p);
	const char *nothing; /* when there was nothing to take back */
} rows[ACT_KINDS] = {
	[ACT_PAUSE] = { "rollout.pause", NULL, false, false, false, pause_one, "" },
	[ACT_RESUME] = { "rollout.resume", NULL, false, false, true, resume_one,
			 "is neither paused nor halted" },
	[ACT_HALT] = { "rollout.halt", NULL, true, true, false, halt_one, "" },
	[ACT_APPROVE] = { "rollout.approve", "rollout.unapprove", true, false, false,
			  approve_one, "was not approved by hand" },
	[ACT_EXPEDITE] = { "rollout.expedite", "rollout.unexpedite", true, false, false,
			   expedite_one, "is not expedited" },
	[ACT_WITHDRAW] = { "rollout.withdraw", "rollout.reinstate", true, true, false,
			   withdraw_one, "is not withdrawn" },
};

/* --- reading ------------------------------------------------------------------------ */

static bool read_flag(const json_t *body, const char *member)
{
	return json_is_true(json_object_get(body, member));
}

static int read_seconds(const json_t *body, const char *member, int64_t absent_s,
			int64_t most_s, int64_t *seconds, struct problem *p)
{
	const json_t *value = json_object_get(body, member);
	const char *text = json_string_value(value);

	*seconds = absent_s;
	if (value == NULL || json_is_null(value))
		return 0;
	if (text == NULL || !duration_parse(text, seconds) || *seconds < 0 ||
	    *seconds > most_s)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"\"%s\" wants a duration such as 24h or 7d, of %d days "
			"at most",
			member, (int)(most_s / DAY_S));
	return 0;
}

/* "8%" or "2.5%" */
static int read_percent(const json_t *body, const char *member, uint32_t *permille,
			struct problem *p)
{
	const json_t *value = json_object_get(body, member);
	const char *text = json_string_value(value);
	char *end = NULL;

	*permille = 0;
	if (value == NULL || json_is_null(value))
		return 0;
	double percent = text == NULL ? -1 : strtod(text, &end);
	if (text == NULL || end == text || strcmp(end, "%") != 0 || !(percent > 0) ||
	    percent > 100)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"%s\" wants a share such as 8%% or 2.5%%", member);
	*permille = (uint32_t)(percent * 10 + 0.5);
	return 0;
}

static int read_reason(struct rollout_act *act, const json_t *body, struct problem *p)
{
	const json_t *value = json_object_get(body, "reason");
	const char *text = json_string_value(value);

	act->reason[0] = '\0';
	if (value == NULL || json_is_null(value))
		return 0;
	if (text == NULL || strlen(text) > ACT_REASON)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"reason\" wants a text of at most %d bytes",
				   ACT_REASON);
	snprintf(act->reason, sizeof act->reason, "%s", text);
	return 0;
}

int rollout_act_read(struct rollout_act *act, enum act_kind kind, const json_t *body,
		     struct problem *p)
{
	const struct act_row *row = &rows[kind];

	*act = (struct rollout_act){ .kind = kind };
	act->undo = read_flag(body, "undo");
	act->for_track = read_flag(body, "for_hotpatch_track");
	act->waive = read_flag(body, "waive");
	act->dry_run = read_flag(body, "dry_run");
	if (rollout_target_read(&act->target, body, p) < 0 ||
	    read_reason(act, body, p) < 0 ||
	    read_seconds(body, "for", PAUSE_MAX_S, PAUSE_MAX_S, &act->pause_s, p) < 0 ||
	    read_seconds(body, "deadline", EXPEDITE_MAX_S, EXPEDITE_MAX_S,
			 &act->deadline_s, p) < 0 ||
	    read_percent(body, "max_failed", &act->max_failed_permille, p) < 0)
		return -1;
	if (act->undo && row->audit_undo == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT, "\"undo\" is no part of %s",
				   act_names[kind]);
	if (row->needs_release && act->target.key.kb == 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "name the release: \"kb\", and \"build\" or "
				   "\"product\" where several carry it");
	if (act->target.key.kb == 0 && act->target.ring[0] == '\0')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "name a ring, a release, or a release in a ring");
	if (row->needs_reason && !act->undo && act->reason[0] == '\0')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "say why: \"reason\" is kept with it");
	return 0;
}

/* --- carrying out ------------------------------------------------------------------- */

static int put(struct acting *a, struct rollout_record *record, struct problem *p)
{
	int rc = rows[a->act->kind].apply(a, record, p);

	if (rc <= 0)
		return rc;
	a->changed++;
	snprintf(record->by, sizeof record->by, "%s", a->act->by);
	snprintf(record->reason, sizeof record->reason, "%s", a->act->reason);
	record->changed_s = a->edit->now_s;
	return edit_ops(a->edit)->rollout_put(a->session, record, p);
}

/* The record of exactly this key and ring; an empty one where there is none. */
static int read_record(const struct acting *a, const struct release_key *key,
		       const char *ring, struct rollout_record *record, struct problem *p)
{
	int rc = edit_ops(a->edit)->rollout_read(a->session, key, ring, record, p);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	*record = (struct rollout_record){ .key = *key };
	snprintf(record->ring, sizeof record->ring, "%s", ring);
	return 0;
}

static int act_on(struct acting *a, const struct release_key *key, const char *ring,
		  struct problem *p)
{
	struct rollout_record record;

	return read_record(a, key, ring, &record, p) < 0 ? -1 : put(a, &record, p);
}

static int act_on_release(struct acting *a, const struct release_key *key,
			  struct problem *p)
{
	const struct plan *plan = a->view->snapshot->plan;
	const char *ring = a->act->target.ring;
	bool everywhere = rows[a->act->kind].clears || a->act->undo;

	if (act_on(a, key, ring, p) < 0)
		return -1;
	/* What is taken back in every ring may stand in each. */
	for (size_t i = 0; i < plan->ring_count && ring[0] == '\0' && everywhere; i++) {
		if (act_on(a, key, plan->rings[i].name, p) < 0)
			return -1;
	}
	return 0;
}

/* What is taken back in one ring may still stand in all: nothing would come of it. */
static int check_wider(const struct acting *a, const struct release_key *key,
		       const char *ring, const char *what, struct problem *p)
{
	struct rollout_record record;

	if (read_record(a, key, ring, &record, p) < 0)
		return -1;
	if (record.paused_until_s > a->edit->now_s || record.halted)
		return problem_set(p, PROBLEM_CONFLICT, "it is %s %s; resume that",
				   record.halted ? "halted" : "paused", what);
	return 0;
}

static int check_resumed(const struct acting *a, const struct release_key *key,
			 struct problem *p)
{
	static const struct release_key any;
	const char *ring = a->act->target.ring;

	if (a->act->kind != ACT_RESUME || key->kb == 0 || ring[0] == '\0')
		return 0;
	if (check_wider(a, key, "", "in every ring", p) < 0)
		return -1;
	return check_wider(a, &any, ring, "with its whole ring", p);
}

static int act_on_all(struct acting *a, struct problem *p)
{
	const struct rollout_target *target = &a->act->target;
	struct release_key key = { .kb = 0 };

	if (target->count == 0)
		return act_on(a, &key, target->ring, p);
	for (size_t i = 0; i < target->count; i++) {
		title_key(a->view->snapshot->catalog, target->titles[i], &key);
		if (act_on_release(a, &key, p) < 0 || check_resumed(a, &key, p) < 0)
			return -1;
	}
	return 0;
}

static int keep_audit(struct acting *a, struct problem *p)
{
	const struct rollout_act *act = a->act;
	const struct act_row *row = &rows[act->kind];
	struct audit_entry entry = { 0 };
	char subject[TARGET_TEXT];

	snprintf(entry.by, sizeof entry.by, "%s", act->by);
	snprintf(entry.action, sizeof entry.action, "%s",
		 act->undo ? row->audit_undo : row->audit);
	snprintf(entry.subject, sizeof entry.subject, "%s",
		 rollout_target_text(&act->target, a->view->snapshot, subject));
	snprintf(entry.reason, sizeof entry.reason, "%s", act->reason);
	return edit_audit(a->edit, a->session, &entry, p);
}

int rollout_act_apply(struct rollout_act *act, struct edit *edit, struct session *session,
		      struct problem *p)
{
	struct view *view = site_view(edit->site);
	struct acting a = { act, edit, session, view, 0 };
	char subject[TARGET_TEXT];

	int rc = rollout_target_find(&act->target, view->snapshot, p);
	if (rc == 0)
		rc = act_on_all(&a, p);
	if (rc == 0 && a.changed == 0)
		rc = problem_set(
			p, PROBLEM_CONFLICT, "%.120s %s",
			rollout_target_text(&act->target, view->snapshot, subject),
			rows[act->kind].nothing);
	if (rc == 0)
		rc = keep_audit(&a, p);
	view_give(view);
	return rc;
}

char *rollout_act_undo(const struct rollout_act *act, char text[static ACT_UNDO])
{
	const struct rollout_target *target = &act->target;
	char kb[KB_TEXT], build[BUILD_TEXT], what[160] = "";

	text[0] = '\0';
	if (act->kind == ACT_RESUME || act->undo)
		return text;
	if (target->key.kb == 0) {
		snprintf(what, sizeof what, "%s", target->ring);
	} else {
		bool exact = target->key.build.base != 0;
		snprintf(what, sizeof what, "%s%s%s%s%s%s%s",
			 kb_format(target->key.kb, kb), exact ? "@" : "",
			 exact ? build_format(target->key.build, build) : "",
			 target->key.product[0] != '\0' ? " --product " : "",
			 target->key.product, target->ring[0] != '\0' ? " --ring " : "",
			 target->ring);
	}
	if (act->kind == ACT_PAUSE)
		snprintf(text, ACT_UNDO, "rollout resume %s", what);
	else if (act->kind == ACT_HALT)
		snprintf(text, ACT_UNDO, "rollout resume %s --waive --reason TEXT", what);
	else
		snprintf(text, ACT_UNDO, "rollout %s %s --undo", act_names[act->kind],
			 what);
	return text;
}
