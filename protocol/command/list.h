/* The two shapes most commands have: ask the server for one list, or for one change. */

#ifndef PROTOCOL_COMMAND_LIST_H
#define PROTOCOL_COMMAND_LIST_H

#include "protocol/command/server.h"
#include "protocol/command/sheet.h"

/* GET `path`, show the command's columns of the answer's array.  `after` (may be NULL)
 * says more below the table, for people. */
enum status list_show(const struct invocation *invocation, const char *doing,
		      const char *path,
		      void (*after)(const struct invocation *invocation,
				    const json_t *answer));

/* One call that changes something; `body` is used up.  With -o json or jsonl its answer
 * is printed.  STATUS_DONE with *answer (may be NULL) to be freed, or told. */
enum status change_make(const struct invocation *invocation, const char *doing,
			const char *method, const char *path, json_t *body,
			json_t **answer);

/* A file with errors in it: the answer to a question with --dry-run, else a failure. */
enum status status_of_change(const struct invocation *invocation, enum status status);

/* Print an object as -o json or jsonl wants it; false for the other formats. */
bool json_shown(const struct invocation *invocation, const json_t *object);

/* When a table with an age in it goes to a terminal, it wants the server's now. */
int sheet_ask_now(struct sheet *sheet, struct server *server, struct trouble *trouble);

#endif
