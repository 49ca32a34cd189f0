#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/instant.h"

enum { DATE_SIZE = sizeof "2025-10-24" - 1, HOUR_SIZE = sizeof "12:00" - 1 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_word(char c)
{
	return c == '\0' || is_blank(c);
}

int trouble_tell(const struct words *words, const char *fmt, ...)
{
	struct trouble *trouble = words->trouble;
	va_list args;

	if (trouble->text[0] != '\0')
		return -1;
	int used = snprintf(trouble->text, sizeof trouble->text,
			    "%s:%u: ", words->origin.file, words->origin.line);
	va_start(args, fmt);
	vsnprintf(trouble->text + used, sizeof trouble->text - (size_t)used, fmt, args);
	va_end(args);
	return -1;
}

/* One word from `at` on, cut out of words->cut; the place behind it, or NULL when a quote
 * is not closed. */
static char *cut_word(struct words *words, char *at)
{
	if (*at == '"') {
		words->from[words->count++] = (size_t)(at + 1 - words->cut);
		char *end = strchr(at + 1, '"');
		if (end == NULL)
			return NULL;
		*end = '\0';
		return end + 1;
	}
	words->from[words->count++] = (size_t)(at - words->cut);
	while (!ends_word(*at))
		at++;
	char *behind = *at == '\0' ? at : at + 1;
	*at = '\0';
	while (at[-1] == ',' || at[-1] == ';')
		*--at = '\0';
	return behind;
}

int words_split(struct words *words, const char *text, struct origin origin,
		struct trouble *trouble)
{
	memset(words, 0, sizeof *words);
	words->origin = origin;
	words->trouble = trouble;
	if (strlen(text) >= sizeof words->text)
		return trouble_tell(words, "a statement of more than %d bytes",
				    STATEMENT_MOST - 1);
	memcpy(words->text, text, strlen(text) + 1);
	memcpy(words->cut, text, strlen(text) + 1);
	char *at = words->cut;
	for (;;) {
		while (is_blank(*at) || *at == ',' || *at == ';')
			at++;
		if (*at == '\0')
			return 0;
		if (words->count == WORDS_MOST)
			return trouble_tell(words, "more than %d words", WORDS_MOST);
		if ((at = cut_word(words, at)) == NULL)
			return trouble_tell(words, "a quote is not closed");
	}
}

void script_open(struct script *script, const char *file, const char *text)
{
	*script = (struct script){ .file = file, .at = text, .line = 0 };
}

/* Where a line's content ends: before its comment. */
static size_t content_size(const char *line, size_t size)
{
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		if (line[i] == '"')
			quoted = !quoted;
		if (line[i] == '#' && !quoted && (i == 0 || is_blank(line[i - 1])))
			return i;
	}
	return size;
}

/* The next line without its comment; false at the end of the script. */
static bool next_line(struct script *script, const char **line, size_t *size)
{
	if (*script->at == '\0')
		return false;
	size_t whole = strcspn(script->at, "\n");
	*line = script->at;
	*size = content_size(script->at, whole);
	while (*size > 0 && is_blank((*line)[*size - 1]))
		(*size)--;
	script->at += whole + (script->at[whole] == '\n');
	script->line++;
	return true;
}

/* Lines that begin with a blank go on with the statement. */
static bool goes_on(const struct script *script)
{
	return *script->at == ' ' || *script->at == '\t';
}

int script_next(struct script *script, struct words *words, struct trouble *trouble)
{
	char text[STATEMENT_MOST] = "";
	const char *line;
	size_t size, used = 0;

	do {
		if (!next_line(script, &line, &size))
			return 0;
	} while (size == 0);
	struct origin origin = { script->file, script->line };
	for (;;) {
		if (used + size + 2 > sizeof text) {
			*words = (struct words){ .origin = origin, .trouble = trouble };
			return trouble_tell(words, "a statement of more than %d bytes",
					    STATEMENT_MOST - 1);
		}
		memcpy(text + used, line, size);
		used += size;
		text[used++] = ' ';
		if (!goes_on(script) || !next_line(script, &line, &size))
			break;
	}
	text[used - 1] = '\0';
	return words_split(words, text, origin, trouble) < 0 ? -1 : 1;
}

const char *words_peek(const struct words *words)
{
	return words->next < words->count ? words->cut + words->from[words->next] : NULL;
}

const char *words_take(struct words *words)
{
	const char *word = words_peek(words);
	if (word != NULL)
		words->next++;
	return word;
}

const char *words_need(struct words *words, const char *what)
{
	const char *word = words_take(words);

	if (word != NULL)
		return word;
	trouble_tell(words, "%s is missing at the end", what);
	return "";
}

bool words_take_if(struct words *words, const char *word)
{
	const char *next = words_peek(words);

	if (next == NULL || strcmp(next, word) != 0)
		return false;
	words->next++;
	return true;
}

const char *words_rest(struct words *words)
{
	if (words->next >= words->count)
		return NULL;
	size_t from = words->from[words->next];
	words->next = words->count;
	if (from > 0 && words->text[from - 1] == '"')
		from--;
	return words->text + from;
}

int words_end(struct words *words)
{
	const char *word = words_peek(words);

	if (word == NULL)
		return words->trouble->text[0] == '\0' ? 0 : -1;
	return trouble_tell(words, "'%s' is not understood here", word);
}

int words_number(struct words *words, int64_t *number)
{
	const char *word = words_need(words, "a number");
	char *end;

	*number = strtoll(word, &end, 10);
	if (end == word || *end != '\0')
		return trouble_tell(words, "'%s' is no number", word);
	return 0;
}

int words_kb(struct words *words, uint32_t *kb)
{
	const char *word = words_need(words, "a KB");

	if (strncmp(word, "KB", 2) != 0 || !kb_parse(word, kb))
		return trouble_tell(words, "'%s' is no KB", word);
	return 0;
}

void words_maybe_build(struct words *words, struct build *build)
{
	const char *word = words_peek(words);

	*build = (struct build){ 0, 0 };
	if (word != NULL && strchr(word, '.') != NULL && build_parse(word, build))
		words->next++;
}

int words_duration(struct words *words, int64_t *seconds)
{
	const char *word = words_need(words, "a duration");

	if (!duration_parse(word, seconds))
		return trouble_tell(words, "'%s' is no duration such as 6h or 2d", word);
	return 0;
}

int words_time(struct words *words, int64_t now_s, int64_t *at_s)
{
	const char *word = words_need(words, "a time");
	const char *hour = words_peek(words);
	char text[INSTANT_TEXT];
	int64_t after_s;

	if (word[0] == '+' && duration_parse(word + 1, &after_s)) {
		*at_s = now_s + after_s;
		return 0;
	}
	if (strlen(word) == DATE_SIZE && hour != NULL && strlen(hour) == HOUR_SIZE &&
	    hour[2] == ':') {
		snprintf(text, sizeof text, "%.10sT%.5s:00Z", word, hour);
		if (!instant_parse(text, at_s))
			return trouble_tell(words, "'%s %s' is no time", word, hour);
		words->next++;
		return 0;
	}
	if (!instant_parse(word, at_s))
		return trouble_tell(words, "'%s' is no time", word);
	return 0;
}
