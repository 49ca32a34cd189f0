#include "protocol/admin/operation_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/expression.h"
#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/plan.h"
#include "engine/problem.h"
#include "engine/rollout.h"
#include "protocol/admin/decision_json.h"
#include "protocol/admin/device_match.h"
#include "protocol/admin/job.h"

/* --- reading ------------------------------------------------------------------------ */

static int read_kind(struct operation_ask *ask, const json_t *body, struct problem *p)
{
	const char *kind = json_string_value(json_object_get(body, "kind"));
	const char *near = NULL;

	for (int i = 0; kind != NULL && i < OPERATION_KINDS; i++) {
		if (strcmp(operation_kind_names[i], kind) == 0) {
			ask->operation.kind = (enum operation_kind)i;
			return 0;
		}
	}
	if (kind != NULL)
		near = nearest_word(kind, operation_kind_names, OPERATION_KINDS);
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "\"kind\" wants uninstall, rollback, pause, resume, block, "
			   "unblock or retry%s%s%s",
			   near != NULL ? "; did you mean " : "",
			   near != NULL ? near : "", near != NULL ? "?" : "");
}

static int read_names(struct operation_ask *ask, const json_t *body, struct problem *p)
{
	json_t *names = json_object_get(body, "devices");
	size_t i;
	json_t *name;

	if (names == NULL)
		return 0;
	if (json_array_size(names) < 1 || json_array_size(names) > ASK_NAMED)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"devices\" wants a list of 1 to %d names",
				   ASK_NAMED);
	json_array_foreach(names, i, name)
	{
		if (!json_is_string(name) || json_string_length(name) > LIMIT_DEVICE_ID ||
		    json_string_length(name) == 0)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "\"devices\" wants names of 1 to %d bytes",
					   LIMIT_DEVICE_ID);
	}
	ask->names = json_incref(names);
	return 0;
}

static int read_where(struct operation_ask *ask, const json_t *body, struct problem *p)
{
	const json_t *where = json_object_get(body, "where");

	if (where == NULL)
		return 0;
	if (!json_is_string(where))
		return problem_set(p, PROBLEM_BAD_INPUT, "\"where\" wants an expression");
	ask->where = expression_compile(json_string_value(where), p);
	return ask->where != NULL ? 0 : problem_while(p, "where");
}

static int read_numbers(struct operation_ask *ask, const json_t *body, struct problem *p)
{
	const char *pause = json_string_value(json_object_get(body, "for"));
	const json_t *at_most = json_object_get(body, "at_most");

	ask->for_s = PAUSE_MAX_S;
	if (json_object_get(body, "for") != NULL &&
	    (pause == NULL || !duration_parse(pause, &ask->for_s) || ask->for_s <= 0 ||
	     ask->for_s > PAUSE_MAX_S))
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"\"for\" wants a duration such as 24h or 7d, of %d days "
			"at most",
			PAUSE_MAX_S / DAY_S);
	ask->at_most = operation_is_instant(ask->operation.kind) ? 0 : ASK_AT_MOST;
	if (at_most == NULL)
		return 0;
	ask->at_most = json_integer_value(at_most);
	if (!json_is_integer(at_most) || ask->at_most < 1 ||
	    ask->at_most > ASK_AT_MOST_MOST)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"at_most\" wants a number of devices from 1 to %d",
				   ASK_AT_MOST_MOST);
	return 0;
}

static int check(const struct operation_ask *ask, struct problem *p)
{
	enum operation_kind kind = ask->operation.kind;

	if ((kind == OPERATION_BLOCK || kind == OPERATION_UNBLOCK) &&
	    ask->target.key.kb == 0)
		return problem_set(p, PROBLEM_BAD_INPUT, "name the release: \"kb\"");
	if ((kind == OPERATION_PAUSE || kind == OPERATION_RESUME) &&
	    ask->target.key.kb != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a device is paused as a whole, not for one release");
	if (ask->names != NULL && (ask->where != NULL || ask->target.ring[0] != '\0'))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "name the devices, or say which by \"where\" and "
				   "\"ring\", not both");
	if (ask->names == NULL && ask->where == NULL && ask->target.ring[0] == '\0')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "say which devices: \"devices\", \"where\" or "
				   "\"ring\"; where any is every one");
	return 0;
}

int operation_ask_read(struct operation_ask *ask, const json_t *body, struct problem *p)
{
	const json_t *reason = json_object_get(body, "reason");

	if (read_kind(ask, body, p) < 0 ||
	    rollout_target_read(&ask->target, body, p) < 0 ||
	    read_names(ask, body, p) < 0 || read_where(ask, body, p) < 0 ||
	    read_numbers(ask, body, p) < 0 || check(ask, p) < 0)
		return -1;
	if (reason != NULL &&
	    (!json_is_string(reason) || json_string_length(reason) >= sizeof ask->reason))
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "\"reason\" wants a text of at most %zu bytes",
				   sizeof ask->reason - 1);
	if (reason != NULL)
		snprintf(ask->reason, sizeof ask->reason, "%s",
			 json_string_value(reason));
	ask->operation.key = ask->target.key;
	ask->operation.wait = json_is_true(json_object_get(body, "wait"));
	ask->dry_run = json_is_true(json_object_get(body, "dry_run"));
	return 0;
}

void operation_ask_fini(struct operation_ask *ask)
{
	for (size_t i = 0; i < ask->count; i++)
		free(ask->devices[i]);
	free(ask->devices);
	ask->devices = NULL;
	ask->count = 0;
	json_decref(ask->names);
	json_decref(ask->shown);
	ask->names = ask->shown = NULL;
	expression_free(ask->where);
	ask->where = NULL;
}

/* --- rehearsing --------------------------------------------------------------------- */

struct rehearsing {
	struct operation_ask *ask;
	struct job *job;
	struct problem *p;
	bool failed;          /* *p is told */
	struct problem first; /* why the first was refused */
	struct device_record room;
};

static void set_key(json_t *object, const char *name, const struct release_key *key)
{
	char kb[KB_TEXT];
	member_set(object, name, json_string(kb_format(key->kb, kb)));
}

static void show(struct operation_ask *ask, const char *id,
		 const struct operation_outlook *outlook, const struct problem *refusal)
{
	if (json_array_size(ask->shown) >= ASK_SHOWN) {
		ask->not_shown++;
		return;
	}
	json_t *one = json_object();
	member_set(one, "id", text_json(id));
	if (refusal != NULL) {
		member_set(one, "refused", text_json(refusal->text));
	} else {
		if (outlook->removes)
			set_key(one, "removes", &outlook->removed);
		if (outlook->installs)
			set_key(one, "installs", &outlook->installed);
		if (outlook->stands_in_the_way != REASON_NONE)
			member_set(
				one, "waits_for",
				json_string(
					reason_face(outlook->stands_in_the_way)->name));
		member_set(one, "restarts", json_integer(outlook->restarts));
	}
	json_array_append_new(ask->shown, one);
}

static int keep(struct operation_ask *ask, const char *id, struct problem *p)
{
	if (ask->count == ASK_DEVICES)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "more than %d devices at once: say fewer by \"where\"",
				   ASK_DEVICES);
	if (ask->count == ask->room) {
		size_t room = ask->room == 0 ? 64 : 2 * ask->room;
		char **bigger = reallocarray(ask->devices, room, sizeof *bigger);
		if (bigger == NULL)
			return problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
		ask->devices = bigger;
		ask->room = room;
	}
	ask->devices[ask->count] = strdup(id);
	if (ask->devices[ask->count] == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
	ask->count++;
	return 0;
}

/* A device that is meant: does it fit, and what would it come to? */
static int rehearse(struct rehearsing *r, const struct device_record *record)
{
	struct operation_ask *ask = r->ask;
	struct operation_outlook outlook;
	struct problem refusal;
	struct situation situation =
		site_situation(r->job->site, r->job->view, record, r->job->now_s);

	if (operation_rehearse(&ask->operation, &situation, &r->room, &outlook,
			       &refusal) < 0) {
		if (ask->refused++ == 0)
			r->first = refusal;
		show(ask, record->id, NULL, &refusal);
		return 0;
	}
	ask->restarts += outlook.restarts;
	ask->installs += outlook.installs;
	show(ask, record->id, &outlook, NULL);
	r->failed = keep(ask, record->id, r->p) < 0;
	return r->failed;
}

/* Of a removal by KB those alone are meant that stand on it. */
static bool stands_on_it(const struct operation_ask *ask, const struct decision *d)
{
	if (operation_is_instant(ask->operation.kind) || ask->target.key.kb == 0)
		return true;
	return d->line != NULL && d->level.state == LEVEL_KNOWN &&
	       rollout_target_has(&ask->target, d->line->releases[d->level.index].title,
				  -1);
}

/* Of all hotpatches, those on a hotpatch. */
static bool can_be_meant(const struct operation_ask *ask, const struct decision *d)
{
	if (ask->operation.kind != OPERATION_ROLLBACK || ask->target.key.kb != 0)
		return stands_on_it(ask, d);
	return d->line != NULL && d->level.state == LEVEL_KNOWN &&
	       d->line->releases[d->level.index].kind == RELEASE_HOTPATCH;
}

static int each_device(void *owner, const struct device_seen *seen)
{
	struct rehearsing *r = owner;
	const struct operation_ask *ask = r->ask;
	const struct plan *plan = r->job->view->snapshot->plan;

	if (ask->target.ring_index >= 0 && seen->ring != ask->target.ring_index)
		return 0;
	if (!can_be_meant(ask, seen->decision) ||
	    (ask->where != NULL && !device_matches(ask->where, seen, plan)))
		return 0;
	return rehearse(r, seen->record);
}

static int rehearse_named(struct rehearsing *r)
{
	const struct backend_ops *ops = site_backend(r->job->site)->ops;
	struct device_record *record = malloc(sizeof *record);
	size_t i;
	json_t *name;

	if (record == NULL)
		return problem_set(r->p, PROBLEM_NO_MEMORY, "out of memory");
	json_array_foreach(r->ask->names, i, name)
	{
		const char *id = json_string_value(name);
		int rc = ops->device_read(r->job->session, id, record, r->p);
		if (rc == 0)
			problem_set(r->p, PROBLEM_NOT_FOUND,
				    "there is no device '%.150s'", id);
		r->failed |= rc != 1;
		if (r->failed || rehearse(r, record) != 0)
			break;
	}
	free(record);
	return r->failed ? -1 : 0;
}

static int tell_none(const struct operation_ask *ask, const struct problem *first,
		     struct problem *p)
{
	if (ask->refused == 1 || (ask->refused > 0 && ask->names != NULL))
		*p = *first;
	else if (ask->refused > 0)
		problem_set(p, PROBLEM_CONFLICT, "none of %lld devices: %.180s",
			    (long long)ask->refused, first->text);
	else
		problem_set(p, PROBLEM_CONFLICT, "no device is meant by that");
	return -1;
}

int operation_ask_rehearse(struct operation_ask *ask, struct job *job, struct problem *p)
{
	struct rehearsing *r = calloc(1, sizeof *r);
	int rc;

	ask->shown = json_array();
	if (r == NULL || ask->shown == NULL) {
		free(r);
		return problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
	}
	r->ask = ask;
	r->job = job;
	r->p = p;
	ask->operation.until_s = job->now_s + ask->for_s;
	rc = rollout_target_find(&ask->target, job->view->snapshot, p);
	/* What has left the catalog can still be unblocked, and tried again. */
	if (rc < 0 && ask->target.ring[0] == '\0' &&
	    (ask->operation.kind == OPERATION_UNBLOCK ||
	     ask->operation.kind == OPERATION_RETRY))
		rc = 0;
	if (rc == 0 && ask->names != NULL)
		rc = rehearse_named(r);
	else if (rc == 0)
		rc = job_walk_devices(job, "", each_device, r, p);
	if (r->failed)
		rc = -1;
	if (rc == 0 && ask->count == 0)
		rc = tell_none(ask, &r->first, p);
	free(r);
	return rc;
}
