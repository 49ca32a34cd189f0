#include "agents/client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/scratch.h"
#include "tests/unit/agents/stub.h"

#define OK(body_size) "HTTP/1.1 200 OK\r\nContent-Length: " body_size "\r\n"

static struct request request_of(const char *url)
{
	struct request request = {
		.method = "GET", .url = url, .range_from = -1, .range_to = -1
	};
	return request;
}

static struct client *plain_client(void)
{
	struct client_options options = { .allow_plain_loopback = true };
	struct problem p = { 0 };
	struct client *client = client_new(&options, &p);
	assert_non_null(client);
	return client;
}

static int ask(struct client *client, const struct request *request,
	       struct answer *answer, struct problem *p)
{
	struct transport transport = client_transport(client);
	memset(p, 0, sizeof *p);
	return transport.exchange(transport.owner, request, answer, p);
}

TEST(an_answer_comes_with_what_its_headers_say)
{
	static const struct {
		const char *reply;
		int status;
		int64_t length, range_from, retry_after_s;
		const char *etag, *body;
	} rows[] = {
		{ OK("2") "ETag: \"a\"\r\n\r\nhi", 200, 2, -1, -1, "\"a\"", "hi" },
		{ OK("0") "etag:W/\"b\" \r\n\r\n", 200, 0, -1, -1, "W/\"b\"", NULL },
		{ "HTTP/1.1 206 Partial\r\nContent-Range: bytes 7-8/9\r\n"
		  "Content-Length: 2\r\n\r\nhi",
		  206, 2, 7, -1, "", "hi" },
		{ "HTTP/1.1 206 Partial\r\nContent-Range: bytes */9\r\n"
		  "Content-Length: 0\r\n\r\n",
		  206, 0, -1, -1, "", NULL },
		{ "HTTP/1.1 503 Busy\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n",
		  503, 0, -1, 30, "", NULL },
		{ "HTTP/1.1 103 Early\r\nETag: \"early\"\r\n\r\nHTTP/1.1 404 No\r\n"
		  "Content-Length: 0\r\n\r\n",
		  404, 0, -1, -1, "", NULL },
		{ "HTTP/1.1 302 Elsewhere\r\nLocation: https://other/\r\n"
		  "Content-Length: 0\r\n\r\n",
		  302, 0, -1, -1, "", NULL },
	};
	static const char *replies[COUNT_OF(rows)];
	static struct stub stub;

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		replies[i] = rows[i].reply;
	stub_start(&stub, replies, COUNT_OF(rows));
	struct client *client = plain_client();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct request request = request_of(stub.url);
		struct answer answer;
		struct problem p;
		if (ask(client, &request, &answer, &p) < 0)
			fail_msg("row %zu: %s", i, p.text);
		assert_int_equal(answer.status, rows[i].status);
		assert_int_equal(answer.length, rows[i].length);
		assert_int_equal(answer.range_from, rows[i].range_from);
		assert_int_equal(answer.retry_after_s, rows[i].retry_after_s);
		assert_string_equal(answer.etag, rows[i].etag);
		if (rows[i].body == NULL)
			assert_int_equal(answer.body_size, 0);
		else
			assert_string_equal(answer.body, rows[i].body);
		answer_fini(&answer);
	}
	assert_int_equal(atomic_load(&stub.connection_count), 1); /* kept alive */
	client_free(client);
	stub_stop(&stub);
}

TEST(a_request_says_what_it_was_given)
{
	static const char *const replies[] = { OK("0") "\r\n" };
	static struct stub stub;
	struct client *client;
	struct answer answer;
	struct problem p;

	stub_start(&stub, replies, 1);
	client = plain_client();
	struct request put = request_of(stub.url);
	put.method = "PUT";
	put.body = "{\"a\":1}";
	put.authorization = "TargetToken abc";
	assert_int_equal(ask(client, &put, &answer, &p), 0);
	answer_fini(&answer);
	struct request get = request_of(stub.url);
	get.range_from = 5;
	get.if_range = "\"tag\"";
	assert_int_equal(ask(client, &get, &answer, &p), 0);
	answer_fini(&answer);
	get.range_to = 9;
	get.if_range = NULL;
	assert_int_equal(ask(client, &get, &answer, &p), 0);
	answer_fini(&answer);
	client_free(client);
	stub_stop(&stub);

	assert_true(strncmp(stub.requests[0], "PUT / HTTP/1.1\r\n", 16) == 0);
	assert_non_null(strstr(stub.requests[0], "Authorization: TargetToken abc\r\n"));
	assert_non_null(strstr(stub.requests[0], "Content-Type: application/json\r\n"));
	assert_non_null(strstr(stub.requests[0], "\r\n\r\n{\"a\":1}"));
	assert_true(strncmp(stub.requests[1], "GET / HTTP/1.1\r\n", 16) == 0);
	assert_null(strstr(stub.requests[1], "Authorization"));
	assert_non_null(strstr(stub.requests[1], "Range: bytes=5-\r\n"));
	assert_non_null(strstr(stub.requests[1], "If-Range: \"tag\"\r\n"));
	assert_non_null(strstr(stub.requests[2], "Range: bytes=5-9\r\n"));
	assert_null(strstr(stub.requests[2], "If-Range"));
}

TEST(an_answer_without_end_is_refused)
{
	static const char *const replies[] = { "HTTP/1.1 200 OK\r\n\r\n" };
	static struct stub stub = { .endless = ANSWER_BODY_MOST + 1 };
	struct answer answer;
	struct problem p;

	stub_start(&stub, replies, 1);
	struct client *client = plain_client();
	struct request request = request_of(stub.url);
	assert_int_equal(ask(client, &request, &answer, &p), -1);
	assert_int_equal(p.kind, PROBLEM_TOO_LARGE);
	client_free(client);
	stub_stop(&stub);
}

struct bucket {
	size_t opened, size, most;
	bool refuses;
	int status;
};

static bool on_open(void *owner, const struct answer *answer)
{
	struct bucket *bucket = owner;
	bucket->opened++;
	bucket->status = answer->status;
	return !bucket->refuses;
}

static bool on_take(void *owner, const void *data, size_t size)
{
	struct bucket *bucket = owner;
	(void)data;
	bucket->size += size;
	return bucket->size <= bucket->most;
}

TEST(a_sink_takes_the_body_of_a_file_and_of_nothing_else)
{
	static const char *const replies[] = {
		OK("5") "\r\nhello",
		"HTTP/1.1 206 Partial\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone",
		OK("5") "\r\nhello",
		OK("5") "\r\nhello",
	};
	static const struct {
		struct bucket bucket;
		size_t opened, size;
		bool cut, body;
	} rows[] = {
		{ { .most = 100 }, 1, 5, false, false },
		{ { .most = 100 }, 1, 2, false, false },
		{ { .most = 100 }, 0, 0, false, true },
		{ { .refuses = true }, 1, 0, true, false },
		{ { .most = 2 }, 1, 5, true, false },
	};
	static struct stub stub;

	stub_start(&stub, replies, COUNT_OF(replies));
	struct client *client = plain_client();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket bucket = rows[i].bucket;
		struct sink sink = { &bucket, on_open, on_take };
		struct request request = request_of(stub.url);
		struct answer answer;
		struct problem p;
		request.sink = &sink;
		if (ask(client, &request, &answer, &p) < 0)
			fail_msg("row %zu: %s", i, p.text);
		if (bucket.opened != rows[i].opened || bucket.size != rows[i].size ||
		    answer.cut != rows[i].cut || (answer.body != NULL) != rows[i].body)
			fail_msg("row %zu", i);
		answer_fini(&answer);
	}
	client_free(client);
	stub_stop(&stub);
}

TEST(there_is_no_way_in_but_tls)
{
	static const char *const replies[] = { OK("0") "\r\n" };
	static struct stub stub;
	struct client_options options = { 0 };
	struct answer answer;
	struct problem p = { 0 };

	stub_start(&stub, replies, 1);
	struct client *client = client_new(&options, &p);
	const char *const urls[] = { stub.url, "file:///etc/hostname",
				     "ftp://127.0.0.1/" };
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct request request = request_of(urls[i]);
		assert_int_equal(ask(client, &request, &answer, &p), -1);
		assert_int_equal(p.kind, PROBLEM_EXTERNAL);
	}
	assert_int_equal(atomic_load(&stub.connection_count), 0);
	client_free(client);
	stub_stop(&stub);
}

TEST(the_servers_certificate_must_be_the_right_one)
{
	static const char *const replies[] = { OK("2") "\r\nhi" };
	static const struct {
		const char *name;
		bool other_ca, good;
	} rows[] = {
		{ "IP:127.0.0.1", false, true },
		{ "IP:127.0.0.1", true, false },
		{ "DNS:yard.lab", false, false },
	};
	char folder[SCRATCH_PATH], ca[SCRATCH_PATH + 20], other[SCRATCH_PATH + 20];

	scratch_make(folder);
	snprintf(ca, sizeof ca, "%s/ca.pem", folder);
	snprintf(other, sizeof other, "%s/other.pem", folder);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct stub *stub = calloc(1, sizeof *stub),
			    *another = calloc(1, sizeof *stub);
		struct answer answer;
		struct problem p = { 0 };
		assert_non_null(stub);
		assert_non_null(another);
		stub_start_tls(stub, replies, 1, rows[i].name, ca);
		stub_start_tls(another, replies, 1, rows[i].name, other);
		struct client_options options = { .ca_file =
							  rows[i].other_ca ? other : ca };
		struct client *client = client_new(&options, &p);
		struct request request = request_of(stub->url);
		int result = ask(client, &request, &answer, &p);
		if ((result == 0) != rows[i].good)
			fail_msg("row %zu: %s", i, p.text);
		if (result == 0)
			answer_fini(&answer);
		assert_int_equal(atomic_load(&stub->request_count), rows[i].good ? 1 : 0);
		client_free(client);
		stub_stop(stub);
		stub_stop(another);
		free(stub);
		free(another);
	}
	scratch_remove(folder);
}

TEST(a_unix_socket_is_spoken_to_in_the_clear)
{
	static const char *const replies[] = { OK("2") "\r\nhi" };
	static struct stub stub;
	char folder[SCRATCH_PATH], path[SCRATCH_PATH + 10];
	struct answer answer;
	struct problem p = { 0 };

	scratch_make(folder);
	snprintf(path, sizeof path, "%s/s", folder);
	stub_start_unix(&stub, replies, 1, path);
	struct client_options options = { .unix_socket = path };
	struct client *client = client_new(&options, &p);
	struct request request = request_of("http://localhost/api");
	assert_int_equal(ask(client, &request, &answer, &p), 0);
	assert_string_equal(answer.body, "hi");
	answer_fini(&answer);
	client_free(client);
	stub_stop(&stub);
	scratch_remove(folder);
}

TEST(a_server_that_is_not_there_is_an_external_problem)
{
	static const char *const replies[] = { OK("0") "\r\n" };
	static struct stub stub;
	struct answer answer;
	struct problem p;

	stub_start(&stub, replies, 1);
	stub_stop(&stub); /* its port is free now */
	struct client *client = plain_client();
	struct request request = request_of(stub.url);
	assert_int_equal(ask(client, &request, &answer, &p), -1);
	assert_int_equal(p.kind, PROBLEM_EXTERNAL);
	client_free(client);
}

static bool always(void)
{
	return true;
}

TEST(a_transfer_ends_when_the_program_does)
{
	static const char *const replies[] = { OK("100") "\r\nsome of it" };
	static struct stub stub = { .stalls = true };
	struct client_options options = { .allow_plain_loopback = true,
					  .is_stopped = always };
	struct answer answer;
	struct problem p = { 0 };

	stub_start(&stub, replies, 1);
	struct client *client = client_new(&options, &p);
	struct request request = request_of(stub.url);
	assert_int_equal(ask(client, &request, &answer, &p), -1);
	client_free(client);
	stub_stop(&stub);
}

static int start(void **state)
{
	struct problem p = { 0 };
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return client_start(&p);
}

static int stop(void **state)
{
	(void)state;
	client_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_with_what_its_headers_say),
		cmocka_unit_test(a_request_says_what_it_was_given),
		cmocka_unit_test(an_answer_without_end_is_refused),
		cmocka_unit_test(a_sink_takes_the_body_of_a_file_and_of_nothing_else),
		cmocka_unit_test(there_is_no_way_in_but_tls),
		cmocka_unit_test(the_servers_certificate_must_be_the_right_one),
		cmocka_unit_test(a_unix_socket_is_spoken_to_in_the_clear),
		cmocka_unit_test(a_server_that_is_not_there_is_an_external_problem),
		cmocka_unit_test(a_transfer_ends_when_the_program_does),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
