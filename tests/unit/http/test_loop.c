#include "protocol/http/loop.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/http/fixture.h"
#include "tests/unit/http/http_client.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: lab\r\n\r\n"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	return fixture_init(&f) && fixture_start(&f, NULL) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	fixture_fini(&f);
	return 0;
}

TEST(two_hundred_requests_go_over_one_tls_connection)
{
	struct http_client client;

	assert_true(http_client_tls(&client, loop_port(f.loop), f.client, NULL));
	for (int i = 0; i < 200; i++) {
		char request[128], wanted[64];
		snprintf(request, sizeof request,
			 "POST /echo?n=%d HTTP/1.1\r\nHost: lab\r\nContent-Length: "
			 "5\r\n\r\n"
			 "hello",
			 i);
		snprintf(wanted, sizeof wanted, "query=n=%d ", i);
		struct http_answer answer = http_client_ask(&client, request);
		assert_int_equal(answer.status, 200);
		assert_non_null(strstr(answer.body, wanted));
		assert_non_null(strstr(answer.body, "body=5:hello"));
		http_answer_free(&answer);
	}
	http_client_close(&client, true);
	assert_true(fixture_await_open(&f, 0));
	assert_int_equal(loop_counts(f.loop).accepted, 1);
	assert_int_equal(loop_counts(f.loop).requests, 200);
}

static void ask_once(int version, bool politely, bool *resumed)
{
	struct http_client client;

	SSL_CTX_set_min_proto_version(f.client, version);
	SSL_CTX_set_max_proto_version(f.client, version);
	assert_true(http_client_tls(&client, loop_port(f.loop), f.client, f.session));
	*resumed = SSL_session_reused(client.ssl) == 1;
	struct http_answer answer = http_client_ask(&client, GET("/echo"));
	assert_int_equal(answer.status, 200);
	http_answer_free(&answer);
	http_client_close(&client, politely);
}

TEST(a_client_that_comes_back_resumes_its_session_in_both_tls_versions)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		bool resumed;
		SSL_SESSION_free(f.session);
		f.session = NULL;
		ask_once(versions[i], true, &resumed);
		assert_false(resumed);
		assert_non_null(f.session);
		for (int again = 0; again < 3; again++) {
			ask_once(versions[i], true, &resumed);
			assert_true(resumed);
		}
	}
}

TEST(tls_below_1_2_and_other_protocols_than_http_1_1_are_refused)
{
	struct http_client client;

	SSL_CTX_set_min_proto_version(f.client, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(f.client, TLS1_1_VERSION);
	SSL_CTX_set_security_level(f.client, 0);
	assert_false(http_client_tls(&client, loop_port(f.loop), f.client, NULL));
	SSL_CTX_set_max_proto_version(f.client, TLS1_3_VERSION);
	SSL_CTX_set_alpn_protos(f.client, (const unsigned char *)"\x02h2", 3);
	assert_false(http_client_tls(&client, loop_port(f.loop), f.client, NULL));
	SSL_CTX_set_alpn_protos(f.client, (const unsigned char *)"\x02h2\x08http/1.1",
				12);
	assert_true(http_client_tls(&client, loop_port(f.loop), f.client, NULL));
	http_client_close(&client, true);
}

TEST(plain_http_on_the_tls_port_gets_no_reply_and_the_loop_goes_on)
{
	struct http_client client;
	char room[512];
	long got;

	assert_true(http_client_tls(&client, loop_port(f.loop), f.client, NULL));
	SSL_free(client.ssl); /* leave TLS behind in the middle of the connection */
	client.ssl = NULL;
	assert_true(http_client_send(&client, GET("/echo"), strlen(GET("/echo"))));
	while ((got = http_client_read(&client, room, sizeof room)) > 0)
		assert_null(memmem(room, (size_t)got, "HTTP/1.1", 8));
	http_client_close(&client, false);
	assert_true(http_client_tls(&client, loop_port(f.loop), f.client, NULL));
	struct http_answer answer = http_client_ask(&client, GET("/echo"));
	assert_int_equal(answer.status, 200);
	http_answer_free(&answer);
	http_client_close(&client, true);
}

TEST(a_reply_may_come_later_from_a_task_that_another_thread_posts)
{
	struct http_client clients[3];

	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		assert_true(
			http_client_tls(&clients[i], loop_port(f.loop), f.client, NULL));
		assert_true(http_client_send(&clients[i], GET("/later"),
					     strlen(GET("/later"))));
	}
	assert_true(fixture_await_later(&f, 3));
	fixture_release(&f);
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		struct http_answer answer = http_client_answer(&clients[i], false);
		assert_int_equal(answer.status, 200);
		assert_string_equal(answer.body, "late");
		http_answer_free(&answer);
		http_client_close(&clients[i], true);
	}
}

TEST(requests_in_flight_are_answered_when_the_loop_is_stopped)
{
	struct http_client busy, idle;
	char byte, value[32];

	assert_true(http_client_tls(&idle, loop_port(f.loop), f.client, NULL));
	struct http_answer answer = http_client_ask(&idle, GET("/echo"));
	http_answer_free(&answer);
	assert_true(http_client_unix(&busy, f.socket));
	assert_true(http_client_send(&busy, GET("/later"), strlen(GET("/later"))));
	assert_true(fixture_await_later(&f, 1));
	loop_stop(f.loop);
	loop_stop(f.loop);
	/* The idle one is told goodbye at once, with a close_notify. */
	assert_int_equal(http_client_read(&idle, &byte, 1), 0);
	assert_int_equal(access(f.socket, F_OK), -1);
	fixture_release(&f);
	answer = http_client_answer(&busy, false);
	assert_int_equal(answer.status, 200);
	assert_true(http_answer_header(&answer, "Connection", value, sizeof value));
	assert_string_equal(value, "close");
	assert_int_equal(http_client_read(&busy, &byte, 1), 0);
	http_answer_free(&answer);
	loop_join(f.loop);
	f.loop = NULL;
	assert_int_equal(f.started, 1);
	assert_int_equal(f.stopped, 1);
	http_client_close(&idle, true);
	http_client_close(&busy, true);
}

TEST(a_stop_cuts_connections_after_the_drain_time_but_waits_for_the_exchange)
{
	struct http_client client;
	struct loop_settings settings = { .drain_ms = 50 };
	char byte;

	fixture_stop(&f);
	assert_true(fixture_start(&f, &settings));
	assert_true(http_client_unix(&client, f.socket));
	assert_true(http_client_send(&client, GET("/later"), strlen(GET("/later"))));
	assert_true(fixture_await_later(&f, 1));
	loop_stop(f.loop);
	assert_true(http_client_read(&client, &byte, 1) <= 0);
	assert_true(fixture_await_open(&f, 0));
	fixture_release(&f);
	loop_join(f.loop);
	f.loop = NULL;
	http_client_close(&client, false);
}

TEST(a_peer_that_leaves_before_the_answer_leaks_nothing)
{
	struct http_client client;
	char byte;

	for (unsigned i = 0; i < 20; i++) {
		assert_true(i % 2 == 0 ? http_client_unix(&client, f.socket)
				       : http_client_tls(&client, loop_port(f.loop),
							 f.client, NULL));
		assert_true(
			http_client_send(&client, GET("/later"), strlen(GET("/later"))));
		assert_true(fixture_await_later(&f, i + 1));
		/* Half of them tear the connection down, half are merely done sending. */
		struct linger now = { .l_onoff = 1 };
		if (i % 4 < 2)
			setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		http_client_close(&client, false);
	}
	fixture_release(&f);
	assert_true(fixture_await_open(&f, 0));

	/* One that shuts its sending side only still gets its answer. */
	assert_true(http_client_unix(&client, f.socket));
	assert_true(http_client_send(&client, GET("/later"), strlen(GET("/later"))));
	assert_int_equal(shutdown(client.fd, SHUT_WR), 0);
	assert_true(fixture_await_later(&f, 21));
	fixture_release(&f);
	struct http_answer answer = http_client_answer(&client, false);
	assert_int_equal(answer.status, 200);
	assert_int_equal(http_client_read(&client, &byte, 1), 0);
	http_answer_free(&answer);
	http_client_close(&client, false);
}

static void expect_bytes(const struct http_answer *answer, size_t size)
{
	assert_int_equal(answer->status, 200);
	assert_int_equal(answer->body_size, size);
	for (size_t i = 0; i < size; i++) {
		if (answer->body[i] != fixture_byte(i))
			fail_msg("byte %zu is wrong", i);
	}
}

TEST(a_file_of_eight_mebibytes_reaches_a_slow_reader_whole)
{
	struct http_client client;

	for (int tls = 0; tls < 2; tls++) {
		assert_true(
			tls ? http_client_tls(&client, loop_port(f.loop), f.client, NULL)
			    : http_client_unix(&client, f.socket));
		int small = 64 * 1024;
		setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
		/* Two at once: the second has to wait for the first. */
		const char *twice = GET("/file") GET("/bytes/3000000") GET("/echo");
		assert_true(http_client_send(&client, twice, strlen(twice)));
		assert_true(
			fixture_await_ticks(&f, (unsigned)tls + 1)); /* reads nothing */
		struct http_answer answer = http_client_answer(&client, false);
		expect_bytes(&answer, f.file_size);
		http_answer_free(&answer);
		answer = http_client_answer(&client, false);
		expect_bytes(&answer, 3000000);
		http_answer_free(&answer);
		answer = http_client_answer(&client, false);
		assert_int_equal(answer.status, 200);
		http_answer_free(&answer);
		http_client_close(&client, true);
	}
}

TEST(a_reader_that_leaves_in_the_middle_of_a_file_leaks_nothing)
{
	struct http_client client;
	char room[1000];

	for (int i = 0; i < 10; i++) {
		assert_true(i % 2 ? http_client_tls(&client, loop_port(f.loop), f.client,
						    NULL)
				  : http_client_unix(&client, f.socket));
		assert_true(
			http_client_send(&client, GET("/file"), strlen(GET("/file"))));
		assert_true(http_client_read(&client, room, sizeof room) > 0);
		http_client_close(&client, false);
	}
	assert_true(fixture_await_open(&f, 0));
}

TEST(a_file_that_became_shorter_cuts_the_connection)
{
	struct http_client client;

	f.file_size += 1; /* promised, but not there */
	assert_true(http_client_tls(&client, loop_port(f.loop), f.client, NULL));
	struct http_answer answer = http_client_ask(&client, GET("/file"));
	assert_int_equal(answer.status, 0);
	assert_int_equal(answer.body_size, f.file_size - 1);
	http_answer_free(&answer);
	http_client_close(&client, false);
	assert_true(fixture_await_open(&f, 0));
}

struct posted {
	struct loop_task task;
	pthread_t ran_on;
	int *runs;
};

static void on_posted(struct loop_task *task)
{
	struct posted *posted = (struct posted *)task;
	posted->ran_on = pthread_self();
	++*posted->runs;
}

static void *post_many(void *argument)
{
	struct posted *posted = argument;
	for (int i = 0; i < 1000; i++)
		loop_post(f.loop, &posted[i].task);
	return NULL;
}

TEST(every_task_runs_once_however_many_threads_post)
{
	enum { THREADS = 4, EACH = 1000 };
	static struct posted posted[THREADS * EACH];
	pthread_t threads[THREADS];
	int runs = 0;

	for (size_t i = 0; i < COUNT_OF(posted); i++)
		posted[i] = (struct posted){ .task.run = on_posted, .runs = &runs };
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, post_many, &posted[i * EACH]);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	fixture_stop(&f);
	assert_int_equal(runs, THREADS * EACH);
}

TEST(loops_share_a_port_and_stop_apart)
{
	struct problem p;
	struct loop_settings settings = { .index = 1,
					  .address = "127.0.0.1",
					  .port = loop_port(f.loop),
					  .tls = f.tls,
					  .handle = NULL };
	struct loop *second = loop_start(&settings, &p);

	assert_non_null(second);
	assert_int_equal(loop_port(second), loop_port(f.loop));
	assert_int_equal(loop_index(second), 1);
	loop_stop(second);
	loop_join(second);
}

static int refuse_start(struct loop *loop, void *owner, struct problem *p)
{
	(void)loop;
	(void)owner;
	return problem_set(p, PROBLEM_EXTERNAL, "no store");
}

TEST(a_loop_that_cannot_start_says_why)
{
	struct problem p = { 0 };
	struct loop_settings settings = { .unix_path = f.socket };

	assert_null(loop_start(&settings, &p));
	assert_non_null(strstr(p.text, "another server answers"));
	assert_int_equal(access(f.socket, F_OK), 0);

	settings.unix_path = f.file;
	assert_null(loop_start(&settings, &p));
	assert_non_null(strstr(p.text, "is no socket"));

	settings.unix_path = "/nonexistent/folder/api.sock";
	assert_null(loop_start(&settings, &p));
	assert_non_null(strstr(p.text, "No such file"));

	settings = (struct loop_settings){ .address = "lab.example", .tls = f.tls };
	assert_null(loop_start(&settings, &p));
	assert_non_null(strstr(p.text, "give an IP address"));

	settings = (struct loop_settings){ .address = "192.0.2.1", .tls = f.tls };
	assert_null(loop_start(&settings, &p));
	assert_non_null(strstr(p.text, "192.0.2.1"));

	settings = (struct loop_settings){ .address = "127.0.0.1",
					   .tls = f.tls,
					   .started = refuse_start };
	assert_null(loop_start(&settings, &p));
	assert_string_equal(p.text, "no store");
}

TEST(a_socket_left_by_a_dead_server_is_replaced_and_has_its_mode)
{
	struct problem p;
	struct stat file;
	char path[96], moved[96];
	struct loop_settings settings = { .unix_path = path };

	snprintf(path, sizeof path, "%s/second.sock", f.folder);
	snprintf(moved, sizeof moved, "%s/moved.sock", f.folder);
	struct loop *loop = loop_start(&settings, &p);
	assert_non_null(loop);
	/* Its file is moved away, so the stop leaves it behind, with nobody there. */
	assert_int_equal(rename(path, moved), 0);
	loop_stop(loop);
	loop_join(loop);
	assert_int_equal(rename(moved, path), 0);

	loop = loop_start(&settings, &p);
	assert_non_null(loop);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0660);
	loop_stop(loop);
	loop_join(loop);
	assert_int_equal(access(path, F_OK), -1);
}

TEST(an_idle_connection_is_closed_after_the_keep_alive_time)
{
	struct http_client client;
	struct loop_settings settings = { .keep_alive_ms = 50 };
	char byte;

	fixture_stop(&f);
	assert_true(fixture_start(&f, &settings));
	assert_true(http_client_tls(&client, loop_port(f.loop), f.client, NULL));
	struct http_answer answer = http_client_ask(&client, GET("/echo"));
	assert_int_equal(answer.status, 200);
	assert_int_equal(http_client_read(&client, &byte, 1), 0); /* close_notify */
	http_answer_free(&answer);
	http_client_close(&client, true);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(two_hundred_requests_go_over_one_tls_connection),
		CASE(a_client_that_comes_back_resumes_its_session_in_both_tls_versions),
		CASE(tls_below_1_2_and_other_protocols_than_http_1_1_are_refused),
		CASE(plain_http_on_the_tls_port_gets_no_reply_and_the_loop_goes_on),
		CASE(a_reply_may_come_later_from_a_task_that_another_thread_posts),
		CASE(requests_in_flight_are_answered_when_the_loop_is_stopped),
		CASE(a_stop_cuts_connections_after_the_drain_time_but_waits_for_the_exchange),
		CASE(a_peer_that_leaves_before_the_answer_leaks_nothing),
		CASE(a_file_of_eight_mebibytes_reaches_a_slow_reader_whole),
		CASE(a_reader_that_leaves_in_the_middle_of_a_file_leaks_nothing),
		CASE(a_file_that_became_shorter_cuts_the_connection),
		CASE(every_task_runs_once_however_many_threads_post),
		CASE(loops_share_a_port_and_stop_apart),
		CASE(a_loop_that_cannot_start_says_why),
		CASE(a_socket_left_by_a_dead_server_is_replaced_and_has_its_mode),
		CASE(an_idle_connection_is_closed_after_the_keep_alive_time),
	};
	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
