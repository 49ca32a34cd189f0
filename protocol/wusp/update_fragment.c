/* Copies elements of an update document as agents expect them in fragments: without name
 * space declarations, rules with the short prefixes b. m. d., and the two embedded
 * vocabularies that agents read with their own name space left as they are. */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "protocol/wusp/update_reading.h"

/* A document and the names that are written again. */
enum { FRAGMENT_MOST = 2 * LIMIT_UPDATE_DOCUMENT };

static const char rules[] = "http://schemas.microsoft.com/msus/2002/12/";
static const struct {
	const char *rest, *prefix;
} prefixes[] = {
	{ "BaseApplicabilityRules", "b." },
	{ "MsiApplicabilityRules", "m." },
	{ "UpdateHandlers/WindowsDriver", "d." },
};
static const char *const kept_spaces[] = {
	"urn:schemas-microsoft-com:asm.v3",
	"http://www.microsoft.com/msi/patch_applicability.xsd",
};
static const char space_xml[] = "http://www.w3.org/XML/1998/namespace";

void copy_init(struct copy *copy, bool has_rules)
{
	*copy = (struct copy){ .has_rules = has_rules };
	buffer_init(&copy->raw, FRAGMENT_MOST);
}

void copy_fini(struct copy *copy)
{
	buffer_fini(&copy->raw);
}

static void put(struct copy *copy, const char *text)
{
	if (!copy->failed && !buffer_text(&copy->raw, text))
		copy->failed = true;
}

static void put_bytes(struct copy *copy, const char *text, size_t size)
{
	if (!copy->failed && !buffer_append(&copy->raw, text, size))
		copy->failed = true;
}

static const char *entity(char c, bool in_attribute)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return in_attribute ? "&quot;" : NULL;
	case '\r':
		return "&#13;";
	case '\n':
		return in_attribute ? "&#10;" : NULL;
	case '\t':
		return in_attribute ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

static void put_escaped(struct copy *copy, const char *text, size_t size,
			bool in_attribute)
{
	size_t from = 0;

	for (size_t i = 0; i < size; i++) {
		const char *instead = entity(text[i], in_attribute);
		if (instead == NULL)
			continue;
		put_bytes(copy, text + from, i - from);
		put(copy, instead);
		from = i + 1;
	}
	put_bytes(copy, text + from, size - from);
}

static const char *prefix_of(const struct copy *copy, const char *space)
{
	size_t start = sizeof rules - 1;

	if (!copy->has_rules || copy->kept > 0 || strncmp(space, rules, start) != 0)
		return "";
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		if (strcmp(space + start, prefixes[i].rest) == 0)
			return prefixes[i].prefix;
	}
	return "";
}

static bool is_kept(const char *space)
{
	for (size_t i = 0; i < sizeof kept_spaces / sizeof kept_spaces[0]; i++) {
		if (strcmp(space, kept_spaces[i]) == 0)
			return true;
	}
	return false;
}

static void put_value(struct copy *copy, const char *name, const char *value)
{
	put(copy, name);
	put(copy, "=\"");
	put_escaped(copy, value, strlen(value), true);
	put(copy, "\"");
}

static void put_attribute(struct copy *copy, const char *name, const char *value)
{
	put(copy, " ");
	put_value(copy, name, value);
}

static void close_tag(struct copy *copy)
{
	if (copy->tag_is_open)
		put(copy, ">");
	copy->tag_is_open = false;
}

/* White space was between tags only: what stands before it stands again. */
static void drop_white(struct copy *copy)
{
	if (copy->has_white && !copy->failed) {
		copy->raw.size = copy->white_from;
		copy->tag_is_open = copy->white_in_tag;
	}
	copy->has_white = false;
}

/* A kept element declares its name space where it differs from the one around it. */
static void put_space(struct copy *copy, const char *space)
{
	if (copy->kept == 0 && !is_kept(space))
		return;
	assert(copy->kept < LIMIT_XML_DEPTH);
	if (copy->kept == 0 || strcmp(copy->spaces[copy->kept - 1], space) != 0)
		put_attribute(copy, "xmlns", space);
	copy->spaces[copy->kept++] = space;
}

/* Without its prefix it would have the name of another, or declare a name space. */
static bool collides(const struct xml_element *element, size_t index)
{
	if (strcmp(element->attributes[index].name, "xmlns") == 0)
		return true;
	for (size_t i = 0; i < element->attribute_count; i++) {
		const struct xml_attribute *other = &element->attributes[i];
		if (i != index &&
		    strcmp(other->name, element->attributes[index].name) == 0 &&
		    (i < index || other->space[0] == '\0'))
			return true;
	}
	return false;
}

/* Where name spaces are kept, an attribute's is declared beside it. */
static void put_foreign(struct copy *copy, const struct xml_attribute *attribute,
			size_t index)
{
	char name[24] = "xml";

	if (strcmp(attribute->space, space_xml) != 0) {
		snprintf(name, sizeof name, "xmlns:a%zu", index);
		put_attribute(copy, name, attribute->space);
		snprintf(name, sizeof name, "a%zu", index);
	}
	put(copy, " ");
	put(copy, name);
	put(copy, ":");
	put_value(copy, attribute->name, attribute->value);
}

void copy_start(struct copy *copy, const struct xml_element *element, const char *name,
		bool (*takes)(const struct xml_attribute *attribute))
{
	drop_white(copy);
	close_tag(copy);
	put(copy, "<");
	put(copy, name == NULL ? prefix_of(copy, element->space) : "");
	put(copy, name == NULL ? element->name : name);
	put_space(copy, element->space);
	for (size_t i = 0; i < element->attribute_count; i++) {
		const struct xml_attribute *attribute = &element->attributes[i];
		bool is_foreign = attribute->space[0] != '\0';
		if (takes != NULL && !takes(attribute))
			continue;
		if (is_foreign && copy->kept > 0)
			put_foreign(copy, attribute, i);
		else if (!is_foreign || !collides(element, i))
			put_attribute(copy, attribute->name, attribute->value);
	}
	copy->tag_is_open = true;
	copy->has_text = false;
}

static bool is_white(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (strchr(" \t\r\n", text[i]) == NULL)
			return false;
	}
	return true;
}

/* White space that only sets elements apart is not carried along.  Text comes in pieces:
 * what begins as white space may go on as something else. */
void copy_text(struct copy *copy, const char *text, size_t size)
{
	if (copy->has_text || !is_white(text, size)) {
		copy->has_text = true;
		copy->has_white = false;
	} else if (!copy->has_white) {
		copy->has_white = true;
		copy->white_from = copy->raw.size;
		copy->white_in_tag = copy->tag_is_open;
	}
	close_tag(copy);
	put_escaped(copy, text, size, false);
}

void copy_end(struct copy *copy, const char *space, const char *name, const char *instead)
{
	drop_white(copy);
	if (copy->kept > 0)
		copy->kept--;
	if (copy->tag_is_open) {
		put(copy, "/>");
	} else {
		put(copy, "</");
		put(copy, instead == NULL ? prefix_of(copy, space) : "");
		put(copy, instead == NULL ? name : instead);
		put(copy, ">");
	}
	copy->tag_is_open = false;
	copy->has_text = false;
}
