/* The HTTPS port of a whole daemon, as a client sees it. */

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/server/daemon.h"
#include "tests/lib/case.h"
#include "tests/unit/http/http_client.h"
#include "tests/unit/server/lab.h"

static struct lab lab;
static SSL_CTX *client;

static int set_up(void **state)
{
	char path[256];

	(void)state;
	lab_open(&lab, "2025-05-20T00:00:00Z");
	client = SSL_CTX_new(TLS_client_method());
	assert_non_null(client);
	SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
	state_dir_file(&lab.state, "ca.crt", path, sizeof path);
	assert_int_equal(SSL_CTX_load_verify_file(client, path), 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	SSL_CTX_free(client);
	lab_close(&lab);
	return 0;
}

static int port(void)
{
	return (int)strtol(strrchr(daemon_address(lab.daemon), ':') + 1, NULL, 10);
}

static struct http_answer ask(const char *method, const char *path)
{
	struct http_client connection;
	struct http_answer answer = { 0 };
	char head[512];

	if (!http_client_tls(&connection, port(), client, NULL))
		return answer;
	snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n", method,
		 path);
	if (http_client_send(&connection, head, strlen(head)))
		answer = http_client_answer(&connection, strcmp(method, "HEAD") == 0);
	http_client_close(&connection, true);
	return answer;
}

TEST(every_path_has_an_answer)
{
	static const struct {
		const char *method, *path;
		int status;
		const char *body; /* part of it */
	} rows[] = {
		{ "GET", "/healthz", 200, "ok\n" },
		{ "HEAD", "/healthz", 200, NULL },
		{ "POST", "/healthz", 405, NULL },
		{ "GET", "/", 404, "\"type\":\"not-found\"" },
		{ "GET", "/api/v1/status", 404, "\"type\":\"not-found\"" },
		{ "GET", "/healthz/more", 404, "\"status\":404" },
		{ "GET", "/DEFAULT/controller/v1/pc-1", 401, NULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_answer answer = ask(rows[i].method, rows[i].path);
		if (answer.status != rows[i].status ||
		    (rows[i].body != NULL &&
		     (answer.body == NULL || strstr(answer.body, rows[i].body) == NULL)))
			fail_msg("%s %s: %d %s", rows[i].method, rows[i].path,
				 answer.status, answer.body != NULL ? answer.body : "");
		http_answer_free(&answer);
	}
}

TEST(no_body_as_large_as_a_catalog_is_taken_from_a_device)
{
	struct http_client connection;
	const char *head = "POST /api/v1/catalog HTTP/1.1\r\nHost: localhost\r\n"
			   "Content-Length: 1000000\r\n\r\n";

	assert_true(http_client_tls(&connection, port(), client, NULL));
	assert_true(http_client_send(&connection, head, strlen(head)));
	struct http_answer answer = http_client_answer(&connection, false);
	assert_int_equal(answer.status, 413);
	http_answer_free(&answer);
	http_client_close(&connection, false);
}

TEST(a_second_daemon_on_the_same_socket_is_refused)
{
	struct problem p;

	assert_null(daemon_start(&lab.settings, &lab.state, lab.site, &p));
	assert_non_null(strstr(p.text, "admin"));
	struct http_answer answer = ask("GET", "/healthz");
	assert_int_equal(answer.status, 200);
	http_answer_free(&answer);
}

TEST(a_group_that_does_not_exist_is_refused)
{
	struct problem p;

	snprintf(lab.settings.admin_group, sizeof lab.settings.admin_group, "%s",
		 "no-such-group");
	snprintf(lab.settings.admin_socket, sizeof lab.settings.admin_socket, "%s",
		 scratch_path(&lab.scratch, "other.sock"));
	assert_null(daemon_start(&lab.settings, &lab.state, lab.site, &p));
	assert_string_equal(p.text,
			    "admin-group is 'no-such-group', and there is no such "
			    "group");
}

TEST(a_server_that_stops_is_found_again_as_it_was)
{
	lab_load(&lab);
	lab_device(&lab, "pc-1", "site=lab");
	lab_reopen(&lab);
	json_t *status = lab_expect(&lab, 200, "GET", "/status", NULL);
	json_int_t devices, releases, revision, payloads;
	assert_int_equal(json_unpack(status, "{s:I, s:{s:I}, s:{s:I}, s:I}", "devices",
				     &devices, "catalog", "releases", &releases, "plan",
				     "revision", &revision, "payloads", &payloads),
			 0);
	assert_int_equal(devices, 1);
	assert_int_equal(releases, 3);
	assert_int_equal(revision, 1);
	assert_int_equal(payloads, 6);
	json_decref(status);
}

int main(void)
{
#define DAEMON_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		DAEMON_TEST(every_path_has_an_answer),
		DAEMON_TEST(no_body_as_large_as_a_catalog_is_taken_from_a_device),
		DAEMON_TEST(a_second_daemon_on_the_same_socket_is_refused),
		DAEMON_TEST(a_group_that_does_not_exist_is_refused),
		DAEMON_TEST(a_server_that_stops_is_found_again_as_it_was),
	};
	return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
}
