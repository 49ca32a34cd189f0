/* Requests that no honest client sends: each is refused with its status and ends its
 * connection, and the server goes on to serve the next. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ddi/flow_case.h"

#define PATH "/DEFAULT/controller/v1/d-1"
#define GET  "GET " PATH " HTTP/1.1\r\n"
#define HOST "Host: lab\r\n"
#define POST "POST " PATH "/deploymentBase/1/feedback HTTP/1.1\r\n" HOST
#define PUT                                                                              \
	"PUT " PATH "/configData HTTP/1.1\r\n" HOST "@Content-Type: "                    \
	"application/json\r\n"

struct blow {
	const char *what, *bytes;
	int status;
};

/* '@' at the start of a line stands for the device's Authorization. */
static char *with_token(const char *bytes, size_t *size)
{
	char *out = malloc(strlen(bytes) + 400), *to = out;

	assert_non_null(out);
	for (const char *at = bytes; *at != '\0'; at++) {
		if (*at == '@' && (at == bytes || at[-1] == '\n'))
			to += sprintf(to, "Authorization: %s\r\n", talk.authorization);
		else if (*at == '~') /* a NUL */
			*to++ = '\0';
		else
			*to++ = *at;
	}
	*size = (size_t)(to - out);
	return out;
}

static void expect_alive(const char *what)
{
	struct talk_poll after;

	if (!talk_poll(&talk, &after))
		fail_msg("after '%s' the server does not go on", what);
}

/* One row on a connection of its own; what follows the reply must be its end. */
static void attack(const struct blow *row)
{
	struct http_client client;
	size_t size;
	char *bytes = with_token(row->bytes, &size), byte;

	assert_true(http_client_tls(&client, loop_port(yard.loop), yard.client, NULL));
	assert_true(http_client_send(&client, bytes, size));
	SSL_shutdown(client.ssl); /* nothing more comes */
	struct http_answer answer = http_client_answer(&client, false);
	if (answer.status != row->status)
		fail_msg("%s: %d %s", row->what, answer.status,
			 answer.body != NULL ? answer.body : "");
	if (answer.status >= 400 && answer.body_size == 0 && answer.status != 401)
		fail_msg("%s: no word of what is wrong", row->what);
	assert_true(http_client_read(&client, &byte, 1) <= 0);
	http_answer_free(&answer);
	http_client_close(&client, false);
	free(bytes);
	expect_alive(row->what);
}

static void walk(const struct blow *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		attack(&rows[i]);
}

TEST(lines_and_fields_that_could_be_read_in_two_ways_are_refused)
{
	static const struct blow rows[] = {
		{ "a bare LF after the request line", "GET / HTTP/1.1\nHost: lab\r\n\r\n",
		  400 },
		{ "a bare LF after a field", GET "Host: lab\n\r\n", 400 },
		{ "bare LFs throughout", "GET / HTTP/1.1\nHost: lab\n\n", 400 },
		{ "a bare CR in a value", GET "Host: lab\rX: y\r\n\r\n", 400 },
		{ "a folded field", GET HOST "X: a\r\n b\r\n\r\n", 400 },
		{ "a folded first field", GET " Host: lab\r\n\r\n", 400 },
		{ "a field folded by a tab", GET HOST "X: a\r\n\tb\r\n\r\n", 400 },
		{ "a space before the colon", GET "Host : lab\r\n\r\n", 400 },
		{ "a field without a name", GET HOST ": x\r\n\r\n", 400 },
		{ "a field without a colon", GET HOST "nonsense\r\n\r\n", 400 },
		{ "a NUL in a value", GET "Host: l~b\r\n\r\n", 400 },
		{ "a NUL in the path", "GET /~ HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "a NUL first", "~", 400 },
		{ "a control byte in a value", GET HOST "X: \x01\r\n\r\n", 400 },
		{ "a DEL in the path", "GET /\x7f HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "no Host", GET "\r\n", 400 },
		{ "two Hosts", GET HOST HOST "\r\n", 400 },
	};
	walk(rows, COUNT_OF(rows));
}

TEST(lengths_and_encodings_that_disagree_are_refused)
{
	static const struct blow rows[] = {
		{ "both a length and chunks",
		  POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		  400 },
		{ "two lengths",
		  POST "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400 },
		{ "a list of lengths", POST "Content-Length: 4, 4\r\n\r\nabcd", 400 },
		{ "a signed length", POST "Content-Length: +4\r\n\r\nabcd", 400 },
		{ "a negative length", POST "Content-Length: -1\r\n\r\n", 400 },
		{ "a length in hex", POST "Content-Length: 0x4\r\n\r\nabcd", 400 },
		{ "a length past 64 bits",
		  POST "Content-Length: 99999999999999999999999\r\n\r\n", 400 },
		{ "an empty length", POST "Content-Length: \r\n\r\n", 400 },
		{ "an unknown encoding", POST "Transfer-Encoding: gzip\r\n\r\n", 501 },
		{ "chunks that are not last",
		  POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 501 },
		{ "an encoding with odd spelling",
		  POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501 },
		{ "a chunk size that is no number",
		  POST "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400 },
		{ "a chunk size with a sign",
		  POST "Transfer-Encoding: chunked\r\n\r\n+4\r\nabcd\r\n0\r\n\r\n", 400 },
		{ "a chunk size with 0x",
		  POST "Transfer-Encoding: chunked\r\n\r\n0x4\r\nabcd\r\n0\r\n\r\n",
		  400 },
		{ "a chunk size past 64 bits",
		  POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400 },
		{ "a chunk ended by a bare LF",
		  POST "Transfer-Encoding: chunked\r\n\r\n4\nabcd\r\n0\r\n\r\n", 400 },
		{ "a chunk longer than it says",
		  POST "Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n", 400 },
		{ "a folded trailer",
		  POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n b\r\n\r\n", 400 },
		{ "a body larger than the path takes",
		  POST "Content-Length: 262145\r\n\r\n", 413 },
		{ "chunks larger than the path takes",
		  POST "Transfer-Encoding: chunked\r\n\r\n40001\r\n", 413 },
	};
	walk(rows, COUNT_OF(rows));
}

TEST(other_versions_methods_and_targets_are_refused)
{
	static const struct blow rows[] = {
		{ "HTTP/0.9", "GET /\r\n\r\n", 400 },
		{ "HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
		{ "HTTP/3.0", "GET / HTTP/3.0\r\n" HOST "\r\n", 505 },
		{ "no version of HTTP", "GET / FTP/1.1\r\n" HOST "\r\n", 400 },
		{ "a method in small letters", "get / HTTP/1.1\r\n" HOST "\r\n", 501 },
		{ "an unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 501 },
		{ "CONNECT", "CONNECT lab:443 HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "a target without a slash", "GET x HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "no target", "GET  HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "two targets", "GET / / HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "TLS within TLS", "\x16\x03\x01\x02", 400 },
	};
	walk(rows, COUNT_OF(rows));
}

static char *repeat(const char *start, const char *one, size_t count, const char *end)
{
	size_t size = strlen(one);
	char *out = malloc(strlen(start) + size * count + strlen(end) + 1);
	char *to = out;

	assert_non_null(out);
	to += sprintf(to, "%s", start);
	for (size_t i = 0; i < count; i++, to += size)
		memcpy(to, one, size);
	sprintf(to, "%s", end);
	return out;
}

TEST(what_is_too_long_or_too_many_is_refused_before_it_is_kept)
{
	struct {
		const char *what;
		char *bytes;
		int status;
	} rows[] = {
		{ "a path without end",
		  repeat("GET /", "a", 20000, " HTTP/1.1\r\n" HOST "\r\n"), 414 },
		{ "a field without end", repeat(GET HOST "X: ", "a", 20000, "\r\n\r\n"),
		  431 },
		{ "fields without number",
		  repeat(GET HOST, "X: a\r\n", LIMIT_HEADER_LINES + 1, "\r\n"), 431 },
		{ "a request line without end", repeat("", "A", 20000, ""), 414 },
		{ "extensions without end",
		  repeat(POST "Transfer-Encoding: chunked\r\n\r\n",
			 "1;x=yyyyyyy\r\na\r\n", 5000, "0\r\n\r\n"),
		  400 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct blow row = { rows[i].what, rows[i].bytes, rows[i].status };
		attack(&row);
		free(rows[i].bytes);
	}
}

TEST(a_request_cut_off_anywhere_leaves_the_server_as_it_was)
{
	static const char whole[] =
		PUT "Content-Length: 23\r\n\r\n{\"data\":{\"site\":\"lab\"}}";
	size_t size;
	char *bytes = with_token(whole, &size);

	/* Every seventh byte: each connection is a handshake. */
	for (size_t cut = 0; cut < size; cut += 7) {
		struct http_client client;
		assert_true(http_client_tls(&client, loop_port(yard.loop), yard.client,
					    NULL));
		assert_true(http_client_send(&client, bytes, cut));
		http_client_close(&client, cut % 2 == 0);
	}
	free(bytes);
	assert_true(yard_device(&yard, "d-1", &record));
	assert_int_equal(record.facts.count, 0);
	expect_alive("cut requests");
}

TEST(a_request_that_comes_byte_by_byte_is_answered_like_any)
{
	static const char whole[] = PUT "Transfer-Encoding: chunked\r\n\r\n"
					"5;x=\"y\"\r\n{\"dat\r\n12\r\na\":{\"site\":"
					"\"lab\"}}\r\n0\r\nX: y\r\n\r\n";
	struct http_client client;
	size_t size;
	char *bytes = with_token(whole, &size);

	assert_true(http_client_tls(&client, loop_port(yard.loop), yard.client, NULL));
	for (size_t i = 0; i < size; i++)
		assert_true(http_client_send(&client, bytes + i, 1));
	free(bytes);
	struct http_answer answer = http_client_answer(&client, false);
	assert_int_equal(answer.status, 200);
	http_answer_free(&answer);
	http_client_close(&client, true);
	assert_true(yard_device(&yard, "d-1", &record));
	assert_string_equal(facts_get(&record.facts, "site"), "lab");
}

TEST(a_smuggled_second_request_is_never_served)
{
	/* Whatever follows a refusal is not read as a request. */
	static const char bytes[] =
		POST "@Content-Type: application/json\r\nContent-Length: 4\r\n"
		     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" PUT
		     "Content-Length: 23\r\n\r\n{\"data\":{\"site\":\"bad\"}}";
	const struct blow row = { "a smuggled request", bytes, 400 };

	attack(&row);
	assert_true(yard_device(&yard, "d-1", &record));
	assert_int_equal(record.facts.count, 0);
}

TEST(requests_in_a_row_are_answered_in_their_order)
{
	static const char three[] =
		GET HOST "@\r\n" PUT "Content-Length: 2\r\n\r\n{}" GET HOST "@\r\n";
	static const int statuses[] = { 200, 400, 200 };
	struct http_client client;
	size_t size;
	char *bytes = with_token(three, &size);

	assert_true(http_client_tls(&client, loop_port(yard.loop), yard.client, NULL));
	assert_true(http_client_send(&client, bytes, size));
	free(bytes);
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		struct http_answer answer = http_client_answer(&client, false);
		assert_int_equal(answer.status, statuses[i]);
		http_answer_free(&answer);
	}
	http_client_close(&client, true);
}

TEST(the_exact_bytes_of_small_replies)
{
	static const struct {
		const char *request, *reply; /* '*' stands for the Date's value */
	} rows[] = {
		{ GET HOST "\r\n",
		  "HTTP/1.1 401 Unauthorized\r\nDate: *\r\nServer: patchyard\r\n"
		  "Content-Length: 0\r\n\r\n" },
		{ PUT "Content-Length: 20\r\n\r\n{\"data\":{\"a\":\"bcd\"}}",
		  "HTTP/1.1 200 OK\r\nDate: *\r\nServer: patchyard\r\nContent-Length: "
		  "0\r\n\r\n" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_client client;
		char head[1024];
		size_t size;
		char *bytes = with_token(rows[i].request, &size);
		assert_true(http_client_tls(&client, loop_port(yard.loop), yard.client,
					    NULL));
		assert_true(http_client_send(&client, bytes, size));
		free(bytes);
		struct http_answer answer = http_client_answer(&client, false);
		snprintf(head, sizeof head, "%s", answer.head);
		char *date = strstr(head, "Date: ");
		assert_non_null(date);
		memmove(date + 7, strstr(date, "\r\n"), strlen(strstr(date, "\r\n")) + 1);
		date[6] = '*';
		assert_string_equal(head, rows[i].reply);
		http_answer_free(&answer);
		http_client_close(&client, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW_CASE(lines_and_fields_that_could_be_read_in_two_ways_are_refused),
		FLOW_CASE(lengths_and_encodings_that_disagree_are_refused),
		FLOW_CASE(other_versions_methods_and_targets_are_refused),
		FLOW_CASE(what_is_too_long_or_too_many_is_refused_before_it_is_kept),
		FLOW_CASE(a_request_cut_off_anywhere_leaves_the_server_as_it_was),
		FLOW_CASE(a_request_that_comes_byte_by_byte_is_answered_like_any),
		FLOW_CASE(a_smuggled_second_request_is_never_served),
		FLOW_CASE(requests_in_a_row_are_answered_in_their_order),
		FLOW_CASE(the_exact_bytes_of_small_replies),
	};
	return cmocka_run_group_tests_name("malformed", tests, NULL, NULL);
}
