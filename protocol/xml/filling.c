#include "protocol/xml/filling.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/findings.h"
#include "engine/instant.h"
#include "engine/problem.h"
#include "protocol/xml/xml_reader.h"

void filling_tell(struct filling *filling, const char *hint, const char *fmt, ...)
{
	char text[sizeof((struct finding *)0)->text];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	findings_add(filling->findings, SEVERITY_ERROR,
		     (struct origin){ filling->file, filling->line }, hint, "%s", text);
}

int filling_fail(struct filling *filling, const char *text)
{
	filling->line = 0;
	filling_tell(filling, NULL, "%s", text);
	return -1;
}

static const struct filling_element *find(const struct filling *filling, const char *name)
{
	const struct filling_element *one = filling->table;
	while (one->name != NULL && strcmp(one->name, name) != 0)
		one++;
	return one->name == NULL ? NULL : one;
}

static int on_start(void *owner, const struct xml_element *element, struct problem *p)
{
	struct filling *filling = owner;
	const struct filling_element *one = find(filling, element->name);

	(void)p;
	filling->line = element->line;
	if (one != NULL)
		one->start(filling, element);
	return 0;
}

static int on_text(void *owner, const char *text, size_t size, struct problem *p)
{
	struct filling *filling = owner;

	(void)p;
	if (!filling->listening)
		return 0;
	if (size > LIMIT_EXPRESSION - filling->text_size) {
		filling->listening = false; /* told once */
		filling_tell(filling, NULL, "this text is longer than %d bytes",
			     LIMIT_EXPRESSION);
		return 0;
	}
	memcpy(filling->text + filling->text_size, text, size);
	filling->text_size += size;
	return 0;
}

/* Text is written on lines of its own; the white space around it means nothing. */
static void trim(struct filling *filling)
{
	static const char space[] = " \t\r\n";

	filling->text[filling->text_size] = '\0';
	size_t before = strspn(filling->text, space);
	filling->text_size -= before;
	memmove(filling->text, filling->text + before, filling->text_size + 1);
	while (filling->text_size > 0 &&
	       strchr(space, filling->text[filling->text_size - 1]) != NULL)
		filling->text[--filling->text_size] = '\0';
}

static int on_end(void *owner, const char *space, const char *name, struct problem *p)
{
	struct filling *filling = owner;
	const struct filling_element *one = find(filling, name);

	(void)space;
	(void)p;
	if (filling->listening)
		trim(filling);
	filling->listening = false;
	if (one != NULL && one->end != NULL)
		one->end(filling);
	return 0;
}

int filling_run(struct filling *filling, const struct filling_element *table,
		const char *text, size_t size)
{
	static const struct xml_events events = { on_start, on_text, on_end };
	size_t before = filling->findings->errors;
	struct problem p = { 0 };

	filling->table = table;
	struct xml_reader *reader = xml_reader_new(&events, filling, &xml_limits_most);
	if (reader == NULL)
		return filling_fail(filling, "out of memory");
	if (xml_reader_read(reader, text, size, &p) < 0) {
		filling->line = xml_reader_line(reader);
		filling_tell(filling, NULL, "%s", p.text);
	}
	xml_reader_free(reader);
	return filling->findings->errors == before ? 0 : -1;
}

void filling_start_text(struct filling *filling, const struct xml_element *element)
{
	(void)element;
	filling->listening = true;
	filling->text_size = 0;
	filling->text[0] = '\0';
}

void filling_copy(struct filling *filling, char *to, size_t room,
		  const struct xml_element *element, const char *name)
{
	const char *value = xml_attribute(element, name);

	if (snprintf(to, room, "%s", value == NULL ? "" : value) >= (int)room)
		filling_tell(filling, NULL, "%s of <%s> is longer than %zu bytes", name,
			     element->name, room - 1);
}

int filling_word(const struct xml_element *element, const char *name,
		 const char *const *words, size_t count, int absent)
{
	const char *value = xml_attribute(element, name);

	for (size_t i = 0; value != NULL && i < count; i++) {
		if (strcmp(value, words[i]) == 0)
			return (int)i;
	}
	return absent;
}

bool filling_instant(struct filling *filling, const struct xml_element *element,
		     const char *name, int64_t *at_s)
{
	*at_s = 0;
	if (instant_parse(xml_attribute(element, name), at_s))
		return true;
	filling_tell(filling, "a time in UTC, such as 2025-04-08T17:00:00Z",
		     "%s=\"%s\" of <%s> is no time", name, xml_attribute(element, name),
		     element->name);
	return false;
}
