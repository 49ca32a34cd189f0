#include "tests/lib/case.h"

#include <stdio.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/tuf/tuf_json.h"

static const struct {
	const char *text, *canonical;
} accepted[] = {
	{ "{}", "{}" },
	{ " { \"b\" : [ 1 , -2 ] ,\n\t\"a\":null } ", "{\"a\":null,\"b\":[1,-2]}" },
	{ "{\"b\":true,\"a\":false,\"\":0}", "{\"\":0,\"a\":false,\"b\":true}" },
	{ "\"\\u0061\\/\\\"\\\\\"", "\"a/\\\"\\\\\"" },
	{ "\"\\n\\u001f\"", "\"\n\x1f\"" },
	{ "\"\\ud83d\\ude00 \xc3\xa9\"", "\"\xf0\x9f\x98\x80 \xc3\xa9\"" },
	{ "9007199254740991", "9007199254740991" },
	{ "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]" },
	{ "{\"\xc3\xa9\":1,\"z\":2,\"Z\":3}", "{\"Z\":3,\"z\":2,\"\xc3\xa9\":1}" },
};

TEST(what_has_one_reading_is_read_and_written_in_canonical_form)
{
	for (size_t i = 0; i < COUNT_OF(accepted); i++) {
		struct problem p = { 0 };
		struct buffer out;
		struct tuf_json_document *document = tuf_json_read(
			"x", accepted[i].text, strlen(accepted[i].text), &p);
		if (document == NULL)
			fail_msg("%s: %s", accepted[i].text, p.text);
		buffer_init(&out, 1000);
		assert_true(tuf_json_canonical(tuf_json_root(document), &out));
		assert_true(buffer_append(&out, "", 1));
		assert_string_equal(out.at, accepted[i].canonical);
		buffer_fini(&out);
		tuf_json_free(document);
	}
}

/* clang-format off */
static const struct {
	const char *text, *said;
} refused[] = {
	{ "", "x:1: (byte 0) the file is empty" },
	{ "{\"a\":1,\n\"b\":2,\"a\":3}", "x:1: (byte 0) the object that begins here has 'a' twice" },
	{ "{\"a\":1,\"\\u0061\":3}", "has 'a' twice" },
	{ "[1,\n 2.0]", "x:2: (byte 5) only whole numbers" },
	{ "1e3", "only whole numbers" },
	{ "9007199254740992", "greater than 2^53 - 1" },
	{ "99999999999999999999999", "greater than 2^53 - 1" },
	{ "-0", "-0 is no whole number" },
	{ "01", "must not begin with 0" },
	{ "+1", "a value was expected here" },
	{ "NaN", "a value was expected here" },
	{ "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "(byte 16) more than 16 levels" },
	{ "\"\xff\"", "(byte 1) this is not UTF-8" },
	{ "\"\xc0\x80\"", "this is not UTF-8" },
	{ "\"\xed\xa0\x80\"", "this is not UTF-8" },
	{ "\"\xf4\x90\x80\x80\"", "this is not UTF-8" },
	{ "\"\xe2\x82\"", "this is not UTF-8" },
	{ "\"\\ud800\"", "half of a surrogate pair" },
	{ "\"\\ude00\"", "half of a surrogate pair" },
	{ "\"\\u0000\"", "must not hold a NUL" },
	{ "\"\\x\"", "no such escape" },
	{ "\"\\u12g4\"", "four hex digits" },
	{ "\"a\nb\"", "a control character within a string" },
	{ "\"abc", "a string that does not end" },
	{ "\"abc\\\"", "a string that does not end" },
	{ "[1,]", "a value was expected here" },
	{ "[1 2]", "a ',' or the end was expected" },
	{ "{a:1}", "the name of a member was expected" },
	{ "{\"a\" 1}", "a ':' was expected" },
	{ "{\"a\":1,}", "the name of a member was expected" },
	{ "[1", "a ',' or the end was expected" },
	{ "{} {}", "something follows the end" },
	{ "\xef\xbb\xbf{}", "a value was expected here" },
	{ "tru", "a value was expected here" },
};
/* clang-format on */

TEST(what_two_readers_could_disagree_about_is_refused_with_its_place)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct problem p = { 0 };
		struct tuf_json_document *document =
			tuf_json_read("x", refused[i].text, strlen(refused[i].text), &p);
		if (document != NULL || strstr(p.text, refused[i].said) == NULL)
			fail_msg("'%s' got '%s', not '%s'", refused[i].text, p.text,
				 refused[i].said);
	}
}

TEST(the_number_of_values_is_bounded)
{
	struct problem p = { 0 };
	struct buffer text;

	buffer_init(&text, (size_t)4 * TUF_JSON_VALUES);
	assert_true(buffer_text(&text, "[0"));
	for (int i = 0; i < TUF_JSON_VALUES; i++)
		assert_true(buffer_text(&text, ",0"));
	assert_true(buffer_text(&text, "]"));
	assert_null(tuf_json_read("x", text.at, text.size, &p));
	assert_non_null(strstr(p.text, "more than 1 000 000 values"));
	buffer_fini(&text);
}

TEST(a_text_cut_anywhere_is_refused)
{
	static const char text[] = "{\"a\":[1,-20,\"x\\u00e9\\n\"],\"b\":{\"c\":true}}";
	struct problem p;

	for (size_t size = 0; size < sizeof text - 1; size++)
		assert_null(tuf_json_read("x", text, size, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_has_one_reading_is_read_and_written_in_canonical_form),
		cmocka_unit_test(
			what_two_readers_could_disagree_about_is_refused_with_its_place),
		cmocka_unit_test(the_number_of_values_is_bounded),
		cmocka_unit_test(a_text_cut_anywhere_is_refused),
	};
	return cmocka_run_group_tests_name("tuf_json", tests, NULL, NULL);
}
