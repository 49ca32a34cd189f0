/* What --help prints: of one command, of a noun, or of everything (both NULL). */

#ifndef PROTOCOL_COMMAND_HELP_H
#define PROTOCOL_COMMAND_HELP_H

#include <stdio.h>

#include "protocol/command/command.h"

void help_print(FILE *to, const struct noun *noun, const struct command *command);

#endif
