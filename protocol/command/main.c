/* patchyard: the command for people.  It asks the server over its Unix socket, and
 * checks and decides by itself where no server is needed. */

#include <stdio.h>
#include <stdlib.h>

#include "engine/problem.h"
#include "protocol/command/help.h"
#include "protocol/command/signals.h"
#include "protocol/command/tell.h"
#include "protocol/command/text.h"

int main(int argc, char **argv)
{
	static struct invocation invocation;
	struct problem p = { 0 };
	enum status status;

	text_start();
	signals_start();
	if (invocation_parse(&invocation, argc, argv, &p) != STATUS_DONE)
		return (int)tell_usage(&invocation, "%s", p.text);
	if (invocation_has(&invocation, OPTION_HELP)) {
		help_print(stdout, invocation.noun, invocation.command);
		status = STATUS_DONE;
	} else if (invocation.command == NULL) {
		help_print(stderr, invocation.noun, NULL);
		status = STATUS_USAGE;
	} else {
		status = invocation.command->run(&invocation);
	}
	return (int)tell_end(status);
}
