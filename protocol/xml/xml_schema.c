#include "protocol/xml/xml_schema.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlschemas.h>

#include "engine/findings.h"
#include "engine/limits.h"
#include "engine/problem.h"
#include "protocol/xml/xml_diagnosis.h"
#include "protocol/xml/xml_reader.h"
#include "protocol/xml/xml_words.h"

struct xml_schema {
	xmlSchemaPtr schema;
	struct xml_words *words;
};

/* --- the schema ----------------------------------------------------------------- */

static void on_schema_error(void *owner, xmlErrorPtr error)
{
	struct problem *p = owner;
	if (p->kind == PROBLEM_NONE)
		problem_set(p, PROBLEM_BAD_INPUT, "the schema is wrong at line %d: %.*s",
			    error->line, (int)strcspn(error->message, "\n"),
			    error->message);
}

static xmlSchemaPtr parse_schema(const char *xsd, size_t size, struct problem *p)
{
	xml_library_ready();
	xmlSchemaParserCtxtPtr parser = xmlSchemaNewMemParserCtxt(xsd, (int)size);
	if (parser == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
		return NULL;
	}
	xmlSchemaSetParserStructuredErrors(parser, on_schema_error, p);
	xmlSchemaPtr schema = xmlSchemaParse(parser);
	xmlSchemaFreeParserCtxt(parser);
	if (schema == NULL && p->kind == PROBLEM_NONE)
		problem_set(p, PROBLEM_NO_MEMORY, "the schema could not be read");
	return schema;
}

struct xml_schema *xml_schema_new(const char *xsd, size_t size, struct problem *p)
{
	*p = (struct problem){ 0 };
	struct xml_schema *schema = calloc(1, sizeof *schema);
	if (schema == NULL) {
		problem_set(p, PROBLEM_NO_MEMORY, "out of memory");
		return NULL;
	}
	schema->words = xml_words_read(xsd, size, p);
	if (schema->words != NULL)
		schema->schema = parse_schema(xsd, size, p);
	if (schema->schema == NULL) {
		xml_schema_free(schema);
		return NULL;
	}
	return schema;
}

void xml_schema_free(struct xml_schema *schema)
{
	if (schema == NULL)
		return;
	if (schema->schema != NULL)
		xmlSchemaFree(schema->schema);
	xml_words_free(schema->words);
	free(schema);
}

/* --- one check ------------------------------------------------------------------ */

struct check {
	struct xml_diagnosis diagnosis;
	xmlSchemaValidCtxtPtr validity;
	xmlSchemaSAXPlugPtr plug;
	xmlSAXHandlerPtr sax; /* the validator as a listener to SAX events */
	void *user;
	unsigned hidden; /* open elements that the validator is not told of */
	bool ended;      /* the top frame is over, but may still be at fault */
};

static void on_error(void *owner, xmlErrorPtr error)
{
	struct check *check = owner;
	xml_diagnosis_tell(&check->diagnosis, error->code, error->message);
}

/* libxml2's form of the attributes: name, prefix, name space, value, its end. */
static void forward_start(struct check *check, const struct xml_element *element)
{
	const xmlChar *raw[5 * LIMIT_XML_ATTRIBUTES];

	for (size_t i = 0; i < element->attribute_count; i++) {
		const struct xml_attribute *from = &element->attributes[i];
		const xmlChar **to = &raw[5 * i];
		to[0] = (const xmlChar *)from->name;
		to[1] = NULL;
		to[2] = from->space[0] == '\0' ? NULL : (const xmlChar *)from->space;
		to[3] = (const xmlChar *)from->value;
		to[4] = (const xmlChar *)from->value + strlen(from->value);
	}
	check->sax->startElementNs(
		check->user, (const xmlChar *)element->name, NULL,
		element->space[0] == '\0' ? NULL : (const xmlChar *)element->space, 0,
		NULL, (int)element->attribute_count, 0, raw);
}

static void leave_frame(struct check *check)
{
	if (check->ended)
		check->diagnosis.depth--;
	check->ended = false;
}

static int on_start(void *owner, const struct xml_element *element, struct problem *p)
{
	struct check *check = owner;

	(void)p;
	leave_frame(check);
	if (check->hidden > 0 || !xml_diagnosis_enter(&check->diagnosis, element)) {
		check->hidden++;
		return 0;
	}
	forward_start(check, element);
	check->diagnosis.element = NULL; /* its attributes are gone */
	return 0;
}

static int on_text(void *owner, const char *text, size_t size, struct problem *p)
{
	struct check *check = owner;

	(void)p;
	leave_frame(check);
	if (check->hidden > 0)
		return 0;
	xml_diagnosis_text(&check->diagnosis, text, size);
	if (check->sax->characters != NULL && check->diagnosis.depth > 0)
		check->sax->characters(check->user, (const xmlChar *)text, (int)size);
	return 0;
}

static int on_end(void *owner, const char *space, const char *name, struct problem *p)
{
	struct check *check = owner;

	(void)p;
	if (check->hidden > 0) {
		check->hidden--;
		return 0;
	}
	leave_frame(check);
	check->sax->endElementNs(check->user, (const xmlChar *)name, NULL,
				 space[0] == '\0' ? NULL : (const xmlChar *)space);
	check->ended = true;
	return 0;
}

static int run(struct check *check, const char *text, size_t size)
{
	static const struct xml_events events = { on_start, on_text, on_end };
	struct xml_diagnosis *diagnosis = &check->diagnosis;
	struct problem p = { 0 };

	struct xml_reader *reader = xml_reader_new(&events, check, &xml_limits_most);
	if (reader == NULL) {
		findings_add(diagnosis->findings, SEVERITY_ERROR,
			     (struct origin){ diagnosis->file, 0 }, NULL,
			     "out of memory");
		return -1;
	}
	int rc = xml_reader_read(reader, text, size, &p);
	if (rc < 0)
		findings_add(diagnosis->findings, SEVERITY_ERROR,
			     (struct origin){ diagnosis->file, xml_reader_line(reader) },
			     NULL, "%s", p.text);
	xml_reader_free(reader);
	return rc;
}

static int plug_in(struct check *check, const struct xml_schema *schema)
{
	check->validity = xmlSchemaNewValidCtxt(schema->schema);
	if (check->validity == NULL)
		return -1;
	xmlSchemaSetValidStructuredErrors(check->validity, on_error, check);
	check->plug = xmlSchemaSAXPlug(check->validity, &check->sax, &check->user);
	return check->plug == NULL ? -1 : 0;
}

int xml_schema_check(const struct xml_schema *schema, const char *file, const char *text,
		     size_t size, struct findings *findings)
{
	size_t before = findings->errors;
	struct check check = {
		.diagnosis = { .words = schema->words,
			       .file = file,
			       .findings = findings },
	};

	int rc = plug_in(&check, schema);
	if (rc < 0)
		findings_add(findings, SEVERITY_ERROR, (struct origin){ file, 0 }, NULL,
			     "out of memory");
	else
		rc = run(&check, text, size);
	if (check.plug != NULL)
		xmlSchemaSAXUnplug(check.plug);
	/* What the validator knows and did not tell: nothing known, but never pass it. */
	if (rc == 0 && findings->errors == before && check.validity != NULL &&
	    xmlSchemaIsValid(check.validity) != 1)
		findings_add(findings, SEVERITY_ERROR, (struct origin){ file, 0 }, NULL,
			     "the file does not follow its schema");
	if (check.validity != NULL)
		xmlSchemaFreeValidCtxt(check.validity);
	return findings->errors == before ? 0 : -1;
}
