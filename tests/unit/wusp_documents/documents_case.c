#include "tests/unit/wusp_documents/documents_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buffer.h"
#include "engine/findings.h"
#include "engine/problem.h"
#include "protocol/xml/xml_reader.h"

static int on_text(void *owner, const char *text, size_t size, struct problem *p)
{
	(void)p;
	return buffer_append(owner, text, size) ? 0 : -1;
}

char *plain_text(const struct update_fragment *fragment)
{
	static const struct xml_events events = { NULL, on_text, NULL };
	struct buffer plain;
	struct problem p;

	buffer_init(&plain, fragment->size + 1);
	struct xml_reader *reader = xml_reader_new(&events, &plain, &xml_limits_most);
	int rc = xml_reader_feed(reader, "<Xml>", 5, &p);
	if (rc == 0)
		rc = xml_reader_feed(reader, fragment->text, fragment->size, &p);
	if (rc == 0)
		rc = xml_reader_feed(reader, "</Xml>", 6, &p);
	if (rc == 0)
		rc = xml_reader_finish(reader, &p);
	xml_reader_free(reader);
	if (rc == 0 && buffer_reserve(&plain, 1)) {
		plain.at[plain.size] = '\0';
		return buffer_release(&plain);
	}
	buffer_fini(&plain);
	return NULL;
}

void payload_for(const struct release *release, const char *suffix,
		 struct payload *payload)
{
	*payload = (struct payload){ .size_bytes = 1000 + release->kb % 1000 };
	snprintf(payload->name, sizeof payload->name, "windows-kb%u%s", release->kb,
		 suffix);
	snprintf(payload->sha1, sizeof payload->sha1, "%040x", release->kb);
	snprintf(payload->sha256, sizeof payload->sha256, "%064x", release->kb);
}

static int each(void *owner, const struct update_text *text)
{
	struct made_line *made = owner;
	struct findings findings;
	char line[700];

	if (made->count == made->room) {
		made->room = made->room == 0 ? 64 : 2 * made->room;
		made->made = realloc(made->made, made->room * sizeof made->made[0]);
	}
	struct made *one = &made->made[made->count];
	*one = (struct made){ .text = *text };
	findings_init(&findings);
	int rc = update_document_read("made", text->text, text->size, &one->document,
				      &findings);
	for (size_t i = 0; i < findings.count; i++)
		puts(finding_format(&findings.list[i], line, sizeof line));
	findings_fini(&findings);
	if (rc < 0)
		return -1;
	one->text.text = strndup(text->text, text->size);
	made->count++;
	return 0;
}

int made_line_init(struct made_line *made, const struct line *line, const char *suffix)
{
	struct payload payload;

	*made = (struct made_line){ .line = line };
	int rc = update_make_shared(line, each, made);
	for (size_t i = 0; rc == 0 && i < line->count; i++) {
		const struct release *release = &line->releases[i];
		const struct update_wish wish = { line, release, &payload, 1 };
		if (release->kind == RELEASE_RTM)
			continue;
		payload_for(release, suffix, &payload);
		rc = update_make_release(&wish, each, made);
	}
	return rc;
}

void made_line_fini(struct made_line *made)
{
	for (size_t i = 0; i < made->count; i++) {
		free((void *)made->made[i].text.text);
		update_document_fini(&made->made[i].document);
	}
	free(made->made);
	*made = (struct made_line){ .line = NULL };
}

const struct made *made_find(const struct made_line *made, const struct guid *id)
{
	for (size_t i = 0; i < made->count; i++) {
		if (guid_equal(&made->made[i].document.identity.id, id))
			return &made->made[i];
	}
	return NULL;
}
