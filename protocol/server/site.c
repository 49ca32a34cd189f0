#include "protocol/server/site.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/facts.h"
#include "engine/instant.h"
#include "engine/rollout.h"
#include "protocol/server/keeper.h"
#include "protocol/server/log.h"
#include "protocol/server/seen.h"
#include "protocol/server/site_private.h"
#include "protocol/server/unit.h"
#include "protocol/server/view.h"
#include "protocol/server/wusp_state.h"
#include "protocol/xml/zone_files.h"

static const char salt_setting[] = "rollout-salt";
enum { SALT_TEXT = 24 };

int64_t site_now(const struct site *site)
{
	return clock_now(&site->clock);
}

bool site_clock_is_virtual(const struct site *site)
{
	return site->clock.is_virtual;
}

struct view *site_view(struct site *site)
{
	pthread_mutex_lock(&site->lock);
	struct view *view = view_take(site->view);
	pthread_mutex_unlock(&site->lock);
	return view;
}

void site_publish(struct site *site, struct view *view)
{
	pthread_mutex_lock(&site->lock);
	struct view *before = site->view;
	site->view = view;
	pthread_mutex_unlock(&site->lock);
	view_give(before);
}

struct view *site_view_newest(struct site *site)
{
	return site->newest != NULL ? view_take(site->newest) : site_view(site);
}

int site_view_renew(struct site *site, struct session *session, const struct view *from,
		    struct view **fresh, struct problem *p)
{
	struct view_check check;

	view_check_init(&check);
	struct view *view = view_build(site, session, from, &check, p);
	view_check_fini(&check);
	if (view == NULL)
		return -1;
	view_give(*fresh);
	*fresh = site->newest = view;
	return 0;
}

void site_view_settle(struct site *site, struct view *fresh, bool is_kept)
{
	if (site->newest == fresh)
		site->newest = NULL;
	if (is_kept)
		site_publish(site, fresh);
	else
		view_give(fresh);
}

bool site_content_path(const struct site *site, const char *sha256, char *path,
		       size_t size)
{
	return site->content.path(site->content.owner, sha256, path, size);
}

int site_content_add(const struct site *site, const char *source_path,
		     struct payload *out, struct problem *p)
{
	return site->content.add(site->content.owner, source_path, out, p);
}

const char *site_base_url(const struct site *site, const char *host, char *room,
			  size_t size)
{
	if (site->base_url[0] != '\0')
		snprintf(room, size, "%s", site->base_url);
	else
		snprintf(room, size, "https://%s", host);
	return room;
}

bool site_enrolment_token_is(const struct site *site, const char *token)
{
	uint8_t hash[TOKEN_HASH];

	return site->enrols && token_hash(token, hash) &&
	       token_hash_equal(hash, site->enrolment_hash);
}

int64_t site_poll_s(const struct site *site)
{
	return site->poll_s;
}

struct backend *site_backend(struct site *site)
{
	return site->backend;
}

const struct wusp_terms *site_wusp_terms(const struct site *site)
{
	return &site->wusp;
}

void site_stop(struct site *site)
{
	__atomic_store_n(&site->stopping, true, __ATOMIC_RELAXED);
}

bool site_is_stopping(const struct site *site)
{
	return __atomic_load_n(&site->stopping, __ATOMIC_RELAXED);
}

struct situation site_situation(struct site *site, const struct view *view,
				const struct device_record *record, int64_t now_s)
{
	const char *zone = facts_get(&record->facts, "tz");

	return (struct situation){
		.device = record->id,
		.facts = &record->facts,
		.history = &record->history,
		.catalog = view->snapshot->catalog,
		.plan = view->snapshot->plan,
		.rollouts = view->snapshot->rollouts,
		.zone = zone != NULL ? zone_files_find(site->zones, zone) : NULL,
		.now_s = now_s,
	};
}

void site_decide(struct site *site, const struct view *view,
		 const struct device_record *record, int64_t now_s,
		 struct decision *decision)
{
	struct situation situation = site_situation(site, view, record, now_s);
	decide(&situation, decision);
}

/* The salt is drawn once and kept: a site's devices keep their turns. */
static int keep_salt(void *owner, struct session *session, struct problem *p)
{
	struct site *site = owner;
	char text[SALT_TEXT];
	uint64_t salt;

	if (RAND_bytes((unsigned char *)&salt, sizeof salt) != 1)
		return problem_set(p, PROBLEM_EXTERNAL, "no randomness to be had");
	snprintf(text, sizeof text, "%" PRIu64, salt);
	if (site->backend->ops->setting_put(session, salt_setting, text, p) < 0)
		return -1;
	site->salt = salt;
	return 0;
}

static int find_salt(struct site *site, struct session *session, struct problem *p)
{
	char text[SALT_TEXT];
	int rc = site->backend->ops->setting_read(session, salt_setting, text,
						  sizeof text, p);

	if (rc == 1)
		site->salt = strtoull(text, NULL, 10);
	else if (rc == 0)
		rc = unit_run(site->backend, keep_salt, site, p);
	return rc < 0 ? problem_while(p, "drawing the salt of gradual opening") : 0;
}

static int read_store(struct site *site, const struct site_wiring *wiring,
		      struct session *session, struct problem *p)
{
	struct view_check check;
	int64_t remembered_s;

	if (clock_recall(site->backend, session, &remembered_s, p) < 0 ||
	    clock_init(&site->clock, wiring->clock_is_virtual, wiring->clock_from_s,
		       remembered_s, p) < 0 ||
	    find_salt(site, session, p) < 0)
		return -1;
	view_check_init(&check);
	site->view = view_build(site, session, NULL, &check, p);
	view_check_fini(&check);
	return site->view != NULL ? 0 : problem_while(p, "reading catalog and plan");
}

/* What a wiring says in words.  False with *p told. */
static bool copy_words(struct site *site, const struct site_wiring *wiring,
		       struct problem *p)
{
	size_t size = strlen(wiring->base_url);

	while (size > 0 && wiring->base_url[size - 1] == '/')
		size--; /* paths begin with their own */
	if (size >= sizeof site->base_url) {
		problem_set(p, PROBLEM_TOO_LARGE, "the base URL is over %zu bytes long",
			    sizeof site->base_url - 1);
		return false;
	}
	memcpy(site->base_url, wiring->base_url, size);
	site->enrols = wiring->enrolment_token[0] != '\0';
	if (site->enrols && !token_hash(wiring->enrolment_token, site->enrolment_hash)) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for a site");
		return false;
	}
	return true;
}

struct site *site_open(const struct site_wiring *wiring, struct problem *p)
{
	struct site *site = calloc(1, sizeof *site);
	struct session *session = NULL;

	if (site == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for a site");
		return NULL;
	}
	pthread_mutex_init(&site->lock, NULL);
	site->backend = wiring->backend;
	site->content = wiring->content;
	site->poll_s = wiring->poll_s;
	site->seen_flush_s = wiring->seen_flush_s;
	site->wusp = wiring->wusp;
	if (wiring->wusp_mark != NULL)
		snprintf(site->wusp_mark, sizeof site->wusp_mark, "%s",
			 wiring->wusp_mark);
	if (!copy_words(site, wiring, p))
		goto fail;
	site->zones = zone_files_new();
	site->keeper = keeper_new();
	if (site->zones == NULL || site->keeper == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory for a site");
		goto fail;
	}
	session = site->backend->ops->open(site->backend, p);
	if (session == NULL)
		goto fail;
	int rc = read_store(site, wiring, session, p);
	site->backend->ops->close(session);
	if (rc == 0 && wusp_state_start(site, p) == 0)
		return site;
fail:
	site_close(site);
	return NULL;
}

void site_close(struct site *site)
{
	if (site == NULL)
		return;
	view_give(site->view);
	if (site->zones != NULL)
		zone_files_free(site->zones);
	keeper_free(site->keeper);
	pthread_mutex_destroy(&site->lock);
	free(site);
}
