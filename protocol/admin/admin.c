#include "protocol/admin/admin.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol/admin/call.h"
#include "protocol/admin/routes.h"
#include "protocol/server/log.h"
#include "protocol/server/site.h"

enum { GROUPS_MAX = 256, USER_ROOM = 4096 };

/* The whole API on one page.  "{id}" stands for one segment. */
/* clang-format off */
static const struct route {
	enum http_method method;
	const char *path;
	void (*handle)(struct call *call);
} routes[] = {
	{ HTTP_GET,    "/status",               api_status },
	{ HTTP_GET,    "/clock",                api_clock },
	{ HTTP_POST,   "/clock",                api_clock_move },
	{ HTTP_GET,    "/devices",              api_devices },
	{ HTTP_POST,   "/devices",              api_device_add },
	{ HTTP_GET,    "/devices/{id}",         api_device },
	{ HTTP_DELETE, "/devices/{id}",         api_device_forget },
	{ HTTP_PUT,    "/devices/{id}/facts",   api_device_facts },
	{ HTTP_GET,    "/devices/{id}/explain", api_device_explain },
	{ HTTP_GET,    "/rings",                api_rings },
	{ HTTP_GET,    "/catalog",              api_catalog },
	{ HTTP_POST,   "/catalog",              api_catalog_import },
	{ HTTP_GET,    "/plan",                 api_plan },
	{ HTTP_PUT,    "/plan",                 api_plan_apply },
	{ HTTP_POST,   "/payloads",             api_payloads_add },
	{ HTTP_GET,    "/rollouts",             api_rollouts },
	{ HTTP_POST,   "/rollouts/pause",       api_rollout_pause },
	{ HTTP_POST,   "/rollouts/resume",      api_rollout_resume },
	{ HTTP_POST,   "/rollouts/halt",        api_rollout_halt },
	{ HTTP_POST,   "/rollouts/approve",     api_rollout_approve },
	{ HTTP_POST,   "/rollouts/expedite",    api_rollout_expedite },
	{ HTTP_POST,   "/rollouts/withdraw",    api_rollout_withdraw },
	{ HTTP_GET,    "/holds",                api_holds },
	{ HTTP_POST,   "/holds",                api_hold_add },
	{ HTTP_DELETE, "/holds/{id}",           api_hold_remove },
	{ HTTP_GET,    "/operations",           api_operations },
	{ HTTP_POST,   "/operations",           api_operation_begin },
	{ HTTP_GET,    "/operations/{id}",      api_operation },
	{ HTTP_POST,   "/operations/{id}/stop", api_operation_stop },
	{ HTTP_GET,    "/enrolment",            api_enrolment },
	{ HTTP_GET,    "/reports/hotpatch",     api_report_hotpatch },
	{ HTTP_GET,    "/reports/distribution", api_report_distribution },
	{ HTTP_GET,    "/updates",              api_updates },
	{ HTTP_POST,   "/updates",              api_updates_import },
	{ HTTP_GET,    "/updates/{id}",         api_update },
	{ HTTP_DELETE, "/updates/{id}",         api_update_retire },
	{ HTTP_GET,    "/computers",            api_computers },
	{ HTTP_GET,    "/computers/{id}",       api_computer },
	{ HTTP_PUT,    "/computers/{id}",       api_computer_tie },
	{ HTTP_DELETE, "/computers/{id}",       api_computer_untie },
	{ HTTP_GET,    "/audit",                api_audit },
};
/* clang-format on */

static const char base[] = "/api/v1";

static const struct {
	enum http_method method;
	const char *name;
} method_names[] = {
	{ HTTP_GET, "GET" }, { HTTP_HEAD, "HEAD" },     { HTTP_POST, "POST" },
	{ HTTP_PUT, "PUT" }, { HTTP_DELETE, "DELETE" },
};

/* Does `path` follow the pattern?  The segment at {id} is told. */
static bool follows(const char *pattern, const char *path, const char **segment,
		    size_t *size)
{
	*segment = NULL;
	*size = 0;
	while (*pattern != '\0') {
		if (strncmp(pattern, "{id}", 4) == 0) {
			*segment = path;
			*size = strcspn(path, "/");
			if (*size == 0)
				return false;
			path += *size;
			pattern += 4;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

static void answer_foreign_method(struct call *call, unsigned allowed)
{
	char allow[64] = "";

	for (size_t i = 0; i < sizeof method_names / sizeof method_names[0]; i++) {
		if ((allowed & method_names[i].method) == 0)
			continue;
		size_t used = strlen(allow);
		snprintf(allow + used, sizeof allow - used, "%s%s", used > 0 ? ", " : "",
			 method_names[i].name);
	}
	call_refuse_method(call, allow);
}

static void dispatch(struct call *call)
{
	const struct http_request *request = call->request;
	/* A HEAD is a GET whose body is not sent. */
	enum http_method method =
		request->method == HTTP_HEAD ? HTTP_GET : request->method;
	const char *path = request->path + sizeof base - 1, *segment;
	unsigned allowed = 0;
	size_t size;

	if (strncmp(request->path, base, sizeof base - 1) != 0)
		path = "";
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (!follows(routes[i].path, path, &segment, &size))
			continue;
		allowed |= routes[i].method;
		if (routes[i].method != method)
			continue;
		if (segment != NULL &&
		    !http_decode(segment, size, call->id, sizeof call->id)) {
			struct problem p;
			problem_set(&p, PROBLEM_BAD_INPUT,
				    "the id in the path is malformed, or over %d bytes",
				    LIMIT_DEVICE_ID);
			call_problem(call, &p);
			return;
		}
		routes[i].handle(call);
		return;
	}
	if (allowed != 0) {
		if ((allowed & HTTP_GET) != 0)
			allowed |= HTTP_HEAD;
		answer_foreign_method(call, allowed);
		return;
	}
	struct problem p;
	problem_set(&p, PROBLEM_NOT_FOUND, "there is nothing at %.150s", request->path);
	call_problem(call, &p);
}

/* By the kernel's word: the primary group, or one of the user's others. */
static bool is_in_group(const struct http_request *request, gid_t group,
			const struct passwd *user)
{
	gid_t groups[GROUPS_MAX];
	int count = GROUPS_MAX;

	if (group == (gid_t)-1)
		return false;
	if (request->peer_gid == group)
		return true;
	if (user == NULL || getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
		return false;
	for (int i = 0; i < count; i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

/* Who is it, and may they? */
static bool admit(struct call *call)
{
	const struct http_request *request = call->request;
	gid_t group = __atomic_load_n(&call->admin->group, __ATOMIC_RELAXED);
	struct passwd room, *user = NULL;
	char text[USER_ROOM];

	if (!request->is_unix)
		return false;
	if (getpwuid_r(request->peer_uid, &room, text, sizeof text, &user) != 0)
		user = NULL;
	if (user != NULL)
		snprintf(call->by, sizeof call->by, "%s", user->pw_name);
	else
		snprintf(call->by, sizeof call->by, "uid %u",
			 (unsigned)request->peer_uid);
	return request->peer_uid == 0 || request->peer_uid == geteuid() ||
	       is_in_group(request, group, user);
}

void admin_handle(struct admin *admin, struct exchange *exchange)
{
	struct call *call = exchange_allocate(exchange, sizeof *call);

	if (call == NULL) {
		exchange_reply(exchange, 503, NULL, NULL, 0, NULL);
		return;
	}
	call->exchange = exchange;
	call->request = exchange_request(exchange);
	call->admin = admin;
	call->desk = site_desk(exchange_loop(exchange));
	if (!admit(call)) {
		log_event(LOG_LEVEL_WARNING, "admin-refused", "by", call->by, "path",
			  call->request->path, NULL);
		call_refuse_caller(call);
		return;
	}
	if (log_is_on(LOG_LEVEL_DEBUG))
		log_event(LOG_LEVEL_DEBUG, "admin", "by", call->by, "path",
			  call->request->path, NULL);
	dispatch(call);
}
