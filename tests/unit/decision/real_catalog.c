#include "real_catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/findings.h"
#include "protocol/xml/catalog_xml.h"
#include "tests/lib/case.h"

enum { FILE_MOST = 1024 * 1024 };

static const char *const files[] = {
	PROJECT_SOURCE_DIR "/conf/catalog/windows-11-24h2.xml",
	PROJECT_SOURCE_DIR "/conf/catalog/windows-11-25h2.xml",
	PROJECT_SOURCE_DIR "/conf/catalog/windows-server-2022-azure.xml",
	PROJECT_SOURCE_DIR "/conf/catalog/windows-server-2025.xml",
};

static void fail_by(const struct findings *findings)
{
	char text[700];
	if (findings->errors > 0)
		fail_msg("%s", finding_format(&findings->list[0], text, sizeof text));
}

struct catalog *real_catalog(void)
{
	struct catalog_draft *draft = catalog_draft_new();
	struct findings findings;
	char *text = malloc(FILE_MOST);

	assert_non_null(draft);
	assert_non_null(text);
	findings_init(&findings);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		FILE *file = fopen(files[i], "rb");
		if (file == NULL)
			fail_msg("%s is not there", files[i]);
		size_t size = fread(text, 1, FILE_MOST, file);
		fclose(file);
		assert_true(size < FILE_MOST);
		catalog_xml_read(draft, files[i], text, size, &findings);
		fail_by(&findings);
	}
	struct catalog *catalog = catalog_seal(draft, &findings);
	fail_by(&findings);
	findings_fini(&findings);
	catalog_draft_free(draft);
	free(text);
	return catalog;
}
