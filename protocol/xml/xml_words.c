#include "protocol/xml/xml_words.h"

#include <stdlib.h>
#include <string.h>

#include "engine/problem.h"
#include "protocol/xml/xml_reader.h"

static const char xsd_space[] = "http://www.w3.org/2001/XMLSchema";

struct xml_words {
	char space[128];
	struct word root;
	size_t count;
	struct word_type types[WORD_TYPES];
	/* while reading */
	struct word_type *type; /* the one at hand; NULL at the top */
	bool documenting;
};

static int copy(char *to, size_t room, const char *from, struct problem *p)
{
	if (from == NULL || strlen(from) >= room)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a name of the schema is missing or too long: '%.60s'",
				   from == NULL ? "" : from);
	memcpy(to, from, strlen(from) + 1);
	return 0;
}

static int add_type(struct xml_words *words, const struct xml_element *element,
		    struct problem *p)
{
	if (words->type != NULL || words->count == WORD_TYPES)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the schema has a nameless type, or more than %d",
				   WORD_TYPES);
	words->type = &words->types[words->count++];
	return copy(words->type->name, sizeof words->type->name,
		    xml_attribute(element, "name"), p);
}

static int add_word(struct xml_words *words, const struct xml_element *element,
		    enum word_kind kind, struct problem *p)
{
	struct word *word = &words->root;
	if (words->type != NULL && words->type->count < WORDS_OF_TYPE)
		word = &words->type->words[words->type->count++];
	else if (words->type != NULL || words->root.name[0] != '\0')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the schema has two roots, or more than %d words in "
				   "one type",
				   WORDS_OF_TYPE);
	word->kind = kind;
	const char *use = xml_attribute(element, "use");
	const char *least = xml_attribute(element, "minOccurs");
	word->required = kind == WORD_ATTRIBUTE
				 ? use != NULL && strcmp(use, "required") == 0
				 : least == NULL || strcmp(least, "0") != 0;
	if (kind == WORD_VALUE)
		return copy(word->name, sizeof word->name,
			    xml_attribute(element, "value"), p);
	if (copy(word->name, sizeof word->name, xml_attribute(element, "name"), p) < 0)
		return -1;
	return copy(word->type, sizeof word->type, xml_attribute(element, "type"), p);
}

static int on_start(void *owner, const struct xml_element *element, struct problem *p)
{
	static const struct {
		const char *name;
		enum word_kind kind;
	} kinds[] = {
		{ "element", WORD_CHILD },
		{ "attribute", WORD_ATTRIBUTE },
		{ "enumeration", WORD_VALUE },
	};
	struct xml_words *words = owner;

	if (strcmp(element->space, xsd_space) != 0)
		return 0;
	if (strcmp(element->name, "schema") == 0)
		return copy(words->space, sizeof words->space,
			    xml_attribute(element, "targetNamespace"), p);
	if (strcmp(element->name, "complexType") == 0 ||
	    strcmp(element->name, "simpleType") == 0)
		return add_type(words, element, p);
	words->documenting = strcmp(element->name, "documentation") == 0;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(element->name, kinds[i].name) == 0)
			return add_word(words, element, kinds[i].kind, p);
	}
	return 0;
}

static int on_text(void *owner, const char *text, size_t size, struct problem *p)
{
	struct xml_words *words = owner;

	if (!words->documenting || words->type == NULL)
		return 0;
	size_t used = strlen(words->type->hint);
	if (used + size >= sizeof words->type->hint)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the documentation of a type is longer than %zu bytes",
				   sizeof words->type->hint - 1);
	memcpy(words->type->hint + used, text, size);
	return 0;
}

static int on_end(void *owner, const char *space, const char *name, struct problem *p)
{
	struct xml_words *words = owner;

	(void)space;
	(void)p;
	words->documenting = false;
	if (strcmp(name, "complexType") == 0 || strcmp(name, "simpleType") == 0)
		words->type = NULL;
	return 0;
}

struct xml_words *xml_words_read(const char *xsd, size_t size, struct problem *p)
{
	static const struct xml_events events = { on_start, on_text, on_end };

	struct xml_words *words = calloc(1, sizeof *words);
	struct xml_reader *reader = xml_reader_new(&events, words, &xml_limits_most);
	if (words == NULL || reader == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
	} else if (xml_reader_read(reader, xsd, size, p) == 0) {
		xml_reader_free(reader);
		return words;
	}
	xml_reader_free(reader);
	xml_words_free(words);
	return NULL;
}

void xml_words_free(struct xml_words *words)
{
	free(words);
}

const char *xml_words_space(const struct xml_words *words)
{
	return words->space;
}

const struct word *xml_words_root(const struct xml_words *words)
{
	return &words->root;
}

const struct word_type *xml_words_type(const struct xml_words *words, const char *name)
{
	for (size_t i = 0; i < words->count; i++) {
		if (strcmp(words->types[i].name, name) == 0)
			return &words->types[i];
	}
	return NULL;
}

const struct word *word_find(const struct word_type *type, enum word_kind kind,
			     const char *name)
{
	for (size_t i = 0; type != NULL && i < type->count; i++) {
		if (type->words[i].kind == kind && strcmp(type->words[i].name, name) == 0)
			return &type->words[i];
	}
	return NULL;
}

size_t word_names(const struct word_type *type, enum word_kind kind,
		  const char *names[static WORDS_OF_TYPE])
{
	size_t count = 0;
	for (size_t i = 0; type != NULL && i < type->count; i++) {
		if (type->words[i].kind == kind)
			names[count++] = type->words[i].name;
	}
	return count;
}
