#include "protocol/wusp/update_document.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"
#include "engine/findings.h"
#include "engine/problem.h"
#include "engine/utf8.h"
#include "protocol/soap/soap_write.h"
#include "protocol/wusp/update_reading.h"

static const char space[] = "http://schemas.microsoft.com/msus/2002/12/Update";

static const char *const section_names[SECTIONS] = {
	[SECTION_NONE] = "",
	[SECTION_IDENTITY] = "UpdateIdentity",
	[SECTION_PROPERTIES] = "Properties",
	[SECTION_LOCALIZED] = "LocalizedPropertiesCollection",
	[SECTION_RELATIONSHIPS] = "Relationships",
	[SECTION_RULES] = "ApplicabilityRules",
	[SECTION_FILES] = "Files",
	[SECTION_HANDLER] = "HandlerSpecificData",
	[SECTION_EULAS] = "EulaFiles",
};

/* --- attributes ------------------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool core_takes(const struct xml_attribute *attribute)
{
	static const char *const names[] = { "UpdateType", "ExplicitlyDeployable",
					     "AutoSelectOnWebSites", "EulaID",
					     "OSUpgrade" };
	return is_one_of(attribute->name, names, COUNT(names)) &&
	       strcmp(attribute->value, "false") != 0;
}

static bool extended_takes(const struct xml_attribute *attribute)
{
	static const char *const not [] = {
		"UpdateType",
		"ExplicitlyDeployable",
		"AutoSelectOnWebSites",
		"EulaID",
		"PublicationState",
		"PublisherID",
		"CreationDate",
		"IsPublic",
		"LegacyName",
		"DetectoidType",
		"OSUpgrade",
		"PerUser",
	};
	return !is_one_of(attribute->name, not, COUNT(not )) &&
	       strcmp(attribute->value, "false") != 0;
}

static int read_properties(struct reading *reading, const struct xml_element *element,
			   struct problem *p)
{
	struct update_document *document = reading->document;
	const char *type = xml_attribute(element, "UpdateType");
	const char *handler = xml_attribute(element, "Handler");
	const char *language = xml_attribute(element, "DefaultPropertiesLanguage");
	size_t i = 0;

	while (i < UPDATE_TYPES &&
	       (type == NULL || strcmp(type, update_type_names[i]) != 0))
		i++;
	if (i == UPDATE_TYPES)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "Properties: UpdateType is '%.40s'; Detectoid, "
				   "Category, Software or Driver is wanted",
				   type == NULL ? "" : type);
	document->type = (enum update_type)i;
	document->explicitly_deployable = is_true(element, "ExplicitlyDeployable");
	if (handler != NULL) {
		const char *last = strrchr(handler, '/');
		int wanted = snprintf(document->handler, sizeof document->handler, "%s",
				      last == NULL ? handler : last + 1);
		utf8_mark_cut(document->handler, sizeof document->handler, wanted);
	}
	snprintf(reading->default_language, sizeof reading->default_language, "%s",
		 language == NULL ? "en" : language);
	copy_start(&reading->core, element, NULL, core_takes);
	copy_end(&reading->core, element->space, element->name, NULL);
	copy_start(&reading->extended, element, "ExtendedProperties", extended_takes);
	return 0;
}

/* --- parts ------------------------------------------------------------------------ */

static struct copy *copy_of(struct reading *reading)
{
	switch (reading->section) {
	case SECTION_IDENTITY:
	case SECTION_RELATIONSHIPS:
	case SECTION_RULES:
		return &reading->core;
	case SECTION_PROPERTIES:
	case SECTION_FILES:
	case SECTION_HANDLER:
		return &reading->extended;
	case SECTION_LOCALIZED:
	case SECTION_EULAS:
		return reading->depth > 2 ? &reading->localized : NULL;
	default:
		return NULL;
	}
}

static int read_identity(struct reading *reading, const struct xml_element *element,
			 struct problem *p)
{
	struct update_identity *identity = &reading->document->identity;

	if (identity_read(element, identity, p) < 0)
		return -1;
	return identity->revision > 0
		       ? 0
		       : problem_set(
				 p, PROBLEM_BAD_INPUT,
				 "UpdateIdentity: a RevisionNumber from 1 on is wanted");
}

static int start_section(struct reading *reading, const struct xml_element *element,
			 struct problem *p)
{
	size_t i = SECTION_IDENTITY;

	while (i < SECTIONS && strcmp(section_names[i], element->name) != 0)
		i++;
	reading->section = SECTION_NONE;
	if (i == SECTIONS || strcmp(element->space, space) != 0)
		return 0; /* nothing that agents are sent */
	if (reading->seen[i])
		return problem_set(p, PROBLEM_BAD_INPUT, "%s is there twice",
				   element->name);
	reading->seen[i] = true;
	reading->section = (enum section)i;
	if (i == SECTION_PROPERTIES)
		return read_properties(reading, element, p);
	if (i == SECTION_LOCALIZED || i == SECTION_EULAS)
		return 0;
	copy_start(copy_of(reading), element, NULL, NULL);
	return i == SECTION_IDENTITY ? read_identity(reading, element, p) : 0;
}

static void take_category(struct update_document *document,
			  const struct xml_element *element)
{
	const char *kind = xml_attribute(element, "CategoryType");

	if (strcmp(element->name, "CategoryInformation") != 0 || kind == NULL)
		return;
	for (size_t i = 1; i < CATEGORY_KINDS; i++) {
		if (strcmp(category_kind_names[i], kind) == 0)
			document->category = (enum category_kind)i;
	}
}

static void want_text(struct reading *reading)
{
	reading->wants_text = true;
	reading->text_size = 0;
	reading->text[0] = '\0';
}

static void take_language(struct reading *reading, const char *language)
{
	snprintf(reading->language, sizeof reading->language, "%.31s",
		 language == NULL ? "" : language);
}

static int start_inside(struct reading *reading, const struct xml_element *element,
			struct problem *p)
{
	const char *name = element->name;
	int rc = 0;

	reading->wants_text = false;
	reading->text_size = 0;
	switch (reading->section) {
	case SECTION_PROPERTIES:
		if (strcmp(name, "UninstallationBehavior") == 0)
			reading->document->can_uninstall = true;
		if (strcmp(name, "KBArticleID") == 0)
			want_text(reading);
		break;
	case SECTION_LOCALIZED:
	case SECTION_EULAS:
		if (reading->depth == 3)
			take_language(reading, xml_attribute(element, "Language"));
		if (reading->depth == 4 &&
		    (strcmp(name, "Language") == 0 || strcmp(name, "Title") == 0))
			want_text(reading);
		break;
	case SECTION_RELATIONSHIPS:
		rc = relation_start(reading, element, p);
		break;
	case SECTION_FILES:
		rc = file_start(reading, element, p);
		break;
	case SECTION_HANDLER:
		take_category(reading->document, element);
		break;
	default:
		break;
	}
	if (rc == 0 && copy_of(reading) != NULL)
		copy_start(copy_of(reading), element, NULL, NULL);
	return rc;
}

static int on_start(void *owner, const struct xml_element *element, struct problem *p)
{
	struct reading *reading = owner;

	reading->depth++;
	if (reading->depth == 1) {
		if (strcmp(element->name, "Update") == 0 &&
		    strcmp(element->space, space) == 0)
			return 0;
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "<%.60s> is no update document; its root is Update in "
				   "%s",
				   element->name, space);
	}
	if (reading->depth == 2)
		return start_section(reading, element, p);
	return start_inside(reading, element, p);
}

static int on_text(void *owner, const char *text, size_t size, struct problem *p)
{
	struct reading *reading = owner;
	struct copy *copy = copy_of(reading);

	(void)p;
	if (reading->depth < 2)
		return 0;
	if (copy != NULL)
		copy_text(copy, text, size);
	if (reading->wants_text) {
		size_t room = sizeof reading->text - 1 - reading->text_size;
		size_t fits = size < room ? size : room;
		memcpy(reading->text + reading->text_size, text, fits);
		reading->text_size += fits;
		reading->text[reading->text_size] = '\0';
	}
	return 0;
}

static int no_memory(struct problem *p)
{
	return problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
}

/* Escaped, as it goes into <Xml>; the memory is the fragment's. */
static int finish_fragment(struct copy *copy, const char *language,
			   struct update_fragment *fragment, struct problem *p)
{
	struct buffer escaped;

	if (copy->failed)
		return no_memory(p);
	buffer_init(&escaped, 6 * copy->raw.size + 1);
	char *name = strdup(language);
	if (name == NULL || !buffer_reserve(&escaped, 1) ||
	    (copy->raw.size > 0 &&
	     !soap_escape(&escaped, copy->raw.at, copy->raw.size))) {
		free(name);
		buffer_fini(&escaped);
		return no_memory(p);
	}
	fragment->language = name;
	escaped.at[escaped.size] = '\0'; /* there is always room for it */
	fragment->size = escaped.size;
	fragment->text = buffer_release(&escaped);
	return 0;
}

static int end_localized(struct reading *reading, struct problem *p)
{
	enum { LANGUAGES_MOST = 1024 };
	struct row *row =
		reading->section == SECTION_EULAS ? &reading->eulas : &reading->fragments;
	struct update_fragment *fragment = row_add(row, sizeof *fragment, LANGUAGES_MOST);

	if (fragment == NULL)
		return problem_set(p, PROBLEM_TOO_LARGE,
				   "the document has more than %d languages",
				   LANGUAGES_MOST);
	if (finish_fragment(&reading->localized, reading->language, fragment, p) < 0)
		return -1;
	buffer_clear(&reading->localized.raw, SIZE_MAX);
	return 0;
}

static void end_words(struct reading *reading, const char *name)
{
	struct update_document *document = reading->document;
	bool is_default = strcmp(reading->language, reading->default_language) == 0;

	if (!reading->wants_text)
		return;
	if (strcmp(name, "KBArticleID") == 0 && document->kb_count < UPDATE_KBS) {
		uint32_t kb;
		if (kb_parse(reading->text, &kb))
			document->kbs[document->kb_count++] = kb;
	} else if (strcmp(name, "Language") == 0) {
		take_language(reading, reading->text);
	} else if (strcmp(name, "Title") == 0 &&
		   (is_default || document->title[0] == '\0')) {
		int wanted = snprintf(document->title, sizeof document->title, "%s",
				      reading->text);
		utf8_mark_cut(document->title, sizeof document->title, wanted);
	}
	reading->wants_text = false;
}

static int on_end(void *owner, const char *element_space, const char *name,
		  struct problem *p)
{
	struct reading *reading = owner;
	struct copy *copy = reading->depth >= 2 ? copy_of(reading) : NULL;
	int rc = 0;

	if (copy != NULL)
		copy_end(copy, element_space, name,
			 reading->depth == 2 && reading->section == SECTION_PROPERTIES
				 ? "ExtendedProperties"
				 : NULL);
	if (reading->depth > 2) {
		if (reading->section == SECTION_RELATIONSHIPS)
			relation_end(reading, name);
		else if (reading->section == SECTION_FILES)
			rc = file_end(reading, name, p);
		else
			end_words(reading, name);
		if ((reading->section == SECTION_LOCALIZED ||
		     reading->section == SECTION_EULAS) &&
		    reading->depth == 3)
			rc = end_localized(reading, p);
	}
	reading->depth--;
	return rc;
}

/* --- the whole -------------------------------------------------------------------- */

static int finish_clauses(struct reading *reading, struct problem *p)
{
	struct update_document *document = reading->document;
	const struct clause_start *starts = reading->clauses.at;
	size_t count = reading->clauses.count;
	struct update_clause *clauses = calloc(count + 1, sizeof clauses[0]);

	if (clauses == NULL)
		return no_memory(p);
	document->clauses = clauses;
	for (size_t i = 0; i < count; i++) {
		size_t end =
			i + 1 < count ? starts[i + 1].first : reading->clause_ids.count;
		clauses[i] = (struct update_clause){
			.is_category = starts[i].is_category,
			.count = end - starts[i].first,
		};
		if (clauses[i].count == 0)
			return problem_set(p, PROBLEM_BAD_INPUT,
					   "Prerequisites: an AtLeastOne is empty, so "
					   "nothing ever meets it");
		clauses[i].ids =
			(const struct guid *)reading->clause_ids.at + starts[i].first;
	}
	document->clause_count = count;
	return 0;
}

static int finish(struct reading *reading, struct problem *p)
{
	struct update_document *document = reading->document;

	for (size_t i = SECTION_IDENTITY; i <= SECTION_PROPERTIES; i++) {
		if (!reading->seen[i])
			return problem_set(p, PROBLEM_BAD_INPUT, "%s is missing",
					   section_names[i]);
	}
	if (finish_clauses(reading, p) < 0 ||
	    finish_fragment(&reading->core, "", &document->core, p) < 0 ||
	    finish_fragment(&reading->extended, "", &document->extended, p) < 0)
		return -1;
	document->superseded_count = reading->superseded.count;
	document->member_count = reading->members.count;
	return 0;
}

/* Lists become the document's, whatever became of the reading. */
static void hand_over(struct reading *reading)
{
	struct update_document *document = reading->document;

	document->superseded = reading->superseded.at;
	document->members = reading->members.at;
	document->files = reading->files.at;
	document->file_count = reading->files.count;
	document->localized = reading->fragments.at;
	document->localized_count = reading->fragments.count;
	document->eulas = reading->eulas.at;
	document->eula_count = reading->eulas.count;
	document->memory = reading->clause_ids.at;
	free(reading->clauses.at);
	copy_fini(&reading->core);
	copy_fini(&reading->extended);
	copy_fini(&reading->localized);
}

int update_document_read(const char *name, const char *text, size_t size,
			 struct update_document *document, struct findings *findings)
{
	static const struct xml_events events = { on_start, on_text, on_end };
	static const struct xml_limits limits = {
		.document_bytes = LIMIT_UPDATE_DOCUMENT,
		.tag_bytes = LIMIT_XML_TAG,
		.depth = LIMIT_XML_DEPTH,
		.attributes = LIMIT_XML_ATTRIBUTES,
		.elements = LIMIT_XML_ELEMENTS,
	};
	struct reading reading = { .document = document };
	struct xml_reader *xml = xml_reader_new(&events, &reading, &limits);
	struct origin origin = { name, 0 };
	struct problem p;

	*document = (struct update_document){ .type = UPDATE_SOFTWARE };
	copy_init(&reading.core, true);
	copy_init(&reading.extended, false);
	copy_init(&reading.localized, false);
	int rc = xml == NULL ? no_memory(&p) : xml_reader_read(xml, text, size, &p);
	if (xml != NULL)
		origin.line = xml_reader_line(xml);
	if (rc == 0)
		rc = finish(&reading, &p);
	xml_reader_free(xml);
	hand_over(&reading);
	if (rc < 0) {
		findings_add(findings, SEVERITY_ERROR, origin, NULL, "%s", p.text);
		update_document_fini(document);
	}
	return rc;
}

static void free_fragment(const struct update_fragment *fragment)
{
	free((void *)fragment->language);
	free((void *)fragment->text);
}

void update_document_fini(struct update_document *document)
{
	free((void *)document->superseded);
	free((void *)document->clauses);
	free((void *)document->members);
	for (size_t i = 0; i < document->file_count; i++)
		free((void *)document->files[i].name);
	free((void *)document->files);
	free_fragment(&document->core);
	free_fragment(&document->extended);
	for (size_t i = 0; i < document->localized_count; i++)
		free_fragment(&document->localized[i]);
	free((void *)document->localized);
	for (size_t i = 0; i < document->eula_count; i++)
		free_fragment(&document->eulas[i]);
	free((void *)document->eulas);
	free(document->memory);
	*document = (struct update_document){ .type = UPDATE_SOFTWARE };
}
