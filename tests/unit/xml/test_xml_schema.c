#include "protocol/xml/xml_schema.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "engine/findings.h"
#include "engine/problem.h"
#include "protocol/xml/xml_words.h"
#include "tests/lib/case.h"
#include "tests/unit/xml/told.h"

static const char xsd[] =
	"<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='urn:yard'\n"
	" targetNamespace='urn:yard' elementFormDefault='qualified'>\n"
	"<xs:element name='yard' type='yard'/>\n"
	"<xs:complexType name='yard'>\n"
	" <xs:annotation><xs:documentation>gates before sheds</xs:documentation>"
	"</xs:annotation>\n"
	" <xs:sequence><xs:element name='gate' type='gate' maxOccurs='9'/>\n"
	"  <xs:element name='shed' type='note' minOccurs='0'/></xs:sequence>\n"
	" <xs:attribute name='size' type='size'/></xs:complexType>\n"
	"<xs:complexType name='gate'><xs:all>\n"
	"  <xs:element name='note' type='note' minOccurs='0'/>\n"
	"  <xs:element name='lock' type='note'/></xs:all>\n"
	" <xs:attribute name='state' type='state' use='required'/></xs:complexType>\n"
	"<xs:simpleType name='note'><xs:annotation>"
	"<xs:documentation>at most 8 letters</xs:documentation></xs:annotation>\n"
	" <xs:restriction base='xs:string'><xs:maxLength value='8'/></xs:restriction>"
	"</xs:simpleType>\n"
	"<xs:simpleType name='size'><xs:annotation>"
	"<xs:documentation>a number from 1</xs:documentation></xs:annotation>\n"
	" <xs:restriction base='xs:integer'><xs:minInclusive value='1'/>"
	"</xs:restriction></xs:simpleType>\n"
	"<xs:simpleType name='state'><xs:restriction base='xs:string'>\n"
	" <xs:enumeration value='open'/><xs:enumeration value='shut'/>"
	"</xs:restriction></xs:simpleType>\n"
	"</xs:schema>";

static struct xml_schema *make_schema(void)
{
	struct problem p = { 0 };
	struct xml_schema *schema = xml_schema_new(xsd, sizeof xsd - 1, &p);
	if (schema == NULL)
		fail_msg("%s", p.text);
	return schema;
}

#define YARD "<yard xmlns='urn:yard'>"

static const struct {
	const char *text, *expected; /* findings on lines of their own */
} rows[] = {
	{ YARD "<gate state='open'><lock/></gate></yard>", "" },
	{ YARD "<gate state='open'><lock>x</lock><note/></gate><shed/></yard>", "" },
	{ "<yrad/>", "f:1: error: the outermost element is <yrad> (start with <yard "
		     "xmlns=\"urn:yard\">)\n" },
	{ "<yard/>", "f:1: error: <yard> is in name space '' (start with <yard "
		     "xmlns=\"urn:yard\">)\n" },
	{ YARD "\n<gate state='opne'><lock/></gate></yard>",
	  "f:2: error: state=\"opne\" of <gate> is not right (did you mean 'open'?)\n" },
	{ YARD "\n<gate state='blue'><lock/></gate></yard>",
	  "f:2: error: state=\"blue\" of <gate> is not right (one of open or shut)\n" },
	{ YARD "\n<gate sate='open'><lock/></gate></yard>",
	  "f:2: error: <gate> has no attribute 'sate' (did you mean 'state'?)\n"
	  "f:2: error: <gate> needs the attribute 'state' (one of open or shut)\n" },
	{ "<yard xmlns='urn:yard' xmlns:o='urn:o' o:state='x'>"
	  "<gate state='open'><lock/></gate></yard>",
	  "f:1: error: <yard> has no attribute 'state' (only size)\n" },
	{ "<yard xmlns='urn:yard' size='0'><gate state='open'><lock/></gate></yard>",
	  "f:1: error: size=\"0\" of <yard> is not right (a number from 1)\n" },
	{ "<yard xmlns='urn:yard' size='x'><gate state='open'><lock/></gate></yard>",
	  "f:1: error: size=\"x\" of <yard> is not right (a number from 1)\n" },
	{ YARD "<gate state='open'>\n<lokc/><lock/></gate></yard>",
	  "f:2: error: <lokc> is not allowed in <gate> (did you mean <lock>?)\n" },
	{ YARD "<gate state='open'>\n<rope/><lock/></gate></yard>",
	  "f:2: error: <rope> is not allowed in <gate> (one of note or lock)\n" },
	{ YARD "<gate state='open'><lock xmlns='urn:o'/><lock/></gate></yard>",
	  "f:1: error: <lock> is not allowed in <gate> (remove its xmlns: it is not in "
	  "'urn:o')\n" },
	{ YARD "<gate state='open'>\n<note/></gate></yard>",
	  "f:1: error: <gate> needs a <lock> (at most 8 letters)\n" },
	{ YARD "\n</yard>", "f:1: error: <yard> needs a <gate>\n" },
	{ YARD "<gate state='open'><lock/>\n<lock/></gate></yard>",
	  "f:2: error: <lock> comes twice or too late in <gate> (once is enough)\n" },
	{ YARD
	  "<gate state='open'><lock/></gate><shed/>\n<gate state='shut'><lock/></gate>"
	  "</yard>",
	  "f:2: error: <gate> comes twice or too late in <yard> (gates before sheds)\n" },
	{ YARD "<gate state='open'>\n<lock>\nfar too long</lock></gate></yard>",
	  "f:2: error: the text of <lock> is not right (at most 8 letters)\n" },
	{ YARD "<gate state='open'>x<lock/>y</gate></yard>",
	  "f:1: error: <gate> holds text (only elements stand there)\n" },
	{ YARD "<gate state='open'><lock><b/></lock></gate></yard>",
	  "f:1: error: <b> is not allowed in <lock>\n" },
	{ YARD "\n<gate state='opne'><lokc><x/></lokc><lock/></gate>\n"
	       "<gate state='shut'><lock>123456789</lock></gate>\n<shde/></yard>",
	  "f:2: error: state=\"opne\" of <gate> is not right (did you mean 'open'?)\n"
	  "f:2: error: <lokc> is not allowed in <gate> (did you mean <lock>?)\n"
	  "f:3: error: the text of <lock> is not right (at most 8 letters)\n"
	  "f:4: error: <shde> is not allowed in <yard> (did you mean <shed>?)\n" },
	{ YARD "\n<gate state='opne'>",
	  "f:2: error: state=\"opne\" of <gate> is not right (did you mean 'open'?)\n"
	  "f:2: error: not well-formed XML: it ends inside <gate>\n" },
	{ "<!DOCTYPE yard><yard/>",
	  "f:1: error: a DOCTYPE is not allowed: remove it, with its entities\n" },
};

/* NULL when row `i` is told as it should be; else what was told. */
static const char *check_row(const struct xml_schema *schema, size_t i,
			     char room[static TOLD])
{
	struct findings findings;

	findings_init(&findings);
	int rc = xml_schema_check(schema, "f", rows[i].text, strlen(rows[i].text),
				  &findings);
	told(&findings, room);
	bool right = strcmp(room, rows[i].expected) == 0 &&
		     (rc == 0) == (rows[i].expected[0] == '\0');
	findings_fini(&findings);
	return right ? NULL : room;
}

TEST(every_fault_is_told_with_file_and_line_and_the_nearest_right_answer)
{
	struct xml_schema *schema = make_schema();
	char room[TOLD];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *wrong = check_row(schema, i, room);
		if (wrong != NULL)
			fail_msg("%s\ntold:\n%swanted:\n%s", rows[i].text, wrong,
				 rows[i].expected);
	}
	xml_schema_free(schema);
}

static void *check_all(void *owner)
{
	static _Thread_local char room[TOLD];
	const struct xml_schema *schema = owner;

	for (int times = 0; times < 20; times++) {
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			if (check_row(schema, i, room) != NULL)
				return (void *)rows[i].text;
		}
	}
	return NULL;
}

TEST(one_schema_serves_many_threads_at_once)
{
	struct xml_schema *schema = make_schema();
	pthread_t threads[4];
	void *wrong[4];

	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, check_all, schema), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_join(threads[i], &wrong[i]), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_null(wrong[i]);
	xml_schema_free(schema);
}

TEST(a_schema_that_is_none_is_refused_in_words)
{
	static const char *const bad[] = {
		"<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' "
		"targetNamespace='u'><xs:element name='a' type='b'/></xs:schema>",
		"<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' "
		"targetNamespace='u'><xs:element name='a'><xs:complexType/></xs:element>"
		"</xs:schema>",
		"<xs:schema",
		"",
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct problem p = { 0 };
		assert_null(xml_schema_new(bad[i], strlen(bad[i]), &p));
		assert_int_equal(p.kind, PROBLEM_BAD_INPUT);
		assert_true(strlen(p.text) > 10);
	}
}

TEST(the_words_of_a_schema_are_its_names_and_hints)
{
	struct problem p = { 0 };
	const char *names[WORDS_OF_TYPE];

	struct xml_words *words = xml_words_read(xsd, sizeof xsd - 1, &p);
	assert_non_null(words);
	assert_string_equal(xml_words_space(words), "urn:yard");
	assert_string_equal(xml_words_root(words)->name, "yard");
	const struct word_type *gate = xml_words_type(words, "gate");
	assert_non_null(gate);
	assert_int_equal(word_names(gate, WORD_CHILD, names), 2);
	assert_string_equal(names[1], "lock");
	assert_true(word_find(gate, WORD_CHILD, "lock")->required);
	assert_false(word_find(gate, WORD_CHILD, "note")->required);
	assert_true(word_find(gate, WORD_ATTRIBUTE, "state")->required);
	assert_null(word_find(gate, WORD_ATTRIBUTE, "lock"));
	assert_string_equal(xml_words_type(words, "note")->hint, "at most 8 letters");
	assert_non_null(word_find(xml_words_type(words, "state"), WORD_VALUE, "shut"));
	assert_null(xml_words_type(words, "xs:string"));
	xml_words_free(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_fault_is_told_with_file_and_line_and_the_nearest_right_answer),
		cmocka_unit_test(one_schema_serves_many_threads_at_once),
		cmocka_unit_test(a_schema_that_is_none_is_refused_in_words),
		cmocka_unit_test(the_words_of_a_schema_are_its_names_and_hints),
	};
	return cmocka_run_group_tests_name("xml_schema", tests, NULL, NULL);
}
