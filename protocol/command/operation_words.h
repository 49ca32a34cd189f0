/* Operations over devices in words: asked for by device_... and rollout rollback alike.
 */

#ifndef PROTOCOL_COMMAND_OPERATION_WORDS_H
#define PROTOCOL_COMMAND_OPERATION_WORDS_H

#include <jansson.h>

#include "engine/operation.h"
#include "protocol/command/command.h"

struct trouble;

/* --to lcu is all there is to go to. */
int operation_check_to(const struct invocation *invocation, struct trouble *trouble);
/* POST the operation (`body` is used up) and say what it comes to. */
enum status operation_post(const struct invocation *invocation, json_t *body,
			   enum operation_kind kind);

#endif
