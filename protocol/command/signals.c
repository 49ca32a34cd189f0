#include "protocol/command/signals.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "protocol/command/status.h"

static volatile sig_atomic_t working;

static void on_signal(int number)
{
	static const char text[] =
		"\nStopped.  The server goes on with what it was told.\n";

	if (working && write(STDERR_FILENO, text, sizeof text - 1) < 0)
		_exit(STATUS_SIGNAL + number);
	_exit(STATUS_SIGNAL + number);
}

void signals_start(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

void signals_working(bool is_working)
{
	working = is_working;
}
