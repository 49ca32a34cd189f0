/* Stopped by a signal: the exit status says which (130, 143), and when a call is on its
 * way the text says that the server goes on with what it was told. */

#ifndef PROTOCOL_COMMAND_SIGNALS_H
#define PROTOCOL_COMMAND_SIGNALS_H

#include <stdbool.h>

void signals_start(void);

/* A call to the server begins, or has ended. */
void signals_working(bool is_working);

#endif
