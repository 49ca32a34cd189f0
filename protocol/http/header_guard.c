#include "protocol/http/header_guard.h"

#include "engine/limits.h"
#include "engine/problem.h"

enum state { LINE_START, IN_LINE, LINE_CR, BLANK_CR, ENDED };

static const char *step(struct header_guard *guard, unsigned char byte)
{
	switch ((enum state)guard->state) {
	case LINE_START:
		guard->state = byte == '\r' ? BLANK_CR : IN_LINE;
		if (byte == ' ' || byte == '\t')
			return "a line starts with white space";
		if (byte == ':')
			return "a header has no name";
		return byte < ' ' && byte != '\r' ? "a control byte" : NULL;
	case IN_LINE:
		if (byte == '\r')
			guard->state = LINE_CR;
		else if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return byte == '\n' ? "a line ends without CR" : "a control byte";
		return NULL;
	case LINE_CR:
		guard->state = LINE_START;
		guard->lines++;
		return byte == '\n' ? NULL : "a CR stands alone";
	case BLANK_CR: /* RFC 9112 2.2: an empty line before the request is let be */
		guard->state = guard->lines > 0 ? ENDED : LINE_START;
		return byte == '\n' ? NULL : "a CR stands alone";
	case ENDED:
		break;
	}
	return "the section had ended";
}

void header_guard_start_trailer(struct header_guard *guard)
{
	*guard = (struct header_guard){ .state = LINE_START, .lines = 1 };
}

int header_guard_scan(struct header_guard *guard, const char *data, size_t size,
		      size_t *used, struct problem *p)
{
	for (*used = 0; *used < size;) {
		const char *fault = step(guard, (unsigned char)data[(*used)++]);
		if (fault != NULL)
			return problem_set(p, PROBLEM_BAD_INPUT, "header line %u: %s",
					   guard->lines, fault);
		if (guard->state == ENDED)
			return 1;
		/* The request line is the one line more. */
		if (++guard->bytes > LIMIT_HEADER_SECTION ||
		    guard->lines > LIMIT_HEADER_LINES + 1)
			return problem_set(p, PROBLEM_TOO_LARGE,
					   "headers pass %d bytes or %d lines",
					   LIMIT_HEADER_SECTION, LIMIT_HEADER_LINES);
	}
	return 0;
}
