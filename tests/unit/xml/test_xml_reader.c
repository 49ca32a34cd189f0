#include "protocol/xml/xml_reader.h"

#include <stdlib.h>

#include "engine/limits.h"
#include "tests/lib/case.h"
#include "tests/unit/xml/transcript.h"

struct reading {
	struct transcript transcript;
	struct problem problem;
	int rc;
	unsigned line;
};

/* Read `text` in pieces of `piece` bytes. */
static void read_pieces(struct reading *r, const char *text, size_t size, size_t piece)
{
	memset(r, 0, sizeof *r);
	struct xml_reader *reader =
		xml_reader_new(&transcript_events, &r->transcript, &xml_limits_most);
	assert_non_null(reader);
	for (size_t at = 0; at < size && r->rc == 0; at += piece)
		r->rc = xml_reader_feed(reader, text + at,
					size - at < piece ? size - at : piece,
					&r->problem);
	if (r->rc == 0)
		r->rc = xml_reader_finish(reader, &r->problem);
	r->line = xml_reader_line(reader);
	xml_reader_free(reader);
}

static struct reading *read_text(const char *text)
{
	static struct reading r;
	read_pieces(&r, text, strlen(text), strlen(text) + 1);
	return &r;
}

TEST(elements_attributes_and_text_are_told_with_their_name_spaces)
{
	static const struct {
		const char *name, *text, *told;
	} rows[] = {
		{ "empty", "<a/>", "<a></a>" },
		{ "nested", "<a><b>x</b>y</a>", "<a><b>x</b>y</a>" },
		{ "attributes", "<a b='1' c=\"2\"/>", "<a b=[1] c=[2]></a>" },
		{ "default name space", "<a xmlns='urn:x'><b/></a>",
		  "<urn:x|a><urn:x|b></b></a>" },
		{ "prefixes", "<p:a xmlns:p='urn:x' p:b='1' c='2'/>",
		  "<urn:x|a urn:x|b=[1] c=[2]></a>" },
		{ "the five entities in text", "<a>&lt;&gt;&amp;&quot;&apos;</a>",
		  "<a><>&\"'</a>" },
		{ "the five entities in an attribute",
		  "<a b='&lt;&gt;&amp;&quot;&apos;'/>", "<a b=[<>&\"']></a>" },
		{ "an ampersand told twice", "<a b='&amp;#38;&amp;amp;'>&amp;#38;</a>",
		  "<a b=[&#38;&amp;]>&#38;</a>" },
		{ "numeric entities", "<a b='&#65;&#x42;&#38;'>&#67;&#x26;</a>",
		  "<a b=[AB&]>C&</a>" },
		{ "CDATA is text", "<a><![CDATA[<b>&amp;]]>]]&gt;</a>",
		  "<a><b>&amp;]]></a>" },
		{ "comments are passed over", "<!-- x --><a><!-- <b> - -> -->c</a>",
		  "<a>c</a>" },
		{ "white space in a value is space", "<a b='x\n\ty'/>",
		  "<a b=[x  y]></a>" },
		{ "line ends are one", "<a>x\r\ny\rz</a>", "<a>x\ny\nz</a>" },
		{ "a declaration", "<?xml version='1.0' encoding='utf-8'?>\n<a/>",
		  "<a></a>" },
		{ "a declaration in ASCII",
		  "<?xml version=\"1.0\" encoding=\"US-ASCII\" standalone='yes' ?><a/>",
		  "<a></a>" },
		{ "a byte order mark", "\xEF\xBB\xBF<a>\xC3\xA9</a>", "<a>\xC3\xA9</a>" },
		{ "a mark and a declaration", "\xEF\xBB\xBF<?xml version='1.0'?><a/>",
		  "<a></a>" },
		{ "white space around", "\n <a/> \n<!-- end -->\n", "<a></a>" },
		{ "a bracket in a value", "<a b='>'>x</a>", "<a b=[>]>x</a>" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct reading *r = read_text(rows[i].text);
		if (r->rc < 0)
			fail_msg("%s: %s", rows[i].name, r->problem.text);
		if (strcmp(r->transcript.text, rows[i].told) != 0)
			fail_msg("%s: told %s", rows[i].name, r->transcript.text);
	}
}

static const struct attack {
	const char *name, *text;
	unsigned line;
	const char *words; /* the problem holds them */
} attacks[] = {
	{ "doctype", "<!DOCTYPE a><a/>", 1, "a DOCTYPE is not allowed" },
	{ "doctype after a comment", "<!-- x -->\n<!DOCTYPE a [ ]>\n<a/>", 2,
	  "a DOCTYPE is not allowed" },
	{ "billion laughs",
	  "<?xml version='1.0'?>\n<!DOCTYPE lolz [\n<!ENTITY a \"ha\">\n"
	  "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">\n"
	  "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">\n]>\n<lolz>&c;</lolz>",
	  2, "a DOCTYPE is not allowed" },
	{ "parameter entities",
	  "<!DOCTYPE r [<!ENTITY % a \"<!ENTITY b 'x'>\">%a;]><r>&b;</r>", 1,
	  "a DOCTYPE is not allowed" },
	{ "external entity",
	  "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>\n<r>&x;</r>", 1,
	  "a DOCTYPE is not allowed" },
	{ "external subset", "<!DOCTYPE r SYSTEM \"http://127.0.0.1:9/x.dtd\"><r/>", 1,
	  "a DOCTYPE is not allowed" },
	{ "doctype inside", "<a>\n<!DOCTYPE b>\n</a>", 2, "a DOCTYPE is not allowed" },
	{ "an entity without a doctype", "<a>\n&x;</a>", 2, "Entity 'x' not defined" },
	{ "an entity in an attribute", "<a b='&x;'/>", 1, "Entity 'x' not defined" },
	{ "a character that is none", "<a>&#0;</a>", 1, "not well-formed" },
	{ "a processing instruction", "<a>\n<?php x?></a>", 2,
	  "a processing instruction is not allowed" },
	{ "a style sheet", "<?xml-stylesheet href='x'?><a/>", 1,
	  "a processing instruction is not allowed" },
	{ "a second declaration", "<a/><?xml version='1.0'?>", 1,
	  "a processing instruction is not allowed" },
	{ "a conditional section", "<a><![INCLUDE[x]]></a>", 1,
	  "a DOCTYPE is not allowed" },
	{ "Latin 1", "<?xml version='1.0' encoding='ISO-8859-1'?><a/>", 1,
	  "encoding 'ISO-8859-1' is not read" },
	{ "UTF-7", "<?xml version='1.0' encoding='UTF-7'?><a/>", 1,
	  "encoding 'UTF-7' is not read" },
	{ "an encoding that hides in the version",
	  "<?xml version='1.0 encoding=' encoding='UTF-7'?><a/>", 1, "XML version" },
	{ "an encoding said twice",
	  "<?xml version='1.0' encoding='UTF-8' encoding='UTF-7'?><a/>", 1,
	  "the XML declaration is malformed near" },
	{ "version 1.1", "<?xml version='1.1'?><a/>", 1,
	  "XML version '1.1' is not read" },
	{ "no version", "<?xml encoding='UTF-8'?><a/>", 1,
	  "the XML declaration is malformed" },
	{ "UTF-16 by its mark", "\xFF\xFE<a/>", 1, "the document is UTF-16" },
	{ "UTF-16, the other way", "\xFE\xFF<a/>", 1, "the document is UTF-16" },
	{ "EBCDIC", "\x4C\x6F\xA7\x94", 1, "does not start with '<'" },
	{ "JSON", "{\"a\":1}", 1, "does not start with '<'" },
	{ "bytes that are no UTF-8", "<a>\n\xC3\x28</a>", 2, "not well-formed" },
	{ "no UTF-8 in an attribute", "<a b='\xE9'/>", 1, "not well-formed" },
	{ "no UTF-8 in a comment", "<a><!-- \xE9 --></a>", 1, "not well-formed" },
	{ "no UTF-8 in a name", "<a><\xE9/></a>", 1, "not well-formed" },
	{ "a surrogate", "<a>\xED\xA0\x80</a>", 1, "not well-formed" },
	{ "overlong UTF-8", "<a>\xC0\xBC</a>", 1, "not well-formed" },
	{ "a control character", "<a>\x01</a>", 1, "not well-formed" },
	{ "an undeclared prefix", "<a>\n<p:b/></a>", 2, "prefix p on b is not defined" },
	{ "an undeclared prefix at the end", "<p:a/>", 1,
	  "prefix p on a is not defined" },
	{ "an attribute twice", "<a b='1' b='2'/>", 1, "Attribute b redefined" },
	{ "an attribute twice by two prefixes",
	  "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", 1, "not well-formed" },
	{ "a rebound prefix", "<a xmlns:xml='urn:x'/>", 1, "not well-formed" },
	{ "two colons", "<a:b:c xmlns:a='u'/>", 1, "not well-formed" },
	{ "two roots", "<a/>\n<b/>", 2, "Extra content" },
	{ "text after the root", "<a/>\nx", 2, "Extra content" },
	{ "the wrong end", "<a>\n<b></a>", 2, "tag mismatch" },
	{ "cut in a tag", "<a>\n<b c='1", 2, "Couldn't find end of Start Tag b" },
	{ "cut before the end", "<a>\n<b/>\n", 3, "it ends inside <a>" },
	{ "cut in a declaration", "<?xml version='1.0'", 1,
	  "ends inside its XML declaration" },
	{ "cut early in a declaration", "<?xm", 1,
	  "a processing instruction is not allowed" },
	{ "cut in a declaration after a mark", "\xEF\xBB\xBF<?x", 1,
	  "ends inside its XML declaration" },
	{ "nothing", "", 1, "the document is empty" },
	{ "nothing but a mark", "\xEF\xBB\xBF", 1, "not well-formed" },
	{ "nothing but space", "\n\n", 1, "not well-formed" },
	{ "two hyphens in a comment", "<a><!-- x -- y --></a>", 1, "not well-formed" },
	{ "the end of CDATA in text", "<a>]]></a>", 1, "not well-formed" },
	{ "a bracket in an attribute", "<a b='<'/>", 1, "not well-formed" },
};

TEST(what_hostile_xml_does_is_refused_with_line_and_words)
{
	for (size_t i = 0; i < COUNT_OF(attacks); i++) {
		const struct attack *a = &attacks[i];
		const struct reading *r = read_text(a->text);
		if (r->rc != -1)
			fail_msg("%s: accepted as %s", a->name, r->transcript.text);
		if (strstr(r->problem.text, a->words) == NULL)
			fail_msg("%s: told '%s'", a->name, r->problem.text);
		if (r->line != a->line)
			fail_msg("%s: on line %u", a->name, r->line);
		if (r->problem.kind != PROBLEM_BAD_INPUT)
			fail_msg("%s: of kind %d", a->name, r->problem.kind);
		if (strstr(r->transcript.text, "hostname") != NULL)
			fail_msg("%s: something was substituted", a->name);
	}
}

TEST(the_verdict_does_not_depend_on_where_the_bytes_are_cut)
{
	static struct reading whole, pieces;

	for (size_t i = 0; i < COUNT_OF(attacks); i++) {
		const char *text = attacks[i].text;
		for (size_t piece = 1; piece < 12; piece++) {
			read_pieces(&pieces, text, strlen(text), piece);
			if (pieces.rc != -1)
				fail_msg("%s: accepted in pieces of %zu", attacks[i].name,
					 piece);
		}
	}
	static const char text[] =
		"\xEF\xBB\xBF<?xml version='1.0' encoding='UTF-8'?>\r\n"
		"<a xmlns='urn:x' b='1 &amp; 2'>\r\n<!-- - -> -->\r\n"
		"<c d='&lt;'>\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80</c>"
		"<![CDATA[]] > ]]]]><e/>x&#x20AC;</a>\r\n";
	read_pieces(&whole, text, sizeof text - 1, sizeof text);
	assert_int_equal(whole.rc, 0);
	for (size_t piece = 1; piece < sizeof text; piece++) {
		read_pieces(&pieces, text, sizeof text - 1, piece);
		if (pieces.rc != 0 ||
		    strcmp(pieces.transcript.text, whole.transcript.text) != 0)
			fail_msg("in pieces of %zu: %s %s", piece, pieces.problem.text,
				 pieces.transcript.text);
	}
}

TEST(a_nul_is_refused_wherever_it_stands)
{
	static struct reading r;
	static const char text[] = "<a>\nx</a>\n";
	char copy[sizeof text];

	for (size_t at = 0; at <= sizeof text - 1; at++) {
		memcpy(copy, text, sizeof text);
		copy[at] = '\0';
		read_pieces(&r, copy, sizeof text, sizeof text);
		assert_int_equal(r.rc, -1);
		assert_non_null(strstr(r.problem.text, "NUL"));
	}
	read_pieces(&r, "<\0?\0x\0m\0", 8, 8); /* UTF-16 without a mark */
	assert_int_equal(r.rc, -1);
}

/* A document of `count` times `piece` between `before` and `after`. */
static char *repeat(const char *before, const char *piece, size_t count,
		    const char *after)
{
	char *text = malloc(strlen(before) + strlen(piece) * count + strlen(after) + 1);
	assert_non_null(text);
	char *at = text + sprintf(text, "%s", before);
	for (size_t i = 0; i < count; i++)
		at += sprintf(at, "%s", piece);
	strcpy(at, after);
	return text;
}

static void expect_too_large(const char *name, char *text, const char *words)
{
	static struct reading r;

	read_pieces(&r, text, strlen(text), 4096);
	free(text);
	if (r.rc != -1)
		fail_msg("%s: accepted", name);
	if (r.problem.kind != PROBLEM_TOO_LARGE || strstr(r.problem.text, words) == NULL)
		fail_msg("%s: told '%s'", name, r.problem.text);
}

TEST(whatever_is_past_a_limit_is_refused_before_the_parser_works_on_it)
{
	char attributes[16 * 70], *at = attributes;

	for (int i = 0; i < 65; i++)
		at += sprintf(at, " a%d='x'", i);
	expect_too_large("depth", repeat("", "<a>", LIMIT_XML_DEPTH + 1, "x"),
			 "too deep");
	expect_too_large("attributes", repeat("<a", attributes, 1, "/>"),
			 "too many attributes");
	expect_too_large("twenty thousand attributes",
			 repeat("<a", " b='x'", 20000, "/>"), "too many attributes");
	expect_too_large("name spaces", repeat("<a", " xmlns:b='x'", 65, "/>"),
			 "too many attributes");
	expect_too_large("a long value", repeat("<a b='", "xxxx", 20000, "'/>"),
			 "a tag has too many bytes");
	expect_too_large("a long name", repeat("<", "xxxx", 20000, "/>"),
			 "a tag has too many bytes");
	expect_too_large("a huge text", repeat("<a>", "xxxxxxxx", 4 << 20, "</a>"),
			 "the document has too many bytes");
}

TEST(limits_are_those_the_reader_was_given)
{
	static const struct xml_limits small = {
		.document_bytes = 100,
		.tag_bytes = 30,
		.depth = 3,
		.attributes = 2,
		.elements = 4,
	};
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{ "<a><b><c/></b></a>", 0 },
		{ "<a><b><c><d/></c></b></a>", -1 },
		{ "<a b='1' c='2'/>", 0 },
		{ "<a b='1' c='2' d='3'/>", -1 },
		{ "<a><b/><b/><b/></a>", 0 },
		{ "<a><b/><b/><b/><b/></a>", -1 },
		{ "<a b='12345678901234567'/>", 0 },
		{ "<a b='1234567890123456789012345'/>", -1 },
	};
	static struct transcript transcript;
	struct problem p = { 0 };

	struct xml_reader *reader =
		xml_reader_new(&transcript_events, &transcript, &small);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		xml_reader_reset(reader);
		if (xml_reader_read(reader, rows[i].text, strlen(rows[i].text), &p) !=
		    rows[i].rc)
			fail_msg("%s", rows[i].text);
	}
	xml_reader_free(reader);
}

TEST(xinclude_is_an_element_like_any_other_and_reads_nothing)
{
	const struct reading *r =
		read_text("<a><x:include xmlns:x='http://www.w3.org/2001/XInclude' "
			  "href='file:///etc/hostname' parse='text'/></a>");

	assert_int_equal(r->rc, 0);
	assert_string_equal(r->transcript.text,
			    "<a><http://www.w3.org/2001/XInclude|include "
			    "href=[file:///etc/hostname] parse=[text]></include></a>");
}

TEST(an_element_is_on_the_line_of_its_bracket_even_past_65535)
{
	static struct reading r;
	char *text = repeat("<a>", "\n", 70000, "<b\n\n c='1'\n d='\n'/>\n<c/></a>");

	read_pieces(&r, text, strlen(text), 1000);
	free(text);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.transcript.elements, 3);
	assert_int_equal(r.transcript.lines[0], 1);
	assert_int_equal(r.transcript.lines[1], 70001);
	assert_int_equal(r.transcript.lines[2], 70006);

	text = repeat("<a>", "\n", 70000, "<b></a>");
	read_pieces(&r, text, strlen(text), 1000);
	free(text);
	assert_int_equal(r.rc, -1);
	assert_int_equal(r.line, 70001);
}

TEST(a_callback_ends_the_document_with_its_own_words)
{
	static struct transcript transcript = { .stop_at = "b" };
	struct problem p = { 0 };
	static const char text[] = "<a>\n<b/>\n<c/></a>";

	struct xml_reader *reader =
		xml_reader_new(&transcript_events, &transcript, &xml_limits_most);
	assert_int_equal(xml_reader_read(reader, text, sizeof text - 1, &p), -1);
	assert_int_equal(p.kind, PROBLEM_CONFLICT);
	assert_string_equal(p.text, "no <b> today");
	assert_int_equal(xml_reader_line(reader), 2);
	assert_string_equal(transcript.text, "<a>\n<b>");
	/* It stays refused. */
	p = (struct problem){ 0 };
	assert_int_equal(xml_reader_feed(reader, "<c/>", 4, &p), -1);
	assert_string_equal(p.text, "no <b> today");
	assert_int_equal(xml_reader_finish(reader, &p), -1);
	xml_reader_free(reader);
}

TEST(a_reader_is_good_for_the_next_document_whatever_became_of_the_last)
{
	static struct transcript transcript;
	struct problem p = { 0 };
	struct xml_reader *reader =
		xml_reader_new(&transcript_events, &transcript, &xml_limits_most);

	for (size_t i = 0; i < COUNT_OF(attacks); i++) {
		const char *text = attacks[i].text;
		assert_int_equal(xml_reader_read(reader, text, strlen(text), &p), -1);
		xml_reader_reset(reader);
		memset(&transcript, 0, sizeof transcript);
		if (xml_reader_read(reader, "<a b='1'>\n<c/></a>", 18, &p) < 0)
			fail_msg("after %s: %s", attacks[i].name, p.text);
		assert_string_equal(transcript.text, "<a b=[1]>\n<c></c></a>");
		assert_int_equal(transcript.lines[1], 2);
		xml_reader_reset(reader);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(xml_reader_read(reader, "\xEF\xBB\xBF<a/>", 7, &p), 0);
		xml_reader_reset(reader);
	}
	assert_int_equal(xml_reader_feed(reader, "<a>", 3, &p), 0); /* half a document */
	xml_reader_reset(reader);
	assert_int_equal(xml_reader_read(reader, "<b/>", 4, &p), 0);
	xml_reader_free(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			elements_attributes_and_text_are_told_with_their_name_spaces),
		cmocka_unit_test(what_hostile_xml_does_is_refused_with_line_and_words),
		cmocka_unit_test(the_verdict_does_not_depend_on_where_the_bytes_are_cut),
		cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
		cmocka_unit_test(
			whatever_is_past_a_limit_is_refused_before_the_parser_works_on_it),
		cmocka_unit_test(limits_are_those_the_reader_was_given),
		cmocka_unit_test(xinclude_is_an_element_like_any_other_and_reads_nothing),
		cmocka_unit_test(
			an_element_is_on_the_line_of_its_bracket_even_past_65535),
		cmocka_unit_test(a_callback_ends_the_document_with_its_own_words),
		cmocka_unit_test(
			a_reader_is_good_for_the_next_document_whatever_became_of_the_last),
	};
	return cmocka_run_group_tests_name("xml_reader", tests, NULL, NULL);
}
