/* The vocabulary of a schema, for telling people what they could have written.
 *
 * libxml2 says that a document is wrong and roughly where; to say what would be right
 * one needs the elements, attributes and values that are allowed there.  They are read
 * from the same XSD, which keeps to a simple form: every type is named and stands at the
 * top, every element and attribute names its type.  The documentation of a type is the
 * hint for a wrong value of it, or for wrongly placed children.
 *
 * Immutable once read; shared freely between threads. */

#ifndef PROTOCOL_XML_XML_WORDS_H
#define PROTOCOL_XML_XML_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct problem;
struct xml_words;

enum word_kind { WORD_CHILD, WORD_ATTRIBUTE, WORD_VALUE };

struct word {
	enum word_kind kind;
	bool required;
	char name[40];
	char type[40]; /* "" for a value */
};

enum { WORDS_OF_TYPE = 24, WORD_TYPES = 64 };

struct word_type {
	char name[40];
	char hint[160]; /* "" without documentation */
	size_t count;
	struct word words[WORDS_OF_TYPE];
};

/* NULL with *p told when the XSD is not of that form. */
struct xml_words *xml_words_read(const char *xsd, size_t size, struct problem *p);
void xml_words_free(struct xml_words *words); /* accepts NULL */

const char *xml_words_space(const struct xml_words *words);
const struct word *xml_words_root(const struct xml_words *words);

/* NULL when there is none, as for the types of XSD itself. */
const struct word_type *xml_words_type(const struct xml_words *words, const char *name);

/* A child, attribute or value of `type`; NULL when it has none of that name, or for a
 * NULL type. */
const struct word *word_find(const struct word_type *type, enum word_kind kind,
			     const char *name);

/* The names of one kind into `names`; how many. */
size_t word_names(const struct word_type *type, enum word_kind kind,
		  const char *names[static WORDS_OF_TYPE]);

#endif
