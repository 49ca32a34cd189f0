/* A change to what the site is made of: catalog, plan, payloads, rollouts, the clock.
 *
 * It is made on the writer thread inside one transaction.  Where it touches what views
 * are made of, the new view is built and checked in that same transaction, so that a
 * document with an error changes nothing.  Gates are reviewed in it too, for what it
 * means to them, and when the clock moves.  The view is published after the commit and
 * before the answer, which runs on the loop the edit came from. */

#ifndef PROTOCOL_SERVER_EDIT_H
#define PROTOCOL_SERVER_EDIT_H

#include "engine/backend.h"
#include "engine/problem.h"
#include "protocol/http/loop.h"
#include "protocol/server/view.h"

struct site;

struct edit {
	struct work work;
	struct site *site;
	struct loop *loop;
	bool changes_view; /* build a new one after apply() */
	bool dry_run;      /* say what it would do; keep nothing */
	/* On the writer thread.  -1 with *p told undoes everything. */
	int (*apply)(struct edit *edit, struct session *session, struct problem *p);
	/* On the writer thread, after the commit; may be NULL. */
	void (*committed)(struct edit *edit);
	/* On the loop's thread, with NULL or the problem; frees the edit after
	 * edit_fini(). */
	void (*answer)(struct edit *edit, const struct problem *problem);
	int64_t now_s;           /* of the site, for apply() */
	struct view_check check; /* what the new view's check found */
	struct view *view;       /* the new one, for answer(); NULL without */
	struct view *before;     /* the one that it follows; NULL where it changed none */
	/* not for users */
	struct loop_task task;
	struct problem problem;
	int64_t to_s; /* where it moves the clock to; now_s if it does not */
	bool failed, tried;
};

/* Submits a zeroed edit with the members up to `answer` filled in. */
void site_edit(struct edit *edit);
void edit_fini(struct edit *edit);

/* For apply(). */
int edit_audit(struct edit *edit, struct session *session,
	       const struct audit_entry *entry, struct problem *p);
/* Keeps the virtual clock's new time; committed() then moves it. */
int edit_keep_clock(struct edit *edit, struct session *session, int64_t to_s,
		    struct problem *p);
void edit_move_clock(struct edit *edit, int64_t to_s);
const struct backend_ops *edit_ops(const struct edit *edit);
/* As units before it in the same group have left it; give it back. */
struct view *edit_view(const struct edit *edit);

#endif
