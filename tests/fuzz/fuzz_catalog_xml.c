/* Any bytes are a catalog that seals, or are refused with words; and the reader says the
 * same however they are cut. */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/findings.h"
#include "engine/problem.h"
#include "protocol/xml/catalog_xml.h"
#include "protocol/xml/xml_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool well_formed(struct xml_reader *reader, const char *text, size_t size,
			size_t piece)
{
	struct problem p = { 0 };
	int rc = 0;

	for (size_t at = 0; at < size && rc == 0; at += piece)
		rc = xml_reader_feed(reader, text + at,
				     size - at < piece ? size - at : piece, &p);
	if (rc == 0)
		rc = xml_reader_finish(reader, &p);
	assert(rc == 0 || (p.kind != PROBLEM_NONE && p.text[0] != '\0'));
	assert(xml_reader_line(reader) >= 1);
	xml_reader_reset(reader);
	return rc == 0;
}

static void check_cuts(const char *text, size_t size)
{
	static const struct xml_events nothing = { NULL, NULL, NULL };
	struct xml_reader *reader = xml_reader_new(&nothing, NULL, &xml_limits_most);
	if (reader == NULL)
		abort();
	bool whole = well_formed(reader, text, size, size + 1);
	for (size_t piece = 1; piece < 8; piece += 3)
		assert(well_formed(reader, text, size, piece) == whole);
	xml_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings findings;
	char *text = malloc(size + 1); /* exact size, so ASan sees one byte over */
	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';

	findings_init(&findings);
	struct catalog_draft *draft = catalog_draft_new();
	if (draft == NULL)
		abort();
	int rc = catalog_xml_read(draft, "fuzz.xml", text, size, &findings);
	assert((rc == 0) == (findings.errors == 0));
	if (rc == 0) {
		struct catalog *catalog = catalog_seal(draft, &findings);
		assert((catalog != NULL) == (findings.errors == 0));
		catalog_give(catalog);
	}
	for (size_t i = 0; i < findings.count; i++) {
		char line[700];
		assert(findings.list[i].text[0] != '\0');
		finding_format(&findings.list[i], line, sizeof line);
	}
	catalog_draft_free(draft);
	findings_fini(&findings);
	check_cuts(text, size);
	free(text);
	return 0;
}
