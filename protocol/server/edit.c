#include "protocol/server/edit.h"

#include <assert.h>
#include <stddef.h>

#include "engine/catalog.h"
#include "engine/plan.h"
#include "protocol/server/keeper.h"
#include "protocol/server/log.h"
#include "protocol/server/site_private.h"
#include "protocol/server/wusp_state.h"

const struct backend_ops *edit_ops(const struct edit *edit)
{
	return edit->site->backend->ops;
}

struct view *edit_view(const struct edit *edit)
{
	return site_view_newest(edit->site);
}

int edit_audit(struct edit *edit, struct session *session,
	       const struct audit_entry *entry, struct problem *p)
{
	struct audit_entry dated = *entry;

	dated.at_s = edit->now_s;
	return edit_ops(edit)->audit_put(session, &dated, p);
}

int edit_keep_clock(struct edit *edit, struct session *session, int64_t to_s,
		    struct problem *p)
{
	edit->to_s = to_s;
	return clock_keep(&edit->site->clock, edit->site->backend, session, to_s, p);
}

void edit_move_clock(struct edit *edit, int64_t to_s)
{
	clock_move(&edit->site->clock, to_s);
}

static int build(struct edit *edit, struct session *session, struct problem *p)
{
	edit->before = site_view_newest(edit->site);
	edit->view = view_build(edit->site, session, edit->before, &edit->check, p);
	return edit->view == NULL ? -1
				  : wusp_state_follow(edit->site, session, edit->before,
						      edit->view, p);
}

/* What was done, or the time it has become, may pass a gate or halt a rollout. */
static int review(struct edit *edit, struct session *session, struct problem *p)
{
	struct site *site = edit->site;
	struct view *view =
		edit->view != NULL ? view_take(edit->view) : site_view_newest(site);
	struct keeping keeping = {
		.site = site, .session = session, .view = view, .now_s = edit->to_s
	};

	int rc = keeper_review(&keeping, p);
	if (rc == 0 && keeping.changed)
		rc = site_view_renew(site, session, view, &edit->view, p);
	else if (rc == 0 && edit->view != NULL)
		site->newest = edit->view;
	view_give(view);
	return rc;
}

static int carry_out(struct edit *edit, struct session *session, struct problem *p)
{
	edit->now_s = edit->to_s = site_now(edit->site);
	if (edit->apply(edit, session, p) < 0)
		return -1;
	if (edit->changes_view && build(edit, session, p) < 0)
		return -1;
	edit->tried = edit->dry_run;
	if (edit->tried)
		return problem_set(p, PROBLEM_CONFLICT, "only tried");
	if (edit->changes_view || edit->to_s != edit->now_s)
		return review(edit, session, p);
	return 0;
}

static int run(struct work *work, struct session *session, struct problem *p)
{
	struct edit *edit = (struct edit *)work;
	struct view *before = edit->site->newest;

	int rc = carry_out(edit, session, p);
	if (rc < 0)
		edit->site->newest = before; /* nothing of it is so */
	return rc;
}

static void answer(struct loop_task *task)
{
	struct edit *edit = (struct edit *)((char *)task - offsetof(struct edit, task));
	edit->answer(edit, edit->failed ? &edit->problem : NULL);
}

static void tell_view(const struct view *view)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "view");
	log_number(&line, "generation", (int64_t)view->snapshot->generation);
	log_number(&line, "products", (int64_t)view->snapshot->catalog->product_count);
	log_number(&line, "releases", (int64_t)view->snapshot->catalog->title_count);
	log_number(&line, "rings", (int64_t)view->snapshot->plan->ring_count);
	log_number(&line, "payloads", (int64_t)view->payload_count);
	log_end(&line);
}

static void done(struct work *work, const struct problem *problem)
{
	struct edit *edit = (struct edit *)work;

	if (edit->tried)
		problem = NULL; /* undone on purpose */
	else if (edit->view != NULL) {
		if (problem == NULL)
			wusp_state_mark(edit->site, edit->view);
		site_view_settle(edit->site, view_take(edit->view), problem == NULL);
	}
	if (!edit->tried && problem == NULL) {
		if (edit->view != NULL)
			tell_view(edit->view);
		if (edit->committed != NULL)
			edit->committed(edit);
	}
	edit->failed = problem != NULL;
	if (problem != NULL)
		edit->problem = *problem;
	edit->task.run = answer;
	loop_post(edit->loop, &edit->task);
}

void site_edit(struct edit *edit)
{
	assert(edit->site != NULL && edit->loop != NULL);
	assert(edit->apply != NULL && edit->answer != NULL);

	view_check_init(&edit->check);
	edit->work.run = run;
	edit->work.done = done;
	edit->site->backend->ops->submit(edit->site->backend, &edit->work);
}

void edit_fini(struct edit *edit)
{
	view_check_fini(&edit->check);
	view_give(edit->view);
	view_give(edit->before);
	edit->view = edit->before = NULL;
}
