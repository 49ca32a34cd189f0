/* What a reader finds, written down as one line of text: elements with their name space
 * and attributes, text, ends.  Two readings are alike when their transcripts are. */

#ifndef TESTS_UNIT_XML_TRANSCRIPT_H
#define TESTS_UNIT_XML_TRANSCRIPT_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/xml/xml_reader.h"

struct transcript {
	size_t size;
	char text[64 * 1024];
	unsigned lines[64]; /* of the elements, in order */
	size_t elements;
	const char *stop_at; /* a callback fails at the element of this name */
};

static inline void transcript_put(struct transcript *t, const char *text, size_t size)
{
	if (size > sizeof t->text - 1 - t->size)
		size = sizeof t->text - 1 - t->size;
	memcpy(t->text + t->size, text, size);
	t->size += size;
	t->text[t->size] = '\0';
}

static inline int transcript_start(void *owner, const struct xml_element *element,
				   struct problem *p)
{
	struct transcript *t = owner;
	char line[512];

	if (t->elements < 64)
		t->lines[t->elements] = element->line;
	t->elements++;
	int size = snprintf(line, sizeof line, "<%s%s%s", element->space,
			    element->space[0] == '\0' ? "" : "|", element->name);
	transcript_put(t, line, (size_t)size);
	for (size_t i = 0; i < element->attribute_count; i++) {
		const struct xml_attribute *a = &element->attributes[i];
		size = snprintf(line, sizeof line, " %s%s%s=[%s]", a->space,
				a->space[0] == '\0' ? "" : "|", a->name, a->value);
		transcript_put(t, line,
			       size < (int)sizeof line ? (size_t)size : sizeof line - 1);
	}
	transcript_put(t, ">", 1);
	if (t->stop_at != NULL && strcmp(element->name, t->stop_at) == 0)
		return problem_set(p, PROBLEM_CONFLICT, "no <%s> today", element->name);
	return 0;
}

static inline int transcript_text(void *owner, const char *text, size_t size,
				  struct problem *p)
{
	(void)p;
	transcript_put(owner, text, size);
	return 0;
}

static inline int transcript_end(void *owner, const char *space, const char *name,
				 struct problem *p)
{
	char line[128];

	(void)space;
	(void)p;
	int size = snprintf(line, sizeof line, "</%s>", name);
	transcript_put(owner, line, (size_t)size);
	return 0;
}

static const struct xml_events transcript_events = { transcript_start, transcript_text,
						     transcript_end };

#endif
