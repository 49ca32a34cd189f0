/* Walks a document that its schema has passed, and fills something with it.  Shared by
 * catalog_xml.c, plan_xml.c and fleet_xml.c.
 *
 * A filling is embedded as the first member of what is filled; a table names the
 * elements and what to do at their start and end.  The functions need not doubt that
 * attributes are there and look right, for the schema says so; they tell findings about
 * what it cannot say.  An error makes the run fail at its end, so that all are told. */

#ifndef PROTOCOL_XML_FILLING_H
#define PROTOCOL_XML_FILLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/limits.h"

struct findings;
struct xml_element;

struct filling {
	const char *file;
	struct findings *findings;
	unsigned line; /* of the element at hand */
	/* The text of the last element that asked for it, trimmed at its end. */
	bool listening;
	size_t text_size;
	char text[LIMIT_EXPRESSION + 1];
	const struct filling_element *table;
};

struct filling_element {
	const char *name; /* NULL ends the table */
	void (*start)(struct filling *filling, const struct xml_element *element);
	void (*end)(struct filling *filling); /* may be NULL */
};

/* 0, or -1 when anything was told as an error meanwhile. */
int filling_run(struct filling *filling, const struct filling_element *table,
		const char *text, size_t size);

/* An error at the element at hand. */
void filling_tell(struct filling *filling, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* An error of the file as a whole; returns -1. */
int filling_fail(struct filling *filling, const char *text);

/* A start function: collect the text of this element. */
void filling_start_text(struct filling *filling, const struct xml_element *element);

/* An attribute into `to`, cut and told when it does not fit; "" when absent. */
void filling_copy(struct filling *filling, char *to, size_t room,
		  const struct xml_element *element, const char *name);

/* The index of an attribute's value in `words`; `absent` when it is absent. */
int filling_word(const struct xml_element *element, const char *name,
		 const char *const *words, size_t count, int absent);

/* False, and told, when the attribute is no time; *at_s is then 0. */
bool filling_instant(struct filling *filling, const struct xml_element *element,
		     const char *name, int64_t *at_s);

#endif
