#include "protocol/ddi/media.h"

#include <string.h>

#include "protocol/ddi/json_out.h"
#include "tests/lib/case.h"

TEST(accept_chooses_between_two_kinds_of_json)
{
	static const char hal[] = "application/hal+json", json[] = "application/json";
	static const struct {
		const char *accept, *type;
	} rows[] = {
		{ NULL, hal },
		{ "", hal },
		{ "*/*", hal },
		{ "application/*", hal },
		{ "application/json", json },
		{ "Application/JSON", json },
		{ "application/json;charset=UTF-8", json },
		{ "application/hal+json", hal },
		{ "application/json, application/hal+json", hal },
		{ "application/json, */*", json },
		{ "application/json, */*;q=0.5", json },
		{ "application/json;q=0.5, */*", hal },
		{ "application/json;q=0.2, application/hal+json;q=0.1", json },
		{ "application/json;q=0, */*", hal },
		{ "application/hal+json;q=0, */*", json },
		{ "text/html, application/xhtml+xml, */*;q=0.8", hal },
		{ "application/cbor, application/json;q=0.9", json },
		{ "application/cbor", NULL },
		{ "text/plain", NULL },
		{ "application/jsonx", NULL },
		{ "application/json;q=0", NULL },
		{ "application/json; q=0.000", NULL },
		{ ",,,", NULL },
		{ ";;q=", NULL },
		{ "application/json;q", json },
		{ "application/json;q=", json },
		{ "application/json;q=0.", NULL },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *type = media_choose(rows[i].accept);
		if ((type == NULL) != (rows[i].type == NULL) ||
		    (type != NULL && strcmp(type, rows[i].type) != 0))
			fail_msg("'%s' gets %s", rows[i].accept,
				 type != NULL ? type : "nothing");
	}
}

TEST(bodies_are_json_with_or_without_parameters)
{
	assert_true(media_is_json("application/json"));
	assert_true(media_is_json("application/json;charset=UTF-8"));
	assert_true(media_is_json("application/json ; charset=utf-8"));
	assert_true(media_is_json("APPLICATION/JSON"));
	assert_true(media_is_json("application/hal+json"));
	assert_false(media_is_json(NULL));
	assert_false(media_is_json(""));
	assert_false(media_is_json("application/x-www-form-urlencoded"));
	assert_false(media_is_json("application/jsonp"));
	assert_false(media_is_json("application/cbor"));
}

TEST(json_is_written_with_every_odd_byte_escaped)
{
	struct buffer buffer;
	struct json_out out = { .buffer = &buffer };

	buffer_init(&buffer, 1000);
	json_out_open(&out, NULL, '{');
	json_out_text(&out, "a\"b", "c\\d\n\x01\xc3\xbc");
	json_out_open(&out, "list", '[');
	json_out_number(&out, NULL, INT64_MIN);
	json_out_bool(&out, NULL, true);
	json_out_open(&out, NULL, '{');
	json_out_close(&out, '}');
	json_out_text(&out, NULL, "");
	json_out_close(&out, ']');
	json_out_number(&out, "last", 7);
	json_out_close(&out, '}');
	assert_false(out.failed);
	assert_true(buffer_append(&buffer, "", 1));
	assert_string_equal(buffer.at,
			    "{\"a\\\"b\":\"c\\\\d\\u000a\\u0001\xc3\xbc\",\"list\":"
			    "[-9223372036854775808,true,{},\"\"],\"last\":7}");
	buffer_fini(&buffer);
}

TEST(json_that_finds_no_room_says_so)
{
	struct buffer buffer;
	struct json_out out = { .buffer = &buffer };

	buffer_init(&buffer, 10);
	json_out_open(&out, NULL, '[');
	json_out_text(&out, NULL, "far more than ten bytes");
	json_out_close(&out, ']');
	assert_true(out.failed);
	buffer_fini(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_chooses_between_two_kinds_of_json),
		cmocka_unit_test(bodies_are_json_with_or_without_parameters),
		cmocka_unit_test(json_is_written_with_every_odd_byte_escaped),
		cmocka_unit_test(json_that_finds_no_room_says_so),
	};
	return cmocka_run_group_tests_name("ddi_media", tests, NULL, NULL);
}
