#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/problem.h"
#include "protocol/soap/base64.h"
#include "protocol/soap/guid.h"
#include "protocol/soap/soap_value.h"
#include "protocol/soap/xpress.h"

TEST(a_guid_is_read_in_any_case_and_written_in_one)
{
	static const char *const good[] = {
		"72e7624a-5b00-45d2-b92f-e561c0a6a160",
		"72E7624A-5B00-45D2-B92F-E561C0A6A160",
		"{72e7624a-5b00-45D2-b92f-e561c0a6a160}",
	};
	static const char *const bad[] = {
		"",
		"72e7624a-5b00-45d2-b92f-e561c0a6a16",
		"72e7624a-5b00-45d2-b92f-e561c0a6a1600",
		"72e7624a5-b00-45d2-b92f-e561c0a6a160",
		"72e7624a-5b00-45d2-b92f-e561c0a6a16g",
		"(72e7624a-5b00-45d2-b92f-e561c0a6a160)",
		"72e7624a-5b00-45d2-b92f-e561c0a6 160",
	};
	char text[GUID_TEXT];
	struct guid guid;

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_true(guid_parse(good[i], strlen(good[i]), &guid));
		assert_string_equal(guid_format(&guid, text), good[0]);
		assert_string_equal(guid_format_upper(&guid, text), good[1]);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(guid_parse(bad[i], strlen(bad[i]), &guid));
}

TEST(a_guid_of_a_name_is_that_of_rfc_4122)
{
	/* The name space of DNS, and python's uuid5(NAMESPACE_DNS, 'python.org'). */
	static const char dns[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
	char text[GUID_TEXT];
	struct guid space, guid;

	assert_true(guid_parse(dns, strlen(dns), &space));
	guid_of_name(&space, "python.org", &guid);
	assert_string_equal(guid_format(&guid, text),
			    "886313e1-3b8a-5372-9b90-0c9aee199e5d");
}

TEST(base64_has_one_text_for_one_value)
{
	static const struct {
		const char *plain, *text;
	} vectors[] = { { "", "" },
			{ "f", "Zg==" },
			{ "fo", "Zm8=" },
			{ "foo", "Zm9v" },
			{ "foob", "Zm9vYg==" },
			{ "fooba", "Zm9vYmE=" },
			{ "foobar", "Zm9vYmFy" } };
	static const char *const bad[] = {
		"Z",    "Zg",   "Zg=",   "Zh==",     "Zm9=",
		"Z===", "====", "Zm 9v", "Zg==Zg==", "Zm9v!A=="
	};
	char text[32], plain[32];

	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		size_t size = strlen(vectors[i].plain);
		assert_int_equal(base64_encode(vectors[i].plain, size, text),
				 strlen(vectors[i].text));
		assert_string_equal(text, vectors[i].text);
		assert_int_equal(base64_decode(text, strlen(text), plain, size), size);
		assert_memory_equal(plain, vectors[i].plain, size);
		if (size > 0)
			assert_int_equal(
				base64_decode(text, strlen(text), plain, size - 1), -1);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(
			base64_decode(bad[i], strlen(bad[i]), plain, sizeof plain), -1);
	assert_int_equal(base64_decode(" Zm9v\r\n", 7, plain, sizeof plain), 3);
}

TEST(values_are_those_of_xml_schema)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} ints[] = { { "0", true, 0 },
		     { " -7\n", true, -7 },
		     { "+5", true, 5 },
		     { "9223372036854775807", true, INT64_MAX },
		     { "-9223372036854775808", true, INT64_MIN },
		     { "9223372036854775808", false, 0 },
		     { "", false, 0 },
		     { "-", false, 0 },
		     { "1 2", false, 0 },
		     { "0x10", false, 0 },
		     { "1e3", false, 0 } };
	static const struct {
		const char *text;
		int64_t value; /* -1: none */
	} times[] = { { "2026-10-04T13:17:07.59Z", 1791119827 },
		      { "2026-10-04T13:17:07", 1791119827 },
		      { "2026-10-04T15:17:07.1234567+02:00", 1791119827 },
		      { "2026-10-04", -1 },
		      { "2026-10-04T13:17:07.Z", -1 },
		      { "2026-13-04T13:17:07Z", -1 },
		      { "2026-10-04T13:17:07 GMT and much more", -1 } };
	int64_t value;
	bool truth;

	for (size_t i = 0; i < COUNT_OF(ints); i++) {
		value = 0;
		if (soap_value_int(ints[i].text, strlen(ints[i].text), &value) !=
			    ints[i].good ||
		    value != ints[i].value)
			fail_msg("'%s'", ints[i].text);
	}
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		value = -1;
		bool good = soap_value_time(times[i].text, strlen(times[i].text), &value);
		if (good != (times[i].value >= 0) || value != times[i].value)
			fail_msg("'%s' gives %lld", times[i].text, (long long)value);
	}
	assert_true(soap_value_bool("true", 4, &truth) && truth);
	assert_true(soap_value_bool(" 0 ", 3, &truth) && !truth);
	assert_false(soap_value_bool("True", 4, &truth));
}

static void encodes(const char *data, size_t size, const char *bytes, size_t count)
{
	struct buffer out;

	buffer_init(&out, 1 << 20);
	assert_true(xpress_encode(data, size, &out));
	assert_int_equal(out.size, 8 + count);
	assert_memory_equal(out.at + 8, bytes, count);
	buffer_fini(&out);
}

TEST(xpress_packs_as_the_published_vectors_say)
{
	char many[300];

	for (size_t i = 0; i < sizeof many; i++)
		many[i] = "abc"[i % 3];
	encodes(many, sizeof many, "\xff\xff\xff\x1f\x61\x62\x63\x17\x00\x0f\xff\x26\x01",
		13);
	/* 26 letters take four bytes more when packed: so they are stored. */
	encodes("abcdefghijklmnopqrstuvwxyz", 26, "abcdefghijklmnopqrstuvwxyz", 26);
}

TEST(xpress_unpacks_as_the_published_vectors_say)
{
	static const char many[] = "\x2c\x01\x00\x00\x0d\x00\x00\x00"
				   "\xff\xff\xff\x1f\x61\x62\x63\x17\x00\x0f\xff\x26\x01";
	struct buffer out;
	struct problem p;

	buffer_init(&out, 1000);
	assert_int_equal(xpress_decode(many, sizeof many - 1, 300, &out, &p), 0);
	assert_int_equal(out.size, 300);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(out.at[i], "abc"[i % 3]);
	/* One byte less than it becomes, and it is refused whole. */
	assert_int_equal(xpress_decode(many, sizeof many - 1, 299, &out, &p), -1);
	assert_int_equal(out.size, 300);
	buffer_fini(&out);
}

static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Text with repeats near and far, of every length class. */
static size_t make_text(uint32_t *seed, char *text, size_t room)
{
	size_t size = draw(seed) % room, at = 0;

	while (at < size) {
		size_t length = 1 + draw(seed) % (draw(seed) % 8 == 0 ? 5000 : 40);
		bool copies = at > 0 && draw(seed) % 2 == 0;
		size_t from = copies ? draw(seed) % at : 0;
		for (; length > 0 && at < size; length--, at++)
			text[at] =
				(char)(copies ? text[from++] : (int)(draw(seed) % 256));
	}
	return size;
}

TEST(whatever_xpress_packs_it_unpacks_to_the_same)
{
	enum { ROOM = 100000, ROUNDS = 200 };
	static char text[ROOM];
	struct buffer packed, plain;
	struct problem p;

	buffer_init(&packed, 1 << 20);
	buffer_init(&plain, 1 << 20);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		uint32_t seed = round;
		size_t size = make_text(&seed, text, ROOM);
		buffer_clear(&packed, SIZE_MAX);
		buffer_clear(&plain, SIZE_MAX);
		assert_true(xpress_encode(text, size, &packed));
		if (xpress_decode(packed.at, packed.size, ROOM, &plain, &p) < 0)
			fail_msg("seed %u: %s", round, p.text);
		if (plain.size != size || (size > 0 && memcmp(plain.at, text, size) != 0))
			fail_msg("seed %u gives other bytes", round);
		assert_true(packed.size <= size + 8 * (size / XPRESS_BLOCK + 1));
	}
	buffer_fini(&packed);
	buffer_fini(&plain);
}

TEST(a_damaged_xpress_body_never_becomes_more_than_was_allowed)
{
	enum { ROOM = 4000 };
	static char text[ROOM];
	struct buffer packed, plain;
	struct problem p;

	for (uint32_t round = 1; round <= 3000; round++) {
		uint32_t seed = round;
		size_t size = make_text(&seed, text, ROOM);
		buffer_init(&packed, 1 << 16);
		buffer_init(&plain, 1 << 16);
		assert_true(xpress_encode(text, size, &packed));
		for (int i = 0; i < 3 && packed.size > 0; i++)
			packed.at[draw(&seed) % packed.size] = (char)draw(&seed);
		if (xpress_decode(packed.at, packed.size, ROOM, &plain, &p) < 0)
			assert_int_equal(plain.size, 0);
		assert_true(plain.size <= ROOM);
		buffer_fini(&packed);
		buffer_fini(&plain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guid_is_read_in_any_case_and_written_in_one),
		cmocka_unit_test(a_guid_of_a_name_is_that_of_rfc_4122),
		cmocka_unit_test(base64_has_one_text_for_one_value),
		cmocka_unit_test(values_are_those_of_xml_schema),
		cmocka_unit_test(xpress_packs_as_the_published_vectors_say),
		cmocka_unit_test(xpress_unpacks_as_the_published_vectors_say),
		cmocka_unit_test(whatever_xpress_packs_it_unpacks_to_the_same),
		cmocka_unit_test(
			a_damaged_xpress_body_never_becomes_more_than_was_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
