/* What a person asked to have removed (DESIGN 2.7): how far that is, where a rollback
 * would go, and why one that is stuck does not go on. */

#include <stdio.h>

#include "engine/explain_private.h"

static const char *const kind_names[] = { [REQUEST_NONE] = "none",
					  [REQUEST_UNINSTALL] = "uninstall",
					  [REQUEST_ROLLBACK] = "rollback" };

static bool is_stuck(const struct decision *d)
{
	for (int i = 0; i < d->reason_count; i++) {
		if (d->reasons[i] == REASON_STUCK)
			return true;
	}
	return false;
}

/* The reason it got stuck for, or what is about to be one. */
static const char *why_stuck(const struct request *request, const struct decision *d)
{
	enum reason last = d->reasons[d->reason_count - 1];

	if (request->reason[0] != '\0')
		return request->reason;
	return last == REASON_STUCK ? "there is nothing to go to"
				    : reason_face(last)->name;
}

static void tell_request(struct telling *t, const struct request *request)
{
	const struct decision *d = &t->explanation->decision;
	bool stuck = is_stuck(d) || (request != NULL && request->state == RECOVERY_STUCK);
	char kb[KB_TEXT], day[MOMENT_TEXT];
	struct rule *rule =
		tell(t, RULES_NOT_NOW, "request", "what was asked for is not stuck");

	tell_source(rule, "history");
	tell_verdict(rule, !stuck, stuck ? REASON_STUCK : REASON_NONE);
	if (request == NULL || request->kind == REQUEST_NONE) {
		tell_none(rule, "nothing was asked for");
		return;
	}
	tell_observed(rule, "%s of %s, asked for on %s: %s%s%s",
		      kind_names[request->kind], kb_format(request->key.kb, kb),
		      day_text(request->at_s, day),
		      stuck ? "stuck" : recovery_state_names[request->state],
		      stuck ? ", " : "", stuck ? why_stuck(request, d) : "");
	if (stuck)
		tell_expected(rule, "a removal, and where a rollback goes, that succeed");
}

/* Where a rollback goes, as long as it has not come there. */
static void tell_target(struct telling *t, const struct request *request)
{
	char text[RELEASE_TEXT], kb[KB_TEXT];

	if (request == NULL || request->kind != REQUEST_ROLLBACK ||
	    request->state == RECOVERY_RECOVERED)
		return;
	struct target target = recovery_target(t->j, request);
	struct rule *rule =
		tell(t, RULES_NOT_NOW, "rollback-target", "a rollback has a target");
	tell_source(rule, "catalog");
	tell_expected(rule, "an update that is active and no older than %s",
		      kb_format(request->key.kb, kb));
	if (target.release >= 0) {
		tell_observed(rule, "%s", release_text(t->j->line, target.release, text));
	} else if (target.obstructed >= 0) {
		tell_verdict(rule, false, target.obstacle);
		tell_observed(rule, "%s: %s",
			      release_text(t->j->line, target.obstructed, text),
			      reason_face(target.obstacle)->name);
	} else {
		tell_verdict(rule, false, REASON_NOT_PUBLISHED);
		tell_observed(rule, "none is published");
	}
}

void explain_request(struct telling *t)
{
	const struct history *history = t->j->situation->history;
	const struct request *request = history == NULL ? NULL : &history->request;

	tell_request(t, request);
	tell_target(t, request);
}

void explain_stuck(struct explanation *e, const struct history *history)
{
	char kb[KB_TEXT];

	if (history == NULL || !is_stuck(&e->decision))
		return;
	const struct request *request = &history->request;
	snprintf(e->headline, sizeof e->headline,
		 "%s is offered nothing: its %s of %s is stuck: %s.", e->device,
		 kind_names[request->kind], kb_format(request->key.kb, kb),
		 why_stuck(request, &e->decision));
}
