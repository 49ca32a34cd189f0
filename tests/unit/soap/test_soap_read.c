#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/soap/soap_read.h"

#define SPACE "http://example.test/service"

struct item {
	struct guid id;
	int64_t revision;
};
struct call {
	struct soap_text name;
	int64_t number;
	bool flag, has_number;
	int64_t time_s;
	struct soap_text bytes;
	struct inner {
		struct soap_list numbers, texts, items;
	} inner;
};

static const struct soap_field item_fields[] = {
	{ .name = "ID",
	  .kind = SOAP_GUID,
	  .offset = offsetof(struct item, id),
	  .required = true },
	{ .name = "Revision",
	  .kind = SOAP_INT,
	  .offset = offsetof(struct item, revision) },
};
static const struct soap_group item_group = { sizeof(struct item), 2, item_fields };
static const struct soap_field inner_fields[] = {
	{ .name = "int",
	  .kind = SOAP_INT,
	  .offset = offsetof(struct inner, numbers),
	  .most = 40 },
	{ .name = "string",
	  .kind = SOAP_TEXT,
	  .offset = offsetof(struct inner, texts),
	  .most = 3 },
	{ .name = "Item",
	  .kind = SOAP_GROUP,
	  .offset = offsetof(struct inner, items),
	  .most = 100,
	  .group = &item_group },
};
static const struct soap_group inner_group = { sizeof(struct inner), 3, inner_fields };
static const struct soap_field call_fields[] = {
	{ .name = "name",
	  .kind = SOAP_TEXT,
	  .offset = offsetof(struct call, name),
	  .size_most = 20 },
	{ .name = "number",
	  .kind = SOAP_INT,
	  .offset = offsetof(struct call, number),
	  .tells = true,
	  .tells_offset = offsetof(struct call, has_number) },
	{ .name = "flag",
	  .kind = SOAP_BOOL,
	  .offset = offsetof(struct call, flag),
	  .required = true },
	{ .name = "time", .kind = SOAP_TIME, .offset = offsetof(struct call, time_s) },
	{ .name = "bytes",
	  .kind = SOAP_BYTES,
	  .offset = offsetof(struct call, bytes),
	  .size_most = 4 },
	{ .name = "inner",
	  .kind = SOAP_GROUP,
	  .offset = offsetof(struct call, inner),
	  .group = &inner_group },
};
static const struct soap_group call_group = { sizeof(struct call), 6, call_fields };
static const struct soap_operation operations[] = { { "Other", &inner_group },
						    { "Call", &call_group } };
static const struct soap_service service = { SPACE, 2, operations };

static struct soap_reader *reader;
static struct soap_message message;
static struct problem problem;

static int read_text(const char *text)
{
	problem.text[0] = '\0';
	return soap_read(reader, text, strlen(text), &message, &problem);
}

#define ENVELOPE "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'>"

static int read_body(const char *body)
{
	static char text[200000];

	snprintf(text, sizeof text, ENVELOPE "<s:Body>%s</s:Body></s:Envelope>", body);
	return read_text(text);
}

static int read_call(const char *inside)
{
	static char text[100000];

	snprintf(text, sizeof text, "<Call xmlns='" SPACE "'>%s</Call>", inside);
	return read_body(text);
}

static void reads(const char *inside)
{
	if (read_call(inside) < 0)
		fail_msg("%s: %s", inside, problem.text);
}

TEST(a_message_lands_in_its_structure_in_any_order)
{
	reads("<time>2026-10-04T13:17:07.59Z</time><flag>true</flag><number> 7 </number>"
	      "<name>a &lt; b<![CDATA[ & c]]></name><bytes>Zm9v</bytes>"
	      "<inner><int>1</int><string>x</string><int>2</int>"
	      "<Item><Revision>3</Revision><ID>72E7624A-5B00-45D2-B92F-E561C0A6A160</"
	      "ID></Item>"
	      "<string/></inner>");
	const struct call *call = message.body;
	const struct item *item = call->inner.items.items;
	const struct soap_text *texts = call->inner.texts.items;

	assert_string_equal(message.operation->name, "Call");
	assert_int_equal(message.version, SOAP_11);
	assert_string_equal(call->name.at, "a < b & c");
	assert_true(call->has_number && call->flag);
	assert_int_equal(call->number, 7);
	assert_int_equal(call->time_s, 1791119827);
	assert_memory_equal(call->bytes.at, "foo", 4);
	assert_int_equal(call->inner.numbers.count, 2);
	assert_int_equal(((const int64_t *)call->inner.numbers.items)[1], 2);
	assert_int_equal(call->inner.texts.count, 2);
	assert_string_equal(texts[0].at, "x");
	assert_int_equal(texts[1].size, 0);
	assert_int_equal(item->revision, 3);
}

TEST(a_list_grows_past_every_size_of_its_memory)
{
	static char text[90000];
	size_t used = 0;

	used += (size_t)snprintf(text, sizeof text, "<flag>1</flag><inner>");
	for (int i = 0; i < 100; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "<Item><ID>00000000-0000-0000-0000-%012d</ID>"
					 "<Revision>%d</Revision></Item>",
					 i, i * 3);
	snprintf(text + used, sizeof text - used, "</inner>");
	reads(text);
	const struct call *call = message.body;
	assert_int_equal(call->inner.items.count, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(
			((const struct item *)call->inner.items.items)[i].revision,
			i * 3);
}

TEST(what_no_table_names_is_passed_over)
{
	reads("<unknown><flag>false</flag><deep><deeper/></deep></unknown>"
	      "<flag xmlns='urn:other'>false</flag><flag>true</flag>text between"
	      "<inner surplus='1'><x:int xmlns:x='urn:y'>9</x:int></inner>");
	const struct call *call = message.body;
	assert_true(call->flag);
	assert_int_equal(call->inner.numbers.count, 0);
}

TEST(nil_is_not_there)
{
	reads("<flag>true</flag><x:number xmlns:x='" SPACE "' "
	      "xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>"
	      "<bytes xmlns:i='http://www.w3.org/2001/XMLSchema-instance' "
	      "i:nil='1'></bytes>");
	const struct call *call = message.body;
	assert_false(call->has_number);
	assert_null(call->bytes.at);
}

TEST(soap_1_2_and_headers_that_need_not_be_understood_are_taken)
{
	static const char good[] =
		"<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'>"
		"<e:Header><h:a xmlns:h='urn:h' "
		"e:mustUnderstand='0'><h:b/></h:a></e:Header>"
		"<e:Body><Call xmlns='" SPACE
		"'><flag>true</flag></Call></e:Body></e:Envelope>";
	static const char bad[] = ENVELOPE
		"<s:Header><h:a xmlns:h='urn:h' s:mustUnderstand='1'/></s:Header>"
		"<s:Body><Call xmlns='" SPACE
		"'><flag>true</flag></Call></s:Body></s:Envelope>";

	assert_int_equal(read_text(good), 0);
	assert_int_equal(message.version, SOAP_12);
	assert_int_equal(read_text(bad), -1);
	assert_non_null(strstr(problem.text, "must be understood"));
}

TEST(what_does_not_fit_is_told_with_the_path_of_its_field)
{
	static const struct {
		const char *inside, *field;
	} rows[] = {
		{ "", "flag" },
		{ "<flag>yes</flag>", "flag" },
		{ "<flag>true</flag><number>9223372036854775808</number>", "number" },
		{ "<flag>true</flag><time>today</time>", "time" },
		{ "<flag>true</flag><bytes>Zm9vYmFy</bytes>", "bytes" },
		{ "<flag>true</flag><bytes>Z</bytes>", "bytes" },
		{ "<flag>true</flag><name>123456789012345678901</name>", "name" },
		{ "<flag>true</flag><name>a<b/></name>", "name" },
		{ "<flag>true</flag><inner><int>x</int></inner>", "inner" },
		{ "<flag>true</flag><inner><string/><string/><string/><string/></inner>",
		  "inner" },
		{ "<flag>true</flag><inner><Item><ID>no</ID></Item></inner>",
		  "inner.ID" },
		{ "<flag>true</flag><inner><Item/></inner>", "inner.ID" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (read_call(rows[i].inside) == 0)
			fail_msg("'%s' is taken", rows[i].inside);
		if (strcmp(message.field, rows[i].field) != 0)
			fail_msg("'%s' is told as '%s'", rows[i].inside, message.field);
		assert_int_equal(problem.kind, PROBLEM_BAD_INPUT);
		assert_string_equal(message.operation->name, "Call");
	}
}

TEST(what_is_no_message_of_the_service_is_refused)
{
	static const char *const rows[] = {
		"",
		"text",
		"<a/>",
		"<s:Envelope xmlns:s='urn:soap'/>",
		ENVELOPE "</s:Envelope>",
		ENVELOPE "<s:Body/></s:Envelope>",
		ENVELOPE "<Body/></s:Envelope>",
		ENVELOPE "<s:Body><Call xmlns='" SPACE "'><flag>1</flag></Call></s:Body>"
			 "<s:Body/></s:Envelope>",
		ENVELOPE "<s:Body><Call xmlns='" SPACE "'><flag>1</flag></Call>"
			 "<Call xmlns='" SPACE
			 "'><flag>1</flag></Call></s:Body></s:Envelope>",
		ENVELOPE "<s:Body><Call><flag>1</flag></Call></s:Body></s:Envelope>",
		ENVELOPE "<s:Body><Calls xmlns='" SPACE "'/></s:Body></s:Envelope>",
		ENVELOPE "<s:Body><Call xmlns='" SPACE "'><flag>1</flag></Call></s:Body>",
		ENVELOPE "<s:Header/><s:Header/><s:Body><Call xmlns='" SPACE
			 "'><flag>1</flag></Call></s:Body></s:Envelope>",
		ENVELOPE "<s:Body><Call xmlns='" SPACE
			 "'><flag>1</flag></Call></s:Body><s:Header/></s:Envelope>",
		"<!DOCTYPE a [<!ENTITY b 'c'>]>" ENVELOPE "<s:Body/></s:Envelope>",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (read_text(rows[i]) == 0)
			fail_msg("'%s' is taken", rows[i]);
		assert_true(problem.text[0] != '\0');
	}
	/* And the next message is read as if nothing had been. */
	reads("<flag>true</flag>");
}

TEST(a_message_that_wants_more_memory_than_it_may_is_refused)
{
	struct soap_reader *small = soap_reader_new(&service, 20000);
	static char text[60000];
	size_t used = (size_t)snprintf(
		text, sizeof text, ENVELOPE "<s:Body><Other xmlns='" SPACE "'><string>");

	memset(text + used, 'x', 30000);
	used += 30000;
	snprintf(text + used, sizeof text - used,
		 "</string></Other></s:Body></s:Envelope>");
	assert_int_equal(soap_read(small, text, strlen(text), &message, &problem), -1);
	assert_int_equal(problem.kind, PROBLEM_TOO_LARGE);
	soap_reader_free(small);
}

TEST(a_fault_is_read_in_both_versions)
{
	assert_int_equal(
		read_body("<s:Fault><faultcode>s:Client</faultcode><faultstring>Fault "
			  "occurred"
			  "</faultstring><detail><ErrorCode>InvalidCookie</ErrorCode>"
			  "<Message>cookie</Message><ID>x</ID></detail></s:Fault>"),
		0);
	assert_true(message.is_fault);
	assert_string_equal(message.fault.code, "Client");
	assert_string_equal(message.fault.text, "Fault occurred");
	assert_string_equal(message.fault.error_code, "InvalidCookie");
	assert_string_equal(message.fault.message, "cookie");
	assert_int_equal(
		read_text(
			"<e:Envelope "
			"xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body>"
			"<e:Fault><e:Code><e:Value>e:Sender</e:Value></e:Code><e:Reason>"
			"<e:Text xml:lang='en'>no</e:Text></e:Reason></e:Fault></e:Body>"
			"</e:Envelope>"),
		0);
	assert_string_equal(message.fault.code, "Sender");
	assert_string_equal(message.fault.text, "no");
}

static int open_reader(void **state)
{
	(void)state;
	reader = soap_reader_new(&service, 1 << 20);
	return reader == NULL ? -1 : 0;
}

static int close_reader(void **state)
{
	(void)state;
	soap_reader_free(reader);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_lands_in_its_structure_in_any_order),
		cmocka_unit_test(a_list_grows_past_every_size_of_its_memory),
		cmocka_unit_test(what_no_table_names_is_passed_over),
		cmocka_unit_test(nil_is_not_there),
		cmocka_unit_test(
			soap_1_2_and_headers_that_need_not_be_understood_are_taken),
		cmocka_unit_test(what_does_not_fit_is_told_with_the_path_of_its_field),
		cmocka_unit_test(what_is_no_message_of_the_service_is_refused),
		cmocka_unit_test(a_message_that_wants_more_memory_than_it_may_is_refused),
		cmocka_unit_test(a_fault_is_read_in_both_versions),
	};
	return cmocka_run_group_tests(tests, open_reader, close_reader);
}
