#include "protocol/command/suggest.h"

#include <stdio.h>

#include "engine/findings.h"

struct suggestion suggest(const char *word, const char *const *candidates, size_t count)
{
	struct suggestion suggestion = { "" };
	const char *near = nearest_word(word, candidates, count);

	if (near != NULL)
		snprintf(suggestion.text, sizeof suggestion.text,
			 "; did you mean \"%.70s\"?", near);
	return suggestion;
}
