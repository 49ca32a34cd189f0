#include "protocol/server/past.h"

#include <stdbool.h>
#include <stddef.h>

#include "engine/backend.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/server/site_private.h"
#include "protocol/server/view.h"

/* What goes through the walks over a device's logs. */
struct walk {
	struct past *past;
	struct problem *p;
	bool failed;    /* *p is told */
	int64_t next_s; /* when it was first told of after that; INSTANT_NONE never */
};

static int each_event(void *owner, const struct event *event)
{
	replay_event(&((struct walk *)owner)->past->replay, event);
	return 0;
}

static int each_change(void *owner, const struct fact_change *change)
{
	struct walk *walk = owner;

	walk->failed = replay_fact(&walk->past->replay, change, walk->p) < 0;
	return walk->failed;
}

static int each_later(void *owner, const struct event *event)
{
	struct walk *walk = owner;

	if (event->at_s <= walk->past->then_s)
		return 0;
	walk->next_s = event->at_s;
	return 1;
}

/* It was not there: not yet, or no longer. */
static int tell_absence(struct walk *walk, struct problem *p)
{
	const struct past *past = walk->past;
	const struct backend_ops *ops = past->site->backend->ops;
	int64_t forgotten_s = past->replay.forgotten_s;
	char then[INSTANT_TEXT], forgotten[INSTANT_TEXT], next[INSTANT_TEXT];

	if (ops->events(past->session, past->device, INT64_MAX, each_later, walk, p) < 0)
		return -1;
	instant_format(past->then_s, then);
	instant_format(forgotten_s, forgotten);
	instant_format(walk->next_s, next);
	if (forgotten_s == INSTANT_NONE && walk->next_s == INSTANT_NONE)
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "there is no device '%.100s', and the log knows of "
				   "none",
				   past->device);
	if (forgotten_s == INSTANT_NONE)
		return problem_set(p, PROBLEM_NOT_FOUND,
				   "there was no device '%.100s' yet at %s: it was first "
				   "heard of at %s",
				   past->device, then, next);
	return problem_set(p, PROBLEM_NOT_FOUND,
			   "there was no device '%.80s' any more at %s: it was forgotten "
			   "at %s%s%s",
			   past->device, then, forgotten,
			   walk->next_s == INSTANT_NONE ? "" : ", and came back at ",
			   next);
}

static int replay_device(struct past *past, struct problem *p)
{
	const struct backend_ops *ops = past->site->backend->ops;
	struct walk walk = { .past = past, .p = p, .next_s = INSTANT_NONE };

	replay_init(&past->replay, past->device);
	if (ops->events(past->session, past->device, past->then_s, each_event, &walk, p) <
		    0 ||
	    ops->fact_changes(past->session, past->device, past->then_s, each_change,
			      &walk, p) < 0 ||
	    walk.failed)
		return -1;
	return past->replay.known ? 0 : tell_absence(&walk, p);
}

int past_open(struct past *past, struct problem *p)
{
	struct view_check check;

	if (replay_device(past, p) < 0)
		return -1;
	past->site->backend->ops->as_of(past->session, past->then_s);
	view_check_init(&check);
	past->view = view_build(past->site, past->session, past->present, &check, p);
	view_check_fini(&check);
	if (past->view == NULL)
		return problem_while(p, "reading catalog and plan of then");
	return 0;
}

void past_close(struct past *past)
{
	view_give(past->view);
	past->view = NULL;
}
