/* Findings as text, one on a line, to compare with what should have been told. */

#ifndef TESTS_UNIT_XML_TOLD_H
#define TESTS_UNIT_XML_TOLD_H

#include <string.h>

#include "engine/findings.h"

enum { TOLD = 4000 };

static inline const char *told(const struct findings *findings, char room[static TOLD])
{
	room[0] = '\0';
	for (size_t i = 0; i < findings->count; i++) {
		char line[800];
		finding_format(&findings->list[i], line, sizeof line);
		strncat(room, line, TOLD - 1 - strlen(room));
		strncat(room, "\n", TOLD - 1 - strlen(room));
	}
	return room;
}

#endif
