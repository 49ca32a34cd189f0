/* The inside of reading an update document: update_document.c takes the elements,
 * update_relations.c what they relate to, update_fragment.c copies them into the
 * fragments. */

#ifndef PROTOCOL_WUSP_UPDATE_READING_H
#define PROTOCOL_WUSP_UPDATE_READING_H

#include "engine/buffer.h"
#include "engine/limits.h"
#include "protocol/wusp/update_document.h"
#include "protocol/xml/xml_reader.h"

struct problem;

/* A list while nobody knows how long it gets. */
struct row {
	void *at;
	size_t count, room;
};
/* A zeroed new item; NULL without memory or past `most`. */
void *row_add(struct row *row, size_t item_size, size_t most);

/* A fragment while it is written: raw XML, escaped at the end. */
struct copy {
	struct buffer raw;
	bool tag_is_open; /* the last start tag still lacks its ">" */
	bool has_text;    /* in the element at hand */
	bool has_rules;   /* elements of the rules get their short prefixes */
	/* White space from `white_from` on, of which nobody knows yet whether it is text;
	 * was the start tag open before it? */
	bool has_white, white_in_tag;
	size_t white_from;
	/* Open elements since one that keeps its name space, and theirs. */
	unsigned kept;
	const char *spaces[LIMIT_XML_DEPTH + 1];
	bool failed;
};
void copy_init(struct copy *copy, bool has_rules);
void copy_fini(struct copy *copy);
/* `name` NULL: its own, with the prefix that agents expect.  `takes` NULL: all
 * attributes. */
void copy_start(struct copy *copy, const struct xml_element *element, const char *name,
		bool (*takes)(const struct xml_attribute *attribute));
void copy_text(struct copy *copy, const char *text, size_t size);
void copy_end(struct copy *copy, const char *space, const char *name,
	      const char *instead);

enum section {
	SECTION_NONE,
	SECTION_IDENTITY,
	SECTION_PROPERTIES,
	SECTION_LOCALIZED,
	SECTION_RELATIONSHIPS,
	SECTION_RULES,
	SECTION_FILES,
	SECTION_HANDLER,
	SECTION_EULAS,
	SECTIONS
};

/* What an UpdateIdentity in Relationships is one of. */
enum relation {
	RELATION_NONE,
	RELATION_SUPERSEDED,
	RELATION_PREREQUISITE,
	RELATION_MEMBER
};

struct clause_start {
	bool is_category;
	size_t first;
};

struct reading {
	struct update_document *document;
	unsigned depth; /* open elements */
	enum section section;
	bool seen[SECTIONS];
	struct copy core, extended, localized;
	/* Text of the element at hand, where it is wanted. */
	char text[512];
	size_t text_size;
	bool wants_text;
	char default_language[32], language[32];
	/* Relationships. */
	enum relation relation;
	bool in_clause;
	struct row superseded, clauses, clause_ids, members;
	struct row files;            /* struct update_file, names from malloc */
	struct row fragments, eulas; /* struct update_fragment, from malloc */
};

int relation_start(struct reading *reading, const struct xml_element *element,
		   struct problem *p);
void relation_end(struct reading *reading, const char *name);
int file_start(struct reading *reading, const struct xml_element *element,
	       struct problem *p);
int file_end(struct reading *reading, const char *name, struct problem *p);
/* An xs:boolean attribute; absent is no. */
bool is_true(const struct xml_element *element, const char *name);
/* Identity attributes; revision 0 where there is none. */
int identity_read(const struct xml_element *element, struct update_identity *identity,
		  struct problem *p);

#endif
