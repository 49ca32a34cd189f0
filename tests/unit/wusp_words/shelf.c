#include "tests/unit/wusp_words/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/findings.h"
#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/wusp/update_make.h"
#include "protocol/xml/catalog_xml.h"
#include "protocol/xml/files_read.h"

size_t shelf_documents, shelf_repeated;

static const char *const files[] = {
	PROJECT_SOURCE_DIR "/conf/catalog/windows-11-24h2.xml",
	PROJECT_SOURCE_DIR "/conf/catalog/windows-11-25h2.xml",
	PROJECT_SOURCE_DIR "/conf/catalog/windows-server-2025.xml",
	PROJECT_SOURCE_DIR "/conf/catalog/windows-server-2022-azure.xml",
};

static void print(const struct findings *findings)
{
	char line[700];

	for (size_t i = 0; i < findings->count; i++)
		puts(finding_format(&findings->list[i], line, sizeof line));
}

struct catalog *shelf_catalog(void)
{
	struct catalog_draft *draft = catalog_draft_new();
	struct findings findings;
	struct problem p;

	findings_init(&findings);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		size_t size;
		char *text = files_read(files[i], LIMIT_XML_DOCUMENT, &size, &p);
		if (text != NULL)
			(void)catalog_xml_read(draft, files[i], text, size, &findings);
		free(text);
	}
	struct catalog *catalog = catalog_seal(draft, &findings);
	print(&findings);
	catalog_draft_free(draft);
	findings_fini(&findings);
	return catalog;
}

struct stack {
	struct library_draft *draft;
	struct findings findings;
	int32_t next;
	const struct line *line;
	const struct release *release; /* NULL: shared ones */
	size_t count;
	struct guid ids[2000];
};

static bool is_there(const struct stack *stack, const struct guid *id)
{
	for (size_t i = 0; i < stack->count; i++) {
		if (guid_equal(&stack->ids[i], id))
			return true;
	}
	return false;
}

static int each(void *owner, const struct update_text *text)
{
	struct stack *stack = owner;
	struct update update = { .added_s = 1000 };

	if (is_there(stack, &text->id)) {
		shelf_repeated++;
		return 0;
	}
	stack->ids[stack->count++] = text->id;
	shelf_documents++;
	if (update_document_read("made", text->text, text->size, &update.document,
				 &stack->findings) < 0) {
		fwrite(text->text, 1, text->size, stdout);
		return -1;
	}
	update.revision_id = stack->next++;
	if (stack->release != NULL) {
		release_key_set(&update.key, stack->line, stack->release);
		update.arch = stack->line->arch;
	}
	return library_draft_add(stack->draft, &update);
}

static int add_line(struct stack *stack, const struct line *line)
{
	struct payload payload = { .size_bytes = 4096 };

	stack->line = line;
	stack->release = NULL;
	if (update_make_shared(line, each, stack) != 0)
		return -1;
	for (size_t i = 0; i < line->count; i++) {
		const struct release *release = &line->releases[i];
		const struct update_wish wish = { line, release, &payload, 1 };
		if (release->kind == RELEASE_RTM)
			continue;
		snprintf(payload.name, sizeof payload.name, "kb%u \"&\" \xc3\xa4.msu",
			 release->kb);
		snprintf(payload.sha1, sizeof payload.sha1, "%040x", release->kb);
		snprintf(payload.sha256, sizeof payload.sha256, "%064x", release->kb);
		stack->release = release;
		if (update_make_release(&wish, each, stack) != 0)
			return -1;
	}
	return 0;
}

struct library *made_library(const struct catalog *catalog, const struct line *only,
			     int32_t first, uint32_t generation)
{
	struct stack *stack = calloc(1, sizeof *stack);
	struct library *library = NULL;
	int rc = 0;

	findings_init(&stack->findings);
	stack->draft = library_draft_new();
	stack->next = first;
	shelf_documents = shelf_repeated = 0;
	for (size_t i = 0; i < catalog->product_count; i++) {
		for (size_t k = 0; rc == 0 && k < 2; k++) {
			const struct line *line = &catalog->products[i].lines[k];
			if (line->count > 0 && (only == NULL || only == line))
				rc = add_line(stack, line);
		}
	}
	if (rc == 0)
		library = library_seal(stack->draft, generation, &stack->findings);
	else
		library_draft_free(stack->draft);
	print(&stack->findings);
	findings_fini(&stack->findings);
	free(stack);
	return library;
}
