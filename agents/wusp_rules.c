#include "agents/wusp_rules.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/xml/xml_reader.h"

enum place { OTHER, INSTALLED, INSTALLABLE, AND, OR, NOT, RULE };

struct node {
	enum place place;
	bool value;
};

struct judging {
	const struct wu_machine *machine;
	struct wu_core *core;
	struct wu_file *file;
	size_t depth;
	struct node nodes[LIMIT_XML_DEPTH + 2];
	bool in_identity_part; /* before Relationships: the update's own identity */
	bool in_bundle, wants_kb, wants_sha256;
	char text[WU_DIGEST];
	size_t text_size;
};

/* --- rules ------------------------------------------------------------------------ */

static bool scalar(const char *comparison, int64_t observed, int64_t rule)
{
	static const struct {
		const char *name;
		bool less, equal, greater;
	} comparisons[] = {
		{ "LessThan", true, false, false },
		{ "LessThanOrEqualTo", true, true, false },
		{ "EqualTo", false, true, false },
		{ "GreaterThanOrEqualTo", false, true, true },
		{ "GreaterThan", false, false, true },
	};

	for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
		if (comparison == NULL || strcmp(comparison, comparisons[i].name) != 0)
			continue;
		return (observed < rule && comparisons[i].less) ||
		       (observed == rule && comparisons[i].equal) ||
		       (observed > rule && comparisons[i].greater);
	}
	return false;
}

/* 10.0.26100.3775 as one number that sorts like it. */
static bool version(const char *text, int64_t *value)
{
	unsigned major, minor, base, revision = 0;

	if (text == NULL ||
	    sscanf(text, "%5u.%5u.%9u.%9u", &major, &minor, &base, &revision) < 3)
		return false;
	*value = ((int64_t)base << 32) + revision + ((int64_t)major << 52);
	return true;
}

static const char *attribute_of(const struct wu_machine *machine, const char *name)
{
	for (size_t i = 0; name != NULL && i < machine->count; i++) {
		if (strcmp(machine->attributes[i].name, name) == 0)
			return machine->attributes[i].value;
	}
	return NULL;
}

static bool rule_attribute(const struct wu_machine *machine,
			   const struct xml_element *element)
{
	const char *type = xml_attribute(element, "Type");
	const char *comparison = xml_attribute(element, "Comparison");
	const char *wanted = xml_attribute(element, "Value");
	const char *shown = attribute_of(machine, xml_attribute(element, "Name"));
	int64_t a, b;

	if (shown == NULL || wanted == NULL || type == NULL || comparison == NULL)
		return false;
	if (strcmp(type, "Version") == 0)
		return version(shown, &a) && version(wanted, &b) &&
		       scalar(comparison, a, b);
	return strcmp(comparison, "EqualTo") == 0 && strcmp(shown, wanted) == 0;
}

static bool number_is(const struct xml_element *element, const char *name, int64_t shown)
{
	const char *value = xml_attribute(element, name);
	return value == NULL || strtoll(value, NULL, 10) == shown;
}

static bool rule_windows(const struct wu_machine *machine,
			 const struct xml_element *element)
{
	const char *build = xml_attribute(element, "BuildNumber");
	int64_t wanted =
		build == NULL ? (int64_t)machine->build.base : strtoll(build, NULL, 10);

	return scalar(xml_attribute(element, "Comparison"), machine->build.base,
		      wanted) &&
	       number_is(element, "MajorVersion", 10) &&
	       number_is(element, "MinorVersion", 0) &&
	       number_is(element, "ProductType", machine->product_type);
}

static bool rule_processor(const struct wu_machine *machine,
			   const struct xml_element *element)
{
	return number_is(element, "Architecture", machine->arch);
}

/* Of its own family and architecture, in any case, from that version on. */
static bool rule_release(const struct wu_machine *machine,
			 const struct xml_element *element)
{
	const char *name = xml_attribute(element, "Name");
	const char *family = machine->product_type == 1 ? "Client." : "Server.";
	const char *arch = machine->arch == 12 ? ".ARM64" : ".AMD64";
	int64_t a, b;

	return name != NULL && strncmp(name, family, strlen(family)) == 0 &&
	       strcasestr(name, arch) != NULL &&
	       version(attribute_of(machine, "OSVersion"), &a) &&
	       version(xml_attribute(element, "Version"), &b) && a >= b;
}

static bool rule_true(const struct wu_machine *machine, const struct xml_element *element)
{
	(void)machine;
	(void)element;
	return true;
}

static const struct {
	const char *name;
	bool (*holds)(const struct wu_machine *machine,
		      const struct xml_element *element);
} rules[] = {
	{ "True", rule_true },
	{ "DeviceAttribute", rule_attribute },
	{ "ProductReleaseInstalled", rule_release },
	{ "b.WindowsVersion", rule_windows },
	{ "b.Processor", rule_processor },
};

static bool holds(const struct wu_machine *machine, const struct xml_element *element)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		if (strcmp(rules[i].name, element->name) == 0)
			return rules[i].holds(machine, element);
	}
	return false;
}

/* --- the core fragment ------------------------------------------------------------ */

static enum place place_of(const char *name, enum place around)
{
	static const struct {
		const char *name;
		enum place place;
	} places[] = { { "IsInstalled", INSTALLED },
		       { "IsInstallable", INSTALLABLE },
		       { "And", AND },
		       { "Or", OR },
		       { "Not", NOT } };

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (strcmp(places[i].name, name) == 0)
			return places[i].place;
	}
	return around == OTHER || around == RULE ? OTHER : RULE;
}

static void note_identity(struct judging *judging, const struct xml_element *element)
{
	const char *id = xml_attribute(element, "UpdateID");
	const char *revision = xml_attribute(element, "RevisionNumber");

	if (id == NULL)
		return;
	if (judging->in_identity_part) {
		snprintf(judging->core->id, WU_GUID, "%s", id);
		judging->core->revision =
			revision == NULL ? 0 : (int32_t)strtol(revision, NULL, 10);
	} else if (judging->in_bundle && judging->core->member[0] == '\0') {
		snprintf(judging->core->member, WU_GUID, "%s", id);
	}
}

/* The build that IsInstalled speaks of. */
static void note_build(struct judging *judging, const struct xml_element *element)
{
	const char *text = xml_attribute(element, "Version");

	for (size_t i = 0; i < judging->depth; i++) {
		if (judging->nodes[i].place != INSTALLED)
			continue;
		if (text == NULL)
			text = xml_attribute(element, "Value");
		if (text != NULL && judging->core->build.base == 0)
			(void)build_parse(text, &judging->core->build);
	}
}

static int core_start(void *owner, const struct xml_element *element, struct problem *p)
{
	struct judging *judging = owner;
	enum place around =
		judging->depth == 0 ? OTHER : judging->nodes[judging->depth - 1].place;
	struct node *node = &judging->nodes[judging->depth++];
	const char *type = xml_attribute(element, "UpdateType");

	(void)p;
	assert(judging->depth <= LIMIT_XML_DEPTH + 1);
	node->place = place_of(element->name, around);
	node->value = node->place == AND || node->place == INSTALLED ||
		      node->place == INSTALLABLE;
	if (strcmp(element->name, "UpdateIdentity") == 0)
		note_identity(judging, element);
	else if (strcmp(element->name, "Properties") == 0)
		judging->core->is_software =
			type != NULL && strcmp(type, "Software") == 0;
	else if (strcmp(element->name, "Relationships") == 0)
		judging->in_identity_part = false;
	else if (strcmp(element->name, "BundledUpdates") == 0)
		judging->in_bundle = true;
	if (node->place == RULE) {
		node->value = holds(judging->machine, element);
		note_build(judging, element);
	}
	return 0;
}

static int core_end(void *owner, const char *space, const char *name, struct problem *p)
{
	struct judging *judging = owner;
	const struct node *node = &judging->nodes[--judging->depth];
	struct node *around =
		judging->depth == 0 ? NULL : &judging->nodes[judging->depth - 1];

	(void)space;
	(void)name;
	(void)p;
	if (node->place == INSTALLED)
		judging->core->is_installed = node->value;
	else if (node->place == INSTALLABLE)
		judging->core->is_installable = node->value;
	if (around == NULL || node->place == OTHER || node->place == INSTALLED ||
	    node->place == INSTALLABLE)
		return 0;
	if (around->place == OR)
		around->value |= node->value;
	else if (around->place == NOT)
		around->value = !node->value;
	else
		around->value &= node->value;
	return 0;
}

/* A fragment in a root of our own, for it has several. */
static int read_fragment(const char *fragment, const struct xml_events *events,
			 struct judging *judging, struct problem *p)
{
	struct xml_reader *reader = xml_reader_new(events, judging, &xml_limits_most);
	int rc = -1;

	if (reader == NULL)
		return problem_set(p, PROBLEM_NO_MEMORY, "no memory for a fragment");
	if (xml_reader_feed(reader, "<fragment>", 10, p) == 0 &&
	    xml_reader_feed(reader, fragment, strlen(fragment), p) == 0 &&
	    xml_reader_feed(reader, "</fragment>", 11, p) == 0)
		rc = xml_reader_finish(reader, p);
	xml_reader_free(reader);
	return rc;
}

int wu_core_read(const char *fragment, const struct wu_machine *machine,
		 struct wu_core *core, struct problem *p)
{
	static const struct xml_events events = { core_start, NULL, core_end };
	struct judging judging = { .machine = machine,
				   .core = core,
				   .in_identity_part = true };

	memset(core, 0, sizeof *core);
	if (read_fragment(fragment, &events, &judging, p) < 0)
		return -1;
	if (core->id[0] == '\0')
		return problem_set(p, PROBLEM_BAD_INPUT, "an update has no identity");
	return 0;
}

/* --- the extended fragment -------------------------------------------------------- */

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from == NULL ? "" : from);
}

static int extended_start(void *owner, const struct xml_element *element,
			  struct problem *p)
{
	struct judging *judging = owner;
	struct wu_file *file = judging->file;
	const char *algorithm = xml_attribute(element, "Algorithm");
	const char *size = xml_attribute(element, "Size");

	(void)p;
	judging->text_size = 0;
	judging->wants_kb = strcmp(element->name, "KBArticleID") == 0;
	judging->wants_sha256 = strcmp(element->name, "AdditionalDigest") == 0 &&
				algorithm != NULL && strcmp(algorithm, "SHA256") == 0;
	if (strcmp(element->name, "File") == 0 && file->name[0] == '\0') {
		copy(file->name, sizeof file->name, xml_attribute(element, "FileName"));
		copy(file->sha1, sizeof file->sha1, xml_attribute(element, "Digest"));
		file->size_bytes = size == NULL ? -1 : strtoll(size, NULL, 10);
	}
	return 0;
}

static int extended_text(void *owner, const char *text, size_t size, struct problem *p)
{
	struct judging *judging = owner;
	size_t room = sizeof judging->text - 1 - judging->text_size;

	(void)p;
	if (!judging->wants_kb && !judging->wants_sha256)
		return 0;
	size = size < room ? size : room;
	memcpy(judging->text + judging->text_size, text, size);
	judging->text_size += size;
	judging->text[judging->text_size] = '\0';
	return 0;
}

static int extended_end(void *owner, const char *space, const char *name,
			struct problem *p)
{
	struct judging *judging = owner;

	(void)space;
	(void)name;
	(void)p;
	if (judging->wants_kb && judging->text_size > 0)
		(void)kb_parse(judging->text, &judging->file->kb);
	if (judging->wants_sha256 && judging->text_size > 0)
		copy(judging->file->sha256, sizeof judging->file->sha256, judging->text);
	judging->wants_kb = judging->wants_sha256 = false;
	return 0;
}

int wu_extended_read(const char *fragment, struct wu_file *file, struct problem *p)
{
	static const struct xml_events events = { extended_start, extended_text,
						  extended_end };
	struct judging judging = { .file = file };

	return read_fragment(fragment, &events, &judging, p);
}
