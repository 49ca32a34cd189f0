#include "protocol/server/wusp_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/problem.h"
#include "protocol/server/log.h"
#include "protocol/server/site_private.h"
#include "protocol/server/unit.h"
#include "protocol/server/view.h"
#include "protocol/wusp/library.h"
#include "protocol/wusp/shelf.h"

enum { MARK_TEXT = 80 };

int wusp_state_read(struct site *site, struct session *session,
		    const struct view *previous, struct view *view, struct problem *p)
{
	const struct backend_ops *ops = site->backend->ops;

	if (wusp_identity_read(ops, session, &view->wusp, p) < 0)
		return -1;
	if (previous != NULL &&
	    library_generation(previous->library) == view->wusp.generation)
		view->library = library_take(previous->library);
	else
		view->library = shelf_library(ops, session, view->wusp.generation, p);
	return view->library == NULL ? -1 : 0;
}

/* --- following catalog and payloads ----------------------------------------------- */

static const struct payload *find_payload(const void *owner, const struct line *line,
					  const struct release *release)
{
	return view_payload(owner, line, release);
}

static bool is_same(const struct view *a, const struct view *b)
{
	return a->wusp.generation == b->wusp.generation &&
	       a->catalog_mark == b->catalog_mark &&
	       a->payload_count == b->payload_count &&
	       (a->payload_count == 0 ||
		memcmp(a->payloads, b->payloads,
		       a->payload_count * sizeof a->payloads[0]) == 0);
}

/* 1 when the updates changed; the view's library is then behind. */
static int renew(struct site *site, struct session *session, struct view *view,
		 struct problem *p)
{
	const struct shelf shelf = {
		.ops = site->backend->ops,
		.session = session,
		.now_s = site_now(site),
		.catalog = view->snapshot->catalog,
		.payload = find_payload,
		.owner = view,
	};

	return shelf_renew(&shelf, &view->wusp.generation, p);
}

int wusp_state_follow(struct site *site, struct session *session,
		      const struct view *before, struct view *view, struct problem *p)
{
	if (is_same(before, view))
		return 0;
	int rc = renew(site, session, view, p);
	if (rc <= 0)
		return rc;
	struct library *library =
		shelf_library(site->backend->ops, session, view->wusp.generation, p);
	if (library == NULL)
		return -1;
	library_give(view->library);
	view->library = library;
	return 0;
}

int wusp_state_tick(struct site *site, struct session *session, const struct view *view,
		    struct problem *p)
{
	static const uint8_t none[COOKIE_KEY];
	struct cookie_keys keys = view->wusp.keys;
	int64_t now_s = site_now(site);

	/* Only tried, on a copy: it is asked often and seldom due. */
	if (!cookie_keys_rotate(&keys, now_s, WUSP_KEY_AGE_S, none))
		return 0;
	return wusp_identity_keep(site->backend->ops, session, now_s, p);
}

/* --- the mark --------------------------------------------------------------------- */

/* False when there is none yet, or none that can be read. */
static bool read_mark(const char *path, struct guid *server, uint32_t *generation)
{
	char text[MARK_TEXT], id[GUID_TEXT];
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return false;
	size_t size = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[size] = '\0';
	return sscanf(text, "%36s %" SCNu32, id, generation) == 2 &&
	       guid_parse(id, strlen(id), server);
}

static int write_mark(const char *path, const struct wusp_identity *identity)
{
	char next[STATE_PATH_MOST + 8], text[MARK_TEXT], id[GUID_TEXT];

	snprintf(next, sizeof next, "%s.new", path);
	int size = snprintf(text, sizeof text, "%s %" PRIu32 "\n",
			    guid_format(&identity->server, id), identity->generation);
	int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	bool ok = write(fd, text, (size_t)size) == size && fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	return ok && rename(next, path) == 0 ? 0 : -1;
}

void wusp_state_mark(struct site *site, const struct view *view)
{
	struct log_line line;

	if (site->wusp_mark[0] == '\0' ||
	    (site->marked == view->wusp.generation &&
	     guid_equal(&site->marked_server, &view->wusp.server)))
		return;
	if (write_mark(site->wusp_mark, &view->wusp) == 0) {
		site->marked = view->wusp.generation;
		site->marked_server = view->wusp.server;
		return;
	}
	/* It is tried again with the next view; without it a restore is found later. */
	log_begin(&line, LOG_LEVEL_WARNING, "wusp-mark");
	log_text(&line, "path", site->wusp_mark);
	log_text(&line, "why", strerror(errno));
	log_end(&line);
}

/* --- the start -------------------------------------------------------------------- */

struct start {
	struct site *site;
	bool changed;
};

static void tell_restore(void)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_WARNING, "wusp-restored");
	log_text(&line, "why",
		 "the database is older than what Windows Update Agents were told; they "
		 "are asked to refresh what they hold");
	log_end(&line);
}

/* Older than what agents may hold? */
static int move_if_restored(struct site *site, struct session *session, struct problem *p)
{
	const struct backend_ops *ops = site->backend->ops;
	struct wusp_identity identity;
	struct guid server;
	uint32_t generation;

	if (site->wusp_mark[0] == '\0' ||
	    !read_mark(site->wusp_mark, &server, &generation))
		return 0;
	if (wusp_identity_read(ops, session, &identity, p) < 0)
		return -1;
	if (guid_equal(&server, &identity.server) && generation <= identity.generation)
		return 0;
	tell_restore();
	return wusp_identity_move(ops, session,
				  generation > identity.generation ? generation
								   : identity.generation,
				  p) < 0
		       ? -1
		       : 1;
}

static int start(void *owner, struct session *session, struct problem *p)
{
	struct start *start = owner;
	struct site *site = start->site;

	int kept = wusp_identity_keep(site->backend->ops, session, site_now(site), p);
	int moved = kept < 0 ? -1 : move_if_restored(site, session, p);
	if (moved < 0 ||
	    wusp_identity_read(site->backend->ops, session, &site->view->wusp, p) < 0)
		return -1;
	int renewed = renew(site, session, site->view, p);
	start->changed = kept > 0 || moved > 0 || renewed > 0;
	return renewed < 0 ? -1 : 0;
}

int wusp_state_start(struct site *site, struct problem *p)
{
	struct start work = { .site = site };

	if (unit_run(site->backend, start, &work, p) < 0)
		return problem_while(p, "preparing for Windows Update Agents");
	struct session *session = site->backend->ops->open(site->backend, p);
	if (session == NULL)
		return -1;
	library_give(site->view->library);
	site->view->library = NULL;
	int rc = wusp_state_read(site, session, NULL, site->view, p);
	site->backend->ops->close(session);
	if (rc == 0)
		wusp_state_mark(site, site->view);
	return rc;
}

/* --- a cookie that knew better ---------------------------------------------------- */

struct restored {
	struct work work; /* first: cast back */
	struct site *site;
	uint64_t generation;
	struct view *fresh;
};

static int run_restored(struct work *work, struct session *session, struct problem *p)
{
	struct restored *restored = (struct restored *)work;
	struct site *site = restored->site;
	struct view *before = site->newest, *view = site_view_newest(site);
	int rc = 0;

	/* Somebody else's cookie may have told it already. */
	if (restored->generation > view->wusp.generation &&
	    restored->generation < UINT32_MAX) {
		tell_restore();
		rc = wusp_identity_move(site->backend->ops, session,
					(uint32_t)restored->generation, p);
		if (rc == 0)
			rc = site_view_renew(site, session, view, &restored->fresh, p);
	}
	view_give(view);
	if (rc < 0)
		site->newest = before;
	return rc;
}

static void done_restored(struct work *work, const struct problem *problem)
{
	struct restored *restored = (struct restored *)work;

	if (restored->fresh != NULL) {
		if (problem == NULL)
			wusp_state_mark(restored->site, restored->fresh);
		site_view_settle(restored->site, restored->fresh, problem == NULL);
	}
	free(restored);
}

void site_wusp_restored(struct site *site, uint64_t generation)
{
	struct restored *restored = calloc(1, sizeof *restored);

	if (restored == NULL)
		return; /* the next such cookie asks again */
	restored->work.run = run_restored;
	restored->work.done = done_restored;
	restored->site = site;
	restored->generation = generation;
	site->backend->ops->submit(site->backend, &restored->work);
}
