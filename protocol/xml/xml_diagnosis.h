/* Turns the verdicts of the schema validator into words for people.  Used by
 * xml_schema.c alone.
 *
 * A diagnosis follows the document: which elements are open, on which line each starts
 * and what the schema allows in it.  libxml2 tells a code and a sentence; code, place and
 * vocabulary give a better sentence, and the nearest right answer. */

#ifndef PROTOCOL_XML_XML_DIAGNOSIS_H
#define PROTOCOL_XML_XML_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/limits.h"

struct findings;
struct word_type;
struct xml_element;
struct xml_words;

struct xml_frame {
	const char *name;
	unsigned line;
	const struct word_type *type; /* what the schema allows in it; may be NULL */
	uint32_t seen;                /* which of its children, by their index */
	bool told;                    /* of its text or its children */
};

struct xml_diagnosis {
	const struct xml_words *words;
	const char *file;
	struct findings *findings;
	unsigned depth; /* open elements */
	struct xml_frame frames[LIMIT_XML_DEPTH];
	const struct xml_element *element; /* the one starting now, with its attributes */
	char told_attribute[40];           /* of that one, the last that was told */
	char text[64];                     /* how the text of the top frame begins */
};

/* An element starts.  False when it may not stand here at all: that is told, and the
 * validator need not see it. */
bool xml_diagnosis_enter(struct xml_diagnosis *d, const struct xml_element *element);

void xml_diagnosis_text(struct xml_diagnosis *d, const char *text, size_t size);

/* libxml2 found the top frame wrong. */
void xml_diagnosis_tell(struct xml_diagnosis *d, int code, const char *message);

#endif
