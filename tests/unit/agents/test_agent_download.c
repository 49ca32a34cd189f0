#include "agents/download.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/problem.h"
#include "tests/lib/case.h"
#include "tests/unit/agents/scratch.h"

/* A server with one file, and with the faults a row asks for. */
struct source {
	const char *data;
	size_t size;
	int status;          /* instead of 200 or 206; 0 none */
	int64_t break_after; /* the connection ends after so many bytes; -1 never */
	int64_t extra;       /* bytes sent beyond the file */
	int64_t from_skew;   /* added to Content-Range */
	bool whole;          /* answers 200 whatever range is asked */
	bool no_length;
	int64_t retry_after_s;
	const char *etag;
	/* What was asked last. */
	unsigned requests;
	int64_t range_from, range_to;
	char if_range[ETAG_MOST];
	char authorization[80];
};

static bool hand_over(const struct sink *sink, const char *data, size_t size)
{
	while (size > 0) {
		size_t piece = size < 7 ? size : 7;
		if (!sink->take(sink->owner, data, piece))
			return false;
		data += piece;
		size -= piece;
	}
	return true;
}

static void note(struct source *source, const struct request *request)
{
	source->requests++;
	source->range_from = request->range_from;
	source->range_to = request->range_to;
	snprintf(source->if_range, sizeof source->if_range, "%s",
		 request->if_range == NULL ? "" : request->if_range);
	snprintf(source->authorization, sizeof source->authorization, "%s",
		 request->authorization);
}

static int exchange(void *owner, const struct request *request, struct answer *answer,
		    struct problem *p)
{
	static const char extra[100];
	struct source *source = owner;
	bool other = request->if_range != NULL && source->etag != NULL &&
		     strcmp(request->if_range, source->etag) != 0;
	int64_t from = request->range_from < 0 || source->whole || other
			       ? 0
			       : request->range_from;
	int64_t end = request->range_to < 0 || source->whole || other
			      ? (int64_t)source->size
			      : request->range_to + 1;

	note(source, request);
	memset(answer, 0, sizeof *answer);
	answer->length = answer->range_from = -1;
	answer->retry_after_s = source->retry_after_s;
	if (source->status != 0 || from >= (int64_t)source->size) {
		answer->status = source->status != 0 ? source->status : 416;
		return 0;
	}
	bool partial = request->range_from >= 0 && !source->whole && !other;
	answer->status = partial ? 206 : 200;
	if (partial)
		answer->range_from = from + source->from_skew;
	if (!source->no_length)
		answer->length = end - from + source->extra;
	if (source->etag != NULL)
		snprintf(answer->etag, sizeof answer->etag, "%s", source->etag);
	size_t size = (size_t)(end - from);
	bool breaks = source->break_after >= 0 && (size_t)source->break_after < size;
	if (!request->sink->open(request->sink->owner, answer) ||
	    !hand_over(request->sink, source->data + from,
		       breaks ? (size_t)source->break_after : size) ||
	    !hand_over(request->sink, extra, (size_t)source->extra)) {
		answer->cut = true;
		return 0;
	}
	return breaks ? problem_set(p, PROBLEM_EXTERNAL, "the connection broke") : 0;
}

static const char text[] = "Twenty-six bytes of a file";
#define TEXT_SHA256 "82fc4ec095b17b179a086562f037015e3767faf824566f14b97a0f92cadba65b"

static struct offer offer_of(const char *sha256)
{
	struct offer offer = { .file = "a.msu", .size_bytes = sizeof text - 1 };
	snprintf(offer.sha256, sizeof offer.sha256, "%s", sha256);
	return offer;
}

static struct source source_of(void)
{
	struct source source = { .data = text,
				 .size = sizeof text - 1,
				 .break_after = -1,
				 .etag = "\"one\"" };
	return source;
}

static enum download_turn turn(struct download *download, struct source *source,
			       struct problem *p)
{
	const struct transport transport = { source, exchange };
	memset(p, 0, sizeof *p);
	return download_turn(download, &transport, "https://h/f", "TargetToken t", p);
}

static struct download *open_download(const char *folder, int64_t piece)
{
	struct offer offer = offer_of(TEXT_SHA256);
	struct problem p = { 0 };
	struct download *download = download_open(folder, &offer, piece, &p);
	if (download == NULL)
		fail_msg("%s", p.text);
	return download;
}

static void check_file(const char *folder)
{
	size_t size = 0;
	char *found = scratch_read(folder, "a.msu", &size);
	assert_int_equal(size, sizeof text - 1);
	assert_memory_equal(found, text, size);
	free(found);
}

TEST(a_small_file_comes_in_one_request)
{
	char folder[SCRATCH_PATH];
	struct source source = source_of();
	struct problem p;
	struct download *download = open_download(scratch_make(folder), 1000);

	assert_int_equal(turn(download, &source, &p), DOWNLOAD_DONE);
	assert_int_equal(source.requests, 1);
	assert_int_equal(source.range_from, -1);
	assert_string_equal(source.authorization, "TargetToken t");
	assert_non_null(strstr(download_path(download), "/a.msu"));
	check_file(folder);
	download_close(download);
	assert_int_equal(download_clear(folder, &p), 0);
	scratch_remove(folder);
}

TEST(a_large_file_comes_piece_by_piece)
{
	char folder[SCRATCH_PATH];
	struct source source = source_of();
	struct problem p;
	struct download *download = open_download(scratch_make(folder), 10);

	assert_int_equal(turn(download, &source, &p), DOWNLOAD_MORE);
	assert_int_equal(source.range_from, 0);
	assert_int_equal(source.range_to, 9);
	assert_int_equal(turn(download, &source, &p), DOWNLOAD_MORE);
	assert_int_equal(download_have(download), 20);
	assert_string_equal(source.if_range, "\"one\"");
	assert_int_equal(turn(download, &source, &p), DOWNLOAD_DONE);
	assert_int_equal(source.range_to, -1);
	check_file(folder);
	download_close(download);
	scratch_remove(folder);
}

TEST(it_resumes_in_another_life_wherever_it_was_broken_off)
{
	for (int64_t at = 0; at < (int64_t)sizeof text - 1; at++) {
		char folder[SCRATCH_PATH];
		struct source source = source_of();
		struct problem p;
		struct download *download = open_download(scratch_make(folder), 1000);

		source.break_after = at;
		assert_int_equal(turn(download, &source, &p), DOWNLOAD_LATER);
		download_close(download);
		source.break_after = -1;
		download = open_download(folder, 1000);
		assert_int_equal(download_have(download), at);
		assert_int_equal(turn(download, &source, &p), DOWNLOAD_DONE);
		assert_int_equal(source.range_from, at == 0 ? -1 : at);
		assert_string_equal(source.if_range, at == 0 ? "" : "\"one\"");
		check_file(folder);
		download_close(download);
		scratch_remove(folder);
	}
}

TEST(a_file_that_changed_meanwhile_is_fetched_anew)
{
	char folder[SCRATCH_PATH];
	struct source source = source_of();
	struct problem p;
	struct download *download = open_download(scratch_make(folder), 1000);

	source.data = "Another file of this size.";
	source.break_after = 12;
	assert_int_equal(turn(download, &source, &p), DOWNLOAD_LATER);
	source = source_of();
	source.etag = "\"two\"";
	assert_int_equal(turn(download, &source, &p), DOWNLOAD_DONE);
	assert_string_equal(source.if_range, "\"one\"");
	check_file(folder);
	download_close(download);
	scratch_remove(folder);
}

TEST(a_weak_tag_is_not_relied_on)
{
	struct source source = source_of();
	struct problem p;
	struct download *download = open_download(NULL, 10);

	source.etag = "W/\"one\"";
	assert_int_equal(turn(download, &source, &p), DOWNLOAD_MORE);
	assert_int_equal(turn(download, &source, &p), DOWNLOAD_MORE);
	assert_string_equal(source.if_range, "");
	download_close(download);
}

TEST(a_server_without_ranges_is_asked_for_the_whole_again)
{
	struct source source = source_of();
	struct problem p;
	struct download *download = open_download(NULL, 1000);

	source.break_after = 12;
	assert_int_equal(turn(download, &source, &p), DOWNLOAD_LATER);
	source.break_after = -1;
	source.whole = true;
	assert_int_equal(turn(download, &source, &p), DOWNLOAD_DONE);
	assert_int_equal(source.range_from, 12);
	download_close(download);
}

static const struct {
	const char *name;
	struct source source;
	enum download_turn turn;
	int64_t have;
	const char *why;
} faults[] = {
	{ "not found", { .status = 404 }, DOWNLOAD_GONE, 5, "404" },
	{ "gone", { .status = 410 }, DOWNLOAD_GONE, 5, "410" },
	{ "forbidden", { .status = 403 }, DOWNLOAD_GONE, 5, "403" },
	{ "no such range", { .status = 416 }, DOWNLOAD_WRONG, 0, "no more bytes" },
	{ "busy", { .status = 503, .retry_after_s = 7 }, DOWNLOAD_LATER, 5, "503" },
	{ "many", { .status = 429, .retry_after_s = 7 }, DOWNLOAD_LATER, 5, "429" },
	{ "not let in", { .status = 401 }, DOWNLOAD_LATER, 5, "401" },
	{ "fault", { .status = 500 }, DOWNLOAD_LATER, 5, "500" },
	{ "redirect", { .status = 302 }, DOWNLOAD_LATER, 5, "302" },
	{ "too long", { .extra = 1 }, DOWNLOAD_WRONG, 0, "more than the 26" },
	{ "too long and does not say so",
	  { .extra = 1, .no_length = true },
	  DOWNLOAD_WRONG,
	  0,
	  "more than the 26" },
	{ "another range", { .from_skew = 1 }, DOWNLOAD_LATER, 5, "another range" },
	{ "another file",
	  { .data = "Another file of this size.", .etag = "\"one\"" },
	  DOWNLOAD_WRONG,
	  0,
	  "SHA-256" },
	{ "it has shrunk", { .size = 5 }, DOWNLOAD_WRONG, 0, "" },
};

TEST(what_the_server_does_wrong_ends_the_turn)
{
	const int64_t first = 5;

	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		char folder[SCRATCH_PATH];
		struct source source = source_of();
		struct problem p;
		struct download *download = open_download(scratch_make(folder), 1000);

		source.break_after = first;
		assert_int_equal(turn(download, &source, &p), DOWNLOAD_LATER);
		source = faults[i].source;
		source.data = source.data == NULL ? text : source.data;
		source.size = source.size == 0 ? sizeof text - 1 : source.size;
		source.break_after = source.break_after == 0 ? -1 : source.break_after;
		if (turn(download, &source, &p) != faults[i].turn ||
		    download_have(download) != faults[i].have ||
		    strstr(p.text, faults[i].why) == NULL ||
		    download_retry_after_s(download) != source.retry_after_s)
			fail_msg("%s: has %lld: %s", faults[i].name,
				 (long long)download_have(download), p.text);
		/* And afterwards all can be well. */
		source = source_of();
		assert_int_equal(turn(download, &source, &p), DOWNLOAD_DONE);
		check_file(folder);
		download_close(download);
		scratch_remove(folder);
	}
}

TEST(what_an_earlier_life_left_is_trusted_only_when_its_hash_is_right)
{
	static const struct {
		const char *left;
		size_t size;
		int64_t have;
		enum download_turn first;
	} rows[] = {
		{ text, sizeof text - 1, sizeof text - 1, DOWNLOAD_DONE },
		{ "Another file of this size.", 26, 26, DOWNLOAD_WRONG },
		{ "Another file of another size", 28, 0, DOWNLOAD_DONE },
		{ "", 0, 0, DOWNLOAD_DONE },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char folder[SCRATCH_PATH];
		struct source source = source_of();
		struct problem p;

		scratch_write(scratch_make(folder), "a.msu", rows[i].left, rows[i].size);
		struct download *download = open_download(folder, 1000);
		assert_int_equal(download_have(download), rows[i].have);
		if (turn(download, &source, &p) != rows[i].first)
			fail_msg("row %zu: %s", i, p.text);
		if (rows[i].first == DOWNLOAD_WRONG)
			assert_int_equal(turn(download, &source, &p), DOWNLOAD_DONE);
		check_file(folder);
		download_close(download);
		scratch_remove(folder);
	}
}

TEST(in_memory_the_first_bytes_stay)
{
	struct source source = source_of();
	struct problem p;
	size_t size = 0;
	struct download *download = open_download(NULL, 1000);

	assert_int_equal(turn(download, &source, &p), DOWNLOAD_DONE);
	assert_null(download_path(download));
	const char *head = download_head(download, &size);
	assert_int_equal(size, sizeof text - 1);
	assert_memory_equal(head, text, size);
	download_close(download);
}

TEST(more_than_the_first_bytes_are_hashed_and_not_kept)
{
	enum { SIZE = 3 * DOWNLOAD_HEAD };
	static char zeros[SIZE];
	struct source source = source_of();
	struct offer offer = offer_of(
		"f3cc103136423a57975750907ebc1d367e2985ac6338976d4d5a439f50323f4a");
	struct problem p = { 0 };
	size_t size = 0;

	source.data = zeros;
	source.size = SIZE;
	offer.size_bytes = SIZE;
	struct download *download = download_open(NULL, &offer, SIZE, &p);
	assert_int_equal(turn(download, &source, &p), DOWNLOAD_DONE);
	download_head(download, &size);
	assert_int_equal(size, DOWNLOAD_HEAD);
	download_close(download);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_file_comes_in_one_request),
		cmocka_unit_test(a_large_file_comes_piece_by_piece),
		cmocka_unit_test(it_resumes_in_another_life_wherever_it_was_broken_off),
		cmocka_unit_test(a_file_that_changed_meanwhile_is_fetched_anew),
		cmocka_unit_test(a_weak_tag_is_not_relied_on),
		cmocka_unit_test(a_server_without_ranges_is_asked_for_the_whole_again),
		cmocka_unit_test(what_the_server_does_wrong_ends_the_turn),
		cmocka_unit_test(
			what_an_earlier_life_left_is_trusted_only_when_its_hash_is_right),
		cmocka_unit_test(in_memory_the_first_bytes_stay),
		cmocka_unit_test(more_than_the_first_bytes_are_hashed_and_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
