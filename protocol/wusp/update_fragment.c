/* Copies elements of an update document as agents expect them in fragments: without name
 * space declarations, rules with the short prefixes b. m. d., and the two embedded
 * vocabularies that agents read with their own name space left as they are. */

#include <assert.h>
#include <string.h>

#include "protocol/wusp/update_reading.h"

enum { FRAGMENT_MOST = 48 * 1024 * 1024 };

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
static const char space_xsi[] = "http://www.w3.org/2001/XMLSchema-instance";

void copy_init(struct copy *copy)
{
	*copy = (struct copy){ .failed = false };
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

	if (copy->kept > 0 || strncmp(space, rules, start) != 0)
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

static void put_attribute(struct copy *copy, const char *name, const char *value)
{
	put(copy, " ");
	put(copy, name);
	put(copy, "=\"");
	put_escaped(copy, value, strlen(value), true);
	put(copy, "\"");
}

static void close_tag(struct copy *copy)
{
	if (copy->tag_is_open)
		put(copy, ">");
	copy->tag_is_open = false;
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

void copy_start(struct copy *copy, const struct xml_element *element, const char *name,
		bool (*takes)(const struct xml_attribute *attribute))
{
	close_tag(copy);
	put(copy, "<");
	put(copy, name == NULL ? prefix_of(copy, element->space) : "");
	put(copy, name == NULL ? element->name : name);
	put_space(copy, element->space);
	for (size_t i = 0; i < element->attribute_count; i++) {
		const struct xml_attribute *attribute = &element->attributes[i];
		bool is_plain = attribute->space[0] == '\0' ||
				strcmp(attribute->space, space_xsi) == 0;
		if (is_plain && (takes == NULL || takes(attribute)))
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

void copy_text(struct copy *copy, const char *text, size_t size)
{
	/* White space that only sets elements apart is not carried along. */
	if (!copy->has_text && is_white(text, size))
		return;
	close_tag(copy);
	put_escaped(copy, text, size, false);
	copy->has_text = true;
}

void copy_end(struct copy *copy, const char *space, const char *name, const char *instead)
{
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
