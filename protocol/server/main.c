/* patchyardd: the one place where the wires and the store meet.
 *
 * Starts from the inside out and stops in reverse: state directory and lock, store,
 * content, site, loops.  The main thread then waits for a signal; all others have them
 * blocked.  SIGTERM and SIGINT stop in order: what devices were promised is written. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <uv.h>

#include "engine/problem.h"
#include "protocol/server/daemon.h"
#include "protocol/server/log.h"
#include "protocol/server/options.h"
#include "protocol/server/site_setup.h"
#include "protocol/server/state_dir.h"
#include "store/content_store.h"
#include "store/store.h"

/* What is running, from the inside out. */
struct server {
	struct state_dir state;
	struct backend *backend;
	struct content_store *content;
	struct site *site;
	struct daemon *daemon;
};

static int add_content(void *owner, const char *source_path, struct payload *out,
		       struct problem *p)
{
	return content_store_add(owner, source_path, out, p);
}

static bool find_content(void *owner, const char *sha256, char *path, size_t size)
{
	char whole[CONTENT_PATH];

	if (!content_store_path(owner, sha256, whole) || strlen(whole) >= size)
		return false;
	memcpy(path, whole, strlen(whole) + 1);
	return true;
}

static struct wusp_terms terms_of(const struct settings *settings)
{
	struct wusp_terms terms = {
		.serves = settings->wusp,
		.joins = settings->wusp_join,
		.joins_per_minute = WUSP_JOINS_PER_MINUTE,
		.identity = (enum wusp_identity_rule)settings->wusp_identity,
		.cookie_s = settings->wusp_cookie_s
	};
	size_t size = strlen(settings->content_url);

	_Static_assert(sizeof terms.content_url > SETTING_TEXT_MAX, "it fits");
	while (size > 0 && settings->content_url[size - 1] == '/')
		size--; /* paths begin with their own */
	memcpy(terms.content_url, settings->content_url, size);
	return terms;
}

static int open_site(struct server *server, const struct settings *settings,
		     struct problem *p)
{
	char mark[STATE_PATH + 64];
	const struct site_wiring wiring = {
		.backend = server->backend,
		.content = { server->content, add_content, find_content },
		.base_url = settings->base_url,
		.enrolment_token =
			settings->enrolment ? server->state.enrolment_token : "",
		.poll_s = settings->poll_interval_s,
		.seen_flush_s = settings->seen_flush_s,
		.clock_is_virtual = settings->clock == CLOCK_VIRTUAL,
		.clock_from_s = settings->clock_from_s,
		.wusp = terms_of(settings),
		.wusp_mark =
			state_dir_file(&server->state, "wusp-mark", mark, sizeof mark),
	};

	server->site = site_open(&wiring, p);
	return server->site != NULL ? 0 : -1;
}

static int open_content(struct server *server, const struct settings *settings,
			struct problem *p)
{
	char path[STATE_PATH + 64];
	const char *root = settings->content_dir;

	if (root[0] == '\0')
		root = state_dir_file(&server->state, "content", path, sizeof path);
	server->content = content_store_open(root, p);
	return server->content != NULL ? 0 : problem_while(p, "opening the content");
}

static int open_store(struct server *server, struct problem *p)
{
	char path[STATE_PATH + 64];

	state_dir_file(&server->state, "patchyard.db", path, sizeof path);
	server->backend = store_open(path, p);
	return server->backend != NULL ? 0 : problem_while(p, "opening '%s'", path);
}

/* Also undoes a start that came half way. */
static void stop(struct server *server)
{
	if (server->site != NULL)
		site_stop(server->site);
	daemon_stop(server->daemon);
	site_close(server->site);
	store_close(server->backend); /* writes what is queued */
	content_store_close(server->content);
	state_dir_close(&server->state);
}

static int start(struct server *server, const struct settings *settings,
		 struct problem *p)
{
	if (state_dir_open(&server->state, settings->state_dir, p) < 0)
		return -1;
	if (open_store(server, p) == 0 && open_content(server, settings, p) == 0 &&
	    open_site(server, settings, p) == 0) {
		server->daemon = daemon_start(settings, &server->state, server->site, p);
		if (server->daemon != NULL)
			return 0;
	}
	stop(server);
	return -1;
}

static void raise_open_files(int64_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= (rlim_t)wanted)
		return;
	limit.rlim_cur =
		(rlim_t)wanted < limit.rlim_max ? (rlim_t)wanted : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)wanted) {
		struct log_line line;
		log_begin(&line, LOG_LEVEL_INFO, "few-open-files");
		log_number(&line, "wanted", wanted);
		log_number(&line, "granted", (int64_t)limit.rlim_cur);
		log_end(&line);
	}
}

static void tell_started(const struct server *server)
{
	log_event(LOG_LEVEL_INFO, "serving", "version", PATCHYARD_VERSION, "address",
		  daemon_address(server->daemon), "admin", daemon_socket(server->daemon),
		  "state", server->state.path, "clock",
		  site_clock_is_virtual(server->site) ? "virtual" : "real", NULL);
}

static int serve(const struct settings *settings)
{
	struct server server = { 0 };
	struct problem p;
	char threads[24];
	sigset_t stops;
	int signal_number = 0;

	log_set_level((enum log_level)settings->log_level);
	/* Before any thread: they inherit the mask, and libuv reads its pool's size. */
	sigemptyset(&stops);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGINT);
	sigprocmask(SIG_BLOCK, &stops, NULL);
	signal(SIGPIPE, SIG_IGN);
	snprintf(threads, sizeof threads, "%lld", (long long)settings->pool_threads);
	setenv("UV_THREADPOOL_SIZE", threads, 1);
	raise_open_files(settings->open_files);

	if (start(&server, settings, &p) < 0) {
		fprintf(stderr, "patchyardd: %s\n", p.text);
		return problem_face(p.kind)->exit_status;
	}
	tell_started(&server);
	sigwait(&stops, &signal_number);
	log_event(LOG_LEVEL_INFO, "stopping", "signal",
		  signal_number == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
	stop(&server);
	log_event(LOG_LEVEL_INFO, "stopped", NULL);
	return EX_OK;
}

static void print_findings(const struct findings *findings)
{
	char text[1024];

	for (size_t i = 0; i < findings->count; i++)
		fprintf(stderr, "%s\n",
			finding_format(&findings->list[i], text, sizeof text));
}

static int act(const struct options *options)
{
	const struct findings *findings = &options->findings;

	switch (options->task) {
	case TASK_HELP:
		options_help(stdout);
		return EX_OK;
	case TASK_VERSION:
		printf("patchyardd %s\n", PATCHYARD_VERSION);
		return EX_OK;
	case TASK_CHECK:
		print_findings(findings);
		printf("%zu errors, %zu warnings\n", findings->errors,
		       findings->warnings);
		return findings->errors == 0 ? EX_OK : EX_CONFIG;
	case TASK_SERVE:
		break;
	}
	print_findings(findings);
	if (findings->errors > 0) {
		fputs("patchyardd: not started\n", stderr);
		return EX_CONFIG;
	}
	return serve(&options->settings);
}

int main(int argc, char **argv)
{
	static struct options options;
	struct problem p;

	int status;
	if (options_read(&options, argc, argv, &p) < 0) {
		fprintf(stderr, "patchyardd: %s\n", p.text);
		status = p.kind == PROBLEM_BAD_INPUT ? EX_USAGE : EX_NOINPUT;
	} else {
		status = act(&options);
	}
	options_fini(&options);
	return status;
}
