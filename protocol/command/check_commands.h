/* How a check ends: its findings, a count, an exit status. */

#ifndef PROTOCOL_COMMAND_CHECK_COMMANDS_H
#define PROTOCOL_COMMAND_CHECK_COMMANDS_H

#include "protocol/command/check.h"
#include "protocol/command/command.h"

enum status run_catalog_check(const struct invocation *invocation);
enum status run_plan_check(const struct invocation *invocation);

#endif
