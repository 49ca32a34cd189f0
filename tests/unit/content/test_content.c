#include "protocol/content/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/case.h"
#include "tests/unit/http/fixture.h"
#include "tests/unit/http/http_client.h"

#define SHA1   "5b51ad9d5ce2a9b1b8b6d8c8b3a0d6a0c9d8e7f6"
#define SHA256 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define MOST   "private, max-age=31536000, immutable"

static struct fixture f;
static struct http_client client;

/* "/NAME" serves the fixture's file under that name; "/short", "/gone", "/link" and
 * "/fifo" what is wrong in the store. */
static void handle(struct exchange *exchange, void *owner)
{
	const struct fixture *fixture = owner;
	const char *name = exchange_request(exchange)->path + 1;
	char path[160], decoded[160];
	struct content_file file = { .path = fixture->file,
				     .name = decoded,
				     .size_bytes = (int64_t)fixture->file_size,
				     .sha256 = SHA256,
				     .sha1 = SHA1 };

	if (!http_decode(name, strlen(name), decoded, sizeof decoded))
		decoded[0] = '\0';
	if (strcmp(name, "short") == 0)
		file.size_bytes++;
	if (strcmp(name, "gone") == 0 || strcmp(name, "link") == 0 ||
	    strcmp(name, "fifo") == 0) {
		snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
		file.path = path;
	}
	content_reply(exchange, &file);
}

static int setup(void **state)
{
	struct loop_settings settings = { .handle = handle };
	(void)state;
	return fixture_init(&f) && fixture_start(&f, &settings) &&
			       http_client_tls(&client, loop_port(f.loop), f.client, NULL)
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	(void)state;
	http_client_close(&client, true);
	fixture_fini(&f);
	return 0;
}

static struct http_answer ask(const char *method, const char *path, const char *headers)
{
	char request[1024];
	snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: lab\r\n%s\r\n", method,
		 path, headers);
	return http_client_ask(&client, request);
}

static void expect_header(const struct http_answer *answer, const char *name,
			  const char *wanted)
{
	char value[1200];
	bool there = http_answer_header(answer, name, value, sizeof value);

	if (wanted == NULL ? there : !there || strcmp(value, wanted) != 0)
		fail_msg("%s is '%s', wanted '%s' in\n%s", name,
			 there ? value : "(absent)", wanted == NULL ? "(absent)" : wanted,
			 answer->head);
}

static void expect_bytes(const struct http_answer *answer, size_t from, size_t size)
{
	assert_int_equal(answer->body_size, size);
	for (size_t i = 0; i < size; i++) {
		if (answer->body[i] != fixture_byte(from + i))
			fail_msg("byte %zu is wrong", i);
	}
}

TEST(a_whole_file_says_all_about_itself)
{
	char length[32];

	snprintf(length, sizeof length, "%zu", f.file_size);
	for (int head = 0; head < 2; head++) {
		struct http_answer answer = ask(head ? "HEAD" : "GET", "/kb.msu", "");
		assert_int_equal(answer.status, 200);
		expect_header(&answer, "Content-Length", length);
		expect_header(&answer, "ETag", "\"" SHA1 "\"");
		expect_header(&answer, "Accept-Ranges", "bytes");
		expect_header(&answer, "Content-Type", "application/octet-stream");
		expect_header(&answer, "X-Content-Type-Options", "nosniff");
		expect_header(&answer, "Cache-Control", MOST);
		expect_header(&answer, "Content-Disposition",
			      "attachment; filename=\"kb.msu\"");
		expect_header(&answer, "Content-Range", NULL);
		if (!head)
			expect_bytes(&answer, 0, f.file_size);
		else
			assert_int_equal(answer.body_size, 0);
		http_answer_free(&answer);
	}
}

TEST(the_name_cannot_leave_its_quotes)
{
	static const struct {
		const char *path, *disposition;
	} rows[] = {
		{ "/a%20b.swu", "attachment; filename=\"a b.swu\"" },
		{ "/a%22%3Bx%0D%0Ay.swu", "attachment; filename=\"a__x__y.swu\"; "
					  "filename*=UTF-8''a%22%3Bx%0D%0Ay.swu" },
		{ "/M%C3%BCnchen.swu", "attachment; filename=\"M__nchen.swu\"; "
				       "filename*=UTF-8''M%C3%BCnchen.swu" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_answer answer = ask("HEAD", rows[i].path, "");
		expect_header(&answer, "Content-Disposition", rows[i].disposition);
		http_answer_free(&answer);
	}
}

TEST(one_range_comes_as_206_with_its_place)
{
	static const struct {
		const char *range;
		size_t from, size; /* size 0: to the end */
	} rows[] = {
		{ "bytes=0-0", 0, 1 },
		{ "bytes=100-1099", 100, 1000 },
		{ "bytes=8388600-", 8388600, 0 },
		{ "bytes=-5", 8 * 1024 * 1024 - 5, 0 },
		{ "bytes=8388607-99999999999", 8388607, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char header[64], wanted[96];
		size_t size =
			rows[i].size > 0 ? rows[i].size : f.file_size - rows[i].from;
		snprintf(header, sizeof header, "Range: %s\r\n", rows[i].range);
		snprintf(wanted, sizeof wanted, "bytes %zu-%zu/%zu", rows[i].from,
			 rows[i].from + size - 1, f.file_size);
		struct http_answer answer = ask("GET", "/kb.msu", header);
		assert_int_equal(answer.status, 206);
		expect_header(&answer, "Content-Range", wanted);
		expect_header(&answer, "ETag", "\"" SHA1 "\"");
		expect_bytes(&answer, rows[i].from, size);
		http_answer_free(&answer);
	}
}

TEST(several_ranges_come_as_multipart)
{
	char wanted[1024];
	struct http_answer answer =
		ask("GET", "/kb.msu", "Range: bytes=0-3,1000-1002,-2\r\n");

	assert_int_equal(answer.status, 206);
	expect_header(&answer, "Content-Type", "multipart/byteranges; boundary=" SHA256);
	expect_header(&answer, "Content-Range", NULL);
	snprintf(wanted, sizeof wanted,
		 "--" SHA256 "\r\nContent-Type: application/octet-stream\r\n"
		 "Content-Range: bytes 0-3/%zu\r\n\r\n%c%c%c%c\r\n"
		 "--" SHA256 "\r\nContent-Type: application/octet-stream\r\n"
		 "Content-Range: bytes 1000-1002/%zu\r\n\r\n%c%c%c\r\n"
		 "--" SHA256 "\r\nContent-Type: application/octet-stream\r\n"
		 "Content-Range: bytes %zu-%zu/%zu\r\n\r\n%c%c\r\n"
		 "--" SHA256 "--\r\n",
		 f.file_size, fixture_byte(0), fixture_byte(1), fixture_byte(2),
		 fixture_byte(3), f.file_size, fixture_byte(1000), fixture_byte(1001),
		 fixture_byte(1002), f.file_size - 2, f.file_size - 1, f.file_size,
		 fixture_byte(f.file_size - 2), fixture_byte(f.file_size - 1));
	assert_string_equal(answer.body, wanted);
	http_answer_free(&answer);
}

TEST(conditions_decide_before_ranges_do)
{
	static const struct {
		const char *method, *headers;
		int status;
	} rows[] = {
		{ "GET", "If-None-Match: \"" SHA1 "\"\r\n", 304 },
		{ "HEAD", "If-None-Match: \"" SHA1 "\"\r\n", 304 },
		{ "GET", "If-None-Match: \"" SHA1 "\"\r\nRange: bytes=0-0\r\n", 304 },
		{ "GET", "If-Match: \"x\"\r\n", 412 },
		{ "GET", "If-Match: " SHA1 "\r\nRange: bytes=0-0\r\n", 206 },
		{ "GET", "If-Match: \"x\"\r\nRange: bytes=99999999-\r\n", 412 },
		{ "GET", "If-Range: \"" SHA1 "\"\r\nRange: bytes=0-0\r\n", 206 },
		{ "GET", "If-Range: \"x\"\r\nRange: bytes=0-0\r\n", 200 },
		{ "GET", "If-Range: \"x\"\r\nRange: bytes=99999999-\r\n", 200 },
		{ "GET", "Range: bytes=8388608-\r\n", 416 },
		{ "GET", "Range: bytes=1-0\r\n", 416 },
		{ "HEAD", "Range: bytes=8388608-\r\n", 200 },
		{ "HEAD", "Range: bytes=0-0\r\n", 200 },
		{ "GET", "Range: lines=0-0\r\n", 200 },
		{ "POST", "Content-Length: 0\r\n", 405 },
		{ "PUT", "Content-Length: 0\r\n", 405 },
		{ "DELETE", "", 405 },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_answer answer = ask(rows[i].method, "/a", rows[i].headers);
		if (answer.status != rows[i].status)
			fail_msg("row %zu: %d", i, answer.status);
		if (answer.status == 304 || answer.status == 412)
			expect_header(&answer, "ETag", "\"" SHA1 "\"");
		if (answer.status == 416)
			expect_header(&answer, "Content-Range", "bytes */8388608");
		if (answer.status == 405)
			expect_header(&answer, "Allow", "GET, HEAD");
		http_answer_free(&answer);
	}
}

TEST(a_damaged_or_missing_file_is_never_served)
{
	static const struct {
		const char *path;
		int status;
	} rows[] = { { "/short", 500 },
		     { "/gone", 410 },
		     { "/link", 500 },
		     { "/fifo", 500 },
		     { "/kb.msu", 200 } };
	char link[96], fifo[96];

	snprintf(link, sizeof link, "%s/link", f.folder);
	snprintf(fifo, sizeof fifo, "%s/fifo", f.folder);
	assert_int_equal(symlink(f.file, link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_answer answer = ask("GET", rows[i].path, "");
		if (answer.status != rows[i].status)
			fail_msg("%s: %d", rows[i].path, answer.status);
		http_answer_free(&answer);
	}
	unlink(link);
	unlink(fifo);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_whole_file_says_all_about_itself),
		CASE(the_name_cannot_leave_its_quotes),
		CASE(one_range_comes_as_206_with_its_place),
		CASE(several_ranges_come_as_multipart),
		CASE(conditions_decide_before_ranges_do),
		CASE(a_damaged_or_missing_file_is_never_served),
	};
	return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
