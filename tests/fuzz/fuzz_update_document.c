/* Update documents: whatever the text, either a finding or sound fragments. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/findings.h"
#include "protocol/wusp/update_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct update_fragment *fragment)
{
	assert(memchr(fragment->text, '<', fragment->size) == NULL);
	assert(memchr(fragment->text, '\0', fragment->size) == NULL);
	(void)fragment;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct update_document document;
	struct findings findings;

	findings_init(&findings);
	if (update_document_read("fuzz.xml", (const char *)data, size, &document,
				 &findings) == 0) {
		assert(findings.errors == 0 && document.type < UPDATE_TYPES);
		check(&document.core);
		check(&document.extended);
		for (size_t i = 0; i < document.localized_count; i++)
			check(&document.localized[i]);
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
