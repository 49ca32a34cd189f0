#include "engine/findings.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ascii.h"
#include "engine/utf8.h"

enum { WORD_MAX = 128 };

void findings_init(struct findings *findings)
{
	memset(findings, 0, sizeof *findings);
}

void findings_fini(struct findings *findings)
{
	free(findings->list);
	memset(findings, 0, sizeof *findings);
}

/* Room for one more; NULL past the limit or without memory.  The list doubles, so its
 * room is the power of two at or above the count. */
static struct finding *grow(struct findings *findings)
{
	size_t count = findings->count;

	if (count == LIMIT_FINDINGS)
		return NULL;
	if ((count & (count - 1)) == 0) {
		struct finding *bigger =
			reallocarray(findings->list, count == 0 ? 1 : count * 2,
				     sizeof *findings->list);
		if (bigger == NULL)
			return NULL;
		findings->list = bigger;
	}
	return &findings->list[findings->count++];
}

/* Texts come from files that people write, cut to fit in places. */
static void finish(char *text, size_t size, int wanted)
{
	utf8_mark_cut(text, size, wanted);
	utf8_scrub(text);
}

void findings_add(struct findings *findings, enum severity severity, struct origin origin,
		  const char *hint, const char *fmt, ...)
{
	if (severity == SEVERITY_ERROR)
		findings->errors++;
	else
		findings->warnings++;

	struct finding *finding = grow(findings);
	if (finding == NULL) {
		findings->cut = true;
		return;
	}
	finding->severity = severity;
	finding->origin = origin;
	va_list args;
	va_start(args, fmt);
	int wanted = vsnprintf(finding->text, sizeof finding->text, fmt, args);
	va_end(args);
	finish(finding->text, sizeof finding->text, wanted);
	wanted = snprintf(finding->hint, sizeof finding->hint, "%s",
			  hint == NULL ? "" : hint);
	finish(finding->hint, sizeof finding->hint, wanted);
}

char *finding_format(const struct finding *finding, char *room, size_t size)
{
	const struct origin *origin = &finding->origin;
	char where[300] = "";

	assert(size >= sizeof "...");
	if (origin->file != NULL && origin->file[0] != '\0' && origin->line != 0)
		snprintf(where, sizeof where, "%.280s:%u: ", origin->file, origin->line);
	else if (origin->file != NULL && origin->file[0] != '\0')
		snprintf(where, sizeof where, "%.280s: ", origin->file);
	bool hinted = finding->hint[0] != '\0';
	int wanted = snprintf(room, size, "%s%s: %s%s%s%s", where,
			      finding->severity == SEVERITY_ERROR ? "error" : "warning",
			      finding->text, hinted ? " (" : "", finding->hint,
			      hinted ? ")" : "");
	finish(room, size, wanted);
	return room;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Changes of one character (another, one more, one less, two swapped) that make `b` of
 * `a`; case is no change.  Three rows of the usual table are enough. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	unsigned char rows[3][WORD_MAX + 1];
	unsigned char *older = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_size; j++)
		last[j] = (unsigned char)j;
	for (size_t i = 1; i <= a_size; i++) {
		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= b_size; j++) {
			bool same = ascii_lower(a[i - 1]) == ascii_lower(b[j - 1]);
			size_t best = (size_t)last[j - 1] + !same;
			best = least(best, (size_t)last[j] + 1);
			best = least(best, (size_t)row[j - 1] + 1);
			if (i > 1 && j > 1 &&
			    ascii_lower(a[i - 1]) == ascii_lower(b[j - 2]) &&
			    ascii_lower(a[i - 2]) == ascii_lower(b[j - 1]))
				best = least(best, (size_t)older[j - 2] + 1);
			row[j] = (unsigned char)best;
		}
		unsigned char *spare = older;
		older = last;
		last = row;
		row = spare;
	}
	return last[b_size];
}

/* Near is: a quarter of the word mistyped, at least one character but never all of it.
 * A wider net would answer any KB with any other, for they share half their digits. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
	const char *nearest = NULL;
	size_t size = strlen(word);
	size_t best = size < 2 ? 1 : (size + 2) / 4 + 1; /* must be less than this */

	if (size > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(candidates[i]);
		if (length > WORD_MAX)
			continue;
		size_t steps = distance(word, size, candidates[i], length);
		if (steps < best) {
			best = steps;
			nearest = candidates[i];
		}
	}
	return nearest;
}
