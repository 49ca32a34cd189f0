/* What the commands that act have in common: words into a body, and the answer into
 * sentences.
 *
 * Whatever is done on the day is asked with --dry-run first or not; the server says which
 * devices it concerns and how, and both times the same is printed, for people as a few
 * sentences and with --dry-run a table of the devices, for programs as it came. */

#ifndef PROTOCOL_COMMAND_ACT_H
#define PROTOCOL_COMMAND_ACT_H

#include <jansson.h>

#include "protocol/command/command.h"

struct trouble;

/* "KB5058497", "KB5058497@26100.3981" into kb and build, else a ring.  -1 with *trouble
 * told for what can be neither. */
int act_name_target(json_t *body, const char *word, struct trouble *trouble);
/* The same where only a release will do. */
int act_name_release(json_t *body, const char *word, struct trouble *trouble);
/* The options that were given, each as the member that it is: ring, product, reason,
 * dry_run, for, and so on. */
int act_set_options(json_t *body, const struct invocation *invocation,
		    struct trouble *trouble);

/* POST `body` (used up) and print what came, `words` first: "Paused", "Would pause". */
struct act_words {
	const char *doing; /* "pause it": for errors */
	const char *done, *would;
	const char *waiting; /* of devices: "not started, and will not" */
};
enum status act_post(const struct invocation *invocation, const char *path, json_t *body,
		     const char *subject, const struct act_words *words);
/* What act_post() prints. */
void act_tell(const struct invocation *invocation, json_t *answer, const char *subject,
	      const struct act_words *words);
/* "Undo: patchyard ...", when the answer has it. */
void act_tell_undo(const struct invocation *invocation, const json_t *answer);
/* The releases that a bare KB names, where they are several. */
void act_tell_releases(const json_t *answer);
/* The devices of an answer as a table. */
void act_tell_devices(const struct invocation *invocation, json_t *answer,
		      const struct columns *columns);

#endif
