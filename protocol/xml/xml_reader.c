#include "protocol/xml/xml_reader.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/SAX2.h>
#include <libxml/dict.h>
#include <libxml/parser.h>
#include <libxml/xmlschemastypes.h>

#include "engine/limits.h"
#include "engine/problem.h"

/* The parser copies what it is fed and looks through it again for every tag that is not
 * complete yet, so large documents go in by slices. */
enum { SLICE = 32 * 1024 };

/* The parser keeps every name it ever saw, and past a bound of its own takes no more.
 * One that has this much of them is replaced before the next document. */
enum { NAMES_KEPT = 256 * 1024 };

struct xml_reader {
	const struct xml_events *events;
	void *owner;
	struct xml_guard guard;
	xmlParserCtxtPtr parser;
	bool failed;
	unsigned line; /* of the fault */
	struct problem problem;
	struct xml_attribute attributes[LIMIT_XML_ATTRIBUTES];
	char *values; /* of the current element, each NUL-terminated */
	size_t values_size;
};

/* The second wall: were a DOCTYPE ever to reach the parser, it would load nothing. */
static xmlParserInputPtr refuse_entity(const char *url, const char *id,
				       xmlParserCtxtPtr parser)
{
	(void)url;
	(void)id;
	(void)parser;
	return NULL;
}

static void library_start(void)
{
	xmlInitParser();
	xmlSetExternalEntityLoader(refuse_entity);
	xmlSchemaInitTypes();
}

void xml_library_ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int rc = pthread_once(&once, library_start);
	assert(rc == 0);
	(void)rc;
}

/* --- what the parser finds ------------------------------------------------------ */

static unsigned parser_line(const struct xml_reader *reader)
{
	const struct _xmlParserInput *input = reader->parser->input;
	return input == NULL || input->line < 1 ? 1 : (unsigned)input->line;
}

/* End the document inside a callback; reader->problem is told. */
static void stop(struct xml_reader *reader)
{
	reader->failed = true;
	reader->line = parser_line(reader);
	xmlStopParser(reader->parser);
}

/* The parser stands behind the last attribute.  The "<" of the tag is the first one
 * back from there: a value cannot hold one. */
static unsigned tag_line(const struct xml_reader *reader)
{
	const struct _xmlParserInput *input = reader->parser->input;
	unsigned line = parser_line(reader);

	if (input == NULL)
		return line;
	for (const xmlChar *at = input->cur; at > input->base && *at != '<'; at--)
		line -= at[-1] == '\n' && line > 1;
	return line;
}

static bool make_room(struct xml_reader *reader, size_t size)
{
	if (size <= reader->values_size)
		return true;
	char *bigger = realloc(reader->values, size);
	if (bigger == NULL)
		return false;
	reader->values = bigger;
	reader->values_size = size;
	return true;
}

/* libxml2 hands ampersands over as "&#38;", and nothing else that it has decoded. */
static size_t copy_value(char *to, const char *from, size_t size)
{
	static const char ampersand[] = "&#38;";
	enum { AMPERSAND = sizeof ampersand - 1 };
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		to[used++] = from[i];
		if (from[i] == '&' && size - i >= AMPERSAND &&
		    memcmp(from + i, ampersand, AMPERSAND) == 0)
			i += AMPERSAND - 1;
	}
	to[used++] = '\0';
	return used;
}

static const char *or_none(const xmlChar *text)
{
	return text == NULL ? "" : (const char *)text;
}

/* `raw` holds five pointers for each: name, prefix, name space, value, its end. */
static bool copy_attributes(struct xml_reader *reader, size_t count, const xmlChar **raw)
{
	size_t room = 0, used = 0;

	for (size_t i = 0; i < count; i++)
		room += (size_t)(raw[5 * i + 4] - raw[5 * i + 3]) + 1;
	if (!make_room(reader, room))
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *value = (const char *)raw[5 * i + 3];
		reader->attributes[i] = (struct xml_attribute){
			.space = or_none(raw[5 * i + 2]),
			.name = (const char *)raw[5 * i],
			.value = reader->values + used,
		};
		used += copy_value(reader->values + used, value,
				   (size_t)((const char *)raw[5 * i + 4] - value));
	}
	return true;
}

/* The signature is libxml2's. */
// NOLINTNEXTLINE(readability-function-size)
static void on_start(void *user, const xmlChar *name, const xmlChar *prefix,
		     const xmlChar *space, int namespace_count,
		     const xmlChar **namespaces, int attribute_count, int defaulted,
		     const xmlChar **attributes)
{
	struct xml_reader *reader = user;
	size_t count = (size_t)attribute_count;

	(void)prefix;
	(void)namespace_count;
	(void)namespaces;
	assert(defaulted == 0); /* defaults come from a DOCTYPE only */
	assert(count <= LIMIT_XML_ATTRIBUTES);
	if (reader->failed || !reader->parser->nsWellFormed) {
		xmlStopParser(reader->parser); /* verdict() tells */
		return;
	}
	if (!copy_attributes(reader, count, attributes)) {
		problem_set(&reader->problem, PROBLEM_NO_MEMORY, "out of memory");
		stop(reader);
		return;
	}
	const struct xml_element element = {
		.space = or_none(space),
		.name = (const char *)name,
		.line = tag_line(reader),
		.attribute_count = count,
		.attributes = reader->attributes,
	};
	if (reader->events->start != NULL &&
	    reader->events->start(reader->owner, &element, &reader->problem) < 0)
		stop(reader);
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix,
		   const xmlChar *space)
{
	struct xml_reader *reader = user;

	(void)prefix;
	if (!reader->failed && reader->events->end != NULL &&
	    reader->events->end(reader->owner, or_none(space), (const char *)name,
				&reader->problem) < 0)
		stop(reader);
}

static void on_text(void *user, const xmlChar *text, int size)
{
	struct xml_reader *reader = user;

	if (!reader->failed && reader->events->text != NULL &&
	    reader->events->text(reader->owner, (const char *)text, (size_t)size,
				 &reader->problem) < 0)
		stop(reader);
}

/* Called at the name of a DOCTYPE, before its internal subset is read.  The guard has
 * refused it long before; this is the second wall. */
static void on_doctype(void *user, const xmlChar *name, const xmlChar *id,
		       const xmlChar *url)
{
	struct xml_reader *reader = user;

	(void)name;
	(void)id;
	(void)url;
	problem_set(&reader->problem, PROBLEM_BAD_INPUT, "a DOCTYPE is not allowed");
	stop(reader);
}

static const xmlSAXHandler handlers = {
	.initialized = XML_SAX2_MAGIC,
	.internalSubset = on_doctype,
	.externalSubset = on_doctype,
	.startElementNs = on_start,
	.endElementNs = on_end,
	.characters = on_text,
	.cdataBlock = on_text,
	.ignorableWhitespace = on_text,
};

/* --- life ----------------------------------------------------------------------- */

static void set_options(struct xml_reader *reader)
{
	/* Faults are read from the parser afterwards; nothing is printed. */
	xmlCtxtUseOptions(reader->parser,
			  XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

/* The new parser takes the place of the old one, if any. */
static bool make_parser(struct xml_reader *reader)
{
	xmlSAXHandler sax = handlers; /* copied by the parser */
	xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&sax, reader, NULL, 0, NULL);

	if (parser == NULL)
		return false;
	if (reader->parser != NULL)
		xmlFreeParserCtxt(reader->parser);
	reader->parser = parser;
	set_options(reader);
	return true;
}

struct xml_reader *xml_reader_new(const struct xml_events *events, void *owner,
				  const struct xml_limits *limits)
{
	assert(limits->attributes <= LIMIT_XML_ATTRIBUTES);
	xml_library_ready();
	struct xml_reader *reader = calloc(1, sizeof *reader);
	if (reader == NULL)
		return NULL;
	reader->events = events;
	reader->owner = owner;
	xml_guard_init(&reader->guard, limits);
	if (!make_parser(reader)) {
		xml_reader_free(reader);
		return NULL;
	}
	return reader;
}

void xml_reader_free(struct xml_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->parser != NULL)
		xmlFreeParserCtxt(reader->parser);
	free(reader->values);
	free(reader);
}

void xml_reader_reset(struct xml_reader *reader)
{
	xml_guard_init(&reader->guard, reader->guard.limits);
	reader->failed = false;
	if (xmlDictGetUsage(reader->parser->dict) > NAMES_KEPT && make_parser(reader))
		return;
	if (xmlCtxtResetPush(reader->parser, NULL, 0, NULL, NULL) != 0) {
		problem_set(&reader->problem, PROBLEM_NO_MEMORY, "out of memory");
		reader->failed = true;
		reader->line = 1;
		return;
	}
	/* As in a new parser: look for a byte order mark again. */
	reader->parser->charset = XML_CHAR_ENCODING_NONE;
	set_options(reader);
}

/* --- reading -------------------------------------------------------------------- */

static int fail(struct xml_reader *reader, struct problem *p)
{
	*p = reader->problem;
	return -1;
}

/* libxml2's own words, without the line feed they end with. */
static void tell_parser_error(struct xml_reader *reader)
{
	const xmlError *error = xmlCtxtGetLastError(reader->parser);
	const struct _xmlParserCtxt *parser = reader->parser;
	const char *words = error == NULL || error->message == NULL ? "it is incomplete"
								    : error->message;

	if (error != NULL && error->code == XML_ERR_NO_MEMORY) {
		problem_set(&reader->problem, PROBLEM_NO_MEMORY, "out of memory");
		return;
	}
	if (error != NULL && error->code == XML_ERR_DOCUMENT_END && parser->nameNr > 0) {
		/* The push parser calls this "extra content at the end", on the line of
		 * the last thing it understood. */
		reader->line = reader->guard.line;
		problem_set(&reader->problem, PROBLEM_BAD_INPUT,
			    "not well-formed XML: it ends inside <%.60s>",
			    (const char *)parser->name);
		return;
	}
	problem_set(&reader->problem, PROBLEM_BAD_INPUT, "not well-formed XML: %.*s",
		    (int)strcspn(words, "\n"), words);
}

/* Has the parser found a fault, or a callback? */
static int verdict(struct xml_reader *reader, struct problem *p)
{
	const struct _xmlParserCtxt *parser = reader->parser;

	if (reader->failed)
		return fail(reader, p);
	if (parser->wellFormed && parser->nsWellFormed && !parser->disableSAX)
		return 0;
	reader->failed = true;
	reader->line = parser_line(reader);
	tell_parser_error(reader);
	return fail(reader, p);
}

static int refused(struct xml_reader *reader, struct problem *p)
{
	reader->failed = true;
	reader->line = reader->guard.line;
	return fail(reader, p);
}

int xml_reader_feed(struct xml_reader *reader, const char *data, size_t size,
		    struct problem *p)
{
	if (reader->failed)
		return fail(reader, p);
	while (size > 0) {
		size_t slice = size < SLICE ? size : SLICE;
		if (xml_guard_feed(&reader->guard, data, slice, &reader->problem) < 0)
			return refused(reader, p);
		xmlParseChunk(reader->parser, data, (int)slice, 0);
		if (verdict(reader, p) < 0)
			return -1;
		data += slice;
		size -= slice;
	}
	return 0;
}

int xml_reader_finish(struct xml_reader *reader, struct problem *p)
{
	if (reader->failed)
		return fail(reader, p);
	if (xml_guard_finish(&reader->guard, &reader->problem) < 0)
		return refused(reader, p);
	xmlParseChunk(reader->parser, NULL, 0, 1);
	return verdict(reader, p);
}

int xml_reader_read(struct xml_reader *reader, const char *text, size_t size,
		    struct problem *p)
{
	if (xml_reader_feed(reader, text, size, p) < 0)
		return -1;
	return xml_reader_finish(reader, p);
}

unsigned xml_reader_line(const struct xml_reader *reader)
{
	return reader->failed ? reader->line : parser_line(reader);
}

const char *xml_attribute(const struct xml_element *element, const char *name)
{
	for (size_t i = 0; i < element->attribute_count; i++) {
		const struct xml_attribute *attribute = &element->attributes[i];
		if (attribute->space[0] == '\0' && strcmp(attribute->name, name) == 0)
			return attribute->value;
	}
	return NULL;
}
