/* The tables of commands, one for each file that holds some; each ends with a row
 * without a noun. */

#ifndef PROTOCOL_COMMAND_TABLES_H
#define PROTOCOL_COMMAND_TABLES_H

#include "protocol/command/command.h"

extern const struct command yard_commands[];
extern const struct command device_commands[];
extern const struct command operation_commands[];
extern const struct command rollout_commands[];
extern const struct command hold_commands[];
extern const struct command catalog_commands[];
extern const struct command plan_commands[];
extern const struct command payload_commands[];
extern const struct command windows_commands[];
extern const struct command report_commands[];
extern const struct command decide_commands[];
extern const struct command rehearse_commands[];
extern const struct command bundle_commands[];
extern const struct command help_commands[];

#endif
