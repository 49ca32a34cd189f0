#include "protocol/content/condition.h"

#include "protocol/http/exchange.h"
#include "tests/lib/case.h"

#define TAG    "\"5b51ad9d5ce2a9b1b8b6d8c8b3a0d6a0c9d8e7f6\""
#define BARE   "5b51ad9d5ce2a9b1b8b6d8c8b3a0d6a0c9d8e7f6"
#define BEFORE "Mon, 24 Nov 2025 09:59:59 GMT"
#define AT     "Mon, 24 Nov 2025 10:00:00 GMT"
#define AFTER  "Mon, 24 Nov 2025 10:00:01 GMT"

static const struct validators file = { TAG, 1763978400 };

static struct http_request request;

static void set(const char *name, const char *value)
{
	if (value != NULL)
		request.headers[request.header_count++] =
			(struct http_header){ name, value };
}

TEST(dates_go_out_in_one_form_and_come_in_in_three)
{
	static const struct {
		const char *text;
		int64_t at_s;
		bool ok;
	} rows[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777, true },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777, true },
		{ "Sun Nov  6 08:49:37 1994", 784111777, true },
		{ AT, 1763978400, true },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0, true },
		{ "", 0, false },
		{ "yesterday", 0, false },
		{ "Sun, 06 Nov 1994 08:49:37", 0, false },
		{ "Sun, 06 Nov 1994 08:49:37 GMT+1", 0, false },
		{ "Sun, 36 Nov 1994 08:49:37 GMT", 0, false },
		{ "1994-11-06T08:49:37Z", 0, false },
	};
	char text[HTTP_DATE_TEXT];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t at_s = 0;
		if (http_date_parse(rows[i].text, &at_s) != rows[i].ok ||
		    at_s != rows[i].at_s)
			fail_msg("'%s' gave %lld", rows[i].text, (long long)at_s);
	}
	http_date_format(1763978400, text);
	assert_string_equal(text, AT);
	http_date_format(784111777, text);
	assert_string_equal(text, rows[0].text);
}

TEST(conditions_are_judged_in_the_order_of_rfc_9110)
{
	static const struct {
		const char *match, *unmodified, *none_match, *modified;
		enum condition_verdict verdict;
	} rows[] = {
		{ NULL, NULL, NULL, NULL, CONDITION_GO_ON },
		/* If-Match compares strongly; hawkBit's clients leave the quotes out. */
		{ TAG, NULL, NULL, NULL, CONDITION_GO_ON },
		{ BARE, NULL, NULL, NULL, CONDITION_GO_ON },
		{ "*", NULL, NULL, NULL, CONDITION_GO_ON },
		{ "\"a\", " TAG, NULL, NULL, NULL, CONDITION_GO_ON },
		{ "\"a,b\" ,\t" TAG, NULL, NULL, NULL, CONDITION_GO_ON },
		{ "\"a\"", NULL, NULL, NULL, CONDITION_FAILED },
		{ "W/" TAG, NULL, NULL, NULL, CONDITION_FAILED },
		{ "", NULL, NULL, NULL, CONDITION_FAILED },
		{ "\"" BARE, NULL, NULL, NULL, CONDITION_FAILED },
		/* A time only counts where no tag was given. */
		{ NULL, AT, NULL, NULL, CONDITION_GO_ON },
		{ NULL, AFTER, NULL, NULL, CONDITION_GO_ON },
		{ NULL, BEFORE, NULL, NULL, CONDITION_FAILED },
		{ TAG, BEFORE, NULL, NULL, CONDITION_GO_ON },
		{ NULL, "garbage", NULL, NULL, CONDITION_GO_ON },
		/* If-None-Match compares weakly. */
		{ NULL, NULL, TAG, NULL, CONDITION_NOT_MODIFIED },
		{ NULL, NULL, "W/" TAG, NULL, CONDITION_NOT_MODIFIED },
		{ NULL, NULL, BARE, NULL, CONDITION_NOT_MODIFIED },
		{ NULL, NULL, "*", NULL, CONDITION_NOT_MODIFIED },
		{ NULL, NULL, "\"x\"," TAG, NULL, CONDITION_NOT_MODIFIED },
		{ NULL, NULL, "\"x\"", NULL, CONDITION_GO_ON },
		{ NULL, NULL, NULL, AT, CONDITION_NOT_MODIFIED },
		{ NULL, NULL, NULL, AFTER, CONDITION_NOT_MODIFIED },
		{ NULL, NULL, NULL, BEFORE, CONDITION_GO_ON },
		{ NULL, NULL, "\"x\"", AFTER, CONDITION_GO_ON },
		{ NULL, NULL, NULL, "garbage", CONDITION_GO_ON },
		/* A failed If-Match goes before everything. */
		{ "\"x\"", NULL, TAG, NULL, CONDITION_FAILED },
		{ TAG, NULL, TAG, NULL, CONDITION_NOT_MODIFIED },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		request.header_count = 0;
		set("If-Match", rows[i].match);
		set("if-unmodified-since", rows[i].unmodified);
		set("IF-NONE-MATCH", rows[i].none_match);
		set("If-Modified-Since", rows[i].modified);
		if (condition_judge(&request, &file) != rows[i].verdict)
			fail_msg("row %zu is judged otherwise", i);
	}
}

TEST(a_tag_list_alone_can_be_asked_about)
{
	assert_true(condition_tag_listed("W/\"a\", \"b\"", "\"a\""));
	assert_true(condition_tag_listed("*", "\"a\""));
	assert_false(condition_tag_listed("\"ab\", b", "\"a\""));
}

TEST(if_range_lets_the_range_count_only_for_the_very_same_file)
{
	static const struct {
		const char *value;
		bool counts;
	} rows[] = {
		{ NULL, true },    { TAG, true },      { BARE, true },
		{ AT, true },      { "\"x\"", false }, { "W/" TAG, false },
		{ BEFORE, false }, { AFTER, false },   { "", false },
		{ "*", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		request.header_count = 0;
		set("If-Range", rows[i].value);
		if (condition_range_counts(&request, &file) != rows[i].counts)
			fail_msg("row %zu is judged otherwise", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_go_out_in_one_form_and_come_in_in_three),
		cmocka_unit_test(conditions_are_judged_in_the_order_of_rfc_9110),
		cmocka_unit_test(a_tag_list_alone_can_be_asked_about),
		cmocka_unit_test(
			if_range_lets_the_range_count_only_for_the_very_same_file),
	};
	return cmocka_run_group_tests_name("condition", tests, NULL, NULL);
}
