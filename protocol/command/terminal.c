#include "protocol/command/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_UNKNOWN = 80, WIDTH_LEAST = 20 };

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);
	return value != NULL && value[0] != '\0';
}

static bool paints(int stream, const char *when)
{
	if (when != NULL && strcmp(when, "always") == 0)
		return true;
	if (when != NULL && strcmp(when, "never") == 0)
		return false;
	if (is_set("NO_COLOR"))
		return false;
	const char *force = getenv("CLICOLOR_FORCE");
	if (force != NULL && force[0] != '\0' && strcmp(force, "0") != 0)
		return true;
	const char *term = getenv("TERM");
	return isatty(stream) && (term == NULL || strcmp(term, "dumb") != 0);
}

void terminal_find(struct terminal *terminal, const char *when)
{
	struct winsize size;

	terminal->is_there = isatty(STDOUT_FILENO);
	terminal->columns = 0;
	if (terminal->is_there) {
		terminal->columns = WIDTH_UNKNOWN;
		if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
		    size.ws_col >= WIDTH_LEAST)
			terminal->columns = size.ws_col;
	}
	terminal->paints = paints(STDOUT_FILENO, when);
	terminal->paints_errors = paints(STDERR_FILENO, when);
}

const char *terminal_ink(bool paints_now, enum ink ink)
{
	static const char *const escapes[INKS] = {
		[INK_PLAIN] = "\033[0m", [INK_HEADER] = "\033[1m",
		[INK_GOOD] = "\033[32m", [INK_BAD] = "\033[1;31m",
		[INK_WARN] = "\033[33m", [INK_FAINT] = "\033[2m",
	};
	return paints_now ? escapes[ink] : "";
}
