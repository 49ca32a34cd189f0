#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/soap/soap_read.h"
#include "protocol/soap/soap_write.h"

TEST(text_is_escaped_and_what_xml_cannot_carry_is_replaced)
{
	static const struct {
		const char *text, *escaped;
	} rows[] = {
		{ "a<b>&c\"'", "a&lt;b&gt;&amp;c\"'" },
		{ "tab\tline\n", "tab\tline\n" },
		{ "return\r", "return&#13;" },
		{ "\x01\x1f", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "Z\xc3\xbcrich \xe2\x82\xac", "Z\xc3\xbcrich \xe2\x82\xac" },
		{ "cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc2\x85", "\xc2\x85" },
	};
	struct buffer out;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		buffer_init(&out, 1000);
		assert_true(soap_escape(&out, rows[i].text, strlen(rows[i].text)));
		if (out.size != strlen(rows[i].escaped) ||
		    memcmp(out.at, rows[i].escaped, out.size) != 0)
			fail_msg("row %zu: %.*s", i, (int)out.size, out.at);
		buffer_fini(&out);
	}
	buffer_init(&out, 1000);
	assert_true(soap_escape(&out, "a\0b", 3));
	assert_memory_equal(out.at,
			    "a\xef\xbf\xbd"
			    "b",
			    5);
	buffer_fini(&out);
}

struct answer {
	struct soap_text text, bytes;
	int64_t number, time_s;
	bool flag;
	struct guid id;
};

#define FIELD(word, k, member)                                                           \
	{                                                                                \
		.name = word, .kind = k, .offset = offsetof(struct answer, member)       \
	}
static const struct soap_field fields[] = {
	FIELD("Text", SOAP_TEXT, text),    FIELD("Bytes", SOAP_BYTES, bytes),
	FIELD("Number", SOAP_INT, number), FIELD("Time", SOAP_TIME, time_s),
	FIELD("Flag", SOAP_BOOL, flag),    FIELD("Id", SOAP_GUID, id),
};
static const struct soap_group group = { sizeof(struct answer), COUNT_OF(fields),
					 fields };
static const struct soap_operation operation = { "Answer", &group };
static const struct soap_service service = { "urn:test", 1, &operation };

TEST(what_is_written_is_read_back_in_both_versions)
{
	static const enum soap_version versions[] = { SOAP_11, SOAP_12 };
	struct soap_reader *reader = soap_reader_new(&service, 1 << 16);
	struct soap_writer writer;
	struct soap_message message;
	struct problem p;
	struct buffer out;
	struct guid id = { { 1, 2, 3 } };

	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		buffer_init(&out, 10000);
		soap_begin(&writer, &out, versions[i], "Answer", "urn:test");
		soap_text(&writer, "Text", "a <b> & \r c");
		soap_bytes(&writer, "Bytes", "\0\1\2", 3);
		soap_int(&writer, "Number", INT64_MIN);
		soap_time(&writer, "Time", 1791119827);
		soap_time(&writer, "Time", INSTANT_NONE);
		soap_bool(&writer, "Flag", true);
		soap_guid(&writer, "Id", &id);
		assert_true(soap_end(&writer, "Answer"));
		assert_int_equal(soap_read(reader, out.at, out.size, &message, &p), 0);
		const struct answer *answer = message.body;
		assert_int_equal(message.version, versions[i]);
		assert_string_equal(answer->text.at, "a <b> & \r c");
		assert_int_equal(answer->bytes.size, 3);
		assert_memory_equal(answer->bytes.at, "\0\1\2", 3);
		assert_true(answer->number == INT64_MIN && answer->flag);
		assert_int_equal(answer->time_s, 1791119827);
		assert_true(guid_equal(&answer->id, &id));
		buffer_fini(&out);
	}
	soap_reader_free(reader);
}

TEST(a_fault_has_the_members_of_the_original_without_name_space)
{
	struct soap_fault_text fault = { .error_code = "InvalidParameters",
					 .message = "parameters.<x>",
					 .action = "\"urn:test/Answer\"" };
	struct buffer out;

	buffer_init(&out, 10000);
	assert_true(soap_fault_write(&out, SOAP_11, &fault));
	assert_true(buffer_append(&out, "", 1));
	assert_non_null(strstr(
		out.at,
		"<s:Fault><faultcode>s:Client</faultcode><faultstring>Fault occurred"
		"</faultstring><detail><ErrorCode>InvalidParameters</ErrorCode>"
		"<Message>parameters.&lt;x&gt;</Message>"
		"<ID>00000000-0000-0000-0000-000000000000</ID>"
		"<Method>\"urn:test/Answer\"</Method></detail></s:Fault>"));
	buffer_fini(&out);
}

TEST(without_room_the_writer_fails_and_says_so_at_the_end)
{
	struct soap_writer writer;
	struct buffer out;

	buffer_init(&out, 300);
	soap_begin(&writer, &out, SOAP_11, "Answer", "urn:test");
	for (int i = 0; i < 10; i++)
		soap_text(&writer, "Text", "some text of some length");
	assert_false(soap_end(&writer, "Answer"));
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_escaped_and_what_xml_cannot_carry_is_replaced),
		cmocka_unit_test(what_is_written_is_read_back_in_both_versions),
		cmocka_unit_test(
			a_fault_has_the_members_of_the_original_without_name_space),
		cmocka_unit_test(without_room_the_writer_fails_and_says_so_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
