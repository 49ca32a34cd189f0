/* The API's table, its errors, and the calls about the site as a whole. */

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/server/daemon.h"
#include "tests/lib/case.h"
#include "tests/unit/http/http_client.h"
#include "tests/unit/server/lab.h"

static struct lab lab;

static int set_up(void **state)
{
	(void)state;
	lab_open(&lab, "2025-05-20T00:00:00Z");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lab_close(&lab);
	return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "(none)";
}

static const struct {
	const char *method, *path, *body;
	int status;
	const char *type, *detail; /* how the detail begins */
} wrong_calls[] = {
	{ "GET", "/nothing", NULL, 404, "not-found",
	  "there is nothing at /api/v1/nothing" },
	{ "GET", "/", NULL, 404, "not-found", "there is nothing at" },
	{ "GET", "!/other", NULL, 404, "not-found", "there is nothing at /other" },
	{ "GET", "/status/more", NULL, 404, "not-found", "there is nothing at" },
	{ "GET", "/devices//explain", NULL, 404, "not-found", "there is nothing at" },
	{ "DELETE", "/status", NULL, 405, "method-not-allowed", "GET, HEAD" },
	{ "POST", "/devices/x/facts", "{}", 405, "method-not-allowed", "PUT" },
	{ "PATCH", "/devices", NULL, 405, "method-not-allowed", "GET, HEAD, POST" },
	{ "GET", "/devices/a%0", NULL, 400, "bad-input", "the id in the path" },
	{ "GET", "/devices/a%00", NULL, 400, "bad-input", "the id in the path" },
	{ "GET", "/devices/none", NULL, 404, "not-found", "there is no device 'none'" },
	{ "GET", "/devices/none/explain", NULL, 404, "not-found",
	  "there is no device 'none'" },
	{ "DELETE", "/devices/none", NULL, 404, "not-found",
	  "there is no device 'none'" },
	{ "PUT", "/devices/none/facts", "{\"facts\":{\"vbs\":\"off\"}}", 404, "not-found",
	  "there is no device 'none'" },
	{ "POST", "/clock", "", 400, "bad-input", "the body is no JSON: line 1" },
	{ "POST", "/clock", "[]", 400, "bad-input", "the body is no JSON object" },
	{ "POST", "/clock", "{\"now\":1}", 400, "bad-input", "the body wants" },
	{ "POST", "/clock", "{\"now\":\"soon\"}", 400, "bad-input", "the body wants" },
	{ "POST", "/clock", "{\"now\":\"2025-05-19T00:00:00Z\"}", 409, "conflict",
	  "the clock stands at 2025-05-20T00:00:00Z" },
	{ "POST", "/clock",
	  "{\"now\":\"2025-05-21T00:00:00Z\",\"now\":\"2025-05-22T00:00:00Z\"}", 400,
	  "bad-input", "the body is no JSON: line 1: duplicate" },
	{ "GET", "/audit?limit=0", NULL, 400, "bad-input",
	  "the parameter 'limit' wants a whole number from 1 to 1000" },
	{ "GET", "/audit?limit=x", NULL, 400, "bad-input",
	  "the parameter 'limit' wants" },
	{ "GET", "/audit?limit=", NULL, 400, "bad-input", "the parameter 'limit' wants" },
	{ "GET", "/devices?limit=1001", NULL, 400, "bad-input",
	  "the parameter 'limit' wants" },
	{ "GET", "/devices?after=%zz", NULL, 400, "bad-input",
	  "the parameter 'after' is malformed" },
	{ "GET", "/devices?where=vbs%20%3D", NULL, 400, "bad-input", "where: " },
};

TEST(every_wrong_call_gets_a_problem_that_says_what_and_why)
{
	for (size_t i = 0; i < COUNT_OF(wrong_calls); i++) {
		struct answer answer = lab_call(&lab, wrong_calls[i].method,
						wrong_calls[i].path, wrong_calls[i].body);
		json_int_t status =
			json_integer_value(json_object_get(answer.json, "status"));
		const char *detail = text_of(answer.json, "detail");
		if (answer.status != wrong_calls[i].status ||
		    status != wrong_calls[i].status ||
		    strcmp(text_of(answer.json, "type"), wrong_calls[i].type) != 0 ||
		    strncmp(detail, wrong_calls[i].detail,
			    strlen(wrong_calls[i].detail)) != 0)
			fail_msg("%s %s %s: %d %s", wrong_calls[i].method,
				 wrong_calls[i].path,
				 wrong_calls[i].body != NULL ? wrong_calls[i].body : "",
				 answer.status, answer.text != NULL ? answer.text : "");
		if (strstr(answer.head, "Content-Type: application/problem+json") == NULL)
			fail_msg("%s %s: %s", wrong_calls[i].method, wrong_calls[i].path,
				 answer.head);
		if (answer.status == 405) {
			char allow[80];
			snprintf(allow, sizeof allow, "Allow: %s\r\n",
				 wrong_calls[i].detail);
			if (strstr(answer.head, allow) == NULL)
				fail_msg("%s: %s", wrong_calls[i].path, answer.head);
		}
		answer_free(&answer);
	}
	/* None of them left anything in the audit log. */
	json_t *audit = lab_expect(&lab, 200, "GET", "/audit", NULL);
	assert_int_equal(json_array_size(json_object_get(audit, "entries")), 0);
	json_decref(audit);
}

TEST(a_head_is_a_get_without_its_body)
{
	struct answer answer = lab_call(&lab, "HEAD", "/clock", NULL);

	assert_int_equal(answer.status, 200);
	assert_null(answer.text);
	answer_free(&answer);
}

TEST(the_clock_is_moved_and_stays_moved)
{
	json_t *body = lab_expect(&lab, 200, "GET", "/clock", NULL);
	assert_string_equal(text_of(body, "now"), "2025-05-20T00:00:00Z");
	assert_string_equal(text_of(body, "clock"), "virtual");
	json_decref(body);
	body = lab_expect(&lab, 200, "POST", "/clock",
			  "{\"now\":\"2025-06-01T12:00:00Z\"}");
	assert_string_equal(text_of(body, "now"), "2025-06-01T12:00:00Z");
	json_decref(body);
	lab_reopen(&lab);
	body = lab_expect(&lab, 200, "GET", "/clock", NULL);
	assert_string_equal(text_of(body, "now"), "2025-06-01T12:00:00Z");
	json_decref(body);
}

TEST(the_real_clock_is_not_to_be_moved)
{
	lab_close(&lab);
	lab_open(&lab, NULL);
	json_t *body = lab_expect(&lab, 200, "GET", "/clock", NULL);
	assert_string_equal(text_of(body, "clock"), "real");
	json_decref(body);
	body = lab_expect(&lab, 409, "POST", "/clock",
			  "{\"now\":\"2099-01-01T00:00:00Z\"}");
	json_decref(body);
}

TEST(an_empty_site_has_a_status)
{
	json_t *body = lab_expect(&lab, 200, "GET", "/status", NULL);
	const char *version, *now, *clock, *address;
	json_int_t devices, releases, products, rings, policies, revision, ready;
	json_t *list;

	assert_int_equal(
		json_unpack(body,
			    "{s:s, s:s, s:s, s:s, s:I, s:{s:I, s:I}, s:{s:I, s:I, "
			    "s:I}, s:{s:I}, s:o}",
			    "version", &version, "now", &now, "clock", &clock, "address",
			    &address, "devices", &devices, "catalog", "releases",
			    &releases, "products", &products, "plan", "rings", &rings,
			    "policies", &policies, "revision", &revision, "standing",
			    "not-ready", &ready, "rings", &list),
		0);
	assert_string_equal(now, "2025-05-20T00:00:00Z");
	assert_string_equal(clock, "virtual");
	assert_string_equal(address, daemon_address(lab.daemon));
	assert_int_equal(devices + releases + products + rings + policies + revision, 0);
	assert_int_equal(ready, 0);
	assert_int_equal(json_array_size(list), 0);
	json_decref(body);
}

TEST(the_enrolment_token_is_told_unless_there_is_none)
{
	json_t *body = lab_expect(&lab, 200, "GET", "/enrolment", NULL);
	assert_string_equal(text_of(body, "token"), lab.state.enrolment_token);
	json_decref(body);
	lab.settings.enrolment = false;
	lab_reopen(&lab);
	json_decref(lab_expect(&lab, 409, "GET", "/enrolment", NULL));
}

TEST(every_change_is_kept_with_who_made_it)
{
	static const struct {
		const char *action, *subject, *reason;
	} wanted[] = {
		/* newest first */
		{ "device.forget", "pc-1", "" },
		{ "device.facts", "pc-1", "seen by eye" },
		{ "device.add", "pc-1", "" },
		{ "clock.move", "2025-05-21T00:00:00Z", "" },
		{ "payload.add", NULL, "" },
		{ "payload.add", NULL, "" },
		{ "payload.add", NULL, "" },
		{ "payload.add", NULL, "" },
		{ "payload.add", NULL, "" },
		{ "payload.add", NULL, "" },
		{ "plan.apply", "lab.xml", "" },
		{ "catalog.import", "w24.xml", "" },
	};
	const struct passwd *me = getpwuid(geteuid());

	assert_non_null(me);
	lab_load(&lab);
	json_decref(lab_expect(&lab, 200, "POST", "/clock",
			       "{\"now\":\"2025-05-21T00:00:00Z\"}"));
	json_decref(lab_expect(&lab, 201, "POST", "/devices", "{\"id\":\"pc-1\"}"));
	json_decref(lab_expect(&lab, 200, "PUT", "/devices/pc-1/facts",
			       "{\"facts\":{\"vbs\":\"off\"},\"reason\":\"seen by "
			       "eye\"}"));
	json_decref(lab_expect(&lab, 200, "DELETE", "/devices/pc-1", NULL));
	json_t *audit = lab_expect(&lab, 200, "GET", "/audit", NULL);
	const json_t *entries = json_object_get(audit, "entries");
	assert_int_equal(json_array_size(entries), COUNT_OF(wanted));
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		const json_t *entry = json_array_get(entries, i);
		if (strcmp(text_of(entry, "action"), wanted[i].action) != 0 ||
		    (wanted[i].subject != NULL &&
		     strcmp(text_of(entry, "subject"), wanted[i].subject) != 0) ||
		    strcmp(text_of(entry, "reason"), wanted[i].reason) != 0 ||
		    strcmp(text_of(entry, "by"), me->pw_name) != 0)
			fail_msg("entry %zu: %s", i, json_dumps(entry, 0));
	}
	assert_string_equal(text_of(json_array_get(entries, 0), "at"),
			    "2025-05-21T00:00:00Z");
	json_decref(audit);
	audit = lab_expect(&lab, 200, "GET", "/audit?limit=2", NULL);
	assert_int_equal(json_array_size(json_object_get(audit, "entries")), 2);
	json_decref(audit);
}

/* In a child that is nobody, of that group or of its own: what becomes of a call.  0: it
 * was not let in at all; 3: 403; 4: 200. */
static int status_for_nobody(const char *socket, const char *group)
{
	const struct group *other = group != NULL ? getgrnam(group) : NULL;
	const struct passwd *nobody = getpwnam("nobody");
	struct http_client client;
	const char *head = "GET /api/v1/clock HTTP/1.1\r\nHost: localhost\r\n\r\n";

	if (nobody == NULL || setgroups(0, NULL) != 0 ||
	    setgid(other != NULL ? other->gr_gid : nobody->pw_gid) != 0 ||
	    setuid(nobody->pw_uid) != 0)
		return 1;
	if (!http_client_unix(&client, socket))
		return 0;
	if (!http_client_send(&client, head, strlen(head)))
		return 2;
	struct http_answer answer = http_client_answer(&client, false);
	return answer.status == 403 ? 3 : answer.status == 200 ? 4 : 5;
}

static int ask_as_nobody(const char *socket, const char *group)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(status_for_nobody(socket, group));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(a_stranger_is_refused_even_where_the_socket_is_open_to_him)
{
	const char *socket = scratch_path(&lab.scratch, "api.sock");

	if (geteuid() != 0)
		skip(); /* only root can play somebody else */
	snprintf(lab.settings.admin_socket, sizeof lab.settings.admin_socket, "%s",
		 socket);
	lab_reopen(&lab);
	assert_int_equal(chmod(lab.scratch.folder, 0755), 0);
	assert_int_equal(ask_as_nobody(lab.settings.admin_socket, NULL), 0);
	assert_int_equal(chmod(lab.settings.admin_socket, 0666), 0);
	assert_int_equal(ask_as_nobody(lab.settings.admin_socket, NULL), 3);
}

TEST(a_member_of_the_sockets_group_may_call)
{
	static const struct {
		const char *group; /* of the socket */
		const char *own;   /* the caller's, NULL for his usual one */
		int outcome;
	} rows[] = {
		{ "nogroup", NULL, 4 },     /* his group */
		{ "nogroup", "daemon", 0 }, /* the kernel knows him by another */
		{ "daemon", "daemon", 4 },  /* one he was given for the call */
		{ "daemon", NULL, 0 },
	};

	if (geteuid() != 0)
		skip();
	snprintf(lab.settings.admin_socket, sizeof lab.settings.admin_socket, "%s",
		 scratch_path(&lab.scratch, "api.sock"));
	assert_int_equal(chmod(lab.scratch.folder, 0755), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		snprintf(lab.settings.admin_group, sizeof lab.settings.admin_group, "%s",
			 rows[i].group);
		lab_reopen(&lab);
		int outcome = ask_as_nobody(lab.settings.admin_socket, rows[i].own);
		if (outcome != rows[i].outcome)
			fail_msg("%s as %s: %d", rows[i].group,
				 rows[i].own != NULL ? rows[i].own : "himself", outcome);
	}
}

TEST(more_reports_than_the_pool_takes_wait_their_turn)
{
	struct http_client clients[12];
	const char *head = "GET /api/v1/reports/hotpatch HTTP/1.1\r\nHost: l\r\n\r\n";

	lab.settings.pool_threads = 2; /* one job at a time */
	lab_reopen(&lab);
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		assert_true(http_client_unix(&clients[i], daemon_socket(lab.daemon)));
		assert_true(http_client_send(&clients[i], head, strlen(head)));
	}
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		struct http_answer answer = http_client_answer(&clients[i], false);
		assert_int_equal(answer.status, 200);
		http_answer_free(&answer);
		http_client_close(&clients[i], true);
	}
}

int main(void)
{
#define API_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		API_TEST(every_wrong_call_gets_a_problem_that_says_what_and_why),
		API_TEST(a_head_is_a_get_without_its_body),
		API_TEST(the_clock_is_moved_and_stays_moved),
		API_TEST(the_real_clock_is_not_to_be_moved),
		API_TEST(an_empty_site_has_a_status),
		API_TEST(the_enrolment_token_is_told_unless_there_is_none),
		API_TEST(every_change_is_kept_with_who_made_it),
		API_TEST(a_stranger_is_refused_even_where_the_socket_is_open_to_him),
		API_TEST(a_member_of_the_sockets_group_may_call),
		API_TEST(more_reports_than_the_pool_takes_wait_their_turn),
	};
	return cmocka_run_group_tests_name("admin api", tests, NULL, NULL);
}
