/* What a check found in the files people write: file:line, what, why, and the nearest
 * right answer.
 *
 * Errors refuse the file; warnings do not.  Findings are kept in the order found, at
 * most LIMIT_FINDINGS of them; `cut` says that there were more. */

#ifndef ENGINE_FINDINGS_H
#define ENGINE_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/limits.h"

/* Where something was written.  `file` is borrowed and must outlive the findings. */
struct origin {
	const char *file;
	unsigned line;
};

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct finding {
	enum severity severity;
	struct origin origin;
	char text[400]; /* "what, why" */
	char hint[160]; /* the nearest right answer; may be empty */
};

struct findings {
	size_t count;
	size_t errors, warnings;
	bool cut;
	struct finding *list; /* grows; freed by findings_fini */
};

void findings_init(struct findings *findings);
void findings_fini(struct findings *findings);

/* Add one.  `hint` may be NULL.  Out of memory counts the error and sets `cut`. */
void findings_add(struct findings *findings, enum severity severity, struct origin origin,
		  const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* "file:line: error: text (hint)" into `room`, cut to fit; returns room. */
char *finding_format(const struct finding *finding, char *room, size_t size);

/* The candidate nearest to `word` by edit distance, or NULL when none is near. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);

#endif
