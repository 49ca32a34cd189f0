#include "protocol/xml/xml_guard.h"

#include <stdbool.h>
#include <string.h>

#include "engine/problem.h"
#include "tests/lib/case.h"

static const struct xml_limits limits = {
	.document_bytes = 400,
	.tag_bytes = 40,
	.depth = 3,
	.attributes = 2,
	.elements = 5,
};

struct verdict {
	int rc;
	unsigned line;
	struct problem problem;
};

static struct verdict look(const char *text, size_t piece)
{
	struct xml_guard guard;
	struct verdict v = { 0 };
	size_t size = strlen(text);

	xml_guard_init(&guard, &limits);
	for (size_t at = 0; at < size && v.rc == 0; at += piece)
		v.rc = xml_guard_feed(&guard, text + at,
				      size - at < piece ? size - at : piece, &v.problem);
	if (v.rc == 0)
		v.rc = xml_guard_finish(&guard, &v.problem);
	v.line = guard.line;
	return v;
}

static const struct {
	const char *name, *text;
	unsigned line; /* 0: it passes */
	const char *words;
} rows[] = {
	{ "plain", "<a b='1' c='2'><d/>x</a>", 0, "" },
	{ "as deep as it may be", "<a><b><c/></b><b><c/></b></a>", 0, "" },
	{ "too deep", "<a>\n<b><c>\n<d>", 3, "too deep" },
	{ "closed elements are not deep", "<a></a><b></b><c/><d/><e/>", 0, "" },
	{ "too many elements", "<a/><a/><a/>\n<a/><a/><a/>", 2, "too many elements" },
	{ "too many attributes", "<a\nb=''\nc=''\nd=''/>", 4, "too many attributes" },
	{ "attributes of another element", "<a b='' c=''><d e='' f=''/></a>", 0, "" },
	{ "equals signs in a value", "<a b='====' c=\"===\"/>", 0, "" },
	{ "a long tag", "<a b='0123456789\n012345678901234567890123456789'/>", 2,
	  "a tag has too many bytes" },
	{ "brackets in a value", "<a b='>><a><a>'/>", 0, "" },
	{ "tags in a comment", "<!-- <a><a><a><a><a><a><!DOCTYPE --><a/>", 0, "" },
	{ "tags in CDATA", "<a><![CDATA[<a><a><a><a><a><a><!DOCTYPE ]]></a>", 0, "" },
	{ "a comment that only seems to end", "<!-- -> - -- > <?x --><a/>", 0, "" },
	{ "the shortest comments", "<!----><!-----><a/>", 0, "" },
	{ "CDATA that only seems to end", "<a><![CDATA[]>]] >]]]><b/></a>", 0, "" },
	{ "a doctype", "<a>\n\n<!DOCTYPE", 3, "DOCTYPE" },
	{ "half a CDATA", "<a><![CDATX[", 1, "DOCTYPE" },
	{ "half a comment", "<a><!-x", 1, "DOCTYPE" },
	{ "an instruction", "<a>\n<?x", 2, "processing instruction" },
	{ "one that looks like a declaration", "<?xmlx version='1.0'?><a/>", 1,
	  "processing instruction" },
	{ "a declaration on lines", "<?xml\nversion='1.0'\n?>\n<?x?>", 4,
	  "processing instruction" },
	{ "a declaration without end",
	  "<?xml version='1.0'                                                        "
	  "                                                                           "
	  "                                                                         ?>",
	  1, "longer than" },
	{ "a declaration that ends in its value", "<?xml version='1.0?>'?><a/>", 1,
	  "malformed" },
	{ "a fault before the document is too long",
	  "<?a>56789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789",
	  1, "processing instruction" },
	{ "a long document",
	  "<a>3456789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789012345678901234567890123456789",
	  1, "too many bytes" },
};

TEST(the_guard_tells_tags_from_what_only_looks_like_them)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct verdict v = look(rows[i].text, strlen(rows[i].text));
		if ((v.rc == 0) != (rows[i].line == 0))
			fail_msg("%s: %s", rows[i].name,
				 v.rc == 0 ? "passed" : v.problem.text);
		if (v.rc < 0 && (v.line != rows[i].line ||
				 strstr(v.problem.text, rows[i].words) == NULL))
			fail_msg("%s: line %u, %s", rows[i].name, v.line, v.problem.text);
	}
}

TEST(verdict_and_line_are_the_same_wherever_the_bytes_are_cut)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct verdict whole = look(rows[i].text, strlen(rows[i].text));
		for (size_t piece = 1; piece < 20; piece++) {
			struct verdict v = look(rows[i].text, piece);
			if (v.rc != whole.rc || v.line != whole.line ||
			    strcmp(v.problem.text, whole.problem.text) != 0)
				fail_msg("%s in pieces of %zu: line %u, %s", rows[i].name,
					 piece, v.line, v.problem.text);
		}
	}
}

TEST(a_guard_that_has_refused_refuses_what_follows)
{
	struct xml_guard guard;
	struct problem p = { 0 };

	xml_guard_init(&guard, &limits);
	assert_int_equal(xml_guard_feed(&guard, "<?x?>", 5, &p), -1);
	assert_int_equal(xml_guard_feed(&guard, "<a/>", 4, &p), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guard_tells_tags_from_what_only_looks_like_them),
		cmocka_unit_test(
			verdict_and_line_are_the_same_wherever_the_bytes_are_cut),
		cmocka_unit_test(a_guard_that_has_refused_refuses_what_follows),
	};
	return cmocka_run_group_tests_name("xml_guard", tests, NULL, NULL);
}
