#include "protocol/xml/xml_guard.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "engine/limits.h"
#include "engine/problem.h"

const struct xml_limits xml_limits_most = {
	.document_bytes = LIMIT_XML_DOCUMENT,
	.tag_bytes = LIMIT_XML_TAG,
	.depth = LIMIT_XML_DEPTH,
	.attributes = LIMIT_XML_ATTRIBUTES,
	.elements = LIMIT_XML_ELEMENTS,
};

enum state {
	HEAD,     /* the first bytes: a byte order mark, an XML declaration */
	TEXT,     /* between tags */
	OPEN,     /* after "<" */
	BANG,     /* after "<!" */
	BANG_ONE, /* after "<!-" */
	COMMENT,
	CDATA_OPEN, /* inside "<![CDATA[" */
	CDATA,
	START_TAG,
	END_TAG,
	DOUBLE_QUOTED,
	SINGLE_QUOTED,
	LOST, /* refused */
};

void xml_guard_init(struct xml_guard *guard, const struct xml_limits *limits)
{
	*guard = (struct xml_guard){ .limits = limits, .line = 1 };
}

/* --- the first bytes ---------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_space(const char *at)
{
	while (is_space(*at))
		at++;
	return at;
}

/* One `name="value"` of the declaration after white space: where it ends, and its value
 * in `value`; NULL when it is not there. */
static const char *pseudo_attribute(const char *at, const char *name,
				    char value[static 32])
{
	if (!is_space(*at))
		return NULL;
	at = skip_space(at);
	if (strncmp(at, name, strlen(name)) != 0)
		return NULL;
	at = skip_space(at + strlen(name));
	if (*at++ != '=')
		return NULL;
	at = skip_space(at);
	char quote = *at++;
	if (quote != '"' && quote != '\'')
		return NULL;
	size_t size = strcspn(at, quote == '"' ? "\"" : "'");
	if (at[size] != quote || size >= 32)
		return NULL;
	memcpy(value, at, size);
	value[size] = '\0';
	return at + size + 1;
}

/* The whole declaration, NUL-terminated, without its end.  Read strictly, so that the
 * parser cannot find another encoding in it than we do. */
static int check_declaration(const char *text, struct problem *p)
{
	char value[32];

	const char *at = pseudo_attribute(text + strlen("<?xml"), "version", value);
	if (at == NULL)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the XML declaration is malformed: write <?xml "
				   "version=\"1.0\" encoding=\"UTF-8\"?> or leave it "
				   "out");
	if (strcmp(value, "1.0") != 0)
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "XML version '%s' is not read: write version=\"1.0\"",
				   value);
	const char *next = pseudo_attribute(at, "encoding", value);
	if (next != NULL && strcasecmp(value, "UTF-8") != 0 &&
	    strcasecmp(value, "US-ASCII") != 0)
		return problem_set(
			p, PROBLEM_BAD_INPUT,
			"encoding '%s' is not read: save the document as UTF-8", value);
	at = next == NULL ? at : next;
	next = pseudo_attribute(at, "standalone", value);
	at = skip_space(next == NULL ? at : next);
	if (*at != '\0')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "the XML declaration is malformed near '%.16s'", at);
	return 0;
}

/* What the head holds so far. */
enum head { HEAD_WAIT, HEAD_OVER, HEAD_BAD };

static enum head judge_head(struct xml_guard *guard, size_t *skip, struct problem *p)
{
	static const char mark[] = "\xEF\xBB\xBF", start[] = "<?xml";
	const char *at = guard->head;
	size_t size = guard->head_size;

	*skip = 0;
	if (memcmp(at, mark, size < 3 ? size : 3) == 0) {
		if (size < 3)
			return HEAD_WAIT;
		at += 3;
		size -= 3;
		*skip = 3;
	}
	if (size == 0)
		return HEAD_WAIT;
	if (*at != '<' && !is_space(*at)) {
		bool utf16 = (unsigned char)*at >= 0xFE;
		problem_set(p, PROBLEM_BAD_INPUT, "%s",
			    utf16 ? "the document is UTF-16: save it as UTF-8"
				  : "the document does not start with '<': it is not "
				    "XML in UTF-8");
		return HEAD_BAD;
	}
	if (memcmp(at, start, size < 5 ? size : 5) != 0)
		return HEAD_OVER;
	if (size < 6)
		return HEAD_WAIT;
	if (!is_space(at[5])) /* <?xml-stylesheet: an instruction like any other */
		return HEAD_OVER;
	if (size < 8 || at[size - 1] != '>' || at[size - 2] != '?') {
		if (guard->head_size < XML_GUARD_HEAD)
			return HEAD_WAIT;
		problem_set(p, PROBLEM_BAD_INPUT,
			    "the XML declaration is longer than %d bytes",
			    XML_GUARD_HEAD);
		return HEAD_BAD;
	}
	char text[XML_GUARD_HEAD + 1];
	memcpy(text, at, size - 2);
	text[size - 2] = '\0';
	*skip = guard->head_size;
	return check_declaration(text, p) < 0 ? HEAD_BAD : HEAD_OVER;
}

/* --- tags --------------------------------------------------------------------- */

static int refuse_markup(struct problem *p)
{
	return problem_set(p, PROBLEM_BAD_INPUT,
			   "a DOCTYPE is not allowed: remove it, with its entities");
}

static int over(struct problem *p, const char *what, size_t limit)
{
	return problem_set(p, PROBLEM_TOO_LARGE, "%s: the limit is %zu", what, limit);
}

/* The first byte after "<". */
static int step_open(struct xml_guard *guard, char c, struct problem *p)
{
	if (c == '!') {
		guard->state = BANG;
		return 0;
	}
	if (c == '?')
		return problem_set(p, PROBLEM_BAD_INPUT,
				   "a processing instruction is not allowed: remove it");
	if (c == '/') {
		guard->state = END_TAG;
		return 0;
	}
	guard->state = START_TAG;
	guard->attributes = 0;
	guard->tag_bytes = 1;
	guard->before = c;
	if (++guard->elements > guard->limits->elements)
		return over(p, "too many elements", guard->limits->elements);
	if (++guard->depth > guard->limits->depth)
		return over(p, "elements are nested too deep", guard->limits->depth);
	return 0;
}

static int step_tag(struct xml_guard *guard, char c, struct problem *p)
{
	if (++guard->tag_bytes > guard->limits->tag_bytes)
		return over(p, "a tag has too many bytes", guard->limits->tag_bytes);
	switch (c) {
	case '"':
		guard->state = DOUBLE_QUOTED;
		break;
	case '\'':
		guard->state = SINGLE_QUOTED;
		break;
	case '=':
		if (++guard->attributes > guard->limits->attributes)
			return over(p, "an element has too many attributes",
				    guard->limits->attributes);
		break;
	case '>':
		guard->state = TEXT;
		if (guard->before == '/')
			guard->depth--;
		break;
	default:
		break;
	}
	guard->before = c;
	return 0;
}

/* The states that end at a doubled byte and ">": "-->" and "]]>". */
static void step_run(struct xml_guard *guard, char c, char doubled)
{
	if (c == doubled)
		guard->run++;
	else if (c == '>' && guard->run >= 2)
		guard->state = TEXT;
	else
		guard->run = 0;
}

static int step_bang(struct xml_guard *guard, char c, struct problem *p)
{
	static const char cdata[] = "CDATA[";

	if (guard->state == BANG && c == '-') {
		guard->state = BANG_ONE;
	} else if (guard->state == BANG && c == '[') {
		guard->state = CDATA_OPEN;
		guard->run = 0;
	} else if (guard->state == BANG_ONE && c == '-') {
		guard->state = COMMENT;
		guard->run = 0;
	} else if (guard->state == CDATA_OPEN && c == cdata[guard->run]) {
		if (++guard->run == sizeof cdata - 1) {
			guard->state = CDATA;
			guard->run = 0;
		}
	} else {
		return refuse_markup(p);
	}
	return 0;
}

static int step(struct xml_guard *guard, char c, struct problem *p)
{
	switch ((enum state)guard->state) {
	case TEXT:
		if (c == '<')
			guard->state = OPEN;
		return 0;
	case OPEN:
		return step_open(guard, c, p);
	case BANG:
	case BANG_ONE:
	case CDATA_OPEN:
		return step_bang(guard, c, p);
	case COMMENT:
		step_run(guard, c, '-');
		return 0;
	case CDATA:
		step_run(guard, c, ']');
		return 0;
	case START_TAG:
		return step_tag(guard, c, p);
	case END_TAG:
		if (c == '>') {
			guard->state = TEXT;
			guard->depth -= guard->depth > 0; /* one too many: the parser's */
		}
		return 0;
	case DOUBLE_QUOTED:
	case SINGLE_QUOTED:
		if (++guard->tag_bytes > guard->limits->tag_bytes)
			return over(p, "a tag has too many bytes",
				    guard->limits->tag_bytes);
		if (c == (guard->state == DOUBLE_QUOTED ? '"' : '\''))
			guard->state = START_TAG;
		return 0;
	case HEAD:
	case LOST:
		break;
	}
	return problem_set(p, PROBLEM_BAD_INPUT, "the document was refused already");
}

static int lost(struct xml_guard *guard)
{
	guard->state = LOST;
	return -1;
}

/* Bytes of the head that were no declaration are markup like any other. */
static int replay_head(struct xml_guard *guard, size_t skip, struct problem *p)
{
	guard->state = TEXT;
	for (size_t i = 0; i < guard->head_size; i++) {
		guard->line += guard->head[i] == '\n';
		if (i >= skip && step(guard, guard->head[i], p) < 0)
			return lost(guard);
	}
	return 0;
}

static int feed_head(struct xml_guard *guard, char c, struct problem *p)
{
	size_t skip;

	guard->head[guard->head_size++] = c;
	/* Past a mark and "<?xml " it is a declaration, and goes on to its end. */
	if (guard->head_size > 9 && c != '>' && guard->head_size < XML_GUARD_HEAD)
		return 0;
	switch (judge_head(guard, &skip, p)) {
	case HEAD_WAIT:
		return 0;
	case HEAD_OVER:
		return replay_head(guard, skip, p);
	case HEAD_BAD:
		break;
	}
	return lost(guard);
}

/* --- bytes -------------------------------------------------------------------- */

static unsigned newlines(const char *data, size_t size)
{
	unsigned count = 0;
	const char *end = data + size;
	while ((data = memchr(data, '\n', (size_t)(end - data))) != NULL) {
		count++;
		data++;
	}
	return count;
}

static size_t until(const char *data, char c, size_t size)
{
	const char *found = memchr(data, c, size);
	return found == NULL ? size : (size_t)(found - data);
}

/* How many of the next bytes change nothing but counts: most of any document.  step()
 * is for the others. */
static size_t pass(struct xml_guard *guard, const char *data, size_t size)
{
	size_t room = guard->limits->tag_bytes - guard->tag_bytes, i = 0;

	switch ((enum state)guard->state) {
	case TEXT:
		return until(data, '<', size);
	case END_TAG:
		while (i < size && data[i] != '>')
			i++;
		return i;
	case START_TAG:
		size = size < room ? size : room;
		while (i < size && data[i] != '>' && data[i] != '=' && data[i] != '"' &&
		       data[i] != '\'')
			i++;
		if (i > 0)
			guard->before = data[i - 1];
		break;
	case DOUBLE_QUOTED:
	case SINGLE_QUOTED:
		i = until(data, guard->state == DOUBLE_QUOTED ? '"' : '\'',
			  size < room ? size : room);
		break;
	default:
		break;
	}
	guard->tag_bytes += i;
	return i;
}

/* Look at bytes that are within the limit; leaves `line` at the last of them. */
static int walk(struct xml_guard *guard, const char *data, size_t size, struct problem *p)
{
	size_t i = 0;

	while (i < size && guard->state == HEAD) {
		if (feed_head(guard, data[i++], p) < 0)
			return -1;
	}
	size_t counted = i;
	for (; i < size; i++) {
		i += pass(guard, data + i, size - i);
		if (i < size && step(guard, data[i], p) < 0) {
			guard->line += newlines(data + counted, i - counted);
			return lost(guard);
		}
	}
	guard->line += newlines(data + counted, size - counted);
	return 0;
}

int xml_guard_feed(struct xml_guard *guard, const char *data, size_t size,
		   struct problem *p)
{
	size_t room = guard->limits->document_bytes - guard->bytes;
	size_t good = size < room ? size : room;
	const char *nul = memchr(data, '\0', good);

	/* What comes before a NUL or the end of the room is judged first, so that the
	 * verdict is the same for all ways to cut the bytes. */
	if (nul != NULL)
		good = (size_t)(nul - data);
	guard->bytes += good;
	if (walk(guard, data, good, p) < 0)
		return -1;
	if (good == size)
		return 0;
	if (nul != NULL)
		problem_set(p, PROBLEM_BAD_INPUT,
			    "the document holds a NUL byte: it is not XML in UTF-8");
	else
		over(p, "the document has too many bytes", guard->limits->document_bytes);
	return lost(guard);
}

int xml_guard_finish(struct xml_guard *guard, struct problem *p)
{
	if (guard->state != HEAD)
		return 0;
	if (guard->head_size == 0) {
		problem_set(p, PROBLEM_BAD_INPUT, "the document is empty");
		return lost(guard);
	}
	if (guard->head_size > 5) { /* all else is judged by then */
		problem_set(p, PROBLEM_BAD_INPUT,
			    "the document ends inside its XML declaration");
		return lost(guard);
	}
	return replay_head(guard, 0, p);
}
