/* Documents that nobody should have written: each is refused with its line, and what is
 * merely large is read. */

#include "tests/lib/case.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/findings.h"
#include "engine/limits.h"
#include "tests/unit/wusp_documents/documents_case.h"

static struct findings findings;

static bool is_refused(const char *text, size_t size)
{
	struct update_document document;

	findings_fini(&findings);
	findings_init(&findings);
	if (update_document_read("evil.xml", text, size, &document, &findings) == 0) {
		update_document_fini(&document);
		return false;
	}
	assert_true(findings.errors > 0);
	assert_string_equal(findings.list[0].origin.file, "evil.xml");
	return true;
}

#define RELATED(inside)                                                                  \
	HEAD IDENTITY PROPERTIES "\n<upd:Relationships><upd:Prerequisites>" inside       \
				 "</upd:Prerequisites></upd:Relationships>" END
#define FILES(attributes, inside)                                                        \
	HEAD IDENTITY PROPERTIES "\n<upd:Files>\n<upd:File " attributes ">" inside       \
				 "</upd:File></upd:Files>" END
#define SOUND "FileName='a' Digest='AAAAAAAAAAAAAAAAAAAAAAAAAAA=' Size='1'"

TEST(what_is_malformed_is_refused_with_its_line)
{
	static const struct {
		const char *text, *words;
		unsigned line;
	} rows[] = {
		{ "no document", "", 1 },
		{ HEAD, "", 1 },
		{ HEAD IDENTITY PROPERTIES "</upd:Updat>", "", 1 },
		{ HEAD IDENTITY PROPERTIES END "<more/>", "", 1 },
		{ "<upd:Update/>", "", 1 },
		{ "<Update xmlns='urn:other'/>", "no update document", 1 },
		{ "<Updates xmlns='" SPACE "Update'/>", "no update document", 1 },
		/* What documents are attacked with. */
		{ "<!DOCTYPE u [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" HEAD IDENTITY
		  "<upd:Properties UpdateType='&e;'/>" END,
		  "DOCTYPE", 1 },
		{ HEAD IDENTITY PROPERTIES "\n<upd:X>&other;</upd:X>" END, "", 2 },
		{ "<?xml version='1.0' encoding='UTF-7'?>" HEAD IDENTITY PROPERTIES END,
		  "UTF-8", 1 },
		{ HEAD IDENTITY PROPERTIES "\n<?run it?>" END, "processing", 2 },
		{ HEAD IDENTITY PROPERTIES "<upd:X>\xff\xfe</upd:X>" END, "", 1 },
		{ HEAD IDENTITY PROPERTIES "<upd:X>&#0;</upd:X>" END, "", 1 },
		{ HEAD IDENTITY PROPERTIES "<upd:X a='1' a='2'/>" END, "", 1 },
		{ HEAD IDENTITY PROPERTIES "<no:X/>" END, "", 1 },
		/* Identity and properties. */
		{ HEAD IDENTITY END, "Properties is missing", 0 },
		{ HEAD PROPERTIES END, "UpdateIdentity is missing", 0 },
		{ HEAD "\n<upd:UpdateIdentity/>" PROPERTIES END, "a GUID is wanted", 2 },
		{ HEAD "\n\n<upd:UpdateIdentity "
		       "UpdateID='11111111-2222-3333-4444-555555555555'/>" PROPERTIES END,
		  "RevisionNumber from 1", 3 },
		{ HEAD "<upd:UpdateIdentity "
		       "UpdateID='11111111-2222-3333-4444-555555555555' "
		       "RevisionNumber='2147483648'/>" PROPERTIES END,
		  "whole number", 1 },
		{ HEAD IDENTITY PROPERTIES "\n" PROPERTIES END, "twice", 2 },
		{ HEAD IDENTITY "<upd:Properties/>" END, "UpdateType is ''", 1 },
		{ HEAD IDENTITY "<upd:Properties UpdateType='software'/>" END,
		  "UpdateType is 'software'", 1 },
		/* Relationships. */
		{ RELATED("<upd:UpdateIdentity UpdateID='z'/>"), "a GUID is wanted", 2 },
		{ RELATED("<upd:AtLeastOne/>"), "AtLeastOne is empty", 0 },
		{ RELATED("<upd:AllOf/><upd:UpdateIdentity "
			  "UpdateID='11111111-2222-3333-4444-555555555555'/>"),
		  "<AllOf> is not known", 2 },
		/* Files. */
		{ FILES("", ""), "FileName is ''", 3 },
		{ FILES("FileName='a\\b'", ""), "without folders", 3 },
		{ FILES("FileName='a'", ""), "no SHA-1", 3 },
		{ FILES("FileName='a' Digest='AAAAAAAAAAAAAAAAAAAAAAAAAAAA' Size='1'",
			""),
		  "no SHA-1", 3 },
		{ FILES("FileName='a' DigestAlgorithm='MD5' "
			"Digest='AAAAAAAAAAAAAAAAAAAAAAAAAAA=' Size='1'",
			""),
		  "SHA1 is wanted", 3 },
		{ FILES("FileName='a' Digest='AAAAAAAAAAAAAAAAAAAAAAAAAAA=' "
			"Size='9223372036854775808'",
			""),
		  "Size is", 3 },
		{ FILES(SOUND, "\n<upd:AdditionalDigest Algorithm='SHA256'>AAAA"
			       "</upd:AdditionalDigest>"),
		  "no SHA-256", 4 },
	};

	assert_false(is_refused(HEAD IDENTITY PROPERTIES END,
				strlen(HEAD IDENTITY PROPERTIES END)));
	assert_false(is_refused(FILES(SOUND, ""), strlen(FILES(SOUND, ""))));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!is_refused(rows[i].text, strlen(rows[i].text)))
			fail_msg("row %zu is taken: %s", i, rows[i].text);
		if (strstr(findings.list[0].text, rows[i].words) == NULL ||
		    (rows[i].line > 0 && findings.list[0].origin.line != rows[i].line))
			fail_msg("row %zu, line %u: %s", i, findings.list[0].origin.line,
				 findings.list[0].text);
	}
}

TEST(a_document_cut_anywhere_is_refused)
{
	static const char text[] = FILES(SOUND, "<upd:AdditionalDigest Algorithm='X'>AAAA"
						"</upd:AdditionalDigest>");

	for (size_t size = 0; size < sizeof text - 1; size++) {
		if (!is_refused(text, size))
			fail_msg("the first %zu bytes are taken", size);
	}
	assert_false(is_refused(text, sizeof text - 1));
}

/* `count` times `one`, in the place of %. */
static char *repeated(const char *pattern, const char *one, size_t count, size_t *size)
{
	struct buffer text;
	const char *place = strchr(pattern, '%');

	buffer_init(&text, SIZE_MAX / 4);
	bool ok = buffer_append(&text, pattern, (size_t)(place - pattern));
	for (size_t i = 0; ok && i < count; i++)
		ok = buffer_text(&text, one);
	ok = ok && buffer_text(&text, place + 1);
	assert_true(ok);
	*size = text.size;
	return buffer_release(&text);
}

TEST(what_is_past_a_limit_is_refused_and_what_is_not_is_read)
{
	static const char inside[] = HEAD IDENTITY PROPERTIES "%" END;
	static const char wide[] = HEAD IDENTITY PROPERTIES "<upd:X a='%'/>" END;
	static const char title[] =
		HEAD IDENTITY PROPERTIES "<upd:LocalizedPropertiesCollection>%"
					 "</upd:LocalizedPropertiesCollection>" END;
	static const char related[] = RELATED("%");
	static const char many[] =
		HEAD IDENTITY PROPERTIES "<upd:Files>%</upd:Files>" END;
	static const struct {
		const char *what, *pattern, *one;
		size_t count;
		bool refused;
	} rows[] = {
		{ "depth", inside, "<upd:X>", 100, true },
		{ "a tag", wide, "0123456789", LIMIT_XML_TAG / 10, true },
		{ "a tag that fits", wide, "0123456789", LIMIT_XML_TAG / 10 - 10, false },
		{ "languages", title, "<upd:LocalizedProperties/>", 1025, true },
		{ "languages that fit", title, "<upd:LocalizedProperties/>", 1024,
		  false },
		{ "relations", related,
		  "<upd:UpdateIdentity UpdateID='11111111-2222-3333-4444-555555555555'/>",
		  20001, true },
		{ "relations that fit", related,
		  "<upd:UpdateIdentity UpdateID='11111111-2222-3333-4444-555555555555'/>",
		  20000, false },
		{ "files", many, "<upd:File " SOUND "/>", 5001, true },
		{ "files that fit", many, "<upd:File " SOUND "/>", 5000, false },
		{ "elements", inside, "<x/>", LIMIT_XML_ELEMENTS, true },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t size;
		char *text = repeated(rows[i].pattern, rows[i].one, rows[i].count, &size);
		if (is_refused(text, size) != rows[i].refused)
			fail_msg("%s: %s", rows[i].what,
				 findings.count > 0 ? findings.list[0].text : "taken");
		free(text);
	}
}

/* More than any other XML that we read: a package manifest. */
TEST(a_manifest_of_forty_megabytes_is_read_and_more_than_a_document_is_not)
{
	static const char pattern[] = HEAD IDENTITY PROPERTIES
		"<upd:ApplicabilityRules><upd:Metadata><CbsPackageApplicabilityMetadata "
		"xmlns='" SPACE "CbsApplicabilityRules'><assembly "
		"xmlns='urn:schemas-microsoft-com:asm.v3'>%</assembly>"
		"</CbsPackageApplicabilityMetadata></upd:Metadata>"
		"</upd:ApplicabilityRules>" END;
	char one[401];
	size_t size;

	memset(one, 'v', sizeof one - 1);
	memcpy(one, "<component v=\"", 14);
	memcpy(one + sizeof one - 4, "\"/>", 4);
	assert_true(40 * 1000 * 1000 > LIMIT_XML_DOCUMENT);
	char *text = repeated(pattern, one, 100 * 1000, &size);
	assert_true(size > (size_t)40 * 1000 * 1000);
	assert_false(is_refused(text, size));
	free(text);

	text = repeated(pattern, one, LIMIT_UPDATE_DOCUMENT / 400, &size);
	assert_true(size > LIMIT_UPDATE_DOCUMENT);
	assert_true(is_refused(text, size));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_malformed_is_refused_with_its_line),
		cmocka_unit_test(a_document_cut_anywhere_is_refused),
		cmocka_unit_test(what_is_past_a_limit_is_refused_and_what_is_not_is_read),
		cmocka_unit_test(
			a_manifest_of_forty_megabytes_is_read_and_more_than_a_document_is_not),
	};

	findings_init(&findings);
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	findings_fini(&findings);
	return rc;
}
