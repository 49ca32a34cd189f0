/* Any bytes are a plan that seals, or are refused with words. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/findings.h"
#include "engine/plan.h"
#include "protocol/xml/plan_xml.h"
#include "protocol/xml/zone_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zone_files *zones;
	struct findings findings;
	char *text = malloc(size + 1); /* exact size, so ASan sees one byte over */

	if (zones == NULL)
		zones = zone_files_new();
	if (zones == NULL || text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';

	findings_init(&findings);
	struct plan_draft *draft = plan_xml_read("fuzz.xml", text, size, &findings);
	assert((draft != NULL) == (findings.errors == 0));
	if (draft != NULL) {
		struct plan *plan = plan_seal(draft, zone_files_find, zones, &findings);
		assert((plan != NULL) == (findings.errors == 0));
		plan_give(plan);
	}
	for (size_t i = 0; i < findings.count; i++) {
		char line[700];
		assert(findings.list[i].text[0] != '\0');
		finding_format(&findings.list[i], line, sizeof line);
	}
	plan_draft_free(draft);
	findings_fini(&findings);
	free(text);
	return 0;
}
