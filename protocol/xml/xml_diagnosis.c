#include "protocol/xml/xml_diagnosis.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <libxml/xmlerror.h>

#include "engine/findings.h"
#include "protocol/xml/xml_reader.h"
#include "protocol/xml/xml_words.h"

_Static_assert(WORDS_OF_TYPE <= 32, "xml_frame.seen is a 32-bit set");

enum { HINT = 160 };

static struct xml_frame *top(struct xml_diagnosis *d)
{
	assert(d->depth > 0);
	return &d->frames[d->depth - 1];
}

static struct origin here(const struct xml_diagnosis *d, unsigned line)
{
	return (struct origin){ d->file, line };
}

/* "did you mean <release>?" or, with no word near, "one of ...". */
static void suggest(char hint[static HINT], const struct word_type *type,
		    enum word_kind kind, const char *wrong)
{
	const char *names[WORDS_OF_TYPE];
	size_t count = word_names(type, kind, names);
	const char *near = nearest_word(wrong, names, count);
	const char *before = kind == WORD_CHILD ? "<" : "'";
	const char *after = kind == WORD_CHILD ? ">" : "'";

	hint[0] = '\0';
	if (near != NULL) {
		snprintf(hint, HINT, "did you mean %s%s%s?", before, near, after);
		return;
	}
	size_t used = 0;
	for (size_t i = 0; i < count && used < HINT; i++)
		used += (size_t)snprintf(hint + used, HINT - used, "%s%s",
					 i == 0 ? count == 1 ? "only " : "one of "
					 : i + 1 == count ? " or "
							  : ", ",
					 names[i]);
}

/* --- elements ------------------------------------------------------------------- */

static bool enter_root(struct xml_diagnosis *d, const struct xml_element *element)
{
	const struct word *root = xml_words_root(d->words);
	const char *space = xml_words_space(d->words);
	char hint[HINT];

	if (strcmp(element->name, root->name) == 0 && strcmp(element->space, space) == 0)
		return true;
	snprintf(hint, sizeof hint, "start with <%s xmlns=\"%.80s\">", root->name, space);
	if (strcmp(element->name, root->name) != 0)
		findings_add(d->findings, SEVERITY_ERROR, here(d, element->line), hint,
			     "the outermost element is <%.40s>", element->name);
	else
		findings_add(d->findings, SEVERITY_ERROR, here(d, element->line), hint,
			     "<%s> is in name space '%.80s'", root->name, element->space);
	return false;
}

static const struct word *find_child(struct xml_diagnosis *d, struct xml_frame *parent,
				     const struct xml_element *element)
{
	const struct word *child = word_find(parent->type, WORD_CHILD, element->name);
	char hint[HINT];

	if (child != NULL && strcmp(element->space, xml_words_space(d->words)) == 0)
		return child;
	if (child != NULL)
		snprintf(hint, sizeof hint, "remove its xmlns: it is not in '%.80s'",
			 element->space);
	else
		suggest(hint, parent->type, WORD_CHILD, element->name);
	findings_add(d->findings, SEVERITY_ERROR, here(d, element->line), hint,
		     "<%.40s> is not allowed in <%s>", element->name, parent->name);
	return NULL;
}

bool xml_diagnosis_enter(struct xml_diagnosis *d, const struct xml_element *element)
{
	const struct word *word = xml_words_root(d->words);

	if (d->depth == 0) {
		if (!enter_root(d, element))
			return false;
	} else {
		struct xml_frame *parent = top(d);
		word = find_child(d, parent, element);
		if (word == NULL)
			return false;
		parent->seen |= UINT32_C(1) << (word - parent->type->words);
	}
	assert(d->depth < LIMIT_XML_DEPTH); /* the reader refuses more */
	d->frames[d->depth++] = (struct xml_frame){
		.name = word->name,
		.line = element->line,
		.type = xml_words_type(d->words, word->type),
	};
	d->element = element;
	d->told_attribute[0] = '\0';
	d->text[0] = '\0';
	return true;
}

void xml_diagnosis_text(struct xml_diagnosis *d, const char *text, size_t size)
{
	size_t used = strlen(d->text);
	if (size > sizeof d->text - 1 - used)
		size = sizeof d->text - 1 - used;
	memcpy(d->text + used, text, size);
	d->text[used + size] = '\0';
}

/* --- verdicts ------------------------------------------------------------------- */

static void tell_unknown_attribute(struct xml_diagnosis *d, const char *name)
{
	char hint[HINT];

	suggest(hint, top(d)->type, WORD_ATTRIBUTE, name);
	findings_add(d->findings, SEVERITY_ERROR, here(d, top(d)->line), hint,
		     "<%s> has no attribute '%s'", top(d)->name, name);
}

static const struct word_type *attribute_type(const struct xml_diagnosis *d,
					      const struct xml_frame *frame,
					      const char *name)
{
	const struct word *word = word_find(frame->type, WORD_ATTRIBUTE, name);
	return word == NULL ? NULL : xml_words_type(d->words, word->type);
}

/* The hint for a value of `type`: its words, or the documentation. */
static void suggest_value(char hint[static HINT], const struct word_type *type,
			  const char *wrong)
{
	suggest(hint, type, WORD_VALUE, wrong);
	if (hint[0] == '\0' && type != NULL)
		snprintf(hint, HINT, "%s", type->hint);
}

static void tell_missing_attribute(struct xml_diagnosis *d, const char *name)
{
	char hint[HINT];

	suggest_value(hint, attribute_type(d, top(d), name), "");
	findings_add(d->findings, SEVERITY_ERROR, here(d, top(d)->line), hint,
		     "<%s> needs the attribute '%s'", top(d)->name, name);
}

static void tell_attribute_value(struct xml_diagnosis *d, const char *name)
{
	char hint[HINT];
	const char *value = d->element == NULL ? NULL : xml_attribute(d->element, name);

	if (value == NULL)
		value = "";
	if (strcmp(d->told_attribute, name) ==
	    0) /* libxml2 tells a facet, then the type */
		return;
	snprintf(d->told_attribute, sizeof d->told_attribute, "%s", name);
	suggest_value(hint, attribute_type(d, top(d), name), value);
	findings_add(d->findings, SEVERITY_ERROR, here(d, top(d)->line), hint,
		     "%s=\"%.60s\" of <%s> is not right", name, value, top(d)->name);
}

static void tell_text(struct xml_diagnosis *d)
{
	struct xml_frame *frame = top(d);
	bool has_children = false;
	const char *names[WORDS_OF_TYPE];

	if (frame->told)
		return;
	frame->told = true;
	has_children = word_names(frame->type, WORD_CHILD, names) > 0;
	if (frame->type == NULL || has_children ||
	    word_names(frame->type, WORD_ATTRIBUTE, names) > 0)
		findings_add(d->findings, SEVERITY_ERROR, here(d, frame->line),
			     has_children ? "only elements stand there"
					  : "leave it empty",
			     "<%s> holds text", frame->name);
	else
		findings_add(d->findings, SEVERITY_ERROR, here(d, frame->line),
			     frame->type->hint, "the text of <%s> is not right",
			     frame->name);
}

/* The top frame is a child that comes twice or too late, or it ends and lacks one. */
static void tell_content(struct xml_diagnosis *d, const char *message)
{
	struct xml_frame *frame = top(d);
	char hint[HINT];

	if (strstr(message, "Missing child") == NULL) {
		struct xml_frame *parent =
			d->depth > 1 ? &d->frames[d->depth - 2] : frame;
		const char *order = parent->type == NULL ? "" : parent->type->hint;
		findings_add(d->findings, SEVERITY_ERROR, here(d, frame->line),
			     order[0] == '\0' ? "once is enough" : order,
			     "<%s> comes twice or too late in <%s>", frame->name,
			     parent->name);
		return;
	}
	for (size_t i = 0; frame->type != NULL && i < frame->type->count; i++) {
		const struct word *word = &frame->type->words[i];
		if (word->kind != WORD_CHILD || !word->required ||
		    (frame->seen & (UINT32_C(1) << i)) != 0)
			continue;
		const struct word_type *type = xml_words_type(d->words, word->type);
		snprintf(hint, sizeof hint, "%s", type == NULL ? "" : type->hint);
		findings_add(d->findings, SEVERITY_ERROR, here(d, frame->line), hint,
			     "<%s> needs a <%s>", frame->name, word->name);
		return;
	}
}

/* The name after `mark` in libxml2's sentence, without its name space. */
static bool name_after(const char *message, const char *mark, char name[static 40])
{
	const char *at = strstr(message, mark);
	if (at == NULL)
		return false;
	at += strlen(mark);
	const char *local = *at == '{' ? strchr(at, '}') : NULL;
	if (local != NULL)
		at = local + 1;
	size_t size = strcspn(at, "'");
	if (size > 39)
		size = 39;
	memcpy(name, at, size);
	name[size] = '\0';
	return true;
}

/* libxml2's sentence as it stands, without the element it names. */
static void tell_as_it_stands(struct xml_diagnosis *d, const char *message)
{
	const char *words = strstr(message, "': ");
	words = words == NULL ? message : words + 3;
	findings_add(d->findings, SEVERITY_ERROR, here(d, top(d)->line), NULL,
		     "<%s>: %.*s", top(d)->name, (int)strcspn(words, "\n"), words);
}

void xml_diagnosis_tell(struct xml_diagnosis *d, int code, const char *message)
{
	char name[40];

	switch (code) {
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1:
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2:
		if (name_after(message, "attribute '", name))
			tell_unknown_attribute(d, name);
		else
			tell_as_it_stands(d, message);
		return;
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_4:
		if (name_after(message, "The attribute '", name))
			tell_missing_attribute(d, name);
		else
			tell_as_it_stands(d, message);
		return;
	case XML_SCHEMAV_ELEMENT_CONTENT:
		tell_content(d, message);
		return;
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1:
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_2:
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3:
	case XML_SCHEMAV_CVC_TYPE_3_1_2:
		tell_text(d);
		return;
	default:
		break;
	}
	if (code < XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1 ||
	    code > XML_SCHEMAV_CVC_ENUMERATION_VALID)
		tell_as_it_stands(d, message);
	else if (name_after(message, ", attribute '", name))
		tell_attribute_value(d, name);
	else
		tell_text(d);
}
