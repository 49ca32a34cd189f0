/* Update documents: whatever the text, either a finding or sound fragments. */

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/findings.h"
#include "engine/problem.h"
#include "engine/utf8.h"
#include "protocol/wusp/update_document.h"
#include "protocol/xml/xml_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_text(void *owner, const char *text, size_t size, struct problem *p)
{
	(void)p;
	return buffer_append(owner, text, size) ? 0 : -1;
}

static int read_in(const char *tag, const struct xml_events *events, struct buffer *out,
		   const char *text, size_t size)
{
	struct xml_reader *reader = xml_reader_new(events, out, &xml_limits_most);
	char end[16];
	struct problem p;

	snprintf(end, sizeof end, "</%s", tag + 1);
	int rc = xml_reader_feed(reader, tag, strlen(tag), &p);
	if (rc == 0 && size > 0)
		rc = xml_reader_feed(reader, text, size, &p);
	if (rc == 0)
		rc = xml_reader_feed(reader, end, strlen(end), &p);
	if (rc == 0)
		rc = xml_reader_finish(reader, &p);
	xml_reader_free(reader);
	return rc;
}

/* As an agent does: the text of <Xml>, and that read once more. */
static void check(const struct update_fragment *fragment)
{
	static const struct xml_events words = { NULL, on_text, NULL };
	static const struct xml_events nothing = { NULL, NULL, NULL };
	struct buffer plain;

	assert(memchr(fragment->text, '<', fragment->size) == NULL);
	assert(memchr(fragment->text, '\0', fragment->size) == NULL);
	buffer_init(&plain, fragment->size + 1);
	int rc = read_in("<Xml>", &words, &plain, fragment->text, fragment->size);
	assert(rc == 0);
	rc = read_in("<all>", &nothing, NULL, plain.at, plain.size);
	assert(rc == 0);
	(void)rc;
	buffer_fini(&plain);
}

/* However it was cut. */
static void check_utf8(const char *text)
{
	char scrubbed[512];

	assert(strlen(text) < sizeof scrubbed);
	snprintf(scrubbed, sizeof scrubbed, "%s", text);
	utf8_scrub(scrubbed);
	for (size_t i = 0; text[i] != '\0'; i++)
		assert(scrubbed[i] != '?' || text[i] == '?');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct update_document document;
	struct findings findings;

	findings_init(&findings);
	if (update_document_read("fuzz.xml", (const char *)data, size, &document,
				 &findings) == 0) {
		assert(findings.errors == 0 && document.type < UPDATE_TYPES);
		check_utf8(document.title);
		check_utf8(document.handler);
		check(&document.core);
		check(&document.extended);
		for (size_t i = 0; i < document.localized_count; i++)
			check(&document.localized[i]);
		for (size_t i = 0; i < document.eula_count; i++)
			check(&document.eulas[i]);
		for (size_t i = 0; i < document.clause_count; i++)
			assert(document.clauses[i].count > 0);
		for (size_t i = 0; i < document.file_count; i++)
			assert(document.files[i].name != NULL &&
			       document.files[i].size_bytes >= 0);
		update_document_fini(&document);
	} else {
		assert(findings.errors > 0);
	}
	findings_fini(&findings);
	return 0;
}
