#include "protocol/server/daemon.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/admin/admin.h"
#include "protocol/http/loop.h"
#include "protocol/http/tls_context.h"
#include "protocol/http/tls_identity.h"
#include "protocol/server/keeper.h"
#include "protocol/server/log.h"
#include "protocol/server/router.h"
#include "protocol/server/settings.h"
#include "protocol/server/site_setup.h"
#include "protocol/server/state_dir.h"

enum { LOOPS_MAX = 256, NAMES_MAX = 32, S_MS = 1000 };

struct daemon {
	struct site *site;
	struct tls_context *tls;
	struct admin admin;
	struct loop *admin_loop;
	size_t loop_count;
	struct loop *loops[LOOPS_MAX];
	char address[SETTING_TEXT_MAX + 32];
	char socket[STATE_PATH + 64];
	char enrolment_token[STATE_TOKEN];
};

static void on_device_request(struct exchange *exchange, void *owner)
{
	(void)owner;
	router_handle(exchange);
}

static size_t device_body_limit(enum http_method method, const char *path, void *owner)
{
	(void)method;
	(void)owner;
	return router_body_limit(path);
}

static void on_admin_request(struct exchange *exchange, void *owner)
{
	struct daemon *daemon = owner;
	admin_handle(&daemon->admin, exchange);
}

static size_t admin_body_limit(enum http_method method, const char *path, void *owner)
{
	(void)method;
	(void)path;
	(void)owner;
	return LIMIT_ADMIN_BODY;
}

static int on_started(struct loop *loop, void *owner, struct problem *p)
{
	struct daemon *daemon = owner;
	return desk_open(loop, daemon->site, p);
}

static void on_stopped(struct loop *loop, void *owner)
{
	(void)owner;
	desk_close(loop);
}

static void on_tick(struct loop *loop, void *owner)
{
	(void)owner;
	desk_tick(loop);
}

/* One loop sees to what nobody asks for. */
static void on_admin_tick(struct loop *loop, void *owner)
{
	struct daemon *daemon = owner;
	desk_tick(loop);
	keeper_tick(daemon->site, loop);
}

/* "a b, c" into names; cuts the text up. */
static size_t split_names(char *text, const char **names, size_t most)
{
	size_t count = 0;
	char *rest = text, *word;

	while (count < most && (word = strtok_r(rest, " ,\t", &rest)) != NULL)
		names[count++] = word;
	return count;
}

static bool is_wildcard(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

static int open_tls(struct daemon *daemon, const struct settings *settings,
		    const struct state_dir *state, struct problem *p)
{
	char words[SETTING_TEXT_MAX + 1], certificate[STATE_PATH + 64];
	char key[STATE_PATH + 64];
	const char *names[NAMES_MAX];

	snprintf(words, sizeof words, "%s", settings->certificate_names);
	size_t count = split_names(words, names, NAMES_MAX - 1);
	if (!is_wildcard(settings->address))
		names[count++] = settings->address;
	if (tls_identity_ensure(state->path, names, count, p) < 0)
		return -1;
	daemon->tls = tls_context_new(
		state_dir_file(state, "server.crt", certificate, sizeof certificate),
		state_dir_file(state, "server.key", key, sizeof key), p);
	return daemon->tls != NULL ? 0 : -1;
}

static size_t loops_wanted(const struct settings *settings)
{
	if (settings->loops > 0)
		return (size_t)settings->loops;
	unsigned cores = uv_available_parallelism();
	return cores < LOOPS_MAX ? cores : LOOPS_MAX;
}

static void common_settings(struct loop_settings *loop, struct daemon *daemon,
			    const struct settings *settings)
{
	*loop = (struct loop_settings){
		.owner = daemon,
		.keep_alive_ms = (uint64_t)settings->keep_alive_s * S_MS,
		.drain_ms = (uint64_t)settings->drain_s * S_MS,
		.started = on_started,
		.stopped = on_stopped,
		.tick = on_tick,
	};
}

/* The first loop picks the port where none is given; the others share it. */
static int open_loops(struct daemon *daemon, const struct settings *settings,
		      struct problem *p)
{
	struct loop_settings loop;
	size_t count = loops_wanted(settings);

	common_settings(&loop, daemon, settings);
	loop.address = settings->address;
	loop.port = (int)settings->port;
	loop.tls = daemon->tls;
	loop.handle = on_device_request;
	loop.body_limit = device_body_limit;
	while (daemon->loop_count < count) {
		loop.index = (unsigned)daemon->loop_count;
		struct loop *one = loop_start(&loop, p);
		if (one == NULL)
			return problem_while(p, "serving on %s", settings->address);
		daemon->loops[daemon->loop_count++] = one;
		loop.port = loop_port(one);
	}
	const char *host = settings->address;
	bool is_v6 = strchr(host, ':') != NULL;
	snprintf(daemon->address, sizeof daemon->address, "https://%s%s%s:%d",
		 is_v6 ? "[" : "", host, is_v6 ? "]" : "", loop.port);
	return 0;
}

/* The socket's group may use the API: the configured one, or the server's own. */
static int open_to_group(struct daemon *daemon, const char *group, struct problem *p)
{
	struct stat found;

	if (group[0] != '\0') {
		const struct group *entry = getgrnam(group);
		if (entry == NULL)
			return problem_set(
				p, PROBLEM_BAD_INPUT,
				"admin-group is '%s', and there is no such group", group);
		if (chown(daemon->socket, (uid_t)-1, entry->gr_gid) != 0)
			return problem_set(p, PROBLEM_EXTERNAL,
					   "giving '%s' to the group '%s': %s",
					   daemon->socket, group, strerror(errno));
	}
	if (stat(daemon->socket, &found) != 0)
		return problem_set(p, PROBLEM_EXTERNAL, "'%s': %s", daemon->socket,
				   strerror(errno));
	__atomic_store_n(&daemon->admin.group, found.st_gid, __ATOMIC_RELAXED);
	return 0;
}

static int open_admin(struct daemon *daemon, const struct settings *settings,
		      struct problem *p)
{
	struct loop_settings loop;

	common_settings(&loop, daemon, settings);
	loop.index = (unsigned)daemon->loop_count;
	loop.unix_path = daemon->socket;
	loop.handle = on_admin_request;
	loop.body_limit = admin_body_limit;
	loop.tick = on_admin_tick;
	daemon->admin.site = daemon->site;
	daemon->admin.version = PATCHYARD_VERSION;
	daemon->admin.address = daemon->address;
	daemon->admin.enrolment_token =
		settings->enrolment ? daemon->enrolment_token : "";
	daemon->admin.jobs_most = (unsigned)settings->pool_threads / 2;
	/* Until the socket's group is known nobody but ourselves and root gets in. */
	daemon->admin.group = (gid_t)-1;
	daemon->admin_loop = loop_start(&loop, p);
	if (daemon->admin_loop == NULL)
		return problem_while(p, "serving the admin API");
	return open_to_group(daemon, settings->admin_group, p);
}

struct daemon *daemon_start(const struct settings *settings,
			    const struct state_dir *state, struct site *site,
			    struct problem *p)
{
	struct daemon *daemon = calloc(1, sizeof *daemon);

	if (daemon == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "no memory to serve");
		return NULL;
	}
	daemon->site = site;
	memcpy(daemon->enrolment_token, state->enrolment_token,
	       sizeof daemon->enrolment_token);
	if (settings->admin_socket[0] != '\0')
		snprintf(daemon->socket, sizeof daemon->socket, "%s",
			 settings->admin_socket);
	else
		state_dir_file(state, "admin.sock", daemon->socket,
			       sizeof daemon->socket);
	if (open_tls(daemon, settings, state, p) == 0 &&
	    open_loops(daemon, settings, p) == 0 && open_admin(daemon, settings, p) == 0)
		return daemon;
	daemon_stop(daemon);
	return NULL;
}

void daemon_stop(struct daemon *daemon)
{
	if (daemon == NULL)
		return;
	if (daemon->admin_loop != NULL)
		loop_stop(daemon->admin_loop);
	for (size_t i = 0; i < daemon->loop_count; i++)
		loop_stop(daemon->loops[i]);
	if (daemon->admin_loop != NULL)
		loop_join(daemon->admin_loop);
	for (size_t i = 0; i < daemon->loop_count; i++)
		loop_join(daemon->loops[i]);
	tls_context_free(daemon->tls);
	free(daemon);
}

const char *daemon_address(const struct daemon *daemon)
{
	return daemon->address;
}

const char *daemon_socket(const struct daemon *daemon)
{
	return daemon->socket;
}
