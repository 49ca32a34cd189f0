/* What the keeper does by itself: units of its own, and surveys on the pool. */

#include <assert.h>
#include <stdlib.h>
#include <uv.h>

#include "engine/problem.h"
#include "protocol/http/loop.h"
#include "protocol/server/keeper_private.h"
#include "protocol/server/log.h"
#include "protocol/server/site_private.h"
#include "protocol/server/survey.h"
#include "protocol/server/view.h"
#include "protocol/server/wusp_state.h"

/* A survey looks at so many devices and makes room for others on the pool; it is taken
 * at most once a minute, and so that it fills no more than a twentieth of the time. */
enum { REVIEW_TICKS = 10, SURVEY_TICKS = 60, SURVEY_SHARE = 20, PORTION = 256 };

/* --- units -------------------------------------------------------------------------- */

struct unit {
	struct work work; /* first: cast back */
	struct site *site;
	struct view *fresh;
	bool more;
};

static int review(struct unit *unit, struct session *session, struct problem *p)
{
	struct site *site = unit->site;
	struct keeping keeping = { .site = site, .session = session };

	/* Time does not pass by itself on a virtual clock: its moves review. */
	if (site_clock_is_virtual(site))
		return 0;
	struct view *view = site_view_newest(site);
	keeping.view = view;
	keeping.now_s = site_now(site);
	int rc = keeper_review(&keeping, p);
	if (rc == 0 && keeping.changed)
		rc = site_view_renew(site, session, view, &unit->fresh, p);
	view_give(view);
	return rc;
}

/* Keys of cookies are as old as the site's clock says, whichever that is. */
static int keep_keys(struct unit *unit, struct session *session, struct problem *p)
{
	struct site *site = unit->site;
	struct view *view = site_view_newest(site);

	int rc = wusp_state_tick(site, session, view, p);
	if (rc == 1)
		rc = site_view_renew(site, session, view, &unit->fresh, p);
	view_give(view);
	return rc;
}

static int run(struct work *work, struct session *session, struct problem *p)
{
	struct unit *unit = (struct unit *)work;

	struct site *site = unit->site;
	struct view *before = site->newest;

	__atomic_store_n(&site->keeper->poked, false, __ATOMIC_RELEASE);
	if (keep_keys(unit, session, p) == 0 && review(unit, session, p) == 0 &&
	    keeper_operations(site, session, &unit->fresh, &unit->more, p) == 0)
		return 0;
	site->newest = before; /* nothing of it is so */
	return -1;
}

static void done(struct work *work, const struct problem *problem)
{
	struct unit *unit = (struct unit *)work;

	if (unit->fresh != NULL)
		site_view_settle(unit->site, unit->fresh, problem == NULL);
	if (problem != NULL && !site_is_stopping(unit->site)) {
		struct log_line line;
		log_begin(&line, LOG_LEVEL_ERROR, "keeper");
		log_problem(&line, problem);
		log_end(&line);
	} else if (problem == NULL && unit->more) {
		keeper_poke(unit->site);
	}
	free(unit);
}

void keeper_poke(struct site *site)
{
	if (__atomic_exchange_n(&site->keeper->poked, true, __ATOMIC_ACQ_REL))
		return;
	struct unit *unit = calloc(1, sizeof *unit);
	if (unit == NULL) {
		__atomic_store_n(&site->keeper->poked, false, __ATOMIC_RELEASE);
		return; /* the next tick tries again */
	}
	unit->work.run = run;
	unit->work.done = done;
	unit->site = site;
	site->backend->ops->submit(site->backend, &unit->work);
}

/* --- surveys ------------------------------------------------------------------------ */

struct surveying {
	uv_work_t request;
	struct site *site;
	struct loop *loop;
	struct view *view;
	struct survey *survey;
	uint64_t begun_ns;
	int rc; /* of the last portion */
	struct problem problem;
};

static void on_portion(uv_work_t *request)
{
	struct surveying *it = request->data;
	const struct backend_ops *ops = it->site->backend->ops;
	struct session *session = ops->open(it->site->backend, &it->problem);

	it->rc = -1;
	if (session == NULL)
		return;
	it->rc = survey_walk(it->survey, it->site, session, it->view, PORTION,
			     &it->problem);
	ops->close(session);
}

static void finish(struct surveying *it)
{
	struct keeper *keeper = it->site->keeper;
	int64_t took_s = (int64_t)((uv_hrtime() - it->begun_ns) / 1000000000);

	if (it->rc == 0) {
		pthread_mutex_lock(&keeper->lock);
		struct survey *before = keeper->survey;
		keeper->survey = it->survey;
		pthread_mutex_unlock(&keeper->lock);
		it->survey = before;
		keeper_poke(it->site);
	} else if (it->rc < 0) {
		struct log_line line;
		log_begin(&line, LOG_LEVEL_ERROR, "keeper");
		log_problem(&line, &it->problem);
		log_end(&line);
	}
	int64_t pause = took_s * SURVEY_SHARE;
	keeper->next_survey =
		keeper->ticks + (pause > SURVEY_TICKS ? pause : SURVEY_TICKS);
	keeper->surveying = false;
	survey_free(it->survey);
	view_give(it->view);
	free(it);
}

static void on_portion_done(uv_work_t *request, int status)
{
	struct surveying *it = request->data;

	assert(status == 0); /* nobody cancels it */
	(void)status;
	if (it->rc != 1 || site_is_stopping(it->site)) {
		finish(it);
		return;
	}
	int rc = uv_queue_work(loop_uv(it->loop), &it->request, on_portion,
			       on_portion_done);
	assert(rc == 0); /* fails without a callback only */
	(void)rc;
}

static void start_survey(struct site *site, struct loop *loop)
{
	struct keeper *keeper = site->keeper;
	struct surveying *it = calloc(1, sizeof *it);
	int64_t now_s = site_now(site);

	keeper->next_survey = keeper->ticks + SURVEY_TICKS;
	if (it == NULL)
		return;
	it->view = site_view(site);
	it->survey = survey_new(it->view, now_s, now_s);
	if (it->survey == NULL) {
		view_give(it->view);
		free(it);
		return;
	}
	it->site = site;
	it->loop = loop;
	it->begun_ns = uv_hrtime();
	it->request.data = it;
	keeper->surveying = true;
	int rc = uv_queue_work(loop_uv(loop), &it->request, on_portion, on_portion_done);
	assert(rc == 0);
	(void)rc;
}

void keeper_tick(struct site *site, struct loop *loop)
{
	struct keeper *keeper = site->keeper;

	if (site_is_stopping(site))
		return;
	if (keeper->ticks++ % REVIEW_TICKS == 0)
		keeper_poke(site);
	if (keeper->surveying || keeper->ticks < keeper->next_survey ||
	    site_clock_is_virtual(site))
		return;
	pthread_mutex_lock(&keeper->lock);
	bool wanted = keeper->survey_wanted;
	pthread_mutex_unlock(&keeper->lock);
	if (wanted)
		start_survey(site, loop);
}
